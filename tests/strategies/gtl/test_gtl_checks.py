"""Operators of GTL that return something else are refused by name, before any network is trained where that shows."""

import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
import torch

from neuroevo import evolve
from neuroevo.execution import looped
from neuroevo.learngene import Learngene
from neuroevo.operators.inheritance import inherit


def shortened(learngene: Learngene, weights: object) -> Learngene:
    """Cut a slice in place."""
    del weights
    name = next(iter(learngene.slices))
    learngene.slices[name] = learngene.slices[name][:-1]  # type: ignore[index]
    return learngene


WRONG: list[tuple[str, Callable[..., Any], str]] = [
    ("found", lambda: None, "found must return a Learngene, but it returned None."),
    ("extract", lambda one: one, "extract must return a Learngene, but it returned an Individual."),
    ("mutate", lambda learngene, weights: weights, "mutate must return a Learngene, but it returned a dict."),
    ("mutate", shortened, "mutate must return a Learngene that is whole, but of the one it returned the slice "),
    ("average", lambda siblings: siblings, "average must return a Learngene, but it returned a list."),
    ("inherit", lambda learngene, weights, layout: weights, "inherit must return an Inheritance, but it returned a"),
    (
        "select",
        lambda individuals, k: [1, 2],
        "select must return some of the individuals it was given, but it returned 1 among them.",
    ),
    ("select", lambda individuals, k: 3, "select must return some of the individuals it was given, but it returned an"),
]


@pytest.mark.parametrize(("verb", "operator", "sentence"), WRONG, ids=map(str, range(len(WRONG))))
def test_it_is_refused_before_any_training(
    verb: str,
    operator: Callable[..., Any],
    sentence: str,
    gtls: ModuleType,
    toys: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One sentence that begins with the operator's name; no training run begins."""
    strategy = gtls.gtl(toys)
    strategy.toolbox.register(verb, operator)
    monkeypatch.setattr(looped, "descend", lambda *_: pytest.fail("a network is trained"))
    with pytest.raises(TypeError) as caught:
        list(evolve(strategy, 1))
    assert str(caught.value).startswith(sentence)
    assert str(caught.value).endswith(".")


def test_training_would_be_noticed(gtls: ModuleType, toys: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """With operators that are right, networks are trained."""
    trained: list[int] = []
    descend = looped.descend
    monkeypatch.setattr(looped, "descend", lambda *given, **more: trained.append(1) or descend(*given, **more))
    list(evolve(gtls.gtl(toys), 1))
    assert trained


def test_weights_in_the_memory_of_the_argument_are_refused(gtls: ModuleType, toys: ModuleType) -> None:
    """An inheritance that writes into the weights that it was given is named."""
    strategy = gtls.gtl(toys)

    def in_place(learngene: Learngene, weights: dict[str, torch.Tensor], *, layout: Any) -> Any:
        report = inherit(learngene, weights, layout=layout)
        for name, tensor in report.weights.items():
            weights[name].copy_(tensor)
            report.weights[name] = weights[name]
        return report

    strategy.toolbox.register("inherit", in_place)
    with pytest.raises(TypeError, match=r"^inherit must return weights of their own, but .* shares its memory with"):
        list(evolve(strategy, 1))


@pytest.mark.parametrize("verb", ["mutation", "crossover", "evaluat", "lives"])
def test_unknown_operators_are_refused(verb: str, gtls: ModuleType, toys: ModuleType) -> None:
    """The sentence lists those that GTL has."""
    with pytest.raises(ValueError, match=rf"^GTL must be given one of its operators \(.*\), but it is given '{verb}'"):
        gtls.gtl(toys).toolbox.register(verb, len)


def test_the_rehearsal_changes_nothing(gtls: ModuleType, toys: ModuleType) -> None:
    """With operators of one's own that do the same, every generation is the same as without."""
    plain, swapped = gtls.gtl(toys), gtls.gtl(toys)
    for verb in ("extract", "mutate", "average", "select", "found"):
        original = getattr(swapped.toolbox, verb)
        swapped.toolbox.register(verb, lambda *given, original=original, **settings: original(*given, **settings))
    assert gtls.run(swapped, 2) == gtls.run(plain, 2)


@pytest.mark.parametrize(
    ("settings", "idle"),
    [
        ({"population": 1, "elites": 1}, {"mutate", "average"}),
        ({"population": 1, "elites": 0}, {"average"}),
        ({"population": 4, "elites": 4}, {"mutate"}),
        ({"population": 4, "elites": 1}, set()),
    ],
)
def test_an_operator_that_is_never_called_is_warned_of(
    settings: dict[str, Any], idle: set[str], gtls: ModuleType, toys: ModuleType
) -> None:
    """Once, and rightly: beyond the rehearsal it isn't called."""
    strategy, calls = gtls.gtl(toys, **settings), dict.fromkeys(("mutate", "average"), 0)

    def counted(name: str, operator: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            calls[name] += 1
            return operator(*arguments)

        return call

    for name in calls:
        strategy.toolbox.register(name, counted(name, getattr(strategy.toolbox, name)))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        list(evolve(strategy, 2))
    assert {str(one.message).partition(" ")[0] for one in caught} == idle
    assert len(caught) == len(idle)
    assert all(one.filename == __file__ for one in caught)
    assert {name for name, count in calls.items() if count == 1} == idle
