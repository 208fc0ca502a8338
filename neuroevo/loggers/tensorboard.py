"""TensorBoard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from neuroevo.loggers.logger import Logger, flat, missing

LONGEST = 60
"""Characters of a hyper-parameter."""


class TensorBoardLogger(Logger):
    """Writes event files for `tensorboard --logdir FOLDER`.

    In a folder that has events already, TensorBoard shows only new ones from the first generation on that is logged:
    those of a run that was stopped and resumed.

    Args:
        folder: The folder.
        hyperparameters: The settings of the run, for the page "HParams".
        metrics: The numbers by which that page compares runs.

    Raises:
        RuntimeError: The package `tensorboard` is not installed.
    """

    def __init__(
        self,
        folder: Path | str,
        *,
        hyperparameters: Mapping[str, Any] | None = None,
        metrics: Sequence[str] = ("best_fitness",),
    ) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise missing("TensorBoardLogger", "tensorboard") from error
        self._open = SummaryWriter
        self.folder = Path(folder).absolute()
        self._writer: Any = None
        self._step = 0
        self._hyperparameters = hyperparameters
        self._metrics = metrics

    def log(self, values: Mapping[str, float], *, step: int) -> None:
        """Write numbers."""
        writer = self._writing(step)
        for name, value in values.items():
            writer.add_scalar(name, value, step)
        writer.flush()
        self._step = step

    def log_curve(self, name: str, curve: Mapping[int, float], *, over: str) -> None:
        """Write it as scalars, whose step is what the curve is over."""
        del over
        for step, value in curve.items():
            self._writing(0).add_scalar(name, value, step)

    def log_hyperparameters(self, values: Mapping[str, Any]) -> None:
        """Write them, to be compared by the metrics; long texts describe objects, for which a table has no room."""
        from torch.utils.tensorboard.summary import hparams

        short = {name: value for name, value in flat(values).items() if len(str(value)) <= LONGEST}
        for summary in hparams(short, dict.fromkeys(self._metrics, 0.0)):
            self._writing(0).file_writer.add_summary(summary)

    def log_picture(self, name: str, picture: Image.Image) -> None:
        """Write it for the page "Images"."""
        self._writing(self._step).add_image(name, np.asarray(picture), self._step, dataformats="HWC")

    def close(self) -> None:
        """Close the event file."""
        if self._writer is not None:
            self._writer.close()

    def _writing(self, step: int) -> Any:
        if self._writer is None:
            self._writer = self._open(str(self.folder), purge_step=step or None)
            if self._hyperparameters is not None:
                self.log_hyperparameters(self._hyperparameters)
        return self._writer
