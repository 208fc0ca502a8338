"""Variation of learngenes: circuits stay closed, ids show what is new, and nothing else changes."""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from types import ModuleType

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, chisquare, kstest
from torch import Tensor

from neuroevo.backbones import MLP, ConvNet4
from neuroevo.learngene import Learngene
from neuroevo.operators.circuits import whole_circuit
from neuroevo.operators.inheritance import extract
from neuroevo.operators.learngenes import average, mutate, noise, overlap, resize, same_channels

Kind = MLP | ConvNet4

WIDTHS = st.integers(1, 9)
BACKBONES = st.builds(
    MLP, widths=st.lists(WIDTHS, min_size=1, max_size=4).map(tuple), inputs=st.integers(1, 9)
) | st.builds(ConvNet4, widths=st.tuples(*[WIDTHS] * 4), channels=st.integers(1, 3))
SHARES = st.floats(0.05, 1)
RATES = st.floats(0, 1)
SEEDS = st.integers(0, 2**32)
VARIATIONS = pytest.mark.parametrize("vary", [mutate, resize])

FIRST_NEW = 10_000


class NewIds:
    """Numbers from 10,000 on, each given out once."""

    def __init__(self) -> None:
        self.next = FIRST_NEW

    def __call__(self, count: int) -> Tensor:
        """Return the next `count` numbers."""
        self.next += count
        return torch.arange(self.next - count, self.next)


def bits(learngene: Learngene) -> bytes:
    """Return everything that a learngene holds."""
    return learngene.to_bytes()


def storages(learngene: Learngene) -> set[int]:
    """Return where the tensors lie in memory."""
    parts = (learngene.indices, learngene.slices, learngene.provenance)
    return {tensor.untyped_storage().data_ptr() for part in parts for tensor in part.values()}


def channels_by_id(learngene: Learngene, group: str) -> dict[int, int]:
    """Return the channel of each id of a group."""
    return dict(zip(learngene.provenance[group].tolist(), learngene.indices[group].tolist(), strict=True))


def is_closed(learngene: Learngene, weights: dict[str, Tensor]) -> bool:
    """Return whether all slices are the network's at the learngene's indices."""
    again = extract(weights, learngene.indices, backbone=learngene.backbone, provenance=learngene.provenance)
    return all(torch.equal(tensor, again.slices[name]) for name, tensor in learngene.slices.items())


@VARIATIONS
@given(backbone=BACKBONES, share=SHARES, seed=SEEDS)
def test_rate_zero_changes_nothing(
    vary: Callable[..., Learngene], backbone: Kind, share: float, seed: int, toys: ModuleType
) -> None:
    """At rate 0 every bit stays, notes included, and no id is used up."""
    learngene = toys.learngene(backbone, share=share, seed=seed).with_notes(mother=3)
    weights, ids = toys.network(backbone, seed=seed).state_dict(), NewIds()
    same = vary(learngene, weights, rate=0.0, generator=toys.generator(seed), new_ids=ids)
    assert bits(same) == bits(learngene)
    assert ids.next == FIRST_NEW


@VARIATIONS
@given(backbone=BACKBONES, share=SHARES, rate=RATES, seed=SEEDS)
def test_variation_is_pure(
    vary: Callable[..., Learngene], backbone: Kind, share: float, rate: float, seed: int, toys: ModuleType
) -> None:
    """The result follows from the generator; arguments keep their values and share no memory with it."""
    learngene = toys.learngene(backbone, share=share, seed=seed).with_notes(mother=3)
    weights = toys.network(backbone, seed=seed).state_dict()
    before, copies = bits(learngene), {name: tensor.clone() for name, tensor in weights.items()}
    first, second = (
        vary(learngene, weights, rate=rate, generator=toys.generator(seed), new_ids=NewIds()) for _ in range(2)
    )
    assert bits(first) == bits(second)
    assert bits(learngene) == before
    assert all(torch.equal(tensor, copies[name]) for name, tensor in weights.items())
    assert not storages(first) & (storages(learngene) | {t.untyped_storage().data_ptr() for t in weights.values()})
    assert first.notes == {"mother": 3}


