"""Signals and `--resume`: a run that is stopped ends as if it had never been."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from neuroevo.data.glyphs import DATASETS
from neuroevo.evolution import Generation
from neuroevo.runs.checkpoint import load_checkpoint
from neuroevo.runs.records import read_records

Program = Callable[..., Any]
TINY = ("--width", 0.25, "--population", 2, "--life-updates", 2, "--critic-updates", 2, "--quiet")
WORDS = ("evolve", "gtl", *TINY, "--cycle", 3, "--generations", 3)
LEARNGENE = "learngene.safetensors"

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")


@pytest.fixture(scope="module", autouse=True)
def _small_data(made: list[str], undrawn: None) -> None:
    """The data set `glyphs` is made at once in these tests, and no picture is drawn."""


@pytest.fixture(scope="module")
def whole(neuroevo: Program, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run that nothing stopped."""
    folder: Path = tmp_path_factory.mktemp("whole") / "run"
    assert neuroevo(*WORDS, "--out", folder).code == 0
    return folder


@contextmanager
def signalled(number: int, sent: int) -> Iterator[None]:
    """Let the generation of this number send a signal to this process, before it is recorded."""
    record, sendings = Generation.record, iter([sent])

    def sending(generation: Generation) -> dict[str, Any]:
        if generation.number == number and next(sendings, None) is not None:
            os.kill(os.getpid(), sent)
        return record(generation)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Generation, "record", sending)
        yield


def facts(folder: Path) -> dict[str, Any]:
    """Return what `run.json` holds."""
    found: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return found


def timeless(folder: Path) -> list[dict[str, Any]]:
    """Return a run's records without their times."""
    return [
        {key: value for key, value in one.items() if "seconds" not in key}
        for one in read_records(folder / "records.jsonl")
    ]


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_the_run_after_its_generation(
    number: int, sent: signal.Signals, code: int, neuroevo: Program, tmp_path: Path
) -> None:
    """Generation and checkpoint are complete, the way on is said, and it leads to the bytes of the whole run."""
    folder = tmp_path / "run"
    handlers = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    with signalled(number, sent):
        call = neuroevo(*WORDS, "--out", folder)
    assert (call.code, call.out) == (code, "")
    assert call.err.endswith(
        f"Error: The run was stopped by {sent.name}; go on with: neuroevo evolve --resume {folder}\n"
    )
    assert facts(folder)["status"] == "interrupted"
    assert [record["generation"] for record in timeless(folder)] == [*range(number + 1)]
    checkpoint = load_checkpoint(folder / "checkpoints")
    assert checkpoint is not None
    assert checkpoint.generation == number + 1
    assert not (folder / LEARNGENE).exists()
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == handlers


@pytest.mark.parametrize("number", range(3))
def test_a_stopped_run_goes_on_as_if_it_had_not(number: int, whole: Path, neuroevo: Program, tmp_path: Path) -> None:
    """The command that is printed leads to the learngene and the records of a run that nothing stopped."""
    folder = tmp_path / "run"
    with signalled(number, signal.SIGINT):
        words = neuroevo(*WORDS, "--out", folder).err.split("neuroevo ")[-1].split()
    call = neuroevo(*words, "--quiet")
    assert call.code == 0, call.err
    assert (folder / LEARNGENE).read_bytes() == (whole / LEARNGENE).read_bytes()
    assert timeless(folder) == timeless(whole)
    assert facts(folder)["status"] == "finished"
    assert facts(folder)["result"].items() >= {"score": facts(whole)["result"]["score"]}.items()


def test_a_finished_run_has_nothing_left_to_do(whole: Path, neuroevo: Program, made: list[str]) -> None:
    """The result is printed again, nothing runs, and no file changes."""
    before = {path: path.read_bytes() for path in whole.rglob("*") if path.is_file()}
    count = len(made)
    call = neuroevo("evolve", "--resume", whole)
    assert (call.code, call.err) == (0, "")
    first, *_, last = call.out.splitlines()
    assert first == f"Nothing to do: the run in {whole} is finished."
    assert last == f"Saved: {whole / LEARNGENE}"
    printed = json.loads(neuroevo("evolve", "--resume", whole, "--json").out)
    assert printed == {**facts(whole)["result"], "learngene": str(whole / LEARNGENE)}
    assert len(made) == count
    assert {path: path.read_bytes() for path in whole.rglob("*") if path.is_file()} == before


