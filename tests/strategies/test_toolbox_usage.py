"""Operators with other parameters than a strategy gives them."""

import pytest
import torch
from deap import tools

from neuroevo import from_deap
from neuroevo.strategies.toolbox import StrategyToolbox

USAGE = "mutate(learngene, weights) -> learngene"


def test_an_operator_that_takes_other_arguments_is_named() -> None:
    """With how it is called."""
    toolbox = StrategyToolbox("gtl", {"mutate": USAGE})
    toolbox.register("mutate", lambda learngene: learngene)
    with pytest.raises(
        TypeError, match=r"^mutate must take the arguments of `mutate\(learngene, weights\) -> learngene`"
    ):
        toolbox.mutate(1, 2)


def test_an_error_within_an_operator_is_left_as_it_is() -> None:
    """Its parameters are right."""
    toolbox = StrategyToolbox("gtl", {"mutate": USAGE})
    toolbox.register("mutate", lambda learngene, weights: learngene + weights)
    with pytest.raises(TypeError, match="unsupported operand"):
        toolbox.mutate(1, "x")


def test_a_function_of_from_deap_that_takes_other_arguments_is_named() -> None:
    """DEAP's mutations work on vectors."""
    toolbox = StrategyToolbox("gtl", {"mutate": USAGE})
    toolbox.register("mutate", from_deap(tools.mutFlipBit, indpb=0.5, generator=torch.Generator()))
    with pytest.raises(TypeError, match=r"^mutate must take the arguments of `mutate\(.*: mutFlipBit\(\) got multiple"):
        toolbox.mutate([1], 2)
