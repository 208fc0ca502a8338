"""The folder of one run: its settings, its facts and status in `run.json`, and its log."""

import json
import logging
import platform
import reprlib
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from neuroevo.files import CheckpointError, refuse_unless_plain, write_atomically
from neuroevo.runs.locks import RUN_LOCK, entries, locked
from neuroevo.runs.machine import machine
from neuroevo.runs.names import FACTS, LOG, RECORDS, SETTINGS
from neuroevo.runs.signals import Interrupted, StopSignal
from neuroevo.runs.versions import commit, versions

SCHEMA = 3

logger = logging.getLogger("neuroevo")


class RunDirectory:
    """The folder of one run; as a context manager it says at its end how the run ended.

    Attributes:
        path: the folder, as an absolute path: what runs may change the current folder.
        stop: whether a signal has asked the run to stop; the process that works in the folder checks it at safe points.
    """

    def __init__(self, path: Path, facts: dict[str, object]) -> None:
        self.path = path.absolute()
        self.stop = StopSignal()
        self._facts = facts
        self._level = logger.level
        self._held = ExitStack()
        refuse_unless_plain(self.path / LOG)
        self._log = _Log(self.path / LOG, encoding="utf-8")
        self._log.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        logger.addHandler(self._log)
        logger.setLevel(min(self._level or logging.INFO, logging.INFO))

    @classmethod
    def create(cls, path: Path | None, *, what: str, settings: str | None = None, argv: Sequence[str] = ()) -> Self:
        """Make the folder of a new run and write what is known at its start.

        Args:
            path: folder to make; None stands for `runs/<what>-<time>`.
            what: the command or use, such as `bench`.
            settings: the settings that are used, as TOML; None writes none.
            argv: the command's words.

        Raises:
            FileExistsError: the folder exists and is not empty; one sentence.
            OSError: the folder or a file in it could not be written.
        """
        folder = default_folder(what) if path is None else path
        _make(folder)
        return cls._open(folder, _facts(what, argv), settings=settings)

    @classmethod
    def resume(cls, path: Path, *, what: str, settings: str | None = None, argv: Sequence[str] = ()) -> Self:
        """Open the folder of a run that is resumed; its facts say when and by what it was resumed.

        Args:
            path: the folder. If the run died before it wrote any facts, it begins here.
            what: the command or use, such as `bench`.
            settings: the settings that are used, some of which may have been changed.
            argv: the command's words.

        Raises:
            CheckpointError: the folder is no run directory, or of another schema; one sentence.
            RunLocked: another process is at work in it.
            OSError: a file could not be read or written.
        """
        if not (path / FACTS).exists() and {*_names(path)} <= {SETTINGS, LOG}:
            path.mkdir(parents=True, exist_ok=True)
            facts = _facts(what, argv)
        else:
            facts = _continued(read_facts(path), argv)
        return cls._open(path, facts, settings=settings)

    @classmethod
    def begin_or_resume(cls, path: Path, *, what: str) -> Self:
        """Open the folder of a run that Python code describes by facts of its own: make it, or resume the run there.

        Args:
            path: the folder; nothing but a run of the same kind may be in it.
            what: the use, such as `bench`.

        Raises:
            FileExistsError: the folder holds no run and is not empty.
            CheckpointError: the folder holds a run of another kind or schema; one sentence.
            RunLocked: another process is at work in it.
            OSError: a file could not be read or written.
        """
        if not (path / FACTS).exists() and not {*_names(path)} <= {LOG}:
            return cls.create(path, what=what)
        if (path / FACTS).exists() and (kind := read_facts(path).get("what")) != what:
            raise CheckpointError(
                f"{path} must hold a run of {what}, but it holds one of {kind}; choose another folder."
            )
        return cls.resume(path, what=what)

    @property
    def facts(self) -> Mapping[str, object]:
        """What `run.json` holds."""
        return self._facts

    @property
    def records(self) -> Path:
        """The file of records."""
        return self.path / RECORDS

    def note(self, facts: Mapping[str, object]) -> None:
        """Add JSON values to `run.json`, such as the device that `auto` stood for."""
        self._facts |= facts
        self._write()

    def note_same(self, facts: Mapping[str, object]) -> None:
        """Add JSON values to `run.json` that must be the same whenever the run is resumed, such as its data.

        Raises:
            CheckpointError: the run began with others; the message names them.
        """
        differing = [key for key in facts if key in self._facts and self._facts[key] != facts[key]]
        if differing:
            both = ", ".join(f"{key} ({shown(self._facts[key])} then, {shown(facts[key])} now)" for key in differing)
            raise CheckpointError(f"The run in {self.path} can't be resumed here, for it began with other {both}.")
        self.note(facts)

    def close(self, *, error: BaseException | None = None) -> None:
        """Write the status (interrupted or failed if there is an `error`) and release the log and the folder."""
        if isinstance(error, Interrupted):
            logger.info("The run was %s.", error)
        elif error is not None:
            logger.error("The run failed.", exc_info=error)
            self._facts["error"] = f"{type(error).__name__}: {error}".rstrip(": ")
        self._facts |= {"status": _status(error), "ended": _now()}
        try:
            with _second_to(error):
                self._write()
        finally:
            self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close(error=error)

    @classmethod
    def _open(cls, path: Path, facts: dict[str, Any], *, settings: str | None) -> Self:
        run = cls(path, facts)
        try:
            run._held.enter_context(locked(run.path, RUN_LOCK))
            _remove_unfinished(run.path)
            # Written first: a folder with settings can be resumed, whenever the process dies.
            if settings is not None:
                write_atomically(run.path / SETTINGS, settings.encode())
            run._write()
        except BaseException:
            run._release()
            raise
        return run

    def _write(self) -> None:
        _write_facts(self.path, self._facts)

    def _release(self) -> None:
        logger.removeHandler(self._log)
        logger.setLevel(self._level)
        with self._held:
            self._log.close()


