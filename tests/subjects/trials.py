"""Bernoulli trials."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.operators import trials
from neuroevo.testing.laws import Law, agreement_laws
from neuroevo.testing.laws.distribution import Sample
from neuroevo.testing.laws.frequencies import distributed_as
from neuroevo.testing.laws.law import Case
from neuroevo.testing.laws.purity import Arguments, purity_laws
from subjects.subject import Subject

FILES = ("operators/trials.py",)
SETTINGS = ((5, 0.0), (1, 0.1), (7, 0.1), (6, 0.39), (6, 0.4), (4, 0.7), (4, 1.0), (300, 0.02))
"""Numbers of trials and probabilities: none, few, those at which the method changes, and all."""


def reference(shape: tuple[int, ...], rate: float, generator: torch.Generator) -> Tensor:
    """Compare a number with the rate in each trial."""
    draws = np.random.default_rng(int(torch.randint(2**62, (), generator=generator)))
    return torch.from_numpy(draws.random(shape) < rate)


def indices(shape: tuple[int, ...], rate: float, generator: torch.Generator) -> Tensor:
    """Return what `successes` found, as a mask."""
    mask = torch.zeros(shape, dtype=torch.bool)
    found = trials.successes(mask.numel(), rate, generator)
    # Not in ascending order, or twice, it is no result.
    assert bool((found.diff() > 0).all())
    mask.view(-1)[found] = True
    return mask


def call(function: Any, arguments: Arguments, generator: torch.Generator) -> Any:
    """Try in two rows."""
    return function((2, arguments["count"]), arguments["rate"], generator)


def cases(case: Case) -> Iterator[Arguments]:
    """Yield the settings."""
    for count, rate in case.each("setting", SETTINGS):
        yield {"count": count, "rate": rate}


def numbers(mask: Any, arguments: Arguments) -> Sample:
    """Return the successes, [2, count]."""
    return np.asarray(mask.numpy(), dtype=np.float64)


def laws() -> list[Law]:
    """Return the laws of trials."""
    pure = purity_laws(lambda case: {"count": case.draw("count", st.integers(0, 9)), "rate": 0.3}, call)
    return [*pure, distributed_as(reference, cases, call, numbers, item="trial", calls=400)]


def refused(rate: float) -> None:
    """Refuse what is no probability."""
    if rate < 0 or rate > 1:
        raise ValueError("rate")


RATES = st.sampled_from([-1e-9, 0.0, 0.5, 1.0, 1 + 1e-9]) | st.floats(-1, 2)

SUBJECTS = [
    Subject("trials as a mask", FILES, lambda: trials.happens, laws),
    Subject("trials as indices", FILES, lambda: indices, laws),
    Subject(
        "rates of trials",
        FILES,
        lambda: trials.check_rate,
        lambda: agreement_laws(refused, st.fixed_dictionaries({"rate": RATES})),
    ),
]
