"""Data sets of PyTorch and torchvision, split by class."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch import nn
from torch.utils.data import ConcatDataset, DataLoader, IterableDataset, Subset, TensorDataset

from neuroevo.backbones import MLP, trace
from neuroevo.data.images import Dataset
from neuroevo.evolution import evolve
from neuroevo.execution import Execution, Recipe
from neuroevo.execution.modes import Mode
from neuroevo.learngene import Learngene
from neuroevo.splits import ROLES
from neuroevo.strategies import GTL

ROLES_OF_6 = {"ancestry": [0, 1, 2], "held_out": [4], "novel": [5, 3]}


class Listed(torch.utils.data.Dataset[Any]):
    """A data set of given items, with names of classes as in torchvision."""

    def __init__(self, items: list[Any], classes: tuple[str, ...] | None = None) -> None:
        self.items = items
        if classes is not None:
            self.classes = list(classes)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Any:
        return self.items[index]


def rows(*shape: int, seed: int = 0) -> list[tuple[torch.Tensor, int]]:
    """Return examples of that shape of 6 classes, four of each, in no order."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(24).remainder(6)[torch.randperm(24, generator=generator)]
    return [(torch.randn(shape, generator=generator), int(label)) for label in labels]


@given(shape=st.lists(st.integers(1, 3), min_size=1, max_size=3), seed=st.integers(0, 99))
def test_every_class_has_its_examples_in_their_order(shape: list[int], seed: int) -> None:
    """Tables, signals and images of numbers are read as they are; classes have the order of the roles."""
    items = rows(*shape, seed=seed)
    dataset = Dataset.from_torch(Listed(items), roles=ROLES_OF_6, name="mine")
    assert (dataset.name, dataset.shape) == ("mine", tuple(shape))
    for role in ROLES:
        images = dataset.role(role)
        assert images.classes == tuple(map(str, ROLES_OF_6[role]))
        for place, label in enumerate(ROLES_OF_6[role]):
            wanted = torch.stack([value for value, own in items if own == label])
            assert torch.equal(images.images[images.labels == place], wanted)


def test_classes_are_named_or_numbered() -> None:
    """Names of a data set, of the one that a subset is of, and labels mean the same classes."""
    names = ("ant", "bee", "cat", "dog", "elk", "fox")
    listed = Listed(rows(2), names)
    by_name = {role: [names[label] for label in labels] for role, labels in ROLES_OF_6.items()}
    one = Dataset.from_torch(listed, roles=ROLES_OF_6, name="mine")
    two = Dataset.from_torch(Subset(listed, range(24)), roles=by_name, name="mine")
    three = Dataset.from_torch(ConcatDataset([listed]), roles=by_name, name="mine")
    assert one.novel.classes == ("fox", "dog")
    assert one.facts() == two.facts() == three.facts()


def test_tensors_and_numbers_of_all_kinds_are_taken() -> None:
    """Labels and examples may be tensors, arrays, lists and numbers of numpy; other numbers become float32."""
    examples = torch.tensor([[value, 2.0 * value] for value in range(24)])
    labels = torch.arange(24).remainder(6)
    plain = Dataset.from_torch(TensorDataset(examples, labels), roles=ROLES_OF_6, name="mine").facts()
    for items in (
        [(example.double().numpy(), np.int32(label)) for example, label in zip(examples, labels.tolist(), strict=True)],
        [(example.long(), label.reshape(1)) for example, label in zip(examples, labels, strict=True)],
        [[example.tolist(), label] for example, label in zip(examples, labels.tolist(), strict=True)],
    ):
        assert Dataset.from_torch(Listed(items), roles=ROLES_OF_6, name="mine").facts() == plain


@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("RGB", 3)])
def test_pictures_become_images(mode: str, channels: int) -> None:
    """What torchvision yields without a transform is uint8 [C, H, W], square or not."""
    pixels = np.random.default_rng(0).integers(0, 256, (24, 4, 5, 3), np.uint8)
    pictures = [Image.fromarray(one).convert(mode) for one in pixels]
    dataset = Dataset.from_torch(Listed([(one, row % 6) for row, one in enumerate(pictures)]), roles=ROLES_OF_6)
    assert dataset.novel.images.dtype == torch.uint8
    assert dataset.shape == (channels, 4, 5)
    first = np.asarray(pictures[5]).reshape(4, 5, channels)
    assert np.array_equal(dataset.novel.images[0].permute(1, 2, 0).numpy(), first)


def test_only_the_first_examples_are_kept() -> None:
    """A number of images per class is that of the first ones; too few are refused."""
    dataset = Dataset.from_torch(Listed(rows(2)), roles=ROLES_OF_6, images_per_class=2)
    assert torch.bincount(dataset.ancestry.labels).tolist() == [2, 2, 2]
    with pytest.raises(ValueError, match="each class must have at least 5 images, but 0 has 4"):
        Dataset.from_torch(Listed(rows(2)), roles=ROLES_OF_6, images_per_class=5)


def changed(change: Callable[[Any, int], Any]) -> Listed:
    """Return a data set whose eighth item is another one."""
    items: list[Any] = [*rows(2)]
    items[7] = change(*items[7])
    return Listed(items)


class Endless(IterableDataset[Any]):
    """A data set without a length."""

    def __iter__(self) -> Any:
        return iter(())


