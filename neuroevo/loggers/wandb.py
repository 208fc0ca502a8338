"""Weights & Biases."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from PIL import Image

from neuroevo.loggers.logger import Logger, missing


class WandbLogger(Logger):
    """Writes a run of Weights & Biases.

    Args:
        folder: Folder for its files, in which it makes a folder `wandb`; one that is there already.
        project: The project.
        name: The run's name; by default one that Weights & Biases chooses.
        run_id: The run that is continued if it exists; a new one by default.
        mode: Whether to send what is written; by default what the variable WANDB_MODE says, and "online" without it.
            `wandb sync FOLDER` sends it later.
        hyperparameters: The settings of the run.

    Attributes:
        run_id: The run.

    Raises:
        RuntimeError: The package `wandb` is not installed.
    """

    def __init__(
        self,
        folder: Path | str = ".",
        *,
        project: str = "neuroevo",
        name: str | None = None,
        run_id: str | None = None,
        mode: Literal["online", "offline", "disabled"] | None = None,
        hyperparameters: Mapping[str, Any] | None = None,
    ) -> None:
        try:
            import wandb
        except ImportError as error:
            raise missing("WandbLogger", "wandb") from error
        self._picture = wandb.Image
        self._run = wandb.init(
            project=project,
            dir=str(Path(folder).absolute()),
            name=name,
            id=run_id,
            resume=None if run_id is None else "allow",
            mode=mode,
            settings=wandb.Settings(silent=True),
        )
        self.run_id: str = self._run.id
        if hyperparameters is not None:
            self.log_hyperparameters(hyperparameters)

    def log(self, values: Mapping[str, float], *, step: int) -> None:
        """Write numbers."""
        self._run.log(dict(values), step=step)

    def log_curve(self, name: str, curve: Mapping[int, float], *, over: str) -> None:
        """Write it over an axis of its own, for steps of a run only rise."""
        self._run.define_metric(over)
        self._run.define_metric(name, step_metric=over)
        for step, value in curve.items():
            self._run.log({name: value, over: step})

    def log_hyperparameters(self, values: Mapping[str, Any]) -> None:
        """Write them as the run's configuration."""
        self._run.config.update(dict(values), allow_val_change=True)

    def log_picture(self, name: str, picture: Image.Image) -> None:
        """Write it."""
        self._run.log({name: self._picture(picture)})

    def close(self) -> None:
        """End the run."""
        self._run.finish()
