"""What a strategy has found, as the file that a run passes on."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor

from neuroevo.genome import Genome
from neuroevo.learngene import Learngene
from neuroevo.strategies.strategy import Strategy
from neuroevo.strategies.swapped import noted_operators


def passed_on(strategy: Strategy, /, **notes: Any) -> Learngene | Genome | None:
    """Return the learngene or the genome of a strategy's result; None where it is neither.

    Args:
        strategy: Has run a generation at least.
        **notes: JSON values about the origin of a genome; a learngene has its own.

    Raises:
        RuntimeError: There is no result.
    """
    best = strategy.result()
    if isinstance(best.genome, Learngene):
        return best.genome
    notes |= noted_operators(strategy)
    values = [value if math.isfinite(value) else None for value in best.fitness.values]
    if callable(to_genome := getattr(best.genome, "to_genome", None)):
        graph: Genome = to_genome(**notes, values=values)
        return graph
    space = getattr(strategy, "space", None)
    return Genome.of(best, space, **notes, values=values) if isinstance(best.genome, Tensor) and space else None
