"""One setting at a time: its names, what it must be in words, and how its value is read."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from annotated_types import Ge, Gt, Le, Lt
from pydantic import AfterValidator, BaseModel, ConfigDict, TypeAdapter
from pydantic.fields import FieldInfo


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


def _check_shots(shots: int | tuple[int, ...]) -> int | tuple[int, ...]:
    every = (shots,) if isinstance(shots, int) else shots
    if not every or min(every) < 1 or len(set(every)) < len(every):
        raise ValueError(shots)
    return every if len(every) > 1 else every[0]


class OneOf:
    """A check that a name is one of some.

    Args:
        *names: The names.
    """

    def __init__(self, *names: str) -> None:
        self.names = names

    def __call__(self, name: str) -> str:
        """Return the name, or raise ValueError."""
        if name not in self.names:
            raise ValueError(name)
        return name

    def __str__(self) -> str:
        return f"{', '.join(self.names[:-1])} or {self.names[-1]}"


AUGMENTATIONS = ("crop", "flip", "jitter")


def _check_augment(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names) or set(names) - set(AUGMENTATIONS):
        raise ValueError(names)
    return names


Augment = Annotated[tuple[str, ...], AfterValidator(_check_augment)]
Device = Annotated[str, AfterValidator(_check_device)]
Engine = Annotated[str, AfterValidator(OneOf("threads", "processes", "ray"))]
ExecutionWay = Annotated[str, AfterValidator(OneOf("auto", "looped", "stacked", "tune"))]
Folder = Annotated[Path, AfterValidator(_check_path)]
Match = Annotated[str, AfterValidator(OneOf("steps", "seconds", "none"))]
Names = Annotated[tuple[str, ...], AfterValidator(_check_names)]
Precision = Annotated[str, AfterValidator(OneOf("float32", "tf32", "bf16"))]
Shots = Annotated[int | tuple[int, ...], AfterValidator(_check_shots)]
"""One number, or several different ones."""

LONGEST = 60
"""Characters of a wrong value that an error repeats."""

_KINDS: Sequence[tuple[object, str, str]] = (
    (bool, "true or false", "BOOLEAN"),
    (int, "a whole number", "INTEGER"),
    (int | None, "a whole number", "INTEGER"),
    (int | tuple[int, ...], "a whole number of at least 1, or different ones separated by commas", "N,N"),
    (float, "a number", "FLOAT"),
    (float | None, "a number", "FLOAT"),
    (str, "a name", "NAME"),
    (str | None, "a name", "NAME"),
    (Names, "a list of different names", "NAME,NAME"),
    (tuple[str, ...], "a list of different names", "NAME,NAME"),
    (Names | None, "a list of different names", "NAME,NAME"),
    (tuple[str, ...] | None, "a list of different names", "NAME,NAME"),
    (Folder | None, "a path", "PATH"),
    (Path, "a path", "PATH"),
)


def fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The settings of `model` by the name that users give them."""
    return {info.alias or name: info for name, info in model.model_fields.items()}


def label(key: str, info: FieldInfo) -> str:
    """The name of a setting at the command line: `--data-root`, or `STRATEGY` for an argument."""
    return argument(info) or "--" + key.replace("_", "-")


def argument(info: FieldInfo) -> str | None:
    """The name of a setting that is an argument at the command line; None for an option."""
    extra = info.json_schema_extra
    return str(extra["argument"]) if isinstance(extra, dict) and "argument" in extra else None


def takes_names(info: FieldInfo) -> bool:
    """Whether the setting is a list of names, which text gives with commas."""
    return info.annotation in (tuple[str, ...], Names | None, tuple[str, ...] | None)


def metavar(info: FieldInfo) -> str:
    """The word for the setting's value in a command's help."""
    return next(word for kind, _, word in _KINDS if kind == info.annotation)


def expected(info: FieldInfo) -> str:
    """What the setting must be, in words: its kind and its bounds."""
    if any(getattr(item, "func", None) is _check_device for item in info.metadata):
        return "auto, cpu, cuda, cuda:N or mps"
    for item in info.metadata:
        if isinstance(names := getattr(item, "func", None), OneOf):
            return str(names)
    if any(getattr(item, "func", None) is _check_augment for item in info.metadata):
        return f"some of {', '.join(AUGMENTATIONS)}, separated by commas"
    kind = next(words for kind, words, _ in _KINDS if kind == info.annotation)
    bounds = " and ".join(_bound(item) for item in info.metadata if not _is_validator(item))
    return f"{kind} {bounds}".strip()


def parse(info: FieldInfo, value: object, *, text: bool) -> object:
    """The setting's value, read from text or taken from a TOML file.

    Raises:
        pydantic.ValidationError: the value is of another kind or out of bounds.
    """
    kind: Any = Annotated[(info.annotation, *info.metadata, None)]
    adapter: TypeAdapter[object] = TypeAdapter(kind, config=ConfigDict(allow_inf_nan=False))
    if not text:
        # as JSON the value stays strict (true is no number), yet a string can be a path
        return adapter.validate_json(json.dumps(value, default=str), strict=True)
    if takes_names(info) and isinstance(value, str):
        value = tuple(name.strip() for name in value.split(",") if name.strip())
    elif isinstance(value, str) and "," in value and info.annotation == int | tuple[int, ...]:
        value = tuple(value.split(","))
    return adapter.validate_python(value)


def refusal(info: FieldInfo, value: object, *, source: str, text: bool) -> str:
    """The sentence about a value that `parse` refused."""
    bare = text and isinstance(value, str) and _is_number(value)
    return f"{source} must be {expected(info)}, but it is {value if bare else shown(value)}."


def shown(value: object) -> str:
    """A value as Python writes it, cut to fit into a sentence."""
    text = repr(value)
    return text if len(text) <= LONGEST else text[:LONGEST] + "..."


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return len(text) <= LONGEST


def _is_validator(item: object) -> bool:
    return isinstance(item, AfterValidator)


def _bound(item: object) -> str:
    match item:
        case Gt(gt):
            return f"above {gt}"
        case Ge(ge):
            return f"of at least {ge}"
        case Lt(lt):
            return f"below {lt}"
        case Le(le):
            return f"at most {le}"
    raise TypeError(f"a setting has a bound of an unknown kind, {item!r}.")
