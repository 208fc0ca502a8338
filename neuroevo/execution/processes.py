"""Workers that are processes of this machine."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait as wait_for
from typing import Any

import numpy as np

from neuroevo.execution.shipping import WorkerCache
from neuroevo.execution.worker_map import work

_cache = WorkerCache()
"""The cache of this process, if it is a worker."""


class Processes:
    """Starts workers as fresh processes (spawned, not forked), for `WorkerMap`.

    Each worker is an executor with one process, so that a death can be attributed to its job.

    Args:
        threads: Torch threads of each worker. The last bits of results depend on it, except where the evaluator sets
            it itself, as `neuroevo.execution.train_all` does.

    Raises:
        ValueError: `threads` is below 1.
    """

    died: tuple[type[BaseException], ...] = (BrokenProcessPool,)
    pickler: type[pickle.Pickler] = pickle.Pickler

    def __init__(self, *, threads: int = 1) -> None:
        if threads < 1:
            raise ValueError(f"threads must be at least 1, but it is {threads}.")
        self.threads = threads

    def start(self, count: int) -> list[Process]:
        """Start `count` processes at once and wait until they are ready.

        Raises:
            RuntimeError: A process can't be started.
        """
        processes = [Process(self.threads) for _ in range(count)]
        try:
            for process in processes:
                process.wait()
        except BrokenProcessPool as error:
            for process in processes:
                process.stop()
            raise RuntimeError(
                "a worker process can't be started; a script must begin its run under "
                f'`if __name__ == "__main__":`, for workers import it ({error}).'
            ) from error
        return processes

    def share(self, array: np.ndarray) -> np.ndarray:
        """Return the array itself: it is sent through a pipe."""
        return array

    def close(self) -> None:
        """Do nothing: there is nothing to release."""


class Process:
    """A worker that is a process, and leads a process group in which evaluations start theirs."""

    def __init__(self, threads: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._executor = ProcessPoolExecutor(1, mp_context=context, initializer=_begin, initargs=(threads,))
        self._pid = self._executor.submit(os.getpid)

    def wait(self) -> None:
        """Wait until the process is ready for jobs."""
        self._pid.result()

    def submit(
        self, function: bytes, numbers: Sequence[int], drop: Sequence[int], items: bytes, *payloads: Any
    ) -> Future[bytes]:
        """Begin a job."""
        try:
            return self._executor.submit(_work, function, numbers, drop, items, *payloads)
        except BrokenProcessPool as death:  # while it had nothing to do
            failed: Future[bytes] = Future()
            failed.set_exception(death)
            return failed

    def stop(self) -> None:
        """Kill the process, and those that its evaluations started."""
        with contextlib.suppress(BrokenProcessPool):
            pid = self._pid.result()
            _kill_group(pid)
            for child in multiprocessing.active_children():
                if child.pid == pid:
                    child.kill()
        # A worker that is killed while it sends leaves half a message, and the pool waits for the rest as long as any
        # process has the pipe open for writing: this one has. There is no public way to close that end.
        writer = getattr(self._executor._result_queue, "_writer", None)
        if writer is not None:
            writer.close()
        self._executor.shutdown(wait=True, cancel_futures=True)


def _begin(threads: int) -> None:
    """Make this process a worker: it ignores signals, which the process that started it handles, and dies with it."""
    import torch

    if os.name == "posix":
        os.setpgid(0, 0)
    torch.set_num_threads(threads)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    if (parent := multiprocessing.parent_process()) is not None:
        wait_for([parent.sentinel])
        _kill_group(os.getpid())
        os._exit(1)


def _kill_group(leader: int) -> None:
    """Kill a worker with all that its evaluations started, unless these left its process group."""
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, signal.SIGKILL)


def _work(function: bytes, numbers: Sequence[int], drop: Sequence[int], items: bytes, *payloads: Any) -> bytes:
    return work(_cache, function, numbers, drop, items, *payloads)
