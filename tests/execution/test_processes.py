"""Worker processes: stopping one at any point."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from neuroevo.execution.processes import Process

# Begins to send a result, as a worker does, and never ends. Text, because a worker can't import this module.
SEND_HALF_A_MESSAGE = """
import os, struct, sys, time
frame = sys._getframe()
while "result_queue" not in frame.f_locals:
    frame = frame.f_back
os.write(frame.f_locals["result_queue"]._writer.fileno(), struct.pack("!i", 1000) + b"half")
time.sleep(600)
"""


@pytest.mark.skipif(os.name != "posix", reason="messages go through pipes")
def test_a_worker_that_is_sending_can_be_stopped() -> None:
    """Stopped in the middle of a message, it is gone, and no process waits for the rest."""
    process = Process(threads=1)
    process.wait()
    sending = process._executor.submit(exec, SEND_HALF_A_MESSAGE)
    time.sleep(1)
    assert not sending.done()
    stopping = threading.Thread(target=process.stop, daemon=True)
    stopping.start()
    stopping.join(timeout=20)
    assert not stopping.is_alive()


@pytest.mark.skipif(os.name != "posix", reason="process groups are those of POSIX")
def test_a_worker_is_stopped_with_what_it_started() -> None:
    """The program that an evaluation waits for ends with its worker, though it ignores what the worker ignores."""
    process = Process(threads=1)
    process.wait()
    child = process._executor.submit(eval, "__import__('subprocess').Popen(['sleep', '600']).pid").result()
    assert lives(child)
    process.stop()
    deadline = time.monotonic() + 20
    while lives(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not lives(child)


def lives(pid: int) -> bool:
    """Return whether there is a process that has not ended, though perhaps none has asked how it did."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"
