"""Class-head memory: what is remembered comes back, for known classes only."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.operators.heads import HeadMemory, average, recall, remember

FEATURES = 5


def head_of(classes: int, seed: int) -> dict[str, Tensor]:
    """Return the tensors of a random head."""
    generator = torch.Generator().manual_seed(seed)
    shapes = {"head.weight": (classes, FEATURES), "head.bias": (classes,), "conv1.weight": (2, 2)}
    return {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}


def same(first: HeadMemory, second: HeadMemory) -> bool:
    """Return whether two memories are equal, bit for bit."""
    return all(torch.equal(tensor, second.tensors()[name]) for name, tensor in first.tensors().items())


@given(st.permutations(range(6)), st.permutations(range(6)), st.integers(1, 6), st.integers(1, 6))
def test_known_classes_come_back_and_unknown_ones_stay(learned: list[int], met: list[int], many: int, few: int) -> None:
    """A class that was learned has its row, whatever the order of classes; another one keeps its random row."""
    before, after = torch.tensor(learned[:many]), torch.tensor(met[:few])
    trained, fresh = head_of(many, 0), head_of(few, 1)
    found = recall(remember(trained, before, total=6), fresh, after, channels=torch.arange(FEATURES))
    for row, one in enumerate(met[:few]):
        source, place = (trained, learned.index(one)) if one in learned[:many] else (fresh, row)
        assert all(torch.equal(found[name][row], source[name][place]) for name in ("head.weight", "head.bias"))


def test_new_channels_are_not_listened_to() -> None:
    """Of a known class only the circuit's features count, in the columns that they have."""
    trained, fresh, channels = head_of(2, 0), head_of(2, 1), torch.tensor([1, 4])
    classes = torch.tensor([3, 0])
    weight = recall(remember(trained, classes, total=4), fresh, classes, channels=channels)["head.weight"]
    assert torch.equal(weight[:, channels], trained["head.weight"][:, channels])
    assert bool((weight[:, [0, 2, 3]] == 0).all())


def test_later_lives_add_to_what_was_known() -> None:
    """Rows of classes that a life did not have are kept, the others replaced; arguments are unchanged."""
    first = remember(head_of(2, 0), torch.tensor([0, 1]), total=4)
    second = remember(head_of(2, 1), torch.tensor([1, 3]), total=4, before=first)
    assert second.known.tolist() == [True, True, False, True]
    assert torch.equal(second.weight[0], first.weight[0])
    assert torch.equal(second.weight[1], head_of(2, 1)["head.weight"][0])
    assert same(first, remember(head_of(2, 0), torch.tensor([0, 1]), total=4))


def test_siblings_average_what_each_knows() -> None:
    """A class that one sibling knows has that one's row, one that both know the mean; alone nothing changes."""
    first = remember(head_of(2, 0), torch.tensor([0, 1]), total=4)
    second = remember(head_of(2, 1), torch.tensor([1, 3]), total=4)
    mean = average([first, second])
    assert mean.known.tolist() == [True, True, False, True]
    torch.testing.assert_close(mean.weight[1], (first.weight[1] + second.weight[1]) / 2)
    assert torch.equal(mean.weight[0], first.weight[0])
    assert torch.equal(mean.bias[3], second.bias[3])
    assert same(average([first]), first)


def test_memories_of_equal_tensors_are_the_same() -> None:
    """A memory is its three tensors."""
    memory = remember(head_of(2, 0), torch.tensor([2, 1]), total=3)
    assert same(HeadMemory(**memory.tensors()), memory)


def test_what_does_not_fit_is_reported() -> None:
    """A head of another size and an empty family are refused in a sentence."""
    with pytest.raises(ValueError, match=r"^the head must have a row for each of 3 classes, but it has 2\.$"):
        remember(head_of(2, 0), torch.arange(3), total=4)
    with pytest.raises(ValueError, match=r"^average needs at least one memory, but it got none\.$"):
        average([])
