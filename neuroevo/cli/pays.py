"""The suite `pays` of `neuroevo bench`: every strategy with every budget."""

from __future__ import annotations

from collections.abc import Sequence

from neuroevo.benchmarks.suites import pays as benchmark
from neuroevo.cli.build import PRETRAINS
from neuroevo.cli.settings.settings import BenchSettings
from neuroevo.cli.suites import Entry, compare
from neuroevo.cli.variants import VARIANTS
from neuroevo.runs.directory import RunDirectory
from neuroevo.strategies import GTLSettings


def pays(settings: BenchSettings, run: RunDirectory) -> None:
    """Run the suite `pays`."""
    compare(settings, run, strategies=benchmark.STRATEGIES, entries=entries)


def entries(names: Sequence[str], settings: BenchSettings) -> list[Entry]:
    """Return the contestants: each strategy with each budget, those that spend nothing once."""
    found = [Entry(name, name, settings) for name in names if not _spends(name)]
    return found + [
        Entry(benchmark.name_of(name, budget), name, told, budget)
        for budget in settings.every_budget
        for name in names
        if _spends(name)
        for told in [with_budget(name, budget, settings)]
    ]


def with_budget(name: str, budget: int, settings: BenchSettings) -> BenchSettings:
    """Return the settings with which GTL spends a budget of gradient steps, and its variants as many.

    GTL's population follows from the budget unless it was given; that of its variants is their own.
    """
    lives = settings.population or (benchmark.lives_of(budget) if name == "gtl" else GTLSettings().population)
    told = {
        "life_updates": max(1, budget // (lives * settings.generations)),
        "population": lives if name == "gtl" else settings.population,
        "tournament": min(settings.tournament, lives),
    }
    return settings.model_copy(update=told)


def _spends(name: str) -> bool:
    return name in VARIANTS or name in PRETRAINS
