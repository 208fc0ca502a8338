"""From a module to a backbone: its channel groups are derived from the graph of `torch.export`."""

from __future__ import annotations

import logging
import warnings
from contextlib import redirect_stderr
from copy import deepcopy
from io import StringIO
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING, Literal, NamedTuple, overload

import torch
from torch import Tensor, nn

from neuroevo.backbones.following import follow
from neuroevo.backbones.grouping import Grouping
from neuroevo.backbones.numbered import Node, Refusal
from neuroevo.backbones.recording import Recording, called, head_of
from neuroevo.backbones.traced import BODY, Traced

if TYPE_CHECKING:
    from torch.export import ExportedProgram

TOLERANCE = 1e-3
"""Largest difference of features, in units of the largest one, in single precision."""


class TracedModule(NamedTuple):
    """A module as a backbone with its weights.

    Attributes:
        backbone: Its description.
        weights: The module's tensors by the names of the backbone's networks; the head is `head`.
    """

    backbone: Traced
    weights: dict[str, Tensor]


@overload
def trace(module: nn.Module, *, image: tuple[int, ...], weights: Literal[False] = False) -> Traced: ...


@overload
def trace(module: nn.Module, *, image: tuple[int, ...], weights: Literal[True]) -> TracedModule: ...


def trace(module: nn.Module, *, image: tuple[int, ...], weights: bool = False) -> Traced | TracedModule:
    """Return a module as a backbone, with channel groups derived from its operations.

    The module is left unchanged. Dropout is left out. The last linear layer or convolution 1x1 is the head, which
    reads the mean over pixels or tokens; what follows it (an activation, a softmax) is left out. Channels are one group
    if they lie in the same tensors in the same order. What can't be cut is kept whole and has no group: the channels
    that a layer norm reads together, and those that a shuffle has put in another order.

    The traced network is compared with the module on random images before it is returned.

    Args:
        module: A classifier without decisions that depend on its input.
        image: The shape of one input without the batch: [C, H, W] of an image, [C, L] of a signal.
        weights: Whether to return the module's weights, too, so that circuits can be cut from a trained network:
            `extract(weights, strongest_circuit(backbone.layout, weights, share=0.2), backbone=backbone, ...)`.

    Raises:
        ValueError: An operation is not supported, or no layer gives the outputs; the message names it.
    """
    own = deepcopy(module).cpu().float().eval().requires_grad_()
    program = _exported(own, type(module).__name__, image)
    signature = program.graph_signature
    tensors = {**dict(own.named_parameters(remove_duplicate=False)), **dict(own.named_buffers(remove_duplicate=False))}
    parameters = dict(signature.inputs_to_parameters)
    # Running statistics belong to their norms.
    constants = {place: tensors[name] for place, name in signature.inputs_to_buffers.items()}
    constants |= {place: program.constants[name] for place, name in signature.inputs_to_lifted_tensor_constants.items()}
    head = head_of(program.graph, parameters)
    try:
        found = follow(program.graph, parameters, constants, image)
    except Refusal as refusal:
        raise ValueError(f"{called(refusal.args[0])} is not supported: a backbone can't be traced of it.") from refusal
    names = {**parameters, **dict(signature.inputs_to_buffers)}
    backbone = Recording(program.graph, found, Grouping(found), names, tensors, image).backbone(head)
    state = _weights(backbone, tensors, names, head)
    _compare(backbone, state, own, names[head.args[1].name], image)
    return TracedModule(backbone, state) if weights else backbone


def _exported(module: nn.Module, name: str, image: tuple[int, ...]) -> ExportedProgram:
    """Return the graph of a module for any number of images."""
    from torch._dynamo.exc import UserError
    from torch.export import Dim, export
    from torch.fx.experimental.symbolic_shapes import GuardOnDataDependentSymNode

    images = torch.zeros(2, *image)
    try:
        with torch.no_grad():
            module(images)
    except Exception as error:
        raise ValueError(
            f"{name} must take images of the shape {image}, but it does not: {_first_line(error)}."
        ) from error
    # What it logs and prints of a failure is in the exception, too.
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), torch.enable_grad(), redirect_stderr(StringIO()):
            warnings.simplefilter("ignore")
            try:
                return export(module, (images,), dynamic_shapes=({0: Dim("images")},), strict=False)
            except UserError:
                # Such as len(images), a number that only the code's analysis follows.
                return export(module, (images,), dynamic_shapes=({0: Dim("images")},), strict=True)
    except GuardOnDataDependentSymNode as error:
        raise ValueError(
            f"{name} can't be traced: {_place_of(error)} branches on the value of a tensor; compute both sides and "
            "choose with torch.where."
        ) from error
    except Exception as error:
        raise ValueError(f"{name} can't be traced by torch.export: {_first_line(error)}.") from error
    finally:
        logging.disable(before)


def _place_of(error: Exception) -> str:
    """Return the innermost line outside PyTorch that an error came from: `line 31 of net.py`."""
    library = str(Path(torch.__file__).parent)
    frames = [one for one in extract_tb(error.__traceback__) if not one.filename.startswith((library, "<"))]
    return f"line {frames[-1].lineno} of {Path(frames[-1].filename).name}"


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")


def _weights(backbone: Traced, tensors: dict[str, Tensor], names: dict[str, str], head: Node) -> dict[str, Tensor]:
    """Return a module's tensors by the names of the traced network."""
    weight = tensors[names[head.args[1].name]].detach()
    bias = head.args[2] if len(head.args) > 2 else None
    network = backbone.build(len(weight), generator=torch.Generator())
    own = {f"{BODY}.{name}": tensor for name, tensor in tensors.items()} | {
        "head.weight": weight.flatten(1),
        "head.bias": torch.zeros(len(weight)) if bias is None else tensors[names[bias.name]],
    }
    return {name: own[name].detach().clone().contiguous() for name in network.state_dict()}


@torch.no_grad()
def _compare(backbone: Traced, state: dict[str, Tensor], module: nn.Module, head: str, image: tuple[int, ...]) -> None:
    """Raise ValueError unless the traced network computes the features of a module."""
    network = backbone.build(len(state["head.weight"]), generator=torch.Generator()).eval()
    network.load_state_dict(state)
    images = torch.randn(3, *image, generator=torch.Generator().manual_seed(0))
    read: list[Tensor] = []
    layer = module.get_submodule(head.rpartition(".")[0])
    handle = layer.register_forward_pre_hook(lambda _, inputs: read.append(inputs[0]))
    module(images)
    handle.remove()
    features = network.features(images)
    if read:
        expected = read[-1].movedim(-1, 1) if isinstance(layer, nn.Linear) else read[-1]
        expected = expected.flatten(2).mean(2) if expected.ndim > 2 else expected
        apart = float((features - expected).abs().max() / expected.abs().max().clamp(min=1e-6))
        if not apart <= TOLERANCE:
            raise ValueError(
                f"{type(module).__name__} can't be traced: the traced network gives other features, {apart:.2g} apart."
            )
