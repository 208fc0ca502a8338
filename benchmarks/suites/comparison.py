"""A comparison of strategies, in Python and at the command line alike, written to a run directory and resumed there.

result = Comparison([Contestant("mine", make), Contestant("scratch", ...)], Transfer(...)).run("runs/mine")
rich.print(result.table())
"""

from __future__ import annotations

import shutil
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from neuroevo.benchmarks.analysis.budgets import unequal_budgets
from neuroevo.benchmarks.analysis.checks import finished_cells, whole_records
from neuroevo.benchmarks.report.files import write_page, write_results
from neuroevo.benchmarks.suites.cells import Cell, remaining, run
from neuroevo.benchmarks.suites.condition import Condition, Conditions, as_conditions, check_conditions
from neuroevo.benchmarks.suites.contestant import CellPlan, Contestant, Pretraining
from neuroevo.benchmarks.suites.facts import device_facts, differences, facts_of
from neuroevo.benchmarks.suites.listener import Listener, Work
from neuroevo.benchmarks.suites.result import Result, read_result
from neuroevo.data.images import Dataset
from neuroevo.evolution import Generation
from neuroevo.files import CheckpointError
from neuroevo.runs.directory import RunDirectory
from neuroevo.runs.names import CELLS, LEARNGENES, SAMPLES
from neuroevo.runs.parts import arrange, keep, kept_records, seal
from neuroevo.runs.records import Records
from neuroevo.runs.signals import StopSignal
from neuroevo.spelling import listed
from neuroevo.strategies.strategy import Strategy


class Comparison:
    """Strategies, each run with every seed, whose descendants are trained in every condition.

    What can be checked without training is checked here.

    Args:
        contestants: What is compared; gains are measured over the one that is called `scratch`, if there is one.
        conditions: How descendants are trained: a protocol, or several conditions (see `conditions`).
        seeds: Seeds of the contestants and of their descendants.
        suite: The name under which results are filed; only those of one suite are compared with each other.

    Raises:
        ValueError: There is no contestant, condition or seed, two of them are the same, the conditions differ in their
            factors, or a data set has too few classes or images.
        TypeError: Something that is no contestant or condition is among them.
    """

    def __init__(
        self,
        contestants: Iterable[Contestant],
        conditions: Conditions,
        seeds: Iterable[int] = range(3),
        *,
        suite: str = "transfer",
    ) -> None:
        self.contestants = tuple(contestants)
        self.conditions = as_conditions(conditions)
        self.seeds = tuple(seeds)
        self.suite = suite
        _check_contestants(self.contestants)
        _check_seeds(self.seeds)
        check_conditions(self.conditions)

    def run(self, folder: Path | str, *, listener: Listener | None = None) -> Result:
        """Run everything, write it to a folder and return it; what an earlier start finished is kept.

        The folder gets `run.json`, `records.jsonl`, `summary.csv`, `report.html`, pictures and the learngenes. In a
        folder that holds a comparison already, that one is resumed; it may have got more seeds.

        Contestants that train before transfer should take equal numbers of gradient steps; if they don't, a warning
        and the report say so.

        Args:
            folder: The run directory.
            listener: Hears how the comparison gets on.

        Raises:
            CheckpointError: The comparison in the folder was begun with other contestants, conditions, seeds or data;
                every difference is named with both values.
            RunLocked: Another process is at work in the folder.
            FileExistsError: The folder holds something else.
            OSError: A file can't be written.
        """
        path = Path(folder).absolute()
        with RunDirectory.begin_or_resume(path, what="bench") as run_directory:
            planned = {one.name: one.planned_steps(self.seeds[0]) for one in self.contestants}
            if unequal := unequal_budgets(planned):
                warnings.warn(unequal, stacklevel=2)
            self.run_in(run_directory, listener=listener)
            run_directory.note({"planned_steps": planned})
        write_page(path)
        return read_result(path)

    def run_in(self, directory: RunDirectory, *, listener: Listener | None = None) -> None:
        """Run everything that has yet to run in an open run directory, and write all but the page."""
        listener = listener or Listener()
        made = {one.name: one.make(self.seeds[0]) for one in self.contestants}
        self._note(directory, made)
        done = self._keep_finished(directory)
        planned = {one.name: made[one.name].planned_budget(one.generations).gradient_steps for one in self.contestants}
        cells = remaining(self.contestants, self.seeds, done=done)
        heirs = sum(one.protocol.steps for one in self.conditions)
        steps = _steps(cells, planned) + heirs * len(cells)
        listener.on_start(Work(cells, len(done), planned, self.conditions, steps))
        _draw_samples(self.conditions[0].protocol.dataset, directory.path / SAMPLES)
        self._run_cells(directory, done, listener)
        write_results(directory.path)

    def _note(self, directory: RunDirectory, made: Mapping[str, Strategy]) -> None:
        """Write what is compared into `run.json`, unless it is another comparison than the one begun there."""
        facts = {"suite": self.suite, **facts_of(self.contestants, made, self.conditions, self.seeds)}
        before = directory.facts.get("comparison")
        if isinstance(before, Mapping) and (other := differences(before, facts)):
            raise CheckpointError(
                f"The run in {directory.path} was begun with other settings: {', '.join(other)}; resume it with its "
                "own, or choose another folder."
            )
        protocol = self.conditions[0].protocol
        backbones = [getattr(one, "backbone", protocol.backbone) for one in made.values()]
        directory.note(
            {
                "suite": self.suite,
                "comparison": facts,
                "seed": self.seeds[0],
                "channels": dict(backbones[0].layout.groups),
                **device_facts(protocol.device),
            }
        )

    def _keep_finished(self, directory: RunDirectory) -> set[tuple[str, int]]:
        """Return the finished cells of an earlier start, and remove the records of unfinished ones."""
        records, _ = whole_records(kept_records(directory))
        conditions = [one.values for one in self.conditions]
        done = finished_cells(records, conditions=conditions, descendants=self.conditions[0].protocol.descendants)
        kept = [record for record in records if (record["strategy"], record["seed"]) in done]
        keep(directory, kept)
        return done

    def _run_cells(self, directory: RunDirectory, done: set[tuple[str, int]], listener: Listener) -> None:
        stopping = _Stopping(listener, directory.stop, conditions=len(self.conditions))
        folder = directory.path / CELLS
        with Records(directory.records) as records:
            directory.stop.check()
            for cell in run(
                self.contestants, self.conditions, seeds=self.seeds, done=done, cells=folder, listener=stopping
            ):
                _save_learngene(cell, directory.path / LEARNGENES)
                for record in cell.records:
                    records.append(record)
                seal(directory, cell.records)
                stopping.on_cell(cell)
        arrange(directory, [(one.name, seed) for one, seed in remaining(self.contestants, self.seeds)])
        # What was kept of unfinished cells is not needed any more.
        shutil.rmtree(folder, ignore_errors=True)


