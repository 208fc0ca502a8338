"""GTL: one algorithm under any loop, swappable verb by verb, decided by its seed, and continued bit for bit."""

import copy
import json
import math
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from deap import algorithms, tools
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.budget import Budget
from neuroevo.data.images import Dataset, LabelledImages
from neuroevo.evolution import Generation, evolve
from neuroevo.execution import Outcome, Recipe, Training, batched_map, train_all
from neuroevo.execution.condensing import Condensing
from neuroevo.execution.cost import training_budget
from neuroevo.individual import Individual
from neuroevo.learngene import Learngene
from neuroevo.operators.inheritance import cross_masks, extract
from neuroevo.operators.learngenes import same_channels
from neuroevo.problems import NearestMean, critic, live
from neuroevo.runs.checkpoint import load_checkpoint, save_checkpoint
from neuroevo.runs.records import read_records
from neuroevo.strategies import GTL, PAPER, GTLSettings

LIFE = Recipe(updates=3, batch=16)
CRITIC = Recipe(updates=2, batch=8)
# Laws about single parts are shown on the plain variant, with zero cross weights, isolation and averaging.
SMALL: Mapping[str, Any] = {
    **PAPER,
    "cross": "zero",
    "isolate": True,
    "average": True,
    "population": 4,
    "shots": 3,
    "share": 0.4,
    "life": LIFE,
    "critic": CRITIC,
    "mutation_rate": 0.2,
    "final_critics": 2,
}
# What GTL does unless it is told otherwise.
FULL: Mapping[str, Any] = {
    **{name: getattr(GTLSettings(), name) for name in PAPER},
    "cycle": 2,
}
VERBS = ("choose_parents", "inherit", "live", "extract", "average", "mutate", "evaluate", "select", "map")


def gtl(toys: ModuleType, backbone: str = "MLP_BACKBONE", **settings: Any) -> GTL:
    """Return a strategy that runs a generation in some hundredths of a second."""
    dataset = settings.pop("dataset", None) or toys.dataset(size=16 if backbone == "CONVNET" else 8)
    return GTL(dataset, getattr(toys, backbone), **{**SMALL, **settings})


def cheap(toys: ModuleType, score: Callable[[Individual], float], **settings: Any) -> GTL:
    """Return a strategy without training that is scored by a function."""
    strategy = gtl(toys, life=Recipe(updates=0), workers=1, **settings)
    strategy.toolbox.register("evaluate", lambda individual: (score(individual),))
    return strategy


def genome_bytes(individual: Individual) -> bytes:
    """Return a learngene as the bytes of its file."""
    data: bytes = individual.genome.to_bytes()
    return data


def digest(generation: Generation) -> tuple[dict[str, Any], list[bytes]]:
    """Return all that a generation was, but for the time it took."""
    record = {key: value for key, value in generation.record().items() if key != "seconds"}
    return record, [genome_bytes(one) for one in generation.population]


def run(strategy: GTL, generations: int) -> list[Any]:
    """Run a strategy and return the digests of its generations and of its result."""
    digests = [digest(generation) for generation in evolve(strategy, generations)]
    best = strategy.result()
    return [*digests, (best.id, best.fitness.values, genome_bytes(best), strategy.budget)]


def everyone(strategy: GTL, generations: int) -> dict[int, Individual]:
    """Run a strategy and return all individuals by id."""
    return {one.id: one for generation in evolve(strategy, generations) for one in generation.population}


def equal(first: Any, second: Any) -> bool:
    """Return whether two states are equal: nested dicts, sequences, tensors and values."""
    if isinstance(first, Tensor):
        return isinstance(second, Tensor) and first.dtype == second.dtype and torch.equal(first, second)
    if isinstance(first, Mapping):
        return first.keys() == second.keys() and all(equal(first[key], second[key]) for key in first)
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(equal, first, second))
    return bool(first == second)


# How it runs.


@pytest.mark.parametrize("backbone", ["MLP_BACKBONE", "CONVNET"])
def test_deaps_loop_and_ours_give_the_same(backbone: str, toys: ModuleType) -> None:
    """`eaGenerateUpdate` runs the toolbox unchanged, and ends in the state that `evolve` ends in."""
    ours, theirs = gtl(toys, backbone), gtl(toys, backbone)
    *_, last = evolve(ours, 3)
    population, logbook = algorithms.eaGenerateUpdate(theirs.toolbox, ngen=3, verbose=False)
    assert [entry["nevals"] for entry in logbook] == [4, 4, 4]
    assert [(one.id, one.fitness, genome_bytes(one)) for one in population] == [
        (one.id, one.fitness, genome_bytes(one)) for one in last.population
    ]
    assert equal(ours.state_dict(), theirs.state_dict())


@pytest.mark.parametrize(
    "settings", [{}, dict(FULL), dict(PAPER), {"metric": "auc", "critics": 2, "resize_rate": 0.5, "noise": 0.1}]
)
def test_the_seed_decides_everything(settings: dict[str, Any], toys: ModuleType) -> None:
    """Ids, scores and learngenes are equal for equal seeds and any number of workers, and different for others."""
    first = run(gtl(toys, seed=3, workers=1, **settings), 3)
    assert run(gtl(toys, seed=3, workers=2, **settings), 3) == first
    assert run(gtl(toys, seed=4, **settings), 3) != first


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_called_through_the_toolbox(verb: str, toys: ModuleType) -> None:
    """A spy registered in a verb's place is called, and as it passes everything on, nothing else changes."""
    plain, spied = gtl(toys), gtl(toys)
    original, calls = getattr(spied.toolbox, verb), Counter[str]()

    def spy(*arguments: Any, **keywords: Any) -> Any:
        calls[verb] += 1
        return original(*arguments, **keywords)

    spied.toolbox.register(verb, spy)
    assert run(spied, 3) == run(plain, 3)
    expected = {
        "choose_parents": 2,  # generation 0 has no parents
        "live": 12,
        "extract": 12,
        "mutate": 12,
        "evaluate": 12,
        "select": 3,
        "map": 7,  # lives and critics of three generations, and the final critics
    }
    assert calls[verb] == expected[verb] if verb in expected else calls[verb] > 0


