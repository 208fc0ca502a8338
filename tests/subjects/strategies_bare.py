"""Toolboxes that users put together, beside plain ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from deap.base import Toolbox
from hypothesis import strategies as st

from neuroevo.individual import Fitness, Ids, Individual
from neuroevo.operators import mutation
from neuroevo.operators.verbs import Mutate
from neuroevo.strategies import BareToolbox
from neuroevo.testing.laws import call_laws, strategy_laws
from neuroevo.testing.references.strategies.individuals import State
from subjects.strategies_parts import agreement
from subjects.subject import Subject

BARE = ("neuroevo/strategies/bare_toolbox.py",)

Facts = list[Any]


class PlainToolbox:
    """A generational genetic algorithm by a user's operators: neighbours mate, and every child mutates.

    Args:
        varies: Whether the user has registered `vary` in place of `mate` and `mutate`.
    """

    def __init__(self, *, varies: bool = False) -> None:
        self.varies = varies
        self.operators = ("population", "select", *(("vary",) if varies else ("mate", "mutate")))

    def state_of(self, strategy: Any) -> State:
        """Return the population, the budget and the record, which are empty."""
        facts = {"generation": strategy.generation, "record": strategy.record()}
        return {"individuals": list(strategy._population), "budget": str(strategy.budget), **facts}

    def generate(self, state: State, call: Callable[..., Any]) -> tuple[list[Individual], State]:
        """Return children of the selected, or those that begin."""
        if not state["individuals"]:
            return self.newborn(call("population"), state), state
        parents = call("select", state["individuals"], len(state["individuals"]))
        if self.varies:
            return self.newborn(call("vary", parents), state), state
        children = []
        for place in range(0, len(parents) - 1, 2):
            children += call("mate", parents[place], parents[place + 1])
        children += parents[len(children) :]
        return self.newborn([call("mutate", child)[0] for child in children], state), state

    def newborn(self, individuals: Sequence[Individual], state: State) -> list[Individual]:
        """Return individuals, of this generation if they wait for a score."""
        for one in individuals:
            one.generation = one.generation if one.fitness.values else state["generation"]
        return list(individuals)

    def update(self, state: State, population: Sequence[Individual], call: Callable[..., Any]) -> State:
        """Return the population in place of its parents."""
        del call
        return {**state, "individuals": [*population], "generation": state["generation"] + 1}

    def result(self, state: State, call: Callable[..., Any]) -> Any:
        """Return the best one of the last generation, the first of equals."""
        del call
        return max(state["individuals"], key=lambda one: one.fitness.order).id

    def result_of(self, strategy: Any) -> Any:
        """Return the result's id."""
        return strategy.result().id


def crossed(first: Individual, second: Individual, *, ids: Ids) -> tuple[Individual, Individual]:
    """Exchange the first genes of two that differ in the first gene's sign, and leave others as they are."""
    if first.genome[0] * second.genome[0] > 0:
        return first, second
    genomes = (torch.stack([second.genome[0], first.genome[1]]), torch.stack([first.genome[0], second.genome[1]]))
    return tuple(Individual(row, Fitness(), id=ids(), parents=(first.id, second.id)) for row in genomes)  # type: ignore[return-value]


def sometimes(individual: Individual, *, ids: Ids) -> tuple[Individual]:
    """Move the genes of newborn individuals, and of those whose second gene is positive."""
    if individual.fitness.values and individual.genome[1] <= 0:
        return (individual,)
    return (Individual(individual.genome - 1, Fitness(), id=ids(), parents=(individual.id,)),)


def chosen(individuals: Sequence[Individual], k: int, *, generator: torch.Generator) -> list[Individual]:
    """Return individuals, any of them several times."""
    return [individuals[place] for place in torch.randint(len(individuals), (k,), generator=generator).tolist()]


def varied(parents: Sequence[Individual], *, mutate: Mutate) -> list[Individual]:
    """Mutate all."""
    return [mutate(one)[0] for one in parents]


