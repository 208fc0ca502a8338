"""Tiny-ImageNet: 200 classes of ILSVRC2012 at 64x64, of which 100 are split as miniImageNet's are.

Source: Stanford's course CS231n, "Tiny ImageNet Visual Recognition Challenge", 2015. The training and the validation
images are merged, which gives 550 of each class; those of the test part have no labels. The split is ours: a class
that miniImageNet (Ravi and Larochelle 2017) has, keeps its role, and the others are dealt out in the order of the
SHA-256 of their WordNet ids, so that a network of one data set never saw novel classes of the other.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from neuroevo.data.by_class import check_images_per_class
from neuroevo.data.image_folder import image_files
from neuroevo.data.images import Dataset
from neuroevo.data.picture_sets import Files, dataset_of_pictures
from neuroevo.data.pictures import Progress
from neuroevo.data.readable import check_file, is_listed, reading
from neuroevo.spelling import listed
from neuroevo.splits import ROLES, load_split

NAME = "tiny-imagenet"
FOLDER = "tiny-imagenet-200"
ANNOTATIONS = "val_annotations.txt"
SOURCE = "http://cs231n.stanford.edu/tiny-imagenet-200.zip, unpacked; neuroevo does not download it"
"""How to get the files."""


def tiny_imagenet(
    data_root: Path, *, size: int | None = None, images_per_class: int | None = None, progress: Progress | None = None
) -> Dataset:
    """Read Tiny-ImageNet: 64 classes of ancestry, 16 held out, 20 novel, with 550 images each.

    Args:
        data_root: Folder with `tiny-imagenet-200/{train,val}`, or that folder itself. The images of `val` are assigned
            by `val_annotations.txt`, or are in a folder for each class.
        size: Height and width to which images are resized, in pixels; None leaves them at 64x64.
        images_per_class: Keep only the first images of each class, those of `train` first; None keeps all.
        progress: Hears how many images have been read, now and then.

    Returns:
        The data set, colour, on the CPU.

    Raises:
        FileNotFoundError: A folder or a file is missing.
        ValueError: A file is damaged, or a class has too few images.
    """
    check_images_per_class(images_per_class)
    if size is not None and size < 1:
        raise ValueError(f"size must be at least 1, but it is {size}.")
    folder = find_folder(Path(data_root))
    validation = _validation(folder / "val")
    files = {
        role: {name: [*_images(folder / "train" / name), *validation[name]] for name in load_split(NAME).role(role)}
        for role in ROLES
    }
    return dataset_of_pictures(NAME, files, channels=3, size=size, images_per_class=images_per_class, progress=progress)


def find_folder(data_root: Path) -> Path:
    """Return the folder with `train` and `val`.

    Raises:
        FileNotFoundError: One of them, or the folder of a class of the split, is missing.
    """
    folder = data_root / FOLDER if is_listed(data_root / FOLDER) else data_root
    if missing := [name for name in ("train", "val") if not (folder / name).is_dir()]:
        raise FileNotFoundError(
            f"data_root must hold {FOLDER}/ with train and val, but {folder} lacks {listed(missing)}; get {SOURCE}."
        )
    names = [name for role in ROLES for name in load_split(NAME).role(role)]
    if absent := [name for name in names if not (folder / "train" / name).is_dir()]:
        raise FileNotFoundError(
            f"{folder / 'train'} must have a folder for each class of the split, but it lacks {listed(absent)}; get "
            f"{SOURCE}."
        )
    return folder


def checked_digests(data_root: Path) -> Iterator[str]:
    """Yield a sentence that names the folder that is read; there are no published digests.

    Raises:
        FileNotFoundError: A folder is missing.
    """
    yield f"{find_folder(Path(data_root))} has all classes of the split; no digests are published."


def _images(folder: Path) -> list[Path]:
    """The images of a class, in the order of their names, in `images` or in its folder itself."""
    inner = folder / "images"
    return image_files(inner if inner.is_dir() else folder)


def _validation(folder: Path) -> Files:
    """The validation images of each class."""
    if not is_listed(folder / ANNOTATIONS):
        names = [name for role in ROLES for name in load_split(NAME).role(role)]
        if absent := [name for name in names if not (folder / name).is_dir()]:
            raise FileNotFoundError(
                f"{folder} must hold {ANNOTATIONS}, or a folder for each class, but it lacks {ANNOTATIONS} and "
                f"{listed(absent)}; get {SOURCE}."
            )
        return {name: _images(folder / name) for name in names}
    files: dict[str, list[Path]] = defaultdict(list)
    for image, name in _annotations(folder / ANNOTATIONS):
        files[name].append(folder / "images" / image)
    return files


def _annotations(path: Path) -> list[tuple[str, str]]:
    """The name of each validation image and its class, in the file's order."""
    check_file(path)
    try:
        with reading(path), path.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.reader(file, delimiter="\t") if row]
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is damaged: it is not a list with tabs ({error}); get it again.") from None
    for number, row in enumerate(rows, 1):
        if len(row) < 2 or Path(row[0]).name != row[0]:
            raise ValueError(
                f"line {number} of {path} must begin with a file such as val_0.JPEG and its class, but it is "
                f"{' '.join(row)[:60]!r}; get it again."
            )
    return [(row[0], row[1]) for row in rows]


DATASETS = {"tiny-imagenet": tiny_imagenet}
NEEDS = {"tiny-imagenet": "its files (--data-root)"}