def test_a_selection_of_ones_own_decides(toys: ModuleType) -> None:
    """With DEAP's `selWorst` the worst half wins and fills the pool."""
    strategy = gtl(toys, population=6)
    strategy.toolbox.register("select", tools.selWorst)
    for generation in evolve(strategy, 2):
        ranked = sorted(generation.population, key=lambda one: one.fitness)
        assert generation.details["winners"] == [one.id for one in ranked[:3]]
    strategy = gtl(toys, population=6)
    strategy.toolbox.register("select", tools.selBest)
    (first,) = evolve(strategy, 1)
    assert set(first.details["winners"]) == {one.id for one in tools.selBest(first.population, 3)}


@pytest.mark.deap_loops
def test_tournaments_of_deap_can_be_used(toys: ModuleType) -> None:
    """`selTournament`, which draws with replacement, really selects: winners are of the population and named once."""
    random.seed(1)
    strategy = gtl(toys, population=6)
    strategy.toolbox.register("select", tools.selTournament, tournsize=6)
    before = random.getstate()
    for generation in evolve(strategy, 2):
        winners = generation.details["winners"]
        assert 1 <= len(winners) == len(set(winners)) <= 3
        assert set(winners) <= {one.id for one in generation.population}
    assert random.getstate() != before


def test_parents_are_those_that_are_chosen(toys: ModuleType) -> None:
    """With a choice of one's own every heir descends from the chosen entry."""
    strategy = gtl(toys)
    strategy.toolbox.register("choose_parents", lambda pool, k: [pool.individuals[-1]] * k)
    run_on = evolve(strategy, 3)
    next(run_on)
    for _ in range(2):
        last = strategy.pool.individuals[-1]
        assert {one.parents for one in next(run_on).population} == {(last.id,)}


def test_sharp_roulette_prefers_the_best(toys: ModuleType) -> None:
    """At a low temperature all heirs descend from the first entry of the pool, at a high one from many."""
    for temperature, families in ((1e-4, 1), (1e4, 4)):
        strategy = cheap(toys, lambda one: one.id / 16, population=16, temperature=temperature, average=False)
        run_on = evolve(strategy, 2)
        next(run_on)
        best = strategy.pool.individuals[0].id
        parents = Counter(one.parents[0] for one in next(run_on).population)
        assert len(parents) >= families
        if families == 1:
            assert set(parents) == {best}


# What is inherited.


def test_without_mutation_the_channels_are_the_parents(toys: ModuleType) -> None:
    """Index sets and provenance pass unchanged from parent to child, while a life changes the weights."""
    people = everyone(gtl(toys, mutation_rate=0.0, average=False), 4)
    children = [one for one in people.values() if one.parents]
    assert len(children) == 12
    for child in children:
        (parent,) = child.parents
        ancestor = people[parent]
        assert ancestor.generation < child.generation
        assert same_channels(child.genome, ancestor.genome)
        assert equal(child.genome.provenance, ancestor.genome.provenance)
        assert not equal(child.genome.slices, ancestor.genome.slices)
        assert child.body is None


def test_mutation_brings_new_channels_of_new_provenance(toys: ModuleType) -> None:
    """Sizes stay, kept provenance is the parent's, and what is new was never there before."""
    seen: set[int] = set()
    people = everyone(gtl(toys, mutation_rate=0.4), 4)
    changed = 0
    for one in people.values():
        ids = {int(i) for group in one.genome.provenance.values() for i in group}
        inherited = set()
        if one.parents:
            parent = people[one.parents[0]].genome
            inherited = {int(i) for group in parent.provenance.values() for i in group}
            assert one.genome.counts == parent.counts
        assert not (ids - inherited) & seen
        changed += bool(one.parents) and ids != inherited
        seen |= ids
    assert changed > 0


@pytest.mark.parametrize("share", [0.1, 0.4, 1.0])
def test_learngenes_keep_their_share(share: float, toys: ModuleType) -> None:
    """No learngene ever holds more than the share that was asked for (or one channel per group)."""
    for one in everyone(gtl(toys, share=share, resize_rate=0.5), 3).values():
        assert one.genome.share <= share or set(one.genome.counts.values()) == {1}


def test_baldwinian_genes_are_those_of_the_founder(toys: ModuleType) -> None:
    """What the circuit learns in a life is not inherited: after generations its weights are as at birth."""
    strategy = gtl(toys, lamarckian=False, mutation_rate=0.0, average=False)
    people = everyone(strategy, 3)
    for one in people.values():
        founder = one
        while founder.parents:
            founder = people[founder.parents[0]]
        assert genome_bytes(one) == genome_bytes(founder)
    assert len({genome_bytes(one) for one in people.values()}) == 4
    assert strategy.budget.gradient_steps == 3 * 4 * (LIFE.updates + CRITIC.updates)
    assert max(one.generation for one in people.values()) == 2


