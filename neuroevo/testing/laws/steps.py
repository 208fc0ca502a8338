"""The law that the steps of a mutation follow a distribution that is known by its formula."""

from __future__ import annotations

from typing import Any

import torch
from scipy.stats import kstest

from neuroevo.testing.laws import chance
from neuroevo.testing.laws.changes import Variation, exact
from neuroevo.testing.laws.law import Breach, Case, Law
from neuroevo.testing.laws.purity import seeded
from neuroevo.testing.strategies import seeds

SHAPE = (920, 920)
"""Rows and genes of the batch: enough that a tail that is cut at four deviations is missed."""

TAIL = 3e-5
"""Share of the steps beyond the point at which either tail is counted."""


def steps_follow(distribution: Any, kind: Variation) -> Law:
    """Return the law that genes of value 0 move by draws from a continuous distribution, at the rate 1.

    Args:
        distribution: A frozen distribution of scipy, such as `scipy.stats.norm(scale=0.1)`.
        kind: The kind of mutations.
    """

    def statement(mutate: Any, case: Case) -> None:
        genomes = torch.zeros(SHAPE, dtype=kind.genes.dtype)
        settings = {} if kind.rate is None else {kind.rate: 1.0}
        generator = seeded(case.draw("seed", seeds()))
        steps = exact(kind.of(mutate)(genomes, generator=generator, **settings)[0]).ravel()
        probability = float(kstest(steps, distribution.cdf).pvalue)
        tails = int((steps < distribution.ppf(TAIL)).sum()), int((steps > distribution.isf(TAIL)).sum())
        if probability < chance.ERROR / 3:
            raise Breach(f"steps of mean {steps.mean():.4g} and deviation {steps.std():.4g} do not follow it")
        for side, count in zip(("lowest", "greatest"), tails, strict=True):
            if not chance.fits(count, steps.size, TAIL, among=3):
                raise Breach(f"{count} of {steps.size} steps are among the {side} {TAIL:g}")

    cause = "another distribution, another scale, or a tail that is cut"
    return Law("steps follow the distribution", cause, statement, examples=1, shrinks=False)
