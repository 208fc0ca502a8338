"""How good virtual populations are: accuracies of EGGROLL and of a dense evolution strategy after equal evaluations.

`python -m neuroevo.benchmarks.race.virtual_quality --data-root /usr/share/datasets` prints the table of
`docs/virtual-populations.md`. Every search has its defaults, the
population and the noise among them, which are the same, and the same seeds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click
import torch

from neuroevo.benchmarks.analysis.statistics import estimate
from neuroevo.benchmarks.race.challenges import fashion
from neuroevo.evolution import evolve
from neuroevo.problems import Supervised
from neuroevo.problems.classifier import digits
from neuroevo.problems.scores import accuracy
from neuroevo.strategies import EGGROLL, OpenAIES, Search
from neuroevo.strategies.search.evaluations import generations_within

EVALUATIONS = 10_000

SEARCHES: Mapping[str, Callable[..., Search]] = {
    "openai-es": OpenAIES,
    "eggroll, rank 1": EGGROLL,
    "eggroll, rank 4": partial(EGGROLL, rank=4),
    "eggroll, rank 1, SGD": partial(EGGROLL, optimiser="sgd"),
}


def reached(search: Callable[..., Search], problem: Supervised, *, seed: int, evaluations: int) -> float:
    """Return the accuracy of the best network of a search, on the images that it was scored on."""
    strategy = search(problem, seed=seed)
    for _ in evolve(strategy, generations_within(strategy, evaluations)):
        pass
    module = problem.to_module(strategy.result())
    with torch.no_grad():
        return float(accuracy(module(problem.inputs), problem.targets))


def table(problems: Mapping[str, Callable[[int], Supervised]], *, seeds: int, evaluations: int) -> list[str]:
    """Return the lines of the table: mean accuracies over seeds, with 95 % intervals."""
    lines = [f"| search | {' | '.join(problems)} |", f"| --- |{' --- |' * len(problems)}"]
    for name, search in SEARCHES.items():
        cells = []
        for problem in problems.values():
            found = [reached(search, problem(seed), seed=seed, evaluations=evaluations) for seed in range(seeds)]
            own = estimate([100 * one for one in found])
            cells.append(f"{own.mean:.1f} ({own.low:.1f} to {own.high:.1f})")
        lines.append(f"| {name} | {' | '.join(cells)} |")
        click.echo(lines[-1], err=True)
    return lines


@click.command()
@click.option("--data-root", type=click.Path(path_type=Path), help="Folder of Fashion-MNIST's files.")
@click.option("--seeds", default=10, show_default=True, help="Number of seeds.")
@click.option("--evaluations", default=EVALUATIONS, show_default=True, help="What each search may spend.")
def main(data_root: Path | None, seeds: int, evaluations: int) -> None:
    """Print accuracies of virtual populations and of a dense one after equal evaluations."""
    torch.set_num_threads(1)
    problems: dict[str, Any] = {"digits": lambda seed: digits(seed=seed)}
    if data_root is not None:
        problems["Fashion-MNIST"] = partial(fashion, data_root=data_root)
    click.echo("\n".join(table(problems, seeds=seeds, evaluations=evaluations)))


if __name__ == "__main__":
    main()
