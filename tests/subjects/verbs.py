"""Operators with DEAP's signatures, species and the register of innovation numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from torch import Tensor

from neuroevo.individual import Fitness, Ids, Individual
from neuroevo.operators.graphs import Innovations
from neuroevo.operators.verbs import Mate, Mutate, Select, Vary
from neuroevo.strategies.search import species
from neuroevo.testing.laws import Law, agreement_laws
from neuroevo.testing.laws.distribution import Sample
from neuroevo.testing.laws.frequencies import distributed_as
from neuroevo.testing.laws.law import Case
from neuroevo.testing.laws.purity import Arguments, purity_laws
from neuroevo.testing.references.graphs import Register
from subjects.subject import Subject

VERBS = ("operators/verbs.py",)
SPECIES = ("neuroevo/strategies/search/species.py",)
Facts = list[Any]


@st.composite
def populations(draw: DrawFn, *, least: int = 0, most: int = 7) -> list[Individual]:
    """Draw individuals [2], scored or not, of any generation, with ties and failures."""
    weights = draw(st.sampled_from([(1.0,), (-1.0,), (1.0, -1.0)]))
    value = st.sampled_from([0.0, 1.0, -2.0, math.nan, math.inf])
    made = []
    for place in range(draw(st.integers(least, most))):
        values = draw(st.tuples(*[value] * len(weights))) if draw(st.integers(0, 4)) else ()
        genome = torch.tensor([float(place), 10.0 + place])
        fitness = Fitness(values, weights=weights)
        made.append(Individual(genome, fitness, id=20 + place, generation=draw(st.integers(0, 3))))
        if draw(st.booleans()):
            made[-1].history_index = 70 + place
    return made


def described(individuals: Sequence[Individual]) -> Facts:
    """Return what there is to know of children."""
    facts = ("id", "parents", "generation")
    return [
        (
            one.genome.tolist(),
            *(getattr(one, fact) for fact in facts),
            one.fitness.values,
            tuple(one.fitness.weights),
            getattr(one, "history_index", None),
        )
        for one in individuals
    ]


def child(genome: list[float], id: int, parents: Sequence[Individual], like: Individual) -> tuple[Any, ...]:
    """Return what there has to be known of a child, which takes the place of an individual."""
    generation = max(one.generation + bool(one.fitness.values) for one in parents)
    index = getattr(like, "history_index", None)
    return genome, id, tuple(one.id for one in parents), generation, (), tuple(like.fitness.weights), index


def crossed(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Exchange the genomes, changed so that the children can be distinguished."""
    return second + 100, first + 200


def doubled(genomes: Tensor) -> Tensor:
    """Double genes."""
    return 2 * genomes


def vary(population: list[Individual], mating: float) -> Facts:
    """Vary a population by the library's adapter."""
    generator = torch.Generator().manual_seed(0)
    return described(Vary(crossed, doubled, Ids(next=50), mating=mating, generator=generator)(population))


def plain_vary(population: list[Individual], mating: float) -> Facts:
    """Cross neighbours, if all mate, and double all."""
    children = []
    for place, one in enumerate(population):
        partner = place + 1 if place % 2 == 0 else place - 1
        genome, family = one.genome.tolist(), [one]
        if mating == 1 and partner < len(population):
            step = 100 if place % 2 == 0 else 200
            genome = [gene + step for gene in population[partner].genome.tolist()]
            family = [population[min(place, partner)], population[max(place, partner)]]
        if not 0 <= mating <= 1:
            raise ValueError(mating)
        children.append(child([2 * gene for gene in genome], 50 + place, family, one))
    if not 0 <= mating <= 1:
        raise ValueError(mating)
    return children


def some_mate(population: list[Individual], mating: float, generator: torch.Generator) -> list[Individual]:
    """Vary a population by the library's adapter, with a probability to mate."""
    return Vary(crossed, doubled, Ids(next=50), mating=mating, generator=generator)(population)


def plainly_some_mate(population: list[Individual], mating: float, generator: torch.Generator) -> list[Individual]:
    """Throw a coin for each pair of neighbours, and cross them or leave them alone."""
    children: list[Individual] = []
    for place in range(0, len(population), 2):
        pair = population[place : place + 2]
        genomes, families = [one.genome for one in pair], [[one] for one in pair]
        if len(pair) == 2 and float(torch.rand((), generator=generator)) < mating:
            genomes, families = list(crossed(*genomes)), [pair, pair]
        for genome, family in zip(genomes, families, strict=True):
            parents = [one.id for one in family]
            children.append(Individual(2 * genome, id=50 + len(children), parents=parents, generation=1))
    return children


SEVEN = [Individual(torch.tensor([float(place), 10.0 + place]), Fitness((1.0,)), id=place) for place in range(7)]


