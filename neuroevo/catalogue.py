"""The names of strategies, problems, backbones, data sets and suites at the command line, and what they stand for.

A module offers objects by name in a mapping that it defines itself, `STRATEGIES = {"snes": SNES}`, and nothing else has
to be changed. The library's own modules are found by their source, so that nothing is imported before it is used.
Plug-ins offer single objects by entry points (`neuroevo.strategies`, …), files and modules of one's own the same
mappings, by `--import`. In Python, pass the objects themselves.
"""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from types import ModuleType

from neuroevo.spelling import unknown

log = logging.getLogger(__name__)

KINDS: Mapping[str, tuple[str, ...]] = {
    "strategy": ("STRATEGIES", "CONTESTANTS"),
    "operator": ("OPERATORS",),
    "backbone": ("BACKBONES",),
    "dataset": ("DATASETS",),
    "problem": ("PROBLEMS",),
    "graph problem": ("GRAPH_PROBLEMS",),
    "suite": ("SUITES",),
}
"""The mappings of modules by the kind of thing that they name."""

GROUPS: Mapping[str, str] = {
    "strategy": "neuroevo.strategies",
    "backbone": "neuroevo.backbones",
    "dataset": "neuroevo.datasets",
    "problem": "neuroevo.problems",
    "suite": "neuroevo.suites",
}
"""The entry points of plug-ins by kind."""

NEEDS = "NEEDS"
"""The mapping of modules that says by name what else a thing needs."""

ROOMS = (
    *("strategies", "backbones", "data", "problems", "operators"),
    *("benchmarks/suites", "benchmarks/race", "benchmarks/speed"),
)
"""The folders of the library whose modules offer names."""

OWN = "neuroevo"
"""The origin of the library's own names."""


@dataclass(frozen=True)
class Entry:
    """A name and what it stands for.

    Attributes:
        kind: The kind of thing.
        name: The name.
        origin: `neuroevo`, the distribution of a plug-in, or the file that was imported.
        load: Returns the thing, importing what it needs.
        summarise: Returns one line about it; of plug-ins it loads the thing.
        needs: What else it takes to use it, in words: an extra, files, a kind of problem.
    """

    kind: str
    name: str
    origin: str
    load: Callable[[], object]
    summarise: Callable[[], str] = field(default=lambda: "")
    needs: str = ""


_IMPORTED: dict[str, ModuleType] = {}
"""Modules of one's own: files by their paths, others by their names."""


def entries(kind: str) -> dict[str, Entry]:
    """Return what there is of a kind, by name; the library's own names come first and can't be taken by others."""
    found = dict(_own(kind))
    for entry in (*_imported(kind), *_plugins(kind)):
        if entry.name in found:
            log.warning("%s offers a %s %s, but that name is taken.", entry.origin, kind, entry.name)
        else:
            found[entry.name] = entry
    return found


def find(kind: str, name: str) -> object:
    """Return the thing of a name.

    Raises:
        ValueError: There is none, or what offers it is broken; one sentence.
    """
    known = entries(kind)
    if name not in known:
        raise ValueError(unknown(kind, name, known, shown_by=f"neuroevo list {kind.split()[-1]}"))
    entry = known[name]
    try:
        return entry.load()
    except Exception as error:
        if entry.origin == OWN:
            raise
        raise ValueError(
            f"the {kind} {name} of {entry.origin} can't be loaded ({type(error).__name__}: {error}); mend or uninstall "
            "it."
        ) from error


def import_names(target: str) -> None:
    """Take in the names that a module of one's own offers.

    Args:
        target: A Python file, or a module that can be imported.

    Raises:
        ValueError: There is none, it can't be imported, or it offers no names; one sentence.
    """
    path = Path(target).resolve() if target.endswith(".py") else None
    key = target if path is None else str(path)
    if path is not None:
        if not path.is_file():
            raise ValueError(f"import must name a Python file or a module, but there is no {target}.")
        target = path.stem
        if str(path.parent) not in sys.path:  # worker processes import it again
            sys.path.append(str(path.parent))
    try:
        module = importlib.import_module(target)
    except Exception as error:
        raise ValueError(f"import must name a Python file or a module, but {target} gives {error!r}.") from error
    if path is not None and Path(getattr(module, "__file__", None) or "").resolve() != path:
        raise ValueError(f"import must name a file whose name no other module has, but {target} is one; rename {path}.")
    constants = [constant for names in KINDS.values() for constant in names]
    if not any(isinstance(getattr(module, constant, None), Mapping) for constant in constants):
        raise ValueError(
            f'{target} must define at least one of {", ".join(constants)} ({{"name": object}}), but it defines none.'
        )
    _IMPORTED[key] = module


def imported() -> list[str]:
    """Return what was imported by `import_names`: paths of files, names of other modules."""
    return [*_IMPORTED]


