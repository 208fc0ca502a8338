"""Tables as Markdown, LaTeX and CSV: every number is in them, and no text of a user breaks out of its cell."""

import csv
import html
import io
import math
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.benchmarks.analysis import summary
from neuroevo.benchmarks.analysis.results import RunData, read_run
from neuroevo.benchmarks.analysis.summary import Row
from neuroevo.benchmarks.report import tables
from neuroevo.benchmarks.report.columns import COSTS, MAIN
from neuroevo.benchmarks.report.tables import Table, format_value, latex, markdown, to_csv, to_latex, to_markdown

MakeRow = Callable[..., Row]
TEXTS = st.text() | st.text(alphabet="|\\`*_[]<>&~$#%^{}\"' \n\r\tab-")
FIGURES = {"kind": "throughput", "rate": 114.83775, "device": "cpu", "torch_version": "2.6", "repeats": 5}


def unescape_markdown(text: str) -> str:
    """Return what Markdown shows of inline text without markup."""
    return html.unescape(re.sub(r"\\(.)", r"\1", text))


def split_markdown(line: str) -> list[str]:
    """Return the cells of a line of a table: bars behind a backslash separate nothing."""
    return [cell.strip(" ") for cell in re.findall(r"\| ((?:\\.|[^|\\])*?) (?=\|)", line)]


@given(TEXTS, TEXTS)
def test_markdown_shows_texts_as_they_are(name: str, value: str) -> None:
    """Whatever a cell holds, the table keeps its lines and columns, and reading it back gives the text on one line."""
    lines = markdown(Table(("strategy", "value"), ((name, value),))).split("\n")
    assert lines[:2] == ["| strategy | value |", "| --- | ---: |"]
    assert len(lines) == 4
    assert [unescape_markdown(cell) for cell in split_markdown(lines[2])] == [
        tables.one_line(name),
        tables.one_line(value),
    ]


@given(TEXTS)
def test_markdown_holds_no_markup(text: str) -> None:
    """No tag, link, emphasis, code or mathematics can begin in a cell."""
    escaped = re.sub(r"\\.", "", tables.escape_markdown(text))
    assert not re.search(r"[<>\\`*_\[\]|~$]", escaped)


UNITS = {
    r"\textbackslash{}": "\\",
    r"\textasciitilde{}": "~",
    r"\textasciicircum{}": "^",
    r"\textless{}": "<",
    r"\textgreater{}": ">",
    r"\textbar{}": "|",
    r"\textquotedbl{}": '"',
    "$-$": "−",
    "--": "–",
    "{[}": "[",
    "{]}": "]",
    "{*}": "*",
    **{f"\\{one}": one for one in "{}$&#_%"},
}


def read_latex(text: str) -> str:
    """Return what LaTeX sets of escaped text; the pattern's last choice are characters that mean themselves."""
    known = "|".join(map(re.escape, sorted(UNITS, key=len, reverse=True)))
    assert re.fullmatch(rf"(?:{known}|[^\\{{}}$&#_%~^<>|\"\[\]*])*", text)
    return re.sub(known, lambda match: UNITS[match[0]], text)


@given(TEXTS.filter(lambda text: "--" not in text and "–" not in text))
def test_latex_shows_texts_as_they_are(text: str) -> None:
    """Escaped text is made of plain characters and known units only, and those stand for the text on one line."""
    assert read_latex(tables.escape_latex(text)) == tables.one_line(text)


@given(TEXTS, TEXTS)
def test_latex_keeps_rows_and_columns(name: str, value: str) -> None:
    """Whatever a cell holds, there is one row with one separator between the rules."""
    lines = latex(Table(("strategy", "n"), ((name, value),))).split("\n")
    assert lines[0] == r"\begin{tabular}{lr} % \usepackage{booktabs}"
    assert lines[1:4] == [r"\toprule", r"strategy & n \\", r"\midrule"]
    assert lines[5:] == [r"\bottomrule", r"\end{tabular}", ""]
    assert lines[4].endswith(r" \\")
    assert len(re.findall(r"(?<!\\)&", lines[4])) == 1


@pytest.mark.parametrize("name", ["[2pt]", "*", "a & b", "50 %", r"\input{x}"])
def test_a_name_is_no_argument_of_the_row_before(name: str) -> None:
    r"""LaTeX reads `\\ [2pt]` and `\\*` as one command, so that no row may begin like that."""
    row = latex(Table(("strategy",), (("first",), (name,)))).split("\n")[5]
    assert not row.startswith(("[", "*"))


