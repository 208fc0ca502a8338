"""Text from anywhere: nothing in it is a command for a terminal, or a formula in a spreadsheet."""

import csv
import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.benchmarks.analysis.csv_rows import lines_to_csv
from neuroevo.plain_text import cell, printable, printable_line

ANY = st.text(st.characters(exclude_categories=()))


@given(text=ANY)
def test_no_text_holds_a_command(text: str) -> None:
    """Only tabs and line ends are left of control characters, any stream takes the text, and twice is once."""
    shown = printable(text)
    assert not [letter for letter in shown if unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\n\t"]
    assert not [letter for letter in shown if unicodedata.bidirectional(letter) in ("LRE", "RLE", "LRO", "RLO", "PDF")]
    assert shown.encode().decode() == shown
    assert printable(shown) == shown


@given(text=ANY)
def test_a_line_is_one_line(text: str) -> None:
    """Whatever it holds, it can't pretend to be a line of its own."""
    assert len(printable_line(text).splitlines()) <= 1


@given(text=st.text(st.characters(exclude_categories=("C", "Z"))))
def test_plain_text_stays(text: str) -> None:
    """What every name of the library is made of is not changed."""
    assert printable_line(text) == text


@given(text=ANY)
def test_no_text_is_a_formula(text: str) -> None:
    """A cell that is a text begins with none of the characters that make it one."""
    assert not str(cell(text)).startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize(
    ("value", "written"),
    [("=1+1", "'=1+1"), ("@x", "'@x"), ("-a", "'-a"), ("a-b", "a-b"), (-1.5, -1.5), (-3, -3), (None, None), ("", "")],
)
def test_numbers_are_kept(value: object, written: object) -> None:
    """Only texts get an apostrophe."""
    assert cell(value) == written


@given(lines=st.lists(st.dictionaries(st.sampled_from("ab"), st.one_of(ANY, st.floats(), st.integers())), min_size=1))
def test_what_is_written_is_read(lines: list[dict[str, object]]) -> None:
    """A reader finds the cells again, with empty texts for those that a line lacks."""
    found = list(csv.DictReader(io.StringIO(lines_to_csv("ab", lines), newline="")))
    assert found == [{key: str(cell(line.get(key, ""))) for key in "ab"} for line in lines]
