"""Recipes, pixels, the order of images and how accuracy is measured."""

import math
from itertools import pairwise
from types import ModuleType

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.data.images import LabelledImages
from neuroevo.data.tasks import Task, sample_task
from neuroevo.execution import Pixels, Recipe, Training, training
from neuroevo.execution.training import correct_answers, image_order, read


def stream(seed: int) -> torch.Generator:
    """Return a fresh generator."""
    return torch.Generator().manual_seed(seed)


def orders(count: int, updates: int, batch: int, seed: int) -> torch.Tensor:
    """Return an order of images."""
    return image_order(count, updates=updates, batch=batch, generator=stream(seed))


@given(st.integers(1, 30), st.integers(0, 40), st.integers(1, 40), st.integers(0, 99))
def test_no_image_comes_twice_in_an_update_or_an_epoch(count: int, updates: int, batch: int, seed: int) -> None:
    """Updates are full, and neither an update nor the updates of one epoch read an image twice."""
    order = orders(count, updates, batch, seed)
    size = min(batch, count)
    assert order.shape == (updates, size)
    assert order.dtype == torch.int64
    assert bool(((order >= 0) & (order < count)).all())
    for epoch in order.split(count // size):
        assert len(epoch.unique()) == epoch.numel()


@given(st.integers(1, 8), st.integers(1, 8), st.integers(1, 4), st.integers(0, 99))
def test_an_epoch_reads_every_image_once(batch: int, per_epoch: int, epochs: int, seed: int) -> None:
    """Where batches fill an epoch, each epoch is all images in some order."""
    count = batch * per_epoch
    for epoch in orders(count, epochs * per_epoch, batch, seed).split(per_epoch):
        assert sorted(epoch.flatten().tolist()) == list(range(count))


@given(st.integers(2, 30), st.integers(0, 40), st.integers(1, 40), st.integers(0, 99))
def test_more_updates_only_continue_the_order(count: int, updates: int, batch: int, seed: int) -> None:
    """The first updates of a long order equal a short one, and equal generators give equal orders."""
    assert torch.equal(orders(count, updates, batch, seed), orders(count, updates + 7, batch, seed)[:updates])


def test_epochs_and_seeds_have_orders_of_their_own() -> None:
    """Each epoch is shuffled anew, and what one epoch leaves out another one reads."""
    first, second = orders(50, 2, 50, seed=0)
    assert not torch.equal(first, second)
    assert not torch.equal(first, orders(50, 1, 50, seed=1)[0])
    assert len(orders(10, 30, 7, seed=0).unique()) == 10


@given(st.integers(2, 300), st.floats(1e-4, 10))
def test_the_rate_rises_to_its_highest_and_falls(updates: int, highest: float) -> None:
    """There is one rate per update: from 1/25 of the highest up to it once, then down without touching zero."""
    rates = Recipe(updates=updates, learning_rate=highest).rates()
    top = rates.index(highest)
    assert len(rates) == updates
    assert max(rates) == highest
    assert rates[0] == pytest.approx(highest / 25)
    assert all(low < high for low, high in pairwise(rates[: top + 1]))
    assert all(high > low > 0 for high, low in pairwise(rates[top:]))
    assert top == pytest.approx(0.3 * updates, abs=1)


@given(st.integers(10, 300))
def test_the_rate_ends_near_zero(updates: int) -> None:
    """The last update moves little: its rate is at most 1/20 of the highest."""
    assert Recipe(updates=updates, learning_rate=1.0).rates()[-1] < 0.05


def test_rates_of_a_run_by_hand() -> None:
    """Ten updates: three rising, then halfway down after three and a half of seven."""
    rates = Recipe(updates=10, learning_rate=1.0).rates()
    rise = [0.52 - 0.48 * math.cos(math.pi * k / 3) for k in range(3)]
    fall = [0.5 + 0.5 * math.cos(math.pi * k / 7) for k in range(7)]
    assert rates == pytest.approx([*rise, *fall])
    assert Recipe(updates=0).rates() == []
    assert Recipe(updates=1, learning_rate=1.0).rates() == pytest.approx([0.04])


@given(st.integers(0, 40), st.integers(1, 5))
def test_parts_of_a_cycle_make_it_up(updates: int, parts: int) -> None:
    """The rates of all parts together equal those of the whole, and after the last part the cycle begins anew."""
    part = Recipe(updates=updates, learning_rate=0.3)
    rates = [rate for number in range(parts) for rate in part.part(number, of=parts).rates()]
    assert rates == Recipe(updates=parts * updates, learning_rate=0.3).rates()
    assert part.part(parts, of=parts) == part.part(0, of=parts)
    assert part.part(0, of=1).rates() == part.rates()


@pytest.mark.parametrize("wrong", [{"begin": 1}, {"cycle": 9}, {"cycle": 12, "begin": 3}, {"cycle": 12, "begin": -1}])
def test_a_cycle_has_room_for_its_part(wrong: dict[str, int]) -> None:
    """A training can't go beyond the end of its cycle."""
    with pytest.raises(ValueError, match=r"^cycle must have room for 10 updates after the -?\d of begin, but it has "):
        Recipe(updates=10, **wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"updates": -1},
        {"batch": 0},
        {"learning_rate": 0.0},
        {"learning_rate": math.nan},
        {"momentum": 1.0},
        {"momentum": -0.1},
        {"weight_decay": -1.0},
        {"weight_decay": math.nan},
    ],
)
def test_impossible_recipes_are_refused(wrong: dict[str, float]) -> None:
    """A number out of its range is named with its value, in one sentence."""
    (name, value), *_ = wrong.items()
    with pytest.raises(ValueError, match=rf"{name}.* but they are .*{value}.*\.$"):
        Recipe(**{"updates": 5, **wrong})


