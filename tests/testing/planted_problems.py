"""Evaluators, and what is returned for their results, with one fault each; rows as in `planted_objects.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from neuroevo.individual import Individual
from neuroevo.problems.supervised import Supervised, log_likelihood
from neuroevo.testing.laws import Law, problem_laws, returned_laws
from neuroevo.testing.toolboxes import Sphere


class BareNumber(Sphere):
    """Returns a number instead of a tuple."""

    def batch(self, individuals: Sequence[Individual]) -> list[Any]:
        """Return numbers."""
        return [score for (score,) in super().batch(individuals)]


class Clamping(Sphere):
    """Clips genomes to bounds in place."""

    def batch(self, individuals: Sequence[Individual]) -> list[tuple[float]]:
        """Return scores."""
        for one in individuals:
            one.genome.clamp_(-0.5, 0.5)
        return super().batch(individuals)


class OwnTasks:
    """Draws a task for each call from a generator that it keeps."""

    def __init__(self) -> None:
        self.generator = torch.Generator().manual_seed(0)

    def __call__(self, individual: Individual) -> tuple[float]:
        """Return a score."""
        return (float(individual.genome @ torch.randn(len(individual.genome), generator=self.generator)),)


class KeptState(Sphere):
    """Begins a batch with the hidden state that the last one ended with, as a recurrent module in an attribute does."""

    def __init__(self) -> None:
        self.hidden = 0.0

    def __call__(self, individual: Individual) -> tuple[float]:
        """Return a score from a fresh state."""
        self.hidden = 0.0
        return self.batch([individual])[0]

    def batch(self, individuals: Sequence[Individual]) -> list[tuple[float]]:
        """Return scores."""
        found = [(score + self.hidden,) for (score,) in super().batch(individuals)]
        self.hidden += sum(len(one.genome) for one in individuals)
        return found


class GlobalNoise(Sphere):
    """Adds noise of the global generator, without which all scores would be whole numbers."""

    def batch(self, individuals: Sequence[Individual]) -> list[tuple[float]]:
        """Return scores."""
        state = torch.get_rng_state()
        noise = float(torch.rand(()))
        torch.set_rng_state(state)
        return [(score + noise,) for (score,) in super().batch(individuals)]


class PopulationNorm(Sphere):
    """Subtracts the mean of the batch, as a norm with batch statistics does under `vmap` over individuals."""

    def batch(self, individuals: Sequence[Individual]) -> list[tuple[float]]:
        """Return scores."""
        scores = [score for (score,) in super().batch(individuals)]
        return [(score - sum(scores) / len(scores),) for score in scores]


class WithLambda(Sphere):
    """Holds a function that can't be pickled, as classes of `deap.creator` hold themselves."""

    def __init__(self) -> None:
        self.scale = lambda score: 2 * score

    def batch(self, individuals: Sequence[Individual]) -> list[tuple[float]]:
        """Return scores."""
        return [(self.scale(score),) for (score,) in super().batch(individuals)]


RAW = torch.randn(12, 3, generator=torch.Generator().manual_seed(0))
CLASSES = torch.arange(12) % 2


class Doubled(nn.Module):
    """What is done to inputs."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Return inputs, scaled."""
        return 2 * inputs


class Unscaled(Supervised):
    """Scales inputs for the score, and returns a module that does not."""

    def __init__(self) -> None:
        super().__init__(plain_network(), 2 * RAW, CLASSES)


class ScaledModule(Unscaled):
    """Returns a module that scales inputs, and leaves that out of files."""

    def to_module(self, individual: Individual) -> nn.Module:
        """Return a module."""
        return nn.Sequential(Doubled(), super().to_module(individual))


def plain_network() -> nn.Module:
    """Return a linear layer of zeros."""
    with torch.device("meta"):
        layer = nn.Linear(3, 2)
    return layer.to_empty(device="cpu").requires_grad_(False).apply(_zeroed).requires_grad_(True)


def _zeroed(module: nn.Module) -> None:
    for parameter in module.parameters():
        parameter.zero_()


def by_hand(module: nn.Module, one: Individual) -> float:
    """Return the score of a module on the inputs as users have them."""
    return float(log_likelihood(module(RAW).detach(), CLASSES))


def _returned(problem: object) -> tuple[object, list[Law]]:
    rows = torch.randn(3, 8, generator=torch.Generator().manual_seed(1))
    return problem, returned_laws([Individual(row, id=id) for id, row in enumerate(rows)], by_hand, tolerance=1e-5)


def population() -> list[Individual]:
    """Return individuals to score."""
    return [Individual(row, id=id) for id, row in enumerate(torch.randn(5, 3, generator=torch.Generator()))]


class Loading:
    """Loads each genome into its own module."""

    def __init__(self) -> None:
        self.module = nn.utils.skip_init(nn.Linear, 3, 1, bias=False)

    def __call__(self, individual: Individual) -> tuple[float]:
        """Return the sum of the weights."""
        self.module.weight.data = individual.genome.clone().unsqueeze(0)
        return (float(self.module.weight.detach().sum()),)


def _problem(evaluator: object) -> tuple[object, list[Law]]:
    return evaluator, problem_laws(population())


PLANTED = (
    ("BareNumber", "a score without a tuple (DEAP)", "scores are tuples of numbers", _problem(BareNumber())),
    ("Clamping", "genomes repaired in place", "individuals are left unchanged", _problem(Clamping())),
    ("OwnTasks", "a generator between calls", "scoring again gives the same score", _problem(OwnTasks())),
    (
        "KeptState",
        "a hidden state that is kept between evaluations",
        "scores depend neither on order nor on what was scored before",
        _problem(KeptState()),
    ),
    (
        "GlobalNoise",
        "a global generator that is read and put back",
        "global generators are neither read nor written",
        _problem(GlobalNoise()),
    ),
    (
        "PopulationNorm",
        "normalised over the population (batch norm under vmap)",
        "a batch gives what single calls give",
        _problem(PopulationNorm()),
    ),
    (
        "WithLambda",
        "an evaluator that workers can't get (DEAP#57, #323)",
        "a pickled evaluator gives the same scores",
        _problem(WithLambda()),
    ),
    (
        "Loading",
        "genomes loaded into the evaluator's own module",
        "modules of an evaluator are left unchanged",
        _problem(Loading()),
    ),
    (
        "Unscaled",
        "to_module without the normalisation",
        "the module that is returned scores what was recorded",
        _returned(Unscaled()),
    ),
    (
        "ScaledModule",
        "a file without the normalisation",
        "a genome from a file scores what was recorded",
        _returned(ScaledModule()),
    ),
)
