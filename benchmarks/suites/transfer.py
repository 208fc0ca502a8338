"""Suite `transfer`: what descendants on novel classes gain from what each strategy hands on.

Claim to be tested: learngenes with about 20 % of the parameters beat training from scratch. For each seed every
contestant spends its budget on `ancestry` and `held_out` classes; then descendants of the backbone inherit what it
hands on and learn novel classes from few images. Descendants of one seed differ in their classes, images, random
weights and data order, and these are the same for all contestants, so that comparisons are paired.

Other suites run the same cells with descendants in several conditions: a cell's ancestor lives once, and all its heirs
inherit from it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

import torch
from deap.base import Toolbox

from neuroevo.backbones import Backbone
from neuroevo.benchmarks.analysis.conditions import Condition
from neuroevo.benchmarks.suites.contestant import CellPlan, Contestant, Pretraining
from neuroevo.data.images import Dataset
from neuroevo.data.tasks import Task, sample_task, unseen_per_class
from neuroevo.evolution import RECORDS, Generation, evolve
from neuroevo.execution import AUTO, Execution, Pixels, Recipe, Training, train_all
from neuroevo.individual import Individual
from neuroevo.learngene import Learngene
from neuroevo.operators.inheritance import Inheritance
from neuroevo.problems import TrainingSetup
from neuroevo.runs.records import read_records
from neuroevo.seeds import stream
from neuroevo.strategies.strategy import Strategy, Verb

CURVE_POINTS = (0, 5, 10, 20, 40, 80, 150, 300, 500, 1000)


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """The protocol: how descendants live in one condition.

    Attributes:
        dataset: Images; descendants see `novel` classes only.
        backbone: The descendants' architecture.
        descendant: How descendants are trained.
        ways: Novel classes per descendant.
        shots: Training images per class.
        descendants: Descendants per seed.
        test_per_class: Unseen images per class that the accuracy is measured on; fewer where a class has not as many.
        device: Where networks live.
        workers: Threads on the CPU.
        execution: In which way descendants are trained.
        names: What the records of descendants say of their `dataset` and `backbone`, where these are not the
            ancestors'.
    """

    dataset: Dataset
    backbone: Backbone
    descendant: Recipe
    ways: int
    shots: int = 10
    descendants: int = 4
    test_per_class: int = 50
    device: torch.device = torch.device("cpu")
    workers: int | None = None
    execution: Execution = AUTO
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """The updates of all descendants of one cell."""
        return self.descendants * self.descendant.updates

    @property
    def measure_at(self) -> tuple[int, ...]:
        """The numbers of updates after which a descendant's accuracy is measured."""
        updates = self.descendant.updates
        return (*(point for point in CURVE_POINTS if point < updates), updates)

    @property
    def cores(self) -> int:
        """The cores that populations are trained on; 1 for a GPU, whose time is that of the clock."""
        return (self.workers or torch.get_num_threads()) if self.device.type == "cpu" else 1

    def task(self, seed: int, number: int) -> Task:
        """Return the task of a descendant."""
        return sample_task(
            self.dataset.novel,
            ways=self.ways,
            shots=self.shots,
            test_per_class=unseen_per_class(self.dataset.novel, shots=self.shots, wanted=self.test_per_class),
            generator=stream(seed, number, "descendant", "task"),
        )

    def learning_curves(self, genome: Learngene | None, toolbox: Toolbox, seed: int) -> list[tuple[float, ...]]:
        """Return the test accuracies of each descendant at `measure_at`; heirs are made by the toolbox's `inherit`."""
        trainings = [self.training(genome, toolbox, seed, number) for number in range(self.descendants)]
        outcomes = train_all(trainings, workers=self.workers, execution=self.execution)
        return [outcome.accuracy for outcome in outcomes]

    def training(self, genome: Learngene | None, toolbox: Toolbox, seed: int, number: int) -> Training:
        """Return what a descendant is about to do."""
        return self._setup(toolbox).prepare(
            genome,
            self.task(seed, number),
            stream(seed, number, "descendant", "weights"),
            measure_at=self.measure_at,
        )

    def inheritance(self, genome: Learngene, toolbox: Toolbox) -> Inheritance:
        """Return what a descendant inherits; whose does not matter."""
        weights = self.backbone.build(1, generator=stream(0, "share")).state_dict()
        inheritance: Inheritance = toolbox.inherit(genome, weights, layout=self.backbone.layout)
        return inheritance

    def _setup(self, toolbox: Toolbox) -> TrainingSetup:
        return TrainingSetup(
            backbone=self.backbone,
            pixels=Pixels.of(self.dataset),
            recipe=self.descendant,
            inherit=Verb(toolbox, "inherit"),
            device=self.device,
        )


