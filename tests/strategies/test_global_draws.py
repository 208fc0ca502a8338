"""Operators that draw from global generators are named in one warning."""

import random
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from deap import tools
from deap.base import Toolbox

from neuroevo.evolution import evolve
from neuroevo.global_generators import restored
from neuroevo.individual import Individual, offspring
from neuroevo.operators.from_deap import from_deap
from neuroevo.operators.verbs import Mutate
from neuroevo.problems.function import RASTRIGIN, SPHERE, Function
from neuroevo.space import Space
from neuroevo.strategies import SNES, Genetic
from neuroevo.strategies.global_draws import LOOKS


def from_random(one: Individual) -> tuple[Individual]:
    """Return a child that differs from its parent, as an operator of DEAP makes one."""
    return (offspring(one.genome + random.random(), (one,), id=1000 + random.getrandbits(40)),)


def from_numpy(genome: torch.Tensor) -> torch.Tensor:
    """Return a mutant."""
    return genome + np.random.rand()  # noqa: NPY002


def from_torch(genomes: torch.Tensor) -> torch.Tensor:
    """Return scores [P] that are noise."""
    return -torch.rand(len(genomes))


def swapped(verb: str, operator: Callable[..., Any]) -> Genetic:
    """Return a genetic algorithm with another operator."""
    strategy = Genetic(RASTRIGIN(3), population=6, seed=1)
    strategy.toolbox.register(verb, operator)
    return strategy


def adapted() -> Genetic:
    """Return a genetic algorithm whose mutation is wrapped in an adapter of this library."""
    strategy = Genetic(RASTRIGIN(3), population=6, seed=1)
    strategy.toolbox.register("mutate", Mutate(from_numpy, strategy.ids))
    return strategy


def bare() -> Toolbox:
    """Return a toolbox whose selection draws from `random`."""
    toolbox = Toolbox()
    toolbox.register("population", lambda: [Individual(torch.zeros(2), id=number) for number in range(4)])
    toolbox.register("select", tools.selRandom)
    toolbox.register("vary", list)
    toolbox.register("evaluate", SPHERE(2))
    return toolbox


PLANTED: dict[str, tuple[Callable[[], Any], str]] = {
    "a mutation": (lambda: swapped("mutate", from_random), r"^mutate drew from the global generator of random,.*from_"),
    "inside an adapter": (adapted, r"^mutate drew from the global generator of numpy\.random,"),
    "an evaluation": (
        lambda: SNES(Function(from_torch, Space.box(2, low=0, high=1), batched=True, noisy=True)),
        r"^evaluate drew from the global generator of torch,(?!.*from_deap)",
    ),
    "a selection of DEAP": (bare, "^population, select or vary drew from the global generator of random,"),
}


@pytest.mark.parametrize(("make", "sentence"), PLANTED.values(), ids=PLANTED)
def test_it_is_named_once(make: Callable[[], Any], sentence: str) -> None:
    """At the line of the user's loop."""
    with restored(), pytest.warns(UserWarning, match="global generator") as warned:
        list(evolve(make(), 3))
    assert len(warned) == 1
    assert warned[0].filename == __file__
    assert re.match(sentence, str(warned[0].message))


def test_the_cure_is_one() -> None:
    """`from_deap` follows the seed, so that there is nothing to warn of (and warnings are errors here)."""

    def run() -> list[float]:
        strategy = Genetic(RASTRIGIN(3), population=6, seed=1)
        cured = from_deap(tools.mutGaussian, mu=0, sigma=1, indpb=0.5, generator=strategy.generator, ids=strategy.ids)
        strategy.toolbox.register("mutate", cured)
        return [generation.mean for generation in evolve(strategy, 3)]

    assert run() == run()


def test_what_the_caller_draws_is_his() -> None:
    """Between two generations, in callbacks and in the loop."""
    with restored():
        for _ in evolve(SNES(SPHERE(2)), 3, callbacks=[lambda generation: random.random()]):
            random.random()


def test_later_generations_cost_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """States are compared in the first ones alone."""
    looks: list[int] = []
    monkeypatch.setattr("neuroevo.strategies.global_draws.fingerprints", lambda: looks.append(1) or {})
    list(evolve(SNES(SPHERE(2)), 2 * LOOKS))
    assert len(looks) == 4 * LOOKS
