"""Laws of optimisers: `optimise(gradient, memory) -> (step, memory)`, as `neuroevo.operators.optimisers`.

Gradients [..., D] are those of an objective to be maximised; the memory is a mapping of tensors, empty at first; each
leading index is an independent search.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from torch import Tensor

from neuroevo.testing.laws.content import content, difference
from neuroevo.testing.laws.equations import TOLERANCE, agrees, pure, settings_of, unlike
from neuroevo.testing.laws.law import Breach, Case, Law, check, name_of
from neuroevo.testing.laws.purity import Arguments, Draw
from neuroevo.testing.laws.settings import Grid
from neuroevo.testing.numbers import tensors
from neuroevo.testing.references import reference_optimiser

Optimise = Callable[..., tuple[Tensor, Mapping[str, Tensor]]]

DTYPES = (torch.float32, torch.float64)
LONG = 40
"""Steps of the longest run."""


def check_optimiser(
    optimise: Optimise,
    *,
    reference: Optimise | None = None,
    like: str | None = None,
    grid: Grid | None = None,
    dtypes: Sequence[torch.dtype] = DTYPES,
    direction_only: bool = False,
    examples: int | None = None,
    **settings: Any,
) -> None:
    """Raise LawBroken for the first of `optimiser_laws` that an optimiser breaks.

    Args:
        optimise: Takes a gradient [..., D] and the memory of its last call; returns a step [..., D] and its memory.
        reference: As for `optimiser_laws`.
        like: As for `optimiser_laws`.
        grid: As for `optimiser_laws`.
        dtypes: As for `optimiser_laws`.
        direction_only: As for `optimiser_laws`.
        examples: Largest number of cases per law; default that of the active hypothesis profile.
        **settings: As for `optimiser_laws`.
    """
    __tracebackhide__ = True
    laws = optimiser_laws(
        reference=reference, like=like, grid=grid, dtypes=dtypes, direction_only=direction_only, **settings
    )
    check(optimise, laws, label=name_of(optimise), examples=examples)


def optimiser_laws(
    *,
    reference: Optimise | None = None,
    like: str | None = None,
    grid: Grid | None = None,
    dtypes: Sequence[torch.dtype] = DTYPES,
    direction_only: bool = False,
    **settings: Any,
) -> list[Law]:
    """Return the laws of an optimiser.

    Args:
        reference: Another implementation, which steps are equal to; None for none.
        like: Its name, such as "Adam"; see `neuroevo.testing.references.optimisers`.
        grid: Values of settings by name, which the laws choose from, of the operator and of the reference.
        dtypes: The dtypes of gradients.
        direction_only: Whether only the direction of gradients counts, whatever their length.
        **settings: The settings of the reference `like`.

    Raises:
        ValueError: There is no reference of the name `like`.
        TypeError: It has no such setting, or needs another one.
    """
    if like is not None:
        needed = {name: values[0] for name, values in (grid or {}).items()}
        reference = reference_optimiser(like, **{**needed, **settings})

    def draw(case: Case) -> Arguments:
        return {"gradients": case.draw("gradients", _gradients(dtypes)), **settings_of(case, grid)}

    laws = [
        *pure(draw, _last_step),
        _shape_kept(draw),
        _memory_unchanged(draw),
        _memory_is_complete(draw),
        _searches_are_independent(draw),
    ]
    if direction_only:
        laws.append(_direction_alone_counts(draw))
    if reference is None:
        return laws
    # Rounding errors of a run add up.
    return [*laws, agrees(reference, draw, _run, tolerance=LONG * TOLERANCE, name="steps are the reference's")]


def _run(optimise: Any, arguments: Arguments, generator: torch.Generator | None = None) -> list[Tensor]:
    """Return the steps of a run over gradients [T, ..., D]."""
    del generator
    settings = {name: one for name, one in arguments.items() if name != "gradients"}
    memory: Mapping[str, Tensor] = {}
    steps = []
    for gradient in arguments["gradients"]:
        step, memory = optimise(gradient, memory, **settings)
        steps.append(step)
    return steps


def _last_step(optimise: Any, arguments: Arguments, generator: torch.Generator) -> Tensor:
    return _run(optimise, arguments, generator)[-1]


@st.composite
def _gradients(draw: DrawFn, dtypes: Sequence[torch.dtype]) -> Tensor:
    """Draw the gradients of a run, [T, D] or [T, 2, D]; some are 0 from the beginning, or throughout."""
    steps = draw(st.integers(1, 4) | st.sampled_from([1, 2, 11, LONG]))
    leading = draw(st.sampled_from([(), (2,)]))
    genes = draw(st.integers(1, 3) | st.just(150 // steps + 1))
    gradients = draw(tensors(steps, *leading, genes, dtypes=dtypes))
    silent = draw(st.sampled_from([0, 0, 1, steps]))
    return torch.cat([torch.zeros_like(gradients[:silent]), gradients[silent:]])


def _shape_kept(draw: Draw) -> Law:
    def statement(optimise: Any, case: Case) -> None:
        arguments = draw(case)
        gradient = arguments["gradients"][0]
        for step in _run(optimise, arguments):
            expected, got = ((tuple(one.shape), one.dtype) for one in (gradient, step))
            if expected != got:
                raise Breach(f"a gradient {expected} gave a step {got}")

    cause = "a norm loses its dimension, or numbers of another dtype promote the step"
    return Law("shape, dtype and device are kept", cause, statement)


def _memory_unchanged(draw: Draw) -> Law:
    def statement(optimise: Any, case: Case) -> None:
        arguments = draw(case)
        settings = {name: one for name, one in arguments.items() if name != "gradients"}
        memory: Mapping[str, Tensor] = {}
        for gradient in arguments["gradients"]:
            before = content(memory)
            _, after = optimise(gradient, memory, **settings)
            if path := difference(before, content(memory)):
                raise Breach(f"the call changed the memory that it was given, in {path}")
            memory = after

    cause = "a method that ends in an underscore, or an entry that is set in the mapping; return a new one"
    return Law("the memory is left unchanged", cause, statement)


def _memory_is_complete(draw: Draw) -> Law:
    def statement(optimise: Any, case: Case) -> None:
        arguments = draw(case)
        settings = {name: one for name, one in arguments.items() if name != "gradients"}
        wanted = _run(optimise, arguments)
        memory: Mapping[str, Tensor] = {}
        for place, gradient in enumerate(arguments["gradients"]):
            # Another search between two steps, and a memory that comes from a file.
            optimise(gradient + 1, {}, **settings)
            step, memory = optimise(gradient, copy.deepcopy(memory), **settings)
            if path := difference(content(wanted[place]), content(step)):
                raise Breach(
                    f"step {place + 1} is another one if the memory is copied and others step between ({path})"
                )

    cause = "something that a step needs is kept in the object, or in a global variable, and not in the memory"
    return Law("the memory holds all that the next step needs", cause, statement)


def _searches_are_independent(draw: Draw) -> Law:
    def statement(optimise: Any, case: Case) -> None:
        arguments = draw(case)
        gradients = arguments["gradients"]
        both = torch.stack([-gradients.flip(0) + 1, gradients], dim=1)
        found = [step[1] for step in _run(optimise, {**arguments, "gradients": both})]
        if complaint := unlike(found, _run(optimise, arguments), tolerance=LONG * TOLERANCE):
            raise Breach(f"beside another search {complaint}")

    cause = "a norm or a mean is taken over all searches; give the dimension"
    return Law("each leading index is a search of its own", cause, statement)


def _direction_alone_counts(draw: Draw) -> Law:
    def statement(optimise: Any, case: Case) -> None:
        arguments = draw(case)
        gradients = (arguments["gradients"] * 1024).round() / 1024
        # To both ends of the dtype, where squares leave its range.
        most = 70 if gradients.dtype == torch.float32 else 900
        factor = 2.0 ** case.draw("exponent", st.sampled_from([most, -most, 1]))
        there = _run(optimise, {**arguments, "gradients": gradients})
        found = _run(optimise, {**arguments, "gradients": gradients * factor})
        if complaint := unlike(found, there, tolerance=LONG * TOLERANCE):
            raise Breach(f"with gradients {factor} times as long {complaint}")

    cause = (
        "the length of the gradient counts, or its square overflows or underflows; divide by its greatest entry first"
    )
    return Law("only the direction of the gradient counts", cause, statement)