def _imported(kind: str) -> Iterator[Entry]:
    for module in _IMPORTED.values():
        for constant in KINDS[kind]:
            for name, thing in getattr(module, constant, {}).items():
                needs = getattr(module, NEEDS, {}).get(name, "")
                yield Entry(kind, name, module.__name__, partial(_itself, thing), partial(_summary_of, thing), needs)


def _plugins(kind: str) -> Iterator[Entry]:
    for point in _points(GROUPS[kind]) if kind in GROUPS else ():
        origin = point.dist.name if point.dist else point.module
        yield Entry(kind, point.name, origin, point.load, partial(_summary_of_point, point))


@cache
def _points(group: str) -> tuple[importlib.metadata.EntryPoint, ...]:
    return tuple(importlib.metadata.entry_points(group=group))


@cache
def _own(kind: str) -> Mapping[str, Entry]:
    found = {}
    for module, path in _modules():
        source = path.read_text(encoding="utf-8")
        for constant in KINDS[kind]:
            if f"\n{constant}" in source:
                tree = ast.parse(source)
                needs = {key: str(ast.literal_eval(value)) for key, value in _mapping(tree, NEEDS)}
                for name, value in _mapping(tree, constant):
                    found[name] = Entry(
                        kind,
                        name,
                        OWN,
                        partial(_load, module, constant, name),
                        partial(_described, tree, value, path),
                        needs.get(name, ""),
                    )
    return found


def _modules() -> Iterator[tuple[str, Path]]:
    """Yield the modules of the library that may offer names, with their files."""
    for room in ROOMS:
        for root in _roots():
            for path in sorted((root / room).rglob("*.py")):
                inside = path.relative_to(root).with_suffix("")
                yield ".".join((OWN, *inside.parts)).removesuffix(".__init__"), path


def _roots() -> list[Path]:
    """Return the folders that hold the library: in a checkout two of its folders stand beside the package."""
    package = Path(__file__).parent
    return [package] if (package / "operators").is_dir() else [package, package.parent]


def _load(module: str, constant: str, name: str) -> object:
    mapping: Mapping[str, object] = getattr(importlib.import_module(module), constant)
    return mapping[name]


def _mapping(tree: ast.Module, constant: str) -> Iterator[tuple[str, ast.expr]]:
    """Yield names and values of a mapping at the top of a module."""
    for node in tree.body:
        if (
            isinstance(node, ast.Assign | ast.AnnAssign)
            and isinstance(node.value, ast.Dict)
            and constant in _targets(node)
        ):
            for key, item in zip(node.value.keys, node.value.values, strict=True):
                if isinstance(key, ast.Constant):
                    yield str(key.value), item


def _targets(node: ast.Assign | ast.AnnAssign) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [one.id for one in targets if isinstance(one, ast.Name)]


def _described(tree: ast.Module, value: ast.expr, path: Path) -> str:
    """Return one line about a value from the source: its docstring, or what the call that makes it says about it."""
    if isinstance(value, ast.Name):
        return _described_name(tree, value.id, path)
    if isinstance(value, ast.Call):
        return _described_call(tree, value, path)
    if isinstance(value, ast.Attribute) and isinstance(value.value, ast.Name):
        sibling = path.with_name(f"{value.value.id}.py")
        if sibling.is_file():
            return _described_name(ast.parse(sibling.read_text(encoding="utf-8")), value.attr, sibling)
    return ""


def _described_name(tree: ast.Module, name: str, path: Path) -> str:
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
            return first_sentence(ast.get_docstring(node) or "")
        if isinstance(node, ast.Assign) and name in _targets(node):
            return _described(tree, node.value, path)
    return ""


def _described_call(tree: ast.Module, call: ast.Call, path: Path) -> str:
    named = (one.value for one in call.keywords if one.arg == "summary")
    # The first text of several words is a summary that is given by position: names are one word.
    for text in (*named, *call.args):
        if isinstance(text, ast.Constant) and " " in str(text.value):
            return first_sentence(text.value)
    parts = [*(keyword.value for keyword in call.keywords), *call.args]
    return next(filter(None, (_described(tree, part, path) for part in parts)), "")


def _itself(thing: object) -> object:
    return thing


def _summary_of_point(point: importlib.metadata.EntryPoint) -> str:
    return _summary_of(point.load())


def _summary_of(thing: object) -> str:
    return first_sentence(getattr(thing, "summary", None) or thing.__doc__ or "")


def first_sentence(text: object) -> str:
    """Return the first sentence of a docstring on one line, without its full stop."""
    line = " ".join(str(text).split("\n\n")[0].split()).removeprefix("Return ")
    sentence = line.partition(". ")[0]
    sentence = sentence if sentence.endswith("...") else sentence.removesuffix(".")
    return sentence[:1].upper() + sentence[1:]
