"""The suite `transfer`: comparisons are paired, equal in cost, and blind to novel classes before descendants."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.benchmarks.analysis.summary import summarise, to_csv
from neuroevo.benchmarks.suites import cells as cells_module
from neuroevo.benchmarks.suites import contestant as contestant_module
from neuroevo.benchmarks.suites import protocol as protocol_module
from neuroevo.benchmarks.suites.contestant import Contestant
from neuroevo.benchmarks.suites.listener import Listener
from neuroevo.benchmarks.suites.roster import Entry, Roster
from neuroevo.benchmarks.suites.transfer import CURVE_POINTS, Cell, Transfer, run
from neuroevo.data.images import Dataset, LabelledImages
from neuroevo.evolution import Generation
from neuroevo.execution import Recipe
from neuroevo.files import to_json
from neuroevo.individual import Individual
from neuroevo.operators.inheritance import inherit
from neuroevo.strategies import (
    GTL,
    Finetune,
    HeurLG,
    LinearProbe,
    NarrowPretraining,
    PrunedCircuit,
    RandomCircuit,
    Reptile,
    Scratch,
    UntrainedCircuit,
)
from neuroevo.strategies.gtl.variants import CONTESTANTS

SEEDS = (3, 4)
UNTRAINED = {"scratch", "untrained-circuit"}
GENERATIONS, DESCENDANTS = 2, 2
SETTINGS: dict[str, Any] = {
    "population": 4,
    "share": 0.4,
    "life_updates": 13,
    "critic_updates": 2,
    "critic_shots": 10,
    **dict.fromkeys(("life_batch", "critic_batch", "pretraining_batch"), 16),
}
VARIANTS = {"gtl": GTL, **CONTESTANTS}
RIVALS = (
    *(Scratch, UntrainedCircuit, RandomCircuit, NarrowPretraining, Finetune, LinearProbe, HeurLG, PrunedCircuit),
    Reptile,
)
STRATEGIES: dict[str, Any] = {**VARIANTS, **{kind.name: kind for kind in RIVALS}}


def made(dataset: Dataset, backbone: Any, *, generations: int = GENERATIONS, **changes: Any) -> list[Contestant]:
    """Return all strategies that transfer something, or nothing, at tiny settings and with equal budgets."""
    roster = Roster(dataset=dataset, backbone=backbone, generations=generations, settings={**SETTINGS, **changes})
    return roster.contestants([Entry(name=name, strategy=strategy) for name, strategy in STRATEGIES.items()])


@pytest.fixture(scope="module")
def contestants(toys: ModuleType) -> list[Contestant]:
    """Return all strategies at tiny settings."""
    return made(toys.dataset(), toys.MLP_BACKBONE)


@pytest.fixture(scope="module")
def protocol(toys: ModuleType) -> Transfer:
    """Return how tiny descendants are trained."""
    recipe = Recipe(updates=6, batch=16)
    dataset, backbone = toys.dataset(), toys.MLP_BACKBONE
    return Transfer(dataset=dataset, backbone=backbone, descendant=recipe, ways=4, descendants=DESCENDANTS)


@pytest.fixture(scope="module")
def cells(contestants: list[Contestant], protocol: Transfer) -> list[Cell]:
    """Return what a run of everything gave."""
    return list(run(contestants, protocol, seeds=SEEDS))


def of_kind(cells: Sequence[Cell], kind: str) -> list[dict[str, Any]]:
    """Return all records of a kind."""
    return [record for cell in cells for record in cell.records if record["kind"] == kind]


def timeless(cells: Sequence[Cell]) -> list[tuple[str, int, bytes | None, str]]:
    """Return all that a run gave, times left out, as values that can be compared."""
    found = []
    for cell in cells:
        records = [{**record, "seconds": None, "core_seconds": None} for record in cell.records]
        genome = cell.individual.genome
        found.append((cell.contestant, cell.seed, None if genome is None else genome.to_bytes(), json.dumps(records)))
    return found


def named(contestants: Sequence[Contestant], name: str) -> Contestant:
    """Return the contestant of a name."""
    return next(one for one in contestants if one.name == name)


def test_equal_learngenes_have_equal_descendants(contestants: list[Contestant], protocol: Transfer) -> None:
    """Two contestants that transfer the same meet the same tasks, weights and order: their curves are equal."""
    circuit = named(contestants, "untrained-circuit")
    twins = [replace(circuit, name="first"), named(contestants, "gtl"), replace(circuit, name="second")]
    found = list(run(twins, protocol, seeds=SEEDS))
    curves = {
        name: [one["accuracy"] for one in of_kind(found, "descendant") if one["strategy"] == name]
        for name in ("first", "gtl", "second")
    }
    assert curves["first"] == curves["second"] != curves["gtl"]
    assert len(curves["first"]) == len(SEEDS) * DESCENDANTS


@pytest.mark.slow
def test_all_contestants_meet_the_same_descendants(
    contestants: list[Contestant], protocol: Transfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With and without genes, heirs have the same images, order and head; without genes nothing else is inherited."""
    prepared: list[list[Any]] = []

    def spy(trainings: Sequence[Any], **options: Any) -> Any:
        prepared.append([])
        for each in trainings:
            task, head = each.task, each.network.head
            tensors = (task.classes, task.train, task.test, head.weight.detach(), each.generator.get_state())
            prepared[-1].append([tensor.tolist() for tensor in tensors])
        return train_all(trainings, **options)

    train_all = protocol_module.train_all
    monkeypatch.setattr(protocol_module, "train_all", spy)
    list(run(contestants, protocol, seeds=SEEDS))
    for seed in range(len(SEEDS)):
        ours = prepared[seed * len(contestants) : (seed + 1) * len(contestants)]
        assert ours == ours[:1] * len(contestants)
    assert prepared[0] != prepared[-1]
    assert prepared[0][0] != prepared[0][1]


