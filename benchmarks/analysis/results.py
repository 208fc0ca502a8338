"""Run directories, read back: what `run.json` and the records hold is all that is needed."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from neuroevo.benchmarks.analysis import evolution, searches
from neuroevo.benchmarks.analysis.checks import finished_cells, readable, whole_records
from neuroevo.benchmarks.analysis.conditions import Factors, by_condition, phrases
from neuroevo.benchmarks.analysis.duels import Duel, duels
from neuroevo.benchmarks.analysis.evolution import GenerationRow
from neuroevo.benchmarks.analysis.searches import SearchCurve, SearchRow
from neuroevo.benchmarks.analysis.summary import (
    Curve,
    Finals,
    Record,
    Row,
    curves,
    finals,
    in_condition,
    summarise,
)
from neuroevo.files import CheckpointError
from neuroevo.runs.directory import read_facts
from neuroevo.runs.names import RECORDS, SETTINGS
from neuroevo.runs.records import salvage_records

MOST_NAMED = 6
CHOSEN = "chosen"
"""The fact of a run that holds what was chosen for contestants before they were compared, by name."""
UNFIT = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
"""What is raised where files hold something else than this version writes."""


@dataclass(frozen=True)
class Part:
    """The results in one condition of descendants.

    Attributes:
        name: What distinguishes the condition from the others; empty if it is the only one.
        rows: The summary, a row for each strategy.
        curves: The learning curves of descendants by strategy.
        finals: Their accuracies after all updates by strategy, seed and number.
    """

    name: str
    rows: tuple[Row, ...]
    curves: tuple[Curve, ...]
    finals: Finals


@dataclass(frozen=True)
class RunData:
    """A run directory, read.

    Attributes:
        path: The folder.
        facts: What `run.json` holds.
        settings: What `settings.toml` holds; empty where there is none.
        records: The records; of a comparison those of finished cells (strategy, seed) only.
        problems: What is missing or damaged, in sentences.
    """

    path: Path
    facts: Mapping[str, Any]
    settings: Mapping[str, Any]
    records: tuple[Record, ...]
    problems: tuple[str, ...]

    @property
    def chosen(self) -> Mapping[str, Mapping[str, Any]]:
        """What was chosen for contestants before they were compared, by name: a rate, and a part of the budget."""
        found = self.facts.get(CHOSEN)
        return found if isinstance(found, Mapping) else {}

    @property
    def suite(self) -> str:
        """The suite's name; empty for a run of no suite."""
        return str(self.facts.get("suite", ""))

    @property
    def comparison(self) -> Mapping[str, Any]:
        """What was compared, as its run directory describes it; empty for other runs."""
        return self.facts.get("comparison") or {}

    @property
    def title(self) -> str:
        """What was compared on."""
        if not self.rows:
            strategy = self.strategy if self.is_evolution else None
            words = (self.facts.get("what"), self.facts.get("suite"), strategy)
            return " ".join(str(word) for word in words if word)
        datasets, shots = (_every(row.condition[name] for row in self.rows) for name in ("dataset", "shots"))
        if len(datasets) > 1:
            return f"{', '.join(datasets)}: {', '.join(shots)} images per class"
        protocols = self.comparison["protocols"]
        ways, novel = (_every(values) for values in zip(*map(_ways_of, protocols), strict=True))
        of = f" of {', '.join(novel)}" if novel != ways else ""
        return f"{datasets[0]}: {', '.join(ways)}{of} novel classes, {', '.join(shots)} images per class"

    @property
    def strategy(self) -> str | None:
        """The strategy of a run of a single one."""
        found = self.facts.get("strategy", self.settings.get("strategy"))
        return None if found is None else str(found)

    @property
    def seed(self) -> int | None:
        """The run's base seed."""
        found: int | None = self.facts.get("seed", self.settings.get("seed"))
        return found

    @property
    def is_evolution(self) -> bool:
        """Whether this is a run of `evolve`."""
        return self.facts.get("what") == "evolve"

    @property
    def evolved(self) -> dict[str, Any]:
        """What the generations of a run of `evolve` depend on: its strategy, its seed and its settings."""
        settings = self.facts.get("settings") or self.settings
        return {**settings, "strategy": self.strategy, "seed": self.seed}

    @property
    def conditions(self) -> tuple[Factors, ...]:
        """The conditions of the comparison."""
        return tuple(self.comparison.get("conditions", ()))

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The summary; empty where no strategies were compared."""
        return tuple(summarise(self.records)) if self.comparison else ()

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The rows and learning curves by condition; a single part where there is one condition."""
        groups = by_condition(self.records) if self.comparison else []
        names = phrases([group.condition for group in groups])
        return tuple(
            Part(name, tuple(in_condition(self.rows, condition)), tuple(curves(records)), finals(records))
            for name, (condition, records) in zip(names, groups, strict=True)
        )

    @property
    def curves(self) -> tuple[Curve, ...]:
        """The learning curves of all parts."""
        return tuple(curve for part in self.parts for curve in part.curves)

    @cached_property
    def duels(self) -> tuple[Duel, ...]:
        """Evolved contestants against their rival, in the suite `pays`; empty in others."""
        return tuple(duels(self.rows, self.records)) if self.suite == "pays" else ()

    @cached_property
    def searches(self) -> tuple[SearchRow, ...]:
        """What strategies over weight vectors reached; empty where none were compared."""
        return tuple(searches.summarise(self.records))

    @cached_property
    def search_curves(self) -> tuple[SearchCurve, ...]:
        """How they got there."""
        return tuple(searches.curves(self.records))

    @cached_property
    def generations(self) -> tuple[GenerationRow, ...]:
        """The generations of a run of `evolve`; empty for other runs."""
        if not self.is_evolution:
            return ()
        return tuple(evolution.generations(self.records, strategy=self.strategy or "", seed=self.seed))


