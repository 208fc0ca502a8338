"""Individuals and their fitness: plain importable classes that DEAP's tools understand.

They can be pickled, copied and sent to workers as they are, which classes made by `deap.creator`
cannot.
"""

from __future__ import annotations

import copy
import math
import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from deap.base import Fitness as DeapFitness
from torch import Tensor

from neuroevo.genes import GenomeView
from neuroevo.ids import Ids as Ids
from neuroevo.spelling import shown

UNCHANGING = frozenset({bool, float, int, str, type(None)})
"""Immutable types, which copies share."""

HISTORY = "history_index"
"""The attribute by which `deap.tools.History` numbers individuals."""


@dataclass(frozen=True)
class Failure:
    """A map's result for an individual that could not be evaluated or trained.

    Assigned to `fitness.values` it stands for NaN in every objective, so that any loop can take it as a result of
    `toolbox.map(toolbox.evaluate, individuals)`.

    Attributes:
        reason: Why, as the predicate of a sentence about the individual.
    """

    reason: str


class Fitness(DeapFitness):  # type: ignore[misc]
    """The values of one individual's objectives and their weights.

    Compared lexicographically by weighted values, as in DEAP: the greater is the better. Only
    failures are treated differently, because DEAP's comparison lets NaN win: a value that is not
    finite counts as -inf in `wvalues` whatever the sign of its weight, and a fitness with such a
    value is worse than, and dominated by, every fitness without one. A fitness without values is
    the worst of all.

    Attributes:
        failure: Why there was no evaluation, if values were set from a `Failure`; else None.
        failed: Whether any value is not finite.
        order: The key that fitnesses are compared and sorted by: the greater is the better.

    Args:
        values: One number per weight; none leaves the fitness invalid.
        weights: The weight of each objective: positive to maximise it, negative to minimise it; default those of the
            class, if it has any (as classes of `deap.creator` do), else one objective to maximise.

    Raises:
        ValueError: The numbers of values and weights differ, there are no weights, or a weight is
            not finite.
        TypeError: A value or a weight is not a number. One that is too large for a float is infinite.
    """

    # The attributes of an invalid fitness belong to the class, because each generation has many of these.
    _values: tuple[float, ...] = ()
    wvalues: tuple[float, ...] = ()
    failed: bool = False
    failure: str | None = None
    order: tuple[bool, tuple[float, ...]] = (False, ())

    def __init__(self, values: Iterable[float] = (), *, weights: Iterable[float] | None = None) -> None:
        # DEAP's constructor is not called: it checks less, and each generation makes many of these.
        if weights is None:
            weights = getattr(type(self), "weights", None) or (1.0,)
        self.weights = _finite(_floats("weights", weights))
        if given := _floats("values", values):
            self.values = given

    @property
    def values(self) -> tuple[float, ...]:
        """The values as they were measured, NaN included; empty while the fitness is invalid."""
        return self._values

    @values.setter
    def values(self, values: Iterable[float] | Failure) -> None:
        self.failure = None
        if isinstance(values, Failure):
            self.failure, values = values.reason, (math.nan,) * len(self.weights)
        raw = _floats("values", values)
        if len(raw) != len(self.weights):
            raise ValueError(f"values must be as many as the weights {self.weights}, but they are {raw}.")
        self._values = raw
        self.failed = failed = not all(map(math.isfinite, raw))
        self.wvalues = weighted = tuple(map(_weighted if failed else operator.mul, raw, self.weights))
        self.order = (not failed, weighted)

    @values.deleter
    def values(self) -> None:
        for name in ("_values", "wvalues", "failed", "failure", "order"):
            self.__dict__.pop(name, None)

    def accept(self, result: Any) -> str | None:
        """Set the values to what an evaluation returned; if it is no values, that is a failure.

        Returns:
            The failure's reason, if the result is neither values nor a `Failure`; else None.
        """
        try:
            self.values = result
        except (TypeError, ValueError):
            numbers = "number" if len(self.weights) == 1 else "numbers"
            reason = (
                f"evaluate must return {len(self.weights)} {numbers} for an individual, one for each of the weights "
                f"{self.weights}, in a tuple, but it returned {shown(result)}"
            )
            self.values = Failure(reason)
            return reason
        return None

    def unscored(self) -> Fitness:
        """Return an invalid fitness with the same weights."""
        # The weights were checked before.
        child = object.__new__(type(self))
        child.weights = self.weights
        return child

    def dominates(self, other: Fitness, obj: slice = slice(None)) -> bool:
        """Return whether no objective is worse than the other's and at least one is better.

        Args:
            other: The fitness to compare with.
            obj: The objectives that count, by default all. A failure in any objective is a failure.
        """
        if self.failed or other.failed:
            return self.valid and not self.failed
        return bool(super().dominates(other, obj))

    # DEAP derives `>`, `>=` and `!=` from these.
    def __lt__(self, other: Fitness) -> bool:
        return self.order < other.order

    def __le__(self, other: Fitness) -> bool:
        return self.order <= other.order

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fitness) and self.order == other.order

    def __hash__(self) -> int:
        return hash(self.order)

    def __deepcopy__(self, memo: dict[int, Any]) -> Fitness:
        clone = object.__new__(type(self))
        # All of its content is immutable.
        clone.__dict__.update(self.__dict__)
        memo[id(self)] = clone
        return clone

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._values}, weights={self.weights})"


