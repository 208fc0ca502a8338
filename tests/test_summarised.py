"""Objects on one line and in notebooks."""

import html
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from neuroevo import GTL, evolve, glyphs
from neuroevo.benchmarks import Result, read_result
from neuroevo.genome import Genome
from neuroevo.problems.function import RASTRIGIN
from neuroevo.problems.graphs import xor
from neuroevo.strategies import NEAT, SNES
from neuroevo.summarised import Summarised


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory, toys: ModuleType) -> dict[str, Any]:
    """Return one object of each kind by the words that stand in its line."""
    folder = tmp_path_factory.mktemp("run")
    strategy = SNES(RASTRIGIN(3), seed=5)
    (generation,) = evolve(strategy, 1, run_dir=folder)
    learngene = toys.learngene(toys.CONVNET)
    return {
        "<Learngene: backbone=convnet4, parameters=": learngene,
        "<GTL: seed=0, population=6, generations=0,": GTL(toys.dataset(), toys.MLP_BACKBONE, population=6),
        "<NEAT: ": NEAT(xor()),
        "<SNES: seed=5": strategy,
        "<Generation: number=0, individuals=": generation,
        "<Genome: genes=3, blocks=1, strategy=snes": Genome.of(strategy.result(), strategy.space, strategy="snes"),
        "<Dataset: name=glyphs, shape=(1, 28, 28), ancestry=": glyphs(),
        "<Result: path=": read_result(folder),
    }


def test_each_is_one_short_line(objects: dict[str, Any]) -> None:
    """It begins with the class and holds no numbers of tensors."""
    for words, one in objects.items():
        assert repr(one).startswith(words)
        assert "\n" not in repr(one)
        assert "tensor" not in repr(one)
        assert len(repr(one)) < 300


def test_notebooks_show_a_table(objects: dict[str, Any]) -> None:
    """All tags are closed, and what the line says is there."""
    for one in objects.values():
        page = one._repr_html_()
        for tag in {*re.findall(r"<(\w+)", page)}:
            assert len(re.findall(rf"<{tag}\b", page)) == page.count(f"</{tag}>")
        text = html.unescape(re.sub(r"<[^>]+>", "", page))
        names = ["strategy", "SNES", "generation"] if isinstance(one, Result) else [*one._summary()]
        assert all(name in text for name in names)


def test_a_result_is_shown_once_in_a_notebook(objects: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where rich finds a notebook it displays what it prints, besides the table that is returned."""
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    shown: list[object] = []
    monkeypatch.setattr("rich.jupyter.display", lambda *given: shown.append(given))
    assert "<pre" in objects["<Result: path="]._repr_html_()
    assert not shown


def test_a_strategy_that_is_not_made_yet_shows_itself() -> None:
    """Errors of constructors are shown with it."""
    assert repr(SNES.__new__(SNES, RASTRIGIN(3), seed=7)) == "<SNES: seed=7>"


class Odd(Summarised):
    """Shows text from a file."""

    def _summary(self) -> dict[str, str]:
        return {"name": "<script>alert(1)</script>"}


def test_text_is_no_markup() -> None:
    """What comes from files is shown as text."""
    assert "<script>" not in Odd()._repr_html_()


def test_frames_hold_everything(tmp_path: Path) -> None:
    """A row for each generation and each individual, under the names of the loggers."""
    pytest.importorskip("pandas")
    generations = [*evolve(SNES(RASTRIGIN(3), population=4), 3, run_dir=tmp_path)]
    frames = read_result(tmp_path).frames()
    assert frames.generations["best_fitness"].tolist() == [one.best.fitness.values[0] for one in generations]
    assert frames.generations["mean_fitness"].tolist() == [one.mean for one in generations]
    assert frames.generations["evaluations"].tolist() == [4, 8, 12]
    assert frames.individuals["id"].tolist() == [one.id for each in generations for one in each.population]
    assert len(frames.descendants) == 0
