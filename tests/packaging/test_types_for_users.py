"""Type checkers see what users write: README, guides and examples pass, and a misspelt setting does not."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import neuroevo

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        Path(neuroevo.__file__).is_relative_to(ROOT),
        reason="type checkers do not follow an editable install; `tox -e slow` tests the wheel",
    ),
]
MISSPELT = """from neuroevo import GTL, ConvNet4, glyphs
from neuroevo.problems.function import SPHERE
from neuroevo.strategies import SNES

GTL(glyphs(), ConvNet4(), populaton=2)
SNES(SPHERE(3), sgima=2.0)
GTL(glyphs(), ConvNet4(), population="two")
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the code of README and of its guides, each as one program, and with the examples."""
    folder = tmp_path_factory.mktemp("written")
    for page in ("README.md", "docs/composing.md", "docs/comparing.md"):
        blocks = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
        (folder / f"{Path(page).stem.lower()}.py").write_text("\n".join(blocks))
    for path in (ROOT / "examples").rglob("*.py"):
        (folder / f"example_{path.stem}.py").write_text(path.read_text(encoding="utf-8"))
    return folder


def check(*words: str, folder: Path) -> tuple[int, str]:
    """Run a type checker away from the checkout, and return its code and what it printed."""
    done = subprocess.run([sys.executable, "-m", *words], cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


MYPY = ("mypy", "--strict", "--python-executable", sys.executable)
PYRIGHT = ("pyright", "--pythonpath", sys.executable)


def test_mypy_accepts_them(written: Path) -> None:
    """In strict mode; DEAP ships no types."""
    files = sorted(path.name for path in written.glob("*.py"))
    (written / "mypy.ini").write_text("[mypy]\n[mypy-deap.*]\nignore_missing_imports = True\n")
    for name in files:
        code, text = check(*MYPY, "--config-file", "mypy.ini", name, folder=written)
        assert code == 0, text


def test_pyright_accepts_them(written: Path) -> None:
    """With its own settings."""
    code, text = check(*PYRIGHT, *sorted(path.name for path in written.glob("*.py")), folder=written)
    assert code == 0, text


@pytest.mark.parametrize("checker", [MYPY, PYRIGHT], ids=["mypy", "pyright"])
def test_a_misspelt_setting_is_noticed(checker: tuple[str, ...], tmp_path: Path) -> None:
    """And so is one of another type, though the settings of GTL are declared by a dataclass."""
    (tmp_path / "misspelt.py").write_text(MISSPELT)
    code, text = check(*checker, "misspelt.py", folder=tmp_path)
    assert code != 0
    for line in (5, 6, 7):
        assert f"misspelt.py:{line}" in text, text
