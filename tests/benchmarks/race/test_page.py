"""The page of the race: everything in it that was measured is made from what was recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from neuroevo.benchmarks.race.ours import RULE
from neuroevo.benchmarks.race.page import MARK, PAGE, PICTURE, RECORDED, RULES, filled, pack, parts_of, unpack, write
from neuroevo.benchmarks.race.profiles import draw_profiles
from neuroevo.benchmarks.report.plots.style import to_svg

DOCS = Path(__file__).parents[3] / "docs"


def made(strategy: str, library: str, value: float | None, *, challenge: str = "functions") -> list[dict[str, Any]]:
    """Return the records of a search with ten seeds."""
    common = {"kind": "search", "problem": "f", "challenge": challenge, "weight": -1.0, "genes": 2}
    chosen = "snes" if strategy == RULE else ""
    spent = {"evaluations": [50], "seconds": 0.5, "chosen": chosen}
    own = {"strategy": strategy, "library": library, "best": [value]}
    return [{**common, **own, **spent, "seed": seed} for seed in range(10)]


RECORDS = [
    *made("snes", "neuroevo", 1.0),
    *made(RULE, "neuroevo", 3.0),
    *made("pycma", "pycma", 2.0),
    *made("cmaes", "cmaes", None),
]


def test_what_was_recorded_survives_the_file() -> None:
    """Records are packed, a line for each search, and unpacked as they were."""
    text = pack(RECORDS, {"versions": {"cma": "4.5.0"}})
    assert len(json.loads(text)["rows"]) == 4
    assert unpack(text) == RECORDS
    assert pack(unpack(text), {"versions": {"cma": "4.5.0"}}) == text


def test_parts_between_marks_are_made(tmp_path: Path) -> None:
    """The rest of the page stays, a second call changes nothing, and a mark that names no part is refused."""
    run, page = tmp_path / RECORDED, tmp_path / PAGE
    run.write_text(pack(RECORDS, {"versions": {"cma": "4.5.0"}}))
    page.write_text("before\n<!-- made: best -->\nold\n<!-- end -->\nafter\n<!-- made: rule -->\n<!-- end -->\n")
    write(run, tmp_path)
    text = page.read_text()
    assert text.startswith("before\n<!-- made: best -->\n\nThe best search here is ahead on 1 of 1 problems, ")
    assert "| f | snes | 1 (1 to 1) | pycma | 2 (2 to 2) | 0.5 (0.5 to 0.5) | ahead |" in text
    assert "| f | snes | 3 (3 to 3) | pycma | 2 (2 to 2) | 1.5 (1.5 to 1.5) | behind |" in text
    assert "old" not in text
    assert "\nafter\n" in text
    assert (tmp_path / PICTURE).read_text().startswith("<?xml")
    write(run, tmp_path)
    assert page.read_text() == text
    with pytest.raises(ValueError, match=r"the page must mark parts of conditions, .*, but one is worst\."):
        filled("<!-- made: worst -->\n<!-- end -->", run.read_text())


@pytest.mark.slow
def test_the_page_says_what_was_recorded() -> None:
    """Its tables and its picture are those that the command makes."""
    text, pages = (DOCS / RECORDED).read_text(), [(DOCS / name).read_text() for name in (PAGE, RULES)]
    assert {name for page in pages for _, name, _ in MARK.findall(page)} == set(parts_of(text))
    assert [filled(page, text) for page in pages] == pages


def test_profiles_are_drawn_the_same_twice() -> None:
    """With the names of the searches; without a problem with one objective there is nothing to draw."""
    drawn = [to_svg(draw_profiles(RECORDS)) for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert all(name.encode() in drawn[0] for name in ("snes", "pycma"))
    (axes,) = draw_profiles(RECORDS).axes
    styles = {str(line.get_label()): line.get_linestyle() for line in axes.get_lines()}
    assert styles == {"snes": "-", RULE: "-", "pycma": "--", "cmaes": "--"}
    with pytest.raises(ValueError, match=r"records must hold a problem with one objective, but they hold none."):
        draw_profiles(made("nsga2", "neuroevo", 1.0, challenge="fronts"))
