"""Common to all tests: hypothesis profiles, and no use of the global generators."""

import importlib.util
import os
import pickle
import random
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

# It draws from `random` once, when it is imported.
import rich.style  # noqa: F401
import torch
from hypothesis import HealthCheck, settings

# A busy machine is no fault of a test.
SLOW = (HealthCheck.too_slow,)
settings.register_profile("dev", max_examples=25, deadline=None, derandomize=True, suppress_health_check=SLOW)
settings.register_profile("ci", max_examples=100, deadline=None, derandomize=True, suppress_health_check=SLOW)
# Searches anew in every run, and replays what failed in the last one.
settings.register_profile("thorough", max_examples=1000, deadline=None, derandomize=False, suppress_health_check=SLOW)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Expect the warning of `evolve` where operators draw from global generators on purpose."""
    for item in items:
        if item.get_closest_marker("deap_loops"):
            item.add_marker(pytest.mark.filterwarnings("ignore:.* drew from the global generator:UserWarning"))


def _global_generators() -> dict[str, bytes]:
    return {
        "random": pickle.dumps(random.getstate()),
        "numpy.random": pickle.dumps(np.random.get_state()),  # noqa: NPY002
        "torch": torch.get_rng_state().numpy().tobytes(),
    }


@pytest.fixture(autouse=True)
def _global_generators_are_left_alone(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that draws from, or seeds, a generator that it was not given.

    Inside a property, hypothesis itself saves and restores the generators of `random` and numpy;
    there only torch's is watched, and `tests/packaging/test_sources.py` looks for the others.
    """
    if request.node.get_closest_marker("deap_loops"):
        yield
        return
    before = _global_generators()
    yield
    after = _global_generators()
    moved = [name for name in before if before[name] != after[name]]
    assert not moved, f"The test moved the global random generator of {', '.join(moved)}."


@pytest.fixture(scope="session")
def toys() -> ModuleType:
    """Return `tests/toys.py`."""
    return _module("toys", Path(__file__).with_name("toys.py"))


@pytest.fixture(scope="session")
def pretended() -> ModuleType:
    """Return `tests/pretended_gpu.py`, a GPU for machines without one."""
    return _module("pretended_gpu", Path(__file__).with_name("pretended_gpu.py"))


@pytest.fixture(scope="session")
def formats() -> ModuleType:
    """Return `tests/data/formats.py`, which writes small data sets in their formats on disk."""
    return _module("formats", Path(__file__).parent / "data" / "formats.py")


@pytest.fixture(scope="session")
def gtls() -> ModuleType:
    """Return `tests/strategies/gtl/gtls.py`, which makes small GTLs, runs them and compares what they did."""
    return _module("gtls", Path(__file__).parent / "strategies" / "gtl" / "gtls.py")


def _module(name: str, path: Path) -> ModuleType:
    """Return the module of a file that test files can't import: their folders are not on the path."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
