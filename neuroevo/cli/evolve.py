"""`neuroevo evolve`: runs one strategy and saves what it hands on."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from neuroevo.cli.interruption import interruptible, resumable
from neuroevo.cli.names import LEARNGENE_STRATEGIES
from neuroevo.cli.options import resumable_command
from neuroevo.cli.settings.settings import EvolveSettings
from neuroevo.runs.directory import FACTS, RunDirectory, default_folder, read_facts

if TYPE_CHECKING:
    from neuroevo.benchmarks.suites.contestant import Contestant
    from neuroevo.evolution import Generation
    from neuroevo.individual import Individual
    from neuroevo.strategies.strategy import Strategy

GENOME = "genome.safetensors"
LEARNGENE = "learngene.safetensors"


@resumable_command("evolve", EvolveSettings)
def command(settings: EvolveSettings, resume: Path | None) -> None:
    """Run one STRATEGY and save what it hands on in the run directory; the path of the file is printed last.

    That is a learngene or, of a strategy over weight vectors or graphs, the best genome for --problem.

    A signal stops the run after its generation; --resume goes on with it, to more --generations if they are given.
    """
    if settings.strategy == "scratch":
        raise click.UsageError("scratch hands on nothing, so there is no learngene to save; choose another strategy.")
    if resume is not None and (result := _finished(settings, resume)):
        _print(result, settings, first=f"Nothing to do: the run in {resume} is finished.\n")
        return
    folder = resume or settings.out or default_folder("evolve")
    with resumable("evolve", folder):
        run = _run if settings.strategy in LEARNGENE_STRATEGIES else _search
        _print(run(settings, folder, resumes=resume is not None), settings)


def _finished(settings: EvolveSettings, folder: Path) -> dict[str, Any]:
    """Return the result that a folder holds of so many generations, or nothing."""
    facts = read_facts(folder) if (folder / FACTS).exists() else {}
    complete = facts.get("status") == "finished" and facts.get("generations") == settings.generations
    found: dict[str, Any] = facts.get("result", {}) if complete else {}
    return found


def _run(settings: EvolveSettings, folder: Path, *, resumes: bool) -> dict[str, Any]:
    # Settings are checked by now, and only a run needs torch.
    from neuroevo.cli.build import engine_facts, make_backbone, make_contestant, make_dataset, make_device, make_map
    from neuroevo.cli.ways import make_execution

    device = make_device(settings)
    opened = RunDirectory.resume if resumes else RunDirectory.create
    with (
        make_map(settings) as map_,
        opened(folder, what="evolve", settings=settings, argv=sys.argv) as run,
        interruptible(run),
    ):
        if "data" in run.facts:  # `auto` may stand for another device by now
            device = type(device)(str(run.facts["device"]))
        # A run that goes on to more generations keeps the cycle that it began with.
        cycle = settings.cycle or run.facts.get("cycle", settings.generations)
        settings = settings.model_copy(update={"cycle": cycle})
        run.note({"device": str(device), "generations": settings.generations, "cycle": cycle, **engine_facts(map_)})
        dataset = make_dataset(settings).to(device)
        run.note_same({"data": dataset.facts()})
        backbone = make_backbone(settings, dataset)
        execution = make_execution(settings, dataset, backbone, device, run)
        contestant = make_contestant(
            settings.strategy, settings, dataset, backbone, device, map_=map_, execution=execution
        )
        strategy = contestant.make(settings.seed)
        individual = _evolve(contestant, strategy, run, settings)
        learngene = individual.genome.with_notes(dataset=settings.dataset)
        learngene.save(run.path / LEARNGENE)
        result = {
            "learngene": str(run.path / LEARNGENE),
            "score": individual.fitness.values[0],
            "parameters": learngene.parameters,
            "share": learngene.parameters / backbone.layout.parameters(),
            "gradient_steps": strategy.budget.gradient_steps,
        }
        run.note({"result": result})
    return result


def _search(settings: EvolveSettings, folder: Path, *, resumes: bool) -> dict[str, Any]:
    from neuroevo.cli.searches import run_search

    opened = RunDirectory.resume if resumes else RunDirectory.create
    with opened(folder, what="evolve", settings=settings, argv=sys.argv) as run, interruptible(run):
        run.note({"generations": settings.generations})
        result = run_search(settings, run)
        run.note({"result": result})
    return result


def _evolve(contestant: Contestant, strategy: Strategy, run: RunDirectory, settings: EvolveSettings) -> Individual:
    """Run a strategy to its end, and tell of every generation."""
    from neuroevo.cli.progress import Reporter, generation_in_words
    from neuroevo.evolution import evolve

    with Reporter(contestant.planned_steps(settings.seed), quiet=settings.quiet) as reporter:
        done = 0

        def report(generation: Generation) -> None:
            nonlocal done
            reporter.advance(generation.budget.gradient_steps - done)
            done = generation.budget.gradient_steps
            told = generation_in_words(generation, contestant.generations)
            reporter.line(f"{told}, {done:,} gradient steps, {generation.seconds:.1f} s{reporter.left}")

        run.stop.check()
        for _ in evolve(strategy, contestant.generations, run_dir=run.path, callbacks=[report]):
            run.stop.check()
        reporter.describe("scoring the finalists")
        return strategy.result()


def _print(result: Mapping[str, Any], settings: EvolveSettings, *, first: str = "") -> None:
    if settings.as_json:
        click.echo(json.dumps(result))
    elif "genome" in result:
        values = ", ".join(f"{value:.6g}" for value in result["values"])
        click.echo(
            f"{first}The best of {result['evaluations']:,} evaluations on {settings.problem} "
            f"({result['genes']:,} genes) is {values}.\nSaved: {result['genome']}"
        )
    else:
        click.echo(
            f"{first}The learngene holds {result['parameters']:,} parameters ({100 * result['share']:.1f} % of the "
            f"backbone's), scores {result['score']:.3f} on held-out classes and took {result['gradient_steps']:,} "
            f"gradient steps.\nSaved: {result['learngene']}"
        )
