"""Recurrent layers of PyTorch in elementary operations, which `torch.func.vmap` can batch.

PyTorch's own kernels of RNN, GRU and LSTM have no batched form over weights, so that a population would run one network
after the other. Equations are those of PyTorch's documentation of `nn.RNN`, `nn.GRU` and `nn.LSTM`; results agree up to
rounding.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

State = tuple[Tensor, ...]
"""The hidden state [..., H] of one layer; of an LSTM also the cell state."""

Gates = Callable[[Tensor, Tensor, State], State]
"""Takes what comes from the inputs, what comes from the hidden state, and the state; returns the next state."""


def _tanh(inputs: Tensor, hidden: Tensor, state: State) -> State:
    return (torch.tanh(inputs + hidden),)


def _relu(inputs: Tensor, hidden: Tensor, state: State) -> State:
    return (F.relu(inputs + hidden),)


def _gru(inputs: Tensor, hidden: Tensor, state: State) -> State:
    (reset_in, update_in, new_in), (reset, update, new) = inputs.chunk(3, -1), hidden.chunk(3, -1)
    proposed = torch.tanh(new_in + torch.sigmoid(reset_in + reset) * new)
    return (proposed + torch.sigmoid(update_in + update) * (state[0] - proposed),)


def _lstm(inputs: Tensor, hidden: Tensor, state: State) -> State:
    let_in, keep, new, out = (inputs + hidden).chunk(4, -1)
    cell = torch.sigmoid(keep) * state[1] + torch.sigmoid(let_in) * torch.tanh(new)
    return torch.sigmoid(out) * torch.tanh(cell), cell


GATES: Mapping[str, Gates] = {"RNN_TANH": _tanh, "RNN_RELU": _relu, "GRU": _gru, "LSTM": _lstm}
"""The step of a layer, by the name that PyTorch's layers have for it."""


def _next(mode: str, inputs: Tensor, state: State, weights: Sequence[Tensor | None]) -> State:
    """Return the next state for inputs [..., I]; weights: of inputs and hidden state, their biases, the projection."""
    of_inputs, of_hidden, input_bias, hidden_bias, projection = weights
    assert of_inputs is not None  # noqa: S101 - for type checkers
    assert of_hidden is not None  # noqa: S101
    gates = F.linear(inputs, of_inputs, input_bias), F.linear(state[0], of_hidden, hidden_bias)
    found = GATES[mode](*gates, state)
    return found if projection is None else (F.linear(found[0], projection), *found[1:])


class _Cell:
    """A cell; beside one of PyTorch's cells among the bases, it replaces `forward` alone."""

    def forward(self: Any, input: Tensor, hx: Any = None) -> Any:
        """Return the next state."""
        mode = f"RNN_{self.nonlinearity.upper()}" if isinstance(self, nn.RNNCell) else type(self).__bases__[1].__name__
        mode = mode.removesuffix("Cell")
        count = 2 if mode == "LSTM" else 1
        if hx is None:
            hx = (input.new_zeros(*input.shape[:-1], self.hidden_size),) * count
        state = tuple(hx) if count == 2 else hx if isinstance(hx, tuple) else (hx,)
        weights = (self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh, None)
        found = _next(mode, input, state, weights)
        return found if count == 2 else found[0]


class _Layers:
    """Layers over a sequence; beside one of PyTorch's classes among the bases, it replaces `forward` alone."""

    def forward(self: Any, input: Tensor, hx: Any = None) -> Any:
        """Return the outputs of the last layer for a sequence, and the last state of each layer."""
        single = input.dim() == 2
        steps = input.unsqueeze(1) if single else input.transpose(0, 1) if self.batch_first else input
        before = self._begun(steps, hx, single)
        after: list[State] = []
        for layer in range(self.num_layers):
            both = [self._passed(steps, before[len(after)], layer, backwards=False)]
            after.append(both[0][1])
            if self.bidirectional:
                both.append(self._passed(steps, before[len(after)], layer, backwards=True))
                after.append(both[1][1])
            steps = torch.cat([outputs for outputs, _ in both], -1)
        outputs = steps.squeeze(1) if single else steps.transpose(0, 1) if self.batch_first else steps
        ends = [torch.stack(parts).squeeze(1) if single else torch.stack(parts) for parts in zip(*after, strict=True)]
        return outputs, tuple(ends) if self.mode == "LSTM" else ends[0]

    def _begun(self: Any, steps: Tensor, hx: Any, single: bool) -> list[State]:
        """Return the state of each layer and direction, zero if none is given."""
        count = self.num_layers * (1 + self.bidirectional)
        sizes = (self.proj_size or self.hidden_size, self.hidden_size)[: 2 if self.mode == "LSTM" else 1]
        if hx is None:
            return [tuple(steps.new_zeros(steps.shape[1], size) for size in sizes)] * count
        given = [part.unsqueeze(1) if single else part for part in (hx if self.mode == "LSTM" else (hx,))]
        return list(zip(*(part.unbind(0) for part in given), strict=True))

    def _passed(self: Any, steps: Tensor, state: State, layer: int, *, backwards: bool) -> tuple[Tensor, State]:
        """Return the outputs [L, N, H] and the last state of one layer in one direction."""
        suffix = f"_l{layer}{'_reverse' if backwards else ''}"
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
        weights = [getattr(self, name + suffix, None) for name in names]
        found = []
        for inputs in steps.flip(0) if backwards else steps:
            state = _next(self.mode, inputs, state, weights)
            found.append(state[0])
        outputs = torch.stack(found)
        return outputs.flip(0) if backwards else outputs, state


class _RNNCell(_Cell, nn.RNNCell):
    pass


class _GRUCell(_Cell, nn.GRUCell):
    pass


class _LSTMCell(_Cell, nn.LSTMCell):
    pass


class _RNN(_Layers, nn.RNN):  # type: ignore[misc]
    pass


class _GRU(_Layers, nn.GRU):  # type: ignore[misc]
    pass


class _LSTM(_Layers, nn.LSTM):  # type: ignore[misc]
    pass


UNROLLED: Mapping[type[nn.Module], type[nn.Module]] = {
    nn.RNNCell: _RNNCell,
    nn.GRUCell: _GRUCell,
    nn.LSTMCell: _LSTMCell,
    nn.RNN: _RNN,
    nn.GRU: _GRU,
    nn.LSTM: _LSTM,
}
"""What replaces PyTorch's classes; subclasses of theirs do something else, and stay."""


def unrolled(module: nn.Module) -> nn.Module:
    """Return a module that computes its recurrent layers in elementary operations; itself if it has none."""
    if not any(type(part) in UNROLLED for part in module.modules()):
        return module
    made = copy.deepcopy(module)
    for part in made.modules():
        if type(part) in UNROLLED:
            part.__class__ = UNROLLED[type(part)]
    return made
