"""The command line that repeats a run from its settings alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from neuroevo.cli.settings.fields import argument, fields, label
from neuroevo.cli.settings.settings import BenchSettings, EvolveSettings, InheritSettings

MODELS: Mapping[str, type[BaseModel]] = {
    "bench": BenchSettings,
    "evolve": EvolveSettings,
    "inherit": InheritSettings,
}
OUTPUT = ("out", "json", "quiet")
"""What changes no result."""


def repeated(what: str, settings: Mapping[str, object]) -> list[str]:
    """Return the words of the command with every setting that is not its default.

    Args:
        what: The command: `bench`, `evolve` or `inherit`.
        settings: What `settings.toml` holds.
    """
    known = fields(MODELS.get(what, BenchSettings))
    words = [word for key, info in known.items() if key in settings for word in _words(key, info, settings[key])]
    return [what, *sorted(words, key=lambda word: word.startswith("-"))]


def _words(key: str, info: FieldInfo, value: object) -> Iterator[str]:
    # These change defaults; the values that they led to are all among the settings.
    if key in (*OUTPUT, "quick", "preset") or _plain(value) == _plain(info.default):
        return
    if argument(info):
        yield from map(str, value if isinstance(value, list) else [value])
    elif isinstance(value, bool):
        yield label(key, info) if value else f"--no-{label(key, info)[2:]}"
    else:
        yield f"{label(key, info)}={','.join(map(str, value)) if isinstance(value, list) else value}"


def _plain(value: object) -> object:
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
