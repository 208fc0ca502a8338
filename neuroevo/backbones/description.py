"""Backbones as plain data, for files."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast, get_type_hints

from neuroevo import catalogue
from neuroevo.backbones.backbone import Backbone
from neuroevo.files import CheckpointError
from neuroevo.spelling import shown


def from_description(description: Mapping[str, Any]) -> Backbone:
    """Return the backbone that `describe` described.

    Raises:
        ValueError: The kind is unknown or a field is missing, of the wrong type or not known.
    """
    fields = dict(description)
    kind = fields.pop("kind", None)
    own = isinstance(kind, str) and kind in kinds()
    known = kinds() if own else {**kinds(), **_offered()}
    if not isinstance(kind, str) or kind not in known:
        raise ValueError(f"a backbone must be one of {', '.join(sorted(known))}, but it is {shown(kind)}.")
    wants_widths = any(one.name == "widths" for one in dataclasses.fields(known[kind]))
    try:
        if wants_widths:
            fields["widths"] = tuple(fields["widths"])
        return cast(Backbone, known[kind](**fields))
    except (KeyError, TypeError) as error:
        raise ValueError(f"the description of a {kind} backbone does not fit: {error}.") from error


MOST_GROUPS = 4096
"""Channel groups of a description, which a backbone takes time to lay out; torchvision's deepest has about 160."""
MOST_STEPS = 65_536
"""Operations of a traced one."""
MOST = 2**24
"""Largest number in a description, such as the inputs of an MLP: those of four megapixels in four channels."""


def check_extent(description: Mapping[str, Any], groups: int) -> None:
    """Refuse a description from a file that names more than the file can hold, before anything is made of it.

    Args:
        description: What `describe` returned, or something else.
        groups: Channel groups of which the file holds something.

    Raises:
        CheckpointError: It is too large, or of another number of groups.
    """
    widths, steps = description.get("widths", ()), description.get("steps", ())
    if not isinstance(widths, list | tuple) or not isinstance(steps, list | tuple):
        raise CheckpointError("widths and steps of its backbone are no lists")
    if "widths" in description and len(widths) != groups:
        raise CheckpointError(f"its backbone has {len(widths)} widths, and it holds {groups} channel groups")
    if max(groups, len(widths)) > MOST_GROUPS or len(steps) > MOST_STEPS:
        raise CheckpointError(
            f"its backbone has {groups} channel groups and {len(steps)} steps, but {MOST_GROUPS} and {MOST_STEPS} are "
            "the most that are read"
        )
    numbers = [*widths, *(value for value in description.values() if type(value) is int)]
    if any(type(number) is not int or not 0 <= number <= MOST for number in numbers):
        raise CheckpointError(f"a number of its backbone is not whole or above {MOST}")


@cache
def kinds() -> Mapping[str, type]:
    """Return the library's kinds of backbones: the classes of this package that have one."""
    found: dict[str, type] = {}
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        for thing in vars(importlib.import_module(f"{__package__}.{module.name}")).values():
            if isinstance(thing, type) and isinstance(vars(thing).get("kind"), str):
                found[thing.kind] = thing  # type: ignore[attr-defined]
    return found


def _offered() -> dict[str, type]:
    """Return the kinds of backbones that plug-ins and modules of one's own offer."""
    found: dict[str, type] = {}
    for entry in catalogue.entries("backbone").values():
        if entry.origin != catalogue.OWN:
            thing = entry.load()
            made = thing if isinstance(thing, type) else get_type_hints(thing).get("return")
            if isinstance(made, type) and isinstance(getattr(made, "kind", None), str):
                found[made.kind] = made  # type: ignore[attr-defined]
    return found
