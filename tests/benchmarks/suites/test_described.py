"""What `run.json` says of a contestant: its class, what is no default, and operators that its author registered."""

import json
from functools import partial
from types import ModuleType
from typing import Any

import pytest

from neuroevo.benchmarks import Contestant
from neuroevo.benchmarks.suites.contestant import Pretraining
from neuroevo.benchmarks.suites.described import class_facts, contestant_facts
from neuroevo.execution import Recipe
from neuroevo.strategies import GTL, NarrowPretraining, Reptile
from neuroevo.strategies.swapped import name_of_operator, swapped


class Bold(GTL):
    """GTL that mutates more. And so on."""


def facts_of(make: Any) -> dict[str, Any]:
    """Return the facts of a contestant."""
    return contestant_facts(Contestant("mine", lambda _: make()), make())


def test_a_class_is_named_with_its_summary() -> None:
    """One of the author's own with what it is derived from."""
    assert class_facts(Bold) == {"name": "Bold", "base": "GTL", "summary": "GTL that mutates more"}
    assert class_facts(NarrowPretraining)["base"] == ""


def test_what_is_no_default_is_changed(toys: ModuleType) -> None:
    """Of a recipe the parts that differ; defaults that are given as such are none."""
    recipe = Recipe(updates=3, learning_rate=0.2)
    make = partial(NarrowPretraining, toys.dataset(), toys.MLP_BACKBONE, share=0.2, cross="random", pretraining=recipe)
    facts = facts_of(make)
    assert {key: facts["changed"][key] for key in facts["changed"] if key not in ("dataset", "backbone")} == {
        "cross": "random",
        "pretraining": {"updates": 3},
    }
    assert facts["swapped"] == {}
    assert json.loads(json.dumps(facts)) == facts


@pytest.mark.parametrize("kind", [GTL, NarrowPretraining, Reptile])
def test_swapped_operators_are_found(kind: Any, toys: ModuleType) -> None:
    """By name, whatever else is registered as it was; of a fresh strategy there are none."""
    strategy = kind(toys.dataset(), toys.MLP_BACKBONE, share=0.4)
    assert swapped(strategy) == {}
    strategy.toolbox.register("map", map)
    strategy.toolbox.register("inherit", print, end="")
    assert {name: name_of_operator(one) for name, one in swapped(strategy).items()} == {"inherit": "builtins.print"}


def test_a_network_that_is_lent_is_no_swapped_operator(toys: ModuleType) -> None:
    """A comparison pre-trains networks once for all; what strategies pass on does not say so."""
    recipe = Recipe(updates=1, batch=4)

    def make(seed: int) -> NarrowPretraining:
        return NarrowPretraining(toys.dataset(), toys.MLP_BACKBONE, seed=seed, share=0.4, pretraining=recipe)

    contestant = Contestant("narrow", make, pretrains="narrow")
    strategy = make(0)
    Pretraining.run([(contestant, 0)]).lend(contestant, strategy, 0)
    assert swapped(strategy) == {}
    (individual,) = strategy.generate()
    assert "swapped_operators" not in individual.genome.notes
