"""What is raced on: problems of each kind, how many evaluations each allows, and how a result is judged.

A seed is an instance: functions have the best genome at another place, networks begin with other weights, episodes
differ. What counts is the noise-free value of the result, which a search may not have seen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from neuroevo.backbones import MLP
from neuroevo.benchmarks.race.entrant import HELD_OUT
from neuroevo.benchmarks.race.landscapes import Noisy, instance
from neuroevo.benchmarks.race.trial import Trial
from neuroevo.data.fashion_mnist import fashion_mnist
from neuroevo.data.images import LabelledImages
from neuroevo.execution import Pixels
from neuroevo.individual import Fitness, Individual
from neuroevo.problems import Episodes, Function, Supervised
from neuroevo.problems.classifier import classifier, digits
from neuroevo.problems.episodes import cartpole
from neuroevo.problems.function import (
    ACKLEY,
    ARM,
    DTLZ2,
    ELLIPSOID,
    GRIEWANK,
    RASTRIGIN,
    ROSENBROCK,
    SCHWEFEL,
    SPHERE,
    ZDT1,
    ZDT2,
    ZDT3,
    Landscape,
)
from neuroevo.problems.graphs import xor
from neuroevo.strategies.search.measures import archives

EPISODES = 20
"""Episodes that the result of a search over episodes is judged by."""
CELLS = 20
"""Cells in each measure of the grid that a repertoire is judged by."""
CORNER = 1.1
"""The reference point of hypervolumes has this value in each objective."""


@dataclass(frozen=True)
class Challenge:
    """A problem of the race.

    Attributes:
        kind: functions, networks, episodes, fronts, repertoires or graphs.
        make: Makes the problem of a seed.
        evaluations: What a search may spend.
        judge: Called with a trial and the genomes that the search ended with, [K, D], returns the value of the result.
        weight: Positive if a greater value is better.
        needs: The module that it needs beside the library's own dependencies.
    """

    kind: str
    make: Callable[[int], Any]
    evaluations: int
    judge: Callable[[Trial, Tensor], float]
    weight: float = -1.0
    needs: str = ""


def clean_value(trial: Trial, found: Tensor) -> float:
    """Return the value of a genome [1, D] without noise."""
    problem = trial.problem
    function: Any = problem.function if isinstance(problem, Function) else None
    function = function.clean if isinstance(function, Noisy) else function
    return float(function(found)[0])


def score(trial: Trial, found: Tensor) -> float:
    """Return the score of a genome [1, D] on all examples."""
    return trial.problem.batch([_individual(found[0], trial)])[0][0]


def mean_return(trial: Trial, found: Tensor) -> float:
    """Return the mean return of a genome [1, D] in episodes that no search has played."""
    problem: Any = trial.problem
    one = _individual(found[0], trial)
    scores = [problem.batch([_of_generation(one, 2**40 + number)])[0][0] for number in range(EPISODES)]
    return math.fsum(scores) / EPISODES


def hypervolume(trial: Trial, found: Tensor) -> float:
    """Return the hypervolume of genomes [K, D], all objectives to be minimised, up to `CORNER` in each."""
    from deap.benchmarks.tools import hypervolume as volume

    individuals = [_individual(row, trial) for row in found]
    for one, values in zip(individuals, trial.problem.batch(individuals), strict=True):
        one.fitness.accept(values)
    inside = [one for one in individuals if max(one.fitness.values) < CORNER]
    return float(volume(inside, [CORNER] * len(trial.problem.weights))) if inside else 0.0


def quality_diversity(trial: Trial, found: Tensor, *, worst: float) -> float:
    """Return the QD score of genomes [K, D] in [0, 1]: 1 if each cell has a genome with the objective 0.

    Args:
        trial: The trial.
        found: The genomes.
        worst: The least objective that there is, which counts as much as an empty cell.
    """
    problem: Any = trial.problem
    values = np.array(problem.batch([_individual(row, trial) for row in found]))
    archive = archives().GridArchive(
        solution_dim=1, dims=[CELLS] * len(problem.measures), ranges=problem.measures, qd_score_offset=worst
    )
    archive.add(np.zeros((len(values), 1)), values[:, 0], values[:, 1:])
    return float(archive.stats.norm_qd_score) / -worst


def as_returned(trial: Trial, found: Tensor) -> float:
    """Return what the entrant returned: on graphs, the evaluations that it took to solve the problem."""
    del trial
    return float(found[0, 0])


def fashion(seed: int, *, data_root: Path) -> Supervised:
    """Return the classification of Fashion-MNIST in 7 x 7 pixels by 970 weights, 50 images of each class."""
    data = fashion_mnist(data_root, images_per_class=50)
    roles = [data.ancestry, data.held_out, data.novel]
    first = np.cumsum([0, *(len(role.classes) for role in roles)])
    pixels = torch.cat([F.avg_pool2d(role.images.float(), 4).round().to(torch.uint8) for role in roles])
    labels = torch.cat([role.labels + int(start) for role, start in zip(roles, first, strict=False)])
    images = LabelledImages(pixels, labels, tuple(name for role in roles for name in role.classes))
    return classifier(images, MLP(widths=(16,), inputs=49), pixels=Pixels((0.3,), (0.3,)), seed=seed)


def acrobot(seed: int) -> Episodes:
    """Return the swing-up of a double pendulum by a network with one hidden layer of 16."""
    with torch.device("meta"):
        layers = nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 3))
    network = layers.to_empty(device="cpu")
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
    return Episodes("Acrobot-v1", network, seed=seed)


def hilly(genomes: Tensor) -> Tensor:
    """Return minus Rastrigin's function, and its first two genes as measures."""
    return torch.cat([-RASTRIGIN.function(genomes).unsqueeze(-1), genomes[..., :2]], dim=-1)


