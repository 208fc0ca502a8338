"""Suites of `neuroevo bench` that measure this machine: measured once in a run directory, then told again."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import click

from neuroevo.cli.settings.settings import BenchSettings
from neuroevo.files import write_atomically
from neuroevo.runs.directory import RunDirectory
from neuroevo.runs.records import Records, salvage_records

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


class Suite(Protocol[T]):
    """What the module of a suite does with its result."""

    def records(self, result: T, /) -> list[dict[str, object]]:
        """Return the result as records."""

    def from_records(self, found: Sequence[dict[str, Any]], /) -> T | None:
        """Return the result that records hold; None if they are not complete."""

    def to_csv(self, result: T, /) -> str:
        """Return the rows as CSV."""

    def in_words(self, result: T, /) -> str:
        """Return the result as sentences."""


def run_once(settings: BenchSettings, run: RunDirectory, suite: Suite[T], measure: Callable[[], T]) -> None:
    """Measure, unless the result is in the run directory already; write its records and its table, and print it.

    Args:
        settings: What the run is told.
        run: Where results go.
        suite: The module of the suite.
        measure: Measures.
    """
    result = suite.from_records(salvage_records(run.records)[0] if run.records.exists() else [])
    if result is None:
        run.records.unlink(missing_ok=True)
        result = measure()
        with Records(run.records) as records:
            for record in suite.records(result):
                records.append(record)
    write_atomically(run.path / "summary.csv", suite.to_csv(result).encode())
    if settings.as_json:
        click.echo(json.dumps({"run": str(run.path), **asdict(result)}))
    else:
        click.echo(suite.in_words(result))
