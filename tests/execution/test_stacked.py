"""Stacked training: the same networks as in looped mode, up to rounding."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from neuroevo.backbones import Backbone, Network
from neuroevo.backbones.backbone import initialise
from neuroevo.data.tasks import sample_task
from neuroevo.execution import Execution, Outcome, Pixels, Recipe, Training, stacked, train_all
from neuroevo.execution.condensing import Condensing
from neuroevo.execution.stacked import structure
from neuroevo.execution.training import Loss
from neuroevo.testing.strategies import backbones

LOOPED, STACKED = Execution(mode="looped"), Execution(mode="stacked")


class Doubles(Pixels):
    """Images in float64: in float32 a rounding error may turn a ReLU or choose another maximum, and grows then."""

    def __call__(self, images: Tensor) -> Tensor:
        """Return the images, normalised."""
        return super().__call__(images).double()


def shifted(images: Tensor, generator: torch.Generator) -> Tensor:
    """Return images that are brighter by a drawn number."""
    return images // 2 + torch.randint(0, 100, (len(images), 1, 1, 1), generator=generator, dtype=torch.uint8)


def make(toys: ModuleType, backbone: Backbone, count: int, **parts: Any) -> list[Training]:
    """Return training runs of float64 networks; each depends on its number alone."""
    channels, size = getattr(backbone, "channels", 1), 8 if backbone == toys.MLP_BACKBONE else 16
    dataset = toys.dataset(size=size, channels=channels)
    runs = []
    for number in range(count):
        generator = toys.generator(number)
        runs.append(
            Training(
                **{
                    "network": backbone.build(4, generator=generator).double(),
                    "task": sample_task(dataset.ancestry, ways=4, shots=9, test_per_class=7, generator=generator),
                    "pixels": Doubles(dataset.mean, dataset.std),
                    "recipe": Recipe(updates=4, batch=8),
                    "generator": generator,
                    **parts,
                }
            )
        )
    return runs


def assert_close(first: Sequence[Training], second: Sequence[Training]) -> None:
    """Compare the tensors of networks; a maximum that ties may be taken elsewhere, so they are doubles."""
    for one, other in zip(first, second, strict=True):
        torch.testing.assert_close(one.network.state_dict(), other.network.state_dict(), atol=1e-8, rtol=1e-6)


def assert_outcomes(first: Sequence[Outcome], second: Sequence[Outcome]) -> None:
    """Compare accuracies exactly and losses up to rounding."""
    assert [one.accuracy for one in first] == [one.accuracy for one in second]
    assert [one.loss for one in first] == pytest.approx([one.loss for one in second], abs=1e-6, nan_ok=True)


def masks(network: Network, seed: int) -> dict[str, Tensor]:
    """Return a random mask of the last tensor before the head that has more than one axis."""
    name = [name for name, tensor in network.named_parameters() if tensor.ndim > 1][-2]
    shape = network.get_parameter(name).shape
    return {name: torch.rand(shape, generator=torch.Generator().manual_seed(seed)) < 0.5}


def with_masks(trainings: Sequence[Training]) -> list[Training]:
    """Return the runs, each with a mask of its own."""
    return [replace(training, zero=masks(training.network, seed)) for seed, training in enumerate(trainings)]


@pytest.mark.parametrize("backbone", ["MLP_BACKBONE", "CONVNET"])
@settings(max_examples=15)
@given(st.data())
def test_stacked_networks_are_the_looped_ones(backbone: str, toys: ModuleType, data: st.DataObject) -> None:
    """Whatever the recipe, masks, frozen tensors, augmentation and chunk, both modes give the same numbers."""
    recipe = Recipe(
        updates=data.draw(st.integers(0, 4)),
        batch=data.draw(st.sampled_from([1, 8, 99]) if backbone == "MLP_BACKBONE" else st.sampled_from([8, 99])),
        momentum=data.draw(st.sampled_from([0.0, 0.9])),
        weight_decay=data.draw(st.sampled_from([0.0, 0.01])),
        optimizer=data.draw(st.sampled_from(["sgd", "adamw"])),
        learning_rate=data.draw(st.sampled_from([0.05, 0.001])),
    )
    drawn = make(toys, getattr(toys, backbone), 1)[0].network.state_dict()
    parts = {
        "recipe": recipe,
        "measure_at": tuple(sorted(data.draw(st.sets(st.integers(0, recipe.updates))))),
        "frozen": data.draw(st.sets(st.sampled_from([name for name in drawn if name != "head.bias"])).map(frozenset)),
        "augment": data.draw(st.sampled_from([None, shifted])),
    }
    count, masked = data.draw(st.integers(1, 4)), data.draw(st.booleans())
    chunk, workers = data.draw(st.none() | st.integers(1, 4)), data.draw(st.integers(1, 3))
    both = [make(toys, getattr(toys, backbone), count, **parts) for _ in range(2)]
    looped, together = [*map(with_masks, both)] if masked else both
    execution = Execution(mode="stacked", chunk=chunk)
    assert_outcomes(train_all(looped, execution=LOOPED), train_all(together, execution=execution, workers=workers))
    assert_close(looped, together)
    # The generators have drawn the same.
    assert all(
        torch.equal(one.generator.get_state(), other.generator.get_state())
        for one, other in zip(looped, together, strict=True)
    )


@settings(max_examples=10)
@given(backbone=backbones(image_shape=(1, 16, 16)))
def test_networks_of_any_architecture_are_stacked(backbone: Backbone, toys: ModuleType) -> None:
    """The law holds for every backbone of the library, and none of them has to be looped."""
    both = [make(toys, backbone, 3, measure_at=(0, 4)) for _ in range(2)]
    assert_outcomes(train_all(both[0], execution=LOOPED), stacked.train_stacked(both[1]))
    assert_close(*both)


def test_mixed_populations_are_grouped(toys: ModuleType) -> None:
    """Networks with different layers, classes, recipes or measurements are trained together, in their order."""

    def mixed() -> list[Training]:
        small, conv = make(toys, toys.MLP_BACKBONE, 4), make(toys, toys.CONVNET, 2)
        small[1] = replace(small[1], recipe=Recipe(updates=2, batch=8), measure_at=(1,))
        small[2] = replace(small[2], measure_at=(4,))
        return [small[0], conv[0], small[1], conv[1], *small[2:]]

    looped, together = mixed(), mixed()
    assert_outcomes(train_all(looped, execution=LOOPED), train_all(together, execution=STACKED))
    assert_close(looped, together)


def test_a_broken_network_leaves_its_neighbours_alone(toys: ModuleType) -> None:
    """A weight that is not finite ends in NaN for its own network only."""
    broken, sound = make(toys, toys.CONVNET, 2, measure_at=(4,))
    broken.network.head.weight.data[0, 0] = torch.nan
    outcomes = stacked.train_stacked([broken, sound])
    (alone,) = train_all([make(toys, toys.CONVNET, 2, measure_at=(4,))[1]], execution=LOOPED)
    assert torch.tensor([*outcomes[0].accuracy, outcomes[0].loss]).isnan().all()
    assert_outcomes(outcomes[1:], [alone])


def test_float32_stays_close(toys: ModuleType) -> None:
    """In float32 and at a small rate the modes agree to 1e-4 after a few updates."""
    recipe = Recipe(updates=3, batch=16, learning_rate=1e-3)
    both = [make(toys, toys.CONVNET, 3, recipe=recipe, pixels=Pixels((0.5,), (0.5,))) for _ in range(2)]
    for training in (*both[0], *both[1]):
        training.network.float()
    train_all(both[0], execution=LOOPED)
    train_all(both[1], execution=STACKED)
    for one, other in zip(*both, strict=True):
        torch.testing.assert_close(one.network.state_dict(), other.network.state_dict(), atol=1e-4, rtol=1e-3)


class Odd(Network):
    """A network with a parameter besides its layers, and with data-dependent control flow unless it is traced."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(64, 4)
        self.scale = nn.Parameter(torch.zeros(1))
        self.branches = True

    def features(self, images: Tensor) -> Tensor:
        """Return the pixels [N, 64] times a number."""
        if self.branches and float(images.detach().sum()) > 0:
            return (1 - self.scale) * images.flatten(1)
        return (1 + self.scale) * images.flatten(1)


