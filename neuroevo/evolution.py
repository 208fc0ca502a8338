"""The one generational loop."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deap.base import Toolbox
from torch import Tensor

from neuroevo.budget import Budget
from neuroevo.execution.mapping import unwrap
from neuroevo.files import CheckpointError
from neuroevo.generations import are_individuals, born_in, unscored_of
from neuroevo.individual import Individual
from neuroevo.population import Population, facts_of, failed_of, fitness_values, ids_of, in_columns
from neuroevo.ranking import best_place
from neuroevo.runs.checkpoint import Best, Checkpoint, load_checkpoint, older_seals, path_of, removal, save_checkpoint
from neuroevo.runs.directory import described_run
from neuroevo.runs.failures import keep_failures
from neuroevo.runs.locks import locked
from neuroevo.runs.names import CHECKPOINTS, FAILURES, GENOME, LEARNGENE, RECORDS
from neuroevo.runs.records import Records
from neuroevo.runs.seals import Seal, rewind_records
from neuroevo.signatures import differences
from neuroevo.spelling import shown
from neuroevo.strategies.bare_toolbox import BareToolbox, has_state
from neuroevo.strategies.global_draws import GlobalDraws
from neuroevo.strategies.passed_on import passed_on
from neuroevo.strategies.strategy import Strategy, settings_of
from neuroevo.summarised import Summarised

MAPPED = ("live", "evaluate", "rescore")
"""Operators that strategies pass to the map."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, repr=False)
class Generation(Summarised):
    """What one generation was.

    Attributes:
        number: Counted from 0.
        population: The individuals, scored.
        budget: The training spent since the start.
        seconds: Wall-clock time of this generation.
        details: What the strategy records, as JSON values.
    """

    number: int
    population: Sequence[Individual]
    budget: Budget = field(default_factory=Budget)
    seconds: float = 0.0
    details: Mapping[str, Any] = field(default_factory=dict)

    def _summary(self) -> dict[str, Any]:
        best = fitness_values(self.population)[best_place(self.population)] if self.population else ()
        facts = {"number": self.number, "individuals": len(self.population), "failed": self.failed}
        values = ", ".join(f"{value:.6g}" for value in best)
        return {**facts, "best": values or "none", "mean": self.mean, "seconds": self.seconds}

    @property
    def scores(self) -> list[float]:
        """The first fitness value of every individual that did not fail."""
        facts = zip(fitness_values(self.population), failed_of(self.population), strict=True)
        return [float(values[0]) for values, failed in facts if not failed]

    @property
    def best(self) -> Individual:
        """The best individual.

        Raises:
            ValueError: The population is empty.
        """
        if not self.population:
            raise ValueError(f"generation {self.number} must have at least one individual to have a best one.")
        place = best_place(self.population)
        # A copy, so that the others need not be made in the next generation.
        return self.population[place] if (known := in_columns(self.population)) is None else known.copy_of(place)

    @property
    def mean(self) -> float:
        """The mean of `scores`; NaN if there are none."""
        return sum(self.scores) / len(self.scores) if self.scores else math.nan

    @property
    def failed(self) -> int:
        """The number of individuals whose fitness is not finite."""
        return len(self.population) - len(self.scores)

    def record(self) -> dict[str, Any]:
        """Return the generation as JSON values; `seconds` is the only one that differs between equal runs."""
        return {
            "kind": "generation",
            "generation": self.number,
            "individuals": facts_of(self.population),
            "best": ids_of(self.population)[best_place(self.population)] if self.population else None,
            "mean": self.mean,
            "failed": self.failed,
            "gradient_steps": self.budget.gradient_steps,
            "multiply_adds": self.budget.multiply_adds,
            "critical_path": self.budget.critical_path,
            "evaluations": self.budget.evaluations,
            "seconds": self.seconds,
            **self.details,
        }