def test_a_run_goes_on_to_more_generations(whole: Path, neuroevo: Program, tmp_path: Path) -> None:
    """Two generations and one more are three, with the new number in the settings."""
    folder = tmp_path / "run"
    assert neuroevo(*WORDS[:-1], 2, "--out", folder).code == 0
    call = neuroevo("evolve", "gtl", "--resume", folder, "--generations", 3)
    assert call.code == 0, call.err
    assert (folder / LEARNGENE).read_bytes() == (whole / LEARNGENE).read_bytes()
    assert timeless(folder) == timeless(whole)
    assert tomllib.loads((folder / "settings.toml").read_text(encoding="utf-8"))["generations"] == 3


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--population", 4, "--seed", 9], "differ: population (2 in the run, 4 given), seed (0 in the run, 9 given)."),
        (["gtl-paper"], "they differ: strategy ('gtl' in the run, 'gtl-paper' given)."),
        (["snes"], "they differ: strategy ('gtl' in the run, 'snes' given)."),
        (["--parents", "none"], "they differ: parents (1 in the run, None given)."),
        (["--settings", "mine.toml"], "so it allows no --settings."),
        (["--sigma", 1], " and snes would."),
        (["--out", "elsewhere"], "so it allows no --out."),
    ],
)
def test_other_settings_are_refused_by_name(words: list[Any], sentence: str, whole: Path, neuroevo: Program) -> None:
    """Exit code 2 and every setting that differs with both values; what is given again but the same is allowed."""
    call = neuroevo("evolve", "--resume", whole, "--life-updates", 2, *words)
    assert (call.code, call.out) == (2, "")
    assert call.err.endswith(f"{sentence}\n")


def test_the_environment_changes_no_run_that_is_resumed(
    whole: Path, neuroevo: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither its strategy nor its settings; what is misspelt there does not matter either."""
    for name, value in {"STRATEGY": "snes", "POPULATION": "9", "ASYNCHRONOUS": "1", "POPULATIN": "3"}.items():
        monkeypatch.setenv(f"NEUROEVO_{name}", value)
    call = neuroevo("evolve", "--resume", whole)
    assert (call.code, call.err) == (0, "")
    assert call.out.startswith("Nothing to do")


def test_other_data_are_refused(
    whole: Path, neuroevo: Program, toys: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A data set of the same name whose images are others can't be what the run goes on with."""
    folder = tmp_path / "run"
    shutil.copytree(whole, folder)
    monkeypatch.setitem(DATASETS, "glyphs", lambda: toys.dataset(size=16, seed=1))
    call = neuroevo("evolve", "--resume", folder, "--generations", 4)
    assert call.code == 1
    assert "can't be resumed here, for it began with other data" in call.err


def test_a_run_that_died_at_its_very_start_begins(whole: Path, neuroevo: Program, tmp_path: Path) -> None:
    """A folder that holds settings and nothing else is the run's beginning."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "settings.toml").write_bytes((whole / "settings.toml").read_bytes())
    (folder / ".run.json.0a1b.tmp").write_bytes(b"{")
    assert neuroevo("evolve", "--resume", folder).code == 0
    assert (folder / LEARNGENE).read_bytes() == (whole / LEARNGENE).read_bytes()
    assert not list(folder.glob("*.tmp"))


def test_a_bench_goes_on_inside_a_cell(neuroevo: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped after the second of three generations, only the third one is run again, and nothing shows in the end."""
    words = ("bench", *TINY, "--generations", 3, "--strategies", "scratch,gtl", "--seeds", 1, "--updates", 2)
    words = (*words, "--descendants", 1)
    assert neuroevo(*words, "--out", tmp_path / "whole").code == 0
    folder = tmp_path / "run"
    with signalled(1, signal.SIGTERM):
        call = neuroevo(*words, "--out", folder)
    assert call.code == 143
    assert call.err.endswith(f"go on with: neuroevo bench --resume {folder}\n")
    assert len(read_records(folder / "cells" / "gtl-seed0" / "records.jsonl")) == 2
    ran: list[int] = []
    record = Generation.record
    monkeypatch.setattr(Generation, "record", lambda self: (ran.append(self.number), record(self))[1])
    call = neuroevo("bench", "--resume", folder)
    assert call.code == 0, call.err
    assert set(ran) == {2}
    assert timeless(folder) == timeless(tmp_path / "whole")
    assert not (folder / "cells").exists()
    for one in read_records(folder / "records.jsonl"):
        if one["kind"] == "ancestor" and one["strategy"] == "gtl":
            assert one["seconds"] > 0


PROGRAM = """
import signal, sys
from pathlib import Path
from neuroevo.evolution import Generation
from neuroevo.runs.directory import RunDirectory
from neuroevo.cli.interruption import interruptible, resumable

folder = Path(sys.argv[1])
with RunDirectory.create(folder, what="bench", argv=[]) as run, interruptible(run):
    signal.raise_signal(int(sys.argv[2]))
    print("still here", flush=True)
    signal.raise_signal(int(sys.argv[2]))
    print("not here", flush=True)
"""


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_second_signal_stops_at_once(sent: signal.Signals, code: int, tmp_path: Path) -> None:
    """The process says after the first one what it waits for, and is gone after the second; the folder says why."""
    folder = tmp_path / "run"
    words = [sys.executable, "-c", PROGRAM, str(folder), str(int(sent))]
    ended = subprocess.run(words, capture_output=True, text=True, check=False, timeout=600)
    assert (ended.returncode, ended.stdout) == (code, "still here\n")
    assert ended.stderr == "Stopping after this generation; the same signal again stops at once.\n"
    assert facts(folder)["status"] == "interrupted"


@pytest.mark.parametrize(
    ("sent", "code"), [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow)]
)
def test_a_run_that_can_not_be_resumed_ends_at_once(sent: signal.Signals, code: int, tmp_path: Path) -> None:
    """As `neuroevo inherit` does: the first signal ends it, and its folder does not say that it still runs."""
    folder = tmp_path / "run"
    program = PROGRAM.replace("interruptible", "ended_by_signals").replace('"bench"', '"inherit"')
    words = [sys.executable, "-c", program, str(folder), str(int(sent))]
    ended = subprocess.run(words, capture_output=True, text=True, check=False, timeout=600)
    assert (ended.returncode, ended.stdout) == (code, "")
    assert ended.stderr == f"Error: the run was stopped by {sent.name} before it saved anything in {folder}.\n"
    assert facts(folder)["status"] == "interrupted"


