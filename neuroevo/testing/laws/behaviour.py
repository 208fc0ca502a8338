"""The laws of how searches behave, whatever their equations are, where landscapes are flat, tied, failing or mirrored.

They run two searches with equal seeds on problems that are one another in other numbers, and compare every genome.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import attrgetter
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from torch import Tensor

from neuroevo.individual import Individual, genomes_of
from neuroevo.problems.function import Function
from neuroevo.space import Space
from neuroevo.strategies import Strategy
from neuroevo.testing.landscapes import Drawn, Trial, Values, drawn_problems
from neuroevo.testing.laws.invariance import CLOSE, GENERATIONS, begun, run, scaled, translated, turned
from neuroevo.testing.laws.law import Breach, Case, Law, check, name_of
from neuroevo.testing.laws.lockstep import SETTINGS, MakeOn, evolving

MOVES = 12
"""Generations until a mean has come to the bounds."""

LONG = 40
"""Generations until a search has come to the bounds."""

SAMPLES = 15
"""Generations that are drawn to see which genes can still move."""

UNTIED = ("quadratic", "linear")
"""Landscapes where practically no two scores are equal."""

BOUNDED = ("box", "mixed")
"""Spaces with bounds."""

NEAR = 0.1
"""Greatest distance from the lowest point, root mean square over genes, in units of the box's width."""

STEP = 2.0**-10
"""Scores are rounded to multiples of it, so that functions of them keep all that are equal equal, and no others."""


def check_behaviour(
    make: MakeOn,
    *,
    settings: SearchStrategy[Mapping[str, Any]] = SETTINGS,
    genes: Sequence[int] = (1, 2, 3, 40),
    ranks: bool = True,
    translates: bool = True,
    scales: bool = True,
    turns: bool = False,
    explores: bool = True,
    converges: int | None = None,
    mean: str | None = None,
    examples: int | None = None,
) -> None:
    """Raise LawBroken unless a search over real numbers behaves as searches do.

    Args:
        make: Makes a strategy: called with a problem, `seed=` and settings by name, as the class `SNES`.
        settings: Draws settings.
        genes: Numbers of genes of the problems.
        ranks: Whether only the order of the scores counts.
        translates: Whether moving landscape and start moves the run: it does unless something knows where 0 is, such as
            weight decay.
        scales: Whether scaling landscape and space, all genes or each by its own number, scales the run: it does unless
            steps have a length of their own.
        turns: Whether rotating landscape and start rotates the run, where all genes have the same spread: nothing then
            knows where the axes are.
        explores: Whether every gene varies for as long as a search runs; individuals that move by their differences may
            all have come to a bound.
        converges: Generations in which it comes from any start in a box to within a tenth of its width of the lowest
            point of a sphere of up to 5 genes; None if that is not promised.
        mean: The attribute, `model.centroid` for that of an attribute, that is the mean of the distribution, if the
            search has one.
        examples: Cases per law at most.
    """
    laws = behaviour_laws(
        settings=settings,
        genes=genes,
        ranks=ranks,
        translates=translates,
        scales=scales,
        turns=turns,
        explores=explores,
        converges=converges,
        mean=mean,
    )
    check(make, laws, label=name_of(make), examples=examples)


