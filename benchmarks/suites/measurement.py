"""A suite that measures this machine: measured once in a run directory, then read back from its records.

A suite's own settings are the keyword-only parameters of its function `measure`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import torch

from neuroevo.benchmarks.report.files import write_page
from neuroevo.benchmarks.suites.facts import device_facts
from neuroevo.files import write_atomically
from neuroevo.runs.directory import RunDirectory
from neuroevo.runs.names import SUMMARY
from neuroevo.runs.parts import keep, kept_records

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


def _silent(done: int, total: int) -> None:
    """Report nothing."""


@dataclass(frozen=True, kw_only=True)
class MeasurementSetup:
    """What a suite needs to know beside its own settings.

    Attributes:
        device: Where networks are trained, if the suite trains any.
        quick: Whether the suite has to end in two minutes.
        on_sample: Called before the first sample and after each one with how many there are and how many there will be.
    """

    device: torch.device = torch.device("cpu")
    quick: bool = False
    on_sample: Callable[[int, int], object] = _silent


@dataclass(frozen=True, kw_only=True)
class Measurement(Generic[T]):
    """A suite of measurements.

    Attributes:
        name: Its name.
        summary: The question that it answers, on one line.
        claim: The claim that it tests, in a sentence or two.
        measure: Called with a `MeasurementSetup` and the suite's own settings, returns the result.
        records: Returns a result as records.
        from_records: Returns the result that records hold, None if they are not complete.
        to_csv: Returns the rows of a result as comma-separated values.
        describe: Returns a result in sentences, one per line.
        on_device: Whether it measures the setup's device.
    """

    name: str
    summary: str
    claim: str
    measure: Callable[..., T]
    records: Callable[[T], list[dict[str, object]]]
    from_records: Callable[[Sequence[Mapping[str, Any]]], T | None]
    to_csv: Callable[[T], str]
    describe: Callable[[T], str]
    on_device: bool = False

    def run(self, folder: Path | str, setup: MeasurementSetup | None = None, **own: Any) -> T:
        """Measure, write everything to a folder and return the result; a folder that holds it already is only read.

        Raises:
            CheckpointError: The folder holds another run.
            OSError: A file can't be written.
        """
        path = Path(folder).absolute()
        with RunDirectory.begin_or_resume(path, what="bench") as directory:
            result = self.run_in(directory, setup or MeasurementSetup(), **own)
        write_page(path)
        return result

    def run_in(self, directory: RunDirectory, setup: MeasurementSetup, **own: Any) -> T:
        """Measure in an open run directory, unless the result is there, and write all but the page."""
        device = {**device_facts(setup.device), "threads": torch.get_num_threads()} if self.on_device else {}
        directory.note({"suite": self.name, **device})
        result = self.from_records(kept_records(directory))
        if result is None:
            result = self.measure(setup, **own)
            found = self.records(result)
            keep(directory, found)
        directory.note({"findings": self.describe(result).splitlines()})
        write_atomically(directory.path / SUMMARY, self.to_csv(result).encode())
        return result


@dataclass
class Counter:
    """Counts samples for a setup: call it after each one."""

    setup: MeasurementSetup
    total: int
    done: int = 0

    def __post_init__(self) -> None:
        self.setup.on_sample(0, self.total)

    def __call__(self) -> None:
        """Count one sample."""
        self.done += 1
        self.setup.on_sample(self.done, self.total)
