"""Functions of DEAP over individuals as operators, beside a plain adapter."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from torch import Tensor

from neuroevo.individual import Fitness, Ids, Individual
from neuroevo.operators.from_deap import from_deap
from neuroevo.testing.laws import Law, agreement_laws
from neuroevo.testing.laws.distribution import Sample
from neuroevo.testing.laws.frequencies import distributed_as
from neuroevo.testing.laws.law import Case
from neuroevo.testing.laws.purity import Arguments, other_seeds_other_results, purity_laws
from subjects.subject import Subject

COVERS = ("operators/from_deap.py",)
Facts = list[Any]
NEXT = 40
"""The next id."""


class Tree(list[Any]):
    """A genome of a class of its own, as `deap.gp` has them."""


class Bag(list[Any]):
    """A list that can have attributes."""


def exchanged(first: Any, second: Any, *, places: int = 1) -> tuple[Any, Any]:
    """Exchange genes at the beginning, and what a strategy of evolution keeps beside them, in place."""
    first[:places], second[:places] = list(second[:places]), list(first[:places])
    for one, step in ((first, 1), (second, 2)):
        if hasattr(one, "strategy"):
            one.strategy[0] += step
    return first, second


def turned(genes: Any, *, places: int = 1) -> tuple[Any]:
    """Turn genes round in place, and lengthen the first one if it is a list itself."""
    if isinstance(genes[0], list):
        genes[0].append(places)
    genes[:] = [*genes[places:], *genes[:places]]
    return (genes,)


def turned_by(genes: Any, places: int) -> tuple[Any]:
    """Turn genes round by an argument that is no individual."""
    return turned(genes, places=places)


def first_twice(first: Any, second: Any, *, places: int = 1) -> tuple[Any, Any]:
    """Return one object as both children."""
    return turned(first, places=places) * 2


def longer(genes: Any, *, places: int = 1) -> list[Any]:
    """Return a longer genome, in a list in place of a tuple."""
    return [[*genes, *genes[:places]]]


def halves(genes: Any, *, places: int = 1) -> tuple[Any]:
    """Return genes that are no whole numbers."""
    return ([gene + places / 2 for gene in genes],)


def alone(genes: Any, *, places: int = 1) -> Any:
    """Return a genome that is not in a tuple, as no function of DEAP does."""
    return genes


def nested(genes: Any, *, places: int = 1) -> tuple[Any]:
    """Return rows in place of genes."""
    return ([[gene] * places for gene in genes],)


def seen(genes: Any, *, places: int = 1) -> tuple[Any]:
    """Write the values of the fitness that the copy has into the first gene."""
    genes[0] = len(genes.fitness.values) + 2 * hasattr(genes, "mark")
    return (genes,)


def two(*genes: Any, places: int = 1) -> tuple[Any, ...]:
    """Return two genomes whatever came."""
    return genes[0], list(genes[0])


ALONE: tuple[Callable[..., Any], ...] = (turned, turned_by, longer, halves, alone, nested, seen, two)
PAIRED: tuple[Callable[..., Any], ...] = (exchanged, first_twice, two)


@st.composite
def individuals(draw: DrawFn, *, least: int = 1, most: int = 2) -> list[Individual]:
    """Draw individuals with equally many genes, some with attributes of users, and with the index of DEAP's history."""
    kind = draw(st.sampled_from([torch.float64, torch.float32, torch.int64, torch.bool, list, Tree]))
    length, made = draw(st.integers(2, 4)), []
    nested = kind in (list, Tree) and draw(st.booleans())
    for place in range(draw(st.integers(least, most))):
        genes = draw(st.lists(st.integers(0, 1 if kind is torch.bool else 9), min_size=length, max_size=length))
        genome = torch.tensor(genes).to(kind) if isinstance(kind, torch.dtype) else kind(genes)
        if nested:
            genome = kind([[gene] for gene in genes])
        values = draw(st.sampled_from([(), (1.0, 2.0), (torch.nan, 0.0)]))
        one = Individual(
            genome, Fitness(values, weights=(1.0, -1.0)), id=20 + place, generation=draw(st.integers(0, 3)), memory="m"
        )
        for name, value in (("mark", "x"), ("strategy", [1.5 + place, 2.0]), ("history_index", 7 + place)):
            if draw(st.booleans()):
                setattr(one, name, value)
        made.append(one)
    return made


