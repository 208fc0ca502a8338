"""Strategies: one algorithm per file, all on the same contract (`Strategy`).

A strategy registers every operator that it uses on a `deap.base.Toolbox` and calls them only through it, so that
registering another one really swaps it; `deap.algorithms.eaGenerateUpdate(strategy.toolbox, ngen)` runs any of them.

`GTL` evolves learngenes, `AsynchronousGTL` does so without waiting for generations to end. Their rivals make one
candidate in one generation: `Scratch` hands on nothing, `UntrainedCircuit` a random circuit of a random network,
`RandomCircuit` one of a pre-trained network, `NarrowPretraining` a network of the circuit's size trained alone,
`Finetune` all of a pre-trained network.
"""

from neuroevo.strategies.asynchronous_gtl import AsynchronousGTL
from neuroevo.strategies.bare_toolbox import BareToolbox
from neuroevo.strategies.finetune import Finetune
from neuroevo.strategies.gene_pool import GenePool
from neuroevo.strategies.gene_tree import GeneTree
from neuroevo.strategies.gtl import GTL, PAPER
from neuroevo.strategies.narrow_pretraining import NarrowPretraining
from neuroevo.strategies.one_candidate import OneCandidate
from neuroevo.strategies.random_circuit import RandomCircuit
from neuroevo.strategies.scratch import Scratch
from neuroevo.strategies.strategy import Strategy
from neuroevo.strategies.untrained_circuit import UntrainedCircuit

__all__ = [
    "GTL",
    "PAPER",
    "AsynchronousGTL",
    "BareToolbox",
    "Finetune",
    "GenePool",
    "GeneTree",
    "NarrowPretraining",
    "OneCandidate",
    "RandomCircuit",
    "Scratch",
    "Strategy",
    "UntrainedCircuit",
]
