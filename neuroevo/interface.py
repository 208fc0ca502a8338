"""What lies between an environment and a network: observations become tensors, outputs become actions.

It is plain data, so that it goes into the file of a genome and works without Gymnasium. Spaces are described by
mappings of JSON values, which `neuroevo.problems.spaces` reads from Gymnasium's spaces.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Description = Mapping[str, Any]
"""A space: its `kind`, which is the name of Gymnasium's class, and what that kind needs."""


@dataclass(frozen=True, eq=False)
class Interface:
    """How a network sees an environment and acts in it.

    An observation in a box goes to the network as it is, [*shape]; any other is flattened to a vector as by
    `gymnasium.spaces.flatten`: one-hot if it is discrete. Outputs become actions like this:

    - `Discrete`: the action of the greatest output.
    - `MultiDiscrete`: the greatest output of each group, one output for each choice.
    - `MultiBinary`: 1 where an output is above 0.
    - `Box`: the outputs clipped to its bounds; NaN becomes 0 before.

    Attributes:
        observations: The observation space.
        actions: The action space.
        shift: What is subtracted from each observation, [*shape]; None for nothing.
        scale: What each observation is divided by after that, [*shape]; None for nothing.
    """

    observations: Description
    actions: Description
    shift: Tensor | None = None
    scale: Tensor | None = None

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """The shape of one observation, as the network gets it; numbers are vectors of one."""
        own = self.observations
        return tuple(own["shape"]) or (1,) if own["kind"] == "Box" else (width(own),)

    @property
    def outputs(self) -> int:
        """The number of outputs, A."""
        return width(self.actions)

    def array(self, observation: Any) -> NDArray[np.float32]:
        """Return one observation of the environment as an array [*shape].

        Raises:
            ValueError: It is not in the observation space.
        """
        if self.observations["kind"] != "Box":
            return flattened(self.observations, observation)
        return np.asarray(observation, dtype=np.float32).reshape(self.shape)

    def bounded(self, outputs: Tensor) -> Tensor:
        """Return outputs [..., A] as they count: for a box, clipped to its bounds."""
        if self.actions["kind"] != "Box":
            return outputs
        low, high = (torch.tensor(_numbers(self.actions[name]), dtype=outputs.dtype) for name in ("low", "high"))
        # Outputs that are not finite are no action, and environments fail on them unpredictably.
        return torch.nan_to_num(outputs).clamp(low.to(outputs.device), high.to(outputs.device))

    def chosen(self, outputs: Tensor) -> list[Any]:
        """Return the actions, in the form that the environment takes, for outputs [N, A]."""
        return CHOICES[self.actions["kind"]](self.actions, outputs.detach().cpu().numpy())

    @classmethod
    def of(cls, facts: Mapping[str, Any], *, shift: Tensor | None, scale: Tensor | None) -> Interface:
        """Return the interface with these spaces, as `facts` returned them.

        Raises:
            Exception: They describe no spaces; one of the errors that reading damaged data raises.
        """
        found = cls(facts["observations"], facts["actions"], shift, scale)
        wrong = any(one is not None and one.shape != found.shape for one in (shift, scale))
        if wrong or found.actions["kind"] not in CHOICES:
            raise ValueError("an interface must have actions of a known kind, and a shift of the observations' shape")
        return found

    def facts(self) -> dict[str, Any]:
        """Return the spaces as JSON values; `shift` and `scale` are not among them."""
        return {"observations": dict(self.observations), "actions": dict(self.actions)}


def normalised(observations: Tensor, shift: Tensor | None, scale: Tensor | None) -> Tensor:
    """Return observations [..., *shape] shifted and scaled; as they are without."""
    if shift is None or scale is None:
        return observations
    return (observations - shift.to(observations)) / scale.to(observations)


def width(space: Description) -> int:
    """Return the length of a flattened element of a space; for actions, the number of outputs."""
    kind = space["kind"]
    if kind in ("Tuple", "Dict"):
        return sum(width(part) for part in space["parts"])
    if kind == "Discrete":
        return int(space["n"])
    return sum(space["nvec"]) if kind == "MultiDiscrete" else math.prod(space["shape"])


def flattened(space: Description, element: Any) -> NDArray[np.float32]:
    """Return an element of a space as a vector, as `gymnasium.spaces.flatten` does.

    Raises:
        ValueError: It is not in the space.
    """
    kind = space["kind"]
    if kind == "Dict":
        return np.concatenate([flattened(*pair) for pair in zip(space["parts"], _values(space, element), strict=True)])
    if kind == "Tuple":
        return np.concatenate([flattened(*pair) for pair in zip(space["parts"], element, strict=True)])
    if kind == "Discrete":
        return _one_hot([int(element) - space["start"]], [space["n"]])
    if kind == "MultiDiscrete":
        return _one_hot((np.ravel(element) - np.asarray(space["start"])).tolist(), space["nvec"])
    return np.asarray(element, dtype=np.float32).reshape(width(space))


def _values(space: Description, element: Mapping[str, Any]) -> list[Any]:
    if element.keys() != set(space["names"]):
        raise ValueError(f"an observation must have the entries {space['names']}, but it has {[*element]}.")
    return [element[name] for name in space["names"]]


def _one_hot(places: Sequence[int], lengths: Sequence[int]) -> NDArray[np.float32]:
    found = np.zeros(sum(lengths), dtype=np.float32)
    start = 0
    for place, length in zip(places, lengths, strict=True):
        if not 0 <= place < length:
            raise ValueError(f"an observation must be one of {length} numbers, but it is number {place}.")
        found[start + place] = 1
        start += length
    return found


def _discrete(space: Description, outputs: NDArray[Any]) -> list[Any]:
    start = space["start"]
    return [start + place for place in outputs.argmax(-1).tolist()]


def _multi_discrete(space: Description, outputs: NDArray[Any]) -> list[Any]:
    groups = np.split(outputs, np.cumsum(space["nvec"])[:-1], axis=-1)
    chosen = np.stack([group.argmax(-1) for group in groups], axis=-1) + np.asarray(space["start"])
    return list(chosen.reshape(-1, *space["shape"]).astype(space["dtype"]))


def _multi_binary(space: Description, outputs: NDArray[Any]) -> list[Any]:
    return list((outputs > 0).reshape(-1, *space["shape"]).astype(space["dtype"]))


def _box(space: Description, outputs: NDArray[Any]) -> list[Any]:
    low, high = (np.array(_numbers(space[name]), dtype=space["dtype"]) for name in ("low", "high"))
    # The outputs are clipped already; in the environment's own precision the bounds may lie a bit further inside.
    clipped = np.clip(np.nan_to_num(outputs), low, high).astype(space["dtype"])
    # An action of the shape [] is an array, too.
    return [np.asarray(action) for action in clipped.reshape(-1, *space["shape"])]


CHOICES: Mapping[str, Callable[[Description, NDArray[Any]], list[Any]]] = {
    "Discrete": _discrete,
    "MultiDiscrete": _multi_discrete,
    "MultiBinary": _multi_binary,
    "Box": _box,
}
"""How outputs [N, A] become N actions, by the kind of the action space."""


def _numbers(bounds: Sequence[float | str]) -> list[float]:
    """Return bounds as numbers; JSON has no infinity, so that it is a word there."""
    return [float(bound) for bound in bounds]
