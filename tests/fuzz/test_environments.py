"""Environments with drawn spaces, ends and failures: the score is that of the policy that is returned, or a refusal."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor, nn

from neuroevo.individual import Individual
from neuroevo.problems.episodes import Episodes

gymnasium = pytest.importorskip("gymnasium")
spaces = gymnasium.spaces

pytestmark = pytest.mark.slow

FAILURES = ("", "", "", "reset", "step", "reward", "observation", "endless")


class Drawn(gymnasium.Env):  # type: ignore[misc]
    """Shows samples of its space, and pays for actions by their sum; goes wrong in one way."""

    def __init__(self, seen: Any, acted: Any, length: int, fails: str) -> None:
        self.observation_space, self.action_space = seen, acted
        self.length, self.fails, self.steps = length, fails, 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode."""
        super().reset(seed=seed)
        self.steps = 0
        return self._goes_wrong("reset") or self._seen(), {}

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Pay for an action, which must be one of the space."""
        if not self.action_space.contains(action):
            raise AssertionError(f"{action!r} is not in {self.action_space}")
        self._goes_wrong("step")
        self.steps += 1
        paid = float(np.sum(np.asarray(action, dtype=np.float64)))
        reward: Any = None if self.fails == "reward" and self.steps == 2 else paid
        seen = "?" if self.fails == "observation" and self.steps == 2 else self._seen()
        return seen, reward, self.fails != "endless" and self.steps >= self.length, False, {}

    def _goes_wrong(self, when: str) -> None:
        if self.fails == when and self.np_random.random() < 0.4:
            raise RuntimeError("gone")

    def _seen(self) -> Any:
        self.observation_space.seed(int(self.np_random.integers(2**31)))
        return self.observation_space.sample()


def boxes() -> st.SearchStrategy[Any]:
    """Return boxes of several shapes, types and bounds."""
    return st.sampled_from(
        (
            spaces.Box(-1, 1, (2,)),
            spaces.Box(-1, 1, ()),
            spaces.Box(0, 255, (2, 3), dtype=np.uint8),
            spaces.Box(np.array([-0.1, -2.0]), np.array([0.3, 1.0]), dtype=np.float64),
            spaces.Box(-3, 5, (2,), dtype=np.int32),
            spaces.Box(-np.inf, np.inf, (1,)),
            spaces.Box(0, np.inf, (2,)),
        )
    )


def simple() -> st.SearchStrategy[Any]:
    """Return spaces without parts."""
    return st.one_of(
        boxes(),
        st.builds(spaces.Discrete, st.integers(1, 4), start=st.integers(-2, 2)),
        st.lists(st.integers(1, 3), min_size=1, max_size=3).map(spaces.MultiDiscrete),
        st.sampled_from((1, 3, (2, 2))).map(spaces.MultiBinary),
    )


def nested() -> st.SearchStrategy[Any]:
    """Return spaces with parts."""
    return st.recursive(
        simple(),
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: spaces.Tuple(tuple(parts))),
            st.dictionaries(st.sampled_from("abc"), inner, min_size=1, max_size=3).map(spaces.Dict),
        ),
        max_leaves=4,
    )


def odd() -> st.SearchStrategy[Any]:
    """Return spaces that no network can see or act in."""
    return st.sampled_from((spaces.Text(3), spaces.Sequence(spaces.Discrete(2)), spaces.Graph(spaces.Box(0, 1), None)))


class Remembering(nn.Module):
    """Keeps what it saw as an attribute."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.layer = nn.Linear(inputs, outputs)
        self.seen: Tensor | float = 0.0

    def forward(self, observations: Tensor) -> Tensor:
        """Add what was seen before."""
        self.seen = self.seen + self.layer(observations.flatten(1))
        return self.seen


class Stateful(nn.Module):
    """Has a state by the protocol."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.cell, self.head = nn.GRUCell(inputs, 3), nn.Linear(3, outputs)

    def initial_state(self, count: int) -> Tensor:
        """Return zeros."""
        return torch.zeros(count, 3)

    def forward(self, observations: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Return outputs and the next state."""
        state = self.cell(observations.flatten(1), state)
        return self.head(state), state


NETWORKS: dict[str, Callable[[int, int], nn.Module]] = {
    "linear": lambda inputs, outputs: nn.Sequential(nn.Flatten(), nn.Linear(inputs, outputs)),
    "hidden": lambda inputs, outputs: nn.Sequential(
        nn.Flatten(), nn.Linear(inputs, 3), nn.Tanh(), nn.Linear(3, outputs)
    ),
    "remembering": Remembering,
    "stateful": Stateful,
}


def size(space: Any) -> int:
    """Return the numbers of a space's flattened members; 2 if it has none."""
    try:
        return int(spaces.flatdim(space))
    except (NotImplementedError, ValueError):
        return 2


def by_hand(problem: Episodes, make: Callable[[], Any], one: Individual, most: int) -> float:
    """Return the mean return of the policy that is returned for an individual, in plain loops."""
    policy, gains = problem.to_module(one), []
    for seed in problem.seeds(one):
        env, gain = make(), 0.0
        policy.reset()
        observation, _ = env.reset(seed=seed)
        for _ in range(most):
            observation, reward, ended, cut, _ = env.step(policy.act(observation))
            gain += float(reward)
            if ended or cut:
                break
        gains.append(gain)
    return float(np.mean(gains))


@given(data=st.data())
def test_a_score_is_what_the_returned_policy_gains(data: st.DataObject) -> None:
    """Alone, in company and by hand; a failure fails its own individual, and what can't be played is refused."""
    seen = data.draw(st.one_of(nested(), nested(), nested(), odd()))
    acted = data.draw(st.one_of(simple(), simple(), simple(), odd()))
    fails, length = data.draw(st.sampled_from(FAILURES)), data.draw(st.integers(1, 6))
    most = data.draw(st.sampled_from((4, 4, None)))
    kind = data.draw(st.sampled_from(sorted(NETWORKS)))
    surplus = data.draw(st.sampled_from((0, 0, 0, 0, 1)))

    def make() -> Any:
        return Drawn(seen, acted, length, fails)

    with torch.random.fork_rng(devices=()):
        torch.manual_seed(0)
        network = NETWORKS[kind](max(1, size(seen)), max(1, size(acted) + surplus))
    try:
        problem = Episodes(
            make, network, episodes=data.draw(st.integers(1, 2)), normalise=data.draw(st.booleans()), max_steps=most
        )
    except (ValueError, TypeError) as error:
        said = str(error)
    else:
        said = ""
    if said:
        assert "\n" not in said
        assert len(said) < 1000
        return
    assert not surplus, "one output too many was taken"
    assume(problem.space.size)
    start = problem.space.start
    rows = start + torch.randn(3, len(start), generator=torch.Generator().manual_seed(data.draw(st.integers(0, 9))))
    people = [Individual(row, id=number, generation=number % 2) for number, row in enumerate(rows)]
    together = [value for (value,) in problem.batch(people)]
    again = [value for (value,) in problem.batch(people[::-1])][::-1]
    for one, value, other in zip(people, together, again, strict=True):
        assert value == pytest.approx(other, nan_ok=True)
        assert problem(one)[0] == pytest.approx(value, nan_ok=True)
        if fails in ("", "endless"):
            assert math.isfinite(value), one
            assert by_hand(problem, make, one, most or length) == pytest.approx(value)
