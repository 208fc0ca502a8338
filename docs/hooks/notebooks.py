"""Pages of the site that are notebooks: each becomes Markdown, with the outputs that it was committed with."""

import re
from pathlib import PurePosixPath
from typing import Any

import nbformat
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from nbconvert import MarkdownExporter
from nbconvert.preprocessors import CoalesceStreamsPreprocessor


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add a page for each notebook, beside the notebook itself, which the page links to."""
    for notebook in [file for file in files if file.src_uri.endswith(".ipynb")]:
        for file in pages_of(notebook, config):
            files.append(file)


def on_page_markdown(markdown: str, **others: Any) -> str:
    """Let links to notebooks, which work in a checkout, lead to their pages."""
    del others
    return re.sub(r"(\]\([\w./-]+)\.ipynb\)", r"\1.md)", markdown)


def pages_of(notebook: File, config: MkDocsConfig) -> list[File]:
    """Return the page of a notebook and its pictures."""
    path = PurePosixPath(notebook.src_uri)
    resources = {"unique_key": path.stem, "output_files_dir": f"{path.stem}_files"}
    content = nbformat.reads(notebook.content_string, as_version=4)
    merged = CoalesceStreamsPreprocessor(enabled=True)  # lines that were printed one by one stand together
    text, found = MarkdownExporter(preprocessors=[merged]).from_notebook_node(content, resources)
    title, _, rest = text.replace("![png](", "![Output of the cell above](").partition("\n")
    page = f'{title}\n\n<a href="{path.name}" download>Download this notebook</a>.\n{rest}'
    pictures = {str(path.parent / name): data for name, data in found["outputs"].items()}
    made: dict[str, str | bytes] = {str(path.with_suffix(".md")): page, **pictures}
    return [File.generated(config, name, content=data) for name, data in made.items()]
