"""Benchmarks: comparisons of strategies and measurements of speed.

A `Comparison` runs contestants with several seeds under one or several conditions and keeps everything in a run
directory; its `Result` has tables, a page and the best strategy. `neuroevo bench` does the same by name.

* `suites`: what is compared, under which conditions, and how a comparison runs.
* `analysis`: from records to numbers: statistics, summaries, one run against another.
* `report`: from numbers to what is read: tables, sentences, pictures, a page of HTML.
* `speed`: what a generation costs, how fast populations are trained, what worker processes bring.
* `peers`: the same work by other programs and by hand; `python -m neuroevo.benchmarks.peers`.

Names are resolved when they are first used, so that `import neuroevo.benchmarks` stays fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neuroevo.benchmarks.suites.comparison import Comparison
    from neuroevo.benchmarks.suites.condition import Condition, conditions
    from neuroevo.benchmarks.suites.contestant import Contestant
    from neuroevo.benchmarks.suites.listener import Listener
    from neuroevo.benchmarks.suites.protocol import Transfer
    from neuroevo.benchmarks.suites.result import Result, read_result

__all__ = ["Comparison", "Condition", "Contestant", "Listener", "Result", "Transfer", "conditions", "read_result"]

_HOMES = {
    "Comparison": "neuroevo.benchmarks.suites.comparison",
    "Condition": "neuroevo.benchmarks.suites.condition",
    "Contestant": "neuroevo.benchmarks.suites.contestant",
    "Listener": "neuroevo.benchmarks.suites.listener",
    "Result": "neuroevo.benchmarks.suites.result",
    "Transfer": "neuroevo.benchmarks.suites.protocol",
    "conditions": "neuroevo.benchmarks.suites.condition",
    "read_result": "neuroevo.benchmarks.suites.result",
}

# Hidden from type checkers: to them a module with __getattr__ has every name.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module 'neuroevo.benchmarks' has no attribute {name!r}")
        globals()[name] = value = getattr(import_module(_HOMES[name]), name)
        return value

    def __dir__() -> list[str]:
        return list(__all__)
