"""Functions that searches share, beside plain ones."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from neuroevo.individual import Fitness, Individual
from neuroevo.problems.function import RASTRIGIN
from neuroevo.space import Space
from neuroevo.strategies import Genetic
from neuroevo.strategies.search import base, measures
from neuroevo.strategies.search.evaluations import generations_within
from neuroevo.testing.laws import agreement_laws
from subjects.subject import Subject

SEARCHES = "neuroevo/strategies/search"
BASE = (f"{SEARCHES}/base.py",)

Facts = list[Any]


@st.composite
def litters(draw: DrawFn) -> list[Individual]:
    """Draw scored individuals whose genomes are rows of few tensors, or tensors of their own."""
    weights = draw(st.sampled_from([(1.0, 0.0, 0.0), (-2.5, 0.0, 0.0)]))
    value, made = st.sampled_from([0.0, 1.0, -2.0, 0.5]), []
    for litter in range(draw(st.integers(0, 3))):
        rows = torch.arange(12.0, dtype=torch.float64).reshape(6, 2) + 100 * litter
        kept = draw(st.lists(st.integers(0, 5), unique=True, max_size=6))
        made += [rows.unbind()[row] if draw(st.booleans()) else rows[row].clone() for row in kept]
    values = [draw(st.tuples(value, value, value)) for _ in made]
    return [
        Individual(genome, Fitness(each, weights=weights), id=7 + place, parents=(place,), generation=place % 3)
        for place, (genome, each) in enumerate(zip(made, values, strict=True))
    ]


POPULATIONS = st.fixed_dictionaries({"individuals": litters()})


def facts_of(individuals: Sequence[Individual]) -> Facts:
    """Return what there is to know of individuals."""
    facts = ("id", "parents", "generation")
    return [
        (one.genome.tolist(), *(getattr(one, fact) for fact in facts), one.fitness.values, tuple(one.fitness.weights))
        for one in individuals
    ]


def compacted(individuals: list[Individual]) -> Facts:
    """Return individuals with their memory made smaller, and whether any genome keeps more than twice what is used."""
    found = base.compact(individuals)
    sizes = {one.genome.untyped_storage().data_ptr(): one.genome.untyped_storage().nbytes() for one in found}
    used = dict.fromkeys(sizes, 0)
    for one in found:
        used[one.genome.untyped_storage().data_ptr()] += one.genome.nbytes
    same = [one is other for one, other in zip(found, individuals, strict=True)]
    wasteful = any(sizes[key] > 2 * used[key] for key in sizes)
    return [facts_of(found), wasteful, same == [not moved for moved in sparse(individuals)]]


def sparse(individuals: Sequence[Individual]) -> list[bool]:
    """Return for each individual whether it shares a tensor that fewer than half of whose rows are alive."""
    storages = [one.genome.untyped_storage() for one in individuals]
    living = [sum(other.data_ptr() == each.data_ptr() for other in storages) for each in storages]
    return [
        2 * alive * one.genome.nbytes < each.nbytes()
        for one, each, alive in zip(individuals, storages, living, strict=True)
    ]


def restored(individuals: list[Individual]) -> Facts:
    """Return individuals after a state, and whether they have their own memory."""
    state = base.population_state(individuals)
    found = base.population_from(state, torch.zeros(2, dtype=torch.float64))
    kept = None if state["genomes"] is None else state["genomes"].untyped_storage().data_ptr()
    return [facts_of(found), any(one.genome.untyped_storage().data_ptr() == kept for one in found)]


def tables(individuals: list[Individual]) -> Facts:
    """Return objectives and measures."""
    return [] if not individuals else [one.tolist() for one in measures.table_of(individuals)]


def plain_tables(individuals: list[Individual]) -> Facts:
    """Return the first values with their weights' signs, and the others."""
    if not individuals:
        return []
    signs = [1 if one.fitness.weights[0] > 0 else -1 for one in individuals]
    return [
        [sign * one.fitness.values[0] for sign, one in zip(signs, individuals, strict=True)],
        [[*one.fitness.values[1:]] for one in individuals],
    ]


def twins(individuals: list[Individual]) -> Facts:
    """Return individuals with other scores, and those they were made of."""
    found = [base.twin(one, fitness=Fitness((9.0,))) for one in individuals]
    return [facts_of(found), facts_of(individuals), [type(one) is Individual for one in found]]


