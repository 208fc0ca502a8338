"""Faults as data: one text of one file, and the wrong text that takes its place.

They were planted without looking at the laws: `generic` ones by mutation operators at random places, stratified over
files and functions, others `by hand` from kinds that a careful engineer makes. What no user could see is not among
them: equivalent code, error texts, checks of types, speed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).parents[2]
"""The repository."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault to plant.

    Attributes:
        id: Its name, with the list that it belongs to.
        file: The file, relative to the repository.
        kind: What kind of fault it is.
        origin: Whether a mutation operator made it or an engineer.
        why: What is wrong, in a sentence.
        old: The right text, which the file has exactly once.
        new: The wrong text.
    """

    id: str
    file: str
    kind: str
    origin: Literal["generic", "by hand"]
    why: str
    old: str
    new: str

    @property
    def path(self) -> Path:
        """The file that it is planted in."""
        return ROOT / self.file

    @property
    def module(self) -> str:
        """The name by which the file is imported."""
        parts = Path(self.file).with_suffix("").parts
        return ".".join(parts if parts[0] == "neuroevo" else ("neuroevo", *parts))

    def planted(self) -> str:
        """Return the source of the file with the fault."""
        source = self.path.read_text(encoding="utf-8")
        if (count := source.count(self.old)) != 1:
            raise ValueError(f"old must occur once in {self.file}, but for {self.id} it occurs {count} times; mend it.")
        return source.replace(self.old, self.new)


def read(path: Path) -> list[Fault]:
    """Return the faults of a list."""
    return [Fault(**one) for one in json.loads(path.read_text(encoding="utf-8"))]


def lists() -> list[Path]:
    """Return the lists of the repository."""
    return sorted(Path(__file__).parent.glob("*.json"))
