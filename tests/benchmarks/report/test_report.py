"""The report: one page that holds everything, makes no request, and lets no name or setting become markup."""

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from report_pages import ENDS, Element, cells, parsed, tables

from neuroevo.benchmarks.analysis.results import read_run
from neuroevo.benchmarks.report.report import to_html

WriteRun = Callable[..., Path]
EVIL = "<script>alert(1)</script>\"'&"


@pytest.fixture(scope="module")
def html(run: Path) -> str:
    """Return its report."""
    return to_html([read_run(run)])


@pytest.fixture(scope="module")
def page(html: str) -> Element:
    """Return its report, parsed."""
    return parsed(html)


def test_a_report_begins_with_what_was_found(page: Element) -> None:
    """Title, summary with a claim, then the results; no note if nothing is missing."""
    assert next(page.all("title")).text == "glyphs: 4 novel classes, 10 images per class – neuroevo"
    assert [one.text for one in page.all("h1")] == [
        "gtl beats scratch by 18.7 points, transferring 20.0 % of the parameters"
    ]
    (kind,) = (one.text for one in page.all("p") if one.attributes.get("class") == "kind")
    assert kind == "neuroevo · glyphs: 4 novel classes, 10 images per class"
    (caution,) = (one.text for one in page.all("p") if one.attributes.get("class") == "caution")
    assert caution.startswith("3 seeds are weak evidence")
    (summary,) = (one for one in page.all("ul") if one.attributes.get("class") == "summary")
    assert next(summary.all("li")).text.startswith("gtl reaches 43.7 %")
    assert [one.text for one in page.all("h2")] == [
        *("What to do next", "The strategies", "Results", "Accuracy and gain", "What it cost", "Evolution"),
        *("What learngenes keep", "Data", "The terms", "How it was made"),
    ]
    assert "Not complete" not in page.text


def test_tables_hold_every_strategy_and_explain_their_columns(page: Element) -> None:
    """Main table and costs name the best first; each column has its legend."""
    for caption in ("Accuracy and gain", "What was spent before transfer"):
        headings, *rows = cells(tables(page)[caption])
        assert [row[0] for row in rows] == ["finetune", "gtl", "scratch"]
        assert {len(row) for row in rows} == {len(headings)}
    headings, best, *_ = cells(tables(page)["Accuracy and gain"])
    assert dict(zip(headings, best, strict=True))["accuracy, % (95 % CI)"] == "74.3 64.3 to 84.4"
    legends = [[term.text for term in one.all("dt")] for one in page.all("dl") if "class" not in one.attributes]
    sortable = [one for one in page.all("table") if one.attributes.get("class") == "sortable"]
    shown = [cells(one)[0] for one in sortable]
    assert [[*filter(columns.__contains__, names)] for names, columns in zip(legends, shown, strict=True)] == shown


def test_tables_can_be_sorted(page: Element) -> None:
    """Headings say how the table is sorted, and each cell has its value in full for sorting."""
    table = tables(page)["Accuracy and gain"]
    sorted_by = {head.text: head.attributes["aria-sort"] for head in table.all("th") if "aria-sort" in head.attributes}
    assert {name for name, order in sorted_by.items() if order != "none"} == {"accuracy, % (95 % CI)"}
    assert sorted_by["accuracy, % (95 % CI)"] == "descending"
    values = [[cell.attributes["data-value"] for cell in row.children] for row in [*table.all("tr")][1:]]
    column = list(sorted_by).index("accuracy, % (95 % CI)")
    assert [float(row[column] or "nan") for row in values] == sorted(
        (sum(ends) / 3 for ends in ENDS.values()), reverse=True
    )
    assert values[2][list(sorted_by).index("p")] == ""


def test_pictures_are_inlined_and_described(page: Element) -> None:
    """Each is whole in the page, with a caption and an alternative text that has numbers."""
    pictures = list(page.all("img"))
    captions = [one.text for one in page.all("figcaption")]
    assert captions == [
        "Learning curves of descendants on novel classes.",
        "Gain over scratch after all updates.",
        "Accuracy against everything spent, before transfer and after.",
        "Accuracy against what it cost, with the Pareto front.",
        *(f"Gene tree of gtl, seed {seed}." for seed in range(3)),
        "Channels that the learngenes keep, layer by layer.",
        "Samples of the data.",
    ]
    for picture in pictures:
        kind, content = re.fullmatch(r"data:image/(svg\+xml|png);base64,(.+)", picture.attributes["src"] or "").groups()
        if kind == "svg+xml":
            assert ElementTree.fromstring(base64.b64decode(content)).tag.endswith("svg")
    alts = [picture.attributes["alt"] or "" for picture in pictures]
    assert all(re.search(r"\d", alt) for alt in alts[:-1])
    assert "gtl keeps" in alts[-2]
    assert "finetune keeps" not in alts[-2]