def evolve(
    strategy: Strategy | Toolbox,
    generations: int,
    *,
    run_dir: Path | str | None = None,
    checkpoint_seconds: float = 0.0,
    callbacks: Sequence[Callable[[Generation], object]] = (),
    stop: Callable[[Generation], bool] | None = None,
    save_result: bool = True,
) -> Generator[Generation, None, None]:
    """Run a strategy, or a toolbox that you put together, generation by generation.

    The function is a generator: a generation runs when the next record is asked for.

    Args:
        strategy: A strategy (`Coevolution` makes one of several), or a bare toolbox with `generate`, `evaluate` and
            `update`, or with `population` (called without arguments), `select`, `mate`, `mutate` and `evaluate`. In
            the second form children replace their parents, neighbours mate and every child mutates: rates belong to
            the operators; a registered `vary(parents)` is used in place of `mate` and `mutate`.
        generations: How many generations the run has in the end.
        run_dir: Folder for `records.jsonl`, `checkpoints/` and `failures/` (the genomes of individuals that could not
            be evaluated, with the reason); a run that was stopped there is resumed after its last
            checkpoint, which is written after each `update`. One process at a time works in it. A bare toolbox has no
            state that could be kept, so there is no checkpoint then (the log says so).
        checkpoint_seconds: Seconds that must have passed since the last checkpoint before one is written, for
            generations that take less time than the disk. A process that is killed loses that much work, which is
            run again to the same result; one that ends or stops between two generations writes its last state first.
        callbacks: Called with each record.
        stop: Ends the run after the first generation for which it returns True.
        save_result: Write what `strategy.result()` returns to `learngene.safetensors` or `genome.safetensors` in
            `run_dir` when the run has ended, for `from_pretrained(run_dir)`. GTL scores its finalists again for it, and
            so do searches of a noisy problem, which counts in `strategy.budget`.

    Yields:
        One record for each generation.

    Raises:
        ValueError: `generations` or `checkpoint_seconds` is negative, or the toolbox lacks an operator.
        TypeError: An operator can't be sent to the workers of the toolbox's map.
        RuntimeError: Every individual of a generation failed.
        CheckpointError: The run in `run_dir` was begun with other settings, or its last checkpoint is damaged.
        RunLocked: Another process is at work in `run_dir`.
        OSError: A file of `run_dir` can't be written; its last checkpoint is as it was.
    """
    if generations < 0:
        raise ValueError(f"generations must be at least 0, but it is {generations}.")
    if checkpoint_seconds < 0:
        raise ValueError(f"checkpoint_seconds must be at least 0, but it is {checkpoint_seconds}.")
    if isinstance(strategy, Toolbox):
        strategy = BareToolbox(strategy)
    _probe(strategy.toolbox)
    # Absolute, for an evaluation may change the current folder.
    folder = None if run_dir is None else Path(run_dir).absolute()
    return _run(strategy, generations, folder, checkpoint_seconds, callbacks, stop, save_result)


def _run(
    strategy: Strategy,
    generations: int,
    run_dir: Path | None,
    checkpoint_seconds: float,
    callbacks: Sequence[Callable[[Generation], object]],
    stop: Callable[[Generation], bool] | None,
    save_result: bool,
) -> Generator[Generation, None, None]:
    with ExitStack() as files:
        keeper = _Keeper(strategy)
        if run_dir is not None:
            run_dir.mkdir(parents=True, exist_ok=True)
            files.enter_context(locked(run_dir))
            best = _resume(strategy, run_dir)
            files.enter_context(described_run(run_dir, what="evolve", facts=lambda: _facts(strategy)))
            records = files.enter_context(Records(run_dir / RECORDS))
            keeper = _DirectoryKeeper(strategy, run_dir, records, best, checkpoint_seconds)
        draws = GlobalDraws(strategy.toolbox)
        while strategy.generation < generations:
            generation = _step(strategy, keeper.keep_failures, draws)
            keeper.keep(generation)
            with keeper.at_rest():
                for callback in callbacks:
                    callback(generation)
                yield generation
                if stop is not None and stop(generation):
                    break
        keeper.save()
        if save_result:
            keeper.save_result()


