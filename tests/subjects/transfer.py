"""Strategies of one candidate from the first draw to the heir, beside the same by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import astuple, fields, replace
from functools import cache, partial
from itertools import pairwise
from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from neuroevo.backbones import MLP
from neuroevo.budget import Budget
from neuroevo.data.images import Dataset
from neuroevo.execution import AUTO, Execution, Pixels, Recipe
from neuroevo.individual import Failure, Individual
from neuroevo.learngene import Learngene
from neuroevo.operators import learngenes
from neuroevo.operators.circuits import random_circuit
from neuroevo.operators.inheritance import inherit
from neuroevo.problems import Live, NearestMean, TrainingSetup
from neuroevo.seeds import stream
from neuroevo.strategies import Reptile
from neuroevo.strategies.transfer.reptile import ShortLives
from neuroevo.strategies.transfer.rivals import inherit_frozen
from neuroevo.structure import Structure
from neuroevo.testing.laws import agreement_laws
from neuroevo.testing.laws.heirs import births
from neuroevo.testing.references.circuits import circuit_counts, strongest_circuit, whole_circuit
from neuroevo.testing.references.inheritance import cut_out
from neuroevo.testing.references.layers import last_layers, tensors_of
from neuroevo.testing.references.tasks import default_ways, smallest_class
from neuroevo.testing.strategies import seeds
from subjects.gtl_settings import agrees, fixed, images
from subjects.strategies_gtl import RIVALS
from subjects.subject import Subject

BASE = ("neuroevo/strategies/transfer/base.py",)
FILES = ("neuroevo/strategies/transfer/rivals.py", *BASE, "neuroevo/strategies/learngenes.py")
REPTILE = ("neuroevo/strategies/transfer/reptile.py", *BASE)
BACKBONE = MLP(widths=(5, 4, 3), inputs=4)
LAYOUT = BACKBONE.layout
RECIPE = Recipe(updates=3, batch=4, learning_rate=0.3)
HEAD = 2
Facts = Mapping[str, Any]


@cache
def data(each: int, ancestry: int = 4, held_out: int = 3) -> Dataset:
    """Return images of 2 x 2 pixels."""
    return Dataset.of("odd", images(ancestry, each, seed=1), images(held_out, each, seed=2), images(2, each, seed=3))


def transferred(
    name: str, each: int, share: float, structure: Structure, cross: Any, seed: int, generations: int
) -> Any:
    """Return what a strategy of the library makes, what it scores, what heirs inherit and what it costs."""
    sizes: Facts = {"share": share, "structure": structure}
    given = {**sizes, "seed": seed, "cross": cross, "pretraining": RECIPE, "workers": 1}
    return lived(RIVALS[name](data(each), BACKBONE, **given), generations)


def lived(strategy: Any, generations: int) -> Any:
    """Run a strategy of one candidate, and let a network inherit."""
    made = []
    for _ in range(generations):
        (one,) = strategy.toolbox.generate()
        one.fitness.values = strategy.toolbox.evaluate(one)
        made.append((one.genome, one.id, one.generation, one.parents, one.fitness.values))
        strategy.toolbox.update([one])
    heirs = [born(strategy.toolbox.inherit, genome) for genome, *_ in made]
    return made, heirs, astuple(strategy.budget), astuple(strategy.planned_budget(generations)), strategy.result().id


def born(write: Any, genome: Learngene | None) -> Any:
    """Return the weights of a network that inherits, and those that it must not train."""
    network = BACKBONE.build(HEAD, generator=stream(5, "heir"))
    if genome is None:
        return network.state_dict(), []
    heir = write(genome, network.state_dict(), layout=LAYOUT)
    return heir.weights, sorted(heir.frozen)


def setup(each: int, cross: str, backbone: MLP = BACKBONE) -> TrainingSetup:
    """Return how networks are trained."""
    write = partial(inherit, cross=cross)
    return TrainingSetup(backbone=backbone, pixels=Pixels.of(data(each)), recipe=RECIPE, inherit=write)


def plain_transferred(
    name: str, each: int, share: float, structure: Structure, cross: str, seed: int, generations: int
) -> Any:
    """Train, cut, score and inherit by hand."""
    narrow = BACKBONE.resized(circuit_counts(LAYOUT, share=share, structure=structure))
    backbone = narrow if name == "narrow-pretraining" else BACKBONE
    trains = name not in ("scratch", "untrained-circuit")
    living = setup(each, cross, backbone)
    live = Live(setup=living, images=data(each).ancestry, ways=4, seed=seed)
    genomes = []
    for generation in range(generations):
        weights = None
        if trains:
            weights = live(Individual(None, id=generation, generation=generation), 0).state_dict()
        elif name == "untrained-circuit":
            weights = BACKBONE.build(1, generator=stream(seed, generation, "untrained")).state_dict()
        genomes.append(None if weights is None else plain_cut(name, weights, backbone, share, structure, seed, trains))
    each_costs = astuple(live.budget) if trains else (0, 0, 0, 0)
    return plain_lived(genomes, name == "linear-probe", each, cross, seed, each_costs)


def noted(cost: tuple[int, ...], generations: int) -> dict[str, int]:
    """Return what generations of a training run and a score cost, without what is not spent."""
    names = [one.name for one in fields(Budget)]
    spent = dict(zip(names, (generations * part for part in (*cost[:3], 1)), strict=True))
    return {name: count for name, count in spent.items() if count}


def plain_lived(genomes: Any, frozen: bool, each: int, cross: str, seed: int, cost: tuple[int, ...]) -> Any:
    """Score candidates, the best of which is the result, and let networks inherit."""
    score = plain_score(each, cross, seed)
    made, heirs = [], []
    for number, gene in enumerate(genomes):
        genome = gene and gene.with_notes(dataset="odd", budget=noted(cost, number + 1))
        one = Individual(genome, id=number, generation=number)
        made.append((genome, number, number, (), score(one)))
        weights, _ = born(partial(inherit, cross=cross), genome)
        heirs.append((weights, sorted(genome.slices) if frozen else []))
    spent = tuple(len(genomes) * part for part in (*cost[:3], 1))
    best = max(range(len(made)), key=lambda number: (made[number][4][0], -number))
    return made, heirs, spent, spent, best


def plain_score(each: int, cross: str, seed: int) -> NearestMean:
    """Return the score by the means of untrained features: as many images a class as leave one, 10 at most."""
    held_out = data(each).held_out
    shots = min(10, smallest_class(held_out) - 1)
    return NearestMean(setup=setup(each, cross), images=held_out, ways=3, shots=shots, seed=seed, tasks=4)


def plain_cut(
    name: str, weights: Any, backbone: MLP, share: float, structure: Structure, seed: int, trains: bool
) -> Learngene:
    """Cut what a strategy transfers; channels are numbered group by group."""
    circuit, tensors = whole_circuit(backbone.layout), None
    if name in ("untrained-circuit", "random-circuit"):
        circuit = random_circuit(LAYOUT, share=share, structure=structure, generator=stream(seed, "circuit"))
    elif name == "pruned-circuit":
        circuit = strongest_circuit(LAYOUT, weights, share=share, structure=structure)
    elif name == "heur-lg":
        tensors = tensors_of(LAYOUT, last_layers(LAYOUT, share=share))
    ids = {group: torch.arange(len(kept)) for group, kept in circuit.items()}
    gene = cut_out(weights, circuit, backbone=backbone, provenance=ids, tensors=tensors)
    classes = {"ancestry": [*data(5).ancestry.classes]} if trains else {}
    return gene.with_notes(strategy=name, seed=seed, classes=classes)


@st.composite
def transfers(draw: DrawFn) -> Facts:
    """Draw a strategy of one candidate."""
    return {
        "name": draw(st.sampled_from([*RIVALS])),
        "each": draw(st.sampled_from([5, 14, 2])),
        "share": draw(st.sampled_from([0.3, 0.6, 1.0])),
        "structure": draw(st.sampled_from(["equal-widths", "equal-ratios", (3.0, 1.0)])),
        "cross": draw(st.sampled_from(["zero", "random"])),
        "seed": draw(seeds()),
        "generations": draw(st.sampled_from([1, 2])),
    }


def meta(inner: int, tasks: int, step: float, task_ways: int | None, seed: int, generations: int) -> Any:
    """Return what Reptile makes."""
    given = {"inner": inner, "tasks": tasks, "step": step, "task_ways": task_ways, "seed": seed}
    recipe = replace(RECIPE, updates=UPDATES)
    return lived(Reptile(data(5), BACKBONE, pretraining=recipe, workers=1, **given), generations)


UPDATES = 7


def plain_meta(inner: int, tasks: int, step: float, task_ways: int | None, seed: int, generations: int) -> Any:
    """Move the weights after each round of tasks (Nichol, Achiam and Schulman 2018, algorithm 2)."""
    if inner < 1 or tasks < 1 or not 0 < step <= 1:
        raise ValueError("no task, no update, or no step")
    lives = max(1, UPDATES // inner)
    rounds = [[slot for slot in range(lives) if slot // tasks == number] for number in range(-(-lives // tasks))]
    genomes = []
    for generation in range(generations):
        weights = BACKBONE.build(1, generator=stream(seed, generation, "reptile")).state_dict()
        phi = plain_cut("reptile", weights, BACKBONE, 1.0, "equal-widths", seed, trains=True)
        for number, slots in enumerate(rounds):
            learned = [plain_learned(phi, slot, generation, lives, task_ways or 4, seed) for slot in slots]
            epsilon = step * (1 - number / len(rounds))
            phi = learngenes.move(phi, learngenes.average(learned), step=epsilon)
        genomes.append(phi)
    costs = [[life(slot, lives, task_ways or 4, seed).budget for slot in slots] for slots in rounds]
    steps = sum(one.gradient_steps for slots in costs for one in slots)
    adds = sum(one.multiply_adds for slots in costs for one in slots)
    path = sum(max(one.critical_path for one in slots) for slots in costs)
    return plain_lived(genomes, False, 5, "zero", seed, (steps, adds, path))


def life(slot: int, lives: int, ways: int, seed: int) -> Live:
    """Return the training run of a task; the updates are spread evenly over all of them."""
    updates = UPDATES * (slot + 1) // lives - UPDATES * slot // lives
    recipe = replace(RECIPE, updates=updates)
    living = replace(setup(5, "zero"), recipe=recipe)
    return Live(setup=living, images=data(5).ancestry, ways=ways, seed=seed)


def plain_learned(phi: Learngene, slot: int, generation: int, lives: int, ways: int, seed: int) -> Learngene:
    """Return the weights after a task."""
    network = life(slot, lives, ways, seed)(Individual(phi, id=slot, generation=generation), slot)
    return plain_cut("reptile", network.state_dict(), BACKBONE, 1.0, "equal-widths", seed, trains=True)


@st.composite
def metas(draw: DrawFn) -> Facts:
    """Draw settings of Reptile; some are refused."""
    return {
        "inner": draw(st.sampled_from([2, 3, 80, 7, 1, 0])),
        "tasks": draw(st.sampled_from([2, 1, 3, 1, 0])),
        "step": draw(st.sampled_from([1.0, 0.5, 0.25, 1.0, 0.5, 0.0, 1.5])),
        "task_ways": draw(st.sampled_from([None, 2])),
        "seed": draw(seeds()),
        "generations": draw(st.sampled_from([1, 2])),
    }


def shape(name: str, given: Facts, sizes: tuple[int, int, int]) -> Any:
    """Return what a strategy is made of, without running it."""
    kind: Any = Reptile if name == "reptile" else RIVALS[name]
    strategy = kind(data(*sizes), BACKBONE, **given)
    score, living = strategy.toolbox.evaluate.func, strategy.life
    return {
        "scored": [
            score.ways,
            score.shots,
            score.seed,
            score.tasks,
            score.purpose,
            score.workers,
            score.images.classes,
        ],
        "trained": [living.ways, living.seed, living.cycle, living.workers, living.images.classes],
        "recipe": astuple(living.setup.recipe),
        "machine": [(one.setup.execution, one.setup.device, one.workers) for one in (living, score)],
        "facts": [kind.pretrains, sorted(kind.UNUSED), kind.one_generation, kind.name, strategy.seed, strategy.classes],
    }


FACTS: dict[str, tuple[str, list[str]]] = {
    "scratch": ("", ["cross", "pretraining", "share", "structure"]),
    "untrained-circuit": ("", ["pretraining"]),
    "random-circuit": ("whole network", []),
    "pruned-circuit": ("whole network", []),
    "narrow-pretraining": ("narrow network", []),
    "heur-lg": ("whole network", ["structure"]),
    "finetune": ("whole network", ["cross", "share", "structure"]),
    "linear-probe": ("whole network", ["cross", "share", "structure"]),
    "reptile": ("many tasks", ["cross", "share", "structure"]),
}
"""The networks that are pre-trained, and the settings that make no difference."""


def plain_shape(name: str, given: Facts, sizes: tuple[int, int, int]) -> Any:
    """Look it up in the documentation."""
    each, ancestry, held_out = sizes
    dataset, seed, workers = data(*sizes), given.get("seed", 0), given.get("workers")
    if not 0 < given.get("share", 0.2) <= 1 or given.get("cross", "zero") not in ("zero", "random"):
        raise ValueError("a share, or a rule for other weights, that there is not")
    if given.get("structure", "equal-widths") not in ("equal-widths", "equal-ratios", (1.0, 2.0)):
        raise ValueError("widths of another network")
    pretrains, unused = FACTS[name]
    shots = min(10, max(1, each - 1))
    recipe = Recipe(updates=2000, learning_rate=0.05 if name == "reptile" else 0.2)
    ways = default_ways(ancestry) if name == "reptile" else ancestry
    scored = [default_ways(held_out), shots, seed, 4, "nearest mean", workers, dataset.held_out.classes]
    return {
        "scored": scored,
        "trained": [ways, seed, 1, workers, dataset.ancestry.classes],
        "recipe": astuple(given.get("pretraining", recipe)),
        "machine": [(given.get("execution", AUTO), torch.device("cpu"), workers)] * 2,
        "facts": [pretrains, unused, True, name, seed, {"ancestry": [*dataset.ancestry.classes]}],
    }


@st.composite
def shapes(draw: DrawFn) -> Facts:
    """Draw a strategy with its defaults, or with a setting or two."""
    values: dict[str, list[Any]] = {
        "seed": [3],
        "workers": [1],
        "execution": [Execution(mode="looped")],
        "pretraining": [Recipe(updates=5)],
        "share": [1.0, 0.5, 0.0, 1.5],
        "structure": ["equal-ratios", (1.0, 2.0), (1.0,), "narrow"],
        "cross": ["random", "one"],
    }
    names = draw(st.lists(st.sampled_from([*values]), unique=True, max_size=3))
    return {
        "name": draw(st.sampled_from([*FACTS])),
        "given": {name: draw(st.sampled_from(values[name])) for name in names},
        "sizes": draw(st.sampled_from([(3, 4, 3), (14, 2, 3), (12, 4, 3), (2, 22, 24)])),
    }


def frozen(**given: Any) -> Any:
    """Return what an heir of the linear probe must not train, and what it inherits, by the library."""
    heir = inherit_frozen(given.pop("learngene"), given.pop("weights"), **given)
    return heir.frozen, heir.weights


def plain_frozen(**given: Any) -> Any:
    """Freeze all that was written, completely or in part."""
    heir = inherit(given["learngene"], given["weights"], layout=given["layout"], cross=given["cross"])
    return frozenset(heir.full) | frozenset(heir.part), heir.weights


def short(count: int, updates: int, slots: list[int], seed: int) -> Any:
    """Return the networks of short training runs, together and one by one."""
    living = Live(
        setup=replace(setup(5, "zero"), recipe=replace(RECIPE, updates=updates)),
        images=data(5).ancestry,
        ways=2,
        seed=seed,
    )
    lives = ShortLives(living, count=count)
    individuals = [Individual(None, id=place) for place in range(len(slots))]
    together = lives.batch(individuals, slots)
    alone = [lives(one, slot).state_dict() for one, slot in zip(individuals, slots, strict=True)]
    return [network.state_dict() for network in together], alone, [lives.updates(slot) for slot in range(count)]


def plain_short(count: int, updates: int, slots: list[int], seed: int) -> Any:
    """Train each alone; no two numbers of updates differ by more than one."""
    ends = [math.floor(updates * place / count) for place in range(count + 1)]
    lengths = [end - begin for begin, end in pairwise(ends)]
    networks = []
    for place, slot in enumerate(slots):
        living = replace(setup(5, "zero"), recipe=replace(RECIPE, updates=lengths[slot]))
        live = Live(setup=living, images=data(5).ancestry, ways=2, seed=seed)
        networks.append(live(Individual(None, id=place), slot).state_dict())
    return networks, networks, lengths


@st.composite
def shorts(draw: DrawFn) -> Facts:
    """Draw training runs of few updates."""
    count = draw(st.integers(1, 4))
    slots = draw(st.lists(st.integers(0, count - 1), max_size=4))
    return {"count": count, "updates": draw(st.integers(1, 6)), "slots": slots, "seed": draw(seeds())}


def failed(name: str, fails: bool) -> Any:
    """Return what becomes of a network that can't be trained, by the library."""
    strategy = RIVALS[name](data(5), BACKBONE, pretraining=RECIPE, workers=1)
    if fails:
        strategy.toolbox.register("live", lambda individual, slot: Failure("why"))
    try:
        (one,) = strategy.toolbox.generate()
    except RuntimeError as error:
        return "why" in str(error)
    return one.id


def plain_failed(name: str, fails: bool) -> Any:
    """Only what trains a network fails."""
    return True if fails and FACTS[name][0] else 0


SUBJECTS = [
    Subject("frozen heirs", FILES[:1], lambda: frozen, lambda: agrees(plain_frozen, births())),
    Subject("settings of rivals", (*FILES, *REPTILE[:1]), lambda: shape, lambda: agrees(plain_shape, shapes(), 60)),
    Subject(
        "failed networks of rivals",
        FILES,
        lambda: failed,
        lambda: agrees(plain_failed, fixed(name=st.sampled_from([*RIVALS]), fails=st.booleans())),
    ),
    Subject("rivals", FILES, lambda: transferred, lambda: agrees(plain_transferred, transfers(), 60)),
    Subject("short training runs", REPTILE[:1], lambda: short, lambda: agreement_laws(plain_short, shorts())),
    Subject("meta-learning", REPTILE, lambda: meta, lambda: agrees(plain_meta, metas())),
]
