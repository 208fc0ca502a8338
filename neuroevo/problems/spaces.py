"""Gymnasium's spaces as descriptions: what a network can see and do is decided here, before anything is played."""

from __future__ import annotations

from typing import Any

from neuroevo.interface import CHOICES, Description

SEEN = ("Box", "Discrete", "MultiDiscrete", "MultiBinary", "Tuple", "Dict")
"""Kinds of observation spaces that can be flattened to a vector of fixed length."""


def observations(space: Any) -> Description:
    """Return the description of an observation space.

    Raises:
        ValueError: It, or a part of it, is of another kind than `SEEN`.
    """
    if (kind := _kind(space)) not in SEEN:
        raise ValueError(
            f"observations must be in spaces of the kinds {', '.join(SEEN)}, but they are in {space}; give a function "
            "that returns the environment in a wrapper of gymnasium.wrappers."
        )
    if kind == "Tuple":
        return {"kind": kind, "parts": [observations(part) for part in space.spaces]}
    if kind == "Dict":
        return {"kind": kind, "names": [*space.spaces], "parts": [observations(one) for one in space.spaces.values()]}
    return {key: value for key, value in _plain(kind, space).items() if key not in ("low", "high", "dtype")}


def actions(space: Any) -> Description:
    """Return the description of an action space.

    Raises:
        ValueError: It is of another kind than Discrete, MultiDiscrete, MultiBinary and Box.
    """
    if (kind := _kind(space)) not in CHOICES:
        raise ValueError(
            f"actions must be in a space of the kinds {', '.join(CHOICES)}, but they are in {space}; give a function "
            "that returns the environment in a wrapper of gymnasium.wrappers."
        )
    return _plain(kind, space)


def _kind(space: Any) -> str:
    """Return the name of Gymnasium's class that a space belongs to; its own if there is none."""
    from gymnasium import spaces

    return next((name for name in SEEN if isinstance(space, getattr(spaces, name))), type(space).__name__)


def _plain(kind: str, space: Any) -> dict[str, Any]:
    if kind == "Discrete":
        return {"kind": kind, "n": int(space.n), "start": int(space.start)}
    shared = {"kind": kind, "shape": list(space.shape), "dtype": str(space.dtype)}
    if kind == "MultiDiscrete":
        return {**shared, "nvec": space.nvec.ravel().tolist(), "start": space.start.ravel().tolist()}
    if kind == "MultiBinary":
        return shared
    # JSON has no infinity.
    low, high = ([str(bound) for bound in bounds.ravel().tolist()] for bounds in (space.low, space.high))
    return {**shared, "low": low, "high": high}
