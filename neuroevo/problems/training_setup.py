"""How a network is made from a learngene: built, given the genes, ready to be trained."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from neuroevo.backbones import Backbone
from neuroevo.budget import Budget
from neuroevo.data.images import LabelledImages
from neuroevo.data.tasks import Task
from neuroevo.execution import AUTO, Execution, Pixels, Recipe, Training
from neuroevo.execution.condensing import Condensing
from neuroevo.execution.cost import training_budget
from neuroevo.execution.purity import side_effects
from neuroevo.execution.training import Loss, cross_entropy
from neuroevo.learngene import Learngene
from neuroevo.operators.inheritance import Inheritance, cross_masks, inherit
from neuroevo.operators.places import features_of
from neuroevo.seeds import stream

SCALED = ("learning_rate", "weight_decay", "distillation")
"""Settings of a training run that an individual may have a factor on."""

EXAMINED = 2
"""Images that a network is examined on."""


@dataclass(frozen=True, kw_only=True)
class TrainingSetup:
    """Everything that heirs of one kind share: ancestors in their lives, critics, or descendants.

    Attributes:
        backbone: The heirs' architecture.
        pixels: The normalisation of images.
        recipe: How heirs are trained.
        inherit: The operator that writes genes into an heir, called as `inherit(learngene, weights, layout=layout)`.
        isolate: Whether cross weights (non-gene -> gene) stay zero throughout the training.
        condense: Whether the circuit also learns alone, from the labels and from the network around it (see
            `Condensing`); needs `isolate`.
        distillation: Weight of what the circuit learns from the network around it, where it condenses.
        device: The device of heirs.
        execution: How populations of heirs are trained.

    Raises:
        ValueError: `condense` without `isolate`, or a weight below 0.
    """

    backbone: Backbone
    pixels: Pixels
    recipe: Recipe
    inherit: Callable[..., Inheritance] = inherit
    isolate: bool = False
    condense: bool = False
    distillation: float = 1.0
    device: torch.device = torch.device("cpu")
    execution: Execution = AUTO

    def __post_init__(self) -> None:
        if self.condense and not self.isolate:
            raise ValueError("condense needs isolate, because other circuits can't be separated, but isolate is False.")
        if not 0 <= self.distillation < math.inf:
            raise ValueError(f"distillation must be at least 0, but it is {self.distillation}.")

    def scaled(self, factors: Mapping[str, float]) -> TrainingSetup:
        """Return the setup with factors on some of its settings, by the names of `SCALED`."""
        recipe = {name: factors[name] * getattr(self.recipe, name) for name in factors if name != "distillation"}
        weight = factors.get("distillation", 1.0) * self.distillation
        return replace(self, recipe=replace(self.recipe, **recipe), distillation=weight)

    def prepare(
        self,
        genome: Learngene | None,
        task: Task,
        generator: torch.Generator,
        *,
        measure_at: tuple[int, ...] = (),
    ) -> Training:
        """Return the training run of a fresh heir of a learngene (or of nothing) on a task.

        The generator gives the random weights first and then the order of the images, so that with equal generators
        the heirs of different learngenes differ in their genes only.
        """
        network = self.backbone.build(len(task.classes), generator=generator)
        zero: dict[str, Tensor] = {}
        frozen: frozenset[str] = frozenset()
        loss: Loss = cross_entropy
        if genome is not None:
            inheritance = self.inherit(genome, network.state_dict(), layout=self.backbone.layout)
            network.load_state_dict(inheritance.weights)
            frozen = inheritance.frozen
            cross = cross_masks(self.backbone.layout, inheritance.slots) if self.isolate else {}
            zero = {name: mask for name, mask in cross.items() if name not in inheritance.untouched}
            for name, mask in zero.items():
                network.get_parameter(name).data.masked_fill_(mask, 0)
            if self.condense:
                # On the device, because an update must not wait for a copy.
                channels = features_of(self.backbone.layout, inheritance.slots).to(self.device)
                loss = Condensing(channels, self.distillation)
        return Training(
            network=network.to(self.device),
            task=task,
            pixels=self.pixels,
            recipe=self.recipe,
            generator=generator,
            zero=zero,
            frozen=frozen,
            measure_at=measure_at,
            augment=self.pixels.augment,
            loss=loss,
        )

    def examine(self, images: LabelledImages, *, ways: int) -> None:
        """Build a network of a user's backbone, and see whether two of them train alike.

        Raises:
            ValueError: Its forward pass draws from a global generator, or depends on what other networks did.
        """
        if type(self.backbone).__module__.startswith("neuroevo."):
            # That the library's own have no side effects is a matter of its tests.
            return
        network = self.backbone.build(ways, generator=stream(0, "examined")).train()
        some = self.pixels(images.images[:EXAMINED].cpu())
        # What a network changes in itself stays with it: each individual has one of its own.
        side_effects(network, lambda one: one(some))

    def budget(self, images: LabelledImages, *, ways: int, count: int) -> Budget:
        """Return the cost of training one heir on `count` images of `ways` classes."""
        return training_budget(
            self.backbone,
            self.recipe,
            image=tuple(images.images.shape[1:]),
            classes=ways,
            images=count,
            heads=2 if self.condense else 1,
        )
