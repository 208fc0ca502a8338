"""Worker processes: starting and stopping them at any point, whatever evaluations leave behind."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from neuroevo.execution import Processes, WorkerMap
from neuroevo.execution.processes import STARTS, Process, WorkerDied
from neuroevo.individual import Failure

pytestmark = pytest.mark.skipif(os.name != "posix", reason="process groups, forks and pipes")

# Begins to send a result, as a worker does, and never ends. Text, because a worker can't import this module.
SEND_HALF_A_MESSAGE = """
import os, struct, sys, time
frame = sys._getframe()
while "connection" not in frame.f_locals:
    frame = frame.f_back
os.write(frame.f_locals["connection"].fileno(), struct.pack("!i", 1000) + b"half")
time.sleep(600)
"""


def test_a_worker_that_is_sending_can_be_stopped() -> None:
    """Stopped in the middle of a message, it is gone, and no process waits for the rest."""
    process = Process(threads=1)
    process.wait()
    sending = process.submit(pickle.dumps(exec), [], [], pickle.dumps([[SEND_HALF_A_MESSAGE]]))
    time.sleep(1)
    assert not sending.done()
    stopping = threading.Thread(target=process.stop, daemon=True)
    stopping.start()
    stopping.join(timeout=20)
    assert not stopping.is_alive()
    assert isinstance(sending.exception(timeout=20), WorkerDied)


def test_a_worker_is_stopped_with_what_it_started() -> None:
    """The program that an evaluation waits for ends with its worker, though it ignores what the worker ignores."""
    process = Process(threads=1)
    process.wait()
    start = "__import__('subprocess').Popen(['sleep', '600']).pid"
    (child,) = pickle.loads(process.submit(pickle.dumps(eval), [], [], pickle.dumps([[start]])).result())
    os.kill(child, 0)
    process.stop()
    assert gone(child)


@pytest.fixture
def workers(faults: ModuleType) -> Iterator[WorkerMap]:
    """Return a map over one process that does not try again."""
    del faults
    with WorkerMap(Processes(), workers=1, retries=0) as map_:
        yield map_


def gone(pid: int) -> bool:
    """Return whether a process that may have no parent any more ends within a while."""
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        status = Path(f"/proc/{pid}/stat")
        if status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


@pytest.mark.slow
@pytest.mark.parametrize("fork", ["python", "c"])
@pytest.mark.parametrize(("end", "reason"), [("exit", "its worker died 1 times"), ("sleep", "it took longer than 2 s")])
def test_what_an_evaluation_forked_keeps_nobody_waiting(
    end: str, reason: str, fork: str, faults: ModuleType, workers: WorkerMap, tmp_path: Path
) -> None:
    """It holds its worker's pipes open, yet the death or the hang is seen, and it is killed with its worker."""
    workers.timeout = 2.0 if end == "sleep" else None
    forks = faults.Forks(frozenset({1}), tmp_path / "pid", end, fork)
    assert workers(forks, range(3)) == [0, Failure(reason), 2]
    assert gone(int((tmp_path / "pid").read_text()))


@pytest.mark.slow
def test_what_runs_beside_the_workers_ends_with_them(faults: ModuleType, workers: WorkerMap, tmp_path: Path) -> None:
    """A child that an evaluation left running stays for the next one, and ends when the map is closed."""
    forks = faults.Forks(frozenset({0}), tmp_path / "pid", "return", "python")
    assert workers(forks, range(2)) == [0, 1]
    child = int((tmp_path / "pid").read_text())
    os.kill(child, 0)
    workers.close()
    assert gone(child)


class Frail:
    """Stands for a worker; the first of them die while they start."""

    deaths = 0

    def __init__(self, threads: int) -> None:
        del threads

    def wait(self) -> None:
        """Die if it is one of the first."""
        if Frail.deaths > 0:
            Frail.deaths -= 1
            raise WorkerDied("was killed by SIGKILL")

    def stop(self) -> None:
        """Do nothing."""


@pytest.mark.parametrize("deaths", range(2 * STARTS + 1))
def test_a_start_is_tried_again(deaths: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as one worker of two starts, the run has a worker; else the cause is named, without a guess."""
    monkeypatch.setattr("neuroevo.execution.processes.Process", Frail)
    monkeypatch.setattr(Frail, "deaths", deaths)
    if deaths < 2 * STARTS:
        assert len(Processes().start(2)) == min(2, 2 * STARTS - deaths)
        return
    with pytest.raises(RuntimeError, match="the last one was killed by SIGKILL; look") as error:
        Processes().start(2)
    assert "__name__" not in str(error.value)


RUN = """
from neuroevo.execution import Processes, WorkerMap
def run():
    workers = WorkerMap(Processes(), workers=1)
    print(workers(abs, [-1]), flush=True)
    return workers
"""
DEADLY = "import os, signal\nif __name__ == '__mp_main__': os.kill(os.getpid(), signal.SIGKILL)\n"
FAULTY = "if __name__ == '__mp_main__': raise OSError('no licence')\n"


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], subprocess.CompletedProcess[str]]:
    """Return what runs a script that has a function `run`."""

    def call(text: str) -> subprocess.CompletedProcess[str]:
        path = tmp_path / "script.py"
        path.write_text(RUN + text)
        return subprocess.run([sys.executable, path], capture_output=True, text=True, timeout=300, check=False)

    return call


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("run()\n", 'begin it under `if __name__ == "__main__":`.'),
        (DEADLY + "if __name__ == '__main__': run()\n", "the last one was killed by SIGKILL; look for the cause"),
        (FAULTY + "if __name__ == '__main__': run()\n", "the last one ended with exit code 1; look for the cause"),
    ],
    ids=["unguarded", "killed", "faulty"],
)
def test_a_worker_that_can_not_start_names_its_cause(
    text: str, words: str, script: Callable[[str], subprocess.CompletedProcess[str]]
) -> None:
    """Only a script that workers run again is advised to guard its run."""
    ended = script(text)
    assert ended.returncode == 1
    assert words in ended.stderr
    assert ("__main__" in ended.stderr.splitlines()[-1]) == (text == "run()\n")


@pytest.mark.slow
def test_a_run_ends_though_it_closes_nothing(script: Callable[[str], subprocess.CompletedProcess[str]]) -> None:
    """Workers that were not stopped do not keep the process waiting."""
    ended = script("if __name__ == '__main__': workers = run()\n")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "[1]\n", "")


@pytest.mark.slow
def test_workers_die_with_a_run_that_forked(tmp_path: Path) -> None:
    """A child of the run's process holds the pipe by which workers see its end; they see it all the same."""
    path = tmp_path / "script.py"
    body = "    workers = run()\n    if os.fork() == 0: time.sleep(600)\n    print(workers(eval, [PID]), flush=True)\n"
    text = "import os, time\nPID = \"__import__('os').getpid()\"\n" + RUN + "if __name__ == '__main__':\n" + body
    path.write_text(text + "    time.sleep(600)\n")
    with subprocess.Popen([sys.executable, path], stdout=subprocess.PIPE, text=True, start_new_session=True) as run:
        assert run.stdout is not None
        lines = [run.stdout.readline() for _ in range(2)]
        run.kill()
        try:
            assert gone(int(lines[1].strip("[]\n")))
        finally:
            os.killpg(run.pid, signal.SIGKILL)
