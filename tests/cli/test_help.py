"""Help: the settings of what runs, with defaults and sentences, and of nothing else."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from neuroevo import catalogue
from neuroevo.cli.evolution import Chosen
from neuroevo.cli.owners import function_of
from neuroevo.cli.settings.derived import GIVEN_BY_THE_RUN, INTERNAL, as_text, settings_of
from neuroevo.cli.settings.load import fields, with_settings
from neuroevo.cli.settings.values import extra
from neuroevo.signatures import parameters

Program = Callable[..., Any]
STRATEGIES = [name for name in catalogue.entries("strategy") if name != "scratch"]


def flags_of(text: str) -> set[str]:
    """Return the flags that a help page shows."""
    return set(re.findall(r"^ +(?:-h, )?(--[a-z0-9-]+)", text.partition("Run:\n")[2], flags=re.MULTILINE))


@pytest.mark.parametrize("name", STRATEGIES)
def test_help_shows_the_settings_of_the_strategy_alone(neuroevo: Program, name: str) -> None:
    """Its own, those of its problem and those of the run, each with its sentence and its default."""
    call = neuroevo("evolve", name, "--help")
    assert (call.code, call.err) == (0, "")
    chosen = Chosen.of(name, "")
    known = fields(with_settings(chosen.model, chosen.settings()))
    wanted = {f"--{key.replace('_', '-')}" for key in known if key != "strategy"}
    assert flags_of(call.out) == {*wanted, "--settings", "--import", "--resume", "--help"}
    text = "".join(call.out.split())
    for key, (_, info) in chosen.settings().items():
        about = str(info.description).removeprefix(f"{extra(info, 'group')}: ")
        assert "".join(about.split())[1:] in text, key
        assert f"{extra(info, 'group')}:".replace(" ", "") in text, key
        if isinstance(info.default, str | float) and info.default not in (False, True, ""):
            assert f"[default:{info.default}" in text, key


PARTS = {"learning_rate", "updates", "batch"}


@pytest.mark.parametrize("name", catalogue.entries("strategy"))
def test_every_parameter_that_can_be_text_is_a_setting(name: str) -> None:
    """What is left out is filled in by the run, is of no use to the strategy, or can't be written as text."""
    make = function_of(catalogue.find("strategy", name))
    found = settings_of(make)
    unused = getattr(make, "UNUSED", frozenset())
    for key, parameter in parameters(make).items():
        whole = key in found
        parts = {one.removeprefix(f"{key}_") for one in found if one.startswith(f"{key}_")}
        if key in GIVEN_BY_THE_RUN or key in unused:
            assert not whole
        elif as_text(parameter.annotation) is None:
            assert parts >= PARTS, key
            assert not parts & INTERNAL
        else:
            assert whole, key


def test_settings_have_their_names() -> None:
    """Recipes are parts, GTL's tasks have names of their own, and populations one name everywhere."""
    gtl = settings_of(function_of(catalogue.find("strategy", "gtl")))
    assert {"life_updates", "critic_learning_rate", "life_ways", "critic_ways", "critic_shots"} <= gtl.keys()
    assert not {"ways", "shots", "life", "critic", "seed", "workers"} & gtl.keys()
    finetune = settings_of(function_of(catalogue.find("strategy", "finetune")))
    assert {"pretraining_batch", "pretraining_updates"} <= finetune.keys()
    for name in catalogue.entries("strategy"):
        found = settings_of(function_of(catalogue.find("strategy", name)))
        assert "individuals" not in found
        assert "dimensions" not in found
    assert "dimensions" in settings_of(function_of(catalogue.find("problem", "sphere")))


@pytest.mark.parametrize("name", ["gtl", "gtl-no-mutation", "snes"])
def test_the_defaults_of_a_variant_are_its_own(neuroevo: Program, name: str) -> None:
    """Help shows what makes it a variant."""
    text = "".join(neuroevo("evolve", name, "--help").out.split())
    rate = "Probabilitythatagenechannelisreplaced."
    assert (f"{rate}[default:0.05]" in text) == (name == "gtl")
    assert (rate in text) == (name != "snes")


def test_without_a_strategy_help_is_general(neuroevo: Program) -> None:
    """It says how to get the rest, and shows no settings of any strategy."""
    call = neuroevo("evolve", "--help")
    assert call.code == 0
    assert "neuroevo evolve STRATEGY --help" in " ".join(call.out.split())
    assert flags_of(call.out) == {"--resume", "--settings", "--import", "--help"}
    call = neuroevo("evolve")
    assert (call.code, call.out, call.err.count("\n")) == (2, "", 1)
    assert "for example: neuroevo evolve gtl --quick;" in call.err


@pytest.mark.parametrize(
    ("words", "shown", "hidden"),
    [
        (
            (),
            {"--ways", "--life-updates", "--match", "--contestant"},
            {"--heirs", "--problems", "--sigma", "--repeats"},
        ),
        (("--strategies", "scratch"), {"--ways", "--match"}, {"--life-updates", "--pretraining-batch", "--share"}),
        (("scaling",), {"--heirs", "--ways", "--life-updates"}, {"--budgets", "--target-dataset"}),
        (("optimize",), {"--problems", "--dimensions", "--sigma", "--evaluations"}, {"--ways", "--generations"}),
        (("throughput",), {"--repeats", "--device"}, {"--engine", "--strategies", "--contestant", "--ways"}),
        (("optimize", "throughput"), {"--repeats", "--problems"}, {"--ways"}),
        (("--contestant", "far=pbt:steps=3", "optimize", "--strategies", "snes"), {"--steps"}, {"--tournament"}),
    ],
    ids=lambda value: " ".join(sorted(value) if isinstance(value, set) else value) or "nothing",
)
def test_bench_shows_what_its_suites_read(
    neuroevo: Program, words: tuple[str, ...], shown: set[str], hidden: set[str]
) -> None:
    """Settings of the suites and of their contestants, and no others."""
    call = neuroevo("bench", *words, "--help")
    assert call.code == 0, call.err
    assert shown <= flags_of(call.out)
    assert not hidden & flags_of(call.out)
