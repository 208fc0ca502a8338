"""Tiny-ImageNet in its official layout, written small by `formats`, and its split."""

import hashlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from neuroevo.data.tiny_imagenet import FOLDER, checked_digests, tiny_imagenet
from neuroevo.splits import ROLES, load_split


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, formats: ModuleType) -> Path:
    """Return a folder with 3 images of each class, one of them for validation."""
    folder: Path = formats.write_tiny_imagenet(tmp_path_factory.mktemp("tiny"))
    return folder


def test_training_images_come_before_those_of_validation(written: Path, formats: ModuleType) -> None:
    """Classes come in the order of the split, pixel by pixel."""
    data = tiny_imagenet(written)
    for role in ROLES:
        images = data.role(role)
        assert images.classes == load_split("tiny-imagenet").role(role)
        for label, name in enumerate(images.classes):
            made = formats.made_images(int(name[1:]), 3, size=64)
            found = images.images[images.labels == label].permute(0, 2, 3, 1).numpy()
            assert np.array_equal(found, made[[1, 2, 0]])
    assert (data.name, data.shape) == ("tiny-imagenet", (3, 64, 64))


def test_validation_may_be_in_folders(written: Path, tmp_path: Path, formats: ModuleType) -> None:
    """A copy whose validation images were sorted into folders is the same data set, as is the inner folder."""
    facts = tiny_imagenet(written).facts()
    assert tiny_imagenet(formats.write_tiny_imagenet(tmp_path, sorted_validation=True)).facts() == facts
    assert tiny_imagenet(written / FOLDER).facts() == facts


def test_size_and_number_are_as_asked(written: Path) -> None:
    """Images are resized, and only the first are taken."""
    data = tiny_imagenet(written, size=32, images_per_class=2)
    assert data.shape == (3, 32, 32)
    assert torch.bincount(data.novel.labels).tolist() == [2] * 20
    with pytest.raises(ValueError, match=r"each class must have at least 4 images, but n\d+ has 3"):
        tiny_imagenet(written, images_per_class=4)
    with pytest.raises(ValueError, match="size must be at least 1"):
        tiny_imagenet(written, size=0)


def test_roles_agree_with_those_of_mini_imagenet() -> None:
    """Shared classes have one role in both; the others were dealt out by the SHA-256 of their names."""
    tiny, mini = load_split("tiny-imagenet"), load_split("mini-imagenet")
    theirs = {name: role for role in ROLES for name in mini.role(role)}
    assert all(theirs.get(name, role) == role for role in ROLES for name in tiny.role(role))
    dealt = [[name for name in tiny.role(role) if name not in theirs] for role in ROLES]
    digests = [[hashlib.sha256(name.encode()).hexdigest() for name in names] for names in dealt]
    assert max(digests[0]) < min(digests[1])
    assert max(digests[1]) < min(digests[2])


def test_missing_and_damaged_things_are_named(tmp_path: Path, formats: ModuleType) -> None:
    """One sentence says which part, class, list or image is not there, and where to get the files."""
    with pytest.raises(FileNotFoundError, match=rf"but {tmp_path} lacks train, val; get http://.*\.zip"):
        tiny_imagenet(tmp_path)
    folder = formats.write_tiny_imagenet(tmp_path) / FOLDER
    assert [*checked_digests(tmp_path)] == [f"{folder} has all classes of the split; no digests are published."]
    annotations = folder / "val" / "val_annotations.txt"
    content = annotations.read_text()
    annotations.write_text("val_0.png\n" + content)
    with pytest.raises(ValueError, match=rf"line 1 of {annotations} must begin with a file"):
        tiny_imagenet(tmp_path)
    annotations.unlink()
    with pytest.raises(FileNotFoundError, match=r"must hold val_annotations\.txt, or a folder for each class"):
        tiny_imagenet(tmp_path)
    annotations.write_text(content)
    (folder / "val" / "images" / "val_0.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"val_0\.png must be there, but it is not; restore it\.$"):
        tiny_imagenet(tmp_path)
    name = load_split("tiny-imagenet").novel[0]
    (folder / "train" / name).rename(folder / "train" / "other")
    with pytest.raises(FileNotFoundError, match=rf"folder for each class of the split, but it lacks {name}; get"):
        tiny_imagenet(tmp_path)
