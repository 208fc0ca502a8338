"""Optimisers that keep no state of their own."""

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.operators.optimisers import adam, ascent, clipup

OPTIMISERS: dict[str, Callable[..., Any]] = {
    "ascent": partial(ascent, learning_rate=0.1),
    "adam": partial(adam, learning_rate=0.1),
    "clipup": partial(clipup, learning_rate=0.1, max_speed=0.3),
}
all_optimisers = pytest.mark.parametrize("optimise", OPTIMISERS.values(), ids=OPTIMISERS)


def gradients(seed: int, count: int, *shape: int) -> torch.Tensor:
    """Return a row of gradients."""
    return torch.randn(count, *shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@all_optimisers
@given(seed=st.integers(0, 2**32), count=st.integers(1, 5))
def test_a_memory_is_complete(optimise: Callable[..., Any], seed: int, count: int) -> None:
    """Equal gradients and memories give equal steps, and neither is changed."""
    memory: Any = {}
    for gradient in gradients(seed, count, 4):
        kept, before = copy.deepcopy(memory), gradient.clone()
        step, after = optimise(gradient, memory)
        again, _ = optimise(gradient, copy.deepcopy(kept))
        assert torch.equal(step, again)
        assert torch.equal(gradient, before)
        assert memory.keys() == kept.keys()
        assert all(torch.equal(memory[name], value) for name, value in kept.items())
        memory = after


@all_optimisers
@given(seed=st.integers(0, 2**32))
def test_each_row_is_a_search_of_its_own(optimise: Callable[..., Any], seed: int) -> None:
    """A batch of gradients gives the steps that each gives by itself."""
    together: Any = {}
    alone: list[Any] = [{}, {}]
    for gradient in gradients(seed, 3, 2, 4):
        steps, together = optimise(gradient, together)
        for row in range(2):
            step, alone[row] = optimise(gradient[row], alone[row])
            torch.testing.assert_close(steps[row], step)


@all_optimisers
def test_nothing_to_climb(optimise: Callable[..., Any]) -> None:
    """A gradient of 0 at the start makes no step."""
    step, _ = optimise(torch.zeros(3), {})
    assert torch.equal(step, torch.zeros(3))


@given(seed=st.integers(0, 2**32), rate=st.floats(0.01, 1))
def test_adam_is_pytorchs(seed: int, rate: float) -> None:
    """The steps equal those of `torch.optim.Adam`, which descends."""
    parameter = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    theirs = torch.optim.Adam([parameter], lr=rate)
    place, memory = torch.zeros(4, dtype=torch.float64), {}
    for gradient in gradients(seed, 6, 4):
        parameter.grad = -gradient
        theirs.step()
        step, memory = adam(gradient, memory, learning_rate=rate)
        place = place + step
        torch.testing.assert_close(place, parameter.detach())


@pytest.mark.parametrize("length", [1e-30, 1e-3, 3e19, 1e38])
def test_clipup_takes_gradients_of_any_length(length: float) -> None:
    """In single precision squares of long ones are infinite, and those of short ones 0."""
    step, _ = clipup(torch.tensor([3.0, -4.0]) / 5 * length, {}, learning_rate=0.5, max_speed=1.0)
    torch.testing.assert_close(step, torch.tensor([0.3, -0.4]))


@given(seed=st.integers(0, 2**32), factor=st.floats(1e-3, 1e3))
def test_clipup_goes_by_directions(seed: int, factor: float) -> None:
    """The first step has the learning rate's length, none is faster than the greatest speed, scale does not count."""
    memory, scaled = {}, {}
    for number, gradient in enumerate(gradients(seed, 8, 4)):
        step, memory = clipup(gradient, memory, learning_rate=0.1, max_speed=0.3)
        other, scaled = clipup(factor * gradient, scaled, learning_rate=0.1, max_speed=0.3)
        torch.testing.assert_close(step, other)
        assert float(step.norm()) <= 0.3 * (1 + 1e-9)
        assert number or float(step.norm()) == pytest.approx(0.1)
