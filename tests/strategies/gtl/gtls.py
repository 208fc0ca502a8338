"""Small GTLs for tests, and what is compared of them; the fixture `gtls` of `tests/conftest.py` is this module."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from neuroevo.evolution import Generation, evolve
from neuroevo.execution import Recipe
from neuroevo.individual import Individual
from neuroevo.strategies import GTL, PAPER, GTLSettings

LIFE = Recipe(updates=3, batch=16)
CRITIC = Recipe(updates=2, batch=8)
# Laws about single parts are shown on the plain variant, with zero cross weights, isolation and averaging.
SMALL: Mapping[str, Any] = {
    **PAPER,
    "cross": "zero",
    "isolate": True,
    "average": True,
    "population": 4,
    "critic_shots": 3,
    "share": 0.4,
    "life": LIFE,
    "critic": CRITIC,
    "mutation_rate": 0.2,
    "final_critics": 2,
}
# What GTL does by default.
FULL: Mapping[str, Any] = {
    **{name: getattr(GTLSettings(), name) for name in PAPER},
    "cycle": 2,
}


def gtl(toys: ModuleType, backbone: str = "MLP_BACKBONE", **settings: Any) -> GTL:
    """Return a strategy that runs a generation in some hundredths of a second."""
    dataset = settings.pop("dataset", None) or toys.dataset(size=16 if backbone == "CONVNET" else 8)
    return GTL(dataset, getattr(toys, backbone), **{**SMALL, **settings})


def cheap(toys: ModuleType, score: Callable[[Individual], float], **settings: Any) -> GTL:
    """Return a strategy without training that is scored by a function."""
    strategy = gtl(toys, life=Recipe(updates=0), workers=1, **settings)
    strategy.toolbox.register("evaluate", lambda individual: (score(individual),))
    return strategy


def genome_bytes(individual: Individual) -> bytes:
    """Return a learngene as the bytes of its file; which operators were swapped is no difference."""
    notes = {name: note for name, note in individual.genome.notes.items() if name != "swapped_operators"}
    data: bytes = replace(individual.genome, notes=notes).to_bytes()
    return data


def digest(generation: Generation) -> tuple[dict[str, Any], list[bytes]]:
    """Return all that a generation was, but for the time it took."""
    record = {key: value for key, value in generation.record().items() if key != "seconds"}
    return record, [genome_bytes(one) for one in generation.population]


def run(strategy: GTL, generations: int) -> list[Any]:
    """Run a strategy and return the digests of its generations and of its result."""
    digests = [digest(generation) for generation in evolve(strategy, generations)]
    best = strategy.result()
    return [*digests, (best.id, best.fitness.values, genome_bytes(best), strategy.budget)]


def every_individual(strategy: GTL, generations: int) -> dict[int, Individual]:
    """Run a strategy and return all individuals by id."""
    return {one.id: one for generation in evolve(strategy, generations) for one in generation.population}


def equal(first: Any, second: Any) -> bool:
    """Return whether two states are equal: nested dicts, sequences, tensors and values."""
    if isinstance(first, Tensor):
        return isinstance(second, Tensor) and first.dtype == second.dtype and torch.equal(first, second)
    if isinstance(first, Mapping):
        return first.keys() == second.keys() and all(equal(first[key], second[key]) for key in first)
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(equal, first, second))
    return bool(first == second)


def heir_bodies(strategy: GTL, generations: int) -> list[tuple[Individual, Any]]:
    """Run a strategy and return every heir with what it inherited, and its network after its life."""
    original, lived = strategy.toolbox.live, []

    def spy(individual: Individual, slot: int) -> Any:
        body = original(individual, slot)
        lived.append((copy.copy(individual), copy.deepcopy(body)))
        return body

    strategy.toolbox.register("live", spy)
    every_individual(strategy, generations)
    return [(heir, body) for heir, body in lived if heir.parents]
