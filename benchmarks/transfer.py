"""Descendants that learn novel classes: the protocol `Transfer`, and `run`, which yields one cell after the other."""

from neuroevo.benchmarks.suites.cells import Cell, run
from neuroevo.benchmarks.suites.contestant import Contestant
from neuroevo.benchmarks.suites.protocol import Transfer

__all__ = ["Cell", "Contestant", "Transfer", "run"]
