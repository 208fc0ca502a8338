"""A learngene and a network that can't inherit it: the error says why, and what would fit."""

from types import ModuleType

import pytest
import torch
from torch import nn

from neuroevo.backbones import trace
from neuroevo.operators.inheritance import inherit


class Skipping(nn.Module):
    """A network with a group norm and a residual sum."""

    def __init__(self, width: int, groups: int) -> None:
        super().__init__()
        self.first, self.norm = nn.Conv2d(1, width, 3, padding=1), nn.GroupNorm(groups, width)
        self.second, self.head = nn.Conv2d(width, width, 3, padding=1), nn.Linear(width, 2)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the scores [N, 2] of images."""
        maps: torch.Tensor = self.norm(self.first(images)).relu()
        scores: torch.Tensor = self.head((maps + self.second(maps)).mean((2, 3)))
        return scores


def test_the_cause_is_named(toys: ModuleType) -> None:
    """Other channels per group; no chain of stages. With as many channels per group it is inherited."""
    with torch.random.fork_rng(devices=[]):
        own, fewer, more = (trace(Skipping(*each), image=(1, 6, 6)) for each in ((4, 2), (8, 2), (8, 4)))
    learngene = toys.learngene(own)
    with pytest.raises(ValueError, match=r"first.weight has blocks of 4 in the heir and of 2 .* channels per group"):
        inherit(learngene, toys.network(fewer).state_dict(), layout=fewer.layout)
    with pytest.raises(
        ValueError, match=r"backbone traced .*: the learngene's backbone can't be matched layer by layer"
    ):
        inherit(learngene, toys.network(toys.CONVNET).state_dict(), layout=toys.CONVNET.layout)
    assert inherit(learngene, toys.network(more).state_dict(), layout=more.layout).share > 0
