"""Scores of outputs against targets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from torch import Tensor

from neuroevo.problems import scores
from neuroevo.testing.laws import agreement_laws
from neuroevo.testing.strategies import seeds
from subjects.subject import Subject

FILES = ("neuroevo/problems/scores.py",)
Given = Mapping[str, Any]


@st.composite
def classified(draw: DrawFn) -> Given:
    """Draw logits [N, K] or [N, K, L] and classes, some of which do not count; sometimes a logit is not finite."""
    generator = torch.Generator().manual_seed(draw(seeds()))
    count, classes, places = draw(st.integers(1, 5)), draw(st.integers(2, 4)), draw(st.sampled_from([(), (2,)]))
    outputs = torch.randint(-2, 3, (count, classes, *places), generator=generator).float()
    targets = torch.randint(0, classes, (count, *places), generator=generator)
    ignored = torch.rand(targets.shape, generator=generator) < draw(st.sampled_from([0.0, 0.3, 1.0]))
    if draw(st.sampled_from([False, False, True])):
        outputs.view(-1)[0] = draw(st.sampled_from([math.nan, math.inf, -math.inf]))
    narrow = draw(st.sampled_from([torch.int64, torch.int16]))
    return {"outputs": outputs, "targets": targets.masked_fill(ignored, scores.IGNORED).to(narrow)}


@st.composite
def populations(draw: DrawFn) -> Given:
    """Draw logits [P, N, K] and classes [N], all of which count."""
    generator = torch.Generator().manual_seed(draw(seeds()))
    size, count, classes = draw(st.integers(1, 4)), draw(st.integers(1, 5)), draw(st.integers(2, 4))
    outputs = torch.randint(-2, 3, (size, count, classes), generator=generator).float()
    if draw(st.booleans()):
        outputs[0, 0, 0] = draw(st.sampled_from([math.nan, math.inf]))
    return {"outputs": outputs, "targets": torch.randint(0, classes, (count,), generator=generator)}


def _cells(outputs: Tensor, targets: Tensor) -> list[tuple[Any, int]]:
    """Return the logits and the class of each place that counts."""
    rows = outputs.double().movedim(1, -1).flatten(0, -2).numpy()
    return [(row, one) for row, one in zip(rows, targets.flatten().tolist(), strict=True) if one != scores.IGNORED]


def accuracy(outputs: Tensor, targets: Tensor) -> Any:
    """Count the places at which the first of the greatest logits is that of the class."""
    if not outputs.isfinite().all():
        return np.asarray(math.nan, dtype=np.float32)
    cells = _cells(outputs, targets)
    right = sum(int(row.argmax()) == one for row, one in cells)
    return np.asarray(right / len(cells) if cells else math.nan, dtype=np.float32)


def log_likelihood(outputs: Tensor, targets: Tensor) -> Any:
    """Take the mean of the logarithms of the softmax."""
    with np.errstate(all="ignore"):
        each = [math.log(np.exp(row[one]) / np.exp(row).sum()) for row, one in _cells(outputs, targets)]
    return np.asarray(sum(each) / len(each) if each else math.nan, dtype=np.float32)


def finite() -> st.SearchStrategy[Given]:
    """Draw classes and finite logits."""
    return classified().filter(lambda given: bool(given["outputs"].isfinite().all()))


def accuracies(outputs: Tensor, targets: Tensor) -> Any:
    """Score one of the population after the other."""
    return np.stack([np.asarray(accuracy(one, targets)) for one in outputs])


def log_likelihoods(outputs: Tensor, targets: Tensor) -> Any:
    """Score one of the population after the other."""
    return np.stack([np.asarray(log_likelihood(one, targets)) for one in outputs])


def finite_populations() -> st.SearchStrategy[Given]:
    """Draw populations with finite logits."""
    return populations().filter(lambda given: bool(given["outputs"].isfinite().all()))


SUBJECTS = [
    Subject("accuracy", FILES, lambda: scores.accuracy, lambda: agreement_laws(accuracy, classified(), tolerance=64)),
    Subject(
        "log-likelihood",
        FILES,
        lambda: scores.log_likelihood,
        lambda: agreement_laws(log_likelihood, finite(), tolerance=64),
    ),
    Subject(
        "accuracies of populations",
        FILES,
        lambda: scores.BATCHED[scores.accuracy],
        lambda: agreement_laws(accuracies, populations(), tolerance=64),
    ),
    Subject(
        "log-likelihoods of populations",
        FILES,
        lambda: scores.BATCHED[scores.log_likelihood],
        lambda: agreement_laws(log_likelihoods, finite_populations(), tolerance=64),
    ),
]