def test_mutation_brings_what_was_learned_into_a_baldwinian_circuit(toys: ModuleType) -> None:
    """Weights between two channels that mutation brought in are the trained network's, the others' are as inherited."""
    strategy = gtl(toys, lamarckian=False, mutation_rate=0.5, average=False)
    seen: list[tuple[Learngene, Learngene, dict[str, torch.Tensor]]] = []
    original = strategy.toolbox.mutate

    def spy(learngene: Learngene, weights: dict[str, torch.Tensor]) -> Learngene:
        seen.append((learngene, original(learngene, weights), weights))
        return seen[-1][1]

    strategy.toolbox.register("mutate", spy)
    list(evolve(strategy, 2))
    learned = 0
    for before, after, weights in seen:
        fresh = [group for group in before.indices if not torch.isin(after.indices[group], before.indices[group]).all()]
        untrained = strategy.life.newborn(Individual(None, id=0), 0).state_dict()
        learned += bool(fresh) and any(not torch.equal(weights[name], untrained[name]) for name in before.slices)
        again = extract(weights, before.indices, backbone=before.backbone, provenance=before.provenance)
        assert again.to_bytes() == replace(before, notes={}).to_bytes()
    assert learned


def test_siblings_of_one_parent_become_one(toys: ModuleType) -> None:
    """With `average` and no mutation siblings have equal genomes, the mean of what they learned."""
    strategy = gtl(toys, mutation_rate=0.0, population=6)
    original, families = strategy.toolbox.average, []

    def spy(siblings: Sequence[Learngene]) -> Learngene:
        families.append([sibling.to_bytes() for sibling in siblings])
        mean = original(siblings)
        for name, tensor in mean.slices.items():
            torch.testing.assert_close(tensor, sum(sibling.slices[name] for sibling in siblings) / len(siblings))
        return mean

    strategy.toolbox.register("average", spy)
    people = everyone(strategy, 3)
    offspring: dict[Any, list[bytes]] = {}
    for one in people.values():
        if one.parents:
            offspring.setdefault((one.generation, one.parents), []).append(genome_bytes(one))
    assert all(len(set(siblings)) == 1 for siblings in offspring.values())
    sizes = sorted(len(siblings) for siblings in offspring.values() if len(siblings) > 1)
    assert sorted(map(len, families)) == sizes != []
    assert all(len(set(family)) == len(family) for family in families)
    founders = [genome_bytes(one) for one in people.values() if not one.parents]
    assert len(set(founders)) == 6


@pytest.mark.parametrize("average", [True, False])
def test_mutation_gets_the_network_that_holds_the_learngene(average: bool, toys: ModuleType) -> None:
    """The weights that mutation reads slices from hold the learngene that it gets, averaged or not."""
    strategy = gtl(toys, average=average, population=6)
    original, checked = strategy.toolbox.mutate, []

    def spy(learngene: Learngene, weights: Mapping[str, Tensor]) -> Learngene:
        again = extract(weights, learngene.indices, backbone=learngene.backbone, provenance=learngene.provenance)
        checked.append(again.to_bytes() == learngene.to_bytes())
        return original(learngene, weights)

    strategy.toolbox.register("mutate", spy)
    everyone(strategy, 3)
    assert checked == [True] * 18


def heir_bodies(strategy: GTL, generations: int) -> list[tuple[Individual, Any]]:
    """Run a strategy and return every heir with what it inherited, and its network after its life."""
    original, lived = strategy.toolbox.live, []

    def spy(individual: Individual, slot: int) -> Any:
        body = original(individual, slot)
        lived.append((copy.copy(individual), copy.deepcopy(body)))
        return body

    strategy.toolbox.register("live", spy)
    everyone(strategy, generations)
    return [(heir, body) for heir, body in lived if heir.parents]


@pytest.mark.parametrize(("settings", "zero"), [({}, True), ({"isolate": False}, False), (dict(PAPER), False)])
def test_isolation_lasts_a_life(settings: dict[str, Any], zero: bool, toys: ModuleType) -> None:
    """By default the cross weights of every ancestor are zero after its life; without isolation they have learned."""
    heirs = heir_bodies(gtl(toys, **settings), 2)
    assert len(heirs) == 4
    for heir, body in heirs:
        mask = cross_masks(toys.MLP_BACKBONE.layout, heir.genome.indices)["hidden2.weight"]
        assert bool((body.hidden2.weight[mask] == 0).all()) == zero


@pytest.mark.parametrize(("settings", "cross"), [({}, "zero"), (dict(PAPER), "random")])
def test_the_paper_leaves_cross_weights_random(settings: dict[str, Any], cross: str, toys: ModuleType) -> None:
    """With PAPER heirs keep their random cross weights at birth, and by default they are set to zero."""
    strategy = gtl(toys, **settings)
    original, seen = strategy.toolbox.inherit, []

    def spy(learngene: Learngene, weights: Mapping[str, Tensor], **keywords: Any) -> Any:
        inheritance = original(learngene, weights, **keywords)
        mask = cross_masks(keywords["layout"], inheritance.slots)["hidden2.weight"]
        before, after = weights["hidden2.weight"][mask], inheritance.weights["hidden2.weight"][mask]
        seen.append((torch.equal(before, after), bool((after == 0).all())))
        return inheritance

    strategy.toolbox.register("inherit", spy)
    everyone(strategy, 2)
    assert original.keywords == {"cross": cross}
    # Four lives of the second generation, and critics of both.
    assert seen == [(cross == "random", cross == "zero")] * 12