@pytest.mark.parametrize("content", ["", "\n", "seed = 1\n"])
def test_lost_settings_are_named(content: str, neuroevo: Program, whole: Path, tmp_path: Path) -> None:
    """A run whose settings were emptied, or name no strategy any more, is not begun with other ones."""
    folder = tmp_path / "run"
    shutil.copytree(whole, folder)
    (folder / "settings.toml").write_text(content)
    call = neuroevo("evolve", "--resume", folder)
    assert (call.code, call.out) == (2, "")
    assert f"needs the settings that the run began with, but {folder / 'settings.toml'}" in " ".join(call.err.split())


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run in a process of its own that nothing stopped."""
    folder: Path = tmp_path_factory.mktemp("undisturbed") / "run"
    subprocess.run([*PROCESS, *map(str, WORDS), "--out", str(folder)], check=True, timeout=300)
    return folder


def left_of(session: int) -> list[int]:
    """Return the processes of a session that are not gone yet."""
    found = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, _, its_session = file.read_text().rpartition(")")[2].split()[:4]
            if int(its_session) == session and state != "Z":
                found.append(int(file.parent.name))
    return found


PROCESS = (sys.executable, "-m", "neuroevo")
INTERRUPTIONS = [
    ("threads", signal.SIGINT),
    ("threads", signal.SIGTERM),
    ("threads", signal.SIGKILL),
    ("processes", signal.SIGINT),
    ("processes", signal.SIGTERM),
    ("processes", signal.SIGKILL),
    ("ray", signal.SIGTERM),
    ("ray", signal.SIGINT),
]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize(("engine", "sent"), INTERRUPTIONS)
def test_a_process_that_is_stopped_from_outside_goes_on(
    engine: str, sent: signal.Signals, undisturbed: Path, tmp_path: Path
) -> None:
    """Whatever the engine and the signal, `--resume` leads to the learngene of a run that nothing stopped.

    Processes get the signal all together, as from a terminal or a batch system; none of them is left behind.
    """
    if engine == "ray":
        pytest.importorskip("ray")
    folder = tmp_path / "run"
    words = [*PROCESS, *map(str, WORDS), "--engine", engine, "--workers", "2", "--out", str(folder)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    while not list((folder / "checkpoints").glob("*.json")):
        assert process.poll() is None
        time.sleep(0.01)
    if engine == "processes" and sent is not signal.SIGKILL:
        os.killpg(process.pid, sent)
    else:
        process.send_signal(sent)
    _, text = process.communicate(timeout=600)
    assert process.returncode == (-sent if sent is signal.SIGKILL else 128 + sent)
    assert sent is signal.SIGKILL or f"go on with: neuroevo evolve --resume {folder}" in text
    if engine != "ray":  # whose processes have sessions of their own
        patience = time.monotonic() + 30
        while left_of(process.pid):
            assert time.monotonic() < patience
            time.sleep(0.05)
    again = [*PROCESS, "evolve", "--resume", str(folder), "--engine", "threads"]
    subprocess.run(again, check=True, timeout=300, stdout=subprocess.DEVNULL)
    assert (folder / LEARNGENE).read_bytes() == (undisturbed / LEARNGENE).read_bytes()
