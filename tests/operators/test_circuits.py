"""Circuits: as large as their share allows, with draws from their generator only."""

from typing import Any, get_args

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from neuroevo.backbones import MLP, VGG, Backbone, ConvNet4, ViT
from neuroevo.operators.circuits import circuit_counts, random_circuit, whole_circuit
from neuroevo.structure import NamedStructure

WIDTHS = st.integers(1, 40)
BACKBONES = st.builds(
    MLP, widths=st.lists(WIDTHS, min_size=1, max_size=4).map(tuple), inputs=st.integers(1, 99)
) | st.builds(ConvNet4, widths=st.tuples(*[WIDTHS] * 4), channels=st.integers(1, 3))
SHARES = st.floats(0, 1, exclude_min=True)
SEEDS = st.integers(0, 2**32)
STRUCTURES = st.sampled_from(get_args(NamedStructure))


def seeded(seed: int) -> torch.Generator:
    """Return a fresh generator."""
    return torch.Generator().manual_seed(seed)


@given(BACKBONES, SHARES, STRUCTURES)
def test_the_share_is_not_exceeded(backbone: Backbone, share: float, structure: NamedStructure) -> None:
    """A circuit has at most the asked share, and 1 to all channels per group; one channel each is always allowed."""
    layout = backbone.layout
    counts = circuit_counts(layout, share=share, structure=structure)
    assert list(counts) == list(layout.groups)
    assert all(1 <= counts[group] <= channels for group, channels in layout.groups.items())
    if set(counts.values()) != {1}:
        assert layout.parameters(counts) <= share * layout.parameters()


@given(BACKBONES, SHARES, STRUCTURES)
def test_no_channel_can_be_added(backbone: Backbone, share: float, structure: NamedStructure) -> None:
    """Any further channel of any group would exceed the share."""
    layout = backbone.layout
    counts = circuit_counts(layout, share=share, structure=structure)
    for group, count in counts.items():
        if count < layout.groups[group]:
            assert layout.parameters({**counts, group: count + 1}) > share * layout.parameters()


@given(BACKBONES, STRUCTURES)
def test_the_ends_of_the_range(backbone: Backbone, structure: NamedStructure) -> None:
    """Share 1 keeps every channel, and next to nothing keeps one channel of each group."""
    layout = backbone.layout
    assert circuit_counts(layout, share=1.0, structure=structure) == dict(layout.groups)
    assert circuit_counts(layout, share=1e-9, structure=structure) == dict.fromkeys(layout.groups, 1)


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5, 0.9])
@pytest.mark.parametrize("backbone", [ConvNet4(), ConvNet4(widths=(64, 64, 64, 64), channels=3)])
def test_groups_keep_about_the_same_ratio(backbone: Backbone, share: float) -> None:
    """No convolution is favoured: the ratios of two groups differ by little."""
    groups = backbone.layout.groups
    counts = circuit_counts(backbone.layout, share=share, structure="equal-ratios")
    ratios = {group: count / groups[group] for group, count in counts.items()}
    assert max(ratios.values()) - min(ratios.values()) < 1 / min(groups.values()) + 0.03


@given(BACKBONES, SHARES)
def test_groups_are_as_wide_as_each_other(backbone: Backbone, share: float) -> None:
    """A group that is narrower than another by more than a channel has all of its channels."""
    groups = backbone.layout.groups
    counts = circuit_counts(backbone.layout, share=share, structure="equal-widths")
    assert all(
        counts[group] == channels for group, channels in groups.items() if counts[group] < max(counts.values()) - 1
    )


def test_a_head_is_as_wide_as_its_features() -> None:
    """In a transformer a head of 16 features counts as 16 channels of the stream."""
    counts = circuit_counts(ViT().layout, share=0.3, structure="equal-widths")
    stream, heads, hidden = counts["stream"], counts["block1.heads"], counts["block1.hidden"]
    assert abs(stream - hidden) <= 1
    assert heads * 16 <= stream < (heads + 1) * 16


@given(BACKBONES, SHARES)
def test_a_structure_may_be_numbers(backbone: Backbone, share: float) -> None:
    """Relative widths of one's own: the channels themselves are equal ratios, ones are equal widths, in any unit."""
    layout = backbone.layout
    own = {"equal-ratios": [*layout.groups.values()], "equal-widths": [1] * len(layout.groups)}
    for name, widths in own.items():
        named = circuit_counts(layout, share=share, structure=name)
        assert circuit_counts(layout, share=share, structure=tuple(2.0 * width for width in widths)) == named


