"""The report in a browser: it fits every width, sorts, prints, asks for nothing, and is accessible."""

import math
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from neuroevo.benchmarks.analysis.results import read_run
from neuroevo.benchmarks.report.report import to_html

pytestmark = pytest.mark.slow

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

VIEWS = ((390, "light"), (1280, "dark"), (1920, "light"))
"""Widths of a telephone, a desk and a wide screen, and the scheme of colours there."""
BROWSER = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
ENDS = {
    "scratch": (0.2, 0.3, 0.25),
    "gtl": (0.4, 0.45, 0.46),
    "a-strategy-with-a-name-that-is-far-too-long-for-any-telephone": (0.4, 0.2, 0.3),
    "finetune": (0.7, 0.75, 0.78),
    "failed": (0.1, math.nan, 0.1),
}


@dataclass
class Visit:
    """A page in the browser, with what it said and asked for while it was opened."""

    page: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Return a headless browser, or skip if there is none."""
    with playwright.sync_playwright() as programs:
        try:
            found = programs.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        except playwright.Error as error:
            pytest.skip(f"no Chromium can be started: {str(error).splitlines()[0]}")
        yield found
        found.close()


@pytest.fixture(scope="module")
def pages(write_run: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the reports of one run, and of several of which one is of another data set."""
    folder = tmp_path_factory.mktemp("browser")
    runs = [
        write_run(folder / name, ENDS, shares={"finetune": 1.0}, dataset=dataset)
        for name, dataset in (("one", "glyphs"), ("two", "glyphs"), ("other", "fashion-mnist"))
    ]
    for name, count in (("alone", 1), ("several", 3)):
        text = to_html([read_run(run) for run in runs[:count]], failures=["elsewhere is no run directory."])
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in ("alone", "several")}


@pytest.fixture(params=[(name, *view) for name in ("alone", "several") for view in VIEWS], ids=str)
def visit(request: pytest.FixtureRequest, browser: Any, pages: dict[str, Path]) -> Iterator[Visit]:
    """Return a report in one of the views."""
    name, width, scheme = request.param
    found = Visit(browser.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme))
    found.page.on("console", lambda message: found.said.append(message.text))
    found.page.on("pageerror", lambda error: found.said.append(str(error)))
    found.page.on("request", lambda asked: found.asked.append(asked.url))
    found.page.goto(pages[name].as_uri())
    yield found
    found.page.close()


def test_it_opens_without_a_word_or_a_request(visit: Visit) -> None:
    """Nothing is on the console, no request but the one for the file is made, and every picture is seen."""
    assert visit.said == []
    assert [url for url in visit.asked if not url.startswith("data:")] == [visit.page.url]
    assert visit.page.evaluate("document.images.length") > 8
    visit.page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    assert visit.page.evaluate("[...document.images].filter(one => !one.naturalWidth).length") == 0


def test_it_fits_its_width(visit: Visit) -> None:
    """The page never scrolls sideways; tables that are wider do so within themselves."""
    assert visit.page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    wide = "[...document.querySelectorAll('.scroll')].some(one => one.scrollWidth > one.clientWidth)"
    assert visit.page.evaluate(wide) or visit.page.viewport_size["width"] > 390
    assert visit.page.evaluate("[...document.images].every(one => one.getBoundingClientRect().right <= innerWidth)")


def test_it_sorts_by_mouse_and_keyboard(visit: Visit) -> None:
    """A click or a key on a heading sorts, a second one turns the order round; what has no value stays last."""
    table = visit.page.locator("table.sortable").filter(has_text="P(better)").first
    heads = table.locator("thead th")
    names = heads.all_inner_texts()
    column = next(number for number, name in enumerate(names) if name.startswith(("median", "difference")))

    def values() -> list[str]:
        cells = table.locator(f"tbody tr > :nth-child({column + 1})")
        return [cell.get_attribute("data-value") for cell in cells.all()]

    heads.nth(column).get_by_role("button").click()
    rising = [float(value) for value in values() if value]
    assert rising == sorted(rising)
    assert len(rising) == len(ENDS) - 1
    assert values()[-1] == ""
    assert heads.nth(column).get_attribute("aria-sort") == "ascending"
    heads.nth(column).get_by_role("button").press("Enter")
    assert [float(value) for value in values() if value] == rising[::-1]
    assert values()[-1] == ""
    assert [head.get_attribute("aria-sort") for head in heads.all()].count("none") == len(names) - 1


def test_focus_is_visible(visit: Visit) -> None:
    """Whatever the keyboard reaches first has an outline."""
    visit.page.keyboard.press("Tab")
    outline = "getComputedStyle(document.activeElement).outlineWidth"
    assert visit.page.evaluate("document.activeElement !== document.body")
    assert visit.page.evaluate(outline) == "3px"


def test_it_breaks_no_rule_of_accessibility(visit: Visit) -> None:
    """The checks of axe-core find nothing: contrast, names, landmarks, order of headings, tables."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    found = axe.Axe().run(visit.page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == []


def test_it_prints_whole(browser: Any, pages: dict[str, Path]) -> None:
    """On paper no table is wider than the sheet, and no table is torn that fits on one."""
    page = browser.new_page(viewport={"width": 703, "height": 1017})  # A4 without its margins, in CSS pixels
    page.goto(pages["several"].as_uri())
    page.emulate_media(media="print")
    assert page.evaluate("[...document.querySelectorAll('table')].every(one => one.offsetWidth <= innerWidth)")
    breaks = "[...document.querySelectorAll('table, figure')].map(one => getComputedStyle(one).breakInside)"
    assert set(page.evaluate(breaks)) == {"avoid"}
    printed = page.pdf(prefer_css_page_size=True)
    # A4 in points.
    assert set(re.findall(rb"/MediaBox \[0 0 (\d+)\.?\d* (\d+)\.?\d*\]", printed)) <= {
        (b"594", b"841"),
        (b"595", b"841"),
    }
    page.close()


def test_it_is_dark_on_dark_screens_and_bright_in_print(browser: Any, pages: dict[str, Path]) -> None:
    """The paper changes with the scheme of the screen, a picture's as well; on paper it is always white."""
    page = browser.new_page(color_scheme="dark")
    page.goto(pages["alone"].as_uri())
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    assert page.evaluate(paper) == "rgb(23, 24, 28)"
    corner = """one => {
        const canvas = document.createElement("canvas");
        const context = canvas.getContext("2d");
        context.drawImage(one, 0, 0);
        return [...context.getImageData(1, 1, 1, 1).data];
    }"""
    assert page.locator("img").first.evaluate(corner) == [23, 24, 28, 255]
    page.emulate_media(media="print")
    assert page.evaluate(paper) == "rgb(255, 255, 255)"
    page.close()


def test_a_wide_screen_is_used(browser: Any, pages: dict[str, Path]) -> None:
    """Pictures stand side by side on a wide screen, and nothing is empty but its margins."""
    page = browser.new_page(viewport={"width": 1920, "height": 1000})
    page.goto(pages["alone"].as_uri())
    lefts = page.evaluate("[...document.images].map(one => one.getBoundingClientRect().left)")
    assert len({round(left) for left in lefts if left}) == 3
    assert page.evaluate("document.querySelector('main').getBoundingClientRect().width") > 1750
    page.close()


def test_it_needs_no_script(browser: Any, pages: dict[str, Path]) -> None:
    """Without JavaScript everything is there, and no button promises what does not work."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(pages["alone"].as_uri())
    assert page.locator("button").count() == 0
    assert page.locator("table.sortable thead th").first.inner_text() == "strategy"
    assert page.locator("img").count() > 8
    context.close()
