"""Pictures of a data set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch.nn import functional as F

from neuroevo.benchmarks.report.plots.style import SMALL, WIDTH, new_figure, save_png, settled, wrapped
from neuroevo.data.images import Dataset, LabelledImages
from neuroevo.execution import Pixels
from neuroevo.splits import ROLES

CLASSES = 8
IMAGES = 2
MAP_SIZE = 28
NAME_LETTERS = 8
NAME_LINES = 3
MEANINGS = {
    "ancestry": "ancestry: ancestors learn these",
    "held_out": "held_out: these score what ancestors transfer",
    "novel": "novel: descendants learn these",
}


def draw_samples(dataset: Dataset, *, title: str) -> Figure:
    """Draw the first two images of up to eight classes of each role, with the names of roles and classes.

    Args:
        dataset: Three channels of images are drawn in colour, of others the first in grey. Signals and tables are drawn
            as grey maps of their numbers, stretched to a square.
        title: The data set's name.
    """
    lines = max(_name(name).count("\n") for role in ROLES for name in dataset.role(role).classes)
    figure = new_figure(height=3 * (0.55 + 0.15 * lines + WIDTH * IMAGES / CLASSES), title=title)
    for axes, role in zip(figure.subplots(len(ROLES), 1), ROLES, strict=True):
        _draw_role(axes, _shown(dataset, dataset.role(role)), role)
    return settled(figure)


def save_samples(dataset: Dataset, path: Path) -> None:
    """Draw what `draw_samples` draws and save it as PNG."""
    save_png(draw_samples(dataset, title=f"Images of {dataset.name}"), path)


def _draw_role(axes: Axes, images: LabelledImages, role: str) -> None:
    count = len(images.classes)
    chosen = [place * count // min(CLASSES, count) for place in range(min(CLASSES, count))]
    width = images.images.shape[-1]
    axes.imshow(_sheet(images, chosen), cmap="gray", vmin=0, vmax=255, interpolation="none")
    axes.set_title(f"{MEANINGS[role]} ({count} classes)", fontsize="medium")
    axes.set_xticks(
        [(place + 0.5) * (width + 1) - 1 for place in range(len(chosen))],
        [_name(images.classes[label]) for label in chosen],
        fontsize=SMALL,
        parse_math=False,
    )
    # Also with few classes the images are as large as in the other roles.
    axes.set_xlim(-0.5, CLASSES * (width + 1) - 1.5)
    axes.set_yticks([])
    axes.tick_params(length=0)
    axes.set_frame_on(False)


def _shown(dataset: Dataset, images: LabelledImages) -> LabelledImages:
    """Return the first examples of each class as images uint8, black and white two deviations from the mean."""
    if images.images.dtype == torch.uint8:
        return images
    rows = torch.cat([(images.labels == label).nonzero().flatten()[:IMAGES] for label in range(len(images.classes))])
    normal = Pixels(dataset.mean, dataset.std)(images.images[rows])
    if normal.ndim != 4:
        maps = normal.reshape(len(rows), 1, normal.shape[1], -1)
        normal = F.interpolate(maps, size=(MAP_SIZE, MAP_SIZE), mode="nearest")
    shades = (normal / 4 + 0.5).clamp(0, 1).mul(255).round().to(torch.uint8)
    return LabelledImages(shades, images.labels[rows], images.classes)


def _name(text: str) -> str:
    """Break a class's name to the width of its image, and cut it off if it is too long for that."""
    lines = wrapped(text, NAME_LETTERS).split("\n")
    if len(lines) > NAME_LINES:
        lines = [*lines[: NAME_LINES - 1], lines[NAME_LINES - 1][: NAME_LETTERS - 1] + "…"]
    return "\n".join(lines)


def _sheet(images: LabelledImages, labels: Sequence[int]) -> NDArray[np.uint8]:
    """Return an image in which each class is a column, with lines of white between the images."""
    channels, height, width = images.images.shape[1:]
    shape = (IMAGES * (height + 1) - 1, len(labels) * (width + 1) - 1)
    sheet = np.full((*shape, 3) if channels == 3 else shape, 255, dtype=np.uint8)
    for column, label in enumerate(labels):
        for row, index in enumerate((images.labels == label).nonzero().flatten()[:IMAGES].tolist()):
            image = images.images[index].cpu().numpy()
            y, x = row * (height + 1), column * (width + 1)
            sheet[y : y + height, x : x + width] = image.transpose(1, 2, 0) if channels == 3 else image[0]
    return sheet
