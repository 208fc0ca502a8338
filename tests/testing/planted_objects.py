"""Maps, strategies, backbones, data sets and evaluators with one fault each, many of them known from other libraries.

`PLANTED` says of each what is wrong with it and which law has to notice; `test_planted_objects.py` checks that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any, NamedTuple

import torch
from deap.base import Toolbox
from torch import Tensor, nn
from torch.nn import functional as F

from neuroevo.backbones import MLP, ConvNet4, Layout, Network
from neuroevo.backbones.backbone import initialise
from neuroevo.backbones.convnet4 import ConvNet4Network
from neuroevo.backbones.mlp import MLPNetwork
from neuroevo.budget import Budget
from neuroevo.data.images import Dataset, LabelledImages, channel_statistics
from neuroevo.execution import batched_map
from neuroevo.individual import Ids, Individual, offspring
from neuroevo.operators.mutation import gaussian
from neuroevo.operators.verbs import Mutate
from neuroevo.testing.laws import check_backbone, check_dataset, check_map, check_problem, check_strategy
from neuroevo.testing.toolboxes import Sphere

EXAMPLES = 100


class Planted(NamedTuple):
    """A broken object.

    Attributes:
        name: What it is called.
        fault: What is wrong with it, and where that is known from.
        law: The law that has to notice.
        check: Checks the object against all laws of its kind.
    """

    name: str
    fault: str
    law: str
    check: Callable[[], None]


# Maps.


def unordered(function: Callable[..., Any], *iterables: Iterable[Any]) -> list[Any]:
    """Return results as an unordered pool may: those of the late items first."""
    return [function(*items) for items in zip(*iterables, strict=False)][::-1]


def whole_chunks(function: Callable[..., Any], *iterables: Iterable[Any], chunk: int | None = None) -> list[Any]:
    """Forget the last chunk where it is short."""
    items = [*zip(*iterables, strict=False)]
    size = chunk or max(1, len(items))
    chunks = [items[start : start + size] for start in range(0, len(items) - size + 1, size)]
    return [result for part in chunks for result in batched_map(function, *zip(*part, strict=True))]


def forgets_keywords(function: Callable[..., Any], *iterables: Iterable[Any]) -> list[Any]:
    """Unwrap what was registered and call its `batch` without the arguments that were bound."""
    inner = function
    while isinstance(inner, partial):
        inner = inner.func
    columns = [*map(list, zip(*zip(*iterables, strict=False), strict=True))]
    return list(inner.batch(*columns)) if columns and hasattr(inner, "batch") else batched_map(function, *columns)


def tries_twice(function: Callable[..., Any], *iterables: Iterable[Any]) -> list[Any]:
    """Ask the first item first, to see what kind of result comes."""
    items = [*zip(*iterables, strict=False)]
    if items:
        function(*items[0])
    return [function(*item) for item in items]


def zips_short(function: Callable[..., Any], *iterables: Iterable[Any]) -> list[Any]:
    """Trust that a batch has as many results as items."""
    columns = [*map(list, iterables)]
    if not hasattr(function, "batch") or not all(columns):
        return [*map(function, *columns)]
    shortest = min(map(len, columns))
    return [result for result, _ in zip(function.batch(*(c[:shortest] for c in columns)), columns[0], strict=False)]


def swallows(function: Callable[..., Any], *iterables: Iterable[Any]) -> list[Any]:
    """Give whoever raises an exception a bad score."""

    def safe(*items: Any) -> Any:
        try:
            return function(*items)
        except Exception:  # noqa: BLE001
            return -math.inf

    return [*map(safe, *iterables)]


# Strategies.


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
        """Return what so many generations cost."""
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
    """Returns the mean of the parents, which nobody has scored."""

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


# Backbones.


class NormsForgotten(ConvNet4):
    """Does not list the running statistics of its norms."""

    @property
    def layout(self) -> Layout:
        """The parameters only."""
        full = super().layout
        axes = {name: axes for name, axes in full.axes.items() if name not in full.buffers}
        return Layout(full.groups, axes, {name: full.shapes[name] for name in axes})


class PaddedShortcutNetwork(MLPNetwork):
    """Adds the first layer's outputs to the second's, as far as there are that many."""

    def features(self, images: Tensor) -> Tensor:
        """Return the sum."""
        first = F.relu(self.get_submodule("hidden1")(images.flatten(1)))
        second = F.relu(self.get_submodule("hidden2")(first))
        tied = min(first.shape[1], second.shape[1])
        return torch.cat([first[:, :tied] + second[:, :tied], second[:, tied:]], 1)


class PaddedShortcut(MLP):
    """A shortcut without a projection, whose two ends are groups of their own."""

    def build(self, classes: int, *, generator: torch.Generator) -> Network:
        """Return a network."""
        with torch.device("meta"):
            network = PaddedShortcutNetwork(self, classes)
        return initialise(network, generator)


class GlobalInitialisation(MLP):
    """Leaves the initial weights to torch, which draws them from its global generator."""

    def build(self, classes: int, *, generator: torch.Generator) -> Network:
        """Return a network."""
        return MLPNetwork(self, classes)


class HeadFirst(MLP):
    """Draws something for the head before the body."""

    def build(self, classes: int, *, generator: torch.Generator) -> Network:
        """Return a network."""
        bias = torch.randn(classes, generator=generator)
        network = super().build(classes, generator=generator)
        network.head.bias.data.copy_(bias)
        return network


class BatchStatisticsNetwork(ConvNet4Network):
    """Its norms read the batch in evaluation mode, too."""

    def train(self, mode: bool = True) -> BatchStatisticsNetwork:
        """Change the mode of everything but the norms."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.train()
        return self