@given(BACKBONES, SHARES, RATES, SEEDS)
def test_mutants_keep_their_size_and_stay_closed(
    toys: ModuleType, backbone: Kind, share: float, rate: float, seed: int
) -> None:
    """Counts stay, and all slices, of kept channels too, are the network's at the new indices."""
    learngene, weights = toys.learngene(backbone, share=share, seed=seed), toys.network(backbone, seed=seed + 1)
    mutant = mutate(learngene, weights.state_dict(), rate=rate, generator=toys.generator(seed), new_ids=NewIds())
    assert mutant.counts == learngene.counts
    assert is_closed(mutant, weights.state_dict())


@given(BACKBONES, SHARES, RATES, SEEDS)
def test_only_replaced_channels_get_new_ids(
    toys: ModuleType, backbone: Kind, share: float, rate: float, seed: int
) -> None:
    """A kept id still names its channel, a new one a channel from outside the old set, and no id is lost or doubled."""
    learngene, ids = toys.learngene(backbone, share=share, seed=seed), NewIds()
    weights = toys.network(backbone, seed=seed).state_dict()
    mutant = mutate(learngene, weights, rate=rate, generator=toys.generator(seed), new_ids=ids)
    new = []
    for group in backbone.layout.groups:
        before, after = channels_by_id(learngene, group), channels_by_id(mutant, group)
        fresh = {number: channel for number, channel in after.items() if number >= FIRST_NEW}
        assert len(after) == len(before)
        assert all(before[number] == channel for number, channel in after.items() if number not in fresh)
        assert not set(fresh.values()) & set(before.values())
        new += fresh
    assert sorted(new) == list(range(FIRST_NEW, ids.next))


@given(BACKBONES, SHARES, SEEDS)
def test_rate_one_replaces_all_that_can_be(toys: ModuleType, backbone: Kind, share: float, seed: int) -> None:
    """As many channels are replaced as there are others; a circuit as wide as the network is left alone."""
    learngene = toys.learngene(backbone, share=share, seed=seed)
    weights = toys.network(backbone, seed=seed).state_dict()
    mutant = mutate(learngene, weights, rate=1.0, generator=toys.generator(seed), new_ids=NewIds())
    for group, width in backbone.layout.groups.items():
        kept, others = learngene.counts[group], width - learngene.counts[group]
        assert int((mutant.provenance[group] >= FIRST_NEW).sum()) == min(kept, others)
        if not others:
            assert torch.equal(mutant.provenance[group], learngene.provenance[group])
    whole = extract(
        weights, whole_circuit(backbone.layout), backbone=backbone, provenance=whole_circuit(backbone.layout)
    )
    assert bits(mutate(whole, weights, rate=1.0, generator=toys.generator(seed), new_ids=NewIds())) == bits(whole)


@pytest.mark.parametrize("rate", [0.05, 0.5])
def test_channels_are_replaced_at_the_rate(rate: float, toys: ModuleType) -> None:
    """Of 1000 gene channels of 2000, a binomial number is replaced, each equally likely and by any other."""
    backbone = MLP(widths=(2000,), inputs=1)
    ids = torch.arange(1000)
    learngene = replace(toys.learngene(backbone, share=0.5), provenance={"hidden1": ids})
    others = torch.arange(2000)[~torch.isin(torch.arange(2000), learngene.indices["hidden1"])]
    weights, source, left, joined = toys.network(backbone).state_dict(), toys.generator(), [], []
    for _ in range(10):
        mutant = mutate(learngene, weights, rate=rate, generator=source, new_ids=NewIds())
        left.append(ids[~torch.isin(ids, mutant.provenance["hidden1"])])
        new = mutant.provenance["hidden1"] >= FIRST_NEW
        joined.append(torch.searchsorted(others, mutant.indices["hidden1"][new]))
    assert binomtest(sum(map(len, left)), 10 * len(ids), rate).pvalue > 1e-3
    for ranks in (left, joined):
        assert kstest(torch.cat(ranks).double().numpy() / 1000, "uniform").pvalue > 1e-3


