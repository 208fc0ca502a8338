"""Execution: how populations are trained and evaluated.

A `Training` is one network's training run; `train_all` runs many of them, and an `Execution` says how: `looped`
trains one network after the other on each of several threads, `stacked` trains networks of one structure together.
Both modes give the same numbers. `batched_map` is the map that gives whole populations to evaluators that can take
them; `WorkerMap` evaluates them elsewhere, in `Processes` of this machine or on a cluster (`neuroevo.execution.ray`).
"""

from neuroevo.execution.mapping import batched_map
from neuroevo.execution.modes import AUTO, Execution, train_all
from neuroevo.execution.processes import Processes
from neuroevo.execution.training import Outcome, Pixels, Recipe, Training
from neuroevo.execution.worker_map import WorkerMap

__all__ = [
    "AUTO",
    "Execution",
    "Outcome",
    "Pixels",
    "Processes",
    "Recipe",
    "Training",
    "WorkerMap",
    "batched_map",
    "train_all",
]
