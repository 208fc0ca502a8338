"""The line that says what a command is about to do: from the first moment, and gone before anything else."""

import io
import os
import pty
import subprocess
import sys
from contextlib import redirect_stderr
from pathlib import Path

import pytest

from neuroevo.cli.output import echo
from neuroevo.cli.status import ERASE, Status, status


class Terminal(io.StringIO):
    """A text stream that takes itself for a terminal."""

    def isatty(self) -> bool:
        """Whether it is one."""
        return True


def test_each_line_replaces_the_one_before() -> None:
    """And the last one is taken away."""
    one, terminal = Status(), Terminal()
    with redirect_stderr(terminal):
        one.begin("bench", ["transfer"])
        one.say("loading PyTorch")
        one.end()
        one.say("something")
    assert terminal.getvalue() == f"{ERASE}neuroevo bench: starting …{ERASE}neuroevo bench: loading PyTorch …{ERASE}"


def test_a_pipe_gets_a_line_for_each_step_of_what_takes_long(tmp_path: Path) -> None:
    """Each at once; what is over in a moment says nothing, and neither does a call in the same process."""
    path, one = tmp_path / "log", Status()
    with path.open("w") as pipe, redirect_stderr(pipe):
        one.begin("bench", ["transfer"])
        one.say("loading PyTorch")
        assert path.read_text() == "neuroevo bench: loading PyTorch …\n"
        one.say("preparing the data set glyphs")
        one.end()
        one.begin("compare", ["a", "b"])
        one.say("reading the runs")
    assert path.read_text().splitlines()[1:] == ["neuroevo bench: preparing the data set glyphs …"]
    with redirect_stderr(io.StringIO()) as text:
        one.begin("bench", ["transfer"])
        one.say("loading PyTorch")
    assert text.getvalue() == ""


@pytest.mark.parametrize("live", [True, False])
def test_images_are_counted(live: bool, tmp_path: Path) -> None:
    """Each time on a terminal, and seldom for a pipe; each data set begins anew."""
    one, counts = Status(), [64, 9_984, 10_048, 12_800, 20_032, 64]
    with (tmp_path / "log").open("w") as pipe, redirect_stderr(Terminal() if live else pipe) as written:
        one.begin("bench", ["transfer"])
        for images in counts:
            one.say_read("folder", images)
    text = written.getvalue() if isinstance(written, Terminal) else (tmp_path / "log").read_text()
    assert text.count("images") == (6 if live else 3)


@pytest.mark.parametrize("words", [["--quiet"], ["gtl", "--help"], ["-h"], ["--json"]], ids=" ".join)
def test_silence_is_kept(words: list[str]) -> None:
    """Where it is asked for."""
    with redirect_stderr(Terminal()) as terminal:
        Status().begin("evolve", words)
    assert terminal.getvalue() == ""


def test_a_pipe_gets_nothing() -> None:
    """Its lines could not be taken away."""
    with redirect_stderr(io.StringIO()) as pipe:
        Status().begin("evolve", ["gtl"])
    assert pipe.getvalue() == ""


def test_what_is_printed_has_a_line_of_its_own() -> None:
    """The status is gone before it."""
    with redirect_stderr(Terminal()) as terminal:
        status.begin("evolve", ["gtl"])
        echo("Error: no.", err=True)
        status.end()
    assert terminal.getvalue() == f"{ERASE}neuroevo evolve: starting …{ERASE}Error: no.\n"


def test_the_first_line_waits_for_nothing(tmp_path: Path) -> None:
    """When it is written, neither torch nor pydantic nor numpy has been imported."""
    code = (
        "import sys\nfrom neuroevo.cli import status\nfrom neuroevo.cli.main import run\n"
        "heavy = {'torch', 'numpy', 'pydantic', 'rich', 'deap'}\n"
        "def begin(self, command, words):\n"
        "    sys.exit(f'loaded {sorted(heavy & sys.modules.keys())}' if heavy & sys.modules.keys() else 7)\n"
        "status.Status.begin = begin\n"
        "import neuroevo.cli.main as m\n"
        "try:\n    m.cli.main(['bench'], standalone_mode=False)\nexcept SystemExit as e:\n    print(e.code)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.stdout == "7\n", done.stderr


def test_a_mistake_is_told_on_a_clean_line() -> None:
    """On a real terminal the error is all that stays."""
    main, other = pty.openpty()
    words = [sys.executable, "-m", "neuroevo", "evolve", "gtll"]
    done = subprocess.run(words, stderr=other, stdout=subprocess.DEVNULL, check=False)
    os.close(other)
    text = os.read(main, 65536).decode()
    os.close(main)
    assert done.returncode == 2
    assert text.startswith(f"{ERASE}neuroevo evolve: starting …")
    assert text.rpartition(ERASE)[2].startswith("Error: STRATEGY 'gtll' is not known")
