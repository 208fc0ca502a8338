"""The mean of a distribution stays between the bounds, so that samples don't all become one bound."""

import pytest

from neuroevo.strategies import CMAES, PGPE, SNES, OpenAIES, Search, SeparableCMAES
from neuroevo.testing.laws import Law, behaviour_laws, check_law


def law(mean: str) -> Law:
    """Return the law of means."""
    return next(one for one in behaviour_laws(genes=(1, 2, 3), mean=mean) if one.name.startswith("the mean"))


@pytest.mark.parametrize("kind", [SNES, PGPE, OpenAIES, SeparableCMAES, CMAES])
def test_the_mean_lies_in_the_space(kind: type[Search]) -> None:
    """It does after every update."""
    mean = "model.centroid" if kind is CMAES else "mean"
    check_law(kind, law(mean), label=kind.__name__, examples=10)
