"""Strategies with one fault each, many of them known from other libraries.

Each row of `PLANTED` has a name, what is wrong, the law that has to notice, and the subject with all laws of its kind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import torch
from deap.base import Toolbox

from neuroevo.budget import Budget
from neuroevo.execution import batched_map
from neuroevo.individual import Ids, Individual, offspring
from neuroevo.operators.mutation import gaussian
from neuroevo.operators.verbs import Mutate
from neuroevo.problems.function import SPHERE
from neuroevo.strategies import SNES
from neuroevo.testing.laws import Law, convergence_laws, strategy_laws
from neuroevo.testing.toolboxes import Sphere


class Search:
    """A search without faults: four individuals mutate, the two best of them have two children each."""

    def __init__(self, seed: int) -> None:
        self.generator = torch.Generator().manual_seed(seed)
        self.ids, self.generation, self.budget = Ids(), 0, Budget()
        self.parents: list[Individual] = []
        self.best: Individual | None = None
        self.toolbox = toolbox = Toolbox()
        toolbox.register("map", batched_map)
        toolbox.register("evaluate", Sphere())
        toolbox.register("mutate", Mutate(partial(gaussian, sigma=0.3, generator=self.generator), self.ids))
        toolbox.register("generate", self.generate)
        toolbox.register("update", self.update)

    def generate(self) -> list[Individual]:
        """Return founders or children."""
        if self.parents:
            return [self.child(parent) for parent in self.parents]
        return [Individual(row, id=self.ids()) for row in torch.randn(4, 3, generator=self.generator)]

    def child(self, parent: Individual) -> Individual:
        """Return a child."""
        mutant: Individual = self.toolbox.mutate(parent)[0]
        return mutant

    def update(self, population: Sequence[Individual]) -> None:
        """End a generation."""
        self.budget = self.budget.then(Budget(evaluations=len(population)))
        ranked = sorted(population, key=lambda one: one.fitness, reverse=True)
        self.parents = ranked[:2] * 2
        self.best = max([*([self.best] if self.best else []), *population], key=lambda one: one.fitness)
        self.generation += 1

    def result(self) -> Individual:
        """Return the best one of all."""
        if self.best is None:
            raise RuntimeError("no generation has ended.")
        return self.best

    def planned_budget(self, generations: int) -> Budget:
        """Return the cost of `generations` generations."""
        return Budget(evaluations=4 * generations)

    def record(self) -> dict[str, Any]:
        """Return the ids of the parents."""
        return {"parents": [one.id for one in self.parents]}

    def state_dict(self) -> dict[str, Any]:
        """Return all that changes."""
        return {
            "generation": self.generation,
            "evaluations": self.budget.evaluations,
            "ids": self.ids.next,
            "generator": self.generator.get_state(),
            "parents": [*map(_state, self.parents)],
            "best": _state(self.best) if self.best else None,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a state."""
        self.generation, self.ids.next = state["generation"], state["ids"]
        self.budget = Budget(evaluations=state["evaluations"])
        self.generator.set_state(state["generator"])
        self.parents = [*map(_individual, state["parents"])]
        self.best = _individual(state["best"]) if state["best"] else None


def _state(one: Individual) -> dict[str, Any]:
    return {"genome": one.genome.clone(), "values": [*one.fitness.values], "id": one.id, "parents": [*one.parents]}


def _individual(state: Mapping[str, Any]) -> Individual:
    individual = Individual(state["genome"].clone(), id=state["id"], parents=state["parents"])
    individual.fitness.values = state["values"]
    return individual


class TensorRecord(Search):
    """Records a tensor, which no file of records can hold."""

    def record(self) -> dict[str, Any]:
        """Return the mean of the parents."""
        return {"mean": torch.stack([one.genome for one in self.parents]).mean(0)}


class AlwaysNewborn(Search):
    """Makes its children without their generation."""

    def child(self, parent: Individual) -> Individual:
        """Return a child that says it was born in generation 0."""
        mutant = super().child(parent)
        return Individual(mutant.genome, id=mutant.id, parents=mutant.parents)


