"""What an heir of GTL has from its parent: channels and weights, isolated and averaged, mutated or learned."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor

from neuroevo.evolution import evolve
from neuroevo.individual import Individual
from neuroevo.learngene import Learngene
from neuroevo.operators.inheritance import cross_masks, extract
from neuroevo.operators.learngenes import same_channels
from neuroevo.strategies import PAPER


def test_without_mutation_the_channels_are_the_parents(gtls: ModuleType, toys: ModuleType) -> None:
    """Index sets and provenance pass unchanged from parent to child, while a life changes the weights."""
    individuals = gtls.every_individual(gtls.gtl(toys, mutation_rate=0.0, average=False), 4)
    children = [one for one in individuals.values() if one.parents]
    assert len(children) == 12
    for child in children:
        (parent,) = child.parents
        ancestor = individuals[parent]
        assert ancestor.generation < child.generation
        assert same_channels(child.genome, ancestor.genome)
        assert gtls.equal(child.genome.provenance, ancestor.genome.provenance)
        assert not gtls.equal(child.genome.slices, ancestor.genome.slices)
        assert child.body is None


def test_mutation_brings_new_channels_of_new_provenance(gtls: ModuleType, toys: ModuleType) -> None:
    """Sizes stay, kept provenance is the parent's, and what is new was never there before."""
    seen: set[int] = set()
    individuals = gtls.every_individual(gtls.gtl(toys, mutation_rate=0.4), 4)
    changed = 0
    for one in individuals.values():
        ids = {int(i) for group in one.genome.provenance.values() for i in group}
        inherited = set()
        if one.parents:
            parent = individuals[one.parents[0]].genome
            inherited = {int(i) for group in parent.provenance.values() for i in group}
            assert one.genome.counts == parent.counts
        assert not (ids - inherited) & seen
        changed += bool(one.parents) and ids != inherited
        seen |= ids
    assert changed > 0


@pytest.mark.parametrize("share", [0.1, 0.4, 1.0])
def test_learngenes_keep_their_share(share: float, gtls: ModuleType, toys: ModuleType) -> None:
    """No learngene ever holds more than the share that was asked for (or one channel per group)."""
    for one in gtls.every_individual(gtls.gtl(toys, share=share, resize_rate=0.5), 3).values():
        assert one.genome.share <= share or set(one.genome.counts.values()) == {1}


def test_baldwinian_genes_are_those_of_the_founder(gtls: ModuleType, toys: ModuleType) -> None:
    """What the circuit learns in a life is not inherited: after generations its weights are as at birth."""
    strategy = gtls.gtl(toys, lamarckian=False, mutation_rate=0.0, average=False)
    individuals = gtls.every_individual(strategy, 3)
    for one in individuals.values():
        founder = one
        while founder.parents:
            founder = individuals[founder.parents[0]]
        assert gtls.genome_bytes(one) == gtls.genome_bytes(founder)
    assert len({gtls.genome_bytes(one) for one in individuals.values()}) == 4
    assert strategy.budget.gradient_steps == 3 * 4 * (gtls.LIFE.updates + gtls.CRITIC.updates)
    assert max(one.generation for one in individuals.values()) == 2


def test_mutation_brings_what_was_learned_into_a_baldwinian_circuit(gtls: ModuleType, toys: ModuleType) -> None:
    """Weights between two channels that mutation brought in are the trained network's, the others' are as inherited."""
    strategy = gtls.gtl(toys, lamarckian=False, mutation_rate=0.5, average=False)
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


