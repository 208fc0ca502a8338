"""Fashion-MNIST read from files as they are distributed, written small by the tests."""

import gzip
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import NoReturn

import numpy as np
import pytest
import torch

from neuroevo.data.fashion_mnist import NAMES, PUBLISHED, fashion_mnist
from neuroevo.splits import ROLES, load_split

CLASSES = [
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
]
DEBIAN = Path("/usr/share/datasets/fashion-mnist")


def idx(values: np.ndarray) -> bytes:
    """Return an array of uint8 in the format of the files."""
    header = [0x800 + values.ndim, *values.shape]
    return b"".join(number.to_bytes(4, "big") for number in header) + values.tobytes()


def small_files() -> dict[str, bytes]:
    """Return the four files with 3 training and 2 test images per class, in mixed order."""
    generator = np.random.default_rng(0)
    files = {}
    for part, number in (("train", 3), ("t10k", 2)):
        labels = generator.permutation(np.repeat(np.arange(10, dtype=np.uint8), number))
        images = generator.integers(0, 256, (len(labels), 28, 28), np.uint8)
        files[f"{part}-images-idx3-ubyte"] = idx(images)
        files[f"{part}-labels-idx1-ubyte"] = idx(labels)
    return files


FILES = small_files()


def write(folder: Path, files: dict[str, bytes], *, packed: bool = False) -> Path:
    """Write the files into a folder, gzipped or not, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        if packed:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content, mtime=0))
        else:
            (folder / name).write_bytes(content)
    return folder


def images_by_hand(name: str) -> list[bytes]:
    """Return the images of a class from the files' bytes, the training file's first."""
    found = []
    for part in ("train", "t10k"):
        labels = FILES[f"{part}-labels-idx1-ubyte"][8:]
        images = FILES[f"{part}-images-idx3-ubyte"][16:]
        rows = [row for row, label in enumerate(labels) if CLASSES[label] == name]
        found += [images[row * 784 : (row + 1) * 784] for row in rows]
    return found


@pytest.mark.parametrize("inner", [".", "FashionMNIST/raw"])
@pytest.mark.parametrize("packed", [False, True])
def test_every_layout_gives_the_bytes_of_the_files(tmp_path: Path, inner: str, packed: bool) -> None:
    """Every class holds its images of both files in order, wherever and however they are kept."""
    write(tmp_path / inner, FILES, packed=packed)
    before = sorted(tmp_path.rglob("*"))
    dataset = fashion_mnist(tmp_path)
    for role in ROLES:
        images = dataset.role(role)
        assert images.classes == load_split("fashion-mnist").role(role)
        for label, name in enumerate(images.classes):
            rows = images.images[images.labels == label]
            assert [row.numpy().tobytes() for row in rows] == images_by_hand(name)
    assert (dataset.name, dataset.channels, dataset.size) == ("fashion-mnist", 1, 28)
    assert sorted(tmp_path.rglob("*")) == before


def test_packed_and_plain_files_may_be_mixed(tmp_path: Path) -> None:
    """Each file is found with or without the ending."""
    write(tmp_path, dict(list(FILES.items())[:2]))
    write(tmp_path, dict(list(FILES.items())[2:]), packed=True)
    assert len(fashion_mnist(tmp_path).ancestry.images) == 30


def test_an_empty_raw_folder_does_not_hide_the_files(tmp_path: Path) -> None:
    """Files next to torchvision's empty folder are found."""
    (tmp_path / "FashionMNIST" / "raw").mkdir(parents=True)
    write(tmp_path, FILES)
    assert len(fashion_mnist(tmp_path).novel.images) == 10


def test_images_per_class_keeps_the_first(tmp_path: Path) -> None:
    """A smaller number takes the first images of each class."""
    write(tmp_path, FILES)
    images = fashion_mnist(tmp_path, images_per_class=2).novel
    assert torch.bincount(images.labels).tolist() == [2, 2]
    assert images.images[0].numpy().tobytes() == images_by_hand(images.classes[0])[0]


def test_images_per_class_out_of_range_is_refused(tmp_path: Path) -> None:
    """Zero, and more than there are, are refused."""
    write(tmp_path, FILES)
    with pytest.raises(ValueError, match="images_per_class must be at least 1"):
        fashion_mnist(tmp_path, images_per_class=0)
    with pytest.raises(ValueError, match=r"at least 6 images, but .* has 5"):
        fashion_mnist(tmp_path, images_per_class=6)


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_file_is_named_with_its_folder_and_source(tmp_path: Path, name: str) -> None:
    """One sentence says which file is missing where, and where to get it."""
    write(tmp_path, {other: content for other, content in FILES.items() if other != name})
    with pytest.raises(FileNotFoundError) as caught:
        fashion_mnist(tmp_path)
    message = str(caught.value)
    assert f"{tmp_path} lacks {name};" in message
    assert "download=True" in message
    assert "dataset-fashion-mnist" in message
    assert "\n" not in message


