"""All verdicts about a subject, in place of the first error."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from neuroevo.testing.laws.law import RUNS, Law, LawBroken, check_law, name_of

Judgement = Literal["kept", "broken", "not judged", "broken as expected", "kept against expectation"]


@dataclass(frozen=True)
class Verdict:
    """What was found about one law.

    Attributes:
        law: The law's name.
        judgement: Whether it is kept; "not judged" if an exception prevented it.
        complaint: What happened; empty if it is kept.
        case: The smallest failing case in literals of Python; empty if it is kept.
        cause: The likely cause, or the reason of an expected failure; empty if it is kept.
        seconds: The time that it took.
    """

    law: str
    judgement: Judgement
    complaint: str = ""
    case: str = ""
    cause: str = ""
    seconds: float = 0.0


def report(
    subject: object,
    laws: Sequence[Law],
    *,
    label: str | None = None,
    examples: int | None = None,
    expected_failures: Mapping[str, str] | None = None,
) -> list[Verdict]:
    """Return a verdict for every law, in their order; a broken law raises nothing.

    Args:
        subject: The object to check.
        laws: The laws, for example `mutation_laws(rate="rate")`.
        label: The subject's name in messages; default its own.
        examples: Largest number of cases per law; default that of the active hypothesis profile.
        expected_failures: Names of laws that the subject is known to break, with the reason.
    """
    name, expected = label or name_of(subject), expected_failures or {}
    return [_verdict(subject, law, name, examples, expected.get(law.name)) for law in laws]


def _verdict(subject: object, law: Law, label: str, examples: int | None, reason: str | None) -> Verdict:
    started = time.perf_counter()
    try:
        check_law(subject, law, label=label, examples=examples)
    except LawBroken as broken:
        crashed = broken.law == RUNS != law.name
        judgement: Judgement = "not judged" if crashed else "broken" if reason is None else "broken as expected"
        cause = reason or law.cause
        return Verdict(law.name, judgement, broken.complaint, broken.case, cause, time.perf_counter() - started)
    kept: Judgement = "kept" if reason is None else "kept against expectation"
    return Verdict(law.name, kept, seconds=time.perf_counter() - started)
