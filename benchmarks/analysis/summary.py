"""The summary of a comparison, made from its records."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from statistics import fmean, median
from typing import Any

from neuroevo.benchmarks.analysis.conditions import (
    FIRST,
    UPDATES,
    Factors,
    Group,
    by_condition,
    further_factors,
    key_of,
    varying,
)
from neuroevo.benchmarks.analysis.csv_rows import lines_to_csv
from neuroevo.benchmarks.analysis.pairs import Pairs, compare_pairs
from neuroevo.benchmarks.analysis.statistics import FEWEST, estimate, holm, share_below

BASELINE = "scratch"
EARLY = 10
OF_ACCURACY = ("accuracy_ci_low", "accuracy_ci_high")
OF_GAIN = ("gain_ci_low", "gain_ci_high", "p_value", "p_holm", "p_wilcoxon", "p_wilcoxon_holm", "seeds_needed")


@dataclass(frozen=True)
class Row:
    """One strategy in one condition over all seeds; accuracies are on novel classes, in [0, 1], and NaN where unknown.

    Fewer than three seeds support no interval and no test, which are NaN then.

    Attributes:
        strategy: Its name.
        condition: The experimental factors under which its descendants are trained: their `dataset`, `backbone`,
            `shots` (training images per class), `updates`, and whatever else the comparison varies.
        seed_count: Seeds, n.
        accuracy_0: Mean accuracy of descendants before any update.
        accuracy_10: Mean accuracy after 10 updates.
        accuracy_mean: Mean accuracy after all updates.
        accuracy_ci_low: Lower end of its 95 % confidence interval over seeds.
        accuracy_ci_high: Upper end.
        gain_over_scratch: Mean difference to `scratch`, seed by seed.
        p_value: Two-sided paired t-test of that difference over seeds, uncorrected.
        p_holm: The same with Holm's correction over all rows.
        transferred_share: Inherited parameters as a share of the descendant's without its head.
        gradient_steps: SGD updates before transfer, of any network.
        seconds: Core-seconds before transfer, mean over seeds: wall-clock time times the cores that were at work (on a
            GPU: wall-clock time).
        accuracy_median: Median over seeds of the accuracy after all updates.
        gain_ci_low: Lower end of the gain's 95 % confidence interval over seeds.
        gain_ci_high: Upper end.
        p_wilcoxon: Two-sided Wilcoxon signed-rank test of the difference to `scratch`, uncorrected.
        p_wilcoxon_holm: The same with Holm's correction over all rows.
        rank_biserial: Matched-pairs rank-biserial correlation of that difference, in [-1, 1].
        probability_of_improvement: Probability that a seed of this strategy ends above one of `scratch`.
        negative_transfer: Share of descendants that end below the one of `scratch` with the same seed and number.
        seeds_needed: Seeds at which the paired t-test would show a gain like the measured one in 80 % of comparisons,
            the error rate of 5 % shared among all rows.
        evaluations: Individuals scored before transfer.
        multiply_adds: Multiply-adds of the gradient steps.
        critical_path: Gradient steps that must follow one another.
        transferred_bytes: Bytes of the file that is transferred.
        pair_count: Seeds that it has in common with `scratch`, over which the gain is measured.
    """

    strategy: str
    condition: Factors
    seed_count: int
    accuracy_0: float
    accuracy_10: float
    accuracy_mean: float
    accuracy_ci_low: float
    accuracy_ci_high: float
    gain_over_scratch: float
    p_value: float
    p_holm: float
    transferred_share: float
    gradient_steps: int
    seconds: float
    accuracy_median: float
    gain_ci_low: float
    gain_ci_high: float
    p_wilcoxon: float
    p_wilcoxon_holm: float
    rank_biserial: float
    probability_of_improvement: float
    negative_transfer: float
    seeds_needed: float
    evaluations: int
    multiply_adds: int
    critical_path: int
    transferred_bytes: int
    pair_count: int


RESULT_COLUMNS = tuple(field.name for field in fields(Row) if field.name != "condition")
"""The columns of a summary that are no factors; no factor can have such a name."""


@dataclass(frozen=True)
class Curve:
    """The learning curve of a strategy's descendants: accuracies [seeds][points], each the mean of its descendants."""

    strategy: str
    updates: tuple[int, ...]
    accuracy: tuple[tuple[float, ...], ...]


