"""The laws that a strategy is a reference's equal: it begins, draws and learns as a plain implementation does.

Both are in the same state before every step, the strategy's, so that what they make of it can be compared to the last
digits: how one begins and what one draws as distributions, what one learns from a generation as numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from torch import Tensor

from neuroevo.individual import Individual, genomes_of
from neuroevo.strategies import Strategy
from neuroevo.testing.landscapes import drawn_problems
from neuroevo.testing.laws.distribution import Sample, compare
from neuroevo.testing.laws.law import Breach, Case, Law
from neuroevo.testing.laws.trial import steps
from neuroevo.testing.references.strategies.reference import Floats, Reference, State
from neuroevo.testing.strategies import seeds

MakeOn = Callable[..., Strategy]
"""Makes a strategy: called with a problem, `seed=` and settings by name."""

MakeReference = Callable[..., Reference]
"""Makes a reference: called with the same problem and settings."""

SETTINGS: SearchStrategy[Mapping[str, Any]] = st.just({})

BEGUN = 200
"""Strategies that are made to compare how they begin."""

NUMBERS = 40_000
"""Numbers that are drawn for a case, over all calls of `generate`."""

MOST_CALLS, LEAST_CALLS = 1500, 200

GENERATIONS = 4
"""Generations of a run in step."""

FIRST_CASES, DRAWN_CASES = 3, 5
"""Most cases of the laws that compare distributions: each one is hundreds of calls."""

CLOSE = 1e-8
"""Largest difference of two numbers in units of the greatest of their array, for genomes of float64."""


@dataclass(frozen=True)
class Twin:
    """A reference, and how it is compared.

    Attributes:
        reference: Makes the reference for a problem and settings.
        problems: Draws problems: called without arguments, each returns one.
        settings: Draws the settings that both are given.
        state_of: Returns the state of a strategy, arrays by name; see `evolving`.
        rows_of: Returns what is known of the individuals of a generation, [P, C]; by default their genomes [P, D].
        close: Largest difference of two numbers in units of the greatest of their array.
        noise: Largest difference of two numbers where sums cancel, so that all numbers of an array are rounding errors.
    """

    reference: MakeReference
    problems: SearchStrategy[Any] = field(default_factory=drawn_problems)
    settings: SearchStrategy[Mapping[str, Any]] = SETTINGS
    state_of: Callable[[Any], State] | None = None
    rows_of: Callable[[Any, Sequence[Individual]], Floats] | None = None
    close: float = CLOSE
    noise: float = 0.0

    def state(self, strategy: Strategy) -> State:
        """Return the state of a strategy."""
        return (self.state_of or evolving)(strategy)

    def rows(self, strategy: Strategy, population: Sequence[Individual]) -> Floats:
        """Return what is known of a generation."""
        return (self.rows_of or genomes)(strategy, population)


def lockstep_laws(twin: Twin) -> list[Law]:
    """Return the laws that a strategy is a reference's equal."""
    cause = "another equation than the source's: compare it with the reference line by line"
    return [
        Law(
            "a search begins as the reference does",
            "another default, or another start, than the source's",
            partial(_begins_alike, twin=twin),
            examples=FIRST_CASES,
            shrinks=False,
        ),
        Law("an update gives what the reference's gives", cause, partial(_learns_alike, twin=twin)),
        Law(
            "generations are distributed as the reference's",
            cause,
            partial(_draws_alike, twin=twin),
            examples=DRAWN_CASES,
            shrinks=False,
        ),
    ]


def evolving(strategy: Any) -> State:
    """Return what evolves in a strategy as arrays by name.

    They are `generation`; the entries of `evolving` of its state, `memory.steps` for one inside a mapping; and the
    `genomes` [N, D] and `values` [N, M] of its `individuals` and of its `best`, as `best.genomes` and `best.values`.
    """
    state = strategy.state_dict()
    packed = {"": state.get("individuals"), "best.": state.get("best")}
    found = {
        f"{prefix}{key}": _array(known[key])
        for prefix, known in packed.items()
        if known is not None and known["genomes"] is not None
        for key in ("genomes", "values")
    }
    return {"generation": _array(strategy.generation), **dict(_numbers(state["evolving"], "")), **found}


def genomes(strategy: Any, population: Sequence[Individual]) -> Floats:
    """Return the genomes of a generation, [P, D]."""
    del strategy
    return _array(genomes_of(population))


def _numbers(state: Mapping[str, Any], path: str) -> list[tuple[str, Floats]]:
    """Return the numbers and tensors of nested mappings by their path."""
    found: list[tuple[str, Floats]] = []
    for name, value in state.items():
        if isinstance(value, Mapping):
            found += _numbers(value, f"{path}{name}.")
        elif isinstance(value, Tensor | float | int):
            found.append((f"{path}{name}", _array(value)))
    return found


def _array(value: Any) -> Floats:
    if isinstance(value, Tensor):
        value = value.detach().cpu().double().numpy()
    return np.array(value, dtype=np.float64)


def _values(population: Sequence[Individual]) -> Floats:
    return np.array([one.fitness.values for one in population], dtype=np.float64)


def _begins_alike(make: MakeOn, case: Case, *, twin: Twin) -> None:
    problem, settings = case.draw("problem", twin.problems), case.draw("settings", twin.settings)
    seed = case.draw("seed", seeds())
    made, draws = problem(), np.random.default_rng(seed)
    plain = twin.reference(made, **settings)
    mine = [twin.state(make(made, seed=seed + number, **settings)) for number in range(BEGUN)]
    theirs = [plain.first(draws) for _ in range(BEGUN)]
    for name in theirs[0]:
        if any(name not in state for state in mine):
            raise Breach(f"its first state has no {name}")
        own, other = (np.stack([state[name] for state in states]) for states in (mine, theirs))
        try:
            _expect_like(own, other, twin.close)
        except Breach as error:
            raise Breach(f"in its first state {name} differs from the reference's: {error}") from None


