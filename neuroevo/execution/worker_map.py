"""The map over workers: processes of this machine, or actors of a cluster."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np

from neuroevo.budget import Budget
from neuroevo.execution.mapping import batched_map, shipped, unwrap
from neuroevo.execution.memory import ending
from neuroevo.execution.shipping import Package, Packer, WorkerCache, pickled
from neuroevo.execution.unguarded import end_if_unguarded
from neuroevo.execution.worker_calls import Call, Job, WorkerSlot, WorkerStream
from neuroevo.individual import Failure

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
        timeout: Seconds that an item may take; one that takes longer is a `Failure`, and its worker is replaced. What a
            new worker imports for the function does not count.

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
        self._idle: list[WorkerSlot] = []
        self._stream: WorkerStream | None = None

    def __call__(self, function: Callable[..., Any], *iterables: Iterable[Any]) -> list[Any]:
        """Return the results for the items of the iterables, of which the shortest ends the map.

        Raises:
            TypeError: The function or an item can't be pickled.
            Exception: What the function raised for the first item that it raised for.
        """
        function, items = shipped(function, list(zip(*iterables, strict=False)))
        package = self.pack(function)
        if not items:
            return []
        size = self._size(function, len(items))
        indices = range(len(items))
        parts = [indices[start : start + size] for start in range(0, len(items), size)]
        return Call(self, items, [Job(package, part, joint=_is_joint(function)) for part in parts]).run()

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

    def acquire(self, count: int) -> list[WorkerSlot]:
        """Return up to `count` slots, with workers that were idle or new ones."""
        missing = count - len(self._idle)
        self._idle += [WorkerSlot(worker) for worker in (self.engine.start(missing) if missing > 0 else ())]
        return [self._idle.pop() for _ in range(min(count, len(self._idle)))]

    def release(self, slots: Iterable[WorkerSlot]) -> None:
        """Take back slots with idle workers."""
        self._idle += slots

    def submit(self, slot: WorkerSlot, package: Package, items: Sequence[tuple[Any, ...]]) -> Future[bytes]:
        """Begin a job, and send the large tensors that the worker lacks along with it."""
        payloads = self._packer.payloads
        new, drop = sorted(package.needs - slot.has), sorted(slot.has - payloads.keys())
        slot.has = (slot.has | {*new}) - {*drop}
        columns = [[*column] for column in zip(*items, strict=True)]
        data = pickle.dumps(columns, protocol=pickle.HIGHEST_PROTOCOL)
        return slot.worker.submit(package.data, new, drop, data, *(payloads[number] for number in new))


def _is_joint(function: Callable[..., Any]) -> bool:
    return bool(getattr(unwrap(function)[0], "joint", False))
