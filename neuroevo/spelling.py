"""How sentences about mistakes are spelt: the nearest known word for an unknown one, and values of any length."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from itertools import islice

LONGEST = 80
"""Characters of a value that an error repeats."""


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean X?` for the known word nearest to `word` in any case, or a full stop if none is near."""
    # The dashes of options would make any two of them alike.
    names = {name.lower().lstrip("-"): name for name in known}
    near = get_close_matches(word.lower().lstrip("-"), names, n=1, cutoff=0.5)
    return f"; did you mean {names[near[0]]}?" if near else "."


def shown(value: object) -> str:
    """Return a value as an error repeats it: cut if it is long, its type alone if it can't be printed."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - users' values may raise anything, and numbers of 5,000 digits do
        return f"a {type(value).__name__}"
    return _cut(text)


def listed(names: Collection[object], *, most: int = 5) -> str:
    """Return names separated by commas as an error lists them: the first ones, cut if long, and how many more."""
    first = ", ".join(_cut(str(name)) for name in islice(names, most))
    return f"{first} and {len(names) - most:,} more" if len(names) > most else first


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
