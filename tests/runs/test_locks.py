"""Locks of folders: one holder at a time, no trace at the end, and no run directory that a left lock file disturbs."""

import os
from pathlib import Path

import pytest

from neuroevo.runs.directory import RunDirectory
from neuroevo.runs.locks import LOCK_FILES, RUN_LOCK, RunLocked, entries, locked

SETTINGS = "seed = 7\n"


def test_a_folder_has_one_holder(tmp_path: Path) -> None:
    """A second holder in the same process is refused at once, and the folder is empty and free at the end."""
    with locked(tmp_path):
        for _ in range(2):
            with (
                pytest.raises(RunLocked, match=r"^.* is in use by another process; wait for it or .*\.$"),
                locked(tmp_path),
            ):
                pass
        with locked(tmp_path, RUN_LOCK):
            assert {path.name for path in tmp_path.iterdir()} == LOCK_FILES
    assert list(tmp_path.iterdir()) == []
    with locked(tmp_path):
        pass


def test_a_failure_frees_the_folder(tmp_path: Path) -> None:
    """Whatever ends the work ends the lock."""
    with pytest.raises(ZeroDivisionError), locked(tmp_path):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_left_lock_files_disturb_nothing(tmp_path: Path) -> None:
    """A killed process may leave them: the folder is free, counts as empty, and a run there begins and is resumed."""
    for name in LOCK_FILES:
        (tmp_path / name).touch()
    assert entries(tmp_path) == []
    assert entries(tmp_path / "nowhere") == []
    with RunDirectory.create(tmp_path, what="bench", settings=SETTINGS, argv=[]) as run, locked(run.path):
        assert {path.name for path in entries(tmp_path)} == {"log.txt", "run.json", "settings.toml"}
    (tmp_path / RUN_LOCK).touch()
    (tmp_path / "run.json").unlink()
    with RunDirectory.resume(tmp_path, what="bench", settings=SETTINGS, argv=[]):
        pass
    assert list(tmp_path.iterdir()) == entries(tmp_path)


def test_a_run_directory_has_one_holder(tmp_path: Path) -> None:
    """While it is open it is refused to others, and left as it is."""
    with RunDirectory.create(tmp_path / "run", what="bench", settings=SETTINGS, argv=[]) as run:
        before = (run.path / "run.json").read_bytes()
        with pytest.raises(RunLocked):
            RunDirectory.resume(run.path, what="bench", settings=SETTINGS, argv=[])
        assert (run.path / "run.json").read_bytes() == before
        with pytest.raises(RunLocked), locked(run.path, RUN_LOCK):
            pass


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_does_not_free_the_folder(tmp_path: Path) -> None:
    """A worker that is forked and cleans up after itself leaves the folder to the run."""
    held = locked(tmp_path)
    held.__enter__()
    child = os.fork()
    if child == 0:
        held.__exit__(None, None, None)
        os._exit(0)
    os.waitpid(child, 0)
    with pytest.raises(RunLocked), locked(tmp_path):
        pass
    held.__exit__(None, None, None)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_can_not_be_locked_is_named(tmp_path: Path) -> None:
    """What the system refuses is an error of its kind, with the path."""
    (tmp_path / RUN_LOCK).mkdir()
    with pytest.raises(OSError, match="could not lock the folder") as caught, locked(tmp_path, RUN_LOCK):
        pass
    assert caught.value.filename == str(tmp_path / RUN_LOCK)
