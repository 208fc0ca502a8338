"""One checked object of settings from flags, environment, file, preset and defaults.

A value is taken from a flag, else from the environment (`NEUROEVO_POPULATION`), else from a TOML file, else from the
preset that is named, else from the defaults of `--quick`, else from the field's own default. Everything that is wrong
is reported at once, before any work begins.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError, create_model
from pydantic.fields import FieldInfo

from neuroevo import catalogue
from neuroevo.cli.settings.derived import Fields
from neuroevo.cli.settings.presets import preset_names, preset_settings
from neuroevo.cli.settings.quick import quick_settings
from neuroevo.cli.settings.rules import RAY, Resolved, broken_rules
from neuroevo.cli.settings.run import Settings
from neuroevo.cli.settings.sources import Given, Sources
from neuroevo.cli.settings.values import label, parse, refusal

Kind = TypeVar("Kind", bound=Settings)

SHOWN = ("out", "json", "quiet")
"""Settings that say where results go and what is shown: a run that is repeated has its own."""


class SettingsError(ValueError):
    """Everything that is wrong with the settings; `errors` holds one sentence for each."""

    def __init__(self, errors: tuple[str, ...]) -> None:
        super().__init__(errors)
        self.errors = errors

    def __str__(self) -> str:
        return "\n".join(self.errors)


def fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The settings of a model by the name that users give them."""
    return {
        info.alias or name: info
        for name, info in model.model_fields.items()
        if not (isinstance(info.json_schema_extra, dict) and info.json_schema_extra.get("table"))
    }


def with_settings(base: type[Kind] | tuple[type[Kind], ...], own: Fields) -> type[Kind]:
    """Return a model with the settings of a signature beside those of the run, which come first in a name's meaning."""
    bases = base if isinstance(base, tuple) else (base,)
    known = {name for one in bases for name in one.model_fields}
    added: dict[str, Any] = {name: field for name, field in own.items() if name not in known}
    made: type[Kind] = create_model(bases[0].__name__, __base__=base, **added)
    made.made = True  # type: ignore[attr-defined]
    return made


def load(
    model: type[Kind], sources: Sources, *, what: str, owners: Callable[[str], Collection[str]] = lambda _: ()
) -> Kind:
    """Merge all sources into one checked object.

    Args:
        model: The settings.
        sources: Flags, environment and file.
        what: What is run, for sentences about settings that it does not read.
        owners: Says what else reads a setting.

    Raises:
        SettingsError: With all errors at once, each naming the setting and where it came from.
    """
    settings = fields(model)
    given = sources.given(settings)
    errors = sources.unknown(settings, owners, what)
    given = _preset(settings, given) | given
    values, origins, unreadable = _resolve(model, settings, given)
    errors += unreadable
    errors += broken_rules(Resolved(values=values, sources=origins, given=frozenset(given)))
    if errors:
        raise SettingsError(tuple(errors))
    # Only these, so that `given` tells a value that was given from a default that is equal.
    chosen = {key for key, value in values.items() if key in given or value is not settings[key].default}
    return model.model_validate({key: values[key] for key in chosen})


def to_toml(values: Mapping[str, Any]) -> str:
    """Return settings as TOML that `load` reads back equal; None is left out, mappings become tables."""
    plain = {key: value for key, value in values.items() if value is not None and not isinstance(value, Mapping)}
    tables = {key: value for key, value in values.items() if isinstance(value, Mapping) and value}
    text = "".join(f"{key} = {_toml(value)}\n" for key, value in plain.items())
    for key, table in tables.items():
        for name, settings in table.items():
            text += f"\n[{key}.{_key(name)}]\n" + "".join(
                f"{one} = {_toml(value)}\n" for one, value in settings.items()
            )
    return text


def used(settings: Settings) -> dict[str, Any]:
    """Return what a run notes of its settings: JSON values by the names that users give them, and what it imported.

    What is shown and where is left out; `none` stands for None where that was given or is no default. Paths mean the
    same in every folder.
    """
    values = settings.model_dump(mode="json", by_alias=True)
    given = settings.model_dump(by_alias=True)
    values |= {key: str(one.absolute()) for key, one in given.items() if isinstance(one, Path)}
    if values.get("engine") != "ray":
        values = {key: value for key, value in values.items() if key not in RAY}
    imports: dict[str, Any] = {"import": found} if (found := catalogue.imported()) else {}
    for key, info in fields(type(settings)).items():
        if key in values and values[key] is None and (key in settings.model_fields_set or info.default is not None):
            values[key] = "none"
    return {**imports, **{key: value for key, value in values.items() if key not in SHOWN}}


def anywhere(value: object) -> object:
    """Return a value that means the same in every folder."""
    return value.absolute() if isinstance(value, Path) else value


def _preset(settings: Mapping[str, FieldInfo], given: Mapping[str, Given]) -> dict[str, Given]:
    """Return the settings of the preset that is named among those given, as far as they are read."""
    name = given["preset"].value if "preset" in given else None
    if not isinstance(name, str) or name not in preset_names():
        return {}
    chosen = {key: given[key].value if key in given else None for key in ("backbone", "dataset")}
    found = preset_settings(name, bench="descendants" in settings, **chosen)
    return {
        key: Given(value, f"{key} (--preset {name})", text=False) for key, value in found.items() if key in settings
    }


def _resolve(
    model: type[Settings], settings: Mapping[str, FieldInfo], given: Mapping[str, Given]
) -> tuple[dict[str, object], dict[str, str], list[str]]:
    """Values and their sources by setting, and the sentences about those that have no value."""
    values: dict[str, object] = {}
    sources: dict[str, str] = {}
    errors: list[str] = []
    for key, info in settings.items():
        if key in given:
            item, sources[key] = given[key], given[key].source
            try:
                values[key] = parse(info, item.value, text=item.text)
            except ValidationError:
                errors.append(refusal(info, item.value, source=item.source, text=item.text))
        elif info.is_required():
            errors.append(f"{label(key, info)} must be given.")
        else:
            values[key], sources[key] = info.default, f"{key} (default)"
    if values.get("quick") and model.quick_defaults:
        quick = quick_settings(values)
        for key in quick.keys() & settings.keys() - given.keys():
            values[key], sources[key] = quick[key], f"{key} (--quick)"
    return values, sources, errors


def _toml(value: object) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if value is None:
        return '"none"'
    # JSON writes these kinds as TOML does, but for one control character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if name.replace("-", "").replace("_", "").isalnum() and name.isascii() else json.dumps(name)
