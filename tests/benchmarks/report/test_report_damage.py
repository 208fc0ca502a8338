"""A page of what is damaged, unfinished or empty: the rest is reported, and a sentence says what is missing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from report_pages import ENDS, parsed, tables

from neuroevo.benchmarks.analysis.results import RunData, read_run
from neuroevo.benchmarks.report.report import to_html

WriteRun = Callable[..., Path]


@pytest.mark.usefixtures("undrawn")
def test_problems_stand_in_the_page(write_run: WriteRun, tmp_path: Path) -> None:
    """Unfinished cells, damaged files and folders that could not be read are named; the rest is reported."""
    folder = write_run(tmp_path / "run", ENDS)
    lines = (folder / "records.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "records.jsonl").write_text("".join(lines[:-1]), encoding="utf-8")
    (folder / "samples.png").write_bytes(b"text")
    (folder / "learngenes" / "gtl-seed1.safetensors").write_bytes(b"text")
    page = parsed(to_html([read_run(folder)], failures=["elsewhere is no run directory."]))
    (note,) = (one for one in page.all("div") if one.attributes.get("class") == "problems")
    sentences = [one.text for one in note.all("li")]
    assert sentences[0] == "elsewhere is no run directory."
    assert sentences[1] == "1 of 9 cells are not finished: finetune with seed 2."
    assert "gtl-seed1.safetensors" in sentences[2]
    assert sentences[3] == f"{folder / 'samples.png'} is damaged: it is no PNG."
    assert len(sentences) == 4
    assert any("Channels" in one.text for one in page.all("figcaption"))


@pytest.mark.parametrize("damage", [{"individuals": 3}, {"individuals": [{}]}, {"seed": "x"}, {"pool": 1}])
def test_damaged_generations_cost_only_their_picture(
    write_run: WriteRun, damage: dict[str, Any], tmp_path: Path, draw_only: Callable[[str], None]
) -> None:
    """A generation that this version would not write leaves the rest of the report as it is."""
    draw_only("tree")
    result = read_run(write_run(tmp_path / "run", {"scratch": (0.2,), "gtl": (0.4,)}))
    records = tuple({**one, **damage} if one["kind"] == "generation" else one for one in result.records)
    page = parsed(to_html([RunData(result.path, result.facts, result.settings, records, ())]))
    assert "Accuracy and gain" in tables(page)
    assert "Not complete" in page.text or damage == {"seed": "x"}


def test_a_picture_that_cant_be_drawn_costs_no_other(
    write_run: WriteRun, tmp_path: Path, draw_only: Callable[[str], None]
) -> None:
    """The trees of other seeds are there, and the note says which one is missing."""
    draw_only("tree")
    result = read_run(write_run(tmp_path / "run", {"scratch": (0.2, 0.3), "gtl": (0.4, 0.5)}))
    records = tuple(
        {**one, "individuals": [{}, {}]} if (one["kind"], one["seed"]) == ("generation", 0) else one
        for one in result.records
    )
    page = parsed(to_html([RunData(result.path, result.facts, result.settings, records, ())]))
    assert [one.text for one in page.all("figcaption") if "tree" in one.text] == ["Gene tree of gtl, seed 1."]
    assert "The picture “Gene tree of gtl, seed 0” can't be drawn" in page.text


def test_a_run_without_anything(tmp_path: Path) -> None:
    """Nothing finished is no error: the page says so."""
    settings = {"dataset": "glyphs", "backbone": "mlp", "shots": 10}
    page = parsed(to_html([RunData(tmp_path, {}, settings, (), ("The run is running.",))]))
    assert "This run holds no finished comparison of strategies." in page.text
    assert "The run is running." in page.text


def test_no_run_is_refused() -> None:
    """There is nothing to report then."""
    with pytest.raises(ValueError, match="results must hold at least one run"):
        to_html([])
