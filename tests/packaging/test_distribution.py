"""What is installed: every file of the source folders, nothing else, under one name."""

import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
# Source folder -> where it is installed.
FOLDERS = {
    "neuroevo": PurePosixPath("neuroevo"),
    "operators": PurePosixPath("neuroevo/operators"),
    "benchmarks": PurePosixPath("neuroevo/benchmarks"),
}


def _source_files() -> set[PurePosixPath]:
    return {
        home / path.relative_to(ROOT / folder).as_posix()
        for folder, home in FOLDERS.items()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }


@pytest.fixture
def installed() -> set[PurePosixPath]:
    """The files of the installed wheel, without metadata, scripts and byte code."""
    try:
        distribution = metadata.distribution("neuroevo")
    except metadata.PackageNotFoundError:
        pytest.skip("neuroevo is not installed")
    files = {PurePosixPath(file) for file in distribution.files or ()}
    if PurePosixPath("neuroevo/__init__.py") not in files or not distribution.read_text("WHEEL"):
        pytest.skip("neuroevo is installed, but not from a wheel that holds its files")
    return {
        file
        for file in files
        if not file.parts[0].endswith(".dist-info") and ".." not in file.parts and file.suffix != ".pyc"
    }


def test_every_package_is_listed() -> None:
    """The packages in pyproject.toml are the folders that have an __init__.py."""
    found = {".".join(file.parent.parts) for file in _source_files() if file.name == "__init__.py"}
    assert found == set(PROJECT["tool"]["setuptools"]["packages"])


def test_every_module_lies_in_a_package() -> None:
    """No folder with modules lacks its __init__.py."""
    files = _source_files()
    folders = {file.parent for file in files if file.suffix == ".py"}
    assert {folder for folder in folders if folder / "__init__.py" not in files} == set()


def test_installed_files_are_the_sources(installed: set[PurePosixPath]) -> None:
    """The wheel holds every file of the source folders, data included, and none that is gone."""
    assert installed == _source_files()


def test_one_top_level_name(installed: set[PurePosixPath]) -> None:
    """The wheel installs nothing beside `neuroevo`."""
    assert {file.parts[0] for file in installed} == {"neuroevo"}


def test_mapped_folders_have_one_name() -> None:
    """Importing the mapped folders makes no module named `operators` or `benchmarks`."""
    code = (
        "import neuroevo.operators, neuroevo.benchmarks, sys;"
        "sys.exit(bool({'operators', 'benchmarks'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
