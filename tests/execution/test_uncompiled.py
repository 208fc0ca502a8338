"""PyTorch's parts without its compiler compute what PyTorch's own do."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from neuroevo.backbones import MLP, VGG, Backbone, ConvNet4, ResNet12, ViT
from neuroevo.execution.cost import multiply_adds
from neuroevo.execution.uncompiled import SGD, AdamW

OPTIMISERS = {
    "sgd": (SGD, torch.optim.SGD, {"momentum": 0.9, "weight_decay": 1e-3}),
    "adamw": (AdamW, torch.optim.AdamW, {"betas": (0.8, 0.99), "weight_decay": 1e-2}),
}
NETWORKS: dict[str, tuple[Backbone, tuple[int, ...]]] = {
    "convnet4": (ConvNet4(widths=(4, 4, 4, 4)), (1, 28, 28)),
    "vgg": (VGG(11, channels=3).resized(dict.fromkeys(VGG(11, channels=3).layout.groups, 4)), (3, 32, 32)),
    "resnet12": (ResNet12(channels=3).resized(dict.fromkeys(ResNet12(channels=3).layout.groups, 4)), (3, 32, 32)),
    "vit": (ViT(channels=1, size=28), (1, 28, 28)),
    "mlp": (MLP(inputs=10), (10,)),
}


def trained(kind: Any, settings: dict[str, Any]) -> Tensor:
    """Return a matrix after some updates, which are none of the gradient's affair."""
    matrix, images = nn.Parameter(torch.linspace(-1, 1, 6).reshape(3, 2)), torch.linspace(-1, 1, 12).reshape(4, 3)
    optimiser = kind([matrix], lr=0.1, fused=True, **settings)
    for _ in range(5):
        optimiser.zero_grad(set_to_none=True)
        (images @ matrix).square().sum().backward()
        optimiser.step()
    assert torch.is_grad_enabled()
    assert matrix.is_leaf
    return matrix.detach()


@pytest.mark.parametrize(("ours", "theirs", "settings"), OPTIMISERS.values(), ids=OPTIMISERS)
def test_optimisers_take_the_same_steps(ours: Any, theirs: Any, settings: dict[str, Any]) -> None:
    """Bit for bit."""
    assert torch.equal(trained(ours, settings), trained(theirs, settings))


@pytest.mark.parametrize(("backbone", "image"), NETWORKS.values(), ids=NETWORKS)
def test_operations_are_counted_as_pytorch_counts_them(backbone: Backbone, image: tuple[int, ...]) -> None:
    """With what PyTorch counts on shapes alone."""
    network = backbone.build(5, generator=torch.Generator()).to("meta").eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.empty(1, *image, device="meta"))
    assert multiply_adds(backbone, image, 5) == counter.get_total_flops() // 2
