"""Whether the contestants of a comparison in Python spend alike, which only the command line sees to."""

from __future__ import annotations

from collections.abc import Mapping


def unequal_budgets(planned: Mapping[str, int]) -> str:
    """Return in a sentence that contestants differ in the gradient steps before transfer; nothing if they are equal.

    Args:
        planned: The gradient steps of each contestant; those that take none are not counted.
    """
    trained = {name: steps for name, steps in planned.items() if steps > 0}
    if len({*trained.values()}) < 2:
        return ""
    found = ", ".join(f"{name} {steps:,}" for name, steps in trained.items())
    return (
        f"The contestants take unequal numbers of gradient steps before transfer ({found}): give the baselines "
        "pretraining=Recipe(updates=…), or those that evolve other generations, until Contestant.planned_steps(seed) "
        "is equal."
    )
