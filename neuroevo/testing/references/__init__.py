"""Plain implementations of classical operators, straight from their sources: what a fast operator is compared with.

Each function treats one row, or one population, with loops over its genes and draws from numpy's generator, so that it
can be read beside the paper. They are slow on purpose; the laws call them often enough to compare distributions
(`like=` of `check_mutation`, `check_crossover`, `check_selection` and others).
"""

from neuroevo.testing.references.batches import reference_crossover, reference_mutation, reference_selection
from neuroevo.testing.references.networks import (
    reference_graph_crossover,
    reference_graph_distance,
    reference_graph_mutation,
)
from neuroevo.testing.references.populations import (
    reference_crowding,
    reference_differential,
    reference_optimiser,
    reference_replacement,
    reference_sampling,
    reference_shaping,
    reference_sort,
)

__all__ = [
    "reference_crossover",
    "reference_crowding",
    "reference_differential",
    "reference_graph_crossover",
    "reference_graph_distance",
    "reference_graph_mutation",
    "reference_mutation",
    "reference_optimiser",
    "reference_replacement",
    "reference_sampling",
    "reference_selection",
    "reference_shaping",
    "reference_sort",
]
