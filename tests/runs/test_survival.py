"""What a run survives: being killed at any write, a full disk, a second process, and files that are traps."""

import json
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from neuroevo.cli.settings.load import SettingsError
from neuroevo.cli.settings.sources import read_table
from neuroevo.evolution import evolve
from neuroevo.files import CheckpointError
from neuroevo.learngene import Learngene
from neuroevo.problems import Function
from neuroevo.runs.checkpoint import load_checkpoint, save_checkpoint
from neuroevo.runs.directory import RunDirectory, read_facts
from neuroevo.runs.records import read_records
from neuroevo.space import Space
from neuroevo.strategies import SNES

HERE = Path(__file__).parent
posix = pytest.mark.skipif(os.name != "posix", reason="needs signals and limits of POSIX")


def python(*words: object) -> subprocess.CompletedProcess[str]:
    """Run a Python process of its own and return how it ended."""
    return subprocess.run([sys.executable, *map(str, words)], capture_output=True, text=True, check=False, timeout=300)


@posix
@pytest.mark.parametrize("step", [7, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("checkpoint_seconds", "generations"), [(0, [0, 1, 2, 3]), (1000, [0, 3])])
def test_a_run_that_is_killed_at_any_write_is_resumed(
    checkpoint_seconds: float, generations: list[int], step: int, tmp_path: Path
) -> None:
    """A checkpoint is old or new, never broken, and leads to the records of a run that was not killed.

    The process kills itself (SIGKILL) before every `step`-th call of the system in turn.
    """
    ended = python(HERE / "killed.py", tmp_path, checkpoint_seconds, step)
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert found["wrong"] == []
    assert found["loaded"] == generations
    assert found["deaths"] > 50 // step


PROGRAM = """
import resource, sys
import torch
from neuroevo.cli.main import run
from neuroevo.data.images import Dataset, LabelledImages

def made():
    def noise(seed):
        source = torch.Generator().manual_seed(seed)
        return torch.randint(256, (240, 1, 8, 8), dtype=torch.uint8, generator=source)

    roles = {
        role: LabelledImages(noise(seed), torch.arange(240) % 4, tuple(f"{role} {k}" for k in range(4)))
        for seed, role in enumerate(("ancestry", "held_out", "novel"))
    }
    return Dataset.of("glyphs", **roles)

import neuroevo.data.glyphs
neuroevo.data.glyphs.glyphs = made
if sys.argv[1] != "-":
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
sys.exit(run(sys.argv[2:]))
"""
WORDS = ("evolve", "gtl", "--backbone", "mlp", "--population", 2, "--life-updates", 2, "--critic-updates", 2, "--quiet")


@posix
@pytest.mark.slow
def test_a_full_disk_leaves_the_last_checkpoint(tmp_path: Path) -> None:
    """Where the system takes no more bytes the run ends with exit code 74 and a sentence with path and bytes.

    The last checkpoint is as it was, nothing is said to be saved, and with room again the run is resumed.
    """
    folder = tmp_path / "run"
    ended = python("-c", PROGRAM, "-", *WORDS, "--generations", 1, "--out", folder)
    assert ended.returncode == 0, ended.stderr
    kept = {path.name: path.read_bytes() for path in (folder / "checkpoints").iterdir()}
    limit = max(map(len, kept.values())) // 2
    ended = python("-c", PROGRAM, limit, "evolve", "--resume", folder, "--generations", 3, "--quiet")
    assert ended.returncode == 74, ended.stderr
    assert ended.stdout == ""
    assert ended.stderr.startswith(f"Error: {folder / 'checkpoints' / 'generation-'}")
    assert "could not write" in ended.stderr
    assert "bytes (File too large)" in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert {path.name: path.read_bytes() for path in (folder / "checkpoints").iterdir()} == kept
    assert read_facts(folder)["status"] == "failed"
    ended = python("-c", PROGRAM, "-", "evolve", "--resume", folder, "--generations", 3, "--quiet")
    assert ended.returncode == 0, ended.stderr
    assert [record["generation"] for record in read_records(folder / "records.jsonl")] == [0, 1, 2]


HOLD = """
import sys
from pathlib import Path
from neuroevo.runs.locks import locked

with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@posix
def test_two_processes_never_share_a_folder(tmp_path: Path) -> None:
    """While one process has it another one is refused; when the first is killed the folder is free."""
    words = [sys.executable, "-c", HOLD, str(tmp_path)]
    first = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert first.stdout is not None
    assert first.stdin is not None
    assert first.stdout.readline() == "held\n"
    refused = subprocess.run(words, capture_output=True, text=True, check=False, input="")
    assert "RunLocked" in refused.stderr
    first.kill()
    first.wait()
    first.stdin.close()
    first.stdout.close()
    assert subprocess.run(words, capture_output=True, text=True, check=True, input="").stdout == "held\n"


class Trap:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (self.path,)


def load_tensors(folder: Path) -> object:
    """Read a checkpoint whose file of tensors is the trap."""
    data = (folder / "file").read_bytes()
    save_checkpoint(folder, 1, {"a": torch.zeros(1)})
    next(folder.glob("*.safetensors")).write_bytes(data)
    return load_checkpoint(folder)


def load_document(folder: Path) -> object:
    """Read a checkpoint whose document is the trap."""
    (folder / "file").rename(folder / "generation-000001.json")
    return load_checkpoint(folder)


def load_facts(folder: Path) -> object:
    """Read the facts of a run."""
    (folder / "file").rename(folder / "run.json")
    return read_facts(folder)


def load_file_of_settings(folder: Path) -> object:
    """Read settings."""
    table, errors = read_table(folder / "file")
    if errors:
        raise SettingsError(tuple(errors))
    return table


READERS = (
    load_tensors,
    load_document,
    load_facts,
    load_file_of_settings,
    lambda folder: read_records(folder / "file"),
    lambda folder: Learngene.load(folder / "file"),
)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("protocol", [0, 5, "torch"])
def test_no_file_is_ever_run(reader: Callable[[Path], object], protocol: int | str, tmp_path: Path) -> None:
    """A pickle in the place of any file of ours is refused, and what is planted in it does not happen."""
    sprung, file = tmp_path / "sprung", tmp_path / "file"
    if isinstance(protocol, int):
        file.write_bytes(pickle.dumps(Trap(sprung), protocol=protocol) + b"\n")
    else:
        torch.save(Trap(sprung), file)
        file.write_bytes(file.read_bytes() + b"\n")
    with pytest.raises((CheckpointError, SettingsError)):
        reader(tmp_path)
    assert not sprung.exists()


def test_the_trap_is_one(tmp_path: Path) -> None:
    """Unpickled, it springs."""
    pickle.loads(pickle.dumps(Trap(tmp_path / "sprung")))
    assert (tmp_path / "sprung").exists()


def test_a_run_stays_in_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An evaluation that changes the current folder moves no file of a run whose folder is relative."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(tmp_path)

    def score(genome: torch.Tensor) -> float:
        os.chdir(elsewhere)
        return float(genome.sum())

    with RunDirectory.create(Path("whole"), what="test"):
        for _ in evolve(SNES(Function(score, Space.box(2))), 2, run_dir="loop"):
            pass
    assert [*elsewhere.iterdir()] == []
    files = {"run.json", "records.jsonl", "checkpoints", "genome.safetensors"}
    assert {path.name for path in (tmp_path / "loop").iterdir()} == files
    assert read_facts(tmp_path / "whole")["status"] == "finished"


@pytest.mark.slow
@posix
def test_a_full_disk_is_named_at_every_level(tmp_path: Path) -> None:
    """Whatever the system takes no more of, the file that it was is named with its bytes, on one line."""
    ended = python(HERE / "full.py", tmp_path)
    assert ended.returncode == 0, ended.stderr
    names = []
    for found in map(json.loads, ended.stdout.splitlines()):
        if found["code"] == 0:
            assert found["err"] == ""
            continue
        folder = re.escape(str(tmp_path / str(found["size"])))
        sentence = rf"Error: {folder}/(.+): could not write (\d+) bytes \(File too large\)\.\n"
        assert found["code"] == 74
        match = re.fullmatch(sentence, found["err"])
        assert match is not None, found
        names.append(match[1])
    kinds = [name.partition("/")[0] for name in names]
    assert [*dict.fromkeys(kinds)] == ["settings.toml", "run.json", "records.jsonl", "checkpoints"]
