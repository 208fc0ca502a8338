"""The laws of data sets: roles share no class or image, and tasks can be drawn from each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial

import torch
from hypothesis import strategies as st
from scipy.stats import binomtest
from torch import Tensor

from neuroevo.data.images import Dataset, LabelledImages, channel_statistics
from neuroevo.data.tasks import sample_task
from neuroevo.execution import Pixels
from neuroevo.global_generators import fingerprints, moved, reseed, restored
from neuroevo.splits import ROLES
from neuroevo.testing.laws.content import bits, content, difference
from neuroevo.testing.laws.law import Breach, Case, Law, check
from neuroevo.testing.laws.purity import seeded
from neuroevo.testing.strategies import seeds

CASES = 10
"""Largest number of cases per law: each of them reads many images."""

GUESSING = 0.01
"""Probability that guessing passes as separating the classes of a role."""


def check_dataset(
    dataset: Dataset,
    *,
    again: Callable[[], Dataset] | None = None,
    duplicates: int = 0,
    tolerance: float = 1e-3,
    learnable: bool = False,
    examples: int | None = None,
) -> None:
    """Raise LawBroken unless a data set keeps all laws of data sets.

    Args:
        dataset: The data set.
        again: Reads or makes the same data set once more, to check that as well.
        duplicates: Number of images that may occur twice, for collections with known duplicates.
        tolerance: Tolerance of the stated mean and deviation, in units of the full range; of examples in floating point
            in units of the deviation.
        learnable: Whether the distance to their mean images must separate classes better than chance: this detects
            labels that do not belong to their images. Needs some tens of images per class.
        examples: Largest number of cases per law.
    """
    laws = dataset_laws(again=again, duplicates=duplicates, tolerance=tolerance, learnable=learnable)
    check(dataset, laws, label=f"data set {dataset.name}", examples=examples)


def dataset_laws(
    *,
    again: Callable[[], Dataset] | None = None,
    duplicates: int = 0,
    tolerance: float = 1e-3,
    learnable: bool = False,
) -> list[Law]:
    """Return the laws of data sets; for the arguments see `check_dataset`."""
    laws = [
        Law(
            "images and labels fit together",
            "images in double precision or with channels last, labels counted from 1, or roles of different sizes",
            _fits_together,
        ),
        Law(
            "no class has two roles",
            "classes are split by image and not by name",
            _no_shared_class,
        ),
        Law(
            "every class has images",
            "a class of the split is not in the files, or is spelled differently there",
            _every_class,
        ),
        Law(
            "no image occurs twice",
            "training and test files overlap, or one image file is listed under two classes",
            partial(_no_duplicate, allowed=duplicates),
        ),
        Law(
            "mean and deviation are computed on ancestry",
            "they were computed over all roles, which leaks held-out classes to ancestors, or in units of 1/255",
            partial(_statistics, tolerance=tolerance),
        ),
        Law(
            "tasks can be drawn from every role",
            "a class has too few images, or labels do not belong to their rows",
            _tasks,
            CASES,
        ),
    ]
    if learnable:
        laws.append(
            Law(
                "classes can be separated",
                "labels and images were shuffled or sorted separately, or are shifted by one",
                _learnable,
            )
        )
    if again is not None:
        laws.append(
            Law(
                "reading again gives the same data set",
                "files are listed in the order of the file system, or images drawn by a global generator",
                partial(_again, again=again),
                1,
            )
        )
    return laws


def _role(dataset: Dataset, case: Case) -> LabelledImages:
    return dataset.role(case.draw("role", st.sampled_from(ROLES)))


def _fits_together(dataset: Dataset, case: Case) -> None:
    images = _role(dataset, case)
    pixels, labels = images.images, images.labels
    shape, dtype = dataset.shape, torch.uint8 if pixels.dtype == torch.uint8 and pixels.ndim == 4 else torch.float32
    if pixels.dtype != dtype or tuple(pixels.shape[1:]) != shape:
        wanted = f"{dtype} [N, {', '.join(map(str, shape))}]"
        raise Breach(f"images must be {wanted}, but they are {_format_type(pixels)}")
    if dtype == torch.float32 and not pixels.isfinite().all():
        raise Breach(f"images must be finite, but {int((~pixels.isfinite()).sum())} numbers are not")
    if labels.dtype != torch.int64 or labels.shape != pixels.shape[:1]:
        raise Breach(f"labels must be int64 [{len(pixels)}], but they are {_format_type(labels)}")
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < len(images.classes):
        raise Breach(f"labels must lie in 0..{len(images.classes) - 1}, but they are {labels.unique().tolist()}")


def _format_type(tensor: Tensor) -> str:
    return f"{tensor.dtype} {list(tensor.shape)}"


def _no_shared_class(dataset: Dataset, case: Case) -> None:
    roles = Counter(name for role in ROLES for name in dataset.role(role).classes)
    if shared := [name for name, times in roles.items() if times > 1]:
        raise Breach(f"the class {shared[0]} is in {roles[shared[0]]} roles")


def _every_class(dataset: Dataset, case: Case) -> None:
    images = _role(dataset, case)
    counts = torch.bincount(images.labels.cpu(), minlength=len(images.classes)).tolist()
    if empty := [name for name, count in zip(images.classes, counts, strict=True) if not count]:
        raise Breach(f"the class {empty[0]} has no image")


def _no_duplicate(dataset: Dataset, case: Case, *, allowed: int) -> None:
    seen: dict[int, str] = {}
    found = []
    for role in ROLES:
        images = dataset.role(role)
        for row, label in zip(images.images.cpu(), images.labels.tolist(), strict=True):
            name = f"{images.classes[label]} ({role})"
            # The hash is enough: two images collide with a probability of 2^-64.
            if (earlier := seen.setdefault(hash(bits(row)), name)) is not name:
                found.append(f"an image of {name} is also one of {earlier}")
    if len(found) > allowed:
        raise Breach(f"{found[0]} (copies in all: {len(found)}, allowed: {allowed})")


def _statistics(dataset: Dataset, case: Case, *, tolerance: float) -> None:
    images = dataset.ancestry.images.cpu()
    mean, std = channel_statistics(images)
    # The full range of numbers in floating point is unknown: their deviation stands for it.
    ranges = (1.0,) * len(std) if images.dtype == torch.uint8 else std
    for name, stated, true in (("mean", dataset.mean, mean), ("std", dataset.std, std)):
        triples = zip(stated, true, ranges, strict=True)
        if any(not abs(one - other) <= tolerance * whole for one, other, whole in triples):
            raise Breach(f"{name} is {stated}, but that of ancestry is {tuple(round(one, 4) for one in true)}")


def _tasks(dataset: Dataset, case: Case) -> None:
    images = _role(dataset, case)
    fewest = int(torch.bincount(images.labels.cpu(), minlength=len(images.classes)).min())
    if not fewest:
        raise Breach("a class has no image to draw")
    ways = case.draw("ways", st.integers(1, min(5, len(images.classes))))
    shots = case.draw("shots", st.integers(1, fewest))
    task = sample_task(
        images,
        ways=ways,
        shots=shots,
        test_per_class=min(5, fewest - shots),
        generator=seeded(case.draw("seed", seeds())),
    )
    rows, labels = torch.cat([task.train, task.test]), torch.cat([task.train_labels, task.test_labels])
    if len(rows.unique()) < len(rows):
        raise Breach("a task holds an image twice")
    if not torch.equal(images.labels[rows], task.classes[labels]):
        raise Breach("the images of a task are not of its classes")


def _learnable(dataset: Dataset, case: Case) -> None:
    images = _role(dataset, case)
    labels, classes = images.labels.cpu(), len(images.classes)
    if classes == 1:
        return
    # Of numbers in floating point, channels may have any unit.
    plain = images.images if images.images.dtype == torch.uint8 else Pixels.of(dataset)(images.images)
    pixels = plain.cpu().flatten(1).double()
    known = _every_second(labels, classes)
    sums = pixels.new_zeros(classes, pixels.shape[1]).index_add_(0, labels[known], pixels[known])
    means = sums / labels[known].bincount(minlength=classes).unsqueeze(1)
    right = int((torch.cdist(pixels[~known], means).argmin(1) == labels[~known]).sum())
    trials = int((~known).sum())
    # The largest class bounds the accuracy of guessing.
    chance = float(labels[~known].bincount().max()) / max(1, trials)
    if not trials or binomtest(right, trials, chance, alternative="greater").pvalue > GUESSING:
        raise Breach(f"the nearest mean image names {right} of {trials} images, and guessing {chance:.0%} of them")


def _every_second(labels: Tensor, classes: int) -> Tensor:
    """Return a mask of the first, third, ... image of each class."""
    rank = torch.zeros_like(labels)
    for label in range(classes):
        rows = labels == label
        rank[rows] = torch.arange(int(rows.sum()))
    return rank % 2 == 0


def _again(dataset: Dataset, case: Case, *, again: Callable[[], Dataset]) -> None:
    with restored():
        # Almost certainly another state than when the data set was made.
        reseed(0)
        before = fingerprints()
        other = again()
        names = moved(before, fingerprints())
    if names:
        raise Breach(f"reading it moved the global generator of {', '.join(names)}")
    if where := difference(content(dataset), content(other)):
        raise Breach(f"reading again gives another {where}")
