"""Modules of many kinds under `Supervised`: scores are those of the plain definition, or the module is refused."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import cast

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from neuroevo.individual import Individual
from neuroevo.problems.supervised import Supervised, accuracy, log_likelihood

# Of normed weights PyTorch says that a loop stands in for a batching rule.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:There is a performance drop")]

FEATURES, CLASSES, COUNT = 4, 3, 6
IGNORED = -100


class Counting(nn.Module):
    """Adds the number of its calls to what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def forward(self, inputs: Tensor) -> Tensor:
        """See the class."""
        self.calls += 1
        return inputs + self.calls


class Remembering(nn.Module):
    """Adds what it was given before, kept in a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, inputs: Tensor) -> Tensor:
        """See the class."""
        self.seen = self.seen + inputs.mean()
        return inputs + self.seen


class Recurrent(nn.Module):
    """Keeps its hidden state as an attribute."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.cell = nn.GRUCell(width, width)
        self.hidden: Tensor | None = None

    def forward(self, inputs: Tensor) -> Tensor:
        """See the class."""
        self.hidden = self.cell(inputs, self.hidden)
        return self.hidden


class Writing(nn.Module):
    """Writes into what it is given."""

    def forward(self, inputs: Tensor) -> Tensor:
        """See the class."""
        return inputs.mul_(1.5)


class Twice(nn.Module):
    """Holds one layer under two names."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Linear(width, width)
        self.second = self.first

    def forward(self, inputs: Tensor) -> Tensor:
        """See the class."""
        return self.second(torch.tanh(self.first(inputs)))


class Tied(nn.Module):
    """Two layers that share one weight."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(width, width), nn.Linear(width, width)
        self.second.weight = self.first.weight

    def forward(self, inputs: Tensor) -> Tensor:
        """See the class."""
        return self.second(torch.tanh(self.first(inputs)))


class Noisy(nn.Module):
    """Draws from the global generator in evaluation mode, too."""

    def forward(self, inputs: Tensor) -> Tensor:
        """See the class."""
        return inputs + torch.randn_like(inputs)


class Batchwise(nn.Module):
    """Normalises by the other examples, as layers without running statistics do."""

    def forward(self, inputs: Tensor) -> Tensor:
        """See the class."""
        return inputs - inputs.mean(0)


class Indexed(nn.Module):
    """Holds a parameter of integers that chooses features."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.order = nn.Parameter(torch.arange(width).flip(0), requires_grad=False)

    def forward(self, inputs: Tensor) -> Tensor:
        """See the class."""
        return inputs[:, self.order]


def frozen(width: int) -> nn.Module:
    """Return a layer that is not to be trained."""
    return nn.Linear(width, width).requires_grad_(False)


KINDS: dict[str, Callable[[int], nn.Module]] = {
    "linear": lambda width: nn.Linear(width, width),
    "no bias": lambda width: nn.Linear(width, width, bias=False),
    "tanh": lambda width: nn.Tanh(),
    "relu": lambda width: nn.ReLU(inplace=True),
    "layer norm": lambda width: nn.LayerNorm(width),
    "batch norm": lambda width: nn.BatchNorm1d(width),
    "batch statistics": lambda width: nn.BatchNorm1d(width, track_running_stats=False),
    "dropout": lambda width: nn.Dropout(0.5),
    "weight norm": lambda width: nn.utils.parametrizations.weight_norm(nn.Linear(width, width)),
    "spectral norm": lambda width: nn.utils.parametrizations.spectral_norm(nn.Linear(width, width)),
    "frozen": frozen,
    "twice": Twice,
    "tied": Tied,
    "counting": lambda width: Counting(),
    "remembering": lambda width: Remembering(),
    "recurrent": Recurrent,
    "writing": lambda width: Writing(),
    "noisy": lambda width: Noisy(),
    "batchwise": lambda width: Batchwise(),
    "indexed": Indexed,
}


@st.composite
def modules(draw: st.DrawFn) -> nn.Module:
    """Return a chain of layers from FEATURES to CLASSES."""
    names = draw(st.lists(st.sampled_from(sorted(KINDS)), max_size=3))
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(draw(st.integers(0, 9)))
        layers = [KINDS[name](FEATURES) for name in names]
        if layers and draw(st.booleans()):
            layers.append(layers[0])  # the same object again
        module = nn.Sequential(*layers, nn.Linear(FEATURES, CLASSES))
    return module.to(draw(st.sampled_from((torch.float32, torch.float32, torch.float64, torch.bfloat16))))


@st.composite
def labels(draw: st.DrawFn) -> Tensor:
    """Return classes of all examples, of any type of integers, some or all of them to be ignored."""
    ignored = draw(st.sampled_from((0, 0, 1, COUNT)))
    dtype = draw(st.sampled_from((torch.int64, torch.int64, torch.int32, torch.int16, torch.uint8)))
    assume(not ignored or dtype.is_signed)
    values = draw(st.lists(st.integers(0, CLASSES - 1), min_size=COUNT, max_size=COUNT))
    return torch.tensor([IGNORED] * ignored + values[ignored:], dtype=dtype)


def squared(outputs: Tensor, targets: Tensor) -> Tensor:
    """Score the outputs themselves."""
    return -(outputs - F.one_hot(targets.long().clamp(min=0), CLASSES)).square().mean()


def plain(score: Callable[[Tensor, Tensor], Tensor], outputs: Tensor, targets: Tensor) -> float:
    """Return the score as its definition says, in double precision."""
    kept = targets != IGNORED
    if score is log_likelihood:
        return -F.cross_entropy(outputs.double(), targets.long()).item()
    if score is accuracy:
        return (outputs.argmax(-1) == targets)[kept].double().mean().item()
    return score(outputs.double(), targets).item()


def population(problem: Supervised, seed: int) -> list[Individual]:
    """Return three individuals around the module's weights."""
    generator = torch.Generator().manual_seed(seed)
    start = problem.space.start
    rows = start + 0.3 * torch.randn(3, len(start), generator=generator).to(start.dtype)
    return [Individual(row, id=number) for number, row in enumerate(rows)]


