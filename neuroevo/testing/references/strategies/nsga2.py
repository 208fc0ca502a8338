"""NSGA-II in plain numpy (Deb, Pratap, Agarwal and Meyarivan 2002), pair by pair."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from neuroevo.testing.references.strategies.genetic import PlainGenetic
from neuroevo.testing.references.strategies.individuals import Plain, State

DIGITS = 9
"""Decimal places in which crowding distances count as equal: implementations round differently."""

Scores = tuple[float, ...]


class PlainNSGA2(PlainGenetic):
    """NSGA-II; operators and settings are those of `PlainGenetic`, without elites and size of tournaments."""

    def select(self, individuals: Sequence[Plain], count: int, generator: np.random.Generator) -> list[Plain]:
        """Return winners of binary tournaments: by front, then by crowding; of equals the first (section III.C)."""
        fronts, apart = fronts_of(individuals), crowding_of(individuals)
        entrants = [generator.integers(len(individuals), size=2).tolist() for _ in range(count)]
        winners = [min(two, key=lambda place: (fronts[place], -apart[place], place)) for two in entrants]
        return [individuals[place] for place in winners]

    def survivors(self, state: State, population: Sequence[Plain]) -> list[Plain]:
        """Return the best of parents and children: whole fronts, and the least crowded of the next (section III.C)."""
        individuals = [*state["individuals"], *population]
        wanted = len(state["individuals"]) or len(population)
        fronts, apart = fronts_of(individuals), crowding_of(individuals)
        order = sorted(range(len(individuals)), key=lambda place: (fronts[place], -apart[place]))
        return [individuals[place] for place in order[:wanted]]

    def complaint(self, state: State, population: Sequence[Plain], after: State) -> str:
        """Return what is wrong with the state after a generation; those that are equally crowded are equally good."""
        individuals = [*state["individuals"], *population]
        fronts, apart = fronts_of(individuals), crowding_of(individuals)
        ranks = {one.id: (front, -far) for one, front, far in zip(individuals, fronts, apart, strict=True)}
        if strangers := [one.id for one in after["individuals"] if one.id not in ranks]:
            return f"individual {strangers[0]} survives, which is neither a parent nor a child"
        expected = sorted(ranks[one.id] for one in self.survivors(state, population))
        found = sorted(ranks[one.id] for one in after["individuals"])
        if _ambiguous([one for one in individuals if ranks[one.id][0] == expected[-1][0]]):
            expected, found = ([(front, 0.0) for front, _ in each] for each in (expected, found))
        if expected != found:
            return f"survivors should have the fronts and distances {expected}, but they have {found}"
        return super().complaint({**state, "kept": after["individuals"]}, population, after)

    def update(self, state: State, population: Sequence[Plain]) -> State:
        """Return the state after a generation, given the survivors."""
        return {**super().update(state, population), "individuals": state["kept"]} | self._chosen(state["kept"])

    def best(self, state: State, population: Sequence[Plain], survivors: Sequence[Plain]) -> Plain:
        """Return an individual; which one is said by `_chosen`."""
        del state, population
        return survivors[0]

    def comparable(self, state: State) -> State:
        """Return what is compared of a state: individuals by their ids, the result by its distance from the ideal."""
        front = first_front(state["individuals"])
        record: dict[str, Any] = dict(state["record"])
        record["front"] = sorted(map(repr, record["front"]))
        record["best_values"] = distance_from_ideal(front, record["best_values"], state["individuals"])
        result = distance_from_ideal(front, state["result"].values, state["individuals"])
        return {**super().comparable(state), "result": result, "record": record}

    def _chosen(self, individuals: Sequence[Plain]) -> State:
        """Return the result, the individual of the first front that is nearest to the ideal, and the record."""
        front = first_front(individuals)
        nearest = min(front, key=lambda one: distance_from_ideal(front, one.values, individuals))
        values = [[*one.values] for one in front]
        return {"result": nearest, "record": {"best_values": [*nearest.values], "front": values}}


def dominates(one: Plain, other: Plain) -> bool:
    """Return whether one is at least as good in every objective and better in one; failures dominate nothing."""
    if one.failed or other.failed:
        return not one.failed and other.failed
    pairs = [*zip(one.scores, other.scores, strict=True)]
    return all(mine >= theirs for mine, theirs in pairs) and any(mine > theirs for mine, theirs in pairs)


def fronts_of(individuals: Sequence[Plain]) -> list[int]:
    """Return the front of each individual: 0 if none dominates it, 1 if only those of front 0 do (section III.A)."""
    fronts = [-1] * len(individuals)
    number = 0
    while -1 in fronts:
        left = [place for place, front in enumerate(fronts) if front == -1]
        first = [
            place for place in left if not any(dominates(individuals[other], individuals[place]) for other in left)
        ]
        for place in first:
            fronts[place] = number
        number += 1
    return fronts


def crowding_of(individuals: Sequence[Plain]) -> list[float]:
    """Return the crowding distance of each individual within its front (section III.B)."""
    fronts = fronts_of(individuals)
    apart = [0.0] * len(individuals)
    for front in set(fronts):
        members = [place for place, number in enumerate(fronts) if number == front]
        for objective in range(len(individuals[0].weights)):
            values = {place: _number(individuals[place].scores[objective]) for place in members}
            ranked = sorted(members, key=values.__getitem__)
            width = values[ranked[-1]] - values[ranked[0]]
            apart[ranked[0]] = apart[ranked[-1]] = math.inf
            for before, place, after in zip(ranked, ranked[1:], ranked[2:], strict=False):
                if width > 0:
                    apart[place] += (values[after] - values[before]) / width / len(individuals[0].weights)
    return [round(distance, DIGITS) for distance in apart]


def first_front(individuals: Sequence[Plain]) -> list[Plain]:
    """Return the individuals that none dominates."""
    return [one for one, front in zip(individuals, fronts_of(individuals), strict=True) if front == 0]


def distance_from_ideal(front: Sequence[Plain], values: Sequence[float], individuals: Sequence[Plain]) -> float:
    """Return how far values are from the best of each objective, in units of the front's range."""
    if front[0].failed:
        return 0.0
    total = 0.0
    for place, (value, weight) in enumerate(zip(values, individuals[0].weights, strict=True)):
        scores = [one.scores[place] for one in front]
        width = max(scores) - min(scores) or 1.0
        total += ((max(scores) - weight * value) / width) ** 2
    return round(math.sqrt(total), DIGITS)


def _ambiguous(front: Sequence[Plain]) -> bool:
    """Return whether two of a front are equal in an objective, so that either may be called the next one."""
    columns = zip(*(one.scores for one in front), strict=True)
    return front[0].failed or any(len(set(column)) < len(front) for column in columns)


def _number(score: float) -> float:
    return score if math.isfinite(score) else 0.0
