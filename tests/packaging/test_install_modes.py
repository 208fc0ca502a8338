"""Every way of installing the package finds the folders that lie beside it in a checkout."""

import os
import shutil
import subprocess
import sys
import venv
from importlib import metadata
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
DECOY = "raise ImportError('a folder of the user was imported')\n"
IMPORT = (
    "import neuroevo.operators, neuroevo.benchmarks, sys;"
    "print(neuroevo.__file__, neuroevo.operators.__file__, neuroevo.benchmarks.__file__);"
    "sys.exit(bool({'operators', 'benchmarks'} & sys.modules.keys()))"
)


@pytest.fixture(scope="module")
def dependencies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with everything that is importable here, except neuroevo: PyTorch is not copied."""
    folder = tmp_path_factory.mktemp("dependencies")
    for distribution in ("pip", "setuptools", "torch"):
        for entry in Path(str(metadata.distribution(distribution).locate_file(""))).iterdir():
            link = folder / entry.name
            if not (link.exists() or "neuroevo" in entry.name or entry.suffix == ".pth"):
                link.symlink_to(entry)
    return folder


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the project: builds leave files in the folder that they run in."""
    skipped = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist")
    return Path(shutil.copytree(ROOT, tmp_path / "checkout", ignore=skipped))


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A user's working directory, with folders of the same names."""
    for name in ("operators", "benchmarks"):
        (tmp_path / "elsewhere" / name).mkdir(parents=True)
        (tmp_path / "elsewhere" / name / "__init__.py").write_text(DECOY)
    return tmp_path / "elsewhere"


class Machine:
    """A virtual environment that holds nothing but what is installed into it."""

    def __init__(self, folder: Path, dependencies: Path) -> None:
        venv.create(folder, symlinks=True)
        self.python = folder / "bin" / "python"
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")} | {
            "PYTHONPATH": str(dependencies)
        }

    def run(self, *arguments: str, cwd: Path) -> str:
        """Run Python, fail with what it wrote if it fails, and return what it printed."""
        command = [str(self.python), *arguments]
        ran = subprocess.run(command, cwd=cwd, env=self.environment, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    def install(self, *arguments: str, cwd: Path) -> None:
        """Install with pip from what is on this machine."""
        here = ("--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check")
        self.run("-m", "pip", "install", "--quiet", *here, *arguments, cwd=cwd)


@pytest.fixture
def machine(tmp_path: Path, dependencies: Path) -> Machine:
    """A fresh virtual environment."""
    return Machine(tmp_path / "venv", dependencies)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["."], id="wheel"),
        pytest.param(["--editable", "."], id="editable"),
        pytest.param(["--editable", ".", "--config-settings=editable_mode=strict"], id="strict"),
        pytest.param(["--editable", ".", "--config-settings=editable_mode=compat"], id="compat"),
    ],
)
def test_installed(arguments: list[str], machine: Machine, checkout: Path, elsewhere: Path) -> None:
    """An installed package finds its own folders from anywhere, the checkout included."""
    machine.install(*arguments, cwd=checkout)
    for folder in (elsewhere, checkout):
        files = machine.run("-c", IMPORT, cwd=folder).split()
        assert len(files) == 3
        assert not any(Path(file).is_relative_to(elsewhere) for file in files)
        machine.run("-m", "neuroevo", "--help", cwd=folder)


def test_not_installed(machine: Machine, checkout: Path) -> None:
    """In a checkout that is not installed, Python finds the package and both folders."""
    files = machine.run("-c", IMPORT, cwd=checkout).split()
    assert [Path(file).parent for file in files] == [
        checkout / name for name in ("neuroevo", "operators", "benchmarks")
    ]
    machine.run("-m", "neuroevo", "--help", cwd=checkout)


def test_source_distribution(machine: Machine, checkout: Path, elsewhere: Path) -> None:
    """A wheel can be built from the source distribution, which holds the tests too."""
    build = "from setuptools.build_meta import build_sdist; print(build_sdist('dist'))"
    archive = checkout / "dist" / machine.run("-c", build, cwd=checkout).split()[-1]
    unpacked = elsewhere / archive.name.removesuffix(".tar.gz")
    shutil.unpack_archive(archive, elsewhere, filter="data")
    assert (unpacked / "tests" / "conftest.py").is_file()
    machine.install(str(unpacked), cwd=elsewhere)
    machine.run("-c", IMPORT, cwd=elsewhere)


def test_interpreter_is_not_this_one(machine: Machine) -> None:
    """The virtual environment does not see the neuroevo under test."""
    assert str(machine.python) != sys.executable
    code = "import importlib.util; print(importlib.util.find_spec('neuroevo'))"
    assert machine.run("-c", code, cwd=machine.python.parent).strip() == "None"
