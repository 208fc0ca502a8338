"""Forward passes of populations of convolutional networks on a CPU: one network after the other, in tiles of images.

On a CPU convolutions with channels last in memory are several times as fast as grouped ones, and a tile's activations
stay in the cache. Each network runs on one torch thread.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn

from neuroevo.execution.chain import RISING
from neuroevo.execution.looped import in_threads
from neuroevo.execution.training import channels_last

TILE = 2**20
"""Numbers in the widest activation of a tile: 4 MiB of float32; half and double took the same time."""


class Tiled:
    """Runs a module with convolutions for many sets of parameters; `Tiled.of` checks whether a module has any.

    Args:
        module: The module; it is copied. An increasing activation (such as a ReLU) before a max pooling in an
            `nn.Sequential` is moved behind it: that gives the same numbers, and fewer of them are computed.
    """

    def __init__(self, module: nn.Module) -> None:
        self.module = copy.deepcopy(module).requires_grad_(False)
        for part in self.module.modules():
            if type(part) is nn.Sequential:
                _pool_first(part)

    @classmethod
    def of(cls, module: nn.Module) -> Tiled | None:
        """Return a runner for a module; None if it has no convolution of images."""
        return cls(module) if any(isinstance(part, nn.Conv2d) for part in module.modules()) else None

    def takes(self, inputs: Tensor, *, shared: bool) -> bool:
        """Return whether inputs are images on a CPU: [N, C, H, W], or [P, N, C, H, W] if they are not shared."""
        return inputs.device.type == "cpu" and inputs.dim() == (4 if shared else 5) and inputs.numel() > 0

    def __call__(self, parameters: Mapping[str, Tensor], inputs: Tensor, *, shared: bool) -> Tensor:
        """Return the outputs [P, N, ...] for images [N, C, H, W], or [P, N, C, H, W] if they are not shared."""
        count = len(next(iter(parameters.values())))
        tiles = self._tiles(inputs) if shared else None
        size = -(-count // max(1, torch.get_num_threads()))
        parts = [range(start, min(start + size, count)) for start in range(0, count, size)]
        run = partial(self._run, parameters, tiles, inputs)
        return torch.cat(in_threads(run, parts))

    @torch.no_grad()
    def _run(
        self, parameters: Mapping[str, Tensor], tiles: Sequence[Tensor] | None, inputs: Tensor, rows: range
    ) -> Tensor:
        """Return the outputs of some networks, by a copy of the module that takes their weights in turn."""
        module = copy.deepcopy(self.module)
        own = {name: module.get_parameter(name) for name in parameters}
        outputs: list[Tensor] = []
        for row in rows:
            for name, parameter in own.items():
                parameter.data = channels_last(parameters[name][row])
            outputs += [module(tile) for tile in (tiles or self._tiles(inputs[row]))]
        found = torch.cat(outputs)
        return found.reshape(len(rows), -1, *found.shape[1:])

    def _tiles(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return images [N, C, H, W] in equal tiles, channels last."""
        count = math.ceil(len(images) * self._widest(images[:1]) / TILE)
        return tuple(map(channels_last, images.chunk(max(1, count))))

    @torch.no_grad()
    def _widest(self, image: Tensor) -> int:
        """Return how many numbers the widest layer gives for one image [1, C, H, W]."""
        found = [image.numel()]

        def note(module: nn.Module, arguments: object, outputs: object) -> None:
            found.append(outputs.numel() if isinstance(outputs, Tensor) else 0)

        module = copy.deepcopy(self.module)
        for part in module.modules():
            part.register_forward_hook(note)
        module(image)
        return max(found)


def _pool_first(sequence: nn.Sequential) -> None:
    parts = list(sequence)
    for place, (first, second) in enumerate(pairwise(parts)):
        if type(first) in RISING and type(second) is nn.MaxPool2d and not second.return_indices:
            parts[place], parts[place + 1] = second, first
    for place, part in enumerate(parts):
        sequence[place] = part
