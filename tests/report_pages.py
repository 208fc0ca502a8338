"""Pages of reports, read back into elements, and the accuracies that they are made of."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"img", "link", "meta"}
ENDS = {"scratch": (0.2, 0.3, 0.25), "gtl": (0.4, 0.45, 0.46), "finetune": (0.7, 0.75, 0.78)}
SHARES = {"finetune": 1.0}


@dataclass
class Element:
    """An element of a page."""

    tag: str
    attributes: dict[str, str | None]
    children: list["Element"] = field(default_factory=list)
    data: list[str] = field(default_factory=list)

    def all(self, tag: str) -> Iterator["Element"]:
        """Yield the elements of a kind in here, in their order."""
        for child in self.children:
            if child.tag == tag:
                yield child
            yield from child.all(tag)

    @property
    def text(self) -> str:
        """The text in here on one line, style and script left out."""
        return " ".join(" ".join(self.data).split())


class Parser(HTMLParser):
    """Reads a page into elements and refuses tags that are not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Element("", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        element = Element(tag, dict(attrs))
        assert len(element.attributes) == len(attrs)
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element, which must be of this kind."""
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        """Add text to all open elements, but style and script to their own only."""
        for element in self.open:
            if self.open[-1].tag not in ("style", "script") or element is self.open[-1]:
                element.data.append(data)


def parsed(page: str) -> Element:
    """Return the page's root."""
    parser = Parser()
    parser.feed(page)
    parser.close()
    assert parser.open == [parser.root]
    return parser.root


def cells(table: Element) -> list[list[str]]:
    """Return the texts of a table's rows, headings first."""
    return [[cell.text for cell in row.children] for row in table.all("tr")]


def tables(page: Element) -> dict[str, Element]:
    """Return the page's tables by their captions."""
    return {next(table.all("caption")).text: table for table in page.all("table")}


def words(page: Element) -> list[dict[str, str]]:
    """Return the lists of definitions of a page: of strategies, and of terms."""
    lists = [one for one in page.all("dl") if one.attributes.get("class") == "words"]
    return [{name.text: text.text for name, text in zip(one.all("dt"), one.all("dd"), strict=True)} for one in lists]
