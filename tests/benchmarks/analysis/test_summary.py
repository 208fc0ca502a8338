"""The summary: tables computed by hand, what is missing, and the comma-separated file."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, fields, replace
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.benchmarks.analysis.summary import Curve, Row, curves, summarise, to_csv
from neuroevo.runs.records import Records, read_records

Record = Mapping[str, Any]
HEADER = (
    "strategy,dataset,backbone,shots,seed_count,accuracy_0,accuracy_10,accuracy_mean,accuracy_ci_low,"
    "accuracy_ci_high,gain_over_scratch,p_value,p_holm,transferred_share,gradient_steps,seconds,accuracy_median,"
    "gain_ci_low,gain_ci_high,p_wilcoxon,p_wilcoxon_holm,rank_biserial,probability_of_improvement,negative_transfer,"
    "seeds_needed,evaluations,multiply_adds,critical_path,transferred_bytes,pair_count"
)
UPDATES = (0, 10, 20)
CONDITION = {"dataset": "glyphs", "backbone": "mlp", "shots": 10, "updates": 20}


def ancestor(strategy: str, seed: int, *, share: float = 0.2, steps: int = 100, seconds: float = 1.0) -> Record:
    """Return the record of what a strategy spent and passes on."""
    facts = {"transferred_share": share, "gradient_steps": steps, "seconds": seconds / 2, "core_seconds": seconds}
    facts |= {"evaluations": 3, "multiply_adds": 10 * steps, "critical_path": steps // 2, "transferred_bytes": 400}
    return {"kind": "ancestor", "strategy": strategy, "seed": seed, **facts}


def descendant(
    strategy: str, seed: int, *accuracy: float | None, updates: Sequence[int] = UPDATES, number: int = 0
) -> Record:
    """Return the record of a descendant."""
    curve = {"updates": list(updates), "accuracy": list(accuracy)}
    names = {"strategy": strategy, "seed": seed, "condition": CONDITION}
    return {"kind": "descendant", **names, "descendant": number, **curve}


def summary(records: Sequence[Record]) -> dict[str, Row]:
    """Return the rows by strategy."""
    return {row.strategy: row for row in summarise(records)}


# Two descendants per seed; by seed the means at the end are 0.2, 0.3, 0.4 and 0.3, 0.5, 0.7.
BY_HAND = [
    {"kind": "generation", "strategy": "scratch", "seed": 0, "mean": 0.9},
    ancestor("scratch", 0, share=0.0, steps=0, seconds=0.5),
    descendant("scratch", 0, 0.05, 0.1, 0.1),
    descendant("scratch", 0, 0.15, 0.1, 0.3, number=1),
    ancestor("gtl", 0, seconds=2.0),
    descendant("gtl", 0, 0.1, 0.2, 0.3),
    descendant("gtl", 0, 0.1, 0.2, 0.3, number=1),
    ancestor("scratch", 1, share=0.0, steps=0, seconds=0.5),
    descendant("scratch", 1, 0.1, 0.2, 0.25),
    descendant("scratch", 1, 0.1, 0.2, 0.35, number=1),
    ancestor("gtl", 1, seconds=4.0),
    descendant("gtl", 1, 0.1, 0.3, 0.4),
    descendant("gtl", 1, 0.1, 0.3, 0.6, number=1),
    ancestor("scratch", 2, share=0.0, steps=0, seconds=0.5),
    descendant("scratch", 2, 0.1, 0.3, 0.4),
    descendant("scratch", 2, 0.1, 0.3, 0.4, number=1),
    ancestor("gtl", 2, seconds=6.0),
    descendant("gtl", 2, 0.4, 0.4, 0.7),
    descendant("gtl", 2, 0.4, 0.4, 0.7, number=1),
]
# Student's t at 2 degrees of freedom: t(0.975) = 4.302653, and p of t is 1 - t / sqrt(t^2 + 2).
T = 4.302653


def test_a_table_by_hand() -> None:
    """Means over descendants, then over seeds; the interval, gain and p over seeds."""
    rows = summary(BY_HAND)
    half = T * 0.1 / math.sqrt(3)
    # Gains by seed are 0.1, 0.2 and 0.3: t = 0.2 sqrt(3) / 0.1.
    p_value = 1 - math.sqrt(12 / 14)
    expected = ("gtl", CONDITION, 3, 0.2, 0.3, 0.5, 0.5 - 2 * half, 0.5 + 2 * half, 0.2, p_value, p_value)
    assert astuple(rows["gtl"])[:3] == expected[:3]
    assert astuple(rows["gtl"])[3:14] == pytest.approx((*expected[3:], 0.2, 100, 4.0), abs=1e-6)
    scratch = ("scratch", CONDITION, 3, 0.1, 0.2, 0.3, 0.3 - half, 0.3 + half, 0.0)
    assert astuple(rows["scratch"])[:3] == scratch[:3]
    assert astuple(rows["scratch"])[3:14] == pytest.approx(
        (*scratch[3:], math.nan, math.nan, 0.0, 0, 0.5), abs=1e-6, nan_ok=True
    )


def test_the_rest_of_the_table_by_hand() -> None:
    """Median, the gain's interval, ranks, twins and costs; scratch is not compared with itself."""
    rows = summary(BY_HAND)
    gtl, half = rows["gtl"], T * 0.1 / math.sqrt(3)
    assert gtl.accuracy_median == pytest.approx(0.5)
    assert (gtl.gain_ci_low, gtl.gain_ci_high) == pytest.approx((0.2 - half, 0.2 + half), abs=1e-6)
    # All three gains are positive: one of 2^3 signs on either side. Of the 9 pairs of seeds 7 are won and one is tied.
    assert (gtl.p_wilcoxon, gtl.p_wilcoxon_holm, gtl.rank_biserial) == pytest.approx((0.25, 0.25, 1.0))
    assert gtl.probability_of_improvement == pytest.approx(7.5 / 9)
    # Of the twins only 0.3 against 0.1 and so on: none ends below.
    assert gtl.negative_transfer == 0
    assert (gtl.evaluations, gtl.multiply_adds, gtl.critical_path, gtl.transferred_bytes) == (3, 1000, 50, 400)
    unknown = ("gain_ci_low", "gain_ci_high", "p_wilcoxon", "p_wilcoxon_holm", "rank_biserial")
    assert all(math.isnan(getattr(rows["scratch"], name)) for name in unknown)
    assert math.isnan(rows["scratch"].negative_transfer)
    assert math.isnan(rows["scratch"].seeds_needed)