class BatchStatistics(ConvNet4):
    """Norms that use the statistics of the batch, as advised where running ones stand in the way of `vmap`."""

    def build(self, classes: int, *, generator: torch.Generator) -> Network:
        """Return a network."""
        with torch.device("meta"):
            network = BatchStatisticsNetwork(self, classes)
        return initialise(network, generator)


class ResizedByPosition(MLP):
    """Takes the order of a mapping for that of its groups."""

    def resized(self, groups: Mapping[str, int]) -> ResizedByPosition:
        """Return other widths."""
        return replace(self, widths=tuple(groups.values()))


class ClippedNetwork(MLPNetwork):
    """Lets no logit be negative."""

    def forward(self, images: Tensor) -> Tensor:
        """Return logits."""
        return F.relu(super().forward(images))


class Clipped(MLP):
    """A network that does more with its features than the head."""

    def build(self, classes: int, *, generator: torch.Generator) -> Network:
        """Return a network."""
        with torch.device("meta"):
            network = ClippedNetwork(self, classes)
        return initialise(network, generator)


class SkippedNetwork(MLPNetwork):
    """Leaves out its second layer."""

    def features(self, images: Tensor) -> Tensor:
        """Return the first layer's outputs, cut or padded to the width of the second."""
        first = F.relu(self.get_submodule("hidden1")(images.flatten(1)))
        return F.pad(first, (0, self.head.in_features - first.shape[1]))


class Skipped(MLP):
    """A network with a layer that is made, listed and not called."""

    def build(self, classes: int, *, generator: torch.Generator) -> Network:
        """Return a network."""
        with torch.device("meta"):
            network = SkippedNetwork(self, classes)
        return initialise(network, generator)


# Data sets.


def sound_data() -> Dataset:
    """Return a data set without faults: every class has a brightness of its own."""
    generator, roles = torch.Generator().manual_seed(0), {}
    for role, shade in (("ancestry", 40), ("held_out", 60), ("novel", 90)):
        labels = torch.arange(3).repeat(16)[torch.randperm(48, generator=generator)]
        noise = torch.randint(0, 30, (48, 1, 4, 4), generator=generator)
        images = (noise + shade * labels.reshape(-1, 1, 1, 1)).to(torch.uint8)
        roles[role] = LabelledImages(images, labels, tuple(f"{role} {label}" for label in range(3)))
    return Dataset.of("planted", **roles)


def shifted_labels() -> Dataset:
    """Return a data set whose labels stand one row too low."""
    sound = sound_data()
    images = sound.held_out
    return replace(sound, held_out=replace(images, labels=images.labels.roll(1)))


def leaking_statistics() -> Dataset:
    """Return a data set that is normalised by all of its images."""
    sound = sound_data()
    mean, std = channel_statistics(torch.cat([sound.role(role).images for role in ("ancestry", "held_out", "novel")]))
    return replace(sound, mean=mean, std=std)


def leaking_image() -> Dataset:
    """Return a data set of which one image is novel, and was not."""
    sound = sound_data()
    images = sound.novel.images.clone()
    images[7] = sound.ancestry.images[3]
    return replace(sound, novel=replace(sound.novel, images=images))


def empty_class() -> Dataset:
    """Return a data set with a class that is in its list and not in its files."""
    sound = sound_data()
    return replace(sound, held_out=replace(sound.held_out, classes=(*sound.held_out.classes, "zebra")))


