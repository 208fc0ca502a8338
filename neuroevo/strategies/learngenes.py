"""What strategies that pass on learngenes have in common: a data set, a backbone, and how their state is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch

from neuroevo.backbones import Backbone
from neuroevo.data.images import Dataset
from neuroevo.execution import AUTO, Execution, Recipe
from neuroevo.execution.cost import check_reads
from neuroevo.individual import Individual
from neuroevo.learngene import Learngene
from neuroevo.operators.heads import HeadMemory
from neuroevo.strategies.strategy import ToolboxStrategy
from neuroevo.strategies.swapped import noted_operators


@dataclass(frozen=True, kw_only=True)
class CommonSettings:
    """What every strategy that trains networks can be given.

    Attributes:
        seed: The run's seed; everything follows from it.
        device: Where networks live.
        workers: Threads on the CPU; results do not depend on it.
        execution: How populations are trained.
    """

    seed: int = 0
    device: torch.device | str = "cpu"
    workers: int | None = None
    execution: Execution = AUTO


class LearngeneStrategy(ToolboxStrategy):
    """A strategy whose individuals have a learngene, or nothing, as genome.

    Attributes:
        backbone: The architecture of its networks.
        classes: The classes of each role that it sees, by the role's name.
        dataset: Name of the data set that it sees.

    Args:
        backbone: The architecture.
        classes: The classes of each role that it sees.
        seed: The run's seed.
        dataset: Name of the data set.
    """

    def __init__(
        self, backbone: Backbone, classes: Mapping[str, Sequence[str]], *, seed: int, dataset: str = ""
    ) -> None:
        super().__init__(seed=seed, purpose="operators")
        self.backbone = backbone
        self.classes = {role: list(names) for role, names in classes.items()}
        self.dataset = dataset

    def origin(self, generations: int) -> dict[str, Any]:
        """Return notes for a learngene that took that number of generations: its data, what it cost, swapped operators.

        The cost is the planned one, which does not depend on how often `result` was called on the way.
        """
        cost = {name: count for name, count in asdict(self.planned_budget(generations)).items() if count}
        return {"dataset": self.dataset, "budget": cost, **noted_operators(self)}

    def pack(self, individuals: Sequence[Individual]) -> list[dict[str, Any]]:
        """Return individuals as JSON values and tensors."""
        return [individual_state(one) for one in individuals]

    def unpack(self, state: Sequence[Mapping[str, Any]]) -> list[Individual]:
        """Return the individuals that `pack` described."""
        return [individual_from(one, self.backbone) for one in state]


def check_arguments(dataset: Dataset, backbone: Backbone, **recipes: Recipe) -> None:
    """Check what a strategy is made of, before anything is trained.

    Raises:
        TypeError: These are not a data set and recipes.
        ValueError: Networks of the backbone can't read the data set's images.
    """
    if not isinstance(dataset, Dataset):
        raise TypeError(f"dataset must be a Dataset, for example glyphs(), but it is a {type(dataset).__name__}.")
    for name, recipe in recipes.items():
        if not isinstance(recipe, Recipe):
            raise TypeError(f"{name} must be a Recipe, for example Recipe(updates=100), but it is {recipe!r}.")
    check_reads(backbone, dataset.shape)


def individual_state(individual: Individual) -> dict[str, Any]:
    """Return an individual with a learngene (or nothing) as genome, as JSON values and tensors."""
    genome = individual.genome
    return {
        "genome": None if genome is None else {"tensors": genome.tensors(), "header": genome.header()},
        "values": list(individual.fitness.values),
        "weights": list(individual.fitness.weights),
        "id": individual.id,
        "parents": list(individual.parents),
        "generation": individual.generation,
        "memory": None if individual.memory is None else individual.memory.tensors(),
        **({} if individual.environment is None else {"environment": individual.environment}),
        **({} if individual.hyperparameters is None else {"hyperparameters": dict(individual.hyperparameters)}),
    }


def individual_from(state: Mapping[str, Any], backbone: Backbone) -> Individual:
    """Return the individual that `individual_state` described; `backbone` serves learngenes cut from it."""
    # The first states knew no memory.
    genome, memory = state["genome"], state.get("memory")
    individual = Individual(
        None if genome is None else _learngene(genome, backbone),
        id=state["id"],
        parents=tuple(state["parents"]),
        generation=state["generation"],
        memory=None if memory is None else HeadMemory(**memory),
    )
    if "environment" in state:
        individual.environment = state["environment"]
    if "hyperparameters" in state:
        individual.hyperparameters = state["hyperparameters"]
    individual.fitness.weights = tuple(state["weights"])
    if state["values"]:
        individual.fitness.values = tuple(state["values"])
    return individual


def _learngene(state: Mapping[str, Any], backbone: Backbone) -> Learngene:
    own = state["header"]["backbone"] == backbone.describe()
    return Learngene.from_parts(state["tensors"], state["header"], backbone=backbone if own else None)
