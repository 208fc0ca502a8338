"""`neuroevo datasets check`, and data sets on disk in the other commands."""

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from neuroevo import catalogue
from neuroevo.cli.settings.rules import takes
from neuroevo.data import cifar_fs
from neuroevo.learngene import Learngene

Program = Callable[..., Any]
DATASETS = catalogue.entries("dataset")
DATASETS_ON_DISK = [name for name in DATASETS if "data_root" in takes(name)]
DEBIAN = Path("/usr/share/datasets/fashion-mnist")
TINY = ("--width", 0.1, "--generations", 1, "--population", 2, "--life-updates", 2, "--critic-updates", 2)
TINY = (*TINY, "--cycle", 1, "--quiet")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, formats: ModuleType) -> Path:
    """Return a folder with a small collection of each format."""
    folder = tmp_path_factory.mktemp("data")
    formats.write_cifar100(folder / "cifar-fs")
    formats.write_mini_imagenet_pickles(folder / "mini-imagenet")
    formats.write_tiny_imagenet(folder / "tiny-imagenet")
    formats.write_image_folder(folder / "image-folder", size=16)
    return folder


@pytest.mark.parametrize("name", ["cifar-fs", "mini-imagenet", "image-folder"])
def test_evolve_runs_on_three_images_per_class(neuroevo: Program, root: Path, tmp_path: Path, name: str) -> None:
    """One shot leaves two images of each class to be tested on, and the run says which data it had."""
    out = tmp_path / "run"
    size = ("--image-size", 16) if name == "image-folder" else ()
    words = ("--dataset", name, "--data-root", root / name, "--critic-ways", 2, "--critic-shots", 1, *size)
    call = neuroevo("evolve", "gtl", *words, *TINY, "--out", out)
    assert call.code == 0, call.err
    assert json.loads((out / "run.json").read_text())["data"]["name"] == name
    assert tomllib.loads((out / "settings.toml").read_text())["data_root"] == str(root / name)


def test_too_many_shots_are_refused(neuroevo: Program, root: Path, tmp_path: Path) -> None:
    """Where classes have three images, ten shots are refused in a sentence that says what to do; no folder is made."""
    words = ("--dataset", "cifar-fs", "--data-root", root / "cifar-fs", *TINY, "--out", tmp_path / "run")
    call = neuroevo("evolve", "gtl", *words)
    assert (call.code, call.out) == (2, "")
    assert not (tmp_path / "run").exists()
    assert "shots must be below 3, the images of the smallest class, but it is 10; ask for fewer." in call.err


@pytest.mark.parametrize("name", ["cifar-fs", "mini-imagenet", "tiny-imagenet"])
def test_a_smaller_collection_is_not_complete(neuroevo: Program, root: Path, name: str) -> None:
    """Counts are compared with the published ones, role by role, and the source is named."""
    call = neuroevo("datasets", "check", name, "--data-root", root / name)
    assert (call.code, call.err) == (1, "")
    assert "BAD  novel: 20 classes with 3 images each" in call.out
    assert re.search(r"the published data set has (550|600) of each", call.out)
    assert re.search("https?://", call.out.splitlines()[-1])


def test_a_folder_of_images_is_complete(neuroevo: Program, root: Path) -> None:
    """Of a collection of one's own the split file decides; findings are JSON if that is asked."""
    words = ("datasets", "check", "image-folder", "--data-root", root / "image-folder", "--image-size", 8, "--json")
    call = neuroevo(*words)
    found = json.loads(call.out)
    assert call.code == 0
    assert (found["dataset"], found["good"], len(found["findings"])) == ("image-folder", True, 4)
    assert found["findings"][0]["sentence"].endswith("gives 10 classes a role and names all folders.")
    assert "novel: 3 classes with 3 images each, 8 x 8 pixels, colour." in found["findings"][3]["sentence"]


def test_made_data_sets_are_complete(neuroevo: Program, made: list[str]) -> None:
    """What is made needs no files."""
    call = neuroevo("datasets", "check", "glyphs")
    assert (call.code, call.out.splitlines()[-1]) == (0, "glyphs is complete.")
    assert "novel: 4 classes with 60 images each, 16 x 16 pixels, grey." in call.out


@pytest.mark.slow
@pytest.mark.skipif(not DEBIAN.exists(), reason="Debian's package dataset-fashion-mnist is not installed")
def test_the_published_files_are_complete(neuroevo: Program) -> None:
    """The files of Debian's package have the published digests, classes and counts."""
    call = neuroevo("datasets", "check", "fashion-mnist", "--data-root", DEBIAN)
    assert call.code == 0
    assert call.out.count("has the SHA-256 of the published file.") == 4
    assert "ancestry: 6 classes with 7000 images each, 28 x 28 pixels, grey." in call.out


