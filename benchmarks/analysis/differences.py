"""One comparison against another: how every strategy differs, and what forbids to compare them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from neuroevo.benchmarks.analysis.conditions import (
    by_condition,
    describe,
    factors_of,
    format_value,
    key_of,
    varying,
)
from neuroevo.benchmarks.analysis.evolution import flattened, other_settings, short
from neuroevo.benchmarks.analysis.pairs import Pairs
from neuroevo.benchmarks.analysis.results import RunData
from neuroevo.benchmarks.analysis.statistics import Estimate, estimate, holm
from neuroevo.benchmarks.analysis.summary import Finals, Seeds, finals, pairs_of


@dataclass(frozen=True)
class Difference:
    """One strategy in two runs.

    Attributes:
        strategy: Its name, with its condition where descendants live in several.
        first: Its accuracy after all updates in the first run, over the common seeds; without any over the run's own.
        second: Likewise in the second run.
        pairs: The second against the first over their common seeds; None if there are none.
        p_holm: The paired t-test's p-value with Holm's correction over all strategies of both runs.
    """

    strategy: str
    first: Estimate
    second: Estimate
    pairs: Pairs | None
    p_holm: float


def differences(first: RunData, second: RunData) -> list[Difference]:
    """Compare every strategy that both runs have, the second run against the first."""
    before, after = _finals(first), _finals(second)
    names = [name for name in before if name in after]
    found = [pairs_of(after[name], before[name], tests=len(names)) for name in names]
    corrected = holm([math.nan if pairs is None else pairs.p_value for pairs in found])
    return [
        Difference(name, *_estimates(before[name], after[name]), pairs, p_holm)
        for name, pairs, p_holm in zip(names, found, corrected, strict=True)
    ]


def equal_accuracies(first: RunData, second: RunData) -> int | None:
    """Return how many accuracies two runs have in common if all of these are equal; None if any differ."""
    before, after = (dict(_each(one)) for one in (first, second))
    common = before.keys() & after.keys()
    return len(common) if all(before[key] == after[key] for key in common) else None


def _each(result: RunData) -> Iterator[tuple[tuple[str, int, int], float]]:
    for name, seeds in _finals(result).items():
        for seed, descendants in seeds.items():
            yield from (((name, seed, number), accuracy) for number, accuracy in descendants.items())


def _finals(result: RunData) -> Finals:
    """Return the accuracies at the end by strategy, each condition of several apart."""
    groups = by_condition(result.records)
    factors = varying(group.condition for group in groups)
    return {
        f"{name} ({phrase})" if (phrase := describe(condition, factors)) else name: seeds
        for condition, records in groups
        for name, seeds in finals(records).items()
    }


def obstacles(first: RunData, second: RunData) -> list[str]:
    """Return in sentences why two runs can't be compared: other data, other descendants, another budget.

    Generations of `evolve` are compared with those of equal settings only.
    """
    names = f"{first.path} and {second.path}"
    if first.is_evolution or second.is_evolution:
        return [f"{names} can't be compared: {why}." for why in _evolution_obstacles(first, second)]
    empty = [str(result.path) for result in (first, second) if not result.rows]
    if empty:
        return [f"{' and '.join(empty)} can't be compared: there is no finished comparison of strategies."]
    before, after = _protocol(first), _protocol(second)
    differing = [key for key in dict.fromkeys([*before, *after]) if before.get(key) != after.get(key)]
    found = [
        f"{names} differ in {key}: {short(before.get(key, 'none'))} and {short(after.get(key, 'none'))}."
        for key in differing
        if f"{key.partition(' ')[0]} kind" not in differing or key.endswith(" kind")  # all else differs then, too
    ]
    if not differing and {*map(key_of, first.conditions)} != {*map(key_of, second.conditions)}:
        found.append(f"{names} differ in how the factors of their conditions are combined.")
    if "dataset" not in differing and _data(first) != _data(second):
        found.append(f"{names} differ in the data: the classes or images of {before['dataset']} are others.")
    return found + [f"{names} differ in the budget of {sentence}." for sentence in _other_budgets(first, second)]


def _evolution_obstacles(first: RunData, second: RunData) -> list[str]:
    if not (first.is_evolution and second.is_evolution):
        return ["only one of them is a run of evolve"]
    if empty := [str(one.path) for one in (first, second) if not one.generations]:
        return [f"there is no finished generation in {' and '.join(empty)}"]
    in_python = [one.path for one in (first, second) if one.facts.get("settings")]
    if len(in_python) == 1:
        return [f"only {in_python[0]} was made in Python, which notes objects where a command notes its flags"]
    found = other_settings(first.evolved, second.evolved)
    return [f"they differ in {', '.join(found)}"] if found else []


def _protocol(result: RunData) -> dict[str, str]:
    """Return how descendants are trained: by factor or setting the values that it has in the conditions."""
    comparison, conditions = result.comparison, result.conditions
    found = {"suite": result.suite}
    for name in factors_of(conditions):
        found[name] = _distinct(condition.get(name, "none") for condition in conditions)
    found["descendants"] = str(comparison["descendants"])
    settings = [dict(_flat(protocol)) for protocol in comparison["protocols"]]
    for name in dict.fromkeys(name for one in settings for name in one):
        found.setdefault(name, _distinct(one.get(name, "none") for one in settings))
    return found


def _flat(protocol: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in protocol.items():
        if name == "recipe":
            yield from value.items()
        elif name != "data":
            yield from flattened({name: value}).items()


def _distinct(values: Iterable[Any]) -> str:
    return ", ".join(dict.fromkeys(format_value(value) for value in values))


def _data(result: RunData) -> list[Any]:
    return [protocol["data"] for protocol in result.comparison["protocols"]]


def _other_budgets(first: RunData, second: RunData) -> list[str]:
    before, after = ({row.strategy: row.gradient_steps for row in result.rows} for result in (first, second))
    return [
        f"{name}: {before[name]:,} and {after[name]:,} gradient steps"
        for name in before
        if name in after and before[name] != after[name]
    ]


def _estimates(first: Seeds, second: Seeds) -> tuple[Estimate, Estimate]:
    common = first.keys() & second.keys()
    a, b = (estimate([fmean(seeds[seed].values()) for seed in sorted(common or seeds)]) for seeds in (first, second))
    return a, b
