"""How GTL selects: the images and tasks that scores come from, what wins by them, and what becomes a parent."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.data.images import Dataset, LabelledImages
from neuroevo.evolution import evolve
from neuroevo.execution import Outcome, Training, train_all
from neuroevo.problems import critic, live
from neuroevo.strategies import PAPER


def shaded(dataset: Dataset) -> Dataset:
    """Return the data set with values below 80 in ancestry, below 160 in held_out and above that in novel."""

    def shades(images: LabelledImages, low: int, high: int) -> LabelledImages:
        return replace(images, images=(images.images.int() * (high - low) // 256 + low).to(torch.uint8))

    ranges = {"ancestry": (0, 80), "held_out": (80, 160), "novel": (160, 256)}
    return Dataset.of("shaded", **{role: shades(dataset.role(role), *shade) for role, shade in ranges.items()})


@pytest.mark.parametrize("settings", [{}, {"metric": "auc", **PAPER}])
def test_roles_are_never_mixed(
    settings: dict[str, Any], gtls: ModuleType, toys: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lives read ancestry images, critics held-out ones, also at the end; novel ones are never read."""
    read: dict[str, list[Tensor]] = {"live": [], "critic": []}

    def spy_of(name: str) -> Any:
        def spy(trainings: Sequence[Training], **options: Any) -> list[Outcome]:
            for training in trainings:
                pixels = training.pixels

                def look(images: Tensor, pixels: Any = pixels) -> Tensor:
                    read[name].append(images)
                    return pixels(images)

                object.__setattr__(training, "pixels", look)
            return train_all(trainings, **options)

        return spy

    monkeypatch.setattr(live, "train_all", spy_of("live"))
    monkeypatch.setattr(critic, "train_all", spy_of("critic"))
    strategy = gtls.gtl(toys, dataset=shaded(toys.dataset()), **settings)
    gtls.run(strategy, 2)
    assert len(read["live"]) == 8 * gtls.LIFE.updates
    ranges = {name: (int(torch.cat(images).min()), int(torch.cat(images).max())) for name, images in read.items()}
    assert ranges["live"][1] < 80 <= ranges["critic"][0] <= ranges["critic"][1] < 160


def test_nearest_means_score_without_training(gtls: ModuleType, toys: ModuleType) -> None:
    """All candidates meet the same tasks, finalists meet others, and only lives take gradient steps."""
    strategy = gtls.gtl(toys, **{**gtls.FULL, "critics": 3})
    (generation,) = evolve(strategy, 1)
    first = generation.population[0]
    assert strategy.toolbox.evaluate(first) == first.fitness.values
    assert (strategy.critic.tasks, strategy.final_critic.tasks) == (3, 2)
    assert strategy.critic.purpose != strategy.final_critic.purpose
    strategy.result()
    assert strategy.budget.gradient_steps == 4 * gtls.LIFE.updates


@given(st.integers(1, 9), st.data())
def test_every_group_has_one_winner(gtls: ModuleType, toys: ModuleType, population: int, data: st.DataObject) -> None:
    """There are ceil(P / t) winners, the best among them, and with full groups the worst t - 1 never."""
    size = data.draw(st.integers(1, population))
    scores = data.draw(st.permutations(range(population)))
    strategy = gtls.cheap(
        toys, lambda one: scores[one.id], population=population, tournament=size, seed=sum(scores[:3])
    )
    (generation,) = evolve(strategy, 1)
    winners = [scores[one] for one in generation.details["winners"]]
    assert len(winners) == len(set(winners)) == math.ceil(population / size)
    assert max(winners) == population - 1
    if population % size == 0:
        assert min(winners) >= size - 1


def test_winners_credit_their_ancestors(gtls: ModuleType, toys: ModuleType) -> None:
    """Pool scores follow decay, credit of the parent by beta, and the newcomer's own score."""
    settings = {"population": 1, "tournament": 1, "pool": 3, "decay": 0.5, "beta": 0.25, "mutation_rate": 0.0}
    strategy = gtls.cheap(toys, lambda one: (one.id + 1) / 8, **settings)
    strategy.toolbox.register("choose_parents", lambda pool, k: [max(pool.individuals, key=lambda one: one.id)] * k)
    pools = [generation.details["pool"] for generation in evolve(strategy, 3)]
    scores = [{entry["id"]: entry["score"] for entry in pool} for pool in pools]
    assert scores[0] == {0: 1 / 8}
    assert scores[1] == pytest.approx({0: 1 / 16 + 0.25 * 2 / 8, 1: 2 / 8})
    # Without mutation all genes overlap, so the grandparent earns beta squared.
    assert scores[2] == pytest.approx({0: 1 / 16 + 0.25**2 * 3 / 8, 1: 1 / 8 + 0.25 * 3 / 8, 2: 3 / 8})
    assert strategy.tree.lineage(2) == [2, 1, 0]


def test_sharp_roulette_prefers_the_best(gtls: ModuleType, toys: ModuleType) -> None:
    """At a low temperature all heirs descend from the first entry of the pool, at a high one from many."""
    for temperature, families in ((1e-4, 1), (1e4, 4)):
        strategy = gtls.cheap(toys, lambda one: one.id / 16, population=16, temperature=temperature, average=False)
        run_on = evolve(strategy, 2)
        next(run_on)
        best = strategy.pool.individuals[0].id
        parents = Counter(one.parents[0] for one in next(run_on).population)
        assert len(parents) >= families
        if families == 1:
            assert set(parents) == {best}
