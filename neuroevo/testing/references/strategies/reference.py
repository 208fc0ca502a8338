"""What a plain implementation of a strategy has: three pure functions of the strategy's state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

State = Mapping[str, Floats]
"""Everything that evolves, arrays by name."""


class Reference(Protocol):
    """A strategy without a state of its own, made for a problem with `Plain(problem, **settings)`.

    Rows are what is known of the individuals of a generation, [P, C]: their genomes [P, D], unless `rows_of` says more.
    """

    def first(self, generator: np.random.Generator) -> State:
        """Return a first state, or the part of it that is to be compared."""

    def generate(self, state: State, generator: np.random.Generator) -> Floats:
        """Return the rows of a generation, [P, C], drawn as the strategy does in this state."""

    def update(self, state: State, rows: Floats, values: Floats) -> State:
        """Return the state after a generation, or the part of it that is to be compared.

        Args:
            state: The state in which the generation was drawn.
            rows: The individuals of the generation, [P, C].
            values: What they scored, as it was measured, [P, M]; NaN for those that failed.
        """
