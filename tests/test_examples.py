"""The examples: each runs from the shell with a tiny budget, and says what came out."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from neuroevo.backbones import ConvNet4
from neuroevo.learngene import Learngene

EXAMPLES = {path.stem: path for path in sorted(Path(__file__).parents[1].joinpath("examples").glob("*.py"))}
# The words after the program's name, and the last line of the output.
BUDGETS = {
    "check_an_operator": ("2", r"careful keeps all 16 laws"),
    "compose_a_toolbox": ("25", r"stopped after generation 24: \d+\.\d{4} at individual \d+"),
    "compose_from_parts": (
        "3",
        r"the new one: -\d\.\d{3} after 48 evaluations, 0\.\d{3} of the images right",
    ),
    "evolve_learngenes": ("1 2", r"accuracy on 20 unseen classes: 0\.\d{3} with the learngene, 0\.\d{3} without"),
    "genetic_algorithm": ("2 10", r"885 weights, \d+ individuals: 0\.\d{3} of the images right"),
    "recurrent_policy": ("1 4", r"10 new episodes: \d+ steps on average"),
    "swap_layerwise": ("1 2", r"Layerwise: \d+\.\d% on novel classes with \d+\.\d% of the parameters, 200 .*"),
    "swap_operators": ("1 2", r"best: individual \d of generation 0, [\d,]+ parameters, 0\.\d{3} of unseen images .*"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the examples run, and leave what they write."""
    return tmp_path_factory.mktemp("examples")


LONG = ("check_an_operator", "compose_a_toolbox", "compose_from_parts", "evolve_learngenes", "swap_layerwise")
"""Examples that take longer than the default run allows."""


def started(name: str, folder: Path) -> subprocess.Popen[str]:
    """Start an example, warnings being errors."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", EXAMPLES[name], *BUDGETS[name][0].split()],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def running(folder: Path) -> Iterator[dict[str, subprocess.Popen[str]]]:
    """Start all examples at once but those that take long."""
    processes = {name: started(name, folder) for name in EXAMPLES if name not in LONG}
    yield processes
    for process in processes.values():
        process.kill()
        process.communicate()


def test_every_example_has_a_budget() -> None:
    """A new example is run by these tests, or they fail."""
    assert EXAMPLES.keys() == BUDGETS.keys()


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_is_short_and_says_what_it_shows(name: str) -> None:
    """20 to 60 lines, and a docstring that says how to run it."""
    source = EXAMPLES[name].read_text(encoding="utf-8")
    assert 20 <= len(source.splitlines()) <= 60
    docstring = ast.get_docstring(ast.parse(source)) or ""
    assert re.search(rf"^Usage: python examples/{name}\.py \[[A-Z]+\]", docstring, flags=re.MULTILINE)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in LONG else ()) for name in EXAMPLES]
)
def test_the_example_runs(name: str, running: dict[str, subprocess.Popen[str]], folder: Path) -> None:
    """It ends well, says nothing on stderr, and its last line is what it is about."""
    process = running.setdefault(name, started(name, folder)) if name in LONG else running[name]
    out, err = process.communicate(timeout=600)
    assert (process.returncode, err) == (0, "")
    assert re.fullmatch(BUDGETS[name][1], out.splitlines()[-1]), out
    if name == "evolve_learngenes":
        learngene = Learngene.load(folder / "runs" / "learngene.safetensors")
        assert learngene.backbone == ConvNet4(widths=(8, 16, 32, 32))
        assert f"{learngene.parameters:,} parameters" in out
    if name == "check_an_operator":
        assert out.count("hasty breaks the law") == out.count("likely cause: ") >= 3
    if name == "compose_a_toolbox":
        # Heights are minimised: the second line is 20 generations after the first.
        means = [float(mean) for mean in re.findall(r"mean +([\d.]+)", out)]
        assert len(means) == 2
        assert means[1] < means[0] / 2