def _facts(strategy: Strategy) -> dict[str, Any]:
    """Return what describes a run beside its records."""
    described = {} if isinstance(strategy, BareToolbox) else settings_of(strategy)
    # What is not finite can't stand in the file.
    settings = json.loads(json.dumps(described), parse_constant=str)
    return {"strategy": type(strategy).__name__, "seed": getattr(strategy, "seed", None), "settings": settings}


class _Keeper:
    """Keeps nothing: the run has no directory."""

    def __init__(self, strategy: Strategy) -> None:
        self.strategy = strategy

    def keep_failures(self, population: Sequence[Individual]) -> None:
        """Write the genomes that could not be evaluated."""

    def keep(self, generation: Generation) -> None:
        """Write what a generation was."""

    def save(self) -> None:
        """Write the checkpoint that is due, if one is."""

    def save_result(self) -> None:
        """Write the file of what was found."""

    @contextmanager
    def at_rest(self) -> Iterator[None]:
        """Whatever ends the run in here loses nothing: the strategy is between two generations."""
        try:
            yield
        except BaseException:
            try:
                self.save()
            except OSError as error:  # which must not take the place of what ended the run
                log.error("%s", error)
            raise


class _DirectoryKeeper(_Keeper):
    """Writes every generation into the run directory: its record first, then the checkpoint that makes it count."""

    def __init__(
        self, strategy: Strategy, run_dir: Path, records: Records, best: Best | None, checkpoint_seconds: float
    ) -> None:
        super().__init__(strategy)
        self.run_dir = run_dir
        self.records = records
        self.best = best
        self.settings = settings_of(strategy)
        self.checkpoint_seconds = checkpoint_seconds
        self.saved_at = time.monotonic()
        self.unsaved: Generation | None = None
        self.ran = False

    def keep_failures(self, population: Sequence[Individual]) -> None:
        keep_failures(self.run_dir / FAILURES, population, self.strategy.generation)

    def keep(self, generation: Generation) -> None:
        self.ran = True
        self.records.append(generation.record())
        if not has_state(self.strategy):
            return
        self.unsaved = generation
        if time.monotonic() - self.saved_at >= self.checkpoint_seconds:
            self.save()

    def save(self) -> None:
        if self.unsaved is None:
            return
        number = self.strategy.generation
        best = _better(self.best, self.unsaved, number)
        state = self.strategy.state_dict()
        # What the disk refused once is not tried again: the checkpoint before it stands.
        self.unsaved = None
        records = Seal(*self.records.seal)
        save_checkpoint(self.run_dir / CHECKPOINTS, number, state, settings=self.settings, best=best, records=records)
        self.best, self.saved_at = best, time.monotonic()

    def save_result(self) -> None:
        strategy = self.strategy
        known = not self.ran and any((self.run_dir / name).exists() for name in (LEARNGENE, GENOME))
        if known or not strategy.generation or not has_state(strategy) or not hasattr(strategy, "result"):
            return
        found = passed_on(strategy, strategy=type(strategy).__name__, seed=getattr(strategy, "seed", None))
        if found is not None:
            found.save(self.run_dir / found.FILE)


def _better(best: Best | None, generation: Generation, complete: int) -> Best | None:
    """Return the better one of the best generation so far and a new one; the older one if they are equally good."""
    if not generation.population or generation.best.fitness.failed:
        return best
    score = generation.best.fitness.wvalues
    return Best(complete, tuple(map(float, score))) if best is None or score > best.score else best


