"""Values as people write them: few digits, yes and no, and no brackets."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime

from neuroevo.cli.clock import duration
from neuroevo.spelling import outlined

MOST_NAMES = 12


def value(thing: object) -> str:
    """Return a value of JSON: three significant digits, thousands apart, lists without brackets."""
    if thing is None:
        return "by default"
    if isinstance(thing, bool):
        return "yes" if thing else "no"
    if isinstance(thing, float):
        return number(thing)
    if isinstance(thing, int):
        return f"{thing:,}"
    if isinstance(thing, Mapping):
        return f"({pairs(outlined(thing))})"
    return sequence([value(one) for one in thing]) if isinstance(thing, list | tuple) else str(thing)


def number(thing: float) -> str:
    """Return a number with three significant digits, whole ones as they are."""
    if math.isfinite(thing) and thing == round(thing) and abs(thing) < 1e6:
        return f"{thing:,.0f}"
    return f"{thing:.3g}"


def pairs(values: Mapping[str, object]) -> str:
    """Return names with their values."""
    return ", ".join(f"{key.replace('_', ' ')} {value(one)}" for key, one in values.items())


def sequence(names: Sequence[str]) -> str:
    """Return names as a list in a sentence."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def few(names: Sequence[str]) -> str:
    """Return the first of many names, and how many more there are."""
    if len(names) <= MOST_NAMES:
        return sequence(names)
    return f"{', '.join(names[:MOST_NAMES])} and {len(names) - MOST_NAMES} more"


def moment(text: object) -> str:
    """Return a time of a run directory to the minute, as it is if it can't be read."""
    try:
        return f"{datetime.fromisoformat(str(text)):%Y-%m-%d %H:%M %Z}".strip()
    except ValueError:
        return str(text)


def span(begin: object, end: object) -> str:
    """Return the time between two times of a run directory; nothing if one can't be read."""
    try:
        seconds = (datetime.fromisoformat(str(end)) - datetime.fromisoformat(str(begin))).total_seconds()
    except (ValueError, TypeError):
        return ""
    return duration(max(0.0, seconds))
