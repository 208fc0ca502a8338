"""Augmented images are images of the same kind, and depend on the given generator alone."""

from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from neuroevo.data.augmentation import Augmentation, colour_jitter, random_crop, random_flip

SEEDS = st.integers(0, 2**32)
AUGMENTATIONS = st.builds(
    Augmentation, padding=st.floats(0, 1), flip=st.booleans(), jitter=st.sampled_from([0.0, 0.4, 1.0])
)


def generator(seed: int) -> torch.Generator:
    """Return a fresh generator of the CPU."""
    return torch.Generator().manual_seed(seed)


@st.composite
def images(draw: st.DrawFn, *, channels: st.SearchStrategy[int] | None = None) -> Tensor:
    """Draw images uint8 [N, C, H, H]."""
    count, size = draw(st.integers(0, 5)), draw(st.integers(1, 9))
    shape = (count, draw(st.integers(1, 4) if channels is None else channels), size, size)
    return torch.randint(0, 256, shape, generator=generator(draw(SEEDS)), dtype=torch.uint8)


@given(given=images(), augment=AUGMENTATIONS, seed=SEEDS)
def test_shape_kind_and_argument_stay(given: Tensor, augment: Augmentation, seed: int) -> None:
    """The result is uint8 of the same shape, follows from the seed, and the argument is unchanged."""
    before = given.clone()
    first, second = augment(given, generator(seed)), augment(given, generator(seed))
    assert (first.dtype, first.shape) == (torch.uint8, given.shape)
    assert torch.equal(first, second)
    assert torch.equal(given, before)


@given(given=images(), seed=SEEDS)
def test_nothing_asked_is_nothing_drawn(given: Tensor, seed: int) -> None:
    """Without any part switched on, images and the generator stay as they are."""
    source = generator(seed)
    before = source.get_state()
    assert torch.equal(Augmentation()(given, source), given)
    assert torch.equal(source.get_state(), before)


@given(given=images(), padding=st.integers(0, 4), seed=SEEDS)
def test_a_crop_is_a_window_of_the_padded_image(given: Tensor, padding: int, seed: int) -> None:
    """Every image is one of the windows of itself within a black border; without a border it is itself."""
    size = given.shape[2]
    padded = F.pad(given, (padding,) * 4)
    for image, cropped in zip(padded, random_crop(given, padding=padding, generator=generator(seed)), strict=True):
        windows = image.unfold(1, size, 1).unfold(2, size, 1).permute(1, 2, 0, 3, 4).flatten(0, 1)
        assert len(windows) == (2 * padding + 1) ** 2
        assert any(torch.equal(window, cropped) for window in windows)


@given(given=images(), seed=SEEDS)
def test_a_flip_is_the_image_or_its_mirror(given: Tensor, seed: int) -> None:
    """Every image is itself or its mirror, all channels alike."""
    for image, flipped in zip(given, random_flip(given, generator=generator(seed)), strict=True):
        assert torch.equal(flipped, image) or torch.equal(flipped, image.flip(-1))


@given(given=images(), seed=SEEDS)
def test_no_strength_is_no_jitter(given: Tensor, seed: int) -> None:
    """With the strength 0, colours stay as they are."""
    assert torch.equal(colour_jitter(given, strength=0.0, generator=generator(seed)), given)


@given(given=images(channels=st.just(3)), seed=SEEDS)
def test_jitter_keeps_grey_grey_and_black_dark(given: Tensor, seed: int) -> None:
    """Grey images have no colour to gain, and pixels of one image that are equal stay equal."""
    grey = given[:, :1].expand_as(given)
    jittered = colour_jitter(grey, strength=0.4, generator=generator(seed)).int()
    assert (jittered - jittered[:, :1]).abs().max() <= 1 if jittered.numel() else True
    flat = given[:, :, :1, :1].expand_as(given)
    jittered = colour_jitter(flat, strength=0.4, generator=generator(seed))
    assert torch.equal(jittered, jittered[:, :, :1, :1].expand_as(jittered))


def test_draws_spread_as_they_should() -> None:
    """Of many images half are mirrored, all offsets occur equally often, and brightness spreads around what it was."""
    ramp = torch.arange(4, dtype=torch.uint8).mul(20).add(10).expand(20_000, 1, 4, 4).contiguous()
    mirrored = (random_flip(ramp, generator=generator(0))[:, 0, 0, 0] == 70).float().mean()
    assert 0.49 < float(mirrored) < 0.51
    cropped = random_crop(ramp, padding=1, generator=generator(1))
    columns = cropped[:, 0, 1, 1].unique(return_counts=True)[1]
    rows = (cropped[:, 0, 0, 1] == 0).float().mean()
    assert columns.tolist() == pytest.approx([20_000 / 3] * 3, rel=0.05)
    assert float(rows) == pytest.approx(1 / 3, abs=0.02)
    bright = colour_jitter(torch.full((20_000, 3, 1, 1), 100, dtype=torch.uint8), strength=0.4, generator=generator(2))
    values = bright[:, 0, 0, 0].double()
    assert float(values.mean()) == pytest.approx(100, abs=1)
    assert (int(values.min()), int(values.max())) == (60, 140)


@pytest.mark.parametrize("arguments", [{"padding": -0.1}, {"padding": 1.1}, {"jitter": 1.5}, {"jitter": float("nan")}])
def test_shares_lie_between_0_and_1(arguments: dict[str, float]) -> None:
    """Shares outside [0, 1] and NaN are refused."""
    with pytest.raises(ValueError, match=r"padding and jitter must lie in \[0, 1\]"):
        Augmentation(**arguments)


def test_odd_strengths_are_refused() -> None:
    """The functions check their arguments, too."""
    picture = torch.zeros(1, 1, 2, 2, dtype=torch.uint8)
    with pytest.raises(ValueError, match="padding must be at least 0"):
        random_crop(picture, padding=-1, generator=generator(0))
    with pytest.raises(ValueError, match=r"strength must lie in \[0, 1\]"):
        colour_jitter(picture, strength=2.0, generator=generator(0))


def test_facts_tell_of_augmentation(toys: ModuleType) -> None:
    """A data set with augmentation differs from one without, and stays so on another device."""
    plain: Any = toys.dataset()
    augmented = replace(plain, augmentation=Augmentation(flip=True))
    assert "augmentation" not in plain.facts()
    assert augmented.facts()["augmentation"] == {"padding": 0.0, "flip": True, "jitter": 0.0}
    assert augmented.to("cpu").augmentation == augmented.augmentation
