"""Several runs on one page: side by side, compared where they can be, ranked over data sets."""

from collections.abc import Callable
from pathlib import Path

import pytest
from report_pages import ENDS, SHARES, cells, parsed, tables

from neuroevo.benchmarks.analysis.results import read_run
from neuroevo.benchmarks.report.report import to_html

WriteRun = Callable[..., Path]


@pytest.mark.usefixtures("undrawn")
def test_several_runs_side_by_side(write_run: WriteRun, run: Path, tmp_path: Path) -> None:
    """Differences to the first run, each run's own tables, and settings in columns."""
    better = write_run(tmp_path / "better", {**ENDS, "gtl": (0.6, 0.66, 0.65)}, shares=SHARES)
    page = parsed(to_html([read_run(run), read_run(better)]))
    found = tables(page)
    headings, *rows = cells(found["Run 2 minus run 1"])
    assert [row[0] for row in rows] == ["gtl", "scratch", "finetune"]
    assert dict(zip(headings, rows[0], strict=True))["difference, points (95 % CI)"].startswith("+20.0")
    assert {"Accuracy and gain, run 1", "Accuracy and gain, run 2", "What was spent before transfer, run 2"} <= set(
        found
    )
    assert cells(found["Settings"])[:2] == [["name", "run 1", "run 2"], ["dataset", "glyphs", "glyphs"]]
    assert [one.text for one in page.all("h2")][2:4] == [
        f"Run {number}, glyphs: 4 novel classes, 10 images per class ({folder})"
        for number, folder in ((1, run), (2, better))
    ]
    assert "Ranks over data sets" not in page.text


@pytest.mark.usefixtures("undrawn")
def test_what_cant_be_compared_is_said(write_run: WriteRun, run: Path, tmp_path: Path) -> None:
    """Runs of other descendants have no differences, but are reported all the same."""
    other = write_run(tmp_path / "other", ENDS, shots=5)
    page = parsed(to_html([read_run(run), read_run(other)]))
    assert "Run 2 minus run 1" not in tables(page)
    assert f"{run} and {other} differ in shots: 10 and 5." in page.text
    assert "Accuracy and gain, run 2" in tables(page)


@pytest.mark.usefixtures("undrawn")
def test_ranks_over_data_sets(write_run: WriteRun, run: Path, tmp_path: Path) -> None:
    """Over two data sets the strategies that both have are ranked; a second run on one of them counts for nothing."""
    folders = [
        write_run(tmp_path / "fashion", {**ENDS, "only-here": (0.9, 0.9, 0.9)}, dataset="fashion-mnist"),
        write_run(tmp_path / "again", dict(zip(ENDS, [*ENDS.values()][::-1], strict=True))),
    ]
    page = parsed(to_html([read_run(folder) for folder in (run, *folders)]))
    assert "3 strategies that were run on all of glyphs, fashion-mnist" in page.text
    (alt,) = (one.attributes["alt"] or "" for one in page.all("img") if "Mean ranks" in (one.attributes["alt"] or ""))
    assert "over 2 data sets, 1 is best: finetune 1.00, gtl 2.00, scratch 3.00." in alt
