"""The laws of shaping: what they let pass."""

import math

import torch

from neuroevo.operators.shaping import centred_ranks, nes_utilities
from neuroevo.testing.laws import shaping_laws

ORDER = "better scores have no lower utilities, and equal ones equal utilities"


def test_means_of_many_ties_may_be_rounded() -> None:
    """Utilities that are equal by the formula differ in their last digit where they are means of many."""
    scores = torch.arange(3.0).repeat_interleave(torch.tensor([3, 5, 10]))
    utilities = nes_utilities(scores)
    assert (utilities.diff() < 0).any()
    (law,) = (one for one in shaping_laws() if one.name == ORDER)
    law.replay(nes_utilities, {"scores": scores})


def test_scores_in_half_precision_are_stretched_without_overflow() -> None:
    """Three hundred levels stay distinct and finite."""
    (law,) = (one for one in shaping_laws() if one.name == "only the order of the scores counts")
    law.replay(centred_ranks, {"scores": torch.arange(300).half(), "failure": math.nan})
