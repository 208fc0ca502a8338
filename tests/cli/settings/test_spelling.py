"""Spelling: the nearest known word to one that is not known."""

from hypothesis import given
from hypothesis import strategies as st

from neuroevo.cli.settings.spelling import nearest, suggestion

NAMES = ("gtl", "gtl-paper", "scratch", "random-circuit", "narrow-pretraining", "finetune")


@given(st.sampled_from(NAMES))
def test_a_known_word_is_its_own_nearest(name: str) -> None:
    """In whatever case it is written."""
    assert nearest(name, NAMES) == nearest(name.upper(), NAMES) == name


@given(st.sampled_from([name for name in NAMES if len(name) > 4]), st.data())
def test_one_letter_too_few_does_no_harm(name: str, data: st.DataObject) -> None:
    """The word is still found without any one of its letters."""
    gap = data.draw(st.integers(0, len(name) - 1))
    assert nearest(name[:gap] + name[gap + 1 :], NAMES) == name


def test_a_misspelt_beginning_is_enough() -> None:
    """Who writes the first part only is understood, with a mistake too; a stranger is not."""
    assert nearest("narow", NAMES) == "narrow-pretraining"
    assert nearest("random", NAMES) == "random-circuit"
    assert nearest("xyzzy", NAMES) is None
    assert nearest("gtl", ()) is None


def test_the_sentence_ends_either_way() -> None:
    """With a question if there is a near word, with a full stop if not."""
    assert suggestion("scrach", NAMES) == "; did you mean scratch?"
    assert suggestion("xyzzy", NAMES) == "."
