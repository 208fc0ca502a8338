"""The functions of `neuroevo.plots` under their former name."""

from neuroevo.plots import plot_archive, plot_fitness, plot_front, plot_gene_tree, plot_learning_curves

__all__ = ["plot_archive", "plot_fitness", "plot_front", "plot_gene_tree", "plot_learning_curves"]
