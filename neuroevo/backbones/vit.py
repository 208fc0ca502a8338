"""A small vision transformer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from neuroevo.backbones.backbone import Network, check_inputs, check_widths, initialise
from neuroevo.backbones.layout import Axes, Layer, Layout, cached_property

Norm = Literal["batch", "layer"]
STATISTICS = {"batch": ("weight", "bias", "running_mean", "running_var"), "layer": ("weight", "bias")}


@dataclass(frozen=True)
class ViT:
    """Patches with learned positions, pre-norm blocks of attention and an MLP, then an average over patches.

    After Dosovitskiy et al. 2021 (arXiv 2010.11929), small, and without a class token. The groups are the residual
    stream, `stream`, and for each block its heads, `block1.heads`, and the hidden units of its MLP, `block1.hidden`.

    Norms are batch norms over patches and images by default, because they treat each channel separately: a circuit
    computes in an heir of any width what it computes alone. The layer norms of the paper (`norm="layer"`) read the
    whole stream, so that this only holds in an heir with a stream as wide as the circuit's.

    Attributes:
        widths: Channels of the stream, then for each block its heads and its hidden units; the number of blocks
            follows.
        head_width: Channels of each head.
        patch: Height and width of a patch, in pixels.
        channels: Input channels C of the images.
        size: Their height and width, in pixels; a multiple of `patch`.
        norm: `batch` or `layer`.
    """

    kind: ClassVar[str] = "vit"
    widths: tuple[int, ...] = (64, *(4, 128) * 4)
    head_width: int = 16
    patch: int = 4
    channels: int = 3
    size: int = 32
    norm: Norm = "batch"

    def __post_init__(self) -> None:
        check_widths(self.widths)
        for name in ("head_width", "patch", "channels", "size"):
            check_inputs(name, getattr(self, name))
        if len(self.widths) < 3 or len(self.widths) % 2 == 0:
            raise ValueError(f"widths of a vit must be 1 and 2 for each block, but they are {self.widths}.")
        if self.size % self.patch:
            raise ValueError(f"size must be a multiple of the patch of {self.patch} pixels, but it is {self.size}.")
        if self.norm not in STATISTICS:
            raise ValueError(f"norm must be batch or layer, but it is {self.norm!r}.")

    @property
    def blocks(self) -> tuple[str, ...]:
        """The names of the blocks."""
        return tuple(f"block{number}" for number in range(1, 1 + len(self.widths) // 2))

    @cached_property
    def layout(self) -> Layout:
        """Two groups per block, and the stream, which the head reads, at the end."""
        inner = zip(self.blocks, self.widths[1::2], self.widths[2::2], strict=True)
        groups = {
            f"{block}.{part}": n for block, *both in inner for part, n in zip(("heads", "hidden"), both, strict=True)
        }
        groups["stream"] = self.widths[0]
        side = self.size // self.patch
        axes: dict[str, Axes] = {"patches.weight": ("stream", None, None, None), "patches.bias": ("stream",)}
        axes["positions"] = ("stream", None, None)
        fixed = {"patches.weight": (self.channels, self.patch, self.patch), "positions": (side, side)}
        for block in self.blocks:
            for name, output, source in _linears(block):
                axes |= {f"{name}.weight": (output, source), f"{name}.bias": (output,)}
        for norm in (*(f"{block}_norm{i}" for block in self.blocks for i in (1, 2)), "norm"):
            axes |= {f"{norm}.{tensor}": ("stream",) for tensor in STATISTICS[self.norm]}
        blocks = {
            name: tuple(self.head_width if str(group).endswith(".heads") else 1 for group in each)
            for name, each in axes.items()
            if any(str(group).endswith(".heads") for group in each)
        }
        bare = Layout(groups, axes, {name: (0,) * len(each) for name, each in axes.items()}, blocks=blocks)
        shapes = {
            name: (groups["stream"], *fixed[name]) if name in fixed else bare.shape(name, groups) for name in axes
        }
        buffers = frozenset(name for name in axes if ".running_" in name)
        return replace(bare, shapes=shapes, buffers=buffers, stages=self._stages())

    def _stages(self) -> tuple[tuple[Layer, ...], ...]:
        """Return the layers: patches with positions, the blocks, which are branches, and the last norm."""
        parts = [
            Layer((*(name for name, *_ in _linears(block)), f"{block}_norm1", f"{block}_norm2"), branch=True)
            for block in self.blocks
        ]
        return ((Layer(("patches", "positions")),), tuple(parts), (Layer(("norm",)),))

    def build(self, classes: int, *, generator: torch.Generator) -> Network:
        """Return a fresh random network with a head for `classes` classes, on the CPU."""
        with torch.device("meta"):
            network = ViTNetwork(self, classes)
        initialise(network, generator)
        # Residual branches start small, so that depth adds no variance.
        for block in self.blocks:
            for name in ("out", "contract"):
                network.get_parameter(f"{block}_{name}.weight").data.mul_((2 * len(self.blocks)) ** -0.5)
        return network

    def resized(self, groups: Mapping[str, int]) -> ViT:
        """Return the same structure with other numbers of channels per group."""
        *inner, stream = (groups[group] for group in self.layout.groups)
        return replace(self, widths=(stream, *inner))

    def describe(self) -> dict[str, Any]:
        """Return the description as JSON values."""
        return {"kind": self.kind, **asdict(self), "widths": list(self.widths)}


def _linears(block: str) -> tuple[tuple[str, str, str], ...]:
    """Return the linear layers of a block, each with the groups of its outputs and inputs."""
    heads, hidden = f"{block}.heads", f"{block}.hidden"
    reads = tuple((f"{block}_{name}", heads, "stream") for name in ("query", "key", "value"))
    return (
        *reads,
        (f"{block}_out", "stream", heads),
        (f"{block}_expand", hidden, "stream"),
        (f"{block}_contract", "stream", hidden),
    )


class ViTNetwork(Network):
    """The network that a `ViT` describes."""

    positions: nn.Parameter

    def __init__(self, backbone: ViT, classes: int) -> None:
        super().__init__()
        layout, stream = backbone.layout, backbone.widths[0]
        self.patches = nn.Conv2d(backbone.channels, stream, backbone.patch, stride=backbone.patch)
        self.positions = nn.Parameter(torch.empty(layout.shapes["positions"]))
        self.blocks, self.head_width = backbone.blocks, backbone.head_width
        for block in self.blocks:
            for name, *_ in _linears(block):
                outputs, inputs = layout.shapes[f"{name}.weight"]
                self.add_module(name, nn.Linear(inputs, outputs))
            for i in (1, 2):
                self.add_module(f"{block}_norm{i}", _norm(backbone))
        self.norm = _norm(backbone)
        self.head = nn.Linear(stream, classes)

    def features(self, images: Tensor) -> Tensor:
        """Return the features [N, widths[0]] of images [N, C, size, size]."""
        stream = (self.patches(images) + self.positions).flatten(2).transpose(1, 2)
        for block in self.blocks:
            stream = stream + self._attention(block, self._normed(f"{block}_norm1", stream))
            hidden = F.gelu(self.get_submodule(f"{block}_expand")(self._normed(f"{block}_norm2", stream)))
            stream = stream + self.get_submodule(f"{block}_contract")(hidden)
        return self._normed("norm", stream).mean(1)

    def _attention(self, block: str, tokens: Tensor) -> Tensor:
        """Return the output of self-attention over tokens [N, T, D], [N, T, D]."""
        query, key, value = (
            self.get_submodule(f"{block}_{name}")(tokens).unflatten(2, (-1, self.head_width)).transpose(1, 2)
            for name in ("query", "key", "value")
        )
        read = F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        out: Tensor = self.get_submodule(f"{block}_out")(read)
        return out

    def _normed(self, name: str, tokens: Tensor) -> Tensor:
        norm = self.get_submodule(name)
        normed: Tensor = (
            norm(tokens) if isinstance(norm, nn.LayerNorm) else norm(tokens.transpose(1, 2)).transpose(1, 2)
        )
        return normed


def _norm(backbone: ViT) -> nn.Module:
    return (nn.BatchNorm1d if backbone.norm == "batch" else nn.LayerNorm)(backbone.widths[0])


BACKBONES = {"vit": ViT}
