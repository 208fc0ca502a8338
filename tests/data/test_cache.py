"""Decoded images are kept, found again, and made again whenever something is not as it was."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor

from neuroevo.data import picture_sets
from neuroevo.data.cache import VARIABLE, cache_folder, cached
from neuroevo.data.image_folder import image_folder

Make = Callable[[], dict[str, Tensor]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a cache of this test."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


class Maker:
    """Makes tensors, and counts how often."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> dict[str, Tensor]:
        """Return them."""
        self.calls += 1
        return {"images": torch.arange(24, dtype=torch.uint8).reshape(2, 3, 2, 2), "labels": torch.tensor([1, 0])}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a file from which tensors are made."""
    (tmp_path / "a.png").write_text("a")
    return tmp_path / "a.png"


def equal(found: dict[str, Tensor]) -> bool:
    """Return whether the tensors are those that are made."""
    wanted = Maker()()
    return found.keys() == wanted.keys() and all(torch.equal(found[name], wanted[name]) for name in wanted)


def test_unchanged_files_are_read_once(folder: Path, source: Path) -> None:
    """A second time nothing is made; other settings, another length or time of change make it anew."""
    make = Maker()
    assert all(equal(cached([source], "size 8", make)) for _ in range(2))
    assert (make.calls, len([*folder.iterdir()])) == (1, 1)
    cached([source], "size 9", make)
    source.write_text("ab")
    cached([source], "size 8", make)
    assert make.calls == 3
    with pytest.raises(FileNotFoundError, match="must be there"):
        cached([source.with_name("b.png")], "size 8", make)


def test_a_damaged_file_is_made_again(folder: Path, source: Path) -> None:
    """A cut, an empty and a changed file are replaced by a whole one."""
    make = Maker()
    cached([source], "", make)
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    for number, damaged in enumerate((whole[:-1], b"", whole[:-1] + bytes([whole[-1] ^ 1]), b"x" * 100), 2):
        path.write_bytes(damaged)
        assert equal(cached([source], "", make))
        assert make.calls == number
        assert equal(load_file(path))


def test_changes_in_memory_do_not_reach_the_file(folder: Path, source: Path) -> None:
    """Mapped tensors may be written to; the file and others who map it keep what was."""
    make = Maker()
    cached([source], "", make)["images"].zero_()
    cached([source], "", make)["images"].zero_()
    assert equal(cached([source], "", make))
    assert make.calls == 1


def test_without_a_folder_everything_is_made(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty variable turns the cache off; a folder that can't be written to is named once and does no harm."""
    make = Maker()
    monkeypatch.setenv(VARIABLE, "")
    assert cache_folder() is None
    assert all(equal(cached([source], "", make)) for _ in range(2))
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "file"))
    with pytest.warns(
        RuntimeWarning, match=rf"{tmp_path / 'file'} can't keep decoded images .*{VARIABLE} name another"
    ):
        assert equal(cached([source], "", make))
    assert make.calls == 3


def test_the_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """XDG_CACHE_HOME, else ~/.cache."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert cache_folder() == Path("/x/neuroevo")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/me")
    assert cache_folder() == Path("/home/me/.cache/neuroevo")


def test_many_images_come_from_the_cache(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data set is the same read first, read from the cache, and read without one; a changed image is noticed."""
    monkeypatch.setattr(picture_sets, "MANY", 4)
    root = tmp_path / "images"
    roles = {"ancestry": ["ant", "bee"], "held_out": ["elk"], "novel": ["hen"]}
    for name in ("ant", "bee", "elk", "hen"):
        (root / name).mkdir(parents=True)
        for shade in range(3):
            Image.new("RGB", (6, 6), (60 * shade, 40 * shade, ord(name[0]))).save(root / name / f"{shade}.png")
    (root / "split.json").write_text(str(roles).replace("'", '"'))
    read: list[int] = []
    data = image_folder(root, progress=read.append)
    assert read[-1] == 12
    assert len([*folder.iterdir()]) == 1
    assert image_folder(root).facts() == data.facts()
    Image.new("RGB", (6, 6), (255, 255, 255)).save(root / "ant" / "0.png")
    assert image_folder(root).facts() != data.facts()
