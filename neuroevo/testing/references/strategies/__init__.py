"""Plain implementations of strategies in numpy, straight from their sources: what a fast one is run in step with.

Each is a class `Plain…(problem, **settings)` that keeps no state of its own (see `Reference`), with one naive line for
each equation. `check_strategy(mine, reference=PlainSNES)` compares a strategy with one of them.
"""

from neuroevo.testing.references.strategies.covariance import PlainCMAES, PlainSeparableCMAES, cma_state
from neuroevo.testing.references.strategies.natural import PlainOpenAIES, PlainPGPE, PlainSNES
from neuroevo.testing.references.strategies.populations import (
    PlainDifferential,
    PlainEvolutionStrategy,
    PlainPSO,
    differential_rows,
    evolution_rows,
    evolution_state,
)
from neuroevo.testing.references.strategies.reference import Floats, Reference, State
from neuroevo.testing.references.strategies.success import PlainSHADE, shade_rows

__all__ = [
    "Floats",
    "PlainCMAES",
    "PlainDifferential",
    "PlainEvolutionStrategy",
    "PlainOpenAIES",
    "PlainPGPE",
    "PlainPSO",
    "PlainSHADE",
    "PlainSNES",
    "PlainSeparableCMAES",
    "Reference",
    "State",
    "cma_state",
    "differential_rows",
    "evolution_rows",
    "evolution_state",
    "shade_rows",
]