class Individual(GenomeView):
    """One candidate: its genome, its fitness, and its place in the lineage.

    Individuals are equal if their genomes are, and distinguished by `id` (see `GenomeView`). Copying
    and pickling copy a genome that is a row of a population's tensor into a storage of its own, so
    that changing a clone changes nothing else and pickling it includes no other individual; a clone
    keeps the id.

    Args:
        genome: The genome in the strategy's representation: a row [D] of a population's tensor [P,
            D], a `Learngene`, or None for an individual that has not inherited anything.
        fitness: Its fitness; by default an invalid one: that of its class (as classes of `deap.creator` have it), else
            one with one objective to maximise.
        id: The lineage id, unique within a run (see `Ids`).
        parents: The ids of its parents.
        generation: The generation that it was born in, and whose episodes or tasks it is scored on; loops that count
            generations set it (see `neuroevo.generations`).
        body: Its phenotype, such as a trained network between a life and the extraction.
        memory: State of the lineage next to the genome that is not part of the result, such as a `HeadMemory`.

    Attributes:
        environment: Name of the environment that it lives in; None unless a strategy sets it, because data are from
            several (see `neuroevo.data.environments`).
        hyperparameters: Factors on settings of its training run by their names; None unless a strategy evolves them.

    Raises:
        ValueError: The genome is a tensor that does not have exactly one dimension.
        TypeError: No id is given, or the fitness is no `Fitness`.
    """

    genome: Any
    fitness: Fitness
    body: Any
    memory: Any
    environment: str | None = None
    hyperparameters: Mapping[str, float] | None = None

    def __init__(
        self,
        genome: Any,
        fitness: Fitness | None = None,
        id: int | None = None,
        parents: Iterable[int] = (),
        generation: int = 0,
        body: Any = None,
        memory: Any = None,
    ) -> None:
        if isinstance(genome, Tensor) and genome.dim() != 1:
            raise ValueError(
                f"genome must have the shape [D], but it has {list(genome.shape)}; give each individual one row."
            )
        # Children of a genome in a graph would make it grow from generation to generation.
        self.genome = genome.detach() if isinstance(genome, Tensor) and genome.requires_grad else genome
        # A class of `deap.creator` makes the fitness before it calls this.
        if fitness is not None or "fitness" not in self.__dict__:
            self.fitness = Fitness() if fitness is None else fitness
        if not isinstance(self.fitness, Fitness):
            raise TypeError(
                f"fitness must be a neuroevo.Fitness, but it is a {type(self.fitness).__name__}; derive its class from "
                "neuroevo.Fitness, also in deap.creator."
            )
        if id is None:
            raise TypeError("id must be a whole number, unique within the run, but none was given.")
        self.id = id
        self.parents = tuple(parents)
        self.generation = generation
        self.body = body
        self.memory = memory

    def __deepcopy__(self, memo: dict[int, Any]) -> Individual:
        clone = object.__new__(type(self))
        memo[id(self)] = clone
        if isinstance(self.genome, Tensor):
            # Copying the row itself would copy the storage of its whole population.
            memo.setdefault(id(self.genome), _own(self.genome))
        for name, value in self.__dict__.items():
            # Most are numbers, and DEAP's loops clone whole populations.
            clone.__dict__[name] = value if type(value) in UNCHANGING else copy.deepcopy(value, memo)
        return clone

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "genome": _own(self.genome)}

    def __repr__(self) -> str:
        # Six digits: those of float32 after them are noise.
        values = tuple(float(f"{value:.6g}") for value in self.fitness.values)
        return f"Individual(id={self.id}, parents={self.parents}, generation={self.generation}, fitness={values})"


