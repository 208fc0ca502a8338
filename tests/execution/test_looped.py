"""Training in threads: the same bits for any number of workers, and what one training run does."""

import math
import threading
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from neuroevo.backbones import Network
from neuroevo.data.tasks import sample_task
from neuroevo.execution import Outcome, Pixels, Recipe, Training, train_all
from neuroevo.execution.looped import in_threads
from neuroevo.execution.training import correct_answers, image_order

RECIPE = Recipe(updates=6, batch=16)


def make(toys: ModuleType, seed: int = 0, *, backbone: str = "MLP_BACKBONE", **parts: Any) -> Training:
    """Return a training run that depends on the seed alone."""
    dataset = toys.dataset(size=16 if backbone == "CONVNET" else 8)
    generator = toys.generator(seed)
    task = sample_task(dataset.ancestry, ways=4, shots=30, test_per_class=10, generator=generator)
    return Training(
        **{
            "network": getattr(toys, backbone).build(4, generator=generator),
            "task": task,
            "pixels": Pixels.of(dataset),
            "recipe": RECIPE,
            "generator": generator,
            **parts,
        }
    )


def state(training: Training) -> dict[str, Tensor]:
    """Return a copy of a network's tensors."""
    return {name: tensor.clone() for name, tensor in training.network.state_dict().items()}