def test_a_circuit_keeps_its_own_structure() -> None:
    """The numbers of a circuit, taken as a structure, give the circuit again."""
    layout = ConvNet4().layout
    counts = circuit_counts(layout, share=0.2, structure=(1.0, 2.0, 5.0, 3.0))
    share = layout.parameters(counts) / layout.parameters()
    assert circuit_counts(layout, share=share, structure=tuple(map(float, counts.values()))) == counts


@pytest.mark.parametrize(
    "structure", ["narrow", (), (1.0, 0.0), (1.0, -1.0), (1.0, float("inf")), (1.0, float("nan")), ("1", "2"), 3]
)
def test_wrong_structures_are_named(structure: Any) -> None:
    """What is neither a name nor positive numbers is refused in one sentence, which says what is possible."""
    with pytest.raises(
        ValueError,
        match=r'^structure must be "equal-ratios" or "equal-widths", or a positive number for each channel group, '
        r"but it is .*\.$",
    ):
        circuit_counts(MLP().layout, share=0.2, structure=structure)


def test_structures_for_another_network_are_named() -> None:
    """There is a number for each group."""
    with pytest.raises(
        ValueError,
        match=r"^structure must have a number for each of the 2 channel groups \(hidden1, hidden2\), but it has 3\.$",
    ):
        circuit_counts(MLP().layout, share=0.2, structure=(1.0, 2.0, 3.0))


@pytest.mark.parametrize(
    ("backbone", "share", "low"),
    [
        (ConvNet4(), 0.2, 0.19),
        (VGG(), 0.2, 0.199),
        (MLP(), 0.2, 0.19),
        (ConvNet4(widths=(64, 64, 64, 64), channels=3), 0.2, 0.198),
    ],
)
def test_the_share_is_nearly_reached(backbone: Backbone, share: float, low: float) -> None:
    """On usual backbones little of the asked share is left."""
    layout = backbone.layout
    counts = circuit_counts(layout, share=share)
    assert low <= layout.parameters(counts) / layout.parameters() <= share


@pytest.mark.parametrize("share", [0.0, -0.1, 1.0001, float("nan"), float("inf")])
def test_wrong_shares_are_named(share: float) -> None:
    """A share outside (0, 1] is refused in one sentence."""
    with pytest.raises(ValueError, match=r"^share must lie in \(0, 1\], but it is .*\.$"):
        circuit_counts(MLP().layout, share=share)
    with pytest.raises(ValueError, match=r"^share must lie"):
        random_circuit(MLP().layout, share=share, generator=seeded(0))


@given(BACKBONES, SHARES, SEEDS)
def test_random_circuits_are_index_sets(backbone: Backbone, share: float, seed: int) -> None:
    """Indices are int64, rise, lie in the group's range, are as many as counted, and repeat by seed."""
    layout = backbone.layout
    circuit = random_circuit(layout, share=share, generator=seeded(seed))
    assert {group: len(indices) for group, indices in circuit.items()} == circuit_counts(layout, share=share)
    again = random_circuit(layout, share=share, generator=seeded(seed))
    for group, indices in circuit.items():
        assert indices.dtype == torch.int64
        assert indices.tolist() == sorted(set(indices.tolist()))
        assert 0 <= indices[0] <= indices[-1] < layout.groups[group]
        assert torch.equal(indices, again[group])


def test_every_channel_has_the_same_chance() -> None:
    """Over many draws the channels of a group are kept equally often, and draws of one generator differ."""
    layout, generator = MLP(widths=(10, 8), inputs=4).layout, seeded(0)
    draws = [random_circuit(layout, share=0.5, generator=generator) for _ in range(2000)]
    for group, channels in layout.groups.items():
        counts = torch.cat([draw[group] for draw in draws]).bincount(minlength=channels)
        assert chisquare(counts.numpy()).pvalue > 1e-3
    assert len({tuple(draw["hidden1"].tolist()) for draw in draws}) > 100


@given(BACKBONES)
def test_the_whole_circuit_keeps_everything(backbone: Backbone) -> None:
    """The whole circuit holds all channels in order, as the random circuit of share 1 does."""
    layout = backbone.layout
    whole = whole_circuit(layout)
    assert {group: indices.tolist() for group, indices in whole.items()} == {
        group: list(range(channels)) for group, channels in layout.groups.items()
    }
    circuit = random_circuit(layout, share=1.0, generator=seeded(0))
    assert all(torch.equal(indices, whole[group]) for group, indices in circuit.items())
