"""The command line that repeats a run from its settings alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pydantic.fields import FieldInfo

from neuroevo.cli.settings.quick import quick_settings
from neuroevo.cli.settings.values import argument, label


def repeated(what: str, settings: Mapping[str, object], known: Mapping[str, FieldInfo]) -> list[str]:
    """Return the words of the command with every setting that is not its default.

    `--quick` stays, for suites choose by it what they compare; what is left out then are the defaults of `--quick`.

    Args:
        what: The command: `bench`, `evolve` or `inherit`.
        settings: What `settings.toml` holds.
        known: The settings that the command has.
    """
    changed = quick_settings(settings) if settings.get("quick") else {}
    defaults = {key: changed.get(key, info.default) for key, info in known.items()}
    said = [key for key in known if key in settings and _plain(settings[key]) != _plain(defaults[key])]
    words = [word for key in said for word in _words(key, known[key], settings[key])]
    tables = settings.get("contestants", {})
    if isinstance(tables, Mapping):
        words += [f"--contestant={name}={_table(table)}" for name, table in tables.items()]
    imports = settings.get("import", [])
    words += [f"--import={target}" for target in imports] if isinstance(imports, Sequence) else []
    return [what, *sorted(words, key=lambda word: word.startswith("-"))]


def _table(table: Mapping[str, object]) -> str:
    settings = ",".join(f"{key}={_text(value)}" for key, value in table.items() if key != "strategy")
    return f"{table['strategy']}:{settings}" if settings else str(table["strategy"])


def _words(key: str, info: FieldInfo, value: object) -> Iterator[str]:
    # It changes defaults; the values that it led to are all among the settings.
    if key == "preset":
        return
    if argument(info):
        yield from map(str, value if isinstance(value, list) else [value])
    elif isinstance(value, bool):
        yield label(key, info) if value else f"--no-{label(key, info)[2:]}"
    else:
        yield f"{label(key, info)}={_text(value)}"


def _text(value: object) -> str:
    """Return a value as the command line takes it."""
    if value is None:
        return "none"
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _plain(value: object) -> object:
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
