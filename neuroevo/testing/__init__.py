"""Property testing for user-defined operators, strategies, backbones, data sets, problems and maps.

`neuroevo.testing.strategies` draws the values (genomes, populations, fitnesses, backbones, learngenes, ...),
`neuroevo.testing.laws` checks an object of yours against the laws of its kind, and `neuroevo.testing.architectures`
holds a residual architecture with shortcuts that tie channel groups. See `docs/testing.md` in the repository.
"""

from importlib.util import find_spec

from neuroevo.extras import install

if any(find_spec(name) is None for name in ("hypothesis", "pytest")):
    raise ModuleNotFoundError(f"neuroevo.testing needs hypothesis and pytest: {install('testing')}.")
