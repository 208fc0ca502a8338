"""Spelling: the nearest known word to one that is not known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.spelling import listed, nearest, shown, suggestion, unknown

NAMES = ("gtl", "gtl-paper", "scratch", "random-circuit", "narrow-pretraining", "finetune", "cma-es", "SEED")


@given(st.sampled_from(NAMES))
def test_a_known_word_is_its_own_nearest(name: str) -> None:
    """In whatever case it is written."""
    for word in (name, name.upper(), name.lower()):
        assert suggestion(word, NAMES) == f"; did you mean {name}?"


@given(st.sampled_from([name for name in NAMES if len(name) > 4]), st.data())
def test_one_letter_too_few_does_no_harm(name: str, data: st.DataObject) -> None:
    """The word is still found without any one of its letters."""
    gap = data.draw(st.integers(0, len(name) - 1))
    assert suggestion(name[:gap] + name[gap + 1 :], NAMES) == f"; did you mean {name}?"


@pytest.mark.parametrize(
    ("word", "end"),
    [
        ("GTL", "; did you mean gtl?"),
        ("CMAES", "; did you mean cma-es?"),
        ("random", "; did you mean random-circuit?"),
        ("xyzzy", "."),
        ("", "."),
    ],
)
def test_the_sentence_ends_either_way(word: str, end: str) -> None:
    """With a question if there is a near word, with a full stop if not."""
    assert suggestion(word, iter(NAMES)) == end
    assert suggestion(word, ()) == "."


@given(st.sampled_from(NAMES), st.sampled_from(["", "-", "_", " "]), st.booleans())
def test_what_users_mix_up_makes_no_difference(name: str, dash: str, upper: bool) -> None:
    """Case, dashes and underscores: the name that is meant is the only one offered."""
    word = name.replace("-", dash)
    assert nearest(word.upper() if upper else word, NAMES) == [name]


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("gtll", "STRATEGY 'gtll' is not known; did you mean gtl or another of `list`?"),
        ("randomcircuit", "STRATEGY 'randomcircuit' is not known; did you mean random-circuit or another of `list`?"),
        ("xyzzy", "STRATEGY must be one of gtl, gtl-paper, scratch, random-circuit, narrow-pretraining, finetune, "),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest_first(word: str, sentence: str) -> None:
    """And with all names if none is near."""
    assert unknown("STRATEGY", word, NAMES, shown_by="list").startswith(sentence)
    assert "`" not in unknown("STRATEGY", word, NAMES)


def test_many_names_are_not_listed_where_a_command_shows_them() -> None:
    """The sentence says how many there are."""
    many = [f"{chr(97 + number)}" * 4 for number in range(26)]
    sentence = unknown("NAME", "?", many, shown_by="list")
    assert sentence == "NAME must be one of the 26 names that `list` shows, but it is '?'."


class Unprintable:
    """Something that can't be shown."""

    def __repr__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("value", "text"),
    [("x", "'x'"), ("x" * 100, f"'{'x' * 79}..."), (10**5000, "a int"), (Unprintable(), "a Unprintable")],
    ids=["short", "long", "digits", "unprintable"],
)
def test_values_in_errors_are_short(value: object, text: str) -> None:
    """A long value is cut, and one that can't be printed is named by its type."""
    assert shown(value) == text


@given(names=st.lists(st.text(), max_size=12), most=st.integers(1, 12))
def test_lists_in_errors_are_bounded(names: list[str], most: int) -> None:
    """All names are listed, or the first and the number of the others."""
    found = listed(names, most=most)
    if len(names) <= most:
        assert found == ", ".join(names)
    else:
        assert found == ", ".join(names[:most]) + f" and {len(names) - most} more"
    assert len(listed([name * 1000 for name in names], most=most)) <= most * 90 + 20
