"""What `run.json` says of a contestant: all of its settings, and what a reader should know of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from neuroevo.benchmarks.suites.contestant import Contestant
from neuroevo.signatures import ABSENT, REQUIRED, describe, signature_of, summary
from neuroevo.strategies.strategy import Strategy, settings_of
from neuroevo.strategies.swapped import swapped

LIBRARY = "neuroevo."


def contestant_facts(contestant: Contestant, strategy: Strategy) -> dict[str, Any]:
    """Return JSON values about a contestant.

    `settings` holds all that its results depend on, `changed` those that differ from the defaults of its class,
    `swapped` the operators that its author registered, and `class` what it is.

    Args:
        contestant: The contestant.
        strategy: A strategy that it made.
    """
    settings = settings_of(strategy)
    settings.pop("seed", None)
    return {
        "name": contestant.name,
        "generations": contestant.generations,
        "settings": settings,
        "changed": _changed(settings, type(strategy)),
        "swapped": swapped(strategy),
        "class": class_facts(type(strategy)),
    }


def class_facts(kind: type) -> dict[str, str]:
    """Return the name of a class, its summary, and the class of the library that it is derived from, if it is not one.

    A class without a docstring has the summary of the one that it is derived from.
    """
    library = [one for one in kind.__mro__ if one.__module__.startswith(LIBRARY)]
    base = library[0].__name__ if library and library[0] is not kind else ""
    return {"name": kind.__name__, "base": base, "summary": summary(kind)}


def _changed(settings: Mapping[str, Any], kind: type) -> dict[str, Any]:
    """Return the settings that differ from the defaults of a class, of recipes the parts that do."""
    named = signature_of(kind).parameters.items()
    defaults = {name: describe(one.default) for name, one in named if one.default is not REQUIRED}
    plain = json.loads(json.dumps(defaults, default=lambda thing: type(thing).__name__))
    own = {name: one for name, one in settings.items() if name not in ("strategy", "operators")}
    return {name: _differing(one, plain.get(name)) for name, one in own.items() if one != plain.get(name, ABSENT)}


def _differing(value: Any, default: Any) -> Any:
    both = isinstance(value, Mapping) and isinstance(default, Mapping)
    if not both or value.get("kind") != default.get("kind"):
        return value
    return {name: one for name, one in value.items() if one != default.get(name)}
