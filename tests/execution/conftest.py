"""Common to the tests of execution: evaluators that fail."""

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def faults() -> Iterator[ModuleType]:
    """Return `faults.py`, which is on the path as long as the tests run: workers import it, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [*sys.path, str(Path(__file__).parent)])
        yield import_module("faults")
