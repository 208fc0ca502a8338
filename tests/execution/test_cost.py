"""Multiply-adds: counted by hand and by the library."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.backbones import MLP, Backbone, ConvNet4
from neuroevo.budget import Budget
from neuroevo.execution import Recipe
from neuroevo.execution.cost import check_reads, multiply_adds, training_budget


@given(st.lists(st.integers(1, 9), min_size=1, max_size=3), st.integers(1, 5))
def test_a_perceptron_multiplies_once_per_weight(widths: list[int], classes: int) -> None:
    """Each weight of each layer, the head included, is one multiply-add; biases are none."""
    layers = [12, *widths, classes]
    by_hand = sum(a * b for a, b in pairwise(layers))
    assert multiply_adds(MLP(tuple(widths), inputs=12), (3, 2, 2), classes) == by_hand


@pytest.mark.parametrize(("channels", "size"), [(1, 16), (3, 32), (1, 28)])
def test_a_convnet4_by_hand(channels: int, size: int) -> None:
    """Nine weights per pair of channels at each place; pooling halves the places, rounding down, after each block."""
    widths = (4, 6, 5, 8)
    places = [(size >> block) ** 2 for block in range(4)]
    pairs = [a * b for a, b in zip((channels, *widths), widths, strict=False)]
    by_hand = sum(9 * place * pair for place, pair in zip(places, pairs, strict=True)) + 8 * 7
    assert multiply_adds(ConvNet4(widths, channels=channels), (channels, size, size), 7) == by_hand


def test_the_smallest_convnet4_in_numbers() -> None:
    """16 x 16 pixels, widths 1: 9 * (256 + 64 + 16 + 4) for the kernels and 2 for the head."""
    assert multiply_adds(ConvNet4((1, 1, 1, 1)), (1, 16, 16), 2) == 3062


def test_convolutions_cost_as_much_as_images_are_large() -> None:
    """Four times the pixels take four times the products, but for those of the head."""
    small, large = (multiply_adds(ConvNet4((8, 8, 8, 8)), (1, size, size), 2) - 2 * 8 for size in (64, 128))
    assert large == 4 * small


@given(st.integers(0, 50), st.integers(1, 40), st.integers(1, 40))
def test_training_costs_three_passes_over_each_batch(updates: int, batch: int, images: int) -> None:
    """A run has its updates in steps and on the critical path, and three passes for each image that it reads."""
    budget = training_budget(
        MLP((3,), inputs=4), Recipe(updates=updates, batch=batch), image=(1, 2, 2), classes=2, images=images
    )
    assert budget == Budget(updates, updates * 3 * (4 * 3 + 3 * 2) * min(batch, images), updates)


@pytest.mark.parametrize(
    ("backbone", "image"),
    [
        (MLP((4,), inputs=12), (3, 2, 3)),
        (ConvNet4((1, 1, 1, 1), channels=3), (1, 16, 16)),
        (ConvNet4((1,) * 4), (1, 8, 8)),
    ],
)
def test_a_network_that_can_not_read_images_is_refused(backbone: Backbone, image: tuple[int, ...]) -> None:
    """Another number of inputs or channels and images that pooling leaves nothing of are told in one sentence."""
    kind = type(backbone).__name__
    with pytest.raises(
        ValueError, match=rf"^backbone must read examples of the shape .* but {kind} does not"
    ) as caught:
        check_reads(backbone, image)
    assert str(list(image)) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_network_that_can_read_images_is_not_refused() -> None:
    """The right shape says nothing."""
    check_reads(MLP((4,), inputs=12), (3, 2, 2))
    check_reads(ConvNet4((1, 1, 1, 1)), (1, 16, 16))
