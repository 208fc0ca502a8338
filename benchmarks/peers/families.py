"""Every family of searches against its specialists: `python -m neuroevo.benchmarks.peers --families`.

A search of each program spends the same number of evaluations on the same problem, with populations of the same size,
in a process of its own; the entrants are those of the race of quality (`neuroevo.benchmarks.race`), and its judges say
how good the results are, for a fast search that finds nothing is none. No time counts before a program has spent its
evaluations on a first seed and returned what the judge takes. Then the programs take turns, seed by seed.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib import import_module
from multiprocessing import get_context
from typing import Any

import torch

from neuroevo.benchmarks.analysis.statistics import estimate
from neuroevo.benchmarks.race import challenges as problems
from neuroevo.benchmarks.race.challenges import Challenge, challenges
from neuroevo.benchmarks.race.entrant import Entrant
from neuroevo.benchmarks.race.landscapes import instance
from neuroevo.benchmarks.race.trial import Trial
from neuroevo.benchmarks.speed.timing import Spread
from neuroevo.problems.function import ELLIPSOID, SPHERE

OURS = "neuroevo"
SPENT = 0.8
"""Share of the evaluations that a search must have spent, for the last generation may not fit."""
SAMPLES = 20
"""Population of PGPE, which EvoTorch gives no default."""


@dataclass(frozen=True)
class Family:
    """One row of the table.

    Attributes:
        problem: What is searched, as a phrase.
        make: Returns the challenge.
        entrants: By program, the module of the race that has its entrant, and the entrant's name.
        settings: Arguments of our entrant's strategy that give it the population of the others.
    """

    problem: str
    make: Callable[[], Challenge]
    entrants: Mapping[str, tuple[str, str]]
    settings: Mapping[str, Any]


def _known(name: str, evaluations: int | None = None) -> Challenge:
    found = challenges()[name]
    return found if evaluations is None else replace(found, evaluations=evaluations)


def _function(landscape: Any, size: int, evaluations: int, *, bounded: bool = True) -> Challenge:
    make = partial(instance, landscape, size, bounded=bounded)
    return Challenge("functions", make, evaluations, problems.clean_value)


def _family(
    problem: str, make: Callable[[], Challenge], ours: str, others: Mapping[str, tuple[str, str]], **settings: Any
) -> Family:
    return Family(problem, make, {OURS: ("ours", ours), **others}, settings)


EVOTORCH_SNES = {"EvoTorch": ("with_evotorch", "evotorch-snes")}
EVOTORCH_PGPE = {"EvoTorch": ("with_evotorch", "evotorch-pgpe")}

FAMILIES: Mapping[str, Family] = {
    "nsga2-zdt1": _family("ZDT1, P = 100", partial(_known, "zdt1"), "nsga2", {"pymoo": ("with_pymoo", "pymoo-nsga2")}),
    "nsga2-dtlz2": _family(
        "DTLZ2, P = 100", partial(_known, "dtlz2"), "nsga2", {"pymoo": ("with_pymoo", "pymoo-nsga2")}
    ),
    "cma-es": _family(
        "ellipsoid, D = 50",
        # cmaes samples again until a genome lies within bounds, which would be what is timed.
        partial(_function, ELLIPSOID, 50, 5000, bounded=False),
        "cma-es",
        {"cmaes": ("with_cmaes", "cmaes"), "pycma": ("with_cma", "pycma")},
    ),
    "separable-cma-es": _family(
        "ellipsoid, D = 1,000",
        partial(_function, ELLIPSOID, 1000, 10_000, bounded=False),
        "separable-cma-es",
        {"cmaes": ("with_cmaes", "cmaes-separable")},
    ),
    "differential": _family(
        "sphere, D = 10, P = 150",
        partial(_function, SPHERE, 10, 15_000),
        "differential",
        {"scipy": ("with_scipy", "scipy-de-vectorized")},
        population=150,
    ),
    "snes-100": _family("sphere, D = 100", partial(_function, SPHERE, 100, 10_000), "snes", EVOTORCH_SNES),
    "snes-10000": _family("sphere, D = 10,000", partial(_function, SPHERE, 10_000, 10_000), "snes", EVOTORCH_SNES),
    "pgpe-100": _family(
        "sphere, D = 100, P = 20",
        partial(_function, SPHERE, 100, 10_000),
        "pgpe",
        EVOTORCH_PGPE,
        population=SAMPLES,
    ),
    "pgpe-10000": _family(
        "sphere, D = 10,000, P = 20",
        partial(_function, SPHERE, 10_000, 10_000),
        "pgpe",
        EVOTORCH_PGPE,
        population=SAMPLES,
    ),
    "map-elites": _family(
        "arm, D = 10, 20 × 20 cells, P = 64",
        lambda: replace(_known("arm", 32_000)),
        "map-elites",
        {"pyribs": ("with_ribs", "ribs-map-elites")},
        population=64,
    ),
    "neat": _family(
        "XOR until solved, P = 150", partial(_known, "xor"), "neat", {"neat-python": ("with_neat", "neat-python")}
    ),
}
"""The rows, by name."""


@dataclass(frozen=True)
class Search:
    """What a search of a program was: its seconds, the evaluations that it spent, and the value of its result."""

    seconds: float
    spent: int
    value: float


def entrant_of(family: Family, program: str) -> Entrant:
    """Return the entrant of a program, ours with the settings of the row."""
    module, name = family.entrants[program]
    home = import_module(f"neuroevo.benchmarks.race.{module}")
    found: Entrant = {**home.ENTRANTS, **getattr(home, "VECTORIZED", {})}[name]
    if program == OURS and family.settings:
        search: Any = found.search
        strategy = partial(search.keywords["strategy"], **family.settings)
        return replace(found, search=partial(search.func, strategy=strategy))
    return found


def searched(name: str, program: str, seed: int, evaluations: int | None, busy: bool) -> Search:
    """Let a program search, in this process.

    Raises:
        RuntimeError: It spent too few evaluations, or too many, or its result has no value.
    """
    family = FAMILIES[name]
    challenge, entrant = family.make(), entrant_of(family, program)
    allowed = challenge.evaluations if evaluations is None else evaluations
    trial = Trial(challenge.make(seed), allowed, seed)
    clock = time.process_time if busy else time.perf_counter
    started = clock()
    found = entrant.search(trial)
    seconds = clock() - started
    value = challenge.judge(trial, found)
    enough = trial.spent >= SPENT * allowed or challenge.kind == "graphs"
    if not math.isfinite(value) or trial.spent > allowed or not enough:
        raise RuntimeError(f"{program} spent {trial.spent} of {allowed} evaluations on {name} and found {value}.")
    return Search(seconds, trial.spent, value)


def compared(
    name: str, *, seeds: int, threads: int, busy: bool, evaluations: int | None, tell: Callable[[str], object]
) -> dict[str, object]:
    """Measure one row, its programs in turn, and return it as JSON values."""
    family = FAMILIES[name]
    tell(f"{name}: {family.problem}")
    programs = []
    for program in family.entrants:
        if (sentence := entrant_of(family, program).missing) is None:
            programs.append(program)
        else:
            tell(f"  {sentence}")
    found: dict[str, list[Search]] = {program: [] for program in programs}
    pools = {program: _process(threads) for program in programs}
    try:
        for program in programs:
            pools[program].submit(searched, name, program, seeds, evaluations, busy).result()
        for seed in range(seeds):
            for place in range(len(programs)):
                program = programs[(place + seed) % len(programs)]
                found[program].append(pools[program].submit(searched, name, program, seed, evaluations, busy).result())
    finally:
        for pool in pools.values():
            pool.shutdown()
    return _row(name, family, found)


def _process(threads: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
        1, mp_context=get_context("spawn"), initializer=torch.set_num_threads, initargs=(threads,)
    )


def _row(name: str, family: Family, found: Mapping[str, Sequence[Search]]) -> dict[str, object]:
    spreads = {program: Spread.of([1e6 * one.seconds / one.spent for one in own]) for program, own in found.items()}
    values = {program: estimate([one.value for one in own]) for program, own in found.items()}
    peers = [spread.median for program, spread in spreads.items() if program != OURS]
    return {
        "family": name,
        "problem": family.problem,
        "programs": {
            program: {
                "microseconds": asdict(spread),
                "evaluations": sum(one.spent for one in found[program]) / len(found[program]),
                "value": [values[program].mean, values[program].low, values[program].high],
            }
            for program, spread in spreads.items()
        },
        "ratio": spreads[OURS].median / min(peers) if peers else None,
    }


def to_markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as a table: microseconds for each evaluation, and the values of results."""
    lines = ["| family | problem | program | µs per evaluation (quartiles) | value (95 % CI) | ours / fastest |"]
    lines.append("| --- | --- | --- | ---: | ---: | ---: |")
    for row in rows:
        for program, one in row["programs"].items():
            spread, (mean, low, high) = one["microseconds"], one["value"]
            ratio = f"{row['ratio']:.2f}" if program == OURS and row["ratio"] is not None else ""
            lines.append(
                f"| {row['family']} | {row['problem']} | {program} | {spread['median']:.3g} ({spread['low']:.3g} to "
                f"{spread['high']:.3g}) | {mean:.4g} ({low:.4g} to {high:.4g}) | {ratio} |"
            )
    return "\n".join(lines) + "\n"