def genomes_of(individuals: Sequence[Individual], *, copy: bool = False) -> Tensor:
    """Return the genomes of individuals as one tensor [P, D].

    It is read-only unless it is a copy: genomes that are consecutive rows of one tensor are returned without copying.

    Args:
        individuals: The individuals, at least one.
        copy: Whether the tensor must have memory of its own.

    Raises:
        TypeError: A genome is not a tensor.
        ValueError: There is no individual, or the genomes differ in length.
    """
    # A population in columns (`neuroevo.population`) has them in one tensor.
    if getattr(individuals, "untouched", False) and individuals:
        return individuals.tensor(copy=copy)  # type: ignore[attr-defined, no-any-return]
    genomes = [one.genome for one in individuals]
    if not all(issubclass(kind, Tensor) for kind in set(map(type, genomes))):
        genomes = [tensor_of(one) for one in individuals]
    if not genomes:
        raise ValueError("individuals must hold at least one, but they are empty.")
    if not copy and (rows := _rows(genomes)) is not None:
        return rows
    try:
        return torch.stack(genomes)
    except RuntimeError:
        lengths = sorted({genome.shape[0] for genome in genomes})
        if len(lengths) == 1:
            raise
        raise ValueError(f"genomes must have one length to stand in one tensor, but they have {lengths}.") from None


def _rows(genomes: Sequence[Tensor]) -> Tensor | None:
    """Return vectors [P, D] that are consecutive rows of one contiguous tensor; None if they are not."""
    length, base = genomes[0].numel(), genomes[0]._base
    if base is None or not length or not base.is_contiguous():
        return None
    start = genomes[0].storage_offset()
    # In most other cases the first two are not consecutive.
    if not all(one._base is base and one.storage_offset() == start + length * row for row, one in enumerate(genomes)):
        return None
    if {(one.numel(), one.dtype, one.is_contiguous()) for one in genomes} != {(length, base.dtype, True)}:
        return None
    return base.as_strided((len(genomes), length), (length, 1), start)


def tensor_of(individual: Individual) -> Tensor:
    """Return the genome of an individual that must be a tensor [D]; TypeError if it is not."""
    if not isinstance(individual.genome, Tensor):
        raise TypeError(
            f"individual {individual.id} must have a tensor [D] as genome, but it has a "
            f"{type(individual.genome).__name__}; register operators for such genomes."
        )
    return individual.genome


def offspring(genome: Any, parents: Sequence[Individual], *, id: int, like: Individual | None = None) -> Individual:
    """Return a child of the parents: not yet scored, with the first parent's fitness weights.

    Its generation is the one after the youngest parent that was scored: parents without a score are intermediate
    steps of the same generation, such as a mated child that then mutates. `evolve` counts generations and sets its
    own (see `neuroevo.generations`).

    Args:
        genome: The child's genome.
        parents: The parents, at least one.
        id: Its new lineage id.
        like: The individual that the child takes the place of, of which DEAP's `History` finds its `history_index` on
            the child; default the first parent.

    Raises:
        ValueError: There is no parent.
    """
    if not parents:
        raise ValueError("parents must hold at least one, but they are empty.")
    family, generation = [], 0
    for parent in parents:
        family.append(parent.id)
        generation = max(generation, parent.generation + parent.fitness.valid)
    child = Individual(genome, parents[0].fitness.unscored(), id, family, generation)
    # DEAP's operators work in place, on clones: its `History` looks for the parents there.
    if (index := getattr(parents[0] if like is None else like, HISTORY, None)) is not None:
        setattr(child, HISTORY, index)
    return child


def _own(genome: Any) -> Any:
    """Return a tensor as a copy with a storage of its own, anything else as it is."""
    if not isinstance(genome, Tensor):
        return genome
    return genome.detach().clone(memory_format=torch.contiguous_format)


def _weighted(value: float, weight: float) -> float:
    """Return the weighted value: -inf if the value is not finite, whatever the sign of its weight."""
    return value * weight if math.isfinite(value) else -math.inf


@lru_cache(maxsize=128)
def _finite(weights: tuple[float, ...]) -> tuple[float, ...]:
    """Check weights, once for all individuals that share them, and return them."""
    if not weights or not all(map(math.isfinite, weights)):
        raise ValueError(f"weights must be finite and at least one, but they are {weights}.")
    return weights


def _floats(name: str, numbers: Any) -> tuple[float, ...]:
    if type(numbers) is tuple and all([type(number) is float for number in numbers]):  # noqa: C419 - twice as fast
        return numbers
    if not isinstance(numbers, Iterable):
        raise TypeError(f"{name} must be a sequence of numbers, but they are {shown(numbers)}.")
    given = tuple(numbers)
    try:
        if all(hasattr(number, "__float__") for number in given):
            return tuple(map(_float, given))
    except Exception as error:  # a user's number may raise anything
        raise TypeError(f"{name} must be numbers, but they are {shown(given)} ({type(error).__name__}).") from error
    raise TypeError(f"{name} must be numbers, but they are {shown(given)}.")


def _float(number: Any) -> float:
    """Return a number as a float; infinite if it is too large for one, as 10**400 is."""
    try:
        return float(number)
    except OverflowError:
        return -math.inf if number < 0 else math.inf
