"""Data sets of tables and signals with faults that only one law notices."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import count

import torch

from neuroevo.data.images import Dataset, LabelledImages
from neuroevo.testing.laws import Law, dataset_laws


def sound_table() -> Dataset:
    """Return a table without faults: three numbers of five are of the class, and one is noise of large units."""
    generator, roles = torch.Generator().manual_seed(0), {}
    for role in ("ancestry", "held_out", "novel"):
        labels = torch.arange(3).repeat(16)
        rows = torch.randn(48, 5, generator=generator)
        rows[:, :3] += 6 * labels.unsqueeze(1)
        rows[:, 3] *= 10_000
        roles[role] = LabelledImages(rows, labels, tuple(f"{role} {label}" for label in range(3)))
    return Dataset.of("table", **roles)


def statistics_of_pixels() -> Dataset:
    """Return a table with mean and deviation as if its numbers were bytes."""
    sound = sound_table()
    return replace(sound, mean=tuple(one / 255 for one in sound.mean), std=tuple(one / 255 for one in sound.std))


def shuffled_rows() -> Dataset:
    """Return a table with rows in another order than their labels."""
    sound = sound_table()
    rows = sound.novel.images[torch.randperm(48, generator=torch.Generator().manual_seed(1))]
    return replace(sound, novel=replace(sound.novel, images=rows))


def redrawn_noise(listing: Iterator[int]) -> Dataset:
    """Return a table whose numbers are drawn anew whenever it is read."""
    sound = sound_table()
    noise = torch.randn(48, 5, generator=torch.Generator().manual_seed(next(listing)))
    return replace(sound, held_out=replace(sound.held_out, images=sound.held_out.images + 0.01 * noise))


def missing_numbers() -> Dataset:
    """Return a table that got holes after it was checked."""
    sound = sound_table()
    sound.held_out.images[5, 2] = torch.nan
    return sound


def _judged(dataset: Dataset, **settings: object) -> tuple[object, list[Law]]:
    return dataset, dataset_laws(learnable=True, **settings)  # type: ignore[arg-type]


PLANTED = (
    (
        "statistics_of_pixels",
        "a table normalised as if its numbers were bytes",
        "mean and deviation are computed on ancestry",
        _judged(statistics_of_pixels()),
    ),
    ("shuffled_rows", "a table sorted without its labels", "classes can be separated", _judged(shuffled_rows())),
    ("missing_numbers", "a table with holes", "images and labels fit together", _judged(missing_numbers())),
    (
        "redrawn_noise",
        "a random transform of a table",
        "reading again gives the same data set",
        _judged(sound_table(), again=partial(redrawn_noise, count(1))),
    ),
)
