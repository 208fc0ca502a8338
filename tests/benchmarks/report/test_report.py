"""The report: one page that holds everything, makes no request, and lets no name or setting become markup."""

import base64
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from neuroevo.benchmarks.analysis.evolution import GenerationRow
from neuroevo.benchmarks.analysis.results import RunData, read_run
from neuroevo.benchmarks.report.glossary import TERMS, UNKNOWN, meaning_of
from neuroevo.benchmarks.report.pictures import Album, Picture
from neuroevo.benchmarks.report.report import MOST_GENERATIONS, _generations, to_html
from neuroevo.benchmarks.speed.throughput import Row, Throughput, describe, records

WriteRun = Callable[..., Path]
ENDS = {"scratch": (0.2, 0.3, 0.25), "gtl": (0.4, 0.45, 0.46), "finetune": (0.7, 0.75, 0.78)}
SHARES = {"finetune": 1.0}
EVIL = "<script>alert(1)</script>\"'&"
VOID = {"img", "link", "meta"}


@dataclass
class Element:
    """An element of a page."""

    tag: str
    attributes: dict[str, str | None]
    children: list["Element"] = field(default_factory=list)
    data: list[str] = field(default_factory=list)

    def all(self, tag: str) -> Iterator["Element"]:
        """Yield the elements of a kind in here, in their order."""
        for child in self.children:
            if child.tag == tag:
                yield child
            yield from child.all(tag)

    @property
    def text(self) -> str:
        """The text in here on one line, style and script left out."""
        return " ".join(" ".join(self.data).split())


class Parser(HTMLParser):
    """Reads a page into elements and refuses tags that are not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Element("", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        element = Element(tag, dict(attrs))
        assert len(element.attributes) == len(attrs)
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element, which must be of this kind."""
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        """Add text to all open elements, but style and script to their own only."""
        for element in self.open:
            if self.open[-1].tag not in ("style", "script") or element is self.open[-1]:
                element.data.append(data)


def parsed(page: str) -> Element:
    """Return the page's root."""
    parser = Parser()
    parser.feed(page)
    parser.close()
    assert parser.open == [parser.root]
    return parser.root


def cells(table: Element) -> list[list[str]]:
    """Return the texts of a table's rows, headings first."""
    return [[cell.text for cell in row.children] for row in table.all("tr")]


def tables(page: Element) -> dict[str, Element]:
    """Return the page's tables by their captions."""
    return {next(table.all("caption")).text: table for table in page.all("table")}


