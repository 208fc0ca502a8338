"""Strategies: one algorithm per file, all on the same contract (`Strategy`).

A strategy registers every operator that it uses on a `deap.base.Toolbox` and calls them only through it, so that
registering another one really swaps it; `deap.algorithms.eaGenerateUpdate(strategy.toolbox, ngen)` runs any of them.

`GTL` evolves learngenes in one lineage, `PopulationGTL` with lives side by side, `AsynchronousGTL` without waiting for
generations to end, `Layerwise` evolves which layers are passed on. Their rivals make one candidate in one generation:
`Scratch` passes on nothing, `UntrainedCircuit` a random circuit of a random network, `RandomCircuit` one of a
pre-trained network, `PrunedCircuit` its strongest channels, `EvolvedCircuit` as many of each group as a search finds,
`HeurLG` its last layers, `Finetune` all of it, `LinearProbe` all of it frozen; `NarrowPretraining` trains a network of
the circuit's size alone, `Reptile` meta-learns on many tasks.

Over the weight vectors of a `neuroevo.problems.Problem`, each a `Search`: `Genetic` (generational or steady-state),
`EvolutionStrategy` (comma or plus), `Differential`, `SHADE` (differential evolution that adapts), `PSO` (particle
swarms), `Island` (with migration), `NSGA2` (several objectives), `Memetic` (the best individual is improved gene by
gene), `Lamarckian` (individuals learn by gradients; Baldwinian too), `PBT` (weights by gradient, learning rates by
evolution), `MAPElites`, `CMAME` and `Novelty` (what solutions are like); and those that move a distribution, `CMAES`,
`SeparableCMAES`, `SNES`, `PGPE`, `OpenAIES`, `EGGROLL` (individuals are seeds: a population without memory of its own).

`Coevolution` makes one strategy of several, whose populations are scored against each other.

`recommend(problem, evaluations)` says which of them to begin with.

`NEAT` evolves graphs: the topologies of networks together with their weights.
"""

from neuroevo.strategies.bare_toolbox import BareToolbox
from neuroevo.strategies.gtl import (
    GTL,
    PAPER,
    AsynchronousGTL,
    GenePool,
    GeneTree,
    GTLSettings,
    Layerwise,
    PopulationGTL,
)
from neuroevo.strategies.search.base import Search
from neuroevo.strategies.search.cma_es import CMAES
from neuroevo.strategies.search.cma_me import CMAME
from neuroevo.strategies.search.coevolution import Coevolution
from neuroevo.strategies.search.differential import Differential
from neuroevo.strategies.search.eggroll import EGGROLL
from neuroevo.strategies.search.evolution_strategy import EvolutionStrategy
from neuroevo.strategies.search.genetic import Genetic
from neuroevo.strategies.search.island import Island
from neuroevo.strategies.search.lamarckian import Lamarckian
from neuroevo.strategies.search.map_elites import MAPElites
from neuroevo.strategies.search.memetic import Memetic
from neuroevo.strategies.search.neat import NEAT
from neuroevo.strategies.search.novelty import Novelty
from neuroevo.strategies.search.nsga2 import NSGA2
from neuroevo.strategies.search.openai_es import OpenAIES
from neuroevo.strategies.search.pbt import PBT
from neuroevo.strategies.search.pgpe import PGPE
from neuroevo.strategies.search.pso import PSO
from neuroevo.strategies.search.recommend import Recommendation, recommend
from neuroevo.strategies.search.separable_cma_es import SeparableCMAES
from neuroevo.strategies.search.shade import SHADE
from neuroevo.strategies.search.snes import SNES
from neuroevo.strategies.strategy import Strategy
from neuroevo.strategies.transfer.base import OneCandidate
from neuroevo.strategies.transfer.evolved import EvolvedCircuit
from neuroevo.strategies.transfer.reptile import Reptile
from neuroevo.strategies.transfer.rivals import (
    Finetune,
    HeurLG,
    LinearProbe,
    NarrowPretraining,
    PrunedCircuit,
    RandomCircuit,
    Scratch,
    UntrainedCircuit,
)

__all__ = [
    "CMAES",
    "CMAME",
    "EGGROLL",
    "GTL",
    "NEAT",
    "NSGA2",
    "PAPER",
    "PBT",
    "PGPE",
    "PSO",
    "SHADE",
    "SNES",
    "AsynchronousGTL",
    "BareToolbox",
    "Coevolution",
    "Differential",
    "EvolutionStrategy",
    "EvolvedCircuit",
    "Finetune",
    "GTLSettings",
    "GenePool",
    "GeneTree",
    "Genetic",
    "HeurLG",
    "Island",
    "Lamarckian",
    "Layerwise",
    "LinearProbe",
    "MAPElites",
    "Memetic",
    "NarrowPretraining",
    "Novelty",
    "OneCandidate",
    "OpenAIES",
    "PopulationGTL",
    "PrunedCircuit",
    "RandomCircuit",
    "Recommendation",
    "Reptile",
    "Scratch",
    "Search",
    "SeparableCMAES",
    "Strategy",
    "UntrainedCircuit",
    "recommend",
]
