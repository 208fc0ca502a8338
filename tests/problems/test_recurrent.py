"""Policies with a memory: each individual has its own in each episode."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from neuroevo.genome import Genome
from neuroevo.individual import Individual
from neuroevo.problems import Episodes, Recurrent, Supervised
from neuroevo.testing.laws import problem_laws
from neuroevo.testing.parametrize import parametrize_with_laws

gymnasium = pytest.importorskip("gymnasium")


class Attribute(nn.Module):
    """Keeps its hidden state in an attribute, as the tutorial that everybody reads does."""

    def __init__(self) -> None:
        super().__init__()
        self.cell, self.head = nn.GRUCell(4, 3), nn.Linear(3, 2)
        self.hidden = torch.zeros(1, 3)

    def forward(self, observations: Tensor) -> Tensor:
        """Return outputs, and remember."""
        self.hidden = self.cell(observations, self.hidden)
        outputs: Tensor = self.head(self.hidden)
        return outputs


class Explicit(Attribute):
    """Takes and returns its state."""

    def initial_state(self, count: int) -> Tensor:
        """Return zeros."""
        return torch.zeros(count, 3)

    def forward(self, observations: Tensor, state: Tensor) -> Any:  # type: ignore[override]
        """Return outputs and the next state."""
        after = self.cell(observations, state)
        return self.head(after), after


class Learned(Explicit):
    """Begins with a state that evolves."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Parameter(torch.ones(3))

    def initial_state(self, count: int) -> Tensor:
        """Return what evolved."""
        return self.first.expand(count, 3)


class Branching(Explicit):
    """Can't be stacked."""

    def forward(self, observations: Tensor, state: Tensor) -> Any:  # type: ignore[override]
        """Return outputs and the next state."""
        return super().forward(observations if bool(state.sum() >= 0) else -observations, state)


MODULES: dict[str, Any] = {
    "attribute": Attribute,
    "explicit": Explicit,
    "learned": Learned,
    "branching": Branching,
    "RNN cell": lambda: Recurrent(nn.RNNCell(4, 3), nn.Linear(3, 2)),
    "GRU cell": lambda: Recurrent(nn.Linear(4, 3), nn.Tanh(), nn.GRUCell(3, 3), nn.Linear(3, 2)),
    "LSTM cell": lambda: Recurrent(nn.LSTMCell(4, 3), nn.Linear(3, 2)),
    "RNN": lambda: Recurrent(nn.RNN(4, 3, nonlinearity="relu"), nn.Linear(3, 2)),
    "GRU": lambda: Recurrent(nn.GRU(4, 3, num_layers=2), nn.Linear(3, 2)),
    "LSTM": lambda: Recurrent(nn.LSTM(4, 3, batch_first=True), nn.Linear(3, 2)),
}
STACKED = [name for name in MODULES if name not in ("attribute", "branching")]


