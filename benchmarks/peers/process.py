"""Programs of the comparison in processes of their own: none can slow another down by what it keeps in memory."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import math
import multiprocessing
import os
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import torch

from neuroevo.benchmarks.peers.contenders import Contender
from neuroevo.benchmarks.speed.timing import timed
from neuroevo.benchmarks.speed.workloads import Workload
from neuroevo.extras import install

PROGRAMS = {
    "neuroevo": "neuroevo.benchmarks.peers.ours",
    "by hand": "neuroevo.benchmarks.peers.by_hand",
    "EvoTorch": "neuroevo.benchmarks.peers.with_evotorch",
    "DEAP": "neuroevo.benchmarks.peers.with_deap",
    "PyGAD": "neuroevo.benchmarks.peers.with_pygad",
}
"""Modules whose `CONTENDERS` say what a program offers, by its name."""


@dataclass(frozen=True)
class Failed:
    """What a process answers when something went wrong in it.

    Attributes:
        reason: The error in words.
    """

    reason: str


class Program:
    """A program in a process of its own, asked one thing at a time.

    Args:
        name: A name of `PROGRAMS`.
        threads: Torch threads in it.
        busy: Whether its own processor time is counted, for others use the machine, too.
    """

    def __init__(self, name: str, *, threads: int, busy: bool = False) -> None:
        self.name = name
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, PROGRAMS[name], threads, busy), daemon=True)
        self._process.start()
        theirs.close()

    def ask(self, verb: str, *arguments: object) -> Any:
        """Return what the process answers to one of the functions in `VERBS`.

        Raises:
            RuntimeError: It failed, or ended.
        """
        try:
            self._connection.send((verb, arguments))
            answer = self._connection.recv()
        except (EOFError, OSError) as error:
            raise RuntimeError(f"{self.name} ended with exit code {self._process.exitcode}.") from error
        if isinstance(answer, Failed):
            raise RuntimeError(f"{self.name} could not {verb}: {answer.reason}")
        return answer

    def close(self) -> None:
        """End the process."""
        self._connection.close()
        self._process.join(timeout=5)
        if self._process.is_alive():
            self._process.terminate()
            self._process.join()


class _Server:
    """What runs in the process."""

    def __init__(self, module: str, *, busy: bool = False) -> None:
        self.module = importlib.import_module(module)
        self.clock = time.process_time if busy else time.perf_counter
        self.made: dict[tuple[str, str], Contender] = {}

    def variants(self, work: Workload) -> list[str]:
        """Return the variants in which the program does a workload."""
        return list(self.module.CONTENDERS.get(work.name, {}))

    def answer(self, work: Workload, variant: str) -> Any:
        """Make a contender and return its answer."""
        self.made[work.label, variant] = contender = self.module.CONTENDERS[work.name][variant](work)
        return contender.answer().double().numpy()

    def calls(self, work: Workload, variant: str, seconds: float) -> int:
        """Return how many calls make a sample of a number of seconds, after one that does not count."""
        contender = self.made[work.label, variant]
        contender.run()
        return max(1, math.ceil(seconds / timed(contender.run, clock=self.clock)))

    def sample(self, work: Workload, variant: str, calls: int) -> float:
        """Return the milliseconds of doing the work once, after one call that does not count."""
        contender = self.made[work.label, variant]
        contender.run()
        return 1000 * timed(contender.run, calls=calls, clock=self.clock) / (calls * contender.times)

    def forget(self, work: Workload) -> None:
        """Let go of all that was made for a workload."""
        self.made = {key: one for key, one in self.made.items() if key[0] != work.label}

    def quality(self, seed: int, generations: int) -> dict[str, float]:
        """Return the accuracy on unseen digits of each variant that reports it."""
        return {variant: run(seed, generations) for variant, run in getattr(self.module, "QUALITY", {}).items()}


VERBS = ("variants", "answer", "calls", "sample", "forget", "quality")


def _serve(connection: Connection, module: str, threads: int, busy: bool) -> None:
    torch.set_num_threads(threads)
    os.environ.setdefault("RAY_DISABLE_IMPORT_WARNING", "1")
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    server: _Server | None = None
    while True:
        try:
            verb, arguments = connection.recv()
        except EOFError:
            return
        try:
            server = server or _Server(module, busy=busy)
            answer = getattr(server, verb)(*arguments)
        except Exception as error:  # noqa: BLE001 - whatever a peer raises is reported by the caller
            answer = Failed(f"{type(error).__name__}: {error}")
        connection.send(answer)


def missing(name: str) -> str | None:
    """Return the sentence that says which package a program lacks; None if it can run."""
    package = PACKAGES.get(name)
    if package is None or importlib.util.find_spec(package) is not None:
        return None
    return f"{name} is left out: the package {package} is not installed: {install('peers')}."


PACKAGES = {"EvoTorch": "evotorch", "PyGAD": "pygad"}
"""Packages of the extra `peers`, by program."""

Tell = Callable[[str], object]
