"""Episodes of environments, by networks and by graphs: returns are those of playing one by one in a plain loop."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from hypothesis import strategies as st
from torch import Tensor, nn

from neuroevo.genome import Genome
from neuroevo.graph import Connection, Graph
from neuroevo.individual import Individual
from neuroevo.problems.episodes import Episodes, cartpole
from neuroevo.problems.graphs import GRAPH_PROBLEMS, GraphEpisodes
from neuroevo.problems.recurrent import Recurrent
from neuroevo.seeds import seed_of
from neuroevo.testing.laws import Law, agreement_laws
from subjects.environments import ACTED, INPUTS, LARGEST, OBSERVED, OUTPUTS, making
from subjects.every import every
from subjects.networks import answer
from subjects.subject import Subject

PLAYED = ("neuroevo/problems/play.py", "neuroevo/problems/environments.py", "neuroevo/interface.py")
EPISODES = ("neuroevo/problems/episodes.py", "neuroevo/problems/players.py", "neuroevo/policy.py", *PLAYED)
GRAPHS = ("neuroevo/problems/graphs.py", *PLAYED)
Facts = Mapping[str, Any]


class Counting(nn.Module):
    """Its outputs grow with the number of steps that it keeps.

    Args:
        inputs: Numbers of an observation.
        outputs: Numbers that it returns.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.layer = nn.Linear(inputs, outputs)
        self.register_buffer("steps", torch.zeros(()))

    def forward(self, observations: Tensor) -> Tensor:
        """Return outputs [N, A]."""
        self.steps = self.steps + 1
        return self.layer(observations.flatten(1)) * self.steps + 0.1