def test_the_paper_averages_nothing(toys: ModuleType) -> None:
    """With PAPER no siblings are averaged, and the settings say so."""
    strategy = gtl(toys, **PAPER)
    calls = []
    strategy.toolbox.register("average", calls.append)
    everyone(strategy, 3)
    assert not calls
    notes = strategy.result().genome.notes
    assert {name: notes["settings"][name] for name in PAPER} == dict(PAPER)


# Who wins.


@given(st.integers(1, 9), st.data())
def test_every_group_has_one_winner(toys: ModuleType, population: int, data: st.DataObject) -> None:
    """There are ceil(P / t) winners, the best among them, and with full groups the worst t - 1 never."""
    size = data.draw(st.integers(1, population))
    scores = data.draw(st.permutations(range(population)))
    strategy = cheap(toys, lambda one: scores[one.id], population=population, tournament=size, seed=sum(scores[:3]))
    (generation,) = evolve(strategy, 1)
    winners = [scores[one] for one in generation.details["winners"]]
    assert len(winners) == len(set(winners)) == math.ceil(population / size)
    assert max(winners) == population - 1
    if population % size == 0:
        assert min(winners) >= size - 1


@given(
    st.lists(st.sampled_from([True, False, False]), min_size=3, max_size=12),
    st.sampled_from([math.nan, math.inf, -math.inf]),
)
def test_failures_neither_win_nor_enter_the_pool(toys: ModuleType, fails: list[bool], value: float) -> None:
    """Individuals whose fitness is not finite are counted and passed over in every generation."""
    strategy = cheap(toys, lambda one: value if fails[one.id] else one.id / 10, population=3, average=False)
    failed = {one for one, fail in enumerate(fails) if fail}
    for number in range(len(fails) // 3):
        if failed >= set(range(3 * number, 3 * number + 3)):
            with pytest.raises(RuntimeError, match=rf"^all 3 individuals of generation {number} failed"):
                next(evolve(strategy, number + 1))
            return
        (generation,) = evolve(strategy, number + 1)
        people = {one.id for one in generation.population}
        assert generation.failed == len(people & failed)
        assert not failed & set(generation.details["winners"])
        assert not failed & {one["id"] for one in generation.details["pool"]}
        assert max(people - failed) in generation.details["winners"]


def test_nothing_but_failures_under_deaps_loop(toys: ModuleType) -> None:
    """DEAP's loop goes on; the pool stays empty, the next generation are founders, and there is no result."""
    strategy = cheap(toys, lambda one: math.nan)
    population, _ = algorithms.eaGenerateUpdate(strategy.toolbox, ngen=2, verbose=False)
    assert [one.parents for one in population] == [()] * 4
    assert [one.id for one in population] == [4, 5, 6, 7]
    assert len(strategy.pool) == 0
    with pytest.raises(RuntimeError, match="every individual failed"):
        strategy.result()


def test_a_learning_rate_that_breaks_everything_stops_the_run(toys: ModuleType) -> None:
    """Networks that end in NaN end the run with a reason."""
    strategy = gtl(toys, life=Recipe(updates=20, batch=16, learning_rate=1e30))
    with pytest.raises(RuntimeError, match=r"all 4 individuals of generation 0 failed.*learning rate"):
        list(evolve(strategy, 1))


def test_winners_credit_their_ancestors(toys: ModuleType) -> None:
    """Pool scores follow decay, credit of the parent by beta, and the newcomer's own score."""
    settings = {"population": 1, "tournament": 1, "pool": 3, "decay": 0.5, "beta": 0.25, "mutation_rate": 0.0}
    strategy = cheap(toys, lambda one: (one.id + 1) / 8, **settings)
    strategy.toolbox.register("choose_parents", lambda pool, k: [max(pool.individuals, key=lambda one: one.id)] * k)
    pools = [generation.details["pool"] for generation in evolve(strategy, 3)]
    scores = [{entry["id"]: entry["score"] for entry in pool} for pool in pools]
    assert scores[0] == {0: 1 / 8}
    assert scores[1] == pytest.approx({0: 1 / 16 + 0.25 * 2 / 8, 1: 2 / 8})
    # Without mutation all genes overlap, so the grandparent earns beta squared.
    assert scores[2] == pytest.approx({0: 1 / 16 + 0.25**2 * 3 / 8, 1: 1 / 8 + 0.25 * 3 / 8, 2: 3 / 8})
    assert strategy.tree.lineage(2) == [2, 1, 0]


def test_the_tree_holds_the_pool_and_its_ancestors_only(toys: ModuleType) -> None:
    """Lineages of the pool reach founders, and nobody else is remembered."""
    strategy = gtl(toys, pool=2, turnover=2)
    for _ in evolve(strategy, 5):
        lines = [strategy.tree.lineage(one.id) for one in strategy.pool.individuals]
        assert set(strategy.tree.nodes) == {one for line in lines for one in line}
        assert all(strategy.tree.nodes[line[-1]].parent is None for line in lines)


# Lineages: founders, common parents, memory.


def test_the_first_generation_descends_from_its_founders(toys: ModuleType) -> None:
    """Founders are random circuits that never live; their heirs begin with them, side by side, and are siblings."""
    strategy = gtl(toys, **{**FULL, "founders": 2, "mutation_rate": 0.0})
    (first,) = evolve(strategy, 1)
    assert [one.parents for one in first.population] == [(0,), (1,), (0,), (1,)]
    assert [one.id for one in first.population] == [2, 3, 4, 5]
    families = [[one.genome for one in first.population if one.parents == (founder,)] for founder in (0, 1)]
    assert all(one.to_bytes() == other.to_bytes() for one, other in families)
    assert not same_channels(families[0][0], families[1][0])
    assert all(strategy.tree.lineage(one.id)[-1] in (0, 1) for one in strategy.pool.individuals)


def test_founders_wait_for_a_generation_that_lives(toys: ModuleType) -> None:
    """Where every individual of the first generation fails, the second one descends from the same founders."""
    strategy = gtl(toys, **FULL)
    for _ in range(2):
        population = strategy.toolbox.generate()
        assert [one.parents for one in population] == [(0,)] * 4
        for one in population:
            one.fitness.values = (math.nan,)
        strategy.toolbox.update(population)


@pytest.mark.parametrize(("parents", "most"), [(1, 1), (2, 2), (9, 4), (None, 4)])
def test_a_generation_has_so_many_parents(parents: int | None, most: int, toys: ModuleType) -> None:
    """`parents` bounds how many different ones a generation has, and each heir has one of them."""
    strategy = cheap(toys, lambda one: one.id, parents=parents, temperature=1e9, pool=9, turnover=9)
    found = [{one.parents for one in generation.population} for generation in evolve(strategy, 8)][1:]
    assert max(map(len, found)) <= most
    assert len(set.union(*found)) > 1
    if most > 1:
        assert max(map(len, found)) > 1


def test_a_lineage_remembers_classes_and_hands_none_on(toys: ModuleType) -> None:
    """Siblings have one memory of all classes that their lineage has met; the result and its file have none."""
    strategy = gtl(toys, **{**FULL, "ways": 3})
    known = []
    for generation in evolve(strategy, 3):
        first, *rest = (one.memory for one in generation.population)
        assert all(equal(first.tensors(), other.tensors()) for other in rest)
        known.append(int(first.known.sum()))
    assert known == sorted(known)
    assert known[-1] == 5
    best = strategy.result()
    assert best.memory is None
    assert not any("head" in name for name in best.genome.tensors())
    assert all(one.memory is None for one in everyone(gtl(toys, **{**FULL, "memory": False}), 2).values())


def test_nearest_means_score_without_training(toys: ModuleType) -> None:
    """All candidates meet the same tasks, finalists meet others, and only lives take gradient steps."""
    strategy = gtl(toys, **{**FULL, "critics": 3})
    (generation,) = evolve(strategy, 1)
    first = generation.population[0]
    assert strategy.toolbox.evaluate(first) == first.fitness.values
    assert (strategy.critic.tasks, strategy.final_critic.tasks) == (3, 2)
    assert strategy.critic.purpose != strategy.final_critic.purpose
    strategy.result()
    assert strategy.budget.gradient_steps == 4 * LIFE.updates


def test_baldwinian_lineages_remember_nothing(toys: ModuleType) -> None:
    """What was learned is not passed on, and that goes for heads too."""
    assert all(one.memory is None for one in everyone(gtl(toys, **FULL, lamarckian=False), 2).values())


# What it costs.


@pytest.mark.parametrize(
    ("settings", "generations"),
    [
        ({}, 0),
        ({}, 1),
        ({}, 3),
        (dict(PAPER), 2),
        (dict(FULL), 3),
        ({"critics": 2, "metric": "auc", "finalists": 9, "population": 5, "tournament": 3}, 3),
        ({"lamarckian": False, "pool": 1, "final_critics": 1}, 2),
        ({"population": 3, "tournament": 3, "turnover": 0, "ways": 2, "critic_ways": 3, "shots": 1}, 2),
        ({"life": Recipe(updates=2, batch=1000)}, 1),
    ],
)
def test_the_budget_is_the_planned_one_and_what_is_trained(
    settings: dict[str, Any], generations: int, toys: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plan, count and a spy on every training agree on steps and multiply-adds."""
    spent = Budget()

    def spy(trainings: Sequence[Training], **options: Any) -> list[Outcome]:
        nonlocal spent
        for training in trainings:
            ways, images = len(training.task.classes), len(training.task.train)
            heads = 2 if isinstance(training.loss, Condensing) else 1
            cost = {"image": (1, 8, 8), "classes": ways, "images": images, "heads": heads}
            spent = spent.then(training_budget(toys.MLP_BACKBONE, training.recipe, **cost))
        return train_all(trainings, **options)

    monkeypatch.setattr(live, "train_all", spy)
    monkeypatch.setattr(critic, "train_all", spy)
    strategy = gtl(toys, **settings)
    planned = strategy.planned_budget(generations)
    last = [generation.budget for generation in evolve(strategy, generations)]
    assert last == sorted(last, key=lambda budget: budget.gradient_steps)
    if generations:
        strategy.result()
    assert strategy.budget == planned
    assert (spent.gradient_steps, spent.multiply_adds) == (planned.gradient_steps, planned.multiply_adds)
    finalists = len(strategy.pool.individuals[: strategy.finalists])
    assert planned.evaluations == generations * strategy.population + finalists
    steps = LIFE.updates if not settings else 0
    assert not steps or planned.critical_path == generations * (3 + 2) + (2 if generations else 0)


# How it continues.


def continued(toys: ModuleType, before: int, path: Path | None, **settings: Any) -> GTL:
    """Return a new strategy that takes over after some generations of another one, by memory or by files."""
    first = gtl(toys, **settings)
    list(evolve(first, before))
    second = gtl(toys, **settings)
    state = first.state_dict()
    if path is not None:
        save_checkpoint(path, before, state)
        loaded = load_checkpoint(path)
        assert loaded is not None
        assert loaded[0] == before
        state = loaded[1]
    second.load_state_dict(state)
    assert equal(second.state_dict(), first.state_dict())
    return second


@pytest.mark.parametrize(
    ("backbone", "files", "before", "settings"),
    [
        ("MLP_BACKBONE", False, 0, {"resize_rate": 0.3}),
        ("MLP_BACKBONE", False, 1, {"resize_rate": 0.3}),
        ("MLP_BACKBONE", True, 3, {"resize_rate": 0.3}),
        ("MLP_BACKBONE", True, 0, {}),
        ("MLP_BACKBONE", False, 0, dict(FULL)),
        ("MLP_BACKBONE", True, 1, dict(FULL)),
        ("CONVNET", True, 2, dict(FULL)),
    ],
)
def test_a_state_continues_bit_for_bit(
    backbone: str, files: bool, before: int, settings: dict[str, Any], toys: ModuleType, tmp_path: Path
) -> None:
    """A new strategy with the state of a stopped one goes on as if nothing had happened, through files too."""
    whole = run(gtl(toys, backbone, **settings), 4)
    strategy = continued(toys, before, tmp_path if files else None, backbone=backbone, **settings)
    assert strategy.generation == before
    assert run(strategy, 4) == whole[before:]


@pytest.mark.parametrize("stops", [[1], [2, 3], [0, 1, 2, 3]])
def test_a_run_directory_continues_bit_for_bit(stops: list[int], toys: ModuleType, tmp_path: Path) -> None:
    """A run that is stopped and called again leaves the records, checkpoint and result of an uninterrupted one."""
    whole = gtl(toys)
    list(evolve(whole, 4, run_dir=tmp_path / "whole"))
    for generations in [*stops, 4]:
        strategy = gtl(toys)
        list(evolve(strategy, generations, run_dir=tmp_path / "parts"))
    records = [read_records(tmp_path / name / "records.jsonl") for name in ("whole", "parts")]
    without_time = [[{**record, "seconds": 0} for record in part] for part in records]
    assert without_time[0] == without_time[1]
    assert [record["generation"] for record in records[0]] == [0, 1, 2, 3]
    assert equal(whole.state_dict(), strategy.state_dict())
    assert genome_bytes(whole.result()) == genome_bytes(strategy.result())
    loaded = load_checkpoint(tmp_path / "parts" / "checkpoints")
    assert loaded is not None
    assert loaded[0] == 4
    assert equal(loaded[1], {**strategy.state_dict(), "budget": loaded[1]["budget"]})
    finished = gtl(toys)
    assert list(evolve(finished, 4, run_dir=tmp_path / "parts")) == []
    assert genome_bytes(finished.result()) == genome_bytes(whole.result())


def test_a_result_is_that_of_its_time(toys: ModuleType) -> None:
    """Generations that follow make a new result, and a strategy that is set back gives the old one again."""
    strategy, other = gtl(toys), gtl(toys)
    list(evolve(strategy, 1))
    state = copy.deepcopy(strategy.state_dict())
    early = genome_bytes(strategy.result())
    list(evolve(strategy, 3))
    list(evolve(other, 3))
    assert strategy.result().genome.notes["generations"] == 3
    assert genome_bytes(strategy.result()) == genome_bytes(other.result()) != early
    strategy.load_state_dict(state)
    assert genome_bytes(strategy.result()) == early
    assert strategy.generation == 1


def test_a_state_is_json_but_for_tensors(toys: ModuleType) -> None:
    """The record of a generation is plain JSON, and states share nothing with what goes on."""
    strategy = gtl(toys)
    list(evolve(strategy, 1))
    json.dumps(strategy.record(), allow_nan=False)
    state = strategy.state_dict()
    kept = copy.deepcopy(state)
    list(evolve(strategy, 3))
    assert equal(state, kept)


# What it hands on.


def test_the_result_is_idempotent_and_says_where_it_comes_from(toys: ModuleType) -> None:
    """Asking twice costs nothing more, and the notes hold lineage, settings, classes and score."""
    strategy = gtl(toys)
    people = everyone(strategy, 3)
    best = strategy.result()
    budget, state = strategy.budget, strategy.state_dict()
    assert strategy.result() is best
    assert strategy.budget == budget
    assert equal(strategy.state_dict(), state)
    lineage = [best.id]
    while people[lineage[-1]].parents:
        lineage.append(people[lineage[-1]].parents[0])
    notes, dataset = best.genome.notes, toys.dataset()
    assert notes["lineage"] == lineage
    assert notes["classes"] == {"ancestry": list(dataset.ancestry.classes), "held_out": list(dataset.held_out.classes)}
    assert notes["settings"]["life"] == {**notes["settings"]["life"], "updates": 3, "batch": 16}
    assert {name: notes["settings"][name] for name in ("population", "share", "isolate")} == {
        "population": 4,
        "share": 0.4,
        "isolate": True,
    }
    assert (notes["strategy"], notes["seed"], notes["generations"]) == ("gtl", 0, 3)
    assert best.fitness.values == (notes["score"],)
    assert Learngene.from_bytes(best.genome.to_bytes()).notes == notes
    assert not people[best.id].genome.notes


def test_the_best_finalist_of_the_fresh_tasks_is_returned(toys: ModuleType) -> None:
    """The result has the highest score of the final critics among the first m entries."""
    strategy = gtl(toys, finalists=2, final_critics=3)
    list(evolve(strategy, 3))
    scores = {one.id: strategy.final_critic(one)[0] for one in strategy.pool.individuals}
    finalists = [one.id for one in strategy.pool.individuals[:2]]
    best = strategy.result()
    assert best.id in finalists
    assert best.fitness.values == (max(scores[one] for one in finalists),)
    assert strategy.final_critic.critics == 3
    assert strategy.final_critic.purpose != strategy.critic.purpose


def test_finalists_that_fail_come_last(toys: ModuleType) -> None:
    """A finalist whose final score is NaN is not returned as long as there is another."""
    strategy = cheap(toys, lambda one: one.id / 10)
    list(evolve(strategy, 2))
    first = strategy.pool.individuals[0].id
    plain = strategy.toolbox.map
    strategy.toolbox.register(
        "map",
        lambda f, people: [
            (math.nan,) if one.id == first else scores for one, scores in zip(people, plain(f, people), strict=True)
        ],
    )
    assert strategy.result().id != first


def test_no_result_before_the_first_generation(toys: ModuleType) -> None:
    """An empty pool has no best."""
    with pytest.raises(RuntimeError, match="no generation has ended"):
        gtl(toys).result()


def shaded(dataset: Dataset) -> Dataset:
    """Return the data set with values below 80 in ancestry, below 160 in held_out and above that in novel."""

    def shades(images: LabelledImages, low: int, high: int) -> LabelledImages:
        return replace(images, images=(images.images.int() * (high - low) // 256 + low).to(torch.uint8))

    ranges = {"ancestry": (0, 80), "held_out": (80, 160), "novel": (160, 256)}
    return Dataset.of("shaded", **{role: shades(dataset.role(role), *shade) for role, shade in ranges.items()})


@pytest.mark.parametrize("settings", [{}, {"metric": "auc", **PAPER}])
def test_roles_are_never_mixed(settings: dict[str, Any], toys: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lives read ancestry images, critics held-out ones, also at the end; novel ones are never read."""
    read: dict[str, list[Tensor]] = {"live": [], "critic": []}

    def spy_of(who: str) -> Any:
        def spy(trainings: Sequence[Training], **options: Any) -> list[Outcome]:
            for training in trainings:
                pixels = training.pixels

                def look(images: Tensor, pixels: Any = pixels) -> Tensor:
                    read[who].append(images)
                    return pixels(images)

                object.__setattr__(training, "pixels", look)
            return train_all(trainings, **options)

        return spy

    monkeypatch.setattr(live, "train_all", spy_of("live"))
    monkeypatch.setattr(critic, "train_all", spy_of("critic"))
    strategy = gtl(toys, dataset=shaded(toys.dataset()), **settings)
    run(strategy, 2)
    assert len(read["live"]) == 8 * LIFE.updates
    ranges = {who: (int(torch.cat(images).min()), int(torch.cat(images).max())) for who, images in read.items()}
    assert ranges["live"][1] < 80 <= ranges["critic"][0] <= ranges["critic"][1] < 160


# What it refuses.


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"tournament": 0}, r"^tournament must lie between 1 and the population of 4, but it is 0\.$"),
        ({"tournament": 5}, r"^tournament must lie between 1 and the population of 4, but it is 5\.$"),
        ({"population": 0, "tournament": 1}, r"^tournament must lie between 1 and the population of 0"),
        ({"critics": 0}, r"^critics must be at least 1, but it is 0\.$"),
        ({"final_critics": 0}, r"critics must be at least 1, but it is 0\.$"),
        ({"metric": "best"}, r'^metric must be "final" or "auc", but it is \'best\'\.$'),
        ({"pool": 0}, r"^capacity must be at least 1 and turnover at least 0, but they are 0 and 2\.$"),
        ({"turnover": -1}, r"^capacity must be at least 1 and turnover at least 0, but they are 5 and -1\.$"),
        ({"beta": 1.5}, r"^beta must lie in \[0, 1\], but it is 1\.5\.$"),
        ({"credit": "linear"}, r'^credit must be "geometric" or "grl", but it is \'linear\'\.$'),
        ({"seed": -1}, r"^a seed .* -1 "),
        ({"share": 0.0}, r"^share must lie in \(0, 1\], temperature .* but they are 0\.0, 0\.125 and 0\.0\.$"),
        ({"share": 1.5}, r"^share must lie in \(0, 1\].* but they are 1\.5,"),
        ({"share": math.nan}, r"^share must lie in \(0, 1\].* but they are nan,"),
        ({"temperature": 0.0}, r"temperature be above 0 .* but they are 0\.4, 0\.0 and 0\.0\.$"),
        ({"noise": -1.0}, r"noise at least 0, but they are 0\.4, 0\.125 and -1\.0\.$"),
        ({"mutation_rate": 1.5}, r"^mutation_rate must lie in \[0, 1\], but it is 1\.5\.$"),
        ({"resize_rate": -0.5}, r"^resize_rate must lie in \[0, 1\], but it is -0\.5\.$"),
        ({"decay": math.nan}, r"^decay must lie in \[0, 1\], but it is nan\.$"),
        ({"ways": 0}, r"^ways must be at least 1, but it is 0\.$"),
        ({"critic_ways": 0}, r"^critic_ways must be at least 1, but it is 0\.$"),
        ({"finalists": 0}, r"^finalists must be at least 1, but it is 0\.$"),
        ({"parents": 0}, r"^parents must be at least 1, but it is 0\.$"),
        ({"founders": -1}, r"^founders must be at least 0, but it is -1\.$"),
        ({"scoring": "mean"}, r'^scoring must be "critics" or "nearest-mean", but it is \'mean\'\.$'),
        ({"cycle": 0}, r"^cycle must be at least 1, but it is 0\.$"),
        ({"condense": True, "founders": 0}, r"^condense needs isolate and founders, .* but they are True and 0\.$"),
        ({"condense": True, "founders": 1, "isolate": False}, r"^condense needs .* but they are False and 1\.$"),
    ],
)
def test_impossible_settings_are_refused_at_once(wrong: dict[str, Any], words: str, toys: ModuleType) -> None:
    """A setting out of its range is named in one sentence when the strategy is made."""
    with pytest.raises(ValueError, match=words):
        gtl(toys, **wrong)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"cross": "none"}, r'^cross must be "zero" or "random", but it is \'none\'\.$'),
        ({"ways": 6}, r"^ways must lie in 1\.\.5.* but it is 6\.$"),
        ({"critic_ways": 5}, r"^ways must lie in 1\.\.4.* but it is 5\.$"),
        ({"shots": 0}, r"^shots must .* but it is 0"),
        ({"shots": 60}, r"^shots must .* but it is 60"),
    ],
)
def test_settings_that_the_data_can_not_fulfil_end_the_first_generation(
    wrong: dict[str, Any], words: str, toys: ModuleType
) -> None:
    """What there are too few classes or images for is said in a sentence, and no record is made."""
    with pytest.raises(ValueError, match=words):
        next(evolve(gtl(toys, **wrong), 1))


