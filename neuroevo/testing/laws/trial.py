"""Strategies on trial: run by hand or by `evolve`, and told as values that can be compared and kept."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import torch
from deap.base import Toolbox
from torch import Tensor

from neuroevo.evolution import evolve
from neuroevo.individual import Individual
from neuroevo.strategies import BareToolbox, Strategy
from neuroevo.testing.laws.content import leaves
from neuroevo.testing.laws.law import Breach
from neuroevo.testing.laws.purity import Arguments

Make = Callable[[int], Strategy | Toolbox]
Account = dict[str, Any]


def account(one: Individual) -> Account:
    """Return all that an individual is, but for its body, as a mapping that `content` reads."""
    values, weights = one.fitness.values, one.fitness.weights
    return {
        "id": one.id,
        "parents": one.parents,
        "generation": one.generation,
        "fitness": {"values": values, "weights": weights},
        "genome": one.genome,
    }


def begun(make: Make, seed: int) -> Strategy:
    """Return a fresh strategy; a toolbox becomes one as in `evolve`."""
    made = make(seed)
    return BareToolbox(made) if isinstance(made, Toolbox) else made


def run(strategy: Strategy, generations: int) -> list[list[Account]]:
    """Run on until so many generations have ended and return what the new ones were, as copies."""
    return [
        copy.deepcopy([*map(account, generation.population)])
        for generation in evolve(strategy, strategy.generation + generations)
    ]


def result(strategy: Strategy) -> Individual | None:
    """Return the result; None of a bare toolbox that has none to give, as it keeps its population to itself."""
    try:
        return strategy.result()
    except RuntimeError:
        if isinstance(strategy, BareToolbox):
            return None
        raise


def ended(strategy: Strategy) -> Account:
    """Return the result, as a copy, and what was spent."""
    best = result(strategy)
    return {"result": None if best is None else copy.deepcopy(account(best)), "budget": strategy.budget}


def lived_through(make: Make, arguments: Arguments, generator: torch.Generator, *, generations: int) -> Any:
    """Return all that a run was whose seed is the generator's."""
    strategy = begun(make, generator.initial_seed())
    return {"generations": run(strategy, generations), **ended(strategy)}


def steps(strategy: Strategy, generations: int) -> Iterator[list[Individual]]:
    """Yield each generation when it has been scored; it ends when the next one is asked for."""
    toolbox = strategy.toolbox
    for _ in range(generations):
        population = toolbox.generate()
        unscored = [one for one in population if not one.fitness.valid]
        scores = list(toolbox.map(toolbox.evaluate, unscored))
        if len(scores) != len(unscored):
            raise Breach(f"{len(unscored)} individuals were evaluated, and the map gave {len(scores)} scores")
        for one, values in zip(unscored, scores, strict=True):
            one.fitness.values = values
        yield population
        toolbox.update(population)


def spans(genome: Any) -> list[tuple[int, int]]:
    """Return where the tensors of a genome begin and end in memory; rows of one tensor have nothing in common."""
    tensors = [leaf for _, leaf in leaves(genome) if isinstance(leaf, Tensor) and leaf.numel()]
    reaches = [
        1 + sum((length - 1) * stride for length, stride in zip(tensor.shape, tensor.stride(), strict=True))
        for tensor in tensors
    ]
    return [
        (tensor.data_ptr(), tensor.data_ptr() + reach * tensor.element_size())
        for tensor, reach in zip(tensors, reaches, strict=True)
    ]
