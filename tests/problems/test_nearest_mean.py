"""Nearest class means: pure, free of training, equal to the formula."""

import math
import pickle
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
import torch

from neuroevo.data.images import LabelledImages
from neuroevo.execution import Pixels, Recipe, looped
from neuroevo.individual import Individual
from neuroevo.learngene import Learngene
from neuroevo.operators.circuits import random_circuit
from neuroevo.operators.inheritance import extract
from neuroevo.problems import NearestMean, TrainingSetup, nearest_mean


def judge_of(toys: ModuleType, *, backbone: str = "MLP_BACKBONE", **parts: Any) -> NearestMean:
    """Return nearest class means on the toy data set's held-out classes."""
    dataset = toys.dataset(size=16 if backbone == "CONVNET" else 8)
    setup = TrainingSetup(
        backbone=getattr(toys, backbone), pixels=Pixels.of(dataset), recipe=Recipe(updates=9), **parts.pop("up", {})
    )
    settings = {"ways": 3, "shots": 2, "seed": 0, "test_per_class": 20, "tasks": 2}
    return NearestMean(**{"setup": setup, "images": dataset.held_out, **settings, **parts})


def learngene_of(toys: ModuleType, seed: int, *, backbone: str = "MLP_BACKBONE") -> Learngene:
    """Return a random circuit of a random network."""
    structure, generator = getattr(toys, backbone), toys.generator(seed)
    circuit = random_circuit(structure.layout, share=0.4, generator=generator)
    provenance = {group: torch.arange(len(indices)) for group, indices in circuit.items()}
    weights = structure.build(2, generator=generator).state_dict()
    return extract(weights, circuit, backbone=structure, provenance=provenance)


def population_of(toys: ModuleType, *, backbone: str = "MLP_BACKBONE") -> list[Individual]:
    """Return individuals with and without genes, of several generations."""
    genomes = [learngene_of(toys, seed, backbone=backbone) for seed in range(3)]
    return [Individual(genome, id=i, generation=i) for i, genome in enumerate([*genomes, None])]


@pytest.mark.parametrize("backbone", ["MLP_BACKBONE", "CONVNET"])
def test_scores_are_pure(backbone: str, toys: ModuleType) -> None:
    """Alone, again, in any order and with any number of workers a score is the same, for any id and generation."""
    judge, population = judge_of(toys, backbone=backbone), population_of(toys, backbone=backbone)
    scores = [judge(one) for one in population]
    assert len(set(scores)) > 1
    for workers in (1, 3):
        assert replace(judge, workers=workers).batch(population[::-1]) == scores[::-1]
    assert judge.batch([Individual(population[1].genome, id=50, generation=9)]) == scores[1:2]
    assert pickle.loads(pickle.dumps(judge)).batch(population) == scores
    assert judge.batch([]) == []
    assert [one.genome is None or one.genome.to_bytes() for one in population] == [
        one.genome is None or one.genome.to_bytes() for one in population_of(toys, backbone=backbone)
    ]
    assert replace(judge, seed=1).batch(population) != scores


def test_the_score_is_the_formulas(toys: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """For each test image the class with the nearest mean feature is found by hand."""
    judge, (one, *_) = judge_of(toys, tasks=3), population_of(toys)
    prepared = []
    original = TrainingSetup.prepare

    def spy(*arguments: Any) -> Any:
        prepared.append(original(*arguments))
        return prepared[-1]

    monkeypatch.setattr(TrainingSetup, "prepare", spy)
    (score,) = judge(one)
    accuracies = []
    for training in prepared:
        task, images = training.task, training.task.source.images
        with torch.no_grad():
            train, test = (training.network.features(training.pixels(images[rows])) for rows in (task.train, task.test))
        means = [train[task.train_labels == label].mean(0) for label in range(3)]
        nearest = [min(range(3), key=lambda k: float((feature - means[k]).square().sum())) for feature in test]
        accuracies.append(sum(a == b for a, b in zip(nearest, task.test_labels.tolist(), strict=True)) / 60)
    assert score == pytest.approx(sum(accuracies) / 3)
    assert len(set(accuracies)) > 1


def test_it_costs_no_update(toys: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the recipe says, nothing is trained."""
    population = population_of(toys)
    scores = judge_of(toys).batch(population)
    monkeypatch.setattr(looped, "train", None)
    monkeypatch.setattr(torch.optim, "SGD", None)
    assert judge_of(toys).batch(population) == scores


def test_classes_of_one_image_each_are_separated(toys: ModuleType) -> None:
    """Where all images of a class are one, the score is 1."""
    source = toys.dataset().held_out
    first = torch.stack([source.images[source.labels == label][0] for label in range(4)])
    images = LabelledImages(first[source.labels], source.labels, source.classes)
    assert judge_of(toys, images=images).batch(population_of(toys)) == [(1.0,)] * 4


def test_means_of_classes(toys: ModuleType) -> None:
    """Unequal classes have the mean of their own features."""
    features = torch.tensor([[1.0, 0.0], [3.0, 4.0], [5.0, 5.0], [2.0, 2.0]])
    means = nearest_mean._class_means(features, torch.tensor([1, 1, 0, 1]), 2)
    torch.testing.assert_close(means, torch.tensor([[5.0, 5.0], [2.0, 2.0]]))


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_broken_genes_score_nan(value: float, toys: ModuleType) -> None:
    """Features that are not finite have no score; the other individuals keep theirs."""
    population = population_of(toys)
    scores = judge_of(toys).batch(population)
    slices = {name: tensor.clone() for name, tensor in population[0].genome.slices.items()}
    slices["hidden2.bias"].fill_(value)
    population[0] = Individual(replace(population[0].genome, slices=slices), id=0)
    again = judge_of(toys).batch(population)
    assert math.isnan(again[0][0])
    assert again[1:] == scores[1:]


@pytest.mark.parametrize("name", ["tasks", "test_per_class"])
def test_impossible_settings_are_refused(name: str, toys: ModuleType) -> None:
    """A score of nothing is refused when the evaluator is made."""
    with pytest.raises(ValueError, match=rf"^{name} must be at least 1, but it is 0\.$"):
        judge_of(toys, **{name: 0})


def test_impossible_tasks_are_refused(toys: ModuleType) -> None:
    """What the images can't give is said when a task is drawn."""
    with pytest.raises(ValueError, match=r"ways must lie in 1\.\.4"):
        judge_of(toys, ways=5)(Individual(None, id=0))
    with pytest.raises(ValueError, match="shots must be below 60"):
        judge_of(toys, shots=60)(Individual(None, id=0))
