"""Settings that GTL can't work with are refused in one sentence."""

import math
from types import ModuleType
from typing import Any

import pytest

from neuroevo.evolution import evolve
from neuroevo.strategies import GTL


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"tournament": 0}, r"^tournament must be at least 1, but it is 0\.$"),
        ({"population": 0}, r"^population must be at least 1, but it is 0\.$"),
        (
            {"structure": "narrow"},
            r'^structure must be "equal-ratios" or "equal-widths", or a positive number for each .',
        ),
        (
            {"structure": (1.0,)},
            r"^structure must have a number for each of the \d channel groups \(.*, but it has 1\.$",
        ),
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
        ({"life_ways": 0}, r"^life_ways must be at least 1, but it is 0\.$"),
        ({"critic_ways": 0}, r"^critic_ways must be at least 1, but it is 0\.$"),
        ({"finalists": 0}, r"^finalists must be at least 1, but it is 0\.$"),
        ({"parents": 0}, r"^parents must be at least 1, but it is 0\.$"),
        ({"founders": -1}, r"^founders must be at least 0, but it is -1\.$"),
        ({"scoring": "mean"}, r'^scoring must be one of "critics", .*, "random", but it is \'mean\'\.$'),
        ({"habitat": "mine"}, r'^habitat must be one of "all", "own", "useful", but it is \'mine\'\.$'),
        ({"cycle": 0}, r"^cycle must be at least 1, but it is 0\.$"),
        ({"condense": True, "founders": 0}, r"^condense needs isolate and founders, .* but they are True and 0\.$"),
        ({"condense": True, "founders": 1, "isolate": False}, r"^condense needs .* but they are False and 1\.$"),
    ],
)
def test_impossible_settings_are_refused_at_once(
    wrong: dict[str, Any], words: str, gtls: ModuleType, toys: ModuleType
) -> None:
    """A setting out of its range is named in one sentence when the strategy is made."""
    with pytest.raises(ValueError, match=words):
        gtls.gtl(toys, **wrong)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"cross": "none"}, r'^cross must be "zero" or "random", but it is \'none\'\.$'),
        ({"life_ways": 6}, r"^ways must lie in 1\.\.5.* but it is 6\.$"),
        ({"critic_ways": 5}, r"^critic_ways must lie in 1\.\.4, the held-out classes, but it is 5\.$"),
        ({"critic_shots": 0}, r"^critic_shots must .* but it is 0"),
        ({"critic_shots": 60}, r"^shots must .* but it is 60"),
    ],
)
def test_settings_that_the_data_can_not_fulfil_end_the_first_generation(
    wrong: dict[str, Any], words: str, gtls: ModuleType, toys: ModuleType
) -> None:
    """What there are too few classes or images for is said in a sentence, and no record is made."""
    with pytest.raises(ValueError, match=words):
        next(evolve(gtls.gtl(toys, **wrong), 1))


@pytest.mark.parametrize(
    ("wrong", "words"), [({"life": 100}, "life must be a Recipe"), ({}, "dataset must be a Dataset")]
)
def test_wrong_types_are_refused(wrong: dict[str, Any], words: str, toys: ModuleType) -> None:
    """At once, by the argument's name."""
    with pytest.raises(TypeError, match=words):
        GTL(toys.dataset() if wrong else "glyphs", toys.MLP_BACKBONE, **wrong)
