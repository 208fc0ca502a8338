"""Importing the package, or asking the command line for help, must not wait for PyTorch."""

import subprocess
import sys

import pytest

HEAVY = {"matplotlib", "scipy", "torch", "torchvision"}


@pytest.mark.parametrize(
    "module",
    ["neuroevo", "neuroevo.splits", "neuroevo.cli.settings.settings", "neuroevo.cli", "neuroevo.cli.main"],
)
def test_import_stays_light(module: str) -> None:
    """The module is imported without any of the packages that take seconds."""
    code = f"import {module}, sys; print(*sorted({HEAVY!r} & sys.modules.keys()))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout.split()) == (0, []), ran.stderr
