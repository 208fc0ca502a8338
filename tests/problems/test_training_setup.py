"""How networks are made from learngenes: backbones of users are examined first."""

from types import ModuleType

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from neuroevo.backbones import MLP, Network
from neuroevo.backbones.backbone import initialise
from neuroevo.backbones.mlp import MLPNetwork
from neuroevo.execution import Pixels, Recipe
from neuroevo.problems import Critic, Live, NearestMean, TrainingSetup


class DroppingNetwork(MLPNetwork):
    """Drops out by PyTorch's global generator."""

    def forward(self, images: Tensor) -> Tensor:
        """Return logits."""
        return super().forward(F.dropout(images, training=self.training))


class Dropping(MLP):
    """A backbone of a user's with dropout."""

    def build(self, classes: int, *, generator: torch.Generator) -> Network:
        """Return a network."""
        with torch.device("meta"):
            network = DroppingNetwork(self, classes)
        return initialise(network, generator)


def test_backbones_with_side_effects_are_refused(toys: ModuleType) -> None:
    """What would depend on the order of trainings is refused by every evaluator that trains or scores networks."""
    data = toys.dataset()
    backbone = Dropping(inputs=data.held_out.images[0].numel())
    setup = TrainingSetup(backbone=backbone, pixels=Pixels.of(data), recipe=Recipe(updates=1))
    for make in (
        lambda: Critic(setup=setup, images=data.held_out, ways=2, shots=2, seed=0, test_per_class=1),
        lambda: NearestMean(setup=setup, images=data.held_out, ways=2, shots=2, seed=0, test_per_class=1),
        lambda: Live(setup=setup, images=data.ancestry, ways=2, seed=0),
    ):
        with pytest.raises(ValueError, match="module must not draw from the global random generator of torch"):
            make()
