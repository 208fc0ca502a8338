"""The report: one HTML page made from run directories, which opens offline and makes no request."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from neuroevo import __version__
from neuroevo.benchmarks.analysis.differences import differences, obstacles
from neuroevo.benchmarks.analysis.evolution import GenerationRow, parting
from neuroevo.benchmarks.analysis.ranks import average_ranks
from neuroevo.benchmarks.analysis.results import RunData
from neuroevo.benchmarks.analysis.searches import by_problem
from neuroevo.benchmarks.analysis.support import supported_difference
from neuroevo.benchmarks.report import tables
from neuroevo.benchmarks.report.columns import COSTS, DIFFERENCE, DIFFERENCES, MAIN
from neuroevo.benchmarks.report.conclusions import Conclusions, conclude
from neuroevo.benchmarks.report.conditions import spending
from neuroevo.benchmarks.report.evolution import GENERATION_COLUMNS, evenly
from neuroevo.benchmarks.report.glossary import strategies_of, terms_in
from neuroevo.benchmarks.report.grids import Grid, grid, grid_of_rows, texts
from neuroevo.benchmarks.report.next_steps import Step, steps_with_folder, steps_with_page
from neuroevo.benchmarks.report.opponents import grid_of_opponents
from neuroevo.benchmarks.report.pictures import Album, Picture, Pictures, draw_all, picture_of_ranks
from neuroevo.benchmarks.report.provenance import commands, provenance
from neuroevo.benchmarks.report.searches import RANK, SEARCH_COLUMNS

GENERATOR = "neuroevo report"
"""What the page's `generator` begins with, by which it is known."""
MOST_GENERATIONS = 200
"""Lines of a table of generations; `--format csv` has all of them."""


@dataclass(frozen=True)
class Section:
    """What the page says of one run; its name is empty if it is the only one."""

    name: str
    title: str
    conclusions: Conclusions
    repeating: list[Step]
    steps: list[Step]
    problems: list[str]
    grids: list[Grid]
    pictures: Pictures
    commands: list[tuple[str, str]]


@dataclass(frozen=True)
class Comparison:
    """What the page says of one run against another: a table, or sentences instead of one."""

    title: str
    grid: Grid | None
    sentences: list[str]


def to_html(results: Sequence[RunData], *, failures: Sequence[str] = ()) -> str:
    """Return the report of run directories as one HTML page.

    The page is complete in itself: pictures are inlined, and its content security policy forbids every request. Equal
    runs give equal pages. Whatever stands in records or settings is escaped.

    Args:
        results: The runs, at least one; with several of them the first is what the others are compared with.
        failures: Sentences about run directories that could not be read.

    Raises:
        ValueError: There is no run.
    """
    if not results:
        raise ValueError("results must hold at least one run, but they are empty.")
    alone = len(results) == 1
    album = Album()
    ranks, ranked = _ranking(results, album)
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["glued"] = _glued
    template = files("neuroevo.benchmarks.report").joinpath("report.html").read_text(encoding="utf-8")
    render = partial(
        environment.from_string(template).render,
        generator=f"{GENERATOR} {__version__}",
        title=results[0].title if alone else f"{len(results)} runs side by side",
        failures=[*failures, *album.problems],
        sections=[_section(number, result, alone=alone) for number, result in enumerate(results, start=1)],
        comparisons=_comparisons(results),
        ranks=ranks,
        ranked=ranked,
        strategies=strategies_of(results),
        provenance=provenance(results),
    )
    return render(terms=terms_in(render(terms=[])))


def _glued(text: str) -> str:
    """Return a text in which no line ends between a number and its %."""
    return text.replace(" %", "\u00a0%")


def _section(number: int, result: RunData, *, alone: bool) -> Section:
    pictures = draw_all(result)
    return Section(
        name="" if alone else f"Run {number}",
        title=f"{result.title} ({result.path})",
        conclusions=conclude(result),
        repeating=steps_with_page(result),
        steps=steps_with_folder(result),
        problems=[*result.problems, *pictures.problems],
        grids=_grids(result, "" if alone else f"run {number}"),
        pictures=pictures,
        commands=commands(result),
    )


def _grids(result: RunData, run: str) -> list[Grid]:
    behind, name = (f", {run}", f"-{run.replace(' ', '-')}") if run else ("", "")
    if result.rows:
        return [
            grid_of_rows(f"main{name}", f"Accuracy and gain{behind}", result.rows, MAIN),
            *grid_of_opponents(name, behind, result),
            grid_of_rows(f"costs{name}", f"What was spent before transfer{behind}", spending(result.rows), COSTS),
        ]
    if result.searches:
        return [
            grid(f"search-{place}{name}", f"{problem}{behind}", rows, SEARCH_COLUMNS, by=RANK)
            for place, (problem, rows) in enumerate(by_problem(result.searches).items())
        ]
    if result.generations:
        return [_generations(f"generations{name}", f"Generations{behind}", result.generations)]
    found = tables.figures(result.records)
    return [texts(f"figures{name}", f"Figures{behind}", tables.tabulate_figures(found))] if found else []


def _generations(name: str, caption: str, rows: Sequence[GenerationRow]) -> Grid:
    """Return the table of generations, of many those at even distances."""
    shown = evenly(rows, MOST_GENERATIONS)
    note = f"{len(shown)} of {len(rows):,} generations, at even distances." if len(shown) < len(rows) else ""
    return grid(name, caption, shown, GENERATION_COLUMNS, by=None, note=note)


def _comparisons(results: Sequence[RunData]) -> list[Comparison]:
    """Compare every further run with the first."""
    return [_comparison(number, results[0], result) for number, result in enumerate(results[1:], start=2)]


def _comparison(number: int, first: RunData, second: RunData) -> Comparison:
    title = f"Run {number} against run 1"
    if against := obstacles(first, second):
        return Comparison(title, None, against)
    if first.is_evolution:
        apart = parting(first.records, second.records)
        equal = f"All {len(first.generations)} generations are equal."
        return Comparison(title, None, [str(apart) if apart else equal])
    if not (found := differences(first, second)):
        return Comparison(title, None, ["The two runs have no strategy in common."])
    shown = [*map(supported_difference, found)]
    table = grid(f"differences-{number}", f"Run {number} minus run 1", shown, DIFFERENCES, by=DIFFERENCE)
    return Comparison(title, table, [])


def _ranking(results: Sequence[RunData], album: Album) -> tuple[list[Picture], str]:
    """Return the diagram of ranks over data sets, and a sentence about what it is made of."""
    by_dataset: dict[str, Mapping[str, float]] = {}
    for result in results:
        if len(result.parts) != 1:
            continue
        scores = {row.strategy: row.accuracy_mean for row in result.rows if not math.isnan(row.accuracy_mean)}
        if scores:
            by_dataset.setdefault(str(result.rows[0].condition["dataset"]), scores)
    common = [name for name in next(iter(by_dataset.values()), {}) if all(name in one for one in by_dataset.values())]
    if len(by_dataset) < 2 or len(common) < 2:
        return [], ""
    ranks = average_ranks({name: [scores[name] for scores in by_dataset.values()] for name in common})
    return picture_of_ranks(ranks, album), (
        f"{len(common)} strategies that were run on all of {', '.join(by_dataset)}, ranked by mean accuracy on each; "
        "of several runs on one data set the first counts."
    )
