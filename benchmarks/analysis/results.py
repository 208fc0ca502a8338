"""Run directories, read back: one run, and one run against another."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any

from neuroevo.benchmarks.analysis import searches
from neuroevo.benchmarks.analysis.checks import whole_records
from neuroevo.benchmarks.analysis.conditions import by_condition, in_words, varying
from neuroevo.benchmarks.analysis.pairs import Pairs
from neuroevo.benchmarks.analysis.searches import SearchCurve, SearchRow
from neuroevo.benchmarks.analysis.statistics import Estimate, estimate, holm
from neuroevo.benchmarks.analysis.summary import Curve, Finals, Record, Row, Seeds, curves, finals, pairs_of, summarise
from neuroevo.benchmarks.suites.pays import Duel, duels
from neuroevo.benchmarks.suites.transfer import finished_cells
from neuroevo.files import CheckpointError
from neuroevo.runs.directory import SETTINGS, read_facts
from neuroevo.runs.records import salvage_records

RECORDS = "records.jsonl"
MOST_NAMED = 6
# What descendants are and how they live: where runs differ in one of these, their accuracies are of different things.
PROTOCOL = (
    *("suite", "dataset", "backbone", "width", "ways", "shots", "updates", "descendants", "batch", "learning_rate"),
    *("target_dataset", "heirs"),
)
OTHERS = ("throughput", "scaleout", "optimize", "overhead")
"""Suites that compare no descendants."""


@dataclass(frozen=True)
class Part:
    """What was found in one condition of descendants.

    Attributes:
        name: In what it differs from the others; empty if it is the only one.
        rows: The summary, a row for each strategy.
        curves: The learning curves of descendants by strategy.
    """

    name: str
    rows: tuple[Row, ...]
    curves: tuple[Curve, ...]


@dataclass(frozen=True)
class Result:
    """A run directory, read.

    Attributes:
        path: The folder.
        facts: What `run.json` holds.
        settings: What `settings.toml` holds.
        records: The records; of a comparison those of finished cells (strategy, seed) only.
        problems: What is missing or damaged, in sentences.
    """

    path: Path
    facts: Mapping[str, Any]
    settings: Mapping[str, Any]
    records: tuple[Record, ...]
    problems: tuple[str, ...]

    @property
    def suite(self) -> str:
        """The suite's name; empty for a run that is no bench."""
        return str(self.facts.get("suite", ""))

    @property
    def title(self) -> str:
        """What was compared on."""
        ways = self.settings.get("ways", self.facts.get("ways"))
        if not self.rows or ways is None:
            return " ".join(str(self.facts[key]) for key in ("what", "suite") if self.facts.get(key))
        shots = ", ".join(dict.fromkeys(str(row.shots) for row in self.rows))
        if len(datasets := dict.fromkeys(row.dataset for row in self.rows)) > 1:
            return f"{', '.join(datasets)}: {shots} images per class"
        return f"{self.settings['dataset']}: {ways} novel classes, {shots} images per class"

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The summary; empty where no strategies were compared."""
        return tuple(summarise(self.records, **self._names))

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The rows and learning curves by condition; a single part where all descendants live in one."""
        found = by_condition(self.records, **self._names)
        fields = varying(found)
        return tuple(
            Part(
                in_words(condition, fields),
                tuple(row for row in self.rows if condition == row.condition),
                tuple(curves(records)),
            )
            for condition, records in found.items()
        )

    @property
    def curves(self) -> tuple[Curve, ...]:
        """The learning curves of all parts."""
        return tuple(curve for part in self.parts for curve in part.curves)

    @cached_property
    def duels(self) -> tuple[Duel, ...]:
        """What evolved against its rival, in the suite `pays`; empty in others."""
        return tuple(duels(self.rows, self.records)) if self.suite == "pays" else ()

    @property
    def _names(self) -> dict[str, Any]:
        """What the records of descendants need not tell."""
        shots = self.settings["shots"]
        names = {key: self.settings[key] for key in ("dataset", "backbone")}
        return {**names, "shots": shots[0] if isinstance(shots, list) else shots}

    @cached_property
    def searches(self) -> tuple[SearchRow, ...]:
        """What strategies over weight vectors reached; empty where none were compared."""
        return tuple(searches.summarise(self.records))

    @cached_property
    def search_curves(self) -> tuple[SearchCurve, ...]:
        """How they got there."""
        return tuple(searches.curves(self.records))


def read_result(path: Path | str) -> Result:
    """Read a run directory; what can't be read of its records is left out and named in `problems`.

    Raises:
        CheckpointError: The folder is no run directory, one of another schema, or its settings are damaged.
        OSError: A file can't be read.
    """
    path = Path(path)
    facts, settings = read_facts(path), _settings(path)
    records: Sequence[Record] = ()
    problems: list[str] = []
    if (path / RECORDS).exists():
        records, problems = salvage_records(path / RECORDS)
    if facts.get("status") != "finished":
        problems.append(_unfinished(facts))
    try:
        if facts.get("suite", "") not in ("", *OTHERS):
            conditions = facts.get("conditions", 1)
            records, damaged = whole_records(records, several=conditions > 1)
            records, unfinished = _of_finished_cells(
                records, settings, facts.get("strategies", settings["strategies"]), conditions
            )
            problems += damaged + unfinished
        result = Result(path, facts, settings, tuple(records), tuple(problems))
        # Made now, so that what does not fit is told here and not in the middle of a report.
        len(result.rows) + len(result.searches)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        message = f"{path} does not hold what this version of neuroevo writes ({type(error).__name__}: {error})."
        raise CheckpointError(message) from error
    return result