def put_together(seed: int, *, population: int = 5, varies: bool = False) -> Toolbox:
    """Return a toolbox whose operators leave some individuals as they are."""
    generator, ids, toolbox = torch.Generator().manual_seed(seed), Ids(), Toolbox()

    def first() -> list[Individual]:
        rows = torch.randn((population, 2), generator=generator)
        return [Individual(row.clone(), Fitness(), id=ids()) for row in rows]

    toolbox.register("evaluate", lambda one: (float(one.genome.sum()),))
    toolbox.register("population", first)
    toolbox.register("select", chosen, generator=generator)
    if varies:
        noise = Mutate(lambda genomes: mutation.gaussian(genomes, sigma=0.3, rate=1.0, generator=generator), ids)
        toolbox.register("vary", varied, mutate=noise)
    else:
        toolbox.register("mate", crossed, ids=ids)
        toolbox.register("mutate", sometimes, ids=ids)
    return toolbox


def distribution(seed: int) -> Toolbox:
    """Return a toolbox with a distribution that only draws."""
    generator, ids, toolbox = torch.Generator().manual_seed(seed), Ids(), Toolbox()
    means = [0.0]

    def generate() -> list[Individual]:
        rows = means[-1] + torch.randn((4, 2), generator=generator)
        return [Individual(row.clone(), Fitness(), id=ids()) for row in rows]

    def update(population: Sequence[Individual]) -> None:
        means.append(float(max(population, key=lambda one: one.fitness).genome[0]))

    toolbox.register("evaluate", lambda one: (float(one.genome.sum()),))
    toolbox.register("generate", generate)
    toolbox.register("update", update)
    return toolbox


OPERATORS = ("evaluate", "generate", "update", "population", "select", "mate", "mutate", "vary")


def enough(names: frozenset[str]) -> bool:
    """Make a strategy of a toolbox with these operators."""
    toolbox = Toolbox()
    for name in names:
        toolbox.register(name, lambda *_: [])
    BareToolbox(toolbox)
    return True


def plain_enough(names: frozenset[str]) -> bool:
    """Refuse toolboxes that lack an operator."""
    genetic = {"population", "select"} <= names and ("vary" in names or {"mate", "mutate"} <= names)
    if "evaluate" not in names or not ({"generate", "update"} <= names or genetic):
        raise ValueError(names)
    return True


def changes_in_place(verb: str) -> str:
    """Run a toolbox whose operator changes individuals in place, and return that it ended."""
    toolbox = put_together(0)
    toolbox.register(verb, lambda *ones: [one.__setattr__("genome", one.genome + 1) or one for one in ones])
    strategy = BareToolbox(toolbox)
    for _ in range(2):
        population = strategy.toolbox.generate()
        for one in population:
            one.fitness.values = (0.0,)
        strategy.toolbox.update(population)
    return verb


def refused(verb: str) -> str:
    """Refuse operators that change individuals in place."""
    raise TypeError(verb)


SUBJECTS = [
    Subject("a toolbox with mates", BARE, lambda: put_together, lambda: call_laws(PlainToolbox())),
    Subject(
        "an even toolbox with mates",
        BARE,
        lambda: lambda seed: put_together(seed, population=4),
        lambda: call_laws(PlainToolbox()),
    ),
    Subject(
        "a toolbox that varies",
        BARE,
        lambda: lambda seed: put_together(seed, varies=True),
        lambda: call_laws(PlainToolbox(varies=True)),
    ),
    Subject(
        "conduct of a toolbox with mates",
        BARE,
        lambda: put_together,
        # Individuals that are selected twice and left as they are occur twice.
        lambda: [
            law for law in strategy_laws(generations=4, verbs=("select", "mate", "mutate")) if "lost" not in law.name
        ],
    ),
    Subject(
        "conduct of a toolbox that varies",
        BARE,
        lambda: lambda seed: put_together(seed, varies=True),
        lambda: strategy_laws(generations=4, verbs=("evaluate", "map", "select", "vary")),
    ),
    Subject(
        "conduct of a toolbox with a distribution",
        BARE,
        lambda: distribution,
        lambda: strategy_laws(generations=4, population=4, verbs=("evaluate", "map")),
    ),
    agreement(
        "operators of toolboxes",
        BARE,
        enough,
        plain_enough,
        names=st.frozensets(st.sampled_from(OPERATORS), min_size=2) | st.just(frozenset({"evaluate", *OPERATORS[1:3]})),
    ),
    agreement("changes in place", BARE, changes_in_place, refused, verb=st.sampled_from(["mate", "mutate"])),
]
