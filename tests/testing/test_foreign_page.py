"""The page about foreign operators says what is found, and the tutorial is a passing test folder."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "CI"} | {"OMP_NUM_THREADS": "1"}


@pytest.mark.slow
def test_the_page_says_what_is_found() -> None:
    """The table is what the subjects declare, and each fault is found again; what happened and where may differ."""
    if missing := [peer for peer in ("evotorch", "neat", "pymoo", "ribs") if find_spec(peer) is None]:
        pytest.skip(f"{missing[0]} is not installed")
    words = [sys.executable, "-W", "ignore", str(Path(__file__).with_name("foreign_operators.py"))]
    path = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, sys.path)])
    run = subprocess.run(words, env=ENVIRONMENT | {"PYTHONPATH": path}, check=True, timeout=900, capture_output=True)
    page = (DOCS / "foreign-operators.md").read_text(encoding="utf-8")
    shown, found = (
        [line for line in text.splitlines() if line.startswith("| ")] for text in (page, run.stdout.decode())
    )
    faults = found.index(next(line for line in found if line.startswith("| operator | fault")))
    assert shown[:faults] == found[:faults]
    assert [line.split("|")[1:3] for line in shown[faults:]] == [line.split("|")[1:3] for line in found[faults:]]


@pytest.mark.slow
def test_the_tutorial_is_a_passing_test_folder(tmp_path: Path) -> None:
    """The first block is the operator, the last one the configuration, and those between are the tests."""
    text = (DOCS / "testing-tutorial.md").read_text(encoding="utf-8")
    operator, *tests, configuration = re.findall(r"^```python\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    (tmp_path / "meeting.py").write_text(operator, encoding="utf-8")
    (tmp_path / "test_meeting.py").write_text("\n".join(tests), encoding="utf-8")
    (tmp_path / "conftest.py").write_text(configuration, encoding="utf-8")
    words = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", str(tmp_path)]
    run = subprocess.run(words, cwd=tmp_path, env=ENVIRONMENT, check=False, timeout=600, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout
