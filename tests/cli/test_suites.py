"""The suites over descendants: what each runs, prints and keeps, and how a run goes on inside a cell."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from neuroevo.benchmarks.suites.ablation import STRATEGIES
from neuroevo.benchmarks.suites.protocol import Transfer
from neuroevo.data import glyphs
from neuroevo.runs.records import read_records

Program = Callable[..., Any]
TINY = (
    *("--width", 0.25, "--generations", 2, "--population", 2, "--life-updates", 2, "--critic-updates", 2),
    *("--updates", 2, "--descendants", 1, "--shots", 5, "--seeds", 1),
)
FEW = ("--strategies", "scratch,gtl")


@pytest.fixture(scope="module", autouse=True)
def _small_data(made: list[str], toys: ModuleType, undrawn: None) -> Any:
    """The glyphs are made at once in these tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(glyphs.DATASETS, "colour-glyphs", lambda: toys.dataset(size=16, seed=1))
        yield


def rows(folder: Path) -> list[dict[str, str]]:
    """Return the rows of the summary."""
    with (folder / "summary.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def timeless(folder: Path) -> list[dict[str, object]]:
    """Return a run's records without their times."""
    return [
        {key: value for key, value in one.items() if "seconds" not in key}
        for one in read_records(folder / "records.jsonl")
    ]


SUITES = [
    ("transfer --shots 1,5", "shots", ["1", "5"]),
    ("instinct", "updates", ["0", "1", "5", "10", "50"]),
    ("scaling --heirs convnet4:0.5,vgg11:0.125 --shots 1,2", "backbone", [*["convnet4:0.5"] * 2, *["vgg11:0.125"] * 2]),
    ("adaptation", "dataset", ["glyphs", "colour-glyphs"]),
]


@pytest.mark.parametrize(("words", "key", "values"), SUITES, ids=[words for words, _, _ in SUITES])
def test_a_suite_has_a_row_for_each_strategy_and_condition(
    neuroevo: Program, tmp_path: Path, words: str, key: str, values: list[str]
) -> None:
    """In the summary, on the page and in the table; the picture stands for all of them."""
    call = neuroevo("bench", *TINY, *FEW, *words.split(), "--out", tmp_path / "run")
    assert call.code == 0, call.err
    found = rows(tmp_path / "run")
    assert [row["strategy"] for row in found] == ["scratch", "gtl"] * len(values)
    assert [row[key] for row in found] == [value for value in values for _ in range(2)]
    table = [line.split() for line in call.out.splitlines() if line.startswith((" scratch ", " gtl "))]
    assert [line[0] for line in table] == [row["strategy"] for row in found]
    assert all(row[key] in line for row, line in zip(found, table, strict=True))
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "Not complete" not in page
    assert "Accuracy and gain in each condition of descendants" in page
    assert (tmp_path / "run" / "conditions.png").exists()


def test_environments_are_mixed_unless_data_have_their_own(neuroevo: Program, tmp_path: Path) -> None:
    """Populations have eight ancestors and all rows the same gradient steps; one environment is refused."""
    small = ("--width", 0.25, "--generations", 2, "--life-updates", 16, *TINY[-8:])
    names = ("scratch", "narrow-pretraining", "gtl", "gtl-population", "gtl-random-winners", "gtl-oracle")
    call = neuroevo("bench", "environments", *small, "--strategies", ",".join(names), "--out", tmp_path / "run")
    assert call.code == 0, call.err
    found = rows(tmp_path / "run")
    assert [row["strategy"] for row in found] == [*names]
    assert [int(float(row["gradient_steps"])) for row in found] == [0, *[32] * 5]
    assert {row["dataset"] for row in found} == {"toys-mixed"}
    lived: dict[str, set[str]] = {}
    for record in read_records(tmp_path / "run" / "records.jsonl"):
        if record["kind"] == "generation":
            homes = [one.get("environment", "") for one in record["individuals"]]
            lived[record["strategy"]] = lived.get(record["strategy"], set()) | {*homes}
    assert lived["gtl"] == lived["narrow-pretraining"] == {""}
    assert len(lived["gtl-population"]) == len(lived["gtl-random-winners"]) == 8
    assert lived["gtl-oracle"] == {"useful-1", "useful-2"}
    call = neuroevo("bench", "environments", *small, "--environments", "one", "--out", tmp_path / "one")
    assert call.code == 2
    assert "Error: environments must be mixed in the suite environments, or those of a data set of yours" in call.err


def test_the_preset_paper_is_for_the_suite_of_its_name(neuroevo: Program, tmp_path: Path) -> None:
    """All questions are rows of one run, whose strategies evolved once; another suite may be named."""
    words = ("bench", "--preset", "paper", "--dataset", "glyphs", "--backbone", "convnet4", "--heirs", "convnet4:0.5")
    call = neuroevo(*words, *TINY, *FEW, "--out", tmp_path / "run")
    assert call.code == 0, call.err
    found = rows(tmp_path / "run")
    assert json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))["suite"] == "paper"
    evolved = [one for one in read_records(tmp_path / "run" / "records.jsonl") if one["kind"] == "ancestor"]
    assert [one["strategy"] for one in evolved] == ["scratch", "gtl"]
    assert len(found) == 2 * (1 + 4 + 3 + 1 + 1)  # one of the updates is the protocol's own
    assert {row["backbone"] for row in found} == {"convnet4", "convnet4:0.5"}
    assert {row["dataset"] for row in found} == {"glyphs", "colour-glyphs"}
    call = neuroevo(*words[:7], "transfer", *TINY, *FEW, "--quiet", "--out", tmp_path / "other")
    assert call.code == 0, call.err
    assert len(rows(tmp_path / "other")) == 2