@st.composite
def calls(draw: DrawFn) -> Mapping[str, Any]:
    """Draw a call of an operator."""
    parents = draw(individuals())
    function = draw(st.sampled_from(ALONE if len(parents) == 1 else PAIRED))
    bound, called = ({"places": 2}, {"places": 3}) if function is not turned_by else ({}, {})
    return {
        "function": function,
        "parents": parents,
        "others": [2] if function is turned_by else [],
        "bound": draw(st.sampled_from([{}, bound])),
        "called": draw(st.sampled_from([{}, called])),
        "counted": draw(st.sampled_from([True] * 9 + [False])),
        "arrays": draw(st.booleans()) and function is turned,
    }


def described(children: Any) -> Facts:
    """Return what there is to know of children."""
    if not isinstance(children, tuple):
        raise AssertionError(f"children must be a tuple, but they are {children!r}")
    own = {*vars(Individual(None, id=0))}
    return [
        (
            *genome_facts(one.genome),
            one.id,
            one.parents,
            one.generation,
            one.fitness.values,
            one.fitness.weights,
            one.memory,
            sorted((name, repr(value)) for name, value in vars(one).items() if name not in own),
        )
        for one in children
    ]


def genome_facts(genome: Any) -> tuple[str, str, list[Any]]:
    """Return type, dtype and genes."""
    if isinstance(genome, Tensor):
        return "Tensor", str(genome.dtype), genome.tolist()
    return type(genome).__name__, "", list(genome)


def adapted(
    function: Callable[..., Any],
    parents: Sequence[Individual],
    others: Sequence[Any],
    bound: Mapping[str, Any],
    called: Mapping[str, Any],
    *,
    counted: bool,
    arrays: bool,
) -> Facts:
    """Call a function by the library's adapter."""
    operator = from_deap(
        partial(function),
        generator=torch.Generator(),
        ids=Ids(next=NEXT) if counted else None,
        make=Tensor.numpy if arrays else None,
        **bound,
    )
    children = operator(*parents, *others, **called)
    left = [storage for one in parents if (storage := memory(one.genome)) is not None]
    taken = [memory(one.genome) for one in children]
    assert len({*left, *taken}) == len(left) + len(taken), "genomes share memory"
    return [operator.name, *described(children)]


def memory(genome: Any) -> int:
    """Return what identifies the memory of a genome."""
    return genome.untyped_storage().data_ptr() if isinstance(genome, Tensor) else id(genome)


def plain(
    function: Callable[..., Any],
    parents: Sequence[Individual],
    others: Sequence[Any],
    bound: Mapping[str, Any],
    called: Mapping[str, Any],
    *,
    counted: bool,
    arrays: bool,
) -> Facts:
    """Call a function with copies of lists, and describe the children that it must have."""
    own = {*vars(Individual(None, id=0))}
    added = [{name: value for name, value in vars(one).items() if name not in own} for one in parents]
    lent = [
        Bag(one.genome.tolist() if isinstance(one.genome, Tensor) else copy.deepcopy(one.genome)) for one in parents
    ]
    for bag, one, more in zip(lent, parents, added, strict=True):
        vars(bag).update(copy.deepcopy(more), fitness=one.fitness)
    found = function(*lent, *others, **{**bound, **called})
    if not isinstance(found, tuple | list) or len(found) != len(parents) or not counted:
        raise TypeError(found)
    generation = max(one.generation + bool(one.fitness.values) for one in parents)
    children: Facts = [function.__name__]
    for place, (genes, like) in enumerate(zip(found, parents, strict=True)):
        after = {name: getattr(genes, name, value) for name, value in added[place].items()}
        plainly = arrays and isinstance(like.genome, Tensor)
        kept = {name: after[name] for name in after if not plainly and isinstance(genes, Bag) and hasattr(genes, name)}
        if "history_index" in added[place]:
            kept.setdefault("history_index", added[place]["history_index"])
        children.append(
            (
                *converted(genes, like.genome),
                NEXT + place,
                tuple(one.id for one in parents),
                generation,
                (),
                (1.0, -1.0),
                None,
                sorted((name, repr(value)) for name, value in kept.items()),
            )
        )
    return children


