"""Run directories, read back: what is whole is reported, what is not is said, and only like is compared with like."""

import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.benchmarks.analysis.differences import differences, obstacles
from neuroevo.benchmarks.analysis.results import RunData, read_run
from neuroevo.benchmarks.analysis.summary import Row, summarise
from neuroevo.benchmarks.analysis.verdict import judge
from neuroevo.files import CheckpointError
from neuroevo.runs.directory import RunDirectory
from neuroevo.runs.records import Records

Make = Callable[..., Path]
NAMES = ("scratch", "gtl")
ENDS = {"scratch": (0.2, 0.3, 0.4), "gtl": (0.3, 0.5, 0.7)}
CONDITION = {"dataset": "glyphs", "backbone": "convnet4", "shots": 10, "updates": 6}
PROTOCOL = {
    "ways": 4,
    "recipe": {"batch": 64, "learning_rate": 0.05},
    "network": {"width": 1.0},
    "data": {"sha256": "a"},
}


def cell(strategy: str, seed: int, end: float, *, steps: int = 100, descendants: int = 2) -> list[dict[str, Any]]:
    """Return the records of a finished cell whose descendants end around `end`."""
    names = {"strategy": strategy, "seed": seed}
    spent = {"gradient_steps": steps, "evaluations": 1, "multiply_adds": 1, "critical_path": 1, "core_seconds": 1.0}
    ancestor = {"kind": "ancestor", **names, **spent, "transferred_share": 0.2, "transferred_bytes": 8}
    ends = [end + (0.01 if number % 2 else -0.01) for number in range(descendants)]
    return [
        ancestor,
        *(
            {
                "kind": "descendant",
                **names,
                "condition": CONDITION,
                "descendant": number,
                "updates": [0, 6],
                "accuracy": [0.1, value],
            }
            for number, value in enumerate(ends)
        ),
    ]


DESCENDANT = cell("gtl", 0, 0.5)[1]


def made(
    folder: Path,
    records: Sequence[dict[str, Any]],
    *,
    seeds: Sequence[int] = (0, 1, 2),
    condition: dict[str, Any] | None = None,
    protocol: dict[str, Any] | None = None,
) -> Path:
    """Write a run directory as a comparison does; the condition and the protocol can differ from the usual ones."""
    condition = {**CONDITION, **(condition or {})}
    with RunDirectory.create(folder, what="bench") as run:
        comparison = {
            "suite": "transfer",
            "contestants": [{"name": name, "generations": 1, "settings": {}} for name in NAMES],
            "seeds": list(seeds),
            "descendants": 2,
            "conditions": [condition],
            "protocols": [{**PROTOCOL, **(protocol or {})}],
        }
        run.note({"suite": "transfer", "comparison": comparison})
        with Records(run.records) as file:
            for record in records:
                file.append({**record, "condition": condition} if record.get("condition") == CONDITION else record)
    return folder


def whole(ends: dict[str, Sequence[float]] = ENDS, **costs: Any) -> list[dict[str, Any]]:
    """Return the records of all cells."""
    return [
        record
        for seed in range(3)
        for name in NAMES
        for record in cell(name, seed, ends[name][seed], **(costs if name == "gtl" else {}))
    ]


def as_text(rows: Sequence[Row]) -> list[str]:
    """Return rows as they are compared: a NaN equals no other, field by field."""
    return [json.dumps(asdict(row), sort_keys=True) for row in rows]


def test_a_finished_run_is_read_whole(tmp_path: Path) -> None:
    """All cells, the summary that the records give, a title, and nothing to complain about."""
    result = read_run(made(tmp_path / "run", whole()))
    assert result.problems == ()
    assert list(result.records) == whole()
    assert as_text(result.rows) == as_text(summarise(whole()))
    assert [curve.strategy for curve in result.curves] == list(NAMES)
    assert (result.suite, result.title) == ("transfer", "glyphs: 4 novel classes, 10 images per class")


@given(st.integers(0, 18))
def test_a_run_that_broke_off_is_read_as_far_as_cells_are_finished(
    tmp_path_factory: pytest.TempPathFactory, count: int
) -> None:
    """Of the first records those of finished cells are kept, and the number of the others is said."""
    records = whole()[:count]
    result = read_run(made(tmp_path_factory.mktemp("cut") / "run", records))
    finished = count // 3
    assert list(result.records) == whole()[: 3 * finished]
    problems = [] if finished == 6 else [f"{6 - finished} of 6 cells are not finished: "]
    assert [problem[: len(start)] for problem, start in zip(result.problems, problems, strict=True)] == problems
    assert len(result.rows) == min(2, finished)


