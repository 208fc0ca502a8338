"""Workers that are actors of a Ray cluster (extra `ray`)."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any

import numpy as np
import ray
import ray.cloudpickle
import ray.exceptions

from neuroevo import __version__
from neuroevo.execution.shipping import WorkerCache
from neuroevo.execution.worker_map import work

PATIENCE = 120.0
"""Seconds that new actors may take until they are ready."""

RELEASE = 5.0
"""Seconds that a cluster may take to free the resources of a stopped actor."""


class RayActors:
    """Starts workers as actors of a Ray cluster, for `WorkerMap`.

    Large tensors are put into the cluster's object store once. If Ray is initialised already, it is used as it is and
    left running.

    Args:
        address: "local" starts a cluster on this machine, "auto" joins the one that runs here, anything else is the
            address of one.
        workers: CPUs of a local cluster, one for each worker.
        gpus: GPUs of each worker; with a fraction, several workers share one.
        threads: Torch threads of each worker.

    Raises:
        ConnectionError: There is no cluster at the address.
    """

    died: tuple[type[BaseException], ...] = (ray.exceptions.RayActorError, ray.exceptions.WorkerCrashedError)
    pickler: type[pickle.Pickler] = ray.cloudpickle.CloudPickler

    def __init__(self, *, address: str = "local", workers: int = 1, gpus: float = 0, threads: int = 1) -> None:
        self.gpus = gpus
        self.threads = threads
        self._last_stop = -RELEASE
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        if not ray.is_initialized():
            self._folder = tempfile.TemporaryDirectory(prefix="neuroevo-")
            _start_cluster(address, workers, self._folder.name)
        # A class of this module, which workers have installed too: only its name is sent.
        self._actor = ray.remote(_Actor).options(num_cpus=1, num_gpus=gpus, max_restarts=0, max_task_retries=0)

    def start(self, count: int) -> list[RayActor]:
        """Start up to `count` actors, as many as the cluster has room for, and wait until they are ready.

        Raises:
            RuntimeError: A worker has another version of neuroevo.
        """
        while self._room() < count and time.monotonic() < self._last_stop + RELEASE:
            time.sleep(0.1)
        actors = [self._actor.remote(self.threads) for _ in range(min(count, self._room()))]
        answers = {actor.version.remote(): actor for actor in actors}
        ready = ray.wait([*answers], num_returns=len(answers), timeout=PATIENCE)[0] if answers else []
        for late in answers.keys() - {*ready}:
            ray.kill(answers[late])
        return [RayActor(answers[answer], self._stopped) for answer in ready if _fits(answer)]

    def share(self, array: np.ndarray) -> Any:
        """Put an array into the object store and return its reference."""
        return ray.put(array)

    def close(self) -> None:
        """Stop the cluster if it was started here, else leave it running."""
        if self._folder is not None:
            ray.shutdown()
            self._folder.cleanup()
            self._folder = None

    def _stopped(self) -> None:
        self._last_stop = time.monotonic()

    def _room(self) -> int:
        free = ray.available_resources()
        cpus = int(free.get("CPU", 0))
        return min(cpus, int(free.get("GPU", 0) / self.gpus)) if self.gpus else cpus


class RayActor:
    """A worker that is an actor."""

    def __init__(self, actor: Any, on_stop: Callable[[], None]) -> None:
        self._actor = actor
        self._on_stop = on_stop
        self._answer: Any = None  # held, because it would be dropped with its last reference

    def submit(
        self, function: bytes, numbers: Sequence[int], drop: Sequence[int], items: bytes, *payloads: Any
    ) -> Future[bytes]:
        """Begin a job; references among the payloads arrive resolved."""
        self._answer = self._actor.work.remote(function, numbers, drop, items, *payloads)
        future: Future[bytes] = self._answer.future()
        return future

    def stop(self) -> None:
        """Kill the actor."""
        self._on_stop()
        if ray.is_initialized():
            ray.kill(self._actor)


class _Actor:
    def __init__(self, threads: int) -> None:
        import torch

        torch.set_num_threads(threads)
        self._cache = WorkerCache()

    def version(self) -> str:
        return __version__

    def work(self, function: bytes, numbers: Sequence[int], drop: Sequence[int], items: bytes, *payloads: Any) -> bytes:
        return work(self._cache, function, numbers, drop, items, *payloads)


def _fits(answer: Any) -> bool:
    """Return whether an actor is alive; one with another version of the library is an error."""
    try:
        version = ray.get(answer)
    except ray.exceptions.RayActorError:
        return False
    if version != __version__:
        raise RuntimeError(f"the workers of the cluster must have neuroevo {__version__}, but one has {version}.")
    return True


def _start_cluster(address: str, workers: int, folder: str) -> None:
    """Start or join a cluster from an empty folder, which must exist as long as there are workers.

    Ray puts the folder that it is started in first on the workers' module search path.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    local = {"num_cpus": workers, "include_dashboard": False} if address == "local" else {}
    with _own_signals(), contextlib.chdir(folder):
        ray.init(address=address, log_to_driver=False, **local)


@contextlib.contextmanager
def _own_signals() -> Iterator[None]:
    """Restore the handler of SIGTERM, which Ray replaces."""
    handler = signal.getsignal(signal.SIGTERM)
    yield
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, handler or signal.SIG_DFL)
