"""The map that gives an evaluator the whole population at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any


def batched_map(function: Callable[..., Any], *iterables: Iterable[Any]) -> list[Any]:
    """Map like the built-in, in one call of `function.batch` where the function offers it.

    Register it as `toolbox.register("map", batched_map)`: stock DEAP loops then evaluate a population in one call.
    `batch` takes as many lists as the function takes arguments and returns the list of results.

    Args:
        function: Called with one item of each iterable; may be wrapped in `functools.partial` by
            `toolbox.register`, whose bound arguments are kept.
        *iterables: Items; the shortest ends the map, as in the built-in.

    Raises:
        ValueError: `batch` returned another number of results than it got items.
    """
    items = list(zip(*iterables, strict=False))
    inner, arguments, keywords = _unwrap(function)
    batch = getattr(inner, "batch", None)
    if batch is None:
        return [function(*item) for item in items]
    if not items:
        return []
    results = list(batch(*arguments, *map(list, zip(*items, strict=True)), **keywords))
    if len(results) != len(items):
        raise ValueError(f"{inner!r}.batch must return {len(items)} results, but it returned {len(results)}.")
    return results


def _unwrap(function: Callable[..., Any]) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
    """Return what nested partials call, with all of their bound arguments."""
    arguments: tuple[Any, ...] = ()
    keywords: dict[str, Any] = {}
    while isinstance(function, partial):
        arguments = (*function.args, *arguments)
        keywords = {**function.keywords, **keywords}
        function = function.func
    return function, arguments, keywords