def test_damage_costs_only_the_cell_that_it_hits(tmp_path: Path) -> None:
    """A damaged line is named; its cell is left out, and a last line without an end is passed over."""
    folder = made(tmp_path / "run", whole())
    lines = (folder / "records.jsonl").read_bytes().splitlines(keepends=True)
    lines[4] = b'{"kind": "desc\n'
    (folder / "records.jsonl").write_bytes(b"".join(lines) + b'{"kind"')
    result = read_run(folder)
    damaged, unfinished = result.problems
    assert "Line 5 of" in damaged
    assert unfinished == "1 of 6 cells are not finished: gtl with seed 0."
    assert {(one["strategy"], one["seed"]) for one in result.records} == {
        (name, seed) for name in NAMES for seed in range(3)
    } - {("gtl", 0)}


def test_a_run_that_failed_says_so(tmp_path: Path) -> None:
    """Status and error are said, for what is there may not be all."""
    folder = made(tmp_path / "run", whole())
    facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    (folder / "run.json").write_text(
        json.dumps(facts | {"status": "failed", "error": "OSError: full"}), encoding="utf-8"
    )
    assert read_run(folder).problems == ("The run is failed (OSError: full).",)


@pytest.mark.parametrize(
    ("file", "text", "sentence"),
    [
        ("run.json", None, "is no run directory: it has no run.json"),
        ("run.json", "{", "is damaged: it is not JSON"),
        ("run.json", "[]", "is damaged: it holds no JSON object"),
        ("run.json", '{"schema": 1}', "must have schema 3, but it has 1"),
        ("run.json", '{"schema": 3, "comparison": {"conditions": 3}}', "does not hold what this version"),
        ("settings.toml", "a = ", "is damaged: it is not TOML"),
    ],
)
def test_what_is_no_run_directory_is_one_sentence(tmp_path: Path, file: str, text: str | None, sentence: str) -> None:
    """Missing and damaged files and other schemas are named."""
    folder = made(tmp_path / "run", whole())
    (folder / file).unlink(missing_ok=True)
    if text is not None:
        (folder / file).write_text(text, encoding="utf-8")
    with pytest.raises(CheckpointError, match=sentence) as caught:
        read_run(folder)
    assert str(folder) in str(caught.value)


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({"kind": "ancestor"}, "it names no strategy or no seed"),
        ({}, "its kind is None"),
        (DESCENDANT | {"accuracy": []}, r"it must have \d accuracies"),
        (DESCENDANT | {"accuracy": [0.5] * len(DESCENDANT["updates"]), "seed": []}, "it names no strategy or no seed"),
        (DESCENDANT | {"accuracy": [47.0] * len(DESCENDANT["updates"])}, r"an accuracy must lie in \[0, 1\]"),
        (DESCENDANT | {"accuracy": ["x"] * len(DESCENDANT["updates"])}, r"an accuracy must lie in \[0, 1\]"),
        (DESCENDANT | {"updates": [7], "accuracy": [0.5]}, "its updates are others than those of the first"),
        (DESCENDANT | {"updates": []}, "it says not when its accuracy was measured"),
        (DESCENDANT | {"descendant": None}, "it has no number"),
        (DESCENDANT | {"condition": None}, "it names no condition"),
        (DESCENDANT | {"condition": {**CONDITION, "shots": [1]}}, r"its shots is \[1\]"),
        (cell("gtl", 0, 0.5)[0] | {"core_seconds": None}, "its core seconds is None"),
    ],
)
def test_records_of_another_form_are_left_out(tmp_path: Path, record: dict[str, Any], words: str) -> None:
    """What lacks a key or holds something else is named with its place, and costs nothing else."""
    result = read_run(made(tmp_path / "run", [*whole(), record]))
    (problem,) = result.problems
    assert re.fullmatch(rf"Record {len(whole()) + 1}.* is left out: {words}.*\.", problem)
    assert as_text(result.rows) == as_text(read_run(made(tmp_path / "sound", whole())).rows)


