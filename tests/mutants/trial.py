"""What the laws of the subjects say about one program, right or with a fault; runs in a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mutants.fault import Fault
from mutants.planting import plant

if TYPE_CHECKING:
    from subjects import Subject

MADE = "it can be imported and made"
"""What is said to be broken where there is no subject to judge."""


@dataclass(frozen=True)
class Finding:
    """The first law that is found broken.

    Attributes:
        subject: The subject.
        law: The law's name.
        complaint: What happened.
    """

    subject: str
    law: str
    complaint: str


def try_fault(fault: Fault, examples: int) -> Finding | None:
    """Return the first law that notices a fault, or None."""
    plant(fault)
    try:
        _settle(examples)
        subjects = covering(fault.file)
    except Exception as error:  # noqa: BLE001 - faults may raise anything
        return Finding(fault.file, MADE, _sentence(error))
    return next((found for one in subjects if (found := judge(one, examples)) is not None), None)


def try_right(subject: str, examples: int) -> Finding | None:
    """Return the law that the right code breaks, in one subject."""
    from subjects import all_subjects

    _settle(examples)
    return next(judge(one, examples) for one in all_subjects() if one.name == subject)


def survey(files: Collection[str]) -> tuple[dict[str, list[str]], list[str]]:
    """Return the names of the subjects of each file, and all modules of libraries that are imported for them."""
    homes = {file: [one.name for one in covering(file)] for file in files}
    return homes, [name for name in sys.modules if name.partition(".")[0] not in ("neuroevo", "subjects", "mutants")]


def covering(file: str) -> list[Subject]:
    """Return the subjects whose laws have to notice the faults of a file; those first that name it first."""
    from subjects import all_subjects

    return sorted((one for one in all_subjects() if file in one.covers), key=lambda one: list(one.covers).index(file))


def judge(subject: Subject, examples: int) -> Finding | None:
    """Return the first law that a subject breaks and is not known to break."""
    from neuroevo.testing.laws import LawBroken
    from neuroevo.testing.laws.law import check_law

    law = MADE
    try:
        made, laws = subject.make(), subject.laws()
        for one in laws:
            law = one.name
            if law not in subject.expected_failures:
                check_law(made, one, label=subject.name, examples=examples)
    except LawBroken as broken:
        return Finding(subject.name, law, broken.complaint)
    except Exception as error:  # noqa: BLE001 - faults may raise anything, also where laws draw
        return Finding(subject.name, law, _sentence(error))
    return None


def _settle(examples: int) -> None:
    """Try the same cases in every run."""
    from hypothesis import settings

    settings.register_profile("faults", max_examples=examples, deadline=None, derandomize=True, database=None)
    settings.load_profile("faults")


def _sentence(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
