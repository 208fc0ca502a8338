"""All data sets of the library, and those drawn at random, keep the laws of data sets."""

from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from neuroevo import catalogue
from neuroevo.data.cifar_fs import cifar_fs
from neuroevo.data.fashion_mnist import fashion_mnist
from neuroevo.data.glyphs import glyphs
from neuroevo.data.image_folder import image_folder
from neuroevo.data.images import Dataset
from neuroevo.data.mini_imagenet import mini_imagenet
from neuroevo.data.tiny_imagenet import tiny_imagenet
from neuroevo.testing.laws import check_dataset
from neuroevo.testing.strategies import datasets


def test_glyphs() -> None:
    """The embedded data set keeps the laws of data sets, and its labels belong to its images."""
    small = partial(glyphs, images_per_class=10, size=10)
    check_dataset(small(), again=small, learnable=True)


def test_coloured_glyphs() -> None:
    """So do its coloured images."""
    check_dataset(glyphs(images_per_class=3, size=8, channels=3))


def test_fashion_mnist(tmp_path: Path) -> None:
    """Fashion-MNIST, read from small files of its format, keeps the laws of data sets."""
    generator = np.random.default_rng(0)
    for part, number in (("train", 12), ("t10k", 4)):
        labels = generator.permutation(np.repeat(np.arange(10, dtype=np.uint8), number))
        # Every class has a brightness of its own.
        images = generator.integers(0, 60, (len(labels), 28, 28), np.uint8) + 19 * labels.reshape(-1, 1, 1)
        for kind, values in (("images-idx3", images), ("labels-idx1", labels)):
            header = [0x800 + values.ndim, *values.shape]
            content = b"".join(number.to_bytes(4, "big") for number in header) + values.tobytes()
            (tmp_path / f"{part}-{kind}-ubyte").write_bytes(content)
    check_dataset(fashion_mnist(tmp_path), again=lambda: fashion_mnist(tmp_path), learnable=True)


ON_DISK = ("cifar-fs", "mini-imagenet", "tiny-imagenet", "image-folder")


@pytest.mark.parametrize("name", [*ON_DISK, "mini-imagenet lists"])
def test_data_sets_on_disk(tmp_path: Path, formats: ModuleType, name: str) -> None:
    """So do the others, read from small files of their formats."""
    write, read = {
        "cifar-fs": (formats.write_cifar100, cifar_fs),
        "mini-imagenet": (formats.write_mini_imagenet_pickles, partial(mini_imagenet, images_per_class=3)),
        "tiny-imagenet": (formats.write_tiny_imagenet, partial(tiny_imagenet, size=24)),
        "mini-imagenet lists": (formats.write_mini_imagenet_csv, partial(mini_imagenet, size=24)),
        "image-folder": (formats.write_image_folder, image_folder),
    }[name]
    write(tmp_path, per_class=4)
    check_dataset(read(tmp_path), again=lambda: read(tmp_path), learnable=True, examples=5)


@settings(max_examples=6, suppress_health_check=[HealthCheck.nested_given])
@given(datasets())
def test_random_data_sets(dataset: Dataset) -> None:
    """Data sets that are drawn at random keep the laws of data sets."""
    check_dataset(dataset, examples=2)


def test_every_data_set_is_checked() -> None:
    """Whatever the command line knows is among the data sets above."""
    assert set(catalogue.entries("dataset")) == {"glyphs", "colour-glyphs", "fashion-mnist", *ON_DISK}
