"""Environments: where each image of ancestry is from, as sources of data on the web differ in what they are worth."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from neuroevo.spelling import listed


@dataclass(frozen=True, eq=False)
class Environments:
    """The environments that the N images of `ancestry` are from, each image from one of E.

    Attributes:
        names: Names of the E environments.
        of: The environment of each image, int64 [N], in 0..E-1, on the device of the images.
        useful: Names of those that are known to be useful. Strategies don't look at it, but for oracles, which are
            controls.

    Raises:
        TypeError: `of` has another dtype.
        ValueError: Names are not different, an environment has no image, or a useful one is unknown.
    """

    names: tuple[str, ...]
    of: Tensor
    useful: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.of.dtype != torch.int64 or self.of.ndim != 1:
            raise TypeError(f"of must be int64 [N], but it is {self.of.dtype} {list(self.of.shape)}.")
        if not self.names or len(set(self.names)) < len(self.names):
            raise ValueError(f"environments must have different names, at least one, but they have {self.names}.")
        if unknown := [name for name in self.useful if name not in self.names]:
            raise ValueError(f"useful must name environments ({listed(self.names)}), but it names {listed(unknown)}.")
        found = self.of.unique().tolist()
        if found != list(range(len(self.names))):
            raise ValueError(
                f"each of the {len(self.names)} environments must have an image, and each image one of them, but "
                f"images are from {found}."
            )

    def __len__(self) -> int:
        return len(self.names)

    def rows(self, *names: str) -> Tensor:
        """Return the rows of the images from environments of these names, int64, ascending.

        Raises:
            ValueError: A name is none of an environment.
        """
        if unknown := [name for name in names if name not in self.names]:
            raise ValueError(f"environments must be of {listed(self.names)}, but there is no {listed(unknown)}.")
        places = torch.tensor([self.names.index(name) for name in names], device=self.of.device)
        return torch.nonzero(torch.isin(self.of, places)).squeeze(1)

    def facts(self) -> dict[str, Any]:
        """Return what identifies them, as JSON values."""
        digest = hashlib.sha256(self.of.cpu().numpy().tobytes()).hexdigest()
        return {"names": list(self.names), "useful": list(self.useful), "sha256": digest}

    def to(self, device: torch.device | str) -> Environments:
        """Return the same environments on a device."""
        return Environments(self.names, self.of.to(device), self.useful)
