"""Model cards: the README of what is shared, made of its notes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from neuroevo.extras import DISTRIBUTION
from neuroevo.plain_text import printable_line

LIBRARY = "neuroevo"
SCALARS = str | int | float | bool | None
FOLDED = ("settings", "classes")
"""Notes that are too long for the table."""
WORDS = {"score": "score that it was chosen by"}
"""What notes are called there whose names say too little."""


def card(
    title: str,
    about: str,
    usage: str,
    *,
    tags: Sequence[str],
    notes: Mapping[str, Any],
    license: str | None = None,
) -> str:
    """Return a model card: YAML that the Hugging Face Hub reads, then Markdown.

    Args:
        title: Its heading.
        about: One sentence that says what is shared.
        usage: Lines of Python that load it.
        tags: Tags for searches, beside those of the library.
        notes: Where it came from, as JSON values: `strategy`, `dataset`, `classes`, `budget`, `score`, `lineage`,
            `settings`, `license` and others.
        license: Identifier of the licence, such as "cc-by-4.0"; by default the note of that name.
    """
    license = license or notes.get("license")
    parts = [
        _front_matter(tags, notes, license),
        f"# {printable_line(title)}",
        about,
        f"## Use\n\n`pip install .` in a checkout, or `pip install {DISTRIBUTION}`, installs `neuroevo`.\n\n"
        f"```python\n{usage}\n```",
        f"## Where it comes from\n\n{_table({**notes, 'license': license})}",
        *(_folded(name, notes[name]) for name in FOLDED if notes.get(name)),
        f"## Limits\n\n{_limits(license)}",
    ]
    return "\n\n".join(parts) + "\n"


def _front_matter(tags: Sequence[str], notes: Mapping[str, Any], license: str | None) -> str:
    """Return the YAML; its values are JSON, which YAML reads without surprises."""
    fields: dict[str, Any] = {"library_name": LIBRARY, "tags": [LIBRARY, "neuroevolution", *map(str, tags)]}
    if license:
        fields["license"] = str(license).lower()
    if "/" in (dataset := str(notes.get("dataset", ""))):  # otherwise the Hub would link another one of that name
        fields["datasets"] = [dataset]
    lines = [f"{name}: {json.dumps(value)}" for name, value in fields.items()]
    return "\n".join(["---", *lines, "---"])


def _table(notes: Mapping[str, Any]) -> str:
    facts = {name: value for name, value in notes.items() if name not in FOLDED and value is not None}
    for role, names in (notes.get("classes") or {}).items():
        facts[f"classes ({role})"] = len(names)
    rows = [f"| {_cell(_in_words(name))} | {_cell(_text(value))} |" for name, value in sorted(facts.items())]
    return "\n".join(["| | |", "| --- | --- |", *rows]) if rows else "It has no notes about its origin."


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}" if value >= 10_000 else str(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{_in_words(name)} {_text(one)}" for name, one in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(_text, value))
    return str(value)


def _in_words(name: str) -> str:
    return WORDS.get(name, name.replace("_", " "))


def _cell(text: str) -> str:
    """Return text of a file as text of a cell: no column, no line and no markup begins in it."""
    plain = printable_line(text)
    for mark, written in (("&", "&amp;"), ("<", "&lt;"), ("|", "&#124;"), ("`", "&#96;"), ("[", "&#91;")):
        plain = plain.replace(mark, written)
    return plain


def _folded(name: str, value: Any) -> str:
    """Return a long note as JSON, folded; the escaped marks can end neither the fence nor the fold."""
    content = json.dumps(value, indent=1, sort_keys=True).replace("`", "\\u0060").replace("<", "\\u003c")
    return f"<details><summary>{name}</summary>\n\n```json\n{content}\n```\n\n</details>"


def _limits(license: str | None) -> str:
    measured = "Scores are those of one run; another seed gives another result."
    terms = f"The licence is {_cell(str(license))}." if license else "No licence is given: ask its author before use."
    return f"{measured} {terms}"
