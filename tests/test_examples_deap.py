"""The ports of DEAP's examples: each runs and reaches what it promises."""

import ast
import contextlib
import io
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "examples" / "deap"
RESULTS = {
    "cma_es": (r"deap\.cma\.Strategy: ([\d.e-]+), CMAES: ([\d.e-]+)", lambda theirs, ours: max(theirs, ours) < 1e-2),
    "coevolution": (
        r"the best host sorts (\d+)% of the parasites' lists and (\d+)% of all",
        lambda theirs, all_: theirs > 80 and all_ >= 90,
    ),
    "de": (r"([\d.]+) after one generation, ([\d.e-]+) after 200", lambda first, last: first > 10 and last < 1e-4),
    "eda": (r"eaGenerateUpdate: ([\d.e-]+), evolve: ([\d.e-]+)", lambda theirs, ours: theirs == ours < 0.1),
    "islands": (r"(\d+) of 60 bits are set, the best of 3 islands", lambda bits: bits >= 58),
    "knapsack": (
        r"front of (\d+): the most valuable weighs (\d+) and is worth ([\d.]+) of ([\d.]+)",
        lambda front, weight, value, total: 5 < front < 200 and weight <= 50 and value > 0.7 * total,
    ),
    "nsga2": (
        r"(\d+) of 60 on the front, at most ([\d.]+) above the best one possible",
        lambda front, distance: front > 50 and distance < 0.1,
    ),
    "onemax": (r"(\d+) of 60 bits are set", lambda bits: bits >= 58),
    "pso": (r"peak of the height ([\d.]+) at \(([\d.]+), ([\d.]+)\)", lambda height, x, y: height > 1.99 and y < x < 9),
    "symbolic_regression": (r"(\d+) nodes with a mean squared error of ([\d.]+)", lambda _, error: error < 1e-3),
    "tsp": (r"tour of the length ([\d.]+), the shortest one is ([\d.]+)", lambda found, best: found < 1.2 * best),
}


def test_every_example_is_checked() -> None:
    """A new one is run by these tests, or they fail."""
    assert {path.stem for path in FOLDER.glob("*.py")} == RESULTS.keys()


@pytest.mark.deap_loops
@pytest.mark.parametrize("name", RESULTS)
def test_the_example_reaches_what_it_promises(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last line says so."""
    path = FOLDER / f"{name}.py"
    monkeypatch.setattr(sys, "argv", [str(path)])
    with contextlib.redirect_stdout(io.StringIO()) as out:
        runpy.run_path(str(path), run_name="__main__")
    pattern, good = RESULTS[name]
    said = re.fullmatch(pattern, out.getvalue().splitlines()[-1])
    assert said, out.getvalue()
    assert good(*map(float, said.groups())), out.getvalue()


@pytest.mark.parametrize("name", RESULTS)
def test_the_example_is_short_and_written_for_users_of_deap(name: str) -> None:
    """At most 60 lines, DEAP's words in them, and a docstring that says how to run it."""
    source = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    assert 20 <= len(source.splitlines()) <= 60
    docstring = ast.get_docstring(ast.parse(source)) or ""
    assert re.search(rf"^Usage: python examples/deap/{name}\.py \[[A-Z]+\]", docstring, flags=re.MULTILINE)
    assert re.search(r"tools\.|algorithms\.", source)


@pytest.mark.slow
@pytest.mark.parametrize("name", RESULTS)
def test_the_example_runs_from_the_shell(name: str) -> None:
    """With a tiny budget, without a warning."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    words = [sys.executable, "-W", "error", str(FOLDER / f"{name}.py"), "3"]
    run = subprocess.run(words, env=environment, check=False, timeout=600, capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")