HILLY = Landscape(hilly, -5.12, 5.12, weights=(1.0, 0.0, 0.0), size=10, measures=((-5.12, 5.12), (-5.12, 5.12)))


def _function(
    landscape: Landscape, size: int, *, evaluations: int = 5000, kind: str = "functions", **how: Any
) -> Challenge:
    return Challenge(kind, partial(instance, landscape, size, **how), evaluations, clean_value)


def _many(landscape: Landscape, kind: str, judge: Callable[[Trial, Tensor], float], *, needs: str = "") -> Challenge:
    return Challenge(kind, partial(_the_same, landscape), 10_000, judge, weight=1.0, needs=needs)


def challenges(data_root: Path | None = None) -> dict[str, Challenge]:
    """Return the problems by name; Fashion-MNIST is among them if the folder of its files is given."""
    found = {
        "rosenbrock-2": _function(ROSENBROCK, 2, evaluations=1000, best=1.0),
        "rastrigin-2": _function(RASTRIGIN, 2, evaluations=1000),
        "schwefel-2": _function(SCHWEFEL, 2, evaluations=1000, mirrored=True),
        "rosenbrock-10": _function(ROSENBROCK, 10, best=1.0),
        "ellipsoid-10-rotated": _function(ELLIPSOID, 10, rotated=True),
        "rastrigin-10-rotated": _function(RASTRIGIN, 10, rotated=True),
        "griewank-10": _function(GRIEWANK, 10),
        "schwefel-10": _function(SCHWEFEL, 10, mirrored=True),
        "sphere-10-noisy": _function(SPHERE, 10, noise=1.0),
        "rosenbrock-10-noisy": _function(ROSENBROCK, 10, best=1.0, noise=10.0),
        "ellipsoid-30": _function(ELLIPSOID, 30),
        "ellipsoid-30-rotated": _function(ELLIPSOID, 30, rotated=True),
        "rosenbrock-30": _function(ROSENBROCK, 30, best=1.0),
        "rastrigin-30": _function(RASTRIGIN, 30),
        "rastrigin-30-noisy": _function(RASTRIGIN, 30, noise=10.0),
        "ackley-30-rotated": _function(ACKLEY, 30, rotated=True),
        "ellipsoid-30-free": _function(ELLIPSOID, 30, bounded=False),
        "rastrigin-100": _function(RASTRIGIN, 100),
        "ackley-1000": _function(ACKLEY, 1000),
        "sphere-1000": _function(SPHERE, 1000),
        "digits": Challenge("networks", _digits, 3000, score, weight=1.0),
        "cartpole": Challenge("episodes", _cartpole, 200, mean_return, weight=1.0, needs="gymnasium"),
        "acrobot": Challenge("episodes", acrobot, 100, mean_return, weight=1.0, needs="gymnasium"),
        "zdt1": _many(ZDT1, "fronts", hypervolume),
        "zdt2": _many(ZDT2, "fronts", hypervolume),
        "zdt3": _many(ZDT3, "fronts", hypervolume),
        "dtlz2": _many(DTLZ2, "fronts", hypervolume),
        "arm": _many(ARM, "repertoires", partial(quality_diversity, worst=-(math.pi**2)), needs="ribs"),
        "hilly": _many(HILLY, "repertoires", partial(quality_diversity, worst=-500.0), needs="ribs"),
        "xor": Challenge("graphs", partial(_the_same, xor), 15_000, as_returned),
    }
    found |= _held_out()
    if data_root is not None:
        found["fashion-mnist"] = Challenge("networks", partial(fashion, data_root=data_root), 3000, score, weight=1.0)
    return found


