"""Pages of the site that stand in the root of the repository: the home page is README."""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
PAGES = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
WIDE = "---\nhide: [toc]\n---\n\n"
"""Gives the table of README the width of a terminal."""
LINK = re.compile(r"(?<=\]\()(docs/)?([\w/.-]+)(?=[#)])")


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add them, with their links as they are seen from docs/."""
    for source, page in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        head = WIDE if page == "index.md" else ""
        files.append(File.generated(config, page, content=head + LINK.sub(_seen_from_docs, text)))


def _seen_from_docs(link: re.Match[str]) -> str:
    return link[2] if link[1] else PAGES.get(link[2], link[2])