def test_columns_without_a_message_are_left_out_and_named(page: Element) -> None:
    """With few seeds Wilcoxon's test can show nothing: its columns are not there, and a note says why."""
    headings = cells(tables(page)["Accuracy and gain"])[0]
    assert "p (Holm)" in headings
    assert not any(one.startswith("Wilcoxon") for one in headings)
    note, *_ = (one.text for one in page.all("p") if one.attributes.get("class") == "note")
    assert note.endswith(
        "Not shown: Wilcoxon p, Wilcoxon p (Holm), which can't fall below 0.05 with fewer than 6 seeds."
    )


def test_columns_that_say_the_same_in_all_lines_are_a_note(page: Element) -> None:
    """What they say is in it, and what they mean in the legend."""
    headings = cells(tables(page)["Accuracy and gain"])[0]
    note, *_ = (one.text for one in page.all("p") if one.attributes.get("class") == "note")
    terms = {one.text for one in page.all("dt")}
    for heading, cell in (("n", "3"), ("effect size", "+1.00"), ("negative transfer, %", "0.0")):
        assert f"{heading} {cell}" in note
        assert heading in terms - {*headings}


def test_further_trees_are_folded(page: Element) -> None:
    """The tree of the first seed is seen at once, the others when asked for."""
    (folded,) = [one for one in page.all("details") if "Further seeds of gtl" in one.text]
    assert [one.text for one in folded.all("figcaption")] == [f"Gene tree of gtl, seed {seed}." for seed in (1, 2)]


def test_no_request_leaves_the_page(page: Element, html: str) -> None:
    """The policy allows nothing but what is in the page, and nothing in it points elsewhere."""
    metas = list(page.all("meta"))
    (policy,) = (one.attributes["content"] for one in metas if one.attributes.get("http-equiv"))
    assert policy == (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; "
        "form-action 'none'"
    )
    assert all(
        (one.attributes.get("href") or "data:").startswith("data:") for one in (*page.all("link"), *page.all("a"))
    )
    assert all((one.attributes["src"] or "").startswith("data:") for one in page.all("img"))
    assert not re.search(r"https?://|@import|url\(|fetch\(|XMLHttp", html)


def test_a_page_is_one_of_a_language_for_any_screen(page: Element, html: str) -> None:
    """It begins with its type, names its language and fits itself to the screen."""
    assert html.startswith('<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">')
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in [
        one.attributes for one in page.all("meta")
    ]
    names = [one.attributes["id"] for tag in ("table", "caption") for one in page.all(tag)]
    assert len(set(names)) == len(names)


def test_equal_runs_give_equal_pages(run: Path, draw_only: Callable[[str], None]) -> None:
    """A report can be made again any time, and nothing of the moment is in it."""
    draw_only("Gain")
    assert to_html([read_run(run)]) == to_html([read_run(run)])


def test_names_and_settings_are_no_markup(write_run: WriteRun, tmp_path: Path) -> None:
    """What a user wrote is shown as it is, wherever it stands: names, settings, facts, problems and failures."""
    folder = write_run(
        tmp_path / "run", {"scratch": (0.2, 0.3), EVIL: (0.4, 0.5), "$\\frac{": (0.1, 0.2)}, dataset=EVIL
    )
    facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    facts |= {"argv": [EVIL, EVIL], "host": EVIL, EVIL: {EVIL: [EVIL]}, "versions": {EVIL: EVIL}, "error": EVIL}
    (folder / "run.json").write_text(json.dumps({**facts, "status": "failed"}), encoding="utf-8")
    result = read_run(folder)
    text = to_html([result], failures=[EVIL])
    page = parsed(text)
    assert [one.attributes for one in page.all("script")] == [{}]
    assert "<script>alert" not in text
    assert "The picture" not in page.text
    assert f"{EVIL}: 4 novel classes, 10 images per class" in page.text
    assert page.text.count("alert(1)") > 15


@pytest.mark.usefixtures("undrawn")
def test_names_are_no_markup_beside_others(write_run: WriteRun, tmp_path: Path) -> None:
    """Nor are those of several runs on one page."""
    result = read_run(write_run(tmp_path / "run", {"scratch": (0.2, 0.3), EVIL: (0.4, 0.5)}, dataset=EVIL))
    several = to_html([result, result], failures=[EVIL])
    assert [one.attributes for one in parsed(several).all("script")] == [{}]
    assert "<script>alert" not in several
