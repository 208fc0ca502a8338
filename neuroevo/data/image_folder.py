"""Any collection of images with one folder per class, and a file that assigns roles to classes.

The folders follow `torchvision.datasets.ImageFolder`. `split.json` next to them holds an object with the names of the
classes by role, `ancestry`, `held_out` and `novel`, or by the usual names `train`, `val` and `test`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from neuroevo.data.by_class import check_images_per_class
from neuroevo.data.images import Dataset
from neuroevo.data.picture_sets import dataset_of_pictures
from neuroevo.data.pictures import Progress
from neuroevo.data.readable import check_file, is_listed, reading
from neuroevo.spelling import listed
from neuroevo.splits import ROLES, check_disjoint

SPLIT = "split.json"
PUBLISHED_ROLES = ("train", "val", "test")
"""The names of `ancestry`, `held_out` and `novel` in published splits."""

ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"})
"""Extensions of image files, the same as in torchvision."""

SOURCE = (
    f"a folder of images for each class, and {SPLIT} next to them: "
    '{"ancestry": [names of folders], "held_out": [...], "novel": [...]}'
)
"""The required files."""


def image_folder(
    data_root: Path,
    *,
    size: int | None = None,
    channels: int = 3,
    images_per_class: int | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Read images from one folder per class.

    Args:
        data_root: Folder with `split.json` and the folders of the classes; folders that it does not name are ignored.
        size: Height and width to which images are resized, in pixels; None leaves them, which must have one size.
        channels: 1 converts images to grey, 3 to colour.
        images_per_class: Keep only the first images of each class, in the order of their names; None keeps all.
        progress: Hears how many images have been read, now and then.

    Returns:
        The data set, on the CPU.

    Raises:
        OSError: `split.json`, a class or an image is missing or can't be read.
        ValueError: `split.json` is not such an object or gives a class two roles, a file is not an 8-bit image, images
            differ in size, or a class has too few images.
    """
    check_images_per_class(images_per_class)
    if (size is not None and size < 1) or channels not in (1, 3):
        raise ValueError(f"size must be at least 1 and channels 1 or 3, but they are {size} and {channels}.")
    data_root = Path(data_root)
    roles = read_roles(data_root)
    files = {role: {name: image_files(data_root / name) for name in roles[role]} for role in ROLES}
    return dataset_of_pictures(
        "image-folder", files, channels=channels, size=size, images_per_class=images_per_class, progress=progress
    )


def read_roles(data_root: Path) -> dict[str, tuple[str, ...]]:
    """Return the classes by role that `split.json` names.

    Raises:
        FileNotFoundError: It is missing, or a class that it names has no folder.
        ValueError: It is not an object of names by role, or gives a class two roles.
    """
    path = data_root / SPLIT
    if not is_listed(path):
        raise FileNotFoundError(f"data_root must hold {SOURCE}, but {data_root} lacks {SPLIT}.")
    roles = _parsed(path)
    check_disjoint(str(path), roles)
    names = [name for role in ROLES for name in roles[role]]
    if odd := [name for name in names if name != Path(name).name or name in ("", "..")]:
        raise ValueError(f"{path} must name folders next to it, but it names {listed([repr(name) for name in odd])}.")
    if missing := [name for name in names if not (data_root / name).is_dir()]:
        raise FileNotFoundError(f"{path} must name folders next to it, but there is none for {listed(missing)}.")
    return roles


def image_files(folder: Path) -> list[Path]:
    """Return the paths in a folder that end as image files do, by name; hidden ones are none.

    Raises:
        OSError: The folder can't be read.
        ValueError: There is none.
    """
    with reading(folder):
        found = sorted(path for path in folder.iterdir() if path.suffix.lower() in ENDINGS and not _is_hidden(path))
    if not found:
        raise ValueError(
            f"each class must have an image, but {folder} has none ending in {', '.join(sorted(ENDINGS))}."
        )
    return found


def _is_hidden(path: Path) -> bool:
    """Return whether a system or a program keeps something of its own here: `._a.png` and `__MACOSX` are macOS's."""
    return path.name.startswith((".", "__MACOSX"))


def checked_digests(data_root: Path) -> Iterator[str]:
    """Yield a sentence that names the folders without a role; there are no published digests.

    Raises:
        FileNotFoundError: `split.json` or a class is missing.
        ValueError: `split.json` is not a split.
    """
    roles = read_roles(Path(data_root))
    named = {name for names in roles.values() for name in names}
    folders = (path for path in Path(data_root).iterdir() if path.is_dir() and not _is_hidden(path))
    others = sorted(path.name for path in folders if path.name not in named)
    left = f"leaves out {listed(others)}" if others else "names all folders"
    yield f"{Path(data_root) / SPLIT} gives {len(named)} classes a role and {left}."


def _parsed(path: Path) -> dict[str, tuple[str, ...]]:
    check_file(path)
    try:
        with reading(path):
            content: object = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} must be JSON, but it is not ({' '.join(str(error).split())[:100]}).") from None
    for words in (ROLES, PUBLISHED_ROLES):
        if isinstance(content, Mapping) and set(content) == set(words) and all(map(_is_names, content.values())):
            return {role: tuple(content[word]) for role, word in zip(ROLES, words, strict=True)}
    found = listed(sorted(content)) if isinstance(content, Mapping) else type(content).__name__
    raise ValueError(
        f"{path} must be an object with a list of class names for each of {', '.join(ROLES)} (or "
        f"{', '.join(PUBLISHED_ROLES)}) and nothing else, but it holds {found}."
    )


def _is_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


DATASETS = {"image-folder": image_folder}
NEEDS = {"image-folder": "its files (--data-root)"}
