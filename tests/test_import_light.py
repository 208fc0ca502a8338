"""Importing the package, or asking the command line for help, must not wait for PyTorch."""

import subprocess
import sys

import pytest

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