KINDS: Mapping[str, str] = {
    "functions": "least value of a function",
    HELD_OUT: "least value of a function that no default and no rule was chosen by",
    "networks": "mean log-likelihood of labelled images",
    "episodes": "mean return of fresh episodes",
    "fronts": "hypervolume of a front",
    "repertoires": "QD score of a repertoire",
    "graphs": "evaluations until XOR is solved",
}


def _held_out() -> dict[str, Challenge]:
    new = partial(_function, kind=HELD_OUT)
    return {
        "rosenbrock-5": new(ROSENBROCK, 5, best=1.0, evaluations=2000),
        "rastrigin-5": new(RASTRIGIN, 5, evaluations=2000),
        "schwefel-5": new(SCHWEFEL, 5, mirrored=True, evaluations=2000),
        "ellipsoid-10": new(ELLIPSOID, 10),
        "ackley-10": new(ACKLEY, 10),
        "rastrigin-15-noisy": new(RASTRIGIN, 15, noise=5.0),
        "ellipsoid-20-noisy": new(ELLIPSOID, 20, noise=10.0),
        "rosenbrock-20": new(ROSENBROCK, 20, best=1.0),
        "rastrigin-20-rotated": new(RASTRIGIN, 20, rotated=True),
        "schwefel-20": new(SCHWEFEL, 20, mirrored=True),
        "griewank-30": new(GRIEWANK, 30),
        "ellipsoid-50-rotated": new(ELLIPSOID, 50, rotated=True),
        "sphere-100": new(SPHERE, 100),
        "rosenbrock-100": new(ROSENBROCK, 100, best=1.0),
    }


def _digits(seed: int) -> Supervised:
    return digits(seed=seed)


def _cartpole(seed: int) -> Episodes:
    return cartpole(seed=seed)


def _the_same(make: Callable[[], Any], seed: int) -> Any:
    """Return a problem of which there is one instance."""
    del seed
    return make()


def _individual(row: Tensor, trial: Trial) -> Individual:
    return Individual(row, Fitness(weights=trial.problem.weights), id=-1)


def _of_generation(one: Individual, generation: int) -> Individual:
    return Individual(one.genome, one.fitness, id=one.id, generation=generation)
