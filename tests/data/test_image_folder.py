"""Folders of images with a split file, written small by `formats`."""

import json
from pathlib import Path
from types import ModuleType

import pytest
import torch

from neuroevo.data.image_folder import checked_digests, image_folder
from neuroevo.splits import ROLES


@pytest.fixture
def folder(tmp_path: Path, formats: ModuleType) -> Path:
    """Return a folder with ten classes of 3 images each."""
    written: Path = formats.write_image_folder(tmp_path / "images", size=12)
    return written


def test_every_class_has_the_images_of_its_folder(folder: Path, formats: ModuleType) -> None:
    """Classes come in the order of the split file and images in that of their names, pixel by pixel."""
    before = sorted(folder.rglob("*"))
    data = image_folder(folder)
    number = 0
    for role in ROLES:
        images = data.role(role)
        assert images.classes == formats.FOLDER_CLASSES[role]
        for label in range(len(images.classes)):
            found = images.images[images.labels == label].permute(0, 2, 3, 1).numpy()
            assert found.tolist() == formats.made_images(number, 3, size=12).tolist()
            number += 1
    assert (data.name, data.channels, data.size) == ("image-folder", 3, 12)
    assert sorted(folder.rglob("*")) == before


def test_published_roles_are_ours(folder: Path) -> None:
    """A split file may say train, val and test for ancestry, held_out and novel."""
    before = image_folder(folder)
    content = json.loads((folder / "split.json").read_text())
    words = dict(zip(("train", "val", "test"), ROLES, strict=True))
    (folder / "split.json").write_text(json.dumps({word: content[role] for word, role in words.items()}))
    assert image_folder(folder).facts() == before.facts()


def test_size_channels_and_number_are_as_asked(folder: Path) -> None:
    """Images are resized and turned grey, and only the first are taken."""
    data = image_folder(folder, size=8, channels=1, images_per_class=2)
    assert data.novel.images.shape == (6, 1, 8, 8)
    assert torch.bincount(data.ancestry.labels).tolist() == [2, 2, 2, 2]


def test_other_files_and_folders_are_left_alone(folder: Path) -> None:
    """Folders without a role, files that are no images and those that systems leave behind change nothing."""
    before = image_folder(folder).facts()
    (folder / "zebra").mkdir()
    (folder / "__MACOSX").mkdir()
    for name in ("notes.txt", "._0.png", ".hidden.png", ".DS_Store", "Thumbs.db", "desktop.ini", "__MACOSX.png"):
        (folder / "ant" / name).write_text("ants")
    assert image_folder(folder).facts() == before
    assert [*checked_digests(folder)] == [f"{folder / 'split.json'} gives 10 classes a role and leaves out zebra."]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "must be JSON"),
        ("[]", "must be an object with a list of class names for each of ancestry, held_out, novel .* holds list"),
        ('{"ancestry": ["ant"], "novel": ["bee"]}', "holds ancestry, novel"),
        ('{"ancestry": ["ant"], "held_out": "bee", "novel": ["cat"]}', "must be an object"),
        ('{"ancestry": [1], "held_out": ["bee"], "novel": ["cat"]}', "must be an object"),
        ('{"ancestry": ["ant"], "held_out": [], "novel": ["cat"]}', "held_out has none"),
        ('{"ancestry": ["ant", "bee"], "held_out": ["bee"], "novel": ["cat"]}', "ancestry and held_out share bee"),
        ('{"ancestry": ["../x"], "held_out": ["bee"], "novel": ["cat"]}', r"it names '\.\./x'"),
        ('{"ancestry": ["/"], "held_out": ["bee"], "novel": ["cat"]}', "it names '/'"),
        ('{"ancestry": [".."], "held_out": ["bee"], "novel": ["cat"]}', r"it names '\.\.'"),
    ],
)
def test_a_wrong_split_file_is_reported(folder: Path, content: str, words: str) -> None:
    """A file that is not an object of names by role, gives a class two roles or leaves the folder is refused."""
    (folder / "split.json").write_text(content)
    with pytest.raises(ValueError, match=words) as caught:
        image_folder(folder)
    assert "split.json" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_things_are_named(folder: Path) -> None:
    """A class without a folder, one without images, and a missing split file are named."""
    (folder / "elk").rename(folder / "moose")
    with pytest.raises(FileNotFoundError, match=r"but there is none for elk\.$"):
        image_folder(folder)
    (folder / "elk").mkdir()
    with pytest.raises(ValueError, match=rf"{folder / 'elk'} has none ending in \.bmp"):
        image_folder(folder)
    (folder / "split.json").unlink()
    with pytest.raises(FileNotFoundError, match=rf'"ancestry": .*, but {folder} lacks split\.json\.$'):
        image_folder(folder)


def test_odd_arguments_are_refused(folder: Path) -> None:
    """Sizes below 1, two channels and no images are refused."""
    for arguments in ({"size": 0}, {"channels": 2}, {"images_per_class": 0}):
        with pytest.raises(ValueError, match="must be at least 1"):
            image_folder(folder, **arguments)
