"""Snapshots of arguments and results: bits, paths, memory."""

from dataclasses import dataclass

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.individual import Individual
from neuroevo.testing.laws.content import bits, content, difference, leaves, same_bits, storages

DTYPES = st.sampled_from([torch.bfloat16, torch.float16, torch.float32, torch.float64, torch.int64, torch.bool])


@dataclass
class Box:
    """Holds two things."""

    first: object
    second: Tensor


@given(st.lists(st.integers(0, 3), max_size=3).map(tuple), st.integers(1, 3), DTYPES)
def test_bits_do_not_depend_on_the_memory_layout(shape: tuple[int, ...], step: int, dtype: torch.dtype) -> None:
    """A view with any strides has the bytes of its clone: as many as its elements have."""
    wide = torch.arange(3 * 3 * 9 * 2 + 1).to(dtype)[: 3 * 3 * 9].reshape(3, 3, 9)
    view = wide[tuple(slice(None, length * step, step) for length in shape)]
    assert bits(view) == bits(view.clone(memory_format=torch.contiguous_format))
    assert len(bits(view)) == view.numel() * view.element_size()
    # One element, contiguous with a stride of 2.
    assert len(bits(torch.tensor([1.0, 1.0]).nonzero()[:1].flatten())) == 8


def test_same_bits_tells_what_equality_does_not() -> None:
    """NaN is itself, -0 is not 0, and neither shape nor dtype may differ."""
    nan = torch.tensor([float("nan")])
    assert same_bits(nan, nan.clone())
    assert not same_bits(torch.tensor([0.0]), torch.tensor([-0.0]))
    assert not same_bits(torch.zeros(2), torch.zeros(1, 2))
    assert not same_bits(torch.zeros(2, dtype=torch.int32), torch.zeros(2))


def test_the_first_difference_is_named_by_its_path() -> None:
    """Mappings, sequences and dataclasses are walked through; what is missing on one side differs."""

    def thing(deep: float, more: object = 3) -> dict[str, object]:
        return {"a": [1, Box((torch.tensor([deep]),), torch.ones(2))], "b": more}

    before = content(thing(1.0))
    assert difference(before, content(thing(1.0))) == ""
    assert difference(before, content(thing(2.0))) == "a[1].first[0]"
    assert difference(before, content(thing(1.0, more=[3]))) == "b"
    assert difference(before, content({"a": thing(1.0)["a"]})) == "b"
    assert difference(content(torch.zeros(1)), content(torch.ones(1))) == "the whole"
    assert [path for path, _ in leaves(thing(1.0))] == ["a[0]", "a[1].first[0]", "a[1].second", "b"]


def test_storages_show_shared_memory() -> None:
    """A view lies where its base lies, a clone elsewhere, and an empty tensor nowhere."""
    base = torch.arange(6.0)
    known = storages({"base": base})
    assert [*known.values()] == ["base"]
    assert known.keys() == storages([base[2:4].reshape(1, 2)]).keys()
    assert not known.keys() & storages(base.clone()).keys()
    assert storages(torch.empty(0)) == {}


def test_individuals_are_what_they_hold() -> None:
    """Genome and attributes of users are seen, and their memory."""
    one = Individual(torch.zeros(2), id=3)
    before = content([one])
    one.genome[1] = 1.0
    assert difference(before, content([one])) == "[0].genome"
    assert [*storages([one]).values()] == ["[0].genome"]
