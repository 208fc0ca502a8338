"""How a sentence about an unknown word ends: with the nearest known word, if there is one."""

from collections.abc import Iterable
from difflib import get_close_matches


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean X?` for the known word nearest to `word` in any case, or a full stop if none is near."""
    # The dashes of options would make any two of them alike.
    names = {name.lower().lstrip("-"): name for name in known}
    near = get_close_matches(word.lower().lstrip("-"), names, n=1, cutoff=0.5)
    return f"; did you mean {names[near[0]]}?" if near else "."
