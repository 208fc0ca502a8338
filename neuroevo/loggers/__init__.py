"""Loggers: callbacks of `evolve` that write the numbers of each generation where you look at them.

`CSVLogger` writes a table; `TensorBoardLogger`, `MLflowLogger` and `WandbLogger` write for the programs of these
names, each an extra; `Progress` prints. All of them log the same `scalars`:

    with TensorBoardLogger("logs/snes", hyperparameters=settings_of(strategy)) as logger:
        for generation in evolve(strategy, 100, callbacks=[logger, Progress()]):
            ...
"""

from neuroevo.loggers.csv_file import CSVLogger
from neuroevo.loggers.logger import Logger
from neuroevo.loggers.mlflow import MLflowLogger
from neuroevo.loggers.progress import Progress
from neuroevo.loggers.scalars import scalars
from neuroevo.loggers.tensorboard import TensorBoardLogger
from neuroevo.loggers.wandb import WandbLogger
from neuroevo.strategies.strategy import settings_of

__all__ = [
    "CSVLogger",
    "Logger",
    "MLflowLogger",
    "Progress",
    "TensorBoardLogger",
    "WandbLogger",
    "scalars",
    "settings_of",
]
