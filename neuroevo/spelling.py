"""How a sentence about an unknown word ends: with the nearest known word, if there is one."""

from collections.abc import Iterable
from difflib import get_close_matches


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean X?` for the known word nearest to `word` in any case, or a full stop if none is near."""
    names = {name.lower(): name for name in known}
    near = get_close_matches(word.lower(), names, n=1, cutoff=0.5)
    return f"; did you mean {names[near[0]]}?" if near else "."
