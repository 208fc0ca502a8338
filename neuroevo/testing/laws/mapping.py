"""The laws of maps: a map over a population gives what the built-in map gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import torch
from hypothesis import strategies as st

from neuroevo.testing.laws.law import Breach, Case, Law, check, name_of
from neuroevo.testing.laws.purity import Arguments, arguments_unchanged, global_generators_left_alone

Map = Callable[..., Iterable[Any]]

NUMBERS = st.lists(st.integers(-9, 9), max_size=5)


def check_map(map_: Map, *, chunk: str | None = None, examples: int | None = None) -> None:
    """Raise LawBroken unless a map keeps all laws of maps.

    Args:
        map_: Called as `map_(function, *iterables)`, as DEAP calls `toolbox.map`. Functions may have a method `batch`
            that takes whole lists (see `neuroevo.execution.batched_map`), which a map may use.
        chunk: The map's keyword for the number of items in one call of `batch`, if it has one.
        examples: Largest number of cases per law.
    """
    check(map_, map_laws(chunk=chunk), label=name_of(map_), examples=examples)


def map_laws(*, chunk: str | None = None) -> list[Law]:
    """Return the laws of maps; for the argument see `check_map`."""
    laws = [
        Law(
            "gives what the built-in map gives",
            "results come in the order in which they were ready, equal items are merged, or a lazy iterable is read "
            "more than once",
            _as_built_in,
        ),
        Law(
            "a batched function gives what its single calls give",
            "arguments that `functools.partial` or `toolbox.register` bound do not reach `batch`",
            _batch_as_single,
        ),
        Law(
            "no item is evaluated twice",
            "`batch` and the function itself are both called, or a failed call is repeated",
            _once_each,
        ),
        Law(
            "results are never lost silently",
            "`zip` without `strict=True` drops individuals when `batch` returns too few results",
            _nothing_lost,
        ),
        Law(
            "exceptions reach the caller",
            "a blanket `except`, or a worker's future that is never asked for its result",
            _errors_arrive,
        ),
        arguments_unchanged(_draw, _call),
        global_generators_left_alone(_draw, _call),
    ]
    if chunk is not None:
        laws.append(
            Law(
                "the size of chunks is irrelevant",
                "the last chunk, which is short, is left out or padded",
                partial(_any_chunk, keyword=chunk),
            )
        )
    return laws


class Difference:
    """A function of one or two numbers, batched or not, for which the order of arguments matters.

    Attributes:
        sizes: Number of items of each call.
    """

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def __call__(self, first: int, second: int = 0, *, factor: int = 1) -> int:
        """Return factor * first - second."""
        self.sizes.append(1)
        return difference(first, second, factor=factor)

    def batch(self, first: Any, second: Any = 0, *, factor: int = 1) -> list[int]:
        """Return the differences of whole lists; a bound number applies to all items."""
        (count,) = {len(column) for column in (first, second) if isinstance(column, Sequence)}
        self.sizes.append(count)
        columns = [column if isinstance(column, Sequence) else [column] * count for column in (first, second)]
        return [difference(*pair, factor=factor) for pair in zip(*columns, strict=True)]


class Careless(Difference):
    """A function whose `batch` forgets its last item."""

    def batch(self, first: Any, second: Any = 0, *, factor: int = 1) -> list[int]:
        """Return one result too few."""
        return super().batch(first, second, factor=factor)[:-1]


def difference(first: int, second: int = 0, *, factor: int = 1) -> int:
    """Return factor * first - second."""
    return factor * first - second


def unlucky(number: int) -> int:
    """Return the number, but raise ArithmeticError at 7."""
    if number == 7:
        raise ArithmeticError("7 is unlucky")
    return number


def _columns(case: Case) -> list[list[int]]:
    return case.draw("iterables", st.lists(NUMBERS, min_size=1, max_size=2))


def _as_built_in(map_: Map, case: Case) -> None:
    columns = _columns(case)
    handed_on = [iter(column) for column in columns] if case.draw("lazy", st.booleans()) else columns
    _expect(map_(difference, *handed_on), [*map(difference, *columns)])


def _batch_as_single(map_: Map, case: Case) -> None:
    columns = _columns(case)
    function = _bound(Difference(), case, room=2 - len(columns))
    _expect(map_(function, *columns), [*map(function, *columns)])


def _bound(function: Callable[..., int], case: Case, *, room: int) -> Callable[..., int]:
    """Return the function inside partials, as `toolbox.register` makes them of one another."""
    if case.draw("a bound keyword", st.booleans()):
        function = partial(function, factor=3)
    if room and case.draw("a bound argument", st.booleans()):
        function = partial(function, 5)
    return partial(function)


def _once_each(map_: Map, case: Case) -> None:
    items, function = case.draw("items", NUMBERS), Difference()
    list(map_(function, items))
    # A map over other processes does not change this function.
    if sum(function.sizes) > len(items):
        raise Breach(f"for {len(items)} items the function was given {sum(function.sizes)}")


def _nothing_lost(map_: Map, case: Case) -> None:
    items = case.draw("items", NUMBERS.filter(bool))
    try:
        found = list(map_(Careless(), items))
    except ValueError:
        return
    if len(found) != len(items):
        raise Breach(f"a batch of {len(items)} returned one result too few, and the map returned {len(found)}")


def _errors_arrive(map_: Map, case: Case) -> None:
    items = case.draw("items", st.lists(st.integers(0, 9), max_size=4).map(lambda items: [*items, 7]))
    try:
        found = list(map_(unlucky, items))
    except ArithmeticError:
        return
    raise Breach(f"the function raised ArithmeticError at 7, and the map returned {found}")


def _draw(case: Case) -> Arguments:
    return {"iterables": _columns(case)}


def _call(map_: Map, arguments: Arguments, generator: torch.Generator) -> Any:
    return [list(map_(function, *arguments["iterables"])) for function in (difference, Difference())]


def _any_chunk(map_: Map, case: Case, *, keyword: str) -> None:
    items, function = case.draw("items", NUMBERS), Difference()
    size = case.draw(keyword, st.integers(1, 6))
    _expect(map_(function, items, **{keyword: size}), [*map(difference, items)])
    if max(function.sizes, default=0) > size:
        raise Breach(f"a call had {max(function.sizes)} items, and {keyword} was {size}")


def _expect(found: Iterable[int], expected: list[int]) -> None:
    if (results := list(found)) != expected:
        raise Breach(f"the map gives {results}, and the function {expected}")
