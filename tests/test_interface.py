"""What lies between a network and an environment: the same as Gymnasium's, and plain data."""

import json
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.files import to_json
from neuroevo.interface import Interface
from neuroevo.problems.spaces import actions, observations

gymnasium = pytest.importorskip("gymnasium")
spaces = gymnasium.spaces
utils = spaces.utils

lengths = st.integers(1, 4)
shapes = st.lists(st.integers(1, 3), max_size=2).map(tuple)
boxes = shapes.map(lambda shape: spaces.Box(-1, 1, shape))
bounded = st.builds(
    lambda shape, dtype, low, width: spaces.Box(low, low + width, shape, dtype=dtype),
    shapes,
    st.sampled_from([np.float32, np.float64, np.int32]),
    st.integers(-3, 3),
    st.integers(1, 4),
)
discrete = st.builds(lambda n, start: spaces.Discrete(n, start=start), lengths, st.integers(-3, 3))
several = st.lists(lengths, min_size=1, max_size=3).map(spaces.MultiDiscrete)
binary = st.lists(lengths, min_size=1, max_size=2).map(spaces.MultiBinary)
seen = st.recursive(
    boxes | discrete | several | binary,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(spaces.Tuple)
        | st.dictionaries(st.sampled_from("abc"), inner, min_size=1).map(spaces.Dict)
    ),
    max_leaves=5,
)


def interface(observed: Any, acted: Any) -> Interface:
    """Return the interface of two spaces, by way of JSON."""
    made = Interface(observations(observed), actions(acted))
    return Interface.of(json.loads(to_json(made.facts())), shift=None, scale=None)


@given(seen, st.integers(0, 2**31))
def test_observations_are_flattened_as_by_gymnasium(space: Any, seed: int) -> None:
    """Whatever the space, but for a box, which keeps its shape."""
    space.seed(seed)
    own, element = interface(space, spaces.Discrete(2)), space.sample()
    expected = np.asarray(utils.flatten(space, element), dtype=np.float32)
    assert own.array(element).shape == own.shape
    assert own.array(element).ravel().tolist() == expected.tolist()


@given(discrete | several | binary | bounded, st.integers(0, 2**31), st.sampled_from([0.1, 1.0, 1e30]))
def test_every_action_is_one_that_the_environment_takes(space: Any, seed: int, size: float) -> None:
    """Whatever the outputs, even if they are not finite."""
    own = interface(spaces.Discrete(2), space)
    assert own.outputs == utils.flatdim(space)
    outputs = size * torch.randn(4, own.outputs, generator=torch.Generator().manual_seed(seed))
    outputs[1, 0], outputs[2, -1] = torch.inf, torch.nan
    for given_outputs in (outputs, own.bounded(outputs)):
        chosen = own.chosen(given_outputs)
        assert len(chosen) == 4
        assert all(space.contains(action) for action in chosen)


@given(discrete | several | binary, st.integers(0, 2**31))
def test_outputs_that_are_a_flattened_action_choose_it(space: Any, seed: int) -> None:
    """One-hot outputs give the action that they are."""
    space.seed(seed)
    action = space.sample()
    outputs = torch.as_tensor(utils.flatten(space, action)).float().unsqueeze(0)
    assert np.array_equal(interface(spaces.Discrete(2), space).chosen(outputs)[0], action)


@pytest.mark.parametrize(
    ("space", "element"),
    [
        (spaces.Discrete(3), 3),
        (spaces.Discrete(3, start=1), 0),
        (spaces.MultiDiscrete([2, 2]), [0, 2]),
        (spaces.Tuple((spaces.Discrete(2),)), (1, 1)),
        (spaces.Dict(a=spaces.Discrete(2)), {"b": 1}),
        (spaces.Box(0, 1, (2,)), [0.5]),
    ],
)
def test_what_is_no_observation_is_refused(space: Any, element: Any) -> None:
    """It is an error of the environment, not another observation."""
    with pytest.raises(ValueError, match=r"\w+"):
        interface(space, spaces.Discrete(2)).array(element)
