"""Importing the package, asking the command line for help, or looking at a run must not wait for PyTorch."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from neuroevo.cli.main import run

HEAVY = ("matplotlib", "scipy", "torch", "torchvision")
NOT_NEEDED = ("matplotlib", "scipy", "torchvision")


@pytest.mark.parametrize(
    "module",
    [
        *("neuroevo", "neuroevo.splits", "neuroevo.catalogue", "neuroevo.signatures", "neuroevo.cli.main"),
        *("neuroevo.cli.settings.load", "neuroevo.cli.options", "neuroevo.cli.evolve", "neuroevo.cli.bench"),
        *("neuroevo.cli.inherit", "neuroevo.cli.listing", "neuroevo.cli.owners"),
    ],
)
def test_import_stays_light(module: str) -> None:
    """The module is imported without any of the packages that take seconds."""
    code = f"import {module}, sys; print(*sorted({set(HEAVY)!r} & sys.modules.keys()))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout.split()) == (0, []), ran.stderr


@pytest.mark.parametrize(
    ("words", "heavy"),
    [
        (["evolve", "gtl", "--help"], NOT_NEEDED),
        (["evolve", "snes", "--problem", "sphere", "--generations", "x"], NOT_NEEDED),
        (["evolve", "gtll"], HEAVY),
        (["bench", "trnsfer"], HEAVY),
    ],
    ids=str,
)
def test_an_answer_waits_for_nothing_that_it_does_not_need(words: list[str], heavy: tuple[str, ...]) -> None:
    """Only settings of a strategy need torch, and none of them what draws and tests."""
    loaded = f"print(*sorted({set(heavy)!r} & sys.modules.keys()))"
    code = f"import sys; from neuroevo.cli.main import run; run({words!r}); {loaded}"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout.splitlines()[-1].split()) == (0, []), ran.stderr


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a comparison and a search that are finished."""
    folder = tmp_path_factory.mktemp("runs")
    few = ("--updates", "1", "--descendants", "1", "--seeds", "1", "--shots", "2", "--ways", "2", "--width", "0.25")
    assert run(["bench", "--strategies", "scratch", *few, "--quiet", "--out", str(folder / "bench")]) == 0
    search = ("--problem", "sphere", "--generations", "2", "--quiet")
    assert run(["evolve", "snes", *search, "--out", str(folder / "search")]) == 0
    return folder


@pytest.mark.parametrize(
    ("words", "heavy"),
    [
        (["--help"], HEAVY),
        (["list"], HEAVY),
        (["datasets", "check", "--help"], HEAVY),
        (["show", "search"], ("matplotlib", "scipy.stats")),
        (["show", "bench"], ("matplotlib", "torch")),
        (["report", "bench", "--format", "csv"], ("matplotlib", "torch")),
        (["report", "bench"], ("torch",)),
        (["compare", "bench", "bench"], ("matplotlib", "torch")),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_looks_at_runs_loads_what_it_shows(words: Sequence[str], heavy: tuple[str, ...], runs: Path) -> None:
    """Tables need no pictures, and nothing but learngenes and genomes needs torch."""
    loaded = f"print(); print(*sorted({set(heavy)!r} & sys.modules.keys()))"
    code = f"import sys; from neuroevo.cli.main import run; code = run({words!r}); {loaded}; sys.exit(code)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=runs)
    assert (ran.returncode, ran.stdout.splitlines()[-1].split()) == (0, []), ran.stderr


def test_a_run_needs_no_compiler(tmp_path: Path) -> None:
    """Training and the count of its operations leave torch's compiler and sympy alone: seconds of every start."""
    settings = ["--quick", "--width=0.1", "--life-updates=2", "--critic-updates=1", "--generations=1", "--quiet"]
    words = ["evolve", "gtl", *settings, "--out", str(tmp_path / "run")]
    unwanted = ("torch._dynamo", "torch._inductor", "sympy")
    loaded = f"print(); print(*sorted({set(unwanted)!r} & sys.modules.keys()))"
    code = f"import sys; from neuroevo.cli.main import run; code = run({words!r}); {loaded}; sys.exit(code)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout.splitlines()[-1].split()) == (0, []), ran.stderr
