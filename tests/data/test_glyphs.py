"""The embedded data set: pinned, prefix-stable, varied and legible."""

import hashlib
import random

import numpy as np
import pytest
import torch

from neuroevo.data.glyphs import colour_glyphs, glyphs
from neuroevo.data.images import Dataset
from neuroevo.splits import ROLES, Split, load_split

DIGESTS = {1: "bb4f1e44f83eff76", 3: "af6a9a64992de35a"}


@pytest.fixture(scope="module")
def small() -> Dataset:
    """Return four grey images of each class."""
    return glyphs(images_per_class=4)


def digest(dataset: Dataset) -> str:
    """Return a short digest of all images."""
    pixels = b"".join(dataset.role(role).images.numpy().tobytes() for role in ROLES)
    return hashlib.sha256(pixels).hexdigest()[:16]


def equal(first: Dataset, second: Dataset) -> bool:
    """Return whether all images of two data sets are equal."""
    return all(torch.equal(first.role(role).images, second.role(role).images) for role in ROLES)


@pytest.mark.parametrize(("channels", "size"), [(1, 28), (3, 32)])
def test_images_are_the_pinned_ones(channels: int, size: int) -> None:
    """The same seed gives the same pixels on every platform."""
    found = digest(glyphs(images_per_class=4, channels=channels, size=size))
    assert found == DIGESTS[channels], (
        f"glyphs with {channels} channels have the digest {found}: matplotlib's fonts or numerics, or "
        "numpy's generator, changed, or this library's drawing did; results are then not comparable "
        "with earlier ones."
    )


def test_dataset_follows_its_split(small: Dataset) -> None:
    """Names, order, numbers and shape agree with the split."""
    split = load_split("glyphs")
    for role in ROLES:
        images = small.role(role)
        assert images.classes == split.role(role)
        assert torch.bincount(images.labels).tolist() == [4] * len(images.classes)
    assert (small.name, small.channels, small.size) == ("glyphs", split.channels, split.size)


def test_more_images_leave_the_first_ones_as_they_are() -> None:
    """The images of a smaller data set are the first of each class of a larger one."""
    few, many = (glyphs(images_per_class=number, size=9) for number in (33, 35))
    for role in ROLES:
        larger = many.role(role).images.unflatten(0, (-1, 35))[:, :33]
        assert torch.equal(few.role(role).images, larger.flatten(0, 1))


def test_other_classes_leave_a_class_as_it_is(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """The images of a character depend on its role, not on its neighbours."""
    split = Split("glyphs", ("B", "D"), ("C",), ("Ж",), 200, 1, 28)
    monkeypatch.setattr("neuroevo.data.glyphs.load_split", lambda name: split)
    fewer = glyphs(images_per_class=4)
    label = small.ancestry.classes.index("D")
    kept = small.ancestry.images[small.ancestry.labels == label]
    assert torch.equal(fewer.ancestry.images[4:], kept)


def test_seeds_differ(small: Dataset) -> None:
    """Another seed gives other images, the same seed the same."""
    assert equal(small, glyphs(images_per_class=4, seed=0))
    assert not equal(small, glyphs(images_per_class=4, seed=1))


def test_images_differ_and_none_is_blank(small: Dataset) -> None:
    """No image comes twice, and each has both light and dark pixels."""
    images = torch.cat([small.role(role).images for role in ROLES]).flatten(1)
    assert len(images.unique(dim=0)) == len(images)
    spread = images.amax(1).int() - images.amin(1).int()
    assert spread.min() > 60


def test_about_half_of_the_images_are_inverted(small: Dataset) -> None:
    """The edge is darker than the middle in some images and lighter in others."""
    images = torch.cat([small.role(role).images for role in ROLES]).float()
    edges = torch.cat([images[:, 0, 0], images[:, 0, -1], images[:, 0, :, 0]], dim=1).mean(1)
    is_dark = edges < images.mean((1, 2, 3))
    assert 0.4 < is_dark.float().mean() < 0.6


def test_classes_can_be_separated_on_other_images() -> None:
    """The nearest neighbour, light and dark aside, names the class far more often than chance."""
    images = glyphs(images_per_class=40).novel
    pixels = images.images.float().flatten(1)
    pixels = torch.nn.functional.normalize(pixels - pixels.mean(1, keepdim=True), dim=1)
    likeness = (pixels @ pixels.T).abs().fill_diagonal_(0)
    guessed = images.labels[likeness.argmax(1)]
    assert (guessed == images.labels).float().mean() > 0.4


def test_global_generators_stay_untouched() -> None:
    """Making images leaves the generators of Python, NumPy and torch where they were."""
    before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state()  # noqa: NPY002
    glyphs(images_per_class=1)
    assert random.getstate() == before[0]
    assert np.random.get_state()[1].tolist() == before[1]  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), before[2])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"seed": -1}, "seed must be at least 0"),
        ({"images_per_class": 0}, "images_per_class must be at least 1"),
        ({"size": 7}, "size must be at least 8"),
        ({"channels": 2}, "channels must be 1 .* or 3"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments: dict[str, int], words: str) -> None:
    """Each argument out of its range is named."""
    with pytest.raises(ValueError, match=words):
        glyphs(**arguments)


def test_colour_glyphs_are_the_coloured_variant() -> None:
    """Under a name of their own, with the same classes: no class changes its role between the two looks."""
    made, same = colour_glyphs(images_per_class=2), glyphs(images_per_class=2, channels=3, size=32)
    assert made.name == "colour-glyphs"
    assert torch.equal(made.novel.images, same.novel.images)
    for role in ROLES:
        assert load_split("colour-glyphs").role(role) == load_split("glyphs").role(role)
    assert (load_split("colour-glyphs").channels, load_split("colour-glyphs").size) == (made.channels, made.size)
