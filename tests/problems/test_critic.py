"""Critics: pure scores under common random numbers, from held-out classes alone."""

import copy
import math
import pickle
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from types import ModuleType
from typing import Any

import pytest
import torch
from deap.base import Toolbox
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.budget import Budget
from neuroevo.data.tasks import Task
from neuroevo.execution import Outcome, Pixels, Recipe, Training, batched_map
from neuroevo.execution.cost import multiply_adds
from neuroevo.individual import Individual
from neuroevo.learngene import Learngene
from neuroevo.operators.circuits import random_circuit
from neuroevo.operators.inheritance import extract, inherit
from neuroevo.problems import Critic, TrainingSetup, critic
from neuroevo.strategies.toolbox import Verb

RECIPE = Recipe(updates=5, batch=8, learning_rate=0.1)


def critic_of(toys: ModuleType, *, backbone: str = "MLP_BACKBONE", **parts: Any) -> Critic:
    """Return critics on the toy data set's held-out classes."""
    dataset = toys.dataset(size=16 if backbone == "CONVNET" else 8)
    setup = TrainingSetup(
        backbone=getattr(toys, backbone),
        pixels=Pixels.of(dataset),
        recipe=parts.pop("recipe", RECIPE),
        inherit=parts.pop("inherit", inherit),
    )
    settings = {"ways": 3, "shots": 4, "seed": 0, "test_per_class": 20}
    return Critic(**{"setup": setup, "images": dataset.held_out, **settings, **parts})


def learngene_of(toys: ModuleType, seed: int = 5, *, backbone: str = "MLP_BACKBONE") -> Learngene:
    """Return a random circuit of a random network."""
    structure, generator = getattr(toys, backbone), toys.generator(seed)
    circuit = random_circuit(structure.layout, share=0.4, generator=generator)
    provenance = {group: torch.arange(len(indices)) for group, indices in circuit.items()}
    weights = structure.build(2, generator=generator).state_dict()
    return extract(weights, circuit, backbone=structure, provenance=provenance)


def population_of(toys: ModuleType, *, backbone: str = "MLP_BACKBONE") -> list[Individual]:
    """Return four individuals of one generation, one of them without genes."""
    genomes = [learngene_of(toys, seed, backbone=backbone) for seed in range(3)]
    return [Individual(genome, id=i, generation=2) for i, genome in enumerate([*genomes, None])]


def same_task(first: Task, second: Task) -> bool:
    """Return whether two tasks have the same classes and images."""
    names = ("classes", "train", "train_labels", "test", "test_labels")
    return all(torch.equal(getattr(first, name), getattr(second, name)) for name in names)


@pytest.mark.parametrize("backbone", ["MLP_BACKBONE", "CONVNET"])
@pytest.mark.parametrize("metric", ["final", "auc"])
def test_scores_are_pure(metric: str, backbone: str, toys: ModuleType) -> None:
    """Alone, again, with any others, in any order and with any workers a score is the same; arguments stay."""
    judge = critic_of(toys, backbone=backbone, metric=metric, critics=2)
    population = population_of(toys, backbone=backbone)
    before = copy.deepcopy([one.genome for one in population])
    scores = [judge(one) for one in population]
    assert len(set(scores)) > 1
    for workers in (1, 3):
        crew = replace(judge, workers=workers)
        assert crew.batch(population) == scores
        assert crew.batch(population[::-1]) == scores[::-1]
        assert crew.batch(population[1:3]) == scores[1:3]
    assert judge.batch([]) == []
    for one, genome in zip(population, before, strict=True):
        assert genome is None or one.genome.to_bytes() == genome.to_bytes()
        assert not one.fitness.valid


def test_equal_genomes_score_equally_in_one_generation(toys: ModuleType) -> None:
    """Candidates of a generation have the same critics, whatever their id, parents and place."""
    genome = learngene_of(toys)
    twins = [Individual(genome, id=i, parents=(i,), generation=4) for i in (1, 8, 30)]
    assert len(set(critic_of(toys, critics=2).batch(twins))) == 1


