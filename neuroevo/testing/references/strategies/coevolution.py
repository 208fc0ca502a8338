"""Coevolution in plain Python: who meets whom, and who represents whom next (Potter and De Jong 2000, section 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from neuroevo.testing.references.strategies.individuals import Plain, best_first

Populations = Mapping[str, Sequence[Plain]]
"""Individuals by the name of their population."""


@dataclass
class PlainCoevolution:
    """Populations that are scored against the current best of each other, in the first generation against any.

    Attributes:
        representatives: How many individuals represent a population.
        represented: By name those that do.
        champions: By name the best one of the last generation in which not all failed.
    """

    representatives: int = 1
    represented: dict[str, list[Plain]] = field(default_factory=dict)
    champions: dict[str, Plain] = field(default_factory=dict)

    def others(self, name: str, made: Populations) -> dict[str, list[Plain]]:
        """Return whom individuals of a population meet, by the names of the other populations."""
        return {
            other: self.represented.get(other) or [*individuals[: self.representatives]]
            for other, individuals in made.items()
            if other != name
        }

    def learn(self, scored: Populations) -> None:
        """Choose who represents each population in the next generation."""
        for name, individuals in scored.items():
            sound = best_first([one for one in individuals if not one.failed])
            if sound:
                self.represented[name] = sound[: self.representatives]
                self.champions[name] = sound[0]
