"""Nearest class mean: how good a learngene's features are before any training."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from neuroevo.problems.untrained import Heir, Untrained


@dataclass(frozen=True, kw_only=True)
class NearestMean(Untrained):
    """Scores an individual by nearest class means of an untrained heir's features on held-out classes.

    Costs no gradient step. All individuals of a generation have the same tasks and random weights. For its attributes
    see `Untrained`.
    """

    purpose: str = "nearest mean"

    @torch.inference_mode()
    def measure(self, heir: Heir) -> Tensor:
        """Return the accuracy of nearest class means."""
        means = _class_means(heir.network.features(heir.train), heir.train_labels, self.ways)
        features = heir.network.features(heir.test)
        finite = features.isfinite().all() & means.isfinite().all()
        return torch.where(finite, heir.accuracy(-torch.cdist(features, means)), torch.nan)


def _class_means(features: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Return the mean feature of each class, [K, F]."""
    sums = features.new_zeros(classes, features.shape[1]).index_add_(0, labels, features)
    counts = labels.new_zeros(classes).index_add_(0, labels, torch.ones_like(labels))
    return sums / counts.unsqueeze(1)
