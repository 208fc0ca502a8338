"""Plain implementations of classical operators, straight from their sources: what a fast operator is compared with.

Each function treats one row with loops over its genes and draws from numpy's generator, so that it can be read beside
the paper. They are slow on purpose; the laws call them often enough to compare distributions (`like=` of
`check_mutation`, `check_crossover` and `check_selection`).
"""

from neuroevo.testing.references.batches import reference_crossover, reference_mutation, reference_selection

__all__ = ["reference_crossover", "reference_mutation", "reference_selection"]
