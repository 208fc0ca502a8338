"""CIFAR-FS read from files as torchvision keeps them, written small by `formats`."""

import pickle
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.data import cifar_fs as module
from neuroevo.data.cifar_fs import PUBLISHED, cifar_fs
from neuroevo.splits import ROLES, load_split

FOLDER = "cifar-100-python"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, formats: ModuleType) -> Path:
    """Return a folder with CIFAR-100 of 7 images per class, of which the test file has one."""
    folder: Path = formats.write_cifar100(tmp_path_factory.mktemp("cifar"), per_class=7)
    return folder


def batches(folder: Path) -> list[dict[bytes, Any]]:
    """Return the two files as Python reads them."""
    return [pickle.loads((folder / FOLDER / part).read_bytes(), encoding="bytes") for part in ("train", "test")]


def copied(folder: Path, to: Path) -> Path:
    """Copy the files and return the folder that holds them."""
    (to / FOLDER).mkdir(parents=True)
    for name in PUBLISHED:
        (to / FOLDER / name).write_bytes((folder / FOLDER / name).read_bytes())
    return to / FOLDER


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory, written: Path) -> Path:
    """Return a copy of the files that may be damaged and mended again."""
    return copied(written, tmp_path_factory.mktemp("fuzzed"))


def test_every_class_has_its_images_of_both_files(written: Path) -> None:
    """Classes come by name in the order of the split, with the images of the training file first, byte by byte."""
    names = sorted(name for role in ROLES for name in load_split("cifar-fs").role(role))
    before = sorted(written.rglob("*"))
    data = cifar_fs(written)
    for role in ROLES:
        images = data.role(role)
        assert images.classes == load_split("cifar-fs").role(role)
        for label, name in enumerate(images.classes):
            by_hand = [
                batch[b"data"][row].tobytes()
                for batch in batches(written)
                for row, fine in enumerate(batch[b"fine_labels"])
                if fine == names.index(name)
            ]
            found = [image.numpy().tobytes() for image in images.images[images.labels == label]]
            assert found == by_hand
            assert len(found) == 7
    assert (data.name, data.channels, data.size) == ("cifar-fs", 3, 32)
    assert sorted(written.rglob("*")) == before


def test_names_decide_and_not_numbers(tmp_path: Path, formats: ModuleType, written: Path) -> None:
    """With the fine labels in another order, classes are still found by their names."""
    names = formats.cifar100_names()[::-1]
    data = cifar_fs(formats.write_cifar100(tmp_path, per_class=3, names=names))
    apple = data.ancestry.classes.index("apple")
    first = data.ancestry.images[data.ancestry.labels == apple].permute(0, 2, 3, 1).numpy().tolist()
    expected = formats.made_images(names.index("apple"), 3, size=32).tolist()
    assert sorted(first) == sorted(expected)


def test_the_folder_itself_may_be_named(written: Path) -> None:
    """The data root is the folder of the three files or its parent."""
    assert cifar_fs(written / FOLDER).facts() == cifar_fs(written).facts()


def test_images_per_class_keeps_the_first(written: Path) -> None:
    """A smaller number takes the first images of each class; too great a number names a class."""
    few, many = cifar_fs(written, images_per_class=2).novel, cifar_fs(written).novel
    assert torch.bincount(few.labels).tolist() == [2] * 20
    assert torch.equal(few.images[:2], many.images[:2])
    with pytest.raises(ValueError, match="images_per_class must be at least 1"):
        cifar_fs(written, images_per_class=0)
    with pytest.raises(ValueError, match=r"at least 8 images, but train has 7"):
        cifar_fs(written, images_per_class=8)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_missing_file_is_named_with_its_folder_and_source(tmp_path: Path, written: Path, name: str) -> None:
    """One sentence says which file is missing where, and where to get it; a download leaves the others alone."""
    folder = copied(written, tmp_path)
    (folder / name).unlink()
    for download in (False, True):
        with pytest.raises(FileNotFoundError, match=rf"{folder} lacks {name}; get CIFAR-100 .*https://.*\.$"):
            cifar_fs(tmp_path, download=download)


