"""A subject of the laws."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from neuroevo.testing.laws import Law


@dataclass(frozen=True)
class Subject:
    """Something that keeps its laws, and which they are.

    Attributes:
        name: What it is called, for example "gaussian mutation".
        covers: Files, relative to the repository, whose faults its laws have to notice; none for those of others.
        make: Makes what is judged.
        laws: Makes the laws that it is judged by.
        origin: The library whose idea it is.
        expected_failures: Names of laws that it breaks, with the reason.
    """

    name: str
    covers: Sequence[str]
    make: Callable[[], object]
    laws: Callable[[], Sequence[Law]]
    origin: str = "neuroevo"
    expected_failures: Mapping[str, str] = field(default_factory=dict)
