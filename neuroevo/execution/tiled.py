"""Forward passes of populations of convolutional networks on a CPU: one network after the other, in tiles of images.

On a CPU convolutions with channels last in memory are several times as fast as grouped ones, and a tile's activations
stay in the cache. Each network runs on one torch thread.
"""

from __future__ import annotations

import copy
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn

from neuroevo.execution.chain import RISING
from neuroevo.execution.independence import rows_are_independent
from neuroevo.execution.looped import in_threads
from neuroevo.execution.training import channels_last

TILE = 2**20
"""Numbers in the widest activation of a tile: 4 MiB of float32; half and double took the same time."""


class Tiled:
    """Runs a module with convolutions for many sets of parameters; `Tiled.of` checks whether a module has any.

    Args:
        module: The module; it is copied. An increasing activation (such as a ReLU) before a max pooling in an
            `nn.Sequential` is moved behind it if nothing else uses them: that gives the same numbers, and fewer of them
            are computed.
    """

    def __init__(self, module: nn.Module) -> None:
        self.module = copy.deepcopy(module).requires_grad_(False)
        self.arranged = False
        self.layout: Callable[[Tensor], Tensor] = channels_last
        self.divisible: bool | None = None

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
        self._arrange(inputs[:1] if shared else inputs[0, :1])
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
                parameter.data = self.layout(parameters[name][row])
            outputs += [module(tile) for tile in (tiles or self._tiles(inputs[row]))]
        found = torch.cat(outputs)
        return found.reshape(len(rows), -1, *found.shape[1:])

    @torch.no_grad()
    def _arrange(self, image: Tensor) -> None:
        """Find out by an image [1, C, H, W], the first time, what makes no difference but for speed."""
        if self.arranged:
            return
        self.arranged = True
        for name in _called_as_a_whole(copy.deepcopy(self.module), image):
            _pool_first(cast(nn.Sequential, self.module.get_submodule(name)))
        if not _takes_channels_last(copy.deepcopy(self.module), image):
            self.layout = torch.Tensor.contiguous

    def _tiles(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return images [N, C, H, W] in equal tiles, channels last if possible; in one if images affect each other."""
        count = max(1, math.ceil(len(images) * self._widest(images[:1]) / TILE))
        if count > 1 and self.divisible is None:
            module = copy.deepcopy(self.module)
            self.divisible = rows_are_independent(module, module, images)
        return tuple(map(self.layout, images.chunk(count if self.divisible else 1)))

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


@torch.no_grad()
def _takes_channels_last(module: nn.Module, image: Tensor) -> bool:
    """Return whether a module, which is changed, runs on images and kernels with channels last: `view` may not."""
    for parameter in module.parameters():
        parameter.data = channels_last(parameter)
    try:
        module(channels_last(image))
    except RuntimeError:
        return False
    return True


def _called_as_a_whole(module: nn.Module, image: Tensor) -> list[str]:
    """Return the names of sequences whose layers run when the sequence does, and never else, and which none watches."""
    calls, watched = Counter[nn.Module](), set[nn.Module]()

    def note(part: nn.Module, arguments: object) -> None:
        calls[part] += 1
        if part._forward_hooks or len(part._forward_pre_hooks) > 1:
            watched.add(part)

    handles = [part.register_forward_pre_hook(note) for part in module.modules()]
    module(image)
    for handle in handles:
        handle.remove()
    return [
        name
        for name, part in module.named_modules()
        if type(part) is nn.Sequential
        and "forward" not in vars(part)
        and not watched & {part, *part}
        and all(calls[layer] == times * calls[part] for layer, times in Counter(part).items())
    ]


def _pool_first(sequence: nn.Sequential) -> None:
    parts = list(sequence)
    for place, (first, second) in enumerate(pairwise(parts)):
        if type(first) in RISING and type(second) is nn.MaxPool2d and not second.return_indices:
            parts[place], parts[place + 1] = second, first
    for place, part in enumerate(parts):
        sequence[place] = part
