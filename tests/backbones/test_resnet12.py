"""ResNet12: the number of parameters and the features agree with a computation by hand."""

from types import ModuleType

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from neuroevo.backbones import ResNet12
from neuroevo.operators.circuits import circuit_counts

SMALL = ResNet12((2, 3, 4, 3, 2, 5, 4, 2, 3, 2, 4, 3), channels=2)


def by_hand(blocks: list[list[int]], *, channels: int) -> int:
    """Return the parameters of blocks: convolutions 3x3, a shortcut 1x1, and a norm for each."""
    total = 0
    for mid1, mid2, out in blocks:
        total += 9 * (channels * mid1 + mid1 * mid2 + mid2 * out) + channels * out + 2 * (mid1 + mid2 + 2 * out)
        channels = out
    return total


@pytest.mark.parametrize(
    ("widths", "parameters"), [((64, 160, 320, 640), 12_424_320), ((64, 128, 256, 512), 7_996_800)]
)
def test_parameters(widths: tuple[int, ...], parameters: int) -> None:
    """Both sizes of the literature have the parameters that their convolutions and norms have, and 20 % can be kept."""
    layout = ResNet12(widths).layout
    assert layout.parameters() == by_hand([[width] * 3 for width in widths], channels=3) == parameters
    counts = [*circuit_counts(layout, share=0.2).values()]
    kept = by_hand([counts[first : first + 3] for first in range(0, 12, 3)], channels=3)
    assert 100 * kept / parameters == pytest.approx(20, abs=0.5)


def test_the_larger_one_is_the_default() -> None:
    """Four widths stand for whole blocks."""
    assert ResNet12() == ResNet12((64, 160, 320, 640)) == ResNet12(tuple(w for w in (64, 160, 320, 640) for _ in "abc"))


@torch.no_grad()
@pytest.mark.parametrize("size", [16, 84])
def test_features_by_hand(size: int, toys: ModuleType) -> None:
    """They are three convolutions and a shortcut in each block, LeakyReLU and pooling, and an average."""
    images = torch.randn(3, 2, size, size, generator=toys.generator())
    weights = toys.network(SMALL).state_dict()

    def normed(name: str, norm: str, inputs: Tensor) -> Tensor:
        kernel = weights[f"{name}.weight"]
        outputs = F.conv2d(inputs, kernel, padding=kernel.shape[-1] // 2)
        mean, variance, scale, shift = (
            weights[f"{norm}.{each}"].reshape(-1, 1, 1) for each in ("running_mean", "running_var", "weight", "bias")
        )
        return (outputs - mean) / (variance + 1e-5).sqrt() * scale + shift

    expected = images
    for block in ("block1", "block2", "block3", "block4"):
        inside = F.leaky_relu(normed(f"{block}_conv1", f"{block}_norm1", expected), 0.1)
        inside = F.leaky_relu(normed(f"{block}_conv2", f"{block}_norm2", inside), 0.1)
        inside = normed(f"{block}_conv3", f"{block}_norm3", inside)
        shortcut = normed(f"{block}_shortcut", f"{block}_shortcut_norm", expected)
        expected = F.max_pool2d(F.leaky_relu(inside + shortcut, 0.1), 2)
    torch.testing.assert_close(toys.network(SMALL).features(images), expected.mean((2, 3)))


def test_groups_tie_the_shortcut() -> None:
    """The last convolution, the shortcut and both readers in the next block share one index set."""
    axes = SMALL.layout.axes
    assert axes["block1_conv3.weight"][0] == axes["block1_shortcut.weight"][0] == "block1.out"
    assert axes["block2_conv1.weight"][1] == axes["block2_shortcut.weight"][1] == "block1.out"
