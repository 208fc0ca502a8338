"""Recurrent layers in elementary operations give what PyTorch's kernels give, and can be stacked."""

import pickle
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils._pytree import tree_leaves

from neuroevo.execution.forward import Forward
from neuroevo.execution.unrolled import unrolled

LAYERS = {
    "rnn": (nn.RNN, {}),
    "relu": (nn.RNN, {"nonlinearity": "relu"}),
    "gru": (nn.GRU, {}),
    "lstm": (nn.LSTM, {}),
}


@torch.random.fork_rng(devices=[])
def made(kind: Any, *sizes: int, **settings: Any) -> Any:
    """Return a layer with given weights."""
    torch.manual_seed(0)
    return kind(*sizes, **settings)


def drawn(*shape: int, seed: int = 1) -> torch.Tensor:
    """Return random numbers."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def agree(layer: Any, inputs: torch.Tensor) -> None:
    """Check that both forms agree, from zero and from a state of their own."""
    other = unrolled(layer)
    assert type(other).forward is not type(layer).forward
    first, second = layer(inputs), other(inputs)
    state = first[1] if isinstance(first, tuple) and isinstance(layer, nn.RNNBase) else first
    for found, expected in ((second, first), (other(inputs, state), layer(inputs, state))):
        for one, another in zip(tree_leaves(found), tree_leaves(expected), strict=True):
            torch.testing.assert_close(one, another)


@settings(max_examples=12)
@given(
    kind=st.sampled_from([*LAYERS]),
    num_layers=st.integers(1, 2),
    bidirectional=st.booleans(),
    batch_first=st.booleans(),
    bias=st.booleans(),
    shape=st.sampled_from([(3, 4), (2, 3, 4), (1, 1, 4)]),
)
def test_layers(kind: str, shape: tuple[int, ...], **given_settings: Any) -> None:
    """With any settings, for one sequence or for several, outputs and last states are equal."""
    layer, own = LAYERS[kind]
    agree(made(layer, 4, 5, **own, **given_settings), drawn(*shape))


@pytest.mark.filterwarnings("ignore:LSTM with projections")
def test_projections() -> None:
    """So are they of an LSTM with a projection."""
    agree(made(nn.LSTM, 4, 5, proj_size=3), drawn(2, 3, 4))


@pytest.mark.parametrize("kind", [nn.RNNCell, nn.GRUCell, nn.LSTMCell])
@pytest.mark.parametrize("shape", [(4,), (3, 4)])
def test_cells(kind: type[nn.Module], shape: tuple[int, ...]) -> None:
    """So are the states of cells."""
    agree(made(kind, 4, 5), drawn(*shape))


class Last(nn.Module):
    """Classifies sequences by the last output of a GRU."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.GRU(4, 5, batch_first=True)
        self.head = nn.Linear(5, 2)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return two numbers for each sequence."""
        found: torch.Tensor = self.head(self.layer(inputs)[0][:, -1])
        return found


def test_populations_are_stacked(caplog: pytest.LogCaptureFixture) -> None:
    """A module with recurrent layers runs for a whole population at once, and the one that was given is as it was."""
    module, generator = made(Last), torch.Generator().manual_seed(2)
    several = {name: torch.randn(3, *own.shape, generator=generator) for name, own in module.named_parameters()}
    forward, inputs = Forward(module), drawn(6, 7, 4)
    found = forward(several, inputs)
    assert not caplog.records
    assert type(module.layer) is nn.GRU
    for row, outputs in enumerate(found):
        module.load_state_dict({name: values[row] for name, values in several.items()})
        torch.testing.assert_close(outputs, module(inputs).detach())
    assert torch.equal(pickle.loads(pickle.dumps(forward))(several, inputs), found)


def test_others_stay() -> None:
    """A module without recurrent layers is not copied."""
    module = nn.ReLU()
    assert unrolled(module) is module
