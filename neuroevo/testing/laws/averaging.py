"""Laws of averaging learngenes of siblings, with the signature of `neuroevo.operators.learngenes.average`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from torch import Tensor

from neuroevo.learngene import Learngene
from neuroevo.testing.laws.agreement import Refused, compare_outcomes, outcome
from neuroevo.testing.laws.equations import TOLERANCE
from neuroevo.testing.laws.law import Breach, Case, Law, check, name_of
from neuroevo.testing.laws.purity import Arguments, purity_laws
from neuroevo.testing.layouts import architectures, circuits, weights_of
from neuroevo.testing.references import learngenes as references
from neuroevo.testing.references.inheritance import cut_out

Average = Callable[[Sequence[Learngene]], Learngene]

CLOSE = 1e-5
MOST = 5
"""Siblings at most."""


def check_averaging(average: Average, *, examples: int | None = None) -> None:
    """Raise LawBroken for the first of `averaging_laws` that an average breaks.

    Args:
        average: Takes a sequence of learngenes and returns one.
        examples: Largest number of cases per law; default that of the active hypothesis profile.
    """
    __tracebackhide__ = True
    check(average, averaging_laws(), label=name_of(average), examples=examples)


def averaging_laws() -> list[Law]:
    """Return the laws of the mean of learngenes that keep the same channels of one parent."""
    return [
        *purity_laws(_siblings, _call),
        Law("the order of siblings does not count", "a weighted mean, or a sibling that is left out", _in_any_order),
        Law("the mean of equal learngenes is each of them", "a sum in place of a mean, or one too many", _alone),
        Law("only learngenes with the same channels are averaged", "index sets are not compared", _no_strangers),
        _mean(),
    ]


def _in_any_order(average: Any, case: Case) -> None:
    given = _siblings(case)["siblings"]
    turned = average(case.draw("turned", st.permutations(given)))
    for name, part in average(given).slices.items():
        if not torch.allclose(part, turned.slices[name], rtol=CLOSE, atol=CLOSE):
            raise Breach(f"{name} is another one if the siblings come in another order")


def _alone(average: Any, case: Case) -> None:
    first, *_ = _siblings(case)["siblings"]
    number = case.draw("number", st.integers(1, MOST))
    for name, part in average([first] * number).slices.items():
        if not torch.allclose(part, first.slices[name], rtol=CLOSE, atol=CLOSE):
            raise Breach(f"{name} of {number} equal learngenes became {part.tolist()}")


def _no_strangers(average: Any, case: Case) -> None:
    one, other = case.draw("first", litters())[0], case.draw("second", litters())[0]
    if not references.same_channels(one, other) and not _refuses(average, [one, other]):
        raise Breach("learngenes with other channels or tensors were averaged")
    if not _refuses(average, []):
        raise Breach("no learngenes were averaged")


def _refuses(average: Any, siblings: list[Learngene]) -> bool:
    return isinstance(outcome(lambda siblings: average(siblings), {"siblings": siblings}), Refused)


def _call(average: Any, arguments: Arguments, generator: torch.Generator) -> Learngene:
    mean: Learngene = average(arguments["siblings"])
    return mean


def _mean() -> Law:
    def statement(average: Any, case: Case) -> None:
        given, other = _siblings(case), references.average
        compare_outcomes(lambda siblings: average(siblings), other, given, tolerance=TOLERANCE)

    cause = "tensors, channels, ids or notes of another sibling, or no mean"
    return Law("the average is the first sibling with the mean of all tensors", cause, statement)


def _siblings(case: Case) -> Arguments:
    return {"siblings": case.draw("siblings", litters())}


@st.composite
def litters(draw: DrawFn) -> list[Learngene]:
    """Draw siblings: the same channels and tensors, with weights and ids of their own; shrinks to one."""
    backbone = draw(architectures(max_channels=3))
    indices = draw(circuits(backbone.layout))
    held = draw(st.none() | st.sets(st.sampled_from([*backbone.layout.axes]), min_size=1))

    def sibling(number: int, weights: dict[str, Tensor]) -> Learngene:
        ids = {group: 1000 * number + kept for group, kept in indices.items()}
        learngene = cut_out(weights, indices, backbone=backbone, provenance=ids, tensors=held)
        return learngene.with_notes(number=number)

    litter = draw(st.lists(weights_of(backbone.layout), min_size=1, max_size=MOST))
    return [sibling(number, weights) for number, weights in enumerate(litter)]
