"""Trial runs of strategies, by hand or by `evolve`, recorded as values that can be compared and stored."""

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
    """Return everything about an individual except its body, as a mapping that `content` reads."""
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
    """Run until `generations` generations have ended, and return the new ones as copies."""
    return [
        copy.deepcopy([*map(account, generation.population)])
        for generation in evolve(strategy, strategy.generation + generations)
    ]


def result(strategy: Strategy) -> Individual | None:
    """Return the result; None for a bare toolbox, which does not expose its population."""
    try:
        return strategy.result()
    except RuntimeError:
        if isinstance(strategy, BareToolbox):
            return None
        raise


def ended(strategy: Strategy) -> Account:
    """Return the result, as a copy, and the budget spent."""
    best = result(strategy)
    return {"result": None if best is None else copy.deepcopy(account(best)), "budget": strategy.budget}


def lived_through(make: Make, arguments: Arguments, generator: torch.Generator, *, generations: int) -> Any:
    """Return the record of a run with the generator's seed."""
    strategy = begun(make, generator.initial_seed())
    return {"generations": run(strategy, generations), **ended(strategy)}


def steps(strategy: Strategy, generations: int) -> Iterator[list[Individual]]:
    """Yield each generation when it has been scored; it ends when the next one is requested."""
    toolbox = strategy.toolbox
    for _ in range(generations):
        population = toolbox.generate()
        unscored = [one for one in population if not one.fitness.valid]
        scores = list(toolbox.map(toolbox.evaluate, unscored))
        if len(scores) != len(unscored):
            raise Breach(f"{len(unscored)} individuals were evaluated, but the map returned {len(scores)} scores")
        for one, values in zip(unscored, scores, strict=True):
            one.fitness.values = values
        yield population
        toolbox.update(population)


def spans(genome: Any) -> list[tuple[int, int]]:
    """Return the start and end addresses of the tensors of a genome; rows of one tensor do not overlap."""
    tensors = [leaf for _, leaf in leaves(genome) if isinstance(leaf, Tensor) and leaf.numel()]
    reaches = [
        1 + sum((length - 1) * stride for length, stride in zip(tensor.shape, tensor.stride(), strict=True))
        for tensor in tensors
    ]
    return [
        (tensor.data_ptr(), tensor.data_ptr() + reach * tensor.element_size())
        for tensor, reach in zip(tensors, reaches, strict=True)
    ]
