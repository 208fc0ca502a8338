"""The laws of backbones: the layout describes the networks correctly, and these follow from their generator alone."""

from __future__ import annotations

import json
import math
import pickle
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.backbones import Backbone, Network
from neuroevo.backbones.layout import length
from neuroevo.operators.circuits import random_circuit
from neuroevo.operators.inheritance import extract, inherit
from neuroevo.testing.architectures import random_network
from neuroevo.testing.laws.circuits import on_axis
from neuroevo.testing.laws.law import Breach, Case, Law, Statement, check, name_of
from neuroevo.testing.laws.purity import (
    Arguments,
    equal_seeds_equal_results,
    global_generators_left_alone,
    other_seeds_other_results,
    seeded,
)
from neuroevo.testing.strategies import CONVNET_SIZE, seeds

Image = tuple[int, ...]

CASES = 10
"""Largest number of cases per law: each of them builds networks."""

PRECISION = 1e-9
"""Largest difference of outputs in double precision, in units of the largest one."""


def check_backbone(backbone: Backbone, *, image: Image | None = None, examples: int | None = None) -> None:
    """Raise LawBroken unless a backbone keeps all laws of backbones.

    Args:
        backbone: The description of an architecture; small widths make the check fast.
        image: The shape [C, H, W] of its images; by default derived from the first tensor of its layout: 1 x 1 x D for
            a linear layer [F, D], C x 16 x 16 for a convolution [F, C, h, w].
        examples: Largest number of cases per law.
    """
    check(backbone, backbone_laws(image=image), label=name_of(backbone), examples=examples)


def backbone_laws(*, image: Image | None = None) -> list[Law]:
    """Return the laws of backbones; for the argument see `check_backbone`."""
    laws = [
        Law(
            "the layout lists every tensor but the head's",
            "buffers such as running statistics, or the tensors of a shortcut, are missing: no heir would inherit them",
            _lists_every_tensor,
            CASES,
        ),
        Law(
            "axes are as long as their groups",
            "the group of an input axis is that of another layer",
            _axes_fit,
        ),
        Law(
            "resizing changes the widths and nothing else",
            "`resized` confuses the order of the groups or forgets a setting",
            _resizes,
            CASES,
        ),
        Law(
            "parameters are counted without the head",
            "buffers are counted, or biases are not",
            _counts_parameters,
            CASES,
        ),
        Law(
            "its description is plain data",
            "a tuple, a dtype or a module among the values of `describe`, or a class that can't be pickled",
            _describes,
        ),
        *(
            replace(law, examples=CASES)
            for law in (
                equal_seeds_equal_results(_nothing, _built),
                global_generators_left_alone(_nothing, _built),
                other_seeds_other_results(_nothing, _built),
            )
        ),
        Law(
            "the number of classes changes the head only",
            "the head is drawn before the body",
            _body_without_classes,
            CASES,
        ),
        Law(
            "logits are the head of the features",
            "`forward` does something that `features` does not, such as a dropout or a ReLU",
            partial(_head_reads_features, image=image),
            CASES,
        ),
        Law(
            "images do not affect each other in evaluation mode",
            "a norm without running statistics, which reads the whole batch",
            partial(_images_alone, image=image),
            CASES,
        ),
        Law(
            "every parameter is used",
            "a layer is made, listed and not called",
            partial(_parameters_used, image=image),
            CASES,
        ),
        Law(
            "gene channels compute what the circuit computes",
            "groups that a shortcut adds up are not tied, or an axis has the wrong group: the circuit is not closed",
            partial(_closed_circuit, image=image),
            CASES,
        ),
        Law(
            "permuting the channels of a group leaves the outputs unchanged",
            "an axis has the wrong group, or channels are used by their position",
            partial(_permutable, image=image),
            CASES,
        ),
    ]
    return [replace(law, statement=partial(_on_one_thread, law.statement)) for law in laws]


