"""Laws of every operator: it is a pure function of its arguments and its generator."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from neuroevo.global_generators import fingerprints, moved, reseed, restored
from neuroevo.testing.laws.content import Leaf, content, difference, storages
from neuroevo.testing.laws.law import OUTSIDE, RUNS, Breach, Case, Law
from neuroevo.testing.strategies import seeds

Arguments = Mapping[str, Any]
Draw = Callable[[Case], Arguments]
Call = Callable[[Any, Arguments, torch.Generator], Any]
Refused = Callable[[Any, torch.Generator], object]
"""Calls an operator, which has to refuse what it gets."""

Refusals = Mapping[str, Refused] | Sequence[Arguments]
"""What an operator has to refuse: calls by what they are, or settings."""

REFUSES = "arguments outside of the domain are refused"

SEEDS = 16
"""Number of seeds that are tried until two results differ."""


def seeded(seed: int) -> torch.Generator:
    """Return a fresh generator of the CPU."""
    return torch.Generator().manual_seed(seed)


@dataclass(frozen=True)
class Looks:
    """How arguments and results are looked at.

    Attributes:
        content: Makes a snapshot.
        memory: Returns the addresses of what can be changed in place, with the path of each.
    """

    content: Callable[[object], dict[str, Leaf]] = content
    memory: Callable[[object], dict[int, str]] = storages


TENSORS = Looks()


def ready(subject: Any) -> Any:
    """Return an operator after a call of its `reset()`, if it has state of its own to begin anew with."""
    inner = subject
    while isinstance(inner, partial):
        inner = inner.func
    if callable(reset := getattr(inner, "reset", None)):
        reset()
    return subject


def purity_laws(draw: Draw, call: Call, looks: Looks = TENSORS) -> list[Law]:
    """Return the laws of a pure function.

    Args:
        draw: Draws valid arguments by name; mappings, sequences and dataclasses may hold the tensors.
        call: Calls a subject with such arguments and a generator; one that draws nothing may ignore the generator.
        looks: How arguments and results are looked at.
    """
    return [
        runs(draw, call),
        arguments_unchanged(draw, call, looks),
        no_shared_storage(draw, call, looks),
        equal_seeds_equal_results(draw, call, looks),
        global_generators_left_alone(draw, call, looks),
    ]


def runs(draw: Draw, call: Call) -> Law:
    """Return the law that a call with valid arguments raises no exception."""

    def statement(subject: Any, case: Case) -> None:
        call(subject, draw(case), seeded(case.draw("seed", seeds())))

    return Law(RUNS, OUTSIDE, statement)


def arguments_unchanged(draw: Draw, call: Call, looks: Looks = TENSORS) -> Law:
    """Return the law that a call changes no bit of its arguments."""

    def statement(subject: Any, case: Case) -> None:
        arguments = draw(case)
        before = looks.content(arguments)
        call(subject, arguments, seeded(case.draw("seed", seeds())))
        if changed := difference(before, looks.content(arguments)):
            raise Breach(f"the call changed its argument {changed}")

    cause = "an assignment into the argument or a method that ends in an underscore; work on a clone"
    return Law("arguments are left unchanged", cause, statement)


def no_shared_storage(draw: Draw, call: Call, looks: Looks = TENSORS) -> Law:
    """Return the law that results have memory of their own."""

    def statement(subject: Any, case: Case) -> None:
        arguments = draw(case)
        result = call(subject, arguments, seeded(case.draw("seed", seeds())))
        taken, owned = looks.memory(arguments), looks.memory(result)
        if shared := taken.keys() & owned.keys():
            place = min(shared)
            raise Breach(f"{owned[place]} of the result shares memory with the argument {taken[place]}")

    cause = "the argument itself or a view of it (a slice, reshape, detach) is returned; clone it"
    return Law("results share no storage with arguments", cause, statement)


def global_generators_left_alone(draw: Draw, call: Call, looks: Looks = TENSORS) -> Law:
    """Return the law that the global generators of `random`, numpy and PyTorch are neither advanced nor read."""

    def statement(subject: Any, case: Case) -> None:
        arguments, seed = draw(case), case.draw("seed", seeds())
        results = []
        with restored():
            for state in (0, 1, 0):
                reseed(state)
                before = fingerprints()
                results.append(looks.content(call(subject, arguments, seeded(seed))))
                if names := moved(before, fingerprints()):
                    raise Breach(f"the call moved the global generator of {', '.join(names)}")
        first, other, again = results
        # One that differs from call to call anyway has a state of its own, which another law reports.
        if difference(first, other) and not difference(first, again):
            raise Breach("the result depends on the state of a global generator")

    cause = "a draw without generator=, or a function of `random` or numpy.random"
    return Law("global generators are neither read nor written", cause, statement)


def equal_seeds_equal_results(draw: Draw, call: Call, looks: Looks = TENSORS) -> Law:
    """Return the law that equal arguments and equal generators give equal results, bit for bit."""

    def statement(subject: Any, case: Case) -> None:
        arguments, seed = draw(case), case.draw("seed", seeds())
        results = []
        with restored():
            for _ in range(2):
                # Reading a global generator is reported by the law about them.
                reseed(0)
                results.append(looks.content(call(subject, arguments, seeded(seed))))
        if path := difference(*results):
            raise Breach(f"two calls with equal generators differ in {path} of the result")

    cause = (
        "draws that do not come from the generator (a clock, the order of a set), or a state kept between calls; an "
        "operator with state on purpose is an object with `reset`, which is called before each call that is judged"
    )
    return Law("equal seeds give equal results", cause, statement)


def other_seeds_other_results(draw: Draw, call: Call, looks: Looks = TENSORS) -> Law:
    """Return the law that results differ between seeds; `draw` gives arguments with enough to choose from."""

    def statement(subject: Any, case: Case) -> None:
        arguments, seed = draw(case), case.draw("seed", seeds())
        first = looks.content(call(subject, arguments, seeded(seed)))
        others = (looks.content(call(subject, arguments, seeded(seed + step))) for step in range(1, SEEDS))
        if not any(difference(first, other) for other in others):
            raise Breach(f"{SEEDS} generators with different seeds gave one and the same result")

    cause = "the generator is not used, or is seeded anew inside; deterministic=True describes one that draws nothing"
    return Law("other seeds give other results", cause, statement)


def seeds_change_nothing(draw: Draw, call: Call, looks: Looks = TENSORS) -> Law:
    """Return the law that the arguments alone decide."""

    def statement(subject: Any, case: Case) -> None:
        arguments = draw(case)
        drawn = [case.draw(name, seeds()) for name in ("seed", "other seed")]
        first, second = (looks.content(_unsigned(call(subject, arguments, seeded(seed)))) for seed in drawn)
        if path := difference(first, second):
            raise Breach(f"two seeds give results that differ in {path}")

    return Law("the seed changes nothing", "the operator is not deterministic", statement)


def _unsigned(result: Any) -> Any:
    """Return a result without signs of zeros: noise times 0 leaves either."""
    if isinstance(result, tuple):
        return tuple(map(_unsigned, result))
    return result + 0.0 if isinstance(result, Tensor) and result.is_floating_point() else result


def refusals(refuses: Refusals | None, call: Call) -> list[Law]:
    """Return the law that what an operator can't take raises ValueError or TypeError, if something is known.

    Args:
        refuses: Settings that it has to refuse, `[{"rate": -0.1}]`, or calls by what they are, for example
            `{"other genomes": lambda mutate, generator: mutate(genomes.long(), generator=generator)}`.
        call: Calls an operator with settings, and otherwise with what it can take.
    """
    if not refuses:
        return []

    def statement(subject: Any, case: Case) -> None:
        calls = refuses if isinstance(refuses, Mapping) else {_written(one): _setting(call, one) for one in refuses}
        for what in case.each("refused", calls):
            try:
                calls[what](ready(subject), seeded(0))
            except (ValueError, TypeError):
                continue
            raise Breach(f"{what} was taken")

    cause = "an argument is not checked, or the ends of its range are let through; raise ValueError or TypeError"
    return [Law(REFUSES, cause, statement, examples=1, shrinks=False)]


def _setting(call: Call, settings: Arguments) -> Refused:
    return lambda subject, generator: call(subject, copy.deepcopy(settings), generator)


def _written(settings: Arguments) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in settings.items())
