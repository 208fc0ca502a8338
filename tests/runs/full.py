"""Runs a small search in processes that can't write files beyond a size, for many sizes.

Called as `python full.py FOLDER`; prints one JSON object for each size. A child of this process is a copy of it (fork).
"""

import io
import json
import os
import resource
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from neuroevo.cli import evolution, search_comparison  # noqa: F401 - so that children need not import them
from neuroevo.cli.main import run

SIZES = (0, 200, 600, 800, 1000, 1200, 1500, 3000, 1_000_000)


def call(size: int, words: list[str]) -> dict[str, object]:
    """Run the command line with a largest file size, and return what it gave."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run(words)
    return {"size": size, "code": code, "out": out.getvalue(), "err": err.getvalue()}


def in_a_child(size: int, words: list[str]) -> dict[str, object]:
    """Do the same in a copy of this process."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.write(writing, json.dumps(call(size, words)).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        found: dict[str, object] = json.loads(pipe.read())
    os.wait()
    return found


if __name__ == "__main__":
    for limit in SIZES:
        folder = Path(sys.argv[1]) / str(limit)
        settings = ["--problem", "sphere", "--generations", "2", "--quiet", "--out", str(folder)]
        sys.stdout.write(json.dumps(in_a_child(limit, ["evolve", "snes", *settings])) + "\n")