def network(kind: str, inputs: int, outputs: int) -> nn.Module:
    """Return a network whose weights are set later."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        if kind == "counting":
            return Counting(inputs, outputs)
        if kind == "recurrent":
            return Recurrent(nn.Flatten(), nn.GRUCell(inputs, 3), nn.Linear(3, outputs))
        return nn.Sequential(nn.Flatten(), nn.Linear(inputs, outputs))


def problem(observed: str, acted: str, kind: str, limit: int | None, fails: bool = False, **settings: Any) -> Episodes:
    """Return the problem of playing by a network."""
    module = network(kind, INPUTS[observed], OUTPUTS[acted])
    return Episodes(making(observed, acted, fails, limit), module, spread=2.0, **settings)


def players(genomes: Tensor) -> list[Individual]:
    """Return individuals of two generations."""
    return [Individual(row, id=place, generation=place % 2) for place, row in enumerate(genomes)]


def _genomes(observed: str, acted: str, kind: str, seed: int) -> Tensor:
    length = sum(one.numel() for one in network(kind, INPUTS[observed], OUTPUTS[acted]).parameters())
    return 2 * torch.randn(4, length, generator=torch.Generator().manual_seed(seed))


def played(observed: str, acted: str, kind: str, seed: int, **settings: Any) -> Any:
    """Return scores together and alone, seeds, and how what is returned acts."""
    found = problem(observed, acted, kind, seed=seed, **settings)
    crowd = players(_genomes(observed, acted, kind, seed))
    other = problem(observed, acted, kind, seed=seed + 1, **{**settings, "normalise": False, "fails": False})
    genome = Genome.of(crowd[1], found.space)
    bare = Genome(genome.blocks)
    seen = _observation(observed)
    return {
        "scores": found.batch(crowd),
        "alone": found(crowd[1]),
        "seeds": found.seeds(crowd[1]),
        "none": found.batch([]),
        "weights": found.weights,
        "shape": (found.interface.shape, found.interface.outputs),
        "actions": [
            _acts(policy, seen)
            for policy in (found.to_module(crowd[1]), other.to_module(genome), found.to_module(bare))
        ],
    }


def plainly_played(observed: str, acted: str, kind: str, seed: int, **settings: Any) -> Any:
    """Play one episode after the other, and take the mean of the sums of rewards."""
    episodes, most, limit = settings.get("episodes", 1), settings.get("max_steps"), settings["limit"]
    if episodes < 1 or (most is not None and most < 1) or (most is None and limit is None):
        raise ValueError("episodes")
    make = making(observed, acted, settings.get("fails", False), limit)
    shift, scale = 0.0, 1.0
    if settings.get("normalise"):
        shift, scale = watched(make, observed, seed_of(seed, "watched") % LARGEST, most)
    scores, actions = [], []
    for place, row in enumerate(_genomes(observed, acted, kind, seed)):
        module = filled(network(kind, INPUTS[observed], OUTPUTS[acted]), row)
        act = partial(_act, observed, acted, shift, scale)
        seeds = [seed_of(seed, place % 2, number, "episode") % LARGEST for number in range(episodes)]
        scores.append((float(np.mean([_episode(make(), one, most, module, act) for one in seeds])),))
        if place == 1:
            own, seen = seeds, _observation(observed)
            actions = [_plain(act(copy.deepcopy(module), seen, None)[0])] * 2
            actions += [_plain(act(copy.deepcopy(module), seen, None)[0])]
    return {
        "scores": scores,
        "alone": scores[1],
        "seeds": own,
        "none": [],
        "weights": (1.0,),
        "shape": ((INPUTS[observed],) if observed != "matrix" else (2, 2), OUTPUTS[acted]),
        "actions": actions,
    }


def watched(make: Callable[[], Any], observed: str, seed: int, most: int | None) -> tuple[Any, Any]:
    """Return mean and deviation of 1001 observations of random play; 1 for what does not vary."""
    env, steps = make(), 0
    env.action_space.seed(seed)
    rows = [_flat(observed, env.reset(seed=seed)[0])]
    while len(rows) < 1001:
        observation, _, ended, cut, _ = env.step(env.action_space.sample())
        steps += 1
        if ended or cut or steps == most:
            observation, steps = env.reset()[0], 0
        rows.append(_flat(observed, observation))
    table = np.stack(rows).astype(np.float64)
    deviation = table.std(0, ddof=1)
    return table.mean(0).astype(np.float32), np.where(deviation > 0, deviation, 1).astype(np.float32)


def filled(module: nn.Module, row: Tensor) -> nn.Module:
    """Return a module with the numbers of a genome, parameter after parameter."""
    place = 0
    for parameter in module.parameters():
        parameter.data = row[place : place + parameter.numel()].reshape(parameter.shape).clone()
        place += parameter.numel()
    return module


def _episode(env: Any, seed: int, most: int | None, module: nn.Module, act: Callable[..., Any]) -> float:
    """Return the sum of rewards, NaN if the environment fails."""
    module, state, total, steps = copy.deepcopy(module), None, 0.0, 0
    try:
        seen, over = env.reset(seed=seed)[0], False
        while not over:
            action, state = act(module, seen, state)
            seen, reward, ended, cut, _ = env.step(action)
            total, steps = total + reward, steps + 1
            over = ended or cut or steps == most
    except RuntimeError:
        return math.nan
    return total


@torch.no_grad()
def _act(observed: str, acted: str, shift: Any, scale: Any, module: Any, seen: Any, state: Any) -> tuple[Any, Any]:
    """Return the action for an observation, and the next state."""
    given = torch.as_tensor((_flat(observed, seen) - shift) / scale, dtype=torch.float32).unsqueeze(0)
    if isinstance(module, Recurrent):
        outputs, state = module(given, module.initial_state(1) if state is None else state)
    else:
        outputs = module(given)
    return chosen(acted, outputs[0].numpy()), state


def chosen(acted: str, outputs: Any) -> Any:
    """Return the action of some outputs."""
    space: Any = ACTED[acted]
    if acted == "number":
        return 2 + int(np.argmax(outputs))
    if acted == "groups":
        return np.array([1 + int(np.argmax(outputs[:2])), int(np.argmax(outputs[2:])) - 1])
    if acted == "bits":
        return np.array([1 if one > 0 else 0 for one in outputs], dtype=np.int8)
    return np.clip(outputs, space.low, space.high).astype(space.dtype)


def _flat(observed: str, observation: Any) -> Any:
    """Return an observation in a box as it is, any other one as a vector."""
    space = OBSERVED[observed]
    return observation if isinstance(space, spaces.Box) else spaces.flatten(space, observation).astype(np.float32)


def _observation(observed: str) -> Any:
    space = copy.deepcopy(OBSERVED[observed])
    space.seed(5)
    return space.sample()


def _acts(policy: Any, seen: Any) -> Any:
    """Return a policy's first action of its second episode."""
    policy.act(seen)
    policy.reset()
    return _plain(policy.act(seen))


def _plain(action: Any) -> Any:
    return np.asarray(action, dtype=np.float32).ravel().tolist()


def graph_played(observed: str, acted: str, seed: int, inputs: int, **settings: Any) -> Any:
    """Return scores of graphs, together and alone."""
    limit, fails = settings.pop("limit"), settings.pop("fails")
    make = making(observed, acted, fails, limit)
    found = GraphEpisodes(make, INPUTS[observed] + inputs, OUTPUTS[acted], seed=seed, **settings)
    crowd = [
        Individual(one, id=place, generation=place % 2) for place, one in enumerate(_graphs(observed, acted, seed))
    ]
    return {"scores": found.batch(crowd), "alone": found(crowd[1]), "none": found.batch([]), "weights": found.weights}


