"""The words of the command line and what they stand for, as `module:attribute`; imports nothing.

Only the command line knows things by name; in Python, pass the objects themselves.
"""

import importlib
from collections.abc import Mapping

STRATEGIES: Mapping[str, str] = {
    "gtl": "neuroevo.strategies.gtl:GTL",
    "gtl-paper": "neuroevo.strategies.gtl:GTL",
    "scratch": "neuroevo.strategies.scratch:Scratch",
    "untrained-circuit": "neuroevo.strategies.untrained_circuit:UntrainedCircuit",
    "random-circuit": "neuroevo.strategies.random_circuit:RandomCircuit",
    "narrow-pretraining": "neuroevo.strategies.narrow_pretraining:NarrowPretraining",
    "finetune": "neuroevo.strategies.finetune:Finetune",
}

BACKBONES: Mapping[str, str] = {
    "mlp": "neuroevo.backbones.mlp:MLP",
    "convnet4": "neuroevo.backbones.convnet4:ConvNet4",
}

DATASETS: Mapping[str, str] = {
    "glyphs": "neuroevo.data.glyphs:glyphs",
    "fashion-mnist": "neuroevo.data.fashion_mnist:fashion_mnist",
}
DATASETS_ON_DISK = ("fashion-mnist",)
"""Data sets that are read from the files in `--data-root`."""

SUITES: Mapping[str, str] = {
    "transfer": "neuroevo.cli.suites:transfer",
    "throughput": "neuroevo.cli.suites:throughput",
    "scaleout": "neuroevo.cli.scaleout:scaleout",
}

OPERATORS: Mapping[str, str] = {
    f"{module}.{function}": f"neuroevo.operators.{module}:{function}"
    for module, functions in {
        "selection": ("group_tournament", "tournament", "roulette"),
        "crossover": ("one_point", "two_point", "uniform", "blend"),
        "mutation": ("gaussian", "uniform"),
        "circuits": ("random_circuit",),
        "inheritance": ("extract", "inherit"),
        "learngenes": ("mutate", "resize", "noise", "average"),
    }.items()
    for function in functions
}

KINDS: Mapping[str, Mapping[str, str]] = {
    "strategy": STRATEGIES,
    "operator": OPERATORS,
    "backbone": BACKBONES,
    "dataset": DATASETS,
    "suite": SUITES,
}
"""Names by the kind of thing that they stand for."""


def load(target: str) -> object:
    """The object that `module:attribute` stands for; imports the module."""
    module, attribute = target.split(":")
    loaded: object = getattr(importlib.import_module(module), attribute)
    return loaded
