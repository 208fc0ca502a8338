"""Graphs that play: the same episodes, spaces and failures as for networks."""

import math
from types import ModuleType
from typing import Any

import pytest
import torch

from neuroevo.graph import Graph
from neuroevo.individual import Individual
from neuroevo.operators import graphs
from neuroevo.problems.graphs import GraphEpisodes

pytest.importorskip("gymnasium")


def minimal(problem: GraphEpisodes, count: int = 4) -> list[Individual]:
    """Return individuals with random weights."""
    innovations, generator = graphs.Innovations(problem.inputs + 1 + problem.outputs), torch.Generator().manual_seed(0)
    made: list[Graph] = [
        graphs.minimal(problem.inputs, problem.outputs, innovations=innovations, generator=generator)
        for _ in range(count)
    ]
    return [Individual(graph, id=place) for place, graph in enumerate(made)]


@pytest.mark.parametrize("seen", ["vector", "discrete", "tuple", "dict"])
@pytest.mark.parametrize("acted", ["discrete", "multi-binary", "box"])
def test_every_space_is_played(environments: ModuleType, seen: str, acted: str) -> None:
    """Scores in company are those alone, with as many inputs and outputs as the environment has."""
    make = environments.maker(environments.OBSERVED[seen], environments.ACTED[acted])
    with pytest.raises(ValueError, match="inputs must be ") as refusal:
        GraphEpisodes(make, 99, 99)
    inputs = int(str(refusal.value).split()[3])
    outputs = {"discrete": 3, "multi-binary": 3, "box": 2}[acted]
    problem = GraphEpisodes(make, inputs, outputs, episodes=2)
    crowd = minimal(problem)
    assert problem.batch(crowd) == [problem(one) for one in crowd]


def test_an_environment_that_raises_fails_its_player(environments: ModuleType) -> None:
    """The others have their scores."""
    problem = GraphEpisodes(environments.maker(fails="reset"), 2, 2)
    crowd = [Individual(one.genome, id=one.id, generation=one.id) for one in minimal(problem, 8)]
    failed = [math.isnan(score) for (score,) in problem.batch(crowd)]
    assert 0 < sum(failed) < 8


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"inputs": 3}, r"inputs must be 4 for CartPole-v1, but it is 3\."),
        ({"outputs": 4}, r"outputs must be 2 for CartPole-v1, but it is 4\."),
        ({"episodes": 0}, r"episodes must be at least 1, but it is 0\."),
        ({"environment": "Blackjack-v1"}, r"max_steps must be given"),
    ],
)
def test_what_does_not_fit_is_refused(settings: dict[str, Any], sentence: str) -> None:
    """One sentence each."""
    given = {"environment": "CartPole-v1", "inputs": 4, "outputs": 2, **settings}
    with pytest.raises(ValueError, match=sentence):
        GraphEpisodes(**given)
