"""Laws of differential variation: `vary(genomes, …, generator) -> genomes`, as `neuroevo.operators.differential`.

Genomes are [..., P, D], in one batch, of which each is moved by differences of others, or in two, in which the second
has a partner for each. Each leading index is an independent population.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.testing.laws.distribution import Sample
from neuroevo.testing.laws.draws import drawn_like
from neuroevo.testing.laws.equations import settings_of, unlike
from neuroevo.testing.laws.law import Breach, Case, Law, check, name_of
from neuroevo.testing.laws.purity import Arguments, Draw, Refusals, purity_laws, refusals, seeded
from neuroevo.testing.laws.settings import Grid
from neuroevo.testing.numbers import FLOATS, tensors
from neuroevo.testing.references import reference_differential
from neuroevo.testing.strategies import seeds

Vary = Callable[..., Tensor]
NAMES = ("genomes", "others")
SHAPES = ((1, 1), (2, 3), (5, 2), (1, 140), (2, 3, 4))
"""Genomes of the grid, [P, D] or [L, P, D], in addition to the smallest population."""


def check_differential(
    vary: Vary,
    *,
    batches: int = 1,
    least: int = 4,
    factor: str | None = None,
    reference: Vary | None = None,
    like: str | None = None,
    grid: Grid | None = None,
    refuses: Refusals | None = None,
    dtypes: Sequence[torch.dtype] = FLOATS,
    examples: int | None = None,
    **settings: Any,
) -> None:
    """Raise LawBroken for the first of `differential_laws` that a differential variation breaks.

    Args:
        vary: Takes one or two batches of genomes [..., P, D] and `generator`; returns genomes of that shape.
        batches: As for `differential_laws`.
        least: As for `differential_laws`.
        factor: As for `differential_laws`.
        reference: As for `differential_laws`.
        like: As for `differential_laws`.
        grid: As for `differential_laws`.
        refuses: As for `differential_laws`.
        dtypes: As for `differential_laws`.
        examples: Largest number of cases per law; default that of the active hypothesis profile.
        **settings: As for `differential_laws`.
    """
    __tracebackhide__ = True
    laws = differential_laws(
        batches=batches,
        least=least,
        factor=factor,
        reference=reference,
        like=like,
        grid=grid,
        refuses=refuses,
        dtypes=dtypes,
        **settings,
    )
    check(vary, laws, label=name_of(vary), examples=examples)


def differential_laws(
    *,
    batches: int = 1,
    least: int = 4,
    factor: str | None = None,
    reference: Vary | None = None,
    like: str | None = None,
    grid: Grid | None = None,
    refuses: Refusals | None = None,
    dtypes: Sequence[torch.dtype] = FLOATS,
    **settings: Any,
) -> list[Law]:
    """Return the laws of a differential variation.

    Args:
        batches: Number of batches of genomes that it takes, 1 or 2.
        least: The smallest population that it takes.
        factor: Name of the keyword F, if a mutant is r1 + F (r2 - r3) of three different others.
        reference: Another implementation, which genomes are distributed as; None for none.
        like: Its name, such as "rand/1"; see `neuroevo.testing.references.differential`.
        grid: Values of settings by name, which the laws choose from, of the operator and of the reference.
        refuses: Settings that it has to refuse, `[{"rate": 1.5}]`, or `[{"population": 3}]`; or calls by what they are.
        dtypes: The dtypes of genomes.
        **settings: The settings of the reference `like`.

    Raises:
        ValueError: There is no reference of the name `like`.
        TypeError: It has no such setting, or needs another one.
    """
    grid = grid or {}
    names = NAMES[:batches]
    if like is not None:
        reference = reference_differential(like, **{**{name: each[0] for name, each in grid.items()}, **settings})

    def draw(case: Case) -> Arguments:
        leading = case.draw("leading", st.sampled_from([(), (2,)]))
        shape = (
            *leading,
            case.draw("population", st.integers(least, least + 3)),
            case.draw("length", st.integers(1, 4)),
        )
        first = case.draw("genomes", tensors(*shape, dtypes=dtypes, magnitude=10))
        others = [case.draw(name, tensors(*shape, dtypes=[first.dtype], magnitude=10)) for name in names[1:]]
        return {**dict(zip(names, [first, *others], strict=True)), **settings_of(case, grid)}

    laws = [*purity_laws(draw, _call), _shape_kept(draw), _moves_along(draw)]
    if factor is not None:
        laws.append(_three_others(factor, least))
    if reference is not None:
        tried = _grid(names, least, grid)
        laws.append(drawn_like("genomes are distributed as the reference's", reference, tried, _call, _rows))
    # All else is right, so that the reason of a refusal is the one that is meant.
    right = {name: each[0] for name, each in grid.items()}

    def call(vary: Any, wrong: Arguments, generator: torch.Generator) -> Tensor:
        return _call(vary, _bad(names, least, {**right, **wrong}), generator)

    return [*laws, *refusals(refuses, call)]


def _call(vary: Any, arguments: Arguments, generator: torch.Generator) -> Tensor:
    batches = [arguments[name] for name in NAMES if name in arguments]
    settings = {name: one for name, one in arguments.items() if name not in NAMES}
    result: Tensor = vary(*batches, generator=generator, **settings)
    return result


def _grid(names: Sequence[str], least: int, grid: Grid) -> list[dict[str, Any]]:
    """Return genomes of all shapes in turn with all settings."""
    shapes = [(least, 1), *((*leading, max(rows, least), genes) for *leading, rows, genes in SHAPES)]
    settings = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    count = max(len(shapes), len(settings))
    turns = [(shapes[turn % len(shapes)], settings[turn % len(settings)]) for turn in range(count)]
    return [{**_genomes(names, shape, turn), **chosen} for turn, (shape, chosen) in enumerate(turns)]


def _genomes(names: Sequence[str], shape: tuple[int, ...], seed: int) -> dict[str, Tensor]:
    """Return genomes, the different genes of which lie within [0, 3), so that a reader of a message knows them."""
    generator = seeded(seed)
    return {name: 3 * torch.rand(shape, generator=generator, dtype=torch.float64) for name in names}


def _bad(names: Sequence[str], least: int, wrong: Arguments) -> Arguments:
    settings = dict(wrong)
    return {**_genomes(names, (settings.pop("population", least), 2), 0), **settings}


def _rows(genomes: Tensor, arguments: Arguments) -> Sample:
    """Return the changes of all genomes, [all genomes, D]."""
    changes: Sample = (genomes.double() - arguments["genomes"].double()).flatten(0, -2).numpy()
    return changes


def _shape_kept(draw: Draw) -> Law:
    def statement(vary: Any, case: Case) -> None:
        arguments = draw(case)
        result = _call(vary, arguments, seeded(case.draw("seed", seeds())))
        expected, got = ((tuple(one.shape), one.dtype, one.device) for one in (arguments["genomes"], result))
        if expected != got:
            raise Breach(f"genomes {expected} became {got}")

    cause = "draws of another dtype promote the genes, or a dimension is added or lost"
    return Law("shape, dtype and device are kept", cause, statement)


def _moves_along(draw: Draw) -> Law:
    def statement(vary: Any, case: Case) -> None:
        arguments, seed = draw(case), case.draw("seed", seeds())
        exact = {name: one.double() if name in NAMES else one for name, one in arguments.items()}
        moved = {name: one + 16 if name in NAMES else one for name, one in exact.items()}
        if complaint := unlike(_call(vary, moved, seeded(seed)), _call(vary, exact, seeded(seed)) + 16):
            raise Breach(f"after all genes were moved by 16 {complaint}")

    cause = "genomes themselves count, where only differences should: a term is missing, or a weight counts twice"
    return Law("moving all genomes moves the results", cause, statement)


def _three_others(factor: str, least: int) -> Law:
    def statement(vary: Any, case: Case) -> None:
        population = case.draw("population", st.integers(least, least + 2))
        genomes = _genomes(NAMES[:1], (population, 2), case.draw("numbers", st.integers(0, 5)))["genomes"]
        weight = case.draw(factor, st.sampled_from([0.5, 1.0, 0.9, -0.3]))
        mutants = vary(genomes, generator=seeded(case.draw("seed", seeds())), **{factor: weight})
        for row, mutant in enumerate(mutants):
            others = [one for one in range(population) if one != row]
            made = (
                genomes[first] + weight * (genomes[second] - genomes[third])
                for first, second, third in itertools.permutations(others, 3)
            )
            if not any(torch.allclose(mutant, one, rtol=0, atol=1e-12) for one in made):
                raise Breach(f"row {row}, {mutant.tolist()}, is made of no three different others")

    cause = "a genome is drawn twice, or takes part in its own mutant, or genes are of several triples"
    return Law("each mutant is made of three different others", cause, statement)
