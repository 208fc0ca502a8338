"""docs/exporting.md: its blocks run with the real packages, and it names every class that can be saved."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "exporting.md").read_text(encoding="utf-8")


def classes() -> dict[str, ast.ClassDef]:
    """Return every public class of the library by its name."""
    return {
        node.name: node
        for folder in ("neuroevo", "operators", "benchmarks")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    }


def bases(node: ast.ClassDef) -> set[str]:
    """Return the names of a class's bases."""
    return {name.id for base in node.bases for name in ast.walk(base) if isinstance(name, ast.Name)}


def methods(node: ast.ClassDef, known: dict[str, ast.ClassDef]) -> set[str]:
    """Return the names of its methods, inherited ones among them."""
    own = {one.name for one in node.body if isinstance(one, ast.FunctionDef)}
    return own.union(*(methods(known[name], known) for name in bases(node) if name in known))


def test_every_class_that_can_be_saved_is_named() -> None:
    """Public ones with `save` and `load` that are no base of others stand in the table of files."""
    known = classes()
    saved = {name for name, node in known.items() if {"save", "load"} <= methods(node, known)}
    saved -= set().union(*(bases(known[name]) for name in saved))
    assert {"Genome", "Learngene"} <= saved
    table = re.findall(r"^\| `(?:\w+\.)*(\w+)` \|", PAGE, flags=re.MULTILINE)
    assert {*table} == saved


@pytest.mark.slow
def test_the_blocks_run(toys: ModuleType, tmp_path: Path) -> None:
    """One after the other, in a process of their own: these packages draw from global generators, and warn."""
    for package in ("huggingface_hub", "lightning", "onnx", "onnxruntime", "onnxscript"):
        pytest.importorskip(package)
    toys.learngene(toys.ConvNet4(widths=(8, 16, 32, 32))).save(tmp_path / "learngene.safetensors")
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) == 6
    ran = subprocess.run(
        [sys.executable, "-c", "\n".join(blocks)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    files = {"circuit.onnx", "circuit.pt", "circuit.pt2", "shared"}
    assert files <= {path.name for path in tmp_path.iterdir()}
