"""Cells: one contestant with one seed. Its ancestor is trained once, and its heirs in every condition.

For each seed every contestant spends its budget on `ancestry` and `held_out` classes; then descendants of the backbone
inherit what it transfers and learn novel classes from few images. Descendants of one seed differ in their classes,
images, random weights and data order, and these are the same for all contestants, so that comparisons are paired.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from neuroevo.backbones import Backbone
from neuroevo.benchmarks.analysis.conditions import by_condition, describe, varying
from neuroevo.benchmarks.suites.condition import Condition, Conditions, as_conditions
from neuroevo.benchmarks.suites.contestant import CellPlan, Contestant, Pretraining
from neuroevo.benchmarks.suites.listener import Listener
from neuroevo.evolution import evolve
from neuroevo.individual import Individual
from neuroevo.runs.names import RECORDS
from neuroevo.runs.records import read_records
from neuroevo.strategies.strategy import Strategy


@dataclass(frozen=True)
class Cell:
    """One contestant with one seed.

    Attributes:
        contestant: Its name.
        seed: The seed.
        individual: What is transferred.
        records: JSON values: its generations, one `ancestor` and one `descendant` for each of them.
    """

    contestant: str
    seed: int
    individual: Individual
    records: list[dict[str, Any]]

    def accuracies(self) -> dict[str, dict[int, float]]:
        """Return the mean accuracy of the descendants by their updates, for each condition.

        The names of the curves are `accuracy`, and the factors of the condition where there are several.
        """
        groups = by_condition(self.records)
        names = varying(group.condition for group in groups)
        return {
            " ".join(filter(None, ("accuracy", describe(group.condition, names)))): _mean_curve(group.records)
            for group in groups
        }


def _mean_curve(records: Sequence[Mapping[str, Any]]) -> dict[int, float]:
    every = zip(*(record["accuracy"] for record in records), strict=True)
    return dict(zip(records[0]["updates"], map(fmean, every), strict=True))


def run(
    contestants: Sequence[Contestant],
    conditions: Conditions,
    *,
    seeds: Sequence[int],
    done: Collection[tuple[str, int]] = (),
    cells: Path | None = None,
    listener: Listener | None = None,
) -> Iterator[Cell]:
    """Run every contestant with every seed and yield the cells as they are done.

    What contestants pre-train is trained first, for all seeds at once.

    Args:
        contestants: What is compared.
        conditions: How descendants are trained: a protocol, or several conditions.
        seeds: Seeds of the contestants and of their descendants.
        done: Names of contestants and seeds that are left out, because they ran before.
        cells: Folder for the checkpoints of evolution, a folder per cell; cells that were stopped resume there.
        listener: Hears of pre-trained networks, generations and descendants.
    """
    listener = listener or Listener()
    every = _on_device(as_conditions(conditions))
    plan = remaining(contestants, seeds, done=done)
    pretraining = Pretraining.run(plan, workers=every[0].protocol.workers, on_trained=listener.on_pretrained)
    for contestant, seed in plan:
        # One generation is run again as a whole if it is stopped.
        folder = cells / f"{contestant.name}-seed{seed}" if cells is not None and contestant.generations > 1 else None
        ancestor = _ancestor(contestant, every[0], seed, pretraining, listener, folder)
        yield _cell(ancestor, every, listener)


def _on_device(conditions: Sequence[Condition]) -> list[Condition]:
    """Return the conditions with their data on the device, the same data once."""
    protocols = [one.protocol for one in conditions]
    moved = {id(one.dataset): one.dataset.to(one.device) for one in protocols}
    return [replace(one, protocol=replace(one.protocol, dataset=moved[id(one.protocol.dataset)])) for one in conditions]


def remaining(
    contestants: Sequence[Contestant], seeds: Sequence[int], *, done: Collection[tuple[str, int]] = ()
) -> list[CellPlan]:
    """Return the contestants and seeds that have yet to run, in their order: seed by seed."""
    return [(one, seed) for seed in seeds for one in contestants if (one.name, seed) not in done]


@dataclass(frozen=True)
class _Ancestor:
    """What a contestant made with one seed, and the records of its training."""

    contestant: str
    seed: int
    strategy: Strategy
    individual: Individual
    backbone: Backbone
    records: list[dict[str, Any]]


def _ancestor(
    contestant: Contestant,
    condition: Condition,
    seed: int,
    pretraining: Pretraining,
    listener: Listener,
    folder: Path | None,
) -> _Ancestor:
    strategy = contestant.make(seed)
    borrowed = pretraining.lend(contestant, strategy, seed)
    names = {"strategy": contestant.name, "seed": seed}
    generations: list[dict[str, Any]] = []
    started = time.perf_counter()
    for generation in evolve(strategy, contestant.generations, run_dir=folder, save_result=False):
        generations.append(generation.record())
        listener.on_generation(contestant, seed, generation)
    individual = strategy.result()
    seconds = time.perf_counter() - started
    if folder is not None:  # which holds the generations before a stop, too
        kept = read_records(folder / RECORDS)
        seconds += sum(record["seconds"] for record in kept[: len(kept) - len(generations)])
        generations = kept
    records = [{**names, **record} for record in generations]
    times = {"seconds": seconds + borrowed, "core_seconds": condition.protocol.cores * seconds + borrowed}
    # A strategy need not have an attribute `backbone`.
    backbone = getattr(strategy, "backbone", condition.protocol.backbone)
    records.append({**names, **_transferred(strategy, individual, backbone), **times})
    return _Ancestor(contestant.name, seed, strategy, individual, backbone, records)


def _cell(ancestor: _Ancestor, conditions: Sequence[Condition], listener: Listener) -> Cell:
    names = {"strategy": ancestor.contestant, "seed": ancestor.seed}
    genome, toolbox = ancestor.individual.genome, ancestor.strategy.toolbox
    records = [*ancestor.records]
    for condition in conditions:
        protocol = condition.protocol
        common: dict[str, Any] = {"kind": "descendant", "condition": condition.values}
        if protocol.backbone != ancestor.backbone:
            share = 0.0 if genome is None else protocol.inheritance(genome, toolbox).share
            common["transferred_share"] = share
        for number, curve in enumerate(protocol.learning_curves(genome, toolbox, ancestor.seed)):
            measured = {"updates": list(protocol.measure_at), "accuracy": list(curve)}
            records.append({**names, **common, "descendant": number, **measured})
        listener.on_descendants(condition)
    return Cell(ancestor.contestant, ancestor.seed, ancestor.individual, records)


def _transferred(strategy: Strategy, individual: Individual, backbone: Backbone) -> dict[str, Any]:
    """Return what a strategy spent and what it transfers, as a record."""
    genome, budget = individual.genome, strategy.budget
    parameters = 0 if genome is None else genome.parameters
    return {
        "kind": "ancestor",
        "score": individual.fitness.values[0],
        "transferred_parameters": parameters,
        "transferred_share": parameters / backbone.layout.parameters(),
        "transferred_bytes": 0 if genome is None else len(genome.to_bytes()),
        "gradient_steps": budget.gradient_steps,
        "multiply_adds": budget.multiply_adds,
        "critical_path": budget.critical_path,
        "evaluations": budget.evaluations,
    }
