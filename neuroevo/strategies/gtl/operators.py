"""The operators that GTL puts on its toolbox beside the general ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from neuroevo.backbones import Backbone
from neuroevo.data.environments import Environments
from neuroevo.individual import Failure, Fitness, Individual
from neuroevo.learngene import Learngene
from neuroevo.operators import heads, learngenes
from neuroevo.operators.circuits import random_circuit
from neuroevo.operators.heads import HeadMemory
from neuroevo.operators.inheritance import Weights, extract
from neuroevo.operators.learngenes import NewIds
from neuroevo.operators.selection import roulette, sharpen
from neuroevo.seeds import stream
from neuroevo.strategies.gtl.pool import GenePool
from neuroevo.structure import Structure

WIDEST = 4.0
"""Largest factor on a setting of a training run that heirs of founders have, and the inverse of the smallest; ours."""


def choose_parents(pool: GenePool, k: int, *, temperature: float, generator: torch.Generator) -> list[Individual]:
    """Draw k parents from the pool, with replacement, with weights exp(score / temperature)."""
    scores = torch.tensor([pool.scores[one.id] for one in pool.individuals], dtype=torch.float64)
    chosen = roulette(sharpen(scores, temperature=temperature), k=k, generator=generator)
    return [pool.individuals[index] for index in chosen.tolist()]


def extract_circuit(
    individual: Individual,
    *,
    backbone: Backbone,
    share: float,
    generator: torch.Generator,
    new_ids: NewIds,
    structure: Structure = "equal-widths",
) -> Learngene:
    """Read what an individual inherited from its trained network; one that inherited nothing gives a random circuit."""
    weights, inherited = individual.body.state_dict(), individual.genome
    if inherited is not None:
        # Heirs are as wide as their ancestors, so the genes sit in the slots of their index sets.
        return extract(
            weights,
            inherited.indices,
            backbone=backbone,
            provenance=inherited.provenance,
            tensors=inherited.slices.keys(),
        )
    circuit = random_circuit(backbone.layout, share=share, structure=structure, generator=generator)
    provenance = {group: new_ids(len(indices)) for group, indices in circuit.items()}
    return extract(weights, circuit, backbone=backbone, provenance=provenance)


def random_founder(
    *,
    backbone: Backbone,
    share: float,
    generator: torch.Generator,
    new_ids: NewIds,
    structure: Structure = "equal-widths",
) -> Learngene:
    """Return a random circuit of a fresh random network, from which a lineage descends."""
    weights = backbone.build(1, generator=generator).state_dict()
    circuit = random_circuit(backbone.layout, share=share, structure=structure, generator=generator)
    provenance = {group: new_ids(len(indices)) for group, indices in circuit.items()}
    return extract(weights, circuit, backbone=backbone, provenance=provenance)


def remember(individual: Individual, classes: Tensor, *, total: int) -> HeadMemory:
    """Return what an individual knows of `total` classes after training on some of them, int64 [k]."""
    return heads.remember(individual.body.state_dict(), classes, total=total, before=individual.memory)


def mutate(
    learngene: Learngene,
    weights: Weights,
    *,
    rate: float,
    resize_rate: float,
    noise: float,
    generator: torch.Generator,
    new_ids: NewIds,
) -> Learngene:
    """Replace channels at `rate`, move budget between groups at `resize_rate`, then add noise to the weights."""
    mutant = learngenes.mutate(learngene, weights, rate=rate, generator=generator, new_ids=new_ids)
    mutant = learngenes.resize(mutant, weights, rate=resize_rate, generator=generator, new_ids=new_ids)
    return learngenes.noise(mutant, sigma=noise, generator=generator) if noise else mutant


def with_bodies(heirs: Sequence[Individual], bodies: Sequence[Any]) -> list[int]:
    """Give heirs their trained networks, and return the slots of those that have one.

    Those whose training failed get a failed fitness.
    """
    slots = []
    for slot, (heir, body) in enumerate(zip(heirs, bodies, strict=True)):
        if isinstance(body, Failure):
            heir.fitness.values = body
        else:
            heir.body = body
            slots.append(slot)
    return slots


def families(heirs: Sequence[Individual]) -> list[list[Individual]]:
    """Return the groups of at least two heirs of one parent that keep the same channels and lived alike."""
    found: list[list[Individual]] = []
    for heir in heirs:
        if heir.parents:
            family = next((family for family in found if _siblings(heir, family[0])), None)
            found.append([heir]) if family is None else family.append(heir)
    return [family for family in found if len(family) > 1]


def _siblings(first: Individual, second: Individual) -> bool:
    alike = first.parents == second.parents and first.environment == second.environment
    alike &= first.hyperparameters == second.hyperparameters
    return alike and learngenes.same_channels(first.genome, second.genome)


def habitats(habitat: str, known: Environments | None) -> tuple[str, ...]:
    """Return the environments that ancestors live in, each in one; none if they live in all of them together.

    Args:
        habitat: "all", "own" or "useful".
        known: The environments of the data; None for data from one.

    Raises:
        ValueError: The useful ones are wanted, and the data don't say which these are.
    """
    if known is None or habitat == "all":
        return ()
    if habitat == "useful" and not known.useful:
        raise ValueError(
            'habitat must be "all" or "own", for the data don\'t say which environments are useful, but it is "useful".'
        )
    return known.names if habitat == "own" else known.useful


def environment_of(parent: str | None, names: Sequence[str], number: int, *, migration: float, seed: int) -> str:
    """Return the environment that an heir lives in.

    Heirs of founders, which live nowhere, are spread over all environments in a random order. Others live where their
    parent did, and at the rate of migration in one that is drawn from all.

    Args:
        parent: The parent's environment; None for a founder.
        names: All environments.
        number: How many heirs the run had before.
        migration: Probability of a draw.
        seed: The run's seed.
    """
    if parent is None:
        order = torch.randperm(len(names), generator=stream(seed, "environments"))
        return names[int(order[number % len(names)])]
    draws = stream(seed, number, "environment")
    moves = float(torch.rand((), generator=draws, dtype=torch.float64)) < migration
    return names[int(torch.randint(len(names), (), generator=draws))] if moves else parent


def hyperparameters_of(
    parent: Mapping[str, float] | None, names: Sequence[str], number: int, *, exploration: float | None, seed: int
) -> dict[str, float]:
    """Return the factors on settings of an heir's training run.

    The first heir of a run has the factors 1. Other heirs of founders, which have none, draw theirs log-uniformly from
    1/`WIDEST` to `WIDEST`; heirs of others have those of the parent times a log-normal number.

    Args:
        parent: The parent's factors; None for a founder.
        names: The settings.
        number: How many heirs the run had before.
        exploration: Standard deviation of the logarithm of that number; None draws every heir's as founders' heirs do.
        seed: The run's seed.
    """
    if number == 0:
        return dict.fromkeys(names, 1.0)
    draws = stream(seed, number, "hyperparameters")
    if parent is None or exploration is None:
        steps = (2 * torch.rand(len(names), generator=draws, dtype=torch.float64) - 1) * math.log(WIDEST)
        return dict(zip(names, steps.exp().tolist(), strict=True))
    steps = exploration * torch.randn(len(names), generator=draws, dtype=torch.float64)
    return {name: parent[name] * factor for name, factor in zip(names, steps.exp().tolist(), strict=True)}


def accepted(result: object) -> Fitness:
    """Return the fitness of a finalist that was scored again; failed, if the result is no number in a tuple."""
    fitness = Fitness()
    fitness.accept(result)
    return fitness


def finite_or_none(score: float) -> float | None:
    """Return a score as a JSON value."""
    return score if math.isfinite(score) else None


def finite_or_least(score: float) -> float:
    """Return a score to sort by: one that is not finite is the least."""
    return score if math.isfinite(score) else -math.inf
