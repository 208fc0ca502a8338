"""Populations in columns: genomes in one tensor, values in one array, and individuals that are made when looked at.

Making an individual takes longer than most searches need for all of its genes, so that a generation that is not looked
into has none. `Population` is a sequence of individuals like any other; what works on whole populations asks
`in_columns` whether it still is nothing but columns, and does its work on these if so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import chain
from typing import Any, Self, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuroevo.columns import Columns, Families, Family, Floats, Integers, Places, lineage_of
from neuroevo.individual import Fitness, Individual, genomes_of

PLAIN = frozenset(vars(Individual(None, id=0)))
"""Attributes of an individual to which nothing was added."""


class Population(Sequence[Individual]):
    """A sequence of individuals, which are made when they are looked at: by place, in a loop, or by `list`.

    Those that are made stay the same objects, in this population and in those that were selected from it.

    Args:
        *origins: Where they come from, at least one, alike in everything but their rows.
        places: Which of the origins' rows, counted through; None for all.
    """

    def __init__(self, *origins: Columns, places: Places | None = None) -> None:
        self._origins = origins
        self._places = places
        self._count = sum(len(one.ids) for one in origins) if places is None else len(places)

    @classmethod
    def new(
        cls,
        genomes: Tensor,
        *,
        weights: tuple[float, ...],
        ids: Sequence[int],
        parents: Sequence[Any],
        generations: Sequence[int],
    ) -> Self:
        """Return unscored individuals with the rows of a tensor [P, D] as genomes.

        Raises:
            ValueError: The numbers of genomes, ids and families differ.
        """
        if not len(genomes) == len(ids) == len(parents) == len(generations):
            raise ValueError(
                f"parents must be as many as the {len(genomes)} genomes and the {len(ids)} ids, but they are "
                f"{len(parents)}."
            )
        genomes = genomes.detach() if genomes.requires_grad else genomes
        return cls(Columns(genomes, weights, *lineage_of(ids, map(tuple, parents), generations)))

    @property
    def untouched(self) -> bool:
        """Whether no individual was made, here or in the populations that these come from."""
        # Without a generator, for this is asked often.
        for one in self._origins:  # noqa: SIM110
            if one.made:
                return False
        return True

    @property
    def scored(self) -> bool:
        """Whether there are values; only while no individual was made."""
        return all(one.values is not None for one in self._origins)

    @property
    def weights(self) -> tuple[float, ...]:
        """The weights of the fitness."""
        return self._origins[0].weights

    @cached_property
    def values(self) -> Floats:
        """The fitness values, [P, M]."""
        return self._gathered([one.values for one in self._origins if one.values is not None])

    @cached_property
    def failed(self) -> NDArray[np.bool_]:
        """Whether a value of each is not finite, [P]."""
        return np.asarray(~np.isfinite(self.values).all(1))

    @cached_property
    def wvalues(self) -> Floats:
        """The weighted values, [P, M]: -inf for those that are not finite."""
        with np.errstate(over="ignore", invalid="ignore"):
            weighted = self.values * np.array(self.weights)
        return np.where(np.isfinite(self.values), weighted, -np.inf) if self.failed.any() else weighted

    @property
    def ids(self) -> Integers:
        """The lineage ids, [P]."""
        return self._gathered([one.ids for one in self._origins])

    @property
    def parents(self) -> Families:
        """The ids of the parents of each, tuples [P]."""
        return self._gathered([one.parents for one in self._origins])

    @property
    def generations(self) -> Integers:
        """The generation of each, [P]."""
        return self._gathered([one.generations for one in self._origins])

    def tensor(self, *, copy: bool = False) -> Tensor:
        """Return the genomes, [P, D]: with memory of its own if it must have that, or rows are not consecutive."""
        several = len(self._origins) > 1
        first = torch.cat([one.genomes for one in self._origins]) if several else self._origins[0].genomes
        if self._places is None:
            return first.clone() if copy and not several else first
        start, count = int(self._places[0]), len(self._places)
        if np.array_equal(self._places, np.arange(start, start + count)):
            return first[start : start + count].clone() if copy else first[start : start + count]
        return first.index_select(0, torch.from_numpy(self._places).to(first.device))

    @property
    def dense(self) -> bool:
        """Whether its genomes are rows of one tensor, which has at most twice the memory that they need."""
        first = self._origins[0].genomes
        needed = len(self) * first.shape[1] * first.element_size()
        return len(self._origins) == 1 and first.untyped_storage().nbytes() <= 2 * needed

    def take(self, places: Sequence[int] | Places) -> Population:
        """Return the individuals at some places."""
        wanted = np.asarray(places, dtype=np.intp)
        return Population(*self._origins, places=wanted if self._places is None else self._places[wanted])

    def copy_of(self, place: int) -> Individual:
        """Return a copy of an individual that has memory of its own."""
        origin, row = self._at(place)
        return origin.copy_of(row)

    def copied(self) -> Population:
        """Return copies of the individuals whose genomes are the rows of one new tensor."""
        values = self.values if self.scored else None
        facts = (self.weights, self.ids, self.parents, self.generations, values)
        return Population(Columns(self.tensor(copy=True), *facts))

    def scored_by(self, values: Floats) -> Population:
        """Return the same genomes with other values, [P, M], to be maximised."""
        facts = (self.ids, self.parents, self.generations)
        return Population(Columns(self.tensor(), (1.0,) * values.shape[1], *facts, values))

    def unscored(self, weights: tuple[float, ...]) -> Population:
        """Return the same genomes without values, and with other weights."""
        return Population(Columns(self.tensor(), weights, self.ids, self.parents, self.generations))

    def born_in(self, generation: int) -> bool:
        """Set the generation of unscored individuals; False if they must be set one by one."""
        if not self.untouched or (not self.scored and self._places is not None):
            return False
        for one in self._origins:
            if one.values is None:
                one.generations = np.full(len(one), generation)
        return True

    def score(self, results: Sequence[object]) -> bool:
        """Set the values to results of an evaluation; False if they must be set one by one."""
        if not self.untouched or self._places is not None or set(map(type, results)) != {tuple}:
            return False
        rows: Any = results
        if set(map(type, chain.from_iterable(rows))) != {float} or set(map(len, rows)) != {len(self.weights)}:
            return False
        table, begin = np.array(rows, dtype=np.float64), 0
        for one in self._origins:
            one.values = table[begin : begin + len(one)]
            begin += len(one)
        return True

    def alike(self, other: Population) -> bool:
        """Return whether two populations can be one."""
        mine, theirs = self._origins[0].genomes, other._origins[0].genomes
        kinds = [(one.shape[1:], one.dtype, one.device) for one in (mine, theirs)]
        return kinds[0] == kinds[1] and self.weights == other.weights and self.scored == other.scored

    def followed_by(self, other: Population) -> Population:
        """Return these individuals and those of a population that is alike."""
        origins = (*self._origins, *other._origins)
        if self._places is None and other._places is None:
            return Population(*origins)
        moved = other._numbers + sum(map(len, self._origins))
        return Population(*origins, places=np.concatenate([self._numbers, moved]))

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, place: int) -> Individual: ...

    @overload
    def __getitem__(self, place: slice) -> Population: ...

    def __getitem__(self, place: int | slice) -> Individual | Population:
        if isinstance(place, slice):
            return self.take(range(*place.indices(len(self))))
        origin, row = self._at(place)
        return origin.individual(row)

    def __iter__(self) -> Iterator[Individual]:
        if self._places is None or 2 * len(self) > sum(map(len, self._origins)):
            every = [one for origin in self._origins for one in origin.individuals()]
            return iter(every if self._places is None else [every[place] for place in self._places.tolist()])
        return (self[place] for place in range(len(self)))

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __add__(self, other: Sequence[Individual]) -> Sequence[Individual]:
        return joined(self, other)

    def __radd__(self, other: Sequence[Individual]) -> Sequence[Individual]:
        return joined(other, self)

    def __repr__(self) -> str:
        return f"Population({len(self)} individuals)"

    @property
    def _numbers(self) -> Places:
        """The number of each row, counted through all origins."""
        return np.arange(len(self)) if self._places is None else self._places

    def _at(self, place: int) -> tuple[Columns, int]:
        """Return the origin and the row of the individual at a place."""
        if not -len(self) <= place < len(self):
            raise IndexError(f"place must lie below {len(self)}, the number of individuals, but it is {place}.")
        row = place % len(self) if self._places is None else int(self._places[place])
        for origin in self._origins:
            if row < len(origin):
                return origin, row
            row -= len(origin)
        raise AssertionError("unreachable")  # pragma: no cover

    def _gathered(self, columns: Sequence[NDArray[Any]]) -> NDArray[Any]:
        column = columns[0] if len(columns) == 1 else np.concatenate(columns)
        return column if self._places is None else column[self._places]


def in_columns(individuals: object, *, scored: bool = True) -> Population | None:
    """Return a population that was not looked at yet, scored or not as wanted; None for any other sequence."""
    if not isinstance(individuals, Population) or not individuals.untouched or individuals.scored != scored:
        return None
    return individuals if len(individuals) else None


def columns_of(individuals: Sequence[Individual]) -> Sequence[Individual]:
    """Return scored individuals as a population in columns; as they are if there is more to one than columns hold."""
    if not individuals or not all(map(_plain, individuals)):
        return individuals
    weights = {one.fitness.weights for one in individuals}
    kinds = {(one.genome.shape, one.genome.dtype, one.genome.device) for one in individuals}
    if len(weights) > 1 or len(kinds) > 1:
        return individuals
    values = np.array([one.fitness.values for one in individuals], dtype=np.float64)
    facts = zip(*((one.id, one.parents, one.generation) for one in individuals), strict=True)
    return Population(Columns(genomes_of(individuals), weights.pop(), *lineage_of(*facts), values))


def _plain(one: Individual) -> bool:
    """Return whether an individual is scored, and nothing but its columns."""
    fitness = one.fitness
    return (
        type(one) is Individual
        and type(fitness) is Fitness
        and isinstance(one.genome, Tensor)
        and one.body is None
        and one.memory is None
        and fitness.valid
        and fitness.failure is None
        and type(one.id) is type(one.generation) is int
        and len(vars(one)) == len(PLAIN)
    )


def joined(*groups: Sequence[Individual]) -> Sequence[Individual]:
    """Return the individuals of all groups: a population in columns where all are, else a list."""
    given = [group for group in groups if len(group)]
    if len(given) == 1:
        return given[0]
    found = given[0] if given else []
    for group in given[1:]:
        scored = isinstance(group, Population) and group.untouched and group.scored
        first, second = in_columns(found, scored=scored), in_columns(group, scored=scored)
        if first is None or second is None or not first.alike(second):
            return [one for group in given for one in group]
        found = first.followed_by(second)
    return found


def taken(individuals: Sequence[Individual], places: Sequence[int] | Places) -> Sequence[Individual]:
    """Return the individuals at some places."""
    if isinstance(individuals, Population):
        return individuals.take(places)
    return [individuals[place] for place in places]


def fitness_values(individuals: Sequence[Individual]) -> list[list[float]]:
    """Return the fitness values of each individual."""
    if (known := in_columns(individuals)) is not None:
        found: list[list[float]] = known.values.tolist()
        return found
    return [list(one.fitness.values) for one in individuals]


def wvalues_of(individuals: Sequence[Individual]) -> Floats:
    """Return the weighted values of individuals, to be maximised, [P, M]; -inf for those that are not finite."""
    if (known := in_columns(individuals)) is not None:
        return known.wvalues
    return np.array([one.fitness.wvalues for one in individuals], dtype=np.float64)


def failed_of(individuals: Sequence[Individual]) -> NDArray[np.bool_]:
    """Return whether each individual failed, [P]."""
    if (known := in_columns(individuals)) is not None:
        return known.failed
    return np.array([one.fitness.failed for one in individuals], dtype=np.bool_)


def numbers_of(individuals: Sequence[Individual]) -> Integers:
    """Return the ids of individuals, int64 [P]."""
    if isinstance(individuals, Population) and individuals.untouched:
        return individuals.ids
    return np.array([one.id for one in individuals], dtype=np.int64)


def ids_of(individuals: Sequence[Individual]) -> list[int]:
    """Return the ids of individuals."""
    if isinstance(individuals, Population) and individuals.untouched:
        found: list[int] = individuals.ids.tolist()
        return found
    return [one.id for one in individuals]


def generations_of(individuals: Sequence[Individual]) -> list[int]:
    """Return the generation of each individual."""
    if isinstance(individuals, Population) and individuals.untouched:
        found: list[int] = individuals.generations.tolist()
        return found
    return [one.generation for one in individuals]


def parents_of(individuals: Sequence[Individual]) -> list[Family]:
    """Return the ids of the parents of each individual."""
    if isinstance(individuals, Population) and individuals.untouched:
        return list(individuals.parents)
    return [one.parents for one in individuals]


def facts_of(individuals: Sequence[Individual]) -> list[dict[str, Any]]:
    """Return what records say of each individual, as JSON values."""
    lineages = zip(ids_of(individuals), parents_of(individuals), fitness_values(individuals), strict=True)
    found: list[dict[str, Any]] = [
        {"id": number, "parents": list(parents), "fitness": values} for number, parents, values in lineages
    ]
    if in_columns(individuals) is None:
        for fact, one in zip(found, individuals, strict=True):
            fact |= {} if one.fitness.failure is None else {"failure": one.fitness.failure}
            fact |= {} if one.environment is None else {"environment": one.environment}
            fact |= {} if one.hyperparameters is None else {"hyperparameters": dict(one.hyperparameters)}
    return found
