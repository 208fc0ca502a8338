"""One setting at a time: what its type is in words, and how its value is read from text or a TOML file."""

from __future__ import annotations

import json
import re
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import AfterValidator, ConfigDict, TypeAdapter
from pydantic.fields import FieldInfo

LONGEST = 60
"""Characters of a wrong value that an error repeats."""


@dataclass(frozen=True)
class Words:
    """What a type is in words, where these do not follow from it.

    Attributes:
        expected: What a value must be.
        metavar: What stands for it in help.
        choices: Values that can be named.
    """

    expected: str
    metavar: str
    choices: tuple[str, ...] = ()


def _check_device(name: str) -> str:
    if not re.fullmatch(r"auto|cpu|mps|cuda(:[0-9]+)?", name):
        raise ValueError(name)
    return name


def _check_path(path: Path) -> Path:
    if "\0" in str(path):
        raise ValueError("a path holds no zero byte")
    str(path).encode()  # a path that is not text could not be written into settings.toml
    return path


def _check_names(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names or len(set(names)) < len(names):
        raise ValueError(names)
    return names


def _check_rates(rates: float | tuple[float, ...]) -> float | tuple[float, ...]:
    every = (rates,) if isinstance(rates, float) else rates
    if not every or min(every) <= 0 or len(set(every)) < len(every):
        raise ValueError(rates)
    return every if len(every) > 1 else every[0]


def _check_parts(parts: float | tuple[float, ...]) -> float | tuple[float, ...]:
    found = _check_rates(parts)
    if (found if isinstance(found, float) else max(found)) > 1:
        raise ValueError(parts)
    return found


def _check_counts(counts: int | tuple[int, ...]) -> int | tuple[int, ...]:
    every = (counts,) if isinstance(counts, int) else counts
    if not every or min(every) < 1 or len(set(every)) < len(every):
        raise ValueError(counts)
    return every if len(every) > 1 else every[0]


def _check_whole_numbers(value: Any) -> Any:
    for one in value if isinstance(value, tuple) else (value,):
        if type(one) is int and abs(one) > LARGEST:
            raise ValueError(one)
    return value


LARGEST = 2**63 - 1
"""Largest whole number of a setting, that of a tensor."""


def _check_different(names: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(set(names)) < len(names):
        raise ValueError(names)
    return names


Augment = Annotated[tuple[Literal["crop", "flip", "jitter"], ...], AfterValidator(_check_different)]
Log = Annotated[tuple[Literal["csv", "tensorboard", "mlflow", "wandb"], ...], AfterValidator(_check_different)]
DEVICES = ("auto", "cpu", "cuda", "mps")
Device = Annotated[
    str, AfterValidator(_check_device), Words("auto, cpu, cuda, cuda:N or mps", "[auto|cpu|cuda|cuda:N|mps]", DEVICES)
]
Folder = Annotated[Path, AfterValidator(_check_path), Words("a path", "PATH")]
Names = Annotated[tuple[str, ...], AfterValidator(_check_names), Words("a list of different names", "NAME,NAME")]
Counts = Annotated[
    int | tuple[int, ...],
    AfterValidator(_check_counts),
    Words("a whole number of at least 1, or different ones separated by commas", "N,N"),
]
"""One number, or several different ones."""
Rates = Annotated[
    float | tuple[float, ...],
    AfterValidator(_check_rates),
    Words("a number above 0, or different ones separated by commas", "X,X"),
]
Parts = Annotated[
    float | tuple[float, ...],
    AfterValidator(_check_parts),
    Words("a number above 0 and at most 1, or different ones separated by commas", "X,X"),
]
"""The same for numbers, and for parts of a whole."""

_BASIC: dict[Any, tuple[str, str]] = {
    bool: ("true or false", "BOOLEAN"),
    int: ("a whole number", "INTEGER"),
    float: ("a number", "FLOAT"),
    str: ("a text", "TEXT"),
    Path: ("a path", "PATH"),
}


def expected(info: FieldInfo) -> str:
    """What a setting must be, in words: its kind and its bounds."""
    bounds = " and ".join(filter(None, map(_bound, info.metadata)))
    return f"{_in_words(_whole(info))} {bounds}".strip()


def choices(info: FieldInfo) -> list[str]:
    """Return the values of a setting that can be named, as far as its type says so."""
    kind = _whole(info)
    if words := _words_of(kind):
        return [*words.choices]
    return [str(one) for option in _options(kind) if get_origin(option) is Literal for one in get_args(option)] or [
        str(one) for option in _options(kind) for one in _several_of(option)
    ]


def metavar(info: FieldInfo) -> str:
    """What stands for a setting's value in help: its choices or its kind."""
    kind = _whole(info)
    if words := _words_of(kind):
        return words.metavar
    options = [option for option in _options(kind) if option is not type(None)]
    if some := [one for option in options for one in _several_of(option)]:
        return f"[{'|'.join(map(str, some))}],…"
    if literals := choices(info):
        return f"[{'|'.join([*literals, *(_BASIC[option][1] for option in options if option in _BASIC)])}]"
    if many := [option for option in options if get_origin(option) is tuple]:
        name = _BASIC.get(get_args(many[0])[0], ("", "VALUE"))[1]
        return f"{name},{name}"
    return next((_BASIC[option][1] for option in reversed(options) if option in _BASIC), "VALUE")


def parse(info: FieldInfo, value: object, *, text: bool) -> object:
    """The setting's value, read from text or taken from a TOML file.

    `none` stands for no value, where a setting may have none.

    Raises:
        pydantic.ValidationError: The value is of another kind or out of bounds.
    """
    kind: Any = Annotated[(info.annotation, *info.metadata, AfterValidator(_check_whole_numbers))]
    adapter: TypeAdapter[object] = TypeAdapter(kind, config=ConfigDict(allow_inf_nan=False))
    if value == "none" and type(None) in _options(_whole(info)):
        return None
    if not text:
        # As JSON the value stays strict (true is no number), yet a string can be a path.
        return adapter.validate_json(json.dumps(value, default=str), strict=True)
    if isinstance(value, str) and _takes_several(_whole(info), value):
        value = tuple(part.strip() for part in value.split(",") if part.strip())
    return adapter.validate_python(value)


def refusal(info: FieldInfo, value: object, *, source: str, text: bool) -> str:
    """The sentence about a value that `parse` refused."""
    bare = text and isinstance(value, str) and _is_number(value)
    bound = f" and at most {LARGEST}" if _is_large(value) else ""
    return f"{source} must be {expected(info)}{bound}, but it is {value if bare else shown(value)}."


def shown(value: object) -> str:
    """A value as Python writes it, cut to fit into a sentence."""
    text = repr(value)
    return text if len(text) <= LONGEST else text[:LONGEST] + "..."


def label(key: str, info: FieldInfo) -> str:
    """The name of a setting at the command line: `--data-root`, or `STRATEGY` for an argument."""
    return argument(info) or "--" + key.replace("_", "-")


def argument(info: FieldInfo) -> str:
    """The name of a setting that is an argument of its command; empty for an option."""
    return extra(info, "argument")


def extra(info: FieldInfo, key: str) -> str:
    """What a setting says about itself beside its type: `argument`, `names` or `group`; empty if it does not."""
    found = info.json_schema_extra
    return str(found.get(key, "")) if isinstance(found, dict) else ""


def is_switch(info: FieldInfo) -> bool:
    """Whether a setting is true or false, or left to what reads it."""
    return {*_bare(_whole(info))} - {type(None)} == {bool}


def takes_names(info: FieldInfo) -> bool:
    """Whether a setting takes several names."""
    return any(get_origin(option) is tuple for option in _bare(_whole(info)))


def _whole(info: FieldInfo) -> Any:
    """Return the type of a setting, with what pydantic moved into its metadata."""
    words = [item for item in info.metadata if isinstance(item, Words)]
    return Annotated[(info.annotation, *words)] if words else info.annotation


def _words_of(kind: Any) -> Words | None:
    found = [item for item in getattr(kind, "__metadata__", ()) if isinstance(item, Words)]
    options = () if found else _options(kind)
    return found[0] if found else next(filter(None, map(_words_of, options if len(options) > 1 else ())), None)


def _options(kind: Any) -> tuple[Any, ...]:
    """Return the members of a union, or the type alone; annotations are kept."""
    if get_origin(kind) is Annotated:
        inner = get_args(kind)[0]
        return (kind,) if get_origin(inner) not in (Union, types.UnionType) else _options(inner)
    return get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)


def _bare(kind: Any) -> list[Any]:
    """Return the members of a union, those of unions within it too, or the type alone, without annotations."""
    annotated = [(one, get_origin(one) is Annotated) for one in _options(kind)]
    return [bare for one, is_so in annotated for bare in (_bare(get_args(one)[0]) if is_so else [one])]


def _in_words(kind: Any) -> str:
    if words := _words_of(kind):
        return words.expected
    found = [_one_in_words(option) for option in _options(kind) if option is not type(None)]
    if type(None) in _options(kind) and len(found) > 1:
        found.append("none")
    return " or ".join(dict.fromkeys(found))


def _one_in_words(kind: Any) -> str:
    if get_origin(kind) is Literal:
        names = [str(one) for one in get_args(kind)]
        return f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else names[0]
    if some := _several_of(kind):
        return f"some of {', '.join(map(str, some))}, separated by commas"
    if get_origin(kind) is tuple:
        inner, *rest = get_args(kind)
        plural = {"a whole number": "whole numbers", "a number": "numbers"}.get(_in_words(inner), "values")
        return f"{plural if rest == [...] else f'{1 + len(rest)} {plural}'} separated by commas"
    return _BASIC.get(kind, (f"a {getattr(kind, '__name__', kind)}", ""))[0]


def _several_of(kind: Any) -> tuple[Any, ...]:
    """Return the values that a tuple of any length may hold, if they can be named."""
    inner = get_args(kind)[0] if get_origin(kind) is tuple else None
    return get_args(inner) if get_origin(inner) is Literal else ()


def _takes_several(kind: Any, value: str) -> bool:
    """Return whether a text is a list of values: always where only lists are allowed, else by its commas."""
    options = _bare(kind)
    several = [one for one in options if get_origin(one) is tuple]
    others = [one for one in options if get_origin(one) is not tuple and one is not type(None)]
    return bool(several) and (not others or "," in value)


def _is_large(value: object) -> bool:
    """Return whether a value is a whole number above the largest, or as text would be one."""
    if isinstance(value, str) and len(value) <= LONGEST and value.isdecimal():
        value = int(value)
    return type(value) is int and value > LARGEST


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return len(text) <= LONGEST


_BOUNDS: Sequence[tuple[type, str, Callable[[Any], Any]]] = (
    (Gt, "above {}", lambda bound: bound.gt),
    (Ge, "of at least {}", lambda bound: bound.ge),
    (Lt, "below {}", lambda bound: bound.lt),
    (Le, "at most {}", lambda bound: bound.le),
)


def _bound(item: object) -> str:
    return next((text.format(of(item)) for kind, text, of in _BOUNDS if isinstance(item, kind)), "")
