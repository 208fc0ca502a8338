"""The tutorials: notebooks that were run before they were committed, and that still run."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "tutorials"
NOTEBOOKS = {path.stem: path for path in sorted(FOLDER.glob("*.ipynb"))}


def cells(name: str, kind: str) -> list[dict[str, Any]]:
    """Return the cells of a kind, `code` or `markdown`."""
    notebook = json.loads(NOTEBOOKS[name].read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


def test_all_tutorials_are_there() -> None:
    """The pattern above finds them."""
    assert set(NOTEBOOKS) == {
        "custom-strategy",
        "fair-comparison",
        "first-learngene",
        "gymnasium-policy",
        "own-images",
        "ray-cluster",
        "test-an-operator",
    }


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_notebook_is_committed_with_its_outputs(name: str) -> None:
    """All cells were run, in order and without an error, and no path of a machine is left in them."""
    code = cells(name, "code")
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell["outputs"]]
    assert {output["output_type"] for output in outputs} <= {"stream", "display_data", "execute_result"}
    assert "stderr" not in {output.get("name") for output in outputs}
    assert not re.search(r"/(?:tmp|home|root|work)/", NOTEBOOKS[name].read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_notebook_tells_a_story(name: str) -> None:
    """It begins with a title, shows its result as a picture or a table, and says what to try next."""
    texts = ["".join(cell["source"]) for cell in cells(name, "markdown")]
    shown = [kind for cell in cells(name, "code") for output in cell["outputs"] for kind in output.get("data", {})]
    assert texts[0].startswith("# ")
    assert {"image/png", "text/html"} & set(shown)
    assert "Try next" in texts[-1]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_notebook_uses_public_names_only(name: str) -> None:
    """No module or attribute whose name begins with an underscore."""
    source = "\n".join("".join(cell["source"]) for cell in cells(name, "code"))
    assert not re.search(r"\bneuroevo[\w.]*\._|\bimport _|\w\._[a-z]", source)


@pytest.mark.slow
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_notebook_runs(name: str, tmp_path: Path) -> None:
    """From the first cell to the last, in an empty folder."""
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    notebook = nbformat.read(NOTEBOOKS[name], as_version=4)
    nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
