"""Scripts that begin a run without `if __name__ == "__main__"`: their workers would begin it again.

A fresh process imports the script that started it. Python marks it as long as it does, and a worker that comes to a run
meanwhile ends with an exit code of its own, by which the run's process knows the cause.
"""

from __future__ import annotations

import multiprocessing
import sys

WORKER = "neuroevo-worker"
"""The name of worker processes."""

EXIT_CODE = 78
"""The exit code of a worker that came to the run itself."""

ADVICE = (
    "a worker process can't be started, because it imports the script of the run, which begins the run again; begin it "
    'under `if __name__ == "__main__":`.'
)


def end_if_unguarded() -> None:
    """End this process if it is a worker that is still importing the script of the run."""
    process = multiprocessing.current_process()
    if process.name == WORKER and getattr(process, "_inheriting", False):
        sys.exit(EXIT_CODE)
