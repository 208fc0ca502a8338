"""Strategies with populations, each beside a plain reference with equal settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from neuroevo.problems.function import Function
from neuroevo.problems.graphs import xor
from neuroevo.space import Space
from neuroevo.strategies import NEAT, NSGA2, PBT, Genetic, Island, Lamarckian, MAPElites, Novelty
from neuroevo.strategies.search.species import Species
from neuroevo.testing.laws import Law
from neuroevo.testing.laws.populations import population_laws
from neuroevo.testing.references.crossover import simulated_binary, uniform
from neuroevo.testing.references.mutation import gaussian, multiscale, polynomial
from neuroevo.testing.references.strategies.archives import PlainMAPElites, PlainNovelty
from neuroevo.testing.references.strategies.genetic import PlainGenetic, PlainIslands
from neuroevo.testing.references.strategies.individuals import clipped
from neuroevo.testing.references.strategies.learners import PlainLamarckian, PlainPBT
from neuroevo.testing.references.strategies.neat import PlainNEAT
from neuroevo.testing.references.strategies.nsga2 import PlainNSGA2
from subjects.subject import Subject

SEARCH = ("neuroevo/strategies/strategy.py", "neuroevo/strategies/toolbox.py", "neuroevo/strategies/search/base.py")
VARIED = (*SEARCH, "neuroevo/strategies/search/variation.py")

Floats = NDArray[np.float64]

LOW, HIGH, GENES = -1.0, 2.0, 3
SPREAD = 0.3 * (HIGH - LOW)
"""The documented default of a box."""


def nothing(genome: torch.Tensor) -> float:
    """Return 0: the laws draw the scores."""
    return 0.0 * float(genome[0])


def box(weights: tuple[float, ...] = (-1.0,)) -> Function:
    """Return a problem with bounds."""
    return Function(nothing, Space.box(GENES, low=LOW, high=HIGH), weights=weights)


def free(weights: tuple[float, ...] = (-1.0,), dtype: torch.dtype = torch.float64) -> Function:
    """Return a problem without bounds."""
    start = torch.tensor([0.5, 0.0, -1.0], dtype=dtype)
    return Function(nothing, Space.box(GENES, start=start, spread=0.7), weights=weights)


def anywhere(generator: np.random.Generator) -> tuple[float, ...]:
    """Draw a genome between the bounds."""
    return tuple(generator.uniform(LOW, HIGH) for _ in range(GENES))


def around(generator: np.random.Generator) -> tuple[float, ...]:
    """Draw a genome about the start."""
    return tuple(generator.normal(middle, 0.7) for middle in (0.5, 0.0, -1.0))


in_box = partial(clipped, low=LOW, high=HIGH)

BOXED: dict[str, Any] = {
    "first": anywhere,
    "cross": uniform,
    "mutate": partial(multiscale, sigma=SPREAD, rate=0.1),
    "clip": in_box,
}
FREE: dict[str, Any] = {"first": around, "cross": uniform, "mutate": partial(multiscale, sigma=0.7, rate=0.1)}


def genetic(seed: int, **settings: Any) -> Genetic:
    """Return a genetic algorithm in a box."""
    return Genetic(box(), seed=seed, **settings)


RANGES = ((-1.0, 1.0), (0.0, 2.5))


def measured() -> Function:
    """Return a problem with measures."""
    return replace(box((-1.0, 0.0, 0.0)), measures=RANGES)


def bowl(genomes: torch.Tensor) -> torch.Tensor:
    """Return a bowl whose axes differ, over genomes [P, D]."""
    return (torch.tensor([1.0, 2.0, 0.5], dtype=genomes.dtype) * (genomes - 0.25).square()).sum(-1)


def uphill(genome: Floats) -> Floats:
    """Return the gradient of the negative bowl."""
    return -2 * np.array([1.0, 2.0, 0.5]) * (genome - 0.25)


def bowl_at(genome: Floats) -> float:
    """Return the bowl at one genome."""
    return float((np.array([1.0, 2.0, 0.5]) * (genome - 0.25) ** 2).sum())


def learnable(problem: Callable[[], Function] = box) -> Function:
    """Return a problem with a gradient."""
    return replace(problem(), function=bowl, batched=True)


def in_species(strategy: NEAT, draws: np.random.Generator) -> None:
    """Give species the sizes and the staleness about which they are treated otherwise, and one a better best."""
    members = [one for each in strategy.species for one in each.members]
    strategy.species, start = [], 0
    kinds = [(5, 15), (6, 14), (5, 14), (6, 15), (7, 16), (4, 0)]
    if strategy.generation % 2:
        kinds[:2] = kinds[1::-1]
    for number, (size, stale) in enumerate(kinds):
        own = sorted(members[start : start + size], key=lambda one: one.fitness, reverse=True)
        best = 9.0 - number if number < 2 else own[0].fitness.wvalues[0]
        strategy.species.append(Species(number, own[int(draws.integers(size))].genome, own, best, stale))
        start += size
    strategy.next_species = len(strategy.species)


def subject(
    name: str, file: str | Sequence[str], make: Callable[[int], Any], reference: Any, *more: Law, **settings: Any
) -> Subject:
    """Return a strategy beside its reference, which also keeps the laws of all strategies."""
    files = [file] if isinstance(file, str) else file
    covers = (*VARIED, *(f"neuroevo/strategies/search/{one}.py" for one in files))
    return Subject(name, covers, lambda: make, lambda: [*population_laws(reference, **settings), *more])


SUBJECTS = [
    subject("genetic by default", "genetic", genetic, PlainGenetic(**BOXED), examples=4),
    subject(
        "genetic without bounds",
        "genetic",
        lambda seed: Genetic(
            free((2.0,)), population=7, seed=seed, elites=2, tournament=2, sigma=0.4, rate=0.5, mating=0.6
        ),
        PlainGenetic(
            **{**FREE, "mutate": partial(multiscale, sigma=0.4, rate=0.5)},
            population=7,
            elites=2,
            tournament=2,
            mating=0.6,
        ),
    ),
    subject(
        "genetic in a steady state",
        "genetic",
        lambda seed: Genetic(box(), population=6, offspring=3, seed=seed, tournament=1, mating=0.0),
        PlainGenetic(**BOXED, population=6, offspring=3, tournament=1, mating=0.0),
    ),
    subject(
        "genetic without elites",
        "genetic",
        lambda seed: Genetic(box(), population=5, seed=seed, elites=0, rate=1.0),
        PlainGenetic(**{**BOXED, "mutate": partial(multiscale, sigma=SPREAD, rate=1.0)}, population=5, elites=0),
    ),
    subject(
        "islands",
        "island",
        lambda seed: Island(box(), population=12, islands=3, interval=2, migrants=2, seed=seed),
        PlainIslands(**BOXED, population=12, islands=3, interval=2, migrants=2),
    ),
    subject(
        "islands by default",
        "island",
        lambda seed: Island(free(), seed=seed),
        PlainIslands(**FREE),
        examples=4,
    ),
    subject(
        "NSGA-II",
        "nsga2",
        lambda seed: NSGA2(box((-1.0, 2.0)), population=6, seed=seed),
        PlainNSGA2(
            **{
                **BOXED,
                "cross": partial(simulated_binary, eta=20, low=LOW, high=HIGH),
                "mutate": partial(polynomial, eta=20, low=LOW, high=HIGH, rate=1 / GENES),
            },
            population=6,
        ),
    ),
    subject(
        "NSGA-II without bounds",
        "nsga2",
        lambda seed: NSGA2(free((-1.0, -1.0, 1.0)), population=9, seed=seed, rate=0.7),
        PlainNSGA2(
            **{
                **FREE,
                "cross": partial(simulated_binary, eta=20),
                "mutate": partial(multiscale, sigma=0.7, rate=0.7),
            },
            population=9,
        ),
    ),
    subject(
        "MAP-Elites",
        ("map_elites", "repertoire", "measures"),
        lambda seed: MAPElites(measured(), population=6, cells=3, seed=seed),
        PlainMAPElites(first=anywhere, clip=in_box, ranges=RANGES, population=6, cells=3, sigma=0.3 * SPREAD),
    ),
    subject(
        "MAP-Elites by default",
        ("map_elites", "repertoire", "measures"),
        lambda seed: MAPElites(measured(), seed=seed),
        PlainMAPElites(first=anywhere, clip=in_box, ranges=RANGES, sigma=0.3 * SPREAD),
        examples=4,
    ),
    subject(
        "MAP-Elites with other steps",
        ("map_elites", "repertoire", "measures"),
        lambda seed: MAPElites(
            replace(free((2.0, 0.0)), measures=RANGES[1:]),
            population=5,
            cells=4,
            seed=seed,
            sigma=torch.tensor([0.1, 0.2, 0.4]),
            line=0.7,
            least=1.0,
        ),
        PlainMAPElites(
            first=around, ranges=RANGES[1:], population=5, cells=4, sigma=np.array([0.1, 0.2, 0.4]), line=0.7, least=1.0
        ),
    ),
    subject(
        "MAP-Elites with one elite",
        ("map_elites", "repertoire"),
        lambda seed: MAPElites(replace(free((1.0, 0.0)), measures=RANGES[:1]), cells=1, seed=seed),
        # Without another elite there is nothing but noise.
        PlainMAPElites(first=around, ranges=RANGES[:1], cells=1, sigma=0.3 * 0.7),
        examples=2,
        children=40_000,
        states=[(1, "distinct")],
    ),
    subject(
        "genetic with many steps",
        ("genetic", "variation"),
        lambda seed: Genetic(free(), seed=seed, rate=1.0, mating=0.0),
        PlainGenetic(**{**FREE, "mutate": partial(multiscale, sigma=0.7, rate=1.0)}, mating=0.0),
        examples=2,
        children=40_000,
        states=[(1, "distinct")],
    ),
    subject(
        "novelty search",
        ("novelty", "measures"),
        lambda seed: Novelty(measured(), population=6, neighbours=3, seed=seed, tournament=2, rate=0.5),
        PlainNovelty(
            first=anywhere,
            mutate=partial(gaussian, sigma=SPREAD / 3, rate=0.5),
            clip=in_box,
            ranges=RANGES,
            population=6,
            neighbours=3,
            tournament=2,
        ),
    ),
    subject(
        "novelty search by default",
        ("novelty", "measures"),
        lambda seed: Novelty(measured(), seed=seed),
        PlainNovelty(first=anywhere, mutate=partial(gaussian, sigma=SPREAD / 3, rate=0.1), clip=in_box, ranges=RANGES),
        examples=4,
    ),
    subject(
        "novelty search with a threshold",
        ("novelty", "measures"),
        lambda seed: Novelty(measured(), population=5, threshold=1.0, seed=seed, sigma=0.3),
        PlainNovelty(
            first=anywhere,
            mutate=partial(gaussian, sigma=0.3, rate=0.1),
            clip=in_box,
            ranges=RANGES,
            population=5,
            threshold=1.0,
        ),
    ),
    subject(
        "Lamarckian",
        ("lamarckian", "genetic"),
        lambda seed: Lamarckian(learnable(), population=6, seed=seed),
        PlainLamarckian(**BOXED, gradient=uphill, spread=SPREAD, population=6),
        children=1200,
    ),
    subject(
        "Lamarckian in a steady state",
        ("lamarckian", "genetic"),
        lambda seed: Lamarckian(
            learnable(free), population=6, offspring=3, seed=seed, steps=2, learning_rate=0.3, tournament=2, rate=0.5
        ),
        PlainLamarckian(
            **{**FREE, "mutate": partial(multiscale, sigma=0.7, rate=0.5)},
            gradient=uphill,
            spread=0.7,
            population=6,
            offspring=3,
            steps=2,
            learning_rate=0.3,
            tournament=2,
        ),
        children=1200,
    ),
    subject(
        "Baldwinian by default",
        ("lamarckian", "genetic"),
        lambda seed: Lamarckian(learnable(), seed=seed, inherited=False),
        PlainLamarckian(**BOXED, gradient=uphill, spread=SPREAD, score=bowl_at),
        examples=4,
    ),
    subject(
        "population-based training",
        ("pbt", "lamarckian"),
        lambda seed: PBT(learnable(), population=6, seed=seed, steps=2, rates=(0.05, 0.2)),
        PlainPBT(first=anywhere, gradient=uphill, clip=in_box, spread=SPREAD, population=6, steps=2, rates=(0.05, 0.2)),
    ),
    subject(
        "population-based training by default",
        ("pbt", "lamarckian"),
        lambda seed: PBT(learnable(free), seed=seed),
        PlainPBT(first=around, gradient=uphill, spread=0.7),
        examples=8,
    ),
    subject(
        "NEAT",
        ("neat", "species"),
        lambda seed: NEAT(
            xor(),
            population=16,
            seed=seed,
            threshold=2.0,
            weight_rate=0.6,
            connection_rate=0.3,
            node_rate=0.2,
        ),
        PlainNEAT(
            inputs=2,
            outputs=1,
            population=16,
            threshold=2.0,
            weight_rate=0.6,
            connection_rate=0.3,
            node_rate=0.2,
        ),
        children=1200,
    ),
    subject(
        "NEAT with species of every kind",
        ("neat", "species"),
        lambda seed: NEAT(xor(), population=33, seed=seed, node_rate=0.0),
        PlainNEAT(inputs=2, outputs=1, population=33, node_rate=0.0),
        examples=2,
        children=6000,
        states=[(1, "distinct"), (2, "distinct")],
        arrange=in_species,
    ),
    subject(
        "NEAT by default",
        ("neat", "species"),
        lambda seed: NEAT(xor(), seed=seed),
        PlainNEAT(inputs=2, outputs=1),
        examples=4,
        states=[(0, "distinct"), (3, "distinct")],
    ),
]
