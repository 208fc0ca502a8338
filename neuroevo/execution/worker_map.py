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
from neuroevo.execution.shipping import Package, Packer, WorkerCache
from neuroevo.individual import Failure

log = logging.getLogger(__name__)

PARTS = 4
"""Jobs per worker that cheap evaluations are cut into."""


class Worker(Protocol):
    """Someone who does one job after the other, elsewhere."""

    def submit(
        self, function: bytes, numbers: Sequence[int], drop: Sequence[int], items: bytes, *payloads: Any
    ) -> Future[bytes]:
        """Begin what `work` does with these arguments and a cache of the worker's own."""

    def stop(self) -> None:
        """End at once, whatever is going on."""


class Engine(Protocol):
    """Where workers come from.

    Attributes:
        died: What the result of a job raises when its worker has died.
        pickler: The class of the pickler of functions.
        threads: Torch threads of each worker.
    """

    died: tuple[type[BaseException], ...]
    pickler: type[pickle.Pickler]
    threads: int

    def start(self, count: int) -> Sequence[Worker]:
        """Return new workers that are ready to work: so many, or fewer if there is no room for more."""

    def share(self, array: np.ndarray) -> Any:
        """Return what is handed to workers in place of a large array."""

    def close(self) -> None:
        """Let go of everything; workers have been stopped before."""


def work(
    cache: WorkerCache, function: bytes, numbers: Sequence[int], drop: Sequence[int], items: bytes, *payloads: Any
) -> bytes:
    """Do a job on a worker: return the pickled results, or the pickled exception that was raised."""
    try:
        cache.take(numbers, payloads, drop)
        columns = pickle.loads(items)  # noqa: S301 - from the run that this worker belongs to
        answer: list[Any] | Exception = batched_map(cache.unpack(function), *columns)
    except Exception as error:  # noqa: BLE001 - it is raised again where the map was called
        answer = error
    return _pickled(answer)


@dataclass
class _Job:
    """Slots of the map that travel together.

    Attributes:
        package: The function.
        indices: The indices.
        deaths: How often their worker has died.
        joint: Whether they can't be worked on apart.
    """

    package: Package
    indices: Sequence[int]
    deaths: int = 0
    joint: bool = False


@dataclass
class _WorkerSlot:
    """A worker, and which large tensors it holds."""

    worker: Worker
    has: set[int] = field(default_factory=set)


