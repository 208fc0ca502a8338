"""Every strategy and every term of a page is defined on it."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from report_pages import ENDS, Element, words

from neuroevo.benchmarks.analysis.results import read_run
from neuroevo.benchmarks.report.glossary import NO_EVOLUTION, ONE_LINEAGE, TERMS, UNKNOWN, meaning_of, strategies_of


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


def test_classes_of_contestants_are_named() -> None:
    """With their summaries; a class of the author's own comes before what the library knows by the name."""
    library = {"class": {"name": "NarrowPretraining", "base": "", "summary": "Transfers `a` network"}}
    own = {"class": {"name": "Bold", "base": "GTL", "summary": ""}}
    assert meaning_of("narrow", None, library) == "NarrowPretraining. Transfers a network."
    assert meaning_of("gtl", None, own) == "Bold, derived from GTL."
    assert meaning_of("gtl", None, library).startswith("Genetic transfer learning")


@pytest.mark.parametrize(
    ("settings", "swapped", "remark"),
    [
        ({"population": 1, "elites": 0}, {}, ONE_LINEAGE),
        ({"population": 1, "elites": 1}, {}, NO_EVOLUTION),
        ({"population": 2, "elites": 1}, {"mutate": "own.plain"}, "With operators of its author: mutate."),
    ],
)
def test_one_lineage_and_swapped_operators_are_remarked(
    run: Path, settings: dict[str, int], swapped: dict[str, str], remark: str
) -> None:
    """Beside the definition of the strategy, which promises more than that."""
    result = read_run(run)
    contestants = [{**one, "settings": settings} for one in result.comparison["contestants"]]
    facts = {**result.facts, "comparison": {**result.comparison, "contestants": contestants}}
    contestants[1]["swapped"] = swapped
    remarked = replace(result, facts=facts)
    assert dict(strategies_of([remarked]))["gtl"].endswith(f"one lineage. {remark}")
    assert dict(strategies_of([remarked, remarked]))["gtl"].endswith(f"one lineage. {remark}")
    assert dict(strategies_of([result, remarked]))["gtl"].endswith(f"one lineage. Run 2: {remark}")
