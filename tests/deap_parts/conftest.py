"""Common to the tests of DEAP's parts: the tables of the page about them."""

import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "deap-tools.md"
ROW = re.compile(r"^\| `(\w+)` \| ([^|]+) \|", re.MULTILINE)


def _table(module: str) -> dict[str, str]:
    """Return what the page says of each name of a module."""
    section = PAGE.read_text(encoding="utf-8").partition(f"### `{module}`\n")[2].partition("\n#")[0]
    rows = ROW.findall(section)
    assert len(dict(rows)) == len(rows)
    return {name: works.strip() for name, works in rows}


def _public(module: ModuleType) -> set[str]:
    """Return the names of a module's own classes and functions."""
    things = {name: getattr(module, name) for name in dir(module) if not name.startswith("_")}
    return {name for name, one in things.items() if str(getattr(one, "__module__", "")).startswith("deap")}


@pytest.fixture
def documented() -> Callable[[str], dict[str, str]]:
    """Return the function that reads the table of a module."""
    return _table


@pytest.fixture
def public() -> Callable[[ModuleType], set[str]]:
    """Return the function that lists the names of a module."""
    return _public
