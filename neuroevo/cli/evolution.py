"""What `neuroevo evolve` runs: a strategy with its settings, on a data set or on a problem."""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import click
import torch

from neuroevo import catalogue
from neuroevo.cli.build import (
    engine_facts,
    find,
    make_backbone,
    make_dataset,
    make_device,
    make_execution,
    make_map,
    usage,
)
from neuroevo.cli.for_people import number, sequence
from neuroevo.cli.interruption import interruptible
from neuroevo.cli.logs import Logs, check_logs
from neuroevo.cli.progress import Reporter, generation_in_words
from neuroevo.cli.settings.derived import Fields, grouped, setting, settings_of, whole, with_default
from neuroevo.cli.settings.groups import RUN
from neuroevo.cli.settings.load import fields, to_toml, used
from neuroevo.cli.settings.repeat import repeated
from neuroevo.cli.settings.run import EvolveCandidate, EvolveNetworks, EvolveSearch, SeededRun
from neuroevo.evolution import Generation, evolve
from neuroevo.execution import WorkerMap
from neuroevo.execution.threads import one_thread
from neuroevo.execution.watching import watching
from neuroevo.genome import Genome
from neuroevo.runs.directory import RunDirectory, read_facts
from neuroevo.runs.names import FACTS, GENOME, LEARNGENE
from neuroevo.signatures import parameters
from neuroevo.spelling import unknown
from neuroevo.strategies import GTL, NEAT, AsynchronousGTL, PopulationGTL, Search
from neuroevo.strategies.gtl.operators import finite_or_none
from neuroevo.strategies.passed_on import passed_on
from neuroevo.strategies.search.evaluations import CHECKPOINT_SECONDS, generations_within
from neuroevo.strategies.strategy import Strategy
from neuroevo.strategies.variant import Variant

LINES = 20
"""Lines of progress of one run, about."""
EVALUATIONS = 10_000
"""Evaluations of a search by default."""
DEFAULT_PROBLEMS = {"GraphProblem": "xor", "Measured": "arm"}
"""Problems of strategies that can't be run on the default one, by the kind of problem that they take."""

Make = Callable[..., Any]
Work = Callable[[RunDirectory, WorkerMap | None], dict[str, Any]]
"""Runs a strategy in an open run directory, on a map over workers or on threads, and returns what it reached."""


