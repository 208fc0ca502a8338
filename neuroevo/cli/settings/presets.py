"""Presets: settings of whole runs, shipped as TOML files, that a user names and overrules.

A preset is of a pair, a backbone with the data set that it is usually tried on, and of a size.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files

PAIRS: Mapping[str, tuple[str, str]] = {
    "vgg11-cifar-fs": ("vgg11", "cifar-fs"),
    "resnet12-mini-imagenet": ("resnet12", "mini-imagenet"),
}
"""Backbone and data set of each pair; the first pair is that of whoever names neither."""
SIZES = ("smoke", "small", "full")


def preset_names() -> tuple[str, ...]:
    """Return what `--preset` may be: a size, or a pair and a size."""
    return (*SIZES, *(f"{pair}-{size}" for pair in PAIRS for size in SIZES))


def preset_file(name: str, *, backbone: object, dataset: object) -> str:
    """Return the name of the preset that is meant.

    Args:
        name: One of `preset_names()`. With a size alone the pair is that of the data set, else that of the backbone.
        backbone: The backbone's name, if one is given.
        dataset: The data set's name, if one is given.
    """
    if name not in SIZES:
        return name
    by_dataset = [pair for pair, (_, theirs) in PAIRS.items() if theirs == dataset]
    # Other depths of an architecture take the numbers of the one that there is a pair of.
    by_backbone = [pair for pair, (theirs, _) in PAIRS.items() if str(backbone)[:3] == theirs[:3]]
    return f"{[*by_dataset, *by_backbone, *PAIRS][0]}-{name}"


def read_preset(file: str, *, bench: bool) -> dict[str, object]:
    """Return the settings of a preset.

    Args:
        file: Its name.
        bench: Whether to take those, too, that only comparisons have.
    """
    path = files("neuroevo.cli.settings").joinpath("presets", f"{file}.toml")
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    own = table.pop("bench")
    return {**table, **own} if bench else table
