"""`neuroevo evolve`: runs one strategy and saves what it hands on."""

from __future__ import annotations

import json
import sys

import click

from neuroevo.cli.names import LEARNGENE_STRATEGIES
from neuroevo.cli.options import settings_command
from neuroevo.runs.directory import RunDirectory
from neuroevo.runs.settings import EvolveSettings

GENOME = "genome.safetensors"
LEARNGENE = "learngene.safetensors"


@settings_command("evolve", EvolveSettings)
def command(settings: EvolveSettings) -> None:
    """Run one STRATEGY and save what it hands on in the run directory; the path of the file is printed last.

    That is a learngene or, of a strategy over weight vectors or graphs, the best genome for --problem.
    """
    # Settings are checked by now, and only a run needs torch.
    if settings.strategy not in LEARNGENE_STRATEGIES:
        from neuroevo.cli.searches import run_search

        with RunDirectory.create(settings.out, what="evolve", settings=settings, argv=sys.argv) as run:
            run_search(settings, run)
        return
    from neuroevo.cli.build import make_backbone, make_contestant, make_dataset, make_device
    from neuroevo.cli.progress import Reporter, generation_in_words
    from neuroevo.evolution import Generation, evolve

    if settings.strategy == "scratch":
        raise click.UsageError("scratch hands on nothing, so there is no learngene to save; choose another strategy.")
    device = make_device(settings)
    with RunDirectory.create(settings.out, what="evolve", settings=settings, argv=sys.argv) as run:
        run.note({"device": str(device)})
        dataset = make_dataset(settings).to(device)
        backbone = make_backbone(settings, dataset)
        contestant = make_contestant(settings.strategy, settings, dataset, backbone, device)
        strategy = contestant.make(settings.seed)
        with Reporter(contestant.planned_steps(settings.seed), quiet=settings.quiet) as reporter:
            done = 0

            def report(generation: Generation) -> None:
                nonlocal done
                reporter.advance(generation.budget.gradient_steps - done)
                done = generation.budget.gradient_steps
                told = generation_in_words(generation, contestant.generations)
                reporter.line(f"{told}, {done:,} gradient steps, {generation.seconds:.1f} s{reporter.left}")

            for _ in evolve(strategy, contestant.generations, run_dir=run.path, callbacks=[report]):
                pass
            reporter.describe("scoring the finalists")
            individual = strategy.result()
        learngene = individual.genome.with_notes(dataset=settings.dataset)
        learngene.save(run.path / LEARNGENE)
    result = {
        "learngene": str(run.path / LEARNGENE),
        "score": individual.fitness.values[0],
        "parameters": learngene.parameters,
        "share": learngene.parameters / backbone.layout.parameters(),
        "gradient_steps": strategy.budget.gradient_steps,
    }
    if settings.as_json:
        click.echo(json.dumps(result))
    else:
        click.echo(
            f"The learngene holds {result['parameters']:,} parameters ({100 * result['share']:.1f} % of the "
            f"backbone's), scores {result['score']:.3f} on held-out classes and took {result['gradient_steps']:,} "
            f"gradient steps.\nSaved: {result['learngene']}"
        )
