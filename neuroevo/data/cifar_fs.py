"""CIFAR-FS: the classes of CIFAR-100, split anew, from any of the forms in which CIFAR-100 is kept.

Sources: Krizhevsky, "Learning multiple layers of features from tiny images", 2009 (the images); Bertinetto,
Henriques, Torr and Vedaldi, "Meta-learning with differentiable closed-form solvers", ICLR 2019 (the split). The
training and the test images of CIFAR-100 are merged, which gives 600 of each class.

The images say whether it is CIFAR-100: a digest of all images with the names of their classes, whatever their order
and the files that hold them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neuroevo.data.by_class import check_images_per_class, dataset_by_class
from neuroevo.data.cifar100_parquet import parquet_files, read_parquet
from neuroevo.data.cifar100_pickles import FOLDER, PUBLISHED, are_published, read_pickles
from neuroevo.data.downloads import download_cifar100
from neuroevo.data.image_folder import image_files
from neuroevo.data.images import Dataset
from neuroevo.data.picture_sets import Files, dataset_of_pictures
from neuroevo.data.pictures import Progress
from neuroevo.data.readable import is_listed
from neuroevo.splits import ROLES, load_split

NAME = "cifar-fs"
CONTENT = "c6962c30bb785dfb5b54f53aebb91f1e"
"""`content_digest` of the 60,000 images, whose training images have CIFAR-100's published mean and deviation."""

COUNT = 60_000
SOURCE = (
    "CIFAR-100 for Python from https://www.cs.toronto.edu/~kriz/cifar.html, unpacked, which --download and "
    "torchvision.datasets.CIFAR100(root, download=True) do; or a folder of images for each class, or Parquet files, as "
    "hubs of data sets export it"
)
"""How to get the files."""


def cifar_fs(
    data_root: Path,
    *,
    images_per_class: int | None = None,
    download: bool = False,
    progress: Progress | None = None,
) -> Dataset:
    """Read CIFAR-FS: 64 classes of ancestry, 16 held out, 20 novel, with 600 images each.

    Args:
        data_root: Folder with `cifar-100-python/{train,test,meta}` or the three files themselves; or with a folder of
            images for each of the 100 classes, or such folders in `train` and `test`; or with `train*.parquet` and
            `test*.parquet`, also in `data` or `cifar100`. The first of these that is there is read.
        images_per_class: Keep only the first images of each class, those for training first; None keeps all.
        download: Whether CIFAR-100 is downloaded into `data_root` if no file of it is there.
        progress: Hears how many images have been read, now and then.

    Returns:
        The data set, colour 32x32, on the CPU.

    Raises:
        ConnectionError: It can't be downloaded.
        FileNotFoundError: A file is missing.
        ImportError: Parquet files can't be read without pyarrow.
        ValueError: A file is damaged, the images are not those of CIFAR-100, or a class has too few.
    """
    check_images_per_class(images_per_class)
    dataset = _read(Path(data_root), download, progress)
    _verdict(dataset, Path(data_root))
    return dataset if images_per_class is None else _first(dataset, images_per_class)


def checked_digests(data_root: Path) -> Iterator[str]:
    """Yield a sentence that says whether the files and the images are the published ones; of fewer there is no digest.

    Raises:
        FileNotFoundError: A file is missing.
        ImportError: Parquet files can't be read without pyarrow.
        ValueError: A file is damaged, or the images are not those of CIFAR-100.
    """
    yield _verdict(_read(Path(data_root), False, None), Path(data_root))


def content_digest(examples: Iterable[tuple[str, NDArray[np.uint8]]]) -> str:
    """Return a digest of images uint8 [C, H, W] with the names of their classes, whatever their order.

    It is the sum of the digests of all examples, as a number of 128 bits.
    """
    total = 0
    for name, image in examples:
        digest = hashlib.blake2b(name.encode() + b"\0" + image.tobytes(), digest_size=16)
        total += int.from_bytes(digest.digest(), "big")
    return f"{total % (1 << 128):032x}"


