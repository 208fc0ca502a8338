"""Samples of a data set."""

from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from neuroevo.benchmarks.report.plots.samples import CLASSES, IMAGES, draw_samples
from neuroevo.data.images import Dataset, LabelledImages
from neuroevo.splits import ROLES

Flaws = Callable[[Figure], list[str]]


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_images_are_the_first_of_each_class(toys: ModuleType, channels: int) -> None:
    """Each column holds the first images of a class, unchanged, in colour if they have three channels."""
    dataset = toys.dataset(channels=channels)
    figure = draw_samples(dataset, title="toys")
    for axes, role in zip(figure.axes, ROLES, strict=True):
        images = dataset.role(role)
        (drawn,) = axes.get_images()
        assert [label.get_text().replace("\n", " ") for label in axes.get_xticklabels()] == list(images.classes)
        for column in range(len(images.classes)):
            members = images.images[images.labels == column][:IMAGES]
            for row, image in enumerate(members):
                shown = np.asarray(drawn.get_array())[9 * row : 9 * row + 8, 9 * column : 9 * column + 8]
                wanted = image.permute(1, 2, 0) if channels == 3 else image[0]
                np.testing.assert_array_equal(shown, wanted)
                assert axes.get_xticks()[column] == pytest.approx(9 * column + 3.5)


def test_grey_is_the_same_in_every_role(toys: ModuleType) -> None:
    """0 is black and 255 white, however bright the images are."""
    for axes in draw_samples(toys.dataset(), title="").axes:
        assert axes.get_images()[0].get_clim() == (0, 255)


def test_roles_are_named_with_their_size(toys: ModuleType) -> None:
    """Every role has a panel that says what it is for and how many classes it has."""
    titles = [axes.get_title() for axes in draw_samples(toys.dataset(classes=(5, 4, 3)), title="").axes]
    assert [title.split(":")[0] for title in titles] == list(ROLES)
    assert [title.split("(")[1] for title in titles] == ["5 classes)", "4 classes)", "3 classes)"]


def named(name: str, count: int, *, images: int = 2) -> LabelledImages:
    """Return images of that number of classes with long names."""
    classes = tuple(f"{name} $x${i} with-a-long-name" for i in range(count))
    pixels = (torch.arange(images * count * 64) % 251).reshape(-1, 1, 8, 8).to(torch.uint8)
    return LabelledImages(pixels, torch.arange(count).repeat_interleave(images), classes)


def test_many_classes_with_long_names_can_be_read(flaws: Flaws) -> None:
    """Of many classes some from all over are shown, first one first; names are broken into lines."""
    dataset = Dataset.of("toys", named("first", 24), named("second", CLASSES), named("third", 1))
    figure = draw_samples(dataset, title="a data set with a long name " * 4)
    assert flaws(figure) == []
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert len(labels) == CLASSES
    assert "x$0" in labels[0]
    assert "x$21" in labels[-1]


def test_images_have_one_size_in_all_roles(flaws: Flaws) -> None:
    """A role of few classes leaves the rest of its line empty; a class of one image leaves a white place."""
    dataset = Dataset.of("toys", named("first", 5), named("second", 2), named("third", 1, images=1))
    figure = draw_samples(dataset, title="")
    assert flaws(figure) == []
    widths = [np.ptp(axes.transData.transform([(0, 0), (8, 0)])[:, 0]) / figure.bbox.width for axes in figure.axes]
    assert widths == pytest.approx([widths[0]] * 3)
    assert np.asarray(figure.axes[2].get_images()[0].get_array())[9:].min() == 255


@pytest.mark.parametrize("shape", [(5,), (2, 30), (1, 4, 6), (3, 4, 6), (2, 3, 3, 3)])
def test_signals_and_tables_are_drawn_as_maps(flaws: Flaws, shape: tuple[int, ...]) -> None:
    """Numbers of any shape have a panel for each role, from black to white; oblong images keep their shape."""
    numbers = torch.randn(6, *shape, generator=torch.Generator().manual_seed(0))
    parts = [LabelledImages(numbers, torch.arange(6) % 2, (f"{name} 1", f"{name} 2")) for name in "abc"]
    figure = draw_samples(Dataset.of("numbers", *parts), title="numbers")
    assert flaws(figure) == []
    for axes in figure.axes:
        drawn = np.asarray(axes.get_images()[0].get_array())
        assert drawn.dtype == np.uint8
        assert drawn.max() - drawn.min() > 100
        if len(shape) == 3:
            assert drawn.shape[:2] == (2 * 4 + 1, 2 * 6 + 1)