@pytest.mark.parametrize("name", DATASETS_ON_DISK)
def test_an_empty_folder_is_reported_with_the_source(neuroevo: Program, tmp_path: Path, name: str) -> None:
    """Every data set on disk says what is missing and where it can be had, once."""
    call = neuroevo("datasets", "check", name, "--data-root", tmp_path)
    assert call.code == 1
    first, last = call.out.splitlines()
    assert first.startswith("BAD  ")
    assert str(tmp_path) in first
    assert "lacks" in first
    assert last == f"{name} is not complete."
    source = json.loads(neuroevo("datasets", "check", name, "--data-root", tmp_path, "--json").out)["source"]
    assert source in first


def test_digests_are_checked(neuroevo: Program, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many images as published that are not the same are found."""
    monkeypatch.setattr(cifar_fs, "COUNT", 300)
    call = neuroevo("datasets", "check", "cifar-fs", "--data-root", root / "cifar-fs")
    assert call.code == 1
    assert "must hold the images of CIFAR-100, with the digest c6962c30bb785dfb5b54f53aebb91f1e" in call.out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("xyz",), f"NAME must be one of {', '.join(DATASETS)}"),
        (("glyphz",), "did you mean glyphs"),
        (("cifar-fs",), "--data-root must name the folder"),
        (("cifar-fs", "--data-root", "/nowhere/at/all"), "--data-root must be an existing folder"),
        (("glyphs", "--data-root", "."), "--data-root must be left out"),
        (("cifar-fs", "--data-root", ".", "--image-size", 32), "--image-size must come with"),
        ((), "NAME must be given, for example: neuroevo datasets check glyphs."),
    ],
)
def test_wrong_usage_is_one_sentence(neuroevo: Program, words: tuple[object, ...], sentence: str) -> None:
    """One sentence and the exit code 2."""
    call = neuroevo("datasets", "check", *words)
    assert (call.code, call.out) == (2, "")
    assert sentence in call.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--dataset", "mini-imagenet", "--download"), "--download must come with cifar-fs or fashion-mnist"),
        (("--dataset", "cifar-fs", "--image-size", 84), "--image-size must come with"),
        (("--augment", "crop,zoom"), "--augment must be some of crop, flip, jitter, separated by commas"),
        (("--augment", "flip,flip"), "--augment must be some of"),
    ],
)
def test_what_a_data_set_can_not_do_is_refused(
    neuroevo: Program, tmp_path: Path, words: tuple[object, ...], sentence: str
) -> None:
    """Downloads, sizes and augmentations that are not there are refused before any folder is made."""
    call = neuroevo("bench", *words, "--data-root", tmp_path, "--out", tmp_path / "run")
    assert call.code == 2
    assert sentence in call.err
    assert not (tmp_path / "run").exists()


def test_a_download_that_fails_is_one_sentence(
    neuroevo: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a network a download ends in one sentence and leaves nothing behind."""

    def fail(*_: object, **__: object) -> None:
        raise OSError("Name or service not known")

    monkeypatch.setattr("torchvision.datasets.utils.download_and_extract_archive", fail)
    (tmp_path / "data").mkdir()
    words = ("--dataset", "cifar-fs", "--data-root", tmp_path / "data", "--download", "--quick")
    call = neuroevo("bench", *words, "--out", tmp_path / "run")
    assert call.code != 0
    assert call.err.count("CIFAR-100 can't be downloaded (Name or service not known); check the network") == 1
    assert "Traceback" not in call.err
    assert not list((tmp_path / "data").iterdir())


def test_augmentation_is_a_setting_that_resuming_keeps(neuroevo: Program, made: list[str], tmp_path: Path) -> None:
    """It changes what is evolved, is in the settings and the facts, and a run goes on with it and no other."""
    tensors = {}
    for name, words in (
        ("plain", ()),
        ("augmented", ("--augment", "crop,flip,jitter")),
        ("again", ("--augment", "flip")),
    ):
        call = neuroevo("evolve", "gtl", *TINY, *words, "--out", tmp_path / name)
        assert call.code == 0, call.err
        tensors[name] = Learngene.load(tmp_path / name / "learngene.safetensors").tensors()
    assert any(not torch.equal(tensors["plain"][key], tensors["augmented"][key]) for key in tensors["plain"])
    settings = tomllib.loads((tmp_path / "augmented" / "settings.toml").read_text())
    assert settings["augment"] == ["crop", "flip", "jitter"]
    facts = json.loads((tmp_path / "augmented" / "run.json").read_text())
    assert facts["data"]["augmentation"] == {"padding": 0.125, "flip": True, "jitter": 0.4}
    refused = neuroevo("evolve", "--resume", tmp_path / "augmented", "--augment", "flip", "--generations", 2)
    assert refused.code == 2
    assert "augment (('crop', 'flip', 'jitter') in the run, ('flip',) given)" in refused.err
    assert neuroevo("evolve", "--resume", tmp_path / "augmented", "--generations", 2, "--quiet").code == 0
    straight = neuroevo(
        "evolve", "gtl", *TINY, "--augment", "crop,flip,jitter", "--generations", 2, "--out", tmp_path / "two"
    )
    assert straight.code == 0
    first, second = (
        Learngene.load(tmp_path / name / "learngene.safetensors").tensors() for name in ("augmented", "two")
    )
    assert all(torch.equal(first[key], second[key]) for key in first)