def test_a_damaged_record_costs_its_cell(tmp_path: Path) -> None:
    """Without its ancestor a cell is unfinished, and all others are reported."""
    spoiled = [
        {**one, "gradient_steps": "many"}
        if (one["kind"], one["strategy"], one["seed"]) == ("ancestor", "gtl", 1)
        else one
        for one in whole()
    ]
    result = read_run(made(tmp_path / "run", spoiled))
    assert [row.seed_count for row in result.rows if row.strategy == "gtl"] == [
        row.seed_count - 1 for row in read_run(made(tmp_path / "sound", whole())).rows if row.strategy == "gtl"
    ]
    assert "its gradient steps is 'many'" in result.problems[0]
    assert "gtl with seed 1" in result.problems[1]


def test_many_damaged_records_are_counted(tmp_path: Path) -> None:
    """Six are named, the others counted."""
    result = read_run(made(tmp_path / "run", [*whole(), *[{"kind": "odd"}] * 9]))
    assert len(result.problems) == 7
    assert result.problems[-1] == "3 more records are left out."


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"status": "running"}, "The run is still running, or was killed."),
        ({"status": "failed", "error": "KeyboardInterrupt: "}, "The run was interrupted."),
        ({"status": "interrupted"}, "The run was interrupted."),
    ],
)
def test_how_a_run_ended_is_said(tmp_path: Path, facts: dict[str, str], sentence: str) -> None:
    """An interrupted run has not failed, and a killed process can't say that it ended."""
    folder = made(tmp_path / "run", whole())
    known = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    (folder / "run.json").write_text(json.dumps({**known, **facts}), encoding="utf-8")
    assert read_run(folder).problems == (sentence,)


def test_a_run_does_not_differ_from_itself(tmp_path: Path) -> None:
    """No obstacle, no difference in any number, and the verdict says so."""
    result = read_run(made(tmp_path / "run", whole()))
    assert obstacles(result, result) == []
    assert [(one.pairs.difference.mean, one.p_holm) for one in differences(result, result) if one.pairs] == [
        (0.0, 1.0)
    ] * 2
    assert judge(result, result).different == ()


def runs(tmp_path: Path, ends: dict[str, Sequence[float]], **changes: Any) -> tuple[RunData, RunData]:
    """Return the standard run and one whose accuracies end elsewhere."""
    return read_run(made(tmp_path / "a", whole())), read_run(made(tmp_path / "b", whole(ends), **changes))


def test_differences_by_hand(tmp_path: Path) -> None:
    """The second minus the first over common seeds: 0.1, 0.1, 0.11 for gtl is shown, for scratch there is none."""
    first, second = runs(tmp_path, {"scratch": ENDS["scratch"], "gtl": (0.4, 0.6, 0.81)})
    scratch, gtl = differences(first, second)
    assert scratch.pairs is not None
    assert gtl.pairs is not None
    assert gtl.pairs.difference.mean == pytest.approx(0.31 / 3)
    assert (gtl.first.mean, gtl.second.mean) == pytest.approx((0.5, 1.81 / 3))
    assert gtl.p_holm == pytest.approx(2 * gtl.pairs.p_value)
    assert judge(first, second).different == ("gtl",)
    assert judge(second, first).different == ("gtl",)
    assert judge(first, second, tolerance=0.2).different == ()
    assert judge(first, second, alpha=1e-6).different == ()


def test_noise_is_no_difference(tmp_path: Path) -> None:
    """Up with one seed and down with another is not shown to differ."""
    first, second = runs(tmp_path, {"scratch": (0.2, 0.3, 0.4), "gtl": (0.4, 0.4, 0.7)})
    assert judge(first, second).different == ()


@pytest.mark.parametrize("count", [1, 2])
def test_few_common_seeds_allow_no_test_so_that_every_difference_counts(tmp_path: Path, count: int) -> None:
    """Equal accuracies are the same and others are not, beyond the tolerance."""
    one = [record for record in whole() if record["seed"] < count]
    other = [record for seed in range(count) for record in cell("scratch", seed, ENDS["scratch"][seed])]
    other += [record for seed in range(count) for record in cell("gtl", seed, ENDS["gtl"][seed] + 0.01 * (seed == 0))]
    first = read_run(made(tmp_path / "a", one, seeds=[*range(count)]))
    second = read_run(made(tmp_path / "b", other, seeds=[*range(count)]))
    assert judge(first, first).different == ()
    assert judge(first, second).different == ("gtl",)
    assert judge(first, second, tolerance=0.02).different == ()


