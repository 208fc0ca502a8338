"""Laws of replacement: `replace(parents, children) -> survivors`, as `neuroevo.operators.replacement`.

Parents and children are individuals with a fitness; there are no parents in the first generation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from neuroevo.individual import Fitness, Individual
from neuroevo.testing.laws.equations import pure, settings_of
from neuroevo.testing.laws.law import Breach, Case, Law, check, name_of
from neuroevo.testing.laws.purity import Arguments, Draw, Refusals, refusals
from neuroevo.testing.laws.settings import Grid
from neuroevo.testing.numbers import FAILURES, sizes
from neuroevo.testing.references import reference_replacement

Replace = Callable[..., Sequence[Individual]]
GROUPS = ("parents", "children")
WEIGHTS = ((1.0,), (-1.0,), (1.0, -2.0))
MOST_ONE_BY_ONE = 16
"""Individuals up to which values may be drawn one by one."""


def check_replacement(
    replace: Replace,
    *,
    least_children: int = 0,
    keeps_best: bool = False,
    reference: Replace | None = None,
    like: str | None = None,
    grid: Grid | None = None,
    refuses: Refusals | None = None,
    examples: int | None = None,
    **settings: Any,
) -> None:
    """Raise LawBroken for the first of `replacement_laws` that a replacement breaks.

    Args:
        replace: Takes parents and children; returns as many individuals as there were parents, or all children if
            there were none.
        least_children: As for `replacement_laws`.
        keeps_best: As for `replacement_laws`.
        reference: As for `replacement_laws`.
        like: As for `replacement_laws`.
        grid: As for `replacement_laws`.
        refuses: As for `replacement_laws`.
        examples: Largest number of cases per law; default that of the active hypothesis profile.
        **settings: As for `replacement_laws`.
    """
    __tracebackhide__ = True
    laws = replacement_laws(
        least_children=least_children,
        keeps_best=keeps_best,
        reference=reference,
        like=like,
        grid=grid,
        refuses=refuses,
        **settings,
    )
    check(replace, laws, label=name_of(replace), examples=examples)


def replacement_laws(
    *,
    least_children: int = 0,
    keeps_best: bool = False,
    reference: Replace | None = None,
    like: str | None = None,
    grid: Grid | None = None,
    refuses: Refusals | None = None,
    **settings: Any,
) -> list[Law]:
    """Return the laws of a replacement.

    Args:
        least_children: Children for each parent that it needs: 0 for any number of them, 1 for as many as parents.
        keeps_best: Whether the best of parents and children always survives.
        reference: Another implementation, which survivors are equal to; None for none.
        like: Its name, such as "generational"; see `neuroevo.testing.references.replacement`.
        grid: Values of settings by name, which the laws choose from, of the operator and of the reference.
        refuses: Settings that it has to refuse, `[{"elites": -1}]`, also numbers of `parents` and `children`; or calls,
            by what they are.
        **settings: The settings of the reference `like`.

    Raises:
        ValueError: There is no reference of the name `like`.
        TypeError: It has no such setting, or needs another one.
    """
    if like is not None:
        reference = reference_replacement(like, **settings)

    def draw(case: Case) -> Arguments:
        groups = case.draw("groups", _groups(least_children))
        return {**groups, **settings_of(case, grid)}

    laws = [
        *pure(draw, _call, shares=True),
        _survivors_were_given(draw),
        _only_the_order_counts(draw),
        _no_child_survives_a_better_one(draw),
    ]
    if keeps_best:
        laws.append(_the_best_survives(draw))
    if reference is not None:
        laws.append(_like_the_reference(reference, draw))

    def call(replace: Any, wrong: Arguments, generator: torch.Generator) -> Sequence[Individual]:
        return _call(replace, _bad(wrong), generator)

    return [*laws, *refusals(refuses, call)]


def _call(replace: Any, arguments: Arguments, generator: torch.Generator | None = None) -> Sequence[Individual]:
    del generator
    settings = {name: one for name, one in arguments.items() if name not in GROUPS}
    survivors: Sequence[Individual] = replace(arguments["parents"], arguments["children"], **settings)
    return survivors


@st.composite
def _groups(draw: DrawFn, least_children: int) -> dict[str, list[Individual]]:
    """Draw parents and children of one problem, with ties, failures and different ids."""
    weights = draw(st.sampled_from(WEIGHTS))
    parents = draw(sizes(least=0))
    children = draw(sizes(least=max(1 if not parents else 0, least_children * parents)))
    keys = draw(_keys(parents + children, len(weights)))
    everyone = [Individual(None, Fitness(key, weights=weights), id=place) for place, key in enumerate(keys)]
    return {"parents": everyone[:parents], "children": everyone[parents:]}


@st.composite
def _keys(draw: DrawFn, count: int, objectives: int) -> list[tuple[float, ...]]:
    """Draw values with ties and failures; by a seed, or one by one."""
    if draw(st.booleans()) and count <= MOST_ONE_BY_ONE:
        few = st.sampled_from([0.0, 1.0, -1.0])
        value = few | few | st.floats(-1e6, 1e6) | st.sampled_from(FAILURES)
        return draw(st.lists(st.tuples(*[value] * objectives), min_size=count, max_size=count))
    levels = draw(st.sampled_from([3, 50, 100_000]))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**32 - 1)))
    values = torch.randint(levels, (count, objectives), generator=generator).double()
    values[torch.rand(count, generator=generator) < 0.1, 0] = math.nan
    return [tuple(row) for row in values.tolist()]


def _bad(wrong: Arguments) -> Arguments:
    settings = dict(wrong)
    counts = settings.pop("parents", 2), settings.pop("children", 2)
    everyone = [Individual(None, Fitness((float(place),)), id=place) for place in range(sum(counts))]
    return {"parents": everyone[: counts[0]], "children": everyone[counts[0] :], **settings}


def _survivors_were_given(draw: Draw) -> Law:
    def statement(replace: Any, case: Case) -> None:
        arguments = draw(case)
        parents, children = arguments["parents"], arguments["children"]
        survivors = _call(replace, arguments)
        known = {id(one) for one in [*parents, *children]}
        if strangers := [one.id for one in survivors if id(one) not in known]:
            raise Breach(f"individual {strangers[0]} is none of those that were given, or a copy")
        if len({id(one) for one in survivors}) < len(survivors):
            raise Breach(f"one survives twice: {[one.id for one in survivors]}")
        most = len(parents) or len(children)
        if len(survivors) != min(most, len(parents) + len(children)):
            raise Breach(f"{len(survivors)} survive of {len(parents)} parents and {len(children)} children")

    cause = "a slice that is too long or too short, or the best ones are added and not exchanged"
    return Law("as many individuals survive as there were parents, none of them twice", cause, statement)


def _only_the_order_counts(draw: Draw) -> Law:
    def statement(replace: Any, case: Case) -> None:
        arguments = draw(case)
        wanted = [one.id for one in _call(replace, arguments)]
        known = {value for name in GROUPS for one in arguments[name] for value in one.fitness.values}
        levels = {value: place for place, value in enumerate(sorted(filter(math.isfinite, known)))}
        changed = {name: _rescaled(one, levels) if name in GROUPS else one for name, one in arguments.items()}
        if (found := [one.id for one in _call(replace, changed)]) != wanted:
            raise Breach(f"with values in other units {found} survive in place of {wanted}")

    cause = "the values themselves count, or a weight is left out of the comparison, or equality has a tolerance"
    return Law("only the order of the fitness counts", cause, statement)


def _rescaled(individuals: Sequence[Individual], levels: Mapping[float, int]) -> list[Individual]:
    """Return individuals whose values are others of the same order, near each other."""
    made = []
    for one in individuals:
        values = [levels[value] * 2**-20 if math.isfinite(value) else value for value in one.fitness.values]
        made.append(Individual(None, Fitness(values, weights=one.fitness.weights), id=one.id))
    return made


def _no_child_survives_a_better_one(draw: Draw) -> Law:
    def statement(replace: Any, case: Case) -> None:
        arguments = draw(case)
        survivors = {one.id for one in _call(replace, arguments)}
        children = arguments["children"]
        orders = {one.id: one.fitness.order for one in children}
        left = [one.fitness.order for one in children if one.id not in survivors]
        if left and any(orders[id] < max(left) for id in survivors & orders.keys()):
            raise Breach("a child survives that is worse than one that does not")

    cause = "the order is reversed, failures count as the best, or children are cut by position"
    return Law("no child survives a better one", cause, statement)


def _the_best_survives(draw: Draw) -> Law:
    def statement(replace: Any, case: Case) -> None:
        arguments = draw(case)
        best = max(one.fitness.order for one in [*arguments["parents"], *arguments["children"]])
        survivors = _call(replace, arguments)
        if survivors and max(one.fitness.order for one in survivors) != best:
            raise Breach("the best of parents and children is lost")

    cause = "parents are left out, or NaN wins a comparison"
    return Law("the best one survives", cause, statement)


def _like_the_reference(reference: Replace, draw: Draw) -> Law:
    def statement(replace: Any, case: Case) -> None:
        arguments = draw(case)
        found, wanted = ([one.id for one in _call(each, arguments)] for each in (replace, reference))
        if found != wanted:
            raise Breach(f"{found} survive, but {wanted} with the reference")

    cause = "another rule for ties, failures, elites or the first generation, or another order of the survivors"
    return Law("the survivors are the reference's", cause, statement)
