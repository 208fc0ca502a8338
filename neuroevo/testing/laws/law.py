"""Laws, how they are checked, and the message of a broken one."""

from __future__ import annotations

import copy
import functools
import re
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky, HypothesisException, UnsatisfiedAssumption
from hypothesis.strategies import DataObject, SearchStrategy
from torch import Tensor

from neuroevo.global_generators import restored

T = TypeVar("T")
Statement = Callable[[Any, "Case"], None]

FLAKY = " (in one call, and not in the next one with equal arguments and an equal generator)"

VERSION = 3
"""Number of the laws' wording: a law that judges otherwise, or has another name, comes with the next number."""

LONGEST = 2000
"""Characters of a case in a message."""

RUNS = "runs on what it is given"
"""The law that is broken by whatever raises an exception; no other law is judged then."""

OUTSIDE = (
    "the case is outside of its domain, which keywords of the check describe (bounds=, dtypes=, genomes=, layouts=, "
    "length=, min_genes=, permutations=, space=; of a selection fitness=, k=, non_finite=), or a fault of its own"
)
"""The likely cause of an exception."""

UNCALLED = (
    "it has no keyword of the signature, or a setting without a default is not bound: functools.partial(operator, "
    "setting=…)"
)
"""The likely cause of a call that fits no signature."""

OTHER_RESULT = "it returns something else than the signature says: another type, a shape, one thing in place of a pair"
"""The likely cause of a result that a law can't read."""

OWN = str(Path(__file__).parents[1])
"""The folder of the laws."""


class LawBroken(AssertionError):
    """A law that does not hold; the message names the law, the smallest failing case and the likely cause.

    Attributes:
        law: The law's name; `RUNS` if an exception kept the law from being judged.
        complaint: What happened.
        case: The smallest failing case in literals of Python, or that nothing was drawn for it.
        drawn: Its values by name, which `Law.replay` takes.
        examples: Number of cases until one failed.
    """

    def __init__(
        self, label: str, law: str, cause: str, *, complaint: str, drawn: Mapping[str, object], examples: int
    ) -> None:
        case = "; ".join(f"{name} = {literal(value)}" for name, value in drawn.items()) or "nothing was drawn"
        shown = case if len(case) <= LONGEST else f"{case[:LONGEST]} … (all of it in LawBroken.drawn)"
        super().__init__(
            f"{label} breaks the law '{law}': {complaint}\n  smallest case: {shown}\n  likely cause: {cause}"
        )
        self.law = law
        self.complaint = complaint
        self.case = case
        self.drawn = drawn
        self.examples = examples


class Breach(AssertionError):
    """Raised by a law's statement, with a sentence, if the law does not hold."""


class DrawingFailed(RuntimeError):
    """A law's values can't be drawn: a fault of the law or of the strategies that it was given, not of the subject."""


class Case:
    """One case of a law: the values drawn for it, by name.

    Attributes:
        drawn: The drawn values, in the order of drawing.
    """

    def __init__(self, data: DataObject) -> None:
        self._data = data
        self.drawn: dict[str, object] = {}

    def draw(self, name: str, strategy: SearchStrategy[T]) -> T:
        """Draw a value and keep it under its name for the message.

        Raises:
            DrawingFailed: The strategy raised an exception, which is no fault of the subject.
        """
        try:
            value = self._data.draw(strategy)
        except Exception as error:
            if isinstance(error, HypothesisException):
                raise
            raise DrawingFailed(f"{name} can't be drawn: {type(error).__name__}: {error}") from error
        self.keep(name, value)
        return value

    def each(self, name: str, values: Iterable[T]) -> Iterator[T]:
        """Yield values one after the other, and keep the one that is judged; a replay has that one alone."""
        for value in values:
            self.keep(name, value)
            yield value

    def keep(self, name: str, value: object) -> None:
        """Keep a value for the message and for a replay."""
        # A copy: the message shows the original argument even if the subject wrote into it.
        self.drawn[name] = copy.deepcopy(value) if isinstance(value, Tensor | tuple | list) else copy.copy(value)


class Replay(Case):
    """A case with values that were drawn before.

    Args:
        drawn: The values, by name.
    """

    def __init__(self, drawn: Mapping[str, object]) -> None:
        self.given = dict(drawn)
        self.drawn = {}

    def draw(self, name: str, strategy: SearchStrategy[T]) -> T:
        """Return the value of that name.

        Raises:
            KeyError: There is none: it is the case of another law.
        """
        del strategy
        value = copy.deepcopy(self.given[name])
        self.keep(name, value)
        return cast(T, value)

    def each(self, name: str, values: Iterable[T]) -> Iterator[T]:
        """Yield the value of that name alone, or all values if there is none."""
        yield from super().each(name, [cast(T, self.given[name])] if name in self.given else values)


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

    @property
    def id(self) -> str:
        """The name as one word, which stays the same in all versions of the law."""
        return re.sub(r"\W+", "_", self.name).strip("_")

    def replay(self, subject: object, case: Mapping[str, object]) -> None:
        """Judge a subject by one case again.

        Args:
            subject: The object.
            case: Values by name, such as `LawBroken.drawn`, or copied from a message.

        Raises:
            Breach: The law does not hold.
        """
        with restored():
            self.statement(subject, Replay(case))


@dataclass
class _Search:
    """The state of hypothesis's search."""

    tried: int = 0
    broken_after: int = 0
    complaint: str = ""
    drawn: Mapping[str, object] = field(default_factory=dict)


