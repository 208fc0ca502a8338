"""CIFAR-FS read from files as torchvision keeps them, written small by `formats`."""

import pickle
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from neuroevo.data import cifar_fs as module
from neuroevo.data.cifar100_pickles import PUBLISHED
from neuroevo.data.cifar_fs import checked_digests, cifar_fs, content_digest
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


def test_as_many_images_as_published_must_be_them(
    tmp_path: Path, written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The images decide: right ones in other files are noted, others and such with other classes are refused."""
    monkeypatch.setattr(module, "COUNT", 700)
    with pytest.raises(ValueError, match=rf"^{written} must hold the images of CIFAR-100, with the digest c6962c.*\.$"):
        cifar_fs(written)
    right = content_digest(module._examples(module._read(written, False, None)))
    monkeypatch.setattr(module, "CONTENT", right)
    expected = f"{written} has the images of CIFAR-100, in other files than those published."
    assert [*checked_digests(written)] == [expected]
    folder = copied(written, tmp_path)
    batch, _ = batches(tmp_path)
    data, labels = batch[b"data"].copy(), [*batch[b"fine_labels"]]
    data[5, 7] ^= 1
    labels[0], labels[1] = labels[1], labels[0]
    for change in ({b"data": data}, {b"fine_labels": labels}):
        (folder / "train").write_bytes(pickle.dumps(batch | change))
        with pytest.raises(ValueError, match="must hold the images of CIFAR-100"):
            cifar_fs(tmp_path)
    (folder / "train").write_bytes(pickle.dumps(batch))
    monkeypatch.setattr(module, "are_published", lambda _: True)
    monkeypatch.setattr(module, "content_digest", lambda _: pytest.fail("digests of the files were enough"))
    assert [*checked_digests(tmp_path)] == [f"train, test, meta in {folder} have the MD5s of the published files."]


@given(order=st.permutations(range(6)), at=st.integers(0, 5))
def test_the_digest_of_images_knows_classes_and_no_order(order: list[int], at: int) -> None:
    """Any order of the same images and classes has one digest; another class, or an image twice, has another."""
    rng = np.random.default_rng(0)
    examples = [("ab"[k % 2], rng.integers(0, 256, (3, 2, 2), dtype=np.uint8)) for k in range(6)]
    shuffled = [examples[k] for k in order]
    assert content_digest(shuffled) == content_digest(examples)
    other = [*examples]
    other[at] = ("c", examples[at][1])
    twice = [*examples, examples[at]]
    assert len({content_digest(one) for one in (examples, other, twice)}) == 3


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory, formats: ModuleType) -> dict[str, Path]:
    """Return folders with the same images in each form."""
    root = tmp_path_factory.mktemp("forms")
    return {
        "pickles": formats.write_cifar100(root / "pickles"),
        "folders": formats.write_cifar100_folders(root / "folders"),
        "parts": formats.write_cifar100_folders(root / "parts", parts=("train", "test")),
    }


def test_every_form_holds_the_same_images(forms: dict[str, Path]) -> None:
    """Folders of images, together or in two parts, give the classes and the images that the pickles give."""
    found = {name: cifar_fs(folder) for name, folder in forms.items()}
    assert len({content_digest(module._examples(data)) for data in found.values()}) == 1
    assert len({tuple(data.role(role).classes for role in ROLES) for data in found.values()}) == 1
    assert all(torch.bincount(data.novel.labels).tolist() == [3] * 20 for data in found.values())


@pytest.mark.slow
def test_parquet_holds_the_same_images(tmp_path: Path, forms: dict[str, Path], formats: ModuleType) -> None:
    """Parquet files of a hub give the same images, once more from the cache, and damage is named."""
    folder = formats.write_cifar100_parquet(tmp_path / "data")
    wanted = content_digest(module._examples(cifar_fs(forms["pickles"])))
    for _ in range(2):
        assert content_digest(module._examples(cifar_fs(tmp_path))) == wanted
    path = folder / "train-00000-of-00001.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match=rf"^{path} is damaged .*get it again\.$"):
        cifar_fs(tmp_path)


def test_parquet_without_pyarrow_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence names the extra."""
    for part in ("train", "test"):
        (tmp_path / f"{part}.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r"can only be read with pyarrow .*\[parquet\]"):
        cifar_fs(tmp_path)


def test_images_of_other_sizes_in_folders_are_refused(tmp_path: Path, formats: ModuleType) -> None:
    """An image of a class that is larger is named."""
    folder = formats.write_cifar100_folders(tmp_path, per_class=1)
    Image.new("RGB", (40, 40)).save(folder / "apple" / "z.png")
    with pytest.raises(ValueError, match=r"apple/z\.png has 40 x 40 pixels"):
        cifar_fs(folder)


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
