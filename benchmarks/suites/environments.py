"""Suite `environments`: whether selection finds the ancestry that is worth learning from.

Ancestry is from several environments, and few of them are useful (see `neuroevo.data.mixed`). In a population each
training run is led in one environment, and fitness on held-out classes, which are clean, decides which lineages go on.
All others train on everything together. The controls take one part of the method away, or know what is useful.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from neuroevo.benchmarks.suites.protocol import Transfer
from neuroevo.benchmarks.suites.suite import Entry, Setup, Suite, Trains
from neuroevo.strategies import PopulationGTL
from neuroevo.strategies.gtl.variants import CONTESTANTS

STRATEGIES = (
    *("scratch", "narrow-pretraining", "gtl", "gtl-population", "gtl-random-winners"),
    *("gtl-no-mutation", "gtl-no-tree", "gtl-no-migration", "gtl-oracle"),
)

FEW_STRATEGIES = ("scratch", "narrow-pretraining", "gtl", "gtl-population", "gtl-random-winners")
"""Those of a quick run."""

POPULATION: Mapping[str, Any] = {"population": 8, "parents": None}
"""Defaults of populations: an ancestor for each environment of `mixed` in the first generation. Each heir draws its own
parent, because a fitness that hardly differs yet would else leave the choice of all to chance."""


def conditions(setup: Setup) -> Transfer:
    """Return the protocol as it is.

    Raises:
        ValueError: Ancestry is from one environment.
    """
    if setup.protocol.dataset.environments is None:
        raise ValueError(
            "environments must be mixed in the suite environments, or those of a data set of yours, but ancestry is "
            "from one; leave out --environments."
        )
    return setup.protocol


def contestants(setup: Setup) -> tuple[str, ...]:
    """Return all strategies, or few for a quick run."""
    return FEW_STRATEGIES if setup.quick else STRATEGIES


def entries(names: Sequence[str], trains: Trains) -> list[Entry]:
    """Return an entry for each strategy; populations have other defaults."""
    del trains
    return [Entry(name, name, defaults=POPULATION if _is_population(name) else {}) for name in names]


def _is_population(name: str) -> bool:
    return name == PopulationGTL.name or (name in CONTESTANTS and CONTESTANTS[name].strategy is PopulationGTL)


SUITES = {
    "environments": Suite(
        name="environments",
        summary="Does selection find the ancestry that is worth learning from?",
        claim="Where ancestry is partly useless or harmful, a population whose lives are led in one environment each "
        "is ahead of the same population with random winners, and of training on everything together.",
        conditions=conditions,
        contestants=contestants,
        entries=entries,
        environments="mixed",
    )
}
