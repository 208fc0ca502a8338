"""Runs and pages that tests of reports share."""

from collections.abc import Callable
from pathlib import Path

import pytest
from report_pages import ENDS, SHARES, Element, parsed

from neuroevo.benchmarks.analysis.results import read_run
from neuroevo.benchmarks.report.pictures import Album, Picture
from neuroevo.benchmarks.report.report import to_html


def _undrawn(album: Album, caption: str, alt: Callable[[], str], draw: object) -> list[Picture]:
    """Return the words of a picture alone."""
    del album, draw
    return [Picture("data:,", caption, alt())]


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is drawn: of pictures a page has the words only."""
    monkeypatch.setattr(Album, "add", _undrawn)


@pytest.fixture
def draw_only(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return a function after whose call pictures with a word in their caption are drawn, and no others."""

    def choose(word: str) -> None:
        drawn = Album.add
        monkeypatch.setattr(Album, "add", lambda *given: (drawn if word in given[1] else _undrawn)(*given))

    return choose


@pytest.fixture(scope="session")
def run(write_run: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a comparison of three strategies over three seeds."""
    return write_run(tmp_path_factory.mktemp("report") / "run", ENDS, shares=SHARES)


@pytest.fixture(scope="session")
def page(run: Path) -> Element:
    """Return its report without pictures, parsed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Album, "add", _undrawn)
        return parsed(to_html([read_run(run)]))