def _expect_like(mine: Floats, reference: Floats, close: float) -> None:
    """Raise Breach unless arrays of many calls, [N, …], are the same, or distributed alike if they vary."""
    if mine.shape != reference.shape:
        raise Breach(f"its shape is {mine.shape[1:]}, and not {reference.shape[1:]}")
    if not reference.size:
        return
    if (reference == reference[0]).all():
        _expect_close(mine, reference, close)
        return
    compare(*_scaled(mine, reference), pairs=_pairs(reference[0].size), item="number")


def _learns_alike(make: MakeOn, case: Case, *, twin: Twin) -> None:
    problem, settings = case.draw("problem", twin.problems), case.draw("settings", twin.settings)
    strategy = make(problem(), seed=case.draw("seed", seeds()), **settings)
    plain = twin.reference(problem(), **settings)
    expected: State = {}
    draws = np.random.default_rng(0)
    for number, population in enumerate(steps(strategy, GENERATIONS)):
        before, rows = twin.state(strategy), twin.rows(strategy, population)
        _expect_state(expected, before, number - 1, twin)
        if (size := plain.generate(before, draws).shape) != rows.shape:
            raise Breach(f"generation {number} is {rows.shape} numbers, and {size} in the reference")
        expected = plain.update(before, rows, _values(population))
    _expect_state(expected, twin.state(strategy), GENERATIONS - 1, twin)


def _expect_state(expected: State, found: State, generation: int, twin: Twin) -> None:
    for name, numbers in expected.items():
        if name not in found:
            raise Breach(f"after the update of generation {generation} its state has no {name}")
        try:
            _expect_close(found[name], numbers, twin.close, twin.noise)
        except Breach as error:
            raise Breach(
                f"after the update of generation {generation} {name} differs from the reference's: {error}"
            ) from None


def _expect_close(mine: Floats, reference: Floats, close: float, noise: float = 0.0) -> None:
    """Raise Breach unless two arrays have the same shape, infinities, NaN, and about the same numbers."""
    if mine.shape != reference.shape:
        raise Breach(f"its shape is {mine.shape}, and not {reference.shape}")
    usual = np.abs(reference[np.isfinite(reference)])
    apart = noise + close * usual.max(initial=0.0)
    near = np.isclose(mine, reference, rtol=close, atol=apart, equal_nan=True)
    if not near.all():
        place = tuple(np.argwhere(~near)[0].tolist())
        where = f" at {list(place)}" if place else ""
        raise Breach(f"it is {mine[place]:.10g}{where}, and not {reference[place]:.10g}")


def _draws_alike(make: MakeOn, case: Case, *, twin: Twin) -> None:
    problem, settings = case.draw("problem", twin.problems), case.draw("settings", twin.settings)
    seed = case.draw("seed", seeds())
    strategy, plain = make(problem(), seed=seed, **settings), twin.reference(problem(), **settings)
    draws = np.random.default_rng(seed)
    for _ in steps(strategy, case.draw("generations before", st.sampled_from([0, 1, 3]))):
        pass
    state = twin.state(strategy)
    first = plain.generate(state, draws)
    calls = max(LEAST_CALLS, min(MOST_CALLS, NUMBERS // max(1, first.size)))
    theirs = np.stack([plain.generate(state, draws) for _ in range(calls)])
    mine = np.stack([twin.rows(strategy, strategy.toolbox.generate()) for _ in range(calls)])
    if mine.shape != theirs.shape:
        raise Breach(f"a generation is {mine.shape[1:]} numbers, and {theirs.shape[1:]} in the reference")
    mine, theirs = _scaled(mine, theirs)
    compare(mine, theirs, pairs=_pairs(mine.shape[2]))
    # Each individual has its own distribution, and pairs of them have a common one.
    whole = (mine.shape[0], 1, mine.shape[1] * mine.shape[2])
    compare(mine.reshape(whole), theirs.reshape(whole), pairs=_pairs(whole[2], mine.shape[2]), item="number")


def _scaled(mine: Floats, reference: Floats) -> tuple[Sample, Sample]:
    """Return two samples [N, …] as [N, P, C], in units of the reference's deviation in each column."""
    shape = reference.shape if reference.ndim == 3 else (len(reference), 1, reference[0].size)
    mine, reference = mine.reshape(shape), reference.reshape(shape)
    # Squares of great numbers overflow.
    greatest = np.maximum(np.abs(reference).max((0, 1)), np.finfo(np.float64).tiny)
    mine, reference = mine / greatest, reference / greatest
    centre, deviation = reference.mean((0, 1)), reference.std((0, 1))
    size = np.where(deviation > 1e-12, deviation, 1.0)
    return (mine - centre) / size, (reference - centre) / size


def _pairs(width: int, step: int = 1) -> list[tuple[int, int]]:
    """Return pairs of places that are looked at together: neighbours at both ends, those a step apart, and the ends."""
    half = (width // step + 1) // 2 * step
    pairs = {(0, 1), (width - 2, width - 1), (0, step), (0, half), (0, width - 1), (width // 2 - 1, width // 2)}
    return sorted((first, second) for first, second in pairs if 0 <= first < second < width)
