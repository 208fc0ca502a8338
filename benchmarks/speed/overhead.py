"""Suite `overhead`: what a generation costs where evaluation costs nothing.

Claim to be tested: a generation of `Genetic` with 300 individuals of 2,410 genes and constant fitness takes no more
than 4 ms through `evolve`, and with 100 no more than 1.5 ms, on two cores on which the same algorithm written by hand
on tensors takes 0.8 and 0.46 ms. Machines differ, so the table sets every time against the yardstick of the same run,
`by hand`. Both have the same operators and draw the same expected number of mutated genes, one in a hundred.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from neuroevo.benchmarks.analysis.csv_rows import rows_to_csv
from neuroevo.benchmarks.speed.by_hand.vectors import TensorGenetic
from neuroevo.benchmarks.speed.measured import of_records, to_records
from neuroevo.benchmarks.speed.timing import Spread, Work, conditions, describe_conditions, exponent, in_turn
from neuroevo.benchmarks.suites.measurement import Counter, Measurement, MeasurementSetup
from neuroevo.evolution import evolve
from neuroevo.operators.crossover import two_point
from neuroevo.operators.mutation import gaussian
from neuroevo.problems import Function, Problem
from neuroevo.seeds import stream
from neuroevo.space import Space
from neuroevo.strategies import (
    PGPE,
    SNES,
    Differential,
    EvolutionStrategy,
    Genetic,
    Island,
    OpenAIES,
    Search,
    SeparableCMAES,
)
from neuroevo.strategies.search.variation import register_variation

GENES = 2410
RATE, SPREAD = 0.01, 0.3
POPULATIONS = (100, 300)
SCALING = (1, 4, 16, 64, 256, 1024)
HAND = "by hand"
GENETIC = "genetic"
OTHERS: Mapping[str, Callable[..., Search]] = {
    "island": partial(Island, rate=RATE),
    "differential": Differential,
    "evolution-strategy": EvolutionStrategy,
    "openai-es": OpenAIES,
    "snes": SNES,
    "pgpe": PGPE,
    "separable-cma-es": SeparableCMAES,
}
"""Strategies whose overhead is measured for one population."""

TARGETS = {100: 1.5, 300: 4.0}
"""Milliseconds of a generation of `genetic`."""


@dataclass(frozen=True)
class Row:
    """What a generation costs.

    Attributes:
        strategy: Its name; `by hand` is the yardstick.
        population: Individuals, P.
        milliseconds: Median time of a generation.
        milliseconds_low: Its first quartile.
        milliseconds_high: Its third quartile.
        microseconds_each: Median time for one individual.
        ratio: Median time over that of the yardstick with as many individuals; None where it was not measured.
    """

    strategy: str
    population: int
    milliseconds: float
    milliseconds_low: float
    milliseconds_high: float
    microseconds_each: float
    ratio: float | None


@dataclass(frozen=True)
class Overhead:
    """What one run of the suite measured.

    Attributes:
        conditions: Hardware, threads and versions.
        genes: Genes of an individual, D.
        repeats: Samples of each row, n.
        exponent: The power of P that the time of `genetic` grows with.
        rows: By strategy and population.
    """

    conditions: Mapping[str, object]
    genes: int
    repeats: int
    exponent: float
    rows: tuple[Row, ...]


def measure(*, repeats: int = 15, quick: bool = False, on_sample: Callable[[], object] = lambda: None) -> Overhead:
    """Measure all rows in turn.

    Args:
        repeats: Samples of each row.
        quick: Whether strategies other than the genetic algorithm are left out.
        on_sample: Called after each sample.
    """
    times = in_turn(
        {f"{name} {population}": work for (name, population), work in works(quick=quick).items()},
        repeats=repeats,
        on_sample=on_sample,
    )
    return summarise({_key(name): values for name, values in times.items()})


def works(*, quick: bool = False) -> dict[tuple[str, int], Work]:
    """Return a generation of each strategy and population."""
    found: dict[tuple[str, int], Work] = {}
    for population in POPULATIONS:
        found[HAND, population] = _by_hand(population)
    for population in sorted({*POPULATIONS, *SCALING}):
        found[GENETIC, population] = _generation(partial(classic, rate=RATE, sigma=SPREAD / 3, elites=1), population)
    for name, make in {} if quick else OTHERS.items():
        found[name, POPULATIONS[0]] = _generation(make, POPULATIONS[0])
    return found


def summarise(times: Mapping[tuple[str, int], Sequence[float]]) -> Overhead:
    """Return the measurement of milliseconds by strategy and population."""
    spreads = {key: Spread.of(values) for key, values in times.items()}
    scaling = [population for name, population in times if name == GENETIC and population in SCALING]
    return Overhead(
        conditions=conditions(),
        genes=GENES,
        repeats=min(map(len, times.values())),
        exponent=exponent(scaling, [spreads[GENETIC, population].median for population in scaling]),
        rows=tuple(_row(name, population, spreads) for name, population in spreads),
    )


def describe(result: Overhead) -> str:
    """Return the claim, what it holds for and the measurement as text."""
    lines = [f"  {_sentence(row)}" for row in result.rows]
    return "\n".join(
        [
            f"Milliseconds of a generation with constant fitness, D = {result.genes}, in turn with the same by hand.",
            describe_conditions(result.conditions, samples=result.repeats),
            *lines,
            f"genetic grows with P to the power {result.exponent:.2f} from P = {SCALING[0]} to {SCALING[-1]:,}.",
        ]
    )


def to_csv(result: Overhead) -> str:
    """Return the rows as comma-separated values with a header."""
    return rows_to_csv(Row, result.rows)


def records(result: Overhead) -> list[dict[str, object]]:
    """Return the measurement as records: what was measured at large, then the rows."""
    facts = {key: value for key, value in asdict(result).items() if key not in ("rows", "conditions")}
    return to_records("overhead", {**result.conditions, **facts}, result.rows)


def from_records(found: Sequence[Mapping[str, Any]]) -> Overhead | None:
    """Return the measurement that records hold; None if they are not complete."""
    if (parts := of_records("overhead", found)) is None:
        return None
    head, rows = parts
    own = {key: head.pop(key) for key in ("genes", "repeats", "exponent")}
    own["exponent"] = math.nan if own["exponent"] is None else own["exponent"]
    return Overhead(conditions=head, rows=tuple(Row(**row) for row in rows), **own)


def _row(name: str, population: int, spreads: Mapping[tuple[str, int], Spread]) -> Row:
    spread, yardstick = spreads[name, population], spreads.get((HAND, population))
    return Row(
        strategy=name,
        population=population,
        milliseconds=spread.median,
        milliseconds_low=spread.low,
        milliseconds_high=spread.high,
        microseconds_each=1000 * spread.median / population,
        ratio=None if yardstick is None else spread.median / yardstick.median,
    )


def _sentence(row: Row) -> str:
    against = "" if row.ratio is None or row.strategy == HAND else f", {row.ratio:.1f} x by hand"
    return (
        f"{row.strategy}, P = {row.population:,}: {row.milliseconds:.2f} ({row.milliseconds_low:.2f} to "
        f"{row.milliseconds_high:.2f}){against}, {row.microseconds_each:.1f} us each"
    )


def _generation(make: Callable[..., Search], population: int) -> Work:
    """Return a call that runs the next generation of a strategy."""
    problem = Function(nothing, Space.box(GENES, spread=SPREAD, dtype=torch.float32), batched=True)
    generations = evolve(make(problem, population=population, seed=1), 10**9)
    return lambda: next(generations)


def classic(problem: Problem, *, sigma: float, rate: float, mating: float = 1.0, **settings: Any) -> Genetic:
    """Return a genetic algorithm with the yardstick's operators: crossover at two points and Gaussian mutation."""
    search = Genetic(problem, **settings)
    register_variation(
        search.toolbox,
        search.space,
        search.ids,
        generator=search.generator,
        crossover=partial(two_point, generator=search.generator),
        mutation=partial(gaussian, sigma=sigma, rate=rate, generator=search.generator),
        mating=mating,
    )
    return search


