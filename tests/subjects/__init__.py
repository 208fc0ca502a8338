"""What keeps its laws: our own operators and strategies, and right ones of others, each with its laws.

`subjects.all_subjects()` lists them. Right subjects show that the laws raise no false alarm; faults that are planted in
the files that a subject covers show what the laws notice.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence

from subjects.subject import Subject

__all__ = ["Subject", "all_subjects"]

PEERS = ("evotorch", "gymnasium", "neat", "pymoo", "ribs")
"""Libraries that subjects need, which are judged where these are installed."""


def all_subjects() -> list[Subject]:
    """Return the subjects of every module of this package that has `SUBJECTS`, in the order of the modules' names."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return [subject for name in names for subject in _subjects(name)]


def _subjects(name: str) -> Sequence[Subject]:
    try:
        module = importlib.import_module(f"{__name__}.{name}")
    except ModuleNotFoundError as missing:
        if missing.name not in PEERS:
            raise
        return []
    subjects: Sequence[Subject] = getattr(module, "SUBJECTS", [])
    return subjects
