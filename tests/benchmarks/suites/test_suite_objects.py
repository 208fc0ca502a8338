"""Suites are objects at home: each is found by the mapping of its module, says its claim, and explains its settings."""

import ast
import importlib
import inspect
from pathlib import Path
from typing import Any

import pytest

import neuroevo.benchmarks
from neuroevo.benchmarks.race.suite import RaceSuite
from neuroevo.benchmarks.suites import environments
from neuroevo.benchmarks.suites.ablation import STRATEGIES
from neuroevo.benchmarks.suites.measurement import Measurement
from neuroevo.benchmarks.suites.optimize import SearchSuite
from neuroevo.benchmarks.suites.suite import Suite
from neuroevo.strategies.gtl.variants import CONTESTANTS

ROOT = Path(neuroevo.benchmarks.__file__).parent
NAMES = {
    *(
        "transfer",
        "instinct",
        "scaling",
        "adaptation",
        "ablation",
        "pays",
        "environments",
        "structures",
        "paper",
        "optimize",
        "race",
    ),
    *("throughput", "overhead", "scaleout"),
}
MODULES = [path for path in sorted(ROOT.glob("*/*.py")) if "\nSUITES = {" in path.read_text(encoding="utf-8")]


def suites() -> dict[str, Any]:
    """Return all suites by name."""
    found: dict[str, Any] = {}
    for path in MODULES:
        found |= importlib.import_module(f"neuroevo.benchmarks.{path.parent.name}.{path.stem}").SUITES
    return found


def function_of(suite: Suite | SearchSuite | RaceSuite | Measurement[Any]) -> Any:
    """Return the function whose keyword-only parameters are a suite's own settings."""
    if isinstance(suite, Measurement):
        return suite.measure
    return suite.protocol if isinstance(suite, SearchSuite | RaceSuite) else suite.conditions


def test_every_suite_is_found() -> None:
    """By the keys of a mapping that can be read without importing anything."""
    assert set(suites()) == NAMES
    for path in MODULES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        (mapping,) = (
            node.value
            for node in tree.body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "SUITES"
        )
        assert isinstance(mapping, ast.Dict)
        assert all(isinstance(key, ast.Constant) and isinstance(key.value, str) for key in mapping.keys)


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_suite_says_what_it_tests_and_explains_its_settings(name: str) -> None:
    """Its name, a claim in whole sentences, and for each setting a type, a default and a line of the docstring."""
    suite = suites()[name]
    assert suite.name == name
    assert suite.claim.endswith(".")
    function = function_of(suite)
    own = [one for one in inspect.signature(function).parameters.values() if one.kind is one.KEYWORD_ONLY]
    for setting in own:
        assert setting.default is not setting.empty
        assert setting.annotation is not setting.empty
        assert f"        {setting.name}: " in (inspect.getdoc(function) or "").replace("\n    ", "\n        ")


def test_ablation_has_every_variant() -> None:
    """The baseline, GTL, and all that is GTL without one of its parts."""
    assert STRATEGIES[:2] == ("scratch", "gtl")
    # These have something more, and are compared elsewhere.
    more = {*environments.STRATEGIES, "gtl-evolving-lives", "gtl-random-lives"}
    parts = [name for name in CONTESTANTS if name.startswith("gtl-") and name not in more]
    shared = ["gtl-no-mutation", "gtl-no-tree"]
    assert sorted(STRATEGIES[2:]) == sorted([*parts, *shared, "gtl-population"])