@dataclass(frozen=True)
class Cell:
    """One contestant with one seed.

    Attributes:
        contestant: Its name.
        seed: The seed.
        individual: What is handed on.
        records: JSON values: its generations, one `ancestor` and one `descendant` for each of them.
    """

    contestant: str
    seed: int
    individual: Individual
    records: list[dict[str, Any]]


def run(
    contestants: Sequence[Contestant],
    protocol: Transfer | Sequence[Transfer],
    *,
    seeds: Sequence[int],
    done: Collection[tuple[str, int]] = (),
    cells: Path | None = None,
    on_pretrained: Callable[[Contestant, int], object] = lambda *_: None,
    on_generation: Callable[[Contestant, int, Generation], object] = lambda *_: None,
    on_descendants: Callable[[Transfer], object] = lambda *_: None,
) -> Iterator[Cell]:
    """Run every contestant with every seed and yield the cells as they are done.

    What contestants pre-train is trained first, for all seeds at once.

    Args:
        contestants: What is compared.
        protocol: How descendants live, in one condition or in each of several.
        seeds: Seeds of the contestants and of their descendants.
        done: Names of contestants and seeds that are left out, because they ran before.
        cells: Folder for the checkpoints of evolution, a folder per cell; cells that were stopped go on there.
        on_pretrained: Called, on any thread, with a contestant and a seed when their network is pre-trained.
        on_generation: Called after each generation with the contestant, the seed and the record.
        on_descendants: Called with a protocol when the descendants of a cell have lived by it.
    """
    protocols = _on_device([protocol] if isinstance(protocol, Transfer) else protocol)
    plan = remaining(contestants, seeds, done=done)
    pretraining = Pretraining.run(plan, workers=protocols[0].workers, on_trained=on_pretrained)
    for contestant, seed in plan:
        # One generation is run again as a whole if it is stopped.
        folder = cells / f"{contestant.name}-seed{seed}" if cells is not None and contestant.generations > 1 else None
        ancestor = _ancestor(contestant, protocols[0], seed, pretraining, on_generation, folder)
        yield _cell(ancestor, protocols, on_descendants)


def _on_device(protocols: Sequence[Transfer]) -> list[Transfer]:
    """Return the protocols with their data on the device, the same data once."""
    moved = {id(one.dataset): one.dataset.to(one.device) for one in protocols}
    return [replace(one, dataset=moved[id(one.dataset)]) for one in protocols]


def remaining(
    contestants: Sequence[Contestant], seeds: Sequence[int], *, done: Collection[tuple[str, int]] = ()
) -> list[CellPlan]:
    """Return the contestants and seeds that have yet to run, in their order: seed by seed."""
    return [(one, seed) for seed in seeds for one in contestants if (one.name, seed) not in done]


