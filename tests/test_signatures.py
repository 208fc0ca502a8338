"""Signatures and descriptions: equal things are described alike, others are not, and differences show both values."""

import json
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.operators.mutation import gaussian
from neuroevo.signatures import Recorded, describe, differences, parameters, takes, with_defaults

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


class Square(Recorded):
    """A square.

    Args:
        side: Its side, in m.
    """

    def __init__(self, side: float = 1.0, *, colour: str = "red") -> None:
        self.area = side**2


@dataclass(frozen=True, kw_only=True)
class Taken:
    """Settings.

    Attributes:
        depth: Layers.
    """

    depth: int = 3


class Holder:
    """Takes settings as keywords."""

    @takes(Taken)
    def __init__(self, first: object, second: object, taken: Taken) -> None:
        self.depth = taken.depth


class Cube(Square):
    """A cube that passes on what it does not name.

    Args:
        height: Its height, in m.
    """

    def __init__(self, *, height: float = 2.0, **settings: Any) -> None:
        super().__init__(**settings)
        self.height = height


def made(source: str) -> Callable[..., Any]:
    """Return the function `one` of a source, as that of a user's module."""
    names: dict[str, Any] = {"__name__": "mine"}
    exec(source, names)
    found: Callable[..., Any] = names["one"]
    return found


@given(VALUES)
def test_descriptions_survive_json(value: object) -> None:
    """What was noted in a file is no difference."""
    described = {"value": describe(value)}
    assert differences(json.loads(json.dumps(described)), described) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Square(), Square(1.0, colour="red")),
        (torch.arange(6.0).reshape(2, 3), torch.arange(6.0).reshape(2, 3)),
        (partial(gaussian, sigma=0.1), partial(gaussian, sigma=0.1)),
        (made("def one(x):\n  return x + 1"), made("def one(x):\n  'Says more.'\n  return x + 1")),
        (torch.ones(2, dtype=torch.bfloat16), torch.ones(2, dtype=torch.bfloat16)),
        (torch.tensor(0.5), 0.5),
    ],
)
def test_equal_things_are_described_alike(first: object, second: object) -> None:
    """However they were made; a docstring makes no difference."""
    assert describe(first) == describe(second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Square(), Square(2.0)),
        (Square(), Square(colour="blue")),
        (torch.arange(6.0), torch.arange(6.0).double()),
        (torch.arange(6.0), -torch.arange(6.0)),
        (torch.arange(6.0).reshape(2, 3), torch.arange(6.0).reshape(3, 2)),
        (partial(gaussian, sigma=0.1), partial(gaussian, sigma=0.2)),
        (made("def one(x):\n  return x + 1"), made("def one(x):\n  return x + 2")),
        (made("def one(x):\n  return x + 1"), made("def one(x):\n  return x - 1")),
        (made("def one(x=1):\n  return x"), made("def one(x=2):\n  return x")),
        (lambda x: x, lambda x: -x),
        ([1, 2], [2, 1]),
        (1, True),
        (0.0, "0.0"),
    ],
)
def test_other_things_are_described_otherwise(first: object, second: object) -> None:
    """By a setting, a number, a type, a shape, or a line of code."""
    assert differences({"it": describe(first)}, {"it": describe(second)})


def test_differences_show_the_place_and_both_values() -> None:
    """Innermost settings, not whole objects; an object of another class is one difference."""
    before, now = {"a": {"b": 1, "c": 2}, "gone": 1}, {"a": {"b": 1, "c": 3}, "new": "x"}
    assert differences(before, now) == [
        "a.c (2 then, 3 now)",
        "gone (1 then, nothing now)",
        "new (nothing then, 'x' now)",
    ]
    assert len(differences({"it": describe(Square())}, {"it": {"kind": "Circle", "radius": 1.0}})) == 1


def test_arguments_are_recorded_with_defaults() -> None:
    """By name, whatever the call was like, and in copies of other processes as well."""
    square = Square(3.0)
    assert dict(square.arguments) == {"side": 3.0, "colour": "red"}
    assert dict(pickle.loads(pickle.dumps(square)).arguments) == dict(square.arguments)


def test_parameters_have_types_defaults_and_sentences() -> None:
    """Those of a signature, of a docstring, and of a dataclass that a constructor takes."""
    side = parameters(Square)["side"]
    assert (side.annotation, side.default, side.description) == (float, 1.0, "Its side, in m.")
    assert parameters(Holder)["depth"].description == "Layers."
    assert Holder(1, 2, depth=7).depth == 7
    with pytest.raises(TypeError, match="dept"):
        Holder(1, 2, dept=7)  # type: ignore[call-arg]


def test_other_defaults_are_those_of_fields() -> None:
    """A field that there is not is refused."""
    deep = with_defaults("Deep", Taken, module=__name__, depth=9)
    assert deep().depth == 9
    with pytest.raises(TypeError, match="they have dept"):
        with_defaults("Deep", Taken, module=__name__, dept=9)


def test_settings_of_the_class_above_are_passed_on() -> None:
    """A constructor with `**settings` has the parameters of the one that it calls, and says which these are."""
    found = parameters(Cube)
    assert {name: (one.default, one.passed_on) for name, one in found.items()} == {
        "height": (2.0, False),
        "side": (1.0, True),
        "colour": ("red", True),
    }
    assert found["side"].annotation is float
    assert found["side"].description == "Its side, in m."
    assert dict(Cube(side=3.0).arguments) == {"height": 2.0, "side": 3.0}


def test_a_function_with_settings_of_any_name_has_its_own_alone() -> None:
    """Nothing says where they go."""

    def one(first: int, **others: Any) -> None:
        del first, others

    assert [*parameters(one)] == ["first"]