def matings(case: Case) -> Iterator[Arguments]:
    """Yield populations of odd and even size, and probabilities."""
    for count, mating in case.each("count and mating", ((2, 0.5), (7, 0.2), (6, 0.9), (7, 0.5))):
        yield {"population": SEVEN[:count], "mating": mating}


def mated(function: Any, arguments: Arguments, generator: torch.Generator) -> Any:
    """Vary."""
    return function(arguments["population"], arguments["mating"], generator)


def kinships(children: Any, arguments: Arguments) -> Sample:
    """Return genes, parents and ids of the children, a row for each."""
    rows = [
        [*one.genome.tolist(), len(one.parents), one.parents[0], one.parents[-1], one.id, one.generation]
        for one in children
    ]
    return np.array(rows, dtype=np.float64).reshape(1, -1)


def any_population(case: Case) -> Arguments:
    """Draw a population half of whose pairs mate."""
    return {"population": case.draw("population", populations(least=1)), "mating": 0.5}


def laws_of_matings() -> list[Law]:
    """Return the laws of pairs of which some mate."""
    return [
        *purity_laws(any_population, mated),
        distributed_as(plainly_some_mate, matings, mated, kinships, item="fact", calls=400),
    ]


def mate_and_mutate(pair: list[Individual]) -> Facts:
    """Mate two and mutate the first by the library's adapters."""
    ids = Ids(next=7)
    return described([*Mate(crossed, ids)(*pair), *Mutate(doubled, ids)(pair[0])])


def plain_mate_and_mutate(pair: list[Individual]) -> Facts:
    """Return two children of both and one of the first."""
    first, second = (one.genome.tolist() for one in pair)
    genomes = [[gene + 100 for gene in second], [gene + 200 for gene in first]]
    return [
        *(child(genome, 7 + place, pair, pair[place]) for place, genome in enumerate(genomes)),
        child([2 * gene for gene in first], 9, pair[:1], pair[0]),
    ]


def best_first(ranks: Tensor, *, k: int) -> Tensor:
    """Select the greatest ranks."""
    return ranks.argsort(descending=True, stable=True)[:k]


def select(population: list[Individual], k: int | None, *, seen: bool = False) -> Facts:
    """Select the best by the library's adapter; with `seen` return the ranks that the function gets."""
    if seen:
        ranks: list[Tensor] = []
        Select(lambda given: ranks.append(given) or torch.tensor([0]))(population)
        return list(ranks[0].tolist())
    return [one.id for one in Select(best_first)(population, k)]


def plain_ranks(population: list[Individual]) -> list[float]:
    """Return 0 for failures, and for others 1 + the number of different worse fitnesses."""
    keys = []
    for one in population:
        if not one.fitness.values:
            raise ValueError(one)
        pairs = zip(one.fitness.values, one.fitness.weights, strict=True)
        keys.append(None if not all(map(math.isfinite, one.fitness.values)) else tuple(a * b for a, b in pairs))
    known = {key for key in keys if key is not None}
    return [0.0 if key is None else 1.0 + sum(other < key for other in known) for key in keys]


def plain_select(population: list[Individual], k: int | None, *, seen: bool = False) -> Facts:
    """Return the ids of the best, or the ranks."""
    ranks = plain_ranks(population)
    if seen:
        return list(ranks)
    if k is None or k > len(population):
        raise TypeError(k)
    order = sorted(range(len(population)), key=lambda place: -ranks[place])
    return [population[place].id for place in order[:k]]


@st.composite
def species_of(draw: DrawFn) -> list[species.Species]:
    """Draw species with members, some of which have not become better for long."""
    made = []
    for number in range(draw(st.integers(1, 4))):
        scores = draw(st.lists(st.sampled_from([0.0, 1.0, 3.0, -2.0, math.nan]), min_size=1, max_size=4))
        members = [Individual(float(place), Fitness((score,)), id=place) for place, score in enumerate(scores)]
        best, stale = draw(st.sampled_from([0.0, 1.0, 3.0, 7.0])), draw(st.sampled_from([0, 14, 15, 16]))
        made.append(species.Species(number, float(2 * number), members, best, stale))
    return made


def plain_allot(species: Sequence[Any], places: int) -> list[int]:
    """Allot places in proportion to the mean score above the worst, by the greatest remainders."""
    scores = [[one.fitness.wvalues[0] for one in each.members] for each in species]
    finite = [score for row in scores for score in row if score > -math.inf]
    worst = min(finite) if finite else 0.0
    ranking = sorted(range(len(species)), key=lambda place: -species[place].best)
    shares = []
    for place, row in enumerate(scores):
        total = sum(score - worst for score in row if score > -math.inf) / len(row)
        shares.append(0.0 if species[place].stale >= 15 and place not in ranking[:2] else total)
    if sum(shares) == 0:
        shares = [float(len(row)) for row in scores]
    exact = [places * share / sum(shares) for share in shares]
    counts = [math.floor(number) for number in exact]
    fractions = sorted(range(len(exact)), key=lambda place: counts[place] - exact[place])
    for place in fractions[: places - sum(counts)]:
        counts[place] += 1
    return counts


