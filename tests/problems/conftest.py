"""What tests of problems share."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def environments() -> ModuleType:
    """Return `toy_environments.py`, which test files can't import: their folders are not on the path."""
    pytest.importorskip("gymnasium")
    path = Path(__file__).with_name("toy_environments.py")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
