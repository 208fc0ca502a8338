"""CIFAR-FS: the classes of CIFAR-100, split anew, from torchvision's files.

Sources: Krizhevsky, "Learning multiple layers of features from tiny images", 2009 (the images); Bertinetto,
Henriques, Torr and Vedaldi, "Meta-learning with differentiable closed-form solvers", ICLR 2019 (the split). The
training and the test images of CIFAR-100 are merged, which gives 600 of each class.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuroevo.data.by_class import check_images_per_class, dataset_by_class
from neuroevo.data.downloads import download_cifar100
from neuroevo.data.images import Dataset
from neuroevo.data.plain_pickle import array_in, as_text, read_pickle, whole_numbers_in
from neuroevo.data.readable import check_file, is_listed, reading
from neuroevo.spelling import listed
from neuroevo.splits import ROLES, load_split

FOLDER = "cifar-100-python"
PUBLISHED = {
    "train": "16019d7e3df5f24257cddd939b257f8d",
    "test": "f0ef6b0ae62326f3e7ffdfab6717acfc",
    "meta": "7973b15100ade9c7d40fb424638fde48",
}
"""The three files and the MD5 of the published ones, from torchvision."""

SOURCE = (
    "CIFAR-100 for Python from https://www.cs.toronto.edu/~kriz/cifar.html, unpacked, which --download and "
    "torchvision.datasets.CIFAR100(root, download=True) do"
)
"""How to get the files."""

_SIZE = 32
_BYTES = 3 * _SIZE * _SIZE
# The published files are longer than their images alone; self-made files have fewer images.
_PUBLISHED_BYTES = 50_000 * _BYTES


def cifar_fs(data_root: Path, *, images_per_class: int | None = None, download: bool = False) -> Dataset:
    """Read CIFAR-FS: 64 classes of ancestry, 16 held out, 20 novel, with 600 images each.

    Args:
        data_root: Folder with `cifar-100-python/{train,test,meta}`, or with the three files themselves.
        images_per_class: Keep only the first images of each class, those of the training file first; None keeps all.
        download: Whether CIFAR-100 is downloaded into `data_root` if no file of it is there.

    Returns:
        The data set, colour 32x32, on the CPU.

    Raises:
        ConnectionError: It can't be downloaded.
        FileNotFoundError: A file is missing.
        ValueError: A file is damaged or not the published one, or a class has too few images.
    """
    check_images_per_class(images_per_class)
    folder = find_folder(Path(data_root), download=download)
    for _ in checked_digests(folder):
        pass
    names = _names(folder / "meta")
    images, labels = zip(*(_batch(folder / part, names) for part in ("train", "test")), strict=True)
    merged, merged_labels = torch.from_numpy(np.concatenate(images)), torch.from_numpy(np.concatenate(labels))

    def images_of(name: str) -> Tensor:
        return merged[merged_labels == names.index(name)]

    split = load_split("cifar-fs")
    roles = {role: split.role(role) for role in ROLES}
    return dataset_by_class("cifar-fs", roles, images_of, images_per_class=images_per_class)


def find_folder(data_root: Path, *, download: bool = False) -> Path:
    """Return the folder of the three files.

    Raises:
        ConnectionError: The files can't be downloaded.
        FileNotFoundError: A file is missing.
    """
    folders = (data_root / FOLDER, data_root)
    present = {folder: [name for name in PUBLISHED if is_listed(folder / name)] for folder in folders}
    if download and not any(present.values()):
        download_cifar100(data_root)
        return find_folder(data_root)
    folder = max(folders, key=lambda folder: len(present[folder]))
    if missing := [name for name in PUBLISHED if name not in present[folder]]:
        raise FileNotFoundError(
            f"data_root must hold {FOLDER}/ with the files {', '.join(PUBLISHED)}, but {folder} lacks "
            f"{', '.join(missing)}; get {SOURCE}."
        )
    return folder


def checked_digests(data_root: Path) -> Iterator[str]:
    """Yield a sentence for each file that has the published digest; a smaller, self-made collection has none.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: The files are as long as the published ones, but one of them is not the same.
    """
    folder = find_folder(Path(data_root))
    for name in PUBLISHED:
        check_file(folder / name)
    if (folder / "train").stat().st_size < _PUBLISHED_BYTES:
        yield f"{folder} is shorter than the published data set, so that no digest is known."
        return
    for name, published in PUBLISHED.items():
        with reading(folder / name), (folder / name).open("rb") as file:
            found = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
        if found != published:
            raise ValueError(
                f"{folder / name} must have the MD5 {published} of the published file, but it has {found}; "
                "get it again."
            )
        yield f"{folder / name} has the MD5 of the published file."


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


DATASETS = {"cifar-fs": cifar_fs}
NEEDS = {"cifar-fs": "its files (--data-root)"}
