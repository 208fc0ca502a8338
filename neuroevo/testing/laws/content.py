"""Inspection of arguments and results: the tensors that they hold, their content and their memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass

import torch
from torch import Tensor, nn

from neuroevo.genes import GenomeView

Leaf = tuple[object, ...]

WHOLE = "the whole"
"""The path of something that is a tensor itself."""


def bits(tensor: Tensor) -> bytes:
    """Return the bytes of a tensor's elements, so that NaN equals itself and -0 does not equal 0; none on `meta`."""
    if tensor.is_meta:
        return b""
    # A tensor of one element is contiguous whatever its strides are, and keeps them.
    own = tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
    return own.flatten().view(torch.uint8).numpy().tobytes()


def same_bits(first: Tensor, second: Tensor) -> bool:
    """Return whether two tensors have the same shape, dtype and bytes."""
    return (first.shape, first.dtype) == (second.shape, second.dtype) and bits(first) == bits(second)


def leaves(thing: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Yield the content of mappings, sequences, individuals and dataclasses, each with its path."""
    if isinstance(thing, Mapping):
        for name, inner in thing.items():
            yield from leaves(inner, f"{path}[{name!r}]" if path else str(name))
    elif isinstance(thing, list | tuple):
        for index, inner in enumerate(thing):
            yield from leaves(inner, f"{path}[{index}]")
    elif (attributes := _attributes(thing)) is not None:
        for name, inner in attributes.items():
            yield from leaves(inner, f"{path}.{name}" if path else name)
    else:
        yield path, thing


def _attributes(thing: object) -> dict[str, object] | None:
    """Return what an individual or a dataclass consists of, by name."""
    if isinstance(thing, GenomeView):
        return vars(thing)
    if is_dataclass(thing) and not isinstance(thing, type):
        return {each.name: getattr(thing, each.name) for each in fields(thing)}
    return None


def content(thing: object) -> dict[str, Leaf]:
    """Return a snapshot: shape, dtype and bytes of every tensor inside, and the text of anything else."""
    return {
        path: (tuple(leaf.shape), leaf.dtype, bits(leaf)) if isinstance(leaf, Tensor) else (repr(leaf),)
        for path, leaf in leaves(thing)
    }


def difference(before: Mapping[str, Leaf], after: Mapping[str, Leaf]) -> str:
    """Return the path of the first difference of two snapshots, or "" if they are equal."""
    for path in [*before, *after]:
        if before.get(path) != after.get(path):
            return path or WHOLE
    return ""


def storages(thing: object) -> dict[int, str]:
    """Return the memory addresses of the tensors inside, with the path of one of them; without empty ones."""
    return {
        leaf.untyped_storage().data_ptr(): path or WHOLE
        for path, leaf in leaves(thing)
        if isinstance(leaf, Tensor) and leaf.numel() and not leaf.is_meta
    }


def module_content(owner: object) -> dict[str, Leaf]:
    """Return a snapshot of the PyTorch modules in an object's attributes: tensors, flags, mode, hooks and structure."""
    found: dict[str, Leaf] = {}
    for attribute, module in getattr(owner, "__dict__", {}).items():
        if not isinstance(module, nn.Module):
            continue
        for name, tensor in [*module.named_parameters(remove_duplicate=False), *module.named_buffers()]:
            found[f"{attribute}.{name}"] = (
                type(tensor),
                tensor.requires_grad,
                tensor.shape,
                tensor.dtype,
                bits(tensor),
            )
        for name, part in module.named_modules(remove_duplicate=False):
            hooks = tuple(len(hooks) for key, hooks in vars(part).items() if key.endswith("_hooks"))
            found[f"{attribute}.{name}".rstrip(".")] = (type(part), part.training, sorted(vars(part)), hooks)
    return found
