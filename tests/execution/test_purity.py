"""Side effects of modules: what they change in themselves is named, what can't be isolated is refused."""

import logging
import random
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from neuroevo.execution.purity import side_effects

CALLS = [0]


class Base(nn.Linear):
    """A layer from which modules with side effects are made."""

    kept: list[Any] = []  # noqa: RUF012 - a fault on purpose

    def __init__(self) -> None:
        super().__init__(2, 2)
        self.count = 0
        self.seen: list[Tensor] = []
        self.hidden = torch.zeros(1, 2)
        self.generator = torch.Generator().manual_seed(0)
        self.register_buffer("mean", torch.zeros(2))


class Counter(Base):
    """Counts its calls."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Return something."""
        self.count += 1
        return super().forward(inputs) * self.count


class Remembers(Base):
    """Keeps a hidden state."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Return something."""
        self.hidden = torch.tanh(super().forward(inputs) + self.hidden[:1])
        return self.hidden


class InPlace(Base):
    """Updates a buffer."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Return something."""
        self.mean.mul_(0.9).add_(inputs.mean(0))
        return super().forward(inputs - self.mean)


class Collects(Base):
    """Keeps all inputs."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Return something."""
        self.seen.append(inputs)
        return super().forward(inputs)


class OwnNoise(Base):
    """Draws from a generator of its own."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Return something."""
        return super().forward(inputs) + torch.randn(2, generator=self.generator)


class Training(nn.BatchNorm1d):
    """Stays in training mode."""

    def train(self, mode: bool = True) -> Any:
        """Ignore the mode."""
        return super().train(True)


class Dropping(Base):
    """Drops out in evaluation mode, too."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Return something."""
        return super().forward(F.dropout(inputs))


class NumpyNoise(Base):
    """Draws from numpy's global generator."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Return something."""
        return super().forward(inputs) + float(np.random.random())  # noqa: NPY002


class PythonNoise(Base):
    """Draws from Python's global generator."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Return something."""
        return super().forward(inputs) + random.random()


class ByGlobal(Base):
    """Counts in a global variable."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Return something."""
        CALLS[0] += 1
        return super().forward(inputs) * CALLS[0]


class ByClass(Base):
    """Keeps something in its class."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Return something."""
        self.kept.append(1)
        return super().forward(inputs) * len(self.kept)


class ByDefault(Base):
    """Keeps something in a place that is not looked at."""

    def forward(self, inputs: Tensor, kept: list[int] = []) -> Tensor:  # noqa: B006 - a fault on purpose
        """Return something."""
        kept.append(1)
        return super().forward(inputs) * len(kept)


def found(kind: Any) -> list[str]:
    """Return the side effects of a module."""
    with torch.random.fork_rng(devices=[]):
        module = kind().eval()
    return side_effects(module, lambda one: [one(torch.ones(3, 2)), one(torch.ones(3, 2))])


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (Counter, ["count"]),
        (Remembers, ["hidden"]),
        (InPlace, ["mean"]),
        (Collects, ["seen"]),
        (OwnNoise, ["generator"]),
        (lambda: nn.Sequential(Training(2)), ["0.num_batches_tracked", "0.running_mean", "0.running_var"]),
        (lambda: nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Dropout(), nn.Linear(2, 2)), []),
        (lambda: nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2)), []),
        (lambda: nn.Sequential(nn.Linear(2, 2), nn.ReLU(inplace=True)), []),
    ],
)
def test_what_a_module_changes_in_itself_is_named(kind: Any, names: list[str]) -> None:
    """Copies isolate it, so it is no fault."""
    assert found(kind) == names


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (Dropping, "must not draw from the global random generator of torch in its forward pass, but a Dropping does;"),
        (NumpyNoise, "must not draw from the global random generator of numpy.random in"),
        (PythonNoise, "must not draw from the global random generator of random in"),
        (ByGlobal, "a ByGlobal changes the global variable CALLS, which copies share;"),
        (ByClass, "a ByClass changes the class attribute Base.kept, which copies share;"),
        (ByDefault, "must give the same outputs whatever was evaluated before, but a ByDefault changes something out"),
    ],
)
def test_what_copies_share_is_refused(kind: Any, sentence: str) -> None:
    """By its name, where it can be found; the generators are as before."""
    with pytest.raises(ValueError, match=sentence):
        found(kind)


def test_what_is_shared_without_a_difference_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A counter that no output depends on is no fault of the scores."""

    class Quiet(Base):
        def forward(self, inputs: Tensor) -> Tensor:
            CALLS[0] += 1
            return super().forward(inputs)

    with caplog.at_level(logging.WARNING):
        assert found(Quiet) == []
    assert caplog.messages == ["Quiet changes the global variable CALLS, which copies share."]


def test_what_cannot_be_copied_is_refused() -> None:
    """One sentence says what to do about it."""

    class Graph(Base):
        def __init__(self) -> None:
            super().__init__()
            self.hidden = self.weight * 2

    with pytest.raises(ValueError, match=r"module must be one that copy.deepcopy copies, but a Graph says: Only"):
        found(Graph)
