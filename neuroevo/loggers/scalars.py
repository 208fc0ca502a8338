"""A generation as numbers by name, for curves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from neuroevo.evolution import Generation
from neuroevo.individual import Individual

IDS = ("champion",)
"""What strategies record that is the id of an individual: a number, but no scalar."""


def scalars(generation: Generation) -> dict[str, float]:
    """Return what a generation was, as numbers.

    Individuals that failed count in `failed` alone; without any others the numbers about fitness are NaN. Of several
    objectives the second one's names end in `_2`, and so on.

    Returns:
        `best_fitness` (greatest, or least where the objective is minimised), `mean_fitness`, `std_fitness` (of the
        population, not of a sample), `min_fitness`, `max_fitness`; `failed`, `individuals`; `diversity`, the standard
        deviation of a gene over the population, averaged over genes, where genomes are tensors of one shape;
        `seconds`, `individuals_per_second`; `evaluations`, `gradient_steps` and `multiply_adds` since the start; and
        every number that the strategy records, `best_so_far` among them.
    """
    sound = [one for one in generation.population if not one.fitness.failed]
    values: dict[str, float] = {"individuals": len(generation.population), "failed": generation.failed}
    objectives = len(generation.population[0].fitness.weights) if generation.population else 1
    for number in range(objectives):
        values |= _of_objective(sound, number)
    if (spread := diversity(sound)) is not None:
        values["diversity"] = spread
    return values | _of_work(generation) | _recorded(generation.details)


def diversity(individuals: Sequence[Individual]) -> float | None:
    """Return the standard deviation of a gene over individuals, averaged over genes.

    None stands for genomes that are no tensors of one shape.
    """
    genomes = [one.genome for one in individuals]
    if not genomes or not all(isinstance(one, Tensor) and one.shape == genomes[0].shape for one in genomes):
        return None
    return float(torch.stack(genomes).double().std(0, correction=0).mean())


def _of_objective(individuals: Sequence[Individual], number: int) -> dict[str, float]:
    found = torch.tensor([one.fitness.values[number] for one in individuals], dtype=torch.float64)
    if not len(found):
        found = torch.tensor([math.nan], dtype=torch.float64)
    maximised = not individuals or individuals[0].fitness.weights[number] > 0
    facts = {
        "best_fitness": found.max() if maximised else found.min(),
        "mean_fitness": found.mean(),
        "std_fitness": found.std(correction=0),
        "min_fitness": found.min(),
        "max_fitness": found.max(),
    }
    return {_named(name, number): float(value) for name, value in facts.items()}


def _of_work(generation: Generation) -> dict[str, float]:
    spent = generation.budget
    rate = len(generation.population) / generation.seconds if generation.seconds else math.nan
    return {
        "seconds": generation.seconds,
        "individuals_per_second": rate,
        "evaluations": spent.evaluations,
        "gradient_steps": spent.gradient_steps,
        "multiply_adds": spent.multiply_adds,
    }


def _recorded(details: Mapping[str, object]) -> dict[str, float]:
    """Return the numbers among what a strategy records; parts of a mapping bear its name, too."""
    values: dict[str, float] = {}
    for name, value in details.items():
        if name == "best_values" and isinstance(value, Sequence):
            values |= {_named("best_so_far", place): float(one) for place, one in enumerate(value)}
        elif isinstance(value, Mapping):
            values |= {f"{name}/{key}": one for key, one in _recorded(value).items()}
        elif isinstance(value, int | float) and not isinstance(value, bool) and name not in IDS:
            values[name] = value
    return values


def _named(name: str, number: int) -> str:
    return name if number == 0 else f"{name}_{number + 1}"
