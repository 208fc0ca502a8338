"""Imports go one way: a module knows those before it, never those after it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ORDER = (
    (
        "backbones",
        "budget",
        "data",
        "files",
        "genome",
        "graph",
        "individual",
        "learngene",
        "sealed",
        "seeds",
        "space",
        "spelling",
        "splits",
    ),
    ("operators",),
    ("execution", "problems"),
    ("strategies",),
    ("runs",),
    ("evolution",),
    ("benchmarks", "testing"),
    ("cli",),
    ("__main__",),
)
RANK = {name: rank for rank, names in enumerate(ORDER) for name in names}
# The names of `neuroevo` itself lead everywhere; they are for users, not for the library.
TABLE_OF_CONTENTS = "neuroevo"
RANK[TABLE_OF_CONTENTS] = len(ORDER)


def _modules() -> Iterator[tuple[str, Path]]:
    """Yield each source file with the part of the library that it belongs to."""
    for path in sorted(ROOT.glob("neuroevo/**/*.py")):
        inside = path.relative_to(ROOT / "neuroevo")
        if inside != Path("__init__.py"):
            yield inside.with_suffix("").parts[0], path
    for folder in ("operators", "benchmarks"):
        yield from ((folder, path) for path in sorted(ROOT.glob(f"{folder}/**/*.py")))


def _part(module: str) -> str:
    first, _, rest = module.partition(".")
    return (rest.partition(".")[0] or TABLE_OF_CONTENTS) if first == "neuroevo" else ""


def _imported(source: str) -> set[str]:
    """Return the parts that a module imports anywhere: at the top, lazily, or for types only."""
    parts: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            parts |= {_part(item.name) for item in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "neuroevo":
            names = {item.name for item in node.names} - {"__version__"}
            parts |= {name if name in RANK else TABLE_OF_CONTENTS for name in names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            parts.add(_part(node.module))
    return parts - {""}


def test_every_part_has_a_rank() -> None:
    """A new module or package is given its place in the order."""
    assert {part for part, _ in _modules()} <= RANK.keys()


@pytest.mark.parametrize(
    ("part", "path"),
    [pytest.param(part, path, id=str(path.relative_to(ROOT))) for part, path in _modules()],
)
def test_imports_go_one_way(part: str, path: Path) -> None:
    """The module imports only parts of its own rank and of lower ones."""
    imported = _imported(path.read_text(encoding="utf-8"))
    assert {other for other in imported if RANK[other] > RANK[part]} == set()


@pytest.mark.parametrize(
    ("source", "part"),
    [
        ("import neuroevo.cli.main", "cli"),
        ("from neuroevo.strategies.gtl.gtl import GTL", "strategies"),
        ("from neuroevo import operators", "operators"),
        ("from neuroevo import GTL", TABLE_OF_CONTENTS),
        ("def run():\n    from neuroevo.runs import settings", "runs"),
        ("if TYPE_CHECKING:\n    import neuroevo.evolution", "evolution"),
    ],
)
def test_imports_are_found(source: str, part: str) -> None:
    """Every form of import is seen, wherever it stands."""
    assert _imported(source) == {part}
