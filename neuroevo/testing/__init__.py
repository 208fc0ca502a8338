"""Property testing for what users write: operators, strategies, backbones, data sets, problems and maps.

`neuroevo.testing.strategies` draws the values (genomes, populations, fitnesses, backbones, learngenes, ...),
`neuroevo.testing.laws` checks an object of yours against the laws of its kind, and `neuroevo.testing.architectures`
holds a residual architecture whose shortcuts tie channel groups. `docs/testing.md` in the repository shows all of it.
"""

from importlib.util import find_spec

if any(find_spec(name) is None for name in ("hypothesis", "pytest")):
    raise ModuleNotFoundError('neuroevo.testing needs hypothesis and pytest: pip install "neuroevo[testing]".')