def in_order_of(listing: Iterator[int]) -> Dataset:
    """Return a data set whose rows come as the file system lists them."""
    sound = sound_data()
    ancestry, shift = sound.ancestry, next(listing)
    images, labels = ancestry.images.roll(shift, 0), ancestry.labels.roll(shift)
    return replace(sound, ancestry=replace(ancestry, images=images, labels=labels))


# Evaluators.


class BareNumber(Sphere):
    """Returns a number instead of a tuple."""

    def batch(self, individuals: Sequence[Individual]) -> list[Any]:
        """Return numbers."""
        return [score for (score,) in super().batch(individuals)]


class Clamping(Sphere):
    """Brings genomes into bounds where they are."""

    def batch(self, individuals: Sequence[Individual]) -> list[tuple[float]]:
        """Return scores."""
        for one in individuals:
            one.genome.clamp_(-0.5, 0.5)
        return super().batch(individuals)


class OwnTasks:
    """Draws a task for each call from a generator that it keeps."""

    def __init__(self) -> None:
        self.generator = torch.Generator().manual_seed(0)

    def __call__(self, individual: Individual) -> tuple[float]:
        """Return a score."""
        return (float(individual.genome @ torch.randn(len(individual.genome), generator=self.generator)),)


class GlobalNoise(Sphere):
    """Adds noise of the global generator, without which all scores would be whole numbers."""

    def batch(self, individuals: Sequence[Individual]) -> list[tuple[float]]:
        """Return scores."""
        state = torch.get_rng_state()
        noise = float(torch.rand(()))
        torch.set_rng_state(state)
        return [(score + noise,) for (score,) in super().batch(individuals)]


class PopulationNorm(Sphere):
    """Subtracts the mean of the batch, as a norm with batch statistics does under `vmap` over individuals."""

    def batch(self, individuals: Sequence[Individual]) -> list[tuple[float]]:
        """Return scores."""
        scores = [score for (score,) in super().batch(individuals)]
        return [(score - sum(scores) / len(scores),) for score in scores]


class WithLambda(Sphere):
    """Holds a function that can't be pickled, as classes of `deap.creator` hold themselves."""

    def __init__(self) -> None:
        self.scale = lambda score: 2 * score

    def batch(self, individuals: Sequence[Individual]) -> list[tuple[float]]:
        """Return scores."""
        return [(self.scale(score),) for (score,) in super().batch(individuals)]


def people() -> list[Individual]:
    """Return individuals to score."""
    return [Individual(row, id=id) for id, row in enumerate(torch.randn(5, 3, generator=torch.Generator()))]


_map = partial(partial, check_map, examples=EXAMPLES)
_strategy = partial(partial, check_strategy, examples=EXAMPLES, population=4, verbs=("mutate",))
_backbone = partial(partial, check_backbone, examples=EXAMPLES)
_dataset = partial(partial, check_dataset, examples=EXAMPLES, learnable=True)


def _problem(evaluator: Callable[[Individual], Any]) -> Callable[[], None]:
    return partial(check_problem, evaluator, people(), examples=EXAMPLES)


ONE_AFTER_ANOTHER = "nobody is lost or duplicated"
SMALL_MLP, SMALL_CONVNET = {"widths": (4, 3), "inputs": 5}, {"widths": (2, 3, 3, 2)}

