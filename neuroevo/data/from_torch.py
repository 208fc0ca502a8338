"""Data sets of PyTorch, for example those of torchvision, split by class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from neuroevo.data.by_class import check_images_per_class, dataset_by_class
from neuroevo.data.images import Dataset
from neuroevo.global_generators import fingerprints, moved
from neuroevo.splits import ROLES


def from_torch(
    dataset: Any, *, roles: Mapping[str, Sequence[str | int]], name: str | None, images_per_class: int | None
) -> Dataset:
    """Return the data set of the examples of a PyTorch data set; see `Dataset.from_torch`."""
    check_images_per_class(images_per_class)
    names = class_names(dataset)
    labels = {role: [_label(one, names) for one in _classes(roles, role)] for role in ROLES}
    if unknown := sorted(set(roles) - set(ROLES)):
        raise ValueError(f"roles must be {', '.join(ROLES)}, but {unknown[0]!r} is among them.")
    wanted = {label for found in labels.values() for label in found}
    examples = _examples(dataset, wanted, images_per_class)
    named = {_name(label, names): examples[label] for label in sorted(wanted)}

    def examples_of(one: str) -> Tensor:
        return named[one]

    by_role = {role: [_name(label, names) for label in found] for role, found in labels.items()}
    made = type(dataset).__name__ if name is None else name
    return dataset_by_class(made, by_role, examples_of, images_per_class=images_per_class)


def class_names(dataset: object) -> tuple[str, ...]:
    """Return the names of a data set's classes by label, of what a subset or a concatenation is made of, or none."""
    if (names := getattr(dataset, "classes", None)) is not None:
        return tuple(map(str, names))
    if (inner := getattr(dataset, "dataset", None)) is not None:
        return class_names(inner)
    every = {class_names(part) for part in getattr(dataset, "datasets", ())}
    if len(every) > 1:
        raise ValueError("the parts of a concatenated data set must have the same classes, but they differ.")
    return every.pop() if every else ()


def _classes(roles: Mapping[str, Sequence[str | int]], role: str) -> list[str | int]:
    found = roles.get(role)
    if found is None or isinstance(found, str) or not all(isinstance(one, str | int) for one in found):
        raise ValueError(f"roles must have a list of classes, by name or label, for {role}, but it has {found!r}.")
    return list(found)


def _label(one: str | int, names: Sequence[str]) -> int:
    """Return the label of a class that is given by its name or its label."""
    if isinstance(one, int):
        if one < 0 or (names and one >= len(names)):
            raise ValueError(f"roles must name labels in 0..{len(names) - 1}, but one is {one}.")
        return one
    if one in names:
        return names.index(one)
    if not names and one.isdecimal():
        return int(one)
    known = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "") if names else "labels"
    raise ValueError(f"roles must name classes of the data set ({known}), but one is {one!r}.")


def _name(label: int, names: Sequence[str]) -> str:
    return names[label] if names else str(label)


def _examples(dataset: object, wanted: set[int], most: int | None) -> dict[int, Tensor]:
    """Return the examples of each label that is wanted, in their order."""
    found: dict[int, list[Tensor]] = {label: [] for label in wanted}
    before = fingerprints()
    for index in range(_length(dataset)):
        value, label = _pair(cast(Any, dataset)[index], index)
        if label in found and (most is None or len(found[label]) < most):
            found[label].append(_example(value, index))
    if moved(before, fingerprints()):
        raise ValueError(
            "dataset must give the same examples whenever it is read, but reading it draws from a global generator; "
            "leave out random transforms, and give `augmentation` to what is returned."
        )
    _check_alike([example for examples in found.values() for example in examples])
    empty = torch.empty(0)
    return {label: torch.stack(examples) if examples else empty for label, examples in found.items()}


def _length(dataset: object) -> int:
    if not isinstance(dataset, Sized) or not hasattr(dataset, "__getitem__"):
        raise TypeError(
            "dataset must be a torch.utils.data.Dataset with a length and examples by index, but it is a "
            f"{type(dataset).__name__}; of a DataLoader give its `dataset`."
        )
    return len(dataset)


def _pair(item: object, index: int) -> tuple[object, int]:
    if not isinstance(item, tuple | list) or len(item) != 2:
        raise TypeError(f"dataset must yield pairs (example, label), but item {index} is a {type(item).__name__}.")
    value, label = item
    array = np.asarray(label) if isinstance(label, Tensor | np.ndarray | np.generic) else None
    number = array.item() if array is not None and array.size == 1 else label
    if type(number) is not int:
        raise TypeError(f"labels must be whole numbers, but that of item {index} is {label!r:.80}.")
    return value, number


def _example(value: object, index: int) -> Tensor:
    """Return an example: uint8 [C, H, W] or float32 [C, ...]."""
    if hasattr(value, "getbands"):  # a picture of Pillow, which need not be installed
        array = np.array(value)
        value = array[None] if array.ndim == 2 else array.transpose(2, 0, 1)
    try:
        tensor = torch.as_tensor(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(
            f"examples must be pictures, tensors, arrays or sequences of numbers, but that of item {index} is a "
            f"{type(value).__name__} ({error}); give the data set a transform."
        ) from None
    if tensor.is_complex() or tensor.ndim == 0:
        raise TypeError(
            f"examples must be real numbers of the shape [C, ...], but that of item {index} is {tensor.dtype} "
            f"{list(tensor.shape)}."
        )
    if tensor.dtype != torch.uint8 or tensor.ndim != 3:
        return tensor.detach().to("cpu", torch.float32)
    if tensor.shape[2] in (1, 3, 4) and tensor.shape[0] not in (1, 3, 4):
        raise ValueError(
            f"images must have the shape [C, H, W], but item {index} has {list(tensor.shape)}, which looks like "
            "[H, W, C]; give the data set a transform that permutes it."
        )
    return tensor.detach().cpu()


def _check_alike(examples: Sequence[Tensor]) -> None:
    kinds = {(tuple(one.shape), one.dtype) for one in examples}
    if len(kinds) > 1:
        shown = " and ".join(f"{list(shape)} {dtype}" for shape, dtype in sorted(kinds, key=str)[:2])
        raise ValueError(
            f"all examples must have one shape and dtype, but there are {shown}; give the data set a transform that "
            "resizes or converts them."
        )
