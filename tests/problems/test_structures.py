"""Structures of circuits as a problem that any search can search."""

from __future__ import annotations

import math
import pickle
from types import ModuleType
from typing import Any

import pytest
import torch

from neuroevo.backbones import ConvNet4
from neuroevo.evolution import evolve
from neuroevo.execution import Pixels, Recipe
from neuroevo.individual import Fitness, Individual
from neuroevo.learngene import Learngene
from neuroevo.operators.circuits import circuit_counts
from neuroevo.problems import Critic, NearestMean, Structures, TrainingSetup
from neuroevo.strategies import NSGA2, Genetic
from neuroevo.strategies.transfer.rivals import Finetune

BACKBONE = ConvNet4(widths=(4, 6, 8, 8))


@pytest.fixture(scope="module")
def ancestor(toys: ModuleType) -> Learngene:
    """Return a whole network that was trained for two updates."""
    strategy = Finetune(toys.dataset(size=16), BACKBONE, pretraining=Recipe(updates=2), workers=1)
    found = strategy.candidate()
    assert isinstance(found, Learngene)
    return found


def scorer(toys: ModuleType, **settings: Any) -> NearestMean:
    """Return an evaluator of learngenes."""
    dataset = toys.dataset(size=16)
    setup = TrainingSetup(backbone=BACKBONE, pixels=Pixels.of(dataset), recipe=Recipe(updates=0))
    common = {"ways": 3, "shots": 2, "test_per_class": 5, "tasks": 1, "seed": 0, "workers": 1}
    return NearestMean(setup=setup, images=dataset.held_out, **{**common, **settings})


def of(genes: list[float], *, generation: int = 0, count: int = 1) -> Individual:
    """Return an individual of a problem."""
    fitness = Fitness(weights=(1.0, -1.0)[:count])
    return Individual(torch.tensor(genes, dtype=torch.float64), fitness, id=0, generation=generation)


def test_zeros_are_equal_widths(ancestor: Learngene, toys: ModuleType) -> None:
    """A greater gene makes its group wider; no circuit exceeds its share, and each is cut from the ancestor."""
    problem = Structures(ancestor, scorer(toys), share=0.4)
    equal = problem.structure(of([0.0] * 4))
    assert equal == tuple(circuit_counts(BACKBONE.layout, share=0.4, structure="equal-widths").values())
    wider = problem.structure(of([0.0, 0.0, 0.0, 1.0]))
    assert wider[3] > equal[3]
    learngene = problem.learngene(of([1.0, -1.0, 0.5, 0.0]))
    assert learngene.parameters <= 0.4 * BACKBONE.layout.parameters()
    rows = learngene.indices["conv1"]
    assert learngene.slices["conv1.weight"].equal(ancestor.slices["conv1.weight"][rows])


def test_its_structure_is_one_for_other_strategies(ancestor: Learngene, toys: ModuleType) -> None:
    """Circuits of the counts that it returns have these counts."""
    problem = Structures(ancestor, scorer(toys), share=0.3)
    generator = torch.Generator().manual_seed(0)
    for genes in problem.space.sample(20, generator=generator):
        counts = problem.structure(of(genes.tolist()))
        again = circuit_counts(BACKBONE.layout, share=0.3, structure=counts)
        assert all(abs(one - other) <= 1 for one, other in zip(again.values(), counts, strict=True))


def test_scores_are_those_of_the_learngene(ancestor: Learngene, toys: ModuleType) -> None:
    """An individual is scored as its circuit is, alone or beside others; its generation's tasks count."""
    evaluate = scorer(toys, fresh=True)
    problem = Structures(ancestor, evaluate, share=0.4)
    many = [of(genes.tolist(), generation=2) for genes in problem.space.sample(3, generator=torch.Generator())]
    alone = [problem(one) for one in many]
    assert problem.batch(many) == alone
    assert alone == [evaluate(Individual(problem.learngene(one), id=0, generation=2)) for one in many]
    assert problem.budget == evaluate.budget


def test_fresh_tasks_are_those_of_a_generation(ancestor: Learngene, toys: ModuleType) -> None:
    """Without them another generation has the same ones, and only with them the problem is noisy."""
    one = Individual(ancestor, id=0)
    later = Individual(ancestor, id=0, generation=1)
    fixed, fresh = scorer(toys, tasks=3), scorer(toys, tasks=3, fresh=True)
    assert fixed(one) == fixed(later)
    assert fresh(one) == fresh(one)
    assert {fresh(Individual(ancestor, id=0, generation=number)) for number in range(6)} != {fresh(one)}
    assert [Structures(ancestor, each).noisy for each in (fixed, fresh)] == [False, True]
    critic = Critic(setup=fixed.setup, images=fixed.images, ways=2, shots=2, test_per_class=2, seed=0)
    assert Structures(ancestor, critic).noisy


def test_two_shares_make_a_front(ancestor: Learngene, toys: ModuleType) -> None:
    """The share is a gene and an objective; NSGA-II's front gets larger where it gets abler."""
    problem = Structures(ancestor, scorer(toys), share=(0.1, 0.6))
    search = NSGA2(problem, population=8, seed=0)
    for _ in evolve(search, 2):
        pass
    for one in search.front:
        share = problem.learngene(one).parameters / BACKBONE.layout.parameters()
        assert one.fitness.values[1] == pytest.approx(share)
        assert share <= 0.6 + 1e-9
    ordered = sorted(search.front, key=lambda one: one.fitness.values[1])
    scores = [one.fitness.values[0] for one in ordered]
    assert scores == sorted(scores)
    assert problem.space.high[-1].item() == pytest.approx(math.log(0.6))


def test_a_search_resumes_and_workers_get_it(ancestor: Learngene, toys: ModuleType) -> None:
    """It is pickled as it is, and a search of the same seed finds the same."""
    problem = Structures(ancestor, scorer(toys, fresh=True), share=0.4)
    copy = pickle.loads(pickle.dumps(problem))
    found = []
    for each in (problem, copy):
        search = Genetic(each, population=4, seed=1)
        for _ in evolve(search, 2):
            pass
        found.append(search.result())
    assert found[0].fitness.values == found[1].fitness.values
    assert problem.structure(found[0]) == copy.structure(found[1])


def test_what_is_no_ancestor_is_refused(ancestor: Learngene, toys: ModuleType) -> None:
    """A part of a network has no other circuits; shares are shares."""
    part = Structures(ancestor, scorer(toys), share=0.4).learngene(of([0.0] * 4))
    with pytest.raises(ValueError, match=r"ancestor must be a whole network, but it has \d+ of \d+ parameters\."):
        Structures(part, scorer(toys))
    for share in (0.0, 1.5, (0.4, 0.2)):
        with pytest.raises(ValueError, match=r"share must lie in \(0, 1\], or be a lower and a higher one, but it is "):
            Structures(ancestor, scorer(toys), share=share)
