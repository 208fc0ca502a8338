"""A learngene: the small circuit that ancestors pass on, with its provenance."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from torch import Tensor

from neuroevo.backbones import Backbone, Network, from_description
from neuroevo.backbones.description import check_extent
from neuroevo.cards import card
from neuroevo.files import CheckpointError, read_plain
from neuroevo.hub import Shareable, fetched
from neuroevo.sealed import DAMAGE, seal, unseal
from neuroevo.seeds import stream
from neuroevo.spelling import listed, shown

SCHEMA = 1
USAGE = """import torch
from neuroevo import Learngene
from neuroevo.operators.inheritance import inherit

learngene = Learngene.from_pretrained({repo})
circuit = learngene.to_module(classes=10)  # its genes alone, a small network
backbone = learngene.backbone
heir = backbone.build(10, generator=torch.Generator().manual_seed(0))  # or a wider or deeper one
heir.load_state_dict(inherit(learngene, heir.state_dict(), layout=backbone.layout).weights)"""
"""What its model card shows."""


@dataclass(frozen=True, eq=False, repr=False)
class Learngene(Shareable):
    """Index sets, the slices that they cut from a network, and the provenance of every kept channel.

    Each kept channel reads kept channels only, so the circuit runs from input to output by itself
    (after GTL, arXiv 2401.08139). Input channels are complete and the classifier head is never part.
    A learngene of whole layers is a partial one: it holds slices of some tensors only.

    Attributes:
        backbone: The architecture that the circuit was cut from.
        indices: Per group the kept channels of the ancestor, int64 [n], sorted and without repetition.
        slices: Per tensor of the backbone's layout, or of some of them, the kept part, float32, dense, in the order of
            `indices`.
        provenance: Per group one id for each kept channel, int64 [n]: new at birth and when a mutation brings the
            channel in, kept when the channel is inherited.
        notes: Its origin (lineage, settings, classes), as JSON values.
    """

    FILE: ClassVar[str] = "learngene.safetensors"

    backbone: Backbone
    indices: Mapping[str, Tensor]
    slices: Mapping[str, Tensor]
    provenance: Mapping[str, Tensor]
    notes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        layout = self.backbone.layout
        for name, mapping, keys in (
            ("indices", self.indices, layout.groups),
            ("provenance", self.provenance, layout.groups),
        ):
            if set(mapping) != set(keys):
                raise ValueError(f"{name} must have the entries {sorted(keys)}, but they are {shown(sorted(mapping))}.")
        if not self.slices or not set(self.slices) <= set(layout.axes):
            raise ValueError(
                f"slices must be of one or more of {listed(sorted(layout.axes))}, but they are of "
                f"{listed(sorted(self.slices)) or 'none'}."
            )
        for group, channels in layout.groups.items():
            _check_indices(group, self.indices[group], channels)
            ids = self.provenance[group]
            if ids.dtype != torch.int64 or ids.shape != self.indices[group].shape:
                raise ValueError(
                    f"provenance of {group} must be one int64 id for each of {len(self.indices[group])} indices, "
                    f"but it is {ids.dtype} of the shape {tuple(ids.shape)}."
                )
        counts = self.counts
        for name in self.slices:
            shape = layout.shape(name, counts)
            if tuple(self.slices[name].shape) != shape:
                raise ValueError(
                    f"the slice {name} must have the shape {shape}, but it has {tuple(self.slices[name].shape)}."
                )

    def _summary(self) -> dict[str, Any]:
        kept = ", ".join(f"{group} {count}" for group, count in self.counts.items())
        facts = {"backbone": self.backbone.describe()["kind"], "parameters": self.parameters}
        return {**facts, "share": f"{100 * self.share:.1f} %", "channels": f"({kept})"}

    @property
    def counts(self) -> dict[str, int]:
        """The number of kept channels of each group."""
        return {group: len(self.indices[group]) for group in self.backbone.layout.groups}

    @property
    def parameters(self) -> int:
        """The number of parameters that the learngene holds."""
        return self.backbone.layout.parameters(self.counts, tensors=self.slices)

    @property
    def share(self) -> float:
        """The learngene's parameters as a share of its backbone's (both without a head)."""
        return self.parameters / self.backbone.layout.parameters()

    def with_notes(self, **notes: Any) -> Learngene:
        """Return the same learngene with these JSON values added to its notes."""
        return replace(self, notes={**self.notes, **notes})

    def to_module(self, *, classes: int, seed: int = 0) -> Network:
        """Return the circuit as a network of its own, with a fresh head for `classes` classes.

        Tensors that a partial learngene lacks are fresh, too.
        """
        network = self.backbone.resized(self.counts).build(classes, generator=stream(seed, "head"))
        network.load_state_dict({**network.state_dict(), **self.slices})
        return network

    def tensors(self) -> dict[str, Tensor]:
        """Return copies of all tensors under flat names, contiguous and on the CPU."""
        parts = {"indices": self.indices, "slices": self.slices, "provenance": self.provenance}
        return {
            # Each in memory of its own: safetensors refuses tensors that share theirs.
            f"{part}/{name}": tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
            for part, mapping in parts.items()
            for name, tensor in mapping.items()
        }

    def header(self) -> dict[str, Any]:
        """Return everything except the tensors, as JSON values."""
        return {"schema": SCHEMA, "backbone": self.backbone.describe(), "notes": dict(self.notes)}

    def to_bytes(self) -> bytes:
        """Return the file's content: safetensors with one metadata entry; equal learngenes give equal bytes."""
        return seal(self.tensors(), self.header())

    def card(self, repo: str, *, license: str | None = None) -> str:
        """Return the model card, Markdown with the YAML that the Hub reads.

        Args:
            repo: Where it will be, "USER/NAME", which the card's example loads.
            license: Identifier of the licence, such as "cc-by-4.0"; by default the note `license`.
        """
        kind = self.backbone.describe()["kind"]
        about = (
            f"A learngene: the part of a network ({kind}) that its descendants inherit, {self.parameters:,} "
            f"parameters, {100 * self.share:.1f} % of the network's without its head."
        )
        tags = ["learngene", kind, *([self.notes["strategy"]] if "strategy" in self.notes else [])]
        usage = USAGE.format(repo=json.dumps(repo))
        return card(repo, about, usage, tags=tags, notes=self.notes, license=license)

    @classmethod
    def from_parts(
        cls, tensors: Mapping[str, Tensor], header: Mapping[str, Any], *, backbone: Backbone | None = None
    ) -> Self:
        """Return the learngene that `tensors` and `header` describe; a backbone of your own can be given."""
        parts: dict[str, dict[str, Tensor]] = {"indices": {}, "slices": {}, "provenance": {}}
        for name, tensor in tensors.items():
            part, _, rest = name.partition("/")
            parts[part][rest] = tensor
        backbone = from_description(header["backbone"]) if backbone is None else backbone
        return cls(backbone, parts["indices"], parts["slices"], parts["provenance"], dict(header["notes"]))

    @classmethod
    def from_bytes(cls, data: bytes, *, backbone: Backbone | None = None) -> Self:
        """Read what `to_bytes` wrote; no code in the data is ever run.

        Raises:
            CheckpointError: The data is damaged, of another schema or not a learngene.
        """
        try:
            tensors, header = unseal(data, schema=SCHEMA)
            check_extent(header["backbone"], sum(name.startswith("indices/") for name in tensors))
            _check_numbers(tensors)
            return cls.from_parts(tensors, header, backbone=backbone)
        except CheckpointError:
            raise
        except DAMAGE as error:
            raise CheckpointError(f"it is damaged or no learngene ({type(error).__name__})") from error

    @classmethod
    def load(cls, path: Path | str, *, backbone: Backbone | None = None) -> Self:
        """Read a file that `save` wrote.

        Raises:
            CheckpointError: The file is damaged, of another schema or not a learngene.
        """
        try:
            return cls.from_bytes(read_plain(path), backbone=backbone)
        except CheckpointError as error:
            raise CheckpointError(f"{path} can't be read as a learngene: {error}.") from error

    @classmethod
    def from_pretrained(
        cls,
        source: Path | str,
        *,
        backbone: Backbone | None = None,
        revision: str | None = None,
        token: str | None = None,
        cache_dir: Path | str | None = None,
        local_files_only: bool = False,
    ) -> Self:
        """Read a learngene from a folder or from a repository of the Hub; a backbone of your own can be given.

        The other arguments and the errors are those of `Shareable.from_pretrained`.
        """
        options = {"revision": revision, "token": token, "cache_dir": cache_dir, "local_files_only": local_files_only}
        return cls.load(fetched(source, cls.FILE, **options), backbone=backbone)


def _check_numbers(tensors: Mapping[str, Tensor]) -> None:
    """Refuse slices that are not what `save` writes of a sound learngene: finite numbers in float32."""
    for name, tensor in tensors.items():
        if name.startswith("slices/"):
            what = name.partition("/")[2]
            if tensor.dtype != torch.float32:
                raise CheckpointError(f"its slice {what} must be float32, but it is {str(tensor.dtype)[6:]}")
            if not bool(tensor.isfinite().all()):
                raise CheckpointError(f"its slice {what} holds numbers that are not finite")


def _check_indices(group: str, indices: Tensor, channels: int) -> None:
    if indices.dtype != torch.int64 or indices.ndim != 1 or len(indices) == 0:
        raise ValueError(f"indices of {group} must be a non-empty int64 vector, but they are {indices}.")
    inside = bool(indices[0] >= 0) and bool(indices[-1] < channels)
    if not inside or not bool((indices.diff() > 0).all()):
        raise ValueError(f"indices of {group} must rise from 0 to at most {channels - 1}, but they are {indices}.")
