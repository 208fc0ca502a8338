"""Containers of images: what they accept, and the statistics of a data set."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.data.augmentation import Augmentation
from neuroevo.data.images import Dataset, LabelledImages, channel_statistics
from neuroevo.execution import Pixels


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
        (torch.zeros(2, 1, 4, 4).double(), torch.zeros(2).long(), TypeError, "images must be uint8, or float32"),
        (torch.zeros(2), torch.zeros(2).long(), ValueError, "shape"),
        (torch.tensor([[0.0], [torch.nan]]), torch.zeros(2).long(), ValueError, "finite numbers, but 1 of 2 are not"),
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


def test_roles_must_have_images_of_one_shape_and_dtype() -> None:
    """Images of another shape or dtype in one role are refused; oblong ones have a shape, but no size."""
    ancestry, held_out, novel = (images_of((name,)) for name in "abc")
    with pytest.raises(ValueError, match="one shape"):
        Dataset.of("made-up", ancestry, held_out, images_of(("c",), shape=(3, 4, 4)))
    with pytest.raises(ValueError, match="one dtype"):
        Dataset.of("made-up", ancestry, held_out, replace(novel, images=novel.images.float()))
    oblong = Dataset.of("made-up", *(images_of((name,), shape=(1, 4, 5)) for name in "abc"))
    assert oblong.shape == (1, 4, 5)
    with pytest.raises(ValueError, match=r"must have square images .* the shape \[1, 4, 5\]"):
        _ = oblong.size


@given(
    shape=st.lists(st.integers(1, 4), min_size=1, max_size=3), seed=st.integers(0, 999), unit=st.sampled_from([1, 1e4])
)
def test_examples_of_any_shape_are_normalised_by_channel(shape: list[int], seed: int, unit: float) -> None:
    """Tables, signals and images of numbers get mean 0 and deviation 1 per channel in a copy."""
    generator = torch.Generator().manual_seed(seed)
    examples = unit * torch.randn(20, *shape, generator=generator) + 3
    before = examples.clone()
    parts = [LabelledImages(examples, torch.zeros(20).long(), (name,)) for name in "abc"]
    dataset = Dataset.of("made-up", *parts)
    normal = Pixels.of(dataset)(examples)
    assert dataset.shape == tuple(shape)
    assert torch.equal(examples, before)
    flat = normal.transpose(0, 1).flatten(1)
    assert torch.allclose(flat.mean(1), torch.zeros(shape[0]), atol=1e-3)
    assert torch.allclose(flat.std(1, correction=0), torch.ones(shape[0]), atol=1e-3)


def test_numbers_are_not_augmented() -> None:
    """Crops, flips and jitter are for images: of other examples one sentence refuses them."""
    examples = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    parts = [LabelledImages(examples, torch.zeros(4).long(), (name,)) for name in "abc"]
    with pytest.raises(ValueError, match="augmentation must be None for examples in floating point"):
        replace(Dataset.of("made-up", *parts), augmentation=Augmentation(flip=True))


def test_shapes_and_dtypes_tell_data_sets_apart() -> None:
    """The same bytes in another shape or dtype are another data set; square images have the facts that they had."""

    def made(shape: tuple[int, ...]) -> Dataset:
        return Dataset.of("made-up", *(images_of((name,), shape=shape) for name in "abc"))

    square, oblong, other = made((1, 4, 4)), made((1, 2, 8)), made((1, 8, 2))
    assert "shape" not in square.facts()
    assert oblong.facts()["shape"] == [1, 2, 8]
    assert oblong.facts() != other.facts()


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
