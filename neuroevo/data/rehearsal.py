"""Rehearsals: the classes of a data set in other roles, so that settings can be chosen without a look at novel ones."""

from __future__ import annotations

from dataclasses import replace

import torch

from neuroevo.data.images import Dataset

MOST = 3
"""A rehearsal holds out a third of the ancestry classes at most."""


def rehearsal(dataset: Dataset) -> Dataset:
    """Return the data set without its novel classes: `held_out` ones take their place, and ancestry ones that of those.

    As many ancestry classes are held out as the data set holds out, a third of them at most, evenly spread over their
    order, in which neighbours may be alike. The rest stays ancestry. What is found to be best on such data was chosen
    without a look at the novel classes, so that a comparison on these is still fair.

    Args:
        dataset: A data set whose ancestry is from one environment.

    Raises:
        ValueError: There are fewer than two ancestry classes, or ancestry is from several environments.
    """
    if dataset.environments is not None:
        raise ValueError(
            f"ancestry of {dataset.name} must be from one environment in a rehearsal, because classes are held out "
            f"clean, but it is from {len(dataset.environments.names)}; make environments of the rehearsal's ancestry."
        )
    ancestry, count = dataset.ancestry, len(dataset.ancestry.classes)
    if count < 2:
        raise ValueError(
            f"ancestry of {dataset.name} must have at least 2 classes for a rehearsal, which holds some of them out, "
            f"but it has {count}."
        )
    wanted = max(1, min(len(dataset.held_out.classes), count // MOST))
    chosen = torch.zeros(count, dtype=torch.bool)
    chosen[[number * count // wanted for number in range(wanted)]] = True
    is_held_out = chosen.to(ancestry.labels.device)[ancestry.labels]
    kept, held_out = (ancestry.part(rows.nonzero().flatten()) for rows in (~is_held_out, is_held_out))
    made = Dataset.of(f"{dataset.name}-rehearsal", kept, held_out, dataset.held_out)
    return replace(made, augmentation=dataset.augmentation)