def test_twins_are_descendants_of_one_seed_and_number() -> None:
    """One of four descendants ends below its twin of scratch; the order of the records plays no part."""
    records = [
        *(ancestor(name, seed) for name in ("scratch", "gtl") for seed in (0, 1)),
        *(
            descendant("scratch", seed, 0.1, 0.1, 0.3 + 0.4 * number, number=number)
            for seed in (0, 1)
            for number in (0, 1)
        ),
        descendant("gtl", 0, 0.1, 0.1, 0.8, number=1),
        descendant("gtl", 0, 0.1, 0.1, 0.4, number=0),
        descendant("gtl", 1, 0.1, 0.1, 0.6, number=1),
        descendant("gtl", 1, 0.1, 0.1, 0.4, number=0),
    ]
    assert summary(records)["gtl"].negative_transfer == 0.25
    assert summary(records[::-1])["gtl"].negative_transfer == 0.25


def test_only_common_seeds_are_compared() -> None:
    """A seed that scratch lacks counts for the accuracy and not for the gain."""
    more = [ancestor("gtl", 9), descendant("gtl", 9, 0.0, 0.0, 0.0)]
    row, whole = summary([*BY_HAND, *more])["gtl"], summary(BY_HAND)["gtl"]
    assert (row.seed_count, row.gain_over_scratch, row.p_value) == (4, whole.gain_over_scratch, whole.p_value)
    assert row.accuracy_mean < whole.accuracy_mean


def test_more_rows_need_more_seeds() -> None:
    """The error rate is shared: what one comparison would show with few seeds takes more among many."""
    third = [{**record, "strategy": f"{name}"} for name in "abcde" for record in BY_HAND if record["strategy"] == "gtl"]
    assert summary([*BY_HAND, *third])["gtl"].seeds_needed > summary(BY_HAND)["gtl"].seeds_needed


def test_curves_by_hand() -> None:
    """A curve holds the mean of each seed's descendants at each point."""
    found = {curve.strategy: curve for curve in curves(BY_HAND)}
    assert list(found) == ["scratch", "gtl"]
    assert found["scratch"].updates == UPDATES
    assert found["scratch"].accuracy[0] == pytest.approx((0.1, 0.1, 0.2))
    assert found["gtl"].accuracy[1] == pytest.approx((0.1, 0.3, 0.5))
    assert all(len(curve.accuracy) == 3 for curve in found.values())