class _Stopping(Listener):
    """Passes on what it hears, and stops the run at safe points if a signal asked for that."""

    def __init__(self, listener: Listener, stop: StopSignal, *, conditions: int) -> None:
        self.listener = listener
        self.stop = stop
        self.conditions = conditions
        self.trained = 0

    def on_pretrained(self, contestant: Contestant, seed: int) -> None:
        self.listener.on_pretrained(contestant, seed)
        self.stop.check()

    def on_generation(self, contestant: Contestant, seed: int, generation: Generation) -> None:
        self.listener.on_generation(contestant, seed, generation)
        self.stop.check()

    def on_descendants(self, condition: Condition) -> None:
        self.listener.on_descendants(condition)
        self.trained += 1
        if self.trained % self.conditions:  # after the last one the cell is written first
            self.stop.check()

    def on_cell(self, cell: Cell) -> None:
        self.listener.on_cell(cell)
        self.stop.check()


def _steps(cells: Sequence[CellPlan], planned: Mapping[str, int]) -> int:
    """Return the gradient steps before transfer of all cells, shared pre-training counted once."""
    evolving = sum(planned[one.name] for one, _ in cells if not one.pretrains)
    return evolving + sum(planned[one.name] for one in Pretraining.needed(cells).values())


def _save_learngene(cell: Cell, folder: Path) -> None:
    if cell.individual.genome is not None:
        folder.mkdir(exist_ok=True)
        cell.individual.genome.save(folder / f"{cell.contestant}-seed{cell.seed}.safetensors")


def _draw_samples(dataset: Dataset, path: Path) -> None:
    from neuroevo.benchmarks.report.plots.samples import save_samples  # heavy, and what is run is known by now

    save_samples(dataset, path)


def _check_contestants(contestants: Sequence[Contestant]) -> None:
    if not contestants:
        raise ValueError("contestants must hold at least one contestant, but they are empty.")
    for one in contestants:
        if not isinstance(one, Contestant):
            raise TypeError(f"contestants must be objects of Contestant, but one is {one!r}.")
        if not one.name or Path(one.name).name != one.name:
            raise ValueError(f"a contestant's name must be usable as a file name, but one is {one.name!r}.")
    if twice := [name for name, count in Counter(one.name for one in contestants).items() if count > 1]:
        raise ValueError(f"contestants must have different names, but several are called {listed(twice)}.")


def _check_seeds(seeds: Sequence[int]) -> None:
    if not seeds:
        raise ValueError("seeds must hold at least one seed, but they are empty.")
    if twice := [seed for seed, count in Counter(seeds).items() if count > 1]:
        raise ValueError(f"seeds must differ, but {listed(twice)} is given more than once.")
