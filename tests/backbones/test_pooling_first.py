"""Inference pools before it normalises, to the same bits."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from neuroevo.backbones import VGG, Backbone, ConvNet4, Network

BACKBONES = (ConvNet4(widths=(4, 8, 8, 8)), VGG(widths=(4,) * 8, channels=1))


def trained(backbone: Backbone) -> Network:
    """Return a network whose norms rise in some channels, fall in others, and are constant in one."""
    draws = torch.Generator().manual_seed(3)
    network = backbone.build(5, generator=draws).eval()
    with torch.no_grad():
        for norm in (one for one in network.modules() if isinstance(one, nn.BatchNorm2d)):
            assert norm.running_mean is not None
            assert norm.running_var is not None
            for tensor in (norm.weight, norm.bias, norm.running_mean):
                tensor.normal_(generator=draws)
            norm.weight[0] = 0
            norm.running_var.uniform_(0.5, 2, generator=draws)
    return network


@pytest.mark.parametrize("backbone", BACKBONES, ids=lambda one: one.kind)
def test_inference_gives_the_same_bits(backbone: Backbone) -> None:
    """Signs are changed where a norm falls, so that the maximum stays the maximum."""
    network, images = trained(backbone), torch.randn(6, 1, 32, 32, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = network(images)
    with torch.inference_mode():
        assert torch.equal(network(images), expected)
        assert torch.equal(network.train()(images), network(images))  # by statistics of the batch as ever


@pytest.mark.parametrize("backbone", BACKBONES, ids=lambda one: one.kind)
def test_hooks_see_what_their_layers_return(backbone: Backbone) -> None:
    """A watched layer is called as it stands."""
    network, seen = trained(backbone), list[Tensor]()
    images = torch.randn(2, 1, 32, 32, generator=torch.Generator().manual_seed(1))
    network.get_submodule("norm1").register_forward_hook(lambda _, __, found: seen.append(found))
    with torch.inference_mode():
        expected = network(images)
    assert seen[0].shape[2:] == images.shape[2:]
    with torch.no_grad():
        assert torch.equal(network(images), expected)
