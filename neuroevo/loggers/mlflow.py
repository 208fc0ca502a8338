"""MLflow."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from PIL import Image

from neuroevo.loggers.logger import Logger, flat, missing

LONGEST = 6000
"""Letters of a parameter that MLflow takes."""
MOST = 100
"""Parameters of one call that it takes."""


class MLflowLogger(Logger):
    """Writes a run of MLflow.

    Args:
        tracking_uri: Where to: a server, or "sqlite:///runs.db"; by default what MLflow itself is set to.
        experiment: The experiment's name; it is made if there is none.
        name: The run's name. (MLflow would draw one from Python's global random generator.)
        artifacts: Address of the pictures of an experiment that is made here; by default the server chooses.
        run_id: The run that is continued; a new one by default.
        hyperparameters: The settings of the run.

    Attributes:
        run_id: The run.

    Raises:
        RuntimeError: The package `mlflow` is not installed.
    """

    def __init__(
        self,
        tracking_uri: str | None = None,
        *,
        experiment: str = "neuroevo",
        name: str = "neuroevo",
        artifacts: str | None = None,
        run_id: str | None = None,
        hyperparameters: Mapping[str, Any] | None = None,
    ) -> None:
        try:
            from mlflow import MlflowClient
        except ImportError as error:
            raise missing("MLflowLogger", "mlflow") from error
        self._client: Any = MlflowClient(tracking_uri=tracking_uri)
        self.run_id: str = run_id or self._begin(experiment, name, artifacts)
        if run_id is not None:
            self._client.update_run(run_id, status="RUNNING")
        if hyperparameters is not None:
            self.log_hyperparameters(hyperparameters)

    def _begin(self, experiment: str, name: str, artifacts: str | None) -> str:
        known = self._client.get_experiment_by_name(experiment)
        number = self._client.create_experiment(experiment, artifacts) if known is None else known.experiment_id
        return str(self._client.create_run(number, run_name=name).info.run_id)

    def log(self, values: Mapping[str, float], *, step: int) -> None:
        """Write numbers."""
        from mlflow.entities import Metric

        now = int(1000 * time.time())
        self._client.log_batch(self.run_id, metrics=[Metric(name, one, now, step) for name, one in values.items()])

    def log_hyperparameters(self, values: Mapping[str, Any]) -> None:
        """Write them as parameters, those that are too long cut."""
        from mlflow.entities import Param

        params = [Param(name, str(value)[:LONGEST]) for name, value in flat(values).items()]
        for first in range(0, len(params), MOST):
            self._client.log_batch(self.run_id, params=params[first : first + MOST])

    def log_picture(self, name: str, picture: Image.Image) -> None:
        """Write it as an artifact, PNG."""
        self._client.log_image(self.run_id, picture, f"{name}.png")

    def close(self) -> None:
        """End the run."""
        self._client.set_terminated(self.run_id)
