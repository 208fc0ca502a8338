"""The reference of the site: one page for each package, with every public name.

Public is what a package's `__all__` lists, and every name without an underscore in the modules that are listed here.
The sources are read and not run, from a copy that lies as an installation does: operators/ and benchmarks/ inside
neuroevo/.
"""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import griffe
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
TREE = Path(tempfile.mkdtemp(prefix="neuroevo-sources-"))
FOLDERS = {"neuroevo": "neuroevo", "operators": "neuroevo/operators", "benchmarks": "neuroevo/benchmarks"}
"""Where each folder of sources is installed."""

PAGES = {
    "neuroevo": "individual ids learngene genome hub space discrete graph budget seeds evolution policy genes "
    "interface catalogue plots",
    "neuroevo.strategies": "strategy toolbox checks learngenes search.base search.checks search.variation "
    "gtl.operators gtl.variants transfer.base",
    "neuroevo.problems": "function functions objectives combinatorial supervised scores classifier graphs",
    "neuroevo.operators": "*",
    "neuroevo.backbones": "layout",
    "neuroevo.data": "*",
    "neuroevo.execution": "processes ray decorated",
    "neuroevo.loggers": "scalars",
    "neuroevo.runs": "*",
    "neuroevo.benchmarks": "suites.suite suites.measurement suites.condition suites.contestant suites.protocol "
    "suites.comparison suites.result",
    "neuroevo.testing": "strategies parametrize unittest watching deap_verbs pymoo_operators architectures discrete "
    "graphs landscapes toolboxes references references.strategies",
    "neuroevo.testing.laws": "",
}
"""What is on the page of each package beside its `__all__`: modules, or all of them."""


@event_priority(100)  # before mkdocstrings reads its settings
def on_config(config: MkDocsConfig) -> None:
    """Lay the sources out as they are installed, and give the pages their places."""
    for folder, home in FOLDERS.items():
        shutil.copytree(ROOT / folder, TREE / home, dirs_exist_ok=True)
    config.plugins["mkdocstrings"].config.handlers["python"]["paths"] = [str(TREE)]
    section = next(item for item in config.nav if "Reference" in item)
    section["Reference"] += [{package: address(package)} for package in PAGES]


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add a page for each package."""
    sources = griffe.load("neuroevo", search_paths=[TREE], try_relative_path=False)
    for package, modules in PAGES.items():
        content = "\n".join(page(sources.modules_collection[package], modules))
        files.append(File.generated(config, address(package), content=content))


def on_shutdown() -> None:
    """Remove the copy of the sources."""
    shutil.rmtree(TREE)


def address(package: str) -> str:
    """Return the page of a package."""
    return f"reference/{package}.md"


def page(package: griffe.Module, modules: str) -> Iterator[str]:
    """Yield the lines of a package's page; the names of `neuroevo` itself have their homes on other pages."""
    names = [name for name in map(str, package.exports or ()) if not package[name].is_module]
    yield f"# {package.path}\n"
    yield from directive(package.path, show_root_heading="false", members="[]")
    if names:
        yield from table(package, names)
    if package.parent is not None:
        for name in names:
            yield from directive(f"{package.path}.{name}", show_root_full_path="false", **leeway(package[name]))
    for name in sorted(package.modules) if modules == "*" else modules.split():
        yield from directive(package[name].path, members=f"[{', '.join(public(package[name]))}]")


def table(package: griffe.Module, names: list[str]) -> Iterator[str]:
    """Yield a table of names, each with a link to where it is described and with its first sentence."""
    yield f"| `from {package.path} import …` | |\n| --- | --- |"
    for name in sorted(names, key=str.lower):
        target = package[name].final_target
        sentence = target.docstring.value.partition("\n")[0] if target.docstring else ""
        yield f"| [`{name}`][{target.path}] | {sentence} |"
    yield ""


def public(module: griffe.Module) -> list[str]:
    """Return the names that a module offers, in the order of its source."""
    if module.exports:
        return [str(name) for name in module.exports]
    own = [member for member in module.members.values() if not member.is_alias and not member.is_module]
    return [member.name for member in own if not member.name.startswith("_")]


def leeway(thing: griffe.Object | griffe.Alias) -> dict[str, str]:
    """Let a class that takes the fields of its settings describe some of them as its own arguments."""
    if not thing.is_class or all(one.name != "settings" for one in thing.parameters):
        return {}
    return {"docstring_options": "{warn_unknown_params: false, warn_missing_types: false}"}


def directive(path: str, **options: str) -> Iterator[str]:
    """Yield what asks mkdocstrings for an object."""
    yield f"::: {path}\n    options:\n      show_root_heading: {options.pop('show_root_heading', 'true')}"
    yield from (f"      {name}: {value}" for name, value in options.items())
    yield ""
