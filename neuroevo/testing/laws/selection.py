"""Laws of selection: `select(fitness, *, generator) -> indices`, as the functions of `neuroevo.operators.selection`.

`fitness` is float64 [P], the greater the better. A keyword `k` without a default is given by the laws; all other
settings are bound by the caller, for example `functools.partial(tournament, size=3)`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from torch import Tensor

from neuroevo.testing.laws import chance, ordering
from neuroevo.testing.laws.independence import selects_independently
from neuroevo.testing.laws.law import Breach, Case, Law, check, name_of
from neuroevo.testing.laws.odds import CALLS, odds_laws
from neuroevo.testing.laws.purity import (
    Arguments,
    Draw,
    Refusals,
    other_seeds_other_results,
    purity_laws,
    refusals,
    seeded,
    seeds_change_nothing,
)
from neuroevo.testing.laws.resemblance import selects_like
from neuroevo.testing.laws.selected import Wanted, call, counts_of, distinct, doubles, fitness_of, needs_k
from neuroevo.testing.references import reference_selection
from neuroevo.testing.references.selection import MERITS
from neuroevo.testing.strategies import seeds

FEW_CALLS = 100
"""Number of calls that is enough to distinguish a probability from 0 or 1."""

STRETCHES: dict[str, Callable[[Tensor], Tensor]] = {
    "ranks": lambda ranks: ranks,
    "ranks below zero": lambda ranks: ranks - 1000,
    "ranks / 1e12": lambda ranks: ranks / 1e12,
    "2 ** ranks": torch.exp2,
    "cubes of ranks": lambda ranks: (ranks - ranks.mean().round()) ** 3,
}
"""Increasing functions that keep ties and orders exactly."""


def check_selection(
    select: Callable[..., Tensor],
    *,
    examples: int | None = None,
    expected_failures: Mapping[str, str] | None = None,
    **promises: Any,
) -> None:
    """Raise LawBroken for the first of `selection_laws` that a selection breaks.

    Args:
        select: Takes `fitness`, float64 [P], and `generator`; returns indices, int64 [k]. If it has state of its own,
            it is an object with `reset`.
        examples: Largest number of cases per law; default that of the active hypothesis profile.
        expected_failures: Names of laws that it is known to break, with the reason.
        **promises: The keywords of `selection_laws`.
    """
    __tracebackhide__ = True
    laws = selection_laws(**promises)
    check(select, laws, label=name_of(select), examples=examples, expected_failures=expected_failures)


def selection_laws(
    *,
    fitness: SearchStrategy[Tensor] | None = None,
    weights: Sequence[float] | None = None,
    non_finite: bool = True,
    k: int | SearchStrategy[int] | None = None,
    deterministic: bool = False,
    rank_based: bool = True,
    with_replacement: bool = True,
    tournament: int | None = None,
    distinct_entrants: bool = False,
    group: int | None = None,
    proportional: bool = False,
    separate_draws: bool | None = None,
    leading: bool = False,
    first_of_equals: bool = False,
    any_dtype: bool = False,
    refuses: Refusals | None = None,
    reference: Callable[..., Tensor] | None = None,
    like: str | None = None,
    **settings: Any,
) -> list[Law]:
    """Return the laws of a selection.

    Args:
        fitness: Draws its argument, float64 [P]; by default any fitness with NaN, inf and ties, or weights if it is
            `proportional`.
        weights: Weights of several objectives as in DEAP: the fitness is then [P, M], and where a weight is negative
            the least value is the best.
        non_finite: Whether it takes NaN and infinities; one that doesn't has to refuse them by ValueError.
        k: The number to select, or a strategy that draws it; default 1 to 6, without replacement 1 to P.
        deterministic: Whether the fitness alone decides.
        rank_based: Whether only the order of the fitness counts, in each objective.
        with_replacement: Whether an individual can be selected more than once; otherwise k is at most P.
        tournament: Entrants of each tournament, if it holds tournaments, with entrants drawn with replacement.
        distinct_entrants: Whether the entrants of a tournament are different individuals, all of them if P is smaller.
        group: Individuals in a group, if it cuts the shuffled population into groups and takes the best of each.
        proportional: Whether it draws with probabilities in proportion to its argument, which is then at least 0 and
            not all 0.
        separate_draws: Whether the selected of one call are as those of several calls; by default where any number of
            individuals can be drawn with replacement.
        leading: Whether it takes the fitness of several populations, [..., P].
        first_of_equals: Whether among individuals of one fitness the first in the population counts as the best.
        any_dtype: Whether the fitness can be of any dtype, integers included.
        refuses: Settings that it has to refuse with ValueError or TypeError, such as `[{"rate": -0.1}]`; or calls, each
            a function of the operator and a generator, by what is wrong with them.
        reference: Another implementation of the operator that the selected are distributed as; None for none.
        like: The name of a classical operator, such as "tournament", whose plain implementation is the reference; see
            `neuroevo.testing.references.selection`.
        **settings: The settings of that implementation, equal to those of the operator.

    Raises:
        ValueError: There is no operator of the name `like`.
        TypeError: It has no such setting, or needs another one; or a keyword is unknown.
    """
    if like is not None:
        reference = reference_selection(like, **settings)
    elif settings:
        raise TypeError(
            f"selection_laws take no keyword {next(iter(settings))!r} without like=, whose settings others are."
        )
    wanted = Wanted(st.just(k) if isinstance(k, int) else k, with_replacement)
    least = k if isinstance(k, int) and not with_replacement else 1
    values = fitness if fitness is not None else fitness_of(weights, non_finite, least, proportional=proportional)
    objectives = len(weights or (1.0,))
    draw = _draw(values, wanted)
    laws = [*purity_laws(draw, call), _indices_are_valid(draw), _nan_never_beats_a_number(wanted, weights or (1.0,))]
    if not with_replacement:
        laws.append(_no_individual_twice(draw))
    if deterministic:
        laws += [seeds_change_nothing(draw, call)]
        # Of several objectives, places decide between individuals that differ and are equally good.
        laws += [] if weights else [_permutations_change_nothing(draw)]
    else:
        many = partial(_many, wanted, objectives)
        laws += [other_seeds_other_results(many, call), _permutations_change_no_frequency(wanted, objectives)]
    if rank_based and not proportional:
        finite = fitness_of(weights, False, least, proportional=False)
        laws.append(_only_the_order_counts(wanted, finite))
    if objectives == 1 and not deterministic:
        laws += selects_independently(wanted, separate_draws=separate_draws, leading=leading, proportional=proportional)
    laws += [ordering.first_of_equals(wanted)] if first_of_equals else []
    laws += [ordering.any_dtype(wanted)] if any_dtype else []
    laws += [ordering.scaled_weights(wanted)] if proportional else []
    laws += odds_laws(tournament, group, wanted, distinct=distinct_entrants, proportional=proportional)
    if reference is not None:
        merit = MERITS.get(like or "")
        laws.append(selects_like(reference, with_replacement=with_replacement, weights=weights or (1.0,), merit=merit))
    return [*laws, *refusals(refuses, partial(_with_settings, weights, least))]


def _with_settings(
    weights: Sequence[float] | None, k: int, select: Any, settings: Arguments, generator: torch.Generator
) -> Tensor:
    numbers = torch.arange(1, k + 6, dtype=torch.float64)
    fitness = numbers.unsqueeze(1).repeat(1, len(weights)) if weights else numbers
    return call(partial(select, **settings), {"fitness": fitness, "k": k}, generator)


def _draw(values: SearchStrategy[Tensor], wanted: Wanted) -> Draw:
    def draw(case: Case) -> Arguments:
        fitness = case.draw("fitness", values)
        return {"fitness": fitness, "k": case.draw("k", wanted.of(fitness))}

    return draw


def _many(wanted: Wanted, objectives: int, case: Case) -> Arguments:
    fitness = case.draw("fitness", distinct(min_size=24, max_size=24, objectives=objectives))
    return {"fitness": fitness, "k": case.draw("k", st.just(2) if wanted.given is None else wanted.of(fitness))}


def _indices_are_valid(draw: Draw) -> Law:
    def statement(select: Any, case: Case) -> None:
        arguments = draw(case)
        chosen = call(select, arguments, seeded(case.draw("seed", seeds())))
        population = len(arguments["fitness"])
        if chosen.dtype != torch.int64 or chosen.ndim != 1:
            raise Breach(f"indices must be an int64 vector, but they are {chosen!r}")
        if not ((chosen >= 0) & (chosen < population)).all():
            raise Breach(f"{chosen.tolist()} are no indices of {population} individuals")
        if needs_k(select) and len(chosen) != arguments["k"]:
            raise Breach(f"k = {arguments['k']}, but {len(chosen)} were selected")

    cause = "an off-by-one end of a range, or a selection that ignores k"
    return Law("indices are valid", cause, statement)


def _no_individual_twice(draw: Draw) -> Law:
    def statement(select: Any, case: Case) -> None:
        chosen = call(select, draw(case), seeded(case.draw("seed", seeds()))).tolist()
        if len(set(chosen)) < len(chosen):
            raise Breach(f"{chosen} are selected, one of them twice")

    return Law(
        "no individual is selected twice",
        "draws with replacement, or individuals identified by their fitness",
        statement,
    )


def _nan_never_beats_a_number(wanted: Wanted, weights: Sequence[float]) -> Law:
    def statement(select: Any, case: Case) -> None:
        numbers = case.draw("numbers", st.lists(st.integers(1, 5).map(float), min_size=1, max_size=3))
        column = case.draw("scores", st.permutations([*numbers, math.nan]).map(doubles))
        # An individual has one score for all objectives, in the sense of each.
        fitness = torch.stack([column * weight for weight in weights], 1) if len(weights) > 1 else column
        seed, k = case.draw("seed", seeds()), case.draw("k", wanted.of(fitness))
        try:
            with_nan = call(select, {"fitness": fitness, "k": k}, seeded(seed))
        except ValueError:
            return  # Refusing NaN is correct, too.
        worst = torch.where(fitness.isnan(), 0.5 * torch.tensor(weights).double().sign().squeeze(), fitness)
        if not torch.equal(with_nan, call(select, {"fitness": worst, "k": k}, seeded(seed))):
            _compare_frequencies(select, fitness, worst, seeded(seed), case.draw("k of counts", wanted.least(fitness)))

    def _compare_frequencies(select: Any, fitness: Tensor, worst: Tensor, generator: torch.Generator, k: int) -> None:
        place = int(fitness.isnan().nonzero()[0, 0])
        nan, least = (counts_of(select, each, generator, calls=CALLS, k=k)[place] for each in (fitness, worst))
        if chance.more_often(nan, least, CALLS):
            raise Breach(
                f"in {CALLS} calls individual {place} was selected {nan} times with NaN and {least} times with a "
                "number below all others"
            )

    cause = "every comparison with NaN is false, so max and sorts let it win; make it -inf before comparing"
    return Law("NaN never beats a number", cause, statement)


def _permutations_change_nothing(draw: Draw) -> Law:
    def statement(select: Any, case: Case) -> None:
        arguments = draw(case)
        fitness, seed = arguments["fitness"], case.draw("seed", seeds())
        order = torch.tensor(case.draw("order", st.permutations(range(len(fitness)))))
        both = [
            each[call(select, {**arguments, "fitness": each}, seeded(seed))].nan_to_num(-math.inf, -math.inf, -math.inf)
            for each in (fitness, fitness[order])
        ]
        first, second = (chosen.sort().values for chosen in both)
        if not torch.equal(first, second):
            raise Breach(f"the selected have the fitness {first.tolist()}, and {second.tolist()} in the other order")

    cause = "positions in the population count besides the fitness, or an end of a range is left out"
    return Law("permuting the population changes nothing", cause, statement)


def _permutations_change_no_frequency(wanted: Wanted, objectives: int) -> Law:
    def statement(select: Any, case: Case) -> None:
        fitness = case.draw("fitness", distinct(objectives=objectives))
        order = torch.tensor(case.draw("order", st.permutations(range(len(fitness)))))
        generator, k = seeded(case.draw("seed", seeds())), case.draw("k", wanted.least(fitness))
        counts = counts_of(select, fitness, generator, calls=FEW_CALLS, k=k)
        permuted = counts_of(select, fitness[order], generator, calls=FEW_CALLS, k=k)
        for place, individual in enumerate(order.tolist()):
            pair = counts[individual], permuted[place]
            if not chance.alike(*pair, FEW_CALLS, among=len(fitness)):
                raise Breach(
                    f"individual {individual} was selected in {pair[0]} of {FEW_CALLS} calls, and in {pair[1]} at the "
                    f"position {place}"
                )

    cause = "an end of a range is left out, or a sort decides"
    return Law("permuting the population changes no frequency", cause, statement)


def _only_the_order_counts(wanted: Wanted, finite: SearchStrategy[Tensor]) -> Law:
    def statement(select: Any, case: Case) -> None:
        fitness = case.draw("fitness", finite)
        stretch = case.draw("stretch", st.sampled_from(sorted(STRETCHES)))
        seed, k = case.draw("seed", seeds()), case.draw("k", wanted.of(fitness))
        stretched = STRETCHES[stretch](fitness.unique(return_inverse=True)[1].double())
        first, second = (call(select, {"fitness": each, "k": k}, seeded(seed)) for each in (fitness, stretched))
        if not torch.equal(first, second):
            raise Breach(f"{first.tolist()} are selected, and {second.tolist()} with the fitness {stretched.tolist()}")

    cause = "the size of a fitness counts, by arithmetic, by a tolerance or by its sign"
    return Law("only the order of the fitness counts", cause, statement)
