"""A function with all combinations of some of its arguments, so that no branch depends on what happens to be drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product
from typing import Any

REFUSED = "refused"
"""What stands for a result of arguments that are refused."""


def every(function: Callable[..., Any], **choices: Iterable[Any]) -> Callable[..., dict[str, Any]]:
    """Return a function of the other keywords, whose results are those of all combinations, by what was chosen.

    Args:
        function: Called with keywords; what it refuses with ValueError or TypeError is a result, too.
        **choices: The values of a keyword that are all tried.
    """
    rows = [dict(zip(choices, values, strict=True)) for values in product(*(list(one) for one in choices.values()))]

    def called(**given: Any) -> dict[str, Any]:
        return {", ".join(map(str, row.values())): _outcome(function, {**given, **row}) for row in rows}

    return called


def _outcome(function: Callable[..., Any], given: dict[str, Any]) -> Any:
    try:
        return function(**given)
    except (ValueError, TypeError):
        return REFUSED