class InPlace(Search):
    """Mutates the parents themselves."""

    def child(self, parent: Individual) -> Individual:
        """Return the parent, changed."""
        parent.genome += torch.randn(3, generator=self.generator)
        del parent.fitness.values
        return parent


class Aliased(Search):
    """Every second child is not mutated and is given its parent's genome itself."""

    def child(self, parent: Individual) -> Individual:
        """Return a child."""
        if self.ids.next % 2:
            return offspring(parent.genome, [parent], id=self.ids())
        return super().child(parent)


class Truncating(Search):
    """Sorts and cuts the list that it was given."""

    def update(self, population: Sequence[Individual]) -> None:
        """End a generation."""
        super().update(population)
        population.sort(key=lambda one: one.fitness, reverse=True)  # type: ignore[attr-defined]
        del population[2:]  # type: ignore[attr-defined]


class IdsAnew(Search):
    """Numbers the individuals of each generation from 0 on."""

    def generate(self) -> list[Individual]:
        """Return founders or children."""
        self.ids.next = 0
        return super().generate()


class OffByOneParents(Search):
    """Notes the next id as the parent."""

    def child(self, parent: Individual) -> Individual:
        """Return a child."""
        mutant = super().child(parent)
        mutant.parents = (self.ids.next,)
        return mutant


class GlobalDraws(Search):
    """Draws from the global generator."""

    def child(self, parent: Individual) -> Individual:
        """Return a child."""
        return offspring(parent.genome + 0.3 * torch.randn(3), [parent], id=self.ids())


class SharedIds(Search):
    """Counts ids for all runs of a process, as a class attribute does."""

    counter = Ids()

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.ids = self.counter


class SeedIgnored(Search):
    """Takes a seed and seeds with 0."""

    def __init__(self, seed: int) -> None:
        super().__init__(0)


class NoisyElite(Search):
    """Keeps the best one as it is, and scores with noise."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        noise, sphere = torch.Generator().manual_seed(seed), Sphere()
        self.toolbox.register("evaluate", lambda one: (sphere(one)[0] + float(torch.rand((), generator=noise)),))

    def generate(self) -> list[Individual]:
        """Return founders, or the best one and children."""
        return [*self.parents[:1], *super().generate()[len(self.parents[:1]) :]]


class MeanResult(Search):
    """Returns the mean of the parents, which was never scored."""

    def result(self) -> Individual:
        """Return an individual of its own."""
        return Individual(torch.stack([one.genome for one in self.parents]).mean(0), id=self.ids.next)


class NanWins(Search):
    """Compares values instead of fitnesses, as `max` does in which NaN stays where it stands."""

    def update(self, population: Sequence[Individual]) -> None:
        """End a generation."""
        best = self.best
        super().update(population)
        self.best = max([*([best] if best else []), *population], key=lambda one: one.fitness.values)


class FoundersFree(Search):
    """Plans without the founders' evaluation."""

    def planned_budget(self, generations: int) -> Budget:
        """Return what the children cost."""
        return Budget(evaluations=4 * (generations - 1))


class LiveState(Search):
    """Hands out the list that it goes on with."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.history: list[int] = []

    def update(self, population: Sequence[Individual]) -> None:
        """End a generation."""
        super().update(population)
        self.history.append(len(population))

    def state_dict(self) -> dict[str, Any]:
        """Return the state."""
        return {**super().state_dict(), "history": self.history}


class ForgetsGenerator(Search):
    """Resumes with the generator of the start."""

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a state."""
        fresh = self.generator.get_state()
        super().load_state_dict(state)
        self.generator.set_state(fresh)