def finished_cells(
    records: Iterable[Mapping[str, Any]], *, descendants: int, conditions: int = 1
) -> set[tuple[str, int]]:
    """Return the names of contestants and seeds whose records are complete: the ancestor and all descendants.

    Args:
        records: Of any kind.
        descendants: Descendants of a cell in one condition.
        conditions: In how many conditions they live.
    """
    ancestors: set[tuple[str, int]] = set()
    born: dict[tuple[str, int], set[tuple[Condition, int]]] = {}
    for record in records:
        if record["kind"] == "ancestor":
            ancestors.add((record["strategy"], record["seed"]))
        elif record["kind"] == "descendant":
            condition = Condition.of(record, dataset="", backbone="", shots=0)
            born.setdefault((record["strategy"], record["seed"]), set()).add((condition, record["descendant"]))
    wanted = range(descendants)
    return {
        cell
        for cell in ancestors & born.keys()
        if born[cell] == set(product({condition for condition, _ in born[cell]}, wanted))
        and len(born[cell]) == conditions * descendants
    }


@dataclass(frozen=True)
class _Ancestor:
    """What a contestant made with one seed, and the records of how."""

    contestant: str
    seed: int
    strategy: Strategy
    individual: Individual
    records: list[dict[str, Any]]


def _ancestor(
    contestant: Contestant,
    protocol: Transfer,
    seed: int,
    pretraining: Pretraining,
    on_generation: Callable[[Contestant, int, Generation], object],
    folder: Path | None,
) -> _Ancestor:
    strategy = contestant.make(seed)
    borrowed = pretraining.lend(contestant, strategy, seed)
    names = {"strategy": contestant.name, "seed": seed}
    generations: list[dict[str, Any]] = []
    started = time.perf_counter()
    for generation in evolve(strategy, contestant.generations, run_dir=folder):
        generations.append(generation.record())
        on_generation(contestant, seed, generation)
    individual = strategy.result()
    seconds = time.perf_counter() - started
    if folder is not None:  # which holds the generations before a stop, too
        kept = read_records(folder / RECORDS)
        seconds += sum(record["seconds"] for record in kept[: len(kept) - len(generations)])
        generations = kept
    records = [{**names, **record} for record in generations]
    times = {"seconds": seconds + borrowed, "core_seconds": protocol.cores * seconds + borrowed}
    # A strategy of somebody's own need not tell its backbone.
    backbone = getattr(strategy, "backbone", protocol.backbone)
    records.append({**names, **_handed_on(strategy, individual, backbone), **times})
    return _Ancestor(contestant.name, seed, strategy, individual, records)


def _cell(ancestor: _Ancestor, protocols: Sequence[Transfer], on_descendants: Callable[[Transfer], object]) -> Cell:
    names = {"strategy": ancestor.contestant, "seed": ancestor.seed}
    genome, toolbox = ancestor.individual.genome, ancestor.strategy.toolbox
    records = [*ancestor.records]
    for protocol in protocols:
        told: dict[str, Any] = {**protocol.names, "shots": protocol.shots}
        if protocol.names:
            told["transferred_share"] = 0.0 if genome is None else protocol.inheritance(genome, toolbox).share
        for number, curve in enumerate(protocol.learning_curves(genome, toolbox, ancestor.seed)):
            descendant = {"kind": "descendant", "descendant": number, **told}
            records.append({**names, **descendant, "updates": list(protocol.measure_at), "accuracy": list(curve)})
        on_descendants(protocol)
    return Cell(ancestor.contestant, ancestor.seed, ancestor.individual, records)


def _handed_on(strategy: Strategy, individual: Individual, backbone: Backbone) -> dict[str, Any]:
    """Return what a strategy spent and what it hands on, as a record."""
    genome, budget = individual.genome, strategy.budget
    handed_on = 0 if genome is None else genome.parameters
    return {
        "kind": "ancestor",
        "score": individual.fitness.values[0],
        "transferred_parameters": handed_on,
        "transferred_share": handed_on / backbone.layout.parameters(),
        "transferred_bytes": 0 if genome is None else len(genome.to_bytes()),
        "gradient_steps": budget.gradient_steps,
        "multiply_adds": budget.multiply_adds,
        "critical_path": budget.critical_path,
        "evaluations": budget.evaluations,
    }
