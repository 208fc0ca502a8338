"""The batched map: the built-in one, but with one call where a function takes whole populations."""

import operator
from functools import partial
from typing import Any

import pytest
from deap.base import Toolbox
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.execution import batched_map

lists = st.lists(st.integers(), max_size=6)


class Weighted:
    """Adds up its arguments; records how often it was called, and how."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def __call__(self, *terms: int, factor: int = 1, offset: int = 0) -> int:
        """Return a sum."""
        self.calls.append("one")
        return factor * sum(terms) + offset

    def batch(self, *terms: Any, factor: int = 1, offset: int = 0) -> list[int]:
        """Return the sums of whole lists; numbers stand for all items."""
        self.calls.append("batch")
        count = max(len(term) for term in terms if isinstance(term, list))
        columns = [term if isinstance(term, list) else [term] * count for term in terms]
        return [factor * sum(row) + offset for row in zip(*columns, strict=True)]


@given(lists, lists)
def test_functions_without_batch_are_mapped_as_built_in(first: list[int], second: list[int]) -> None:
    """For plain functions of one or two arguments the result is the built-in map's."""
    assert batched_map(abs, first) == list(map(abs, first))
    assert batched_map(operator.sub, first, second) == list(map(operator.sub, first, second))
    assert batched_map(partial(operator.sub, 3), iter(second)) == list(map(partial(operator.sub, 3), second))


@given(lists, lists)
def test_batch_gives_what_single_calls_give(first: list[int], second: list[int]) -> None:
    """One call of `batch` replaces the single ones; the shortest iterable ends the map."""
    function = Weighted()
    assert batched_map(function, first, iter(second)) == list(map(Weighted(), first, second))
    assert function.calls == (["batch"] if first and second else [])


@given(lists.filter(bool), st.integers(-3, 3), st.integers(-3, 3), st.integers(-3, 3))
def test_nested_partials_keep_their_arguments(items: list[int], one: int, two: int, offset: int) -> None:
    """Arguments bound at any depth arrive, in order, and the outermost keyword wins."""
    toolbox, function = Toolbox(), Weighted()
    toolbox.register("inner", function, one, factor=5, offset=offset)
    toolbox.register("outer", toolbox.inner, two, factor=-1)
    assert isinstance(toolbox.outer.func, partial)
    assert batched_map(toolbox.outer, items) == [-(one + two + item) + offset for item in items]
    assert batched_map(toolbox.outer, items) == list(map(toolbox.outer, items))
    assert function.calls.count("batch") == 2


def test_positional_arguments_keep_their_order() -> None:
    """What is bound inside comes before what is bound outside, and that before the items."""

    class Digits:
        def __call__(self, *digits: int) -> str:
            return "".join(map(str, digits))

        def batch(self, first: int, second: int, *columns: list[int]) -> list[str]:
            return [self(first, second, *row) for row in zip(*columns, strict=True)]

    toolbox = Toolbox()
    toolbox.register("inner", Digits(), 1)
    toolbox.register("outer", toolbox.inner, 2)
    assert batched_map(toolbox.outer, [3, 4], [5, 6]) == ["1235", "1246"]


@pytest.mark.parametrize("returned", [0, 1, 3])
def test_a_wrong_number_of_results_is_refused(returned: int) -> None:
    """A `batch` that loses or adds results is named, with both numbers."""

    class Careless:
        def batch(self, items: list[int]) -> list[int]:
            return [0] * returned

        def __repr__(self) -> str:
            return "Careless()"

    with pytest.raises(ValueError, match=rf"^Careless\(\)\.batch must return 2 results, but it returned {returned}\.$"):
        batched_map(Careless(), [1, 2])
    assert batched_map(Careless(), []) == []


def test_any_iterable_of_results_becomes_a_list() -> None:
    """A `batch` may be a generator."""

    class Lazy:
        def batch(self, items: list[int]) -> Any:
            return (item + 1 for item in items)

    assert batched_map(Lazy(), (1, 2)) == [2, 3]


@given(lists, st.integers(1, 7))
def test_the_chunk_bounds_the_call_and_nothing_else(terms: list[int], chunk: int) -> None:
    """The results equal those of one call, and there are as many calls as needed."""
    function = Weighted()
    assert batched_map(partial(function, factor=3), terms, chunk=chunk) == [3 * term for term in terms]
    assert function.calls == ["batch"] * -(-len(terms) // chunk)


def test_a_chunk_holds_something() -> None:
    """A chunk of size 0 is refused."""
    with pytest.raises(ValueError, match="chunk must be at least 1"):
        batched_map(abs, [1], chunk=0)
