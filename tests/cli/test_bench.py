"""`neuroevo bench`: its run directory, what it prints, and how it ends."""

import csv
import json
import logging
import shlex
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from neuroevo.benchmarks.report.columns import percent, points
from neuroevo.benchmarks.speed import throughput
from neuroevo.benchmarks.suites.protocol import Transfer
from neuroevo.cli.comparison import DEFAULT as STRATEGIES
from neuroevo.data import glyphs
from neuroevo.data.fashion_mnist import NAMES
from neuroevo.execution import Recipe
from neuroevo.learngene import Learngene
from neuroevo.runs.records import read_records
from neuroevo.splits import load_split

Program = Callable[..., Any]
SHORT = ("bench", "--width", 0.25, "--generations", 1, "--updates", 2, "--descendants", 1, "--shots", 5)
TINY = (*SHORT, "--population", 2, "--life-updates", 2, "--critic-updates", 2)
FILES = {"curves.png", "learngenes", "log.txt", "records.jsonl", "report.html", "run.json", "samples.png"}
FILES |= {"settings.toml", "summary.csv"}


@pytest.fixture(scope="module", autouse=True)
def _small_data(made: list[str]) -> None:
    """The data set `glyphs` is made at once in these tests."""


@pytest.fixture(scope="module")
def finished(neuroevo: Program, made: list[str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """Return a run of all strategies over two seeds, and its folder."""
    folder = tmp_path_factory.mktemp("bench") / "run"
    return neuroevo(*TINY, "--seeds", 2, "--seed", 7, "--out", folder), folder


@pytest.fixture(autouse=True)
def _quick(finished: tuple[Any, Path], undrawn: None) -> None:
    """Nothing is drawn but by the first run."""


def facts(folder: Path) -> dict[str, Any]:
    """Return what `run.json` holds."""
    found: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return found


def rows(folder: Path) -> list[dict[str, str]]:
    """Return the rows of the summary."""
    with (folder / "summary.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def settings_of(folder: Path) -> dict[str, Any]:
    """Return the effective settings of a run."""
    return tomllib.loads((folder / "settings.toml").read_text(encoding="utf-8"))


def timeless(folder: Path) -> list[dict[str, object]]:
    """Return a run's records without their times."""
    return [
        {key: value for key, value in one.items() if "seconds" not in key}
        for one in read_records(folder / "records.jsonl")
    ]


def learngenes(folder: Path) -> dict[str, bytes]:
    """Return the learngene files by name."""
    return {path.name: path.read_bytes() for path in (folder / "learngenes").iterdir()}


def test_the_run_directory_is_complete(finished: tuple[Any, Path]) -> None:
    """Settings, facts, records, summary, curves and log are there, and the run is said to be finished."""
    call, folder = finished
    assert call.code == 0, call.err
    assert {path.name for path in folder.iterdir()} == FILES
    found = facts(folder)
    assert (found["status"], found["what"], found["suite"], found["seed"]) == ("finished", "bench", "transfer", 7)
    assert torch.device(found["device"]).type in ("cpu", "cuda", "mps")
    assert "error" not in found
    assert (folder / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert "Traceback" not in (folder / "log.txt").read_text(encoding="utf-8")
    assert "Not complete" not in (folder / "report.html").read_text(encoding="utf-8")
    assert settings_of(folder)["seeds"] == 2


def test_there_is_one_learngene_per_seed_of_each_that_has_one(finished: tuple[Any, Path]) -> None:
    """Every strategy but scratch leaves a file for each seed, which can be loaded."""
    _, folder = finished
    names = {f"{name}-seed{seed}.safetensors" for name in STRATEGIES if name != "scratch" for seed in (7, 8)}
    assert learngenes(folder).keys() == names
    for name in names:
        learngene = Learngene.load(folder / "learngenes" / name)
        assert 0 < learngene.parameters <= learngene.backbone.layout.parameters()


def test_the_summary_has_a_row_for_every_strategy(finished: tuple[Any, Path]) -> None:
    """In the order of the settings, with accuracies in [0, 1] and one budget for all that train."""
    found = rows(finished[1])
    assert [row["strategy"] for row in found] == list(STRATEGIES)
    for row in found:
        assert (row["dataset"], row["backbone"], row["shots"], row["seed_count"]) == ("glyphs", "convnet4", "5", "2")
        assert all(0 <= float(row[key]) <= 1 for key in ("accuracy_0", "accuracy_mean", "transferred_share"))
        assert row["accuracy_10"] == ""
        # Two seeds support neither an interval nor a test.
        assert row["accuracy_ci_low"] == row["accuracy_ci_high"] == row["p_value"] == ""
    steps = {row["strategy"]: int(row["gradient_steps"]) for row in found}
    assert {steps.pop("scratch"), steps.pop("untrained-circuit")} == {0}
    # Where critics are trained they take more than so small a budget by themselves.
    assert steps.pop("gtl-paper") > steps["gtl"]
    assert len(set(steps.values())) == 1


def test_the_table_says_what_the_summary_says(finished: tuple[Any, Path]) -> None:
    """Each strategy's line holds its accuracy, share and steps; the path comes last."""
    call, folder = finished
    lines = call.out.splitlines()
    assert lines[-1] == f"Results: {folder}"
    for row in rows(folder):
        (line,) = (line.split() for line in lines if line.startswith(f" {row['strategy']} "))
        assert percent(float(row["accuracy_mean"])) in line
        assert percent(float(row["transferred_share"])) in line
        assert row["gradient_steps"] in line
    assert "seeds 7 to 8, n = 2" in call.out


def test_what_to_do_next_can_be_done(finished: tuple[Any, Path], neuroevo: Program, tmp_path: Path) -> None:
    """Below the table stand commands that work as they are, each on a line of its own."""
    call, _ = finished
    lines = [line for line in call.out.splitlines() if line.startswith("    neuroevo ")]
    bench, matched, *others, again = (shlex.split(line)[1:] for line in lines)
    assert (bench[0], bench[-1]) == ("bench", "--seeds=5")
    assert (matched[0], matched[-1]) == ("bench", "--match=multiply-adds")
    assert again[-5:] == ["&&", "neuroevo", "compare", str(finished[1]), "again"]
    assert [words[0] for words in others] == ["report", "show", "inherit"]
    for words in others:
        more = ["--updates", 2, "--out", tmp_path / "heir"] if words[0] == "inherit" else []
        assert neuroevo(*words, *more).code == 0


def test_progress_is_shown_line_by_line(finished: tuple[Any, Path]) -> None:
    """Without a terminal every cell is a line on stderr, with no control characters."""
    call, _ = finished
    for name in STRATEGIES:
        for seed in (7, 8):
            assert sum(line.startswith(f"{name}, seed {seed}: ") for line in call.err.splitlines()) == 1
    assert "\x1b" not in call.err + call.out
    assert ", seed " not in call.out


def test_a_run_can_be_repeated_from_its_settings(finished: tuple[Any, Path], neuroevo: Program, tmp_path: Path) -> None:
    """The effective settings give the same records but for times, and the same learngenes and picture, byte by byte."""
    _, folder = finished
    again = tmp_path / "again"
    call = neuroevo("bench", "--settings", folder / "settings.toml", "--out", again, "--quiet")
    assert call.code == 0, call.err
    assert call.err == ""
    assert "gtl, seed 7: " in (again / "log.txt").read_text(encoding="utf-8")
    assert timeless(again) == timeless(folder)
    assert learngenes(again) == learngenes(folder)
    assert (again / "curves.png").read_bytes() == (folder / "curves.png").read_bytes()
    strip = {"out": "", "quiet": False}
    assert settings_of(again) | strip == settings_of(folder) | strip


def test_another_seed_gives_other_records(finished: tuple[Any, Path], neuroevo: Program, tmp_path: Path) -> None:
    """The base seed shifts the seeds: what two runs share is equal, the rest is not."""
    _, folder = finished
    strategies = ("scratch", "gtl", "random-circuit")
    out = tmp_path / "run"
    assert neuroevo(*TINY, "--strategies", ",".join(strategies), "--seeds", 2, "--seed", 8, "--out", out).code == 0
    ours = [record for record in timeless(folder) if record["strategy"] in strategies and record["seed"] == 8]
    theirs = timeless(out)
    assert {record["seed"] for record in theirs} == {8, 9}
    key = ("strategy", "kind", "generation", "descendant")
    order = [sorted(each, key=lambda one: [str(one.get(word)) for word in key]) for each in (ours, theirs)]
    assert order[0] == [record for record in order[1] if record["seed"] == 8]
    finals = [
        {str(one["accuracy"]) for one in theirs if one["kind"] == "descendant" and one["seed"] == seed}
        for seed in (8, 9)
    ]
    assert finals[0] != finals[1]


def test_json_is_all_that_is_printed(neuroevo: Program, tmp_path: Path) -> None:
    """Stdout holds one JSON value with the rows of the summary, null for what is not known."""
    out = tmp_path / "run"
    call = neuroevo(*SHORT, "--strategies", "scratch,untrained-circuit", "--seeds", 1, "--out", out, "--json")
    assert call.code == 0, call.err
    found = json.loads(call.out, parse_constant=pytest.fail)
    assert found["run"] == str(out)
    texts = [{key: "" if value is None else str(value) for key, value in row.items()} for row in found["rows"]]
    assert texts == rows(out)
    assert [row["p_value"] for row in found["rows"]] == [None, None]
    assert "scratch, seed 0" in call.err


@pytest.mark.slow
def test_two_suites_get_a_folder_each(neuroevo: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their folders bear their names, and each has a path at the end of its output."""
    for name, value in {
        "POPULATION": 2,
        "IMAGES": 40,
        "LARGE": 32,
        "CONVOLVED": 4,
        "SCALING": (1, 2),
        "INPUTS": 4,
    }.items():
        monkeypatch.setattr(throughput, name, value)
    monkeypatch.setattr(throughput, "RECIPE", Recipe(updates=1, batch=8))
    words = ["throughput", "transfer", "--strategies", "scratch", "--seeds", 1, "--repeats", 2]
    call = neuroevo(*SHORT, *words, "--out", tmp_path / "run")
    assert call.code == 0, call.err
    folders = [tmp_path / "run" / suite for suite in ("throughput", "transfer")]
    assert sorted((tmp_path / "run").iterdir()) == [tmp_path / "run" / "settings.toml", *folders]
    assert [facts(folder)["suite"] for folder in folders] == ["throughput", "transfer"]
    assert [line for line in call.out.splitlines() if line.startswith("Results")] == [
        f"Results: {folder}" for folder in folders
    ]
    head, *others = read_records(folders[0] / "records.jsonl")
    assert (head["kind"], head["row_count"]) == ("throughput", len(others))
    lines = [
        {key: "" if value is None else str(value) for key, value in one.items() if key != "kind"} for one in others
    ]
    assert lines == rows(folders[0])
    assert "GFLOP/s" in call.out
    # Each has the settings that it reads, the folder around them those of both.
    assert settings_of(folders[0]).items() >= {"suites": ["throughput"], "repeats": 2}.items()
    assert settings_of(folders[1]).items() >= {"suites": ["transfer"], "updates": 2, "strategies": ["scratch"]}.items()
    assert "updates" not in settings_of(folders[0])
    assert "repeats" not in settings_of(folders[1])
    assert settings_of(tmp_path / "run")["suites"] == ["throughput", "transfer"]
    text = neuroevo(*SHORT, *words, "--out", tmp_path / "json", "--json").out
    runs = [json.loads(line, parse_constant=pytest.fail)["run"] for line in text.splitlines()]
    assert runs == [str(tmp_path / "json" / suite) for suite in ("throughput", "transfer")]
    monkeypatch.chdir(tmp_path)
    assert neuroevo(*SHORT, *words).code == 0
    (default,) = (tmp_path / "runs").iterdir()
    assert sorted(path.name for path in default.iterdir()) == ["settings.toml", "throughput", "transfer"]


def test_without_out_there_is_a_folder_of_its_own(
    neuroevo: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two runs at once get two folders under `runs`, whose paths are printed."""
    monkeypatch.chdir(tmp_path)
    words = ["--backbone", "mlp", "--strategies", "scratch", "--seeds", 1, "--quiet"]
    printed = [neuroevo(*SHORT, *words).out.splitlines()[-1].removeprefix("Results: ") for _ in range(2)]
    assert sorted(printed) == sorted(str(path.relative_to(tmp_path)) for path in (tmp_path / "runs").iterdir())
    assert all(path.startswith("runs/bench-") for path in printed)
    assert rows(Path(printed[0]))[0]["backbone"] == "mlp"


def test_the_environment_and_a_file_set_what_flags_do_not(
    neuroevo: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Flag, then environment, then file, then default: the effective values are in `settings.toml`."""
    file = tmp_path / "mine.toml"
    file.write_text('strategies = ["scratch"]\nseeds = 3\nbatch = 16\nlearning_rate = 0.5\n')
    for name, value in {"SEEDS": "1", "BATCH": "8", "OUT": str(tmp_path / "run"), "UPDATES": "9"}.items():
        monkeypatch.setenv(f"NEUROEVO_{name}", value)
    call = neuroevo(*SHORT, "--batch", 4, "--settings", file)
    assert call.code == 0, call.err
    found = settings_of(tmp_path / "run")
    assert (found["batch"], found["seeds"], found["strategies"], found["learning_rate"]) == (4, 1, ["scratch"], 0.5)
    assert (found["updates"], found["match"]) == (2, "steps")


def fail_at(number: int, error: BaseException, patch: pytest.MonkeyPatch) -> None:
    """Let the descendants of the cell of a number raise an error."""
    learning_curves, count = Transfer.learning_curves, iter(range(100))

    def failing(self: Transfer, *arguments: Any) -> Any:
        if next(count) == number:
            raise error
        return learning_curves(self, *arguments)

    patch.setattr(Transfer, "learning_curves", failing)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (RuntimeError("out of memory"), 1, "RuntimeError: out of memory"),
        (KeyboardInterrupt(), 130, "KeyboardInterrupt"),
    ],
    ids=["failure", "interruption"],
)
def test_a_run_that_breaks_off_says_so(
    neuroevo: Program, error: BaseException, code: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its status is failed, the log has the traceback, stderr one sentence, and finished cells keep their records."""
    fail_at(2, error, monkeypatch)
    folder = tmp_path / "run"
    call = neuroevo(*TINY, "--strategies", "scratch,untrained-circuit,gtl", "--seeds", 1, "--out", folder)
    assert (call.code, call.out) == (code, "")
    assert [line for line in call.err.splitlines() if "Error" in line] == (
        [f"Error: {error}"] if code == 1 else ["Error: Interrupted."]
    )
    assert "Traceback" not in call.err
    assert (facts(folder)["status"], facts(folder)["error"]) == ("failed", said)
    log = (folder / "log.txt").read_text(encoding="utf-8")
    assert "Traceback" in log
    assert log.rstrip().endswith(said)
    assert {record["strategy"] for record in timeless(folder)} == {"scratch", "untrained-circuit"}
    assert not (folder / "summary.csv").exists()
    assert not [one for one in logging.getLogger("neuroevo").handlers if isinstance(one, logging.FileHandler)]


def test_a_strategy_that_diverges_is_a_gap(neuroevo: Program, tmp_path: Path) -> None:
    """Descendants whose outputs are not finite have no accuracy: empty in the table, the file and the picture."""
    words = ["--strategies", "scratch", "--seeds", 2, "--learning-rate", 1e30, "--updates", 6]
    call = neuroevo(*SHORT, *words, "--out", tmp_path / "run")
    assert call.code == 0, call.err
    (row,) = rows(tmp_path / "run")
    assert row["accuracy_0"] != ""
    assert row["accuracy_mean"] == row["gain_over_scratch"] == ""
    assert "Not compared: scratch, because the outputs of some descendants are not finite." in call.out
    assert "nan" not in (call.out + call.err).lower()
    shown = neuroevo("show", tmp_path / "run")
    assert shown.code == 0
    assert "scratch reaches outputs that are not finite" in shown.out


def test_show_describes_the_run(finished: tuple[Any, Path], neuroevo: Program) -> None:
    """As sentences that say what the table says of GTL."""
    _, folder = finished
    call = neuroevo("show", folder)
    assert (call.code, call.err) == (0, "")
    row = rows(folder)[list(STRATEGIES).index("gtl")]
    (line,) = (line for line in call.out.splitlines() if line.startswith("gtl reaches "))
    assert f"{percent(float(row['accuracy_mean']))} % on novel classes" in line
    assert f"{points(float(row['gain_over_scratch']))} points over scratch" in line
    assert "This is a run of neuroevo bench transfer with seeds 7 and 8 " in call.out


def write_fashion_mnist(folder: Path, *, per_class: tuple[int, int]) -> None:
    """Write the four files with these numbers of training and test images per class, in the format of the real ones."""
    generator = np.random.default_rng(0)
    for part, number in zip(("train", "t10k"), per_class, strict=True):
        labels = generator.permutation(np.repeat(np.arange(10, dtype=np.uint8), number))
        images = generator.integers(0, 256, (len(labels), 28, 28), np.uint8)
        for values, kind in ((images, "images-idx3"), (labels, "labels-idx1")):
            header = b"".join(one.to_bytes(4, "big") for one in (0x800 + values.ndim, *values.shape))
            (folder / f"{part}-{kind}-ubyte").write_bytes(header + values.tobytes())
    assert {path.name for path in folder.iterdir()} == set(NAMES)


def test_fashion_mnist_from_files(neuroevo: Program, tmp_path: Path) -> None:
    """The four files in a folder are enough for a table of all strategies."""
    (tmp_path / "data").mkdir()
    write_fashion_mnist(tmp_path / "data", per_class=(9, 4))
    words = ["--dataset", "fashion-mnist", "--data-root", tmp_path / "data", "--seeds", 1]
    call = neuroevo(*TINY, *words, "--out", tmp_path / "run")
    assert call.code == 0, call.err
    assert "fashion-mnist: 2 novel classes" in call.out
    found = rows(tmp_path / "run")
    assert [row["strategy"] for row in found] == list(STRATEGIES)
    assert {row["dataset"] for row in found} == {"fashion-mnist"}
    learngene = Learngene.load(tmp_path / "run" / "learngenes" / "gtl-seed0.safetensors")
    assert learngene.notes["classes"]["ancestry"] == list(load_split("fashion-mnist").ancestry)


def test_glyphs_need_no_files(neuroevo: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The data set that is the default is made as it is, and its tasks have 20 classes."""
    monkeypatch.setitem(glyphs.DATASETS, "glyphs", glyphs.glyphs)
    words = ["--strategies", "scratch", "--backbone", "mlp", "--seeds", 1]
    call = neuroevo(*SHORT, *words, "--out", tmp_path / "run")
    assert call.code == 0, call.err
    assert "glyphs: 20 of 63 novel classes, 5 images per class" in " ".join(call.out.split())


def test_files_that_are_missing_are_named(neuroevo: Program, tmp_path: Path) -> None:
    """A folder without the files is one sentence that names them; no folder is made."""
    (tmp_path / "data").mkdir()
    words = ["--dataset", "fashion-mnist", "--data-root", tmp_path / "data", "--out", tmp_path / "run"]
    call = neuroevo(*TINY, *words)
    assert call.code == 74
    assert not (tmp_path / "run").exists()
    assert call.err.count("\n") == 1
    assert all(name in call.err for name in NAMES)
