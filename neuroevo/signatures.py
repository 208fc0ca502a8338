"""What a class or a function takes, and what an object was made with: settings are declared by signatures alone.

Command-line flags, settings files, resume, notes and help are all derived from here: a parameter has the name, the type
and the default of the signature and the sentence of the docstring's `Args`.
"""

from __future__ import annotations

import hashlib
import inspect
import math
import re
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, make_dataclass, replace
from enum import Enum
from functools import partial, wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, get_type_hints

P = ParamSpec("P")
Settings = TypeVar("Settings")
First = TypeVar("First")
Second = TypeVar("Second")

REQUIRED = inspect.Parameter.empty
"""The default of a parameter that has none."""

ABSENT = object()
"""Stands for what a description lacks."""

LONGEST = 80
"""Characters of a value that an error repeats."""

SECTION = re.compile(r"^(?:Args|Attributes):\s*$")
NAMED = re.compile(r"^(\*{0,2}\w+):\s*(.*)$")


@dataclass(frozen=True)
class Parameter:
    """One parameter of a signature.

    Attributes:
        name: Its name.
        annotation: Its type, resolved; `Any` where it has none.
        default: Its default, or `REQUIRED`.
        description: What the docstring says about it.
        passed_on: Whether the constructor names it only as a part of `**settings`, for the class that it derives from.
    """

    name: str
    annotation: Any
    default: Any
    description: str
    passed_on: bool = False


def parameters(thing: Callable[..., Any]) -> dict[str, Parameter]:
    """Return the named parameters of a class or function, in their order.

    Those of a class are its constructor's; where that takes a dataclass of settings (see `takes`), its fields; where it
    takes `**settings`, those of the class that it derives from, too.

    Raises:
        ValueError: The thing has no signature.
    """
    hints = _hints(thing)
    descriptions = described_arguments(thing)
    signature = signature_of(thing).parameters
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    own = {
        name: Parameter(name, hints.get(name, Any), one.default, descriptions.get(name, ""))
        for name, one in signature.items()
        if one.kind in named
    }
    open_ended = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in signature.values())
    above = _next_constructor(thing) if open_ended and isinstance(thing, type) else None
    if above is None:
        return own
    return own | {
        name: replace(one, description=descriptions.get(name, ""), passed_on=True)
        for name, one in parameters(above).items()
        if name not in own
    }


def signature_of(thing: Callable[..., Any]) -> inspect.Signature:
    """Return the signature of a function, or of a class's constructor.

    Up to Python 3.11.2 `inspect.signature` of a class is that of an inherited `__new__`, whatever its constructor is.
    """
    constructor = inspect.getattr_static(thing, "__init__")
    if not isinstance(thing, type) or constructor is object.__init__:
        return inspect.signature(thing)
    whole = inspect.signature(constructor)
    return whole.replace(parameters=list(whole.parameters.values())[1:], return_annotation=inspect.Signature.empty)


def described_arguments(thing: object) -> dict[str, str]:
    """Return the sentences about arguments in a docstring; a class inherits those that it does not describe itself."""
    if not isinstance(thing, type):
        inner = _innermost(thing)
        call = inner if inspect.isroutine(inner) else type(inner).__call__
        return _arguments_of(inspect.getdoc(call) or "")
    found: dict[str, str] = {}
    for kind in reversed(thing.__mro__):
        settings = getattr(vars(kind).get("__init__"), "settings_class", None)
        if settings is not None:
            found |= described_arguments(settings)
        found |= _arguments_of(inspect.cleandoc(kind.__doc__ or ""))
    return found


def summary(thing: object) -> str:
    """Return the first sentence of a docstring, on one line."""
    text = " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())
    return text.partition(". ")[0].rstrip(".")


def takes(
    settings: Callable[P, Settings],
) -> Callable[
    [Callable[[Any, First, Second, Settings], None]],
    Callable[Concatenate[Any, First, Second, P], None],
]:
    """Return a decorator of constructors that take two objects and, as keywords, the fields of a dataclass.

    The names, types and defaults of the settings are declared once, by the dataclass; type checkers, completion and
    `inspect.signature` see all of them.

    Args:
        settings: The dataclass; the constructor gets an instance of it as its last argument.
    """

    def decorate(
        function: Callable[[Any, First, Second, Settings], None],
    ) -> Callable[Concatenate[Any, First, Second, P], None]:
        *own, _ = inspect.signature(function).parameters.values()
        signature = inspect.Signature([*own, *inspect.signature(settings).parameters.values()])
        names = [one.name for one in own]

        @wraps(function)
        def constructor(*arguments: Any, **keywords: Any) -> None:
            bound = signature.bind(*arguments, **keywords).arguments
            own_values = [bound.pop(name) for name in names]
            make: Callable[..., Settings] = settings
            call: Callable[..., None] = function
            call(*own_values, make(**bound))

        constructor.__signature__ = signature  # type: ignore[attr-defined]
        constructor.settings_class = settings  # type: ignore[attr-defined]
        return constructor

    return decorate


