"""The report: one HTML page made from run directories, which opens offline and makes no request."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

from neuroevo import __version__
from neuroevo.benchmarks.analysis.conditions import describe, factors_of, varying
from neuroevo.benchmarks.analysis.differences import differences, obstacles
from neuroevo.benchmarks.analysis.evolution import parting
from neuroevo.benchmarks.analysis.ranks import average_ranks
from neuroevo.benchmarks.analysis.results import RunData
from neuroevo.benchmarks.analysis.searches import by_problem
from neuroevo.benchmarks.analysis.summary import Row
from neuroevo.benchmarks.report import tables
from neuroevo.benchmarks.report.columns import ACCURACY, COSTS, DIFFERENCE, DIFFERENCES, MAIN, Column, Item, in_order
from neuroevo.benchmarks.report.conclusions import conclude
from neuroevo.benchmarks.report.conditions import ordered, spending, with_condition
from neuroevo.benchmarks.report.evolution import GENERATION_COLUMNS
from neuroevo.benchmarks.report.pictures import Album, Picture, Pictures, draw_all, picture_of_ranks
from neuroevo.benchmarks.report.searches import RANK, SEARCH_COLUMNS
from neuroevo.benchmarks.report.tables import format_key, format_value

GENERATOR = "neuroevo report"
"""What the page's `generator` begins with, by which it is known."""
MACHINE = ("device", "gpu", "threads", "processor", "cpus", "memory_gib", "platform", "host")
COURSE = ("what", "suite", "status", "error", "started", "ended", "seed")
SHOWN_ELSEWHERE = ("argv", "repeat", "versions", "python", "comparison", "findings", *MACHINE)


@dataclass(frozen=True)
class Cell:
    """A cell: its text, what stands behind it in smaller letters, and what it is sorted by."""

    text: str
    interval: str = ""
    value: str = ""


@dataclass(frozen=True)
class Grid:
    """A table as the page shows it.

    Attributes:
        name: Distinguishes it from the page's other tables.
        caption: What it is.
        headings: Per column its name and whether it is sorted already (`descending`) or not (empty).
        rows: The cells; the first of each row names it.
        legend: Per column that has one its name and how its numbers come about.
        sortable: Whether there is something to sort.
    """

    name: str
    caption: str
    headings: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Cell, ...], ...]
    legend: tuple[tuple[str, str], ...] = ()
    sortable: bool = True


@dataclass(frozen=True)
class Section:
    """What the page says of one run; its name is empty if it is the only one."""

    name: str
    title: str
    summary: list[str]
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
    template = files("neuroevo.benchmarks.report").joinpath("report.html").read_text(encoding="utf-8")
    return environment.from_string(template).render(
        generator=f"{GENERATOR} {__version__}",
        title=results[0].title if alone else f"{len(results)} runs side by side",
        failures=[*failures, *album.problems],
        sections=[_section(number, result, alone=alone) for number, result in enumerate(results, start=1)],
        comparisons=_comparisons(results),
        ranks=ranks,
        ranked=ranked,
        provenance=_provenance(results),
    )


def _section(number: int, result: RunData, *, alone: bool) -> Section:
    pictures = draw_all(result)
    return Section(
        name="" if alone else f"Run {number}",
        title=f"{result.title} ({result.path})",
        summary=conclude(result).all,
        problems=[*result.problems, *pictures.problems],
        grids=_grids(result, "" if alone else f"run {number}"),
        pictures=pictures,
        commands=_commands(result),
    )


def _grids(result: RunData, run: str) -> list[Grid]:
    behind, name = (f", {run}", f"-{run.replace(' ', '-')}") if run else ("", "")
    if result.rows:
        return [
            _grid_of_rows(f"main{name}", f"Accuracy and gain{behind}", result.rows, MAIN),
            _grid_of_rows(f"costs{name}", f"What was spent before transfer{behind}", spending(result.rows), COSTS),
        ]
    if result.searches:
        return [
            _grid(f"search-{place}{name}", f"{problem}{behind}", rows, SEARCH_COLUMNS, by=RANK)
            for place, (problem, rows) in enumerate(by_problem(result.searches).items())
        ]
    if result.generations:
        return [_grid(f"generations{name}", f"Generations{behind}", result.generations, GENERATION_COLUMNS, by=None)]
    found = tables.figures(result.records)
    return [_texts(f"figures{name}", f"Figures{behind}", tables.tabulate_figures(found))] if found else []


