"""Coevolution: populations are scored against each other's representatives, and are one strategy for every loop."""

import pickle
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from deap.base import Toolbox
from torch import Tensor

from neuroevo.discrete import Bits
from neuroevo.evolution import evolve
from neuroevo.execution import batched_map
from neuroevo.files import CheckpointError
from neuroevo.individual import Ids, Individual
from neuroevo.operators import bits, crossover, selection
from neuroevo.operators.verbs import Mate, Mutate, Select
from neuroevo.problems import Encounter
from neuroevo.problems.function import SPHERE
from neuroevo.runs.records import read_records
from neuroevo.space import Space
from neuroevo.strategies import CMAES, SNES, Coevolution, Genetic, Island
from neuroevo.testing.laws import check_strategy

BOX = Space.box(3, low=-5, high=5)
GOAL = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)


def together(genomes: Tensor, others: Mapping[str, Tensor]) -> Tensor:
    """Return how near sums with the best partner come to a goal, [P]."""
    (partners,) = others.values()
    return -(genomes[:, None] + partners - GOAL).square().sum(-1).amin(1)


def caught(genomes: Tensor, others: Mapping[str, Tensor]) -> Tensor:
    """Return how many bits of bit strings agree with those of opponents, on average, [P]."""
    (opponents,) = others.values()
    return (genomes[:, None] == opponents).double().sum(-1).mean(1)


def escaped(genomes: Tensor, others: Mapping[str, Tensor]) -> Tensor:
    """Return the opposite of `caught`."""
    return -caught(genomes, others)


def team(seed: int = 0, *, representatives: int = 1, rate: float = 0.1, **settings: Any) -> Coevolution:
    """Return two populations that cooperate, one of vectors, one of a distribution."""
    problem = Encounter(together, BOX, batched=True)
    populations = {
        "left": Genetic(problem, seed=seed, population=5, rate=rate, **settings),
        "right": SNES(problem, seed=seed + 1, population=4),
    }
    return Coevolution(populations, representatives=representatives)


def rivals(seed: int = 0, size: int = 20) -> Coevolution:
    """Return two populations that compete."""
    populations = {
        "hunters": Genetic(Encounter(caught, Bits(8), batched=True), population=size, seed=seed, elites=0, rate=0.05),
        "prey": Island(Encounter(escaped, Bits(8), batched=True), population=size, seed=seed + 1, elites=0),
    }
    return Coevolution(populations, representatives=3)


@pytest.mark.parametrize("make", [partial(team, representatives=2), partial(rivals, size=4)], ids=["team", "rivals"])
def test_it_keeps_the_laws_of_strategies(make: Any) -> None:
    """For any loop it is one strategy: ids are unique, the seed decides, a state continues bit for bit."""
    check_strategy(make, generations=3, verbs=("evaluate", "map", "represent"), examples=2)


def test_partners_find_what_they_can_only_reach_together() -> None:
    """Neither population knows the goal but by the other one's best."""
    problem = Encounter(together, BOX, batched=True)
    strategy = Coevolution({"a": Genetic(problem, seed=1, population=40), "b": CMAES(problem, seed=1)})
    for _ in evolve(strategy, 40):
        pass
    pair = sum(one.genome for one in strategy.champions.values())
    assert (pair - GOAL).abs().max() < 0.2
    assert strategy.result() is strategy.champions["a"]


def test_a_population_learns_what_its_opponents_are() -> None:
    """Against prey that does not change, hunters get to be like it."""
    hunters = Genetic(Encounter(caught, Bits(8), batched=True), population=20, seed=1, rate=0.05)
    prey = Genetic(Encounter(lambda genome, others: 0, Bits(8)), population=1, seed=2, rate=0, elites=0)
    strategy = Coevolution({"hunters": hunters, "prey": prey})
    for _ in evolve(strategy, 15):
        pass
    assert strategy.champions["hunters"].fitness.values == (8.0,)
    assert torch.equal(*(one.genome for one in strategy.champions.values()))


def test_each_is_scored_against_the_representatives_of_the_others() -> None:
    """The first of a generation that has not been scored, later the best ones of the one before."""
    strategy = rivals()
    before: list[dict[str, Tensor]] = []
    for number, generation in enumerate(evolve(strategy, 3)):
        parts = {
            name: [one for one in generation.population if strategy.homes[one.id] == name]
            for name in strategy.populations
        }
        if not number:
            before = [{name: torch.stack([one.genome for one in part[:3]]) for name, part in parts.items()}]
        for name, other, score in (("hunters", "prey", caught), ("prey", "hunters", escaped)):
            genomes = torch.stack([one.genome for one in parts[name]])
            expected = score(genomes, {other: before[-1][other]}).tolist()
            assert [one.fitness.values[0] for one in parts[name]] == expected
        chosen = {name: sorted(part, key=lambda one: one.fitness.order, reverse=True) for name, part in parts.items()}
        before.append({name: torch.stack([one.genome for one in part[:3]]) for name, part in chosen.items()})
        for name, told in generation.details["populations"].items():
            assert told["representatives"] == [one.id for one in chosen[name][:3]]
            assert told["champion"] == strategy.champions[name].id == chosen[name][0].id


def test_a_state_remembers_who_was_of_which_population() -> None:
    """The record after a state was loaded is the one before."""
    before, after = team(), team()
    list(evolve(before, 2))
    after.load_state_dict(before.state_dict())
    assert after.record() == before.record()
    assert after.homes == before.homes