def with_defaults(name: str, settings: type[Settings], *, module: str, **defaults: Any) -> type[Settings]:
    """Return a dataclass of settings with other defaults.

    Args:
        name: What it is called.
        settings: The dataclass, frozen and of keywords only.
        module: The module that holds it under that name, for pickles.
        **defaults: The other defaults by field.

    Raises:
        TypeError: The dataclass has no such field.
    """
    hints = get_type_hints(settings)
    if unknown := defaults.keys() - {one.name for one in fields(settings)}:  # type: ignore[arg-type]
        raise TypeError(
            f"defaults must be of fields of {settings.__name__}, but they have {', '.join(sorted(unknown))}."
        )
    return make_dataclass(
        name,
        [(key, hints[key], value) for key, value in defaults.items()],
        bases=(settings,),
        namespace={"__module__": module, "__doc__": settings.__doc__},
        frozen=True,
        kw_only=True,
    )


class Recorded:
    """Records what its constructor was called with.

    Attributes:
        arguments: The constructor's arguments by name, defaults included.
    """

    arguments: Mapping[str, Any] = types.MappingProxyType({})

    def __new__(cls, *arguments: Any, **keywords: Any) -> Self:
        """Bind the arguments before the constructor runs; what does not fit is left to the constructor to refuse."""
        made = super().__new__(cls)
        try:
            bound = signature_of(cls).bind(*arguments, **keywords)
        except TypeError:
            return made
        bound.apply_defaults()
        # Bound to the instance past a frozen dataclass's guard.
        object.__setattr__(made, "arguments", types.MappingProxyType(_flat(bound)))
        return made

    def __getstate__(self) -> dict[str, Any]:
        # Mapping proxies can't be pickled.
        return {**self.__dict__, "arguments": dict(self.arguments)}


def describe(thing: object) -> Any:
    """Return JSON values that distinguish a thing from others of its kind.

    Numbers, texts and containers are themselves; data is described by a digest; functions by their names and, outside
    the library, by their code without its docstring; objects by their own `describe` or `facts`, by what they were
    made with (`Recorded`, dataclasses), or else by their type alone.
    """
    if thing is None or isinstance(thing, bool | int | float | str):
        return thing
    for kinds, short in _SHORT:
        if isinstance(thing, kinds):
            return short(thing)
    if isinstance(thing, type):
        return _name_of(thing)
    if callable(own := getattr(thing, "describe", None) or getattr(thing, "facts", None)):
        return own()
    if isinstance(thing, Recorded):
        return {"kind": _name_of(type(thing)), **_described(thing.arguments)}
    if is_dataclass(thing):
        values = {one.name: getattr(thing, one.name) for one in fields(thing)}
        return {"kind": _name_of(type(thing)), **_described(values)}
    return _of_library(thing)


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return where two descriptions differ, each place with both values: `problem.size (5 then, 6 now)`."""
    return [
        f"{path} ({_shown(first)} then, {_shown(second)} now)" for path, first, second in _differing(before, now, "")
    ]


def _differing(before: Any, now: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield the innermost places at which two descriptions differ, with both values; things of two kinds are one."""
    both = isinstance(before, Mapping) and isinstance(now, Mapping)
    if both and all(before.get(name) == now.get(name) for name in ("kind", "call")):
        for key in sorted({*before, *now}):
            yield from _differing(before.get(key, ABSENT), now.get(key, ABSENT), f"{path}.{key}" if path else key)
    # As text, in which NaN equals itself.
    elif repr(before) != repr(now):
        yield path, before, now


def _shown(value: Any) -> str:
    if value is ABSENT:
        return "nothing"
    if isinstance(value, Mapping):
        value = value.get("kind", value.get("call", value))
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _flat(bound: inspect.BoundArguments) -> dict[str, Any]:
    """Return bound arguments by name, with those of `**keywords` among them."""
    found = dict(bound.arguments)
    for name, one in bound.signature.parameters.items():
        if one.kind is inspect.Parameter.VAR_KEYWORD:
            found |= found.pop(name)
    return found


def _described(values: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(key): describe(value) for key, value in values.items()}