def test_all_candidates_meet_the_same_task_weights_and_order(toys: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Common random numbers: critics of one number differ in nothing but the genes."""
    met: list[Training] = []

    def spy(trainings: Sequence[Training], **options: Any) -> list[Outcome]:
        met.extend(trainings)
        return [Outcome((0.5,), 0.0)] * len(trainings)

    monkeypatch.setattr(critic, "train_all", spy)
    critic_of(toys, critics=2).batch([Individual(None, id=i, generation=1) for i in range(3)])
    for number in range(2):
        first, *others = met[number::2]
        for other in others:
            assert same_task(first.task, other.task)
            assert torch.equal(first.generator.get_state(), other.generator.get_state())
            weights = other.network.state_dict()
            assert all(torch.equal(tensor, weights[name]) for name, tensor in first.network.state_dict().items())
    assert not same_task(met[0].task, met[1].task)
    assert not torch.equal(met[0].network.head.weight, met[1].network.head.weight)


def test_tasks_change_with_seed_generation_purpose_and_number(toys: ModuleType) -> None:
    """Each of them makes fresh tasks; other settings leave the tasks alone."""
    judge = critic_of(toys)
    tasks = [
        judge.task(0, 0),
        judge.task(1, 0),
        judge.task(0, 1),
        replace(judge, seed=1).task(0, 0),
        replace(judge, purpose="final").task(0, 0),
    ]
    assert not any(same_task(first, second) for i, first in enumerate(tasks) for second in tasks[:i])
    assert same_task(judge.task(0, 0), replace(judge, critics=3, metric="auc", generation=5).task(0, 0))


def test_a_fixed_generation_overrides_the_individuals(toys: ModuleType) -> None:
    """With `generation` all individuals get its tasks; without it, each gets those of its own generation."""
    genome = learngene_of(toys)
    young, old = (Individual(genome, id=0, generation=generation) for generation in (1, 2))
    judge = critic_of(toys, critics=3)
    fixed = replace(judge, generation=2)
    assert judge(young) != judge(old)
    assert fixed(young) == fixed(old) == judge(old)


def test_the_score_is_the_mean_of_the_critics(toys: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Individual by individual the accuracies of its own critics are averaged."""
    accuracies = iter([0.2, 0.4, 0.9, 0.5, 0.1, 0.3])

    def made_up(trainings: Sequence[Training], **options: Any) -> list[Outcome]:
        assert all(training.measure_at == (RECIPE.updates,) for training in trainings)
        return [Outcome((next(accuracies),), 0.0) for _ in trainings]

    monkeypatch.setattr(critic, "train_all", made_up)
    scores = critic_of(toys, critics=3).batch([Individual(None, id=i) for i in range(2)])
    assert scores == [(pytest.approx(0.5),), (pytest.approx(0.3),)]


def test_the_area_of_a_hand_made_curve(toys: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """The curve 0, 0.2, 0.6, 0.8, 0.8 at 0, 2, 5, 8, 10 updates covers 0.2 + 1.2 + 2.1 + 1.6 of 10."""
    judge = critic_of(toys, metric="auc", recipe=Recipe(updates=10))
    assert judge.measure_at == (0, 2, 5, 8, 10)
    curve = Outcome((0.0, 0.2, 0.6, 0.8, 0.8), 0.0)
    monkeypatch.setattr(critic, "train_all", lambda trainings, **_: [curve] * len(trainings))
    assert judge(Individual(None, id=0)) == (pytest.approx(0.51),)


@given(st.lists(st.tuples(st.integers(1, 9), st.floats(0, 1)), min_size=1, max_size=9), st.floats(0, 1))
def test_laws_of_the_area(steps: list[tuple[int, float]], start: float) -> None:
    """The area lies within the curve, is the height of a flat one, and grows with every point."""
    updates, accuracy = [0], [start]
    for step, height in steps:
        updates.append(updates[-1] + step)
        accuracy.append(height)
    area = critic._area(updates, accuracy)
    assert min(accuracy) - 1e-9 <= area <= max(accuracy) + 1e-9
    assert critic._area(updates, [start] * len(updates)) == pytest.approx(start)
    assert critic._area(updates, [height + 0.5 for height in accuracy]) == pytest.approx(area + 0.5)
    assert critic._area(updates, accuracy) == pytest.approx(critic._area([3 * u for u in updates], accuracy))
    assert critic._area(updates, [u / updates[-1] for u in updates]) == pytest.approx(0.5)


@pytest.mark.parametrize("updates", [0, 1, 2, 3, 7])
def test_short_runs_are_measured_without_repetition(updates: int, toys: ModuleType) -> None:
    """The learning curve goes from the start to the end, and each point of it is measured once."""
    judge = critic_of(toys, metric="auc", recipe=Recipe(updates=updates))
    points = judge.measure_at
    assert (points[0], points[-1]) == (0, updates)
    assert list(points) == sorted(set(points))
    assert 0 <= judge(population_of(toys)[0])[0] <= 1


def test_critics_learn(toys: ModuleType) -> None:
    """With enough updates a critic classifies nearly all unseen images correctly."""
    judge = critic_of(toys, recipe=Recipe(updates=60, batch=16), shots=20)
    assert judge(Individual(None, id=0))[0] > 0.9


def test_critics_can_be_pickled_without_the_toolbox(toys: ModuleType) -> None:
    """A critic with operators of a toolbox scores the same after pickling, and carries no toolbox."""
    toolbox = Toolbox()
    toolbox.register("inherit", inherit, cross="random")
    toolbox.register("unpicklable", lambda: None)
    judge = critic_of(toys, inherit=Verb(toolbox, "inherit"), critics=2)
    toolbox.register("evaluate", judge)
    twin = pickle.loads(pickle.dumps(judge))
    population = population_of(toys)
    assert twin.batch(population) == judge.batch(population) == batched_map(toolbox.evaluate, population)
    assert isinstance(twin.setup.inherit, partial)
    # A verb looks its operator up when it is called; what was pickled is the operator of that time.
    toolbox.register("inherit", inherit, cross="zero")
    assert judge.batch(population) == critic_of(toys, critics=2).batch(population) != twin.batch(population)


def test_critics_see_held_out_classes_only(toys: ModuleType) -> None:
    """Every image that a critic trains or is tested on is one of its role, and no test image is trained on."""
    source = toys.dataset().held_out
    marked = replace(source, images=source.images // 2 + 100)
    seen: list[Tensor] = []

    class Spy(Pixels):
        def __call__(self, images: Tensor) -> Tensor:
            seen.append(images)
            return super().__call__(images)

    judge = critic_of(toys, critics=2)
    judge = replace(judge, images=marked, setup=replace(judge.setup, pixels=Spy((0.5,), (0.25,))))
    judge.batch([Individual(None, id=i) for i in range(2)])
    assert len(seen) == 4 * (RECIPE.updates + 1)
    assert int(torch.cat(seen).min()) >= 100
    task = judge.task(0, 0)
    assert (len(task.train), len(task.test), len(task.classes)) == (12, 60, 3)
    assert not set(task.train.tolist()) & set(task.test.tolist())


def test_broken_genes_score_nan_and_leave_the_others_alone(toys: ModuleType) -> None:
    """A learngene with NaN fails; the other individuals keep their scores."""
    population = population_of(toys)
    scores = critic_of(toys).batch(population)
    broken = replace(
        population[1].genome,
        slices={name: torch.full_like(tensor, math.nan) for name, tensor in population[1].genome.slices.items()},
    )
    population[1] = Individual(broken, id=9, generation=2)
    again = critic_of(toys).batch(population)
    assert math.isnan(again[1][0])
    assert again[:1] + again[2:] == scores[:1] + scores[2:]
    assert math.isnan(critic_of(toys, metric="auc", critics=2)(population[1])[0])


def test_the_budget_of_a_score(toys: ModuleType) -> None:
    """Critics of one individual learn side by side: their updates add up, and the path is that of one."""
    per_image = multiply_adds(toys.MLP_BACKBONE, (1, 8, 8), 3)
    assert critic_of(toys, critics=3).budget == Budget(15, 15 * 8 * 3 * per_image, 5)
    # Two images of three classes are fewer than a batch.
    assert critic_of(toys, shots=2).budget == Budget(5, 5 * 6 * 3 * per_image, 5)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"metric": "best"}, r'^metric must be "final" or "auc", but it is \'best\'\.$'),
        ({"critics": 0}, r"^critics must be at least 1, but it is 0\.$"),
        ({"test_per_class": 0}, r"^test_per_class must be at least 1, but it is 0\.$"),
    ],
)
def test_impossible_settings_are_refused(wrong: dict[str, Any], words: str, toys: ModuleType) -> None:
    """A setting out of its range is named when the critic is made."""
    with pytest.raises(ValueError, match=words):
        critic_of(toys, **wrong)


@pytest.mark.parametrize(
    ("wrong", "words"), [({"ways": 5}, "ways must lie in 1..4"), ({"shots": 60}, "shots must be below 60")]
)
def test_impossible_tasks_are_refused(wrong: dict[str, Any], words: str, toys: ModuleType) -> None:
    """What the images can't give is said when a task is drawn."""
    with pytest.raises(ValueError, match=words):
        critic_of(toys, **wrong)(Individual(None, id=0))
