"""Which strategies, problems, suites and commands read a setting: for errors about settings that nothing reads here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, cast

from neuroevo import catalogue
from neuroevo.cli.settings.derived import settings_of
from neuroevo.cli.settings.load import fields
from neuroevo.cli.settings.run import (
    BenchMeasurement,
    BenchNetworks,
    BenchRace,
    BenchSearches,
    EvolveCandidate,
    EvolveNetworks,
    EvolveSearch,
    Inherit,
    Settings,
)

MODELS: Mapping[str, type[Settings]] = {
    "evolve with a strategy that evolves": EvolveNetworks,
    "evolve with a strategy on a data set": EvolveCandidate,
    "evolve with a strategy on a problem": EvolveSearch,
    "inherit": Inherit,
    "bench with a suite of descendants": BenchNetworks,
    "bench optimize": BenchSearches,
    "bench race": BenchRace,
    "bench with a measurement": BenchMeasurement,
}


def owners(key: str) -> list[str]:
    """Return what reads a setting, in words; few names, and those of strategies before others."""
    found = [what for what, keys in _all().items() if key in keys]
    if "gtl" not in found:
        return found
    return ["gtl and its variants" if what == "gtl" else what for what in found if not what.startswith("gtl-")]


@lru_cache(maxsize=1)
def _all() -> Mapping[str, frozenset[str]]:
    """Return the settings of everything that has some."""
    found: dict[str, frozenset[str]] = {}
    for kind in ("strategy", "problem", "graph problem", "suite"):
        for entry in catalogue.entries(kind).values():
            try:
                thing = entry.load()
            except Exception:  # noqa: BLE001, S112 - a broken plug-in reads nothing
                continue
            found[f"{kind} {entry.name}" if kind != "strategy" else entry.name] = frozenset(
                settings_of(function_of(thing))
            )
    return found | {what: frozenset(fields(model)) for what, model in MODELS.items()}


def function_of(thing: Any) -> Callable[..., Any]:
    """Return what has the signature of a thing: the class of a variant, the function of a suite, itself otherwise."""
    if not isinstance(thing, type):
        for name in ("strategy", "conditions", "measure", "protocol"):
            if callable(found := getattr(thing, name, None)):
                return cast(Callable[..., Any], found)
    return cast(Callable[..., Any], thing)
