"""`neuroevo compare` and `bench --resume`: runs that go on end as if they had never stopped."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from neuroevo.benchmarks.suites import cells as cells_module
from neuroevo.runs.locks import RUN_LOCK, locked
from neuroevo.runs.records import read_records

Program = Callable[..., Any]
TINY = (
    *("bench", "--width", 0.25, "--generations", 1, "--population", 2, "--life-updates", 2, "--critic-updates", 2),
    *("--updates", 2, "--descendants", 2, "--shots", 5, "--seeds", 2, "--strategies", "scratch,finetune,gtl"),
)


@pytest.fixture(scope="module", autouse=True)
def _small_data(made: list[str], undrawn: None) -> None:
    """The data set `glyphs` is made at once in these tests, and no picture is drawn."""


@pytest.fixture(scope="module")
def finished(neuroevo: Program, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run of three strategies over two seeds."""
    folder: Path = tmp_path_factory.mktemp("compare") / "run"
    call = neuroevo(*TINY, "--out", folder)
    assert call.code == 0, call.err
    return folder


def timeless(folder: Path) -> list[dict[str, object]]:
    """Return a run's records without their times."""
    return [
        {key: value for key, value in one.items() if "seconds" not in key}
        for one in read_records(folder / "records.jsonl")
    ]


def summary(folder: Path) -> list[list[str]]:
    """Return the cells of the summary, but for the time."""
    lines = [line.split(",") for line in (folder / "summary.csv").read_text(encoding="utf-8").splitlines()]
    time = lines[0].index("seconds")
    return [[*line[:time], *line[time + 1 :]] for line in lines]


def facts(folder: Path) -> dict[str, Any]:
    """Return what `run.json` holds."""
    found: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("left", [0, 1, 2, 7])
def test_an_interrupted_bench_goes_on(
    left: int, finished: Path, neuroevo: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken off in the middle of a cell and continued, the records and the summary are those of one go."""
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    lines = (folder / "records.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "records.jsonl").write_bytes(b"".join(lines[:left]) + (lines[left][:9] if left else b""))
    (folder / "summary.csv").unlink()
    ran: list[tuple[str, int]] = []
    cell = cells_module._cell
    monkeypatch.setattr(
        cells_module,
        "_cell",
        lambda one, *rest: (ran.append((one.contestant, one.seed)), cell(one, *rest))[1],
    )
    call = neuroevo("bench", "--resume", folder)
    assert call.code == 0, call.err
    assert timeless(folder) == timeless(finished)
    assert summary(folder) == summary(finished)
    cells = [(name, seed) for seed in (0, 1) for name in ("scratch", "finetune", "gtl")]
    assert ran == cells[left // 4 :]
    assert facts(folder)["status"] == "finished"
    assert len(facts(folder)["resumed"]) == 1


def test_a_finished_bench_has_nothing_left_to_do(finished: Path, neuroevo: Program, tmp_path: Path) -> None:
    """Resuming it runs no cell, prints the table again and changes no record."""
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    before = (folder / "records.jsonl").read_bytes()
    call = neuroevo("bench", "--resume", folder)
    assert call.code == 0
    assert "6 cells are finished already" in call.err
    assert "finetune" in call.out
    assert (folder / "records.jsonl").read_bytes() == before


def test_the_budgets_of_the_first_start_are_kept(finished: Path, neuroevo: Program, tmp_path: Path) -> None:
    """What was measured or planned for pre-training when the run began holds for its rest."""
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    (folder / "records.jsonl").write_bytes(b"")
    begun = {key: value for key, value in facts(folder).items() if key != "comparison"}
    (folder / "run.json").write_text(json.dumps(begun | {"pretraining_updates": {"whole network": 3}}))
    assert neuroevo("bench", "--resume", folder).code == 0
    spent = {
        one["gradient_steps"] for one in timeless(folder) if (one["kind"], one["strategy"]) == ("ancestor", "finetune")
    }
    assert spent == {3}


def test_a_bench_of_several_suites_goes_on(neuroevo: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A suite that is finished is not measured again, one that never began is begun."""
    from neuroevo.benchmarks.speed import throughput
    from neuroevo.benchmarks.speed.throughput import Throughput

    measured: list[int] = []

    def measure(**_: object) -> Throughput:
        measured.append(1)
        row = throughput.Row("training", 8, *[1.0] * 8, None)
        facts = {"machine": "a", "cores": 1, "device": "cpu", "threads": 1, "torch": "2", "python": "3"}
        return Throughput(facts, 1, "torch.mm", 1.0, {}, (row,))

    monkeypatch.setattr(throughput, "measure", measure)
    out = tmp_path / "both"
    assert neuroevo(*TINY, "throughput", "transfer", "--out", out).code == 0
    shutil.rmtree(out / "transfer")
    call = neuroevo("bench", "--resume", out, "--quiet")
    assert call.code == 0, call.err
    assert measured == [1]
    assert len(timeless(out / "transfer")) == 2 * 3 * 4
    assert call.err == ""


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--seeds", "3"], "the settings of the run, but they differ: seeds (2 in the run, 3 given)."),
        (["--life-updates", "3", "--out", "x"], "with its settings, so it allows no --out."),
        (["--seeds", "2", "throughput"], "differ: suites (('transfer',) in the run, ('throughput',) given)."),
    ],
)
def test_settings_come_from_the_run(words: list[str], sentence: str, finished: Path, neuroevo: Program) -> None:
    """Other settings beside `--resume` are refused before anything is touched."""
    before = (finished / "run.json").read_bytes()
    call = neuroevo("bench", "--resume", finished, *words)
    assert call.code == 2
    assert sentence in call.err
    assert (finished / "run.json").read_bytes() == before


