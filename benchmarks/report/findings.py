"""What the numbers of a comparison say, in sentences: its summary, and the findings that stand for pictures."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from neuroevo.benchmarks.analysis.ranks import Ranks
from neuroevo.benchmarks.analysis.summary import BASELINE, Curve, Row
from neuroevo.benchmarks.report.columns import (
    ACCURACY,
    count,
    in_order,
    percent,
    points,
    points_interval,
    probability,
)

Record = Mapping[str, Any]
Kept = Mapping[str, Sequence[Mapping[str, Sequence[int]]]]


def describe_conditions(parts: Mapping[str, Sequence[Row]]) -> str:
    """Return what accuracies and gains over the conditions of descendants show."""
    ends = "; ".join(f"{name}: {_list(map(_with_accuracy, in_order(rows, ACCURACY)))}" for name, rows in parts.items())
    return f"Accuracy after all updates, and gain over {BASELINE}, in each condition of descendants. {ends}."


def describe_curves(curves: Sequence[Curve], rows: Sequence[Row]) -> str:
    """Return what learning curves show."""
    ends = _list(_with_accuracy(row) for row in in_order(rows, ACCURACY))
    return (
        "Learning curves: accuracy on unseen images against updates of the descendant, with 95 % confidence intervals. "
        f"After {curves[0].updates[-1]} updates: {ends}."
    )


def describe_gains(rows: Sequence[Row]) -> str:
    """Return what the bars of gains show."""
    gains = _list(f"{row.strategy} {_gain(row)}" for row in in_order(rows, ACCURACY) if row.strategy != BASELINE)
    return f"Bars: gain over {BASELINE} in percentage points, with 95 % confidence intervals. {gains}."


def describe_spent(curves: Sequence[Curve], rows: Sequence[Row]) -> str:
    """Return what accuracy against everything spent shows."""
    updates = curves[0].updates[-1]
    ends = _list(
        f"{_with_accuracy(row)} after {count(row.gradient_steps + updates)}" for row in in_order(rows, ACCURACY)
    )
    return (
        "Accuracy against all gradient steps, those before transfer and the descendant's own together. At the end: "
        f"{ends} steps."
    )


def describe_costs(rows: Sequence[Row]) -> str:
    """Return which strategies are on the Pareto front of each cost."""
    from neuroevo.benchmarks.report.plots.costs import pareto_front  # draws, too, which is heavy

    accuracies = [row.accuracy_mean for row in rows]
    costs: dict[str, list[float]] = {
        "gradient steps": [row.gradient_steps for row in rows],
        "core-seconds": [row.seconds for row in rows],
        "bytes transferred": [row.transferred_bytes for row in rows],
    }
    fronts = [
        f"for {name}: {_list(_with_accuracy(rows[place]) for place in pareto_front(spent, accuracies))}"
        for name, spent in costs.items()
    ]
    return (
        "Accuracy against what it cost, in three panels. On the Pareto front are those that no other beats at the same "
        f"cost or less; {'; '.join(fronts)}."
    )


def describe_tree(records: Sequence[Record], *, strategy: str, seed: int) -> str:
    """Return how the scores of one evolution rose and what was in its pool at the end."""
    # What is not finite is kept as null.
    scores = [[one["fitness"][0] for one in record["individuals"]] for record in records]
    best = [max((score for score in found if score is not None), default=None) for found in scores]
    pool = [f"{member['id']} (score {_score(member['score'], 2)})" for member in records[-1].get("pool", ())]
    survivors = f" In the pool at the end: individuals {_list(pool)}." if pool else ""
    return (
        f"Gene tree of {strategy}, seed {seed}: generations {len(records)}, individuals {sum(map(len, scores))}. Best "
        f"score by generation: {_list(_score(score, 3) for score in best)}.{survivors}"
    )


def describe_channels(kept: Kept, groups: Mapping[str, int]) -> str:
    """Return how many channels each strategy keeps, and in how many of them its seeds agree."""
    total = sum(groups.values())
    found = []
    for strategy, seeds in kept.items():
        sets = [{(group, index) for group, indices in one.items() for index in indices} for one in seeds]
        mean = sum(map(len, sets)) / len(sets)
        agreed = f", {len(set.intersection(*sets))} of them with every seed" if len(sets) > 1 else ""
        found.append(f"{strategy} keeps {mean:.0f} of {total} channels{agreed}")
    return (
        "Heat map of the channels that learngenes keep, layer by layer. Each seed begins with random channels of its "
        f"own networks, so that no channel means the same in two seeds. {'; '.join(found)}."
    )


def describe_samples(dataset: str) -> str:
    """Return what the picture of samples holds; the name of the data set may be empty."""
    return (
        f"Some images of the data set{dataset and ' '}{dataset}, of some classes of each role: ancestry (evolution and "
        "pre-training), held_out (scoring) and novel (descendants)."
    )


def describe_ranks(ranks: Ranks) -> str:
    """Return mean ranks and which of them don't differ."""
    means = _list(f"{name} {rank:.2f}" for name, rank in zip(ranks.strategies, ranks.mean_ranks, strict=True))
    groups = [_list(group) for group in ranks.groups() if len(group) > 1]
    alike = f" Not distinguishable: {'; '.join(groups)}." if groups else " All differ by more than that."
    return (
        f"Mean ranks over {ranks.datasets} data sets, 1 is best: {means}. Friedman's test that all are alike: p = "
        f"{probability(ranks.friedman_p)}; critical difference {ranks.critical_difference:.2f}.{alike}"
    )


def _gain(row: Row) -> str:
    interval = points_interval(row.gain_ci_low, row.gain_ci_high)
    return points(row.gain_over_scratch) + (f" (95 % CI {interval})" if interval else "")


def _with_accuracy(row: Row) -> str:
    known = not math.isnan(row.accuracy_mean)
    return f"{row.strategy} {f'{percent(row.accuracy_mean)} %' if known else 'not finite'}"


def _score(value: float | None, digits: int) -> str:
    return "not finite" if value is None else f"{value:.{digits}f}"


def _list(items: Iterable[str]) -> str:
    return ", ".join(items) or "none"
