"""Every strategy, backbone, data set, problem and map of the library keeps the laws of its kind."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import cache, partial
from typing import Any

import pytest
import torch
from deap.base import Toolbox
from hypothesis import HealthCheck, given, settings

from neuroevo import catalogue
from neuroevo.backbones import MLP, VGG, Backbone, ConvNet4, ResNet12, ViT
from neuroevo.data.images import Dataset, LabelledImages
from neuroevo.execution import Pixels, Recipe, batched_map
from neuroevo.individual import Ids, Individual
from neuroevo.operators import crossover, mutation, selection
from neuroevo.operators.inheritance import inherit
from neuroevo.operators.verbs import Mate, Mutate, Select, Vary
from neuroevo.problems import Critic, NearestMean, TrainingSetup
from neuroevo.problems.function import ARM, DTLZ2, RASTRIGIN
from neuroevo.problems.graphs import xor
from neuroevo.seeds import stream
from neuroevo.strategies import (
    CMAES,
    CMAME,
    EGGROLL,
    GTL,
    NEAT,
    NSGA2,
    PAPER,
    PBT,
    PGPE,
    PSO,
    SHADE,
    SNES,
    Differential,
    EvolutionStrategy,
    EvolvedCircuit,
    Finetune,
    Genetic,
    HeurLG,
    Island,
    Lamarckian,
    Layerwise,
    LinearProbe,
    MAPElites,
    Memetic,
    NarrowPretraining,
    Novelty,
    OneCandidate,
    OpenAIES,
    PrunedCircuit,
    RandomCircuit,
    Reptile,
    Scratch,
    Search,
    SeparableCMAES,
    UntrainedCircuit,
)
from neuroevo.strategies.gtl.variants import CONTESTANTS
from neuroevo.strategies.transfer.variants import CONTESTANTS as OTHERS
from neuroevo.testing.architectures import ResidualNet
from neuroevo.testing.laws import (
    backbone_laws,
    check_backbone,
    check_map,
    check_strategy,
    map_laws,
    problem_laws,
    strategy_laws,
)
from neuroevo.testing.parametrize import parametrize_with_laws
from neuroevo.testing.strategies import backbones
from neuroevo.testing.toolboxes import Cloud, Sphere

with suppress(ImportError):
    import ribs  # noqa: F401 - the import itself draws from `random`, which no test may do

Check = Callable[[], None]

FEW = max(2, settings().max_examples // 10)
ONE = FEW // 2
"""Cases of laws that train networks; ONE is enough where another subject shares most of the code."""

# The subject is drawn here, and its laws draw the rest.
nested = settings(max_examples=3 * FEW, suppress_health_check=[HealthCheck.nested_given])

BACKBONE = MLP(widths=(4, 3), inputs=16)
ONE_UPDATE = Recipe(updates=1, batch=4)


@cache
def tiny() -> Dataset:
    """Return 3, 3 and 2 classes with 14 images of 4 x 4 pixels each: a pattern under noise."""
    return Dataset.of("tiny", *(patterns(role, classes) for role, classes in zip("ahn", (3, 3, 2), strict=True)))


def patterns(role: str, classes: int) -> LabelledImages:
    """Return images of the classes of a role."""
    generator, labels = stream(0, role), torch.arange(classes).repeat(14)
    means = torch.randint(0, 2, (classes, 1, 4, 4), generator=generator) * 128
    noise = torch.randint(0, 128, (len(labels), 1, 4, 4), generator=generator)
    return LabelledImages((means[labels] + noise).to(torch.uint8), labels, tuple(f"{role}{i}" for i in range(classes)))


# Strategies.


def gtl(seed: int, *, kind: type[GTL] = GTL, **settings: Any) -> GTL:
    """Return a strategy whose generations take some hundredths of a second."""
    settings = {"population": 3, "finalists": 2, "final_critics": 1, "mutation_rate": 0.2, "share": 0.5, **settings}
    life, critic = replace(ONE_UPDATE, batch=8), ONE_UPDATE
    return kind(tiny(), BACKBONE, seed=seed, critic_shots=2, life=life, critic=critic, workers=1, **settings)


def layerwise(seed: int) -> GTL:
    """Return a strategy over whole layers."""
    return gtl(seed, kind=Layerwise, mutation_rate=1.0)


def rival(seed: int, *, kind: Callable[..., OneCandidate]) -> OneCandidate:
    """Return a strategy of one candidate that trains for one update."""
    return kind(tiny(), BACKBONE, seed=seed, share=0.5, pretraining=ONE_UPDATE, workers=1)


def bare(seed: int) -> tuple[Toolbox, Cloud, torch.Generator, Ids]:
    """Return a toolbox with a map and an evaluator, and what the rest is made of."""
    generator, ids, toolbox = torch.Generator().manual_seed(seed), Ids(), Toolbox()
    toolbox.register("map", batched_map)
    toolbox.register("evaluate", Sphere())
    return toolbox, Cloud(5, torch.zeros(4), generator, ids), generator, ids


def distribution(seed: int) -> Toolbox:
    """Return a toolbox that moves a distribution."""
    toolbox, cloud, _, _ = bare(seed)
    toolbox.register("generate", cloud.generate)
    toolbox.register("update", cloud.update)
    return toolbox


def genetic(seed: int, *, whole: bool) -> Toolbox:
    """Return a toolbox that varies individuals one by one, or whole populations."""
    toolbox, cloud, generator, ids = bare(seed)
    cross = partial(crossover.two_point, generator=generator)
    mutate = partial(mutation.gaussian, sigma=0.5, rate=0.5, generator=generator)
    toolbox.register("population", cloud.generate)
    toolbox.register("select", Select(partial(selection.tournament, size=2, generator=generator)))
    if whole:
        toolbox.register("vary", Vary(cross, mutate, ids))
    else:
        toolbox.register("mate", Mate(cross, ids))
        toolbox.register("mutate", Mutate(mutate, ids))
    return toolbox


RIVALS = {
    "random-circuit": RandomCircuit,
    "narrow-pretraining": NarrowPretraining,
    "finetune": Finetune,
    "linear-probe": LinearProbe,
    "heur-lg": HeurLG,
    "pruned-circuit": PrunedCircuit,
    "evolved-circuit": partial(EvolvedCircuit, structures=2, search_generations=1),
    "reptile": Reptile,
    "untrained-circuit": UntrainedCircuit,
    "scratch": Scratch,
}
VERBS = ("choose_parents", "inherit", "live", "extract", "mutate", "evaluate", "rescore", "select", "map")


@parametrize_with_laws(strategy_laws(population=3, verbs=(*VERBS, "average")), {"gtl": gtl}, examples=FEW)
def test_gtl(law: Check) -> None:
    """GTL keeps the laws of strategies."""
    law()


@parametrize_with_laws(strategy_laws(population=3, verbs=VERBS), {"gtl-paper": partial(gtl, **PAPER)}, examples=ONE)
def test_the_paper(law: Check) -> None:
    """So does what is known of the paper's GTL."""
    law()


