"""The pictures of README: learning curves and a gene tree of a comparison.

Usage: neuroevo bench --out RUN && python docs/draw.py RUN docs/pictures
"""

import sys
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

from neuroevo.benchmarks import Result, read_result
from neuroevo.plots import plot_gene_tree, plot_learning_curves

STRATEGY, SEED = "gtl-paper", 0
"""Whose gene tree is drawn: its generations are the largest."""


def learning_curves(result: Result) -> Figure:
    """Draw all strategies, with their names beside the axes."""
    figure = Figure(figsize=(8, 3.4), layout="constrained")
    axes = plot_learning_curves(result, axes=figure.subplots())
    axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False)
    return figure


def gene_tree(result: Result) -> Figure:
    """Draw the lineages of one cell."""
    cell = {"kind": "generation", "strategy": STRATEGY, "seed": SEED}
    records = [one for one in result.records if cell.items() <= one.items()]
    figure = Figure(figsize=(8, 3), layout="constrained")
    plot_gene_tree(records, axes=figure.subplots())
    return figure


def draw(run: Path, folder: Path) -> None:
    """Write the pictures; equal runs give equal files."""
    result = read_result(run)
    folder.mkdir(parents=True, exist_ok=True)
    with rc_context({"svg.hashsalt": "neuroevo"}):
        for name, picture in (("learning-curves", learning_curves), ("gene-tree", gene_tree)):
            picture(result).savefig(folder / f"{name}.svg", metadata={"Date": None})


if __name__ == "__main__":
    draw(*map(Path, sys.argv[1:]))