Run = TypeVar("Run", bound=RunData)


def read_run(path: Path | str) -> RunData:
    """Read a run directory; what can't be read of its records is left out and named in `problems`.

    Raises:
        CheckpointError: The folder is no run directory, one of another schema, or its settings are damaged.
        OSError: A file can't be read.
    """
    return read_as(RunData, path)


def read_as(kind: type[Run], path: Path | str) -> Run:
    """Read a run directory as an object of a kind (see `read_run`)."""
    path = Path(path)
    facts, settings = read_facts(path), _settings(path)
    records: Sequence[Record] = ()
    problems: list[str] = []
    if (path / RECORDS).exists():
        records, problems = salvage_records(path / RECORDS)
    # A run of `evolve` in Python need not say how it ended.
    if facts.get("status", "finished") != "finished":
        problems.append(_unfinished(facts))
    try:
        if not facts.get("comparison"):  # in which generations are pictures alone
            records, odd = readable(records)
            problems += odd
        if comparison := facts.get("comparison"):
            records, damaged = whole_records(records)
            records, unfinished = _of_finished_cells(records, comparison)
            problems += damaged + unfinished
        result = kind(path, facts, settings, tuple(records), tuple(problems))
        # Made now, so that what does not fit is reported here and not in the middle of a page.
        len(result.rows) + len(result.searches) + len(result.generations) + len(result.title)
    except UNFIT as error:
        message = f"{path} does not hold what this version of neuroevo writes ({type(error).__name__}: {error})."
        raise CheckpointError(message) from error
    return result


def _unfinished(facts: Mapping[str, Any]) -> str:
    status, error = facts.get("status"), str(facts.get("error") or "")
    if status == "running":
        return "The run is still running, or was killed."
    if status == "interrupted" or error.startswith("KeyboardInterrupt"):
        return "The run was interrupted."
    return f"The run is {status}{f' ({error})' if error else ''}."


def _settings(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads((path / SETTINGS).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        raise CheckpointError(f"{path / SETTINGS} is damaged: it is not TOML.") from None


def _of_finished_cells(records: Sequence[Record], comparison: Mapping[str, Any]) -> tuple[list[Record], list[str]]:
    """Return the records of finished cells and a sentence about the others."""
    conditions = comparison["conditions"]
    finished = finished_cells(records, conditions=conditions, descendants=comparison["descendants"])
    names = [one["name"] for one in comparison["contestants"]]
    wanted = [(name, seed) for seed in comparison["seeds"] for name in names]
    missing = [f"{name} with seed {seed}" for name, seed in wanted if (name, seed) not in finished]
    kept = [record for record in records if (record.get("strategy"), record.get("seed")) in finished]
    if not missing:
        return kept, []
    more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
    return kept, [f"{len(missing)} of {len(wanted)} cells are not finished: {', '.join(missing[:MOST_NAMED])}{more}."]


def _ways_of(protocol: Mapping[str, Any]) -> tuple[int, int]:
    """Return how many novel classes a descendant learns, and how many its data set has as far as the run says so."""
    classes = protocol["data"].get("classes", {}) if isinstance(protocol.get("data"), Mapping) else {}
    return protocol["ways"], classes.get("novel", protocol["ways"])


def _every(values: Any) -> list[str]:
    """Return different values as texts, in their order."""
    return list(dict.fromkeys(str(value) for value in values))
