"""Laws of operators whose distribution is known by a formula, which needs no draws of a reference.

With hundreds of thousands of draws, an exponent that is off by one shows, or a tail that is cut.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from scipy.stats import kstest, norm

from neuroevo.testing.laws import chance
from neuroevo.testing.laws.changes import Variation, exact
from neuroevo.testing.laws.law import Breach, Case, Law
from neuroevo.testing.laws.purity import seeded
from neuroevo.testing.strategies import seeds

SHAPE = (920, 920)
"""Rows and genes of the batch: enough that a tail that is cut at four deviations is missed."""

TAIL = 3e-5
"""Share of the steps beyond the point at which either tail is counted."""


SPREADS = (500, 400)
"""Rows and genes of parents whose children's distances are judged."""


def laws_by_formula(like: str | None, settings: Mapping[str, Any], kind: Variation) -> list[Law]:
    """Return the laws of a classical operator that has a formula: Gaussian mutation, simulated binary crossover.

    Args:
        like: The name of the operator.
        settings: Its settings; those that vary are not among them.
        kind: The kind of operators, and their domain.
    """
    ends = [torch.as_tensor(settings[end]) for end in ("low", "high") if end in settings]
    bounded = kind.genes.bounds is not None or any(bool(end.isfinite().any()) for end in ends)
    if bounded or kind.genes.length is not None or not kind.genes.dtype.is_floating_point:
        return []
    sigma = settings.get("sigma")
    # Without noise there is no distribution with tails.
    if like == "gaussian" and isinstance(sigma, float) and sigma > 0 and settings.get("rate", 1.0) == 1.0:
        return [steps_follow(norm(scale=sigma), kind)]
    if like == "simulated binary" and "eta" not in kind.grid:
        return [_spreads_follow(settings.get("eta", 15.0), kind)]
    return []


def _spreads_follow(eta: float, kind: Variation) -> Law:
    def statement(cross: Any, case: Case) -> None:
        parents = tuple(torch.full(SPREADS, end, dtype=kind.genes.dtype) for end in (-1.0, 1.0))
        settings = {} if kind.rate is None else {kind.rate: 1.0}
        children = kind.of(cross)(*parents, generator=seeded(case.draw("seed", seeds())), **settings)
        first, second = (exact(child) for child in children)
        spread = np.abs(first - second).ravel() / 2
        # Genes that are not crossed stay at their distance; the rate is judged by other laws.
        spread = spread[spread != 1]
        inside = 0.5 * np.minimum(spread, 1) ** (eta + 1)
        shares = np.where(spread < 1, inside, 1 - 0.5 * np.maximum(spread, 1) ** -(eta + 1))
        if len(shares) and kstest(shares, "uniform").pvalue < chance.ERROR:
            raise Breach(f"{len(shares)} distances of children, in those of parents, have the mean {spread.mean():.5g}")

    cause = "another exponent, or another proportion of children that are nearer than their parents"
    return Law("distances of children follow the formula", cause, statement, examples=1, shrinks=False)


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
