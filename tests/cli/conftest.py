"""What the tests of commands share: a clean environment, captured calls, and a data set that is made at once."""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from types import ModuleType

import pytest
import rich.style  # noqa: F401 - draws from Python's global generator when it is first imported, which no test should

from neuroevo import catalogue
from neuroevo.benchmarks.report.pictures import Album, Picture
from neuroevo.cli.main import run
from neuroevo.data.glyphs import DATASETS


@dataclass(frozen=True)
class Call:
    """What a call of the program gave."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="module", autouse=True)
def _no_settings_in_the_environment() -> Iterator[None]:
    """Settings in the environment of the test run have no effect."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith("NEUROEVO_"):
                patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def neuroevo() -> Callable[..., Call]:
    """Return the program as a function of its words, in this process and without a terminal."""

    def call(*words: object) -> Call:
        out, err = io.StringIO(), io.StringIO()
        # Each call stands for a process of its own, which knows nothing of what others imported.
        catalogue._IMPORTED.clear()
        with redirect_stdout(out), redirect_stderr(err):
            code = run([str(word) for word in words])
        return Call(code, out.getvalue(), err.getvalue())

    return call


@pytest.fixture(scope="module")
def undrawn() -> Iterator[None]:
    """Let pages have the words of pictures alone: drawing takes most of the time of a small comparison."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Album, "add", lambda self, caption, alt, draw: [Picture("data:,", caption, alt())])
        yield


@pytest.fixture(scope="module")
def made(toys: ModuleType) -> Iterator[list[str]]:
    """Let toys stand for the glyphs, and return a list that gets an entry each time they are made."""
    calls: list[str] = []

    def glyphs() -> object:
        calls.append("glyphs")
        return toys.dataset(size=16)

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(DATASETS, "glyphs", glyphs)
        yield calls
