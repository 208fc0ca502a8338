"""How networks come from learngenes, and what critics cost, measure and refuse."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import astuple, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from neuroevo.backbones import MLP, Network
from neuroevo.data.tasks import sample_task
from neuroevo.execution import Pixels, Recipe
from neuroevo.execution.condensing import Condensing
from neuroevo.execution.cost import training_budget
from neuroevo.individual import Individual
from neuroevo.learngene import Learngene
from neuroevo.operators.inheritance import inherit
from neuroevo.problems import Critic, NearestMean, TrainingSetup
from neuroevo.strategies.transfer.rivals import inherit_frozen
from neuroevo.testing.laws.heirs import partial_learngenes
from neuroevo.testing.references.inheritance import cross_masks
from neuroevo.testing.references.places import features_of
from neuroevo.testing.references.transplant import inherit as plain_inherit
from neuroevo.testing.strategies import seeds
from subjects.gtl_settings import agrees, images
from subjects.subject import Subject

SETUP = ("neuroevo/problems/training_setup.py",)
CRITIC, MEANS = ("neuroevo/problems/critic.py",), ("neuroevo/problems/nearest_mean.py",)
BACKBONE = MLP(widths=(5, 4), inputs=4)
NARROW = MLP(widths=(3, 2), inputs=4)
LAYOUT = BACKBONE.layout
RECIPE = Recipe(updates=6, batch=4)
PIXELS = Pixels((0.4,), (0.2,))
Facts = Mapping[str, Any]


def prepared(genome: Any, freezes: bool, isolate: bool, condense: bool, cross: str, seed: int, ways: int) -> Any:
    """Return the training run that the library prepares."""
    write = partial(inherit_frozen if freezes else inherit, cross=cross)
    setup = TrainingSetup(
        backbone=BACKBONE, pixels=PIXELS, recipe=RECIPE, inherit=write, isolate=isolate, condense=condense
    )
    generator = torch.Generator().manual_seed(seed)
    task = sample_task(images(3), ways=ways, shots=2, test_per_class=2, generator=generator)
    training = setup.prepare(genome, task, generator, measure_at=(1, 4))
    loss = training.loss
    return {
        "weights": training.network.state_dict(),
        "zero": {name: mask.int() for name, mask in sorted(training.zero.items()) if bool(mask.any())},
        "frozen": sorted(training.frozen),
        "loss": loss.channels.tolist() if isinstance(loss, Condensing) else None,
        "rest": [training.measure_at, astuple(training.recipe), training.task is task, training.pixels is PIXELS],
        "budget": astuple(setup.budget(images(3), ways=ways, count=7)),
        "draw": training.generator.get_state(),
    }


def plain_prepared(genome: Any, freezes: bool, isolate: bool, condense: bool, cross: str, seed: int, ways: int) -> Any:
    """Build a network, write the genes, and clear what leads into the circuit if it is isolated."""
    if condense and not isolate:
        raise ValueError("a circuit that is not apart can't learn alone")
    generator = torch.Generator().manual_seed(seed)
    sample_task(images(3), ways=ways, shots=2, test_per_class=2, generator=generator)
    weights = BACKBONE.build(ways, generator=generator).state_dict()
    zero: dict[str, torch.Tensor] = {}
    frozen: list[str] = []
    channels = None
    if genome is not None:
        heir = plain_inherit(genome, weights, layout=LAYOUT, cross=cross)
        weights = heir.weights
        frozen = sorted([*heir.full, *heir.part]) if freezes else []
        if isolate:
            masks = cross_masks(LAYOUT, heir.slots)
            zero = {name: torch.from_numpy(np.array(mask)) for name, mask in sorted(masks.items())}
            zero = {name: mask.int() for name, mask in zero.items() if name not in heir.untouched and bool(mask.any())}
            weights = {name: w * (1 - zero[name]) if name in zero else w for name, w in weights.items()}
        channels = features_of(LAYOUT, heir.slots) if condense else None
    budget = training_budget(BACKBONE, RECIPE, image=(1, 2, 2), classes=ways, images=7, heads=2 if condense else 1)
    return {
        "weights": weights,
        "zero": zero,
        "frozen": frozen,
        "loss": channels if channels is None else [*map(int, channels)],
        "rest": [(1, 4), astuple(RECIPE), True, True],
        "budget": astuple(budget),
        "draw": generator.get_state(),
    }


@st.composite
def preparations(draw: DrawFn) -> Facts:
    """Draw a learngene, or none, and how its heirs are trained."""
    return {
        "genome": draw(st.none() | partial_learngenes(BACKBONE) | partial_learngenes(NARROW)),
        "freezes": draw(st.booleans()),
        "isolate": draw(st.sampled_from([True, False, True])),
        "condense": draw(st.booleans()),
        "cross": draw(st.sampled_from(["zero", "random"])),
        "seed": draw(seeds()),
        "ways": draw(st.sampled_from([2, 3])),
    }


class Noisy(MLP):
    """A backbone of one's own whose networks draw from the global generator."""

    def build(self, classes: int, *, generator: torch.Generator) -> Network:
        """Return a network that adds noise."""
        network = super().build(classes, generator=generator)
        network.register_forward_hook(lambda *args: args[-1] + torch.randn(()))
        return network