def test_a_run_in_a_folder_is_resumed(tmp_path: Path) -> None:
    """Records, checkpoints, callbacks and stops are those of any strategy; other settings are refused by name."""
    seen: list[int] = []
    whole = list(evolve(team(3), 6, run_dir=tmp_path / "whole"))
    folder = tmp_path / "run"
    run = evolve(
        team(3), 6, run_dir=folder, callbacks=[lambda one: seen.append(one.number)], stop=lambda _: len(seen) > 2
    )
    assert len(list(run)) == 3
    heir = team(3)
    rest = list(evolve(heir, 6, run_dir=folder))
    assert (seen, [one.number for one in rest]) == ([0, 1, 2], [3, 4, 5])
    both = [
        [{**one, "seconds": 0} for one in read_records(path / "records.jsonl")] for path in (tmp_path / "whole", folder)
    ]
    assert both[0] == both[1]
    assert [one.fitness.values for one in rest[-1].population] == [one.fitness.values for one in whole[-1].population]
    for other, name in (
        (team(3, rate=0.2), "populations.left.operators.mutate.mutation.rate"),
        (team(3, representatives=2), "representatives"),
    ):
        with pytest.raises(CheckpointError, match=rf"begun with other settings: {name} \("):
            list(evolve(other, 7, run_dir=folder))
    swapped = team(3)
    swapped.populations["left"].toolbox.register(
        "select", Select(partial(selection.roulette, generator=heir.generator))
    )
    with pytest.raises(CheckpointError, match=r"begun with other settings: populations\.left\.operators\.select"):
        list(evolve(swapped, 7, run_dir=folder))


def test_workers_give_the_same() -> None:
    """Workers get a pickle of the evaluation with the representatives of each generation."""

    def mailed(function: Any, individuals: Sequence[Individual]) -> list[Any]:
        return batched_map(pickle.loads(pickle.dumps(function)), individuals)

    here = [[one.fitness.values for one in generation.population] for generation in evolve(team(5), 3)]
    there = team(5)
    there.toolbox.register("map", mailed)
    assert [[one.fitness.values for one in generation.population] for generation in evolve(there, 3)] == here


def nearest(individual: Individual, others: Mapping[str, Sequence[Individual]]) -> tuple[float]:
    """Score a list of numbers by those of the others."""
    return (-min(abs(sum(individual.genome) - sum(one.genome)) for one in others["b" if "b" in others else "a"]),)


def toolbox(ids: Ids, seed: int) -> Toolbox:
    """Return a toolbox over bits."""
    made, generator = Toolbox(), torch.Generator().manual_seed(seed)
    space = Bits(5)
    made.register("population", lambda: [Individual(row, id=ids()) for row in space.sample(4, generator=generator)])
    made.register("select", Select(partial(selection.tournament, size=2, generator=generator)))
    made.register("mate", Mate(partial(crossover.uniform, generator=generator), ids))
    made.register("mutate", Mutate(partial(bits.flip, rate=0.1, generator=generator), ids))
    made.register("evaluate", nearest)
    return made


def test_toolboxes_coevolve(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """They share a counter of ids, and have no state to keep."""
    ids = Ids()
    strategy = Coevolution({"a": toolbox(ids, 1), "b": toolbox(ids, 2)})
    generations = list(evolve(strategy, 4, run_dir=tmp_path))
    assert [len(one.population) for one in generations] == [8] * 4
    assert "has no state to keep" in caplog.text
    assert not (tmp_path / "checkpoints").exists()
    assert max(one.fitness.values[0] for one in generations[-1].population) == 0
    with pytest.raises(
        ValueError, match=r"^ids must differ in all populations, but two individuals in a and b have the id"
    ):
        list(evolve(Coevolution({"a": toolbox(Ids(), 1), "b": toolbox(Ids(), 2)}), 1))


def test_a_population_that_fails_keeps_its_representatives() -> None:
    """The others continue to meet those that were sound last."""
    strategy = team(1)
    list(evolve(strategy, 2))
    before = [one.id for one in strategy.representatives["left"]]
    failing = Encounter(lambda genomes, others: genomes.sum(-1) * torch.nan, BOX, batched=True)
    strategy.populations["left"].toolbox.register("evaluate", failing)
    generation = next(evolve(strategy, 3))
    assert generation.failed == 5
    assert [one.id for one in strategy.representatives["left"]] == before
    assert strategy.result().id == strategy.champions["left"].id


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Coevolution({}), "populations must be at least two, but they are none."),
        (lambda: team(representatives=0), "representatives must be at least 1, but it is 0."),
        (
            lambda: Coevolution({"a": Genetic(SPHERE(2)), "b": SNES(SPHERE(2))}),
            "populations must be scored against others, but the evaluation of a takes none; give its strategy an Enco",
        ),
        (
            lambda: Coevolution({name: Genetic(Encounter(together, BOX)) for name in "ab"}),
            "populations must have seeds of their own, but a and b both have Genetic with the seed 0, so that they wo",
        ),
    ],
)
def test_what_can_not_be_is_refused(make: Any, sentence: str) -> None:
    """In one sentence, when it is made."""
    with pytest.raises((ValueError, TypeError)) as error:
        make()
    assert str(error.value).startswith(sentence)


def test_populations_are_fresh() -> None:
    """One that has begun has met others."""
    strategy = team()
    list(evolve(strategy, 1))
    with pytest.raises(ValueError, match=r"^populations must be fresh, but left has run 1 generations; make it"):
        Coevolution(strategy.populations)


def test_an_encounter_alone_is_refused() -> None:
    """There is nothing to meet."""
    one = Individual(BOX.start, id=0)
    for call in (Encounter(together, BOX), Encounter(together, BOX).batch):
        with pytest.raises(
            TypeError, match=r"^an Encounter must have others to score against; give its strategy to Coev"
        ):
            call(one)  # type: ignore[operator]