def _resume(strategy: Strategy, run_dir: Path) -> Best | None:
    """Bring a strategy to the last checkpoint and cut off the records after it; return the best generation so far."""
    if not has_state(strategy):
        log.warning("a bare toolbox has no state to keep: there will be no checkpoint in %s", run_dir)
        return None
    best = seal = None
    folder = run_dir / CHECKPOINTS
    if (checkpoint := load_checkpoint(folder)) is not None:
        _check_settings(strategy, checkpoint.settings, run_dir)
        _restore(strategy, checkpoint, folder)
        best, seal = checkpoint.best, checkpoint.records
        log.info("resumed after %d generations", strategy.generation)
    # The checkpoint is written last: a generation that was recorded but not kept is run again.
    rewind_records(run_dir / RECORDS, strategy.generation, seal, older_seals(folder, strategy.generation))
    return best


def _check_settings(strategy: Strategy, before: Mapping[str, object] | None, run_dir: Path) -> None:
    if before is None:
        return
    if differing := differences(before, settings_of(strategy)):
        raise CheckpointError(
            f"The run in {run_dir} was begun with other settings: {', '.join(differing)}; resume it with its own, or "
            "choose another folder."
        )


def _restore(strategy: Strategy, checkpoint: Checkpoint, folder: Path) -> None:
    try:
        strategy.load_state_dict(checkpoint.state)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RuntimeError) as error:
        path = path_of(folder, checkpoint.generation)
        raise CheckpointError(
            f"{path} holds no state of a {type(strategy).__name__} ({type(error).__name__}: {error}); {removal(path)}."
        ) from error


def _probe(toolbox: Toolbox) -> None:
    """Find out before any work whether the map can send what it will be given to its workers."""
    probe: Callable[[Any], object] = getattr(unwrap(toolbox.map)[0], "probe", lambda function: None)
    for verb in MAPPED:
        if hasattr(toolbox, verb):
            probe(getattr(toolbox, verb))


def _check_survivors(population: Sequence[Individual], number: int) -> None:
    failed = int(failed_of(population).sum())
    if not population or failed < len(population):
        return
    reasons = sorted({one.fitness.failure for one in population if one.fitness.failure is not None})
    if any(isinstance(one.genome, Tensor) and not bool(one.genome.isfinite().all()) for one in population):
        what = "genomes are not finite; the search diverged, so bound its space, or take smaller steps"
        raise RuntimeError(f"all {failed} individuals of generation {number} failed: {what}.")
    reason = " or ".join(reasons) or "no fitness value is finite"
    raise RuntimeError(
        f"all {failed} individuals of generation {number} failed: {reason}; "
        "check the evaluation, for example for a learning rate that is too high."
    )


def _store(individuals: Sequence[Individual], results: Sequence[object]) -> None:
    """Set fitness values; results that are none fail their individuals, and end the run only if all of them are so."""
    if isinstance(individuals, Population) and individuals.score(results):
        return
    wrong = {
        one.id: reason
        for one, result in zip(individuals, results, strict=True)
        if (reason := one.fitness.accept(result)) is not None
    }
    if wrong and len(wrong) == len(individuals):
        raise TypeError(f"{next(iter(wrong.values()))}.")
    for number, reason in wrong.items():
        log.warning("individual %s counts as failed: %s", number, reason)


def _step(strategy: Strategy, keep: Callable[[Sequence[Individual]], object], draws: GlobalDraws) -> Generation:
    started = time.perf_counter()
    number, toolbox = strategy.generation, strategy.toolbox
    draws.begin()
    population = toolbox.generate()
    draws.end("generate")
    if not are_individuals(population):
        raise TypeError(f"generate must return individuals, but it returned {shown(population)}.")
    # Not all strategies count generations for their children, and evaluators draw episodes and tasks by them.
    born_in(number, population)
    unscored = unscored_of(population)
    found = list(toolbox.map(toolbox.evaluate, unscored))
    draws.end("evaluate")
    if len(found) != len(unscored):
        raise TypeError(f"map must return {len(unscored)} results, but it returned {len(found)}.")
    _store(unscored, found)
    keep(population)
    _check_survivors(population, number)
    toolbox.update(population)
    draws.end("update")
    seconds = time.perf_counter() - started
    individuals = population if isinstance(population, Population) else tuple(population)
    return Generation(number, individuals, strategy.budget, seconds, strategy.record())