def cut(content: bytes) -> bytes:
    """Cut the second half off."""
    return content[: len(content) // 2]


def planted(content: bytes) -> bytes:
    """Insert a call of the shell."""
    return pickle.dumps({"data": pickle.loads(b"cos\nsystem\n."), "fine_labels": []})


def other_dict(content: bytes) -> bytes:
    """Write a dict of other things."""
    return pickle.dumps({"data": [1], "fine_labels": "x", "fine_label_names": 3})


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("damage", [cut, planted, other_dict])
def test_a_damaged_file_is_named(tmp_path: Path, written: Path, name: str, damage: Callable[[bytes], bytes]) -> None:
    """A truncated or malicious file or one with other content is named in one sentence."""
    path = copied(written, tmp_path) / name
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=rf"^{path} .*get it again.*\.$"):
        cifar_fs(tmp_path)


@given(data=st.data())
def test_damage_gives_one_kind_of_error(fuzzed: Path, written: Path, data: st.DataObject) -> None:
    """Whatever bytes of a file are changed or cut off, the data set is read or a sentence names the file."""
    name = data.draw(st.sampled_from(["test", "meta"]))
    content = bytearray((written / FOLDER / name).read_bytes())
    edges = st.integers(0, 300) | st.integers(len(content) - 300, len(content) - 1)
    for at in data.draw(st.lists(edges, min_size=1, max_size=3)):
        content[at] = data.draw(st.integers(0, 255))
    (fuzzed / name).write_bytes(content[: data.draw(st.just(len(content)) | edges)])
    answer = read_or_refused(fuzzed)
    (fuzzed / name).write_bytes((written / FOLDER / name).read_bytes())
    assert answer is None or (str(fuzzed) in answer and "\n" not in answer) or "each class must have" in answer


def read_or_refused(folder: Path) -> str | None:
    """Read the data set, and return why it can't be read if so."""
    try:
        cifar_fs(folder)
    except ValueError as error:
        return str(error)
    return None


def test_wrong_images_and_labels_are_refused(tmp_path: Path, written: Path, formats: ModuleType) -> None:
    """Images of another size or kind, labels beyond the names and a missing class are refused."""
    folder = copied(written, tmp_path)
    batch, _ = batches(tmp_path)
    for change, words in (
        ({b"data": batch[b"data"][:, :-1]}, r"3072 bytes .* but it holds uint8 \[600, 3071\]"),
        ({b"data": batch[b"data"].astype("f4")}, r"but it holds float32"),
        ({b"data": batch[b"data"][1:]}, r"for each of 600 labels"),
        ({b"fine_labels": [*batch[b"fine_labels"][1:], 100]}, r"0\.\.99, but they lie in 0\.\.100"),
    ):
        (folder / "train").write_bytes(pickle.dumps(batch | change))
        with pytest.raises(ValueError, match=rf"{folder / 'train'}.*{words}"):
            cifar_fs(tmp_path)
    copied(written, tmp_path / "more")
    (tmp_path / "more" / FOLDER / "meta").write_bytes(pickle.dumps({"fine_label_names": formats.cifar100_names()[1:]}))
    with pytest.raises(ValueError, match="must name the 100 classes of CIFAR-100, but apple is not among its 99"):
        cifar_fs(tmp_path / "more")


def test_files_as_long_as_the_published_ones_must_be_them(
    tmp_path: Path, written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once the training file is as long as the published one, all three have their MD5 checked before being read."""
    monkeypatch.setattr(module, "_PUBLISHED_BYTES", 10_000)
    monkeypatch.setattr(module, "read_pickle", lambda path: pytest.fail("read before its digest was checked"))
    folder = copied(written, tmp_path)
    with pytest.raises(ValueError, match=rf"^{folder / 'train'} must have the MD5 16019d7e.*get it again\.$"):
        cifar_fs(tmp_path)


def test_a_download_that_fails_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing network connection is reported in a sentence."""

    def fail(*_: object, **__: object) -> None:
        raise OSError("<urlopen error [Errno -2] Name or service not known>\nand more")

    monkeypatch.setattr("torchvision.datasets.utils.download_and_extract_archive", fail)
    with pytest.raises(ConnectionError) as caught:
        cifar_fs(tmp_path, download=True)
    assert re.fullmatch(r"CIFAR-100 can't be downloaded \(.*and more\); check the network, .*\.", str(caught.value))


def test_a_download_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, formats: ModuleType) -> None:
    """The files that torchvision unpacks are found."""
    monkeypatch.setattr(
        "torchvision.datasets.utils.download_and_extract_archive",
        lambda url, root, *, filename, md5: formats.write_cifar100(Path(root)),
    )
    assert len(cifar_fs(tmp_path / "new", download=True).novel.images) == 60