@dataclass(frozen=True)
class Difference:
    """One strategy in two runs.

    Attributes:
        strategy: Its name, with its condition where descendants live in several.
        first: Its accuracy after all updates in the first run, over the common seeds; without any over the run's own.
        second: Likewise in the second run.
        pairs: The second against the first over their common seeds; None if there are none.
        p_holm: The paired t-test's p-value with Holm's correction over all strategies of both runs.
    """

    strategy: str
    first: Estimate
    second: Estimate
    pairs: Pairs | None
    p_holm: float


def differences(first: Result, second: Result) -> list[Difference]:
    """Compare every strategy that both runs have, the second run against the first."""
    before, after = _finals(first), _finals(second)
    names = [name for name in before if name in after]
    found = [pairs_of(after[name], before[name], tests=len(names)) for name in names]
    corrected = holm([math.nan if pairs is None else pairs.p_value for pairs in found])
    return [
        Difference(name, *_estimates(before[name], after[name]), pairs, p_holm)
        for name, pairs, p_holm in zip(names, found, corrected, strict=True)
    ]


def _finals(result: Result) -> Finals:
    """Return the accuracies at the end by strategy, each condition of several apart."""
    parts = by_condition(result.records, **result._names)
    fields = varying(parts)
    return {
        f"{name} ({words})" if (words := in_words(condition, fields)) else name: seeds
        for condition, records in parts.items()
        for name, seeds in finals(records).items()
    }


def obstacles(first: Result, second: Result) -> list[str]:
    """Return in sentences why two runs can't be compared: other data, other descendants, another budget."""
    names = f"{first.path} and {second.path}"
    empty = [str(result.path) for result in (first, second) if not result.rows]
    if empty:
        return [f"{' and '.join(empty)} can't be compared: there is no finished comparison of strategies."]
    differing = [key for key in PROTOCOL if _told(first, key) != _told(second, key)]
    found = [f"{names} differ in {key}: {_told(first, key)} and {_told(second, key)}." for key in differing]
    if "dataset" not in differing and first.facts.get("data") != second.facts.get("data"):
        found.append(f"{names} differ in the data: the classes or images of {first.settings['dataset']} are others.")
    return found + [f"{names} differ in the budget of {sentence}." for sentence in _other_budgets(first, second)]


def _other_budgets(first: Result, second: Result) -> list[str]:
    before, after = ({row.strategy: row.gradient_steps for row in result.rows} for result in (first, second))
    return [
        f"{name}: {before[name]:,} and {after[name]:,} gradient steps"
        for name in before
        if name in after and before[name] != after[name]
    ]


def _told(result: Result, key: str) -> object:
    """Return a setting; the number of ways that was chosen for the data set is a fact."""
    return result.settings.get(key, result.facts.get(key))


def _unfinished(facts: Mapping[str, Any]) -> str:
    status, error = facts.get("status"), str(facts.get("error") or "")
    if status == "running":
        return "The run goes on, or was killed."
    if status == "interrupted" or error.startswith("KeyboardInterrupt"):
        return "The run was interrupted."
    return f"The run is {status}{f' ({error})' if error else ''}."


def _estimates(first: Seeds, second: Seeds) -> tuple[Estimate, Estimate]:
    common = first.keys() & second.keys()
    a, b = (estimate([fmean(seeds[seed].values()) for seed in sorted(common or seeds)]) for seeds in (first, second))
    return a, b


def _settings(path: Path) -> dict[str, Any]:
    try:
        settings = tomllib.loads((path / SETTINGS).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckpointError(f"{path} is no run directory: it has no {SETTINGS}.") from None
    except ValueError:
        raise CheckpointError(f"{path / SETTINGS} is damaged: it is not TOML.") from None
    missing = [key for key in ("dataset", "backbone", "shots") if key not in settings]
    if missing:
        raise CheckpointError(f"{path / SETTINGS} is damaged: it lacks {', '.join(missing)}.")
    return settings


def _of_finished_cells(
    records: Sequence[Record], settings: Mapping[str, Any], strategies: Sequence[str], conditions: int
) -> tuple[list[Record], list[str]]:
    """Return the records of finished cells and a sentence about the others."""
    finished = finished_cells(records, descendants=settings["descendants"], conditions=conditions)
    seeds = range(settings["seed"], settings["seed"] + settings["seeds"])
    wanted = [(name, seed) for seed in seeds for name in strategies]
    missing = [f"{name} with seed {seed}" for name, seed in wanted if (name, seed) not in finished]
    kept = [record for record in records if (record.get("strategy"), record.get("seed")) in finished]
    if not missing:
        return kept, []
    more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
    return kept, [f"{len(missing)} of {len(wanted)} cells are not finished: {', '.join(missing[:MOST_NAMED])}{more}."]
