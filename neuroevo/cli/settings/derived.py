"""Settings that follow from signatures: every parameter of a strategy, a problem or a suite is one."""

from __future__ import annotations

import types
from collections.abc import Callable, Collection
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import Field
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from neuroevo.cli.settings.values import extra
from neuroevo.signatures import REQUIRED, Parameter, described_arguments, parameters

GIVEN_BY_THE_RUN = frozenset(
    {"dataset", "backbone", "problem", "seed", "device", "workers", "execution", "setup", "protocol"}
)
"""Parameters that the run itself fills in."""

INTERNAL = frozenset({"cycle", "begin"})
"""Parts of a recipe that belong to the strategy."""

Fields = dict[str, tuple[Any, FieldInfo]]
"""Types and fields by name, as pydantic makes models of them."""


def settings_of(thing: Callable[..., Any], *, without: Collection[str] = ()) -> Fields:
    """Return the settings of a strategy, problem or suite: its parameters that can be written as text.

    A parameter whose default is a dataclass (a recipe) is a setting for each of its fields: `life_updates`.

    Args:
        thing: A class or function.
        without: Names that are left out.
    """
    left_out = {*GIVEN_BY_THE_RUN, *without, *getattr(thing, "UNUSED", ())}
    found: Fields = {}
    for name, parameter in parameters(thing).items():
        if name in left_out:
            continue
        if is_dataclass(parameter.default) and not isinstance(parameter.default, type):
            found |= _parts(parameter)
        elif (kind := as_text(parameter.annotation)) is not None:
            found[name] = kind, setting(parameter.default, parameter.description)
    return found


def as_text(annotation: Any) -> Any:
    """Return a type without what can't be written as text, tensors as numbers; None if nothing is left."""
    if get_origin(annotation) in (Union, types.UnionType):
        options = [one for one in map(as_text, get_args(annotation)) if one is not None]
        return Union[tuple(options)] if set(options) - {type(None)} else None  # noqa: UP007 - made of a list
    if get_origin(annotation) is Annotated:
        return annotation if as_text(get_args(annotation)[0]) is not None else None
    if annotation in (bool, int, float, str, Path, type(None)) or get_origin(annotation) is Literal:
        return annotation
    if getattr(annotation, "__name__", "") == "Tensor":
        return tuple[float, ...]
    if get_origin(annotation) is tuple and all(one is ... or as_text(one) is not None for one in get_args(annotation)):
        return annotation
    return None


def whole(thing: Callable[..., Any], values: dict[str, Any]) -> dict[str, Any]:
    """Return arguments of settings: parts of recipes put together, numbers made tensors where these are wanted."""
    arguments: dict[str, Any] = {}
    known = parameters(thing)
    for name, parameter in known.items():
        if is_dataclass(parameter.default) and not isinstance(parameter.default, type):
            parts = {
                one.name: values[f"{name}_{one.name}"]
                for one in fields(parameter.default)
                if f"{name}_{one.name}" in values
            }
            if parts:
                arguments[name] = type(parameter.default)(**{**_values(parameter.default), **parts})
        elif name in values:
            arguments[name] = _as_tensor(parameter.annotation, values[name])
    # A class may pass another default to the one that it derives from.
    return {
        name: value for name, value in arguments.items() if not (known[name].passed_on and value == known[name].default)
    }


def _parts(parameter: Parameter) -> Fields:
    kind = type(parameter.default)
    hints, texts = get_type_hints(kind), described_arguments(kind)
    return {
        f"{parameter.name}_{one.name}": (
            as_text(hints[one.name]),
            setting(
                getattr(parameter.default, one.name),
                f"{_lead(parameter)}: {_lower(texts.get(one.name, ''))}",
                group=_lead(parameter),
            ),
        )
        for one in fields(parameter.default)
        if one.name not in INTERNAL and as_text(hints[one.name]) is not None
    }


def _lead(parameter: Parameter) -> str:
    return parameter.description.split(".")[0] or parameter.name.replace("_", " ")


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def grouped(found: Fields, group: str) -> Fields:
    """Return settings that help shows under a heading; those that have one keep it."""
    return {
        key: (kind, info if extra(info, "group") else with_default(info, info.default, group=group))
        for key, (kind, info) in found.items()
    }


def with_default(info: FieldInfo, default: Any, *, more: str = "", group: str = "", each: object = None) -> FieldInfo:
    """Return a setting with another default, with more words about it, and with what each has that is not given it."""
    default = REQUIRED if default is PydanticUndefined else default
    about = {"group": group or extra(info, "group"), "names": extra(info, "names")}
    shown = extra(info, "each") if each is None else str(each)
    return setting(default, f"{info.description}{more}", each=shown, **about)


def setting(default: Any, description: str, *, group: str = "", names: str = "", each: str = "") -> FieldInfo:
    """Return the field of a setting.

    Args:
        default: Its default, or `REQUIRED`.
        description: Its help.
        group: The heading under which help shows it.
        names: The kind of things that its values name.
        each: The default of those that it is left to, where it has none itself.
    """
    about = {key: value for key, value in {"group": group, "names": names, "each": each}.items() if value}
    settings: dict[str, Any] = {"description": description.replace("`", ""), "json_schema_extra": about or None}
    field: FieldInfo = Field(**settings) if default is REQUIRED else Field(default=default, **settings)
    return field


def _values(thing: Any) -> dict[str, Any]:
    return {one.name: getattr(thing, one.name) for one in fields(thing)}


def _as_tensor(annotation: Any, value: Any) -> Any:
    wants = any(getattr(one, "__name__", "") == "Tensor" for one in get_args(annotation) or (annotation,))
    if not wants or not isinstance(value, tuple | list):
        return value
    import torch

    return torch.tensor(value, dtype=torch.float64)