def refused(error: Exception) -> None:
    """What is refused is refused in one sentence."""
    assert "\n" not in str(error), error
    assert len(str(error)) < 1000


def sent(problem: Supervised, module: nn.Module) -> Supervised:
    """Return a problem as a worker gets it; PyTorch pickles no parametrised modules, which are only copied."""
    try:
        pickle.dumps(module)
    except RuntimeError:
        return copy.deepcopy(problem)
    return cast(Supervised, pickle.loads(pickle.dumps(problem)))


@given(
    module=modules(),
    targets=labels(),
    score=st.sampled_from((log_likelihood, accuracy, squared)),
    seed=st.integers(0, 9),
)
def test_scores_are_those_of_the_definition(
    module: nn.Module, targets: Tensor, score: Callable[[Tensor, Tensor], Tensor], seed: int
) -> None:
    """Alone, in company, in another order, again: a score is that of the module that is returned."""
    dtype = next(module.parameters()).dtype
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(COUNT, FEATURES, generator=generator).to(dtype)
    given_inputs, state = inputs.clone(), copy.deepcopy(module.state_dict())
    try:
        problem = Supervised(module, inputs, targets, score=score)
        together = problem.batch(population(problem, seed))
    except (ValueError, TypeError) as error:
        refused(error)
        return
    people = population(problem, seed)
    assert torch.equal(inputs, given_inputs), "the inputs were changed"
    for name, value in module.state_dict().items():
        assert torch.equal(value, state[name]), f"the module's {name} was changed"
    backwards = problem.batch(people[::-1])[::-1]
    alone = [problem(one) for one in people]
    tolerance = {"rel": 0.05, "abs": 0.05} if dtype == torch.bfloat16 else {"rel": 1e-4, "abs": 1e-4}
    for one, first, second, third in zip(people, together, backwards, alone, strict=True):
        network = problem.to_module(one).eval()
        with torch.no_grad():
            expected = plain(score, network(inputs.clone()), targets)
        for value in (first, second, third):
            assert value[0] == pytest.approx(expected, nan_ok=True, **tolerance)
    again = sent(problem, module).batch(people)
    assert [value for (value,) in again] == pytest.approx([value for (value,) in together], nan_ok=True, **tolerance)


@given(module=modules())
def test_what_is_frozen_stays(module: nn.Module) -> None:
    """Parameters that are not to be trained are those of the module, and every parameter keeps its dtype."""
    try:
        problem = Supervised(
            module, torch.ones(COUNT, FEATURES, dtype=next(module.parameters()).dtype), torch.zeros(COUNT).long()
        )
    except (ValueError, TypeError):
        return
    network = problem.to_module(population(problem, 1)[0])
    after = dict(network.named_parameters())
    for name, parameter in module.named_parameters():
        assert after[name].dtype == parameter.dtype, name
        assert after[name].requires_grad == parameter.requires_grad, name
        if not parameter.requires_grad:
            assert torch.equal(after[name], parameter), name
