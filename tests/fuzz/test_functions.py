"""Functions that return anything, over spaces of all kinds: one individual fails, and genomes stay in the space."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.discrete import Bits, Integers, Permutations
from neuroevo.evolution import evolve
from neuroevo.genome import Genome
from neuroevo.problems.function import Function
from neuroevo.space import Space
from neuroevo.strategies.search.cma_es import CMAES
from neuroevo.strategies.search.differential import Differential
from neuroevo.strategies.search.genetic import Genetic
from neuroevo.strategies.search.island import Island
from neuroevo.strategies.search.openai_es import OpenAIES
from neuroevo.strategies.search.pgpe import PGPE
from neuroevo.strategies.search.snes import SNES

pytestmark = pytest.mark.slow


class Number:
    """Says that it is a number, and is none."""

    def __float__(self) -> float:
        """Raise."""
        raise ArithmeticError("no")


def raises(genome: Tensor) -> Any:
    """Raise what an evaluation may raise."""
    raise KeyError(genome.sum().item())


RETURNED: dict[str, Callable[[Tensor], Any]] = {
    "a number": lambda genome: float(genome.double().sum()),
    "a tensor": lambda genome: genome.double().sum(),
    "a tuple": lambda genome: (genome.double().sum(),),
    "an array": lambda genome: np.float32(genome.double().sum()),
    "a boolean": lambda genome: bool(genome.double().sum() > 1),
    "a decimal": lambda genome: Decimal(float(genome.double().sum())),
    "a fraction": lambda genome: Fraction(float(genome.double().sum())),
    "a huge integer": lambda genome: 10**400,
    "not a number": lambda genome: math.nan,
    "infinity": lambda genome: math.inf,
    "nothing": lambda genome: None,
    "a word": lambda genome: "1.0",
    "a complex number": lambda genome: 1j,
    "too many": lambda genome: (1.0, 2.0),
    "an empty tuple": lambda genome: (),
    "no float": lambda genome: Number(),
    "an error": raises,
}
RIGHT = ("a number", "a tensor", "a tuple", "an array", "a boolean", "a decimal", "a fraction")

SPACES: dict[str, Callable[[int], Any]] = {
    "box": lambda size: Space.box(size, low=-1, high=2),
    "single": lambda size: Space.box(size, low=-1, high=2, dtype=torch.float32),
    "half open": lambda size: Space.box(size, low=0),
    "unbounded": lambda size: Space.box(size),
    "bfloat16": lambda size: Space.box(size, low=-1, high=1, dtype=torch.bfloat16),
    "tracked": lambda size: Space.box(size, start=torch.zeros(size, requires_grad=True)),
    "bits": Bits,
    "integers": lambda size: Integers(size, low=-2, high=3),
    "permutation": Permutations,
}
STRATEGIES = (Genetic, Island, SNES, PGPE, OpenAIES, CMAES, Differential)


def inside(genome: Tensor, space: Any) -> bool:
    """Return whether a genome is one of the space."""
    if isinstance(space, Permutations):
        return sorted(genome.tolist()) == [*range(len(genome))]
    return all(
        bool(((part >= block.low) & (part <= block.high)).all())
        for block, part in zip(space.blocks, space.split(genome).values(), strict=True)
    )


@given(data=st.data())
def test_whatever_a_function_returns(data: st.DataObject) -> None:
    """A run ends with a result in the space, or with one sentence; what failed is counted."""
    name, size = data.draw(st.sampled_from(sorted(SPACES))), data.draw(st.integers(1, 5))
    kind, seed = data.draw(st.sampled_from(STRATEGIES)), data.draw(st.integers(0, 3))
    usual, rare = data.draw(st.sampled_from(RIGHT)), data.draw(st.sampled_from(sorted(RETURNED)))
    every = data.draw(st.integers(1, 4))
    calls = iter(range(10**6))

    def function(genome: Tensor) -> Any:
        odd = next(calls) % every == 0
        value = RETURNED[rare if odd else usual](genome)
        genome.zero_()  # what a function does to its argument is its own business
        return value

    said, generations, space = "", [], None
    try:
        space = SPACES[name](size)
        strategy = kind(Function(function, space), population=8, seed=seed)
        for generation in evolve(strategy, 3):
            generations.append(generation)
        result = strategy.result()
    except (ValueError, TypeError, RuntimeError) as error:
        said = str(error)
        assert "\n" not in said
        assert len(said) < 1000
    for generation in generations:
        for one in generation.population:
            assert inside(one.genome, space), one.genome
            assert not one.genome.requires_grad
            assert one.fitness.failed == (not all(map(math.isfinite, one.fitness.values)))
        assert generation.failed == sum(one.fitness.failed for one in generation.population)
    if said:
        return
    assert not result.fitness.failed
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "best.safetensors"
        saved = Genome.of(result, strategy.space)
        saved.save(path)
        assert {k: v.tolist() for k, v in Genome.load(path).blocks.items()} == {
            k: v.tolist() for k, v in saved.blocks.items()
        }
