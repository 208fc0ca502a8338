"""What a law is, how it is checked, and what a broken one says."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky, UnsatisfiedAssumption
from hypothesis.strategies import DataObject, SearchStrategy
from torch import Tensor

from neuroevo.testing.laws.global_generators import restored

T = TypeVar("T")
Statement = Callable[[Any, "Case"], None]

FLAKY = " (in one call, and not in the next one with equal arguments and an equal generator)"


class LawBroken(AssertionError):
    """A law that does not hold; the message names the law, the smallest case that was found and the likely cause.

    Attributes:
        law: The law's name.
        complaint: What happened.
        case: The smallest case, or that nothing was drawn for it.
        examples: Cases that were tried until one broke it.
    """

    def __init__(self, label: str, law: Law, *, complaint: str, case: str, examples: int) -> None:
        super().__init__(
            f"{label} breaks the law '{law.name}': {complaint}\n  smallest case: {case}\n  likely cause: {law.cause}"
        )
        self.law = law.name
        self.complaint = complaint
        self.case = case
        self.examples = examples


class Breach(AssertionError):
    """What a law's statement raises, in a sentence, where the law does not hold."""


class Case:
    """One case of a law: what was drawn for it, by name.

    Attributes:
        drawn: The drawn values, in the order of drawing.
    """

    def __init__(self, data: DataObject) -> None:
        self._data = data
        self.drawn: dict[str, object] = {}

    def draw(self, name: str, strategy: SearchStrategy[T]) -> T:
        """Draw a value and keep it under its name for the message."""
        value = self._data.draw(strategy)
        # A copy: the message shows what a subject was given, also where it wrote into it.
        self.drawn[name] = value.clone() if isinstance(value, Tensor) else value
        return value


@dataclass(frozen=True)
class Law:
    """Something that holds for every subject of a kind.

    Attributes:
        name: What holds, in a few words.
        cause: The likely cause where it does not.
        statement: Called with the subject and a case to draw from; raises `Breach` where the law does not hold.
        examples: Cases at most, for laws whose cases take long; None leaves it to the one who checks.
    """

    name: str
    cause: str
    statement: Statement
    examples: int | None = None


@dataclass
class _Search:
    """What hypothesis has tried so far."""

    tried: int = 0
    broken_after: int = 0
    complaint: str = ""
    drawn: Mapping[str, object] = field(default_factory=dict)


def check(subject: object, laws: Sequence[Law], *, label: str, examples: int | None = None) -> None:
    """Raise LawBroken for the first law that the subject breaks.

    Args:
        subject: What the laws are about; their statements know its kind.
        laws: The laws.
        label: What the subject is called in messages.
        examples: Cases per law at most; default what the hypothesis profile in force says.
    """
    __tracebackhide__ = True
    for law in laws:
        check_law(subject, law, label=label, examples=examples)


def check_law(subject: object, law: Law, *, label: str, examples: int | None = None) -> None:
    """Raise LawBroken if the subject breaks the law; the case is the smallest one that hypothesis finds.

    The global generators of `random`, numpy and PyTorch are afterwards as they were, whatever the subject did.
    """
    __tracebackhide__ = True
    search = _Search()
    wanted = examples or settings().max_examples

    # What hypothesis would print, explain and store is in the message already.
    @settings(
        max_examples=min(wanted, law.examples or wanted),
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
    )
    @given(st.data())
    def attempt(data: DataObject) -> None:
        _attempt(subject, law, Case(data), search)

    with restored():
        try:
            attempt()
        except Breach:
            raise _broken(label, law, search) from None
        except Flaky:
            raise _broken(label, law, search, FLAKY) from None
        except Exception as error:
            # The exception is the subject's own, or hypothesis found no case at all.
            search.complaint = f"{type(error).__name__}: {error}"
            raise _broken(label, law, search) from error


def _attempt(subject: object, law: Law, case: Case, search: _Search) -> None:
    search.tried += 1
    try:
        law.statement(subject, case)
    except UnsatisfiedAssumption:
        raise
    except Exception as error:
        search.broken_after = search.broken_after or search.tried
        search.complaint, search.drawn = str(error), case.drawn
        raise


def _broken(label: str, law: Law, search: _Search, remark: str = "") -> LawBroken:
    return LawBroken(
        label,
        law,
        complaint=search.complaint + remark,
        case=_listed(search.drawn),
        examples=search.broken_after,
    )


def _listed(drawn: Mapping[str, object]) -> str:
    return "; ".join(f"{name} = {value!r}" for name, value in drawn.items()) or "nothing was drawn"


def name_of(subject: object) -> str:
    """Return what a function or an object is called, with the plain settings that `functools.partial` binds."""
    bound: dict[str, object] = {}
    while isinstance(subject, functools.partial):
        bound = {**subject.keywords, **bound}
        subject = subject.func
    name = str(getattr(subject, "__name__", None) or type(subject).__name__)
    plain = [f"{key}={value!r}" for key, value in bound.items() if isinstance(value, int | float | str)]
    return f"{name}({', '.join(plain)})" if plain else name
