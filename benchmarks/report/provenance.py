"""How runs were made: what was compared, settings, hardware, versions, and the commands that repeat them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from neuroevo.benchmarks.analysis.conditions import describe, factors_of
from neuroevo.benchmarks.analysis.results import RunData
from neuroevo.benchmarks.report import tables
from neuroevo.benchmarks.report.grids import Grid, texts
from neuroevo.benchmarks.report.tables import format_key, format_value
from neuroevo.spelling import outlined

MACHINE = ("device", "gpu", "threads", "processor", "cpus", "memory_gib", "platform", "host")
COURSE = ("what", "suite", "status", "error", "started", "ended", "seed")
SHOWN_ELSEWHERE = ("argv", "repeat", "versions", "commit", "python", "comparison", "findings", "sealed", *MACHINE)
SHARED = ("strategy", "operators", "dataset", "backbone")
"""Settings of contestants that all of them have, or that are named otherwise: `run.json` holds them."""
REPEAT = "To repeat it (options at their defaults are left out)"
LIBRARY = "neuroevo."
WITHOUT_DEFAULTS = "Settings of contestants at the defaults of their class are left out; run.json has all."


def provenance(results: Sequence[RunData]) -> list[Grid]:
    """Return settings, machine, versions and facts as tables with a column for each run."""
    facts = [result.facts for result in results]
    return [
        replace(
            _side_by_side("comparison", "What was compared", [_comparison(result.comparison) for result in results]),
            note=_left_out(results),
        ),
        _side_by_side("settings", "Settings", [result.settings for result in results]),
        _side_by_side("machine", "Hardware", [_only(one, MACHINE) for one in facts]),
        _side_by_side("versions", "Versions", [_versions(one) for one in facts]),
        _side_by_side("facts", "What run.json says", [_spread(_others(one)) for one in facts]),
    ]


def commands(result: RunData) -> list[tuple[str, str]]:
    """Return the command that repeats a run on any machine, and the one that was given; none for a run from Python."""
    repeat, argv = result.facts.get("repeat"), result.facts.get("argv")
    found = [(REPEAT, shlex.join(map(str, repeat)))] if isinstance(repeat, list) and repeat else []
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
        found[f"descendants {describe(condition, names)}"] = _lines(protocol)
    return {**found, **{one["name"]: _contestant(one) for one in comparison["contestants"]}}


def _left_out(results: Sequence[RunData]) -> str:
    """Return that settings at their defaults are left out, unless a run does not say which these are."""
    contestants = [one for result in results for one in result.comparison.get("contestants", ())]
    return WITHOUT_DEFAULTS if all("changed" in one for one in contestants) else ""


def _contestant(one: Mapping[str, Any]) -> str:
    """Return what a contestant is: its class, and what of it is not the default of that class, a line for each."""
    settings = {key: value for key, value in one.get("changed", one["settings"]).items() if key not in SHARED}
    swapped = {f"operator {name}": _operator(value) for name, value in one.get("swapped", {}).items()}
    name = one["settings"].get("strategy")
    return _lines({"class": name, "generations": one["generations"], **settings, **swapped})


def _lines(values: Mapping[str, Any]) -> str:
    """Return names and values, a line for each; what has no value is left out."""
    return "\n".join(f"{format_key(key)}: {_value(value)}" for key, value in values.items() if value is not None)


def _value(value: Any) -> str:
    """Return a value on one line; of a recipe or a network what it holds, the kind first if it is a name of its own."""
    if not isinstance(value, Mapping):
        return format_value(value)
    inside = {key: one for key, one in outlined(value).items() if one is not None and key != "kind"}
    if inside.get("begin") == 0:  # a training run that begins where they all do
        del inside["begin"]
    kind = str(value.get("kind", ""))
    words = [f"{format_key(key)} {format_value(one)}" for key, one in inside.items()]
    return "; ".join([*([kind] if kind and "." not in kind else []), *words])


def _operator(value: Any) -> str:
    """Return what an operator is called, with its simple arguments."""
    if not isinstance(value, Mapping):
        return str(value)
    name = value.get("call", value.get("kind"))
    given = {key: one for key, one in value.items() if isinstance(one, bool | int | float)}
    inside = ", ".join(f"{format_key(key)} {format_value(one)}" for key, one in given.items())
    return f"{_operator(name)} ({inside})" if inside else _operator(name)


def _spread(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values with those of mappings one by one, their names joined by a blank."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        within = value if isinstance(value, Mapping) and value else None
        found |= {name: value} if within is None else {f"{name} {inner}": one for inner, one in within.items()}
    return found


def _side_by_side(name: str, caption: str, columns: Sequence[Mapping[str, Any]]) -> Grid:
    keys = dict.fromkeys(key for column in columns for key, value in column.items() if value is not None)
    rows = tuple((format_key(key), *(_value(column.get(key)) for column in columns)) for key in keys)
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
    found = {key: value for key, value in ordered.items() if key not in SHOWN_ELSEWHERE}
    settings = facts.get("settings")
    return found | ({"settings": _of_evolution(settings)} if isinstance(settings, Mapping) else {})


def _of_evolution(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a run of `evolve` in Python, of its operators those that are not the library's."""
    operators = settings.get("operators")
    named = {name: _operator(one) for name, one in operators.items()} if isinstance(operators, Mapping) else {}
    own = {f"operator {name}": one for name, one in named.items() if not one.startswith(LIBRARY)}
    return {key: value for key, value in settings.items() if key != "operators"} | own


def _versions(facts: Mapping[str, Any]) -> dict[str, Any]:
    versions, commit = facts.get("versions"), facts.get("commit")
    found = {"python": facts.get("python"), **(versions if isinstance(versions, Mapping) else {})}
    return found | ({"commit of neuroevo": commit} if commit else {})