def test_company_changes_nothing(cells: list[Cell], contestants: list[Contestant], protocol: Transfer) -> None:
    """Alone, in any order and on one thread, each contestant gives the records that it gives among all others."""
    one_thread = replace(protocol, workers=1)
    alone = [cell for one in reversed(contestants) for cell in run([one], one_thread, seeds=SEEDS[:1])]
    assert sorted(timeless(alone)) == sorted(one for one in timeless(cells) if one[1] == SEEDS[0])


def test_seeds_stand_alone(cells: list[Cell], contestants: list[Contestant], protocol: Transfer) -> None:
    """A seed gives the same whatever other seeds run, and another seed gives something else."""
    late = list(run(contestants, protocol, seeds=SEEDS[1:]))
    assert timeless(late) == [one for one in timeless(cells) if one[1] == SEEDS[1]]
    first, second = ([cell[2:] for cell in timeless(cells) if cell[1] == seed] for seed in SEEDS)
    assert all(one != other for one, other in zip(first, second, strict=True))


def test_shared_pretraining_changes_no_bit(
    cells: list[Cell], contestants: list[Contestant], protocol: Transfer
) -> None:
    """Contestants that each train their own network transfer the same bytes and have the same records."""
    apart = [replace(one, pretrains="") for one in contestants]
    assert timeless(list(run(apart, protocol, seeds=SEEDS[:1]))) == [
        one for one in timeless(cells) if one[1] == SEEDS[0]
    ]