def _on_one_thread(statement: Statement, backbone: Backbone, case: Case) -> None:
    """Check a statement on one torch thread: for small networks, synchronising takes longer than computing."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        statement(backbone, case)
    finally:
        torch.set_num_threads(threads)


def _network(backbone: Backbone, case: Case, *, classes: int = 3) -> Network:
    return random_network(backbone, classes=classes, generator=seeded(case.draw("seed", seeds())))


def _images(backbone: Backbone, image: Image | None, *, count: int = 4) -> Tensor:
    if image is None:
        _, inputs, *kernel = next(iter(backbone.layout.shapes.values()))
        image = (inputs, CONVNET_SIZE, CONVNET_SIZE) if kernel else (1, 1, inputs)
    return torch.randn(count, *image, generator=seeded(0), dtype=torch.float64)


def _body(network: Network) -> dict[str, Tensor]:
    """Return every tensor but the head's and the counters of batches, which are not part of a circuit."""
    return {
        name: tensor
        for name, tensor in network.state_dict().items()
        if not name.startswith("head.") and not name.endswith("num_batches_tracked")
    }


def _nothing(case: Case) -> Arguments:
    return {}


def _built(backbone: Backbone, arguments: Arguments, generator: torch.Generator) -> Mapping[str, Tensor]:
    return backbone.build(3, generator=generator).state_dict()


def _lists_every_tensor(backbone: Backbone, case: Case) -> None:
    network = backbone.build(case.draw("classes", st.integers(1, 5)), generator=seeded(0))
    layout, body = backbone.layout, {name: tuple(tensor.shape) for name, tensor in _body(network).items()}
    for name in [*body, *layout.axes, *layout.shapes]:
        if name not in body:
            raise Breach(f"the layout lists {name}, which the network does not have")
        if name not in layout.axes or name not in layout.shapes:
            raise Breach(f"the layout does not list {name}")
        if tuple(layout.shapes[name]) != body[name]:
            raise Breach(f"{name} has the shape {body[name]}, but the layout says {tuple(layout.shapes[name])}")
    buffers = {name for name, _ in network.named_buffers()} & body.keys()
    if wrong := sorted(buffers ^ layout.buffers):
        raise Breach(f"{wrong[0]} is {'a buffer' if wrong[0] in buffers else 'a parameter'}, but not in the layout")


def _axes_fit(backbone: Backbone, case: Case) -> None:
    layout = backbone.layout
    for name, axes in layout.axes.items():
        shape, lengths = layout.shapes[name], layout.shape(name, layout.groups)
        if not axes or tuple(lengths) != tuple(shape):
            raise Breach(f"{name} with the axes {axes} must have the shape {tuple(lengths)}, but it has {tuple(shape)}")
    groups = {group for name in layout.axes for segments in layout.segments(name) for group, _ in segments}
    if unused := layout.groups.keys() - groups:
        raise Breach(f"no tensor has the group {min(unused)}")
    features = backbone.build(1, generator=seeded(0)).head.in_features
    if (listed := length(layout.features, layout.groups)) != features:
        raise Breach(f"the head reads {features} features, but the layout gives it {listed}, {layout.features}")


def _counts_parameters(backbone: Backbone, case: Case) -> None:
    counts = case.draw("channels", _counts(backbone))
    network = backbone.resized(counts).build(1, generator=seeded(0))
    parameters = sum(tensor.numel() for name, tensor in network.named_parameters() if not name.startswith("head."))
    if (counted := backbone.layout.parameters(counts)) != parameters:
        raise Breach(f"the network has {parameters} parameters, but the layout counts {counted}")


def _counts(backbone: Backbone) -> st.SearchStrategy[dict[str, int]]:
    # Also wider than the backbone, as heirs may be.
    return st.fixed_dictionaries({group: st.integers(1, width + 2) for group, width in backbone.layout.groups.items()})


def _resizes(backbone: Backbone, case: Case) -> None:
    counts = case.draw("channels", _counts(backbone))
    # The order of a mapping does not matter.
    resized, layout = backbone.resized(dict(reversed(counts.items()))), backbone.layout
    if dict(resized.layout.groups) != counts or [*resized.layout.groups] != [*layout.groups]:
        raise Breach(f"the groups are {dict(resized.layout.groups)} instead of {counts}")
    if dict(resized.layout.axes) != dict(layout.axes) or resized.layout.buffers != layout.buffers:
        raise Breach("the resized backbone has other axes or buffers")
    if resized.resized(layout.groups) != backbone:
        raise Breach(f"resized back it is {resized.resized(layout.groups)!r}")


def _describes(backbone: Backbone, case: Case) -> None:
    description = backbone.describe()
    if (read := json.loads(json.dumps(description))) != description:
        raise Breach(f"the description {description} comes back from JSON as {read}")
    if not isinstance(description.get("kind"), str):
        raise Breach(f"the description must name its kind, but it is {description}")
    copy: Any = pickle.loads(pickle.dumps(backbone))  # noqa: S301 - bytes of our own making
    if copy != backbone or hash(copy) != hash(backbone) or copy.layout != backbone.layout:
        raise Breach(f"its pickled copy {copy!r} is not equal to it")