def _by_hand(population: int) -> Work:
    generator = stream(0, "overhead")
    genomes = SPREAD * torch.randn(population, GENES, generator=generator)
    search = TensorGenetic(genomes, nothing, mating=0.5, mutating=0.2, rate=5 * RATE, generator=generator)
    return search.step


def nothing(genomes: Tensor) -> Tensor:
    """Return a constant for each genome [P, D]."""
    return torch.zeros(len(genomes))


def _key(name: str) -> tuple[str, int]:
    strategy, _, population = name.rpartition(" ")
    return strategy, int(population)


def _measured(setup: MeasurementSetup, *, repeats: int | None = None) -> Overhead:
    """Measure all rows in turn.

    Args:
        setup: Whether to be quick, and what hears of samples.
        repeats: Samples of each row; by default 15, or 5 where the suite has to be quick.
    """
    repeats = repeats or (5 if setup.quick else 15)
    counter = Counter(setup, repeats * len(works(quick=setup.quick)))
    return measure(repeats=repeats, quick=setup.quick, on_sample=counter)


SUITES = {
    "overhead": Measurement(
        name="overhead",
        summary="What does a generation cost beside evaluation?",
        claim="A generation of Genetic with 300 individuals of 2,410 genes and constant fitness takes no more than 4 "
        "ms through evolve, and with 100 no more than 1.5 ms, on two cores on which the same algorithm written by hand "
        "on tensors takes 0.8 and 0.46 ms.",
        measure=_measured,
        records=records,
        from_records=from_records,
        to_csv=to_csv,
        describe=describe,
    )
}
