"""Warns of operators that draw from global random generators, which the seed of a run knows nothing of."""

from __future__ import annotations

import warnings
from functools import partial
from typing import Any

from deap.base import Toolbox

from neuroevo.global_generators import fingerprints, moved
from neuroevo.operators.from_deap import FromDeap
from neuroevo.strategies.toolbox import ALWAYS

LOOKS = 10
"""Generations that are watched; an operator that draws at all does so early, and later ones cost nothing."""
OWN = ("neuroevo", "torch")
"""Packages whose functions leave the global generators alone, or are called so that they do."""
DEPTH = 5
"""How far a function is looked for inside of another: partials, adapters, decorators."""


class GlobalDraws:
    """Compares the global generators before and after each step of a generation, and warns once.

    Args:
        toolbox: Holds the operators that are called.
    """

    def __init__(self, toolbox: Toolbox) -> None:
        self.toolbox = toolbox
        self.looks = LOOKS
        self._before: dict[str, object] = {}

    def begin(self) -> None:
        """Begin a generation: what happened since the last one was no operator's doing."""
        self.looks -= 1
        if self.looks >= 0:
            self._before = fingerprints()

    def end(self, step: str) -> None:
        """Warn if an operator moved a global generator since the last look.

        Args:
            step: `generate`, `evaluate` or `update`, which has just ended.
        """
        if self.looks < 0:
            return
        before, self._before = self._before, fingerprints()
        if names := moved(before, self._before):
            self.looks = 0
            # The frames between: a step, the run, and the loop of the user.
            warnings.warn(_sentence(_suspects(self.toolbox, step), " and ".join(names)), stacklevel=4)


def _sentence(operators: list[str], generators: str) -> str:
    *first, last = operators
    names = f"{', '.join(first)} or {last}" if first else last
    cure = "" if operators == ["evaluate"] else "register from_deap(function, generator=..., ids=...), or "
    return (
        f"{names} drew from the global generator of {generators}, which the seed of the run does not "
        f"set, so that a repeated run may differ: {cure}draw from a generator of your own."
    )


def _suspects(toolbox: Toolbox, step: str) -> list[str]:
    """Return the operators, not this library's, that a step may have called; the step itself where there are none."""
    if step == "evaluate":
        return [step]
    others = {*ALWAYS, "generate", "evaluate", "update", "rescore"}
    return [name for name, one in vars(toolbox).items() if name not in others and _foreign(one, DEPTH)] or [step]


def _foreign(thing: Any, depth: int) -> bool:
    """Return whether something is, or holds, a function of another library or of the user."""
    if depth == 0 or isinstance(thing, FromDeap) or not callable(thing):
        return False
    if isinstance(thing, partial):
        return any(_foreign(part, depth - 1) for part in (thing.func, *thing.args, *thing.keywords.values()))
    home = getattr(thing, "__module__", None) or type(thing).__module__
    if home.partition(".")[0] not in OWN:
        return True
    inside = (getattr(thing, "__self__", None), *getattr(thing, "__dict__", {}).values())
    return any(_foreign(part, depth - 1) for part in inside)
