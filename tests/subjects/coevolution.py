"""Populations that are scored against each other, and toolboxes that users put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import torch
from deap.base import Toolbox
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.individual import Fitness, Ids, Individual
from neuroevo.operators import crossover, mutation, selection
from neuroevo.operators.verbs import Mate, Mutate, Select
from neuroevo.problems import Encounter
from neuroevo.space import Space
from neuroevo.strategies import SNES, Coevolution, Genetic
from neuroevo.testing.laws import agreement_laws, coevolution_laws, strategy_laws
from subjects.subject import Subject

COEVOLUTION = ("neuroevo/strategies/search/coevolution.py",)
BOX = Space.box(3, low=-5, high=5)


def together(genomes: Tensor, others: Mapping[str, Tensor]) -> Tensor:
    """Return how near sums with partners come to 1 in all genes, [P]."""
    return -(genomes + sum(each.sum(0) for each in others.values()) - 1).square().sum(-1)


PROBLEM = Encounter(together, BOX, batched=True)


def team(seed: int, *, representatives: int = 1, populations: int = 2) -> Coevolution:
    """Return populations of strategies of several kinds."""
    members = {
        "left": Genetic(PROBLEM, seed=seed, population=5),
        "right": SNES(PROBLEM, seed=seed + 1, population=4),
        "third": Genetic(PROBLEM, seed=seed + 2, population=4, offspring=2),
    }
    chosen = dict([*members.items()][:populations])
    return Coevolution(chosen, representatives=representatives, seed=seed)


def drawn_team(seed: int) -> Coevolution:
    """Return populations that are represented by any of their individuals."""
    strategy = team(seed, representatives=2)

    strategy.toolbox.register("represent", any_of, generator=strategy.generator)
    return strategy


def any_of(individuals: Sequence[Individual], k: int, *, generator: torch.Generator) -> list[Individual]:
    """Return some individuals, whatever they score."""
    return [individuals[place] for place in torch.randperm(len(individuals), generator=generator)[:k]]


def toolbox(ids: Ids, seed: int) -> Toolbox:
    """Return a toolbox of a user."""
    generator = torch.Generator().manual_seed(seed)
    made = Toolbox()

    def population() -> list[Individual]:
        genomes = torch.randn((3, 2), generator=generator)
        return [Individual(genome, Fitness(weights=(-1.0,)), id=ids()) for genome in genomes]

    made.register("population", population)
    made.register("select", Select(partial(selection.tournament, size=2, generator=generator)))
    made.register("mate", Mate(partial(crossover.uniform, generator=generator), ids))
    made.register("mutate", Mutate(partial(mutation.gaussian, sigma=0.3, rate=1.0, generator=generator), ids))
    made.register("evaluate", distance)
    return made


def distance(individual: Individual, others: Mapping[str, Sequence[Individual]]) -> tuple[float]:
    """Return how far one is from all others."""
    known = [one.genome.sum() for each in others.values() for one in each]
    return (float(sum(abs(individual.genome.sum() - one) for one in known)),)


def toolboxes(seed: int) -> Coevolution:
    """Return populations of a user's toolboxes, and of a strategy."""
    ids = Ids(next=100)
    members = {"one": toolbox(ids, seed), "other": toolbox(ids, seed + 1)}
    return Coevolution(members, representatives=2, seed=seed)


def put_together(kinds: Sequence[str], seeds: Sequence[int], representatives: int) -> list[str]:
    """Make coevolution of strategies of these kinds and seeds, and return the names of the populations."""
    makers: dict[str, Any] = {
        "genetic": lambda seed: Genetic(PROBLEM, seed=seed, population=3),
        "distribution": lambda seed: SNES(PROBLEM, seed=seed, population=3),
        "alone": lambda seed: Genetic(Encounter(together, BOX).against({}), seed=seed, population=3),
        "toolbox": lambda seed: toolbox(Ids(), seed),
    }
    members = {
        f"{place} {kind}": makers[kind](seed) for place, (kind, seed) in enumerate(zip(kinds, seeds, strict=False))
    }
    return [*Coevolution(members, representatives=representatives).populations]


def what_goes_together(kinds: Sequence[str], seeds: Sequence[int], representatives: int) -> list[str]:
    """Refuse a single population, equal strategies with equal seeds, and those that are scored alone."""
    pairs = [*zip(kinds, seeds, strict=False)]
    strategies = [pair for pair in pairs if pair[0] != "toolbox"]
    if len(pairs) < 2 or "alone" in kinds[: len(pairs)] or len({*strategies}) < len(strategies) or representatives < 1:
        raise ValueError(pairs)
    return [f"{place} {kind}" for place, (kind, _) in enumerate(pairs)]


def unequal_ids(first: int, second: int) -> int:
    """Return how many individuals two toolboxes with ids from these numbers on make."""
    return len(Coevolution({"a": toolbox(Ids(next=first), 1), "b": toolbox(Ids(next=second), 2)}).generate())


def differing(first: int, second: int) -> int:
    """Refuse ids that occur twice."""
    if abs(first - second) < 3:
        raise ValueError((first, second))
    return 6


SUBJECTS = [
    Subject("a team of two", COEVOLUTION, lambda: team, coevolution_laws),
    Subject(
        "a team of three",
        COEVOLUTION,
        lambda: partial(team, representatives=2, populations=3),
        lambda: coevolution_laws(representatives=2),
    ),
    Subject("toolboxes that coevolve", COEVOLUTION, lambda: toolboxes, lambda: coevolution_laws(representatives=2)),
    Subject(
        "who can coevolve",
        COEVOLUTION,
        lambda: put_together,
        lambda: agreement_laws(
            what_goes_together,
            st.fixed_dictionaries(
                {
                    "kinds": st.lists(st.sampled_from(["genetic", "distribution", "toolbox", "alone"]), max_size=3),
                    "seeds": st.lists(st.integers(0, 1), min_size=3, max_size=3),
                    "representatives": st.sampled_from([1, 1, 2, 0]),
                }
            ),
        ),
    ),
    Subject(
        "ids of populations",
        COEVOLUTION,
        lambda: unequal_ids,
        lambda: agreement_laws(
            differing, st.fixed_dictionaries({"first": st.integers(0, 5), "second": st.integers(0, 5)})
        ),
    ),
    Subject(
        "conduct of coevolution",
        COEVOLUTION,
        lambda: partial(team, representatives=2, populations=3),
        lambda: strategy_laws(generations=3, verbs=("evaluate", "map", "represent"), bounded=True),
    ),
    Subject(
        "conduct of coevolution with drawn representatives",
        COEVOLUTION,
        lambda: drawn_team,
        lambda: strategy_laws(generations=3, verbs=("evaluate", "map", "represent"), bounded=True),
    ),
    Subject(
        "conduct of toolboxes that coevolve",
        COEVOLUTION,
        lambda: toolboxes,
        lambda: [law for law in strategy_laws(generations=3, verbs=("evaluate", "map")) if "state" not in law.name],
    ),
]
