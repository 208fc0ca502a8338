"""Laws of selection: `select(fitness, *, generator) -> indices`, as the functions of `neuroevo.operators.selection`.

`fitness` is float64 [P], the greater the better. A keyword `k` without a default is given by the laws; all other
settings are bound by the caller, for example `functools.partial(tournament, size=3)`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from inspect import Parameter, signature
from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from torch import Tensor

from neuroevo.testing.laws import chance
from neuroevo.testing.laws.law import Breach, Case, Law, check, name_of
from neuroevo.testing.laws.purity import Arguments, Draw, other_seeds_other_results, purity_laws, seeded
from neuroevo.testing.laws.resemblance import selects_like
from neuroevo.testing.references import reference_selection
from neuroevo.testing.strategies import fitnesses, seeds

Odds = Callable[[Tensor], Tensor]
Wanted = Callable[[Tensor], SearchStrategy[int]]
"""Draws the number to select from a population with this fitness."""

CALLS = 300
"""Number of counted calls: enough to distinguish 1/2 from 1/4."""

FEW_CALLS = 100
"""Number of calls that is enough to distinguish a probability from 0 or 1."""

DRAWS = 3000
"""Number of individuals that are selected in one call if it takes `k`."""

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
    fitness: SearchStrategy[Tensor] | None = None,
    deterministic: bool = False,
    rank_based: bool = True,
    with_replacement: bool = True,
    tournament: int | None = None,
    group: int | None = None,
    proportional: bool = False,
    reference: Callable[..., Tensor] | None = None,
    like: str | None = None,
    examples: int | None = None,
    **settings: Any,
) -> None:
    """Raise LawBroken for the first of `selection_laws` that a selection breaks.

    Args:
        select: Takes `fitness`, float64 [P], and `generator`; returns indices, int64 [k].
        fitness: As for `selection_laws`.
        deterministic: As for `selection_laws`.
        rank_based: As for `selection_laws`.
        with_replacement: As for `selection_laws`.
        tournament: As for `selection_laws`.
        group: As for `selection_laws`.
        proportional: As for `selection_laws`.
        reference: As for `selection_laws`.
        like: As for `selection_laws`.
        examples: Largest number of cases per law; default that of the active hypothesis profile.
        **settings: As for `selection_laws`.
    """
    __tracebackhide__ = True
    laws = selection_laws(
        fitness=fitness,
        deterministic=deterministic,
        rank_based=rank_based,
        with_replacement=with_replacement,
        tournament=tournament,
        group=group,
        proportional=proportional,
        reference=reference,
        like=like,
        **settings,
    )
    check(select, laws, label=name_of(select), examples=examples)


def selection_laws(
    *,
    fitness: SearchStrategy[Tensor] | None = None,
    deterministic: bool = False,
    rank_based: bool = True,
    with_replacement: bool = True,
    tournament: int | None = None,
    group: int | None = None,
    proportional: bool = False,
    reference: Callable[..., Tensor] | None = None,
    like: str | None = None,
    **settings: Any,
) -> list[Law]:
    """Return the laws of a selection.

    Args:
        fitness: Draws its argument, float64 [P]; by default any fitness with NaN, inf and ties, or weights if it is
            `proportional`.
        deterministic: Whether the fitness alone decides.
        rank_based: Whether only the order of the fitness counts.
        with_replacement: Whether an individual can be selected more than once; otherwise k is at most P.
        tournament: Entrants of each tournament, if it holds tournaments with entrants drawn with replacement.
        group: Individuals in a group, if it cuts the shuffled population into groups and takes the best of each.
        proportional: Whether it draws with probabilities in proportion to its argument, which is then at least 0 and
            not all 0.
        reference: Another implementation of the operator that the selected are distributed as; None for none.
        like: The name of a classical operator, such as "tournament", whose plain implementation is the reference; see
            `neuroevo.testing.references.selection`.
        **settings: The settings of that implementation, equal to those of the operator.

    Raises:
        ValueError: There is no operator of the name `like`.
        TypeError: It has no such setting, or needs another one.
    """
    if like is not None:
        reference = reference_selection(like, **settings)
    values = fitness if fitness is not None else (weights() if proportional else fitnesses())
    k_of = _any_k if with_replacement else _k_of_population
    draw = _draw(values, k_of)
    laws = [*purity_laws(draw, _call), _indices_are_valid(draw), _nan_never_beats_a_number(k_of)]
    if not with_replacement:
        laws.append(_no_individual_twice(draw))
    if deterministic:
        laws += [_permutations_change_nothing(draw), _seeds_change_nothing(draw)]
    else:
        laws += [other_seeds_other_results(_many, _call), _permutations_change_no_frequency()]
    if rank_based and not proportional:
        laws.append(_only_the_order_counts(k_of))
    laws += _odds(tournament, group, proportional=proportional)
    return laws if reference is None else [*laws, selects_like(reference, _called, with_replacement=with_replacement)]


def _odds(tournament: int | None, group: int | None, *, proportional: bool) -> list[Law]:
    """Return the laws of how often individuals are selected."""
    laws = []
    if tournament is not None:
        laws.append(_pressure(_tournament_odds(tournament), multiple=1))
    if group is not None:
        laws.append(_pressure(_group_odds(group), multiple=group))
    if proportional:
        laws.append(_proportions())
    return laws


@st.composite
def weights(draw: DrawFn, *, max_size: int = 8) -> Tensor:
    """Draw shares of a wheel, float64 [P], at least 0 and not all 0, for example `tensor([3., 0., 0.5])`."""
    # Weights as small as the smallest numbers can't be divided: a part of one is itself or zero.
    share = st.sampled_from([0.0, 1.0, 0.5, 3.0]) | st.floats(0, 1e6, allow_subnormal=False)
    shares = draw(st.lists(share, min_size=1, max_size=max_size).filter(any))
    return torch.tensor(shares, dtype=torch.float64)


def _call(select: Any, arguments: Arguments, generator: torch.Generator) -> Tensor:
    keywords = {"k": arguments["k"]} if _needs_k(select) else {}
    chosen: Tensor = select(arguments["fitness"], generator=generator, **keywords)
    return chosen


def _called(select: Any, fitness: Tensor, k: int, generator: torch.Generator) -> Tensor:
    return _call(select, {"fitness": fitness, "k": k}, generator)


def _needs_k(select: Any) -> bool:
    known = signature(select).parameters.get("k")
    return known is not None and known.default is Parameter.empty


def _any_k(fitness: Tensor) -> SearchStrategy[int]:
    return st.integers(1, 6)


def _k_of_population(fitness: Tensor) -> SearchStrategy[int]:
    return st.integers(1, len(fitness))


def _draw(values: SearchStrategy[Tensor], k_of: Wanted) -> Draw:
    def draw(case: Case) -> Arguments:
        fitness = case.draw("fitness", values)
        return {"fitness": fitness, "k": case.draw("k", k_of(fitness))}

    return draw


def _many(case: Case) -> Arguments:
    return {"fitness": case.draw("fitness", _distinct(min_size=24, max_size=24)), "k": 2}


def _distinct(*, min_size: int = 2, max_size: int = 5, multiple: int = 1) -> SearchStrategy[Tensor]:
    """Draw the numbers 1 to P in any order, float64 [P]: also valid weights of a wheel."""
    sizes = st.integers(math.ceil(min_size / multiple), max(1, max_size // multiple)).map(lambda n: n * multiple)
    orders = sizes.flatmap(lambda size: st.permutations(range(1, size + 1)))
    return orders.map(lambda order: torch.tensor(order, dtype=torch.float64))


def _counts(select: Any, fitness: Tensor, generator: torch.Generator, *, calls: int) -> list[int]:
    """Return for each individual the number of calls, with k = 1, in which it was selected."""
    counts = [0] * len(fitness)
    one = partial(select, fitness, generator=generator, **({"k": 1} if _needs_k(select) else {}))
    for _ in range(calls):
        for index in set(one().tolist()):
            counts[index] += 1
    return counts


def _indices_are_valid(draw: Draw) -> Law:
    def statement(select: Any, case: Case) -> None:
        arguments = draw(case)
        chosen = _call(select, arguments, seeded(case.draw("seed", seeds())))
        population = len(arguments["fitness"])
        if chosen.dtype != torch.int64 or chosen.ndim != 1:
            raise Breach(f"indices must be an int64 vector, but they are {chosen!r}")
        if not ((chosen >= 0) & (chosen < population)).all():
            raise Breach(f"{chosen.tolist()} are no indices of {population} individuals")
        if _needs_k(select) and len(chosen) != arguments["k"]:
            raise Breach(f"k = {arguments['k']}, but {len(chosen)} were selected")

    cause = "an off-by-one end of a range, or a selection that ignores k"
    return Law("indices are valid", cause, statement)


def _no_individual_twice(draw: Draw) -> Law:
    def statement(select: Any, case: Case) -> None:
        chosen = _call(select, draw(case), seeded(case.draw("seed", seeds()))).tolist()
        if len(set(chosen)) < len(chosen):
            raise Breach(f"{chosen} are selected, one of them twice")

    return Law(
        "no individual is selected twice",
        "draws with replacement, or individuals identified by their fitness",
        statement,
    )


def _nan_never_beats_a_number(k_of: Wanted) -> Law:
    def statement(select: Any, case: Case) -> None:
        numbers = case.draw("numbers", st.lists(st.integers(1, 5).map(float), min_size=1, max_size=3))
        fitness = case.draw("fitness", st.permutations([*numbers, math.nan]).map(_doubles))
        seed, k = case.draw("seed", seeds()), case.draw("k", k_of(fitness))
        try:
            with_nan = _call(select, {"fitness": fitness, "k": k}, seeded(seed))
        except ValueError:
            return  # Refusing NaN is correct, too.
        worst = fitness.nan_to_num(0.5)
        if not torch.equal(with_nan, _call(select, {"fitness": worst, "k": k}, seeded(seed))):
            _compare_frequencies(select, fitness, worst, seeded(seed))

    def _compare_frequencies(select: Any, fitness: Tensor, worst: Tensor, generator: torch.Generator) -> None:
        place = int(fitness.isnan().nonzero())
        nan, least = (_counts(select, each, generator, calls=CALLS)[place] for each in (fitness, worst))
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
            each[_call(select, {**arguments, "fitness": each}, seeded(seed))].nan_to_num(
                -math.inf, -math.inf, -math.inf
            )
            for each in (fitness, fitness[order])
        ]
        first, second = (chosen.sort().values for chosen in both)
        if not torch.equal(first, second):
            raise Breach(f"the selected have the fitness {first.tolist()}, and {second.tolist()} in the other order")

    cause = "positions in the population count besides the fitness, or an end of a range is left out"
    return Law("permuting the population changes nothing", cause, statement)


def _seeds_change_nothing(draw: Draw) -> Law:
    def statement(select: Any, case: Case) -> None:
        arguments = draw(case)
        first, second = (_call(select, arguments, seeded(case.draw(name, seeds()))) for name in ("seed", "other seed"))
        if not torch.equal(first, second):
            raise Breach(f"one seed selects {first.tolist()}, the other one {second.tolist()}")

    return Law("the seed changes nothing", "the selection is not deterministic", statement)


def _permutations_change_no_frequency() -> Law:
    def statement(select: Any, case: Case) -> None:
        fitness = case.draw("fitness", _distinct())
        order = torch.tensor(case.draw("order", st.permutations(range(len(fitness)))))
        generator = seeded(case.draw("seed", seeds()))
        counts = _counts(select, fitness, generator, calls=FEW_CALLS)
        permuted = _counts(select, fitness[order], generator, calls=FEW_CALLS)
        for place, individual in enumerate(order.tolist()):
            pair = counts[individual], permuted[place]
            if not chance.alike(*pair, FEW_CALLS, among=len(fitness)):
                raise Breach(
                    f"individual {individual} was selected in {pair[0]} of {FEW_CALLS} calls, and in {pair[1]} at the "
                    f"position {place}"
                )

    cause = "an end of a range is left out, or a sort decides"
    return Law("permuting the population changes no frequency", cause, statement)


def _only_the_order_counts(k_of: Wanted) -> Law:
    def statement(select: Any, case: Case) -> None:
        fitness = case.draw("fitness", fitnesses(non_finite=False))
        stretch = case.draw("stretch", st.sampled_from(sorted(STRETCHES)))
        seed, k = case.draw("seed", seeds()), case.draw("k", k_of(fitness))
        stretched = STRETCHES[stretch](fitness.unique(return_inverse=True)[1].double())
        first, second = (_call(select, {"fitness": each, "k": k}, seeded(seed)) for each in (fitness, stretched))
        if not torch.equal(first, second):
            raise Breach(f"{first.tolist()} are selected, and {second.tolist()} with the fitness {stretched.tolist()}")

    cause = "the size of a fitness counts, by arithmetic, by a tolerance or by its sign"
    return Law("only the order of the fitness counts", cause, statement)


def _pressure(odds: Odds, *, multiple: int) -> Law:
    def statement(select: Any, case: Case) -> None:
        fitness = case.draw("fitness", _distinct(multiple=multiple, max_size=max(5, 2 * multiple)))
        _compare_with_odds(select, fitness, odds(fitness).tolist(), seeded(case.draw("seed", seeds())))

    cause = "another number of entrants than stated, entrants that are not equally likely, or a wrong winner"
    return Law("winners are as frequent as the tournament size implies", cause, statement)


def _proportions() -> Law:
    def statement(select: Any, case: Case) -> None:
        shares = case.draw("weights", weights(max_size=5))
        generator = seeded(case.draw("seed", seeds()))
        _compare_with_odds(select, shares, (shares / shares.sum()).tolist(), generator)

    cause = "the running sum is cut at the wrong end, or weights are changed before the draw"
    return Law("individuals are drawn in proportion to their weights", cause, statement)


def _compare_with_odds(select: Any, fitness: Tensor, odds: Sequence[float], generator: torch.Generator) -> None:
    if _needs_k(select):
        trials, chosen = DRAWS, _call(select, {"fitness": fitness, "k": DRAWS}, generator)
        counts = torch.bincount(chosen, minlength=len(fitness)).tolist()
    else:
        trials, counts = CALLS, _counts(select, fitness, generator, calls=CALLS)
    for place, (count, probability) in enumerate(zip(counts, odds, strict=True)):
        if not chance.fits(count, trials, probability, among=len(fitness)):
            raise Breach(
                f"individual {place} was selected {count} times out of {trials}, "
                f"but {trials * probability:.1f} times are expected"
            )


def _tournament_odds(size: int) -> Odds:
    """Return a function of P distinct fitnesses: the probability of each to win a tournament with replacement."""

    def odds(fitness: Tensor) -> Tensor:
        population = len(fitness)
        not_better = fitness.argsort().argsort().double() + 1
        shares: Tensor = (not_better / population) ** size - ((not_better - 1) / population) ** size
        return shares

    return odds


def _group_odds(size: int) -> Odds:
    """Return a function of P distinct fitnesses: the probability of each to win its group; P is a multiple of size."""

    def odds(fitness: Tensor) -> Tensor:
        worse = fitness.argsort().argsort().tolist()
        of_all = math.comb(len(worse) - 1, size - 1)
        return torch.tensor([math.comb(below, size - 1) / of_all for below in worse])

    return odds


def _doubles(numbers: Sequence[float]) -> Tensor:
    return torch.tensor(numbers, dtype=torch.float64)
