"""Laws, how they are checked, and the message of a broken one."""

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

from neuroevo.global_generators import restored

T = TypeVar("T")
Statement = Callable[[Any, "Case"], None]

FLAKY = " (in one call, and not in the next one with equal arguments and an equal generator)"


class LawBroken(AssertionError):
    """A law that does not hold; the message names the law, the smallest failing case and the likely cause.

    Attributes:
        law: The law's name.
        complaint: What happened.
        case: The smallest failing case, or that nothing was drawn for it.
        examples: Number of cases until one failed.
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
    """Raised by a law's statement, with a sentence, if the law does not hold."""


class Case:
    """One case of a law: the values drawn for it, by name.

    Attributes:
        drawn: The drawn values, in the order of drawing.
    """

    def __init__(self, data: DataObject) -> None:
        self._data = data
        self.drawn: dict[str, object] = {}

    def draw(self, name: str, strategy: SearchStrategy[T]) -> T:
        """Draw a value and keep it under its name for the message."""
        value = self._data.draw(strategy)
        # A copy: the message shows the original argument even if the subject wrote into it.
        self.drawn[name] = value.clone() if isinstance(value, Tensor) else value
        return value


@dataclass(frozen=True)
class Law:
    """A property of every subject of a kind.

    Attributes:
        name: The property, in a few words.
        cause: The likely cause of a failure.
        statement: Called with the subject and a case to draw from; raises `Breach` if the law does not hold.
        examples: Largest number of cases, for laws with slow cases; None leaves it to the caller of the check.
        shrinks: Whether a smaller case is looked for when one fails; laws that try small ones first need not.
    """

    name: str
    cause: str
    statement: Statement
    examples: int | None = None
    shrinks: bool = True


@dataclass
class _Search:
    """The state of hypothesis's search."""

    tried: int = 0
    broken_after: int = 0
    complaint: str = ""
    drawn: Mapping[str, object] = field(default_factory=dict)


def check(subject: object, laws: Sequence[Law], *, label: str, examples: int | None = None) -> None:
    """Raise LawBroken for the first law that the subject breaks.

    Args:
        subject: The object to check; the statements know its kind.
        laws: The laws.
        label: The subject's name in messages.
        examples: Largest number of cases per law; default that of the active hypothesis profile.
    """
    __tracebackhide__ = True
    for law in laws:
        check_law(subject, law, label=label, examples=examples)


def check_law(subject: object, law: Law, *, label: str, examples: int | None = None) -> None:
    """Raise LawBroken if the subject breaks the law; the case is the smallest one that hypothesis finds.

    The global generators of `random`, numpy and PyTorch are restored afterwards, whatever the subject did.
    """
    __tracebackhide__ = True
    search = _Search()
    wanted = examples or settings().max_examples

    # The message already has everything that hypothesis would print, explain and store.
    @settings(
        max_examples=min(wanted, law.examples or wanted),
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink) if law.shrinks else (Phase.generate,),
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
            # The exception comes from the subject, or hypothesis found no case at all.
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
    """Return the name of a function or an object, with the plain settings that `functools.partial` binds."""
    bound: dict[str, object] = {}
    while isinstance(subject, functools.partial):
        bound = {**subject.keywords, **bound}
        subject = subject.func
    name = str(getattr(subject, "__name__", None) or type(subject).__name__)
    plain = [f"{key}={value!r}" for key, value in bound.items() if isinstance(value, int | float | str)]
    return f"{name}({', '.join(plain)})" if plain else name
