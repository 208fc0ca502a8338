"""Problems over bits and permutations, against plain references."""

import itertools
import math
from typing import Any

import pytest
import torch

from neuroevo.discrete import Bits, Permutations
from neuroevo.individual import Fitness, Individual
from neuroevo.problems import Function
from neuroevo.problems.combinatorial import Knapsack, Tour, Trip, knapsack, onemax, tsp
from neuroevo.testing.laws import check_problem
from neuroevo.testing.laws.purity import seeded


def test_a_tour_is_round_and_one_way() -> None:
    """Distances go from rows to columns, and from the last place to the first."""
    distances = torch.tensor([[0, 1, 9], [9, 0, 2], [4, 9, 0]])
    orders = torch.tensor([[0, 1, 2], [2, 1, 0]])
    assert Tour(distances)(orders).tolist() == [7.0, 27.0]


def test_the_length_of_a_tour_is_that_of_its_edges() -> None:
    """In the plane."""
    problem = tsp(dimensions=5)
    for order in itertools.permutations(range(5)):
        points = [problem.function.points[place].tolist() for place in order]  # type: ignore[attr-defined]
        expected = math.fsum(map(math.dist, points, [*points[1:], points[0]]))
        assert problem(Individual(torch.tensor(order), id=0))[0] == pytest.approx(expected, rel=1e-12)


def test_a_trip_is_a_tour() -> None:
    """By coordinates as by the matrix of distances."""
    points = torch.rand(6, 3, generator=seeded(0), dtype=torch.float64)
    orders = Permutations(6).sample(9, generator=seeded(1))
    assert torch.allclose(Trip(points)(orders), Tour(torch.cdist(points, points))(orders))


def test_what_is_too_heavy_is_worse_than_nothing() -> None:
    """The heavier the worse."""
    pack = Knapsack(torch.tensor([1.0, 2.0, 4.0]), torch.tensor([10.0, 20.0, 5.0]), 3.0)
    choices = torch.tensor([[0, 0, 0], [1, 1, 0], [0, 0, 1], [1, 1, 1]]).bool()
    assert pack(choices).tolist() == [0.0, 30.0, -1.0, -4.0]


@pytest.mark.parametrize("make", [onemax, knapsack, tsp])
def test_problems_keep_the_laws(make: Any) -> None:
    """Of any size, and other instances are other problems."""
    problem: Function = make(dimensions=7)
    genomes = problem.space.sample(5, generator=seeded(0))
    individuals = [Individual(row, Fitness(weights=problem.weights), id=place) for place, row in enumerate(genomes)]
    check_problem(problem, individuals, examples=5)
    if make is not onemax:
        assert make(dimensions=7, instance=1).batch(individuals) != problem.batch(individuals)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Tour(torch.zeros(2, 3)), r"distances must have the shape \[D, D\], but they have \[2, 3\]"),
        (lambda: Knapsack(torch.zeros(2), torch.zeros(3), 1), r"weights and values must be as many, \[D\], but they"),
        (lambda: Trip(torch.zeros(3)), r"points must have the shape \[D, N\], but they have \[3\]"),
        (lambda: tsp(instance=-1), r"instance must lie in \[0, 2\^64\), but it is -1"),
        (lambda: onemax(dimensions=0), "size, the number of genes D, must be at least 1, but it is 0"),
        (lambda: tsp(dimensions=1), "size, the number of genes D, must be at least 2, but it is 1"),
    ],
)
def test_what_can_not_be_is_refused(make: Any, sentence: str) -> None:
    """In one sentence."""
    with pytest.raises(ValueError, match=sentence):
        make()


def test_a_function_of_ones_own() -> None:
    """One genome at a time, as a tensor of its dtype."""
    kinds = []

    def score(genome: torch.Tensor) -> float:
        kinds.append(genome.dtype)
        return float(genome.float().mean())

    for space in (Bits(3), Permutations(3)):
        assert Function(score, space)(Individual(space.start, id=0))[0] in (0.0, 1.0)
    assert kinds == [torch.bool, torch.int64]