def converted(genes: Any, like: Any) -> tuple[str, str, list[Any]]:
    """Return the facts of genes that become a genome like another one."""
    if not isinstance(like, Tensor):
        return type(like).__name__ if isinstance(genes, Bag) else "list", "", list(genes)
    if any(isinstance(gene, list) for gene in genes):
        raise TypeError(genes)
    row = torch.tensor(genes, dtype=torch.float64).to(like.dtype)
    if not like.is_floating_point() and row.double().tolist() != [float(gene) for gene in genes]:
        raise TypeError(genes)
    return "Tensor", str(like.dtype), row.tolist()


def best(population: Sequence[Any], k: int, *, least: bool = False) -> list[Any]:
    """Select by the first gene, as functions over populations do."""
    return sorted(population, key=lambda one: one[0], reverse=not least)[:k]


def chosen(parents: Sequence[Individual], k: int, least: bool) -> list[int]:
    """Select by the library's adapter: it gets the individuals themselves."""
    picked = from_deap(best, generator=torch.Generator(), least=least)(list(parents), k)
    assert all(any(one is other for other in parents) for one in picked), "the selected are no individuals of those"
    return [one.id for one in picked]


def plainly_chosen(parents: Sequence[Individual], k: int, least: bool) -> list[int]:
    """Return the ids of the first by the first gene."""
    return [one.id for one in sorted(parents, key=lambda one: one.genome[0], reverse=not least)[:k]]


def drawn(genes: Any) -> tuple[Any]:
    """Change genes by draws from all global generators."""
    genes[:] = [random.random(), np.random.rand(), torch.rand((), dtype=torch.float64).item()]  # noqa: NPY002
    return (genes,)


def drawing(one: Individual, generator: torch.Generator) -> list[Any]:
    """Mutate an individual twice by draws from global generators."""
    operator = from_deap(drawn, generator=generator, ids=Ids())
    return [child.genome for (child,) in (operator(one), operator(one))]


def separate(one: Individual, generator: torch.Generator) -> list[Any]:
    """Draw all numbers one by one."""
    return [torch.rand(3, generator=generator, dtype=torch.float64) for _ in range(2)]


def call(function: Any, arguments: Arguments, generator: torch.Generator) -> Any:
    """Draw."""
    return function(arguments["individual"], generator)


def alone_of(case: Case) -> Arguments:
    """Draw an individual."""
    genome = torch.tensor(case.draw("genes", st.lists(st.floats(-1, 1), min_size=3, max_size=3)), dtype=torch.float64)
    return {"individual": Individual(genome, id=0)}


def cases(case: Case) -> Iterator[Arguments]:
    """Yield the one case."""
    yield {"individual": Individual(torch.zeros(3, dtype=torch.float64), id=0)}


def numbers(found: Any, arguments: Arguments) -> Sample:
    """Return the genes of both mutants in a row."""
    return np.concatenate([genome.numpy() for genome in found])[None]


def laws_of_draws() -> list[Law]:
    """Return the laws of functions that draw from global generators: the given one alone decides."""
    return [
        *purity_laws(alone_of, call),
        other_seeds_other_results(alone_of, call),
        distributed_as(separate, cases, call, numbers, item="gene", calls=400),
    ]


SUBJECTS = [
    Subject("functions of DEAP over genomes", COVERS, lambda: adapted, lambda: agreement_laws(plain, calls())),
    Subject(
        "functions of DEAP over populations",
        COVERS,
        lambda: chosen,
        lambda: agreement_laws(
            plainly_chosen,
            st.fixed_dictionaries({"parents": individuals(most=4), "k": st.integers(0, 4), "least": st.booleans()}),
        ),
    ),
    Subject("functions of DEAP that draw", COVERS, lambda: drawing, laws_of_draws),
]