class Twice(Network):
    """A network that runs one of its layers twice."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(64, 64)
        self.head = nn.Linear(64, 4)

    def features(self, images: Tensor) -> Tensor:
        """Return the features [N, 64]."""
        return torch.relu(self.inner(torch.relu(self.inner(images.flatten(1)))))


def with_networks(kind: type[Network], toys: ModuleType, count: int, **parts: Any) -> list[Training]:
    """Return runs of networks of a class."""
    runs = make(toys, toys.MLP_BACKBONE, count, **parts)
    with torch.device("meta"):
        networks = [kind() for _ in runs]
    for seed, network in enumerate(networks):
        initialise(network, toys.generator(seed)).double()
        for name, parameter in network.named_parameters():
            if "." not in name:  # no layer's, and not initialised by it
                parameter.data.zero_()
    return [replace(run, network=network) for run, network in zip(runs, networks, strict=True)]


def traced(trainings: Sequence[Training]) -> list[Training]:
    """Return the runs with networks that torch.fx made of theirs."""
    for training in trainings:
        training.network.branches = False
    return [replace(training, network=torch.fx.symbolic_trace(training.network)) for training in trainings]


def test_what_cannot_be_stacked_is_looped(toys: ModuleType, caplog: pytest.LogCaptureFixture) -> None:
    """Data-dependent control flow works in looped mode, which is used with a warning, from the same draws."""
    looped, tried = with_networks(Odd, toys, 3), with_networks(Odd, toys, 3)
    assert_outcomes(train_all(looped, execution=LOOPED), train_all(tried, execution=STACKED))
    assert_close(looped, tried)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "Odd is trained one network after the other: " in caplog.text


def test_traced_modules_with_weights_of_their_own_are_stacked(
    toys: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    """A graph of torch.fx with parameters outside of layers is a network like others."""
    looped, together = traced(with_networks(Odd, toys, 3)), traced(with_networks(Odd, toys, 3))
    assert_outcomes(train_all(looped, execution=LOOPED), train_all(together, execution=STACKED))
    assert_close(looped, together)
    assert not caplog.records


@pytest.mark.parametrize("backbone", ["MLP_BACKBONE", "CONVNET"])
def test_a_loss_of_ones_own_is_stacked(backbone: str, toys: ModuleType, caplog: pytest.LogCaptureFixture) -> None:
    """Any loss of a network can be minimised for many at once."""
    loss: Loss = lambda network, images, labels: network.features(images).square().mean()  # noqa: E731
    both = [make(toys, getattr(toys, backbone), 3, loss=loss, measure_at=(4,)) for _ in range(2)]
    assert_outcomes(train_all(both[0], execution=LOOPED), train_all(both[1], execution=STACKED))
    assert_close(*both)
    assert not caplog.records


def test_a_loss_that_looks_at_numbers_is_looped(toys: ModuleType, caplog: pytest.LogCaptureFixture) -> None:
    """What can't be batched is looped, bit for bit as if requested, and reported."""
    loss: Loss = lambda network, images, labels: abs(float(images.sum())) * network(images).square().mean()  # noqa: E731
    both = [make(toys, toys.MLP_BACKBONE, 2, loss=loss) for _ in range(2)]
    assert train_all(both[0], execution=LOOPED) == train_all(both[1], execution=STACKED)
    assert "is trained one network after the other: " in caplog.text


