"""Tables of a comparison as Markdown, LaTeX and comma-separated values."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from neuroevo.benchmarks.analysis.csv_rows import lines_to_csv
from neuroevo.benchmarks.analysis.results import RunData
from neuroevo.benchmarks.analysis.searches import SearchRow
from neuroevo.benchmarks.analysis.summary import Row, csv_lines
from neuroevo.benchmarks.report.columns import MAIN, NOTHING, STRATEGY, Column, Item, minus
from neuroevo.benchmarks.report.conditions import costs_of, ordered, spending, with_condition
from neuroevo.benchmarks.report.evolution import GENERATION_COLUMNS
from neuroevo.benchmarks.report.searches import SEARCH_COLUMNS
from neuroevo.spelling import outlined

WIDEST = 7
"""Columns of the main table that fit on a page side by side."""
COMPARISON_KINDS = ("generation", "ancestor", "descendant", "search")


@dataclass(frozen=True)
class Table:
    """A table of texts; the first column names the rows, the others hold numbers."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tabulate(rows: Iterable[Row], columns: Sequence[Column[Row]]) -> Table:
    """Return the cells of these columns, condition by condition, the best strategy first."""
    return Table(
        tuple(column.heading for column in columns),
        tuple(tuple(column.cell(row) for column in columns) for row in ordered(rows)),
    )