def test_borrowed_seconds_are_charged(
    contestants: list[Contestant], protocol: Transfer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both that share a network are charged its training, on top of their own time."""
    monkeypatch.setattr(contestant_module, "time", SimpleNamespace(perf_counter=iter([10.0, 17.0]).__next__))
    own = iter([0.0, 0.25] * 3)
    monkeypatch.setattr(cells_module, "time", SimpleNamespace(perf_counter=own.__next__))
    chosen = [named(contestants, name) for name in ("finetune", "scratch", "random-circuit")]
    found = list(run(chosen, replace(protocol, workers=4), seeds=SEEDS[:1]))
    seconds = {record["strategy"]: record["seconds"] for record in of_kind(found, "ancestor")}
    assert seconds == {"finetune": 7.25, "scratch": 0.25, "random-circuit": 7.25}
    # Their own time had all four cores, the network one.
    cores = {record["strategy"]: record["core_seconds"] for record in of_kind(found, "ancestor")}
    assert cores == {"finetune": 8.0, "scratch": 1.0, "random-circuit": 8.0}


def test_every_trained_row_costs_the_same(cells: list[Cell], contestants: list[Contestant]) -> None:
    """All but scratch and the untrained circuit take the same number of gradient steps: the number planned."""
    spent: dict[str, set[int]] = {}
    for record in of_kind(cells, "ancestor"):
        spent.setdefault(record["strategy"], set()).add(record["gradient_steps"])
    # 2 generations of 4 lives. Where critics are trained, lives are as much shorter: by 4 critics in each generation
    # and 8 for each of 3 finalists, that is to 5 updates.
    steps = 2 * 4 * 13
    assert steps == 2 * 4 * (5 + 2) + 8 * 3 * 2
    assert spent == {name: {0 if name in UNTRAINED else steps} for name in STRATEGIES}
    assert {one.name: {one.planned_steps(SEEDS[0])} for one in contestants} == spent


@pytest.mark.parametrize(
    "changes",
    [
        {"generations": 1, "population": 1, "tournament": 1},
        {"generations": 1, "population": 3, "tournament": 3},
        {"generations": 1, "population": 4, "tournament": 2},
        pytest.param({"generations": 3, "population": 5, "tournament": 2, "critics": 2}, marks=pytest.mark.slow),
        pytest.param(
            {"generations": 2, "population": 7, "tournament": 1, "critic_ways": 3, "critic_shots": 2},
            marks=pytest.mark.slow,
        ),
    ],
    ids=str,
)
def test_plans_are_kept(changes: dict[str, int], toys: ModuleType, protocol: Transfer) -> None:
    """Every variant of GTL spends what was planned: what GTL and its rivals get, but for an update a life."""
    settings = {"life_updates": 50, **changes}
    every = made(toys.dataset(), toys.MLP_BACKBONE, **settings)
    (steps,) = {one.planned_steps(0) for one in every if one.name == "gtl" or one.name not in {*UNTRAINED, *VARIANTS}}
    evolved = [one for one in every if one.name in VARIANTS]
    ancestors = of_kind(list(run(evolved, protocol, seeds=[0])), "ancestor")
    spent = [record["gradient_steps"] for record in ancestors]
    assert spent == [one.planned_steps(0) for one in evolved]
    individuals = settings.get("population", SETTINGS["population"]) * settings.get("generations", GENERATIONS)
    assert all(steps - individuals < each <= steps for each in spent)


def unlike(dataset: Dataset) -> Dataset:
    """Return the data set with other novel images and classes."""
    novel = dataset.novel
    names = tuple(f"other {name}" for name in novel.classes)
    return replace(dataset, novel=LabelledImages(255 - novel.images.flip(2), novel.labels, names))


def test_only_descendants_see_novel_classes(cells: list[Cell], protocol: Transfer) -> None:
    """With other novel images all ancestors are the same, bit for bit, and only descendants differ."""
    dataset = unlike(protocol.dataset)
    contestants = made(dataset, protocol.backbone)
    others = list(run(contestants, replace(protocol, dataset=dataset), seeds=SEEDS[:1]))
    cells = [cell for cell in cells if cell.seed == SEEDS[0]]
    assert [one[:3] for one in timeless(others)] == [one[:3] for one in timeless(cells)]
    for kind in ("generation", "ancestor"):
        ours, theirs = (
            [{**one, "seconds": None, "core_seconds": None} for one in of_kind(each, kind)] for each in (cells, others)
        )
        assert ours == theirs
    assert of_kind(others, "descendant") != of_kind(cells, "descendant")


def test_tasks_are_made_of_novel_images_only(
    monkeypatch: pytest.MonkeyPatch, contestants: list[Contestant], protocol: Transfer
) -> None:
    """Every descendant trains on images of the role novel, and ancestors never do."""
    sources: list[tuple[str, ...]] = []
    train_all = protocol_module.train_all

    def spy(trainings: Sequence[Any], **keywords: Any) -> Any:
        sources.extend(training.task.source.classes for training in trainings)
        return train_all(trainings, **keywords)

    monkeypatch.setattr(protocol_module, "train_all", spy)
    list(run([named(contestants, "gtl")], protocol, seeds=SEEDS))
    assert sources == [protocol.dataset.novel.classes] * len(SEEDS) * DESCENDANTS


@given(st.integers(0, 50), st.integers(0, 50), st.integers(1, 4), st.integers(1, 59))
def test_tasks_follow_from_seed_and_number(toys: ModuleType, seed: int, number: int, ways: int, shots: int) -> None:
    """Equal seeds and numbers give equal tasks; images are not both learned and tested; tests are there."""
    backbone, data = toys.MLP_BACKBONE, toys.dataset()
    protocol = Transfer(dataset=data, backbone=backbone, descendant=Recipe(updates=1), ways=ways, shots=shots)
    task, again = protocol.task(seed, number), protocol.task(seed, number)
    assert torch.equal(task.train, again.train)
    assert torch.equal(task.test, again.test)
    assert not set(task.train.tolist()) & set(task.test.tolist())
    assert torch.bincount(task.train_labels).tolist() == [shots] * ways
    # A class has 60 images.
    assert torch.bincount(task.test_labels).tolist() == [min(50, 60 - shots)] * ways
    assert torch.equal(task.source.labels[task.train], task.classes[task.train_labels])
    assert not torch.equal(task.train, protocol.task(seed, number + 1).train)
    assert not torch.equal(task.train, protocol.task(seed + 1, number).train)


@given(st.integers(0, 1500))
def test_accuracy_is_measured_from_first_to_last_update(toys: ModuleType, updates: int) -> None:
    """The points rise from 0 to all updates and hold every usual point between."""
    recipe = Recipe(updates=updates)
    points = Transfer(dataset=toys.dataset(), backbone=toys.MLP_BACKBONE, descendant=recipe, ways=2).measure_at
    assert list(points) == sorted(set(points))
    assert (points[0], points[-1]) == (0, updates)
    assert set(points) == {point for point in CURVE_POINTS if point < updates} | {updates}


def test_records_are_complete(cells: list[Cell], protocol: Transfer) -> None:
    """Each cell has its generations, one ancestor and its descendants, as JSON, with accuracies in [0, 1]."""
    assert [(cell.contestant, cell.seed) for cell in cells] == [(name, seed) for seed in SEEDS for name in STRATEGIES]
    for cell in cells:
        evolved = cell.contestant in {*VARIANTS} - {"gtl-generation-0"}
        kinds = [record["kind"] for record in cell.records]
        assert kinds == ["generation"] * (GENERATIONS if evolved else 1) + ["ancestor"] + ["descendant"] * 2
        assert {(record["strategy"], record["seed"]) for record in cell.records} == {(cell.contestant, cell.seed)}
        assert all(to_json(record) for record in cell.records)
    for record in of_kind(cells, "descendant"):
        assert record["updates"] == [0, 5, 6]
        assert len(record["accuracy"]) == 3
        assert all(0 <= accuracy <= 1 for accuracy in record["accuracy"])
        assert record["condition"]["shots"] == protocol.shots
    assert {record["descendant"] for record in of_kind(cells, "descendant")} == {0, 1}
    assert all(0 <= record["score"] <= 1 for record in of_kind(cells, "ancestor"))


def test_shares_are_those_of_what_is_passed_on(cells: list[Cell], protocol: Transfer) -> None:
    """Scratch passes on nothing, some everything, some whole layers, the others at most the share of the settings."""
    whole = protocol.backbone.layout.parameters()
    for cell in cells:
        (record,) = of_kind([cell], "ancestor")
        parameters = 0 if cell.individual.genome is None else cell.individual.genome.parameters
        assert record["transferred_parameters"] == parameters
        assert record["transferred_share"] == pytest.approx(parameters / whole)
        if cell.contestant == "scratch":
            assert parameters == 0
        elif cell.contestant in ("finetune", "linear-probe", "reptile"):
            assert parameters == whole
        elif cell.contestant in ("heur-lg", "layerwise"):
            assert parameters == protocol.backbone.layout.parameters(tensors=cell.individual.genome.slices) < whole
        else:
            assert 0 < parameters <= SETTINGS["share"] * whole


def test_generations_are_reported_as_they_end(contestants: list[Contestant], protocol: Transfer) -> None:
    """The listener hears of every pre-trained network first and of every generation in order."""
    heard: list[tuple[str, int, int]] = []

    class Heard(Listener):
        def on_pretrained(self, contestant: Contestant, seed: int) -> None:
            heard.append((contestant.name, seed, -1))

        def on_generation(self, contestant: Contestant, seed: int, generation: Generation) -> None:
            heard.append((contestant.name, seed, generation.number))

    chosen = [named(contestants, name) for name in ("gtl", "finetune")]
    list(run(chosen, protocol, seeds=SEEDS, listener=Heard()))
    assert sorted(heard[:2]) == [("finetune", seed, -1) for seed in SEEDS]
    steps = [("gtl", 0), ("gtl", 1), ("finetune", 0)]
    assert heard[2:] == [(name, seed, number) for seed in SEEDS for name, number in steps]


def test_cells_come_as_they_are_done(contestants: list[Contestant], protocol: Transfer) -> None:
    """Nothing but the first cell has run when it is handed over."""
    made: list[int] = []

    def counted(make: Callable[[int], Any]) -> Callable[[int], Any]:
        return lambda seed: made.append(seed) or make(seed)

    chosen = [replace(named(contestants, name)) for name in ("scratch", "gtl")]
    cells = run([replace(one, make=counted(one.make)) for one in chosen], protocol, seeds=SEEDS)
    assert next(cells).contestant == "scratch"
    assert made == [SEEDS[0]]


def test_descendants_inherit_by_the_strategy_s_operator(contestants: list[Contestant], protocol: Transfer) -> None:
    """Whatever is registered as `inherit` makes the descendants, one after the other."""
    calls: list[Any] = []
    strategy = named(contestants, "untrained-circuit").make(0)
    genome = strategy.candidate()
    before = protocol.learning_curves(genome, strategy.toolbox, 0)
    strategy.toolbox.register("inherit", lambda *given, **named: calls.append(given) or inherit(*given, **named))
    assert protocol.learning_curves(genome, strategy.toolbox, 0) == before
    assert [given[0] for given in calls] == [genome] * DESCENDANTS
    assert protocol.learning_curves(None, strategy.toolbox, 0) != before
    assert len(calls) == DESCENDANTS


def test_descendants_learn(toys: ModuleType, contestants: list[Contestant], protocol: Transfer) -> None:
    """Toys can be learned: after 60 updates far more is right than before and than by chance."""
    learning = replace(protocol, descendant=Recipe(updates=60, batch=16))
    for curve in learning.learning_curves(None, contestants[0].make(0).toolbox, 0):
        assert curve[0] < 0.6 < curve[-1]


def test_the_records_make_a_table(cells: list[Cell]) -> None:
    """One row for each strategy, in the order of the contestants."""
    records = [record for cell in cells for record in cell.records]
    rows = summarise(records)
    assert [row.strategy for row in rows] == list(STRATEGIES)
    assert {row.seed_count for row in rows} == {2}
    assert len(to_csv(rows).splitlines()) == 1 + len(STRATEGIES)


def test_an_ancestor_is_what_the_strategy_says(cells: list[Cell], protocol: Transfer, toys: ModuleType) -> None:
    """The cell of GTL holds the individual that GTL gives when it is run by hand."""
    contestant = named(made(toys.dataset(), toys.MLP_BACKBONE), "gtl")
    strategy = contestant.make(SEEDS[0])
    assert isinstance(strategy, GTL)
    for _ in range(GENERATIONS):
        population = strategy.toolbox.generate()
        for one, values in zip(population, strategy.toolbox.map(strategy.toolbox.evaluate, population), strict=True):
            one.fitness.values = values
        strategy.toolbox.update(population)
    by_hand: Individual = strategy.result()
    cell = next(cell for cell in cells if (cell.contestant, cell.seed) == ("gtl", SEEDS[0]))
    assert cell.individual.genome.to_bytes() == by_hand.genome.to_bytes()
    assert cell.individual.fitness.values == by_hand.fitness.values
