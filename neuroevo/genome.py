"""A genome with the names of its blocks: what a strategy over weight vectors passes on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

from torch import Tensor, nn

from neuroevo.cards import card
from neuroevo.files import CheckpointError, read_plain
from neuroevo.hub import Shareable
from neuroevo.individual import Individual
from neuroevo.interface import Interface
from neuroevo.module_state import copied
from neuroevo.policy import Policy
from neuroevo.sealed import DAMAGE, header_of, seal, unseal
from neuroevo.space import Space

SCHEMA = 1
USAGE = """from neuroevo.genome import Genome

genome = Genome.from_pretrained({repo})
tensors = genome.blocks  # by name; of a network, genome.to_module(module) is the module with these weights"""
"""What its model card shows."""
KIND = "genome"
SHIFT, SCALE = "observations/shift", "observations/scale"
"""Names of an interface's tensors in a file; no parameter has a name like these."""

NOTED = ("strategy", "problem", "seed", "values")
"""Notes that a summary shows."""

Module = TypeVar("Module", bound=nn.Module)


@dataclass(frozen=True, eq=False, repr=False)
class Genome(Shareable):
    """The blocks of one genome, by name, in one `.safetensors` file that any program can read.

    Attributes:
        blocks: Tensors by name; for a network's weights, the parameters that evolved.
        notes: Where it came from, as JSON values.
        interface: For a network that plays, what its evaluation does to observations and outputs; else None.
    """

    blocks: Mapping[str, Tensor]
    notes: Mapping[str, Any] = field(default_factory=dict)
    interface: Interface | None = None

    FILE: ClassVar[str] = "genome.safetensors"

    def _summary(self) -> dict[str, Any]:
        genes = sum(block.numel() for block in self.blocks.values())
        return {
            "genes": genes,
            "blocks": len(self.blocks),
            **{name: self.notes[name] for name in NOTED if name in self.notes},
        }

    @classmethod
    def of(cls, individual: Individual, space: Space, **notes: Any) -> Genome:
        """Return an individual's genome, a copy on the CPU."""
        parts = space.split(individual.genome.detach().cpu())
        blocks = {name: part.clone().contiguous() for name, part in sorted(parts.items())}
        return cls(blocks, notes, space.interface)

    def to_module(self, module: nn.Module) -> nn.Module:
        """Return a copy of a module with these weights; parameters that did not evolve, and buffers, keep theirs.

        For a network that plays it is a `Policy` around the copy, with the normalisation and the actions of the
        evaluation.

        Raises:
            ValueError: The module lacks a parameter, or has one of another shape.
        """
        network = self.filled(module)
        return network if self.interface is None else Policy(network, self.interface)

    def filled(self, module: Module) -> Module:
        """Return a copy of a module with these weights, and with nothing around it.

        Raises:
            ValueError: The module lacks a parameter, or has one of another shape.
        """
        parameters = dict(module.named_parameters())
        for name, block in self.blocks.items():
            if name not in parameters or parameters[name].shape != block.shape:
                raise ValueError(
                    f"module must have a parameter {name} of the shape {tuple(block.shape)}, but it has "
                    f"{ {key: tuple(value.shape) for key, value in parameters.items()} }."
                )
        network = copied(module)
        network.load_state_dict(dict(self.blocks), strict=False)
        return network

    def to_bytes(self) -> bytes:
        """Return the file's content: safetensors with one metadata entry; equal genomes give equal bytes."""
        tensors, header = dict(self.blocks), {"schema": SCHEMA, "kind": KIND, "notes": dict(self.notes)}
        if self.interface is not None:
            header["interface"] = self.interface.facts()
            parts = {SHIFT: self.interface.shift, SCALE: self.interface.scale}
            tensors |= {name: part.detach().cpu().contiguous() for name, part in parts.items() if part is not None}
        return seal(tensors, header)

    def with_notes(self, **notes: Any) -> Genome:
        """Return the same genome with these JSON values added to its notes."""
        return replace(self, notes={**self.notes, **notes})

    def card(self, repo: str, *, license: str | None = None) -> str:
        """Return the model card, Markdown with the YAML that the Hub reads.

        Args:
            repo: Where it will be, "USER/NAME", which the card's example loads.
            license: Identifier of the licence, such as "cc-by-4.0"; by default the note `license`.
        """
        genes = sum(block.numel() for block in self.blocks.values())
        about = f"An evolved genome: {genes:,} genes, in tensors by name."
        tags = ["genome", *(self.notes[name] for name in ("strategy", "problem") if name in self.notes)]
        usage = USAGE.format(repo=json.dumps(repo))
        return card(repo, about, usage, tags=tags, notes=self.notes, license=license)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote; no code in the data is ever run.

        Raises:
            CheckpointError: The data is damaged, of another schema or not a genome.
        """
        try:
            blocks, header = unseal(data, schema=SCHEMA)
            if header.get("kind") != KIND:
                raise CheckpointError("it holds something else, perhaps a learngene")
            parts = {"shift": blocks.pop(SHIFT, None), "scale": blocks.pop(SCALE, None)}
            interface = Interface.of(header["interface"], **parts) if "interface" in header else None
            # Safetensors keeps no order.
            return cls(dict(sorted(blocks.items())), dict(header["notes"]), interface)
        except CheckpointError:
            raise
        except DAMAGE as error:
            raise CheckpointError(f"it is damaged or no genome ({type(error).__name__})") from error

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read a file that `save` wrote.

        Raises:
            CheckpointError: The file is damaged, of another schema or not a genome.
        """
        try:
            return cls.from_bytes(read_plain(path))
        except CheckpointError as error:
            raise CheckpointError(f"{path} can't be read as a genome: {error}.") from error


def is_genome(path: Path | str) -> bool:
    """Return whether a file is marked as a genome; its content may still be damaged."""
    try:
        return header_of(read_plain(path)).get("kind") == KIND
    except DAMAGE:
        return False
