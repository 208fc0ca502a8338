"""What a module keeps beside its parameters: buffers and attributes, which its forward pass may change."""

from __future__ import annotations

import copy
import pickle
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

Module = TypeVar("Module", bound=nn.Module)
Kept = Sequence[Mapping[str, Any]]

OWN = frozenset(vars(nn.Module())) | {"_flat_weights", "_flat_weight_refs"}
"""Attributes in which PyTorch keeps parameters, hooks and the mode."""

DEEPEST = 4
"""Containers in containers that are looked into."""


def copied(module: Module) -> Module:
    """Return a copy of a module.

    Raises:
        ValueError: It can't be copied.
    """
    try:
        return copy.deepcopy(module)
    except Exception as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise ValueError(
            f"module must be one that copy.deepcopy copies, but a {type(module).__name__} says: {reason}; detach the "
            "tensors that it keeps, and open files when they are needed."
        ) from error


def first_weight(module: nn.Module) -> Tensor:
    """Return the first floating-point parameter, whose dtype and device are those of a module's inputs."""
    return next(one for one in module.parameters() if one.is_floating_point())


def kept(module: nn.Module) -> Kept:
    """Return copies of what a module and its parts keep beside parameters, for `restore`."""
    return [copy.deepcopy(dict(_attributes(part))) for part in module.modules()]


def restore(module: nn.Module, before: Kept) -> None:
    """Give a module back what it kept when `kept` was called."""
    for part, values in zip(module.modules(), before, strict=True):
        for name in [name for name, _ in _attributes(part) if name not in values]:
            delattr(part, name)
        for name, value in values.items():
            setattr(part, name, copy.deepcopy(value))


def marks(module: nn.Module) -> dict[str, Any]:
    """Return marks of what a module keeps, by its path in the module; they differ where it was changed."""
    return {
        f"{path}.{name}" if path else name: _mark(value)
        for path, part in module.named_modules()
        for name, value in (*_attributes(part), *part._parameters.items())
    }


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the paths at which two results of `marks` differ."""
    return sorted(path for path in {*before, *after} if before.get(path) != after.get(path))


def _attributes(part: nn.Module) -> Iterator[tuple[str, Any]]:
    yield from part._buffers.items()
    yield from ((name, value) for name, value in vars(part).items() if name not in OWN)


def _content(tensor: Tensor) -> bytes:
    numbers = tensor.detach().cpu().contiguous().flatten()
    return sha256(numbers.view(torch.uint8).numpy().tobytes()).digest()


def _mark(value: Any, depth: int = 0) -> Any:
    if isinstance(value, nn.Parameter):
        return id(value), value._version
    if isinstance(value, Tensor):
        # Batch norms change their buffers without counting it as a change.
        return id(value), value._version, _content(value)
    if isinstance(value, torch.Generator):
        return value.get_state().numpy().tobytes()
    if isinstance(value, list | tuple | deque) and depth < DEEPEST:
        return [_mark(one, depth + 1) for one in value]
    if isinstance(value, Mapping) and depth < DEEPEST:
        return [(repr(key), _mark(one, depth + 1)) for key, one in value.items()]
    if hasattr(value, "tobytes"):
        return value.tobytes()
    try:
        # Sets, numpy's generators and objects of users' classes.
        return pickle.dumps(value)
    except Exception:  # noqa: BLE001 - a user's object may raise anything
        return id(value)
