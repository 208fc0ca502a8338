"""CIFAR-100 in Parquet, as hubs of data sets export it: a column of image files and one of their labels."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from neuroevo.data.cache import cached
from neuroevo.data.pictures import Progress, decode_picture
from neuroevo.data.readable import check_file, reading
from neuroevo.extras import install
from neuroevo.splits import ROLES, load_split

IMAGE_COLUMNS = ("img", "image")
LABEL_COLUMN = "fine_label"
FOLDERS = (".", "data", "cifar100")
"""Where the files are, below the data root."""


def parquet_files(data_root: Path) -> list[Path]:
    """Return the files, those of training first; empty if a part is missing."""
    for name in FOLDERS:
        parts = [sorted((data_root / name).glob(f"{part}*.parquet")) for part in ("train", "test")]
        if all(parts):
            return [path for part in parts for path in part]
    return []


def read_parquet(
    paths: Sequence[Path], progress: Progress | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.int64], list[str]]:
    """Return images uint8 [N, 3, 32, 32] in the order of the rows, labels int64 [N] and the labels' names.

    Raises:
        ImportError: pyarrow is not installed.
        OSError: A file can't be read.
        ValueError: A file is damaged, or has no column of images or labels.
    """
    for path in paths:
        check_file(path)
    names = _names(_opened(paths[0]))

    def make() -> dict[str, torch.Tensor]:
        images, labels = zip(*_rows(paths, progress), strict=True)
        return {"images": torch.stack(images), "labels": torch.tensor(labels)}

    found = cached(paths, "cifar100 in parquet", make)
    labels = found["labels"].numpy()
    if not 0 <= labels.min() <= labels.max() < len(names):
        raise ValueError(
            f"{LABEL_COLUMN} of {paths[0]} must lie in 0..{len(names) - 1}, but it lies in {labels.min()}.."
            f"{labels.max()}; get it again."
        )
    return found["images"].numpy(), labels, names


def _opened(path: Path) -> Any:
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise ImportError(f"{path} can only be read with pyarrow ({error}): {install('parquet')}.") from None
    try:
        with reading(path):
            return ParquetFile(path)
    except (ArrowException, ValueError) as error:
        raise ValueError(f"{path} is damaged ({' '.join(str(error).split())[:100]}); get it again.") from None


def _names(file: Any) -> list[str]:
    """The labels' names, which hubs keep in the metadata; else those of CIFAR-100, in whose order labels are."""
    try:
        facts = json.loads((file.schema_arrow.metadata or {})[b"huggingface"])
        return [str(name) for name in facts["info"]["features"][LABEL_COLUMN]["names"]]
    except (KeyError, TypeError, ValueError):
        split = load_split("cifar-fs")
        return sorted(name for role in ROLES for name in split.role(role))


def _rows(paths: Sequence[Path], progress: Progress | None) -> Iterator[tuple[torch.Tensor, int]]:
    done = 0
    for path in paths:
        for content, label in _content(path):
            picture = decode_picture(content, f"image {done} of {path}", channels=3, size=None)
            if picture.shape != (3, 32, 32):
                raise ValueError(
                    f"{path} must hold images of 32 x 32 pixels, but image {done} has {picture.shape[2]} x "
                    f"{picture.shape[1]}; get it again."
                )
            yield picture, label
            done += 1
            if progress is not None and done % 1000 == 0:
                progress(done)


def _content(path: Path) -> Iterator[tuple[bytes, int]]:
    file = _opened(path)
    columns = set(file.schema_arrow.names)
    image = next((name for name in IMAGE_COLUMNS if name in columns), None)
    if image is None or LABEL_COLUMN not in columns:
        raise ValueError(
            f"{path} must have the columns {' or '.join(IMAGE_COLUMNS)} and {LABEL_COLUMN}, but it has "
            f"{', '.join(sorted(columns))}; get CIFAR-100's."
        )
    from pyarrow import ArrowException

    try:
        with reading(path):
            for batch in file.iter_batches(columns=[image, LABEL_COLUMN]):
                for row in batch.to_pylist():
                    yield row[image]["bytes"], int(row[LABEL_COLUMN])
    except (ArrowException, KeyError, TypeError) as error:
        raise ValueError(f"{path} is damaged ({' '.join(str(error).split())[:100]}); get it again.") from None
