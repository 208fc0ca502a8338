"""Laws of every operator: it is a pure function of its arguments and its generator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from neuroevo.global_generators import fingerprints, reseed, restored
from neuroevo.testing.laws.content import content, difference, storages
from neuroevo.testing.laws.law import OUTSIDE, RUNS, Breach, Case, Law
from neuroevo.testing.strategies import seeds

Arguments = Mapping[str, Any]
Draw = Callable[[Case], Arguments]
Call = Callable[[Any, Arguments, torch.Generator], Any]

SEEDS = 16
"""Number of seeds that are tried until two results differ."""


def seeded(seed: int) -> torch.Generator:
    """Return a fresh generator of the CPU."""
    return torch.Generator().manual_seed(seed)


def purity_laws(draw: Draw, call: Call) -> list[Law]:
    """Return the laws of a pure function.

    Args:
        draw: Draws valid arguments by name; mappings, sequences and dataclasses may hold the tensors.
        call: Calls a subject with such arguments and a generator; one that draws nothing may ignore the generator.
    """
    return [
        runs(draw, call),
        arguments_unchanged(draw, call),
        no_shared_storage(draw, call),
        equal_seeds_equal_results(draw, call),
        global_generators_left_alone(draw, call),
    ]


def runs(draw: Draw, call: Call) -> Law:
    """Return the law that a call with valid arguments raises no exception."""

    def statement(subject: Any, case: Case) -> None:
        call(subject, draw(case), seeded(case.draw("seed", seeds())))

    return Law(RUNS, OUTSIDE, statement)


def arguments_unchanged(draw: Draw, call: Call) -> Law:
    """Return the law that a call changes no bit of its arguments."""

    def statement(subject: Any, case: Case) -> None:
        arguments = draw(case)
        before = content(arguments)
        call(subject, arguments, seeded(case.draw("seed", seeds())))
        if changed := difference(before, content(arguments)):
            raise Breach(f"the call changed its argument {changed}")

    cause = "an assignment into the argument or a method that ends in an underscore; work on a clone"
    return Law("arguments are left unchanged", cause, statement)


def no_shared_storage(draw: Draw, call: Call) -> Law:
    """Return the law that results have memory of their own."""

    def statement(subject: Any, case: Case) -> None:
        arguments = draw(case)
        result = call(subject, arguments, seeded(case.draw("seed", seeds())))
        taken, owned = storages(arguments), storages(result)
        if shared := taken.keys() & owned.keys():
            place = min(shared)
            raise Breach(f"{owned[place]} of the result shares memory with the argument {taken[place]}")

    cause = "the argument itself or a view of it (a slice, reshape, detach) is returned; clone it"
    return Law("results share no storage with arguments", cause, statement)


def global_generators_left_alone(draw: Draw, call: Call) -> Law:
    """Return the law that the global generators of `random`, numpy and PyTorch are neither advanced nor read."""

    def statement(subject: Any, case: Case) -> None:
        arguments, seed = draw(case), case.draw("seed", seeds())
        results = []
        with restored():
            for state in (0, 1):
                reseed(state)
                before = fingerprints()
                results.append(content(call(subject, arguments, seeded(seed))))
                if moved := [name for name, known in fingerprints().items() if known != before[name]]:
                    raise Breach(f"the call moved the global generator of {', '.join(moved)}")
        if difference(*results):
            raise Breach("the result depends on the state of a global generator")

    cause = "a draw without generator=, or a function of `random` or numpy.random"
    return Law("global generators are neither read nor written", cause, statement)


def equal_seeds_equal_results(draw: Draw, call: Call) -> Law:
    """Return the law that equal arguments and equal generators give equal results, bit for bit."""

    def statement(subject: Any, case: Case) -> None:
        arguments, seed = draw(case), case.draw("seed", seeds())
        results = []
        with restored():
            for _ in range(2):
                # Reading a global generator is reported by the law about them.
                reseed(0)
                results.append(content(call(subject, arguments, seeded(seed))))
        if path := difference(*results):
            raise Breach(f"two calls with equal generators differ in {path} of the result")

    cause = "draws that do not come from the generator (a clock, the order of a set, a state kept between calls)"
    return Law("equal seeds give equal results", cause, statement)


def other_seeds_other_results(draw: Draw, call: Call) -> Law:
    """Return the law that results differ between seeds; `draw` gives arguments with enough to choose from."""

    def statement(subject: Any, case: Case) -> None:
        arguments, seed = draw(case), case.draw("seed", seeds())
        first = content(call(subject, arguments, seeded(seed)))
        others = (content(call(subject, arguments, seeded(seed + step))) for step in range(1, SEEDS))
        if not any(difference(first, other) for other in others):
            raise Breach(f"{SEEDS} generators with different seeds gave one and the same result")

    cause = "the generator is not used, or is seeded anew inside"
    return Law("other seeds give other results", cause, statement)