def same(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    """Return whether two states are equal, bit for bit."""
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("backbone", ["MLP_BACKBONE", "CONVNET"])
def test_workers_change_nothing(backbone: str, toys: ModuleType) -> None:
    """Training one by one and side by side with any number of workers give the same bits."""
    alone = [make(toys, seed, backbone=backbone, measure_at=(0, 3, 6)) for seed in range(5)]
    outcomes = [train_all([training])[0] for training in alone]
    assert len({outcome.loss for outcome in outcomes}) == 5
    for workers in (1, 2, 3, 8, None):
        together = [make(toys, seed, backbone=backbone, measure_at=(0, 3, 6)) for seed in range(5)]
        assert train_all(together, workers=workers) == outcomes
        assert all(same(state(one), state(other)) for one, other in zip(alone, together, strict=True))


def test_training_is_sgd_with_momentum_and_decay(toys: ModuleType) -> None:
    """The weights agree with a plain loop that writes the formulas of SGD out."""
    training = make(toys, recipe=Recipe(updates=7, batch=16, learning_rate=0.1, momentum=0.8, weight_decay=0.01))
    plain = make(toys)
    order = image_order(len(plain.task.train), updates=7, batch=16, generator=plain.generator)
    parameters = list(plain.network.parameters())
    velocities = [torch.zeros_like(parameter) for parameter in parameters]
    for rows, rate in zip(order, training.recipe.rates(), strict=True):
        images = plain.pixels(plain.task.source.images[plain.task.train[rows]])
        loss = F.cross_entropy(plain.network(images), plain.task.train_labels[rows])
        gradients = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            for parameter, velocity, gradient in zip(parameters, velocities, gradients, strict=True):
                velocity.mul_(0.8).add_(gradient + 0.01 * parameter)
                parameter.sub_(rate * velocity)
    (outcome,) = train_all([training])
    torch.testing.assert_close(state(training), state(plain), atol=1e-5, rtol=1e-4)
    assert outcome.loss == pytest.approx(float(loss.detach()), rel=1e-3)
    assert outcome.accuracy == ()


def test_training_is_adam_with_decay_apart(toys: ModuleType) -> None:
    """The weights agree with a plain loop that writes the formulas of AdamW out."""
    recipe = Recipe(updates=7, batch=16, learning_rate=0.01, momentum=0.8, weight_decay=0.1, optimizer="adamw")
    training, plain = make(toys, recipe=recipe), make(toys)
    order = image_order(len(plain.task.train), updates=7, batch=16, generator=plain.generator)
    parameters = list(plain.network.parameters())
    means, squares = ([torch.zeros_like(parameter) for parameter in parameters] for _ in range(2))
    for update, (rows, rate) in enumerate(zip(order, recipe.rates(), strict=True), start=1):
        images = plain.pixels(plain.task.source.images[plain.task.train[rows]])
        loss = F.cross_entropy(plain.network(images), plain.task.train_labels[rows])
        gradients = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            for parameter, mean, square, gradient in zip(parameters, means, squares, gradients, strict=True):
                mean.mul_(0.8).add_(0.2 * gradient)
                square.mul_(0.999).add_(0.001 * gradient.square())
                step = mean / (1 - 0.8**update) / ((square / (1 - 0.999**update)).sqrt() + 1e-8)
                parameter.sub_(rate * (step + 0.1 * parameter))
    train_all([training])
    torch.testing.assert_close(state(training), state(plain), atol=1e-5, rtol=1e-4)


def test_networks_learn(toys: ModuleType) -> None:
    """After sixty updates nearly all unseen images are classified correctly, but not at the start."""
    training = make(toys, recipe=Recipe(updates=60, batch=32), measure_at=(0, 60))
    (outcome,) = train_all([training])
    assert outcome.accuracy[0] < 0.6
    assert outcome.accuracy[1] > 0.9
    assert outcome.loss < 0.5


def test_measuring_does_not_change_training(toys: ModuleType) -> None:
    """A run with measurements in between gives the same network, batch statistics included."""
    plain, measured = (make(toys, backbone="CONVNET", measure_at=points) for points in ((), (0, 2, 5, 6)))
    losses = [train_all([training])[0].loss for training in (plain, measured)]
    assert losses[0] == losses[1]
    assert same(state(plain), state(measured))


def test_accuracies_are_those_at_the_asked_updates(toys: ModuleType) -> None:
    """The first and the last accuracy belong to the untrained and the trained network, on the test images."""
    training = make(toys, backbone="CONVNET", measure_at=(0, 6))
    untrained = float(correct_answers(training.network, training.task, training.pixels)) / 40
    (outcome,) = train_all([training])
    trained = float(correct_answers(training.network, training.task, training.pixels)) / 40
    assert outcome.accuracy == (untrained, trained)


def test_an_accuracy_on_the_way_is_that_of_the_shorter_past(toys: ModuleType) -> None:
    """The measurement after the first update is of the network after one update at the first rate."""
    training = make(toys, measure_at=(1,), recipe=Recipe(updates=2, batch=16, learning_rate=25.0))
    # A run of one update has the rate 1/25 of the highest, as the first of two has.
    short = make(toys, measure_at=(1,), recipe=Recipe(updates=1, batch=16, learning_rate=25.0))
    first, second = (train_all([run])[0].accuracy for run in (training, short))
    assert first == second
    assert not same(state(training), state(short))


def test_no_updates_train_nothing(toys: ModuleType) -> None:
    """A recipe of no updates leaves the network as it is, measured if requested, with the loss NaN."""
    training = make(toys, backbone="CONVNET", recipe=Recipe(updates=0), measure_at=(0,))
    before = state(training)
    (outcome,) = train_all([training])
    assert same(before, state(training))
    assert math.isnan(outcome.loss)
    assert 0 <= outcome.accuracy[0] <= 1


@given(st.data())
def test_masked_weights_stay_exactly_zero(toys: ModuleType, data: st.DataObject) -> None:
    """Weights that are zero under a mask are zero after training, and the others learn."""
    training = make(toys)
    shape = training.network.hidden2.weight.shape
    bits = data.draw(st.lists(st.booleans(), min_size=shape.numel(), max_size=shape.numel()))
    mask = torch.tensor(bits).reshape(shape)
    masked = make(toys, zero={"hidden2.weight": mask})
    masked.network.hidden2.weight.data.masked_fill_(mask, 0)
    before = state(masked)
    train_all([masked])
    after = state(masked)
    assert bool((after["hidden2.weight"][mask] == 0).all())
    moved = after["hidden2.weight"] != before["hidden2.weight"]
    assert bool(moved[~mask].any()) or bool(mask.all())
    assert not torch.equal(after["hidden1.weight"], before["hidden1.weight"])


def test_a_mask_of_nothing_changes_nothing(toys: ModuleType) -> None:
    """Without a masked weight the run is that without a mask, bit for bit."""
    plain = make(toys)
    masked = make(toys, zero={"hidden2.weight": torch.zeros_like(plain.network.hidden2.weight, dtype=torch.bool)})
    assert train_all([plain]) == train_all([masked])
    assert same(state(plain), state(masked))


def test_a_loss_of_ones_own_is_what_falls(toys: ModuleType) -> None:
    """The loss is called with the network in training mode, normalised images and labels, and its value is returned."""
    seen: list[tuple[bool, tuple[int, ...], tuple[int, ...]]] = []

    def doubled(network: Network, images: Tensor, labels: Tensor) -> Tensor:
        seen.append((network.training, tuple(images.shape), tuple(labels.shape)))
        return 2 * F.cross_entropy(network(images), labels)

    recipe = Recipe(updates=4, batch=16, momentum=0, weight_decay=0)
    mine = make(toys, recipe=recipe, loss=doubled)
    twice = make(toys, recipe=Recipe(updates=4, batch=16, momentum=0, weight_decay=0, learning_rate=0.1))
    (outcome,), (other,) = train_all([mine]), train_all([twice])
    assert seen == [(True, (16, 1, 8, 8), (16,))] * 4
    torch.testing.assert_close(state(mine), state(twice))
    assert outcome.loss == pytest.approx(2 * other.loss)


@given(st.data())
def test_frozen_parameters_stay_and_others_learn(toys: ModuleType, data: st.DataObject) -> None:
    """What is frozen keeps its bits, whatever momentum, decay and masks do to the rest, and can learn again later."""
    names = sorted(make(toys).free_parameters())
    frozen = data.draw(st.sets(st.sampled_from(names), max_size=len(names) - 1).map(frozenset))
    mask = torch.ones(8, 10, dtype=torch.bool)
    training = make(toys, frozen=frozen, zero={"hidden2.weight": mask})
    before = state(training)
    train_all([training])
    after = state(training)
    assert {name for name in names if torch.equal(before[name], after[name])} == frozen
    assert all(parameter.requires_grad for parameter in training.network.parameters())


def test_a_norm_with_frozen_statistics_uses_them(toys: ModuleType) -> None:
    """With all but the head frozen the features are as in evaluation mode: the head learns as a separate layer."""
    backbone, recipe = "CONVNET", Recipe(updates=5, batch=16, learning_rate=0.1)
    frozen = frozenset(name for name in state(make(toys, backbone=backbone)) if not name.startswith("head."))
    training, plain = (make(toys, 1, backbone=backbone, recipe=recipe) for _ in range(2))
    training = replace(training, frozen=frozen, measure_at=(2,))
    head, body = plain.network.head, plain.network.eval()
    rows, labels = plain.batches()
    optimizer = torch.optim.SGD(head.parameters(), lr=0.1, momentum=0.9, weight_decay=0.0005)
    for update, rate in enumerate(recipe.rates()):
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        F.cross_entropy(head(body.features(plain.images(rows[update])).detach()), labels[update]).backward()
        optimizer.step()
    train_all([training])
    torch.testing.assert_close(state(training), state(plain))
    assert training.network.norm1.training


def test_images_are_augmented_in_training_only(toys: ModuleType) -> None:
    """Each update's images are augmented by draws after those of the order; test images are not."""
    seen: list[Tensor] = []

    def inverted(images: Tensor, generator: torch.Generator) -> Tensor:
        seen.append(torch.rand(1, generator=generator))
        return 255 - images

    mine = make(toys, augment=inverted, measure_at=(0, 6))
    negative = make(toys)
    plain = negative.task.source
    negative = replace(
        negative, task=replace(negative.task, source=replace(plain, images=255 - plain.images)), measure_at=(0,)
    )
    (outcome,), _ = train_all([mine]), train_all([negative])
    assert same(state(mine), state(negative))
    assert outcome.accuracy[0] == train_all([make(toys, measure_at=(0,))])[0].accuracy[0]
    again = make(toys)
    again.batches()
    assert seen == [torch.rand(1, generator=again.generator) for _ in range(6)]


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_broken_weights_have_no_accuracy(value: float, toys: ModuleType) -> None:
    """A network with a weight that is not finite ends with NaN, and the others are not affected."""
    broken, sound, alone = (make(toys, seed, measure_at=(0, 6)) for seed in (0, 1, 1))
    broken.network.head.weight.data[0, 0] = value
    broken.network.hidden2.bias.data[0] = 1.0
    outcomes = train_all([broken, sound])
    assert [math.isnan(accuracy) for accuracy in outcomes[0].accuracy] == [True, True]
    assert math.isnan(outcomes[0].loss)
    assert outcomes[1] == train_all([alone])[0]


def test_nothing_to_train() -> None:
    """No trainings have no outcomes."""
    assert train_all([]) == []


def test_the_number_of_threads_is_left_as_it_was(toys: ModuleType) -> None:
    """Torch has as many threads afterwards as before, also if a run fails, here and in other threads."""

    def seen_elsewhere() -> int:
        seen: list[int] = []
        thread = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
        thread.start()
        thread.join()
        return seen[0]

    before = torch.get_num_threads()
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            train_all([make(toys), make(toys, 1)], workers=2)
            assert (torch.get_num_threads(), seen_elsewhere()) == (threads, threads)
            with pytest.raises(ZeroDivisionError):
                in_threads(lambda _: 1 / 0, [1, 2])
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


@given(st.lists(st.integers()), st.none() | st.integers(1, 5))
def test_threads_map_in_order(items: list[int], workers: int | None) -> None:
    """Results come in the order of the items, and every one is made under a single torch thread."""
    assert in_threads(lambda item: (item + 1, torch.get_num_threads()), items, workers=workers) == [
        (item + 1, 1) for item in items
    ]


def test_outcomes_compare_by_value() -> None:
    """Equal outcomes are equal, as the laws above take for granted."""
    assert Outcome((0.5,), 1.0) == Outcome((0.5,), 1.0) != Outcome((0.5,), 2.0)
