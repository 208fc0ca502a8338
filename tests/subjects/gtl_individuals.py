"""What is done with individuals of GTL: families, scores of finalists, memories, states."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from torch import Tensor

from neuroevo.backbones import MLP
from neuroevo.individual import Failure, Fitness, Individual
from neuroevo.learngene import Learngene
from neuroevo.operators.heads import HeadMemory
from neuroevo.seeds import stream
from neuroevo.strategies.gtl import operators
from neuroevo.strategies.learngenes import individual_from, individual_state
from neuroevo.testing.laws import agreement_laws
from neuroevo.testing.references import heads
from neuroevo.testing.references.learngenes import same_channels
from neuroevo.testing.strategies import learngenes
from subjects.gtl_operators import BACKBONE, FILES, GENES, arguments
from subjects.heads import memories
from subjects.subject import Subject

STATES = ("neuroevo/strategies/learngenes.py",)


def with_bodies(outcomes: Sequence[Any]) -> Any:
    """Give heirs their networks, or failures, by the library."""
    heirs = [Individual(None, id=place) for place in range(len(outcomes))]
    slots = operators.with_bodies(heirs, [Failure("why") if one is None else one for one in outcomes])
    return slots, [(heir.body, heir.fitness.failure, heir.fitness.valid) for heir in heirs]


def plain_with_bodies(outcomes: Sequence[Any]) -> Any:
    """List the slots of the networks."""
    slots = [place for place, one in enumerate(outcomes) if one is not None]
    return slots, [(None, "why", True) if one is None else (one, None, False) for one in outcomes]


def families(genes: Sequence[Learngene], heirs: Sequence[tuple[int | None, int]]) -> Any:
    """Return who belongs to which family, by the library."""
    made = [
        Individual(genes[gene % len(genes)], id=place, parents=() if parent is None else (parent,))
        for place, (parent, gene) in enumerate(heirs)
    ]
    return [[one.id for one in family] for family in operators.families(made)]


def plain_families(genes: Sequence[Learngene], heirs: Sequence[tuple[int | None, int]]) -> Any:
    """Compare each with all others."""
    found = []
    for place, (parent, gene) in enumerate(heirs):
        own = genes[gene % len(genes)]
        kin = [
            other
            for other, (mother, another) in enumerate(heirs)
            if parent is not None and mother == parent and same_channels(own, genes[another % len(genes)])
        ]
        if len(kin) > 1 and kin[0] == place:
            found.append(kin)
    return found


def scores(result: Any) -> Any:
    """Return what is made of the score of a finalist."""
    fitness = operators.accepted(Failure("why") if result == "failure" else result)
    (score,) = fitness.values
    return repr(fitness.values), fitness.failed, operators.finite_or_none(score), operators.finite_or_least(score)


def plain_scores(result: Any) -> Any:
    """Do the same case by case."""
    if isinstance(result, tuple) and len(result) == 1 and isinstance(result[0], float):
        finite = result[0] not in (math.inf, -math.inf) and result[0] == result[0]
        return repr(result), not finite, result[0] if finite else None, result[0] if finite else -math.inf
    return "(nan,)", True, None, -math.inf


RESULTS = st.sampled_from([(0.5,), (math.nan,), (math.inf,), (-math.inf,), (-2.0,), (0.0,), "failure", (), 3, None])


def remember(individual: Any, classes: Tensor, total: int) -> HeadMemory:
    """Remember by the library."""
    network = MLP(widths=(2,), inputs=1).build(len(classes), generator=stream(0, "head"))
    return operators.remember(Individual(None, id=0, body=network, memory=individual), classes, total=total)


def plain_remember(individual: Any, classes: Tensor, total: int) -> HeadMemory:
    """Remember row by row."""
    weights = MLP(widths=(2,), inputs=1).build(len(classes), generator=stream(0, "head")).state_dict()
    return heads.remember(weights, classes, total=total, before=individual)


@st.composite
def known(draw: DrawFn) -> Mapping[str, Any]:
    """Draw a memory, or none, and the classes of a training run."""
    classes = draw(st.permutations(range(4)))[: draw(st.integers(1, 4))]
    individual = draw(st.none() | memories(total=4, features=2))
    return {"individual": individual, "classes": torch.tensor(classes), "total": 4}


Facts = Mapping[str, Any]


def stored(one: Facts, *, restored: bool) -> Any:
    """Return the state of an individual, or of the one that is made of it again."""
    individual = made(one)
    state = individual_state(individual)
    if not restored:
        return state
    genome = state["genome"]
    plain = {**state, "genome": None, "memory": None}
    again = json.loads(json.dumps(plain))
    if genome is not None:
        again["genome"] = {
            "tensors": copy.deepcopy(genome["tensors"]),
            "header": json.loads(json.dumps(genome["header"])),
        }
    if state["memory"] is not None:
        again["memory"] = copy.deepcopy(state["memory"])
    return facts_of(individual_from(again, BACKBONE))


def made(one: Facts) -> Individual:
    """Return an individual of what there is to know of it."""
    fitness = Fitness(one["values"], weights=one["weights"])
    return Individual(one["genome"], fitness, **{name: one[name] for name in ("id", "parents", "generation", "memory")})


def facts_of(one: Individual) -> Any:
    """Return what there is to know of an individual."""
    names = ("genome", "id", "parents", "generation", "memory")
    facts = [getattr(one, name) for name in names]
    own = one.genome is not None and one.genome.backbone is BACKBONE
    return [*facts, repr(one.fitness.values), one.fitness.valid, repr(one.fitness.weights), own]


def plain_stored(one: Facts, *, restored: bool) -> Any:
    """Return the parts of an individual by name, or the individual."""
    genome, memory = one["genome"], one["memory"]
    if restored:
        own = genome is not None and genome.backbone == BACKBONE
        facts = [one[name] for name in ("genome", "id", "parents", "generation", "memory")]
        return [*facts, repr(tuple(one["values"])), bool(one["values"]), repr(one["weights"]), own]
    held = None
    if genome is not None:
        kinds = ("indices", "slices", "provenance")
        tensors = {f"{kind}/{name}": part for kind in kinds for name, part in getattr(genome, kind).items()}
        header = {"schema": 1, "backbone": genome.backbone.describe(), "notes": dict(genome.notes)}
        held = {"tensors": tensors, "header": header}
    return {
        "genome": held,
        "values": [*one["values"]],
        "weights": [*one["weights"]],
        "id": one["id"],
        "parents": [*one["parents"]],
        "generation": one["generation"],
        "memory": None if memory is None else {"weight": memory.weight, "bias": memory.bias, "known": memory.known},
    }


@st.composite
def facts(draw: DrawFn) -> Facts:
    """Draw what there is to know of an individual."""
    weights = draw(st.sampled_from([(1.0,), (-1.0,), (1.0, -1.0)]))
    values = draw(st.sampled_from([(), (0.5,) * len(weights), (math.inf,) * len(weights)]))
    genome = draw(st.none() | GENES.map(lambda gene: gene.with_notes(kind="drawn")) | learngenes(backbone=OTHER))
    return {
        "genome": genome,
        "values": values,
        "weights": weights,
        "id": draw(st.integers(0, 9)),
        "parents": draw(st.sampled_from([(), (3,), (1, 2)])),
        "generation": draw(st.integers(0, 5)),
        "memory": draw(st.none() | memories(total=3, features=2)),
    }


OTHER = MLP(widths=(2,), inputs=3)

SUBJECTS = [
    Subject(
        "heirs and their networks",
        FILES,
        lambda: with_bodies,
        lambda: agreement_laws(plain_with_bodies, arguments(outcomes=st.lists(st.sampled_from([None, 1, 2])))),
    ),
    Subject(
        "families",
        FILES,
        lambda: families,
        lambda: agreement_laws(
            plain_families,
            arguments(
                genes=st.lists(GENES, min_size=1, max_size=2),
                heirs=st.lists(st.tuples(st.sampled_from([None, 3, 4]), st.integers(0, 1)), max_size=6),
            ),
        ),
    ),
    Subject(
        "scores of finalists",
        FILES,
        lambda: scores,
        lambda: agreement_laws(plain_scores, arguments(result=RESULTS)),
    ),
    Subject(
        "memory of an individual", FILES, lambda: remember, lambda: agreement_laws(plain_remember, known(), shares=True)
    ),
    Subject(
        "states of individuals",
        STATES,
        lambda: stored,
        lambda: agreement_laws(plain_stored, arguments(one=facts(), restored=st.booleans()), shares=True),
    ),
]
