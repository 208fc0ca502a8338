"""What to say about a word that is not known: the known ones, and the nearest of them."""

from collections.abc import Iterable
from difflib import SequenceMatcher

CLOSE = 0.5


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that looks most like `word`, whole or at its beginning, or None if none is close."""
    likeness = {name: _likeness(word.lower(), name.lower()) for name in known}
    best = max(likeness, key=lambda name: likeness[name], default=None)
    return best if best is not None and likeness[best] >= CLOSE else None


def suggestion(word: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown `word`: a question and its mark, or a full stop."""
    match = nearest(word, known)
    return "." if match is None else f"; did you mean {match}?"


def _likeness(word: str, name: str) -> float:
    beginning = name[: len(word) + 1]
    # A beginning counts a little less, so that the whole word wins where both fit.
    return max(SequenceMatcher(None, word, name).ratio(), 0.95 * SequenceMatcher(None, word, beginning).ratio())