class WorkerMap:
    """A map whose items are worked on by several workers; register it as `toolbox.map`.

    Results come in the order of the items and are those of the built-in map: an evaluation must be pure, for it is
    repeated when its worker dies. Workers are started when they are first needed and stay until `close`.

    Args:
        engine: Where workers come from, such as `Processes()`.
        workers: How many there are at most, each with one job at a time.
        chunk: Items in one job at most; by default one if the function trains (its `budget` has gradient steps) or if
            there is a `timeout`, else a quarter of a worker's share. All items are one job if the function's results
            depend on who is evaluated together (`joint = True`, see `batched_map`).
        retries: How often an item is tried again whose worker died; after that its result is a `Failure`.
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
        package = self._packer.pack(function)
        if not items:
            return []
        size = self._size(function, len(items))
        indices = range(len(items))
        parts = [indices[start : start + size] for start in range(0, len(items), size)]
        return _Call(self, items, [_Job(package, part, joint=_is_joint(function)) for part in parts]).run()

    def stream(self) -> WorkerStream:
        """Return a stream over the same workers; nothing else is to be mapped until it is closed."""
        self._stream = WorkerStream(self)
        return self._stream

    def pack(self, function: Callable[..., Any]) -> Package:
        """Make a function ready to travel."""
        return self._packer.pack(function)

    def probe(self, function: Callable[..., Any]) -> None:
        """Raise TypeError unless the function can be sent to workers."""
        self._packer.pack(function)

    def close(self) -> None:
        """Stop all workers and let go of the engine."""
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
        """Return so many slots at most, with workers that were idle or new ones."""
        missing = count - len(self._idle)
        self._idle += [_WorkerSlot(worker) for worker in (self.engine.start(missing) if missing > 0 else ())]
        return [self._idle.pop() for _ in range(min(count, len(self._idle)))]

    def release(self, slots: Iterable[_WorkerSlot]) -> None:
        """Take back slots whose workers are idle."""
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
    """One call of the map: jobs wait, are worked on, and end in results."""

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
        """Work until every item has a result or one has raised an exception."""
        try:
            while self.queue or self.busy:
                self.step()
        finally:
            self.leave()
        if self.raised:
            raise self.raised[min(self.raised)]
        return self.results

    def step(self) -> None:
        """Hand out what waits, and take what is done next."""
        self.assign()
        self._collect()

    def leave(self) -> None:
        """Let go of all workers; who is busy is stopped, for nobody would ask for the result."""
        for slot, _, _ in self.busy.values():
            slot.worker.stop()
        self.owner.release(self.slots)
        self.busy, self.slots = {}, []

    def assign(self) -> None:
        """Hand out what waits to workers that are free or can be hired."""
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
            # Some may have been done while a new worker was waited for.
            if self._left(future) <= 0 and not future.done():
                self._give_up(future)

    def _note(self, job: _Job, answer: list[Any] | Exception) -> None:
        if isinstance(answer, Exception):
            self.raised[job.indices[0]] = answer
            self.finished.append(job.indices[0])
            # What comes before it is still worked on, so that the exception is the one that a loop would raise.
            self.queue = deque(other for other in self.queue if other.indices[0] < job.indices[0])
            return
        for index, result in zip(job.indices, answer, strict=True):
            self.results[index] = result
        self.finished += job.indices

    def _retry(self, job: _Job, death: BaseException) -> None:
        """Put the items of a worker that died back to the front of the queue, one by one: one of them is to blame."""
        log.warning("a worker died on the items %s (%s)", [*job.indices], type(death).__name__)
        log.info("%s", death)
        if len(job.indices) > 1 and not job.joint:
            self.queue.extendleft(_Job(job.package, [index], job.deaths + 1) for index in reversed(job.indices))
        elif job.deaths < self.owner.retries:
            self.queue.appendleft(_Job(job.package, job.indices, job.deaths + 1, job.joint))
        else:
            self._fail(job, f"its worker died {job.deaths + 1} times")

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
        if len(self.queue) > len(self.slots):
            self.slots += self.owner.acquire(1)

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
        """Let an item be worked on, and return its number."""
        index = len(self._call.items)
        self._call.items.append(arguments)
        self._call.results.append(None)
        self._call.queue.append(_Job(self._owner.pack(function), [index]))
        return index

    def next(self) -> tuple[int, Any]:
        """Wait for an item, whichever is done first, and return its number and its result.

        Raises:
            Exception: What the function raised for it.
        """
        while not self._call.finished:
            self._call.step()
        self._call.assign()  # Workers go on while the caller looks at the result.
        index = self._call.finished.popleft()
        if index in self._call.raised:
            raise self._call.raised[index]
        result, self._call.results[index], self._call.items[index] = self._call.results[index], None, ()
        return index, result

    def close(self) -> None:
        """Forget all items, and let go of the workers."""
        self._call.leave()


def _is_joint(function: Callable[..., Any]) -> bool:
    return bool(getattr(unwrap(function)[0], "joint", False))


def _pickled(answer: Any) -> bytes:
    try:
        data = pickle.dumps(answer, protocol=pickle.HIGHEST_PROTOCOL)
        if isinstance(answer, Exception):
            pickle.loads(data)  # noqa: S301 - some exceptions can be pickled but not be made again
    except Exception as error:  # noqa: BLE001 - whatever it is, it has to be told
        what = answer if isinstance(answer, Exception) else error
        return pickle.dumps(RuntimeError(f"{type(what).__name__}: {what}"))
    return data
