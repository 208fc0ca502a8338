"""The layer-wise learngene: GTL around whole layers, whose choice evolves."""

from collections import Counter
from functools import partial
from types import ModuleType
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.evolution import evolve
from neuroevo.execution import Recipe
from neuroevo.individual import Fitness, Individual
from neuroevo.learngene import Learngene
from neuroevo.operators.circuits import whole_circuit
from neuroevo.operators.inheritance import extract
from neuroevo.operators.layers import layer_overlap, layers_held, random_layers, tensors_of
from neuroevo.strategies import GTL, PAPER, GenePool, Layerwise
from neuroevo.strategies.gtl.layerwise import mutate_layers, pool_share
from neuroevo.testing.laws.learngenes import NewIds

SETTINGS: dict[str, Any] = {
    "population": 4,
    "critic_shots": 3,
    "share": 0.4,
    "life": Recipe(updates=3, batch=16),
    "critic": Recipe(updates=2, batch=8),
    "final_critics": 2,
}


def layerwise(toys: ModuleType, **settings: Any) -> Layerwise:
    """Return a strategy that runs a generation in some hundredths of a second."""
    return Layerwise(toys.dataset(size=16), toys.CONVNET, **{**SETTINGS, **settings})


def holding(toys: ModuleType, *chosen: str, seed: int = 0) -> Learngene:
    """Return a learngene of these layers, whose channels have ids of their own."""
    layout = toys.CONVNET.layout
    provenance = {group: 100 * place + torch.arange(n) for place, (group, n) in enumerate(layout.groups.items())}
    return extract(
        toys.network(toys.CONVNET, seed=seed).state_dict(),
        whole_circuit(layout),
        backbone=toys.CONVNET,
        provenance=provenance,
        tensors=tensors_of(layout, chosen),
    )


def pool_of(toys: ModuleType, **scores: float) -> GenePool:
    """Return a pool of entries of one layer each, with these scores."""
    pool = GenePool(capacity=9, turnover=9)
    individuals = [Individual(holding(toys, layer), Fitness((1.0,)), id=id) for id, layer in enumerate(scores)]
    pool.merge(individuals, dict(enumerate(scores.values())))
    return pool


def test_learngenes_hold_whole_layers(toys: ModuleType) -> None:
    """Every channel of some layers, whose weights were trained; their share is that of the choice."""
    strategy = layerwise(toys)
    layout, seen = toys.CONVNET.layout, set()
    for generation in evolve(strategy, 4):
        for one in generation.population:
            chosen = layers_held(one.genome)
            assert set(one.genome.slices) == set(tensors_of(layout, chosen)) != set(layout.axes)
            assert one.genome.counts == dict(layout.groups)
            assert abs(one.genome.share - 0.4) < 0.4
            seen.add(chosen)
    assert len(seen) > 1
    assert strategy.tree.overlap is layer_overlap
    best = strategy.result()
    assert best.genome.notes["strategy"] == "layerwise"
    assert best.genome.notes["settings"]["credit"] == "grl"


def test_heirs_carry_on_their_parents_layers(toys: ModuleType) -> None:
    """Without mutation an heir holds its parent's layers with their ids, and has learned."""
    strategy = layerwise(toys, mutation_rate=0.0)
    individuals = {one.id: one for generation in evolve(strategy, 4) for one in generation.population}
    heirs = [one for one in individuals.values() if one.parents]
    assert heirs
    for heir in heirs:
        parent = individuals[heir.parents[0]]
        assert layers_held(heir.genome) == layers_held(parent.genome)
        assert all(torch.equal(ids, parent.genome.provenance[layer]) for layer, ids in heir.genome.provenance.items())
        assert not any(torch.equal(heir.genome.slices[name], parent.genome.slices[name]) for name in heir.genome.slices)


def test_lineages_can_begin_with_founders(toys: ModuleType) -> None:
    """Then the first generation inherits whole layers of fresh networks."""
    strategy = layerwise(toys, founders=1, average=True, mutation_rate=0.0)
    chosen = {layers_held(one.genome) for one in next(evolve(strategy, 1)).population}
    assert len(chosen) == 1
    assert chosen != {tuple(toys.CONVNET.layout.groups)}


