"""What a run saves in its folder for later use, wherever the folder is by now."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neuroevo.runs.names import DESCENDANT, GENOME, LEARNGENE

PRODUCTS: Mapping[str, str] = {"learngene": LEARNGENE, "genome": GENOME, "descendant": DESCENDANT}
"""Names of files by what results call them."""


def product(result: Mapping[str, Any], folder: Path) -> Path | None:
    """Return the file of a result; None if it saves none."""
    return next((folder / name for key, name in PRODUCTS.items() if key in result), None)


def located(result: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return a result with the paths of its files in a folder, which may be a copy of the run's own."""
    return {**result, **{key: str(folder / name) for key, name in PRODUCTS.items() if key in result}}
