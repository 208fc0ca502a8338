"""Problems: what individuals are trained and scored on.

Evaluators are picklable objects: `evaluator(individual)` returns a tuple of fitness values and
`evaluator.batch(individuals)` a list of them. `Live` trains ancestors, `Critic` scores learngenes by training
critics on classes that no ancestor saw, `NearestMean` and `TangentKernel` score them without training.

Over weight vectors an evaluator is a `Problem`, which also has the space of genomes: `Function` scores by any Python
function (`function` has the well-known ones as problems of any size: `RASTRIGIN(10)`), `Supervised` by the outputs
of any module on labelled data, `Episodes` by the returns of Gymnasium environments; `Recurrent` makes a module with a
memory of layers for it. `Structures` scores how wide the parts of a learngene are. `Encounter` scores by any function
that also gets representatives of other populations.
"""

from neuroevo.problems.critic import Critic
from neuroevo.problems.encounter import Encounter
from neuroevo.problems.episodes import Episodes
from neuroevo.problems.function import Function, Landscape
from neuroevo.problems.live import Live
from neuroevo.problems.nearest_mean import NearestMean
from neuroevo.problems.problem import Problem
from neuroevo.problems.recurrent import Recurrent
from neuroevo.problems.structures import Structures
from neuroevo.problems.supervised import Supervised
from neuroevo.problems.tangent_kernel import TangentKernel
from neuroevo.problems.training_setup import TrainingSetup

__all__ = [
    "Critic",
    "Encounter",
    "Episodes",
    "Function",
    "Landscape",
    "Live",
    "NearestMean",
    "Problem",
    "Recurrent",
    "Structures",
    "Supervised",
    "TangentKernel",
    "TrainingSetup",
]