@given(st.lists(st.integers(1, 3), max_size=3), st.data())
def test_reading_is_indexing(shape: list[int], data: st.DataObject) -> None:
    """Images of rows of any shape are those that indexing gives."""
    images = torch.arange(5 * 2 * 3, dtype=torch.uint8).view(5, 2, 1, 3)
    count = math.prod(shape)
    rows = torch.tensor(data.draw(st.lists(st.integers(0, 4), min_size=count, max_size=count)))
    assert torch.equal(read(images, rows.view(shape)), images[rows.view(shape)])


def test_an_unknown_optimiser_is_refused() -> None:
    """The sentence names those that there are."""
    with pytest.raises(ValueError, match=r"^optimizer must be one of sgd, adamw, but it is 'adam'\.$"):
        Recipe(updates=5, optimizer="adam")


def random_images(number: int, channels: int, height: int, width: int) -> torch.Tensor:
    """Return random uint8 images."""
    return torch.randint(0, 256, (number, channels, height, width), dtype=torch.uint8, generator=stream(0))


LAYOUTS = {
    "contiguous": lambda images: images,
    "channels last": lambda images: images.to(memory_format=torch.channels_last),
    "transposed": lambda images: images.transpose(2, 3).contiguous().transpose(2, 3),
    "images last": lambda images: images.permute(1, 2, 3, 0).contiguous().permute(3, 0, 1, 2),
    "every second": lambda images: images.repeat_interleave(2, 3)[..., ::2],
    "tail of a storage": lambda images: torch.cat([images, images])[len(images) :],
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_are_normalised_in_any_memory_layout(layout: str, channels: int) -> None:
    """The result is (images / 255 - mean) / std with channels last in memory, however the images lie."""
    images = random_images(4, channels, 5, 6)
    mean, std = (0.4, 0.5, 0.6)[:channels], (0.1, 0.2, 0.3)[:channels]
    given_images = LAYOUTS[layout](images)
    assert torch.equal(given_images, images)
    floats = Pixels(mean, std)(given_images)
    column = [torch.tensor(numbers).reshape(1, -1, 1, 1) for numbers in (mean, std)]
    torch.testing.assert_close(floats, (images.float() / 255 - column[0]) / column[1])
    assert floats.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(given_images, images)


@given(st.integers(1, 5), st.integers(2, 7), st.integers(2, 7))
def test_one_channel_gets_the_strides_of_channels_last(number: int, height: int, width: int) -> None:
    """The strides are those of channels last, which is not visible with one channel."""
    floats = Pixels((0.5,), (0.5,))(random_images(number, 1, height, width))
    assert floats.stride() == (height * width, 1, width, 1)
    assert floats.dtype == torch.float32


@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_of_a_data_set_have_mean_zero_and_deviation_one(channels: int, toys: ModuleType) -> None:
    """Over the ancestry images each channel has mean 0 and standard deviation 1."""
    dataset = toys.dataset(channels=channels)
    floats = Pixels.of(dataset)(dataset.ancestry.images).double()
    torch.testing.assert_close(floats.mean((0, 2, 3)), torch.zeros(channels).double(), atol=1e-5, rtol=0)
    torch.testing.assert_close(floats.std((0, 2, 3), correction=0), torch.ones(channels).double(), atol=1e-5, rtol=0)


def one_task(toys: ModuleType, *, test_per_class: int = 20, size: int = 8) -> Task:
    """Return a task of ancestry classes."""
    source: LabelledImages = toys.dataset(size=size).ancestry
    return sample_task(source, ways=4, shots=5, test_per_class=test_per_class, generator=stream(3))


@pytest.mark.parametrize("measure_at", [(-1,), (0, 6), (7, 2)])
def test_measurements_lie_within_the_run(measure_at: tuple[int, ...], toys: ModuleType) -> None:
    """Measuring before the start or after the end of a run is refused."""
    with pytest.raises(ValueError, match=r"^measure_at must lie between 0 and 5 updates, but it is .*\.$"):
        Training(
            network=toys.MLP_BACKBONE.build(4, generator=stream(0)),
            task=one_task(toys),
            pixels=Pixels.of(toys.dataset()),
            recipe=Recipe(updates=5),
            generator=stream(0),
            measure_at=measure_at,
        )


def test_a_measurement_needs_test_images(toys: ModuleType) -> None:
    """Measuring on a task without test images is refused before anything is trained."""
    run = {
        "network": toys.MLP_BACKBONE.build(4, generator=stream(0)),
        "task": one_task(toys, test_per_class=0),
        "pixels": Pixels.of(toys.dataset()),
        "recipe": Recipe(updates=5),
        "generator": stream(0),
    }
    Training(**run)
    with pytest.raises(ValueError, match=r"^measure_at = \(5,\) needs test images, but the task has none\.$"):
        Training(**run, measure_at=(5,))


@pytest.mark.parametrize(
    ("frozen", "words"),
    [
        ({"head.weight", "tail"}, "must name tensors of the network, but it has no tail"),
        ({f"{layer}.{kind}" for layer in ("hidden1", "hidden2", "head") for kind in ("weight", "bias")}, "leave"),
    ],
)
def test_only_some_of_what_there_is_can_be_frozen(frozen: set[str], words: str, toys: ModuleType) -> None:
    """A name that is no tensor is an error, and so is that nothing is left to train."""
    with pytest.raises(ValueError, match=rf"^frozen .*{words}.*\.$"):
        Training(
            network=toys.MLP_BACKBONE.build(4, generator=stream(0)),
            task=one_task(toys),
            pixels=Pixels.of(toys.dataset()),
            recipe=Recipe(updates=5),
            generator=stream(0),
            frozen=frozenset(frozen),
        )


@pytest.mark.parametrize("batch", [7, 80, 1000])
def test_correct_answers_are_counted(batch: int, toys: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """The count is that of one pass over all test images in evaluation mode, in whatever portions it is made."""
    monkeypatch.setattr(training, "EVALUATION_BATCH", batch)
    task, pixels = one_task(toys, size=16), Pixels.of(toys.dataset(size=16))
    network = toys.CONVNET.build(4, generator=stream(1))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    count = correct_answers(network.train(), task, pixels)
    assert network.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    logits = network.eval()(pixels(task.source.images[task.test]))
    assert int(count) == int((logits.argmax(1) == task.test_labels).sum()) > 0
    assert not network.training
    correct_answers(network, task, pixels)
    assert not network.training


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_outputs_that_are_not_finite_are_no_answers(value: float, toys: ModuleType) -> None:
    """One output that is not finite makes the count NaN."""
    task = one_task(toys)
    network = toys.MLP_BACKBONE.build(4, generator=stream(0))
    network.head.bias.data[2] = value
    assert math.isnan(float(correct_answers(network, task, Pixels.of(toys.dataset()))))