def figures(records: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the measurement of a suite that compares no strategies, one mapping per record."""
    found = [record for record in records if record.get("kind") not in COMPARISON_KINDS]
    return [{key: value for key, value in record.items() if key != "kind"} for record in found]


def tabulate_figures(found: Iterable[Mapping[str, Any]]) -> Table:
    """Return a measurement as a table of names and values."""
    return Table(
        ("figure", "value"),
        tuple(
            (format_key(key), format_value(value, number="{:.4g}".format))
            for one in found
            for key, value in one.items()
        ),
    )


def format_key(key: str) -> str:
    """Return a key of settings or records as words."""
    return key.replace("_", " ")


DEEPEST = 20
"""Lists in lists that are shown; deeper ones are cut off."""


def format_value(value: object, *, number: Callable[[float], str] = repr, depth: int = 0) -> str:
    """Return a JSON value as text: lists with commas, none for an empty one, yes and no, a dash for nothing.

    Args:
        value: The value.
        number: Writes a number.
        depth: How many lists and mappings it is in.
    """
    if depth > DEEPEST:
        return "…"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return minus(number(value)) if math.isfinite(value) else NOTHING
    if isinstance(value, list | tuple):
        return ", ".join(format_value(item, number=number, depth=depth + 1) for item in value) or "none"
    if isinstance(value, Mapping):
        items = outlined(value).items()
        return ", ".join(f"{key} {format_value(item, number=number, depth=depth + 1)}" for key, item in items)
    return NOTHING if value is None else str(value)


def to_markdown(rows: Sequence[Row]) -> str:
    """Return the main table and the table of costs as Markdown (GitHub's tables), escaped."""
    return "\n".join(
        markdown(tabulate(*one)) for one in ((rows, with_condition(MAIN, rows)), (spending(rows), costs_of(rows)))
    )


def to_latex(rows: Sequence[Row], *, title: str = "") -> str:
    """Return accuracies, tests and costs as three LaTeX tables with captions, none wider than the text.

    They need the packages booktabs and graphicx.

    Args:
        rows: The strategies.
        title: What was compared on, for the captions.
    """
    parts = {
        "Accuracy and gain": (rows, with_condition(MAIN[:WIDEST], rows)),
        "Further tests": (rows, with_condition((STRATEGY, *MAIN[WIDEST:]), rows)),
        "Spent": (spending(rows), costs_of(rows)),
    }
    on = f", {title}" if title else ""
    return "\n".join(_float(latex(tabulate(*one)), f"{part}{on}") for part, one in parts.items())


def markdown(table: Table) -> str:
    """Return a table as Markdown; no cell can end its column or be taken for a link or HTML."""
    align = ["---", *["---:"] * (len(table.headings) - 1)]
    escaped = [[escape_markdown(cell) for cell in line] for line in (table.headings, *table.rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in (escaped[0], align, *escaped[1:]))


def latex(table: Table) -> str:
    r"""Return a table as a LaTeX `tabular` with the rules of booktabs; no cell holds a command."""
    head, *body = [" & ".join(map(escape_latex, line)) + r" \\" + "\n" for line in (table.headings, *table.rows)]
    columns = "l" + "r" * (len(table.headings) - 1)
    return (
        f"\\begin{{tabular}}{{{columns}}} % \\usepackage{{booktabs}}\n"
        f"\\toprule\n{head}\\midrule\n{''.join(body)}\\bottomrule\n\\end{{tabular}}\n"
    )


def _float(tabular: str, caption: str) -> str:
    return (
        "\\begin{table}\n\\centering\n"
        f"\\caption{{{escape_latex(caption)}}}\n"
        "% Shrunk if it is wider than the text; \\usepackage{graphicx}\n"
        f"\\resizebox{{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}}{{!}}{{%\n{tabular.rstrip()}%\n}}\n"
        "\\end{table}\n"
    )


def markdown_of(result: RunData, *, titled: bool = False) -> str:
    """Return the tables of a run as Markdown, with a heading if it is one of several."""
    title = f"## {escape_markdown(_title(result))}\n\n" if titled else ""
    return title + (to_markdown(result.rows) if result.rows else markdown(_only_table(result)))


def latex_of(result: RunData, *, titled: bool = False) -> str:
    """Return the tables of a run as LaTeX, with a comment that names it if it is one of several."""
    title = f"% {one_line(_title(result))}\n" if titled else ""
    if result.rows:
        return title + to_latex(result.rows, title=result.title)
    return title + latex(_only_table(result))


def tabulate_searches(rows: Iterable[SearchRow]) -> Table:
    """Return what strategies over weight vectors reached, problem by problem."""
    return tabulate_items(rows, SEARCH_COLUMNS)


def tabulate_items(items: Iterable[Item], columns: Sequence[Column[Item]]) -> Table:
    """Return the cells of these columns, a line for each item."""
    return Table(
        tuple(column.heading for column in columns),
        tuple(tuple(column.cell(item) for column in columns) for item in items),
    )


def _only_table(result: RunData) -> Table:
    """Return the table of a run that is no comparison of descendants."""
    if result.searches:
        return tabulate_searches(result.searches)
    if result.generations:
        return tabulate_items(result.generations, GENERATION_COLUMNS)
    return tabulate_figures(figures(result.records))


def _title(result: RunData) -> str:
    return f"{result.title} ({result.path})"


def to_csv(results: Sequence[RunData]) -> str:
    """Return the summaries of runs as comma-separated values with a header; with several runs a column names them."""
    named = len(results) > 1
    lines = [{**({"run": str(result.path)} if named else {}), **line} for result in results for line in _lines(result)]
    return lines_to_csv([*dict.fromkeys(key for line in lines for key in line)], lines)


def _lines(result: RunData) -> Sequence[Mapping[str, Any]]:
    """Return the lines of a run's only table, or of its summary."""
    if rows := result.searches or result.generations:
        return [asdict(row) for row in rows]
    return csv_lines(result.rows) if result.rows else figures(result.records)


def escape_markdown(text: str) -> str:
    """Return text that Markdown shows as it is, on one line."""
    text = one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|~$])", r"\\\1", text)


_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "−": "$-$",
    "–": "--",
    # At the beginning of a row LaTeX takes these for an argument of the command that ends the row before.
    **{character: f"{{{character}}}" for character in "[]*"},
    **{character: f"\\{character}" for character in "{}$&#_%"},
}


def escape_latex(text: str) -> str:
    """Return text that LaTeX sets as it is, on one line."""
    return "".join(_LATEX.get(character, character) for character in one_line(text))


def one_line(text: str) -> str:
    """Return text with every run of blanks, line ends and control characters as one blank."""
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", text).strip()
