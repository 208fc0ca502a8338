"""Every strategy works with individuals on a GPU, and waits for it a number of times that does not grow with them.

The GPU is pretended (`tests/pretended_gpu.py`). Strategies over graphs and problems of environments have no row here:
graphs are no tensors, and environments are stepped on the host.
"""

from collections.abc import Callable
from contextlib import suppress
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import nn

from neuroevo import catalogue
from neuroevo.backbones import MLP
from neuroevo.discrete import Integers
from neuroevo.evolution import evolve
from neuroevo.execution import Execution, Recipe
from neuroevo.population import fitness_values
from neuroevo.problems import Function, Problem, Supervised
from neuroevo.problems.combinatorial import knapsack, onemax, tsp
from neuroevo.problems.function import ARM, DTLZ2, RASTRIGIN
from neuroevo.strategies import (
    CMAES,
    CMAME,
    EGGROLL,
    GTL,
    NSGA2,
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
)  # fmt: skip
from neuroevo.strategies.gtl.variants import CONTESTANTS
from neuroevo.strategies.transfer.variants import CONTESTANTS as OTHERS

with suppress(ImportError):
    import ribs  # noqa: F401 - the import itself draws from `random`, which no test may do

WAITS, COPIES = 6, 12
"""The most of a generation; what each individual would need is far above, for there are up to 32."""

FEW, MANY = 8, 32
GENERATIONS = 3
SEARCHES: dict[str, type[Search]] = {
    "genetic": Genetic, "evolution-strategy": EvolutionStrategy, "openai-es": OpenAIES, "eggroll": EGGROLL,
    "snes": SNES, "pgpe": PGPE, "cma-es": CMAES, "separable-cma-es": SeparableCMAES, "differential": Differential,
    "pso": PSO, "shade": SHADE, "island": Island, "memetic": Memetic, "lamarckian": Lamarckian, "pbt": PBT,
    "nsga2": NSGA2, "map-elites": MAPElites, "cma-me": CMAME, "novelty": Novelty,
}  # fmt: skip
QUALITY = (MAPElites, CMAME, Novelty)
RIVALS: dict[str, type[OneCandidate]] = {
    "random-circuit": RandomCircuit, "narrow-pretraining": NarrowPretraining, "finetune": Finetune,
    "linear-probe": LinearProbe, "heur-lg": HeurLG, "pruned-circuit": PrunedCircuit, "reptile": Reptile,
    "evolved-circuit": EvolvedCircuit,
    "untrained-circuit": UntrainedCircuit, "scratch": Scratch,
}  # fmt: skip

Seen = list[tuple[int, int]]
Make = Callable[[torch.device], Problem]


def function(kind: type[Search]) -> Make:
    """Return what makes a function's problem on a device."""
    landscape = {NSGA2: DTLZ2, **dict.fromkeys(QUALITY, ARM)}.get(kind, RASTRIGIN)
    return lambda device: landscape(8, device=device)


def network(device: torch.device) -> Problem:
    """Return the problem of weights of a network that is on a device."""
    generator = torch.Generator().manual_seed(1)
    inputs = torch.rand(10, 3, generator=generator)
    first, last = (nn.utils.skip_init(nn.Linear, *sizes) for sizes in ((3, 4), (4, 2)))
    module = nn.Sequential(first, nn.Tanh(), last)
    for parameter in module.parameters():
        nn.init.normal_(parameter, generator=generator)
    return Supervised(module, inputs, (inputs.sum(1) > 1.5).long(), device=device)


def searched(kind: type[Search], make: Make, population: int, device: torch.device, seen: Any = None) -> Any:
    """Return the scores of all individuals of a run, and how often each generation waited and copied."""
    settings = {Island: {"islands": 2, "interval": 1}, CMAME: {"emitters": 2}}.get(kind, {})
    search = kind(make(device), population=population, seed=3, **settings)
    return run(search, seen)


def run(strategy: Any, seen: Any, generations: int = GENERATIONS) -> tuple[list[Any], Seen]:
    """Return the scores of all individuals, and how often each generation waited and copied."""
    scores, counts = [], []
    if seen is not None:
        seen.clear()
    for generation in evolve(strategy, generations):
        if seen is not None:
            counts.append((sum(seen.waits.values()), sum(seen.copies.values())))
        scores.append(fitness_values(generation.population))
        if seen is not None:
            seen.clear()
    return scores, counts


USUAL = ("snes", "eggroll", "genetic", "cma-es")
"""The searches whose networks are tried in every run of the tests; those of the others are slow tests."""

CASES = [(name, "function") for name in SEARCHES] + [
    pytest.param(name, "network", marks=() if name in USUAL else pytest.mark.slow)
    for name, kind in SEARCHES.items()
    if kind not in (*QUALITY, NSGA2)
]


@pytest.mark.parametrize(("name", "what"), CASES)
def test_searches_wait_for_a_gpu_no_more_often_for_more_individuals(
    name: str, what: str, pretended: ModuleType
) -> None:
    """A generation waits and copies a few times for 8 individuals and for 32, and scores are those of the CPU."""
    kind = SEARCHES[name]
    if kind in QUALITY:
        pytest.importorskip("ribs")
    make = network if what == "network" else function(kind)
    with pretended.pretended_gpu() as seen:
        found, few = searched(kind, make, FEW, pretended.GPU, seen)
        _, many = searched(kind, make, MANY, pretended.GPU, seen)
    for waits, copies in (*few, *many):
        assert waits <= WAITS
        assert copies <= COPIES
    assert found == searched(kind, make, FEW, pretended.CPU)[0]


DISTRIBUTIONS = (SNES, PGPE, OpenAIES, SeparableCMAES, EvolutionStrategy, EGGROLL)


