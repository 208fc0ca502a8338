"""Files that can't be read: each cause has a sentence of its own, whichever reader meets it."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import ModuleType

import pytest

from neuroevo.data.cifar_fs import cifar_fs
from neuroevo.data.fashion_mnist import fashion_mnist
from neuroevo.data.image_folder import image_folder
from neuroevo.data.mini_imagenet import read_list
from neuroevo.data.plain_pickle import read_pickle
from neuroevo.data.readable import is_listed


@contextmanager
def denied(path: Path) -> Iterator[None]:
    """Deny the right to read a file inside the context, to the superuser as well."""
    mode, user = path.stat().st_mode, os.geteuid()
    path.chmod(0)
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)
        path.chmod(mode)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Return a folder that every user may enter, which those of pytest are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def a_file(path: Path) -> Path:
    """Write some bytes and return the path."""
    path.write_bytes(b"bytes")
    return path


def read_by(reader: str, folder: Path, formats: ModuleType) -> tuple[Path, Callable[[], object]]:
    """Return a file of a small data set, and what reads it."""
    if reader == "image":
        formats.write_image_folder(folder / "images", size=8, per_class=1)
        return folder / "images" / "elk" / "0.png", lambda: image_folder(folder / "images")
    if reader == "split":
        formats.write_image_folder(folder / "images", size=8, per_class=1)
        return folder / "images" / "split.json", lambda: image_folder(folder / "images")
    if reader == "fashion-mnist":
        return a_file(folder / "train-images-idx3-ubyte"), lambda: fashion_mnist(folder)
    if reader == "cifar-fs":
        return a_file(folder / "meta"), lambda: cifar_fs(folder)
    path = a_file(folder / reader)
    return path, lambda: (read_list if reader == "val.csv" else read_pickle)(path)


READERS = ("image", "split", "fashion-mnist", "cifar-fs", "val.csv", "a.pkl")


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("cause", "error", "words"),
    [
        ("empty", ValueError, "must have content, but it is empty"),
        ("folder", IsADirectoryError, "must be a file, but it is a folder"),
        ("pipe", OSError, "must be a regular file, but it is a pipe"),
        ("link", FileNotFoundError, "is a link to nothing.png, which is not there"),
        ("denied", PermissionError, "the permission is denied; allow this user"),
    ],
)
def test_every_cause_has_its_own_sentence(
    open_folder: Path, formats: ModuleType, reader: str, cause: str, error: type[Exception], words: str
) -> None:
    """A file that is empty, a folder, a pipe, a link to nothing or denied is never called damaged."""
    path, read = read_by(reader, open_folder, formats)
    for name in ("train", "test", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
        if not (open_folder / name).exists():
            a_file(open_folder / name)
    if cause != "denied":
        path.unlink()
    if cause == "empty":
        path.touch()
    elif cause == "folder":
        path.mkdir()
    elif cause == "pipe":
        os.mkfifo(path)
    elif cause == "link":
        path.symlink_to("nothing.png")
    with denied(path) if cause == "denied" else nullcontext(), pytest.raises(error) as caught:
        read()
    sentence = str(caught.value)
    assert sentence.startswith(str(path))
    assert words in sentence
    assert "damaged" not in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_a_folder_that_may_not_be_entered_is_named(open_folder: Path, formats: ModuleType) -> None:
    """Neither the folder of a class nor what it holds is called missing if it may not be read."""
    root = formats.write_image_folder(open_folder / "images", size=8, per_class=1)
    with denied(root / "elk"), pytest.raises(PermissionError, match=rf"^{root / 'elk'} must be readable"):
        image_folder(root)
    with denied(root), pytest.raises(PermissionError, match=rf"^{root}.* must be readable"):
        image_folder(root)


def test_a_link_that_leads_to_itself_is_named(tmp_path: Path) -> None:
    """Whatever else the operating system says is passed on, with the path."""
    path = tmp_path / "loop"
    path.symlink_to(path)
    assert is_listed(path)
    with pytest.raises(OSError, match=rf"^{path} can't be read \(.*\); check the file system"):
        read_pickle(path)
