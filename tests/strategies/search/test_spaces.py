"""Searches over bits, integers and permutations: which take them, what they find, keep and refuse."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from deap import tools
from torch import Tensor

from neuroevo import catalogue
from neuroevo.discrete import Bits, Integers, Permutations
from neuroevo.evolution import evolve
from neuroevo.genome import Genome
from neuroevo.individual import Individual
from neuroevo.operators.crossover import two_point
from neuroevo.operators.from_deap import from_deap
from neuroevo.operators.verbs import Mate
from neuroevo.problems import Function
from neuroevo.problems.combinatorial import knapsack, onemax, tsp
from neuroevo.problems.function import SPHERE
from neuroevo.space import Space
from neuroevo.strategies import NSGA2, Genetic, Island, Search
from neuroevo.strategies.search.base import ALL, TAKE_ALL
from neuroevo.testing.laws import strategy_laws
from neuroevo.testing.parametrize import parametrize_with_laws

GENES = ("evaluate", "map", "select", "vary", "mate", "mutate", "replace")


def spread_of(genomes: Tensor) -> Tensor:
    """Return two objectives that contradict each other, [P, 2]."""
    values = genomes.double()
    return torch.stack([values.sum(-1), values.cumsum(-1).sum(-1)], -1)


SPACES = {
    "bits": Bits(6),
    "integers": Integers.named(layers=(1, 4), width=(8, 256), step=(-3, 3)),
    "permutations": Permutations(5),
}


def search(seed: int, *, kind: type[Search], space: Space, **settings: Any) -> Search:
    """Return a small search."""
    objectives = (1.0, -1.0) if kind is NSGA2 else (1.0,)
    function = spread_of if kind is NSGA2 else partial(torch.sum, dim=-1, dtype=torch.float64)
    return kind(Function(function, space, weights=objectives, batched=True), population=6, seed=seed, **settings)


SUBJECTS = {
    f"{kind.__name__} over {name}": partial(search, kind=kind, space=SPACES[name], **settings)
    for kind, name, settings in (
        (Genetic, "bits", {"offspring": 4}),
        (Genetic, "integers", {}),
        (Island, "permutations", {"islands": 2, "interval": 1}),
        (NSGA2, "integers", {"rate": 0.5}),
    )
}


@parametrize_with_laws(strategy_laws(generations=3, verbs=GENES), SUBJECTS, examples=1)
def test_searches_keep_the_laws(law: Callable[[], None]) -> None:
    """Genetic searches keep the laws of strategies over all genomes: states from files keep their dtype, too."""
    law()


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("kind", [Genetic, Island, NSGA2])
def test_individuals_stay_in_the_space(kind: type[Search], name: str, tmp_path: Path) -> None:
    """All of them, and the result is saved and read again as it is."""
    space = SPACES[name]
    strategy = search(1, kind=kind, space=space, **({"islands": 2} if kind is Island else {}))
    for generation in evolve(strategy, 8):
        for one in generation.population:
            assert one.genome.dtype == space.start.dtype
            assert torch.equal(space.clip(one.genome), one.genome)
    best = strategy.result()
    Genome.of(best, space).save(tmp_path / "best.safetensors")
    read = Genome.load(tmp_path / "best.safetensors").blocks
    assert all(block.dtype == best.genome.dtype for block in read.values())
    assert torch.equal(space.join(dict(read)), best.genome)


def test_they_find_what_is_best() -> None:
    """All bits; almost the most valuable things; a tour of half the length of a random one."""
    found = []
    for problem in (onemax(dimensions=30), knapsack(dimensions=20), tsp(dimensions=12)):
        strategy = Genetic(problem, seed=1, rate=0.05)
        for generation in evolve(strategy, 30):
            if generation.number == 0:
                found.append(generation.mean)
        found.append(strategy.result().fitness.values[0])
    assert found[1] == 30
    assert found[3] > 1.3 * found[2]
    assert found[5] < 0.6 * found[4]


def test_the_error_names_the_strategies_that_take_all() -> None:
    """They are those that say so, and no others do."""
    kinds = [catalogue.find("strategy", name) for name in catalogue.entries("strategy")]
    taking = {kind.__name__ for kind in kinds if isinstance(kind, type) and getattr(kind, "SPACES", None) is ALL}
    assert taking == set(re.findall(r"\w+", TAKE_ALL)) - {"and"}


@pytest.mark.parametrize("name", ["cma-es", "snes", "differential", "lamarckian", "pbt", "openai-es", "pgpe"])
@pytest.mark.parametrize("space", SPACES.values(), ids=[*SPACES])
def test_others_refuse_such_genomes(name: str, space: Space) -> None:
    """In one sentence, when they are made, that names those that take them."""
    kind: Any = catalogue.find("strategy", name)
    expected = (
        f"problem must have genomes of real numbers for {kind.__name__}, but they are {space.KIND}; {TAKE_ALL} take "
        "those."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(expected)}$"):
        kind(Function(torch.sum, space))


@pytest.mark.parametrize("kind", [Genetic, Island])
def test_a_step_is_for_real_numbers(kind: type[Search]) -> None:
    """A setting that would say nothing is refused."""
    sentence = "^sigma must be left out for genomes of bits, which have no step, but it is 0.5\\.$"
    with pytest.raises(ValueError, match=sentence):
        search(0, kind=kind, space=Bits(3), sigma=0.5, **({"islands": 2} if kind is Island else {}))
    kind(SPHERE(2), sigma=0.5)


@pytest.mark.parametrize(
    ("name", "mate", "mutate"),
    [
        ("bits", tools.cxTwoPoint, partial(tools.mutFlipBit, indpb=0.2)),
        ("integers", tools.cxUniform, partial(tools.mutUniformInt, low=[1, 8, -3], up=[4, 256, 3], indpb=0.5)),
        ("permutations", tools.cxPartialyMatched, partial(tools.mutShuffleIndexes, indpb=0.2)),
    ],
)
def test_deaps_operators_take_their_places(name: str, mate: Any, mutate: Any) -> None:
    """By `from_deap`, over genomes of any of these spaces; the seed decides."""
    if name == "integers":
        mate = partial(mate, indpb=0.5)
    runs = []
    for _ in range(2):
        strategy = search(1, kind=Genetic, space=SPACES[name])
        draws: dict[str, Any] = {"generator": strategy.generator, "ids": strategy.ids}
        strategy.toolbox.register("mate", from_deap(mate, **draws))
        strategy.toolbox.register("mutate", from_deap(mutate, **draws))
        runs.append([one.genome for generation in evolve(strategy, 4) for one in generation.population])
    assert torch.equal(*map(torch.stack, runs))
    assert torch.equal(SPACES[name].clip(torch.stack(runs[0])), torch.stack(runs[0]))
    assert len({tuple(one.tolist()) for one in runs[0]}) > 6


def test_operators_that_leave_the_space_are_refused() -> None:
    """Crossover of numbers on permutations, and a mutation that changes the dtype."""
    strategy = search(0, kind=Genetic, space=Permutations(9))
    strategy.toolbox.register("mate", Mate(partial(two_point, generator=strategy.generator), strategy.ids))
    with pytest.raises(ValueError, match=r"^genomes must be permutations of 0 to 8, but an operator returned "):
        list(evolve(strategy, 2))

    def halve(one: Individual) -> tuple[Individual]:
        return (Individual(one.genome / 2, id=one.id),)

    strategy = search(0, kind=Genetic, space=Bits(9))
    strategy.toolbox.register("mutate", halve)
    with pytest.raises(TypeError, match=r"^mutate must return individuals whose genomes are a tensor \[9\] of bool, "):
        list(evolve(strategy, 2))
