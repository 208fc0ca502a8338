"""Learning before scoring: what is inherited, and what it costs."""

import pytest
import torch

from neuroevo.budget import Budget
from neuroevo.evolution import evolve
from neuroevo.execution.learning import Learn
from neuroevo.individual import Individual
from neuroevo.problems import Function, Supervised
from neuroevo.problems.classifier import digits
from neuroevo.problems.function import SPHERE
from neuroevo.space import Space
from neuroevo.strategies import PBT, Genetic, Lamarckian


def learned(problem: Function, genomes: torch.Tensor, steps: int) -> torch.Tensor:
    """Return what genomes become."""
    return Learn(problem.gradient, problem.space, steps=steps, learning_rate=0.1)(genomes)


def test_lamarcks_children_are_what_they_learned() -> None:
    """First genomes are those of a plain genetic algorithm after their steps; Baldwin's stay, and score as well."""
    problem = SPHERE(3)
    plain = torch.stack([one.genome for one in Genetic(problem, population=4).initial_population()])
    sets = {"population": 4, "steps": 3}
    generations = {}
    for inherited in (True, False):
        strategy = Lamarckian(problem, inherited=inherited, **sets)
        # Streams are named after the class, so that first genomes are drawn anew here.
        strategy.generator.set_state(Genetic(problem, population=4).generator.get_state())
        generations[inherited] = next(evolve(strategy, 1)).population
    lamarck, baldwin = (torch.stack([one.genome for one in generations[key]]) for key in (True, False))
    torch.testing.assert_close(baldwin, plain)
    torch.testing.assert_close(lamarck, learned(problem, plain, 3))
    values = [[one.fitness.values[0] for one in generations[key]] for key in (True, False)]
    assert values[0] == pytest.approx(values[1])


@pytest.mark.parametrize("inherited", [True, False])
def test_gradient_steps_are_charged(inherited: bool) -> None:
    """Each individual costs its steps and its evaluation; the plan says so before."""
    strategy = Lamarckian(SPHERE(3), population=4, steps=3, inherited=inherited)
    for _ in evolve(strategy, 2):
        pass
    spent = strategy.budget
    assert (spent.gradient_steps, spent.evaluations, spent.critical_path) == (24, 8, 6)
    assert strategy.planned_budget(2) == spent


def test_learning_is_a_function_of_each_genome() -> None:
    """Whichever individuals learn side by side, the result is the same; bounds are kept, and 0 steps change nothing."""
    problem = SPHERE(3)
    genomes = problem.space.sample(5, generator=torch.Generator().manual_seed(0))
    before = genomes.clone()
    together = learned(problem, genomes, 40)
    assert torch.equal(genomes, before)
    for row in range(5):
        torch.testing.assert_close(together[row], learned(problem, genomes[row : row + 1], 40)[0])
    assert bool((together.norm(dim=-1) < genomes.norm(dim=-1)).all())
    assert torch.equal(problem.space.clip(together), together)
    assert torch.equal(learned(problem, genomes, 0), genomes)
    with pytest.raises(ValueError, match=r"steps must be at least 0, but it is -1."):
        learned(problem, genomes, -1)


def test_gradients_are_those_of_the_scores() -> None:
    """Of a network and of a function they are what finite differences say."""
    network = digits(per_class=4)
    for problem in (SPHERE(3), network):
        place = problem.space.sample(2, generator=torch.Generator().manual_seed(0))
        gradient = problem.gradient(place)
        assert gradient.shape == place.shape
        way = torch.randn(place.shape[1], generator=torch.Generator().manual_seed(1), dtype=place.dtype)
        step = 1e-3 if isinstance(problem, Supervised) else 1e-6
        scores = [_scores(problem, place + sign * step * way) for sign in (1, -1)]
        torch.testing.assert_close((scores[0] - scores[1]) / (2 * step), gradient @ way, rtol=0.02, atol=1e-3)


def _scores(problem: Function | Supervised, genomes: torch.Tensor) -> torch.Tensor:
    return problem.scores(genomes) if isinstance(problem, Supervised) else -problem.function(genomes)


def test_functions_without_a_gradient_are_refused() -> None:
    """A function of one genome at a time can't be differentiated for all."""
    problem = Function(lambda genome: float(genome.sum()), Space.box(3, low=-1, high=1))
    with pytest.raises(TypeError, match=r"<lambda> must be batched and have one objective to have a gradient"):
        next(evolve(Lamarckian(problem), 1))


@pytest.mark.parametrize("kind", [Lamarckian, PBT])
def test_networks_learn_to_read_digits(kind: type[Lamarckian] | type[PBT]) -> None:
    """400 evaluations with gradient steps get farther than a genetic algorithm with 2,000."""
    problem = digits(per_class=10)
    learning, plain = kind(problem, population=20, seed=1), Genetic(problem, seed=1)
    for strategy, generations in ((learning, 20), (plain, 20)):
        for _ in evolve(strategy, generations):
            pass
    assert learning.result().fitness > plain.result().fitness
    assert learning.result().fitness.values[0] > -1.3
    assert learning.budget.gradient_steps == 400 * learning.individual_cost().gradient_steps


def test_what_another_evaluator_costs_is_charged_too() -> None:
    """A registered evaluator with a budget of its own adds to what is learned."""
    strategy = Lamarckian(SPHERE(3), population=4, steps=3)
    assert strategy.individual_cost() == Budget(gradient_steps=3, critical_path=3, evaluations=1)


@pytest.mark.parametrize("kind", [Lamarckian, PBT])
def test_a_problem_without_a_gradient_is_refused(kind: type[Lamarckian | PBT]) -> None:
    """When the strategy is made, in a sentence."""

    class Flat:
        space = Space.box(2, low=-1.0, high=1.0)
        weights = (1.0,)

        def __call__(self, individual: Individual) -> tuple[float]:
            return (0.0,)

    with pytest.raises(ValueError, match=r"^problem must have a gradient to learn by, but Flat has none\.$"):
        kind(Flat())  # type: ignore[arg-type]
