"""Data sets: from images by class to roles with labels, channel statistics and a digest."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from torch import Tensor

from neuroevo import splits
from neuroevo.data import by_class, checks, images
from neuroevo.data.augmentation import Augmentation
from neuroevo.data.images import Dataset, LabelledImages
from neuroevo.testing.laws import agreement_laws
from neuroevo.testing.strategies import datasets, seeds
from subjects.every import every
from subjects.subject import Subject

BY_CLASS, IMAGES = ("neuroevo/data/by_class.py",), ("neuroevo/data/images.py",)
Facts = Mapping[str, Any]
Counts = Mapping[str, Sequence[int]]
ROLES = ("ancestry", "held_out", "novel")


def _pixels(name: str, count: int, seed: int) -> Tensor:
    """Return the images of a class, uint8 [N, 2, 2, 3]."""
    generator = np.random.default_rng([seed, *name.encode()])
    return torch.from_numpy(generator.integers(256, size=(count, 2, 2, 3), dtype=np.uint8))


def _named(counts: Counts) -> dict[str, dict[str, int]]:
    """Return the number of images of each class, by role and name."""
    return {role: {f"{role[0]}{place}": one for place, one in enumerate(each)} for role, each in counts.items()}


def collected(counts: Counts, seed: int, images_per_class: int | None) -> Any:
    """Return what a data set by class consists of; the roles are given in another order."""
    named = _named(counts)
    numbers = {name: count for each in named.values() for name, count in each.items()}
    roles = {role: [*named[role]] for role in reversed(ROLES)}

    def images_of(name: str) -> Tensor:
        return _pixels(name, numbers[name], seed)

    found = by_class.dataset_by_class("mine", roles, images_of, images_per_class=images_per_class)
    return {
        "name": found.name,
        "roles": {role: (one.images, one.labels, one.classes) for role, one in zip(ROLES, _parts(found), strict=True)},
        "statistics": (found.mean, found.std),
    }


def _parts(found: Dataset) -> tuple[LabelledImages, LabelledImages, LabelledImages]:
    return found.ancestry, found.held_out, found.novel


def plainly_collected(counts: Counts, seed: int, images_per_class: int | None) -> Any:
    """Collect images one by one: the first ones of each class, class after class."""
    if images_per_class is not None and images_per_class < 1:
        raise ValueError("images_per_class")
    roles = {}
    for role, each in _named(counts).items():
        if not each or any(count < (images_per_class or 1) for count in each.values()):
            raise ValueError("classes")
        shown: list[Tensor] = []
        labels: list[int] = []
        for label, (name, count) in enumerate(each.items()):
            kept = count if images_per_class is None else images_per_class
            shown += [*_pixels(name, count, seed)][:kept]
            labels += [label] * kept
        roles[role] = (torch.stack(shown), torch.tensor(labels), tuple(each))
    return {"name": "mine", "roles": roles, "statistics": statistics(roles["ancestry"][0])}


def statistics(images: Tensor) -> Any:
    """Return mean and deviation of each channel, bytes in units of 255."""
    if images.numel() == 0:
        raise ValueError("images")
    scale = 255.0 if images.dtype == torch.uint8 else 1.0
    means, deviations = [], []
    for channel in range(images.shape[1]):
        values = [value / scale for value in images[:, channel].double().flatten().tolist()]
        mean = math.fsum(values) / len(values)
        means.append(mean)
        deviations.append(math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values)))
    return tuple(means), tuple(deviations)


def single_precision(images: Tensor) -> Any:
    """Return the same, of numbers in floating point in single precision."""
    means, deviations = statistics(images)
    if images.dtype == torch.uint8:
        return means, deviations
    return tuple(map(float, np.float32(means))), tuple(map(float, np.float32(deviations)))


LABELLED: Mapping[str, tuple[tuple[int, ...], torch.dtype, Sequence[int], torch.dtype, tuple[str, ...]]] = {
    "pictures": ((3, 1, 2, 2), torch.uint8, (0, 1, 1), torch.int64, ("a", "b")),
    "no picture": ((0, 1, 2, 2), torch.uint8, (), torch.int64, ("a",)),
    "table": ((2, 3), torch.float32, (1, 0), torch.int64, ("a", "b")),
    "signals": ((2, 3, 4), torch.float32, (0, 0), torch.int64, ("a",)),
    "pictures in double": ((2, 1, 2, 2), torch.float64, (0, 0), torch.int64, ("a",)),
    "int32 labels": ((2, 1, 2, 2), torch.uint8, (0, 0), torch.int32, ("a",)),
    "signals of bytes": ((2, 3, 4), torch.uint8, (0, 0), torch.int64, ("a",)),
    "numbers": ((2,), torch.float32, (0, 0), torch.int64, ("a",)),
    "no height": ((2, 1, 0, 2), torch.uint8, (0, 0), torch.int64, ("a",)),
    "a label more": ((2, 3), torch.float32, (0, 0, 0), torch.int64, ("a",)),
    "no class": ((0, 3), torch.float32, (), torch.int64, ()),
    "a class twice": ((2, 3), torch.float32, (0, 1), torch.int64, ("a", "a")),
    "a label above": ((2, 3), torch.float32, (0, 2), torch.int64, ("a", "b")),
    "a label below": ((2, 3), torch.float32, (0, -1), torch.int64, ("a", "b")),
}
"""Shape and dtype of images, labels and their dtype, and classes."""
RIGHT = ("pictures", "no picture", "table", "signals")


def labelled(kind: str, number: float) -> Any:
    """Return labelled images."""
    shape, dtype, labels, label_dtype, classes = LABELLED[kind]
    filled = torch.full(shape, number).to(dtype) if dtype.is_floating_point else torch.ones(shape, dtype=dtype)
    found = LabelledImages(filled, torch.tensor(labels, dtype=label_dtype), classes)
    return found.images.clone(), found.labels.clone(), found.to("cpu").classes, found.to("cpu").images.clone()


def plainly_labelled(kind: str, number: float) -> Any:
    """Refuse what the names of the cases say, and numbers that are not finite."""
    shape, dtype, labels, _, classes = LABELLED[kind]
    if kind not in RIGHT or (dtype == torch.float32 and not math.isfinite(number)):
        raise ValueError(kind)
    filled = torch.full(shape, number if dtype == torch.float32 else 1, dtype=dtype)
    return filled, torch.tensor(labels, dtype=torch.int64), classes, filled


CHANGES: Mapping[str, Mapping[str, Any]] = {
    "nothing": {},
    "augmented": {"augmentation": Augmentation(flip=True)},
    "a mean too few": {"mean": ()},
    "a mean that is no number": {"mean": (math.nan,)},
    "an infinite deviation": {"std": (math.inf,)},
    "a deviation of 0": {"std": (0.0,)},
    "a deviation more": {"std": (0.5, 0.5)},
    "a deviation below 0": {"std": (-0.5,)},
    "a small deviation": {"std": (0.001,)},
}
ACCEPTED = ("nothing", "augmented", "a small deviation")


def described(dataset: Dataset, change: str, role: str) -> Any:
    """Return what is known of a data set that is made anew, with a change, and one of its roles."""
    parts = {"ancestry": dataset.ancestry, "held_out": dataset.held_out, "novel": dataset.novel}
    numbers = {"mean": dataset.mean, "std": dataset.std, **CHANGES[change]}
    found = Dataset("drawn", **parts, **numbers).to("cpu")
    one = found.role(role)
    return {
        "facts": found.facts(),
        "shape": (found.shape, found.channels, found.size),
        "role": (one.images.clone(), one.labels.clone(), one.classes),
        "kept": (found.mean, found.std, found.augmentation),
    }


def plainly_described(dataset: Dataset, change: str, role: str) -> Any:
    """State it: the digest is that of the names, images and labels of all roles in turn."""
    if change not in ACCEPTED or role not in ROLES:
        raise ValueError(change)
    data, sizes = b"", {}
    for name, one in zip(ROLES, _parts(dataset), strict=True):
        data += "\0".join([name, *one.classes]).encode()
        data += bytes(one.images.flatten().tolist())
        data += b"".join(label.to_bytes(8, "little") for label in one.labels.tolist())
        sizes[name] = len(one.classes)
    extra = {"augmentation": {"padding": 0.0, "flip": True, "jitter": 0.0}} if change == "augmented" else {}
    own, numbers = getattr(dataset, role), {"mean": dataset.mean, "std": dataset.std, "augmentation": None}
    kept = {**numbers, **CHANGES[change]}
    shape = dataset.ancestry.images.shape
    return {
        "facts": {"name": "drawn", "classes": sizes, "sha256": hashlib.sha256(data).hexdigest(), **extra},
        "shape": (tuple(shape[1:]), shape[1], shape[2]),
        "role": (own.images, own.labels, own.classes),
        "kept": (kept["mean"], kept["std"], kept["augmentation"]),
    }


TABLES = {"same": (0, torch.float32), "wider": (1, torch.float32), "bytes": (0, torch.uint8)}


def together(numbers: Tensor, novel: str, names: str) -> Any:
    """Return a data set of tables, or of pictures that are no squares, whose roles may not fit together."""
    wider, dtype = TABLES[novel]
    other = torch.cat([numbers, *[numbers[:, -1:]] * wider], dim=1).to(dtype)
    parts = [
        LabelledImages(one, torch.zeros(len(one), dtype=torch.int64), (name,))
        for one, name in zip((numbers, numbers, other), names, strict=True)
    ]
    found = Dataset.of("tables", *parts)
    return {"statistics": (found.mean, found.std), "shape": found.shape, "facts": _without_digest(found.facts())}


def plainly_together(numbers: Tensor, novel: str, names: str) -> Any:
    """State it: one shape, one dtype, no class twice, no constant channel, and no size."""
    mean, deviation = single_precision(numbers)
    if novel != "same" or len(set(names)) < len(names) or not all(one > 0 for one in deviation):
        raise ValueError("roles")
    shape = tuple(numbers.shape[1:])
    facts = {"name": "tables", "classes": dict.fromkeys(ROLES, 1), "shape": [*shape], "dtype": "torch.float32"}
    return {"statistics": (mean, deviation), "shape": shape, "facts": facts}


def _without_digest(facts: Facts) -> Facts:
    return {name: value for name, value in facts.items() if name != "sha256"}


def augmented(numbers: Tensor, augmentation: Augmentation | None) -> Any:
    """Return a table with augmentation, which is for pictures."""
    one, mean = torch.zeros(len(numbers), dtype=torch.int64), (0.0,) * numbers.shape[1]
    parts = [LabelledImages(numbers, one, (name,)) for name in "abc"]
    found = Dataset("tables", *parts, mean, (1.0,) * len(mean), augmentation)
    sized = every(lambda name: getattr(found, name), name=["size"])
    return found.channels, sized()


def plainly_augmented(numbers: Tensor, augmentation: Augmentation | None) -> Any:
    """Refuse augmentation, and the size of what is no square."""
    if augmentation is not None:
        raise ValueError("augmentation")
    return numbers.shape[1], {"size": "refused"}


def disjoint(roles: Mapping[str, tuple[str, ...]]) -> Any:
    """Check roles, and make a split of them."""
    splits.check_disjoint("mine", dict(roles))
    return None


def plainly_disjoint(roles: Mapping[str, tuple[str, ...]]) -> Any:
    """Refuse an empty role, and a class that occurs twice anywhere."""
    together = [name for classes in roles.values() for name in classes]
    if not all(roles.values()) or len(set(together)) < len(together):
        raise ValueError("roles")
    return None


def split(numbers: Sequence[int], role: str) -> Any:
    """Return the classes of a role of a split, and its numbers."""
    found = splits.Split("mine", ("a", "b"), ("c",), ("d",), *numbers)
    return found.role(role), found.images_per_class, found.channels, found.size


def plain_split(numbers: Sequence[int], role: str) -> Any:
    """State it."""
    if min(numbers) < 1 or role not in ROLES:
        raise ValueError("split")
    return ({"ancestry": ("a", "b"), "held_out": ("c",), "novel": ("d",)}[role], *numbers)


def counted(dataset: Dataset, fails: bool, digests: int) -> Any:
    """Return what the checks find."""

    def read() -> Dataset:
        if fails:
            raise ValueError("two\n  lines")
        return dataset

    return [(one.good, one.sentence) for one in checks.findings(lambda: ["right"] * digests, read)]


def plainly_counted(dataset: Dataset, fails: bool, digests: int) -> Any:
    """State it, role by role."""
    found = [(True, "right")] * digests
    if fails:
        return [*found, (False, "two lines")]
    for role, one in zip(ROLES, _parts(dataset), strict=True):
        numbers = [one.labels.tolist().count(label) for label in range(len(one.classes))]
        each = f"{min(numbers)}" if len(set(numbers)) == 1 else f"{min(numbers)} to {max(numbers)}"
        found.append((True, f"{role}: {len(one.classes)} classes with {each} images each, 4 x 4 pixels, grey."))
    return found


def counts() -> st.SearchStrategy[Facts]:
    """Draw numbers of images of each class and role, now and then none."""
    each = st.lists(st.integers(1, 4), min_size=1, max_size=3)
    odd = st.lists(st.integers(0, 2), max_size=2)
    roles = st.fixed_dictionaries(dict.fromkeys(ROLES, each)) | st.fixed_dictionaries(dict.fromkeys(ROLES, each | odd))
    return st.fixed_dictionaries({"counts": roles, "seed": seeds()})


@st.composite
def numbers(draw: st.DrawFn, kinds: Sequence[str] = ("table", "signals", "oblong")) -> Tensor:
    """Draw float32 [N, C, ...] that differ, and now and then a channel that is constant."""
    shape = {"table": (3, 2), "signals": (2, 2, 4), "oblong": (2, 1, 2, 3), "bytes": (2, 2, 3, 3)}[
        draw(st.sampled_from(list(kinds)))
    ]
    generator = torch.Generator().manual_seed(draw(seeds()))
    found = 3 + 5 * torch.randn(shape, generator=generator)
    if draw(st.sampled_from([False, False, False, True])):
        found[:, 0] = 1.5
    return found


def either() -> st.SearchStrategy[Facts]:
    """Draw numbers or bytes."""
    bytes_ = numbers(["bytes"]).map(lambda one: (one * 20).clamp(0, 255).to(torch.uint8))
    return st.fixed_dictionaries({"images": numbers() | bytes_ | bytes_.map(lambda one: one[:0])})


def sets() -> st.SearchStrategy[Facts]:
    """Draw a data set of pictures."""
    return st.fixed_dictionaries({"dataset": datasets()})


def tables() -> st.SearchStrategy[Facts]:
    """Draw numbers."""
    return st.fixed_dictionaries({"numbers": numbers()})


NOTHING: st.SearchStrategy[Facts] = st.fixed_dictionaries({})
FEW = {"images_per_class": (None, -1, 0, 1, 2, 3)}
KINDS = {"kind": LABELLED, "number": (0.5, math.nan, math.inf)}
CHANGED = {"change": CHANGES, "role": (*ROLES, "ancestors")}
TOGETHER = {"novel": TABLES, "names": ("abc", "abb", "aba", "aab")}
AUGMENTED = {"augmentation": (None, Augmentation(flip=True))}
SPLITS = {"numbers": ((1, 1, 1), (0, 1, 1), (1, 0, 1), (1, 1, 0), (3, 2, 7)), "role": (*ROLES, "mean")}
COUNTED = {"fails": (False, True), "digests": (0, 2)}

SUBJECTS = [
    Subject(
        "data set by class",
        (*BY_CLASS, *IMAGES),
        lambda: every(collected, **FEW),
        lambda: agreement_laws(every(plainly_collected, **FEW), counts(), tolerance=1e3),
    ),
    Subject(
        "labelled images",
        IMAGES,
        lambda: every(labelled, **KINDS),
        lambda: agreement_laws(every(plainly_labelled, **KINDS), NOTHING),
    ),
    Subject(
        "channel statistics",
        IMAGES,
        lambda: images.channel_statistics,
        lambda: agreement_laws(single_precision, either(), tolerance=1e3),
    ),
    Subject(
        "data set",
        IMAGES,
        lambda: every(described, **CHANGED),
        lambda: agreement_laws(every(plainly_described, **CHANGED), sets()),
    ),
    Subject(
        "data set of tables",
        IMAGES,
        lambda: every(together, **TOGETHER),
        lambda: agreement_laws(every(plainly_together, **TOGETHER), tables(), tolerance=1e3),
    ),
    Subject(
        "augmentation of a data set",
        IMAGES,
        lambda: every(augmented, **AUGMENTED),
        lambda: agreement_laws(every(plainly_augmented, **AUGMENTED), tables()),
    ),
    Subject(
        "disjoint roles",
        ("neuroevo/splits.py",),
        lambda: disjoint,
        lambda: agreement_laws(
            plainly_disjoint,
            st.fixed_dictionaries(
                {
                    "roles": st.fixed_dictionaries(
                        dict.fromkeys(ROLES, st.lists(st.sampled_from("abcdefgh"), max_size=2).map(tuple))
                    )
                }
            ),
        ),
    ),
    Subject(
        "split",
        ("neuroevo/splits.py",),
        lambda: every(split, **SPLITS),
        lambda: agreement_laws(every(plain_split, **SPLITS), NOTHING),
    ),
    Subject(
        "findings about a data set",
        ("neuroevo/data/checks.py",),
        lambda: every(counted, **COUNTED),
        lambda: agreement_laws(every(plainly_counted, **COUNTED), sets()),
    ),
]
