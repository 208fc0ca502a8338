"""Calls that run in processes of their own, forked from one that has imported what takes long."""

from __future__ import annotations

import multiprocessing
import os
import resource
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

CONTEXT = multiprocessing.get_context("fork")

MEMORY = 12 << 30
"""Bytes that a process may ask for: a fault that asks for all memory must not get it."""

PATIENCE = 8
"""Seconds of the clock for a second of the processor: enough on a machine that others use too."""


@dataclass(frozen=True)
class Call:
    """What to call.

    Attributes:
        name: Whose call it is.
        function: Called without arguments, in a forked process.
        limit: Most seconds of the processor.
    """

    name: str
    function: Callable[[], Any]
    limit: float


@dataclass(frozen=True)
class Outcome:
    """What became of a call.

    Attributes:
        name: Whose call it was.
        value: What it returned.
        died: How it ended if it returned nothing; empty if it did.
        seconds: Seconds of the processor that it took; of the clock if it died.
    """

    name: str
    value: Any
    died: str
    seconds: float


def run(calls: Iterable[Call], jobs: int) -> Iterator[Outcome]:
    """Yield the outcomes of calls as they end, that number of them at a time."""
    waiting, running = deque(calls), dict[Connection, _Running]()
    while waiting or running:
        while waiting and len(running) < jobs:
            one = _Running(waiting.popleft())
            running[one.receiver] = one
        for receiver in wait(list(running), timeout=1):
            yield running.pop(receiver).outcome()
        for receiver in [receiver for receiver, one in running.items() if one.late]:
            yield running.pop(receiver).killed()


class _Running:
    def __init__(self, call: Call) -> None:
        self.call = call
        self.started = time.monotonic()
        self.receiver, sender = CONTEXT.Pipe(duplex=False)
        self.process = CONTEXT.Process(target=_work, args=(call, sender), daemon=True)
        self.process.start()
        sender.close()

    @property
    def late(self) -> bool:
        return time.monotonic() - self.started > PATIENCE * self.call.limit

    def outcome(self) -> Outcome:
        try:
            value, seconds = self.receiver.recv()
        except EOFError:
            return self._ended("the process died or was out of time")
        self.process.join()
        return Outcome(self.call.name, value, "", seconds)

    def killed(self) -> Outcome:
        self.process.kill()
        return self._ended("it did not end")

    def _ended(self, how: str) -> Outcome:
        self.process.join()
        return Outcome(self.call.name, None, how, time.monotonic() - self.started)


def _work(call: Call, sender: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (int(call.limit) + 1,) * 2)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    started = time.process_time()
    value = call.function()
    sender.send((value, time.process_time() - started))
