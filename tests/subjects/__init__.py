"""What keeps its laws: our own operators and strategies, and right ones of others, each with its laws.

`subjects.all_subjects()` lists them. Right subjects show that the laws raise no false alarm; faults that are planted in
the files that a subject covers show what the laws notice.
"""

from __future__ import annotations

import importlib
import pkgutil

from subjects.subject import Subject

__all__ = ["Subject", "all_subjects"]


def all_subjects() -> list[Subject]:
    """Return the subjects of every module of this package that has `SUBJECTS`, in the order of the modules' names."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    return [subject for module in modules for subject in getattr(module, "SUBJECTS", [])]
