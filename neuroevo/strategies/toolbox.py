"""The toolbox of a strategy: DEAP's, with known operators only, and a check of what each of them returns first."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from deap.base import Toolbox

from neuroevo.execution.decorated import penalised
from neuroevo.operators.from_deap import FromDeap
from neuroevo.spelling import suggestion

Check = Callable[[tuple[Any, ...], Any], str | None]
"""Takes the arguments of a call, keywords last, and its result; returns the end of a sentence about it, or None."""

Verbs = Mapping[str, str]
"""By the name of each operator how it is called, for example `select(individuals, k) -> individuals`."""

Checks = Mapping[str, Check]
"""By the name of an operator the check of its first result."""

ALWAYS = ("clone", "map")
"""Operators that every toolbox has."""


class Verb:
    """An operator of a toolbox that is looked up at each call, so that registering another one swaps it.

    A pickled verb is the operator itself: workers need no toolbox.
    """

    def __init__(self, toolbox: Toolbox, name: str) -> None:
        self.toolbox = toolbox
        self.name = name

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Call the operator that is registered now."""
        return getattr(self.toolbox, self.name)(*arguments, **keywords)

    def __reduce__(self) -> tuple[Any, ...]:
        return _itself, (getattr(self.toolbox, self.name),)


class Operator(partial[Any]):
    """A registered operator whose first result is checked; in all else the `functools.partial` that DEAP makes.

    Attributes:
        verb: The name that it is registered by.
        usage: How the strategy calls it, for example `mutate(learngene, weights) -> learngene`; empty if unknown.
        check: Checks its first result; None once that was right.
    """

    verb: str
    usage: str = ""
    check: Check | None = None

    def __call__(self, /, *arguments: Any, **keywords: Any) -> Any:
        """Call the operator.

        Raises:
            TypeError: It does not take these arguments, or its first result is not what the strategy needs.
        """
        try:
            result = super().__call__(*arguments, **keywords)
        except TypeError as error:
            if self.usage and not _takes(self, arguments, keywords):
                raise TypeError(f"{self.verb} must take the arguments of `{self.usage}`: {error}.") from error
            raise
        if self.check is not None:
            if complaint := self.check((*self.args, *arguments, *keywords.values()), result):
                raise TypeError(f"{self.verb} must return {complaint}.")
            self.check = None
        return result


def settled(operator: Callable[..., Any]) -> Callable[..., Any]:
    """Return an operator for many short calls: without the checks of its first one, if that was right."""
    if isinstance(operator, Operator) and operator.check is None:
        return partial(operator.func, *operator.args, **operator.keywords)
    return operator


class StrategyToolbox(Toolbox):  # type: ignore[misc]
    """A toolbox with the operators of one strategy and no others.

    Args:
        owner: What the strategy is called in errors.
        verbs: By the name of each operator how it is called, for example `select(individuals, k) -> individuals`.
        checks: By name the checks of first results, where there is one.
    """

    def __init__(self, owner: str, verbs: Verbs, checks: Checks | None = None) -> None:
        self._owner = owner
        self._verbs = dict(verbs)
        self._checks = dict(checks or {})
        super().__init__()

    def register(self, alias: str, function: Callable[..., Any], *args: Any, **kargs: Any) -> None:
        """Register an operator, in place of the one that has the name.

        One of DEAP's penalties around an evaluator with a `batch` keeps it, here and in `decorate`.

        Raises:
            ValueError: The strategy has no operator of that name.
            TypeError: The function can't be called.
        """
        if alias not in (*self._verbs, *ALWAYS):
            known = [*self._verbs, *ALWAYS]
            raise ValueError(
                f"{self._owner} must be given one of its operators ({', '.join(known)}), but it is given "
                f"{alias!r}{suggestion(alias, known)}"
            )
        if not callable(function):
            raise TypeError(f"{alias} must be a function or another callable, but it is {function!r}.")
        function = penalised(function)
        super().register(alias, function, *args, **kargs)
        registered = getattr(self, alias)
        operator = Operator(function, *args, **kargs)
        operator.__dict__.update(
            vars(registered), verb=alias, usage=self._verbs.get(alias, ""), check=self._checks.get(alias)
        )
        setattr(self, alias, operator)


def _takes(operator: Operator, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> bool:
    """Return whether an operator takes these arguments; true of what has no signature."""
    function = operator.func
    if isinstance(function, FromDeap):
        function = partial(function.function, **function.settings)
    try:
        signature = inspect.signature(partial(function, *operator.args, **operator.keywords))
    except ValueError:
        return True
    try:
        signature.bind(*arguments, **keywords)
    except TypeError:
        return False
    return True


def _itself(operator: Any) -> Any:
    return operator
