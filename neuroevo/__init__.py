"""Neuroevolution with DEAP and PyTorch: algorithms from a toolbox, whole populations at a time.

There are three ways to use it:

* **Compose an algorithm in Python.** A strategy (`neuroevo.strategies`; `GTL` is genetic transfer
  learning) fills a DEAP toolbox with operators (`neuroevo.operators`), which trains and scores its
  individuals (`neuroevo.individual`, `neuroevo.learngene`) as networks of a backbone
  (`neuroevo.backbones`: `MLP`, `ConvNet4`) on a data set (`neuroevo.data`: `glyphs`,
  `fashion_mnist`). Classical strategies search the weights of any module, or the arguments of any
  function (`neuroevo.problems`). `evolve` runs them and yields a `Generation` at a time.
* **Compare strategies.** `neuroevo bench` runs them at equal budgets and reports what they reached
  (`neuroevo.benchmarks`, `neuroevo.cli`); `neuroevo.runs` keeps settings, records and checkpoints.
* **Property-test operators.** Every operator is a pure function of its arguments and of an explicit
  random generator, so that laws about it can be stated and searched for counterexamples.

Names are resolved when they are first used, so that `import neuroevo` stays fast.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neuroevo.backbones.convnet4 import ConvNet4
    from neuroevo.backbones.mlp import MLP
    from neuroevo.budget import Budget
    from neuroevo.data.fashion_mnist import fashion_mnist
    from neuroevo.data.glyphs import glyphs
    from neuroevo.data.images import Dataset
    from neuroevo.evolution import Generation, evolve
    from neuroevo.execution.training import Recipe
    from neuroevo.individual import Fitness, Individual
    from neuroevo.learngene import Learngene
    from neuroevo.operators.from_deap import from_deap
    from neuroevo.strategies.gtl.gtl import GTL

__version__ = "0.1.0"

__all__ = [
    "GTL",
    "MLP",
    "Budget",
    "ConvNet4",
    "Dataset",
    "Fitness",
    "Generation",
    "Individual",
    "Learngene",
    "Recipe",
    "evolve",
    "fashion_mnist",
    "from_deap",
    "glyphs",
]

_HOMES = {
    "GTL": "neuroevo.strategies.gtl.gtl",
    "MLP": "neuroevo.backbones.mlp",
    "Budget": "neuroevo.budget",
    "ConvNet4": "neuroevo.backbones.convnet4",
    "Dataset": "neuroevo.data.images",
    "Fitness": "neuroevo.individual",
    "Generation": "neuroevo.evolution",
    "Individual": "neuroevo.individual",
    "Learngene": "neuroevo.learngene",
    "Recipe": "neuroevo.execution.training",
    "evolve": "neuroevo.evolution",
    "fashion_mnist": "neuroevo.data.fashion_mnist",
    "from_deap": "neuroevo.operators.from_deap",
    "glyphs": "neuroevo.data.glyphs",
}

# In a checkout operators/ and benchmarks/ stand beside this folder; installed, they lie in it.
if __name__ == "neuroevo" and not (Path(__file__).parent / "operators").is_dir():
    __path__.append(str(Path(__file__).parent.parent))

# Hidden from type checkers: to them a module with __getattr__ has every name.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module 'neuroevo' has no attribute {name!r}")
        globals()[name] = value = getattr(import_module(_HOMES[name]), name)
        return value

    def __dir__() -> list[str]:
        return [*__all__, "__version__"]