@contextmanager
def described_run(path: Path, *, what: str, facts: Callable[[], Mapping[str, object]]) -> Iterator[None]:
    """Keep `run.json` in the folder of a run that Python code began, while the context lasts.

    A folder that belongs to a command, which keeps it itself, is left alone.

    Args:
        path: the folder.
        what: the use, such as `evolve`.
        facts: returns what describes the run, as JSON values.
    """
    known = read_facts(path) if (path / FACTS).exists() else None
    if known is not None and (known.get("argv") or known.get("what") != what):
        yield
        return
    _remove_unfinished(path)
    found = (_facts(what, ()) if known is None else _continued(known, ())) | dict(facts())
    _write_facts(path, found)
    error: BaseException | None = None
    try:
        yield
    except BaseException as raised:
        error = raised
        raise
    finally:
        status = _status(error)
        reason = {"error": f"{type(error).__name__}: {error}".rstrip(": ")} if status == "failed" else {}
        with _second_to(error):
            _write_facts(path, found | reason | {"status": status, "ended": _now()})


class _Log(logging.FileHandler):
    """The log of a run, which ends none: what the disk does not take is missing in it."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Report what is wrong with a message, but not that the file can't be written."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)

    def close(self) -> None:
        """Close the file, whether or not the rest of it can be written."""
        with suppress(OSError):
            super().close()


@contextmanager
def _second_to(error: BaseException | None) -> Iterator[None]:
    """Let an error of the system inside the context not take the place of the one that ended the run."""
    try:
        yield
    except OSError as other:
        if error is None:
            raise
        logger.error("%s", other)


def _remove_unfinished(folder: Path) -> None:
    """Remove what a killed process left half written."""
    for left in folder.glob(".*.tmp"):
        left.unlink(missing_ok=True)


def _write_facts(path: Path, facts: Mapping[str, object]) -> None:
    text = json.dumps(facts, indent=2, sort_keys=True, allow_nan=False) + "\n"
    write_atomically(path / FACTS, text.encode())


def _continued(facts: dict[str, Any], argv: Sequence[str]) -> dict[str, Any]:
    again = {"started": _now(), "argv": list(argv), "host": platform.node(), **_code()}
    facts |= {"status": "running", "ended": None, "resumed": [*facts.get("resumed", []), again]}
    facts.pop("error", None)
    return facts


def _why_none(path: Path) -> str:
    """Return why a path is no run directory, and a run that lies in it."""
    if not path.is_dir():
        return "it is a file" if path.exists() else "there is no such folder"
    inside = sorted(path.glob(f"*/{FACTS}"))
    return f"it has no {FACTS}" + (f"; {inside[0].parent} is one" if inside else "")


def read_facts(path: Path) -> dict[str, Any]:
    """Return what `run.json` of a run directory holds.

    Raises:
        CheckpointError: the folder is no run directory, its file is damaged or of another schema; one sentence.
        OSError: the file cannot be read.
    """
    try:
        facts = json.loads((path / FACTS).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise CheckpointError(f"{path} is no run directory: {_why_none(path)}.") from None
    except (ValueError, RecursionError):
        raise CheckpointError(f"{path / FACTS} is damaged: it is not JSON.") from None
    if not isinstance(facts, dict):
        raise CheckpointError(f"{path / FACTS} is damaged: it holds no JSON object.")
    if facts.get("schema") != SCHEMA:
        raise CheckpointError(
            f"{path} must have schema {SCHEMA}, but it has {shown(facts.get('schema'))}; "
            "read it with the version of neuroevo that wrote it."
        )
    for key, kind in _KINDS.items():
        if facts.get(key) is not None and not isinstance(facts[key], kind):
            raise CheckpointError(
                f"{path / FACTS} is damaged: {key} must be a {_WORDS[kind]}, but it is {shown(facts[key])}."
            )
    return facts


def shown(value: object) -> str:
    """Return a value from a file as Python writes it, cut to fit into a sentence."""
    text = reprlib.repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


LONGEST = 60
_WORDS: Mapping[type, str] = {str: "text", list: "list", dict: "mapping", int: "whole number"}
_KINDS: Mapping[str, type] = {
    **dict.fromkeys(("what", "status", "started", "ended", "error", "suite", "strategy", "device", "host"), str),
    **dict.fromkeys(("argv", "repeat", "resumed", "findings"), list),
    **dict.fromkeys(("result", "comparison", "settings", "stop", "execution", "versions", "data"), dict),
    **dict.fromkeys(("seed", "cycle", "threads"), int),
}
"""What the facts are that are read again, where they are not null."""


def _status(error: BaseException | None) -> str:
    if isinstance(error, Interrupted | GeneratorExit):
        return "interrupted"
    return "finished" if error is None else "failed"


def default_folder(what: str) -> Path:
    """Return a folder that does not exist yet, `runs/<what>-<time>`."""
    name = f"{what}-{time.strftime('%Y%m%d-%H%M%S')}"
    path = Path("runs", name)
    count = 2
    while path.exists():  # two runs in one second
        path = Path("runs", f"{name}-{count}")
        count += 1
    return path


def _names(folder: Path) -> list[str]:
    """Return what is in a folder, but for files that a killed process left half written."""
    return [path.name for path in entries(folder) if not path.name.endswith(".tmp")]


def _make(folder: Path) -> None:
    if folder.exists() and not (folder.is_dir() and not entries(folder)):
        raise FileExistsError(f"out must be a new or empty folder, but {folder} is not; choose another.")
    folder.mkdir(parents=True, exist_ok=True)


def _facts(what: str, argv: Sequence[str]) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "what": what,
        "status": "running",
        "started": _now(),
        "ended": None,
        "argv": list(argv),
        "threads": _threads(),
        **machine(),
        "host": platform.node(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        **_code(),
    }


def _code() -> dict[str, object]:
    return {"versions": versions(), **({} if (found := commit()) is None else {"commit": found})}


def _threads() -> int:
    import torch

    return torch.get_num_threads()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