def test_a_strategy_that_only_one_run_has_is_not_judged(tmp_path: Path) -> None:
    """It is named, and without anything in common there is an error."""
    first, second = runs(tmp_path, ENDS)
    without = read_run(made(tmp_path / "c", [one for one in whole() if one["strategy"] == "gtl"]))
    assert judge(first, without).unjudged == {"only in A": ("scratch",)}
    assert judge(first, second).unjudged == {}
    later = [record | {"seed": record["seed"] + 3} for record in whole()]
    apart = read_run(made(tmp_path / "d", later, seeds=[3, 4, 5]))
    with pytest.raises(ValueError, match="share a strategy and a seed"):
        judge(first, apart)


@pytest.mark.parametrize("settings", [{"alpha": 0}, {"alpha": 1}, {"tolerance": -0.1}, {"tolerance": math.inf}])
def test_settings_of_the_verdict_are_checked(tmp_path: Path, settings: dict[str, float]) -> None:
    """An error rate lies in (0, 1) and a tolerance is a distance."""
    result = read_run(made(tmp_path / "run", whole()))
    with pytest.raises(ValueError, match="alpha must lie"):
        judge(result, result, **settings)


@pytest.mark.parametrize("change", [{"shots": 5}, {"backbone": "mlp"}, {"updates": 7}, {"augmented": True}])
def test_other_conditions_are_obstacles(tmp_path: Path, change: dict[str, Any]) -> None:
    """The factor that differs is named with both values."""
    first, second = runs(tmp_path, ENDS, condition=change)
    (sentence,) = obstacles(first, second)
    ((key, value),) = change.items()
    assert f"differ in {key}: {CONDITION.get(key, 'none')} and {'yes' if value is True else value}." in sentence


@pytest.mark.parametrize(
    "change", [{"ways": 5}, {"recipe": {"batch": 64, "learning_rate": 0.01}}, {"network": {"width": 2.0}}]
)
def test_other_protocols_are_obstacles(tmp_path: Path, change: dict[str, Any]) -> None:
    """The setting that differs is named with both values."""
    first, second = runs(tmp_path, ENDS, protocol=change)
    (sentence,) = obstacles(first, second)
    assert re.search("differ in (ways: 4 and 5|learning_rate: 0.05 and 0.01|network width: 1.0 and 2.0)", sentence)


def test_other_networks_are_told_apart_in_a_line(tmp_path: Path) -> None:
    """Of two kinds the kinds are named alone; of one kind what differs, cut where it is long."""
    steps = [["convolution", "conv1"]] * 1000
    paths = [{"kind": "convnet4", "width": 1}, {"kind": "traced", "steps": steps}, {"kind": "traced", "steps": []}]
    every = [read_run(made(tmp_path / str(n), whole(), protocol={"network": one})) for n, one in enumerate(paths)]
    (kinds,), (within,) = obstacles(every[0], every[1]), obstacles(every[1], every[2])
    assert kinds.endswith("differ in network kind: convnet4 and traced.")
    assert "differ in network steps: [['convolution'" in within
    assert within.endswith("… and [].")
    assert len(within) < 500 + 2 * len(str(tmp_path))


def test_other_data_and_other_budgets_are_obstacles(tmp_path: Path) -> None:
    """Other images under the same name, other numbers of classes, and other gradient steps before transfer."""
    first = read_run(made(tmp_path / "a", whole()))
    data = read_run(made(tmp_path / "b", whole(), protocol={"data": {"sha256": "b"}}))
    ways = read_run(made(tmp_path / "c", whole(), protocol={"ways": 5}))
    budget = read_run(made(tmp_path / "d", whole(steps=50)))
    empty = read_run(made(tmp_path / "e", []))
    assert ["data" in sentence for sentence in obstacles(first, data)] == [True]
    assert ["ways: 4 and 5" in sentence for sentence in obstacles(first, ways)] == [True]
    assert ["budget of gtl: 100 and 50 gradient" in sentence for sentence in obstacles(first, budget)] == [True]
    assert ["no finished comparison" in sentence for sentence in obstacles(first, empty)] == [True]
