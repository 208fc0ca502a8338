"""Functions sent to workers: unchanged on arrival, with large tensors sent once."""

import threading
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.execution.shipping import LARGE, REMEMBERED, Package, Packer, WorkerCache


class Line:
    """Packs and unpacks, and records which tensors are sent separately."""

    def __init__(self) -> None:
        self.packer, self.cache = Packer(lambda array: array), WorkerCache()
        self.has: set[int] = set()
        self.shipped: list[int] = []

    def send(self, function: Any) -> Any:
        """Return the function as it arrives."""
        package: Package = self.packer.pack(function)
        payloads = self.packer.payloads
        new, drop = sorted(package.needs - self.has), sorted(self.has - payloads.keys())
        self.shipped += [payloads[number].nbytes for number in new]
        self.has = (self.has | {*new}) - {*drop}
        self.cache.take(new, [payloads[number] for number in new], drop)
        return self.cache.unpack(package.data)


def total(tensors: list[torch.Tensor]) -> float:
    """Return the sum of all elements."""
    return sum(float(tensor.sum()) for tensor in tensors)


def large(value: float = 1.0, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Return a tensor that is sent separately."""
    return torch.full((LARGE,), value, dtype=dtype)


@given(
    dtype=st.sampled_from([torch.float32, torch.bfloat16, torch.int64, torch.uint8, torch.bool]),
    shape=st.sampled_from([(1,), (LARGE,), (4, LARGE), (LARGE, 2, 1)]),
    transposed=st.booleans(),
)
def test_tensors_arrive_as_they_were(dtype: torch.dtype, shape: tuple[int, ...], transposed: bool) -> None:
    """Values, dtype, shape and strides are the same, however they are sent."""
    tensor = torch.arange(int(np.prod(shape))).reshape(shape).to(dtype)
    tensor = tensor.T if transposed and tensor.ndim == 2 else tensor
    (arrived,) = Line().send(partial(total, [tensor])).args[0]
    assert (arrived.dtype, arrived.shape, arrived.stride()) == (tensor.dtype, tensor.shape, tensor.stride())
    assert torch.equal(arrived, tensor)


def test_a_large_tensor_travels_once() -> None:
    """However often and in whatever function it is sent; small ones travel with their function."""
    line, tensor = Line(), large()
    for factor in range(3):
        small = torch.full((3,), float(factor))
        assert line.send(partial(total, [tensor, small]))() == LARGE + 3 * factor
        assert len(line.packer.pack(partial(total, [tensor, small])).data) < LARGE
    assert line.shipped == [4 * LARGE]


def test_a_tensor_that_was_changed_travels_again() -> None:
    """An evaluator that is updated between two generations is not stale on a worker."""
    line, tensor = Line(), large()
    function = partial(total, [tensor])
    assert line.send(function)() == LARGE
    tensor[0] += 1
    assert line.send(function)() == LARGE + 1


def test_memory_that_is_used_again_is_another_tensor() -> None:
    """A new tensor in the place of one that is gone is not mistaken for it."""
    line = Line()
    for value in range(5):
        assert line.send(partial(total, [large(value)]))() == value * LARGE


def test_what_is_forgotten_is_dropped_by_workers() -> None:
    """Neither side holds more tensors than the limit, and one that was dropped is sent again."""
    line, first = Line(), large()
    line.send(partial(total, [first]))
    for value in range(2 * REMEMBERED):
        line.send(partial(total, [large(value, torch.uint8)]))
    assert len(line.packer.payloads) <= REMEMBERED + 1
    assert len(line.cache._arrays) <= REMEMBERED + 1
    assert line.send(partial(total, [first]))() == LARGE


def test_what_needs_its_strides_or_its_graph_travels_with_its_function() -> None:
    """A parameter stays one."""
    (arrived,) = Line().send(partial(total, [torch.nn.Parameter(large())])).args[0]
    assert isinstance(arrived, torch.nn.Parameter)


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (lambda number: number, "<lambda>"),
        (partial(total, threading.Lock()), "total"),
        (partial(total, (number for number in range(3))), "total"),
        (partial(partial(lambda number: number), 3), "<lambda>"),
    ],
)
def test_what_can_not_travel_is_named(function: Any, name: str) -> None:
    """The sentence begins with the function's name and says what to do."""
    with pytest.raises(TypeError, match=rf"{name} must be picklable to run in other processes, .*; define what"):
        Packer(lambda array: array).pack(function)
