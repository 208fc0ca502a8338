"""Suite `optimize`: what each strategy over weight vectors reaches on each problem with equal numbers of evaluations.

Claim to be tested: none of them is best everywhere, and each is at its place where its source says: distributions
with step sizes of their own on smooth functions, differences and crossover where there are many minima. Every
strategy has its own defaults and none is tuned to a problem; those that move a distribution begin at the same place
for the same seed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from neuroevo.evolution import RECORDS, Generation, evolve
from neuroevo.problems import Problem
from neuroevo.runs.records import read_records
from neuroevo.strategies import NEAT, Search

POINTS = 50
"""Numbers of evaluations at which a curve is kept, at most."""

CHECKPOINT_SECONDS = 5.0
"""Time between two checkpoints of a search, whose generations can take less than writing one."""

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

    def applies(self, problem: str, strategy: str) -> bool:
        """Return whether a strategy is of use on a problem with so many genes."""
        most = self.strategies[strategy](self.problems[problem], 0).MOST_GENES
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


def run(
    protocol: Optimize,
    plans: Sequence[Plan],
    *,
    cells: Path | None = None,
    on_generation: Callable[[Generation], object] = lambda _: None,
) -> Iterator[dict[str, Any]]:
    """Run what is planned and yield one record for each, as JSON values.

    Args:
        protocol: The protocol.
        plans: What is to run.
        cells: Folder for checkpoints, a folder per search; searches that were stopped go on there.
        on_generation: Called after each generation of a search.
    """
    for problem, strategy, seed in plans:
        search = protocol.strategies[strategy](protocol.problems[problem], seed)
        folder = None if cells is None else cells / f"{problem}-{strategy}-seed{seed}"
        names = {"kind": "search", "problem": problem, "strategy": strategy, "seed": seed}
        yield {**names, **curve(search, protocol.evaluations, folder=folder, on_generation=on_generation)}


def curve(
    search: Search,
    evaluations: int,
    *,
    folder: Path | None = None,
    on_generation: Callable[[Generation], object] = lambda _: None,
) -> dict[str, Any]:
    """Run a strategy and return the best values that it had after so many evaluations, and what it took."""
    number = generations_within(search, evaluations)
    run = evolve(search, number, run_dir=folder, checkpoint_seconds=CHECKPOINT_SECONDS, callbacks=[on_generation])
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


def generations_within(search: Search | NEAT, evaluations: int) -> int:
    """Return how many generations so many evaluations allow, one at least."""
    spent = number = 0
    while (spent := spent + search.size(number)) <= evaluations:
        number += 1
    return max(1, number)


def finished(records: Sequence[Mapping[str, Any]]) -> set[Plan]:
    """Return what records tell of."""
    return {(one["problem"], one["strategy"], one["seed"]) for one in records if one.get("kind") == "search"}
