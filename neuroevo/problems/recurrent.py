"""Layers in a row, of which recurrent ones keep their state from step to step of an episode."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

CELLS = (nn.RNNCell, nn.GRUCell, nn.LSTMCell)
LAYERS = (nn.RNN, nn.GRU, nn.LSTM)

State = tuple[Any, ...]
"""The state of each recurrent layer, in their order: a tensor, or two of an LSTM."""


class Recurrent(nn.Sequential):
    """An `nn.Sequential` with a memory: `Recurrent(nn.Linear(4, 8), nn.Tanh(), nn.GRUCell(8, 8), nn.Linear(8, 2))`.

    Layers of the classes RNN, GRU and LSTM and their cells take the state that they had after the last step; it is zero
    when an episode begins.

    Args:
        *layers: As for `nn.Sequential`; at least one recurrent one, in one direction.

    Raises:
        ValueError: No layer is recurrent, or one reads in both directions.
    """

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__(*layers)
        if not self._memories():
            raise ValueError(f"layers must have a recurrent one, such as nn.GRUCell, but they are {self._kinds()}.")
        if any(getattr(layer, "bidirectional", False) for layer in layers):
            raise ValueError("layers must read in one direction, for the future is unknown, but one is bidirectional.")

    def initial_state(self, count: int) -> State:
        """Return the state of `count` episodes before their first steps: zeros."""
        return tuple(_zeros(layer, count) for layer in self._memories())

    def forward(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:  # type: ignore[override]
        """Return the outputs [N, A] of one step and the next state, for inputs [N, ...] and the state of N episodes."""
        after: list[Any] = []
        for layer in self:
            if not isinstance(layer, (*CELLS, *LAYERS)):
                inputs = layer(inputs)
                continue
            before = state[len(after)]
            if isinstance(layer, CELLS):
                after.append(layer(inputs, before))
                inputs = after[-1][0] if isinstance(layer, nn.LSTMCell) else after[-1]
            else:
                time = 1 if layer.batch_first else 0
                outputs, last = layer(inputs.unsqueeze(time), before)
                inputs = outputs.squeeze(time)
                after.append(last)
        return inputs, tuple(after)

    def _memories(self) -> list[Any]:
        return [layer for layer in self if isinstance(layer, (*CELLS, *LAYERS))]

    def _kinds(self) -> str:
        return ", ".join(type(layer).__name__ for layer in self) or "none"


def _zeros(layer: Any, count: int) -> Any:
    weight = layer.weight_hh if isinstance(layer, CELLS) else layer.weight_hh_l0
    lead = (count,) if isinstance(layer, CELLS) else (layer.num_layers, count)
    hidden = weight.new_zeros(*lead, getattr(layer, "proj_size", 0) or layer.hidden_size)
    if not isinstance(layer, (nn.LSTM, nn.LSTMCell)):
        return hidden
    return hidden, weight.new_zeros(*lead, layer.hidden_size)
