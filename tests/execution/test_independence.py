"""Batches are divided or merged only where rows do not affect each other."""

from collections.abc import Callable
from types import ModuleType

import pytest
import torch
from torch import Tensor, nn

from neuroevo.data.tasks import sample_task
from neuroevo.execution import Execution, Pixels, Recipe, Training, train_all
from neuroevo.execution.independence import rows_are_independent


class Normed(nn.Module):
    """Linear layers alone have weights, and yet the features of an image depend on the others."""

    def __init__(self, norm: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.layer, self.head = nn.utils.skip_init(nn.Linear, 64, 8), nn.utils.skip_init(nn.Linear, 8, 2)
        self.norm = norm

    def features(self, images: Tensor) -> Tensor:
        """Return features [N, 8]."""
        return torch.relu(self.norm(self.layer(images.flatten(1))))

    def forward(self, images: Tensor) -> Tensor:
        """Return logits [N, 2]."""
        return self.head(self.features(images))


def centred(features: Tensor) -> Tensor:
    """Return features less their means over a batch."""
    return features - features.mean(0)


NORMS = {
    "batch norm": nn.BatchNorm1d(8, affine=False, track_running_stats=False),
    "centred": centred,
    "none": torch.tanh,
}


def training(norm: str, toys: ModuleType, seed: int) -> Training:
    """Return a training run of a network with given weights."""
    network, images = Normed(NORMS[norm]), toys.labelled("mixing", classes=2)
    for parameter in network.parameters():
        parameter.data = 0.2 * torch.randn(parameter.shape, generator=toys.generator(seed))
    return Training(
        network=network,
        task=sample_task(images, ways=2, shots=8, test_per_class=4, generator=toys.generator(seed)),
        recipe=Recipe(updates=3, batch=8),
        pixels=Pixels((0.5,), (0.25,)),
        generator=toys.generator(seed),
    )


@pytest.mark.parametrize("norm", NORMS)
def test_networks_that_mix_their_images_learn_the_same_in_a_stack(norm: str, toys: ModuleType) -> None:
    """A network's batch is its own: what others see makes no difference."""
    losses = [
        [outcome.loss for outcome in train_all([training(norm, toys, seed) for seed in range(3)], execution=execution)]
        for execution in (Execution(mode="looped"), Execution(mode="stacked"))
    ]
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)


@pytest.mark.parametrize("norm", NORMS)
def test_rows_that_affect_each_other_are_known(norm: str, toys: ModuleType) -> None:
    """Batch norms by what they are, anything else by its outputs."""
    network = training(norm, toys, 0).network.eval()
    rows = torch.randn(5, 1, 8, 8, generator=toys.generator())
    assert rows_are_independent(network, network, rows) is (norm == "none")