def plain_twins(individuals: list[Individual]) -> Facts:
    """Return the same facts by hand."""
    rows = facts_of(individuals)
    return [[(*row[:4], (9.0,), (1.0,)) for row in rows], rows, [True for _ in rows]]


def scores(individuals: list[Individual], failing: bool) -> Facts:
    """Return the scores of individuals, one of which may have failed."""
    individuals = copy.deepcopy(individuals)
    if failing and individuals:
        individuals[-1].fitness.values = (math.inf, 0.0, 0.0)
    return base.scores_of(individuals).tolist()


def plain_scores(individuals: list[Individual], failing: bool) -> Facts:
    """Return first values times their weights, and -inf for failures."""
    found = [one.fitness.values[0] * one.fitness.weights[0] for one in individuals]
    return [*found[:-1], -math.inf] if failing and individuals else found


def sizes(genes: int) -> list[int]:
    """Return a default population, and that made even."""
    return [base.default_population(genes), base.make_even(base.default_population(genes))]


def plain_sizes(genes: int) -> list[int]:
    """Return 4 + floor(3 ln D), and that or the next even number."""
    number = 4 + math.floor(3 * math.log(genes))
    return [number, 2 * math.ceil(number / 2)]


def first_steps(sigma: Any, double: bool) -> Facts:
    """Return first step sizes in a space whose spread is 0.6."""
    space = Space.box(3, low=-1, high=1, dtype=torch.float64 if double else torch.float32)
    found = base.first_sigma(space, sigma)
    return [found.tolist(), str(found.dtype), isinstance(sigma, torch.Tensor) and found.data_ptr() == sigma.data_ptr()]


def plain_first_steps(sigma: Any, double: bool) -> Facts:
    """Return a step for each gene in the precision of genomes, and refuse those that are no step."""
    kind = np.float64 if double else np.float32
    given = np.array(0.6 if sigma is None else sigma, dtype=kind) * np.ones(3, dtype=kind)
    if not all(0 < one < math.inf for one in given.tolist()):
        raise ValueError(sigma)
    return [given.tolist(), f"torch.{kind.__name__}", False]


def within(population: int, offspring: int, evaluations: int) -> int:
    """Return the generations of a steady state that some evaluations allow."""
    search = Genetic(RASTRIGIN(2), population=population, offspring=min(offspring, population))
    return generations_within(search, evaluations)


def plain_within(population: int, offspring: int, evaluations: int) -> int:
    """Count generations until the next one would cost too much; one at least."""
    spent, generations = population, 1
    while spent + min(offspring, population) <= evaluations:
        spent += min(offspring, population)
        generations += 1
    return generations


def agreement(name: str, covers: Sequence[str], function: Any, plain: Any, **drawn: Any) -> Subject:
    """Return a function beside a plain one."""
    return Subject(
        name, covers, lambda: function, lambda: agreement_laws(plain, st.fixed_dictionaries(drawn), tolerance=1.0)
    )


SUBJECTS = [
    Subject(
        "making populations compact",
        BASE,
        lambda: compacted,
        lambda: agreement_laws(lambda individuals: [facts_of(individuals), False, True], POPULATIONS),
    ),
    Subject(
        "states of populations",
        BASE,
        lambda: restored,
        lambda: agreement_laws(lambda individuals: [facts_of(individuals), False], POPULATIONS),
    ),
    agreement("twins", BASE, twins, plain_twins, individuals=litters()),
    agreement("scores of individuals", BASE, scores, plain_scores, individuals=litters(), failing=st.booleans()),
    agreement("sizes of populations", BASE, sizes, plain_sizes, genes=st.integers(1, 400)),
    agreement(
        "first step sizes",
        (*BASE, f"{SEARCHES}/variation.py"),
        first_steps,
        plain_first_steps,
        sigma=st.sampled_from(
            [None, 0.1, 2, 0.0, -1.0, math.inf, math.nan, torch.tensor([0.1, 0.2, 0.3]), torch.tensor([1.0, 0.0, 2.0])]
        ),
        double=st.booleans(),
    ),
    agreement("tables of measures", (f"{SEARCHES}/measures.py",), tables, plain_tables, individuals=litters()),
    agreement(
        "generations within evaluations",
        (f"{SEARCHES}/evaluations.py", f"{SEARCHES}/genetic.py"),
        within,
        plain_within,
        population=st.integers(1, 6),
        offspring=st.integers(1, 6),
        evaluations=st.integers(0, 40),
    ),
]