def test_seeds_are_paired_by_number() -> None:
    """The test compares equal seeds, also where the records of two strategies have them in another order."""
    backwards = [record for record in reversed(BY_HAND) if record["strategy"] == "gtl"]
    forwards = [record for record in BY_HAND if record["strategy"] == "scratch"]
    assert summary([*forwards, *backwards])["gtl"] == summary(BY_HAND)["gtl"]


def test_several_strategies_are_corrected_for_their_number() -> None:
    """Holm's correction counts every comparison with scratch, and scratch itself not."""
    third = [{**record, "strategy": "third"} for record in BY_HAND if record["strategy"] == "gtl"]
    rows = summary([*BY_HAND, *third])
    p_value = 1 - math.sqrt(12 / 14)
    assert [rows[name].p_value for name in ("gtl", "third")] == pytest.approx([p_value] * 2)
    assert [rows[name].p_holm for name in ("gtl", "third")] == pytest.approx([2 * p_value] * 2)
    assert math.isnan(rows["scratch"].p_holm)


def test_without_scratch_there_is_no_gain() -> None:
    """Gains and p-values are empty, everything else is as it was."""
    (row,) = summary([record for record in BY_HAND if record["strategy"] == "gtl"]).values()
    assert all(math.isnan(value) for value in (row.gain_over_scratch, row.p_value, row.p_holm))
    prefixes = ("gain", "p_", "pair", "rank_biserial", "probability", "negative", "seeds_needed")
    missing = {field.name: 0.0 for field in fields(Row) if field.name.startswith(prefixes)}
    assert replace(row, **missing) == replace(summary(BY_HAND)["gtl"], **missing)
    assert cells([row])[0]["gain_over_scratch"] == cells([row])[0]["p_value"] == cells([row])[0]["p_holm"] == ""


def test_one_seed_has_no_interval_and_no_p() -> None:
    """A mean and a gain are all that one seed gives."""
    row = summary([record for record in BY_HAND if record["seed"] == 1])["gtl"]
    assert (row.seed_count, row.accuracy_mean, row.gain_over_scratch) == (1, pytest.approx(0.5), pytest.approx(0.2))
    empty = ("accuracy_ci_low", "accuracy_ci_high", "p_value", "p_holm")
    assert all(math.isnan(getattr(row, name)) for name in empty)
    assert [cells([row])[0][name] for name in empty] == [""] * 4


@pytest.mark.parametrize("failure", [None, math.nan])
def test_a_failed_descendant_makes_its_strategy_s_end_empty(failure: float | None) -> None:
    """Neither the mean nor the test passes over a failure; the other strategy and earlier points keep theirs."""
    records = [*BY_HAND[:-1], descendant("gtl", 2, 0.4, 0.4, failure)]
    rows, whole = summary(records), summary(BY_HAND)
    empty = ("accuracy_mean", "accuracy_ci_low", "accuracy_ci_high", "gain_over_scratch", "p_value", "p_holm")
    assert all(math.isnan(getattr(rows["gtl"], name)) for name in empty)
    assert (rows["gtl"].accuracy_0, rows["gtl"].accuracy_10) == (whole["gtl"].accuracy_0, whole["gtl"].accuracy_10)
    assert rows["gtl"].seed_count == 3
    assert to_csv([rows["scratch"]]) == to_csv([whole["scratch"]])


def test_a_failed_baseline_leaves_no_gain() -> None:
    """If scratch failed, nothing gains over it."""
    records = [record for record in BY_HAND if record["strategy"] == "gtl" or record["seed"] < 2]
    records += [ancestor("scratch", 2), descendant("scratch", 2, 0.1, 0.2, None)]
    row = summary(records)["gtl"]
    assert math.isnan(row.gain_over_scratch)
    assert math.isnan(row.p_value)
    assert row.accuracy_mean == pytest.approx(0.5)


def test_too_few_updates_for_ten() -> None:
    """Where descendants learn for less than 10 updates, the accuracy after 10 is empty."""
    records = [ancestor("gtl", 0), descendant("gtl", 0, 0.1, 0.3, updates=(0, 5))]
    row = summary(records)["gtl"]
    assert (row.accuracy_0, row.accuracy_mean) == (0.1, 0.3)
    assert cells([row])[0]["accuracy_10"] == ""


