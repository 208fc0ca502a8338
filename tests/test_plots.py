"""Pictures on axes of one's own."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from neuroevo import evolve
from neuroevo.benchmarks import Result, read_result
from neuroevo.plots import plot_archive, plot_fitness, plot_front, plot_gene_tree, plot_learning_curves
from neuroevo.problems.function import ARM, RASTRIGIN, ZDT1
from neuroevo.strategies import NSGA2, Genetic, MAPElites


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Return a run of three generations."""
    folder = tmp_path_factory.mktemp("run")
    for _ in evolve(Genetic(RASTRIGIN(3), population=6), 3, run_dir=folder):
        pass
    return read_result(folder)


def test_fitness_is_drawn_on_the_axes_that_are_given(run: Result) -> None:
    """A line for the best and one for the mean, from the run directory as well."""
    axes = Figure().subplots()
    assert plot_fitness(run.path, axes=axes) is axes
    best, mean = axes.lines
    assert list(best.get_xdata()) == [1, 2, 3]
    assert list(best.get_ydata()) == [row.best for row in run.generations]
    assert list(mean.get_ydata()) == [row.mean for row in run.generations]


def test_a_new_figure_can_be_saved(run: Result, tmp_path: Path) -> None:
    """Without axes there is one."""
    plot_fitness(run).figure.savefig(tmp_path / "fitness.png")
    assert (tmp_path / "fitness.png").stat().st_size > 1000


def test_a_gene_tree_has_a_dot_for_each_individual(run: Result) -> None:
    """Those of all generations, and lines between them."""
    axes = plot_gene_tree(run.records)
    marks = [line for line in axes.lines if line.get_marker() in ("o", "s")]
    assert len(marks) == sum(len(one["individuals"]) for one in run.records)
    assert len(axes.lines) > len(marks)


def test_the_best_stands_on_top_also_where_it_is_the_least(run: Result) -> None:
    """The dots of the last generation lie in the order of their fitness, which is minimised."""
    axes = plot_gene_tree(run.records)
    last = run.records[-1]
    order = sorted(last["individuals"], key=lambda one: (one["fitness"][0], one["id"]))
    rows = {int(text.get_text()): text.get_position()[1] for text in axes.texts if text.get_position()[0] == 2}
    assert [rows[one["id"]] for one in order] == [*range(len(order))]


def test_the_front_is_what_no_other_dominates() -> None:
    """All individuals are dots, those of the front are joined."""
    search = NSGA2(ZDT1(3), population=12)
    *_, last = evolve(search, 2)
    axes = plot_front(last.population)
    front = {tuple(point) for point in np.column_stack(axes.lines[0].get_data()).tolist()}
    values = [one.fitness.values for one in last.population]
    assert front == {one for one in values if not any(all(np.array(two) <= one) and two != one for two in values)}
    assert len(axes.collections[0].get_offsets()) == 12


def test_an_archive_has_a_colour_for_each_elite() -> None:
    """Cells without an elite are empty."""
    pytest.importorskip("ribs")
    search = MAPElites(ARM(4), population=20, cells=5)
    for _ in evolve(search, 2):
        pass
    axes = plot_archive(search)
    drawn = axes.collections[0].get_array()
    assert drawn.size == 25
    assert drawn.count() == len(search.individuals)


def test_notebooks_show_a_figure() -> None:
    """As PNG, of the axes that are made here."""
    search = NSGA2(ZDT1(3), population=4)
    (generation,) = evolve(search, 1)
    assert plot_front(generation.population).figure._repr_png_().startswith(b"\x89PNG")


def test_what_can_not_be_drawn_is_refused(run: Result) -> None:
    """In a sentence."""
    with pytest.raises(ValueError, match="part must be one of"):
        plot_learning_curves(run)
    with pytest.raises(ValueError, match="must be scored by two objectives at least"):
        plot_front([])
