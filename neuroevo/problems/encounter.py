"""Problems whose scores depend on other populations, for `neuroevo.strategies.Coevolution`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn

from torch import Tensor

from neuroevo.individual import Individual, genomes_of
from neuroevo.problems.function import Function
from neuroevo.space import Space


@dataclass(frozen=True, eq=False)
class Encounter:
    """Scores genomes by a function of yours that also gets the representatives of other populations.

    Attributes:
        function: Called with one genome [D] and `others`, by the name of each other population the genomes [R, D'] of
            its R representatives; returns a number or a tuple of numbers. Batched, with genomes [P, D], it returns P
            numbers or P rows of them.
        space: The space of genomes.
        weights: The weight of each value, as in DEAP; default one value, to be maximised.
        batched: Whether the function takes whole populations.
    """

    function: Callable[..., Any]
    space: Space
    weights: tuple[float, ...] = (1.0,)
    batched: bool = False

    def against(self, others: Mapping[str, Sequence[Individual]]) -> Function:
        """Return the problem of meeting these representatives.

        Args:
            others: At least one individual by the name of each other population.
        """
        met: dict[str, Tensor] = {name: genomes_of(individuals, copy=True) for name, individuals in others.items()}
        function = partial(self.function, others=met)
        return Function(function, self.space, weights=self.weights, batched=self.batched)

    def __call__(self, individual: Individual) -> NoReturn:
        """Raise TypeError: nothing is known of others."""
        raise TypeError("an Encounter must have others to score against; give its strategy to Coevolution.")

    def batch(self, individuals: Sequence[Individual]) -> NoReturn:
        """Raise TypeError: nothing is known of others."""
        raise TypeError("an Encounter must have others to score against; give its strategy to Coevolution.")