@pytest.mark.parametrize("settings", [{}, {"founders": 1, "parents": 1, "memory": True}], ids=str)
def test_it_costs_what_gtl_costs(settings: dict[str, Any], toys: ModuleType) -> None:
    """Plan and count agree with each other and with GTL's of the same settings."""
    plain = partial(GTL, **{name: value for name, value in PAPER.items() if name not in {*SETTINGS, *settings}})
    ours, theirs = (kind(toys.dataset(size=16), toys.CONVNET, **SETTINGS, **settings) for kind in (Layerwise, plain))
    for strategy in (ours, theirs):
        list(evolve(strategy, 3))
        strategy.result()
    assert ours.budget == theirs.budget == ours.planned_budget(3) == theirs.planned_budget(3)


def test_the_pools_share_counts_scores(toys: ModuleType) -> None:
    """Entries with the same layers count by their scores; an empty pool, or one without scores, gives 0."""
    pool = pool_of(toys, conv1=0.5, conv2=0.3, conv3=0.2)
    assert pool_share(pool, ("conv2",)) == pytest.approx(0.3)
    assert pool_share(pool, ("conv1", "conv2")) == 0
    assert pool_share(GenePool(capacity=1, turnover=1), ("conv1",)) == 0
    assert pool_share(pool_of(toys, conv1=0.0), ("conv1",)) == 0


@pytest.mark.parametrize(
    ("rate", "share", "chance"), [(1.0, 0.0, 0.5), (1.0, 0.6, 0.2), (0.5, 0.0, 0.25), (1.0, 1.0, 0)]
)
def test_layers_are_drawn_anew_as_often_as_grl_does(rate: float, share: float, chance: float, toys: ModuleType) -> None:
    """With probability rate * (1 - p) / 2, p being the share of the pool that has the same layers."""
    learngene = holding(toys, "conv3")
    weights = toys.network(toys.CONVNET, seed=1).state_dict()
    others = {"conv1": 1 - share} if share < 1 else {}
    pool = pool_of(toys, conv3=share, **others)
    draws, source, counted = 600, toys.generator(5), Counter[tuple[str, ...]]()
    for _ in range(draws):
        mutant = mutate_layers(
            learngene, weights, pool=pool, rate=rate, sigma=0.0, share=0.2, generator=source, new_ids=NewIds()
        )
        counted[layers_held(mutant)] += 1
    # A draw gives conv3 again in some cases.
    again = Counter(random_layers(toys.CONVNET.layout, share=0.2, generator=source) for _ in range(draws))
    expected = chance * (1 - again[("conv3",)] / draws)
    assert (draws - counted[("conv3",)]) / draws == pytest.approx(expected, abs=0.09)
    assert chance or set(counted) == {("conv3",)}


@given(seed=st.integers(0, 2**32), sigma=st.sampled_from([0.0, 0.1]))
def test_new_layers_are_read_from_the_network(toys: ModuleType, seed: int, sigma: float) -> None:
    """A mutant holds the network's weights; layers that stay keep their ids, others get new ones."""
    learngene = holding(toys, "conv1", "conv3").with_notes(note=1)
    before, weights = learngene.to_bytes(), toys.network(toys.CONVNET, seed=1).state_dict()
    mutant = mutate_layers(
        learngene,
        weights,
        pool=GenePool(capacity=1, turnover=1),
        rate=1.0,
        sigma=sigma,
        share=0.4,
        generator=toys.generator(seed),
        new_ids=NewIds(),
    )
    assert learngene.to_bytes() == before
    assert mutant.notes == {"note": 1}
    for name, part in mutant.slices.items():
        same = torch.equal(part, weights[name])
        assert same == (sigma == 0 or name in toys.CONVNET.layout.buffers)
    for layer in layers_held(mutant):
        kept = torch.equal(mutant.provenance[layer], learngene.provenance[layer])
        assert kept == (layer in ("conv1", "conv3"))
        assert kept or int(mutant.provenance[layer].min()) >= 10**6


def test_whole_layers_have_no_channels_to_move(toys: ModuleType) -> None:
    """Resizing and condensing are refused in one sentence, and so are unknown settings."""
    with pytest.raises(ValueError, match=r"^resize_rate must be off, for it is about channels, but it is 0\.5\.$"):
        layerwise(toys, resize_rate=0.5)
    with pytest.raises(ValueError, match=r"^condense must be off, for it is about channels, but it is True\.$"):
        layerwise(toys, condense=True, isolate=True, founders=1)
    with pytest.raises(TypeError, match="unknown"):
        layerwise(toys, unknown=1)
