"""The map over workers: processes of this machine, or actors of a cluster."""

from __future__ import annotations

import logging
import pickle
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np

from neuroevo.budget import Budget
from neuroevo.execution.mapping import batched_map, unwrap
from neuroevo.execution.memory import ending
from neuroevo.execution.shipping import Package, Packer, WorkerCache, pickled
from neuroevo.execution.unguarded import end_if_unguarded
from neuroevo.individual import Failure

log = logging.getLogger(__name__)

PARTS = 4
"""Jobs per worker into which cheap evaluations are split."""


class Worker(Protocol):
    """A process elsewhere that runs one job after the other."""

    def submit(
        self, function: bytes, numbers: Sequence[int], drop: Sequence[int], items: bytes, *payloads: Any
    ) -> Future[bytes]:
        """Begin `work` with these arguments and the worker's own cache."""

    def stop(self) -> None:
        """End at once, even during a job."""


class Engine(Protocol):
    """Where workers come from.

    Attributes:
        died: Exceptions that the result of a job raises when its worker has died.
        pickler: The class that pickles functions.
        threads: Torch threads of each worker.
    """

    died: tuple[type[BaseException], ...]
    pickler: type[pickle.Pickler]
    threads: int

    def start(self, count: int) -> Sequence[Worker]:
        """Return `count` new workers that are ready for jobs, fewer if there is no room for more."""

    def share(self, array: np.ndarray) -> Any:
        """Return what is sent to workers in place of a large array."""

    def close(self) -> None:
        """Release everything; workers have been stopped before."""


def work(
    cache: WorkerCache, function: bytes, numbers: Sequence[int], drop: Sequence[int], items: bytes, *payloads: Any
) -> bytes:
    """Run a job on a worker: return the pickled results, the exception that was raised, or why there are none."""
    answer: list[Any] | BaseException | Failure
    try:
        cache.take(numbers, payloads, drop)
        columns = pickle.loads(items)  # noqa: S301 - from the run that this worker belongs to
        answer = batched_map(cache.unpack(function), *columns)
    except BaseException as error:  # noqa: BLE001 - raised again where the map was called, unless it ends a process
        ordinary = isinstance(error, Exception) and not isinstance(error, BaseExceptionGroup)
        answer = error if ordinary else Failure(ending(error))
    return pickled(answer)


@dataclass
class _Job:
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
class _WorkerSlot:
    """A worker, and the numbers of the large tensors that it has."""

    worker: Worker
    has: set[int] = field(default_factory=set)


