"""What GTL passes on: the best finalist of the last generation, with notes on where it comes from."""

import copy
from types import ModuleType

import pytest

from neuroevo.evolution import evolve
from neuroevo.learngene import Learngene


def test_the_result_is_idempotent_and_says_where_it_comes_from(gtls: ModuleType, toys: ModuleType) -> None:
    """Asking twice costs nothing more, and the notes hold lineage, settings, classes and score."""
    strategy = gtls.gtl(toys)
    individuals = gtls.every_individual(strategy, 3)
    best = strategy.result()
    budget, state = strategy.budget, strategy.state_dict()
    assert strategy.result() is best
    assert strategy.budget == budget
    assert gtls.equal(strategy.state_dict(), state)
    lineage = [best.id]
    while individuals[lineage[-1]].parents:
        lineage.append(individuals[lineage[-1]].parents[0])
    notes, dataset = best.genome.notes, toys.dataset()
    assert notes["lineage"] == lineage
    assert notes["classes"] == {"ancestry": list(dataset.ancestry.classes), "held_out": list(dataset.held_out.classes)}
    assert notes["settings"]["life"] == {**notes["settings"]["life"], "updates": 3, "batch": 16}
    assert {name: notes["settings"][name] for name in ("population", "share", "isolate")} == {
        "population": 4,
        "share": 0.4,
        "isolate": True,
    }
    assert (notes["strategy"], notes["seed"], notes["generations"]) == ("gtl", 0, 3)
    assert notes["dataset"] == dataset.name
    assert notes["budget"]["gradient_steps"] == strategy.budget.gradient_steps > 0
    assert best.fitness.values == (notes["score"],)
    assert Learngene.from_bytes(best.genome.to_bytes()).notes == notes
    assert not individuals[best.id].genome.notes


def test_the_best_finalist_of_the_fresh_tasks_is_returned(gtls: ModuleType, toys: ModuleType) -> None:
    """The result has the highest score of the final critics among the first m entries."""
    strategy = gtls.gtl(toys, finalists=2, final_critics=3)
    list(evolve(strategy, 3))
    scores = {one.id: strategy.final_critic(one)[0] for one in strategy.pool.individuals}
    finalists = [one.id for one in strategy.pool.individuals[:2]]
    best = strategy.result()
    assert best.id in finalists
    assert best.fitness.values == (max(scores[one] for one in finalists),)
    assert strategy.final_critic.critics == 3
    assert strategy.final_critic.purpose != strategy.critic.purpose


def test_no_result_before_the_first_generation(gtls: ModuleType, toys: ModuleType) -> None:
    """An empty pool has no best."""
    with pytest.raises(RuntimeError, match="no generation has ended"):
        gtls.gtl(toys).result()


def test_a_result_is_that_of_its_time(gtls: ModuleType, toys: ModuleType) -> None:
    """Generations that follow make a new result, and a strategy that is set back gives the old one again."""
    strategy, other = gtls.gtl(toys), gtls.gtl(toys)
    list(evolve(strategy, 1))
    state = copy.deepcopy(strategy.state_dict())
    early = gtls.genome_bytes(strategy.result())
    list(evolve(strategy, 3))
    list(evolve(other, 3))
    assert strategy.result().genome.notes["generations"] == 3
    assert gtls.genome_bytes(strategy.result()) == gtls.genome_bytes(other.result()) != early
    strategy.load_state_dict(state)
    assert gtls.genome_bytes(strategy.result()) == early
    assert strategy.generation == 1
