"""Comparisons: the same in Python as at the command line, resumed to the same end, refused before any training."""

import json
import shutil
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from neuroevo.benchmarks import Comparison, Condition, Contestant, Result, Transfer, conditions, read_result
from neuroevo.benchmarks.suites import cells as cells_module
from neuroevo.benchmarks.suites.listener import Listener, Work
from neuroevo.evolution import Generation
from neuroevo.execution import Recipe
from neuroevo.files import CheckpointError
from neuroevo.runs.directory import RunDirectory
from neuroevo.runs.records import read_records
from neuroevo.strategies import GTL, Finetune, Scratch, UntrainedCircuit

SEEDS = (1, 2)


def make(kind: Any, toys: ModuleType, seed: int, **own: Any) -> Any:
    """Return a tiny strategy."""
    return kind(toys.dataset(), toys.MLP_BACKBONE, seed=seed, **own)


def evolving(toys: ModuleType, **own: Any) -> Contestant:
    """Return GTL at tiny settings."""
    tiny = {"population": 2, "share": 0.4, "life": Recipe(updates=2, batch=16), "tournament": 2}
    return Contestant("gtl", partial(make, GTL, toys, **{**tiny, **own}), generations=2)


@pytest.fixture(scope="module")
def contestants(toys: ModuleType) -> list[Contestant]:
    """Return the baseline, a strategy that transfers something untrained, and one that evolves."""
    return [
        Contestant("scratch", partial(make, Scratch, toys)),
        Contestant("circuit", partial(make, UntrainedCircuit, toys, share=0.4)),
        evolving(toys),
    ]


@pytest.fixture(scope="module")
def protocol(toys: ModuleType) -> Transfer:
    """Return how tiny descendants are trained."""
    recipe = Recipe(updates=3, batch=16)
    dataset, backbone = toys.dataset(), toys.MLP_BACKBONE
    return Transfer(dataset=dataset, backbone=backbone, descendant=recipe, ways=3, shots=4, descendants=2)


@pytest.fixture(scope="module")
def whole(contestants: list[Contestant], protocol: Transfer, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Return a comparison over two conditions that nothing stopped."""
    grid = conditions(protocol, shots=(1, 4))
    return Comparison(contestants, grid, SEEDS).run(tmp_path_factory.mktemp("comparison") / "whole")


def timeless(folder: Path) -> list[dict[str, Any]]:
    """Return a run's records without their times."""
    records = read_records(folder / "records.jsonl")
    return [{key: value for key, value in one.items() if "seconds" not in key} for one in records]


def test_the_run_directory_is_complete(whole: Result) -> None:
    """Everything that the command line writes is there but its settings, and the result is read back the same."""
    expected = {"conditions.png", "learngenes", "log.txt", "records.jsonl", "report.html", "run.json", "samples.png"}
    assert {path.name for path in whole.path.iterdir()} == {*expected, "summary.csv"}
    assert whole.problems == ()
    # As text: a number that is none equals no other, field by field.
    assert repr(read_result(whole.path).rows) == repr(whole.rows)
    assert [row.strategy for row in whole.rows] == ["scratch", "circuit", "gtl"] * 2
    assert {row.seed_count for row in whole.rows} == {2}
    page = (whole.path / "report.html").read_text(encoding="utf-8")
    assert "Not complete" not in page
    assert "To repeat it" not in page
    assert whole.to_html() == page


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data + data,
        lambda data: data[:1000],
        lambda data: data.replace(b'"accuracy":[0.', b'"accuracy":[0.9', 1),
    ],
    ids=["byte-order mark", "doubled", "cut", "digit"],
)
def test_records_that_were_changed_are_made_again(
    damage: Callable[[bytes], bytes],
    whole: Result,
    contestants: list[Contestant],
    protocol: Transfer,
    tmp_path: Path,
) -> None:
    """A comparison whose records were changed ends with those that it had, in the same order."""
    folder = tmp_path / "run"
    shutil.copytree(whole.path, folder)
    (folder / "records.jsonl").write_bytes(damage((folder / "records.jsonl").read_bytes()))
    with RunDirectory.begin_or_resume(folder, what="bench") as directory:
        Comparison(contestants, conditions(protocol, shots=(1, 4)), SEEDS).run_in(directory)
    assert timeless(folder) == timeless(whole.path)