def check(
    subject: object,
    laws: Sequence[Law],
    *,
    label: str,
    examples: int | None = None,
    expected_failures: Mapping[str, str] | None = None,
) -> None:
    """Raise LawBroken for the first law that the subject breaks.

    Args:
        subject: The object to check; the statements know its kind.
        laws: The laws.
        label: The subject's name in messages.
        examples: Largest number of cases per law; default that of the active hypothesis profile.
        expected_failures: Names of laws that the subject is known to break, with the reason.

    Raises:
        LawBroken: A law is broken that is not among them.
        ValueError: One of them is no law of this kind, or is kept.
    """
    __tracebackhide__ = True
    expected = dict(expected_failures or {})
    if unknown := [name for name in expected if name not in {law.name for law in laws}]:
        raise ValueError(f"expected_failures must be laws that are checked, but {unknown[0]!r} is none of them.")
    for law in laws:
        try:
            check_law(subject, law, label=label, examples=examples)
        except LawBroken:
            if law.name not in expected:
                raise
        else:
            if law.name in expected:
                raise ValueError(f"{label} keeps the law {law.name!r}; take it out of expected_failures.")


def check_law(subject: object, law: Law, *, label: str, examples: int | None = None) -> None:
    """Raise LawBroken if the subject breaks the law; the case is the smallest one that hypothesis finds.

    The global generators of `random`, numpy and PyTorch are restored afterwards, whatever the subject did.

    Raises:
        LawBroken: The law is broken; or an exception kept it from being judged, and then its `law` is `RUNS`.
        DrawingFailed: The law's own values can't be drawn.
        ValueError: `examples` is below 1.
    """
    __tracebackhide__ = True
    if examples is not None and examples < 1:
        raise ValueError(f"examples must be at least 1, but it is {examples}.")
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
        except DrawingFailed:
            raise
        except Exception as error:
            raise _crashed(label, law, search, error) from error


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
        law.name,
        law.cause,
        complaint=search.complaint + remark,
        drawn=search.drawn,
        examples=search.broken_after,
    )


def _crashed(label: str, law: Law, search: _Search, error: Exception) -> LawBroken:
    """Return the breach of `RUNS`: the subject raised an exception, or what it returned can't be looked at."""
    judged = "" if law.name == RUNS else f" (while '{law.name}' was judged)"
    codes = [frame.f_code for frame, _ in traceback.walk_tb(error.__traceback__)]
    last = [code for code in codes if not _is_library(code.co_filename)][-1]
    what, cause = _blame(error, last.co_filename.startswith(OWN) or last is getattr(law.statement, "__code__", None))
    return LawBroken(
        label,
        RUNS,
        cause,
        complaint=f"{what} {type(error).__name__}: {error}{judged}",
        drawn=search.drawn,
        examples=search.broken_after,
    )


def _blame(error: Exception, by_law: bool) -> tuple[str, str]:
    """Return what happened, and the likely cause: a call that fits no signature, one that raised, or its result."""
    if not by_law:
        return "it raised", OUTSIDE
    if isinstance(error, TypeError) and re.search(r"\(\) (missing|got|takes) ", str(error)):
        return "it can't be called:", UNCALLED
    return "what it returned can't be judged,", OTHER_RESULT


def _is_library(path: str) -> bool:
    return any(f"/{name}/" in path for name in ("torch", "numpy", "hypothesis", "scipy"))


def must(what: str, do: Callable[[], T]) -> T:
    """Return what a call returns.

    Raises:
        Breach: It raised an exception: what the law says can't be done.
    """
    try:
        return do()
    except Exception as error:
        raise Breach(f"{what}: {type(error).__name__}: {error}") from error


def literal(value: object) -> str:
    """Return an expression of Python that gives the value exactly, as far as there is one."""
    if isinstance(value, Tensor) and value.is_meta:
        return f'torch.empty({tuple(value.shape)}, dtype={value.dtype}, device="meta")'
    if isinstance(value, Tensor):
        return _tensor(value.detach().cpu()) + ".requires_grad_()" * value.requires_grad
    if isinstance(value, tuple):
        return f"({', '.join(map(literal, value))}{',' * (len(value) == 1)})"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(key)}: {literal(item)}" for key, item in value.items()) + "}"
    return repr(value)


def _tensor(value: Tensor) -> str:
    """Return the literal of a tensor: its numbers, or those of its memory if it is another view of that."""
    plain = value.is_contiguous() and value.storage_offset() == 0
    held = value if plain else value.new_empty(0).set_(value.untyped_storage())
    numbers = repr(held.tolist()).replace("nan", "math.nan").replace("inf", "math.inf")
    view = "" if plain else f".as_strided({tuple(value.shape)}, {value.stride()}, {value.storage_offset()})"
    return f"torch.tensor({numbers}, dtype={value.dtype}){view}"


def name_of(subject: object) -> str:
    """Return the name of a function or an object, with the plain settings that `functools.partial` binds."""
    bound: dict[str, object] = {}
    while isinstance(subject, functools.partial):
        bound = {**subject.keywords, **bound}
        subject = subject.func
    name = str(getattr(subject, "__name__", None) or type(subject).__name__)
    plain = [f"{key}={value!r}" for key, value in bound.items() if isinstance(value, int | float | str)]
    return f"{name}({', '.join(plain)})" if plain else name
