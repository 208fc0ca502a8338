"""Laws of Pareto fronts and of crowding: `sort(values) -> numbers` and `crowd(values, fronts) -> distances`.

Values [..., P, M] are to be maximised and each leading index is an independent population, as in
`neuroevo.operators.fronts`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from torch import Tensor

from neuroevo.testing.laws.equations import agrees, pure, unlike
from neuroevo.testing.laws.law import Breach, Case, Law, check, name_of
from neuroevo.testing.laws.purity import Arguments, Draw
from neuroevo.testing.numbers import FLOATS, sizes, tensors
from neuroevo.testing.references import reference_crowding, reference_sort

Dtypes = Sequence[torch.dtype]

MOST = 129
"""Rows of the largest population; the references compare all pairs."""

ROUNDED = 1000.0
"""Tolerance where values in other units are rounded differently."""

SORTING, CROWDING = "non-dominated sorting", "crowding distance"


def check_fronts(
    sort: Callable[..., Tensor],
    *,
    reference: Callable[..., Tensor] | None = None,
    like: str | None = SORTING,
    dtypes: Dtypes = FLOATS,
    examples: int | None = None,
) -> None:
    """Raise LawBroken for the first of `front_laws` that a sort into fronts breaks.

    Args:
        sort: Takes values [..., P, M] and returns the numbers of the fronts, int64 [..., P].
        reference: As for `front_laws`.
        like: As for `front_laws`.
        dtypes: As for `front_laws`.
        examples: Largest number of cases per law; default that of the active hypothesis profile.
    """
    __tracebackhide__ = True
    check(sort, front_laws(reference=reference, like=like, dtypes=dtypes), label=name_of(sort), examples=examples)


def front_laws(
    *, reference: Callable[..., Tensor] | None = None, like: str | None = SORTING, dtypes: Dtypes = FLOATS
) -> list[Law]:
    """Return the laws of a sort into fronts.

    Args:
        reference: Another implementation, in place of `like`.
        like: The name of a reference; see `neuroevo.testing.references.fronts`.
        dtypes: The dtypes of values.

    Raises:
        ValueError: There is no reference of that name.
    """
    if reference is None and like is not None:
        reference = reference_sort(like)

    def draw(case: Case) -> Arguments:
        return {"values": case.draw("values", _tables(dtypes, failures=True))}

    laws = [
        *pure(draw, _sort),
        _numbers_for_rows(draw),
        _permutes(draw, _sort, "fronts"),
        _populations_are_independent(draw, _sort),
        _objectives_by_order(draw),
    ]
    return [*laws, agrees(reference, draw, _sort)] if reference is not None else laws


def check_crowding(
    crowd: Callable[..., Tensor],
    *,
    reference: Callable[..., Tensor] | None = None,
    like: str | None = CROWDING,
    dtypes: Dtypes = FLOATS,
    examples: int | None = None,
) -> None:
    """Raise LawBroken for the first of `crowding_laws` that a measure of crowding breaks.

    Args:
        crowd: Takes values [..., P, M] and fronts, int64 [..., P], and returns distances [..., P].
        reference: As for `crowding_laws`.
        like: As for `crowding_laws`.
        dtypes: As for `crowding_laws`.
        examples: Largest number of cases per law; default that of the active hypothesis profile.
    """
    __tracebackhide__ = True
    check(crowd, crowding_laws(reference=reference, like=like, dtypes=dtypes), label=name_of(crowd), examples=examples)


def crowding_laws(
    *, reference: Callable[..., Tensor] | None = None, like: str | None = CROWDING, dtypes: Dtypes = FLOATS
) -> list[Law]:
    """Return the laws of a measure of crowding.

    Args:
        reference: Another implementation, in place of `like`.
        like: The name of a reference; see `neuroevo.testing.references.fronts`.
        dtypes: The dtypes of values.

    Raises:
        ValueError: There is no reference of that name.
    """
    if reference is None and like is not None:
        reference = reference_crowding(like)

    def draw(case: Case) -> Arguments:
        values = case.draw("values", _tables(dtypes, failures=False))
        fronts = case.draw("fronts", _fronts(tuple(values.shape[:-1])))
        return {"values": values, "fronts": fronts}

    def draw_distinct(case: Case) -> Arguments:
        values = case.draw("values", _distinct())
        return {"values": values, "fronts": case.draw("fronts", _fronts(tuple(values.shape[:-1])))}

    laws = [
        *pure(draw, _crowd),
        _permutes(draw_distinct, _crowd, "distances"),
        _populations_are_independent(draw, _crowd),
        _units_are_irrelevant(draw_distinct),
    ]
    return [*laws, agrees(reference, draw, _crowd)] if reference is not None else laws


def _sort(sort: Any, arguments: Arguments, generator: torch.Generator | None = None) -> Tensor:
    del generator
    numbers: Tensor = sort(arguments["values"])
    return numbers


def _crowd(crowd: Any, arguments: Arguments, generator: torch.Generator | None = None) -> Tensor:
    del generator
    distances: Tensor = crowd(arguments["values"], arguments["fronts"])
    return distances


@st.composite
def _tables(draw: DrawFn, dtypes: Dtypes, *, failures: bool) -> Tensor:
    """Draw values [P, M], or [2, P, M], with many ties and equal rows."""
    objectives = draw(st.sampled_from([2, 1, 3, 5]))
    rows = draw(sizes(most=MOST))
    leading = draw(st.sampled_from([(), (2,)])) if rows <= 8 else ()
    values = draw(tensors(*leading, rows, objectives, dtypes=dtypes, failures=failures))
    if draw(st.booleans()):
        return values
    # Equal rows: those of a random choice.
    chosen = torch.randint(rows, (rows,), generator=torch.Generator().manual_seed(draw(st.integers(0, 2**32 - 1))))
    return values.index_select(-2, chosen)


@st.composite
def _distinct(draw: DrawFn) -> Tensor:
    """Draw values [P, M], float64, none of which occurs twice in an objective."""
    rows, objectives = draw(st.integers(1, 8)), draw(st.integers(1, 3))
    columns = [draw(st.permutations(range(rows))) for _ in range(objectives)]
    gaps = [0.0, *draw(st.lists(st.floats(0.5, 4), min_size=rows - 1, max_size=rows - 1))]
    return torch.tensor(gaps, dtype=torch.float64).cumsum(0)[torch.tensor(columns)].T.contiguous()


def _fronts(shape: tuple[int, ...]) -> SearchStrategy[Tensor]:
    """Draw any assignment of rows to a few fronts, not all of which have members."""
    counts = st.sampled_from([1, 2, 4])
    seeds = st.integers(0, 2**32 - 1).map(lambda seed: torch.Generator().manual_seed(seed))
    return st.tuples(counts, seeds).map(lambda drawn: torch.randint(drawn[0], shape, generator=drawn[1]))


def _numbers_for_rows(draw: Draw) -> Law:
    def statement(sort: Any, case: Case) -> None:
        arguments = draw(case)
        values, numbers = arguments["values"], _sort(sort, arguments)
        if (numbers.shape, numbers.dtype) != (values.shape[:-1], torch.int64):
            raise Breach(f"values {list(values.shape)} have numbers {list(numbers.shape)} of {numbers.dtype}")
        rows = numbers.reshape(-1, values.shape[-2]).tolist()
        if any(sorted(set(row)) != list(range(max(row) + 1)) for row in rows):
            raise Breach(f"the numbers {numbers.tolist()} do not count from 0 without gaps")

    cause = "fronts count from 1, or a front without members has a number"
    return Law("every row has the number of a front, from 0 on without gaps", cause, statement)


def _permutes(draw: Draw, call: Callable[..., Tensor], what: str) -> Law:
    def statement(subject: Any, case: Case) -> None:
        arguments = draw(case)
        rows = arguments["values"].shape[-2]
        order = torch.tensor(case.draw("order", st.permutations(range(rows))))
        moved = {name: one.index_select(-2 if name == "values" else -1, order) for name, one in arguments.items()}
        if complaint := unlike(call(subject, moved), call(subject, arguments)[..., order]):
            raise Breach(f"after the permutation {complaint}")

    cause = f"{what} are returned in the order of a sort, or rows are found by their values"
    return Law(f"permuting the population permutes the {what}", cause, statement)


def _populations_are_independent(draw: Draw, call: Callable[..., Tensor]) -> Law:
    def statement(subject: Any, case: Case) -> None:
        arguments = draw(case)
        turned = {name: -one + 1 if name == "values" else one.flip(-1) for name, one in arguments.items()}
        both = {name: torch.stack([one, turned[name], one]) for name, one in arguments.items()}
        if complaint := unlike(call(subject, both)[2], call(subject, arguments)):
            raise Breach(f"beside other populations {complaint}")

    cause = "rows of all populations are compared with each other"
    return Law("each leading index is a population of its own", cause, statement)


def _objectives_by_order(draw: Draw) -> Law:
    def statement(sort: Any, case: Case) -> None:
        arguments = draw(case)
        values = arguments["values"].double()
        # Whole numbers, so that rounding makes no ties.
        levels = values[values.isfinite()].unique(sorted=True)
        rising = torch.where(values.isfinite(), 3.0 * torch.searchsorted(levels, values.contiguous()) - 4, values)
        order = torch.tensor(case.draw("objectives", st.permutations(range(values.shape[-1]))))
        moved = {"values": rising[..., order]}
        if complaint := unlike(_sort(sort, moved), _sort(sort, arguments)):
            raise Breach(f"with other units and another order of the objectives {complaint}")

    cause = "objectives are added up or weighed, equality has a tolerance, or one objective is left out"
    return Law("only the order within each objective counts", cause, statement)


def _units_are_irrelevant(draw: Draw) -> Law:
    def statement(crowd: Any, case: Case) -> None:
        arguments = draw(case)
        values = arguments["values"]
        factors = case.draw("factors", st.lists(st.sampled_from([1.0, -1.0, 0.25, 8.0]), min_size=3, max_size=3))
        scaled = values * torch.tensor(factors[: values.shape[-1]], dtype=values.dtype) + 4
        found = _crowd(crowd, {**arguments, "values": scaled})
        if complaint := unlike(found, _crowd(crowd, arguments), tolerance=ROUNDED):
            raise Breach(f"with other units and signs of the objectives {complaint}")

    cause = "distances are not divided by the range of their objective within the front"
    return Law("units and signs of the objectives are irrelevant", cause, statement)