def test_comparisons_have_all_columns_and_rows(make_row: MakeRow) -> None:
    """Both tables of a comparison hold every strategy, the best first, with its interval behind each mean."""
    rows = [
        make_row("low", accuracy_mean=0.5, accuracy_ci_low=0.45, accuracy_ci_high=0.551),
        make_row("failed"),
        make_row("high", accuracy_mean=0.75, gain_over_scratch=-0.02, p_value=0.00001, gradient_steps=12345),
    ]
    for text, end, tables_of_text in ((to_markdown(rows), "|", 2), (to_latex(rows), r"\\", 3)):
        for columns in (MAIN, COSTS):
            assert all(column.heading.replace("%", "\\%" if end != "|" else "%") in text for column in columns)
        names = re.findall(r"^(?:\| )?(low|failed|high) ", text, flags=re.MULTILINE)
        assert names == ["high", "low", "failed"] * tables_of_text
        assert "50.0 (45.0 to 55.1)" in text
        assert "12,345" in text
        assert "nan" not in text
    assert "| −2.0 |" in to_markdown(rows)
    assert "& $-$2.0 &" in to_latex(rows)
    captions = re.findall(r"\\caption\{(.*)\}", to_latex(rows, title="a & b"))
    assert captions == [rf"{part}, a \& b" for part in ("Accuracy and gain", "Further tests", "Spent")]
    assert "<0.0001" not in to_latex(rows)


def run_of(folder: Path, *records: dict[str, object]) -> RunData:
    """Return a run of a suite that compares no strategies."""
    facts, settings = {"what": "bench", "suite": "throughput"}, {"dataset": "glyphs", "backbone": "mlp", "shots": 1}
    return RunData(folder, facts, settings, records, ())


def test_one_run_as_csv_is_its_summary(write_run: Callable[..., Path], tmp_path: Path) -> None:
    """The rows of one run come out as the bench writes them."""
    result = read_run(write_run(tmp_path / "run", {"scratch": (0.2, 0.3), "gtl": (0.4, 0.6)}))
    assert to_csv([result]) == summary.to_csv(result.rows)


def test_several_runs_as_csv(write_run: Callable[..., Path], tmp_path: Path) -> None:
    """Each row begins with its run; runs of other suites add their columns and leave the others empty."""
    first, second = (
        read_run(write_run(tmp_path / name, {"scratch": (0.2, 0.3), "gtl": (end, 0.6)}))
        for name, end in (("a", 0.4), ("b", 0.5))
    )
    other = run_of(tmp_path / "c", FIGURES)
    lines = [*csv.DictReader(io.StringIO(to_csv([first, second, other])))]
    assert [(line["run"], line["strategy"]) for line in lines] == [
        *((str(tmp_path / name), strategy) for name in ("a", "b") for strategy in ("scratch", "gtl")),
        (str(tmp_path / "c"), ""),
    ]
    assert [float(line["accuracy_mean"]) for line in lines[:4]] == [
        row.accuracy_mean for row in (*first.rows, *second.rows)
    ]
    assert (lines[4]["rate"], lines[0]["rate"]) == ("114.83775", "")


def test_figures_of_other_suites(tmp_path: Path) -> None:
    """A run that compares no strategies has a table of its figures; in CSV nothing is rounded."""
    result = run_of(tmp_path, FIGURES)
    assert tables.markdown_of(result).splitlines()[2:] == [
        "| rate | 114.8 |",
        "| device | cpu |",
        "| torch version | 2.6 |",
        "| repeats | 5 |",
    ]
    assert r"torch version & 2.6 \\" in tables.latex_of(result)
    assert to_csv([result]) == "rate,device,torch_version,repeats\n114.83775,cpu,2.6,5\n"


def test_runs_are_kept_apart(tmp_path: Path) -> None:
    """A run that is one of several is headed by its title and folder, which can't end the comment or begin markup."""
    result = run_of(tmp_path / "a_b\n\\x", FIGURES)
    heading, comment = (write(result, titled=True).split("\n")[0] for write in (tables.markdown_of, tables.latex_of))
    assert heading.startswith("## bench throughput (")
    assert heading.endswith(r"a\_b \\x)")
    assert comment == f"% bench throughput ({tables.one_line(str(result.path))})"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (True, "yes"),
        (False, "no"),
        (3, "3"),
        (0.05, "0.05"),
        (-0.5, "−0.5"),
        (math.nan, "–"),
        (math.inf, "–"),
        ("scratch", "scratch"),
        (["scratch", "gtl"], "scratch, gtl"),
        ({"a": 0.1, "b": [1, None]}, "a 0.1, b 1, –"),
    ],
)
def test_values_as_text(value: object, text: str) -> None:
    """Every JSON value has a text for readers."""
    assert format_value(value) == text