@pytest.mark.slow
def test_ablation_compares_the_variants_of_gtl(neuroevo: Program, tmp_path: Path) -> None:
    """Unless other strategies are named."""
    assert neuroevo("bench", "ablation", *TINY, "--out", tmp_path / "all").code == 0
    assert [row["strategy"] for row in rows(tmp_path / "all")] == list(STRATEGIES)
    assert "Not complete" not in (tmp_path / "all" / "report.html").read_text(encoding="utf-8")
    assert neuroevo("bench", "ablation", *TINY, *FEW, "--out", tmp_path / "few").code == 0
    assert [row["strategy"] for row in rows(tmp_path / "few")] == ["scratch", "gtl"]


@pytest.mark.slow
def test_a_single_number_gives_the_same_descendants(neuroevo: Program, tmp_path: Path) -> None:
    """Descendants with 5 images are those of a run with 5 images only, if critics have as many."""
    assert neuroevo("bench", *TINY, *FEW, "--shots", "5", "--out", tmp_path / "one").code == 0
    assert neuroevo("bench", *TINY, *FEW, "--shots", "1,5", "--out", tmp_path / "two").code == 0
    both = [one for one in timeless(tmp_path / "two") if one.get("condition", {}).get("shots") != 1]
    assert both == timeless(tmp_path / "one")


def test_a_run_goes_on_inside_a_cell(neuroevo: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that broke off between two conditions ends with the records of one that did not."""
    words = ("bench", *TINY, *FEW, "--shots", "1,2,5")
    assert neuroevo(*words, "--out", tmp_path / "whole").code == 0
    learning_curves, calls = Transfer.learning_curves, iter(range(100))

    def failing(self: Transfer, *arguments: Any) -> Any:
        if next(calls) == 4:
            raise KeyboardInterrupt
        return learning_curves(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Transfer, "learning_curves", failing)
        assert neuroevo(*words, "--out", tmp_path / "run").code == 130
    assert {one["strategy"] for one in timeless(tmp_path / "run")} == {"scratch"}
    call = neuroevo("bench", "--resume", tmp_path / "run")
    assert call.code == 0, call.err
    assert timeless(tmp_path / "run") == timeless(tmp_path / "whole")
    assert neuroevo("compare", tmp_path / "whole", tmp_path / "run").code == 0


def test_runs_of_other_suites_are_not_compared(neuroevo: Program, tmp_path: Path) -> None:
    """The sentence names both suites; runs of one suite are compared condition by condition."""
    for name, words in {"a": ["instinct"], "b": ["transfer"]}.items():
        assert neuroevo("bench", *TINY, *FEW, *words, "--out", tmp_path / name).code == 0
    call = neuroevo("compare", tmp_path / "a", tmp_path / "b")
    assert call.code == 1
    assert "differ in suite: instinct and transfer." in call.err
    call = neuroevo("compare", tmp_path / "a", tmp_path / "a")
    assert call.code == 0
    assert "gtl (50 updates)" in call.out
    shown = neuroevo("show", tmp_path / "a")
    assert "[updates 50] gtl reaches " in shown.out
    for kind in ("markdown", "latex", "csv"):
        table = neuroevo("report", tmp_path / "a", "--format", kind)
        assert table.code == 0
        assert "updates" in table.out


@pytest.mark.slow
def test_json_has_the_conditions(neuroevo: Program, tmp_path: Path) -> None:
    """Each row holds what the summary holds."""
    call = neuroevo("bench", "instinct", *TINY, *FEW, "--json", "--quiet", "--out", tmp_path / "run")
    found = json.loads(call.out, parse_constant=pytest.fail)["rows"]
    assert [row["updates"] for row in found] == [0, 0, 1, 1, 5, 5, 10, 10, 50, 50]
    assert [{key: "" if value is None else str(value) for key, value in row.items()} for row in found] == rows(
        tmp_path / "run"
    )


def test_evolve_takes_no_numbers_of_images(neuroevo: Program, tmp_path: Path) -> None:
    """They are for descendants, which it has none of."""
    call = neuroevo("evolve", "gtl", "--shots", "1,5", "--out", tmp_path / "run")
    assert (call.code, call.err) == (
        2,
        "Error: --shots must be left out, for gtl does not read it; bench with a suite of descendants and inherit "
        "would.\n",
    )
    assert not (tmp_path / "run").exists()
