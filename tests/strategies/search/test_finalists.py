"""What a search ends with where scores are noisy: finalists are scored again, and the best mean wins."""

from collections.abc import Callable
from statistics import median
from typing import Any

import pytest
import torch
from torch import Tensor

from neuroevo.evolution import evolve
from neuroevo.individual import Individual
from neuroevo.problems.function import SPHERE, ZDT1, Function
from neuroevo.strategies import CMAES, NSGA2, PGPE, SNES, EvolutionStrategy, Genetic, OpenAIES, Search
from neuroevo.strategies.search.finalists import FRESH, ROUNDS, scored_again

GENERATIONS = 60


def noisy(seed: int = 0, *, noise: float = 5.0) -> Function:
    """Return a sphere with noise."""
    draws = torch.Generator().manual_seed(seed)

    def values(genomes: Tensor) -> Tensor:
        return genomes.square().sum(-1) + noise * torch.randn(len(genomes), generator=draws, dtype=genomes.dtype)

    return Function(values, SPHERE(5).space, batched=True, noisy=True)


def ended(make: Callable[..., Search], problem: Any, generations: int = GENERATIONS, **settings: Any) -> Search:
    """Return a search that has ended."""
    search = make(problem, **settings)
    for _ in evolve(search, generations):
        pass
    return search


def distance(individual: Individual) -> float:
    """Return the true value."""
    return float(individual.genome.square().sum())


@pytest.mark.parametrize("make", [PGPE, OpenAIES])
def test_under_noise_the_default_is_nearer_to_the_optimum(make: type[Search]) -> None:
    """The median over seeds of true values is below that of the luckiest scores."""
    searches = [ended(make, noisy(seed), seed=seed) for seed in range(5)]
    assert median(distance(one.result()) for one in searches) < median(distance(one.result("best")) for one in searches)


@pytest.mark.parametrize("make", [SNES, CMAES, Genetic, EvolutionStrategy])
def test_the_planned_budget_is_what_is_spent(make: type[Search]) -> None:
    """Finalists count, once for each generation that is asked about."""
    search = ended(make, noisy(), 4, population=6)
    planned = search.planned_budget(4)
    assert search.budget.evaluations == 24
    assert search.result() is search.result("rescored")
    assert search.budget == planned
    assert planned.evaluations in {24 + 4 * ROUNDS, 24 + 5 * ROUNDS}


def test_asking_changes_no_run() -> None:
    """Genomes are the same after questions, and a state that was loaded knows the same finalists."""
    asked, left_alone, loaded = (SNES(noisy(noise=0.0), seed=3) for _ in range(3))
    for own, other in zip(evolve(asked, 6), evolve(left_alone, 6), strict=True):
        assert torch.equal(*(torch.stack([one.genome for one in each.population]) for each in (own, other)))
        loaded.load_state_dict(asked.state_dict())
        assert torch.equal(loaded.result().genome, asked.result().genome)
        asked.result("center")


def test_the_mean_is_scored_where_nothing_is_noisy() -> None:
    """It is the genome of `center`; the best score stays the default, and costs nothing."""
    search = ended(SNES, SPHERE(3), 5)
    assert search.result() is search.result("best")
    assert search.budget == search.planned_budget(5)
    centre = search.result("center")
    assert torch.equal(centre.genome, search.mean)
    assert centre.fitness.values == (pytest.approx(float(search.mean.square().sum())),)


def test_lucky_individuals_do_not_live_for_ever() -> None:
    """Under noise a generation of a genetic algorithm dies but for an elite."""
    search = ended(Genetic, noisy(), 3, population=6)
    assert sum(one.generation == 2 for one in search.individuals) >= 5


def test_finalists_are_scored_in_fresh_generations() -> None:
    """Each gets the mean of its rounds, and stays as it was."""
    individual = Individual(torch.zeros(2), id=4, generation=7)
    seen: list[int] = []

    def score(individuals: list[Individual]) -> list[tuple[float, ...]]:
        seen.extend(one.generation for one in individuals)
        return [(float(len(seen)),) for _ in individuals]

    found = scored_again([individual], score)
    assert seen == [FRESH + number for number in range(ROUNDS)]
    assert (found.id, found.generation, found.fitness.values) == (4, 7, (sum(range(1, ROUNDS + 1)) / ROUNDS,))
    assert not individual.fitness.valid


def test_what_there_is_not_is_refused() -> None:
    """A genetic algorithm has no center, several objectives have no best score, and other words mean nothing."""
    with pytest.raises(ValueError, match=r"^which must be best or rescored for Genetic, which has no distribution\.$"):
        ended(Genetic, SPHERE(3), 1).result("center")
    with pytest.raises(ValueError, match=r"^which must be best for NSGA2, but it is 'rescored'\.$"):
        ended(NSGA2, ZDT1(3), 1, population=6).result("rescored")
    with pytest.raises(ValueError, match=r"^which must be one of best, center, rescored, but it is 'mean'\.$"):
        ended(SNES, SPHERE(3), 1).result("mean")  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match=r"^there is no result yet"):
        SNES(noisy()).result()
