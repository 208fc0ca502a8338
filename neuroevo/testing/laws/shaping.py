"""Laws of fitness shaping: `shape(scores [..., P]) -> utilities [..., P]`, as `neuroevo.operators.shaping`.

Scores are to be maximised, each leading index is an independent population, and one that is not finite is the worst.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from torch import Tensor

from neuroevo.testing.laws.equations import agrees, pure, settings_of, unlike
from neuroevo.testing.laws.law import Breach, Case, Law, check, name_of
from neuroevo.testing.laws.purity import Arguments
from neuroevo.testing.laws.settings import Grid
from neuroevo.testing.numbers import FAILURES, FLOATS, sizes, tensors
from neuroevo.testing.references import reference_shaping

Shape = Callable[..., Tensor]


def check_shaping(
    shape: Shape,
    *,
    by_rank: bool = True,
    reference: Shape | None = None,
    like: str | None = None,
    grid: Grid | None = None,
    dtypes: Sequence[torch.dtype] = FLOATS,
    examples: int | None = None,
    **settings: Any,
) -> None:
    """Raise LawBroken for the first of `shaping_laws` that a shaping of the fitness breaks.

    Args:
        shape: Takes scores [..., P] and returns utilities of that shape and dtype.
        by_rank: As for `shaping_laws`.
        reference: As for `shaping_laws`.
        like: As for `shaping_laws`.
        grid: As for `shaping_laws`.
        dtypes: As for `shaping_laws`.
        examples: Largest number of cases per law; default that of the active hypothesis profile.
        **settings: As for `shaping_laws`.
    """
    __tracebackhide__ = True
    laws = shaping_laws(by_rank=by_rank, reference=reference, like=like, grid=grid, dtypes=dtypes, **settings)
    check(shape, laws, label=name_of(shape), examples=examples)


def shaping_laws(
    *,
    by_rank: bool = True,
    reference: Shape | None = None,
    like: str | None = None,
    grid: Grid | None = None,
    dtypes: Sequence[torch.dtype] = FLOATS,
    **settings: Any,
) -> list[Law]:
    """Return the laws of a shaping of the fitness.

    Args:
        by_rank: Whether only the order of the scores counts.
        reference: Another implementation, which utilities are equal to; None for none.
        like: Its name, such as "centred ranks"; see `neuroevo.testing.references.shaping`.
        grid: Values of settings by name, which the laws choose from, of the operator and of the reference.
        dtypes: The dtypes of scores.
        **settings: The settings of the reference `like`.

    Raises:
        ValueError: There is no reference of the name `like`.
        TypeError: It has no such setting, or needs another one.
    """
    if like is not None:
        reference = reference_shaping(like, **settings)

    def draw(case: Case) -> Arguments:
        return {"scores": case.draw("scores", _scores(dtypes)), **settings_of(case, grid)}

    laws = [
        *pure(draw, _call),
        _shape_kept(draw),
        _order_kept(draw),
        _permutes(draw),
        _populations_are_independent(draw),
    ]
    if by_rank:
        laws.append(_order_alone_counts(draw))
    return [*laws, agrees(reference, draw, _call)] if reference is not None else laws


def _call(shape: Any, arguments: Arguments, generator: torch.Generator | None = None) -> Tensor:
    del generator
    utilities: Tensor = shape(
        arguments["scores"], **{name: each for name, each in arguments.items() if name != "scores"}
    )
    return utilities


def _scores(dtypes: Sequence[torch.dtype]) -> SearchStrategy[Tensor]:
    lone = sizes().flatmap(lambda count: tensors(count, dtypes=dtypes, failures=True))
    shapes = st.tuples(st.integers(1, 3), st.integers(1, 5))
    return lone | shapes.flatmap(lambda shape: tensors(*shape, dtypes=dtypes, failures=True))


def _shape_kept(draw: Callable[[Case], Arguments]) -> Law:
    def statement(shape: Any, case: Case) -> None:
        arguments = draw(case)
        expected, got = ((tuple(one.shape), one.dtype) for one in (arguments["scores"], _call(shape, arguments)))
        if expected != got:
            raise Breach(f"scores {expected} became utilities {got}")

    cause = "a dimension is lost, or numbers of another dtype promote the utilities"
    return Law("shape, dtype and device are kept", cause, statement)


def _order_kept(draw: Callable[[Case], Arguments]) -> Law:
    def statement(shape: Any, case: Case) -> None:
        arguments = draw(case)
        known = _known(arguments["scores"]).flatten(0, -2) if arguments["scores"].dim() > 1 else None
        rows = _known(arguments["scores"])[None] if known is None else known
        utilities = _call(shape, arguments).reshape(rows.shape)
        for scores, given in zip(rows, utilities, strict=True):
            ladder = given[scores.argsort(stable=True)]
            rising, equal = ladder.diff(), scores.sort().values.diff() == 0
            # Equal scores share the mean of their utilities, which is rounded.
            rounding = len(given) * torch.finfo(given.dtype).eps * given.abs().max()
            if not (rising >= -rounding).all():
                raise Breach(f"the utilities {given.tolist()} do not rise with the scores")
            if not (rising[equal.nan_to_num()] == 0).all():
                raise Breach(f"the utilities {given.tolist()} differ where scores are equal")

    cause = "ties are broken by position, the order is reversed, or NaN is compared"
    return Law("better scores have no lower utilities, and equal ones equal utilities", cause, statement)


def _permutes(draw: Callable[[Case], Arguments]) -> Law:
    def statement(shape: Any, case: Case) -> None:
        arguments = draw(case)
        scores = arguments["scores"]
        order = torch.tensor(case.draw("order", st.permutations(range(scores.shape[-1]))))
        moved = _call(shape, {**arguments, "scores": scores[..., order]})
        if complaint := unlike(moved, _call(shape, arguments)[..., order]):
            raise Breach(f"after the permutation {complaint}")

    cause = "utilities are returned in the order of the ranks, or ties are broken by position"
    return Law("permuting the population permutes the utilities", cause, statement)


def _populations_are_independent(draw: Callable[[Case], Arguments]) -> Law:
    def statement(shape: Any, case: Case) -> None:
        arguments = draw(case)
        scores = arguments["scores"]
        # A second population of other numbers, and a third one of the same.
        together = _call(shape, {**arguments, "scores": torch.stack([scores, scores.neg() + 1, scores])})
        if complaint := unlike(together[2], _call(shape, arguments)):
            raise Breach(f"beside other populations {complaint}")

    cause = "ranks, sums or extremes are taken over all populations; give the dimension"
    return Law("each leading index is a population of its own", cause, statement)


def _order_alone_counts(draw: Callable[[Case], Arguments]) -> Law:
    def statement(shape: Any, case: Case) -> None:
        arguments = draw(case)
        scores = arguments["scores"]
        # Distinct numbers stay distinct; failures become others.
        levels = _known(scores).unique(sorted=True)
        steps = torch.searchsorted(levels, _known(scores)).double()
        failure = case.draw("failure", st.sampled_from(FAILURES))
        # In double precision: the square of 256 is infinite in half precision.
        stretched = (steps + steps.square() / 300 - 3).to(scores.dtype)
        changed = torch.where(scores.isfinite(), stretched, failure)
        if complaint := unlike(_call(shape, {**arguments, "scores": changed}), _call(shape, arguments)):
            raise Breach(f"with scores of the same order {complaint}")

    cause = "the scores themselves, or which failure it is, count where ranks should"
    return Law("only the order of the scores counts", cause, statement)


def _known(scores: Tensor) -> Tensor:
    return torch.where(scores.isfinite(), scores, -torch.inf)