@pytest.mark.parametrize(
    ("dataset", "error", "words"),
    [
        (DataLoader(Listed(rows(2))), TypeError, "of a DataLoader give its `dataset`"),
        (Endless(), TypeError, "must be a torch.utils.data.Dataset with a length"),
        (
            changed(lambda value, label: value),
            TypeError,
            r"must yield pairs \(example, label\), but item 7 is a Tensor",
        ),
        (
            changed(lambda value, label: (value, 0.5)),
            TypeError,
            "labels must be whole numbers, but that of item 7 is 0.5",
        ),
        (changed(lambda value, label: (value, torch.zeros(3))), TypeError, "labels must be whole numbers"),
        (changed(lambda value, label: ("text", label)), TypeError, "that of item 7 is a str"),
        (changed(lambda value, label: (value.to(torch.complex64), label)), TypeError, "must be real numbers"),
        (changed(lambda value, label: (value[0], label)), TypeError, r"of the shape \[C, ...\]"),
        (changed(lambda value, label: (value[:1], label)), ValueError, r"one shape and dtype, but there are \[1\]"),
        (changed(lambda value, label: (value * torch.nan, label)), ValueError, "must hold finite numbers"),
        (Listed([(torch.zeros(8, 8, 3).byte(), 0)]), ValueError, r"looks like \[H, W, C\]"),
        (Listed([]), ValueError, "each class must have at least 1 images, but 0 has 0"),
    ],
)
def test_what_is_no_data_set_of_examples_is_refused(dataset: Any, error: type[Exception], words: str) -> None:
    """Each in one sentence that names the item and says what to do."""
    with pytest.raises(error, match=words) as caught:
        Dataset.from_torch(dataset, roles=ROLES_OF_6)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("roles", "words"),
    [
        ({"ancestry": [0], "held_out": [1]}, "for novel, but it has None"),
        ({**ROLES_OF_6, "test": [1]}, "roles must be ancestry, held_out, novel, but 'test'"),
        ({**ROLES_OF_6, "novel": "fox"}, "for novel, but it has 'fox'"),
        ({**ROLES_OF_6, "novel": ["yak"]}, "classes of the data set .*, but one is 'yak'"),
        ({**ROLES_OF_6, "novel": [6]}, r"labels in 0\.\.5, but one is 6"),
        ({**ROLES_OF_6, "novel": [0]}, "ancestry and novel share ant"),
    ],
)
def test_roles_that_do_not_fit_are_refused(roles: dict[str, Any], words: str) -> None:
    """A role that is missing, unknown or no list, a class that there is not, and one with two roles."""
    listed = Listed(rows(2), ("ant", "bee", "cat", "dog", "elk", "fox"))
    with pytest.raises(ValueError, match=words):
        Dataset.from_torch(listed, roles=roles)


def test_random_transforms_are_refused() -> None:
    """What draws from a global generator would be drawn once, and then stay the same in every update."""
    state = torch.get_rng_state()

    class Noisy(Listed):
        def __getitem__(self, index: int) -> Any:
            value, label = super().__getitem__(index)
            return value + torch.rand(2), label

    with pytest.raises(ValueError, match="reading it draws from a global generator; leave out random transforms"):
        Dataset.from_torch(Noisy(rows(2)), roles=ROLES_OF_6)
    torch.set_rng_state(state)


@pytest.mark.parametrize("shape", [(5,), (2, 6), (1, 3, 4)])
def test_learngenes_evolve_on_examples_of_any_shape(shape: tuple[int, ...], tmp_path: Path) -> None:
    """Looped or stacked, ancestors and critics train on them alike, and the result can be saved and read."""
    dataset = Dataset.from_torch(Listed(rows(*shape)), roles={**ROLES_OF_6, "held_out": [3, 4], "novel": [5]})
    recipe, found = Recipe(updates=3, batch=4), []
    modes: tuple[Mode, ...] = ("looped", "stacked")
    for mode in modes:
        settings = {"life": recipe, "critic": recipe, "critic_shots": 2, "execution": Execution(mode=mode)}
        strategy = GTL(dataset, MLP((4,), inputs=math.prod(shape)), population=2, **settings)
        for _ in evolve(strategy, 1):
            pass
        found.append(strategy.result().genome)
    found[0].save(tmp_path / "learngene.safetensors")
    read = Learngene.load(tmp_path / "learngene.safetensors")
    assert read.to_bytes() == found[0].to_bytes()
    for name, tensor in found[0].slices.items():
        assert torch.allclose(tensor, found[1].slices[name], atol=1e-4)


def test_learngenes_evolve_in_a_traced_network_on_signals() -> None:
    """Convolutions over one axis are traced, trained and scored on signals."""
    dataset = Dataset.from_torch(Listed(rows(2, 12)), roles={**ROLES_OF_6, "held_out": [3, 4], "novel": [5]})
    with torch.random.fork_rng(devices=()):
        layers = nn.Conv1d(2, 4, 3, padding=1), nn.BatchNorm1d(4), nn.ReLU(), nn.Conv1d(4, 6, 3), nn.ReLU()
        module = nn.Sequential(*layers, nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(6, 3))
    backbone, recipe = trace(module, image=(2, 12)), Recipe(updates=3, batch=4)
    strategy = GTL(dataset, backbone, population=2, life=recipe, critic=recipe, critic_shots=2)
    (generation,) = evolve(strategy, 1)
    assert not generation.failed
    assert strategy.result().genome.backbone == backbone
