"""Containers of images: what they accept, and the statistics of a data set."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.data.images import Dataset, LabelledImages, channel_statistics


def images_of(classes: tuple[str, ...], *, shape: tuple[int, ...] = (1, 4, 4)) -> LabelledImages:
    """Return two random images of each class."""
    number = 2 * len(classes)
    generator = torch.Generator().manual_seed(number)
    pixels = torch.randint(0, 256, (number, *shape), generator=generator).to(torch.uint8)
    return LabelledImages(pixels, torch.arange(number) % len(classes), classes)


@given(number=st.integers(1, 6), channels=st.integers(1, 3), seed=st.integers(0, 999))
def test_statistics_equal_those_of_torch(number: int, channels: int, seed: int) -> None:
    """Mean and standard deviation agree with torch in float64 over images scaled to 0..1."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 256, (number, channels, 3, 3), generator=generator)
    mean, std = channel_statistics(images.to(torch.uint8))
    scaled = (images.to(torch.float64) / 255).transpose(0, 1).flatten(1)
    assert mean == pytest.approx(scaled.mean(1).tolist())
    assert std == pytest.approx(scaled.std(1, unbiased=False).tolist())


def test_dataset_takes_its_statistics_from_ancestry_alone() -> None:
    """Other roles change neither mean nor standard deviation."""
    ancestry, held_out, novel = images_of(("a", "b")), images_of(("c",)), images_of(("d",))
    dark = LabelledImages(torch.zeros_like(novel.images), novel.labels, novel.classes)
    first, second = (Dataset.of("made-up", ancestry, held_out, last) for last in (novel, dark))
    assert (first.mean, first.std) == (second.mean, second.std)
    assert (first.channels, first.size) == (1, 4)
    assert first.role("held_out") is held_out


def test_moving_a_dataset_keeps_its_content() -> None:
    """A data set brought to a device has the images, name and statistics of the first."""
    dataset = Dataset.of("made-up", *(images_of((name,)) for name in "abc"))
    moved = dataset.to("cpu")
    assert torch.equal(moved.novel.images, dataset.novel.images)
    assert (moved.name, moved.mean, moved.std) == (dataset.name, dataset.mean, dataset.std)


@pytest.mark.parametrize(
    ("images", "labels", "error", "words"),
    [
        (torch.zeros(2, 1, 4, 4), torch.zeros(2, dtype=torch.int64), TypeError, "images must be"),
        (torch.zeros(2, 1, 4, 4).byte(), torch.zeros(2), TypeError, "labels must be int64"),
        (torch.zeros(2, 4, 4).byte(), torch.zeros(2).long(), ValueError, "shape"),
        (torch.zeros(2, 1, 4, 0).byte(), torch.zeros(2).long(), ValueError, "shape"),
        (torch.zeros(2, 1, 4, 4).byte(), torch.zeros(3).long(), ValueError, r"\[2\].*\[3\]"),
        (torch.zeros(2, 1, 4, 4).byte(), torch.tensor([0, 2]), ValueError, r"0\.\.1"),
        (torch.zeros(2, 1, 4, 4).byte(), torch.tensor([-1, 0]), ValueError, r"-1\.\.0"),
    ],
)
def test_images_and_labels_that_do_not_fit_are_refused(
    images: torch.Tensor, labels: torch.Tensor, error: type[Exception], words: str
) -> None:
    """Another dtype, another shape or a label without a class is refused by name."""
    with pytest.raises(error, match=words):
        LabelledImages(images, labels, ("a", "b"))


def test_classes_must_be_different_names() -> None:
    """A class named twice is refused, and so is no class at all."""
    for classes in (("a", "a"), ()):
        with pytest.raises(ValueError, match="classes must be different names"):
            LabelledImages(torch.zeros(2, 1, 4, 4).byte(), torch.zeros(2).long(), classes)


def test_roles_must_share_no_class() -> None:
    """A class name in two roles is refused."""
    with pytest.raises(ValueError, match="ancestry and novel share a"):
        Dataset.of("made-up", images_of(("a", "b")), images_of(("c",)), images_of(("d", "a")))


def test_roles_must_have_square_images_of_one_shape() -> None:
    """Images of another shape in one role are refused, and oblong ones too."""
    with pytest.raises(ValueError, match="one shape"):
        Dataset.of("made-up", images_of(("a",)), images_of(("b",)), images_of(("c",), shape=(3, 4, 4)))
    with pytest.raises(ValueError, match="square"):
        Dataset.of("made-up", *(images_of((name,), shape=(1, 4, 5)) for name in "abc"))


@pytest.mark.parametrize(
    ("mean", "std", "words"),
    [
        ((0.5, 0.5), (0.1,), "mean must have 1 finite"),
        ((0.5,), (float("nan"),), "std must have 1 finite"),
        ((0.5,), (0.0,), "std must be above 0"),
    ],
)
def test_statistics_must_be_usable(mean: tuple[float, ...], std: tuple[float, ...], words: str) -> None:
    """Too many numbers, NaN and a standard deviation of zero are refused."""
    with pytest.raises(ValueError, match=words):
        Dataset("made-up", *(images_of((name,)) for name in "abc"), mean=mean, std=std)


def test_statistics_need_an_image() -> None:
    """No image has no mean."""
    with pytest.raises(ValueError, match="must not be empty"):
        channel_statistics(torch.zeros(0, 1, 4, 4).byte())


def test_an_unknown_role_is_refused() -> None:
    """A role must be one of three."""
    dataset = Dataset.of("made-up", *(images_of((name,)) for name in "abc"))
    with pytest.raises(ValueError, match="role must be one of"):
        dataset.role("train")


def test_facts_tell_data_sets_apart() -> None:
    """Equal data have equal facts; another pixel, another label and another name of a class change the digest."""
    parts = [images_of((name, f"{name}2")) for name in "abc"]
    facts = Dataset.of("made-up", *parts).facts()
    assert facts == Dataset.of("made-up", *parts).facts()
    assert facts["classes"] == {"ancestry": 2, "held_out": 2, "novel": 2}
    first = parts[2]
    pixels, labels = first.images.clone(), first.labels.clone()
    pixels[0, 0, 0, 0] ^= 1
    labels[0] = 1 - labels[0]
    others = (
        LabelledImages(pixels, first.labels, first.classes),
        LabelledImages(first.images, labels, first.classes),
        LabelledImages(first.images, first.labels, ("c", "c3")),
    )
    digests = {Dataset.of("made-up", *parts[:2], other).facts()["sha256"] for other in others}
    assert len(digests | {facts["sha256"]}) == 4