def drawn(kind: type[Search], draws: str, device: torch.device) -> Search:
    """Return a search that draws somewhere."""
    return kind(RASTRIGIN(8, device=device), population=12, seed=4, draws=draws)


@pytest.mark.parametrize("kind", DISTRIBUTIONS)
def test_samples_drawn_on_a_gpu_are_not_copied_to_it(kind: type[Search], pretended: ModuleType) -> None:
    """A generation copies less, a seed repeats its samples, and a state continues them."""
    with pretended.pretended_gpu() as seen:
        by_host = run(drawn(kind, "host", pretended.GPU), seen)
        found, counts = run(drawn(kind, "device", pretended.GPU), seen)
        assert found == run(drawn(kind, "device", pretended.GPU), None)[0]
        first, second = (drawn(kind, "device", pretended.GPU) for _ in range(2))
        run(first, None, 2)
        second.load_state_dict(first.state_dict())
        assert run(second, None)[0] == found[2:]
        with pytest.raises(ValueError, match="one of its kind"):
            drawn(kind, "host", pretended.GPU).load_state_dict(first.state_dict())
    # Noise of a seed is drawn by the CPU either way here.
    assert (found == by_host[0]) is (kind is EGGROLL)
    assert counts[-1][1] < by_host[1][-1][1]


@pytest.mark.parametrize("kind", DISTRIBUTIONS)
def test_draws_on_the_device_are_those_of_the_host_on_a_cpu(kind: type[Search], pretended: ModuleType) -> None:
    """There the two are one."""
    on_device, on_host = (run(drawn(kind, draws, pretended.CPU), None)[0] for draws in ("device", "host"))
    assert on_device == on_host
    with pytest.raises(ValueError, match="draws must be host or device, but it is 'gpu'"):
        drawn(kind, "gpu", pretended.CPU)


DISCRETE: dict[str, Callable[[], Function]] = {
    "bits": lambda: onemax(dimensions=12),
    "knapsack": lambda: knapsack(dimensions=12),
    "permutations": lambda: tsp(dimensions=12),
    "integers": lambda: Function(lambda x: x.double().sum(-1), Integers(12, low=0, high=5), batched=True),
}


@pytest.mark.parametrize("name", DISCRETE)
def test_discrete_genomes_wait_no_more_often_either(name: str, pretended: ModuleType) -> None:
    """Bits, integers and permutations live on a GPU like weights."""
    with pretended.pretended_gpu() as seen:
        find = lambda count: searched(Genetic, DISCRETE[name]().to, count, pretended.GPU, seen)  # noqa: E731
        (found, few), (_, many) = find(FEW), find(MANY)
    for waits, copies in (*few, *many):
        assert waits <= WAITS
        assert copies <= COPIES
    assert found == searched(Genetic, lambda _: DISCRETE[name](), FEW, pretended.CPU)[0]


FREE = 10
BACKBONE = MLP(widths=(4, 3), inputs=64)


def trained(kind: type[GTL], pretended: ModuleType, toys: ModuleType, *, updates: int, population: int) -> Any:
    """Return the greatest numbers of waits and copies of the generations of a small GTL on a pretended GPU."""
    recipe = Recipe(updates=updates, batch=8)
    sizes = {"population": population, "finalists": 2, "final_critics": 1, "share": 0.5, "critic_shots": 2}
    with pretended.pretended_gpu() as seen:
        settings = {"life": recipe, "critic": recipe, "seed": 1, "device": pretended.GPU, **sizes}
        counts = run(kind(toys.dataset(), BACKBONE, **settings), seen, generations=2)[1]
    return max(counts)


@pytest.mark.parametrize("kind", [pytest.param(GTL, marks=pytest.mark.slow), Layerwise])
def test_training_waits_for_a_gpu_no_more_often_for_more_updates(
    kind: type[GTL], pretended: ModuleType, toys: ModuleType
) -> None:
    """What an individual waits for and copies is what it inherits and passes on; updates neither wait nor copy."""
    few = trained(kind, pretended, toys, updates=1, population=2)
    # Circuits differ by a tensor that has nothing to mask.
    assert max(trained(kind, pretended, toys, updates=25, population=2)) <= max(few) + FREE
    assert max(trained(kind, pretended, toys, updates=1, population=4)) <= 2 * max(few) + FREE


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name == "scratch" else pytest.mark.slow) for name in RIVALS]
)
def test_rivals_train_on_a_gpu(name: str, pretended: ModuleType, toys: ModuleType) -> None:
    """A strategy of one candidate keeps its network on the GPU, and reads back what it passes on."""

    def tried(device: torch.device, seen: Any) -> Any:
        settings = {"pretraining": Recipe(updates=2, batch=8), "share": 0.5, "seed": 1, "workers": 1}
        # Stacked, as on a GPU.
        return run(
            RIVALS[name](toys.dataset(), BACKBONE, device=device, execution=Execution(mode="stacked"), **settings),
            seen,
            1,
        )

    with pretended.pretended_gpu() as seen:
        found, [(waits, copies)] = tried(pretended.GPU, seen)
    # A search within it waits for the scores of each structure.
    scored = 12 * 12 + 10 * 5 if name == "evolved-circuit" else 0
    assert waits <= 12 + 2 * len(BACKBONE.layout.axes) + 4 * scored
    assert copies <= 100 + 40 * scored
    assert found == tried(pretended.CPU, None)[0]


def test_every_strategy_has_its_row() -> None:
    """Whatever the command line knows was tried above, but for strategies over graphs."""
    gtls = {"gtl", "gtl-population", "layerwise", *CONTESTANTS, *OTHERS}
    assert set(catalogue.entries("strategy")) == {*gtls, "neat", *RIVALS, *SEARCHES}
