"""Presets: settings of whole runs, shipped as TOML files, that a user names and overrides.

A preset is of a pair, a backbone with the data set that it is usually tried on, and of a size.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files

PAIRS: Mapping[str, tuple[str, str]] = {
    "vgg11-cifar-fs": ("vgg11", "cifar-fs"),
    "resnet12-tiny-imagenet": ("resnet12", "tiny-imagenet"),
    "resnet12-mini-imagenet": ("resnet12", "mini-imagenet"),
}
"""Backbone and data set of each pair; the first one is taken of those that are meant, or of all."""
SIZES = ("smoke", "small", "full", "paper")


def preset_suites(name: str) -> list[str]:
    """Return the suites that a preset is for; none where it leaves that to the user.

    Args:
        name: What `--preset` is; anything else has no suites.
    """
    return ["paper"] if name.rpartition("-")[2] == "paper" and name in preset_names() else []


def preset_names() -> tuple[str, ...]:
    """Return what `--preset` may be: a size, or a pair and a size."""
    return (*SIZES, *(f"{pair}-{size}" for pair in PAIRS for size in SIZES))


SHARED: Mapping[str, tuple[str, ...]] = {
    "batch": ("life_batch", "critic_batch", "pretraining_batch"),
    "learning_rate": ("critic_learning_rate",),
    "ancestor_rate": ("life_learning_rate", "pretraining_learning_rate"),
}
"""What settings of a whole comparison are for a single strategy."""


def preset_settings(name: str, *, bench: bool, backbone: object = None, dataset: object = None) -> dict[str, object]:
    """Return the settings of a preset; those of a whole comparison also as those of a strategy.

    Args:
        name: One of `preset_names()`. With a size alone the pair is that of the data set, else that of the backbone.
        bench: Whether to take those, too, that only comparisons have.
        backbone: The backbone's name, if one is given.
        dataset: The data set's name, if one is given.
    """
    path = files("neuroevo.cli.settings").joinpath("presets", f"{_file(name, backbone, dataset)}.toml")
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    own = table.pop("bench")
    if bench:
        return {**table, **own}
    return table | {part: table[key] for key, parts in SHARED.items() if key in table for part in parts}


def _file(name: str, backbone: object, dataset: object) -> str:
    if name not in SIZES:
        return name
    by_dataset = [pair for pair, (_, theirs) in PAIRS.items() if theirs == dataset]
    # Other depths of an architecture take the numbers of the one that there is a pair of.
    by_backbone = [pair for pair, (theirs, _) in PAIRS.items() if str(backbone).startswith(theirs.rstrip("0123456789"))]
    return f"{[*by_dataset, *by_backbone, *PAIRS][0]}-{name}"
