"""Training runs in environments of their own: where each is led, what it sees, and that nothing else changes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.data.images import Dataset
from neuroevo.data.mixed import mixed
from neuroevo.evolution import evolve
from neuroevo.execution import Outcome, Processes, Training, WorkerMap, train_all
from neuroevo.problems import live
from neuroevo.runs.records import read_records
from neuroevo.strategies import GTL, AsynchronousGTL, PopulationGTL
from neuroevo.strategies.gtl.operators import environment_of, families
from neuroevo.testing.strategies import seeds

KINDS = ("useful", "shuffled", "foreign")


def data(toys: ModuleType, kinds: Sequence[str] = KINDS) -> Dataset:
    """Return toys in environments."""
    return mixed(toys.dataset(), kinds=kinds)


def own(gtls: ModuleType, toys: ModuleType, **settings: Any) -> GTL:
    """Return a strategy whose ancestors live in environments of their own."""
    return gtls.gtl(toys, **{"dataset": data(toys), "habitat": "own", **gtls.FULL, **settings})


@pytest.mark.parametrize("settings", [{"migration": 0.5, "population": 6}, {"scoring": "random"}])
def test_the_seed_decides_where_ancestors_live(settings: dict[str, Any], gtls: ModuleType, toys: ModuleType) -> None:
    """Whatever the number of workers, in threads or in processes."""
    first = gtls.run(own(gtls, toys, seed=3, workers=1, **settings), 2)
    assert gtls.run(own(gtls, toys, seed=3, workers=2, **settings), 2) == first
    assert gtls.run(own(gtls, toys, seed=4, **settings), 1)[0] != first[0]


@pytest.mark.slow
def test_processes_lead_the_same_lives(gtls: ModuleType, toys: ModuleType) -> None:
    """The environment goes to the worker with the individual."""
    first = gtls.run(own(gtls, toys, migration=0.5), 2)
    with WorkerMap(Processes(), workers=2) as map_:
        strategy = own(gtls, toys, migration=0.5)
        strategy.toolbox.register("map", map_)
        assert gtls.run(strategy, 2) == first


@pytest.mark.parametrize("kind", [PopulationGTL, AsynchronousGTL])
def test_a_life_sees_its_environment_only(
    kind: type[GTL], gtls: ModuleType, toys: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every image of every training run is one of the environment that records name for the individual."""
    dataset = data(toys)
    assert dataset.environments is not None
    seen: list[set[bytes]] = []

    def spy(trainings: Sequence[Training], **options: Any) -> list[Outcome]:
        for one in trainings:
            seen.append({image.numpy().tobytes() for image in one.task.source.images[one.task.train]})
        return train_all(trainings, **options)

    monkeypatch.setattr(live, "train_all", spy)
    wanted = {
        name: {image.numpy().tobytes() for image in dataset.ancestry.part(dataset.environments.rows(name)).images}
        for name in dataset.environments.names
    }
    settings = {**gtls.SMALL, **gtls.FULL, "average": kind is PopulationGTL, "population": 6}
    strategy = kind(dataset, toys.MLP_BACKBONE, **settings, habitat="own", migration=0.5)
    lived: dict[int, str] = {}
    for generation in evolve(strategy, 3):
        lived |= {one["id"]: one["environment"] for one in generation.record()["individuals"]}
    order = [lived[number] for number in sorted(lived)]
    assert {*order} == {*wanted}
    assert [*seen[: len(order)]] == [wanted[name] for name in order]


def test_heirs_of_founders_are_spread(gtls: ModuleType, toys: ModuleType) -> None:
    """As evenly as can be."""
    (generation,) = evolve(own(gtls, toys, population=7), 1)
    counts = Counter(one.environment for one in generation.population)
    assert sorted(counts.values()) == [2, 2, 3]


def test_lineages_stay_unless_they_migrate(gtls: ModuleType, toys: ModuleType) -> None:
    """Without migration heirs live where their parents did; the learngene says where its ancestors lived."""
    strategy = own(gtls, toys, population=6, migration=0.0, parents=3)
    homes: dict[int, str | None] = {}
    for generation in evolve(strategy, 4):
        for one in generation.population:
            assert homes.get(one.parents[0], one.environment) == one.environment
            homes[one.id] = one.environment
    notes = strategy.result().genome.notes
    assert notes["environments"] == [homes[one] for one in notes["lineage"] if one in homes]
    assert len({*notes["environments"]}) == 1