class BoundEarly(Search):
    """Looks its operator up once."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.mutate = self.toolbox.mutate

    def child(self, parent: Individual) -> Individual:
        """Return a child."""
        mutant: Individual = self.mutate(parent)[0]
        return mutant


def _strategy(make: object) -> tuple[object, list[Law]]:
    return make, strategy_laws(population=4, verbs=("mutate",))


class HalfState(Search):
    """Counts its generations without a better individual, and forgets the count in its state."""

    stale = 0

    def update(self, population: Sequence[Individual]) -> None:
        """End a generation."""
        self.stale += 1
        super().update(population)


class SecretSetting(SNES):
    """Names a setting among those that make no difference."""

    MACHINE = SNES.MACHINE | {"sigma", "mean_rate"}


ONE_AFTER_ANOTHER = "no individual is lost or duplicated"


class Vanishing(SNES):
    """Shrinks its step size without limit, and divides by it."""

    def tell(self, population: Sequence[Individual]) -> None:
        """Go to the mean of the better half, in units of the step size."""
        steps = (torch.stack([one.genome for one in population]) - self.mean) / self.sigma
        self.mean = self.mean + self.sigma * steps.mean(0)
        self.sigma = 0.1 * self.sigma


PLANTED: tuple[tuple[str, str, str, tuple[object, list[Law]]], ...] = (
    ("TensorRecord", "a record that is no JSON", "it has what loops ask for", _strategy(TensorRecord)),
    ("InPlace", "variation without toolbox.clone (DEAP)", ONE_AFTER_ANOTHER, _strategy(InPlace)),
    ("Truncating", "update cuts the caller's list", ONE_AFTER_ANOTHER, _strategy(Truncating)),
    ("IdsAnew", "ids are positions", ONE_AFTER_ANOTHER, _strategy(IdsAnew)),
    ("Aliased", "aliased parents (DEAP#166, tpot#362)", "individuals share no memory", _strategy(Aliased)),
    ("OffByOneParents", "off by one in the lineage", "parents come before their children", _strategy(OffByOneParents)),
    (
        "AlwaysNewborn",
        "children of generation 0, who meet the same episodes for ever",
        "individuals know their generation",
        _strategy(AlwaysNewborn),
    ),
    ("SharedIds", "a counter as class attribute", "equal seeds give equal results", _strategy(SharedIds)),
    (
        "GlobalDraws",
        "global random state (DEAP#75, pymoo#638)",
        "global generators are neither read nor written",
        _strategy(GlobalDraws),
    ),
    ("SeedIgnored", "the seed is not used", "other seeds give other results", _strategy(SeedIgnored)),
    (
        "NoisyElite",
        "an evaluation that is not pure",
        "DEAP's loop gives what `evolve` gives",
        _strategy(NoisyElite),
    ),
    (
        "MeanResult",
        "a result that was never scored",
        "the result is one of the individuals that were scored",
        _strategy(MeanResult),
    ),
    ("NanWins", "NaN wins comparisons (DEAP)", "NaN never wins", _strategy(NanWins)),
    ("FoundersFree", "a plan without the founders", "the plan is what is spent", _strategy(FoundersFree)),
    ("LiveState", "a state that goes on living", "a state is a snapshot", _strategy(LiveState)),
    (
        "ForgetsGenerator",
        "resuming starts the random numbers anew (pymoo#574, evotorch#50)",
        "a state continues identically",
        _strategy(ForgetsGenerator),
    ),
    (
        "HalfState",
        "an attribute that is left out of the state",
        "whatever evolves is in the state",
        _strategy(HalfState),
    ),
    (
        "SecretSetting",
        "a run is resumed with other settings (SNES with another sigma)",
        "a state of other settings is refused",
        _strategy(lambda seed: SecretSetting(SPHERE(3), population=4, seed=seed)),
    ),
    (
        "BoundEarly",
        "registering another operator changes nothing",
        "operators are called through the toolbox",
        _strategy(BoundEarly),
    ),
    (
        "Vanishing",
        "a step size of 0 divides (separable CMA-ES after 2,410 generations)",
        "a converged search stays finite",
        (Vanishing, convergence_laws(generations=400)),
    ),
)