class Sound(MLP):
    """A backbone of one's own without side effects."""


def examined(kind: str, judge: str) -> bool:
    """Return whether a backbone is accepted by the library."""
    backbone = {"noisy": Noisy, "sound": Sound}[kind](widths=(2,), inputs=4)
    setup = TrainingSetup(backbone=backbone, pixels=PIXELS, recipe=RECIPE)
    maker: Any = {"critic": Critic, "means": NearestMean}[judge]
    maker(setup=setup, images=images(3), ways=2, shots=2, seed=0)
    return True


def plain_examined(kind: str, judge: str) -> bool:
    """Refuse networks that draw from the global generator."""
    del judge
    if kind == "noisy":
        raise ValueError("it draws")
    return True


EXAMINED = {"kind": st.sampled_from(["noisy", "sound"]), "judge": st.sampled_from(["critic", "means"])}

NUMBERS: dict[str, list[Any]] = {
    "ways": [3, 1, 0, 4],
    "shots": [3, 7, 8],
    "test_per_class": [2, 1, 0],
    "critics": [3, 1, 0],
    "tasks": [3, 1, 0],
    "metric": ["auc", "area"],
    "updates": [5, 1, 2, 10],
    "seed": [4],
    "purpose": ["other"],
    "generation": [1],
}


def scores(kind: str, given: Facts, broken: bool, genome: Learngene) -> Any:
    """Return what there is to know of a critic."""
    settings = dict(given)
    setup = TrainingSetup(backbone=BACKBONE, pixels=PIXELS, recipe=replace(RECIPE, updates=settings.pop("updates", 6)))
    common = {"setup": setup, "images": images(3), "ways": 2, "shots": 2, "seed": 0, "workers": 1}
    maker: Any = {"critic": Critic, "means": NearestMean}[kind]
    judge = maker(**{**common, **settings})
    facts = [judge.measure_at] if kind == "critic" else []
    if broken:
        genome = replace(genome, slices={name: part + math.inf for name, part in genome.slices.items()})
    (score,) = judge(Individual(genome, id=0, generation=3))
    return astuple(judge.budget), facts, math.isnan(score)


def plain_scores(kind: str, given: Facts, broken: bool, genome: Learngene) -> Any:
    """Look it up."""
    del genome
    settings = {"ways": 2, "shots": 2, "test_per_class": 50, "critics": 1, "tasks": 4, "metric": "final", **given}
    positive = ("ways", "shots", "test_per_class", "critics", "tasks")
    inside = all(settings[name] > 0 for name in positive) and settings["metric"] in ("final", "auc")
    if not inside or settings["ways"] > 3 or settings["shots"] > 7:
        raise ValueError("out of the range")
    if kind == "means":
        return (0, 0, 0, 0), [], broken
    updates = settings.get("updates", 6)
    recipe = replace(RECIPE, updates=updates)
    count = settings["ways"] * settings["shots"]
    one = training_budget(BACKBONE, recipe, image=(1, 2, 2), classes=settings["ways"], images=count)
    costs = (settings["critics"] * one.gradient_steps, settings["critics"] * one.multiply_adds, one.critical_path, 0)
    quarters = sorted({round(updates * part / 4) for part in range(5)})
    return costs, [tuple(quarters) if settings["metric"] == "auc" else (updates,)], broken


@st.composite
def critics(draw: DrawFn) -> Facts:
    """Draw a critic with settings, and a learngene that is finite or not."""
    kind = draw(st.sampled_from(["critic", "means"]))
    others = ("tasks",) if kind == "critic" else ("critics", "metric", "generation", "updates")
    names = draw(st.lists(st.sampled_from([name for name in NUMBERS if name not in others]), unique=True, max_size=3))
    whole = {group: torch.arange(channels) for group, channels in LAYOUT.groups.items()}
    return {
        "kind": kind,
        "given": {name: draw(st.sampled_from(NUMBERS[name])) for name in names},
        "broken": draw(st.booleans()),
        "genome": Learngene(BACKBONE, whole, zeros(), whole),
    }


def zeros() -> dict[str, torch.Tensor]:
    """Return weights of zero."""
    return {name: torch.zeros(shape) for name, shape in LAYOUT.shapes.items()}


SUBJECTS = [
    Subject("preparation of training", SETUP, lambda: prepared, lambda: agrees(plain_prepared, preparations(), 100)),
    Subject(
        "backbones of one's own",
        (*SETUP, *CRITIC, *MEANS),
        lambda: examined,
        lambda: agrees(plain_examined, st.fixed_dictionaries(EXAMINED), 8),
    ),
    Subject("what critics cost", (*CRITIC, *MEANS), lambda: scores, lambda: agrees(plain_scores, critics(), 100)),
]