@parametrize_with_laws(strategy_laws(population=3, verbs=VERBS), {"layerwise": layerwise}, examples=ONE)
def test_layerwise(law: Check) -> None:
    """So does the evolution of whole layers."""
    law()


@parametrize_with_laws(
    strategy_laws(population=1, generations=1, verbs=("evaluate", "map")),
    {name: partial(rival, kind=kind) for name, kind in RIVALS.items()},
    examples=ONE,
)
def test_rivals(law: Check) -> None:
    """The strategies of one candidate keep the laws of strategies."""
    law()


@parametrize_with_laws(
    strategy_laws(population=5, generations=3, verbs=("evaluate", "map")),
    {"distribution": distribution, "genetic": partial(genetic, whole=False), "vary": partial(genetic, whole=True)},
)
def test_toolboxes(law: Check) -> None:
    """Toolboxes that are put together of the library's operators keep the laws of strategies."""
    law()


# Strategies over weight vectors.


def search(seed: int, *, kind: type[Search], **settings: Any) -> Search:
    """Return a strategy on a function with many minima."""
    landscape = {NSGA2: DTLZ2, MAPElites: ARM, CMAME: ARM, Novelty: ARM}.get(kind, RASTRIGIN)
    return kind(landscape(4), seed=seed, **settings)


