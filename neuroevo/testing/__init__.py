"""Property testing for what users write: operators, strategies, backbones, data sets, problems and maps.

`neuroevo.testing.strategies` draws the values (genomes, populations, fitnesses, backbones, learngenes, ...),
`neuroevo.testing.laws` checks an object of yours against the laws of its kind, and `neuroevo.testing.architectures`
holds a residual architecture whose shortcuts tie channel groups. All need hypothesis: `pip install neuroevo[testing]`.
"""
