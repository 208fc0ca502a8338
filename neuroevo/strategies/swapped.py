"""The operators of a strategy that its user swapped."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from neuroevo.strategies.strategy import Strategy, ToolboxStrategy, operators_of


def swapped(strategy: Strategy) -> dict[str, Any]:
    """Return the operators that differ from those that the constructor registers, by name, as JSON values.

    They are found by comparison with a fresh strategy of the same arguments. Nothing is known of strategies that do not
    record theirs (see `neuroevo.signatures.Recorded`).
    """
    if not isinstance(strategy, ToolboxStrategy) or not strategy.arguments:
        return {}
    try:
        fresh = operators_of(type(strategy)(**strategy.arguments))
    except (TypeError, ValueError):  # some of its arguments have no names, or can't be used twice
        return {}
    return {name: one for name, one in operators_of(strategy).items() if one != fresh.get(name)}


def noted_operators(strategy: Strategy) -> dict[str, Any]:
    """Return the note about swapped operators of what a strategy passes on: their names; nothing if there are none."""
    names = {name: name_of_operator(one) for name, one in swapped(strategy).items()}
    return {"swapped_operators": names} if names else {}


def name_of_operator(described: Any) -> str:
    """Return the name of an operator that is described: neither its arguments nor the digest of its code."""
    while isinstance(described, Mapping):
        described = described.get("call", described.get("kind"))
    return re.sub(r" \([0-9a-f]{8}\)$", "", str(described))
