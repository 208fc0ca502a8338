"""miniImageNet with the split of Ravi and Larochelle, from the cache pickles or from images and their lists.

Source: Ravi and Larochelle, "Optimization as a model for few-shot learning", ICLR 2017: 100 classes of ILSVRC2012
with 600 images each, resized to 84x84. The lists of Vinyals et al. with the same name ("Matching networks for one shot
learning", 2016) have other classes and are refused.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from neuroevo.data.by_class import check_images_per_class, dataset_by_class
from neuroevo.data.images import Dataset
from neuroevo.data.picture_sets import dataset_of_pictures
from neuroevo.data.pictures import Progress
from neuroevo.data.plain_pickle import array_in, as_text, read_pickle, whole_numbers_in
from neuroevo.data.readable import check_file, is_listed, reading
from neuroevo.spelling import listed
from neuroevo.splits import ROLES, load_split

PARTS = {"train": "ancestry", "val": "held_out", "test": "novel"}
"""The role of each published part."""

SOURCE = (
    "mini-imagenet-cache-{train,val,test}.pkl (https://zenodo.org/records/7978538 has them), or a folder images/ with "
    "{train,val,test}.csv of Ravi and Larochelle (https://github.com/twitter/meta-learning-lstm has the lists, "
    "ILSVRC2012 the images, which image-net.org gives on request); neuroevo downloads none of them"
)
"""How to get the files."""

_SIZE = 84
_FILE = re.compile(r"n[0-9]{8}[0-9]{8}\.jpg")
_HEADER = ["filename", "label"]


def mini_imagenet(
    data_root: Path, *, size: int = _SIZE, images_per_class: int | None = None, progress: Progress | None = None
) -> Dataset:
    """Read miniImageNet: 64 classes of ancestry, 16 held out, 20 novel, with 600 images each.

    Args:
        data_root: Folder with `mini-imagenet-cache-{train,val,test}.pkl`, or with `images/` and `{train,val,test}.csv`.
            The pickles are taken if both are there.
        size: Height and width to which images are resized, in pixels; the pickles hold 84x84.
        images_per_class: Keep only the first images of each class, in the order of the files; None keeps all.
        progress: Hears how many images have been read, now and then.

    Returns:
        The data set, colour, on the CPU.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: A file is damaged, malicious or of another split, or a class has too few images.
    """
    check_images_per_class(images_per_class)
    if size < 1:
        raise ValueError(f"size must be at least 1, but it is {size}.")
    paths = find_parts(Path(data_root))
    roles = {role: load_split("mini-imagenet").role(role) for role in ROLES}
    if paths["novel"].suffix == ".csv":
        listed_files = {role: _listed_files(path, role) for role, path in paths.items()}
        files = {role: {name: listed_files[role][name] for name in roles[role]} for role in ROLES}
        return dataset_of_pictures(
            "mini-imagenet", files, channels=3, size=size, images_per_class=images_per_class, progress=progress
        )
    parts = {role: _Cache.read(path, role, size) for role, path in paths.items()}
    part_of = {name: parts[role] for role in ROLES for name in roles[role]}

    def images_of(name: str) -> Tensor:
        return part_of[name].images_of(name, images_per_class)

    return dataset_by_class("mini-imagenet", roles, images_of, images_per_class=images_per_class)


def find_parts(data_root: Path) -> dict[str, Path]:
    """Return the pickle or the list of each role.

    Raises:
        FileNotFoundError: A part is missing.
    """
    pickles = {role: _pickle(data_root, part) for part, role in PARTS.items()}
    lists = {role: data_root / f"{part}.csv" for part, role in PARTS.items()}
    for paths in (pickles, lists):
        if all(is_listed(path) for path in paths.values()):
            return paths
    fuller = max((pickles, lists), key=lambda paths: sum(is_listed(path) for path in paths.values()))
    missing = [path.name for path in fuller.values() if not is_listed(path)]
    raise FileNotFoundError(
        f"data_root must hold miniImageNet, but {data_root} lacks {', '.join(missing)}; get {SOURCE}."
    )


def checked_digests(data_root: Path) -> Iterator[str]:
    """Yield a sentence that names the files that are read; there are no published digests.

    Raises:
        FileNotFoundError: A part is missing.
    """
    names = ", ".join(path.name for path in find_parts(Path(data_root)).values())
    yield f"{data_root} has {names}, of which no digests are published."


def _pickle(data_root: Path, part: str) -> Path:
    """The path of a cache pickle; learn2learn has another name for that of `val`."""
    other = data_root / "mini-imagenet-cache-validation.pkl"
    return other if part == "val" and is_listed(other) else data_root / f"mini-imagenet-cache-{part}.pkl"


@dataclass(frozen=True)
class _Cache:
    """A pickle: images uint8 [N, 84, 84, 3] and the rows of each class."""

    images: NDArray[np.uint8]
    rows: Mapping[str, list[int]]
    size: int

    @classmethod
    def read(cls, path: Path, role: str, size: int) -> _Cache:
        content = read_pickle(path)
        try:
            images = array_in(content["image_data"])
            classes = {as_text(name): rows for name, rows in content["class_dict"].items()}
        except (LookupError, AttributeError, ValueError) as error:
            raise ValueError(
                f"{path} must hold images under image_data and the rows of each class under class_dict, but it does "
                "not; get it again."
            ) from error
        _check_images(images, path)
        _check_classes(list(classes), role, path)
        rows = _rows(classes, len(images), path)
        return cls(images, rows, size)

    def images_of(self, name: str, most: int | None) -> Tensor:
        images = torch.from_numpy(self.images[self.rows[name][:most]]).permute(0, 3, 1, 2)
        if self.size == _SIZE or not len(images):
            return images
        return F.interpolate(images, size=(self.size, self.size), mode="bilinear", antialias=True)


def _rows(classes: Mapping[str, object], count: int, path: Path) -> dict[str, list[int]]:
    """Return the rows of each class; no image is used twice, for a small file could announce any number of them."""
    rows: dict[str, list[int]] = {}
    left = count
    try:
        for name, part in classes.items():
            rows[name] = whole_numbers_in(part, most=left)
            left -= len(rows[name])
    except ValueError as error:
        raise ValueError(
            f"class_dict of {path} must name each of {count} images in one class once, but for {name} {error}; get it "
            "again."
        ) from None
    every = Counter(row for part in rows.values() for row in part)
    if outside := [row for row in every if not 0 <= row < count]:
        raise ValueError(
            f"the rows under class_dict of {path} must lie in 0..{count - 1}, but it has {listed(outside)}; get it "
            "again."
        )
    if twice := [row for row, times in every.items() if times > 1]:
        raise ValueError(
            f"class_dict of {path} must name each image in one class once, but it names {listed(twice)} more than "
            "once; get it again."
        )
    return rows


def _check_images(images: NDArray[np.generic], path: Path) -> None:
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1:] != (_SIZE, _SIZE, 3):
        raise ValueError(
            f"{path} must hold images uint8 [N, {_SIZE}, {_SIZE}, 3], but it holds {images.dtype} "
            f"{list(images.shape)}; get it again."
        )


def _listed_files(path: Path, role: str) -> dict[str, list[Path]]:
    """The files of each class in a list of Ravi and Larochelle, all of which are there."""
    rows = read_list(path)
    _check_classes(sorted({label for _, label in rows}), role, path)
    folder = path.parent / "images"
    if missing := [name for name, _ in rows if not is_listed(folder / name)]:
        raise FileNotFoundError(f"{folder} must hold the images that {path} lists, but it lacks {listed(missing)}.")
    files: dict[str, list[Path]] = {}
    for name, label in rows:
        files.setdefault(label, []).append(folder / name)
    return files


def read_list(path: Path) -> list[tuple[str, str]]:
    """Return the file names and their classes in a list.

    Raises:
        ValueError: It is not a list of Ravi and Larochelle.
    """
    check_file(path)
    try:
        with reading(path), path.open(newline="", encoding="utf-8") as file:
            header, *rows = [row for row in csv.reader(file) if row] or [[]]
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is damaged: it is not a list with commas ({error}); get it again.") from None
    if header == ["filename", "class"]:
        raise ValueError(
            f"{path} must be a list of Ravi and Larochelle, but its header filename,class is that of Vinyals et al., "
            "which split other classes; get that of https://github.com/twitter/meta-learning-lstm."
        )
    if header != _HEADER:
        raise ValueError(f"{path} must begin with {','.join(_HEADER)}, but it begins with {','.join(header)[:60]!r}.")
    for number, row in enumerate(rows, 2):
        if len(row) != 2 or not _FILE.fullmatch(row[0]) or not row[0].startswith(row[1]):
            raise ValueError(
                f"line {number} of {path} must be a file such as n0153282900000005.jpg and its class n01532829, but it "
                f"is {','.join(row)[:60]!r}; get the list of Ravi and Larochelle."
            )
    return [(name, label) for name, label in rows]


def _check_classes(classes: list[str], role: str, path: Path) -> None:
    """Check that a part has exactly the classes of its role."""
    split = load_split("mini-imagenet")
    role_of = {name: other for other in ROLES for name in split.role(other)}
    if strange := sorted({name for name in classes if role_of.get(name) != role}):
        where = role_of.get(strange[0])
        reason = f"belongs to {where}" if where else "is not among the 100 of Ravi and Larochelle"
        raise ValueError(
            f"{path} must hold the classes of {role} of Ravi and Larochelle, but {strange[0][:60]!r} {reason}; get the "
            "files of that split."
        )
    if missing := [name for name in split.role(role) if name not in classes]:
        raise ValueError(
            f"{path} must hold the {len(split.role(role))} classes of {role}, but it lacks {listed(missing)}."
        )


DATASETS = {"mini-imagenet": mini_imagenet}
NEEDS = {"mini-imagenet": "its files (--data-root)"}
