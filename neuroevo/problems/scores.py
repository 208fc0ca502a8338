"""Scores of outputs against targets: what `Supervised` maximises, and the same for whole populations."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

Score = Callable[[Tensor, Tensor], Tensor]
"""Takes outputs [N, ...] and targets [N, ...] and returns one number, to be maximised."""

IGNORED = -100
"""The class of targets that do not count, as in `torch.nn.functional.cross_entropy`."""


def log_likelihood(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return minus the mean cross-entropy of logits [N, K, ...], at most 0.

    Targets are classes [N, ...] of any integer dtype, of which -100 does not count, or probabilities [N, K, ...]. It is
    NaN if none counts.
    """
    return -F.cross_entropy(outputs, targets if targets.is_floating_point() else targets.long())


def accuracy(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the share of classes [N, ...] at which logits [N, K, ...] are greatest; NaN if a logit is not finite.

    The class -100 does not count; NaN if none counts.

    Raises:
        ValueError: The targets are not one class for each output.
    """
    found = outputs.argmax(1)
    if found.shape != targets.shape:
        raise ValueError(
            f"targets must be classes of the shape {list(found.shape)}, but they have {list(targets.shape)}."
        )
    classes = targets if targets.is_floating_point() else targets.long()
    counted = classes != IGNORED
    exact = torch.promote_types(outputs.dtype, torch.float32)
    share = ((found == classes) & counted).sum().to(exact) / counted.sum().to(exact)
    return torch.where(outputs.isfinite().all(), share, torch.nan).to(outputs.dtype)


def _log_likelihoods(outputs: Tensor, targets: Tensor) -> Tensor:
    # Along the last dimension a softmax over few classes takes ten times as long.
    losses = F.cross_entropy(outputs.mT, targets.expand(outputs.shape[:2]), reduction="none")
    return -losses.mean(1)


def _accuracies(outputs: Tensor, targets: Tensor) -> Tensor:
    shares = (outputs.argmax(-1) == targets).to(outputs.dtype).mean(1)
    return torch.where(outputs.isfinite().flatten(1).all(1), shares, torch.nan)


BATCHED: Mapping[Score, Score] = {log_likelihood: _log_likelihoods, accuracy: _accuracies}
"""The same of outputs [P, N, K] for classes [N], int64, all of which count: equal to those of [N, K], but faster."""


def check_targets(score: Score, outputs: Tensor, targets: Tensor) -> None:
    """Raise ValueError unless targets are such as a score of this module takes.

    Args:
        score: Any score; those of users are not known.
        outputs: What the module returns for some of the inputs, [n, K, ...].
        targets: All targets.
    """
    if score not in BATCHED:
        return
    name, shape = getattr(score, "__name__", "score"), list(outputs.shape[1:])
    if outputs.dim() < 2 or outputs.shape[1] < 2:
        raise ValueError(
            f"module must return logits [N, K] of at least 2 classes for {name}, but for an input it returns {shape}; "
            "give another score for targets that are no classes."
        )
    if targets.shape[1:] == outputs.shape[1:] and targets.is_floating_point() and score is log_likelihood:
        _check_probabilities(targets)
    elif targets.shape[1:] != outputs.shape[2:] or (targets.is_floating_point() and score is log_likelihood):
        raise ValueError(
            f"targets must be whole numbers {['N', *shape[1:]]}, classes for outputs {['N', *shape]}, but they are "
            f"{targets.dtype} of the shape {list(targets.shape)}; give another score for other targets."
        )
    else:
        _check_classes(targets, outputs.shape[1])


def _check_probabilities(targets: Tensor) -> None:
    sums = targets.sum(1)
    if not bool((targets >= 0).all()) or not torch.allclose(sums, torch.ones_like(sums), atol=1e-3):
        raise ValueError(
            "targets must be probabilities, at least 0 and with the sum 1 for each input, but they are not; give "
            "another score for other targets."
        )


def _check_classes(targets: Tensor, count: int) -> None:
    classes = targets if targets.is_floating_point() else targets.long()
    counted = classes[classes != IGNORED]
    if not len(counted):
        raise ValueError(f"targets must hold a class that counts, but all of them are {IGNORED}, which is ignored.")
    if wrong := sorted({*counted.tolist()} - {*range(count)}):
        raise ValueError(
            f"targets must be classes from 0 to {count - 1}, or {IGNORED} to be ignored, but there is {wrong[0]}."
        )
