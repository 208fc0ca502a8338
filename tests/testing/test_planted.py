"""The laws detect faults: each planted fault breaks the intended law, in few examples."""

import importlib.util
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest
from hypothesis import strategies as st
from scipy.stats import norm

from neuroevo.testing.laws import (
    Law,
    LawBroken,
    augmentation_laws,
    averaging_laws,
    backbone_laws,
    call_laws,
    check_dataset,
    check_law,
    check_strategy,
    circuit_laws,
    convergence_laws,
    critic_laws,
    crossover_laws,
    dataset_laws,
    extraction_laws,
    inheritance_laws,
    learngene_mutation_laws,
    map_laws,
    mutation_laws,
    population_laws,
    problem_laws,
    returned_laws,
    selection_laws,
    strategy_laws,
    task_laws,
)

DEAR = frozenset(
    {"cut_everywhere", "equal_shapes", "first_genes", "grows", "later_equals", "one_for_all", "random_cross"}
    | {"running_mean", "second_half_again", "shifted_wheel", "sorted_winners", "summed"}
)
"""Faults that take seconds each: one kind of network or of distribution more than others show."""
DOCS = Path(__file__).parents[2] / "docs" / "planted-faults.md"
FEW, MOST = 5, 200
"""Examples at most until a fault is noticed, by a law that is not meant for it and by the one that is."""


class Planted(NamedTuple):
    """Something broken.

    Attributes:
        name: What it is called.
        fault: What is wrong with it, and where that is known from.
        law: The law that has to notice.
        judged: It and all laws of its kind.
    """

    name: str
    fault: str
    law: str
    judged: tuple[object, list[Law]]


def _loaded(name: str) -> ModuleType:
    """Return a module in this folder, which test files can't import: their folders are not on the path."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Pickles of its classes look for it there.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


NAMES = (
    "planted_operators",
    "planted_discrete",
    "planted_distributions",
    "planted_learngenes",
    "planted_strategies",
    "planted_searches",
    "planted_objects",
    "planted_problems",
    "planted_datasets",
    "planted_populations",
    "planted_kinds",
    "planted_graphs",
    "planted_heredity",
    "planted_images",
    "planted_critics",
    "planted_conduct",
)
"""The modules, each with `PLANTED`; newer ones name the laws of their kinds in `KINDS` themselves."""
MODULES = [*map(_loaded, NAMES)]
strategies, objects, problems, datasets, populations = (
    sys.modules[f"planted_{kind}"] for kind in ("strategies", "objects", "problems", "datasets", "populations")
)
PLANTED = {row[0]: Planted(*row) for module in MODULES for row in module.PLANTED}
KINDS: dict[str, list[Law]] = {
    "selection": selection_laws(deterministic=True, with_replacement=False)
    + selection_laws(tournament=3)
    + selection_laws(proportional=True, leading=True, first_of_equals=True, any_dtype=True),
    "mutation": mutation_laws(rate="rate", permutations=True)
    + mutation_laws(rate="rate", leading=True, equivariant=("mirror", "permute"), reference=norm()),
    "crossover": crossover_laws(rate="rate", cuts=1)
    + crossover_laws(permutations=True)
    + crossover_laws(exchanges=False, like="simulated binary"),
    "circuit": circuit_laws(like="strongest") + circuit_laws(like="random"),
    "averaging": averaging_laws(),
    "augmentation": augmentation_laws(like="crop", padding=1, amount="padding"),
    "tasks": task_laws(),
    "critic": critic_laws(st.nothing(), reference=lambda *_: (0.0, 1.0)),
    "extraction": extraction_laws(partial=True),
    "inheritance": inheritance_laws(structures=True),
    "learngene mutation": learngene_mutation_laws(rate="rate", like="exchange")
    + learngene_mutation_laws(sizes_kept=False, reads_network=False),
    "map": map_laws(chunk="chunk"),
    "strategy": strategy_laws(verbs=("mutate",)),
    "backbone": backbone_laws(),
    "data set": dataset_laws(again=objects.sound_data, learnable=True),
    "problem": problem_laws([]),
    "returned": returned_laws([], problems.by_hand),
    "convergence": convergence_laws(),
    "population": population_laws(populations.REFERENCE),
    "calls": call_laws(populations.CALLED),
}
for _module in MODULES:
    KINDS |= getattr(_module, "KINDS", {})


@cache
def breach(name: str) -> LawBroken:
    """Return the laws that detect a planted fault: laws that are not meant for it get a few examples only."""
    subject, laws = PLANTED[name].judged
    try:
        for law in laws:
            check_law(subject, law, label=name, examples=MOST if law.name == PLANTED[name].law else FEW)
    except LawBroken as broken:
        return broken
    raise AssertionError(f"no law is broken by {name}.")


@pytest.mark.filterwarnings("ignore:.*drew from the global generator")
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in DEAR else ()) for name in PLANTED]
)
def test_every_planted_fault_is_caught(name: str) -> None:
    """The intended law detects the fault, and its message has what a reader needs."""
    found = breach(name)
    assert found.law == PLANTED[name].law
    assert 1 <= found.examples < MOST
    lines = str(found).splitlines()
    assert f" breaks the law '{found.law}': " in lines[0]
    assert lines[-1].startswith("  likely cause: ")
    assert f"\n  smallest case: {found.case[:1000]}" in str(found)


def test_no_name_is_used_twice() -> None:
    """Every planted fault has a row of its own."""
    assert len(PLANTED) == sum(len(module.PLANTED) for module in MODULES) >= 25


def test_what_the_faults_are_planted_in_has_none() -> None:
    """The search and the data set that faults are planted in keep all laws themselves."""
    check_strategy(strategies.Search, population=4, generations=3, verbs=("mutate", "evaluate", "map"))
    check_dataset(objects.sound_data(), again=objects.sound_data, learnable=True)
    check_dataset(datasets.sound_table(), again=datasets.sound_table, learnable=True)


@pytest.mark.parametrize("kind", KINDS)
def test_most_laws_of_each_kind_are_tried(kind: str) -> None:
    """More than half of the laws of each kind have a fault of their own."""
    tried = {fault.law for fault in PLANTED.values()}
    laws = {law.name for law in KINDS[kind]}
    assert len(tried & laws) > len(laws) / 2


def test_no_fault_is_meant_for_a_law_that_does_not_exist() -> None:
    """Every law in the table is one that is checked."""
    assert {fault.law for fault in PLANTED.values()} <= {law.name for laws in KINDS.values() for law in laws}


def rows() -> Iterator[str]:
    """Yield the rows of the table in the docs."""
    for fault in PLANTED.values():
        yield f"| `{fault.name}` | {fault.fault} | {fault.law} | {breach(fault.name).examples} |"


def test_the_docs_show_the_table() -> None:
    """The page lists every planted fault with its law; how many examples it took depends on hypothesis' version."""
    shown = re.findall(r"^\| `(.+)` \| (.+) \| (.+) \| \d+ \|$", DOCS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert shown == [(fault.name, fault.fault, fault.law) for fault in PLANTED.values()]
