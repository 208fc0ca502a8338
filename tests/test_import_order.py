"""Imports go one way: a module knows those before it, never those after it."""

import ast
from collections.abc import Collection, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ORDER = (
    (
        "backbones",
        "budget",
        "cards",
        "catalogue",
        "columns",
        "data",
        "discrete",
        "extras",
        "files",
        "genes",
        "genome",
        "global_generators",
        "graph",
        "generations",
        "hub",
        "ids",
        "individual",
        "interface",
        "learngene",
        "low_rank",
        "module_state",
        "policy",
        "population",
        "ranking",
        "sealed",
        "seeds",
        "signatures",
        "space",
        "plain_text",
        "spelling",
        "free_memory",
        "splits",
        "structure",
        "summarised",
    ),
    ("runs",),
    ("operators",),
    ("execution", "problems"),
    ("strategies",),
    ("strategies.gtl", "strategies.search", "strategies.transfer"),
    ("evolution",),
    ("loggers",),
    ("testing",),
    ("benchmarks.analysis",),
    ("benchmarks.report",),
    ("benchmarks.suites",),
    ("plots",),
    ("benchmarks", "benchmarks.speed"),
    ("benchmarks.agreement", "benchmarks.peers", "benchmarks.race"),
    ("cli.settings",),
    ("cli",),
    ("__main__",),
)
ROOMS = ("strategies", "benchmarks", "cli")
"""Parts whose folders have ranks of their own."""
RANK = {name: rank for rank, names in enumerate(ORDER) for name in names}
# The names of `neuroevo` itself lead everywhere; they are for users, not for the library.
TABLE_OF_CONTENTS = "neuroevo"
RANK[TABLE_OF_CONTENTS] = len(ORDER)


def _modules() -> Iterator[tuple[str, Path]]:
    """Yield each source file with the part of the library that it belongs to."""
    for root, prefix in (
        (ROOT / "neuroevo", ()),
        (ROOT / "operators", ("operators",)),
        (ROOT / "benchmarks", ("benchmarks",)),
    ):
        for path in sorted(root.glob("**/*.py")):
            inside = (*prefix, *path.relative_to(root).with_suffix("").parts)
            # The tables of contents of the rooms lead everywhere in them.
            if inside[-1] != "__init__":
                yield _part(".".join(("neuroevo", *inside))), path


def _part(module: str) -> str:
    """Return the part of the library that a module is in; nothing for one of another library."""
    first, *parts = module.split(".")
    if first != "neuroevo":
        return ""
    if not parts:
        return TABLE_OF_CONTENTS
    folder = ".".join(parts[:2])
    return folder if parts[0] in ROOMS and folder in RANK else parts[0]


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
            parts |= {_part(f"{node.module}.{item.name}") for item in node.names}
    return parts - {""}


def _cycles(imports: Mapping[str, set[str]]) -> list[str]:
    """Return the modules that import each other in a circle."""
    sorter = TopologicalSorter(imports)
    try:
        sorter.prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_every_part_has_a_rank() -> None:
    """A new module or package is given its place in the order."""
    assert {part for part, _ in _modules()} <= RANK.keys()


def test_no_modules_import_each_other() -> None:
    """Imports at the top of modules make no circle, tables of contents among them."""
    modules = {}
    for folder in ("neuroevo", "operators", "benchmarks"):
        for path in (ROOT / folder).rglob("*.py"):
            inside = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(inside if inside[0] == "neuroevo" else ("neuroevo", *inside))
            modules[name.removesuffix(".__init__")] = path
    assert _cycles({name: _at_the_top(path, modules) for name, path in modules.items()}) == []
    assert _cycles({"a": {"b"}, "b": {"a"}}) != []


def _at_the_top(path: Path, modules: Collection[str]) -> set[str]:
    """Return the modules that one imports at its top; a name in a package that is no module is the package's."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            inner = (f"{node.module}.{item.name}" for item in node.names)
            found |= {one if one in modules else node.module for one in inner} & set(modules)
    return found


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
        ("from neuroevo.strategies.gtl.gtl import GTL", "strategies.gtl"),
        ("from neuroevo.benchmarks.report import tables", "benchmarks.report"),
        ("from neuroevo.strategies import GTL", "strategies"),
        ("from neuroevo import operators", "operators"),
        ("from neuroevo import GTL", TABLE_OF_CONTENTS),
        ("def run():\n    from neuroevo.runs import settings", "runs"),
        ("if TYPE_CHECKING:\n    import neuroevo.evolution", "evolution"),
    ],
)
def test_imports_are_found(source: str, part: str) -> None:
    """Every form of import is seen, wherever it stands."""
    assert _imported(source) == {part}