Record = Mapping[str, Any]
Seeds = Mapping[int, Mapping[int, float]]
"""Accuracies by seed and number of the descendant."""
Finals = dict[str, dict[int, dict[int, float]]]
"""Accuracies by strategy, seed and number of the descendant."""


def curves(records: Iterable[Record]) -> list[Curve]:
    """Return the learning curve of every strategy, in the order in which they appear; seeds rise."""
    found: dict[str, dict[int, list[Sequence[float]]]] = {}
    updates: tuple[int, ...] = ()
    for record in records:
        if record["kind"] == "descendant":
            updates = tuple(record["updates"])
            seeds = found.setdefault(record["strategy"], {})
            seeds.setdefault(record["seed"], []).append([_number(value) for value in record["accuracy"]])
    return [
        Curve(name, updates, tuple(tuple(map(fmean, zip(*seeds[seed], strict=True))) for seed in sorted(seeds)))
        for name, seeds in found.items()
    ]


def finals(records: Iterable[Record]) -> Finals:
    """Return the accuracies of all descendants after all their updates."""
    found: Finals = {}
    for record in records:
        if record["kind"] == "descendant":
            seeds = found.setdefault(record["strategy"], {})
            seeds.setdefault(record["seed"], {})[record["descendant"]] = _number(record["accuracy"][-1])
    return found


def pairs_of(first: Seeds, second: Seeds, *, tests: int = 1) -> Pairs | None:
    """Compare the first with the second over the seeds that both have, by the means of each seed's descendants.

    Args:
        first: Accuracies by seed and number of the descendant.
        second: Likewise.
        tests: How many comparisons share one error rate.

    Returns:
        The comparison, or None if they have no seed in common.
    """
    seeds = sorted(first.keys() & second.keys())
    if not seeds:
        return None
    ours, theirs = ([fmean(each[seed].values()) for seed in seeds] for each in (first, second))
    return compare_pairs(ours, theirs, tests=tests)


def summarise(records: Sequence[Record]) -> list[Row]:
    """Return one row per condition and strategy, in the order in which they appear in the records.

    Strategies are compared with `scratch` in the same condition, over the seeds that both have.
    """
    groups = by_condition(records)
    ancestors = [record for record in records if record["kind"] == "ancestor"]
    ends = [finals(group.records) for group in groups]
    learning = [{curve.strategy: curve for curve in curves(group.records)} for group in groups]
    tests = max(1, sum(len(found.keys() - {BASELINE}) for found in ends))
    places = [(place, name) for place, found in enumerate(ends) for name in found]
    pairs = [
        None if name == BASELINE else pairs_of(ends[place][name], ends[place].get(BASELINE, {}), tests=tests)
        for place, name in places
    ]
    corrected, ranked = (holm([_p(one, name) for one in pairs]) for name in ("p_value", "p_wilcoxon"))
    rows = [
        Row(
            strategy=name,
            condition=groups[place].condition,
            **_accuracy(learning[place][name]),
            **_gain(pairs[number], learning[place][name]),
            p_holm=corrected[number],
            p_wilcoxon_holm=ranked[number],
            negative_transfer=_negative_transfer(ends[place][name], ends[place].get(BASELINE, {}), name),
            **_costs(ancestors, groups[place], name),
        )
        for number, (place, name) in enumerate(places)
    ]
    return [*map(supported, rows)]


def supported(row: Row) -> Row:
    """Return a row without what its seeds are too few for."""
    unknown = (*(OF_ACCURACY if row.seed_count < FEWEST else ()), *(OF_GAIN if row.pair_count < FEWEST else ()))
    blanks: dict[str, Any] = dict.fromkeys(unknown, math.nan)
    return replace(row, **blanks) if unknown else row


def in_condition(rows: Iterable[Row], condition: Factors) -> list[Row]:
    """Return the rows of one condition."""
    return [row for row in rows if key_of(row.condition) == key_of(condition)]