def _body_without_classes(backbone: Backbone, case: Case) -> None:
    seed, classes = case.draw("seed", seeds()), case.draw("classes", st.integers(2, 5))
    few, many = (_body(backbone.build(number, generator=seeded(seed))) for number in (1, classes))
    if changed := [name for name, tensor in few.items() if not torch.equal(tensor, many[name])]:
        raise Breach(f"{changed[0]} is not the same for 1 class and for {classes}")


@torch.no_grad()
def _head_reads_features(backbone: Backbone, case: Case, *, image: Image | None) -> None:
    network = _network(backbone, case).double()
    images = _images(backbone, image)
    features, logits = network.features(images), network(images)
    if (found := tuple(features.shape)) != (expected := (len(images), network.head.in_features)):
        raise Breach(f"the features must have the shape {expected}, but they have {found}")
    _expect(logits, network.head(features), "the logits are not the head's outputs for the features")


@torch.no_grad()
def _images_alone(backbone: Backbone, case: Case, *, image: Image | None) -> None:
    network, images = _network(backbone, case).double(), _images(backbone, image)
    alone = torch.cat([network(one.unsqueeze(0)) for one in images])
    _expect(network(images), alone, "the logits of an image change with the other images of the batch")


def _parameters_used(backbone: Backbone, case: Case, *, image: Image | None) -> None:
    network = _network(backbone, case).double()
    with torch.enable_grad():
        network(_images(backbone, image)).sum().backward()
    if unused := [name for name, parameter in network.named_parameters() if parameter.grad is None]:
        raise Breach(f"the outputs do not depend on {unused[0]}")


@torch.no_grad()
def _closed_circuit(backbone: Backbone, case: Case, *, image: Image | None) -> None:
    """The features of the last group's genes equal those of the circuit as a network of its own."""
    ancestor = _network(backbone, case)
    generator = seeded(case.draw("seed of the circuit", seeds()))
    circuit = random_circuit(backbone.layout, share=case.draw("share", st.floats(0.1, 1)), generator=generator)
    learngene = extract(ancestor.state_dict(), circuit, backbone=backbone, provenance=circuit)
    wider = {group: width + case.draw("wider by", st.integers(0, 2)) for group, width in backbone.layout.groups.items()}
    layout, heir = backbone.resized(wider).layout, random_network(backbone.resized(wider), generator=generator)
    inheritance = inherit(learngene, heir.state_dict(), layout=layout)
    heir.load_state_dict(inheritance.weights)
    alone = learngene.to_module(classes=1).eval().double()
    images = _images(backbone, image)
    genes = on_axis(layout.features, layout, inheritance.slots)
    features = heir.double().features(images)[:, genes]
    _expect(features, alone.features(images), "the features of an heir's genes differ from those of the circuit alone")


@torch.no_grad()
def _permutable(backbone: Backbone, case: Case, *, image: Image | None) -> None:
    network, layout, images = _network(backbone, case).double(), backbone.layout, _images(backbone, image)
    group = case.draw("group", st.sampled_from([*layout.groups]))
    order = torch.tensor(case.draw("order", st.permutations(range(layout.groups[group]))))
    expected, weights = network(images), network.state_dict()
    orders = {other: torch.arange(width) for other, width in layout.groups.items()} | {group: order}
    axes = {name: layout.segments(name) for name in layout.axes}
    for name, every in {**axes, "head.weight": (((None, network.head.out_features),), layout.features)}.items():
        for axis, segments in enumerate(every):
            weights[name] = weights[name].index_select(axis, on_axis(segments, layout, orders))
    network.load_state_dict(weights)
    _expect(network(images), expected, "the outputs change when the channels of a group are permuted")


def _expect(found: Tensor, expected: Tensor, complaint: str) -> None:
    scale = max(1.0, float(expected.abs().max())) if expected.numel() else 1.0
    apart = float((found - expected).abs().max()) / scale if expected.numel() else 0.0
    if not apart <= PRECISION:
        raise Breach(f"{complaint}: they lie {'NaN' if math.isnan(apart) else format(apart, '.2g')} apart")
