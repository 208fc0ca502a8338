"""The gene pool: the individuals whose learngenes are passed on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from neuroevo.backbones import Backbone
from neuroevo.individual import Individual
from neuroevo.strategies.learngenes import individual_from, individual_state


class GenePool:
    """Individuals with their scores, best first; the older of equals comes first.

    The form is GRL's (arXiv 2306.10225): the worst `turnover` entries compete with the newcomers for their places.

    Attributes:
        capacity: Entries at most.
        turnover: Entries that newcomers may displace in one generation; free places are filled beside that.
        individuals: The entries, by falling score.
        scores: Their scores by id.
    """

    def __init__(self, *, capacity: int, turnover: int) -> None:
        if capacity < 1 or turnover < 0:
            raise ValueError(
                f"capacity must be at least 1 and turnover at least 0, but they are {capacity} and {turnover}."
            )
        self.capacity = capacity
        self.turnover = turnover
        self.individuals: list[Individual] = []
        self.scores: dict[int, float] = {}

    def __len__(self) -> int:
        return len(self.individuals)

    def decay(self, factor: float) -> None:
        """Multiply every score by the factor."""
        self.scores = {entry: factor * score for entry, score in self.scores.items()}
        # A factor of 0 makes all of them equal.
        self._arrange(self.individuals)

    def credit(self, credits: Mapping[int, float]) -> None:
        """Add to the scores of the entries that the credits name; others are not in the pool and get nothing."""
        for entry, credit in credits.items():
            if entry in self.scores:
                self.scores[entry] += credit
        self._arrange(self.individuals)

    def merge(self, newcomers: Iterable[Individual], scores: Mapping[int, float]) -> None:
        """Let newcomers in.

        Args:
            newcomers: Individuals with scores; those that are in the pool already stay what they are.
            scores: A score for the id of every newcomer.
        """
        known = set(self.scores)
        fresh = {one.id: one for one in newcomers if one.id not in known}
        self.scores |= {entry: scores[entry] for entry in fresh}
        safe = max(0, len(self.individuals) - self.turnover)
        rivals = self._ordered([*self.individuals[safe:], *fresh.values()])
        self._arrange([*self.individuals[:safe], *rivals[: self.capacity - safe]])

    def state_dict(self) -> list[dict[str, Any]]:
        """Return the entries with their scores, as JSON values and tensors."""
        return [{"individual": individual_state(entry), "score": self.scores[entry.id]} for entry in self.individuals]

    def load_state_dict(self, state: Sequence[Mapping[str, Any]], backbone: Backbone) -> None:
        """Continue from a state that `state_dict` returned."""
        self.individuals = [individual_from(entry["individual"], backbone) for entry in state]
        self.scores = {entry["individual"]["id"]: entry["score"] for entry in state}

    def _arrange(self, individuals: Iterable[Individual]) -> None:
        self.individuals = self._ordered(individuals)
        self.scores = {one.id: self.scores[one.id] for one in self.individuals}

    def _ordered(self, individuals: Iterable[Individual]) -> list[Individual]:
        return sorted(individuals, key=lambda one: (-self.scores[one.id], one.id))
