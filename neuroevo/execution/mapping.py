"""The map that gives an evaluator the whole population at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from neuroevo.execution.decorated import batch_of, penalised
from neuroevo.execution.memory import in_parts
from neuroevo.population import Population


def batched_map(function: Callable[..., Any], *iterables: Iterable[Any], chunk: int | None = None) -> list[Any]:
    """Map like the built-in, by calls of `function.batch` if the function has it.

    Register it as `toolbox.register("map", batched_map)`: stock DEAP loops then evaluate a population in one call.
    `batch` takes as many lists as the function takes arguments and returns the list of results. Calls that run out of
    memory are divided (see `neuroevo.execution.memory`), unless results depend on which individuals are evaluated
    together, which an evaluator declares by an attribute `joint = True`. An evaluator that DEAP's penalties decorate
    keeps its `batch`; the log names any other function that hides one.

    Args:
        function: Called with one item of each iterable; may be wrapped in `functools.partial` by
            `toolbox.register`, with bound arguments, which are kept.
        *iterables: Items; the shortest ends the map, as in the built-in.
        chunk: Largest number of items in one call, which bounds the memory; default all of them.

    Raises:
        ValueError: The numbers of results and items of a `batch` call differ, or `chunk` is below 1.
        TypeError: The function decorates an evaluator whose scores depend on which individuals are scored together.
    """
    if chunk is not None and chunk < 1:
        raise ValueError(f"chunk must be at least 1, but it is {chunk}.")
    inner, arguments, keywords = unwrap(function)
    inner = penalised(inner)
    batch = batch_of(inner)
    # Its individuals need not be made for a call that takes all of them.
    whole = len(iterables) == 1 and isinstance(iterables[0], Population)
    items: Sequence[Any] = iterables[0] if batch and whole else list(zip(*iterables, strict=False))  # type: ignore[assignment]
    if batch is None:
        return in_parts(lambda part: [function(*item) for item in part], items, size=1)

    def together(part: Sequence[Any]) -> list[Any]:
        columns = [part] if whole else map(list, zip(*part, strict=True))
        found = list(batch(*arguments, *columns, **keywords))
        if len(found) != len(part):
            raise ValueError(f"{inner!r}.batch must return {len(part)} results, but it returned {len(found)}.")
        return found

    return in_parts(together, items, size=chunk, divisible=not getattr(inner, "joint", False))


def unwrap(function: Callable[..., Any]) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
    """Return the function that nested partials call, with all of their bound arguments."""
    arguments: tuple[Any, ...] = ()
    keywords: dict[str, Any] = {}
    while isinstance(function, partial):
        arguments = (*function.args, *arguments)
        keywords = {**function.keywords, **keywords}
        function = function.func
    return function, arguments, keywords


def shipped(function: Callable[..., Any], items: list[tuple[Any, ...]]) -> tuple[Callable[..., Any], list[Any]]:
    """Return what is sent to workers: what the function's `ship(items)` returns, if it has one, or both as they are.

    So individuals that have much in common are sent as what they differ in, and the rest goes with the function.
    """
    inner, arguments, keywords = unwrap(function)
    ship = None if arguments or keywords else getattr(inner, "ship", None)
    found = ship(items) if ship is not None else None
    return (function, items) if found is None else found