def test_an_evaluator_without_training_is_not_charged(toys: ModuleType) -> None:
    """Only lives cost something when nearest means stand in for critics; an evaluator of unknown cost is charged."""
    strategy = gtl(toys)
    critic, upbringing = strategy.critic, strategy.critic.upbringing
    settings = {"images": critic.images, "ways": critic.ways, "shots": critic.shots, "seed": 0, "test_per_class": 2}
    strategy.toolbox.register("evaluate", NearestMean(upbringing=upbringing, **settings))
    list(evolve(strategy, 1))
    assert strategy.budget == replace(strategy.life.budget, evaluations=1).times(strategy.population)
    unknown = gtl(toys)
    unknown.toolbox.register("evaluate", lambda individual: (float(individual.id),))
    list(evolve(unknown, 1))
    assert unknown.budget.gradient_steps > strategy.budget.gradient_steps


def test_a_final_score_that_is_not_finite_is_noted_as_unknown(toys: ModuleType) -> None:
    """The learngene can be saved all the same."""
    strategy = gtl(toys)
    list(evolve(strategy, 1))
    strategy.toolbox.register("map", lambda function, individuals: [(float("nan"),) for _ in individuals])
    result = strategy.result()
    assert result.fitness.failed
    assert Learngene.from_bytes(result.genome.to_bytes()).notes["score"] is None


