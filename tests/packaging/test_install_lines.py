"""What the project says about installing it is true."""

import re
import tomllib
from pathlib import Path

import pytest

from neuroevo.extras import DISTRIBUTION, install

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
FOLDERS = ("neuroevo", "operators", "benchmarks", "docs", "examples")
ENDINGS = (".md", ".py", ".ipynb")
FILES = [
    *ROOT.glob("*.md"),
    *(path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*")) if path.suffix in ENDINGS),
]
LINES = sorted(
    {
        (str(path.relative_to(ROOT)), found)
        for path in FILES
        for found in re.findall(r"pip install [^`\n&]*", path.read_text(encoding="utf-8").replace('\\"', '"'))
    }
)
"""Files, and what follows `pip install` in them."""


def test_the_distribution_has_a_name_of_its_own() -> None:
    """The name `neuroevo` is that of another project on the public index."""
    assert PROJECT["name"] == DISTRIBUTION != "neuroevo"


@pytest.mark.parametrize(("path", "line"), LINES)
def test_install_lines_name_the_distribution_and_its_extras(path: str, line: str) -> None:
    """They are quoted for every shell, and pyproject.toml has the extras."""
    assert not re.search(r"(?<![\w/-])neuroevo(?!-torch)", line), f"{path} would install another project: {line}"
    for quote, _, extras in re.findall(r"([\"\']?)(neuroevo-torch|\.|path/to/neuroevo)\[([\w,]+)\]", line):
        assert quote, f"{path} is not quoted: {line}"
        assert {*extras.split(",")} <= {*EXTRAS}


@pytest.mark.parametrize(("path", "line"), [one for one in LINES if one[0].startswith(("README", "docs", "examples"))])
def test_pages_install_from_a_checkout(path: str, line: str) -> None:
    """The distribution is not on the public index yet."""
    assert DISTRIBUTION not in line, f"{path} would find nothing to install: {line}"


def test_the_citation_is_of_this_version() -> None:
    """It names version and licence as pyproject.toml does."""
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"version: {PROJECT['version']}\n" in text
    assert f"license: {PROJECT['license']}\n" in text
    page = (ROOT / "docs" / "citing.md").read_text(encoding="utf-8")
    assert f"version = {{{PROJECT['version']}}}" in page
    assert f"license = {{{PROJECT['license']}}}" in page


@pytest.mark.parametrize("path", ["docs/plugins.md", "examples/plugin/pyproject.toml"])
def test_plugins_depend_on_the_distribution(path: str) -> None:
    """And not on the other project."""
    (needed,) = re.findall(r"^dependencies = (.*)$", (ROOT / path).read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert needed == f'["{DISTRIBUTION}"]'


def test_the_changelog_names_this_version() -> None:
    """Below what is not released yet, it begins with it."""
    versions = re.findall(
        r"^## (\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    assert versions[0] == PROJECT["version"]


def test_there_are_lines_to_check() -> None:
    """The pattern finds them."""
    assert len(LINES) >= 10


def test_messages_name_extras_that_there_are() -> None:
    """Every call of `install` in the package."""
    named = {
        name
        for path in FILES
        if path.suffix == ".py"
        for name in re.findall(r"\binstall\([\'\"](\w+)[\'\"]\)", path.read_text(encoding="utf-8"))
    }
    assert {"qd", "rl", "ray", "frame", "hub", "parquet", "testing", "peers"} == named
    assert named <= {*EXTRAS}
    assert {"tensorboard", "mlflow", "wandb"} <= {*EXTRAS}


def test_a_message_works_in_every_shell() -> None:
    """Brackets are quoted."""
    assert install("qd") == 'pip install ".[qd]" in a checkout, or pip install "neuroevo-torch[qd]"'


def test_every_requirement_has_a_lowest_version() -> None:
    """Without one, `tox -e lowest` would install the first release of all."""
    wanted = [
        *PROJECT["dependencies"],
        *(one for each in EXTRAS.values() for one in each if each is not EXTRAS["peers"]),
    ]
    assert [one for one in wanted if ">=" not in one] == []


def test_all_is_every_extra_but_the_peers() -> None:
    """A new extra is added to it."""
    others = {one for name, each in EXTRAS.items() if name not in ("all", "peers") for one in each}
    assert {*EXTRAS["all"]} == others
