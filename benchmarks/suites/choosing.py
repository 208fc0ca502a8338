"""What is chosen for each contestant by itself before it is compared: its learning rate, and how much it spends.

All get the same small search, in a rehearsal: held-out classes take the place of novel ones, so that what is chosen has
not been chosen on the classes that the comparison is about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import Any

from neuroevo.benchmarks.suites.comparison import Comparison
from neuroevo.benchmarks.suites.listener import Listener
from neuroevo.benchmarks.suites.protocol import Transfer
from neuroevo.benchmarks.suites.result import read_result
from neuroevo.benchmarks.suites.roster import Entry, Roster, takes_setting
from neuroevo.data.rehearsal import rehearsal
from neuroevo.runs.directory import RunDirectory
from neuroevo.strategies.gtl.operators import finite_or_least
from neuroevo.strategies.variant import Variant

RATES = ("life_learning_rate", "pretraining_learning_rate")
"""The settings that a learning rate before transfer is."""
RECIPES = ("life", "pretraining")
"""The settings that hold one of these."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A learning rate and a budget of a contestant.

    Attributes:
        rate: Learning rate of its training runs before transfer; None for its own.
        part: Part of its budget that it spends.
    """

    rate: float | None = None
    part: float = 1.0

    def of(self, entry: Entry, *, steps: int) -> Entry:
        """Return an entry with this choice; a rate that it has of its own wins.

        Args:
            entry: A contestant before it has its budget.
            steps: The gradient steps of its whole budget.
        """
        rates = {} if self.rate is None else dict.fromkeys(_rates_of(entry), self.rate)
        budget = entry.budget if self.part == 1 else round(self.part * steps)
        return replace(entry, defaults={**entry.defaults, **rates}, budget=budget)

    @property
    def suffix(self) -> str:
        """What it adds to the name of a contestant."""
        rate = "" if self.rate is None else f"-at-{self.rate:g}"
        return rate if self.part == 1 else f"{rate}-spending-{self.part:g}"


@dataclass(frozen=True, kw_only=True)
class Choices:
    """The search for the best rate and budget of each contestant.

    Attributes:
        roster: Makes contestants, on the data set of the comparison.
        protocol: How descendants are trained in the comparison.
        rates: Learning rates to choose from; none keeps each contestant's own.
        parts: Parts of the budget to choose from.

    Raises:
        ValueError: There can be no rehearsal on the data set (see `rehearsal`).
    """

    roster: Roster
    protocol: Transfer
    rates: Sequence[float] = ()
    parts: Sequence[float] = (1.0,)

    def __post_init__(self) -> None:
        rehearsal(self.protocol.dataset)

    def of(self, entry: Entry) -> list[Choice]:
        """Return all that there is to choose from for a contestant; one with a rate of its own keeps it."""
        variant = entry.strategy.settings if isinstance(entry.strategy, Variant) else {}
        own = {*entry.settings, *variant, *self.roster.settings} & {*_rates_of(entry), *RECIPES}
        rates = () if own else self.rates
        return [Choice(rate=rate, part=part) for rate, part in product(rates or (None,), self.parts)]

    def run_in(
        self, directory: RunDirectory, entries: Sequence[Entry], *, listener: Listener | None = None
    ) -> dict[str, Choice]:
        """Return the best choice for each contestant that trains before transfer, by what its descendants reach.

        The trials are a comparison of its own in the open run directory, which may have been begun there. A trial
        without a finite accuracy is never the best; where none is finite, the first one is chosen.
        """
        data = rehearsal(self.protocol.dataset)
        roster = replace(self.roster, dataset=data)
        ways = min(self.protocol.ways, len(data.novel.classes))
        protocol = replace(self.protocol, dataset=data, ways=ways, names={**self.protocol.names, "dataset": data.name})
        trained = [one for one in entries if trains(one)]
        if not trained:
            return {}
        steps = planned_steps(roster, trained)
        trials = {
            f"{one.name}{choice.suffix}": (one.name, choice, choice.of(one, steps=steps[one.name]))
            for one in trained
            for choice in self.of(one)
        }
        made = roster.contestants([replace(entry, name=name) for name, (_, _, entry) in trials.items()])
        Comparison(made, protocol, [roster.seed], suite="rehearsal").run_in(directory, listener=listener)
        reached = {name: finite_or_least(accuracy) for name, accuracy in reached_in(directory.path).items()}
        best: dict[str, tuple[float, Choice]] = {}
        for name, (contestant, choice, _) in trials.items():
            if name in reached and (contestant not in best or reached[name] > best[contestant][0]):
                best[contestant] = reached[name], choice
        return {contestant: choice for contestant, (_, choice) in best.items()}


def trains(entry: Entry) -> bool:
    """Return whether a contestant trains anything before transfer."""
    return entry.evolves or bool(entry.pretrains)


def planned_steps(roster: Roster, entries: Sequence[Entry]) -> dict[str, int]:
    """Return the gradient steps of the whole budget of each contestant."""
    return {one.name: one.planned_steps(roster.seed) for one in roster.contestants(entries)}


def _rates_of(entry: Entry) -> list[str]:
    return [name for name in RATES if takes_setting(entry.make, name)]


def reached_in(folder: Path) -> dict[str, float]:
    """Return the mean accuracy of the descendants of each contestant of a comparison after all updates."""
    found: dict[str, list[float]] = {}
    for record in read_result(folder).records:
        if record["kind"] == "descendant":
            found.setdefault(record["strategy"], []).append(record["accuracy"][-1])
    return {name: fmean(accuracies) for name, accuracies in found.items()}


def as_json(choices: Mapping[str, Choice]) -> dict[str, Any]:
    """Return choices as JSON values."""
    return {name: asdict(one) for name, one in choices.items()}


def from_json(values: Mapping[str, Any]) -> dict[str, Choice]:
    """Return the choices of JSON values."""
    return {name: Choice(**one) for name, one in values.items()}
