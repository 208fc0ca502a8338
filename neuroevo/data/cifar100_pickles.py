"""CIFAR-100 in the pickles that its owner publishes for Python, and torchvision unpacks."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neuroevo.data.plain_pickle import array_in, as_text, read_pickle, whole_numbers_in
from neuroevo.data.readable import check_file, reading
from neuroevo.spelling import listed
from neuroevo.splits import ROLES, load_split

FOLDER = "cifar-100-python"
PUBLISHED = {
    "train": "16019d7e3df5f24257cddd939b257f8d",
    "test": "f0ef6b0ae62326f3e7ffdfab6717acfc",
    "meta": "7973b15100ade9c7d40fb424638fde48",
}
"""The three files and the MD5 of the published ones, from torchvision."""

_SIZE = 32
_BYTES = 3 * _SIZE * _SIZE


def read_pickles(folder: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64], list[str]]:
    """Return images uint8 [N, 3, 32, 32], those of the training file first, labels int64 [N] and the labels' names.

    Raises:
        OSError: A file is missing or can't be read.
        ValueError: A file is damaged, or its content is of another kind.
    """
    for name in PUBLISHED:
        check_file(folder / name)
    names = _names(folder / "meta")
    images, labels = zip(*(_batch(folder / part, names) for part in ("train", "test")), strict=True)
    return np.concatenate(images), np.concatenate(labels), names


def are_published(folder: Path) -> bool:
    """Return whether the three files have the digests of the published ones."""
    return all(_md5(folder / name) == published for name, published in PUBLISHED.items())


def _md5(path: Path) -> str:
    with reading(path), path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _names(path: Path) -> list[str]:
    """The names of the fine labels, in their order."""
    meta = read_pickle(path)
    try:
        names = [as_text(name) for name in meta["fine_label_names"]]
    except (LookupError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path} must hold the names of the classes under fine_label_names, but it does not; get it again."
        ) from error
    split = load_split("cifar-fs")
    if missing := sorted({name for role in ROLES for name in split.role(role)} - set(names)):
        raise ValueError(
            f"{path} must name the 100 classes of CIFAR-100, but {listed(missing)} is not among its {len(names)}; "
            "get it again."
        )
    return names


def _batch(path: Path, names: list[str]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images uint8 [N, 3, 32, 32] and labels int64 [N] of one file."""
    batch = read_pickle(path)
    try:
        data, labels = array_in(batch["data"]), np.array(whole_numbers_in(batch["fine_labels"]), np.int64)
    except (LookupError, OverflowError, ValueError) as error:
        raise ValueError(
            f"{path} must hold images under data and labels under fine_labels, but it does not; get it again."
        ) from error
    if data.dtype != np.uint8 or data.shape != (len(labels), _BYTES):
        raise ValueError(
            f"{path} must hold an image of {_BYTES} bytes (uint8) for each of {len(labels)} labels, but it holds "
            f"{data.dtype} {list(data.shape)}; get it again."
        )
    if len(labels) and not 0 <= labels.min() <= labels.max() < len(names):
        raise ValueError(
            f"the labels of {path} must lie in 0..{len(names) - 1}, but they lie in {labels.min()}..{labels.max()}; "
            "get it again."
        )
    return data.reshape(-1, 3, _SIZE, _SIZE), labels