@given(seed=seeds(), number=st.integers(0, 99), names=st.lists(st.text(), unique=True, min_size=1, max_size=9))
def test_migration_is_a_rate(seed: int, number: int, names: list[str]) -> None:
    """At 0 none, at 1 to any; a founder's heirs take turns."""
    home = names[0]
    assert environment_of(home, names, number, migration=0.0, seed=seed) == home
    assert environment_of(home, names, number, migration=1.0, seed=seed) in names
    turns = [environment_of(None, names, number + one, migration=0.0, seed=seed) for one in range(len(names))]
    assert sorted(turns) == sorted(names)


def test_only_siblings_of_one_environment_are_averaged(gtls: ModuleType, toys: ModuleType) -> None:
    """Good genes are not mixed with those of another environment."""
    strategy = own(gtls, toys, population=6, mutation_rate=0.0)
    (generation,) = evolve(strategy, 1)
    found = families(generation.population)
    assert len(found) == 3
    assert all(len({one.environment for one in family}) == 1 for family in found)
    weights = {one.environment: gtls.genome_bytes(one) for one in generation.population}
    assert len({*weights.values()}) == 3


def test_oracles_live_in_useful_environments(gtls: ModuleType, toys: ModuleType) -> None:
    """Where none is known to be useful, that is refused."""
    (generation,) = evolve(own(gtls, toys, habitat="useful"), 1)
    assert {one.environment for one in generation.population} == {"useful-1"}
    with pytest.raises(ValueError, match=r'^habitat must be "all" or "own", for the data .* but it is "useful"\.$'):
        own(gtls, toys, habitat="useful", dataset=data(toys, ("shuffled", "foreign")))


def test_data_from_one_environment_are_what_they_were(gtls: ModuleType, toys: ModuleType) -> None:
    """Bit for bit; and all together are the data set whose images are not told apart."""
    settings: dict[str, Any] = {**gtls.FULL, "seed": 5}
    plain = gtls.run(gtls.gtl(toys, **settings), 2)
    for habitat in ("own", "useful"):
        found = gtls.run(gtls.gtl(toys, **settings, habitat=habitat, migration=0.5), 2)
        assert found[:-1] == plain[:-1]
    mixture = data(toys)
    untold = replace(mixture, environments=None)
    together = gtls.run(gtls.gtl(toys, dataset=mixture, **settings), 2)
    assert together == gtls.run(gtls.gtl(toys, dataset=untold, **settings), 2)


def test_chance_is_no_fitness(gtls: ModuleType, toys: ModuleType) -> None:
    """Random scores take no gradient step, lie in [0, 1) and depend on seed and individual only."""
    strategy = own(gtls, toys, scoring="random", population=6)
    population = [one for generation in evolve(strategy, 2) for one in generation.population]
    scores = [one.fitness.values[0] for one in population]
    assert len({*scores}) == len(scores)
    assert all(0 <= one < 1 for one in scores)
    assert [strategy.toolbox.evaluate(one)[0] for one in population] == scores
    assert strategy.toolbox.rescore(population[0])[0] != scores[0]
    best = strategy.result()
    assert strategy.budget == strategy.planned_budget(2)
    assert best.fitness.values == strategy.toolbox.rescore(best)


@pytest.mark.parametrize("kind", [PopulationGTL, AsynchronousGTL])
def test_a_run_goes_on_where_its_ancestors_lived(
    kind: type[GTL], gtls: ModuleType, toys: ModuleType, tmp_path: Path
) -> None:
    """Bit for bit: pool, tree and what is under way know their environments."""
    settings = {**gtls.SMALL, **gtls.FULL, "average": kind is PopulationGTL, "habitat": "own", "migration": 0.5}

    def made() -> GTL:
        return kind(data(toys), toys.MLP_BACKBONE, **settings)

    whole = gtls.run(made(), 3) if kind is PopulationGTL else []
    first, second = made(), made()
    parts = [gtls.digest(generation) for generation in evolve(first, 1, run_dir=tmp_path)]
    parts += [gtls.digest(generation) for generation in evolve(second, 3, run_dir=tmp_path)]
    if kind is PopulationGTL:
        assert parts == whole[:3]
        assert gtls.genome_bytes(second.result()) == whole[-1][2]
    records = read_records(tmp_path / "records.jsonl")
    assert all("environment" in one for record in records for one in record["individuals"])


def test_memories_know_classes_by_all_data(gtls: ModuleType, toys: ModuleType) -> None:
    """Environments have classes of their own; a lineage remembers them by their place in ancestry."""
    strategy = own(gtls, toys, population=3, founders=1)
    total = len(data(toys).ancestry.classes)
    (generation,) = evolve(strategy, 1)
    for one in generation.population:
        known = torch.nonzero(one.memory.known).flatten().tolist()
        wanted = range(5, total) if str(one.environment).startswith("foreign") else range(5)
        assert known == [*wanted]