@given(BACKBONES, SHARES, SEEDS)
def test_resizing_stays_within_the_budget(toys: ModuleType, backbone: Kind, share: float, seed: int) -> None:
    """No more parameters than before and no empty group; one group gains one channel and others lose some, or none."""
    learngene, weights = toys.learngene(backbone, share=share, seed=seed), toys.network(backbone, seed=seed + 1)
    resized = resize(learngene, weights.state_dict(), rate=1.0, generator=toys.generator(seed), new_ids=NewIds())
    assert resized.parameters <= learngene.parameters
    assert all(1 <= count <= backbone.layout.groups[group] for group, count in resized.counts.items())
    changes = {group: count - learngene.counts[group] for group, count in resized.counts.items()}
    gained = [group for group, change in changes.items() if change > 0]
    if not gained:
        assert bits(resized) == bits(learngene)
        return
    assert [changes[group] for group in gained] == [1]
    assert is_closed(resized, weights.state_dict())
    for group in changes:
        before, after = channels_by_id(learngene, group), channels_by_id(resized, group)
        kept = {number: channel for number, channel in after.items() if number < FIRST_NEW}
        assert kept.items() <= before.items()
        new = set(after.values()) - set(kept.values())
        assert len(new) == (group in gained)
        assert not new & set(before.values())


def test_resizing_happens_at_the_rate_and_to_every_group(toys: ModuleType) -> None:
    """At rate 0.3 a circuit that can change does so in 30 % of the draws, and each group wins equally often."""
    backbone = ConvNet4(widths=(12, 12, 12, 12))
    learngene, weights = toys.learngene(backbone), toys.network(backbone).state_dict()
    source, winners = toys.generator(), dict.fromkeys(backbone.layout.groups, 0)
    for _ in range(600):
        resized = resize(learngene, weights, rate=0.3, generator=source, new_ids=NewIds())
        for group, count in resized.counts.items():
            winners[group] += count > learngene.counts[group]
    assert binomtest(sum(winners.values()), 600, 0.3).pvalue > 1e-3
    assert chisquare([*winners.values()]).pvalue > 1e-3


def test_a_single_group_is_not_resized(toys: ModuleType) -> None:
    """With one group, or one channel per group, nothing can be moved."""
    for backbone, share in ((MLP(widths=(9,), inputs=4), 0.5), (MLP(widths=(9, 9), inputs=4), 1e-6)):
        learngene, weights = toys.learngene(backbone, share=share), toys.network(backbone).state_dict()
        for seed in range(5):
            same = resize(learngene, weights, rate=1.0, generator=toys.generator(seed), new_ids=NewIds())
            assert bits(same) == bits(learngene)


@VARIATIONS
@pytest.mark.parametrize("rate", [-0.1, 1.5, float("nan")])
def test_wrong_rates_are_named(vary: Callable[..., Learngene], rate: float, toys: ModuleType) -> None:
    """A rate outside [0, 1] is refused in one sentence."""
    learngene, weights = toys.learngene(toys.MLP_BACKBONE), toys.network(toys.MLP_BACKBONE).state_dict()
    with pytest.raises(ValueError, match=r"^rate must lie in \[0, 1\], but it is .*\.$"):
        vary(learngene, weights, rate=rate, generator=toys.generator(), new_ids=NewIds())


@given(BACKBONES, SHARES, SEEDS)
def test_noise_leaves_statistics_alone(toys: ModuleType, backbone: Kind, share: float, seed: int) -> None:
    """Every parameter moves, no running statistic does; indices and ids stay, and nothing is shared."""
    learngene = toys.learngene(backbone, share=share, seed=seed).with_notes(mother=3)
    before = bits(learngene)
    noisy = noise(learngene, sigma=0.1, generator=toys.generator(seed))
    for name, tensor in learngene.slices.items():
        if name in backbone.layout.buffers:
            assert torch.equal(noisy.slices[name], tensor)
        else:
            assert (noisy.slices[name] != tensor).float().mean() > 0.9 or tensor.numel() < 10
            assert not torch.equal(noisy.slices[name], tensor)
    assert same_channels(noisy, learngene)
    assert all(torch.equal(ids, noisy.provenance[group]) for group, ids in learngene.provenance.items())
    assert noisy.notes == learngene.notes
    assert bits(learngene) == before
    assert bits(noise(learngene, sigma=0.1, generator=toys.generator(seed))) == bits(noisy)
    assert bits(noise(learngene, sigma=0.0, generator=toys.generator(seed))) == before
    assert not storages(noisy) & storages(learngene)


