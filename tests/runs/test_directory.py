"""The folder of a run: what it holds, and how it says that a run ended."""

import json
import logging
import re
from pathlib import Path

import pytest

from neuroevo import __version__
from neuroevo.runs.directory import RunDirectory

SETTINGS = 'seed = 7\ndevice = "cpu"\n'


def make(path: Path | None) -> RunDirectory:
    """A run directory with ordinary contents."""
    return RunDirectory.create(path, what="bench", settings=SETTINGS, argv=["bench", "--seed=7"])


def facts(run: RunDirectory) -> dict[str, object]:
    """What `run.json` says now."""
    found: dict[str, object] = json.loads((run.path / "run.json").read_text())
    return found


def test_a_finished_run_says_so(tmp_path: Path) -> None:
    """The status goes from running to finished, and the facts are there from the start."""
    with make(tmp_path / "a" / "b") as run:
        started = facts(run)
        assert started["status"] == "running"
        assert started["ended"] is None
        run.note({"device": "cuda:0", "seed": 7})
    ended = facts(run)
    assert ended["status"] == "finished"
    changed = {key for key in ended if ended[key] != started.get(key)}
    assert changed == {"status", "ended", "device", "seed"}
    assert ended["seed"] == 7
    assert ended["device"] == "cuda:0"
    assert ended["argv"] == ["bench", "--seed=7"]
    assert ended["schema"] == 3
    versions = ended["versions"]
    assert isinstance(versions, dict)
    assert versions["neuroevo"] == __version__
    assert {"torch", "deap", "numpy"} <= versions.keys()
    assert {"host", "platform", "python", "threads", "started"} <= ended.keys()


def test_the_settings_can_be_run_again(tmp_path: Path) -> None:
    """The file of settings holds the text that is given; without any there is no file."""
    with make(tmp_path / "run") as run:
        assert (run.path / "settings.toml").read_text() == SETTINGS
    with RunDirectory.create(tmp_path / "bare", what="bench") as run:
        assert not (run.path / "settings.toml").exists()


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt])
def test_a_failed_run_says_why(kind: type[BaseException], tmp_path: Path) -> None:
    """The exception passes through; status, reason and traceback stay in the folder."""
    run = make(tmp_path / "run")

    def work() -> None:
        with run:
            raise kind("the reason")

    with pytest.raises(kind):
        work()
    assert facts(run)["status"] == "failed"
    assert facts(run)["error"] == f"{kind.__name__}: the reason"
    log = (run.path / "log.txt").read_text()
    assert "Traceback" in log
    assert "the reason" in log


def test_the_log_takes_messages_of_the_package_while_it_is_open(tmp_path: Path) -> None:
    """Messages go to the file from opening to closing, and the logger is then as before."""
    logger = logging.getLogger("neuroevo")
    before = (logger.level, list(logger.handlers))
    logging.getLogger("neuroevo.somewhere").info("too early")
    with make(tmp_path / "run") as run:
        logging.getLogger("neuroevo.somewhere").info("in time")
    logging.getLogger("neuroevo.somewhere").info("too late")
    log = (run.path / "log.txt").read_text()
    assert re.fullmatch(r".* INFO in time\n", log)
    assert (logger.level, logger.handlers) == before


def test_an_existing_folder_with_files_is_refused(tmp_path: Path) -> None:
    """Nothing is ever written among other files; an empty folder is fine."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("mine")
    (tmp_path / "empty").mkdir()
    for taken in (tmp_path / "full", tmp_path / "full" / "file"):
        with pytest.raises(FileExistsError, match="out must be a new or empty folder"):
            make(taken)
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["file"]
    with make(tmp_path / "empty") as run:
        assert run.path == tmp_path / "empty"


def test_the_default_folder_is_new_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs in the same second get folders of their own, named by what and when."""
    monkeypatch.chdir(tmp_path)
    paths = set()
    for _ in range(3):
        with make(None) as run:
            paths.add(run.path)
    assert len(paths) == 3
    assert all(re.fullmatch(r"runs/bench-\d{8}-\d{6}(-\d)?", path.relative_to(tmp_path).as_posix()) for path in paths)


def test_the_first_error_is_the_one_that_is_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full takes no status either, which is not what ended the run."""

    def full(path: Path, data: bytes) -> None:
        raise OSError(28, f"could not write {len(data)} bytes", str(path))

    with pytest.raises(OSError, match="the first"), RunDirectory.create(tmp_path / "run", what="test"):  # noqa: PT012
        monkeypatch.setattr("neuroevo.runs.directory.write_atomically", full)
        raise OSError(28, "the first")
    assert "could not write" in (tmp_path / "run" / "log.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["log.txt", "run.json", "settings.toml"])
def test_no_file_of_a_run_leads_elsewhere(name: str, tmp_path: Path) -> None:
    """A link in a folder that somebody gave away is refused, and what it leads to stays."""
    folder, other = tmp_path / "run", tmp_path / "other"
    with RunDirectory.create(folder, what="test", settings=""):
        pass
    (folder / name).rename(other)
    before = other.read_bytes()
    (folder / name).symlink_to(other)
    with pytest.raises(FileExistsError, match=f"{name} must be a new or a plain file, but it is a symbolic link"):
        RunDirectory.resume(folder, what="test", settings="")
    assert other.read_bytes() == before
