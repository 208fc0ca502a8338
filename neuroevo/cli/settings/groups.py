"""Under which headings help shows settings."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic.fields import FieldInfo

from neuroevo.cli.settings.values import extra

RUN, DESCENDANTS, DATA, MACHINE, OUTPUT = "Run", "Descendants", "Data and network", "Machine", "Output"
OWN = "Strategy"

GROUPS: Mapping[str, tuple[str, ...]] = {
    RUN: (
        *(
            "strategies",
            "contestant",
            "problem",
            "problems",
            "entrants",
            "generations",
            "evaluations",
            "seeds",
            "seed",
            "match",
        ),
        *("quick", "preset", "asynchronous", "from", "share", "structure", "settings", "imports", "resume"),
    ),
    OWN: (),  # what belongs to a strategy, a problem or a suite says so itself
    DESCENDANTS: ("ways", "shots", "updates", "descendants", "batch", "learning_rate", "ancestor_rate", "spend"),
    DATA: (
        "dataset",
        "data_root",
        "download",
        "image_size",
        "augment",
        "environments",
        "rehearse",
        "backbone",
        "width",
    ),
    MACHINE: (
        *("device", "workers", "engine", "address", "gpus_per_worker", "eval_timeout"),
        *("execution", "precision", "compile"),
    ),
    OUTPUT: ("out", "log", "json", "quiet"),
}
"""The settings of runs by group, in the order of help."""

_PLACES = {key: (group, place) for group, keys in GROUPS.items() for place, key in enumerate(keys)}


def group_of(key: str, info: FieldInfo | None = None) -> str:
    """Return the group of a setting: its own, or that of the settings of runs."""
    own = extra(info, "group") if info is not None else ""
    return own or _PLACES.get(key, (OWN, 0))[0]


def place_of(key: str, group: str) -> tuple[int, int]:
    """Return where help shows a setting of a group: groups of strategies, problems and suites stand in between."""
    order = [*GROUPS]
    return order.index(group if group in GROUPS else OWN), _PLACES.get(key, (group, 0))[1]