def test_noise_is_normal(toys: ModuleType) -> None:
    """The steps of 3200 weights follow the normal distribution of the stated deviation, and each draw is another."""
    learngene, source = toys.learngene(MLP(widths=(50, 50), inputs=50), share=1.0), toys.generator()
    steps = []
    for _ in range(2):
        noisy = noise(learngene, sigma=0.3, generator=source)
        steps.append(torch.cat([(noisy.slices[n] - t).flatten() for n, t in learngene.slices.items()]) / 0.3)
    assert kstest(steps[0].numpy(), "norm").pvalue > 1e-3
    assert not torch.allclose(steps[0], steps[1], atol=0.1)


def siblings_of(toys: ModuleType, backbone: Kind, *, count: int, seed: int) -> list[Learngene]:
    """Return learngenes of the same channels with different weights and statistics."""
    parent = toys.learngene(backbone, seed=seed)
    source = toys.generator(seed + 1)
    return [
        replace(parent, slices={name: torch.randn(t.shape, generator=source) for name, t in parent.slices.items()})
        for _ in range(count)
    ]


@given(BACKBONES, st.integers(1, 5), SEEDS, st.randoms(use_true_random=False))
def test_the_average_is_the_mean(toys: ModuleType, backbone: Kind, count: int, seed: int, random: Random) -> None:
    """Every slice, statistics included, is the mean of the siblings', whatever their order."""
    siblings = siblings_of(toys, backbone, count=count, seed=seed)
    before = [bits(sibling) for sibling in siblings]
    mean = average(siblings)
    shuffled = siblings.copy()
    random.shuffle(shuffled)
    other = average(shuffled)
    for name, tensor in mean.slices.items():
        expected = sum(sibling.slices[name].double() for sibling in siblings) / count
        torch.testing.assert_close(tensor.double(), expected, rtol=1e-6, atol=1e-6)
        torch.testing.assert_close(other.slices[name], tensor, rtol=1e-6, atol=1e-6)
        assert tensor.dtype == torch.float32
    assert same_channels(mean, siblings[0])
    assert all(torch.equal(ids, mean.provenance[group]) for group, ids in siblings[0].provenance.items())
    assert [bits(sibling) for sibling in siblings] == before
    assert not any(storages(mean) & storages(sibling) for sibling in siblings)


@given(BACKBONES, st.integers(1, 6), SEEDS)
def test_equal_siblings_have_themselves_as_average(toys: ModuleType, backbone: Kind, count: int, seed: int) -> None:
    """The mean of equal learngenes is the learngene, to the last digits."""
    sibling = siblings_of(toys, backbone, count=1, seed=seed)[0]
    mean = average([sibling] * count)
    for name, tensor in mean.slices.items():
        torch.testing.assert_close(tensor, sibling.slices[name], rtol=1e-6, atol=1e-7)


def test_strangers_cannot_be_averaged(toys: ModuleType) -> None:
    """Other index sets, another backbone, or no sibling at all are refused in one sentence."""
    backbone = MLP(widths=(9, 9), inputs=4)
    one, other = toys.learngene(backbone, seed=0), toys.learngene(backbone, seed=1)
    assert one.counts == other.counts
    other_inputs = MLP(widths=(9, 9), inputs=5)
    weights = toys.network(other_inputs).state_dict()
    foreign = extract(weights, one.indices, backbone=other_inputs, provenance=one.provenance)
    for siblings in ([one, other], [one, one, other], [one, foreign]):
        with pytest.raises(ValueError, match=r"^only siblings that keep the same .* theirs differ\.$"):
            average(siblings)
    weight = replace(one, slices={"hidden1.weight": one.slices["hidden1.weight"]})
    bias = replace(one, slices={"hidden1.bias": one.slices["hidden1.bias"]})
    assert same_channels(weight, weight)
    assert not same_channels(weight, bias)
    assert [*average([weight, weight]).slices] == ["hidden1.weight"]
    with pytest.raises(ValueError, match=r"^average needs at least one learngene, but it got none\.$"):
        average([])


