"""Pages for users of other libraries: our blocks run, theirs are Python, and DEAP's run too.

They are coming-from-deap.md, coming-from-evotorch.md, coming-from-pygad.md and coming-from-pyribs.md.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {path.stem.removeprefix("coming-from-"): path for path in sorted(DOCS.glob("coming-from-*.md"))}


def blocks(library: str, language: str) -> list[str]:
    """Return a page's blocks in a language: `python` for ours, `py` for theirs."""
    text = PAGES[library].read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def test_all_pages_are_there() -> None:
    """The pattern above finds them."""
    assert set(PAGES) == {"deap", "evotorch", "pygad", "pyribs"}


MARKS = {"deap": pytest.mark.deap_loops, "pyribs": pytest.mark.slow}  # pyribs compiles its emitters


@pytest.mark.parametrize("library", [pytest.param(name, marks=MARKS.get(name, ())) for name in PAGES])
def test_our_blocks_run(library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other, in this process and in an empty folder."""
    monkeypatch.chdir(tmp_path)
    with torch.random.fork_rng():  # new modules draw their weights from PyTorch's generator
        exec(compile("\n".join(blocks(library, "python")), f"{library}.md", "exec"), {"__name__": library})


@pytest.mark.parametrize("library", PAGES)
def test_each_idiom_is_shown_in_both(library: str) -> None:
    """Their blocks can be parsed, and each has one of ours beside it."""
    theirs = blocks(library, "py")
    compile("\n".join(theirs), library, "exec")
    assert 3 <= len(theirs) <= len(blocks(library, "python"))


def test_deaps_blocks_run(tmp_path: Path) -> None:
    """In a process of their own, for they make global classes and draw from global generators."""
    script = "\n".join(blocks("deap", "py"))
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, timeout=600)
