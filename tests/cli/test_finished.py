"""A finished run that is resumed: where its file is, and what is done if the file is lost."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Program = Callable[..., Any]
GENOME = "genome.safetensors"


@pytest.fixture(scope="module")
def finished(neuroevo: Program, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a finished search."""
    folder: Path = tmp_path_factory.mktemp("finished") / "run"
    call = neuroevo("evolve", "snes", "--problem", "sphere", "--generations", 3, "--quiet", "--out", folder)
    assert call.code == 0, call.err
    return folder


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """Return a copy of it."""
    shutil.copytree(finished, tmp_path / "copy")
    return tmp_path / "copy"


def test_a_copy_is_at_its_own_place(run: Path, neuroevo: Program) -> None:
    """The path that is printed is the copy's."""
    call = neuroevo("evolve", "--resume", run)
    assert call.out.splitlines()[0] == f"Nothing to do: the run in {run} is finished."
    assert call.out.splitlines()[-1] == f"Saved: {run / GENOME}"


@pytest.mark.parametrize(("content", "lost"), [(None, "missing"), (b"", "damaged"), (b"half", "damaged")])
def test_a_lost_file_is_made_again(content: bytes | None, lost: str, run: Path, neuroevo: Program) -> None:
    """It is said why, and the new file has the bytes of the lost one; the second time there is nothing to do."""
    before = (run / GENOME).read_bytes()
    (run / GENOME).unlink()
    if content is not None:
        (run / GENOME).write_bytes(content)
    call = neuroevo("evolve", "--resume", run, "--quiet")
    assert (call.code, call.err) == (
        0,
        f"Note: the run in {run} is finished, but its file {GENOME} is {lost}; it is made from the last checkpoint.\n",
    )
    assert (run / GENOME).read_bytes() == before
    assert neuroevo("evolve", "--resume", run).out.startswith("Nothing to do")


def test_without_a_checkpoint_it_is_only_said(run: Path, neuroevo: Program) -> None:
    """Nothing runs, and the records stay."""
    records = (run / "records.jsonl").read_bytes()
    (run / GENOME).unlink()
    shutil.rmtree(run / "checkpoints")
    call = neuroevo("evolve", "--resume", run)
    assert (call.code, call.out) == (1, "")
    assert call.err == (
        f"Error: The run in {run} is finished, but its file {GENOME} is missing and there is no checkpoint to make it "
        "from; restore the file, or run it again in another folder.\n"
    )
    assert (run / "records.jsonl").read_bytes() == records