@given(BACKBONES, SHARES, SEEDS, st.data())
def test_variation_keeps_a_learngene_partial(
    toys: ModuleType, backbone: Kind, share: float, seed: int, data: st.DataObject
) -> None:
    """Mutation, resizing and noise give what they give a whole learngene, of the tensors that are held."""
    whole = toys.learngene(backbone, share=share, seed=seed)
    held = data.draw(st.sets(st.sampled_from([*whole.slices]), min_size=1))
    partial = replace(whole, slices={name: part for name, part in whole.slices.items() if name in held})
    weights = toys.network(backbone, seed=seed + 1).state_dict()
    draws = {"rate": 0.5, "new_ids": NewIds()}
    for one in (mutate, resize):
        mutant = one(partial, weights, generator=toys.generator(seed), **draws)
        assert set(mutant.slices) == held
        assert mutant.parameters <= partial.parameters
        for name, part in mutant.slices.items():
            read = extract(weights, mutant.indices, backbone=backbone, provenance=mutant.provenance)
            assert torch.equal(part, read.slices[name]) or torch.equal(part, partial.slices[name])
    assert set(noise(partial, sigma=0.1, generator=toys.generator(seed)).slices) == held


@given(BACKBONES, SEEDS)
def test_the_same_channels(toys: ModuleType, backbone: Kind, seed: int) -> None:
    """Weights and ids make no difference to which channels are kept, the index sets do."""
    learngene = toys.learngene(backbone, seed=seed)
    renamed = replace(learngene, provenance={group: ids + 1 for group, ids in learngene.provenance.items()})
    assert same_channels(learngene, renamed)
    weights = toys.network(backbone, seed=seed).state_dict()
    mutant = mutate(learngene, weights, rate=1.0, generator=toys.generator(seed), new_ids=NewIds())
    moved = any(learngene.counts[group] < width for group, width in backbone.layout.groups.items())
    assert same_channels(learngene, mutant) == same_channels(mutant, learngene) == (not moved)


@given(BACKBONES, SHARES, SHARES, SEEDS)
def test_overlap_is_a_symmetric_share(toys: ModuleType, backbone: Kind, first: float, second: float, seed: int) -> None:
    """The overlap lies in [0, 1], is 1 with itself and 0 without common ids, is symmetric, and ignores the order."""
    layout = backbone.layout
    one = toys.learngene(backbone, share=first, seed=seed).provenance
    other = toys.learngene(backbone, share=second, seed=seed + 1).provenance
    # Ids of one group mean nothing in another: some of both circuits' are common by chance.
    one, other = ({group: ids % 20 for group, ids in each.items()} for each in (one, other))
    one, other = ({group: ids.unique() for group, ids in each.items()} for each in (one, other))
    assert 0 <= overlap(layout, one, other) <= 1
    assert overlap(layout, one, other) == overlap(layout, other, one)
    flipped = {group: ids.flip(0) for group, ids in other.items()}
    assert overlap(layout, one, flipped) == overlap(layout, one, other)
    assert overlap(layout, one, one) == 1
    assert overlap(layout, one, {group: ids + 100 for group, ids in other.items()}) == 0


def test_an_overlap_by_hand() -> None:
    """Common channels count as a closed circuit: here 2 of 3 and 1 of 2 units of an MLP with 4 inputs."""
    layout = MLP(widths=(6, 5), inputs=4).layout
    first = {"hidden1": torch.tensor([1, 2, 3]), "hidden2": torch.tensor([7, 8])}
    second = {"hidden1": torch.tensor([2, 3, 9]), "hidden2": torch.tensor([8, 4])}
    # Weights and biases: 3*4 + 3 + 2*3 + 2 = 23 each, 2*4 + 2 + 1*2 + 1 = 13 common.
    assert overlap(layout, first, second) == pytest.approx(13 / (23 + 23 - 13))
    fewer = {"hidden1": torch.tensor([3]), "hidden2": torch.tensor([7])}
    # A circuit inside another: 1*4 + 1 + 1*1 + 1 = 7 of 23.
    assert overlap(layout, first, fewer) == pytest.approx(7 / 23)


@given(BACKBONES, SEEDS)
def test_mutation_lowers_the_overlap_with_the_parent(toys: ModuleType, backbone: Kind, seed: int) -> None:
    """A mutant overlaps fully with its parent exactly if nothing was replaced."""
    learngene, ids = toys.learngene(backbone, seed=seed), NewIds()
    weights = toys.network(backbone, seed=seed).state_dict()
    mutant = mutate(learngene, weights, rate=0.3, generator=toys.generator(seed), new_ids=ids)
    shared = overlap(backbone.layout, learngene.provenance, mutant.provenance)
    assert (shared == 1) == (ids.next == FIRST_NEW)
