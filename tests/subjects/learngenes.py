"""Mutations of learngenes."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch

from neuroevo.learngene import Learngene
from neuroevo.operators import learngenes
from neuroevo.testing.laws import learngene_mutation_laws
from subjects.subject import Subject

FILES = ("operators/learngenes.py",)


def noise(
    learngene: Learngene, weights: object, *, sigma: float = 0.3, generator: torch.Generator, new_ids: Any
) -> Learngene:
    """Add noise, with the signature of the other mutations."""
    return learngenes.noise(learngene, sigma=sigma, generator=generator)


SUBJECTS = [
    Subject(
        "exchange of channels",
        FILES,
        lambda: partial(learngenes.mutate, rate=0.3),
        lambda: learngene_mutation_laws(rate="rate", like="exchange"),
    ),
    Subject(
        "resizing of groups",
        FILES,
        lambda: partial(learngenes.resize, rate=0.5),
        lambda: learngene_mutation_laws(rate="rate", sizes_kept=False, like="resize"),
    ),
    Subject(
        "noise on learngenes",
        FILES,
        lambda: noise,
        lambda: learngene_mutation_laws(rate="sigma", reads_network=False, like="noise"),
    ),
]
