"""Variants: strategies with other settings, which tables name beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from neuroevo.strategies.strategy import Strategy


@dataclass(frozen=True)
class Variant:
    """A strategy with settings of its own.

    Attributes:
        strategy: The strategy's class.
        summary: One line about it.
        settings: What makes it this variant; only settings that are given for it by name override them.
        sizes: Its defaults where they are not the strategy's; settings for the whole run override them.
        at_once: Whether all generations of a run are one, with as many individuals as all of them together.
    """

    strategy: Callable[..., Strategy]
    summary: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    sizes: Mapping[str, Any] = field(default_factory=dict)
    at_once: bool = False
