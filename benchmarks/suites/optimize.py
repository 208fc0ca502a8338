"""Suite `optimize`: what each strategy over weight vectors reaches on each problem with equal numbers of evaluations.

Every strategy has its own defaults and none is tuned to a problem; those that move a distribution begin at the same
place for the same seed.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from neuroevo.benchmarks.analysis import searches
from neuroevo.benchmarks.analysis.results import read_run
from neuroevo.benchmarks.report.files import write_page
from neuroevo.benchmarks.suites.result import Result, read_result
from neuroevo.evolution import Generation, evolve
from neuroevo.files import write_atomically
from neuroevo.problems import Problem
from neuroevo.runs.directory import RunDirectory
from neuroevo.runs.names import CELLS, RECORDS, SUMMARY
from neuroevo.runs.parts import arrange, keep, kept_records, seal
from neuroevo.runs.records import Records, read_records
from neuroevo.strategies import Search
from neuroevo.strategies.search.evaluations import CHECKPOINT_SECONDS, generations_within

POINTS = 50
"""Numbers of evaluations at which a curve is kept, at most."""

Make = Callable[[Problem, int], Search]
"""Called with a problem and a seed, returns a fresh strategy."""

Plan = tuple[str, str, int]
"""A problem, a strategy and a seed."""


@dataclass(frozen=True)
class Optimize:
    """The protocol.

    Attributes:
        problems: Problems by name.
        strategies: Strategies by name.
        evaluations: What each may spend on a problem; the last generation is not begun where it would take more.
    """

    problems: Mapping[str, Problem]
    strategies: Mapping[str, Make]
    evaluations: int

    def __post_init__(self) -> None:
        if several := [name for name, problem in self.problems.items() if len(problem.weights) > 1]:
            raise ValueError(f"problems must have one objective, but {', '.join(several)} has more; choose others.")

    def applies(self, problem: str, strategy: str) -> bool:
        """Return whether a strategy is practical on a problem with that many genes."""
        most = self.strategies[strategy](self.problems[problem], 0).MAX_GENES
        return most is None or self.problems[problem].space.size <= most

    def plans(self, seeds: Sequence[int], *, done: Collection[Plan] = ()) -> list[Plan]:
        """Return what has yet to run: all that can be, seed by seed."""
        return [
            plan
            for seed in seeds
            for problem in self.problems
            for strategy in self.strategies
            if self.applies(problem, strategy) and (plan := (problem, strategy, seed)) not in done
        ]

    def records(
        self, plans: Sequence[Plan], *, cells: Path, on_generation: Callable[[Plan, Generation], object]
    ) -> Iterator[dict[str, Any]]:
        """Run what is planned and yield one record for each (see `run`)."""
        return run(self, plans, cells=cells, on_generation=on_generation)


def run(
    protocol: Optimize,
    plans: Sequence[Plan],
    *,
    cells: Path | None = None,
    on_generation: Callable[[Plan, Generation], object] = lambda plan, generation: None,
) -> Iterator[dict[str, Any]]:
    """Run what is planned and yield one record for each, as JSON values.

    Args:
        protocol: The protocol.
        plans: What is to run.
        cells: Folder for checkpoints, a folder per search; searches that were stopped resume there.
        on_generation: Called after each generation of a search.
    """
    for plan in plans:
        problem, strategy, seed = plan
        search = protocol.strategies[strategy](protocol.problems[problem], seed)
        folder = None if cells is None else cells / f"{problem}-{strategy}-seed{seed}"
        names = {"kind": "search", "problem": problem, "strategy": strategy, "seed": seed}
        heard = partial(on_generation, plan)
        yield {**names, **curve(search, protocol.evaluations, folder=folder, on_generation=heard)}


def curve(
    search: Search,
    evaluations: int,
    *,
    folder: Path | None = None,
    on_generation: Callable[[Generation], object] = lambda _: None,
) -> dict[str, Any]:
    """Run a strategy and return its best values so far by evaluations, and what it spent."""
    number = generations_within(search, evaluations)
    run = evolve(
        search,
        number,
        run_dir=folder,
        checkpoint_seconds=CHECKPOINT_SECONDS,
        callbacks=[on_generation],
        save_result=False,
    )
    with closing(run):
        generations = [{**one.details, **asdict(one.budget), "seconds": one.seconds} for one in run]
    if folder is not None:  # which holds the generations before a stop, too
        generations = read_records(folder / RECORDS)
    spent = [one["evaluations"] for one in generations]
    best = [one["best_values"][0] for one in generations]
    kept = sorted({round(place * (len(spent) - 1) / max(1, POINTS - 1)) for place in range(POINTS)})
    return {
        "evaluations": [spent[place] for place in kept],
        "best": [best[place] for place in kept],
        "weight": search.problem.weights[0],
        "generations": len(spent),
        "genes": search.space.size,
        "population": search.population,
        "gradient_steps": search.budget.gradient_steps,
        "seconds": sum(one["seconds"] for one in generations),
    }


def finished(records: Sequence[Mapping[str, Any]]) -> set[Plan]:
    """Return the plans that records hold."""
    return {(one["problem"], one["strategy"], one["seed"]) for one in records if _is_search(one)}


def _is_search(record: Mapping[str, Any]) -> bool:
    named = isinstance(record.get("problem"), str) and isinstance(record.get("strategy"), str)
    return record.get("kind") == "search" and named and isinstance(record.get("seed"), int)


@dataclass(frozen=True, kw_only=True)
class SearchSetup:
    """What a suite over weight vectors is made of; names are resolved by the caller.

    Attributes:
        strategies: Strategies by name.
        problem: Makes the problem of a name.
        quick: Whether the suite has to end in two minutes.
    """

    strategies: Mapping[str, Make]
    problem: Callable[[str], Problem]
    quick: bool = False


class SearchListener:
    """Hears how searches get on; a subclass overrides what it wants to know. An exception ends the run."""

    def on_start(self, plans: Sequence[Plan]) -> None:
        """Called before anything is evaluated with what has yet to run."""

    def on_generation(self, plan: Plan, generation: Generation) -> None:
        """Called after each generation of a search."""

    def on_search(self, record: Mapping[str, Any]) -> None:
        """Called when a search is finished and written."""


class Searches(Protocol):
    """What can be planned and run search by search."""

    def plans(self, seeds: Sequence[int], *, done: Collection[Plan] = ()) -> list[Plan]:
        """Return what has yet to run."""

    def records(
        self, plans: Sequence[Plan], *, cells: Path, on_generation: Callable[[Plan, Generation], object]
    ) -> Iterator[dict[str, Any]]:
        """Run what is planned and yield one record for each."""


def run_searches(
    directory: RunDirectory,
    protocol: Searches,
    *,
    suite: str,
    seeds: Sequence[int],
    listener: SearchListener | None = None,
) -> None:
    """Run what has yet to run in an open run directory, and write all but the page."""
    listener = listener or SearchListener()
    directory.note({"suite": suite})
    kept = [record for record in kept_records(directory) if _is_search(record)]
    keep(directory, kept)
    done = finished(kept)
    plans = protocol.plans(seeds, done=done)
    cells = directory.path / CELLS
    listener.on_start(plans)
    directory.stop.check()

    def heard(plan: Plan, generation: Generation) -> None:
        listener.on_generation(plan, generation)
        directory.stop.check()

    with Records(directory.records) as records:
        for record in protocol.records(plans, cells=cells, on_generation=heard):
            records.append(record)
            seal(directory, [record])
            shutil.rmtree(cells, ignore_errors=True)
            listener.on_search(record)
            directory.stop.check()
    arrange(directory, protocol.plans(seeds))
    rows = read_run(directory.path).searches
    write_atomically(directory.path / SUMMARY, searches.to_csv(rows).encode())


@dataclass(frozen=True)
class SearchSuite:
    """A suite that compares strategies over weight vectors.

    Attributes:
        name: Its name.
        summary: The question that it answers, on one line.
        claim: The claim that it tests, in a sentence or two.
        protocol: Called with a `SearchSetup` and the suite's own settings, returns what is compared.
    """

    name: str
    summary: str
    claim: str
    protocol: Callable[..., Optimize]

    def run(
        self,
        folder: Path | str,
        setup: SearchSetup,
        *,
        seeds: Sequence[int] = range(3),
        listener: SearchListener | None = None,
        **own: Any,
    ) -> Result:
        """Run everything, write it to a folder and return it; what an earlier start finished is kept.

        Raises:
            CheckpointError: The folder holds another run.
            ValueError: A problem has several objectives.
            OSError: A file can't be written.
        """
        path = Path(folder).absolute()
        with RunDirectory.begin_or_resume(path, what="bench") as directory:
            self.run_in(directory, self.protocol(setup, **own), seeds=seeds, listener=listener)
        write_page(path)
        return read_result(path)

    def run_in(
        self,
        directory: RunDirectory,
        protocol: Optimize,
        *,
        seeds: Sequence[int],
        listener: SearchListener | None = None,
    ) -> None:
        """Run what has yet to run in an open run directory, and write all but the page."""
        run_searches(directory, protocol, suite=self.name, seeds=seeds, listener=listener)


def protocol(
    setup: SearchSetup,
    *,
    problems: tuple[str, ...] = ("sphere", "rastrigin", "digits"),
    evaluations: int = 10_000,
) -> Optimize:
    """Return what is compared.

    Args:
        setup: What it is made of.
        problems: Problems, of one objective each.
        evaluations: Evaluations of each search.
    """
    return Optimize({name: setup.problem(name) for name in problems}, setup.strategies, evaluations)


SUITES = {
    "optimize": SearchSuite(
        name="optimize",
        summary="What do searches reach on functions and classifiers?",
        claim="No strategy is best everywhere, and each is at its place where its source says: distributions with step "
        "sizes of their own on smooth functions, differences and crossover where there are many minima.",
        protocol=protocol,
    )
}