def cells(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the rows as flat mappings, a column for every factor; `updates` comes last, and only where it varies."""
    conditions = [row.condition for row in rows]
    names = (*FIRST, *further_factors(conditions))
    last = (UPDATES,) if UPDATES in varying(conditions) else ()
    return [_flat(row, names, last) for row in rows]


def csv_lines(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the rows as flat mappings in which NaN is an empty text."""
    return [{key: "" if _is_nan(value) else value for key, value in line.items()} for line in cells(rows)]


def to_csv(rows: Sequence[Row]) -> str:
    """Return the rows as comma-separated values with a header; NaN is an empty cell."""
    lines = csv_lines(rows)
    first, *others = RESULT_COLUMNS
    return lines_to_csv(list(lines[0]) if lines else [first, *FIRST, *others], lines)


def _flat(row: Row, names: Sequence[str], last: Sequence[str]) -> dict[str, Any]:
    first, *others = RESULT_COLUMNS
    return {
        first: row.strategy,
        **{name: row.condition.get(name) for name in names},
        **{name: getattr(row, name) for name in others},
        **{name: row.condition.get(name) for name in last},
    }


def _accuracy(curve: Curve) -> dict[str, Any]:
    last = [seed[-1] for seed in curve.accuracy]
    final = estimate(last)
    return {
        "seed_count": final.count,
        "accuracy_0": _at(curve, 0),
        "accuracy_10": _at(curve, EARLY),
        "accuracy_mean": final.mean,
        # Student's interval of few seeds can leave what an accuracy can be.
        "accuracy_ci_low": max(final.low, 0.0),
        "accuracy_ci_high": min(final.high, 1.0),
        "accuracy_median": math.nan if math.isnan(final.mean) else median(last),
    }


def _gain(pairs: Pairs | None, curve: Curve) -> dict[str, Any]:
    if pairs is None:
        unknown = ("gain_ci_low", "gain_ci_high", "p_value", "p_wilcoxon", "rank_biserial")
        others = ("probability_of_improvement", "seeds_needed")
        finite = all(math.isfinite(seed[-1]) for seed in curve.accuracy)
        gain = 0.0 if curve.strategy == BASELINE and finite else math.nan
        return {"gain_over_scratch": gain, **dict.fromkeys((*unknown, *others), math.nan), "pair_count": 0}
    return {
        "gain_over_scratch": pairs.difference.mean,
        "gain_ci_low": pairs.difference.low,
        "gain_ci_high": pairs.difference.high,
        "p_value": pairs.p_value,
        "p_wilcoxon": pairs.p_wilcoxon,
        "rank_biserial": pairs.rank_biserial,
        "probability_of_improvement": pairs.probability_of_improvement,
        "seeds_needed": math.nan if pairs.seeds_needed is None else float(pairs.seeds_needed),
        "pair_count": pairs.difference.count,
    }


def _negative_transfer(strategy: Seeds, baseline: Seeds, name: str) -> float:
    twins = [
        (strategy[seed][number], baseline[seed][number])
        for seed in strategy.keys() & baseline.keys()
        for number in strategy[seed].keys() & baseline[seed].keys()
    ]
    if name == BASELINE or not twins:
        return math.nan
    return share_below([ours for ours, _ in twins], [theirs for _, theirs in twins])


def _costs(ancestors: Iterable[Record], group: Group, strategy: str) -> dict[str, Any]:
    spent = [one for one in ancestors if one["strategy"] == strategy]
    # The records of heirs of another kind hold which share of their own parameters is inherited.
    heirs = [one for one in group.records if one["strategy"] == strategy and "transferred_share" in one]
    counts = ("gradient_steps", "evaluations", "multiply_adds", "critical_path", "transferred_bytes")
    return {
        **{key: round(fmean(record[key] for record in spent)) for key in counts},
        "transferred_share": fmean(record["transferred_share"] for record in heirs or spent),
        "seconds": fmean(record["core_seconds"] for record in spent),
    }


def _p(pairs: Pairs | None, name: str) -> float:
    return math.nan if pairs is None else float(getattr(pairs, name))


def _at(curve: Curve, updates: int) -> float:
    if updates not in curve.updates:
        return math.nan
    return fmean(seed[curve.updates.index(updates)] for seed in curve.accuracy)


def _number(value: float | None) -> float:
    """Return the number that a record holds; what is not finite is kept as null there."""
    return math.nan if value is None else value


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)
