"""Files that are no learngenes are refused in a sentence, and nothing in them is ever run."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from safetensors.torch import save as save_tensors

from neuroevo.files import CheckpointError
from neuroevo.learngene import Learngene


@given(st.binary(max_size=200))
@example(b"")
@example(b"\x00" * 8)
@example(b"\xff" * 8)
@example((2).to_bytes(8, "little") + b"{}")
@example((2).to_bytes(8, "little") + b"[]")
@example((20000).to_bytes(8, "little") + b"[" * 20000)
@example(b"\x80\x04\x95")
def test_foreign_bytes_are_refused(data: bytes) -> None:
    """Whatever the bytes are, reading raises CheckpointError and nothing else."""
    with pytest.raises(CheckpointError):
        Learngene.from_bytes(data)


@pytest.mark.parametrize("metadata", [None, {}, {"format": "pt"}, {"neuroevo": "[]"}, {"neuroevo": "{}"}])
def test_foreign_safetensors_files_are_refused(metadata: dict[str, str] | None, tmp_path: Path) -> None:
    """Files of other programs are named with their path, in one sentence."""
    path = tmp_path / "model.safetensors"
    path.write_bytes(save_tensors({"weight": torch.zeros(2, 2)}, metadata=metadata))
    with pytest.raises(CheckpointError) as caught:
        Learngene.load(path)
    message = str(caught.value)
    assert message.startswith(f"{path} can't be read as a learngene: ")
    assert message.endswith(".")
    assert "\n" not in message


class Trap:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("dump", ["pickle", "torch"])
def test_a_pickle_is_never_run(dump: str, tmp_path: Path) -> None:
    """A pickle under a learngene's name is refused and not executed."""
    path, sprung = tmp_path / "learngene.safetensors", tmp_path / "sprung"
    if dump == "pickle":
        path.write_bytes(pickle.dumps(Trap(sprung)))
    else:
        torch.save({"trap": Trap(sprung)}, path)
    with pytest.raises(CheckpointError):
        Learngene.load(path)
    assert not sprung.exists()
    if dump == "pickle":
        pickle.loads(path.read_bytes())
        assert sprung.exists()


def test_what_never_ends_is_not_read(tmp_path: Path) -> None:
    """A device or a pipe is no learngene."""
    os.mkfifo(tmp_path / "pipe")
    for path in (Path("/dev/zero"), tmp_path / "pipe", tmp_path):
        with pytest.raises(CheckpointError, match="must be a file, but it is none"):
            Learngene.load(path)


def test_missing_files_are_no_damage(tmp_path: Path) -> None:
    """A path that does not exist raises the usual error."""
    with pytest.raises(FileNotFoundError):
        Learngene.load(tmp_path / "none.safetensors")
