"""What only a GPU has: updates captured as graphs, and streams for loops of small networks.

A small network's update is dozens of kernels that run for microseconds each, so that a GPU waits for the host; a graph
replays them all by one call, and streams let several networks' kernels run side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch
from torch import Tensor

T = TypeVar("T")
R = TypeVar("R")

STREAMS = 4
WARM_UP = 3


class Graph:
    """An update that is captured once and then replayed.

    Args:
        step: The update: takes rows and labels and returns losses; it must not wait for the device.
        rows: Rows of an update, for their shape.
        labels: Labels of an update, for their shape.
        kept: All tensors that an update changes. An update has to run a few times before it is captured; afterwards
            these tensors are restored.
        optimizer: The optimiser, with moments that start at zero.
    """

    def __init__(
        self,
        step: Callable[[Tensor, Tensor], Tensor],
        rows: Tensor,
        labels: Tensor,
        *,
        kept: Sequence[Tensor],
        optimizer: torch.optim.Optimizer,
    ) -> None:
        self.rows, self.labels = rows.clone(), labels.clone()
        before = [tensor.detach().clone() for tensor in kept]
        current, aside = torch.cuda.current_stream(), torch.cuda.Stream()
        aside.wait_stream(current)
        with torch.cuda.stream(aside):
            for _ in range(WARM_UP):
                step(self.rows, self.labels)
        current.wait_stream(aside)
        restore(kept, before, optimizer)
        self.graph = torch.cuda.CUDAGraph()
        # Other threads may use streams of their own meanwhile.
        with torch.cuda.graph(self.graph, capture_error_mode="thread_local"):
            self.losses = step(self.rows, self.labels)

    def __call__(self, rows: Tensor, labels: Tensor) -> Tensor:
        """Replay the update with other rows and labels, and return its losses, which the next replay overwrites."""
        self.rows.copy_(rows)
        self.labels.copy_(labels)
        self.graph.replay()
        return self.losses


@torch.no_grad()
def restore(kept: Sequence[Tensor], before: Sequence[Tensor], optimizer: torch.optim.Optimizer) -> None:
    """Write earlier values back into tensors and zeros into moments, the state before the first step."""
    for tensor, values in zip(kept, before, strict=True):
        tensor.copy_(values)
    for state in optimizer.state.values():
        for moment in state.values():
            if isinstance(moment, Tensor):
                moment.zero_()


def on_streams(function: Callable[[T], R], items: Sequence[T], device: torch.device) -> list[R]:
    """Map over items on several streams of a GPU; results come in the order of the items."""

    def aside(item: T) -> R:
        stream = torch.cuda.Stream(device)
        stream.wait_stream(torch.cuda.default_stream(device))
        with torch.cuda.stream(stream):
            result = function(item)
        stream.synchronize()
        return result

    with ThreadPoolExecutor(STREAMS) as pool:
        return list(pool.map(aside, items))
