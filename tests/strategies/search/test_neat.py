"""NEAT: species share what they score, structures grow from nothing, and XOR is solved."""

import math
import statistics

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.evolution import evolve
from neuroevo.graph import Networks
from neuroevo.individual import Fitness, Individual
from neuroevo.problems.function import ZDT1
from neuroevo.problems.graphs import GraphEpisodes, GraphTable, cartpole_by_graph, xor
from neuroevo.seeds import seed_of
from neuroevo.strategies import NEAT
from neuroevo.strategies.search.species import PATIENCE, Species, allot, sort_into
from neuroevo.testing.laws import problem_laws
from neuroevo.testing.parametrize import parametrize_with_laws


def solved(seed: int) -> tuple[bool, int]:
    """Return whether 150 generations lead to a graph that answers XOR on the right side, and its hidden nodes."""
    problem = xor()
    strategy = NEAT(problem, seed=seed)
    for _ in evolve(strategy, 150):
        graph = strategy.result().genome
        if bool(((Networks([graph])(problem.questions)[0] > 0.5) == (problem.targets > 0.5)).all()):
            return True, len(graph.hidden)
    return False, len(graph.hidden)


def test_xor_is_solved() -> None:
    """One seed finds a graph with a hidden node, without which there is none."""
    found, hidden = solved(4)
    assert found
    assert hidden >= 1


@pytest.mark.slow
def test_xor_is_solved_nearly_always() -> None:
    """At least 9 of 10 seeds solve it, with a median of at most 6 hidden nodes."""
    results = [solved(seed) for seed in range(10)]
    assert sum(found for found, _ in results) >= 9
    assert statistics.median(hidden for _, hidden in results) <= 6


@pytest.mark.slow
def test_the_pole_is_balanced() -> None:
    """A graph balances the pole for at least 475 of 500 steps, mean over 100 unseen episodes."""
    pytest.importorskip("gymnasium")
    strategy = NEAT(cartpole_by_graph(), population=50, seed=1)
    for _ in evolve(strategy, 30):
        pass
    unseen = GraphEpisodes("CartPole-v1", 4, 2, episodes=100, seed=seed_of(1, "unseen"))
    assert unseen(strategy.result())[0] >= 475


def test_structures_grow_from_the_simplest() -> None:
    """First graphs have no hidden nodes, and later ones have some."""
    strategy = NEAT(xor(), population=30, seed=1, node_rate=0.3)
    hidden = [max(len(one.genome.hidden) for one in generation.population) for generation in evolve(strategy, 6)]
    assert hidden[0] == 0
    assert hidden == sorted(hidden)
    assert hidden[-1] > 1


def test_a_champion_lives_on() -> None:
    """The best of a large species is in the next generation, unchanged."""
    strategy = NEAT(xor(), population=40, seed=1, threshold=1e9)
    best = []
    for generation in evolve(strategy, 5):
        best.append(generation.best.fitness.values[0])
    assert best == sorted(best)


scores = st.lists(st.lists(st.floats(0, 9) | st.just(math.nan), min_size=1, max_size=4), min_size=1, max_size=5)


@given(scores=scores, stale=st.lists(st.integers(0, 2 * PATIENCE), min_size=5, max_size=5), places=st.integers(0, 30))
def test_all_places_are_given_away(scores: list[list[float]], stale: list[int], places: int) -> None:
    """As many children as there are places; of several, those that stand still have none, but for the two best."""
    species = [
        Species(
            number,
            None,
            [Individual(None, Fitness([score]), id=10 * number + place) for place, score in enumerate(row)],
            max((score for score in row if math.isfinite(score)), default=-math.inf),
            stale[number],
        )
        for number, row in enumerate(scores)
    ]
    counts = allot(species, places)
    assert sum(counts) == places
    assert min(counts) >= 0


def test_species_share_their_fitness() -> None:
    """Two kinds with equal mean scores have as many children each, whatever their sizes."""
    few = Species(0, None, [Individual(None, Fitness([2.0]), id=0)], 2.0)
    many = Species(1, None, [Individual(None, Fitness([2.0]), id=1 + place) for place in range(9)], 2.0)
    bad = Species(2, None, [Individual(None, Fitness([0.0]), id=20)], 0.0)
    assert allot([few, many, bad], 10) == [5, 5, 0]


def test_what_stands_still_dies_out() -> None:
    """After 15 generations without a better best individual a species has no children, but for the best two."""
    made = [
        Species(number, None, [Individual(None, Fitness([score]), id=number)], score, PATIENCE)
        for number, score in enumerate((3.0, 2.0, 1.0, 0.5))
    ]
    made[3].stale = 0
    assert allot(made, 8)[2] == 0
    assert min(allot(made, 8)[:2]) > 0


@given(genomes=st.lists(st.integers(0, 30), min_size=1, max_size=12))
def test_each_individual_has_a_species(genomes: list[int]) -> None:
    """Each individual is in one, that of the first representative that is like it."""
    individuals = [Individual(genome, Fitness([float(genome)]), id=place) for place, genome in enumerate(genomes)]
    known = [Species(3, 0, best=100.0, stale=2), Species(5, 20)]

    def alike(first: object, second: object) -> bool:
        return abs(int(str(first)) - int(str(second))) < 6

    found = sort_into(known, individuals, alike=alike, number=7)
    assert sorted(member.id for one in found for member in one.members) == list(range(len(individuals)))
    assert len({one.number for one in found}) == len(found)
    for one in found:
        assert all(alike(one.representative, member.genome) for member in one.members)
        assert one.members == sorted(one.members, key=lambda member: member.fitness, reverse=True)
        assert one.number != 3 or (one.stale, one.best) == (3, 100.0)
    assert known[0].members == []


GRAPHS = [generation.population[0] for generation in evolve(NEAT(xor(), population=5, node_rate=0.5), 4)]


@parametrize_with_laws(problem_laws(GRAPHS, tolerance=1e-5), {"xor": xor()})
def test_tables(law) -> None:  # type: ignore[no-untyped-def]
    """Problems of graphs keep the laws of evaluators."""
    law()


def test_episodes_of_graphs() -> None:
    """So do episodes: equal graphs of a generation score alike, alone or together."""
    pytest.importorskip("gymnasium")
    problem = GraphEpisodes("CartPole-v1", 4, 2, episodes=2)
    individuals = NEAT(problem, population=4, seed=1).generate()
    together = problem.batch([*individuals, individuals[0]])
    assert together[:4] == [problem(one) for one in individuals]
    assert together[4] == together[0]
    assert problem.batch([]) == []


def test_a_score_of_ones_own() -> None:
    """A table takes any score over the outputs of all graphs."""
    problem = GraphTable(torch.ones(2, 3), torch.zeros(2, 1), score=lambda outputs, targets: -outputs.sum((1, 2)))
    strategy = NEAT(problem, population=10, seed=1)
    values = [generation.best.fitness.values[0] for generation in evolve(strategy, 10)]
    assert values[-1] > values[0]


@pytest.mark.parametrize(
    ("problem", "settings", "sentence"),
    [
        (xor(), {"population": 0}, r"population must be at least 1, but it is 0."),
        (ZDT1(), {}, r"problem must have 1 objective for NEAT, but it has 2."),
    ],
)
def test_what_is_impossible_is_refused(problem: object, settings: dict[str, int], sentence: str) -> None:
    """A setting that can't be is one sentence, and so is a result too early."""
    with pytest.raises(ValueError, match=sentence):
        NEAT(problem, **settings)
    with pytest.raises(RuntimeError, match=r"there is no result yet: run a generation first."):
        NEAT(xor()).result()