@st.composite
def comparisons(draw: st.DrawFn) -> list[Record]:
    """Records of up to three strategies over up to four seeds with up to three descendants."""
    names = draw(st.lists(st.sampled_from(["scratch", "gtl", "finetune", 'x,"y"\nz']), min_size=1, unique=True))
    seeds = draw(st.lists(st.integers(0, 9), min_size=1, max_size=4, unique=True))
    accuracy = st.integers(0, 50).map(lambda count: count / 50) | st.just(math.nan)
    records: list[Record] = []
    for seed, name in product(seeds, names):
        records.append(ancestor(name, seed, share=draw(st.floats(0, 1)), steps=draw(st.integers(0, 99))))
        for number in range(draw(st.integers(1, 3))):
            records.append(descendant(name, seed, *draw(st.tuples(accuracy, accuracy, accuracy)), number=number))
    return records


@given(comparisons(), st.randoms(use_true_random=False))
def test_the_order_of_the_records_does_not_matter(records: list[Record], random: Random) -> None:
    """Shuffled records give the same rows in the order of their appearance."""
    shuffled = list(records)
    random.shuffle(shuffled)
    rows, again = summary(records), summary(shuffled)
    descendants = [record["strategy"] for record in shuffled if record["kind"] == "descendant"]
    assert list(again) == list(dict.fromkeys(descendants))
    assert to_csv([again[name] for name in rows]) == to_csv(list(rows.values()))


@given(comparisons())
def test_numbers_that_belong_together_fit(records: list[Record]) -> None:
    """Accuracies lie in [0, 1], means in their intervals, gains between means, corrected p-values above raw ones."""
    rows = summary(records)
    for row in rows.values():
        for accuracy in (row.accuracy_0, row.accuracy_10, row.accuracy_mean):
            assert math.isnan(accuracy) or 0 <= accuracy <= 1
        if not math.isnan(row.accuracy_ci_low):
            assert row.accuracy_ci_low <= row.accuracy_mean <= row.accuracy_ci_high
        if not math.isnan(row.p_value):
            assert 0 <= row.p_value <= row.p_holm <= 1
        if not math.isnan(row.gain_over_scratch):
            expected = row.accuracy_mean - rows["scratch"].accuracy_mean
            assert row.gain_over_scratch == pytest.approx(expected, abs=1e-9)


def cells(rows: Sequence[Row]) -> list[dict[str, str]]:
    """Return what the csv module reads from the rows' text."""
    return list(csv.DictReader(io.StringIO(to_csv(rows), newline="")))


@given(comparisons())
def test_the_file_says_what_the_rows_say(records: list[Record]) -> None:
    """The csv module reads the header, and each cell back as the value; NaN is an empty cell."""
    rows = list(summary(records).values())
    assert to_csv(rows).splitlines()[0] == HEADER
    for row, read in zip(rows, cells(rows), strict=True):
        assert ",".join(read) == HEADER
        # The number of updates is a column only where descendants differ in it.
        strategy, condition, *others = astuple(row)
        factors = [condition[name] for name in ("dataset", "backbone", "shots")]
        for text, value in zip(read.values(), [strategy, *factors, *others], strict=True):
            if isinstance(value, float):
                assert text == "" if math.isnan(value) else float(text) == value
            else:
                assert text == str(value)


def test_no_rows_are_a_header() -> None:
    """A comparison without records is an empty table with its header."""
    assert to_csv(summarise([])) == HEADER + "\n"


def test_records_on_disk_give_the_same_summary(tmp_path: Path) -> None:
    """What a run writes is enough to make its table again, failures included."""
    records = [*BY_HAND, ancestor("gtl", 3), descendant("gtl", 3, 0.1, math.nan, math.nan)]
    records += [ancestor("scratch", 3), descendant("scratch", 3, 0.1, 0.2, 1 / 3)]
    with Records(tmp_path / "records.jsonl") as file:
        for record in records:
            file.append(record)
    read = read_records(tmp_path / "records.jsonl")
    assert to_csv(list(summary(read).values())) == to_csv(list(summary(records).values()))


def test_curves_are_plain_values() -> None:
    """Equal records give equal curves."""
    records = [ancestor("gtl", 0), descendant("gtl", 0, 0.5, 1.0, updates=(0, 1))]
    assert curves(records) == [Curve("gtl", (0, 1), ((0.5, 1.0),))]