def test_what_is_no_run_can_not_go_on(neuroevo: Program, tmp_path: Path, finished: Path) -> None:
    """An empty folder, one that is not there, and a run of another schema are one sentence each."""
    assert "has no settings.toml" in neuroevo("bench", "--resume", tmp_path).err
    assert neuroevo("bench", "--resume", tmp_path / "nowhere").code == 2
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    (folder / "run.json").write_text(json.dumps(facts(folder) | {"schema": 1}))
    call = neuroevo("bench", "--resume", folder)
    assert (call.code, call.err) == (1, f"Error: {folder} must have schema 3, but it has 1; {OTHER_VERSION}\n")


OTHER_VERSION = "read it with the version of neuroevo that wrote it."


def test_a_run_in_use_is_left_alone(finished: Path, neuroevo: Program, tmp_path: Path) -> None:
    """While one process is at work in a folder, another one that wants to go on there ends with exit code 75."""
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    before = (folder / "run.json").read_bytes()
    with locked(folder, RUN_LOCK):
        call = neuroevo("bench", "--resume", folder)
    assert call.code == 75
    assert "is in use by another process" in call.err
    assert (folder / "run.json").read_bytes() == before
    assert neuroevo("bench", "--resume", folder).code == 0


def test_equal_runs_are_the_same(finished: Path, neuroevo: Program) -> None:
    """A run against itself: exit code 0, and a difference of zero for each strategy; two seeds have no interval."""
    call = neuroevo("compare", finished, finished)
    assert (call.code, call.err) == (0, "")
    descendants = [one for one in read_records(finished / "records.jsonl") if one["kind"] == "descendant"]
    assert call.out.startswith(f"Accuracy in %: {finished} (A) against {finished} (B)\n")
    assert "95 % CI" not in call.out
    assert call.out.rstrip().endswith(
        f"The accuracies of all {len(descendants)} descendants that both runs have are equal."
    )
    for name in ("scratch", "finetune", "gtl"):
        (line,) = (line for line in call.out.splitlines() if line.split()[:1] == [name])
        assert line.split()[-1] == "+0.0"


