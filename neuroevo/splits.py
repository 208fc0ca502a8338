"""Class splits: the classes that ancestors train on, that learngenes are scored on, and that descendants learn.

A split is stored as JSON with the loaders, so that it is known without reading a single image.
"""

import json
from collections import Counter
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files
from itertools import combinations

from neuroevo.spelling import listed

ROLES = ("ancestry", "held_out", "novel")
"""Ancestors train on the first, learngenes are scored on the second; descendants learn the third."""


@dataclass(frozen=True)
class Split:
    """The classes of a data set by role, and the shape of its images.

    Attributes:
        name: Name of the data set.
        ancestry: Classes that ancestors train on.
        held_out: Classes on which learngenes are scored.
        novel: Classes that neither ancestors nor critics see.
        images_per_class: Number of images of each class.
        channels: Number of channels C of an image.
        size: Height H and width W of an image, in pixels.

    Raises:
        ValueError: A class occurs twice, a role has no class, or a number is below 1.
    """

    name: str
    ancestry: tuple[str, ...]
    held_out: tuple[str, ...]
    novel: tuple[str, ...]
    images_per_class: int
    channels: int
    size: int

    def __post_init__(self) -> None:
        check_disjoint(self.name, {role: self.role(role) for role in ROLES})
        for field in ("images_per_class", "channels", "size"):
            if getattr(self, field) < 1:
                raise ValueError(
                    f"{field} of the split {self.name} must be at least 1, but it is {getattr(self, field)}."
                )

    def role(self, role: str) -> tuple[str, ...]:
        """Return the classes of one role.

        Raises:
            ValueError: The role is not one of `ROLES`.
        """
        check_role(role)
        classes: tuple[str, ...] = getattr(self, role)
        return classes


def check_role(role: str) -> None:
    """Raise ValueError unless `role` is one of `ROLES`."""
    if role not in ROLES:
        raise ValueError(f"role must be one of {', '.join(ROLES)}, but it is {role!r}.")


def check_disjoint(name: str, roles: dict[str, tuple[str, ...]]) -> None:
    """Check that every role has classes and that no class occurs twice, within a role or in two.

    Args:
        name: Name of the data set, for the message.
        roles: Class names by role.

    Raises:
        ValueError: A role is empty, or a class occurs twice.
    """
    for role, classes in roles.items():
        if not classes:
            raise ValueError(f"each role of {name} must have a class, but {role} has none.")
        if len(set(classes)) < len(classes):
            twice = sorted(name for name, count in Counter(classes).items() if count > 1)
            raise ValueError(f"{role} of {name} must name each class once, but repeats {listed(twice)}.")
    for (first, ours), (second, theirs) in combinations(roles.items(), 2):
        if shared := sorted(set(ours) & set(theirs)):
            raise ValueError(
                f"the roles of {name} must have no class in common, but {first} and {second} share {listed(shared)}."
            )


def split_names() -> tuple[str, ...]:
    """Return the names of the data sets that have a split, sorted."""
    folder = files("neuroevo").joinpath("data", "splits")
    names = (entry.name for entry in folder.iterdir())
    return tuple(sorted(name.removesuffix(".json") for name in names if name.endswith(".json")))


def load_split(name: str) -> Split:
    """Return the split of the named data set.

    Args:
        name: Name of the data set, for example "glyphs".

    Raises:
        ValueError: No such split is known, or its roles share a class.
    """
    known = split_names()
    if name not in known:
        raise ValueError(_unknown(name, known))
    path = files("neuroevo").joinpath("data", "splits", f"{name}.json")
    facts = json.loads(path.read_text(encoding="utf-8"))
    return Split(
        name=facts["name"],
        images_per_class=facts["images_per_class"],
        channels=facts["channels"],
        size=facts["size"],
        ancestry=tuple(facts["ancestry"]),
        held_out=tuple(facts["held_out"]),
        novel=tuple(facts["novel"]),
    )


def _unknown(name: str, known: tuple[str, ...]) -> str:
    nearest = get_close_matches(name.lower(), known, n=1, cutoff=0)
    hint = f"; the nearest is {nearest[0]}" if nearest else ""
    return f"name must be one of {', '.join(known)}, but it is {name!r}{hint}."
