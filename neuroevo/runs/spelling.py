"""What to say about a word that is not known: the known ones, and the nearest of them."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that looks most like `word`, or None if none is close."""
    by_lower_case = {name.lower(): name for name in known}
    matches = get_close_matches(word.lower(), by_lower_case, n=1, cutoff=0.5)
    return by_lower_case[matches[0]] if matches else None


def suggestion(word: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown `word`: a question and its mark, or a full stop."""
    match = nearest(word, known)
    return "." if match is None else f"; did you mean {match}?"
