"""Writes small data sets in the exact formats on disk; the fixture `formats` of `tests/conftest.py` is this module.

Each class has a colour of its own under noise, so that classes can be separated and no image occurs twice.
"""

import csv
import io
import json
import pickle
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from neuroevo.splits import ROLES, load_split

Images = NDArray[np.uint8]

CIFAR100 = "cifar-100-python"
PARTS = {"train": "ancestry", "val": "held_out", "test": "novel"}


class Python2Pickler(pickle._Pickler):  # type: ignore[name-defined,misc,unused-ignore]
    """Pickles as Python 2 did with protocol 2: text and bytes are one kind, and numpy's modules have old names."""

    dispatch: ClassVar[dict[type, Callable[..., None]]] = dict(pickle._Pickler.dispatch)  # type: ignore[attr-defined,unused-ignore]

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, protocol=2)

    def save_string(self, value: str | bytes) -> None:
        """Write text or bytes as a `str` of Python 2."""
        data = value.encode("ascii") if isinstance(value, str) else value
        short = len(data) < 256
        self.write(b"U" + bytes([len(data)]) if short else b"T" + len(data).to_bytes(4, "little"))
        self.write(data)
        self.memoize(value)

    def save_global(self, value: Any, name: str | None = None) -> None:
        """Write a function or a class under the name that numpy had for it."""
        module = value.__module__.replace("numpy._core", "numpy.core")
        self.write(f"c{module}\n{name or value.__qualname__}\n".encode())
        self.memoize(value)

    dispatch[str] = dispatch[bytes] = save_string
    dispatch[type] = dispatch[type(lambda: 0)] = save_global


def python2_pickle(value: object) -> bytes:
    """Return an object as Python 2 and its numpy pickled it."""
    file = io.BytesIO()
    Python2Pickler(file).dump(value)
    return file.getvalue()


def made_images(number: int, count: int, *, size: int, channels: int = 3) -> Images:
    """Return images [count, size, size, channels] of class `number`, of one colour under noise."""
    generator = np.random.default_rng(number)
    colour = generator.integers(0, 192, (1, 1, 1, channels))
    return (colour + generator.integers(0, 64, (count, size, size, channels))).astype(np.uint8)


def cifar100_names() -> list[str]:
    """Return the fine labels of CIFAR-100; a label is the rank of its name."""
    split = load_split("cifar-fs")
    return sorted(name for role in ROLES for name in split.role(role))


def write_cifar100(folder: Path, *, per_class: int = 3, names: Sequence[str] | None = None) -> Path:
    """Write `cifar-100-python/{train,test,meta}` and return `folder`; about a sixth of the images are for testing."""
    names = cifar100_names() if names is None else names
    inner = folder / CIFAR100
    inner.mkdir(parents=True)
    testing = max(1, per_class // 6)
    made = [made_images(number, per_class, size=32) for number in range(len(names))]
    for part, kept in (("train", slice(testing, None)), ("test", slice(0, testing))):
        (inner / part).write_bytes(python2_pickle(_cifar_batch(part, [images[kept] for images in made])))
    coarse = [f"superclass_{number}" for number in range(20)]
    meta = {"fine_label_names": list(names), "coarse_label_names": coarse}
    (inner / "meta").write_bytes(python2_pickle(meta))
    return folder


def write_cifar100_folders(folder: Path, *, per_class: int = 3, parts: Sequence[str] = ()) -> Path:
    """Write a folder of PNG for each class, below each of the parts if there are any, and return `folder`."""
    for number, name in enumerate(cifar100_names()):
        made = np.array_split(made_images(number, per_class, size=32), max(1, len(parts)))
        for part, images in zip(parts or (".",), made, strict=True):
            _write_pngs(folder / part / name, images)
    return folder


def write_cifar100_parquet(folder: Path, *, per_class: int = 3) -> Path:
    """Write `{train,test}-00000-of-00001.parquet` as hubs do, the last image of each class for testing."""
    from pyarrow import Table, parquet

    names = cifar100_names()
    feature = {"info": {"features": {"fine_label": {"names": names, "_type": "ClassLabel"}}}}
    folder.mkdir(parents=True, exist_ok=True)
    for part, kept in (("train", slice(None, -1)), ("test", slice(-1, None))):
        made = [(k, image) for k in range(len(names)) for image in made_images(k, per_class, size=32)[kept]]
        columns = {"img": [{"bytes": as_png(image), "path": None} for _, image in made]}
        table = Table.from_pydict({**columns, "fine_label": [label for label, _ in made]})
        table = table.replace_schema_metadata({"huggingface": json.dumps(feature)})
        parquet.write_table(table, folder / f"{part}-00000-of-00001.parquet")
    return folder


def as_png(pixels: Images) -> bytes:
    """Return a PNG of an image [H, W, C]."""
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, format="PNG")
    return content.getvalue()