def problem(name: str, **settings: Any) -> Episodes:
    """Return the problem of a network with a memory."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Episodes("CartPole-v1", MODULES[name](), spread=4.0, max_steps=20, **settings)


def players(episodes: Episodes, count: int = 5) -> list[Individual]:
    """Return individuals of several generations."""
    genomes = episodes.space.sample(count, generator=torch.Generator().manual_seed(1))
    return [Individual(row, id=place, generation=place % 2) for place, row in enumerate(genomes)]


@parametrize_with_laws(
    problem_laws(players(problem("attribute"))),
    {"attribute": problem("attribute", episodes=2), "explicit": problem("explicit", episodes=2)},
    examples=2,
)
def test_memories(law: Any) -> None:
    """Modules with a memory keep the laws of evaluators, to the bit."""
    law()


@pytest.mark.parametrize("name", MODULES)
def test_scores_are_those_of_playing_alone(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """In company, alone, again, and by hand; and they depend on the memory."""
    own = problem(name, episodes=2)
    crowd = players(own)
    scores = own.batch(crowd)
    assert own.batch(crowd[::-1])[::-1] == scores == [own(one) for one in crowd]
    forgot = []
    for one, (score,) in zip(crowd, scores, strict=True):
        assert by_hand(own, one) == score
        forgot.append(by_hand(own, one, forget=True))
    assert forgot != [score for (score,) in scores]
    assert any("one network after the other" in text for text in caplog.messages) == (name == "branching")
    assert any("changes its hidden when it runs" in text for text in caplog.messages) == (name == "attribute")


def by_hand(own: Episodes, one: Individual, *, forget: bool = False) -> float:
    """Return the mean return in a plain loop."""
    policy, returns = own.to_module(one), []
    for seed in own.seeds(one):
        env = gymnasium.make("CartPole-v1", max_episode_steps=20)
        observation, over, total = env.reset(seed=seed)[0], False, 0.0
        policy.reset()
        while not over:
            if forget:
                policy.reset()
            observation, reward, ended, cut, _ = env.step(policy.act(observation))
            total, over = total + float(reward), ended or cut
        returns.append(total)
    return float(np.mean(returns))


@pytest.mark.parametrize("name", STACKED)
def test_modules_that_take_their_state_are_batched(name: str) -> None:
    """The whole population takes a step in one call, and outputs are those of the module."""
    own = problem(name)
    assert own.stepping.stacks
    crowd = players(own, 3)
    seen = torch.randn(4, 3, 4, generator=torch.Generator().manual_seed(0))
    steps = own.stepping.begin(own.space.split(torch.stack([one.genome for one in crowd])))
    found = torch.stack([steps(step, range(3)) for step in seen])
    for row, one in enumerate(crowd):
        network: Any = Genome.of(one, own.space).filled(own.module)
        state, expected = network.initial_state(1), []
        for step in seen:
            outputs, state = network(step[row : row + 1], state)
            expected.append(outputs[0].detach())
        torch.testing.assert_close(found[:, row], torch.stack(expected))


def test_a_policy_passes_the_state_through() -> None:
    """Outputs can be trained, a sequence at a time."""
    own = problem("GRU cell")
    policy = own.to_module(players(own)[0])
    state, total = own.module.initial_state(2), torch.zeros(())
    for step in torch.randn(3, 2, 4, generator=torch.Generator().manual_seed(0)):
        outputs, state = policy(step, state)
        total = total + outputs.square().sum()
    total.backward()
    assert all(parameter.grad is not None for parameter in policy.parameters())


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            lambda: Recurrent(nn.Linear(4, 2)),
            r"layers must have a recurrent one, such as nn.GRUCell, but they are Linear",
        ),
        (lambda: Recurrent(nn.GRU(4, 2, bidirectional=True)), r"layers must read in one direction"),
        (
            lambda: Episodes("CartPole-v1", nn.GRUCell(4, 2)),
            r"but it is a GRUCell, which forgets it; put the",
        ),
        (lambda: Episodes("CartPole-v1", nn.Sequential(nn.RNN(4, 2))), r"but its layer 0 is a RNN, which forgets it"),
    ],
)
def test_layers_that_forget_are_refused(make: Any, sentence: str) -> None:
    """A memory that would not be one is a sentence."""
    with torch.random.fork_rng(devices=[]), pytest.raises(ValueError, match=sentence):
        make()


class Counting(nn.Linear):
    """Counts its calls."""

    def __init__(self) -> None:
        super().__init__(2, 2)
        self.calls = 0

    def forward(self, inputs: Tensor) -> Tensor:
        """Return more each time."""
        self.calls += 1
        return super().forward(inputs) * self.calls


def test_supervised_modules_are_isolated() -> None:
    """A module that changes itself is scored as it was given, as is what is returned, and has gradients."""
    inputs, targets = torch.randn(6, 2, generator=torch.Generator().manual_seed(0)), torch.arange(6) % 2
    with torch.random.fork_rng(devices=[]):
        own = Supervised(Counting(), inputs, targets)
    crowd = [Individual(row, id=place) for place, row in enumerate(torch.randn(3, 6, generator=torch.Generator()))]
    scores = own.batch(crowd)
    assert own.batch(crowd[::-1])[::-1] == scores == [own(one) for one in crowd]
    for one, (score,) in zip(crowd, scores, strict=True):
        network = own.to_module(one)
        assert network.calls == 0
        assert float(own.score(network(inputs).detach(), targets)) == pytest.approx(score)
    gradients = own.gradient(torch.stack([one.genome for one in crowd]))
    with torch.random.fork_rng(devices=[]):
        plain = Supervised(nn.Linear(2, 2), inputs, targets)
    torch.testing.assert_close(gradients, plain.gradient(torch.stack([one.genome for one in crowd])))
