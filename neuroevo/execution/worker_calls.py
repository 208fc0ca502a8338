"""One call of a map over workers: jobs are queued, run, retried where a worker dies, and end in results."""

from __future__ import annotations

import logging
import pickle
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from neuroevo.execution.shipping import Package
from neuroevo.individual import Failure

if TYPE_CHECKING:
    from neuroevo.execution.worker_map import Worker, WorkerMap

log = logging.getLogger(__name__)

LOADING = 300.0
"""Seconds that a worker may take to import what its first function needs."""


@dataclass
class Job:
    """Items of the map that are sent together.

    Attributes:
        package: The function.
        indices: The indices of the items.
        deaths: How often their worker has died.
        joint: Whether the items can't be evaluated separately.
    """

    package: Package
    indices: Sequence[int]
    deaths: int = 0
    joint: bool = False


@dataclass
class WorkerSlot:
    """A worker, the numbers of the large tensors that it has, and whether it has loaded a function."""

    worker: Worker
    has: set[int] = field(default_factory=set)
    loaded: bool = False


@dataclass(frozen=True)
class Busy:
    """What a worker does: it runs a job until a time, or imports before what the job needs (`loads`)."""

    slot: WorkerSlot
    job: Job
    until: float
    loads: bool


class Call:
    """One call of the map: jobs are queued, run, and end in results."""

    def __init__(self, owner: WorkerMap, items: list[tuple[Any, ...]], jobs: Iterable[Job]) -> None:
        self.owner = owner
        self.items = items
        self.queue = deque(jobs)
        self.results: list[Any] = [None] * len(items)
        self.raised: dict[int, Exception] = {}
        self.busy: dict[Future[bytes], Busy] = {}
        self.slots: list[WorkerSlot] = []
        self.finished: deque[int] = deque()

    def run(self) -> list[Any]:
        """Run jobs until every item has a result or one has raised an exception."""
        try:
            while self.queue or self.busy:
                self.step()
        finally:
            self.leave()
        if self.raised:
            raise self.raised[min(self.raised)]
        return self.results

    def step(self) -> None:
        """Assign queued jobs, and collect the next finished ones."""
        self.assign()
        self._collect()

    def leave(self) -> None:
        """Release all workers; busy ones are stopped, because their results are not needed any more."""
        for one in self.busy.values():
            one.slot.worker.stop()
        self.owner.release(self.slots)
        self.busy, self.slots = {}, []

    def assign(self) -> None:
        """Assign queued jobs to workers that are free or can be started."""
        if not self.busy and (wanted := min(self.owner.workers, len(self.queue)) - len(self.slots)) > 0:
            self.slots += self.owner.acquire(wanted)
        if not self.slots and not self.busy:
            raise RuntimeError(f"there is no room for a worker; {len(self.queue)} jobs are left.")
        while self.queue and self.slots:
            self._begin(self.queue.popleft(), self.slots.pop())

    def _begin(self, job: Job, slot: WorkerSlot) -> None:
        """Begin a job; where it may take a limited time, a new worker gets it without items first."""
        timeout = self.owner.timeout
        loads = timeout is not None and not slot.loaded
        future = self.owner.submit(slot, job.package, [self.items[index] for index in job.indices if not loads])
        seconds = LOADING if loads else float("inf") if timeout is None else timeout * len(job.indices)
        self.busy[future] = Busy(slot, job, time.monotonic() + seconds, loads)

    def _collect(self) -> None:
        done, _ = wait(self.busy, timeout=self._patience(), return_when=FIRST_COMPLETED)
        for future in done:
            ended = self.busy.pop(future)
            slot, job = ended.slot, ended.job
            try:
                answer = pickle.loads(future.result())  # noqa: S301 - from a worker of this run
            except self.owner.engine.died as death:
                self._retry(job, death)
                self._replace(slot)
            else:
                slot.loaded = True
                if ended.loads and answer == []:
                    self._begin(job, slot)
                else:
                    self.slots.append(slot)
                    self._note(job, answer)
        for future in [*self.busy]:
            # Some may have finished while a new worker was started.
            if self._left(future) <= 0 and not future.done():
                self._give_up(future)

    def _note(self, job: Job, answer: list[Any] | Exception | Failure) -> None:
        if isinstance(answer, Failure):
            if not self._separate(job, job.deaths):
                self._fail(job, answer.reason)
            return
        if isinstance(answer, Exception):
            self.raised[job.indices[0]] = answer
            self.finished.append(job.indices[0])
            # Earlier items are still evaluated, so that the exception is the one that a loop would raise.
            self.queue = deque(other for other in self.queue if other.indices[0] < job.indices[0])
            return
        for index, result in zip(job.indices, answer, strict=True):
            self.results[index] = result
        self.finished += job.indices

    def _retry(self, job: Job, death: BaseException) -> None:
        """Put the items of a worker that died back to the front of the queue, one by one: one of them is the cause."""
        log.warning("a worker died on the items %s: it %s", [*job.indices], str(death) or type(death).__name__)
        if self._separate(job, job.deaths + 1):
            return
        if job.deaths < self.owner.retries:
            self.queue.appendleft(Job(job.package, job.indices, job.deaths + 1, job.joint))
        else:
            self._fail(job, f"its worker died {job.deaths + 1} times")

    def _separate(self, job: Job, deaths: int) -> bool:
        """Put several items to the front of the queue one by one, and return whether that could be done."""
        if len(job.indices) == 1 or job.joint:
            return False
        self.queue.extendleft(Job(job.package, [index], deaths) for index in reversed(job.indices))
        return True

    def _fail(self, job: Job, reason: str) -> None:
        log.warning("the items %s are given up: %s", [*job.indices], reason)
        for index in job.indices:
            self.results[index] = Failure(reason)
        self.finished += job.indices

    def _give_up(self, future: Future[bytes]) -> None:
        late = self.busy.pop(future)
        self._replace(late.slot)
        load = f"its worker took longer than {LOADING:g} s to import what it needs"
        self._fail(late.job, load if late.loads else f"it took longer than {self.owner.timeout:g} s")

    def _replace(self, slot: WorkerSlot) -> None:
        slot.worker.stop()
        if len(self.queue) <= len(self.slots):
            return
        try:
            self.slots += self.owner.acquire(1)
        except RuntimeError as error:
            if not self.slots and not self.busy:
                raise
            log.warning("the run continues with fewer workers: %s", error)

    def _left(self, future: Future[bytes]) -> float:
        """The seconds that a job may still take."""
        return self.busy[future].until - time.monotonic()

    def _patience(self) -> float | None:
        if self.owner.timeout is None:
            return None
        return max(0.0, min(map(self._left, self.busy)))


class WorkerStream:
    """Items that come and go one by one on the workers of a map (see `neuroevo.execution.streams`)."""

    def __init__(self, owner: WorkerMap) -> None:
        self._owner = owner
        self._call = Call(owner, [], [])

    def submit(self, function: Callable[..., Any], *arguments: Any) -> int:
        """Submit an item, and return its number."""
        index = len(self._call.items)
        self._call.items.append(arguments)
        self._call.results.append(None)
        self._call.queue.append(Job(self._owner.pack(function), [index]))
        return index

    def next(self) -> tuple[int, Any]:
        """Wait for the next item to finish, and return its number and its result.

        Raises:
            Exception: What the function raised for it.
        """
        while not self._call.finished:
            self._call.step()
        self._call.assign()  # Workers continue while the caller handles the result.
        index = self._call.finished.popleft()
        if index in self._call.raised:
            raise self._call.raised[index]
        result, self._call.results[index], self._call.items[index] = self._call.results[index], None, ()
        return index, result

    def close(self) -> None:
        """Forget all items, and release the workers."""
        self._call.leave()
