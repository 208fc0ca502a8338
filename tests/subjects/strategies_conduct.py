"""Strategies as any loop meets them: budgets, states, lineages and the seed, with settings that change their course."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch

from neuroevo.individual import Individual, genomes_of
from neuroevo.problems import Problem
from neuroevo.problems.function import ARM, DTLZ2, RASTRIGIN, Function
from neuroevo.problems.graphs import xor
from neuroevo.space import Space
from neuroevo.strategies import (
    CMAES,
    EGGROLL,
    NEAT,
    NSGA2,
    PBT,
    PGPE,
    SNES,
    Differential,
    EvolutionStrategy,
    Genetic,
    Island,
    Lamarckian,
    MAPElites,
    Novelty,
    OpenAIES,
    Search,
    SeparableCMAES,
)
from neuroevo.testing.laws import strategy_laws
from subjects.subject import Subject

SEARCHES = "neuroevo/strategies/search"
COMMON = (f"{SEARCHES}/base.py", "neuroevo/strategies/strategy.py", "neuroevo/strategies/toolbox.py")
VARIATION = f"{SEARCHES}/variation.py"

GENES = ("evaluate", "map", "select", "mate", "mutate", "vary", "replace")
SAMPLES = ("evaluate", "map", "sample")


class Hill(Search):
    """A search of one's own whose state has parts of every kind: it moves to the best of some steps."""

    EVOLVING = ("mean", "history", "counts", "rate")

    def __init__(self, problem: Problem, *, population: int = 3, seed: int = 0, step: float = 0.3) -> None:
        super().__init__(problem, population=population, seed=seed)
        self.step = step
        self.mean = self.space.start.clone()
        self.history: list[list[float]] = [[], []]
        self.counts: dict[str, Any] = {"better": 0, "means": {"first": self.mean.clone(), "seen": [0]}}
        self.rate = 1.0

    def ask(self) -> list[Individual]:
        """Return steps from the best one so far."""
        steps = torch.randn((self.population, self.space.size), generator=self.generator, dtype=self.mean.dtype)
        return self.new_individuals(self.mean + self.rate * self.step * steps)

    def tell(self, population: Sequence[Individual]) -> None:
        """Move to the best one."""
        best = max(population, key=lambda one: one.fitness)
        self.mean = genomes_of([best])[0].clone()
        self.history[self.generation % 2].append(best.fitness.values[0])
        self.counts["better"] += len(self.history[0])
        self.counts["means"]["seen"].append(self.generation)
        self.counts["means"]["first"] += 1
        self.rate *= 0.9 + 0.01 * (len(self.history[1]) + sum(self.counts["means"]["seen"]))


def one_for_both(first: Individual, second: Individual) -> tuple[Individual, Individual]:
    """Return the first parent twice, as careless operators do."""
    del second
    return first, first


def unchanged(individual: Individual) -> tuple[Individual]:
    """Return what it is given."""
    return (individual,)


def careless(seed: int) -> Genetic:
    """Return a genetic algorithm without bounds whose operators return one object for two children."""
    strategy = Genetic(Function(squares, Space.box(3)), population=6, seed=seed)
    strategy.toolbox.register("mate", one_for_both)
    strategy.toolbox.register("mutate", unchanged)
    return strategy


def squares(genome: torch.Tensor) -> float:
    """Return the squared length."""
    return float(genome.square().sum())


def on(kind: type[Any], seed: int, *, problem: Any = RASTRIGIN, **settings: Any) -> Any:
    """Return a strategy on a problem with four genes."""
    return kind(problem(4), seed=seed, **settings)


def subject(
    name: str, files: Sequence[str], make: Any, *, verbs: Sequence[str], generations: int = 3, bounded: bool = True
) -> Subject:
    """Return a strategy that is judged by its conduct."""
    covers = (*(one if "/" in one else f"{SEARCHES}/{one}.py" for one in files), *COMMON)
    laws = partial(strategy_laws, generations=generations, verbs=verbs, bounded=bounded)
    return Subject(f"conduct of {name}", covers, lambda: make, laws)


SUBJECTS = [
    subject("a search of one's own", (), partial(on, Hill), verbs=("evaluate", "map"), bounded=False),
    subject(
        "genetic in a steady state",
        ("genetic", VARIATION),
        partial(on, Genetic, population=6, offspring=3),
        verbs=GENES,
    ),
    subject("genetic", ("genetic", VARIATION), partial(on, Genetic, population=5), verbs=GENES),
    subject("genetic with careless operators", (VARIATION, "genetic"), careless, verbs=GENES),
    subject(
        "islands",
        ("island",),
        partial(on, Island, population=8, islands=2, interval=2),
        verbs=(*GENES, "migrate"),
    ),
    subject("NSGA-II", ("nsga2",), partial(on, NSGA2, problem=DTLZ2, population=5), verbs=GENES),
    subject("Lamarckian", ("lamarckian",), partial(on, Lamarckian, population=5, steps=2), verbs=(*GENES, "learn")),
    subject(
        "Baldwinian in a steady state",
        ("lamarckian",),
        partial(on, Lamarckian, population=5, offspring=2, steps=2, inherited=False),
        verbs=GENES,
    ),
    subject(
        "population-based training",
        ("pbt",),
        partial(on, PBT, population=5, steps=2),
        verbs=("evaluate", "map", "exploit", "explore", "learn"),
    ),
    subject(
        "MAP-Elites",
        ("map_elites", "repertoire", "measures"),
        partial(on, MAPElites, problem=ARM, population=6, cells=4),
        verbs=("evaluate", "map", "select", "line"),
        bounded=False,
    ),
    subject(
        "novelty search",
        ("novelty", "measures"),
        partial(on, Novelty, problem=ARM, population=6, neighbours=2, threshold=0.02),
        verbs=("evaluate", "map", "select", "vary", "mutate"),
        generations=4,
        bounded=False,
    ),
    subject(
        "NEAT",
        ("neat", "species"),
        lambda seed: NEAT(xor(), population=8, seed=seed, connection_rate=0.5, node_rate=0.5),
        verbs=("evaluate", "map", "crossover", "perturb_weights", "add_connection", "add_node", "distance"),
        generations=4,
        bounded=False,
    ),
    subject("SNES", ("snes",), partial(on, SNES), verbs=(*SAMPLES, "shape")),
    subject("PGPE", ("pgpe",), partial(on, PGPE, population=6), verbs=(*SAMPLES, "shape", "optimise")),
    subject(
        "OpenAI's ES",
        ("openai_es", "gradient_search"),
        partial(on, OpenAIES),
        verbs=(*SAMPLES, "shape", "optimise"),
    ),
    subject(
        "EGGROLL",
        ("eggroll", "gradient_search"),
        partial(on, EGGROLL),
        verbs=("evaluate", "map", "shape", "optimise"),
    ),
    subject("CMA-ES", ("cma_es",), partial(on, CMAES), verbs=SAMPLES, generations=6),
    subject("separable CMA-ES", ("separable_cma_es",), partial(on, SeparableCMAES), verbs=SAMPLES),
    subject(
        "the evolution strategy",
        ("evolution_strategy",),
        partial(on, EvolutionStrategy, population=6, parents=2),
        verbs=(*SAMPLES, "recombine"),
    ),
    subject(
        "the evolution strategy with parents",
        ("evolution_strategy",),
        partial(on, EvolutionStrategy, population=6, parents=3, plus=True),
        verbs=(*SAMPLES, "recombine"),
    ),
    subject(
        "differential evolution",
        ("differential",),
        partial(on, Differential, population=5),
        verbs=("evaluate", "map", "differ", "trial"),
    ),
]
