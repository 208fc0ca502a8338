"""Model cards: the Hub reads their YAML, their example runs, and notes can't break them."""

import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.cards import card
from neuroevo.genome import Genome
from neuroevo.learngene import Learngene

NOTES = {
    "strategy": "gtl",
    "dataset": "glyphs",
    "classes": {"ancestry": ["A", "|", "`"], "held_out": ["</details>"]},
    "budget": {"gradient_steps": 12_000, "evaluations": 3},
    "score": 0.6759999990463257,
    "lineage": [3, 1, 0],
    "settings": {"share": 0.2},
}


@pytest.fixture
def learngene(toys: ModuleType) -> Learngene:
    """Return a learngene with notes of all kinds."""
    found: Learngene = toys.learngene(toys.CONVNET).with_notes(**NOTES)
    return found


def front_matter(text: str) -> dict[str, Any]:
    """Return the fields before the Markdown, whose values are JSON."""
    _, lines, _ = text.split("---\n", 2)
    return {name: json.loads(value) for name, _, value in (line.partition(": ") for line in lines.splitlines())}


def test_a_learngene_says_where_it_comes_from(learngene: Learngene) -> None:
    """Data, classes, budget, score, lineage, settings and licence; data are linked by the Hub's own names alone."""
    text = learngene.card("me/mine", license="CC-BY-4.0")
    assert front_matter(text) == {
        "library_name": "neuroevo",
        "tags": ["neuroevo", "neuroevolution", "learngene", "convnet4", "gtl"],
        "license": "cc-by-4.0",
    }
    shared = learngene.with_notes(dataset="me/photos").card("me/mine")
    assert front_matter(shared)["datasets"] == ["me/photos"]
    rows = dict(re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", text, flags=re.MULTILINE))
    assert rows["dataset"] == "glyphs"
    assert rows["budget"] == "gradient steps 12,000, evaluations 3"
    assert rows["score that it was chosen by"] == "0.676"
    assert rows["lineage"] == "3, 1, 0"
    assert rows["classes (ancestry)"] == "3"
    assert rows["license"] == "CC-BY-4.0"
    classes, settings = (json.loads(one) for one in re.findall(r"```json\n(.*?)\n```", text, flags=re.DOTALL)[::-1])
    assert (classes, settings) == (NOTES["classes"], NOTES["settings"])
    assert f"{learngene.parameters} parameters" in text


def test_the_licence_travels_in_the_file(learngene: Learngene) -> None:
    """As a note; an argument goes before it, and without both the card says that there is none."""
    noted = Learngene.from_bytes(learngene.with_notes(license="mit").to_bytes())
    assert front_matter(noted.card("me/mine"))["license"] == "mit"
    assert front_matter(noted.card("me/mine", license="cc0-1.0"))["license"] == "cc0-1.0"
    assert "license" not in front_matter(learngene.card("me/mine"))
    assert "No licence is given" in learngene.card("me/mine")


def test_without_notes() -> None:
    """What is not known is not said."""
    text = Genome({"w": torch.zeros(3)}).card("me/mine")
    assert "3 genes" in text
    assert "no notes" in text


@given(
    st.dictionaries(
        st.sampled_from(["strategy", "dataset", "settings", "classes", "license", "x|y"]),
        st.text() | st.floats() | st.dictionaries(st.text(), st.lists(st.text(max_size=3), max_size=2), max_size=2),
    )
)
def test_notes_break_neither_the_table_nor_the_folds(notes: dict[str, Any]) -> None:
    """Whatever text they hold: the YAML has its fields, rows two cells, fences and folds their ends."""
    notes |= {"classes": {}} if not isinstance(notes.get("classes"), dict) else {}
    text = card("me/mine", "About.", "code", tags=["a"], notes=notes)
    assert {"library_name", "tags"} <= front_matter(text).keys() <= {"library_name", "tags", "license", "datasets"}
    table = text.partition("comes from\n\n")[2].partition("\n\n")[0].splitlines()
    assert all(row.count("|") == 3 for row in table if row.startswith("|"))
    assert len([line for line in text.splitlines() if line.startswith("```")]) % 2 == 0
    assert (
        text.count("<details>") == text.count("</details>") == len([x for x in ("settings", "classes") if notes.get(x)])
    )


@pytest.mark.slow
def test_the_hubs_own_reader_and_the_example(learngene: Learngene, tmp_path: Path) -> None:
    """`huggingface_hub` reads the fields, and the example runs as it stands."""
    hub = pytest.importorskip("huggingface_hub")
    learngene.save_pretrained(tmp_path / "me" / "mine")
    genome = Genome({"w": torch.zeros(3)}, {"strategy": "snes", "problem": "sphere", "license": "mit"})
    genome.save_pretrained(tmp_path / "me" / "mine")
    for one in (learngene, genome):
        text = one.card("me/mine")
        data = hub.ModelCard(text).data
        assert (data.library_name, data.license) == ("neuroevo", one.notes.get("license"))
        assert data.tags == front_matter(text)["tags"]
        (code,) = re.findall(r"```python\n(.*?)\n```", text, flags=re.DOTALL)
        subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=tmp_path, check=True)
