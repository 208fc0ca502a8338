"""Suite `race`: are the searches here as good as the specialists', by default?

Every search has its library's defaults, the same instances and the same number of evaluations. Searches run one by one
or side by side, and a run that was stopped resumes after the last one that was finished.
"""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from neuroevo.benchmarks.race.challenges import KINDS, Challenge, challenges
from neuroevo.benchmarks.race.entrant import OURS, Entrant
from neuroevo.benchmarks.race.trial import Trial
from neuroevo.benchmarks.report.files import write_page
from neuroevo.benchmarks.suites.optimize import Plan, SearchListener, run_searches
from neuroevo.benchmarks.suites.result import Result, read_result
from neuroevo.execution import WorkerMap
from neuroevo.execution.threads import one_thread
from neuroevo.global_generators import reseed, restored
from neuroevo.runs.directory import RunDirectory

MODULES = (
    "ours",
    "matched",
    "with_pymoo",
    "with_evotorch",
    "with_cma",
    "with_cmaes",
    "with_scipy",
    "with_neat",
    "with_ribs",
)
"""Modules of this package whose `ENTRANTS` take part."""
PACKAGES = ("pymoo", "evotorch", "cma", "cmaes", "scipy", "neat-python", "ribs")
"""Distributions whose versions a run notes."""
FEW = ("rosenbrock-2", "rastrigin-10-rotated", "ellipsoid-30", "sphere-10-noisy", "digits", "zdt2", "xor")
"""The problems of a quick run."""

log = logging.getLogger(__name__)


def all_entrants() -> dict[str, Entrant]:
    """Return all entrants by name, ours first."""
    return {
        name: one
        for module in MODULES
        for name, one in import_module(f"neuroevo.benchmarks.race.{module}").ENTRANTS.items()
    }


@dataclass(frozen=True)
class Race:
    """The protocol.

    Attributes:
        challenges: Problems by name.
        entrants: Entrants by name.
        map_: Runs searches side by side; None runs one after the other.
    """

    challenges: Mapping[str, Challenge]
    entrants: Mapping[str, Entrant]
    map_: WorkerMap | None = None

    def takers(self, problem: str) -> list[str]:
        """Return the entrants that take part in a problem."""
        challenge = self.challenges[problem]
        space = getattr(challenge.make(0), "space", None)
        genes = 0 if space is None else space.size
        size = {"genes": genes, "evaluations": challenge.evaluations}
        return [name for name, one in self.entrants.items() if one.takes(challenge.kind, **size)]

    def plans(self, seeds: Sequence[int], *, done: Collection[Plan] = ()) -> list[Plan]:
        """Return what has yet to run, seed by seed."""
        pairs = [(problem, name) for problem in self.challenges for name in self.takers(problem)]
        return [plan for seed in seeds for pair in pairs if (plan := (*pair, seed)) not in done]

    def records(
        self, plans: Sequence[Plan], *, cells: Path, on_generation: Callable[..., object]
    ) -> Iterator[dict[str, Any]]:
        """Run what is planned and yield one record for each."""
        del cells, on_generation  # other libraries have neither
        run = partial(record, self.challenges, self.entrants)
        if self.map_ is None:
            yield from map(run, plans)
            return
        # As many as there are workers, so that what is finished is written soon.
        for first in range(0, len(plans), self.map_.workers):
            yield from self.map_(run, plans[first : first + self.map_.workers])


def record(challenges: Mapping[str, Challenge], entrants: Mapping[str, Entrant], plan: Plan) -> dict[str, Any]:
    """Run a search and return its record, as JSON values; the value of another library's search that fails is NaN."""
    problem, name, seed = plan
    challenge, entrant = challenges[problem], entrants[name]
    trial = Trial(challenge.make(seed), challenge.evaluations, seed)
    started = time.process_time()
    try:
        # Some libraries draw from global generators, even when they are imported, and warn of what is theirs to mend.
        with one_thread(), restored(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reseed(seed)
            value = challenge.judge(trial, entrant.search(trial))
    except Exception as error:
        if entrant.library == OURS:
            raise
        log.warning("%s failed on %s with seed %d (%s: %s).", name, problem, seed, type(error).__name__, error)
        value = float("nan")
    return {
        "kind": "search",
        "problem": problem,
        "strategy": name,
        "seed": seed,
        "challenge": challenge.kind,
        "library": entrant.library,
        "evaluations": [trial.spent],
        "best": [value],
        "weight": challenge.weight,
        "gradient_steps": 0,
        "chosen": trial.chosen,
        "genes": 0 if challenge.kind == "graphs" else trial.size,
        "seconds": time.process_time() - started,
    }


def protocol(
    quick: bool = False,
    *,
    problems: tuple[str, ...] = (),
    entrants: tuple[str, ...] = (),
    evaluations: int | None = None,
    data_root: Path | None = None,
) -> Race:
    """Return what is compared; what can't run here for want of a package is left out.

    Args:
        quick: Whether it has to end in a minute.
        problems: Names of problems or kinds; default all, few for a quick run.
        entrants: Names of entrants; default all.
        evaluations: Evaluations of each search at most; by default those of each problem.
        data_root: Folder of Fashion-MNIST's files, without which that problem is left out.

    Raises:
        ValueError: A problem or an entrant is not known.
    """
    every, known = challenges(data_root), all_entrants()
    for what, names, those in (("problems", problems, {**every, **KINDS}), ("entrants", entrants, known)):
        if unknown := [name for name in names if name not in those]:
            raise ValueError(f"{what} must be of {', '.join(those)}, but one is {unknown[0]}.")
    wanted = problems or (FEW if quick else [*every])
    chosen = {
        name: one if evaluations is None else replace(one, evaluations=min(one.evaluations, evaluations))
        for name, one in every.items()
        if name in wanted or one.kind in wanted
    }
    return Race(
        {name: one for name, one in chosen.items() if not one.needs or find_spec(one.needs)},
        {name: known[name] for name in entrants or known if known[name].missing is None},
    )


def versions() -> dict[str, str]:
    """Return the versions of the libraries that are installed."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


@dataclass(frozen=True)
class RaceSuite:
    """A suite that compares searches of several libraries.

    Attributes:
        name: Its name.
        summary: The question that it answers, on one line.
        claim: The claim that it tests, in a sentence or two.
        protocol: Called with the suite's own settings, returns what is compared.
    """

    name: str
    summary: str
    claim: str
    protocol: Callable[..., Race]

    def run(self, folder: Path | str, race: Race | None = None, *, seeds: Sequence[int] = range(10)) -> Result:
        """Run everything, write it to a folder and return it; what an earlier start finished is kept.

        Raises:
            CheckpointError: The folder holds another run.
            OSError: A file can't be written.
        """
        path = Path(folder).absolute()
        with RunDirectory.begin_or_resume(path, what="bench") as directory:
            self.run_in(directory, race or self.protocol(), seeds=seeds)
        write_page(path)
        return read_result(path)

    def run_in(
        self, directory: RunDirectory, race: Race, *, seeds: Sequence[int], listener: SearchListener | None = None
    ) -> None:
        """Run what has yet to run in an open run directory, and write all but the page."""
        directory.note({"versions": versions()})
        run_searches(directory, race, suite=self.name, seeds=seeds, listener=listener)


SUITES = {
    "race": RaceSuite(
        name="race",
        summary="Are searches here as good as the specialists', by default?",
        claim="With equal evaluations, the best search here is not behind the best one of pymoo, EvoTorch, pycma, "
        "cmaes, scipy, neat-python and pyribs, on 9 of 10 problems.",
        protocol=protocol,
    )
}