@dataclass(frozen=True)
class Chosen:
    """A strategy that was chosen by name, and the problem that it is run on, if it takes one.

    Attributes:
        name: The strategy's name.
        make: Its class.
        variant: What makes it a variant of its class, if it is one.
        problem: The problem's name; empty for a strategy on a data set.
        make_problem: Makes the problem.
        problem_kind: The kind of problems that it takes.
    """

    name: str
    make: Make
    variant: Variant | None = None
    problem: str = ""
    make_problem: Make | None = None
    problem_kind: str = "problem"

    @classmethod
    def of(cls, name: str, problem: str, *, asynchronous: bool = False) -> Chosen:
        """Return the strategy of a name.

        Args:
            name: The strategy's name.
            problem: The name of a problem; empty for the default one.
            asynchronous: Whether GTL is run without barriers.

        Raises:
            click.UsageError: A name is not known, or the strategy can't be run so.
        """
        found = find("strategy", name)
        variant = found if isinstance(found, Variant) else None
        make = cast(Make, found if variant is None else variant.strategy)
        if asynchronous:
            if make not in (GTL, PopulationGTL):
                raise click.UsageError(f"--asynchronous is for gtl and its variants, but STRATEGY is {name}.")
            make = AsynchronousGTL
        taken = parameters(make).get("problem")
        if taken is None:
            return cls(name, make, variant)
        kind = getattr(taken.annotation, "__name__", "")
        of_problems = "graph problem" if kind == "GraphProblem" else "problem"
        known = catalogue.entries(of_problems)
        chosen = problem or DEFAULT_PROBLEMS.get(kind, "digits")
        if chosen not in known:
            raise click.UsageError(unknown(f"--problem of {name}", chosen, known))
        return cls(name, make, variant, chosen, cast(Make, known[chosen].load()), of_problems)

    @property
    def described(self) -> str:
        """The strategy and its problem, for errors."""
        return f"{self.name} on {self.problem}" if self.problem else self.name

    @property
    def searches(self) -> bool:
        """Whether it searches the genomes of a problem."""
        return self.make_problem is not None

    @property
    def model(self) -> type[EvolveNetworks | EvolveCandidate | EvolveSearch]:
        """The settings of a run of it, beside its own."""
        if self.searches:
            return EvolveSearch
        return EvolveCandidate if getattr(self.make, "one_generation", False) else EvolveNetworks

    @property
    def examples(self) -> tuple[str, ...]:
        """Command lines that run it."""
        first = f"--problem {self.problem} --evaluations 2000" if self.searches else "--quick"
        return (
            f"neuroevo evolve {self.name} {first}",
            f"neuroevo evolve {self.name} --seed 1 --log csv --out runs/mine",
            "neuroevo evolve --resume runs/mine",
        )

    def settings(self) -> Fields:
        """Return its settings, and those of its problem; the defaults of a variant are the variant's."""
        found = grouped(settings_of(self.make), f"Strategy {self.name}")
        if self.variant is not None:
            found |= _defaults(self.make, found, {**self.variant.sizes, **self.variant.settings})
        if self.make is GTL and "cycle" not in (self.variant.settings if self.variant else ()):
            kind, info = found["cycle"]
            found["cycle"] = kind | None, with_default(info, None, more=" By default all.")
        if self.make_problem is not None:
            found |= {f"problem_{name}" if name in found else name: one for name, one in self._of_problem().items()}
            found["problem"] = (
                str,
                setting(self.problem, "Problem whose genomes are searched.", group=RUN, names=self.problem_kind),
            )
        return found

    def make_strategy(self, own: dict[str, Any], **common: Any) -> Strategy:
        """Return the strategy on its problem, or on a data set and a backbone that are among `common`."""
        arguments = {name: value for name, value in common.items() if name in parameters(self.make)}
        if self.make_problem is not None:
            named = {name: own[f"problem_{name}"] for name in self._of_problem() if f"problem_{name}" in own}
            problem = self.make_problem(**whole(self.make_problem, {**own, **named}))
            arguments["problem"] = placed(problem, common.get("device"), self.problem or "")
        return cast(Strategy, self.make(**{**whole(self.make, own), **arguments}))

    def run(
        self, settings: EvolveNetworks | EvolveCandidate | EvolveSearch, folder: Path, *, resumes: bool
    ) -> dict[str, Any]:
        """Run it in a folder, and return what it reached as JSON values.

        Raises:
            click.UsageError: The strategy or its problem refuses a setting; no folder is made.
        """
        check_logs(settings.log)
        before = read_facts(folder) if resumes and (folder / FACTS).exists() else {}
        work = self._search(settings) if isinstance(settings, EvolveSearch) else self._train(settings, before)
        opened = RunDirectory.resume if resumes else RunDirectory.create
        with (
            make_map(settings) as map_,
            opened(folder, what="evolve", settings=to_toml(used(settings)), argv=sys.argv) as run,
            interruptible(run),
        ):
            stop = {key: getattr(settings, key, None) for key in ("generations", "evaluations")}
            about = {"repeat": self._repeat(settings), "seed": settings.seed, "strategy": self.name}
            run.note({"stop": stop, **about, **engine_facts(map_)})
            result = work(run, map_)
            run.note({"result": result})
        return result

    def _repeat(self, settings: EvolveNetworks | EvolveCandidate | EvolveSearch) -> list[str]:
        """Return the command that repeats a run; it names the problem, which is the default of these settings alone."""
        values = {key: value for key, value in used(settings).items() if value is not None and key != "problem"}
        what, name, *flags = repeated("evolve", values, fields(type(settings)))
        return ["neuroevo", what, name, *([f"--problem={self.problem}"] if self.problem else []), *flags]

    def _of_problem(self) -> Fields:
        make = cast(Make, self.make_problem)
        return grouped(settings_of(make), f"Problem {self.problem}")

    def _train(self, settings: EvolveNetworks | EvolveCandidate, before: Mapping[str, Any]) -> Work:
        """Return what runs a strategy on a data set and saves its learngene.

        Args:
            settings: The settings.
            before: The facts of the run that is resumed.
        """
        # `auto` may stand for another device by now.
        device = make_device(settings.model_copy(update={"device": before.get("device", settings.device)}))
        dataset = make_dataset(settings, environments=settings.environments).to(device)
        own = dict(settings.own)
        generations = settings.generations if isinstance(settings, EvolveNetworks) else 1
        if "cycle" in own and own["cycle"] is None:
            # A run that is resumed for more generations keeps the cycle that it began with.
            own["cycle"] = before.get("cycle", generations)
        if self.variant is not None and self.variant.at_once:
            own["population"], generations = generations * own["population"], 1
        with usage():
            backbone = make_backbone(settings, dataset)
            given = {"dataset": dataset, "backbone": backbone, "seed": settings.seed, "device": device}
            self.make_strategy(own, **given)
        return partial(self._trained, settings, own, generations, given)

    def _trained(
        self,
        settings: EvolveNetworks | EvolveCandidate,
        own: dict[str, Any],
        generations: int,
        given: Mapping[str, Any],
        run: RunDirectory,
        map_: WorkerMap | None,
    ) -> dict[str, Any]:
        """Run a strategy on a data set, save its learngene and return what it reached."""
        dataset, backbone, device = given["dataset"], given["backbone"], given["device"]
        run.note({"device": str(device), **({"cycle": own["cycle"]} if "cycle" in own else {})})
        run.note_same({"data": dataset.facts()})
        execution = make_execution(settings, own, dataset, backbone, device, run)
        workers = settings.workers if map_ is None else None
        strategy = self.make_strategy(own, **given, workers=workers, execution=execution)
        if map_ is not None:
            strategy.toolbox.register("map", map_)
        individual = _evolve(strategy, generations, run, settings)
        score = finite_or_none(individual.fitness.values[0])
        learngene = individual.genome.with_notes(dataset=settings.dataset, score=score)
        learngene.save(run.path / LEARNGENE)
        return {
            "learngene": LEARNGENE,
            "score": individual.fitness.values[0],
            "parameters": learngene.parameters,
            "share": learngene.parameters / backbone.layout.parameters(),
            "gradient_steps": strategy.budget.gradient_steps,
        }

    @one_thread()
    def _search(self, settings: EvolveSearch) -> Work:
        """Return what runs a strategy on a problem and saves its best genome."""
        device = prepare(settings)
        with usage():
            strategy = cast(Search | NEAT, self.make_strategy(settings.own, seed=settings.seed, device=device))
        generations = settings.generations or generations_within(strategy, settings.evaluations or EVALUATIONS)
        return partial(self._searched, settings, strategy, generations, device)

    @one_thread()
    def _searched(
        self,
        settings: EvolveSearch,
        strategy: Search | NEAT,
        generations: int,
        device: torch.device,
        run: RunDirectory,
        map_: WorkerMap | None,
    ) -> dict[str, Any]:
        """Run a strategy on a problem, save its best genome and return what it reached."""
        total = sum(strategy.size(number) for number in range(generations))
        with (
            Logs.opened(settings.log, run.path, used(settings)) as logs,
            Reporter(total, quiet=settings.quiet, unit="evaluations") as reporter,
        ):
            run.note({"device": str(device), "threads": 1})
            if map_ is not None:
                strategy.toolbox.register("map", map_)

            def report(generation: Generation) -> None:
                logs.log(self.name, settings.seed, generation, problem=self.problem)
                reporter.advance(len(generation.population))
                if generation.number % max(1, generations // LINES) == 0:
                    best = _in_text(strategy.record()["best_values"])
                    reporter.line(f"generation {generation.number + 1}/{generations}: best {best}{reporter.left}")

            run.stop.check()
            going = evolve(
                strategy,
                generations,
                run_dir=run.path,
                checkpoint_seconds=CHECKPOINT_SECONDS,
                callbacks=[report],
                save_result=False,
            )
            with closing(going):
                for _ in going:
                    run.stop.check()
        genome = cast(Genome, passed_on(strategy, strategy=self.name, problem=self.problem, seed=settings.seed))
        genome.save(run.path / GENOME)
        return {
            "genome": GENOME,
            "problem": self.problem,
            "values": genome.notes["values"],
            "genes": sum(block.numel() for block in genome.blocks.values()),
            "evaluations": strategy.budget.evaluations,
        }


def prepare(settings: SeededRun) -> torch.device:
    """Make the process ready for searches, and return the device that they run on: the CPU unless another is named.

    What was imported is frozen: garbage collections, which many young individuals set off, needn't look at it.

    Raises:
        click.UsageError: The device is not there, or workers are to share it.
    """
    device = torch.device("cpu") if settings.device == "auto" else make_device(settings)
    engine = getattr(settings, "engine", "threads")
    if device.type != "cpu" and engine != "threads":
        raise click.UsageError(
            f"--device must be auto or cpu with --engine {engine}, but it is {settings.device}; leave out --engine."
        )
    gc.freeze()
    # Libraries look at the end for objects of theirs that are still there, and frozen ones are.
    atexit.register(gc.unfreeze)
    return device


def placed(problem: Any, device: torch.device | None, name: str) -> Any:
    """Return a problem on a device, by default where it is.

    Raises:
        click.UsageError: It can't be moved.
    """
    if device is None or device.type == "cpu":
        return problem
    if not hasattr(problem, "to"):
        raise click.UsageError(
            f"--device must be auto or cpu for the problem {name}, which is evaluated on the CPU, but it is {device}."
        )
    return problem.to(device)


def _evolve(strategy: Strategy, generations: int, run: RunDirectory, settings: EvolveNetworks | EvolveCandidate) -> Any:
    """Run a strategy to its end, and report every generation."""
    planned = strategy.planned_budget(generations).gradient_steps
    with (
        Logs.opened(settings.log, run.path, used(settings)) as logs,
        Reporter(planned, quiet=settings.quiet) as reporter,
        watching(reporter.hear),
    ):
        done = 0

        def report(generation: Generation) -> None:
            nonlocal done
            logs.log(settings.strategy, settings.seed, generation)
            reporter.advance(generation.budget.gradient_steps - done)
            done = generation.budget.gradient_steps
            text = generation_in_words(generation, generations)
            reporter.line(f"{text}, {done:,} gradient steps, {generation.seconds:.1f} s{reporter.left}")

        run.stop.check()
        for _ in evolve(strategy, generations, run_dir=run.path, callbacks=[report], save_result=False):
            run.stop.check()
        reporter.describe("scoring the finalists")
        return strategy.result()


def _defaults(make: Make, known: Fields, values: dict[str, Any]) -> Fields:
    """Return the settings whose defaults are others, recipes part by part."""
    parts: dict[str, Any] = {}
    for name, value in values.items():
        if name in known:
            parts[name] = value
        else:
            parts |= {f"{name}_{key}": part for key, part in vars(value).items() if f"{name}_{key}" in known}
    return {name: (known[name][0], with_default(known[name][1], value)) for name, value in parts.items()}


def _in_text(values: Sequence[float]) -> str:
    return sequence([number(value) for value in values])
