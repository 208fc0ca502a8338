"""The documentation site: it is built without a warning, its links lead somewhere, and it has every public name."""

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
WRITTEN = [ROOT / "README.md", *DOCS.rglob("*.md"), *(ROOT / "examples").rglob("*.py")]
LOADED = {"link": "href", "script": "src", "img": "src", "iframe": "src", "source": "src"}
"""Elements that a browser loads with a page, and where."""


class Page(HTMLParser):
    """The ids of a page, where it links to, and what is loaded with it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.loads: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take in an element."""
        found = {name: value for name, value in attrs if value}
        self.ids |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a" and "href" in found:
            self.links.add(found["href"])
        if LOADED.get(tag, "") in found and found.get("rel") != "canonical":
            self.loads.add(found[LOADED[tag]])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Page]:
    """Return the pages of the built site."""
    pytest.importorskip("mkdocs")
    folder = tmp_path_factory.mktemp("site")
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    return {path: Page(path.read_text(encoding="utf-8")) for path in folder.rglob("*.html")}


def exported() -> Iterator[str]:
    """Yield every name in the `__all__` of a package."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for package in project["tool"]["setuptools"]["packages"]:
        yield from (f"{package}.{name}" for name in getattr(importlib.import_module(package), "__all__", ()))


def shown() -> Iterator[str]:
    """Yield every name that README, pages and examples import."""
    for path in WRITTEN:
        text = path.read_text(encoding="utf-8")
        blocks = [text] if path.suffix == ".py" else re.findall(r"^```python\n(.*?)^```$", text, flags=re.M | re.S)
        nodes = (node for block in blocks for node in ast.walk(ast.parse(block)) if isinstance(node, ast.ImportFrom))
        yield from (f"{node.module}.{name.name}" for node in nodes for name in node.names)


@pytest.mark.slow
def test_links_lead_somewhere(site: dict[Path, Page]) -> None:
    """To a file of the site, and to an anchor that its page has."""
    for path, page in site.items():
        for link in page.links | page.loads:
            parts = urlsplit(link)
            if parts.scheme or path.name == "404.html":  # which is served for any address
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert target.exists(), f"{path.name} links to {link}"
            if parts.fragment and target.suffix == ".html":
                assert unquote(parts.fragment) in site[target].ids | {"__skip"}, f"{path.name} links to {link}"


@pytest.mark.slow
def test_nothing_is_loaded_from_elsewhere(site: dict[Path, Page]) -> None:
    """A browser without a network shows the same pages."""
    assert {load for page in site.values() for load in page.loads if urlsplit(load).netloc} == set()


@pytest.mark.slow
def test_every_public_name_is_described(site: dict[Path, Page]) -> None:
    """What a package exports has a place in the reference, and so has what README, pages and examples import."""
    from mkdocstrings import Inventory

    folder = next(path.parent for path in site if path.name == "404.html")
    with (folder / "objects.inv").open("rb") as file:
        places = {name: item.uri.partition("#") for name, item in Inventory.parse_sphinx(file).items()}
    names = {*exported(), *(name for name in shown() if name.startswith("neuroevo"))}
    assert len(names) > 250
    assert names - set(places) == set()
    assert all(places[name][2].replace("$", name) in site[folder / places[name][0]].ids for name in names)


BLOCK = re.compile(r"^```.*?^```$", flags=re.M | re.S)
LINKS = sorted(
    {
        (str(path.relative_to(ROOT)), link)
        for path in [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), ROOT / "tests" / "README.md"]
        for link in re.findall(r"\]\((?![a-z]+:)([^)\s#]+)", re.sub(BLOCK, "", path.read_text(encoding="utf-8")))
    }
)
"""Files with what they link to, blocks of code aside."""


@pytest.mark.parametrize(("file", "link"), LINKS)
def test_files_that_are_linked_to_exist(file: str, link: str) -> None:
    """Links are read in the repository, too; pages of notebooks are named as pages."""
    target = (ROOT / file).parent / link
    assert target.exists() or target.with_suffix(".ipynb").exists()
