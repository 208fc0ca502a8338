"""Fashion-MNIST from its four files on disk, read by torchvision's loader; nothing is downloaded unless requested.

Source: Xiao, Rasul and Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine
learning algorithms", 2017. The training and the test images are merged and split anew, by class
(see `neuroevo.splits`).
"""

from __future__ import annotations

import gzip
import hashlib
import math
import zlib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from neuroevo.data.by_class import check_images_per_class
from neuroevo.data.downloads import download_fashion_mnist
from neuroevo.data.images import Dataset, LabelledImages
from neuroevo.data.readable import check_file, is_listed, reading
from neuroevo.files import write_atomically
from neuroevo.free_memory import check_memory
from neuroevo.splits import ROLES, load_split

if TYPE_CHECKING:
    from torchvision.datasets import FashionMNIST

NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
"""The four files, each plain or gzipped (`.gz`)."""

PUBLISHED = {
    "train-images-idx3-ubyte": (47_040_016, "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
    "train-labels-idx1-ubyte": (60_008, "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
    "t10k-images-idx3-ubyte": (7_840_016, "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
    "t10k-labels-idx1-ubyte": (10_008, "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
}
"""Length in bytes and SHA-256 of each published file, unpacked; files of other lengths are self-made."""

SOURCE = (
    "the four files from Debian's package dataset-fashion-mnist, or by --download or "
    "torchvision.datasets.FashionMNIST(root, download=True)"
)
"""How to get the files."""

MOST_PACKED = 1032
"""Bytes to which one byte of a gzipped file can unpack."""

COPIES = 3
"""How often a file's content is in memory while it is read."""

CHUNK = 1 << 20

_RAW = Path("FashionMNIST", "raw")
_SIZE = 28
_DIMENSIONS = {"images": 3, "labels": 1}


def fashion_mnist(data_root: Path, *, images_per_class: int | None = None, download: bool = False) -> Dataset:
    """Read Fashion-MNIST and split its ten classes by role.

    Args:
        data_root: Folder with torchvision's `FashionMNIST/raw`, or with the four files themselves;
            each file may be plain or gzipped.
        images_per_class: Keep only the first images of each class, in the order of the files, the
            training file first; None keeps all 7,000.
        download: Whether the files are downloaded into `data_root` if none of them is there.

    Returns:
        The data set, grey 28x28, on the CPU.

    Raises:
        ConnectionError: They can't be downloaded.
        FileNotFoundError: A file is missing.
        ImportError: torchvision does not import.
        ValueError: A file is damaged, or a class has fewer than `images_per_class` images.
    """
    check_images_per_class(images_per_class)
    files = find_files(Path(data_root), download=download)
    contents = [_unpacked(name, path) for name, path in zip(NAMES, files, strict=True)]
    loader = _loader()
    images, labels = _merged(loader, files, contents)
    _check_labels(labels, images_per_class, loader.classes)
    split = load_split("fashion-mnist")
    roles = [_role_images(images, labels, split.role(role), loader.classes, images_per_class) for role in ROLES]
    return Dataset.of("fashion-mnist", *roles)


def find_files(data_root: Path, *, download: bool = False) -> list[Path]:
    """Return the paths of the four files under `data_root`, in the order of `NAMES`.

    Raises:
        ConnectionError: The files can't be downloaded.
        FileNotFoundError: A file is missing.
    """
    folders = [folder for folder in (data_root / _RAW, data_root) if folder.is_dir()]
    found = [[_find(folder, name) for name in NAMES] for folder in folders]
    for paths in found:
        if None not in paths:
            return [path for path in paths if path is not None]
    if download and not any(path for paths in found for path in paths):
        download_fashion_mnist(data_root)
        return find_files(data_root)
    missing = [name for name in NAMES if not folders or _find(folders[0], name) is None]
    raise FileNotFoundError(
        "data_root must hold the four files of Fashion-MNIST, plain or .gz, but "
        f"{folders[0] if folders else data_root} lacks {', '.join(missing)}; get {SOURCE}."
    )


def checked_digests(data_root: Path) -> Iterator[str]:
    """Yield a sentence for each file that says whether it is the published one.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: A file is damaged.
    """
    for name, path in zip(NAMES, find_files(Path(data_root)), strict=True):
        published = len(_unpacked(name, path)) == PUBLISHED[name][0]
        yield f"{path} {'has the SHA-256 of the published file' if published else 'has no published digest'}."


def _find(folder: Path, name: str) -> Path | None:
    candidates = (folder / name, folder / f"{name}.gz")
    return next((path for path in candidates if is_listed(path)), None)


def _loader() -> type[FashionMNIST]:
    try:
        from torchvision.datasets import FashionMNIST
    # A torchvision built for another torch can raise any of these.
    except (ImportError, RuntimeError, OSError, AttributeError) as error:
        raise ImportError(
            "fashion-mnist needs a torchvision that was built for the installed torch "
            f"{torch.__version__}, but importing it failed ({_first_line(error)}); "
            "install both from the same index."
        ) from error
    found: type[FashionMNIST] = FashionMNIST
    return found


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__).rstrip(".")


def _merged(loader: type[FashionMNIST], files: list[Path], contents: list[bytes]) -> tuple[Tensor, Tensor]:
    """Images uint8 [N, 1, H, W] and labels int64 [N] of the training and then the test files."""
    with TemporaryDirectory(prefix="neuroevo-") as folder:
        root = _laid_out(files, contents, Path(folder))
        parts = [loader(root, train=train, download=False) for train in (True, False)]
    for part, pair in zip(parts, (files[:2], files[2:]), strict=True):
        if len(part.data) != len(part.targets):
            raise ValueError(
                f"{pair[0]} and {pair[1]} must belong together, but they hold "
                f"{len(part.data)} images and {len(part.targets)} labels; get them again."
            )
    images = torch.cat([part.data for part in parts])
    return images.unsqueeze(1), torch.cat([part.targets for part in parts])


def _laid_out(files: list[Path], contents: list[bytes], scratch: Path) -> Path:
    """The root of torchvision's layout: where the files are, else `scratch`, filled with them."""
    root = files[0].parents[2] if len(files[0].parents) > 2 else scratch
    if files == [root / _RAW / name for name in NAMES]:
        return root
    (scratch / _RAW).mkdir(parents=True)
    for name, content in zip(NAMES, contents, strict=True):
        write_atomically(scratch / _RAW / name, content)
    return scratch


def _unpacked(name: str, path: Path) -> bytes:
    """Bytes of a file without compression, their header and length checked."""
    check_file(path)
    with reading(path):
        try:
            content = _decompressed(path, name) if path.suffix == ".gz" else path.read_bytes()
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise ValueError(f"{path} is damaged: it does not unpack ({_first_line(error)}); get it again.") from error
    length, digest = PUBLISHED[name]
    if len(content) == length and hashlib.sha256(content).hexdigest() != digest:
        raise ValueError(f"{path} is damaged: it is as long as the published file, but not the same; get it again.")
    _check_content(content, _DIMENSIONS[name.split("-")[1]], path)
    return content


def _decompressed(path: Path, name: str) -> bytes:
    """Return the content of a gzipped file, up to one byte more than its header announces and the published one has."""
    with gzip.open(path) as file:
        content = bytearray(file.read(_header(name)))
        most = max(len(content) + math.prod(_sizes(content)), PUBLISHED[name][0]) + 1
        check_memory(COPIES * min(most, MOST_PACKED * path.stat().st_size), str(path), "get the published file")
        while len(content) < most and (part := file.read(min(most - len(content), CHUNK))):
            content += part
    return bytes(content)


def _header(name: str) -> int:
    return 4 * (1 + _DIMENSIONS[name.split("-")[1]])


def _sizes(header: bytes | bytearray) -> list[int]:
    return [int.from_bytes(header[at : at + 4], "big") for at in range(4, len(header), 4)]


def _check_content(content: bytes, dimensions: int, path: Path) -> None:
    """Check the idx format: 0, 0, 8 (uint8), number of dimensions, big-endian sizes, data."""
    header = 4 * (1 + dimensions)
    if len(content) < header or content[:4] != bytes([0, 0, 8, dimensions]):
        raise ValueError(f"{path} is damaged: it does not start as a Fashion-MNIST file does; get it again.")
    sizes = _sizes(content[:header])
    if sizes[1:] not in ([], [_SIZE, _SIZE]):
        raise ValueError(
            f"{path} must hold images of {_SIZE} x {_SIZE} pixels, but its header says {sizes[1:]}; get it again."
        )
    if len(content) != header + math.prod(sizes):
        raise ValueError(
            f"{path} is damaged: its header announces {math.prod(sizes)} bytes of data, "
            f"but {'more' if len(content) > header + math.prod(sizes) else len(content) - header} follow; get it again."
        )


def _check_labels(labels: Tensor, images_per_class: int | None, names: list[str]) -> None:
    if len(labels) and int(labels.max()) >= len(names):
        raise ValueError(
            f"the labels of Fashion-MNIST must lie in 0..{len(names) - 1}, "
            f"but one is {int(labels.max())}; get the label files again."
        )
    counts = torch.bincount(labels, minlength=len(names)).tolist()
    fewest, name = min(zip(counts, names, strict=True))
    if fewest < (images_per_class or 1):
        raise ValueError(
            f"each class must have at least {images_per_class or 1} images, "
            f"but {name} has {fewest}; choose fewer images_per_class or get the files again."
        )


def _role_images(
    images: Tensor,
    labels: Tensor,
    classes: tuple[str, ...],
    names: list[str],
    images_per_class: int | None,
) -> LabelledImages:
    rows = [torch.nonzero(labels == names.index(name)).squeeze(1)[:images_per_class] for name in classes]
    counts = torch.tensor([len(part) for part in rows])
    return LabelledImages(images[torch.cat(rows)], torch.arange(len(classes)).repeat_interleave(counts), classes)


DATASETS = {"fashion-mnist": fashion_mnist}
NEEDS = {"fashion-mnist": "its files (--data-root)"}
