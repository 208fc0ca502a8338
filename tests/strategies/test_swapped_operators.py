"""A run is not resumed with another operator, an evaluator of the same class among them."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from neuroevo.backbones import ConvNet4
from neuroevo.data.glyphs import glyphs
from neuroevo.evolution import evolve
from neuroevo.files import CheckpointError
from neuroevo.problems.classifier import digits
from neuroevo.problems.function import RASTRIGIN, SPHERE
from neuroevo.strategies import GTL, SNES, Genetic, Lamarckian
from neuroevo.strategies.strategy import ToolboxStrategy, settings_of

SWAPS: dict[str, tuple[Callable[[], ToolboxStrategy], str, Callable[..., Any]]] = {
    "another function": (partial(SNES, SPHERE(3)), "evaluate", RASTRIGIN(3)),
    "other data": (partial(SNES, digits(per_class=2)), "evaluate", digits(per_class=3)),
    "another evaluator": (partial(Lamarckian, SPHERE(3), inherited=False), "evaluate", SPHERE(3)),
    "another operator": (partial(Genetic, SPHERE(3)), "mutate", lambda one: (one,)),
}


@pytest.mark.parametrize("name", SWAPS)
def test_another_operator_is_refused_by_name(name: str, tmp_path: Path) -> None:
    """With the verb that it is registered as."""
    make, verb, operator = SWAPS[name]
    list(evolve(make(), 1, run_dir=tmp_path))
    list(evolve(make(), 2, run_dir=tmp_path))
    swapped = make()
    swapped.toolbox.register(verb, operator)
    with pytest.raises(CheckpointError, match=rf"operators\.{verb}\b"):
        list(evolve(swapped, 3, run_dir=tmp_path))


def test_evaluators_of_gtl_differ_by_their_settings() -> None:
    """But not by the machine that they run on."""
    make = partial(GTL, glyphs(), ConvNet4(), population=2)
    plain, swapped = make(), make()
    evaluator = swapped.toolbox.evaluate.func
    swapped.toolbox.register("evaluate", replace(evaluator, shots=evaluator.shots + 1))
    assert settings_of(plain) != settings_of(swapped)
    assert settings_of(plain) == settings_of(make(workers=3))