def test_a_result_is_at_hand_in_python(whole: Result, capsys: pytest.CaptureFixture[str]) -> None:
    """A table, the best strategy with its learngene, and what was compared."""
    from rich.console import Console

    Console(width=150).print(whole.table())
    printed = capsys.readouterr().out
    assert "Accuracy in % on toys: 3 of 4 novel classes, 1, 4 images per class; seeds 1 to 2, n = 2" in printed
    assert printed.count("gtl") == 2
    best = whole.best(shots=1)
    assert best.row.accuracy_mean == max(row.accuracy_mean for row in whole.rows if row.condition["shots"] == 1)
    assert (best.learngene is None) == (best.row.strategy == "scratch")
    assert best.learngene is None or best.learngene.parent == whole.path / "learngenes"
    with pytest.raises(ValueError, match="must hold a strategy with an accuracy for shots=7, but it holds none"):
        whole.best(shots=7)


def test_a_frame_is_the_summary(whole: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    """With pandas its columns are those of the file; without it the sentence says what to install."""
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(ModuleNotFoundError, match=r"^frame needs pandas, which is not installed: pip install"):
        whole.frame()
    monkeypatch.undo()
    pandas = pytest.importorskip("pandas")
    written = pandas.read_csv(whole.path / "summary.csv")
    assert list(whole.frame().columns) == list(written.columns)
    assert whole.frame()["accuracy_mean"].tolist() == written["accuracy_mean"].tolist()


def test_frames_hold_descendants(whole: Result) -> None:
    """A row for each of them and each number of updates, with the factors of its condition."""
    pytest.importorskip("pandas")
    frames = whole.frames()
    records = [one for one in whole.records if one["kind"] == "descendant"]
    assert len(frames.descendants) == sum(len(one["updates"]) for one in records)
    assert frames.descendants["accuracy"].tolist() == [value for one in records for value in one["accuracy"]]
    assert {"strategy", "seed", "shots", "descendant", "updates"} <= {*frames.descendants.columns}
    assert {*frames.descendants["strategy"]} == {row.strategy for row in whole.rows}


class Stop(Listener):
    """Stops a comparison after a number of events."""

    def __init__(self, after: int) -> None:
        self.left = after

    def count(self) -> None:
        """Count an event."""
        if self.left == 0:
            raise KeyboardInterrupt
        self.left -= 1

    def on_generation(self, contestant: Contestant, seed: int, generation: Generation) -> None:
        """Count it."""
        self.count()

    def on_descendants(self, condition: Condition) -> None:
        """Count it."""
        self.count()

    def on_cell(self, cell: object) -> None:
        """Count it."""
        self.count()


@pytest.mark.slow
@settings(max_examples=5, phases=[Phase.generate], deadline=None)
@given(st.integers(0, 24), st.integers(0, 24))
def test_a_resumed_comparison_ends_like_one_that_nothing_stopped(
    whole: Result,
    contestants: list[Contestant],
    protocol: Transfer,
    tmp_path_factory: pytest.TempPathFactory,
    first: int,
    second: int,
) -> None:
    """Wherever it was stopped, twice: the records are the same in the same order, and so is the summary."""
    folder = tmp_path_factory.mktemp("resumed") / "run"
    comparison = Comparison(contestants, conditions(protocol, shots=(1, 4)), SEEDS)
    for after in (first, second):
        with suppress(KeyboardInterrupt):  # the second start may have less to do than that
            comparison.run(folder, listener=Stop(after))
    resumed = comparison.run(folder)
    assert timeless(folder) == timeless(whole.path)
    assert [without_time(row) for row in resumed.rows] == [without_time(row) for row in whole.rows]
    assert resumed.problems == ()


def without_time(row: Any) -> str:
    """Return a row as text, in which NaN equals itself, without its time."""
    return repr(replace(row, seconds=0.0))


def test_what_is_finished_is_not_run_again(
    whole: Result, contestants: list[Contestant], protocol: Transfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same comparison in the same folder trains nothing and leaves the records as they are."""
    before = (whole.path / "records.jsonl").read_bytes()
    monkeypatch.setattr(cells_module, "_ancestor", None)
    Comparison(contestants, conditions(protocol, shots=(1, 4)), SEEDS).run(whole.path)
    assert (whole.path / "records.jsonl").read_bytes() == before


def test_a_single_protocol_is_resumed_too(contestants: list[Contestant], protocol: Transfer, tmp_path: Path) -> None:
    """One condition has no name of its own, and is the same when it comes back from the file."""
    comparison = Comparison(contestants[:1], protocol, SEEDS)
    first = comparison.run(tmp_path / "run")
    again = comparison.run(tmp_path / "run")
    assert (again.records, again.problems) == (first.records, ())
    assert [part.name for part in again.parts] == [""]
    assert (tmp_path / "run" / "curves.png").exists()


def test_seeds_may_be_added(whole: Result, contestants: list[Contestant], protocol: Transfer, tmp_path: Path) -> None:
    """The new seeds run, and the old ones are those of the first start."""
    grid = conditions(protocol, shots=(1, 4))
    work: list[Work] = []

    class Heard(Listener):
        def on_start(self, started: Work) -> None:
            work.append(started)

    Comparison(contestants, grid, SEEDS[:1]).run(tmp_path / "run")
    result = Comparison(contestants, grid, SEEDS).run(tmp_path / "run", listener=Heard())
    assert [seed for _, seed in work[0].cells] == [2, 2, 2]
    assert work[0].finished == 3
    assert timeless(result.path) == timeless(whole.path)
    with pytest.raises(CheckpointError, match=r"seeds \(\[1, 2\] then, \[1\] now\)"):
        Comparison(contestants, grid, SEEDS[:1]).run(tmp_path / "run")


def test_another_comparison_is_refused_with_every_difference(
    whole: Result, contestants: list[Contestant], protocol: Transfer, toys: ModuleType
) -> None:
    """Settings of contestants, their number, conditions, recipes and data: each with both values; nothing changes."""
    before = {path.name: path.read_bytes() for path in whole.path.iterdir() if path.is_file()}
    grid = conditions(protocol, shots=(1, 4))
    slower = replace(protocol, descendant=replace(protocol.descendant, learning_rate=0.01))
    others: list[tuple[Sequence[Contestant], Any, str]] = [
        ([*contestants[:2], evolving(toys, population=3)], grid, r"population of gtl \(2 then, 3 now\)"),
        ([*contestants[:2], replace(contestants[2], generations=3)], grid, r"generations of gtl \(2 then, 3 now\)"),
        (contestants[:2], grid, r"contestants \(\['scratch', 'circuit', 'gtl'\] then, \['scratch', 'circuit'\] now\)"),
        (contestants, conditions(protocol, shots=(1, 5)), r"conditions \(\['1 image per class', '4 images .* now\)"),
        (contestants, conditions(slower, shots=(1, 4)), r"recipe learning_rate of .* \(0.05 then, 0.01 now\)"),
        (contestants, conditions(replace(protocol, dataset=toys.dataset(seed=1)), shots=(1, 4)), "data sha256 of"),
    ]
    for entered, varied, words in others:
        with pytest.raises(CheckpointError, match=words) as caught:
            Comparison(entered, varied, SEEDS).run(whole.path)
        assert str(caught.value).startswith(f"The run in {whole.path} was begun with other settings: ")
        assert str(caught.value).count("\n") == 0
    after = {path.name: path.read_bytes() for path in whole.path.iterdir() if path.is_file()}
    for name in ("records.jsonl", "summary.csv", "report.html"):
        assert after[name] == before[name]
    Comparison(contestants, grid, SEEDS).run(whole.path)


def test_a_folder_of_something_else_is_left_alone(
    contestants: list[Contestant], protocol: Transfer, tmp_path: Path
) -> None:
    """Other files and runs of other kinds are refused."""
    (tmp_path / "note").write_text("mine")
    with pytest.raises(FileExistsError, match="must be a new or empty folder"):
        Comparison(contestants, protocol).run(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    facts = {"schema": 3, "what": "evolve", "status": "finished"}
    (other / "run.json").write_text(json.dumps(facts))
    with pytest.raises(CheckpointError, match="must hold a run of bench, but it holds one of evolve"):
        Comparison(contestants, protocol).run(other)
    assert json.loads((other / "run.json").read_text()) == facts


@pytest.fixture
def _untrained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing may be made or trained."""
    monkeypatch.setattr("neuroevo.benchmarks.suites.comparison.run", None)
    monkeypatch.setattr(Contestant, "planned_steps", None)


Entered = Callable[[list[Contestant], Transfer], Any]
REFUSED: list[tuple[Entered, str]] = [
    (lambda some, protocol: Comparison([], protocol), "contestants must hold at least one contestant"),
    (
        lambda some, protocol: Comparison([*some, some[0]], protocol),
        "contestants must have different names, .* scratch",
    ),
    (
        lambda some, protocol: Comparison([replace(some[0], name="a/b")], protocol),
        "usable as a file name, but .* 'a/b'",
    ),
    (lambda some, protocol: Comparison(some, []), "conditions must hold at least one condition, but they are empty"),
    (lambda some, protocol: Comparison(some, protocol, []), "seeds must hold at least one seed, but they are empty"),
    (lambda some, protocol: Comparison(some, protocol, [1, 2, 1]), "seeds must differ, but 1 is given more than once"),
    (
        lambda some, protocol: Comparison(some, [protocol, protocol]),
        "conditions must differ in a factor, but two are on",
    ),
    (
        lambda some, protocol: Comparison(some, [Condition(protocol, {"a": 1}), Condition(protocol, {"a": "1"})]),
        "conditions must differ in a factor",
    ),
    (
        lambda some, protocol: Comparison(some, [protocol, Condition(protocol, {"again": True})]),
        "must all have the factors .*, but one has no again",
    ),
    (
        lambda some, protocol: Comparison(some, conditions(protocol, ways=(2, 99))),
        r"ways must lie in 1\.\.\d+, the novel classes of toys, but it is 99 \(ways 99\)",
    ),
    (lambda some, protocol: Comparison(some, conditions(protocol, shots=(1, 99))), "shots must be below 60"),
    (lambda some, protocol: Comparison(some, conditions(protocol, shots=(0, 1))), "shots must be at least 1"),
    (
        lambda some, protocol: Comparison(some, [protocol, replace(protocol, shots=2, descendants=5)]),
        "descendants must be as many in every condition, but they are 2, 5",
    ),
    (
        lambda some, protocol: conditions(protocol, way=(2, 5)),
        r"must be fields of the protocol \(dataset, .*, but way is",
    ),
    (lambda some, protocol: conditions(protocol, ways=()), "ways must be a sequence of at least one value"),
    (lambda some, protocol: conditions(protocol, ways=5), "ways must be a sequence of at least one value, but it is 5"),
    (lambda some, protocol: conditions(protocol, updates=(-1,)), "updates must be at least 0"),
    (lambda some, protocol: Condition(protocol, {"p_value": 1}), "must not be called like a column of results"),
]


@pytest.mark.usefixtures("_untrained")
@pytest.mark.parametrize(("entered", "words"), REFUSED, ids=[words[:50] for _, words in REFUSED])
def test_what_cant_be_compared_is_refused_before_any_training(
    contestants: list[Contestant], protocol: Transfer, entered: Entered, words: str
) -> None:
    """In one sentence that says which argument, and what came."""
    with pytest.raises(ValueError, match=words) as caught:
        entered(contestants, protocol)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")


def test_unequal_budgets_are_warned_of_and_reported(
    contestants: list[Contestant], protocol: Transfer, toys: ModuleType, tmp_path: Path
) -> None:
    """Once, with the numbers of those that train before transfer; equal ones are not."""
    gtl = contestants[2]
    for updates, equal in ((gtl.planned_steps(1), True), (5, False)):
        pretraining = Recipe(updates=updates, batch=16)
        entered = [contestants[0], Contestant("finetune", partial(make, Finetune, toys, pretraining=pretraining)), gtl]
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            result = Comparison(entered, protocol, SEEDS[:1]).run(tmp_path / str(equal))
        words = f"(finetune {updates}, gtl {gtl.planned_steps(1)})"
        assert [words in str(one.message) for one in caught] == ([] if equal else [True])
        assert (words in result.conclusions()[0]) != equal
        assert (words in (result.path / "report.html").read_text(encoding="utf-8")) != equal