def _of_function(function: types.FunctionType) -> Any:
    """Name a function of the library, which its version describes; others may be edited, so their code counts, too."""
    if "<" not in function.__qualname__ and function.__module__.startswith("neuroevo."):
        return _name_of(function)
    code = function.__code__
    constants = [value for value in code.co_consts if value != function.__doc__]
    content = repr((code.co_code, code.co_names, *map(_constant, constants), function.__defaults__))
    if function.__closure__:
        content += repr([describe(cell.cell_contents) for cell in function.__closure__])
    return f"{_name_of(function)} ({_digest(content.encode())[:8]})"


def _constant(value: object) -> object:
    """Return a constant of a function's code in a form that is the same in every process."""
    if isinstance(value, types.CodeType):
        return (value.co_code, value.co_names, *map(_constant, value.co_consts))
    return sorted(map(repr, value)) if isinstance(value, frozenset) else value


def _of_partial(call: partial[Any]) -> Any:
    described = describe(call.func)
    given = {**{str(place): one for place, one in enumerate(call.args)}, **call.keywords}
    return {"call": described, **_described(given)} if given else described


def _of_library(thing: object) -> Any:
    """Describe what torch and numpy make; anything else by its type."""
    module = type(thing).__module__.partition(".")[0]
    if hasattr(thing, "state_dict") and hasattr(thing, "forward"):
        return {"kind": repr(thing), "weights": describe(dict(thing.state_dict()))}
    if module in ("torch", "numpy") and hasattr(thing, "shape") and hasattr(thing, "dtype"):
        array: Any = thing
        if math.prod(array.shape) <= 1:
            return array.tolist()
        return {"shape": list(array.shape), "dtype": str(array.dtype), "sha256": _digest(_content(array))}
    return str(thing) if type(thing).__name__ in ("device", "dtype") else _name_of(type(thing))


def _content(array: Any) -> bytes:
    """Return the bytes of the numbers of an array or tensor, in their order."""
    if not hasattr(array, "detach"):
        return bytes(array.tobytes())
    import torch  # there is a tensor, so it was imported

    # By way of bytes, for numpy has not all types that torch has.
    return bytes(array.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())


_SHORT: Sequence[tuple[Any, Callable[[Any], Any]]] = (
    (Enum, lambda one: one.name),
    (Path, str),
    (Mapping, _described),
    (list | tuple, lambda one: [describe(item) for item in one]),
    (set | frozenset, lambda one: sorted(repr(describe(item)) for item in one)),
    (bytes, lambda one: _digest(one)),
    (partial, _of_partial),
    (types.FunctionType, _of_function),
    (types.MethodType | types.BuiltinFunctionType, lambda one: _name_of(one)),
)


def _name_of(thing: Any) -> str:
    return f"{thing.__module__}.{thing.__qualname__}"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _innermost(thing: Any) -> Any:
    while isinstance(thing, partial):
        thing = thing.func
    return thing


def _hints(thing: Any) -> dict[str, Any]:
    """Return the resolved types of a signature's parameters; none where a name can't be resolved."""
    thing = _innermost(thing)
    source = vars(_home(thing))["__init__"] if isinstance(thing, type) else thing
    settings = getattr(source, "settings_class", None)
    if not isinstance(source, types.FunctionType | types.MethodType) and not isinstance(thing, type):
        source = type(thing).__call__
    try:
        found = get_type_hints(inspect.unwrap(source))
        return found if settings is None else {**found, **get_type_hints(settings)}
    except (NameError, TypeError):
        return {}


def _home(kind: type) -> type:
    """Return the class that defines the constructor of a class."""
    return next(one for one in kind.__mro__ if "__init__" in vars(one))


def _next_constructor(kind: type) -> type | None:
    """Return the class whose constructor that of a class reaches by `super()`; None if it is that of all objects."""
    order = kind.__mro__
    above = order[order.index(_home(kind)) + 1 :]
    found = next((one for one in above if "__init__" in vars(one)), object)
    return None if found is object else found


def _arguments_of(text: str) -> dict[str, str]:
    """Return the entries of the sections `Args` and `Attributes` of a docstring in Google's style."""
    found: dict[str, str] = {}
    section, name, indent = False, "", 0
    for line in text.splitlines():
        if line and not line.startswith(" "):
            section, name = bool(SECTION.match(line)), ""
        elif section and line.strip():
            depth = len(line) - len(line.lstrip())
            match = NAMED.match(line.strip())
            if match and (not name or depth <= indent):
                name, indent = match[1].lstrip("*"), depth
                found[name] = match[2]
            elif name:
                found[name] += f" {line.strip()}"
    return found
