"""One method per subject and law, for `python -m unittest` and pytest alike.

    class TestDrift(LawTests):
        subject = drift
        laws = mutation_laws(rate="rate")

makes `TestDrift.test_rate_0_is_the_identity` and so on. A class that extends another one and has a `subject` of its own
judges that one by the same laws.
"""

from __future__ import annotations

import inspect
import unittest
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from neuroevo.testing.laws.law import Law, check, name_of

MISSING: Any = object()
"""The subject of a class that has none, and serves others as a base."""


class LawTests(unittest.TestCase):
    """A test case with one method for each of its laws.

    Attributes:
        subject: The object to check, with its settings bound by `functools.partial`; a function stays one.
        laws: The laws to check, for example `selection_laws(tournament=3)`.
        examples: Largest number of cases per law; default that of the active hypothesis profile.
        expected_failures: Names of laws that the subject is known to break, with the reason; one that is kept after all
            is an error.
    """

    subject: ClassVar[Any] = MISSING
    laws: ClassVar[Sequence[Law]] = ()
    examples: ClassVar[int | None] = None
    expected_failures: ClassVar[Mapping[str, str]] = {}

    def __init_subclass__(cls, **keywords: Any) -> None:
        """Add a method for each law, and refuse expected failures that are none of them."""
        super().__init_subclass__(**keywords)
        if unknown := [name for name in cls.expected_failures if name not in {law.name for law in cls.laws}]:
            raise ValueError(f"expected_failures must be among the laws, but {unknown[0]!r} is none of them.")
        for law in vars(cls).get("laws", ()):
            setattr(cls, f"test_{law.id}", _method(law))


def _method(law: Law) -> Callable[[LawTests], None]:
    def method(self: LawTests) -> None:
        __tracebackhide__ = True
        subject = _subject_of(type(self))
        if subject is MISSING:
            self.skipTest("the class has no subject")
        expected = {name: reason for name, reason in self.expected_failures.items() if name == law.name}
        check(subject, [law], label=name_of(subject), examples=self.examples, expected_failures=expected)

    method.__doc__ = f"It keeps the law '{law.name}'."
    return method


def _subject_of(kind: type[LawTests]) -> Any:
    """Return the subject itself: as an attribute of an object, a function would be bound to it."""
    subject = inspect.getattr_static(kind, "subject")
    return subject.__func__ if isinstance(subject, staticmethod) else subject