def sort_into(known: list[species.Species], scores: Sequence[tuple[float, float]]) -> Facts:
    """Sort individuals, (genome, score), into species by the library."""
    individuals = [Individual(genome, Fitness((score,)), id=place) for place, (genome, score) in enumerate(scores)]
    found = species.sort_into(known, individuals, alike=near, number=9)
    return [(one.number, one.representative, [each.id for each in one.members], one.best, one.stale) for one in found]


def near(first: Any, second: Any) -> bool:
    """Return whether two genomes are of one kind."""
    return bool(abs(first - second) < 2)


def plain_sort_into(known: list[species.Species], scores: Sequence[tuple[float, float]]) -> Facts:
    """Put each one into the first species that is near, or into a new one."""
    homes = [[one.number, one.representative, [], one.best, one.stale] for one in known]
    for place, (genome, _) in enumerate(scores):
        near_ones = [home for home in homes if abs(home[1] - genome) < 2]
        if not near_ones:
            near_ones = [[9 + len(homes) - len(known), genome, [], -math.inf, 0]]
            homes.append(near_ones[0])
        near_ones[0][2].append(place)
    made = []
    for number, representative, members, best, stale in homes:
        if members:
            members.sort(key=lambda place: (-scores[place][1], place))
            top = scores[members[0]][1]
            made.append((number, representative, members, max(top, best), 0 if top > best else stale + 1))
    return made


def register(steps: Sequence[tuple[int, int]]) -> Facts:
    """Number connections, and split each, in a register that is saved and restored between."""
    innovations = Innovations(5)
    found: Facts = []
    for source, target in steps:
        number = innovations.connection(source, target)
        found += [number, innovations.node(number, set()), innovations.node(number, {5})]
        state = innovations.state()
        # What is saved stays what it was, whatever comes later.
        found.append(state)
        innovations.node(innovations.connection(source, 9), set())
        innovations = Innovations(0)
        innovations.load(state)
    return [*found, innovations.next_node, len(innovations.connections)]


def plain_register(steps: Sequence[tuple[int, int]]) -> Facts:
    """Do the same with plain mappings."""
    plain = Register(5)
    found: Facts = []
    for source, target in steps:
        number = plain.number(source, target)
        found += [number, plain.node(number, set()), plain.node(number, {5})]
        numbers = {f"{here} {there}": number for (here, there), number in plain.numbers.items()}
        nodes = {str(split): node for split, node in plain.nodes.items()}
        found.append({"next_node": plain.next_node, "connections": numbers, "nodes": nodes})
    return [*found, plain.next_node, len(plain.numbers)]


def arguments(**drawn: st.SearchStrategy[Any]) -> st.SearchStrategy[Mapping[str, Any]]:
    """Draw keywords."""
    return st.fixed_dictionaries(drawn)


PAIRS = populations(least=2, most=2)
SCORES = st.lists(st.tuples(st.integers(0, 9).map(float), st.sampled_from([0.0, 1.0, 5.0])), max_size=8)
STEPS = st.lists(st.tuples(st.integers(0, 3), st.integers(3, 5)), max_size=5)

SUBJECTS = [
    Subject(
        "varying a population",
        VERBS,
        lambda: vary,
        lambda: agreement_laws(
            plain_vary, arguments(population=populations(), mating=st.sampled_from([1.0, 0.0, 1.5, -0.1]))
        ),
    ),
    Subject("pairs of which some mate", VERBS, lambda: some_mate, laws_of_matings),
    Subject(
        "mating and mutating individuals",
        VERBS,
        lambda: mate_and_mutate,
        lambda: agreement_laws(plain_mate_and_mutate, arguments(pair=PAIRS)),
    ),
    Subject(
        "selecting individuals",
        VERBS,
        lambda: select,
        lambda: agreement_laws(
            plain_select,
            arguments(population=populations(least=1), k=st.sampled_from([None, 0, 1, 2, 9])),
        ),
    ),
    Subject(
        "ranks of individuals",
        VERBS,
        lambda: partial(select, k=None, seen=True),
        lambda: agreement_laws(partial(plain_select, k=None, seen=True), arguments(population=populations(least=1))),
    ),
    Subject(
        "allotment of children",
        SPECIES,
        lambda: species.allot,
        lambda: agreement_laws(plain_allot, arguments(species=species_of(), places=st.integers(0, 30))),
    ),
    Subject(
        "sorting into species",
        SPECIES,
        lambda: sort_into,
        lambda: agreement_laws(plain_sort_into, arguments(known=species_of(), scores=SCORES)),
    ),
    Subject(
        "the register of innovation numbers",
        ("operators/graphs.py",),
        lambda: register,
        lambda: agreement_laws(plain_register, arguments(steps=STEPS)),
    ),
]