def behaviour_laws(
    *,
    settings: SearchStrategy[Mapping[str, Any]] = SETTINGS,
    genes: Sequence[int] = (1, 2, 3, 40),
    ranks: bool = True,
    translates: bool = True,
    scales: bool = True,
    turns: bool = False,
    explores: bool = True,
    converges: int | None = None,
    mean: str | None = None,
) -> list[Law]:
    """Return the laws of how searches behave; the arguments are those of `check_behaviour`."""
    anywhere = drawn_problems(genes=genes)
    # Clipped genomes would score the same.
    free = drawn_problems(genes=genes, landscapes=UNTIED, bounds=("free", "origin"))
    slopes = drawn_problems(genes=genes, landscapes=("linear",), bounds=("box",))
    laws = [
        Law(
            "individuals lie in the space",
            "genomes are not clipped, are cast, or a failure makes the distribution NaN",
            partial(_in_space, settings=settings, problems=anywhere),
        ),
        Law(
            "the result is the first of the best",
            "NaN wins, a later one replaces its equal, or the best so far is not compared",
            partial(_best_is_kept, settings=settings, problems=anywhere),
        ),
        Law(
            "maximising is minimising with the other sign",
            "raw values are compared where weighted ones should be",
            partial(_mirrored, settings=settings, problems=anywhere),
        ),
        Law(
            "asking for a result, a record or a state changes nothing",
            "a search draws or learns where it is only to report",
            partial(_asked, settings=settings, problems=anywhere),
        ),
        Law(
            "the order of individuals makes no difference to `update`",
            "individuals are identified by their places, not by ids",
            partial(_sorted_otherwise, settings=settings, problems=free),
        ),
    ]
    if mean is not None:
        cause = "a step of the mean is not clipped, or a failure makes it NaN"
        law = partial(_centred, settings=settings, problems=drawn_problems(genes=genes, bounds=BOUNDED), mean=mean)
        laws.append(Law("the mean of the distribution lies in the space", cause, law))
    if ranks:
        cause = "scores themselves are used, where their ranks should be"
        laws.append(
            Law("only the order of scores counts", cause, partial(_ranked, settings=settings, problems=anywhere))
        )
    if translates:
        cause = "a genome's place is used, where its distance from the mean or from another genome should be"
        law = partial(translated, settings=settings, problems=free)
        laws.append(Law("moving landscape and start moves the run", cause, law))
    if scales:
        cause = "a step has a length of its own, where it should be in units of the spread or of other genomes"
        law = partial(scaled, settings=settings, problems=free)
        laws.append(Law("scaling landscape and space scales the run", cause, law))
    if turns:
        cause = "genes are treated one by one, as by step sizes of their own or by a crossover"
        law = partial(turned, settings=settings, problems=free)
        laws.append(Law("rotating landscape and start rotates the run", cause, law, examples=5, shrinks=False))
    if explores:
        cause = "a distribution leaves the bounds, so that all that it draws is clipped to one value"
        law = partial(_explores, settings=settings, problems=slopes)
        laws.append(Law("every gene can still move", cause, law, examples=5, shrinks=False))
    if converges is not None:
        cause = "steps shrink before the search has come near, do not shrink, or all samples come to lie at a bound"
        law = partial(_converges, settings=settings, generations=converges)
        laws.append(Law("a search comes near the lowest point of a sphere", cause, law, examples=5, shrinks=False))
    return laws


class Scored(Trial):
    """A problem whose scores are changed.

    Args:
        trial: The problem.
        score: Takes a score and returns the one that counts.
        weights: The weights of the values; default those of the problem.
    """

    def __init__(self, trial: Trial, score: Callable[[float], float], weights: Values | None = None) -> None:
        super().__init__(trial.drawn)
        self.weights = self.weights if weights is None else weights
        self.score = score

    def batch(self, individuals: Sequence[Individual]) -> list[Values]:
        """Return the values of each individual."""
        return [tuple(self.score(value) for value in row) for row in super().batch(individuals)]


def _in_space(make: MakeOn, case: Case, *, settings: Any, problems: SearchStrategy[Drawn]) -> None:
    problem = case.draw("problem", problems)()
    space = problem.space
    strategy = begun(make, case, settings)(problem)
    for number, population in enumerate(run(strategy)):
        genomes = genomes_of(population)
        if (genomes.shape[1:], genomes.dtype) != (space.start.shape, space.start.dtype):
            raise Breach(f"genomes of generation {number} are {genomes.dtype} {list(genomes.shape)}")
        if not bool(((genomes >= space.low) & (genomes <= space.high)).all()):
            raise Breach(f"a genome of generation {number} lies outside of the space")


def _centred(make: MakeOn, case: Case, *, settings: Any, problems: SearchStrategy[Drawn], mean: str) -> None:
    problem = case.draw("problem", problems)()
    strategy = begun(make, case, settings)(problem)
    precision = torch.finfo(problem.space.start.dtype).eps
    for number, _ in enumerate(run(strategy, MOVES)):
        middle = torch.as_tensor(attrgetter(mean)(strategy)).to(problem.space.start)
        # A mean of samples at a bound is rounded.
        slack = 16 * precision * (middle.abs() + problem.space.spread)
        inside = (middle >= problem.space.low - slack) & (middle <= problem.space.high + slack)
        if not bool(inside.all()):
            place = int(inside.logical_not().nonzero()[0])
            raise Breach(f"the mean of generation {number} is {middle[place]:g} in gene {place}")


def _best_is_kept(make: MakeOn, case: Case, *, settings: Any, problems: SearchStrategy[Drawn]) -> None:
    problem = case.draw("problem", problems)()
    strategy = begun(make, case, settings)(problem)
    best: tuple[float, int] | None = None
    for number, population in enumerate(run(strategy)):
        if best is not None:
            _expect_best(strategy, best, number)
        for one in population:
            score = one.fitness.values[0] * problem.weights[0]
            key = score if math.isfinite(score) else -math.inf
            best = (key, one.id) if best is None or key > best[0] else best
    if best is not None:
        _expect_best(strategy, best, GENERATIONS)


def _expect_best(strategy: Strategy, best: tuple[float, int], number: int) -> None:
    found = strategy.result()
    if found.id != best[1]:
        raise Breach(f"after {number} generations the result is individual {found.id}, and the best one is {best[1]}")
    recorded = strategy.record().get("best_values", [*found.fitness.values])
    if repr([*recorded]) != repr([*found.fitness.values]):
        raise Breach(f"after {number} generations its record says {recorded}, and the best are {found.fitness.values}")


