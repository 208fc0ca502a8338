"""Workers that are processes of this machine.

Each worker leads a process group, so that it is killed with everything that its evaluations started. What an evaluation
forked keeps the pipes of its worker open; that a worker died is therefore seen by looking at the process, too.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import multiprocessing
import os
import pickle
import signal
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for
from multiprocessing.context import SpawnProcess
from typing import Any

import numpy as np

from neuroevo.execution import unguarded
from neuroevo.execution.shipping import WorkerCache
from neuroevo.execution.worker_map import work

log = logging.getLogger(__name__)

STARTS = 3
"""How often the start of a worker is tried."""

START_SECONDS = 300.0
"""Seconds that a worker may take until it is ready."""

STOP_SECONDS = 5.0
"""Seconds that a killed worker may take until it is gone."""

GLANCE = 0.5
"""Seconds between two looks at a process whose pipe says nothing."""


class WorkerDied(Exception):
    """A worker process ended; the message says how."""


class Processes:
    """Starts workers as fresh processes (spawned, not forked), for `WorkerMap`.

    Args:
        threads: Torch threads of each worker. The last bits of results depend on it, except where the evaluator sets
            it itself, as `neuroevo.execution.train_all` does.

    Raises:
        ValueError: `threads` is below 1.
    """

    died: tuple[type[BaseException], ...] = (WorkerDied,)
    pickler: type[pickle.Pickler] = pickle.Pickler

    def __init__(self, *, threads: int = 1) -> None:
        if threads < 1:
            raise ValueError(f"threads must be at least 1, but it is {threads}.")
        self.threads = threads

    def start(self, count: int) -> list[Process]:
        """Start `count` processes at once and wait until they are ready; fewer if some can't be started.

        Raises:
            RuntimeError: No process can be started.
        """
        ready: list[Process] = []
        reasons: list[str] = []
        for _ in range(STARTS):
            reasons += self._try(count - len(ready), ready)
            if len(ready) == count:
                return ready
        if not ready:
            raise RuntimeError(
                f"a worker process can't be started: {len(reasons)} of them ended while they started, the last one "
                f"{reasons[-1]}; look for the cause in what they wrote to standard error and in the machine's log."
            )
        return ready

    def _try(self, count: int, ready: list[Process]) -> Iterator[str]:
        """Start processes, collect those that are ready, and yield how others ended."""
        begun: list[Process] = []
        try:
            begun += [Process(self.threads) for _ in range(count)]
            while begun:
                try:
                    begun[0].wait()
                except WorkerDied as death:
                    begun.pop(0).stop()
                    log.warning("a worker that was being started %s", death)
                    yield str(death)
                else:
                    ready.append(begun.pop(0))
        except BaseException:
            for process in [*begun, *ready]:
                process.stop()
            raise

    def share(self, array: np.ndarray) -> np.ndarray:
        """Return the array itself: it is sent through a pipe."""
        return array

    def close(self) -> None:
        """Do nothing: there is nothing to release."""


class Process:
    """A worker that is a process."""

    def __init__(self, threads: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, threads), name=unguarded.WORKER)
        self._owner = os.getpid()
        self._job: threading.Thread | None = None
        with _signals_wait():
            self._process.start()
        theirs.close()
        _running.add(self)

    def wait(self) -> None:
        """Wait until the process is ready for jobs.

        Raises:
            WorkerDied: It ended before, or it takes too long.
            RuntimeError: It came to the run itself, because the script of the run does not guard it.
        """
        try:
            self._receive(deadline=time.monotonic() + START_SECONDS)
        except (EOFError, OSError):
            end = self._end()
            if self._process.exitcode == unguarded.EXIT_CODE:
                raise RuntimeError(unguarded.ADVICE) from None
            raise WorkerDied(end) from None

    def submit(
        self, function: bytes, numbers: Sequence[int], drop: Sequence[int], items: bytes, *payloads: Any
    ) -> Future[bytes]:
        """Begin a job."""
        future: Future[bytes] = Future()
        arguments = (future, (function, numbers, drop, items, *payloads))
        self._job = threading.Thread(target=self._attend, args=arguments, daemon=True)
        self._job.start()
        return future

    def stop(self) -> None:
        """Kill the process and what it started; stopping twice does no harm."""
        if self not in _running or self._owner != os.getpid():  # a fork of the run's process owns no workers
            return
        _running.discard(self)
        _kill(self._process)
        if self._job is not None:
            self._job.join(STOP_SECONDS)
        deadline = time.monotonic() + STOP_SECONDS
        while self._process.is_alive() and time.monotonic() < deadline:
            wait_for([self._process.sentinel], timeout=GLANCE / 10)
        if self._job is None or not self._job.is_alive():
            self._connection.close()

    def _attend(self, future: Future[bytes], job: tuple[Any, ...]) -> None:
        try:
            self._connection.send(job)
            answer = self._receive()
        except (EOFError, OSError):
            future.set_exception(WorkerDied(self._end()))
        except BaseException as error:  # noqa: BLE001 - raised again where the result is asked for
            future.set_exception(error)
        else:
            future.set_result(answer)

    def _receive(self, deadline: float = float("inf")) -> bytes:
        """Return the next message; EOFError or OSError if there will be none."""
        while not self._connection.poll(GLANCE):
            if time.monotonic() > deadline:
                raise TimeoutError
            if not self._process.is_alive() and not self._connection.poll():
                raise EOFError
        return self._connection.recv_bytes()

    def _end(self) -> str:
        """Return how the process ended, as the predicate of a sentence."""
        deadline = time.monotonic() + GLANCE
        while self._process.is_alive() and time.monotonic() < deadline:
            wait_for([self._process.sentinel], timeout=GLANCE / 10)
        code = self._process.exitcode
        if code is None:
            return "fell silent"
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


_running: weakref.WeakSet[Process] = weakref.WeakSet()
"""Workers that have not been stopped."""


@atexit.register
def _stop_running() -> None:
    # Registered after multiprocessing's own hook, and run before it: that one waits for workers to end by themselves.
    for process in [*_running]:
        process.stop()


def _kill(process: SpawnProcess) -> None:
    if hasattr(os, "killpg") and process.pid is not None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()  # it may have been too young to lead a group


@contextlib.contextmanager
def _signals_wait() -> Iterator[None]:
    """Let signals wait, so that a process that is started meanwhile begins with them blocked, until it ignores them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _IGNORED)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_IGNORED = (signal.SIGINT, signal.SIGTERM)


def _serve(connection: Connection, threads: int) -> None:
    """Do jobs one after the other until the run's process has closed its end."""
    _begin(connection, threads)
    cache, own = WorkerCache(), os.getpid()
    connection.send_bytes(b"ready")
    while True:
        try:
            job = connection.recv()
        except EOFError:
            return
        answer = work(cache, *job)
        if os.getpid() != own:  # an evaluation forked, and this is the child: the answer is its parent's to give
            os._exit(0)
        connection.send_bytes(answer)


def _begin(connection: Connection, threads: int) -> None:
    """Make this process a worker: it ignores signals, which the process that started it handles, and dies with it."""
    import torch

    if hasattr(os, "setpgrp"):
        os.setpgrp()
        os.register_at_fork(after_in_child=connection.close)
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _IGNORED)
    torch.set_num_threads(threads)
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    if (parent := multiprocessing.parent_process()) is None:
        return
    # What the parent forked keeps its pipe open, too.
    while not wait_for([parent.sentinel], timeout=GLANCE) and os.getppid() == parent.pid:
        pass
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)