def test_an_operator_that_works_in_place_harms_no_sibling(toys: ModuleType) -> None:
    """Siblings have copies of their average: what is done to one of them is not done to the others."""
    strategy = gtl(toys, population=4, pool=1, mutation_rate=0.0)

    def in_place(learngene: Learngene, weights: object) -> Learngene:
        del weights
        next(iter(learngene.slices.values())).zero_().add_(len(changed))
        changed.append(learngene)
        return learngene

    list(evolve(strategy, 1))
    changed: list[Learngene] = []
    strategy.toolbox.register("mutate", in_place)
    list(evolve(strategy, 2))
    first = [float(next(iter(learngene.slices.values())).max()) for learngene in changed]
    assert first == [0.0, 1.0, 2.0, 3.0]


def test_the_finalists_are_scored_by_the_registered_verb(toys: ModuleType) -> None:
    """Who swaps `rescore` decides on the result; what comes back from a mutation is checked."""
    strategy = gtl(toys)
    list(evolve(strategy, 2))
    worst = strategy.pool.individuals[: strategy.finalists][-1]
    strategy.toolbox.register("rescore", lambda one: (1.0 if one.id == worst.id else 0.0,))
    assert strategy.result().id == worst.id
    strategy.toolbox.register("mutate", lambda learngene, weights: (learngene,))
    with pytest.raises(TypeError, match="mutate must return a Learngene, but it returned a tuple"):
        list(evolve(strategy, 3))


@pytest.mark.parametrize(
    ("wrong", "words"), [({"life": 100}, "life must be a Recipe"), ({}, "dataset must be a Dataset")]
)
def test_wrong_types_are_told(wrong: dict[str, Any], words: str, toys: ModuleType) -> None:
    """At once, by the argument's name."""
    with pytest.raises(TypeError, match=words):
        GTL(toys.dataset() if wrong else "glyphs", toys.MLP_BACKBONE, **wrong)


def test_the_chunk_of_the_map_makes_no_difference(toys: ModuleType) -> None:
    """Lives and critics in chunks of two give the same as all at once, bit for bit."""
    chunked = gtl(toys)
    chunked.toolbox.register("map", batched_map, chunk=2)
    assert run(chunked, 2) == run(gtl(toys), 2)
