"""How important the channels of a trained network are: what a circuit is chosen by.

Every function returns a number for each channel of each group, float64 [channels], for `circuits.top_circuit`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from neuroevo.backbones import Layout
from neuroevo.backbones.backbone import MATRICES, NORMS
from neuroevo.operators.circuits import weight_norms
from neuroevo.operators.places import per_channel

Importance = dict[str, Tensor]


def by_weights(layout: Layout, network: nn.Module, images: Tensor, labels: Tensor) -> Importance:
    """Return the L1 norm of each channel's input weights; images play no part.

    Source: Li et al. 2017, Pruning Filters for Efficient ConvNets (arXiv 1608.08710), section 3.1.

    Args:
        layout: The network's channel groups.
        network: The network.
        images: Normalised images, [n, C, H, W].
        labels: Their labels, int64 [n].
    """
    del images, labels
    return weight_norms(layout, network.state_dict())


def by_activations(layout: Layout, network: nn.Module, images: Tensor, labels: Tensor) -> Importance:
    """Return the mean of what each channel gives behind its norm layer, as far as it is positive.

    Channels without a norm layer are measured by what their convolution or matrix gives.

    Source: after Hu et al. 2016, Network Trimming (arXiv 1607.03250), who count how often it is positive.

    Args:
        layout: The network's channel groups.
        network: The network, in evaluation mode.
        images: Normalised images, [n, C, H, W].
        labels: Their labels, int64 [n]; they play no part.
    """
    del labels
    plain, normed = ({group: torch.zeros(n, dtype=torch.float64) for group, n in layout.groups.items()} for _ in "ab")

    def listener(name: str, into: Importance) -> Callable[..., None]:
        segments = layout.segments(name)[layout.output(name)]

        def listen(module: nn.Module, inputs: object, outputs: Tensor) -> None:
            del inputs
            axis = -1 if isinstance(module, nn.Linear | nn.LayerNorm) else 1
            means = outputs.relu().movedim(axis, 0).flatten(1).double().mean(1).cpu()
            for group, sums in per_channel(segments, means, layout.groups).items():
                into[group] += sums

        return listen

    handles = [
        module.register_forward_hook(listener(f"{name}.weight", normed if isinstance(module, NORMS) else plain))
        for name, module in network.named_modules()
        if isinstance(module, (*MATRICES, *NORMS)) and f"{name}.weight" in layout.axes
    ]
    try:
        with torch.no_grad():
            network(images)
    finally:
        for handle in handles:
            handle.remove()
    return {group: normed[group] if bool(normed[group].any()) else plain[group] for group in layout.groups}


def by_gradients(layout: Layout, network: nn.Module, images: Tensor, labels: Tensor) -> Importance:
    """Return what the loss changes by without each channel, to first order: the sum of its weights' |w dL/dw|.

    Source: Lee et al. 2019, SNIP (arXiv 1810.02340), equation 6, of a trained network, summed over channels.

    Args:
        layout: The network's channel groups.
        network: The network, in evaluation mode, with a head for the labels.
        images: Normalised images, [n, C, H, W].
        labels: Their labels, int64 [n].
    """
    weights = {name: network.get_parameter(name) for name, axes in layout.axes.items() if len(axes) > 1}
    loss = F.cross_entropy(network(images), labels)
    slopes = torch.autograd.grad(loss, [*weights.values()], materialize_grads=True)
    return weight_norms(layout, {name: one * slope for (name, one), slope in zip(weights.items(), slopes, strict=True)})


Measure = Callable[[Layout, nn.Module, Tensor, Tensor], Importance]

IMPORTANCE: Mapping[str, Measure] = {
    "weights": by_weights,
    "activations": by_activations,
    "gradients": by_gradients,
}
"""All measures by name."""
