"""Execution: how populations are trained and evaluated.

A `Training` says what one network does; `train_all` takes many of them, and an `Execution` says in which way: `looped`
trains one network after the other on each of several threads, `stacked` networks of one structure together. All ways
give the same numbers. `batched_map` is the map that hands whole populations to evaluators that can take them;
`WorkerMap` is the one that has them worked on elsewhere, in `Processes` of this machine or on a cluster
(`neuroevo.execution.ray`).
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