@pytest.fixture(scope="module")
def run(write_run: WriteRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a comparison of three strategies over three seeds."""
    return write_run(tmp_path_factory.mktemp("report") / "run", ENDS, shares=SHARES)


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
    assert [one.text for one in page.all("h1")] == ["gtl beats scratch by 18.7 points"]
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
    assert legends == [cells(tables(page)[one])[0] for one in ("Accuracy and gain", "What was spent before transfer")]


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


def words(page: Element) -> list[dict[str, str]]:
    """Return the lists of definitions of a page: of strategies, and of terms."""
    lists = [one for one in page.all("dl") if one.attributes.get("class") == "words"]
    return [{name.text: text.text for name, text in zip(one.all("dt"), one.all("dd"), strict=True)} for one in lists]


def test_every_strategy_and_every_term_is_defined(page: Element) -> None:
    """Each strategy has a line, and so has each term that the page uses; no other term has one."""
    strategies, terms = words(page)
    assert [*strategies] == [*ENDS]
    assert all(text.endswith((".", "?")) and "`" not in text for text in strategies.values())
    assert {"learngene", "descendant, heir", "seed", "Pareto front", "gene pool"} <= {*terms}
    assert "Friedman's test" not in terms
    spoken = " ".join(picture.attributes["alt"] or "" for picture in page.all("img"))
    for term in TERMS:
        occurs = re.search(rf"(?<![\w-])(?:{term.forms})(?![\w-])", f"{page.text} {spoken}", re.IGNORECASE)
        assert (occurs is not None) == (term.name in terms), term.name


def test_contestants_of_ones_own_are_defined() -> None:
    """By their settings where the run has them; what the library does not know is said to be its author's."""
    tables = {"bold": {"strategy": "gtl", "mutation_rate": 0.2}, "plain": {"strategy": "scratch"}}
    assert meaning_of("bold", tables).startswith("gtl with mutation_rate 0.2. Genetic transfer learning")
    assert meaning_of("plain", tables).startswith("scratch. The control")
    assert meaning_of("mine", tables) == meaning_of("mine", None) == UNKNOWN


def test_columns_without_a_message_are_left_out_and_named(page: Element) -> None:
    """With few seeds Wilcoxon's test can show nothing: its columns are not there, and a note says why."""
    headings = cells(tables(page)["Accuracy and gain"])[0]
    assert "p (Holm)" in headings
    assert not any(one.startswith("Wilcoxon") for one in headings)
    (note,) = (one.text for one in page.all("p") if one.attributes.get("class") == "note")
    assert note == "Not shown: Wilcoxon p, Wilcoxon p (Holm), which can't fall below 0.05 with fewer than 6 seeds."


def test_further_trees_are_folded(page: Element) -> None:
    """The tree of the first seed is seen at once, the others when asked for."""
    (folded,) = [one for one in page.all("details") if "Further seeds of gtl" in one.text]
    assert [one.text for one in folded.all("figcaption")] == [f"Gene tree of gtl, seed {seed}." for seed in (1, 2)]


def test_a_run_can_be_repeated(page: Element, run: Path) -> None:
    """The page holds the commands, settings, hardware, versions and facts."""
    commands = [one.text for one in page.all("code")]
    learngene = "run/learngenes/gtl-seed0.safetensors"
    assert commands == [
        *("neuroevo bench --seeds=5", f"neuroevo show {learngene}", f"neuroevo inherit {learngene}"),
        *("neuroevo bench --seeds=3", "neuroevo bench --seeds 3"),
    ]
    found = {name: dict(row for row in cells(table)[1:] if len(row) == 2) for name, table in tables(page).items()}
    facts = json.loads((run / "run.json").read_text(encoding="utf-8"))
    assert found["Settings"]["dataset"] == "glyphs"
    assert found["Settings"]["strategies"] == "scratch, gtl, finetune"
    hardware = ("device", "threads", "processor", "cpus", "memory_gib", "platform", "host")
    assert found["Hardware"] == {key.replace("_", " "): str(facts[key]) for key in hardware}
    assert found["Versions"] == {"python": facts["python"], **facts["versions"]}
    assert found["What run.json says"]["started"] == facts["started"]
    assert "argv" not in found["What run.json says"]


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


def test_equal_runs_give_equal_pages(run: Path, html: str) -> None:
    """A report can be made again any time, and nothing of the moment is in it."""
    assert to_html([read_run(run)]) == html


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
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Album, "add", lambda self, caption, alt, draw: [Picture("data:,", caption, alt())])
        several = to_html([result, result], failures=[EVIL])
    assert [one.attributes for one in parsed(several).all("script")] == [{}]
    assert "<script>alert" not in several


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is drawn: of pictures the page has the words only."""
    monkeypatch.setattr(Album, "add", lambda self, caption, alt, draw: [Picture("data:,", caption, alt())])


@pytest.mark.usefixtures("_quick")
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


@pytest.mark.usefixtures("_quick")
def test_what_cant_be_compared_is_said(write_run: WriteRun, run: Path, tmp_path: Path) -> None:
    """Runs of other descendants have no differences, but are reported all the same."""
    other = write_run(tmp_path / "other", ENDS, shots=5)
    page = parsed(to_html([read_run(run), read_run(other)]))
    assert "Run 2 minus run 1" not in tables(page)
    assert f"{run} and {other} differ in shots: 10 and 5." in page.text
    assert "Accuracy and gain, run 2" in tables(page)


@pytest.mark.usefixtures("_quick")
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


@pytest.mark.usefixtures("_quick")
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
    write_run: WriteRun, damage: dict[str, Any], tmp_path: Path
) -> None:
    """A generation that this version would not write leaves the rest of the report as it is."""
    result = read_run(write_run(tmp_path / "run", {"scratch": (0.2,), "gtl": (0.4,)}))
    records = tuple({**one, **damage} if one["kind"] == "generation" else one for one in result.records)
    page = parsed(to_html([RunData(result.path, result.facts, result.settings, records, ())]))
    assert "Accuracy and gain" in tables(page)
    assert "Not complete" in page.text or damage == {"seed": "x"}


def test_a_picture_that_cant_be_drawn_costs_no_other(write_run: WriteRun, tmp_path: Path) -> None:
    """The trees of other seeds are there, and the note says which one is missing."""
    result = read_run(write_run(tmp_path / "run", {"scratch": (0.2, 0.3), "gtl": (0.4, 0.5)}))
    records = tuple(
        {**one, "individuals": [{}, {}]} if (one["kind"], one["seed"]) == ("generation", 0) else one
        for one in result.records
    )
    page = parsed(to_html([RunData(result.path, result.facts, result.settings, records, ())]))
    assert [one.text for one in page.all("figcaption") if "tree" in one.text] == ["Gene tree of gtl, seed 1."]
    assert "The picture “Gene tree of gtl, seed 0” can't be drawn" in page.text


def test_a_run_without_strategies(tmp_path: Path) -> None:
    """A measurement of speed is described with its units, and shows its figures, settings and commands."""
    measured_on = {"machine": "a", "cores": 2, "device": "cpu", "threads": 2, "torch": "2.6", "python": "3.11"}
    row = Row("training", 8, 60.25, 60.0, 61.0, 132.8, 114.8, 0.6089, 0.5905, 0.6572, None)
    rows = records(Throughput(measured_on, 5, "torch.mm", 188.4, {}, (row,)))
    settings = {"dataset": "glyphs", "backbone": "mlp", "shots": 10}
    measured = Throughput(measured_on, 5, "torch.mm", 188.4, {}, (row,))
    facts = {"what": "bench", "suite": "throughput", "findings": describe(measured).splitlines()}
    result = RunData(tmp_path, facts, settings, tuple(rows), ())
    page = parsed(to_html([result]))
    assert "training, P = 8: 60.2 ms (60 to 61), 133 networks/s, 115 GFLOP/s, 0.61 of the limit" in page.text
    assert ["rate", "114.8"] in cells(tables(page)["Figures"])
    assert ["dataset", "glyphs"] in cells(tables(page)["Settings"])
    assert list(page.all("img")) == []
    facts = {"what": "bench", "suite": "other"}
    other = parsed(to_html([RunData(tmp_path, facts, settings, ({"kind": "other", "rate": 1.5},), ())]))
    assert "its figures are below" in other.text
    assert ["rate", "1.5"] in cells(tables(other)["Figures"])


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


def test_of_many_generations_some_are_shown() -> None:
    """A page stays small, and a note says how many generations there are."""
    rows = [GenerationRow("a", 0, number, 0.1, 0.1, 2, 0, number, 0, 0.1) for number in range(1000)]
    table = _generations("g", "Generations", rows)
    assert len(table.rows) == MOST_GENERATIONS
    assert table.note == "200 of 1,000 generations, at even distances."
    assert _generations("g", "Generations", rows[:9]).note == ""