def _mirrored(make: MakeOn, case: Case, *, settings: Any, problems: SearchStrategy[Drawn]) -> None:
    problem = case.draw("problem", problems)()
    other = Scored(problem, lambda score: -score, tuple(-weight for weight in problem.weights))
    begin = begun(make, case, settings)
    _expect_same(begin(problem), begin(other), "the negative landscape with the opposite weight")


def _ranked(make: MakeOn, case: Case, *, settings: Any, problems: SearchStrategy[Drawn]) -> None:
    problem = case.draw("problem", problems)()
    begin = begun(make, case, settings)
    stretched = Scored(problem, _stretched)
    _expect_same(begin(Scored(problem, _rounded)), begin(stretched), "a landscape of the same order")


def _rounded(score: float) -> float:
    """Return a score as a multiple of a step; those that failed and very great ones fail."""
    return round(score / STEP) * STEP if abs(score) < 1 / STEP else math.nan


def _stretched(score: float) -> float:
    """Return an increasing function of the rounded score, far from linear."""
    number = _rounded(score)
    return 100 + 7 * number + 3 * number**3


def _expect_same(first: Strategy, second: Strategy, what: str) -> None:
    for number, (own, other) in enumerate(zip(run(first), run(second), strict=True)):
        genomes, others = genomes_of(own), genomes_of(other)
        if not torch.equal(genomes, others):
            raise Breach(f"generation {number} on {what} has other genomes")


def _asked(make: MakeOn, case: Case, *, settings: Any, problems: SearchStrategy[Drawn]) -> None:
    problem = case.draw("problem", problems)()
    begin = begun(make, case, settings)
    left_alone, asked = begin(problem), begin(problem)
    for number, (own, other) in enumerate(zip(run(left_alone), run(asked), strict=True)):
        if not torch.equal(genomes_of(own), genomes_of(other)):
            raise Breach(f"generation {number} has other genomes if there were questions before")
        if number:
            asked.result()
        asked.record()
        asked.planned_budget(GENERATIONS)
        asked.state_dict()


def _sorted_otherwise(make: MakeOn, case: Case, *, settings: Any, problems: SearchStrategy[Drawn]) -> None:
    problem = case.draw("problem", problems)()
    order = case.draw("order", st.randoms(use_true_random=False))
    begin = begun(make, case, settings)
    usual, shuffled = begin(problem), begin(problem)
    for number, _ in enumerate(run(usual, 2)):
        others = shuffled.toolbox.generate()
        for one, values in zip(others, problem.batch(others), strict=True):
            one.fitness.values = values
        given = [*others]
        # Without parents individuals may be given their places by their order.
        if number:
            order.shuffle(given)
        shuffled.toolbox.update(given)
    _expect_alike(usual, shuffled)


def _expect_alike(first: Strategy, second: Strategy) -> None:
    found = evolving(second)
    for name, numbers in evolving(first).items():
        listed = name in ("genomes", "values")
        own, other = (np.sort(each, axis=0) if listed else each for each in (numbers, found[name]))
        if own.shape != other.shape or not np.allclose(own, other, rtol=CLOSE, atol=CLOSE * np.abs(own).max(initial=0)):
            raise Breach(f"after an update with individuals in another order {name} is another")


def _converges(make: MakeOn, case: Case, *, settings: Any, generations: int) -> None:
    genes = case.draw("genes", st.sampled_from([1, 2, 5]))
    shares = st.lists(st.integers(0, 8), min_size=genes, max_size=genes)
    lowest, start = (torch.tensor(case.draw(name, shares), dtype=torch.float64) / 8 for name in ("lowest", "start"))
    space = Space.box(genes, low=-2, high=3, start=None if case.draw("anywhere", st.booleans()) else 5 * start - 2)
    bowl = partial(_squared_distance, to=5 * lowest - 2)
    strategy = begun(make, case, settings)(Function(bowl, space, batched=True))
    for _ in run(strategy, generations):
        pass
    distance = math.sqrt(strategy.result().fitness.values[0] / genes) / 5
    if distance > NEAR:
        raise Breach(f"after {generations} generations the best is {distance:.0%} of the box's width away")


def _squared_distance(genomes: Tensor, to: Tensor) -> Tensor:
    return (genomes - to).square().sum(-1)


def _explores(make: MakeOn, case: Case, *, settings: Any, problems: SearchStrategy[Drawn]) -> None:
    strategy = begun(make, case, settings)(case.draw("problem", problems)())
    for _ in run(strategy, LONG):
        pass
    genomes = torch.cat([genomes_of(strategy.toolbox.generate()) for _ in range(SAMPLES)])
    stuck = (genomes == genomes[0]).all(0).nonzero().squeeze(-1).tolist()
    if stuck:
        raise Breach(f"after {LONG} generations gene {stuck[0]} is {genomes[0, stuck[0]].item():g} in all genomes")
