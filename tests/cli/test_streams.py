"""The installed program with streams that take nothing, or that are not there."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from neuroevo.cli.search_comparison import search_names

PROGRAM = Path(sys.executable).with_name("neuroevo")
FULL = Path("/dev/full")
SEARCH = "--problem sphere --generations 2 --quiet"
pytestmark = [
    pytest.mark.skipif(os.name != "posix" or not FULL.exists(), reason="streams are those of Linux"),
    pytest.mark.skipif(not PROGRAM.exists(), reason="the program is not installed beside Python"),
]


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of the shell in a folder, with `neuroevo` for the installed program."""
    line = f'set -o pipefail; neuroevo() {{ "{PROGRAM}" "$@"; }}; {command}'
    return subprocess.run(
        ["bash", "-c", line], cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


@pytest.mark.parametrize("words", ["list", "--version"])
def test_a_full_output_is_one_sentence(words: str, tmp_path: Path) -> None:
    """The exit code is that of files that can't be written."""
    done = shell(f"neuroevo {words} > /dev/full", tmp_path)
    assert done.returncode == 74
    assert done.stderr == "Error: the standard output could not be written (No space left on device).\n"


def test_a_reader_may_leave(tmp_path: Path) -> None:
    """What it did not read is no error to be told of, but the exit code is not 0."""
    done = shell("neuroevo list | true", tmp_path)
    assert (done.returncode, done.stderr) == (74, "")


@pytest.mark.slow
def test_a_comparison_is_kept_though_nobody_reads(tmp_path: Path) -> None:
    """The run is finished and has its report, and the standard error is empty."""
    words = "--strategies snes --problems sphere --evaluations 50 --seeds 1 --quiet --out run"
    done = shell(f"neuroevo bench optimize {words} | true", tmp_path)
    assert (done.returncode, done.stderr) == (74, "")
    assert json.loads((tmp_path / "run" / "run.json").read_text())["status"] == "finished"
    assert (tmp_path / "run" / "report.html").exists()


@pytest.mark.slow
def test_a_run_needs_no_streams(tmp_path: Path) -> None:
    """With none of the three it is run and kept, and none of its files stands for one of them."""
    done = shell(f"neuroevo evolve snes {SEARCH} --out run <&- >&- 2>&-", tmp_path)
    assert done.returncode == 0
    assert (tmp_path / "run" / "genome.safetensors").exists()
    assert json.loads((tmp_path / "run" / "run.json").read_text())["status"] == "finished"


@pytest.mark.slow
@pytest.mark.parametrize("name", search_names())
def test_a_search_leaves_nothing_on_stderr(name: str, tmp_path: Path) -> None:
    """No library complains at the end of the process."""
    problem = {"nsga2": "zdt1", "map-elites": "arm", "cma-me": "arm", "novelty": "arm"}.get(name, "sphere")
    done = shell(f"neuroevo evolve {name} {SEARCH.replace('sphere', problem)} --out run", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
