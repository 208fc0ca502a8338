"""How runs were made: what was compared, settings, hardware, versions, and the commands that repeat them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from neuroevo.benchmarks.analysis.conditions import describe, factors_of
from neuroevo.benchmarks.analysis.results import RunData
from neuroevo.benchmarks.report import tables
from neuroevo.benchmarks.report.grids import Grid, texts
from neuroevo.benchmarks.report.tables import format_key, format_value

MACHINE = ("device", "gpu", "threads", "processor", "cpus", "memory_gib", "platform", "host")
COURSE = ("what", "suite", "status", "error", "started", "ended", "seed")
SHOWN_ELSEWHERE = ("argv", "repeat", "versions", "python", "comparison", "findings", "sealed", *MACHINE)
SHARED = ("operators", "dataset", "backbone")
"""Settings of contestants that describe what all of them have, at length: `run.json` holds them."""


def provenance(results: Sequence[RunData]) -> list[Grid]:
    """Return settings, machine, versions and facts as tables with a column for each run."""
    facts = [result.facts for result in results]
    return [
        _side_by_side("comparison", "What was compared", [_comparison(result.comparison) for result in results]),
        _side_by_side("settings", "Settings", [result.settings for result in results]),
        _side_by_side("machine", "Hardware", [_only(one, MACHINE) for one in facts]),
        _side_by_side("versions", "Versions", [_versions(one) for one in facts]),
        _side_by_side("facts", "What run.json says", [_spread(_others(one)) for one in facts]),
    ]


def commands(result: RunData) -> list[tuple[str, str]]:
    """Return the command that repeats a run on any machine, and the one that was given; none for a run from Python."""
    repeat, argv = result.facts.get("repeat"), result.facts.get("argv")
    found = [("To repeat it", shlex.join(map(str, repeat)))] if isinstance(repeat, list) and repeat else []
    if not isinstance(argv, list) or not argv:
        return found
    return [*found, ("As it was called", shlex.join(["neuroevo", *map(str, argv[1:])]))]


def _comparison(comparison: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was compared, a line for each contestant and condition."""
    if not comparison:
        return {}
    conditions, names = comparison["conditions"], factors_of(comparison["conditions"])
    found = {"suite": comparison.get("suite"), "seeds": comparison["seeds"], "descendants": comparison["descendants"]}
    for condition, protocol in zip(conditions, comparison["protocols"], strict=True):
        found[f"descendants {describe(condition, names)}"] = protocol
    return {**found, **{one["name"]: _contestant(one) for one in comparison["contestants"]}}


def _contestant(one: Mapping[str, Any]) -> str:
    """Return the settings of a contestant that are its own, generations first."""
    own = {key: value for key, value in one["settings"].items() if key not in SHARED}
    values = _spread({"generations": one["generations"], **own})
    shown = {key: value for key, value in values.items() if not key.endswith(" kind")}  # without classes of recipes
    return ", ".join(f"{format_key(key)} {format_value(value)}" for key, value in shown.items())


def _spread(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values with those of mappings one by one, their names joined by a blank."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        within = value if isinstance(value, Mapping) and value else None
        found |= {name: value} if within is None else {f"{name} {inner}": one for inner, one in within.items()}
    return found


def _side_by_side(name: str, caption: str, columns: Sequence[Mapping[str, Any]]) -> Grid:
    keys = dict.fromkeys(key for column in columns for key in column)
    rows = tuple((format_key(key), *(format_value(column.get(key)) for column in columns)) for key in keys)
    if len(columns) > 1:
        # What differs is what a reader looks for.
        rows = tuple((f"{name} ≠" if len({*cells}) > 1 else name, *cells) for name, *cells in rows)
    runs = ("value",) if len(columns) == 1 else tuple(f"run {number}" for number in range(1, len(columns) + 1))
    return texts(name, caption, tables.Table(("name", *runs), rows))


def _only(facts: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    return {key: facts[key] for key in keys if key in facts}


def _others(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts that are shown nowhere else, how the run went first."""
    ordered = _only(facts, COURSE) | dict(facts)
    return {key: value for key, value in ordered.items() if key not in SHOWN_ELSEWHERE}


def _versions(facts: Mapping[str, Any]) -> dict[str, Any]:
    versions = facts.get("versions")
    return {"python": facts.get("python"), **(versions if isinstance(versions, Mapping) else {})}
