"""`--log`: numbers of generations while a run runs."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from neuroevo.cli.logs import Logs

Program = Callable[..., Any]
SMALL = ("--problem", "sphere", "--dimensions", 3)


def generations(path: Path) -> list[int]:
    """Return the generations in a table."""
    with path.open(newline="", encoding="utf-8") as file:
        return [int(row["generation"]) for row in csv.DictReader(file)]


def test_a_search_is_logged_and_continued(neuroevo: Program, tmp_path: Path) -> None:
    """The folder of the run has a table, settings and a picture; resuming continues the table."""
    out = tmp_path / "run"
    assert neuroevo("evolve", "snes", *SMALL, "--generations", 2, "--log", "csv", "--out", out).code == 0
    table = out / "logs" / "csv" / "sphere-snes-seed0" / "scalars.csv"
    assert generations(table) == [0, 1]
    assert neuroevo("evolve", "--resume", out, "--generations", 4).code == 0
    assert generations(table) == [0, 1, 2, 3]
    settings = json.loads((table.parent / "hyperparameters.json").read_text(encoding="utf-8"))
    assert (settings["strategy"], settings["problem"], settings["dimensions"]) == ("snes", "sphere", 3)
    assert (table.parent / "scores.png").stat().st_size > 1000


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_every_logger_continues_a_run_that_is_resumed(
    neuroevo: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With another end than it began with: MLflow lets no parameter of a run be changed."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    out = tmp_path / "run"
    flags = ("--evaluations", 20, "--log", "mlflow,wandb,tensorboard")
    assert neuroevo("evolve", "snes", *SMALL, *flags, "--out", out).code == 0
    before = (out / "logs" / "ids.json").read_bytes()
    call = neuroevo("evolve", "--resume", out, "--evaluations", 40)
    assert call.code == 0, call.err
    assert (out / "logs" / "ids.json").read_bytes() == before


def test_cells_of_a_comparison_are_logged(neuroevo: Program, tmp_path: Path) -> None:
    """Each search has a folder of its own."""
    out = tmp_path / "run"
    flags = ("--strategies", "snes,pgpe", "--problems", "sphere", "--dimensions", 3, "--seeds", 2, "--evaluations", 30)
    assert neuroevo("bench", "optimize", *flags, "--log", "csv", "--out", out).code == 0
    names = sorted(path.name for path in (out / "logs" / "csv").iterdir())
    assert names == [f"sphere-{name}-seed{seed}" for name in ("pgpe", "snes") for seed in (0, 1)]


def test_what_came_of_a_run_is_logged_with_it(tmp_path: Path) -> None:
    """Its loggers are opened where a resumed comparison had nothing left of it but the descendants."""
    with Logs.opened(["csv"], tmp_path, {}) as logs:
        for name in ("gtl", "scratch"):
            logs.log_curves(name, 1, {"accuracy": {0: 0.1, 5: 0.5}}, over="updates")
    for name in ("gtl", "scratch"):
        table = tmp_path / "logs" / "csv" / f"{name}-seed1" / "accuracy.csv"
        assert table.read_text(encoding="utf-8").split() == ["updates,accuracy", "0,0.1", "5,0.5"]


def test_nothing_is_logged_unless_asked(neuroevo: Program, tmp_path: Path) -> None:
    """There is no such folder."""
    assert neuroevo("evolve", "snes", *SMALL, "--generations", 1, "--out", tmp_path / "run").code == 0
    assert not (tmp_path / "run" / "logs").exists()


def test_unknown_loggers_are_refused(neuroevo: Program, tmp_path: Path) -> None:
    """The known names are listed, and no folder is made."""
    call = neuroevo("evolve", "snes", *SMALL, "--log", "csv,excel", "--out", tmp_path / "run")
    assert call.code == 2
    assert "--log must be some of csv, tensorboard, mlflow, wandb" in call.err
    assert not (tmp_path / "run").exists()


def test_a_missing_package_is_named(neuroevo: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before any folder is made."""
    monkeypatch.setattr("neuroevo.cli.logs.find_spec", lambda name: None)
    call = neuroevo("evolve", "snes", *SMALL, "--log", "tensorboard", "--out", tmp_path / "run")
    assert call.code == 2
    assert '--log tensorboard needs the package tensorboard: pip install ".[tensorboard]" in a checkout' in call.err
    assert not (tmp_path / "run").exists()
