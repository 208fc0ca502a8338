"""Factors: whatever a comparison varies comes out again as a column, and nothing else has to know of it."""

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.benchmarks.analysis.conditions import by_condition, factors_of, key_of, varying
from neuroevo.benchmarks.analysis.summary import RESULT_COLUMNS, cells, summarise, to_csv
from neuroevo.benchmarks.report.columns import MAIN
from neuroevo.benchmarks.report.conditions import column_of, with_condition
from neuroevo.benchmarks.report.tables import to_latex, to_markdown
from neuroevo.benchmarks.suites.condition import Condition
from neuroevo.files import to_json
from neuroevo.plain_text import cell

KNOWN = ("dataset", "backbone", "shots", "updates")
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=12).filter(
    lambda name: name.strip() and name not in RESULT_COLUMNS and name not in KNOWN
)
VALUES = (
    st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=12)
)


@st.composite
def comparisons(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Records of two strategies in up to three conditions that have the same factors, as they are read from a file."""
    names = draw(st.lists(NAMES, max_size=3, unique=True))
    known = {"dataset": "toys", "backbone": "mlp", "shots": 5, "updates": 6}
    further = st.fixed_dictionaries(dict.fromkeys(names, VALUES))
    conditions = [{**known, **one} for one in draw(st.lists(further, min_size=1, max_size=3, unique_by=key_of))]
    costs = {"gradient_steps": 1, "evaluations": 1, "multiply_adds": 1, "critical_path": 1, "core_seconds": 1.0}
    size = {"transferred_share": 0.5, "transferred_bytes": 8}
    records: list[dict[str, Any]] = []
    for strategy in ("scratch", "gtl"):
        cell = {"strategy": strategy, "seed": 0}
        records.append({"kind": "ancestor", **cell, **costs, **size})
        measured = {"descendant": 0, "updates": [0, 6], "accuracy": [0.1, 0.5]}
        records += [{"kind": "descendant", **cell, "condition": one, **measured} for one in conditions]
    return [json.loads(to_json(record)) for record in records]


@given(comparisons())
def test_any_factors_survive_from_records_to_the_file(records: list[dict[str, Any]]) -> None:
    """Each row has its condition, and the file a column for each factor behind those that every comparison has."""
    conditions = [one["condition"] for one in records if one["kind"] == "descendant" and one["strategy"] == "gtl"]
    rows = [row for row in summarise(records) if row.strategy == "gtl"]
    assert [key_of(row.condition) for row in rows] == [key_of(one) for one in conditions]
    further = [name for name in factors_of(conditions) if name not in KNOWN]
    # A cell of several lines comes back as it was only if line ends are left alone.
    read = csv.DictReader(io.StringIO(to_csv(rows), newline=""))
    lines = list(read)
    assert read.fieldnames == ["strategy", "dataset", "backbone", "shots", *map(cell, further), *RESULT_COLUMNS[1:]]
    assert [[line[str(cell(name))] for name in further] for line in lines] == [
        [str(cell(one[name])) for name in further] for one in conditions
    ]
    assert [[row[name] for name in further] for row in cells(rows)] == [
        [one[name] for name in further] for one in conditions
    ]


@given(comparisons())
def test_conditions_are_kept_apart(records: list[dict[str, Any]]) -> None:
    """There is a row for each strategy and condition, and each condition keeps its own descendants."""
    groups = by_condition(records)
    assert len(summarise(records)) == 2 * len(groups)
    for condition, found in groups:
        assert len(found) == 2
        assert all(key_of(one["condition"]) == key_of(condition) for one in found)


@given(comparisons())
def test_tables_name_what_varies_and_nothing_else(records: list[dict[str, Any]]) -> None:
    """Headings are the factors' names with blanks; Markdown and LaTeX take any of them."""
    rows = summarise(records)
    names = varying(row.condition for row in rows)
    headings = [column.heading for column in with_condition(MAIN, rows)]
    assert headings[1 : 1 + len(names)] == [name.replace("_", " ") for name in names]
    assert len(headings) == len(MAIN) + len(names)
    assert to_markdown(rows)
    assert to_latex(rows)


@given(NAMES, VALUES)
def test_a_new_factor_needs_no_column(name: str, value: Any) -> None:
    """It is explained, and what stands in its cells can be sorted."""
    row = type("AnyRow", (), {"condition": {name: value}})
    column = column_of(name)
    assert column.legend
    assert isinstance(column.text(row), str)
    assert isinstance(column.value(row), str | float)


@pytest.mark.parametrize("name", RESULT_COLUMNS)
def test_a_factor_is_no_result(name: str, toys: Any) -> None:
    """A name that a column of results has already is refused in one sentence."""
    with pytest.raises(
        ValueError, match=rf"^a factor must not be called like a column of results, .* '{name}'; choose"
    ):
        Condition(toys, {name: 1})


@pytest.mark.parametrize("value", [None, [1], float("nan"), float("inf"), {"a": 1}])
def test_a_value_is_plain(value: Any, toys: Any) -> None:
    """What a file can't hold in one cell is refused in one sentence."""
    with pytest.raises(ValueError, match=r"^the factor ways must be a text, a finite number or a bool, but it is"):
        Condition(toys, {"ways": value})
