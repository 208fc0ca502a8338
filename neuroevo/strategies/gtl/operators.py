"""The operators that GTL puts on its toolbox beside the general ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from neuroevo.backbones import Backbone
from neuroevo.individual import Failure, Fitness, Individual
from neuroevo.learngene import Learngene
from neuroevo.operators import heads, learngenes
from neuroevo.operators.circuits import random_circuit
from neuroevo.operators.heads import HeadMemory
from neuroevo.operators.inheritance import Weights, extract
from neuroevo.operators.learngenes import NewIds
from neuroevo.operators.selection import roulette, sharpen
from neuroevo.strategies.gtl.pool import GenePool
from neuroevo.structure import Structure


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
    """Return the groups of at least two heirs of one parent whose learngenes keep the same channels."""
    found: list[list[Individual]] = []
    for heir in heirs:
        if heir.parents:
            family = next((family for family in found if _siblings(heir, family[0])), None)
            found.append([heir]) if family is None else family.append(heir)
    return [family for family in found if len(family) > 1]


def _siblings(first: Individual, second: Individual) -> bool:
    return first.parents == second.parents and learngenes.same_channels(first.genome, second.genome)


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
