"""Attributes and genes of neat-python."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch
from neat.attributes import FloatAttribute
from neat.genes import DefaultConnectionGene

from neuroevo.testing.deap_verbs import as_crossover, as_mutation
from neuroevo.testing.laws import crossover_laws, mutation_laws
from subjects import variants
from subjects.subject import Subject

REALS: dict[str, Any] = {"dtypes": (torch.float64,)}
BITS: dict[str, Any] = {"bounds": (0, 1), "dtypes": (torch.bool,)}
WEIGHT = FloatAttribute("weight")
CONFIG = SimpleNamespace(
    weight_init_mean=0.0,
    weight_init_stdev=1.0,
    weight_init_type="gaussian",
    weight_mutate_rate=0.7,
    weight_mutate_power=0.5,
    weight_replace_rate=0.1,
    weight_min_value=-30.0,
    weight_max_value=30.0,
)


def connection(enabled: bool) -> DefaultConnectionGene:
    """Return the gene of a connection."""
    gene = DefaultConnectionGene((-1, 0), innovation=1)
    gene.weight, gene.enabled = 0.0, enabled
    return gene


def inherited(first: list[bool], second: list[bool]) -> tuple[list[bool], list[bool]]:
    """Return whether the connections of a child are enabled, of both orders of its parents."""
    pairs = [(connection(a), connection(b)) for a, b in zip(first, second, strict=True)]
    return [a.crossover(b).enabled for a, b in pairs], [b.crossover(a).enabled for a, b in pairs]


SUBJECTS = [
    Subject(
        "neat-python FloatAttribute.mutate_value",
        (),
        lambda: as_mutation(lambda one: ([WEIGHT.mutate_value(gene, CONFIG) for gene in one],), seed_globals=True),
        lambda: mutation_laws(bounds=(-30, 30), reference=variants.perturbed_or_replaced, **REALS),
        origin="neat-python",
    ),
    Subject(
        "neat-python DefaultConnectionGene.crossover, enabled",
        (),
        lambda: as_crossover(inherited, seed_globals=True),
        lambda: crossover_laws(
            exchanges=False, noise=True, equivariant=("swap",), reference=variants.disabled_in_three_of_four, **BITS
        ),
        origin="neat-python",
        expected_failures={
            "children are distributed as the reference's": "fault: a gene disabled in one parent is disabled in 7 of 8 "
            "children, and in all where it is in both; the paper's share is 3 of 4",
        },
    ),
]
