"""Selection: choosing individuals of a population by their fitness or weights.

Every function takes `[..., P]` and returns indices into the last dimension, int64, on the same
device; each leading index is an independent population. The greater fitness wins, ties go to the
smallest index, and a fitness that is not finite counts as -inf. Draws come from the CPU, so that
they are the same on every device.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def group_tournament(fitness: Tensor, *, size: int, generator: torch.Generator) -> Tensor:
    """Cut each shuffled population into groups and return the best of every group.

    Each individual takes part exactly once, so the best one always wins its group and, without
    ties, the `size - 1` worst never win a full one. The last group is smaller if `size` does not
    divide P.

    Args:
        fitness: Scores to maximise, [..., P].
        size: Individuals in a group, at least 1.
        generator: A generator of the CPU.

    Returns:
        Indices of the winners in the order of the groups, int64 [..., ceil(P / size)].

    Raises:
        ValueError: `size` is less than 1, or there is no individual.

    Source: the tournament of GTL (arXiv 2401.08139), in our reading.
    """
    _check_population("fitness", fitness)
    _check_at_least("size", size, 1)
    population = fitness.shape[-1]
    groups = math.ceil(population / size)
    # In double precision ties between keys are negligible, so that every order is equally likely.
    keys = torch.rand(fitness.shape, generator=generator, dtype=torch.float64)
    order = _best_first(fitness)
    places = _places(order).gather(-1, keys.argsort(-1).to(fitness.device))
    # Empty places in the last group rank behind the worst individual.
    entrants = torch.nn.functional.pad(places, (0, groups * size - population), value=population)
    return order.gather(-1, entrants.unflatten(-1, (groups, size)).amin(-1))


def tournament(fitness: Tensor, *, k: int, size: int, generator: torch.Generator) -> Tensor:
    """Return the winners of `k` independent tournaments with entrants drawn with replacement.

    Args:
        fitness: Scores to maximise, [..., P].
        k: Tournaments, at least 0.
        size: Entrants of each, at least 1.
        generator: A generator of the CPU.

    Returns:
        Indices of the winners, int64 [..., k].

    Raises:
        ValueError: `k` or `size` is too small, or there is no individual.

    Source: `deap.tools.selTournament`.
    """
    _check_population("fitness", fitness)
    _check_at_least("k", k, 0)
    _check_at_least("size", size, 1)
    lead = fitness.shape[:-1]
    entrants = torch.randint(fitness.shape[-1], (*lead, k * size), generator=generator)
    order = _best_first(fitness)
    places = _places(order).gather(-1, entrants.to(fitness.device))
    return order.gather(-1, places.reshape(*lead, k, size).amin(-1))


def roulette(weights: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """Draw `k` individuals with replacement, each with a probability proportional to its weight.

    Args:
        weights: Shares of the wheel, at least 0, finite and not all 0, [..., P]; `sharpen` makes
            them from scores.
        k: Draws, at least 0.
        generator: A generator of the CPU.

    Returns:
        Indices, int64 [..., k]; an individual with weight 0 is never among them.

    Raises:
        ValueError: A weight is negative or not finite, the weights of a population are all 0, there
            is no individual, or `k` is negative.
    """
    _check_population("weights", weights)
    _check_at_least("k", k, 0)
    shares = weights.detach().cpu().double()
    if not (shares.isfinite() & (shares >= 0)).all() or not (shares > 0).any(-1).all():
        raise ValueError(
            "weights must be finite, at least 0 and not all 0, but they are "
            f"{weights.tolist()}; let sharpen make weights of scores."
        )
    # In units of the largest weight, so that no sum overflows or underflows.
    wheel = (shares / shares.amax(-1, keepdim=True)).cumsum(-1)
    spins = torch.rand((*wheel.shape[:-1], k), generator=generator, dtype=torch.float64)
    # The first sum above the spin: a weight of 0 adds nothing and is skipped.
    return torch.searchsorted(wheel, spins * wheel[..., -1:], right=True).to(weights.device)


def sharpen(scores: Tensor, *, temperature: float) -> Tensor:
    """Return the softmax of score / temperature: weights that separate close scores.

    Args:
        scores: Scores to maximise, floating point, [..., P].
        temperature: The difference of scores that gives a factor e in weight, above 0.

    Returns:
        Weights of the scores' shape and dtype that sum to 1 in each population; a score that is not
        finite gets 0, and a population without a finite score nothing but zeros.

    Raises:
        ValueError: The temperature is not finite and above 0, or there is no score.
        TypeError: The scores are not floating point.
    """
    _check_population("scores", scores)
    if not scores.is_floating_point():
        raise TypeError(f"scores must be floating point, but they are {scores.dtype}.")
    if not (math.isfinite(temperature) and temperature > 0):
        raise ValueError(f"temperature must be finite and above 0, but it is {temperature}.")
    exact = scores.detach().cpu().double()
    finite = exact.isfinite()
    known = exact.masked_fill(~finite, -math.inf)
    # The best is subtracted before the division, which could overflow.
    weights = ((known - known.amax(-1, keepdim=True)) / temperature).softmax(-1)
    return weights.masked_fill(~finite, 0.0).to(scores.dtype).to(scores.device)


def _best_first(fitness: Tensor) -> Tensor:
    """Return the indices of each population from the best to the worst, equals by index."""
    if fitness.is_floating_point():
        fitness = fitness.masked_fill(~fitness.isfinite(), -math.inf)
    return fitness.argsort(dim=-1, descending=True, stable=True)


def _places(order: Tensor) -> Tensor:
    """Return the place of each individual in the order, 0 for the best."""
    places = torch.arange(order.shape[-1], device=order.device).expand_as(order)
    return torch.empty_like(order).scatter_(-1, order, places)


def _check_population(name: str, numbers: Tensor) -> None:
    if numbers.dim() == 0 or numbers.shape[-1] == 0:
        raise ValueError(f"{name} must have the shape [..., P] with P at least 1, but it has {list(numbers.shape)}.")


def _check_at_least(name: str, number: int, least: int) -> None:
    if number < least:
        raise ValueError(f"{name} must be at least {least}, but it is {number}.")


OPERATORS = {
    "selection.group_tournament": group_tournament,
    "selection.tournament": tournament,
    "selection.roulette": roulette,
}