def find_pickles(data_root: Path) -> Path | None:
    """Return the folder of the three pickles; None if none of them is there.

    Raises:
        FileNotFoundError: One is there and another is missing.
    """
    folders = (data_root / FOLDER, data_root)
    present = {folder: [name for name in PUBLISHED if is_listed(folder / name)] for folder in folders}
    folder = max(folders, key=lambda folder: len(present[folder]))
    # Folders `train` and `test` alone are those of images.
    if all((folder / name).is_dir() for name in present[folder]):
        return None
    _refuse_missing([name for name in PUBLISHED if name not in present[folder]], folder)
    return folder


def _read(data_root: Path, download: bool, progress: Progress | None) -> Dataset:
    """Read all images from whatever holds them."""
    if (pickles := find_pickles(data_root)) is not None:
        return _by_name(*read_pickles(pickles))
    if paths := parquet_files(data_root):
        return _by_name(*read_parquet(paths, progress))
    if files := _folders(data_root):
        roles = {role: {name: files[name] for name in load_split(NAME).role(role)} for role in ROLES}
        return dataset_of_pictures(NAME, roles, channels=3, size=None, progress=progress)
    if not download:
        _refuse_missing([*PUBLISHED], data_root)
    download_cifar100(data_root)
    return _read(data_root, False, progress)


def _refuse_missing(missing: list[str], folder: Path) -> None:
    if missing:
        raise FileNotFoundError(
            f"data_root must hold {FOLDER}/ with the files {', '.join(PUBLISHED)}, but {folder} lacks "
            f"{', '.join(missing)}; get {SOURCE}."
        )


def _folders(data_root: Path) -> Files:
    """The files of each class: of its folder, or of those in `train` and `test`; empty if there is no such folder."""
    names = [name for role in ROLES for name in load_split(NAME).role(role)]
    for roots in ((data_root,), (data_root / "train", data_root / "test")):
        if all((root / name).is_dir() for root in roots for name in names):
            return {name: [*chain.from_iterable(image_files(root / name) for root in roots)] for name in names}
    return {}


def _by_name(images: NDArray[np.uint8], labels: NDArray[np.int64], names: list[str]) -> Dataset:
    merged, merged_labels = torch.from_numpy(images), torch.from_numpy(labels)

    def images_of(name: str) -> Tensor:
        return merged[merged_labels == names.index(name)]

    split = load_split(NAME)
    return dataset_by_class(NAME, {role: split.role(role) for role in ROLES}, images_of)


def _first(dataset: Dataset, images_per_class: int) -> Dataset:
    """Keep the first images of each class."""
    roles = {role: dataset.role(role).classes for role in ROLES}
    images = {
        name: part.images[part.labels == label]
        for part in map(dataset.role, ROLES)
        for label, name in enumerate(part.classes)
    }
    return dataset_by_class(NAME, roles, images.__getitem__, images_per_class=images_per_class)


def _verdict(dataset: Dataset, data_root: Path) -> str:
    """Say whether it is CIFAR-100; as many images that are others are refused."""
    count = sum(len(dataset.role(role).images) for role in ROLES)
    if count < COUNT:
        return f"{data_root} has {count} images and CIFAR-100 {COUNT}, so that no digest is known."
    pickles = find_pickles(data_root)
    if pickles is not None and are_published(pickles):
        return f"{', '.join(PUBLISHED)} in {pickles} have the MD5s of the published files."
    if (found := content_digest(_examples(dataset))) != CONTENT:
        raise ValueError(
            f"{data_root} must hold the images of CIFAR-100, with the digest {CONTENT}, but the digest of its {count} "
            f"images and their classes is {found}; get {SOURCE}."
        )
    return f"{data_root} has the images of CIFAR-100, in other files than those published."


def _examples(dataset: Dataset) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    for part in map(dataset.role, ROLES):
        for image, label in zip(part.images.numpy(), part.labels.tolist(), strict=True):
            yield part.classes[label], image


DATASETS = {"cifar-fs": cifar_fs}
NEEDS = {"cifar-fs": "its files (--data-root)"}
