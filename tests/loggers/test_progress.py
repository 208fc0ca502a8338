"""Printed generations."""

import pytest

from neuroevo import evolve
from neuroevo.loggers import Progress
from neuroevo.problems.function import RASTRIGIN
from neuroevo.strategies import SNES


def test_a_line_for_each_generation(capsys: pytest.CaptureFixture[str]) -> None:
    """Columns stand under their names."""
    for _ in evolve(SNES(RASTRIGIN(3)), 3, callbacks=[Progress()]):
        pass
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["generation", "best", "mean", "std", "evaluations", "seconds"]
    assert [line.split()[0] for line in lines[1:]] == ["1", "2", "3"]
    assert len({len(line) for line in lines}) == 1


def test_some_generations_and_columns() -> None:
    """Every second generation, and names of scalars."""
    lines: list[str] = []
    printing = Progress(2, columns=("diversity", "no such"), write=lines.append)
    for _ in evolve(SNES(RASTRIGIN(3)), 4, callbacks=[printing]):
        pass
    assert lines[0].split() == ["generation", "diversity"]
    assert [line.split()[0] for line in lines[1:]] == ["1", "3"]


def test_every_must_be_positive() -> None:
    """It is said in a sentence."""
    with pytest.raises(ValueError, match="every must be at least 1, but it is 0"):
        Progress(0)
