"""Genetic Transfer Learning: learngenes that evolve in populations of networks.

`gtl` holds the algorithm, which is one lineage by default, `settings` its settings, `operators` what is registered on
its toolbox, `pool` and `tree` what decides which genes are passed on, `scoring` what candidates are scored by;
`population`, for those who have workers, `asynchronous` and `layerwise` are strategies of their own.
"""

from neuroevo.strategies.gtl.asynchronous import AsynchronousGTL
from neuroevo.strategies.gtl.gtl import GTL
from neuroevo.strategies.gtl.layerwise import Layerwise
from neuroevo.strategies.gtl.pool import GenePool
from neuroevo.strategies.gtl.population import PopulationGTL
from neuroevo.strategies.gtl.settings import PAPER, GTLSettings
from neuroevo.strategies.gtl.tree import GeneTree

__all__ = ["GTL", "PAPER", "AsynchronousGTL", "GTLSettings", "GenePool", "GeneTree", "Layerwise", "PopulationGTL"]
