"""How sentences about mistakes are spelt: the nearest known words for an unknown one, and values of any length."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from itertools import islice
from typing import Any

LONGEST = 80
"""Characters of a value that an error repeats."""
MOST = 12
"""Names that an error lists where a command shows all of them."""


def nearest(word: str, known: Iterable[str], *, most: int = 3) -> list[str]:
    """Return the known words nearest to `word`, the nearest first; case, dashes and underscores make no difference.

    A word that differs by these alone is the only one; of others that are near each is returned, or the one that is not
    far away.
    """
    names = {_plain(name): name for name in known}
    if (plain := _plain(word)) in names:
        return [names[plain]]
    near = get_close_matches(plain, names, n=most, cutoff=0.75) or get_close_matches(plain, names, n=1, cutoff=0.5)
    return [names[one] for one in near]


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean X?` for the known word nearest to `word`, or a full stop if none is near."""
    near = nearest(word, known, most=1)
    return f"; did you mean {near[0]}?" if near else "."


def unknown(source: str, word: str, known: Collection[str], *, shown_by: str = "") -> str:
    """Return the sentence about a name that is not known: the nearest ones, or if none is near, what there is.

    Args:
        source: What has the name; begins the sentence.
        word: The name.
        known: The names that are known.
        shown_by: A command that shows them all, for long lists.
    """
    if near := nearest(word, known):
        others = [f"another of `{shown_by}`"] if shown_by else []
        return f"{source} {shown(word)} is not known; did you mean {alternatives([*near, *others])}?"
    if shown_by and len(known) > MOST:
        return f"{source} must be one of the {len(known)} names that `{shown_by}` shows, but it is {shown(word)}."
    return f"{source} must be one of {', '.join(known)}, but it is {shown(word)}."


def alternatives(names: Sequence[str]) -> str:
    """Return names as alternatives: `a, b or c`."""
    return " or ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


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


def outlined(description: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a description as people read it: of a traced network its input, its widths and how many operations."""
    if description.get("kind") != "traced":
        return description
    short = {key: description[key] for key in ("kind", "image", "widths") if key in description}
    if isinstance(image := short.get("image"), Sequence):
        short["image"] = "x".join(map(str, image))
    steps = description.get("steps")
    return {**short, "operations": len(steps)} if isinstance(steps, Sequence) else short


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _plain(word: str) -> str:
    """Return a word without what users mix up; the dashes of options would make any two of them alike."""
    return word.lower().replace("-", "").replace("_", "").replace(" ", "")
