"""The laws that mutants of learngenes are distributed as the references', and that they keep what is not varied."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from neuroevo.backbones import MLP, Backbone, ConvNet4
from neuroevo.learngene import Learngene
from neuroevo.testing.laws.circuits import taken
from neuroevo.testing.laws.content import same_bits
from neuroevo.testing.laws.distribution import Sample
from neuroevo.testing.laws.frequencies import distributed_as
from neuroevo.testing.laws.heirs import partial_learngenes
from neuroevo.testing.laws.law import Breach, Case, Law
from neuroevo.testing.laws.purity import Arguments, seeded
from neuroevo.testing.layouts import architectures, weights_of
from neuroevo.testing.references import learngenes as references
from neuroevo.testing.references.inheritance import cut_out
from neuroevo.testing.strategies import seeds

Like = Literal["exchange", "resize", "noise"]
Kept = tuple[tuple[int, ...], ...]

NAME = "mutants are distributed as the reference's"
NOTES = {"lineage": [3, 1]}

EXCHANGED: tuple[tuple[MLP, Kept, float], ...] = (
    (MLP(widths=(8, 8), inputs=1), ((1, 4, 5), (0, 2, 7)), 0.0),
    (MLP(widths=(8, 8), inputs=1), ((1, 4, 5), (0, 2, 7)), 0.3),
    (MLP(widths=(8, 8), inputs=1), ((1, 4, 5), (0, 2, 7)), 1.0),
    (MLP(widths=(5, 5), inputs=1), ((0, 1, 3, 4), (0, 1, 2, 3, 4)), 0.5),
)
"""Backbones, kept channels and rates: none, some and all are to leave, and more than there are others."""

RESIZED: tuple[tuple[MLP, Kept, float], ...] = (
    (MLP(widths=(6, 6, 6), inputs=2), ((1, 2, 4), (0, 3, 5), (2, 3, 4)), 0.5),
    (MLP(widths=(4, 4, 4), inputs=1), ((0, 3), (1,), (0, 1, 2, 3)), 1.0),
    (MLP(widths=(3, 3), inputs=1), ((2,), (0,)), 1.0),
    (MLP(widths=(3, 3), inputs=1), ((0, 2), (0, 1)), 0.0),
)
"""The same: budget is moved in half of the calls, between a full and a small group, nowhere, and never."""

SIGMAS = (0.0, 0.5)
SINGLE = ConvNet4(widths=(1, 1, 1, 1))
"""The backbone whose circuit gets noise: it has weights, norms and statistics."""


def varied_like(like: Like, setting: str, call: Callable[..., Learngene]) -> Law:
    """Return the law that mutants are distributed as a reference's.

    Args:
        like: Name of the reference.
        setting: Name of the keyword that is the rate, or the standard deviation of noise.
        call: Calls a mutation with arguments, a generator and settings.
    """
    given = _noisy if like == "noise" else lambda case: _circuits(case, EXCHANGED if like == "exchange" else RESIZED)

    def reference(mutate: Any, arguments: Arguments, generator: torch.Generator) -> Learngene:
        # References have names of their own for the settings.
        name = ("sigma" if like == "noise" else "rate") if mutate in OWN.values() else setting
        return call(mutate, arguments, generator, {name: arguments["setting"]})

    numbers = _changes if like == "noise" else _channels
    return distributed_as(OWN[like], given, reference, numbers, name=NAME, item="number", calls=500)


def rest_is_kept(call: Callable[..., Learngene], *, reads_network: bool) -> Law:
    """Return the law that mutants of partial learngenes, too, keep their tensors, backbone and notes."""

    def statement(mutate: Any, case: Case) -> None:
        backbone = case.draw("backbone", architectures(max_channels=4))
        learngene = case.draw("learngene", partial_learngenes(backbone)).with_notes(**NOTES)
        weights = case.draw("weights", weights_of(backbone.layout))
        mutant = call(mutate, {"learngene": learngene, "weights": weights}, seeded(case.draw("seed", seeds())))
        if [*mutant.slices] != [*learngene.slices] or mutant.backbone != backbone:
            raise Breach(f"the tensors {[*learngene.slices]} became {[*mutant.slices]}")
        if mutant.notes != learngene.notes:
            raise Breach(f"the notes {learngene.notes} became {mutant.notes}")
        if reads_network:
            _check_slices(learngene, mutant, weights)

    return Law("tensors and notes are kept", "a partial learngene becomes whole, or its notes are lost", statement)


def _check_slices(learngene: Learngene, mutant: Learngene, weights: dict[str, Tensor]) -> None:
    # A mutant that keeps its channels may keep its weights.
    same = all(torch.equal(kept, mutant.indices[group]) for group, kept in learngene.indices.items())
    for name, part in mutant.slices.items():
        read = taken(weights[name], mutant.backbone.layout, name, mutant.indices)
        if not (same_bits(part, read) or (same and same_bits(part, learngene.slices[name]))):
            raise Breach(f"{name} does not hold the network's weights between the mutant's channels")


def statistics_are_kept(call: Callable[..., Learngene]) -> Law:
    """Return the law that noise changes neither statistics nor channels."""

    def statement(mutate: Any, case: Case) -> None:
        backbone: Backbone = case.draw("backbone", architectures(max_channels=4))
        learngene = case.draw("learngene", partial_learngenes(backbone))
        arguments = {"learngene": learngene, "weights": {}}
        mutant = call(mutate, arguments, seeded(case.draw("seed", seeds())))
        for name in backbone.layout.buffers & learngene.slices.keys():
            if not same_bits(mutant.slices[name], learngene.slices[name]):
                raise Breach(f"{name}, which is no parameter, became {mutant.slices[name].tolist()}")
        for group in backbone.layout.groups:
            if not same_bits(mutant.indices[group], learngene.indices[group]):
                raise Breach(f"the channels of {group} became {mutant.indices[group].tolist()}")
            if not same_bits(mutant.provenance[group], learngene.provenance[group]):
                raise Breach(f"the ids of {group} became {mutant.provenance[group].tolist()}")

    return Law("statistics and channels are kept", "buffers of norms are no parameters", statement)


def _circuits(case: Case, settings: tuple[tuple[MLP, Kept, float], ...]) -> Iterator[Arguments]:
    for backbone, kept, rate in case.each("circuit", settings):
        indices = dict(zip(backbone.layout.groups, map(torch.tensor, kept), strict=True))
        ids = {group: 100 * place + one for place, (group, one) in enumerate(indices.items())}
        weights = {name: torch.zeros(shape) for name, shape in backbone.layout.shapes.items()}
        learngene = cut_out(weights, indices, backbone=backbone, provenance=ids)
        yield {"learngene": learngene, "weights": weights, "setting": rate}


def _noisy(case: Case) -> Iterator[Arguments]:
    layout = SINGLE.layout
    weights = {
        name: torch.linspace(-1, 1, len(layout.shapes) * 9)[: int(np.prod(shape))].reshape(shape)
        for name, shape in layout.shapes.items()
    }
    zeros = {group: torch.tensor([0]) for group in layout.groups}
    learngene = cut_out(weights, zeros, backbone=SINGLE, provenance=zeros)
    for sigma in case.each("sigma", SIGMAS):
        yield {"learngene": learngene, "weights": weights, "setting": sigma}


def _channels(mutant: Learngene, arguments: Arguments) -> Sample:
    """Return which channels of each group came and left, 1 and -1; the groups are equally wide."""
    before, groups = arguments["learngene"].indices, mutant.backbone.layout.groups.items()
    rows = [np.isin(range(n), mutant.indices[group]) - 1.0 * np.isin(range(n), before[group]) for group, n in groups]
    return np.stack(rows)


def _changes(mutant: Learngene, arguments: Arguments) -> Sample:
    """Return the change of every number of the circuit, [1, C]."""
    before = arguments["learngene"].slices
    parts = [(mutant.slices[name] - part).flatten().double().numpy() for name, part in before.items()]
    return np.concatenate(parts)[None]


def _noise(learngene: Learngene, weights: Any, *, sigma: float, generator: torch.Generator, new_ids: Any) -> Learngene:
    return references.noise(learngene, sigma=sigma, generator=generator)


OWN: dict[Like, Callable[..., Learngene]] = {
    "exchange": references.exchange,
    "resize": references.resize,
    "noise": _noise,
}
