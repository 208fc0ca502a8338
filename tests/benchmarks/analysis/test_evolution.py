"""Runs of `evolve` read back: their generations in numbers, words and a picture, and where two of them part."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.benchmarks import read_result
from neuroevo.benchmarks.analysis.evolution import NO_RESULT, other_settings, parting
from neuroevo.benchmarks.report.evolution import evenly, summary
from neuroevo.benchmarks.report.report import to_html
from neuroevo.benchmarks.report.tables import latex_of, markdown_of, to_csv
from neuroevo.evolution import evolve
from neuroevo.problems.function import SPHERE
from neuroevo.runs.records import Records
from neuroevo.strategies import SNES

FACTS: dict[str, Any] = {"schema": 3, "what": "evolve", "status": "finished", "strategy": "SNES", "seed": 3}


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    """Return the records of a search, as they are read from a file."""
    made = [one.record() for one in evolve(SNES(SPHERE(3), seed=3, population=6), 25)]
    found: list[dict[str, Any]] = json.loads(json.dumps(made))
    return found


def written(folder: Path, records: list[dict[str, Any]], **facts: Any) -> Path:
    """Write a run directory as `evolve` does, without settings.toml."""
    folder.mkdir()
    settings = {"settings": {"population": 6, "problem": {"name": "sphere"}}}
    (folder / "run.json").write_text(json.dumps({**FACTS, **settings, **facts}), encoding="utf-8")
    with Records(folder / "records.jsonl") as file:
        for record in records:
            file.append(record)
    return folder


def test_generations_are_read(records: list[dict[str, Any]], tmp_path: Path) -> None:
    """A row for each, with the best and the mean score, of the run's own strategy and seed."""
    result = read_result(written(tmp_path / "run", records))
    assert (result.problems, result.title, result.strategy, result.seed) == ((), "evolve SNES", "SNES", 3)
    assert [row.generation for row in result.generations] == list(range(25))
    for row, record in zip(result.generations, records, strict=True):
        scores = [one["fitness"][0] for one in record["individuals"]]
        assert (row.strategy, row.seed, row.individuals, row.failed) == ("SNES", 3, 6, 0)
        assert row.best == min(scores)  # the sphere is minimised
        assert row.mean == pytest.approx(sum(scores) / len(scores))
        assert row.evaluations == 6 * (row.generation + 1)
    assert result.rows == result.searches == ()


def test_the_report_shows_them_in_words_numbers_and_a_picture(records: list[dict[str, Any]], tmp_path: Path) -> None:
    """First and last scores, a table of all generations, and the picture with the same sentence."""
    result = read_result(written(tmp_path / "run", records))
    (sentence,) = summary(result.generations)
    assert sentence.startswith("SNES, seed 3: the best score went from ")
    assert "of 25 generations" in sentence
    page = result.to_html()
    assert sentence in page
    assert "Best and mean score of each generation" in page
    assert page.count('<th scope="row" data-value="SNES">') == 25
    assert "Not complete" not in page
    assert page == to_html([result])
    for text in (markdown_of(result), latex_of(result)):
        assert text.count("SNES") == 25
    assert len(to_csv([result]).splitlines()) == 26
    assert [row.generation for row in evenly(result.generations, 5)] == [0, 6, 12, 18, 24]


def test_failures_are_gaps(records: list[dict[str, Any]], tmp_path: Path) -> None:
    """A generation in which all failed has no score, and the report says how many did."""
    none = {**records[1], "mean": math.nan, "best": None, "failed": 6}
    none["individuals"] = [{**one, "fitness": [math.nan]} for one in none["individuals"]]
    result = read_result(written(tmp_path / "run", [records[0], none, records[2]]))
    assert math.isnan(result.generations[1].best)
    assert "6 of 18 individuals failed." in summary(result.generations)[0]
    assert "Not complete" not in result.to_html()


def test_a_run_without_generations_is_no_error(tmp_path: Path) -> None:
    """The page says that there is nothing."""
    assert "This run holds no finished" in read_result(written(tmp_path / "run", [])).to_html()


def test_equal_runs_do_not_part(records: list[dict[str, Any]]) -> None:
    """Times are not counted."""
    assert parting(records, [{**one, "seconds": 7.0} for one in records]) is None


@given(st.integers(0, 24), st.sampled_from(["mean", "evaluations", "best", "individuals"]))
def test_runs_part_at_the_first_difference(records: list[dict[str, Any]], place: int, field: str) -> None:
    """Wherever it is, the generation, the field and both values are named."""
    changed = [dict(one) for one in records]
    for one in changed[place:]:
        one[field] = None
    found = parting(records, changed)
    assert found is not None
    assert (found.generation, found.field, found.first, found.second) == (place, field, records[place][field], None)
    assert f"generation {place + 1}" in str(found)


def test_a_longer_run_is_different(records: list[dict[str, Any]]) -> None:
    """The first generation that only one of them has is named."""
    assert str(parting(records[:5], records)) == "Different: only the second run has generation 6."
    assert str(parting(records, records[:5])) == "Different: only the first run has generation 6."


@given(st.sampled_from(sorted(NO_RESULT)), st.integers())
def test_where_and_how_long_a_run_works_forbids_nothing(name: str, value: int) -> None:
    """Settings on which generations don't depend may differ; all others may not."""
    settings = {"population": 6, "life": {"updates": 3}}
    assert other_settings(settings, {**settings, name: value}) == []
    assert other_settings(settings, {**settings, "life": {"updates": 4}}) == ["life updates (3 and 4)"]