PLANTED = (
    Planted("unordered", "results in the order of a pool", "gives what the built-in map gives", _map(unordered)),
    Planted(
        "forgets_keywords",
        "arguments bound by toolbox.register do not reach `batch`",
        "a batched function gives what its single calls give",
        _map(forgets_keywords),
    ),
    Planted("tries_twice", "a trial call", "no item is worked on twice", _map(tries_twice)),
    Planted("zips_short", "zip that is not strict", "results are never lost in silence", _map(zips_short)),
    Planted("swallows", "a blanket except that scores -inf", "what a function raises arrives", _map(swallows)),
    Planted(
        "whole_chunks",
        "off by one: the last short chunk is left out",
        "the size of chunks is irrelevant",
        _map(whole_chunks, chunk="chunk"),
    ),
    Planted("TensorRecord", "a record that is no JSON", "it has what loops ask for", _strategy(TensorRecord)),
    Planted("InPlace", "variation without toolbox.clone (DEAP)", ONE_AFTER_ANOTHER, _strategy(InPlace)),
    Planted("Truncating", "update cuts the caller's list", ONE_AFTER_ANOTHER, _strategy(Truncating)),
    Planted("IdsAnew", "ids are positions", ONE_AFTER_ANOTHER, _strategy(IdsAnew)),
    Planted("Aliased", "aliased parents (DEAP#166, tpot#362)", "individuals share no memory", _strategy(Aliased)),
    Planted(
        "OffByOneParents", "off by one in the lineage", "parents come before their children", _strategy(OffByOneParents)
    ),
    Planted("SharedIds", "a counter as class attribute", "equal seeds give equal results", _strategy(SharedIds)),
    Planted(
        "GlobalDraws",
        "global random state (DEAP#75, pymoo#638)",
        "global generators are neither read nor written",
        _strategy(GlobalDraws),
    ),
    Planted("SeedIgnored", "the seed is not used", "other seeds give other results", _strategy(SeedIgnored)),
    Planted(
        "NoisyElite",
        "an evaluation that is not pure",
        "DEAP's loop gives what `evolve` gives",
        _strategy(NoisyElite),
    ),
    Planted(
        "MeanResult",
        "a result that was never scored",
        "the result is one of the individuals that were scored",
        _strategy(MeanResult),
    ),
    Planted("NanWins", "NaN wins comparisons (DEAP)", "NaN never wins", _strategy(NanWins)),
    Planted("FoundersFree", "a plan without the founders", "the plan is what is spent", _strategy(FoundersFree)),
    Planted("LiveState", "a state that goes on living", "a state is a snapshot", _strategy(LiveState)),
    Planted(
        "ForgetsGenerator",
        "resuming starts the random numbers anew (pymoo#574, evotorch#50)",
        "a state continues identically",
        _strategy(ForgetsGenerator),
    ),
    Planted(
        "BoundEarly",
        "registering another operator changes nothing",
        "operators are called through the toolbox",
        _strategy(BoundEarly),
    ),
    Planted(
        "NormsForgotten",
        "BatchNorm's buffers are not inherited",
        "the layout lists every tensor but the head's",
        _backbone(NormsForgotten(**SMALL_CONVNET)),
    ),
    Planted(
        "ResizedByPosition",
        "widths by the order of a mapping",
        "resizing changes the widths and nothing else",
        _backbone(ResizedByPosition(**SMALL_MLP)),
    ),
    Planted(
        "GlobalInitialisation",
        "torch's own initialisation (global random state)",
        "global generators are neither read nor written",
        _backbone(GlobalInitialisation(**SMALL_MLP)),
    ),
    Planted(
        "HeadFirst",
        "other classes, other features",
        "the number of classes changes the head only",
        _backbone(HeadFirst(**SMALL_MLP)),
    ),
    Planted(
        "Clipped", "a ReLU behind the head", "logits are the head of the features", _backbone(Clipped(**SMALL_MLP))
    ),
    Planted("Skipped", "a layer is not called", "every parameter is used", _backbone(Skipped(**SMALL_MLP))),
    Planted(
        "BatchStatistics",
        "batch statistics in evaluation mode (functorch#273)",
        "an image is judged by itself in evaluation mode",
        _backbone(BatchStatistics(**SMALL_CONVNET)),
    ),
    Planted(
        "PaddedShortcut",
        "a shortcut that does not tie its groups",
        "gene channels compute what the circuit computes",
        _backbone(PaddedShortcut(**SMALL_MLP)),
    ),
    Planted("empty_class", "a class without files", "every class has images", _dataset(empty_class())),
    Planted("leaking_image", "an image in two roles", "no image is there twice", _dataset(leaking_image())),
    Planted(
        "leaking_statistics",
        "normalised by classes that ancestors must not see",
        "mean and deviation are those of ancestry",
        _dataset(leaking_statistics()),
    ),
    Planted("shifted_labels", "labels shifted by one row", "classes can be told apart", _dataset(shifted_labels())),
    Planted(
        "in_order_of",
        "files in the order of the file system",
        "read again it is the same",
        _dataset(sound_data(), again=partial(in_order_of, count(1))),
    ),
    Planted("BareNumber", "a score without a tuple (DEAP)", "scores are tuples of numbers", _problem(BareNumber())),
    Planted("Clamping", "genomes repaired in place", "individuals are left unchanged", _problem(Clamping())),
    Planted("OwnTasks", "a generator between calls", "scored again, the score is the same", _problem(OwnTasks())),
    Planted(
        "GlobalNoise",
        "a global generator that is read and put back",
        "global generators are neither read nor written",
        _problem(GlobalNoise()),
    ),
    Planted(
        "PopulationNorm",
        "normalised over the population (batch norm under vmap)",
        "a batch gives what single calls give",
        _problem(PopulationNorm()),
    ),
    Planted(
        "WithLambda",
        "an evaluator that workers can't get (DEAP#57, #323)",
        "a pickled evaluator scores as the original",
        _problem(WithLambda()),
    ),
)
