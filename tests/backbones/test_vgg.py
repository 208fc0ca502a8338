"""VGG: the number of parameters and the features agree with a computation by hand."""

from types import ModuleType

import pytest
import torch
from torch.nn import functional as F

from neuroevo.backbones import VGG
from neuroevo.backbones.vgg import vgg11, vgg13, vgg16
from neuroevo.operators.circuits import circuit_counts
from neuroevo.structure import NamedStructure

SMALL = VGG(13, (2, 3, 3, 4, 2, 5, 3, 2, 4, 3), channels=2)


def by_hand(widths: list[int], *, channels: int) -> int:
    """Return the parameters of convolutions 3x3 without bias and their norms."""
    return sum(9 * a * b + 2 * b for a, b in zip([channels, *widths], widths, strict=False))


@pytest.mark.parametrize(
    ("backbone", "widths", "parameters"),
    [
        (vgg11(), [64, 128, 256, 256, 512, 512, 512, 512], 9_223_232),
        (vgg13(), [64, 64, 128, 128, 256, 256, 512, 512, 512, 512], 9_407_936),
        (vgg16(), [64, 64, 128, 128, 256, 256, 256, *[512] * 6], 14_718_912),
    ],
)
def test_parameters(backbone: VGG, widths: list[int], parameters: int) -> None:
    """The channels are those of the paper's table 1, with the parameters of convolutions and norms."""
    assert list(backbone.widths) == widths
    assert backbone.layout.parameters() == by_hand(widths, channels=3) == parameters


@pytest.mark.parametrize(("structure", "parameters"), [("equal-ratios", 1_844_427), ("equal-widths", 1_844_147)])
def test_a_fifth_of_vgg11(structure: NamedStructure, parameters: int) -> None:
    """A circuit of a fifth keeps 20 % of the parameters within half a point."""
    layout = vgg11().layout
    counts = circuit_counts(layout, share=0.2, structure=structure)
    kept = by_hand([*counts.values()], channels=3)
    assert layout.parameters(counts) == kept == parameters
    assert 100 * kept / layout.parameters() == pytest.approx(20, abs=0.5)


@torch.no_grad()
def test_features_by_hand(toys: ModuleType) -> None:
    """They are convolution, norm and ReLU, a pooling after each stage, and global average pooling."""
    images = torch.randn(3, 2, 84, 84, generator=toys.generator())
    weights = toys.network(SMALL).state_dict()
    expected = images
    for i in range(1, 11):
        expected = F.conv2d(expected, weights[f"conv{i}.weight"], padding=1)
        mean, variance, scale, shift = (
            weights[f"norm{i}.{name}"].reshape(-1, 1, 1) for name in ("running_mean", "running_var", "weight", "bias")
        )
        expected = F.relu((expected - mean) / (variance + 1e-5).sqrt() * scale + shift)
        if i % 2 == 0:
            expected = F.max_pool2d(expected, 2)
    torch.testing.assert_close(toys.network(SMALL).features(images), expected.mean((2, 3)))


@torch.no_grad()
@pytest.mark.parametrize(("size", "margins"), [((28, 28), (2, 2, 2, 2)), ((1, 40), (0, 0, 15, 16))])
def test_small_images_are_padded(size: tuple[int, int], margins: tuple[int, ...], toys: ModuleType) -> None:
    """Images below 32 pixels give what they give with zeros around them."""
    images = torch.randn(2, 2, *size, generator=toys.generator())
    network = toys.network(SMALL)
    assert torch.equal(network.features(images), network.features(F.pad(images, margins)))


def test_widths_of_the_paper_are_those_of_no_widths() -> None:
    """A backbone without widths is equal to one with all of them."""
    assert VGG(11) == VGG(11, (64, 128, 256, 256, 512, 512, 512, 512)) == vgg11()