def _write_pngs(folder: Path, images: Images) -> None:
    folder.mkdir(parents=True)
    for number, pixels in enumerate(images):
        Image.fromarray(pixels.squeeze()).save(folder / f"{number}.png")


def write_tiny_imagenet(folder: Path, *, per_class: int = 3, sorted_validation: bool = False) -> Path:
    """Write `tiny-imagenet-200/{train,val}` with one image of each class for validation, and return `folder`."""
    split = load_split("tiny-imagenet")
    root = folder / "tiny-imagenet-200"
    rows = []
    (root / "val" / "images").mkdir(parents=True)
    for number, name in enumerate(name for role in ROLES for name in split.role(role)):
        images = made_images(int(name[1:]), per_class, size=64)
        _write_pngs(root / "train" / name / "images", images[1:])
        if sorted_validation:
            _write_pngs(root / "val" / name, images[:1])
        else:
            Image.fromarray(images[0]).save(root / "val" / "images" / f"val_{number}.png")
        rows.append(f"val_{number}.png\t{name}\t0\t0\t63\t63\n")
    if not sorted_validation:
        (root / "val" / "val_annotations.txt").write_text("".join(rows))
    return folder


def _cifar_batch(part: str, made: Sequence[Images]) -> dict[str, object]:
    labels = np.repeat(np.arange(len(made)), [len(images) for images in made])
    order = np.random.default_rng(0).permutation(len(labels))
    rows = np.concatenate(made).transpose(0, 3, 1, 2).reshape(len(labels), -1)[order]
    fine = labels[order].tolist()
    return {
        "filenames": [f"{part}_s_{row:06}.png" for row in range(len(fine))],
        "batch_label": f"{part}ing batch 1 of 1",
        "fine_labels": fine,
        "coarse_labels": [label % 20 for label in fine],
        "data": rows,
    }


def write_mini_imagenet_pickles(folder: Path, *, per_class: int = 3, python2: bool = False) -> Path:
    """Write `mini-imagenet-cache-{train,val,test}.pkl` and return `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    dump = python2_pickle if python2 else pickle.dumps
    for part, classes in _mini_classes().items():
        images = np.concatenate([made_images(int(name[1:]), per_class, size=84) for name in classes])
        rows = {name: [*range(per_class * k, per_class * (k + 1))] for k, name in enumerate(classes)}
        (folder / f"mini-imagenet-cache-{part}.pkl").write_bytes(dump({"image_data": images, "class_dict": rows}))
    return folder


def _mini_classes() -> dict[str, tuple[str, ...]]:
    split = load_split("mini-imagenet")
    return {part: split.role(role) for part, role in PARTS.items()}


def write_mini_imagenet_csv(folder: Path, *, per_class: int = 3, size: int = 84) -> Path:
    """Write `images/` and `{train,val,test}.csv` of Ravi and Larochelle and return `folder`."""
    (folder / "images").mkdir(parents=True)
    for part, classes in _mini_classes().items():
        rows = [("filename", "label")]
        for name in classes:
            for number, image in enumerate(made_images(int(name[1:]), per_class, size=size), 1):
                rows.append((f"{name}{number:08}.jpg", name))
                Image.fromarray(image).save(folder / "images" / rows[-1][0], quality=95)
        write_csv(folder / f"{part}.csv", rows)
    return folder


def write_csv(path: Path, rows: Sequence[Sequence[str]]) -> None:
    """Write rows with commas between and a line feed after them."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


FOLDER_CLASSES = {
    "ancestry": ("ant", "bee", "cat", "dog"),
    "held_out": ("elk", "fox", "gnu"),
    "novel": ("hen", "ibis", "jay"),
}


def write_image_folder(
    folder: Path,
    *,
    per_class: int = 3,
    size: int = 32,
    channels: int = 3,
    classes: Mapping[str, Sequence[str]] = FOLDER_CLASSES,
) -> Path:
    """Write a folder per class, with images in PNG, and `split.json`, and return `folder`."""
    for number, name in enumerate(name for names in classes.values() for name in names):
        _write_pngs(folder / name, made_images(number, per_class, size=size, channels=channels))
    (folder / "split.json").write_text(json.dumps({role: list(names) for role, names in classes.items()}))
    return folder
