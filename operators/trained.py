"""Learngenes of networks that were trained elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from neuroevo.backbones import Backbone
from neuroevo.backbones.traced import BODY
from neuroevo.learngene import Learngene
from neuroevo.operators.circuits import strongest_circuit
from neuroevo.operators.inheritance import Weights, extract
from neuroevo.structure import Structure


def cut(weights: Weights, *, backbone: Backbone, share: float, structure: Structure = "equal-widths") -> Learngene:
    """Return the circuit with the largest weights of a trained network as a learngene.

    Args:
        weights: The network's tensors by name, float32; of a module of your own those that `trace` returns with
            `weights=True`, or `fitted`.
        backbone: Its architecture.
        share: Share of the backbone's parameters, as for `circuit_counts`; 1 keeps all.
        structure: How wide its channel groups are beside each other, as for `circuit_counts`.
    """
    circuit = strongest_circuit(backbone.layout, weights, share=share, structure=structure)
    return extract(weights, circuit, backbone=backbone, provenance=circuit)


def fitted(state: Mapping[str, Tensor], backbone: Backbone) -> tuple[Backbone, dict[str, Tensor]]:
    """Return the backbone at the widths of a state dict, and the tensors of its layout, float32.

    Args:
        state: Tensors by the names of the backbone's networks, or by those of the module that it was traced from.
        backbone: The architecture, at any widths.

    Raises:
        ValueError: A tensor is missing, has another shape, or numbers that are not finite.
    """
    layout = backbone.layout
    named = {name: name if name in state else name.removeprefix(f"{BODY}.") for name in layout.axes}
    if missing := [name for name, own in named.items() if own not in state]:
        raise ValueError(
            f"the weights must be of a {backbone.describe()['kind']} network, but {len(missing)} of its "
            f"{len(named)} tensors are missing, the first of them {missing[0]}."
        )
    weights = {name: state[own].detach().float() for name, own in named.items()}
    widths: dict[str, int] = {}
    for name, tensor in weights.items():
        for axis, segments in enumerate(layout.segments(name)):
            if len(segments) == 1 and axis < tensor.ndim and segments[0][0] is not None:
                group, block = segments[0]
                widths.setdefault(str(group), max(1, tensor.shape[axis] // block))
    resized = backbone.resized({**layout.groups, **widths})
    for name, tensor in weights.items():
        if (shape := tuple(tensor.shape)) != (wanted := resized.layout.shapes[name]):
            raise ValueError(f"{name} must have the shape {wanted}, but in the weights it has {shape}.")
        if not bool(torch.isfinite(tensor).all()):
            raise ValueError(f"{name} must have finite weights, but it has others.")
    return resized, weights


OPERATORS = {"trained.cut": cut, "trained.fitted": fitted}
