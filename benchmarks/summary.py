"""The summary of a comparison, made from its records."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from statistics import fmean
from typing import Any

from neuroevo.benchmarks.statistics import estimate, holm, paired_p_value

BASELINE = "scratch"
EARLY = 10


@dataclass(frozen=True)
class Row:
    """One strategy over all seeds; accuracies are on novel classes, in [0, 1], and NaN where there is nothing to tell.

    Attributes:
        strategy: Its name.
        dataset: The data set's name.
        backbone: The backbone's name.
        shots: Training images per class of descendants.
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
        seconds: Wall-clock seconds before transfer, mean over seeds.
    """

    strategy: str
    dataset: str
    backbone: str
    shots: int
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


@dataclass(frozen=True)
class Curve:
    """The learning curve of a strategy's descendants: accuracies [seeds][points], each the mean of its descendants."""

    strategy: str
    updates: tuple[int, ...]
    accuracy: tuple[tuple[float, ...], ...]


Records = Iterable[Mapping[str, Any]]


def curves(records: Records) -> list[Curve]:
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


def summarise(records: Sequence[Mapping[str, Any]], *, dataset: str, backbone: str, shots: int) -> list[Row]:
    """Return one row per strategy, in the order in which they appear in the records."""
    found = curves(records)
    baseline = next((curve for curve in found if curve.strategy == BASELINE), None)
    gains = [_gains(curve, baseline) for curve in found]
    p_values = [
        math.nan if curve.strategy == BASELINE or baseline is None else paired_p_value(_last(curve), _last(baseline))
        for curve in found
    ]
    rows = []
    for curve, gain, p_value, p_holm in zip(found, gains, p_values, holm(p_values), strict=True):
        final = estimate(_last(curve))
        ancestors = [
            record for record in records if record["kind"] == "ancestor" and record["strategy"] == curve.strategy
        ]
        rows.append(
            Row(
                strategy=curve.strategy,
                dataset=dataset,
                backbone=backbone,
                shots=shots,
                seed_count=final.count,
                accuracy_0=_at(curve, 0),
                accuracy_10=_at(curve, EARLY),
                accuracy_mean=final.mean,
                accuracy_ci_low=final.low,
                accuracy_ci_high=final.high,
                gain_over_scratch=gain,
                p_value=p_value,
                p_holm=p_holm,
                transferred_share=fmean(record["transferred_share"] for record in ancestors),
                gradient_steps=round(fmean(record["gradient_steps"] for record in ancestors)),
                seconds=fmean(record["seconds"] for record in ancestors),
            )
        )
    return rows


def to_csv(rows: Sequence[Row]) -> str:
    """Return the rows as comma-separated values with a header; NaN is an empty cell."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Row)], lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: "" if _is_nan(value) else value for key, value in asdict(row).items()} for row in rows)
    return text.getvalue()


def _last(curve: Curve) -> list[float]:
    return [seed[-1] for seed in curve.accuracy]


def _at(curve: Curve, updates: int) -> float:
    if updates not in curve.updates:
        return math.nan
    return fmean(seed[curve.updates.index(updates)] for seed in curve.accuracy)


def _gains(curve: Curve, baseline: Curve | None) -> float:
    if baseline is None:
        return math.nan
    return fmean(one - other for one, other in zip(_last(curve), _last(baseline), strict=True))


def _number(value: float | None) -> float:
    """Return the number that a record holds; what is not finite is kept as null there."""
    return math.nan if value is None else value


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)
