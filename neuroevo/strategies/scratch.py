"""Training from scratch: the control that hands on nothing."""

from __future__ import annotations

from typing import ClassVar

from neuroevo.strategies.one_candidate import OneCandidate


class Scratch(OneCandidate):
    """Hands on nothing: descendants start from random weights."""

    name: ClassVar[str] = "scratch"
    trains: ClassVar[bool] = False

    def candidate(self) -> None:
        """Return nothing."""
