"""Pictures of the pages: each is shown somewhere, and described for those who can't see it."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PICTURES = sorted(path for path in DOCS.rglob("*") if path.suffix in (".svg", ".png"))
SHOWN = {
    (page.parent / target).resolve(): text
    for page in (DOCS.parent / "README.md", *sorted(DOCS.rglob("*.md")))
    for text, target in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
}


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.name)
def test_every_picture_is_shown_and_described(picture: Path) -> None:
    """A page shows it, with a text of several words."""
    assert len(SHOWN[picture.resolve()].split()) >= 4


@pytest.mark.parametrize("picture", SHOWN, ids=lambda path: path.name)
def test_every_picture_that_is_shown_exists(picture: Path) -> None:
    """No page shows a picture that is not there."""
    assert picture.is_file()


@pytest.mark.parametrize("name", ["learngene", "life-cycle", "parts"])
def test_drawings_can_be_read_on_light_and_dark_pages(name: str) -> None:
    """A drawing has a background of its own, colours for both schemes, and a title."""
    text = (DOCS / "pictures" / f"{name}.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    tags = [element.tag.rpartition("}")[2] for element in root]
    assert {"title", "rect"} <= set(tags)
    assert "prefers-color-scheme: dark" in text