DISTRIBUTION = ("evaluate", "map", "sample")
GENES = ("evaluate", "map", "select", "vary", "mate", "mutate", "replace")
SEARCHES: dict[str, tuple[type[Search], tuple[str, ...]]] = {
    "genetic": (Genetic, GENES),
    "evolution-strategy": (EvolutionStrategy, (*DISTRIBUTION, "recombine")),
    "openai-es": (OpenAIES, (*DISTRIBUTION, "shape", "optimise")),
    "eggroll": (EGGROLL, ("evaluate", "map", "shape", "optimise")),
    "snes": (SNES, (*DISTRIBUTION, "shape")),
    "pgpe": (PGPE, (*DISTRIBUTION, "shape", "optimise")),
    "cma-es": (CMAES, DISTRIBUTION),
    "separable-cma-es": (SeparableCMAES, DISTRIBUTION),
    "differential": (Differential, ("evaluate", "map", "differ", "trial")),
    "pso": (PSO, ("evaluate", "map", "lead", "weigh", "accelerate")),
    "shade": (SHADE, ("evaluate", "map", "differ", "trial")),
    "island": (Island, (*GENES, "migrate")),
    "memetic": (Memetic, (*GENES, "probe")),
    "lamarckian": (Lamarckian, (*GENES, "learn")),
    "pbt": (PBT, ("evaluate", "map", "exploit", "explore", "learn")),
    "nsga2": (NSGA2, GENES),
    "map-elites": (MAPElites, ("evaluate", "map", "select", "line")),
    "cma-me": (CMAME, ("evaluate", "map", "sample")),
    "novelty": (Novelty, ("evaluate", "map", "select", "vary", "mutate")),
}
STEADY = {
    "steady-state": partial(search, kind=Genetic, population=6, offspring=2),
    "plus": partial(search, kind=EvolutionStrategy, population=6, parents=3, plus=True),
    "baldwinian": partial(search, kind=Lamarckian, population=5, steps=2, inherited=False),
    "without elites": partial(search, kind=Genetic, population=5, elites=0),
}


@pytest.mark.parametrize("name", SEARCHES)
def test_searches(name: str) -> None:
    """Every strategy over weight vectors keeps the laws of strategies."""
    kind, verbs = SEARCHES[name]
    if kind in (MAPElites, CMAME, Novelty):
        pytest.importorskip("ribs")
    settings = {Island: {"islands": 2, "interval": 1}, CMAME: {"emitters": 2}}.get(kind, {})
    make = partial(search, kind=kind, population=6, **settings)
    check_strategy(make, generations=3, population=6, verbs=verbs, examples=FEW)


def neat(seed: int) -> NEAT:
    """Return a strategy over graphs that grow fast."""
    return NEAT(xor(), population=8, seed=seed, connection_rate=0.5, node_rate=0.5)


GRAPH_VERBS = ("evaluate", "map", "crossover", "perturb_weights", "add_connection", "add_node", "distance")


@parametrize_with_laws(strategy_laws(generations=4, population=8, verbs=GRAPH_VERBS), {"neat": neat}, examples=FEW)
def test_neat(law: Check) -> None:
    """So does the strategy whose genomes are graphs."""
    law()