def test_siblings_of_one_parent_become_one(gtls: ModuleType, toys: ModuleType) -> None:
    """With `average` and no mutation siblings have equal genomes, the mean of what they learned."""
    strategy = gtls.gtl(toys, mutation_rate=0.0, population=6)
    original, families = strategy.toolbox.average, []

    def spy(siblings: Sequence[Learngene]) -> Learngene:
        families.append([sibling.to_bytes() for sibling in siblings])
        mean = original(siblings)
        for name, tensor in mean.slices.items():
            torch.testing.assert_close(tensor, sum(sibling.slices[name] for sibling in siblings) / len(siblings))
        return mean

    strategy.toolbox.register("average", spy)
    strategy.rehearse()
    families.clear()
    individuals = gtls.every_individual(strategy, 3)
    offspring: dict[Any, list[bytes]] = {}
    for one in individuals.values():
        if one.parents:
            offspring.setdefault((one.generation, one.parents), []).append(gtls.genome_bytes(one))
    assert all(len(set(siblings)) == 1 for siblings in offspring.values())
    sizes = sorted(len(siblings) for siblings in offspring.values() if len(siblings) > 1)
    assert sorted(map(len, families)) == sizes != []
    assert all(len(set(family)) == len(family) for family in families)
    founders = [gtls.genome_bytes(one) for one in individuals.values() if not one.parents]
    assert len(set(founders)) == 6


@pytest.mark.parametrize("average", [True, False])
def test_mutation_gets_the_network_that_holds_the_learngene(average: bool, gtls: ModuleType, toys: ModuleType) -> None:
    """The weights that mutation reads slices from hold the learngene that it gets, averaged or not."""
    strategy = gtls.gtl(toys, average=average, population=6)
    original, checked = strategy.toolbox.mutate, []

    def spy(learngene: Learngene, weights: Mapping[str, Tensor]) -> Learngene:
        again = extract(weights, learngene.indices, backbone=learngene.backbone, provenance=learngene.provenance)
        checked.append(again.to_bytes() == learngene.to_bytes())
        return original(learngene, weights)

    strategy.toolbox.register("mutate", spy)
    strategy.rehearse()
    checked.clear()
    gtls.every_individual(strategy, 3)
    assert checked == [True] * 18


@pytest.mark.parametrize(("settings", "zero"), [({}, True), ({"isolate": False}, False), (dict(PAPER), False)])
def test_isolation_lasts_a_life(settings: dict[str, Any], zero: bool, gtls: ModuleType, toys: ModuleType) -> None:
    """By default the cross weights of every ancestor are zero after its life; without isolation they have learned."""
    heirs = gtls.heir_bodies(gtls.gtl(toys, **settings), 2)
    assert len(heirs) == 4
    for heir, body in heirs:
        mask = cross_masks(toys.MLP_BACKBONE.layout, heir.genome.indices)["hidden2.weight"]
        assert bool((body.hidden2.weight[mask] == 0).all()) == zero


@pytest.mark.parametrize(("settings", "cross"), [({}, "zero"), (dict(PAPER), "random")])
def test_the_paper_leaves_cross_weights_random(
    settings: dict[str, Any], cross: str, gtls: ModuleType, toys: ModuleType
) -> None:
    """With PAPER heirs keep their random cross weights at birth, and by default they are set to zero."""
    strategy = gtls.gtl(toys, **settings)
    original, seen = strategy.toolbox.inherit, []

    def spy(learngene: Learngene, weights: Mapping[str, Tensor], **keywords: Any) -> Any:
        inheritance = original(learngene, weights, **keywords)
        mask = cross_masks(keywords["layout"], inheritance.slots)["hidden2.weight"]
        before, after = weights["hidden2.weight"][mask], inheritance.weights["hidden2.weight"][mask]
        seen.append((torch.equal(before, after), bool((after == 0).all())))
        return inheritance

    strategy.toolbox.register("inherit", spy)
    strategy.rehearse()
    seen.clear()
    gtls.every_individual(strategy, 2)
    assert original.keywords == {"cross": cross}
    # Four lives of the second generation, and critics of both.
    assert seen == [(cross == "random", cross == "zero")] * 12


def test_the_paper_averages_nothing(gtls: ModuleType, toys: ModuleType) -> None:
    """With PAPER no siblings are averaged, and the settings say so."""
    strategy = gtls.gtl(toys, **PAPER)
    original, calls = strategy.toolbox.average, []
    strategy.toolbox.register("average", lambda siblings: calls.append(siblings) or original(siblings))
    strategy.rehearse()
    calls.clear()
    gtls.every_individual(strategy, 3)
    assert not calls
    notes = strategy.result().genome.notes
    assert {name: notes["settings"][name] for name in PAPER} == dict(PAPER)