def plainly_graph_played(observed: str, acted: str, seed: int, inputs: int, **settings: Any) -> Any:
    """Play one episode after the other."""
    episodes, most, limit = settings.get("episodes", 1), settings.get("max_steps"), settings["limit"]
    if episodes < 1 or inputs or (most is None and limit is None):
        raise ValueError("episodes")
    make, scores = making(observed, acted, settings["fails"], limit), []
    for place, graph in enumerate(_graphs(observed, acted, seed)):

        def act(module: object, seen: Any, state: object, graph: Graph = graph) -> tuple[Any, None]:
            return chosen(acted, np.array(answer(graph, np.ravel(_flat(observed, seen)).tolist()))), None

        seeds = [seed_of(seed, place % 2, number, "episode") % LARGEST for number in range(episodes)]
        scores.append((float(np.mean([_episode(make(), one, most, nn.Module(), act) for one in seeds])),))
    return {"scores": scores, "alone": scores[1], "none": [], "weights": (1.0,)}


def _graphs(observed: str, acted: str, seed: int) -> list[Graph]:
    """Return graphs that connect each input with each output, more or less."""
    generator, found = np.random.default_rng(seed), []
    inputs, outputs = INPUTS[observed], OUTPUTS[acted]
    for _ in range(3):
        ends = [(source, inputs + 1 + target) for source in range(inputs + 1) for target in range(outputs)]
        rows = [
            Connection(number, *pair, 0.2 * float(generator.normal()), bool(generator.random() < 0.8))
            for number, pair in enumerate(ends)
        ]
        found.append(Graph(inputs, outputs, tuple(rows)))
    return found


def defaults(hidden: int) -> Any:
    """Return what the well-known problems are, and a graph's problem by default."""
    ours, graphs = cartpole(hidden=hidden), GRAPH_PROBLEMS["cartpole"]()
    bare = GraphEpisodes("CartPole-v1", 4, 2)
    return {
        "network": (ours.episodes, ours.seed, ours.space.size, float(ours.space.spread[0]), ours.space.start.clone()),
        "hidden": cartpole().space.size,
        "graphs": (graphs.environment, graphs.inputs, graphs.outputs, graphs.episodes, graphs.seed),
        "default": (bare.episodes, bare.seed, dict(bare.settings), bare.max_steps),
    }


def plain_defaults(hidden: int) -> Any:
    """State it: 4 inputs, 2 outputs, zeros."""
    size = 4 * hidden + hidden + 2 * hidden + 2
    return {
        "network": (1, 0, size, 0.5, torch.zeros(size)),
        "hidden": 4 * 16 + 16 + 2 * 16 + 2,
        "graphs": ("CartPole-v1", 4, 2, 4, 0),
        "default": (1, 0, {}, None),
    }


KINDS = [
    {"kind": "plain", "limit": 4, "episodes": 2},
    {"kind": "plain", "limit": 9, "episodes": 3, "fails": True},
    {"kind": "recurrent", "limit": None, "max_steps": 3, "normalise": True},
    {"kind": "counting", "limit": 9, "episodes": 2},
    {"kind": "plain", "limit": 9, "episodes": 2, "normalise": True, "max_steps": 3},
    {"kind": "plain", "limit": 9, "episodes": 0},
    {"kind": "plain", "limit": None},
    {"kind": "plain", "limit": 9, "max_steps": 0},
]
"""Settings of problems, the last ones wrong."""

GRAPHED = [
    {"limit": 4, "fails": False, "episodes": 2, "inputs": 0},
    {"limit": 9, "fails": True, "episodes": 3, "inputs": 0},
    {"limit": None, "fails": False, "max_steps": 3, "inputs": 0},
    {"limit": 9, "fails": False, "episodes": 0, "inputs": 0},
    {"limit": None, "fails": False, "inputs": 0},
    {"limit": 9, "fails": False, "inputs": 1},
]


def _each(function: Callable[..., Any], kinds: Sequence[Facts]) -> Callable[..., Any]:
    """Return the results of all settings; each has other spaces, and the seed decides which."""

    def one(seed: int, place: int) -> Any:
        names, actions = [*OBSERVED], [*ACTED]
        return function(
            observed=names[(seed + place) % len(names)],
            acted=actions[(seed // len(names) + 2 * place) % len(actions)],
            seed=seed,
            **kinds[place],
        )

    return every(one, place=range(len(kinds)))


def _laws(function: Callable[..., Any], kinds: Sequence[Facts]) -> list[Law]:
    """Return the laws with few cases, each of which plays with all settings."""
    drawn = st.fixed_dictionaries({"seed": st.integers(0, 99)})
    found = agreement_laws(_each(function, kinds), drawn, tolerance=2.0**38)
    return [replace(law, examples=6 if law is found[-1] else 1, shrinks=False) for law in found]


SUBJECTS = [
    Subject("episodes", EPISODES, lambda: _each(played, KINDS), lambda: _laws(plainly_played, KINDS)),
    Subject(
        "poles to balance",
        ("neuroevo/problems/episodes.py", "neuroevo/problems/graphs.py"),
        lambda: defaults,
        lambda: agreement_laws(plain_defaults, st.fixed_dictionaries({"hidden": st.just(3)})),
    ),
    Subject(
        "episodes of graphs",
        GRAPHS,
        lambda: _each(graph_played, GRAPHED),
        lambda: _laws(plainly_graph_played, GRAPHED),
    ),
]