@pytest.mark.parametrize("backbone", ["MLP_BACKBONE", "CONVNET"])
@settings(max_examples=10)
@given(st.data())
def test_lives_that_condense_are_stacked(backbone: str, toys: ModuleType, data: st.DataObject) -> None:
    """Each network keeps the channels of its circuit; networks of other sizes or weights are separate groups."""
    count = data.draw(st.integers(1, 4))
    sizes, weights = (data.draw(st.lists(st.sampled_from(some), min_size=4)) for some in ((1, 2), (0.5, 1.0)))
    both = []
    for _ in range(2):
        runs = make(toys, getattr(toys, backbone), count)
        width = runs[0].network.head.in_features
        kept = [torch.randperm(width, generator=toys.generator(n))[: sizes[n]] for n in range(count)]
        both.append([replace(run, loss=Condensing(kept[n], weights[n])) for n, run in enumerate(runs)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_outcomes(train_all(both[0], execution=LOOPED), train_all(both[1], execution=STACKED))
    assert_close(*both)
    assert len({structure(run) for run in both[1]}) == len({*zip(sizes[:count], weights[:count], strict=True)})


def states(trainings: Sequence[Training]) -> list[Mapping[str, Tensor]]:
    """Return copies of the networks' tensors."""
    return [{name: tensor.clone() for name, tensor in one.network.state_dict().items()} for one in trainings]


def test_a_failure_leaves_the_networks_as_they_were(toys: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until all updates are made nothing is written."""
    trainings = make(toys, toys.MLP_BACKBONE, 2)
    before = states(trainings)
    monkeypatch.setattr(stacked, "_write_back", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        train_all(trainings, execution=STACKED)
    torch.testing.assert_close(states(trainings), before, atol=0, rtol=0)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_weights_that_are_used_twice_are_not_moved_in_between(momentum: float, toys: ModuleType) -> None:
    """A layer that runs twice in a pass gives the same as in looped mode, whether gradients are kept or not."""
    recipe = Recipe(updates=3, batch=8, momentum=momentum, weight_decay=0)
    looped, together = (with_networks(Twice, toys, 2, recipe=recipe) for _ in range(2))
    train_all(looped, execution=LOOPED)
    train_all(together, execution=STACKED)
    assert_close(looped, together)
