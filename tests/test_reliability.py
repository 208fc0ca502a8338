"""`docs/reliability.md`: every promise names tests, and the tests are there."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("## What is promised, and tested")[2].partition("\n## ")[0]
ROWS = [line.strip("|").split(" | ") for line in SECTION.splitlines() if line.startswith("| ")][2:]
IDS = sorted({*re.findall(r"`(tests/[^`]*)`", PAGE)})


def names(path: Path) -> set[str]:
    """Return the functions of a test file, and what is assigned there."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assigned = (node.targets for node in tree.body if isinstance(node, ast.Assign))
    return functions | {target.id for targets in assigned for target in targets if isinstance(target, ast.Name)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].strip())
def test_every_promise_names_a_test(row: list[str]) -> None:
    """What happens, what is promised, and at least one test."""
    happens, promised, tests = row
    assert happens.strip()
    assert promised.strip().endswith(".")
    assert re.fullmatch(r"(`tests/[^`]*`(, )?)+", tests.strip())


@pytest.mark.parametrize("name", IDS)
def test_every_named_test_exists(name: str) -> None:
    """In the file that is named, under that name."""
    file, _, function = name.partition("::")
    assert function in names(ROOT / file)


@pytest.mark.slow
def test_the_python_blocks_run(tmp_path: Path) -> None:
    """As they stand, without a warning."""
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", "\n".join(blocks)],
        cwd=tmp_path,
        check=True,
        timeout=300,
        capture_output=True,
        text=True,
    )
    assert ended.stdout == "[3, 4]\n"


def test_there_are_promises() -> None:
    """The patterns above find the table."""
    assert len(ROWS) >= 20
    assert len(IDS) >= 30