class WorkerMap:
    """A map over several workers; register it as `toolbox.map`.

    Results equal those of the built-in map, in the order of the items. An evaluation must be pure, because it is
    repeated when its worker dies. Workers are started when they are first needed and stay until `close`.

    Args:
        engine: Where workers come from, such as `Processes()`.
        workers: Largest number of workers, each with one job at a time.
        chunk: Largest number of items in one job; by default 1 if the function trains (its `budget` has gradient
            steps) or if there is a `timeout`, else a quarter of a worker's share. All items are one job if results
            depend on which items are evaluated together (`joint = True`, see `batched_map`).
        retries: How often an item is retried after its worker died; then its result is a `Failure`.
        timeout: Seconds that an item may take; one that takes longer is a `Failure`, and its worker is replaced.

    Raises:
        ValueError: A setting is out of its range.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        workers: int,
        chunk: int | None = None,
        retries: int = 2,
        timeout: float | None = None,
    ) -> None:
        for name, number, least in (("workers", workers, 1), ("chunk", chunk, 1), ("retries", retries, 0)):
            if number is not None and number < least:
                raise ValueError(f"{name} must be at least {least}, but it is {number}.")
        if timeout is not None and not timeout > 0:
            raise ValueError(f"timeout must be above 0 seconds, but it is {timeout}.")
        self.engine = engine
        self.workers = workers
        self.chunk = chunk
        self.retries = retries
        self.timeout = timeout
        self._packer = Packer(engine.share, engine.pickler)
        self._idle: list[_WorkerSlot] = []
        self._stream: WorkerStream | None = None

    def __call__(self, function: Callable[..., Any], *iterables: Iterable[Any]) -> list[Any]:
        """Return the results for the items of the iterables, of which the shortest ends the map.

        Raises:
            TypeError: The function or an item can't be pickled.
            Exception: What the function raised for the first item that it raised for.
        """
        items = list(zip(*iterables, strict=False))
        package = self.pack(function)
        if not items:
            return []
        size = self._size(function, len(items))
        indices = range(len(items))
        parts = [indices[start : start + size] for start in range(0, len(items), size)]
        return _Call(self, items, [_Job(package, part, joint=_is_joint(function)) for part in parts]).run()

    def stream(self) -> WorkerStream:
        """Return a stream over the same workers; the map must not be called until it is closed."""
        self._stream = WorkerStream(self)
        return self._stream

    def pack(self, function: Callable[..., Any]) -> Package:
        """Pickle a function for the workers."""
        end_if_unguarded()
        return self._packer.pack(function)

    def probe(self, function: Callable[..., Any]) -> None:
        """Raise TypeError unless the function can be sent to workers."""
        self.pack(function)

    def close(self) -> None:
        """Stop all workers and close the engine."""
        if self._stream is not None:
            self._stream.close()
        while self._idle:
            self._idle.pop().worker.stop()
        self.engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _size(self, function: Callable[..., Any], count: int) -> int:
        budget: Budget = getattr(unwrap(function)[0], "budget", Budget())
        if _is_joint(function):
            return count
        if self.chunk is not None:
            return self.chunk
        if self.timeout is not None or budget.gradient_steps:
            return 1
        return -(-count // (PARTS * self.workers))

    def acquire(self, count: int) -> list[_WorkerSlot]:
        """Return up to `count` slots, with workers that were idle or new ones."""
        missing = count - len(self._idle)
        self._idle += [_WorkerSlot(worker) for worker in (self.engine.start(missing) if missing > 0 else ())]
        return [self._idle.pop() for _ in range(min(count, len(self._idle)))]

    def release(self, slots: Iterable[_WorkerSlot]) -> None:
        """Take back slots with idle workers."""
        self._idle += slots

    def submit(self, slot: _WorkerSlot, package: Package, items: Sequence[tuple[Any, ...]]) -> Future[bytes]:
        """Begin a job, and send the large tensors that the worker lacks along with it."""
        payloads = self._packer.payloads
        new, drop = sorted(package.needs - slot.has), sorted(slot.has - payloads.keys())
        slot.has = (slot.has | {*new}) - {*drop}
        columns = [[*column] for column in zip(*items, strict=True)]
        data = pickle.dumps(columns, protocol=pickle.HIGHEST_PROTOCOL)
        return slot.worker.submit(package.data, new, drop, data, *(payloads[number] for number in new))


class _Call:
    """One call of the map: jobs are queued, run, and end in results."""

    def __init__(self, owner: WorkerMap, items: list[tuple[Any, ...]], jobs: Iterable[_Job]) -> None:
        self.owner = owner
        self.items = items
        self.queue = deque(jobs)
        self.results: list[Any] = [None] * len(items)
        self.raised: dict[int, Exception] = {}
        self.busy: dict[Future[bytes], tuple[_WorkerSlot, _Job, float]] = {}
        self.slots: list[_WorkerSlot] = []
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
        for slot, _, _ in self.busy.values():
            slot.worker.stop()
        self.owner.release(self.slots)
        self.busy, self.slots = {}, []

    def assign(self) -> None:
        """Assign queued jobs to workers that are free or can be started."""
        if not self.busy and (wanted := min(self.owner.workers, len(self.queue)) - len(self.slots)) > 0:
            self.slots += self.owner.acquire(wanted)
        if not self.slots and not self.busy:
            raise RuntimeError(f"there is no room for a worker; {len(self.queue)} jobs are left.")
        while self.queue and self.slots:
            job, slot = self.queue.popleft(), self.slots.pop()
            future = self.owner.submit(slot, job.package, [self.items[index] for index in job.indices])
            self.busy[future] = (slot, job, time.monotonic())

    def _collect(self) -> None:
        done, _ = wait(self.busy, timeout=self._patience(), return_when=FIRST_COMPLETED)
        for future in done:
            slot, job, _ = self.busy.pop(future)
            try:
                answer = pickle.loads(future.result())  # noqa: S301 - from a worker of this run
            except self.owner.engine.died as death:
                self._retry(job, death)
                self._replace(slot)
            else:
                self.slots.append(slot)
                self._note(job, answer)
        for future in [*self.busy]:
            # Some may have finished while a new worker was started.
            if self._left(future) <= 0 and not future.done():
                self._give_up(future)

    def _note(self, job: _Job, answer: list[Any] | Exception | Failure) -> None:
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

    def _retry(self, job: _Job, death: BaseException) -> None:
        """Put the items of a worker that died back to the front of the queue, one by one: one of them is the cause."""
        log.warning("a worker died on the items %s: it %s", [*job.indices], str(death) or type(death).__name__)
        if self._separate(job, job.deaths + 1):
            return
        if job.deaths < self.owner.retries:
            self.queue.appendleft(_Job(job.package, job.indices, job.deaths + 1, job.joint))
        else:
            self._fail(job, f"its worker died {job.deaths + 1} times")

    def _separate(self, job: _Job, deaths: int) -> bool:
        """Put several items to the front of the queue one by one, and return whether that could be done."""
        if len(job.indices) == 1 or job.joint:
            return False
        self.queue.extendleft(_Job(job.package, [index], deaths) for index in reversed(job.indices))
        return True

    def _fail(self, job: _Job, reason: str) -> None:
        log.warning("the items %s are given up: %s", [*job.indices], reason)
        for index in job.indices:
            self.results[index] = Failure(reason)
        self.finished += job.indices

    def _give_up(self, future: Future[bytes]) -> None:
        slot, job, _ = self.busy.pop(future)
        self._replace(slot)
        self._fail(job, f"it took longer than {self.owner.timeout:g} s")

    def _replace(self, slot: _WorkerSlot) -> None:
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
        if self.owner.timeout is None:
            return float("inf")
        _, job, begun = self.busy[future]
        return begun + self.owner.timeout * len(job.indices) - time.monotonic()

    def _patience(self) -> float | None:
        if self.owner.timeout is None:
            return None
        return max(0.0, min(map(self._left, self.busy)))


class WorkerStream:
    """Items that come and go one by one on the workers of a map (see `neuroevo.execution.streams`)."""

    def __init__(self, owner: WorkerMap) -> None:
        self._owner = owner
        self._call = _Call(owner, [], [])

    def submit(self, function: Callable[..., Any], *arguments: Any) -> int:
        """Submit an item, and return its number."""
        index = len(self._call.items)
        self._call.items.append(arguments)
        self._call.results.append(None)
        self._call.queue.append(_Job(self._owner.pack(function), [index]))
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


def _is_joint(function: Callable[..., Any]) -> bool:
    return bool(getattr(unwrap(function)[0], "joint", False))