@parametrize_with_laws(strategy_laws(generations=3), STEADY, examples=FEW)
def test_other_settings(law: Check) -> None:
    """So do those with other settings that change their course."""
    law()


# Backbones.

NETWORKS = {
    "mlp": MLP(widths=(3, 4, 2), inputs=5),
    "convnet4": ConvNet4(widths=(2, 3, 3, 4), channels=2),
    "vgg11": VGG(widths=(2, 3, 2, 3, 3, 2, 3, 4), channels=1),
    "vgg13": VGG(13, (2, 3) * 5),
    "vgg16": VGG(16, (2,) * 12 + (3,), channels=2),
    "resnet12": ResNet12((2, 3, 2, 3, 2, 3, 3, 2, 3, 3, 2, 4), channels=2),
}


VIT = ViT((3, 2, 4, 1, 3), head_width=2, channels=2, size=16)


@parametrize_with_laws(backbone_laws(image=(2, 16, 16)), {"vit": VIT}, examples=2 * FEW)
def test_transformers(law: Check) -> None:
    """So does the one that takes images of one size only."""
    law()


@parametrize_with_laws(backbone_laws(), {**NETWORKS, "residual": ResidualNet()}, examples=2 * FEW)
def test_backbones(law: Check) -> None:
    """Every backbone keeps the laws of backbones."""
    law()


@nested
@given(backbones())
def test_random_backbones(backbone: Backbone) -> None:
    """Architectures that are drawn at random keep the laws of backbones."""
    check_backbone(backbone, examples=1)


# Problems.


@cache
def population() -> list[Individual]:
    """Return individuals with learngenes of three generations, and one that inherited nothing."""
    genomes = [rival(seed, kind=UntrainedCircuit).candidate() for seed in range(3)]
    return [Individual(genome, id=7 * i, generation=i) for i, genome in enumerate([*genomes, None])]


SETUP = TrainingSetup(backbone=BACKBONE, pixels=Pixels.of(tiny()), recipe=ONE_UPDATE)
SMALL: dict[str, Any] = {"images": tiny().held_out, "ways": 3, "shots": 2, "seed": 0, "test_per_class": 8}
PROBLEMS = {
    "critic": Critic(setup=SETUP, critics=2, workers=1, **SMALL),
    "auc": Critic(setup=replace(SETUP, isolate=True), metric="auc", workers=1, **SMALL),
    "paper": Critic(setup=replace(SETUP, inherit=partial(inherit, cross="random")), workers=1, **SMALL),
    "nearest-mean": NearestMean(setup=SETUP, tasks=2, workers=1, **SMALL),
}


@parametrize_with_laws(problem_laws(population()), PROBLEMS, examples=FEW)
def test_problems(law: Check) -> None:
    """Every evaluator of learngenes keeps the laws of evaluators."""
    law()


@parametrize_with_laws(problem_laws(bare(0)[1].generate()), [Sphere()])
def test_functions(law: Check) -> None:
    """So does an evaluator of weight vectors."""
    law()


# Maps.


@parametrize_with_laws(map_laws(chunk="chunk"), [batched_map])
def test_batched_map(law: Check) -> None:
    """The batched map keeps the laws of maps for any size of chunks."""
    law()


@parametrize_with_laws(map_laws(), {"map": map})
def test_built_in_map(law: Check) -> None:
    """The built-in map keeps them, too."""
    law()


def test_map_of_a_pool() -> None:
    """So does the map of a pool of workers."""
    with ThreadPoolExecutor(2) as pool:
        check_map(pool.map, examples=10)


def test_everything_is_checked() -> None:
    """Whatever the command line knows is among the subjects above."""
    variants = {*CONTESTANTS, *OTHERS}
    assert set(catalogue.entries("strategy")) == {"gtl", "gtl-population", *variants, "neat", *RIVALS, *SEARCHES}
    assert set(catalogue.entries("backbone")) == {*NETWORKS, "vit"}
