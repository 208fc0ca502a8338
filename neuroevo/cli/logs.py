"""`--log`: the loggers of a run, or of each cell of a comparison."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

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


class Run(NamedTuple):
    """A run that is logged.

    Attributes:
        folder: Where logs are written.
        name: Its name.
        settings: Its settings.
        metrics: The numbers by which it is compared with others.
    """

    folder: Path
    name: str
    settings: Mapping[str, Any]
    metrics: Sequence[str]


class Logs:
    """The loggers that `--log` names, for one run after the other.

    Args:
        names: Names of loggers.
        folder: The run directory.
        settings: The settings of all runs.
        metrics: The numbers by which runs are compared.
    """

    def __init__(
        self,
        names: Sequence[str],
        folder: Path,
        settings: Mapping[str, Any],
        *,
        metrics: Sequence[str] = ("best_fitness",),
    ) -> None:
        self.names, self.folder = names, folder / LOGS
        self.settings = {name: value for name, value in settings.items() if value is not None and name not in NO_RESULT}
        self.metrics = metrics
        self.loggers: list[Logger] = []
        self.rows: list[GenerationRow] = []
        self.run = ""
        if names:
            self.folder.mkdir(exist_ok=True)

    @classmethod
    @contextmanager
    def opened(
        cls,
        names: Sequence[str],
        folder: Path,
        settings: Mapping[str, Any],
        *,
        metrics: Sequence[str] = ("best_fitness",),
    ) -> Iterator[Logs]:
        """Return the loggers, and close those of the last run at the end."""
        logs = cls(names, folder, settings, metrics=metrics)
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
        for logger in self._loggers(strategy, seed, facts):
            logger(generation)
        self.rows += generations([generation.record()], strategy=strategy, seed=seed)

    def log_curves(self, strategy: str, seed: int, curves: Mapping[str, Mapping[int, float]], *, over: str) -> None:
        """Log what came of a run in curves by name, and end it.

        Args:
            strategy: Name of the strategy.
            seed: Its seed.
            curves: By name what is on them, by steps that rise.
            over: What steps count.
        """
        if not self.names:
            return
        for logger in self._loggers(strategy, seed, {}):
            for name, curve in curves.items():
                logger.log_curve(name, curve, over=over)
        self.finish()

    def _loggers(self, strategy: str, seed: int, facts: Mapping[str, Any]) -> list[Logger]:
        """Return the loggers of a run, opened if it is another one than the last."""
        name = "-".join([*map(str, facts.values()), strategy, f"seed{seed}"])
        if name != self.run:
            self.finish()
            run = Run(self.folder, name, {**self.settings, "strategy": strategy, "seed": seed, **facts}, self.metrics)
            self.run, self.loggers = name, [OPEN[kind](run) for kind in self.names]
        return self.loggers

    def finish(self) -> None:
        """Log the picture of a run, and close its loggers."""
        if self.rows:
            # Only here is matplotlib needed.
            from neuroevo.benchmarks.report.plots.generations import draw_generations

            figure = draw_generations({self.rows[0].strategy: self.rows}, title=self.run)
            for logger in self.loggers:
                logger.log_figure(PICTURE, figure)
        for logger in self.loggers:
            logger.close()
        self.loggers, self.rows, self.run = [], [], ""


def _open_csv(run: Run) -> Logger:
    return CSVLogger(run.folder / "csv" / run.name, hyperparameters=run.settings)


def _open_tensorboard(run: Run) -> Logger:
    folder = run.folder / "tensorboard" / run.name
    return TensorBoardLogger(folder, hyperparameters=run.settings, metrics=run.metrics)


def _open_mlflow(run: Run) -> Logger:
    """Log to the server that MLflow's own variable names, or to a data base in the run directory."""
    server = os.environ.get("MLFLOW_TRACKING_URI")
    artifacts = None if server else (run.folder / "mlflow").as_uri()
    known = _ids(run.folder).get(f"mlflow/{run.name}")
    # It says how it makes its tables.
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logger = MLflowLogger(
        server or f"sqlite:///{run.folder / 'mlflow.db'}",
        experiment=PROJECT,
        name=run.name,
        artifacts=artifacts,
        run_id=known,
        # Those of a run can't be changed, and a run that is resumed may have another end.
        hyperparameters=run.settings if known is None else None,
    )
    _keep_id(run.folder, f"mlflow/{run.name}", logger.run_id)
    return logger


def _open_wandb(run: Run) -> Logger:
    """Write files for `wandb sync`, unless Weights & Biases' own variable says that they are sent."""
    known = _ids(run.folder).get(f"wandb/{run.name}")
    mode: Any = os.environ.get("WANDB_MODE", "offline")
    logger = WandbLogger(
        run.folder, project=PROJECT, name=run.name, run_id=known, mode=mode, hyperparameters=run.settings
    )
    _keep_id(run.folder, f"wandb/{run.name}", logger.run_id)
    return logger


OPEN: Mapping[str, Callable[[Run], Logger]] = {
    "csv": _open_csv,
    "tensorboard": _open_tensorboard,
    "mlflow": _open_mlflow,
    "wandb": _open_wandb,
}
"""By name what opens a logger for a run."""


def _ids(folder: Path) -> dict[str, str]:
    path = folder / IDS
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def _keep_id(folder: Path, name: str, number: str) -> None:
    write_atomically(folder / IDS, json.dumps({**_ids(folder), name: number}, indent=1).encode())