def test_another_run_is_different(finished: Path, neuroevo: Program, tmp_path: Path) -> None:
    """Accuracies of two seeds that differ count: exit code 3, and who it was."""
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    records = read_records(folder / "records.jsonl")
    for record in records:
        if (record["kind"], record["strategy"]) == ("descendant", "gtl"):
            record["accuracy"] = [value + 0.25 for value in record["accuracy"]]  # type: ignore[attr-defined]
    (folder / "records.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    call = neuroevo("compare", finished, folder)
    assert call.code == 3
    assert call.out.rstrip().endswith("Different: gtl.")
    tolerated = neuroevo("compare", finished, folder, "--tolerance", 0.3)
    assert (tolerated.code, tolerated.out.rstrip().splitlines()[-1]) == (0, "No difference was shown.")


def test_what_can_not_be_compared_is_refused(finished: Path, neuroevo: Program, tmp_path: Path) -> None:
    """Other protocols: exit code 1 and a sentence; unfinished cells: a note on stderr, the rest is compared."""
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    text = (folder / "run.json").read_text(encoding="utf-8")
    changed = json.loads(text)
    (protocol,) = changed["comparison"]["protocols"]
    protocol["ways"] += 1
    (folder / "run.json").write_text(json.dumps(changed), encoding="utf-8")
    call = neuroevo("compare", finished, folder)
    assert call.code == 1
    ways = protocol["ways"]
    assert call.err == f"Error: {finished} and {folder} differ in ways: {ways - 1} and {ways}.\n"
    (folder / "run.json").write_text(text, encoding="utf-8")
    lines = (folder / "records.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "records.jsonl").write_bytes(b"".join(lines[:-1]))
    call = neuroevo("compare", finished, folder)
    assert (call.code, call.err) == (0, f"Note: {folder}: 1 of 6 cells are not finished: gtl with seed 1.\n")


def test_no_folder_no_comparison(neuroevo: Program, finished: Path, tmp_path: Path) -> None:
    """A path that is not there is wrong usage, a folder without a run a failure."""
    assert neuroevo("compare", finished, tmp_path / "nowhere").code == 2
    call = neuroevo("compare", finished, tmp_path)
    assert (call.code, call.err) == (1, f"Error: {tmp_path} is no run directory: it has no run.json.\n")


def evolution(folder: Path, *means: float, **facts: Any) -> Path:
    """Write what `evolve` writes in Python: no settings.toml, a record for each generation."""
    folder.mkdir()
    known = {
        "schema": 3,
        "what": "evolve",
        "status": "finished",
        "strategy": "SNES",
        "seed": 1,
        "settings": {"sigma": 1},
    }
    (folder / "run.json").write_text(json.dumps(known | facts), encoding="utf-8")
    counts = {"failed": 0, "gradient_steps": 0, "multiply_adds": 0, "critical_path": 0, "evaluations": 1}
    records = [
        {"kind": "generation", "generation": number, "best": 0, "mean": mean, "seconds": 0.1, **counts}
        | {"individuals": [{"id": 0, "parents": [], "fitness": [mean]}]}
        for number, mean in enumerate(means)
    ]
    (folder / "records.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")
    return folder


def test_runs_of_evolve_are_compared_generation_by_generation(neuroevo: Program, tmp_path: Path) -> None:
    """Exit code 0 if all are equal, else 3 with the first difference and both values."""
    first, same = evolution(tmp_path / "a", 3.0, 2.0, 1.0), evolution(tmp_path / "b", 3.0, 2.0, 1.0)
    call = neuroevo("compare", first, same)
    assert (call.code, call.out, call.err) == (0, "All 3 generations are equal.\n", "")
    call = neuroevo("compare", first, evolution(tmp_path / "c", 3.0, 2.5, 1.0))
    assert (call.code, call.out) == (3, "Different from generation 2 on: mean is 2.0 and 2.5.\n")
    call = neuroevo("compare", first, evolution(tmp_path / "d", 3.0, 2.0))
    assert (call.code, call.out) == (3, "Different: only the first run has generation 3.\n")


def test_runs_of_other_settings_are_not_compared(neuroevo: Program, finished: Path, tmp_path: Path) -> None:
    """Exit code 1, and the sentence names each setting with both values."""
    first = evolution(tmp_path / "a", 3.0)
    other = evolution(tmp_path / "b", 3.0, settings={"sigma": 2}, seed=4)
    call = neuroevo("compare", first, other)
    assert call.code == 1
    assert call.err == (
        f"Error: {first} and {other} can't be compared: they differ in seed (1 and 4), sigma (1 and 2).\n"
    )
    by_command = evolution(tmp_path / "e", 3.0, settings={})
    call = neuroevo("compare", by_command, first)
    assert call.err == (
        f"Error: {by_command} and {first} can't be compared: only {first} was made in Python, which notes objects "
        "where a command notes its flags.\n"
    )
    call = neuroevo("compare", first, finished)
    assert (call.code, call.out) == (1, "")
    assert "only one of them is a run of evolve" in call.err
    call = neuroevo("compare", first, evolution(tmp_path / "c"))
    assert (call.code, call.err.count("there is no finished generation")) == (1, 1)


def test_a_run_of_evolve_in_python_is_reported(neuroevo: Program, tmp_path: Path) -> None:
    """The page has its generations, and tables can be made of them."""
    folder = evolution(tmp_path / "a", 3.0, 2.0)
    assert neuroevo("report", folder).code == 0
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert "SNES, seed 1: the best score went from 3 in the first to 2 in the last of 2 generations" in text
    assert neuroevo("report", folder, "--format", "csv").out.startswith("strategy,seed,generation,best,mean")


def test_a_report_of_two_runs_of_evolve_compares_them(neuroevo: Program, tmp_path: Path) -> None:
    """In the sentences of `compare`: they are equal, they part, or they have other settings."""
    first, page = evolution(tmp_path / "a", 3.0, 2.0), tmp_path / "page.html"
    others = (
        (evolution(tmp_path / "b", 3.0, 2.0), "All 2 generations are equal."),
        (evolution(tmp_path / "c", 3.0, 2.5), "Different from generation 2 on: mean is 2.0 and 2.5."),
        (evolution(tmp_path / "d", 3.0, 2.0, seed=4), "be compared: they differ in seed (1 and 4)."),
    )
    for other, sentence in others:
        assert neuroevo("report", first, other, "--out", page).code == 0
        assert sentence in page.read_text(encoding="utf-8")
