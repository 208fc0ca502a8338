"""Problems: what individuals live on and are scored on.

Evaluators are picklable objects: `evaluator(individual)` returns a tuple of fitness values and
`evaluator.batch(individuals)` a list of them. `Live` trains ancestors, `Critic` scores learngenes by training
critics on classes that no ancestor saw, `NearestMean` scores them without training.
"""

from neuroevo.problems.critic import Critic
from neuroevo.problems.live import Live
from neuroevo.problems.nearest_mean import NearestMean
from neuroevo.problems.upbringing import Upbringing

__all__ = ["Critic", "Live", "NearestMean", "Upbringing"]