def _grid_of_rows(name: str, caption: str, rows: Sequence[Row], columns: Sequence[Column[Row]]) -> Grid:
    """Return a sortable table of rows, condition by condition where there are several."""
    several = bool(varying(row.condition for row in rows))
    return _grid(name, caption, ordered(rows), with_condition(columns, rows), by=None if several else ACCURACY)


def _grid(
    name: str, caption: str, items: Sequence[Item], columns: Sequence[Column[Item]], *, by: Column[Item] | None
) -> Grid:
    """Return a sortable table with a legend, ordered by a column of numbers if one is given."""
    return Grid(
        name=name,
        caption=caption,
        headings=tuple((column.heading, "descending" if column is by else "") for column in columns),
        rows=tuple(
            tuple(Cell(column.text(item), column.interval(item), _sorted_by(column.value(item))) for column in columns)
            for item in (items if by is None else in_order(items, by))
        ),
        legend=tuple((column.heading, column.legend) for column in columns),
    )


def _texts(name: str, caption: str, table: tables.Table) -> Grid:
    """Return a table of texts, which can't be sorted."""
    return Grid(
        name=name,
        caption=caption,
        headings=tuple((heading, "") for heading in table.headings),
        rows=tuple(tuple(map(Cell, row)) for row in table.rows),
        sortable=False,
    )


def _sorted_by(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return "" if math.isnan(value) else repr(value)


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
    grid = _grid(f"differences-{number}", f"Run {number} minus run 1", found, DIFFERENCES, by=DIFFERENCE)
    return Comparison(title, grid, [])


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


def _provenance(results: Sequence[RunData]) -> list[Grid]:
    """Return settings, machine, versions and facts as tables with a column for each run."""
    facts = [result.facts for result in results]
    return [
        _side_by_side("comparison", "What was compared", [_comparison_facts(result.comparison) for result in results]),
        _side_by_side("settings", "Settings", [result.settings for result in results]),
        _side_by_side("machine", "Hardware", [_only(one, MACHINE) for one in facts]),
        _side_by_side("versions", "Versions", [_versions(one) for one in facts]),
        _side_by_side("facts", "What run.json says", [_others(one) for one in facts]),
    ]


def _comparison_facts(comparison: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was compared, a line for each contestant and condition."""
    if not comparison:
        return {}
    conditions, names = comparison["conditions"], factors_of(comparison["conditions"])
    found = {"suite": comparison.get("suite"), "seeds": comparison["seeds"], "descendants": comparison["descendants"]}
    for condition, protocol in zip(conditions, comparison["protocols"], strict=True):
        found[f"descendants {describe(condition, names)}"] = protocol
    return {
        **found,
        **{one["name"]: {**one["settings"], "generations": one["generations"]} for one in comparison["contestants"]},
    }


def _side_by_side(name: str, caption: str, columns: Sequence[Mapping[str, Any]]) -> Grid:
    keys = dict.fromkeys(key for column in columns for key in column)
    rows = tuple((format_key(key), *(format_value(column.get(key)) for column in columns)) for key in keys)
    if len(columns) > 1:
        # What differs is what a reader looks for.
        rows = tuple((f"{name} ≠" if len({*cells}) > 1 else name, *cells) for name, *cells in rows)
    runs = ("value",) if len(columns) == 1 else tuple(f"run {number}" for number in range(1, len(columns) + 1))
    return _texts(name, caption, tables.Table(("name", *runs), rows))


def _only(facts: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    return {key: facts[key] for key in keys if key in facts}


def _others(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts that are shown nowhere else, how the run went first."""
    ordered = _only(facts, COURSE) | dict(facts)
    return {key: value for key, value in ordered.items() if key not in SHOWN_ELSEWHERE}


def _versions(facts: Mapping[str, Any]) -> dict[str, Any]:
    versions = facts.get("versions")
    return {"python": facts.get("python"), **(versions if isinstance(versions, Mapping) else {})}


def _commands(result: RunData) -> list[tuple[str, str]]:
    """Return the command that repeats a run on any machine, and the one that was given; none for a run from Python."""
    repeat, argv = result.facts.get("repeat"), result.facts.get("argv")
    found = [("To repeat it", shlex.join(map(str, repeat)))] if isinstance(repeat, list) and repeat else []
    if not isinstance(argv, list) or not argv:
        return found
    return [*found, ("As it was called", shlex.join(["neuroevo", *map(str, argv[1:])]))]
