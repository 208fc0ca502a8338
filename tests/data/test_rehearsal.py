"""Rehearsals: which classes have which role, and that nothing of the novel ones is in them."""

from dataclasses import replace
from types import ModuleType

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.data.augmentation import Augmentation
from neuroevo.data.images import Dataset, LabelledImages
from neuroevo.data.mixed import mixed
from neuroevo.data.rehearsal import MOST, rehearsal


def images_of(prefix: str, classes: int, *, first: int) -> LabelledImages:
    """Return three images of each class, which hold a number that no other class has."""
    labels = torch.arange(classes).repeat_interleave(3)
    images = (first + labels).to(torch.uint8)[:, None, None, None].repeat(1, 1, 4, 4)
    images[:, :, 3, 3] = 255  # no channel is constant
    return LabelledImages(images, labels, tuple(f"{prefix}{number}" for number in range(classes)))


@given(ancestry=st.integers(2, 40), held_out=st.integers(1, 20), novel=st.integers(1, 20))
def test_every_class_has_its_images_and_no_novel_one_is_left(ancestry: int, held_out: int, novel: int) -> None:
    """Held-out classes are novel, some of ancestry are held out, the others stay, all with their own images."""
    data = Dataset.of(
        "data",
        images_of("a", ancestry, first=0),
        images_of("h", held_out, first=50),
        images_of("n", novel, first=100),
    )
    found = rehearsal(data)
    assert found.novel is data.held_out
    assert sorted([*found.ancestry.classes, *found.held_out.classes]) == sorted(data.ancestry.classes)
    assert len(found.held_out.classes) == max(1, min(held_out, ancestry // MOST))
    for role in (found.ancestry, found.held_out):
        numbers = role.images[:, 0, 0, 0].tolist()
        assert [role.classes[label] for label in role.labels.tolist()] == [f"a{number}" for number in numbers]
        assert len(numbers) == 3 * len(role.classes)
    assert rehearsal(data).facts() == found.facts()


def test_images_are_normalised_and_augmented_for_what_is_ancestry_now(toys: ModuleType) -> None:
    """Mean and deviation are those of the new ancestry, the augmentation is that of the data set."""
    data = replace(toys.dataset(), augmentation=Augmentation(flip=True))
    found = rehearsal(data)
    assert found.augmentation == data.augmentation
    assert found.mean == Dataset.of("again", found.ancestry, found.held_out, found.novel).mean


def test_what_can_not_be_rehearsed_is_refused(toys: ModuleType) -> None:
    """Environments, whose images are not all clean, and a single ancestry class."""
    with pytest.raises(ValueError, match=r"ancestry of toys.* must be from one environment in a rehearsal"):
        rehearsal(mixed(toys.dataset()))
    with pytest.raises(ValueError, match=r"ancestry of toys must have at least 2 classes for a rehearsal"):
        rehearsal(toys.dataset(classes=(1, 4, 4)))
