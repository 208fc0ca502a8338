"""`--log`: the loggers of a run, or of each cell of a comparison."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from neuroevo.benchmarks.analysis.evolution import NO_RESULT, GenerationRow, generations
from neuroevo.evolution import Generation
from neuroevo.extras import install
from neuroevo.files import write_atomically
from neuroevo.loggers import CSVLogger, Logger, MLflowLogger, TensorBoardLogger, WandbLogger
from neuroevo.runs.names import LOGS

PICTURE = "scores"
IDS = "ids.json"
"""The runs of programs that number theirs, to be continued."""
PROJECT = "neuroevo"


def check_logs(names: Sequence[str]) -> None:
    """Check that the packages of loggers are installed.

    Raises:
        click.UsageError: One is not.
    """
    for name in names:
        if name != "csv" and find_spec(name) is None:
            raise click.UsageError(f"--log {name} needs the package {name}: {install(name)}.")


class Logs:
    """The loggers that `--log` names, for one run after the other.

    Args:
        names: Names of loggers.
        folder: The run directory.
        settings: The settings of all runs.
    """

    def __init__(self, names: Sequence[str], folder: Path, settings: Mapping[str, Any]) -> None:
        self.names, self.folder = names, folder / LOGS
        self.settings = {name: value for name, value in settings.items() if value is not None and name not in NO_RESULT}
        self.loggers: list[Logger] = []
        self.rows: list[GenerationRow] = []
        self.run = ""
        if names:
            self.folder.mkdir(exist_ok=True)

    @classmethod
    @contextmanager
    def opened(cls, names: Sequence[str], folder: Path, settings: Mapping[str, Any]) -> Iterator[Logs]:
        """Return the loggers, and close those of the last run at the end."""
        logs = cls(names, folder, settings)
        try:
            yield logs
        finally:
            logs.finish()

    def log(self, strategy: str, seed: int, generation: Generation, **facts: Any) -> None:
        """Log a generation of a run, which begins with its first one and ends with another run's.

        Args:
            strategy: Name of the strategy.
            seed: Its seed.
            generation: The generation.
            facts: What else distinguishes the run: the problem.
        """
        if not self.names:
            return
        run = "-".join([*map(str, facts.values()), strategy, f"seed{seed}"])
        if run != self.run:
            self.finish()
            self.run, settings = run, {**self.settings, "strategy": strategy, "seed": seed, **facts}
            self.loggers = [OPEN[name](self.folder, run, settings) for name in self.names]
        for logger in self.loggers:
            logger(generation)
        self.rows += generations([generation.record()], strategy=strategy, seed=seed)

    def finish(self) -> None:
        """Log the picture of a run, and close its loggers."""
        if self.rows:
            # Only here is matplotlib needed.
            from neuroevo.benchmarks.report.plots.generations import draw_generations

            figure = draw_generations({self.rows[0].strategy: self.rows}, title=self.run)
            for logger in self.loggers:
                logger.log_figure(PICTURE, figure)
                logger.close()
        self.loggers, self.rows, self.run = [], [], ""


def _open_csv(folder: Path, run: str, settings: Mapping[str, Any]) -> Logger:
    return CSVLogger(folder / "csv" / run, hyperparameters=settings)


def _open_tensorboard(folder: Path, run: str, settings: Mapping[str, Any]) -> Logger:
    return TensorBoardLogger(folder / "tensorboard" / run, hyperparameters=settings)


def _open_mlflow(folder: Path, run: str, settings: Mapping[str, Any]) -> Logger:
    """Log to the server that MLflow's own variable names, or to a data base in the run directory."""
    server = os.environ.get("MLFLOW_TRACKING_URI")
    artifacts = None if server else (folder / "mlflow").as_uri()
    known = _ids(folder).get(f"mlflow/{run}")
    # It says how it makes its tables.
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logger = MLflowLogger(
        server or f"sqlite:///{folder / 'mlflow.db'}",
        experiment=PROJECT,
        name=run,
        artifacts=artifacts,
        run_id=known,
        # Those of a run can't be changed, and a run that is resumed may have another end.
        hyperparameters=settings if known is None else None,
    )
    _keep_id(folder, f"mlflow/{run}", logger.run_id)
    return logger


def _open_wandb(folder: Path, run: str, settings: Mapping[str, Any]) -> Logger:
    """Write files for `wandb sync`, unless Weights & Biases' own variable says that they are sent."""
    known = _ids(folder).get(f"wandb/{run}")
    mode: Any = os.environ.get("WANDB_MODE", "offline")
    logger = WandbLogger(folder, project=PROJECT, name=run, run_id=known, mode=mode, hyperparameters=settings)
    _keep_id(folder, f"wandb/{run}", logger.run_id)
    return logger


OPEN: Mapping[str, Callable[[Path, str, Mapping[str, Any]], Logger]] = {
    "csv": _open_csv,
    "tensorboard": _open_tensorboard,
    "mlflow": _open_mlflow,
    "wandb": _open_wandb,
}
"""By name what opens a logger in the folder, for the run of a name with its settings."""


def _ids(folder: Path) -> dict[str, str]:
    path = folder / IDS
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def _keep_id(folder: Path, name: str, number: str) -> None:
    write_atomically(folder / IDS, json.dumps({**_ids(folder), name: number}, indent=1).encode())