def test_a_missing_folder_lacks_all_files(tmp_path: Path) -> None:
    """A folder that does not exist is named with all four files."""
    with pytest.raises(FileNotFoundError, match=", ".join(NAMES)):
        fashion_mnist(tmp_path / "nowhere")


def short(content: bytes) -> bytes:
    """Cut the last byte off."""
    return content[:-1]


def headless(content: bytes) -> bytes:
    """Leave three bytes of the header."""
    return content[:3]


def long(content: bytes) -> bytes:
    """Add a byte."""
    return content + b"\0"


def of_other_type(content: bytes) -> bytes:
    """Change the type of the values."""
    return content[:2] + b"\x0d" + content[3:]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("damage", [short, headless, long, of_other_type])
@pytest.mark.parametrize("packed", [False, True])
def test_a_damaged_file_is_named(tmp_path: Path, name: str, damage: Callable[[bytes], bytes], packed: bool) -> None:
    """A file cut short, too long or of another kind is named in one sentence."""
    write(tmp_path, FILES | {name: damage(FILES[name])}, packed=packed)
    with pytest.raises(ValueError, match=rf"{name}.* is damaged: .*\.$"):
        fashion_mnist(tmp_path)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("keep", [1, 5, 20, -9])
def test_a_truncated_gzip_file_is_named(tmp_path: Path, name: str, keep: int) -> None:
    """A download that was cut off is named in one sentence."""
    write(tmp_path, FILES, packed=True)
    path = tmp_path / f"{name}.gz"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match=rf"{name}\.gz is damaged: .*get it again\.$"):
        fashion_mnist(tmp_path)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("packed", [False, True])
def test_a_changed_byte_of_a_published_file_is_reported(tmp_path: Path, name: str, packed: bool) -> None:
    """A file as long as the published one must be equal to it, which is checked before its content is read."""
    content = small_files()[name]
    length, _ = PUBLISHED[name]
    padded = content + bytes(length - len(content))
    files = small_files() | {name: padded}
    with pytest.raises(ValueError, match=rf"{name}.* is damaged: it is as long as the published file") as caught:
        fashion_mnist(write(tmp_path, files, packed=packed))
    assert str(tmp_path) in str(caught.value)


@pytest.mark.slow
@pytest.mark.skipif(not DEBIAN.exists(), reason="Debian's package dataset-fashion-mnist is not installed")
def test_the_published_files_have_their_digests() -> None:
    """The files of Debian's package, which are compressed differently, are the published ones."""
    data = fashion_mnist(DEBIAN)
    assert sum(len(data.role(role).labels) for role in ROLES) == 70_000


def test_files_of_another_data_set_are_refused(tmp_path: Path) -> None:
    """Images of another size, labels beyond ten and unequal numbers are refused."""
    images, labels = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"
    for file, content, words in (
        (images, idx(np.zeros((20, 32, 32), np.uint8)), "28 x 28 pixels"),
        (images, idx(np.zeros((19, 28, 28), np.uint8)), "19 images and 20 labels"),
        (labels, idx(np.full(20, 10, np.uint8)), r"0\.\.9, but one is 10"),
    ):
        write(tmp_path, FILES | {file: content})
        with pytest.raises(ValueError, match=words):
            fashion_mnist(tmp_path)


class Unusable(ModuleType):
    """A module that fails as one built for another torch does."""

    def __getattr__(self, name: str) -> NoReturn:
        raise RuntimeError("operator torchvision::nms does not exist\nand more")


@pytest.mark.parametrize("module", [None, Unusable("torchvision.datasets")])
def test_a_torchvision_that_does_not_import_is_reported_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: ModuleType | None
) -> None:
    """A missing torchvision and one built for another torch give one sentence."""
    monkeypatch.setitem(sys.modules, "torchvision.datasets", module)
    write(tmp_path, FILES)
    with pytest.raises(ImportError, match=r"^fashion-mnist needs a torchvision .*\.$"):
        fashion_mnist(tmp_path)


def test_a_download_is_read_or_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A download fills an empty folder only, and a missing network connection is reported in one sentence."""

    def fetch(root: Path) -> None:
        write(root / "FashionMNIST" / "raw", FILES)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("Error downloading train-images-idx3-ubyte.gz:\nno network")

    with monkeypatch.context() as patch:
        patch.setattr("torchvision.datasets.FashionMNIST.__init__", fail)
        with pytest.raises(ConnectionError, match=r"^Fashion-MNIST can't be downloaded \(.* no network\); check .*\.$"):
            fashion_mnist(tmp_path / "new", download=True)
    with monkeypatch.context() as patch:
        patch.setattr("neuroevo.data.fashion_mnist.download_fashion_mnist", fetch)
        assert len(fashion_mnist(tmp_path / "new", download=True).novel.images) == 10
        (tmp_path / "new" / "FashionMNIST" / "raw" / NAMES[0]).unlink()
        with pytest.raises(FileNotFoundError, match=f"lacks {NAMES[0]};"):
            fashion_mnist(tmp_path / "new", download=True)
