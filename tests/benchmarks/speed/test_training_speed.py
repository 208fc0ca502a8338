"""The library and what one would write by hand train the same networks."""

import pytest
import torch

from neuroevo.benchmarks.speed.training_speed import Race, conv_nets, perceptrons


@pytest.mark.parametrize(
    "race", [perceptrons(3, updates=4), conv_nets(2, updates=2, rate=0.002)], ids=lambda race: race.name
)
def test_all_sides_train_the_same_networks(race: Race) -> None:
    """From equal weights and batches all end with equal weights, up to rounding, and a call begins anew."""
    ours = race.ours()()
    for make in (race.by_hand, *race.plain.values()):
        torch.testing.assert_close(make()(), ours, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(race.ours()(), ours, atol=1e-6, rtol=1e-5)
    untrained = perceptrons(3, updates=0) if "train-mlp" in race.name else conv_nets(2, updates=0)
    assert not torch.equal(untrained.ours()(), ours)
