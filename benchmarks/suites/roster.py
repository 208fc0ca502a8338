"""From names and settings to contestants: what is compared, with which settings, at which budget.

Every contestant that trains before transfer gets the same budget (`match`): the gradient steps of the reference, GTL,
or its core-seconds. Settings are laid over each other: the strategy's own defaults, what the whole run is given, what
makes a variant, and what is given for one contestant by name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any, Literal, TypeVar, cast

import torch

from neuroevo.backbones import Backbone
from neuroevo.benchmarks.suites.contestant import Contestant
from neuroevo.benchmarks.suites.matching import core_seconds_of_evolution, updates_in
from neuroevo.data.images import Dataset
from neuroevo.execution import AUTO, Execution, Recipe, WorkerMap
from neuroevo.signatures import parameters
from neuroevo.strategies import GTL, OneCandidate
from neuroevo.strategies.strategy import Strategy, operators_of
from neuroevo.strategies.variant import Variant

Match = Literal["steps", "multiply-adds", "seconds", "none"]
Make = Callable[..., Strategy]
Kind = TypeVar("Kind", bound=Strategy)

UNSHARED = "many tasks"
"""What is pre-trained by many short training runs, none of which can serve another strategy."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A contestant before it has its budget.

    Attributes:
        name: Its name in tables.
        strategy: The strategy's class, or a variant of one.
        settings: Settings for this contestant alone: arguments of the strategy; parts of a recipe as `life_updates`.
        budget: Gradient steps before transfer; None for those of the reference.
        defaults: Settings that it has unless they are given for the run.
    """

    name: str
    strategy: Make | Variant
    settings: Mapping[str, Any] = field(default_factory=dict)
    budget: int | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)

    @property
    def make(self) -> Make:
        """The strategy's class."""
        return self.strategy.strategy if isinstance(self.strategy, Variant) else self.strategy

    @property
    def pretrains(self) -> str:
        """The network that it pre-trains; empty for a strategy that evolves or trains nothing."""
        return str(getattr(self.make, "pretrains", ""))

    @property
    def evolves(self) -> bool:
        """Whether it spends gradient steps in training runs of its individuals."""
        return "life" in parameters(self.make)


@dataclass(frozen=True, kw_only=True)
class Roster:
    """Makes contestants of entries.

    Attributes:
        dataset: Images.
        backbone: The network that is evolved.
        generations: Generations of strategies that evolve.
        match: What contestants may spend before transfer: the gradient steps of `reference`, its multiply-adds, its
            core-seconds, or what their settings say.
        reference: Whose budget all others get.
        settings: Settings for the whole run: each strategy takes those that it has.
        seed: The base seed, with which budgets are planned.
        device: Where networks live.
        workers: Threads on the CPU.
        execution: How populations are trained.
        map_: The map over workers; by default the strategies' own.
    """

    dataset: Dataset
    backbone: Backbone
    generations: int = 3
    match: Match = "steps"
    reference: Entry = Entry(name="gtl", strategy=GTL)
    settings: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    device: torch.device = torch.device("cpu")
    workers: int | None = None
    execution: Execution = AUTO
    map_: WorkerMap | None = None

    def contestants(self, entries: Sequence[Entry], *, updates: Mapping[str, int] | None = None) -> list[Contestant]:
        """Return the contestants; those whose budget is below what they can do with are left out.

        Args:
            entries: What takes part.
            updates: Updates of each kind of pre-training, where these were measured before (see `updates_of`).
        """
        updates = self.updates_of(entries) if updates is None else updates
        made = [(one, self._contestant(one, updates)) for one in entries]
        return self._sharing([contestant for one, contestant in made if self._affords(one, contestant)])

    def updates_of(self, entries: Sequence[Entry]) -> dict[str, int]:
        """Return the updates of each kind of pre-training that the entries need, by the rule `match`."""
        kinds = {one.pretrains: one for one in reversed(entries) if one.pretrains and one.budget is None}
        if self.match == "none" or not kinds:
            return {}
        reference = self._strategy(self.reference, self._of(self.reference), self.seed)
        if self.match == "multiply-adds":
            adds = self._reference_budget()
            return {
                kind: self._updates_within(one, self._of(one), "pretraining", 1, adds) for kind, one in kinds.items()
            }
        if self.match == "steps" or not isinstance(reference, GTL):
            return dict.fromkeys(kinds, self._reference_budget())
        total = core_seconds_of_evolution(reference, self.generations)
        rivals = {kind: self._strategy(one, self._of(one), self.seed) for kind, one in kinds.items()}
        return {kind: updates_in(total, cast(OneCandidate, rival)) for kind, rival in rivals.items()}

    def _contestant(self, entry: Entry, updates: Mapping[str, int]) -> Contestant:
        if entry.evolves:
            return self._evolving(entry)
        settings = self._of(entry)
        count = entry.budget if entry.budget is not None else updates.get(entry.pretrains)
        if count is not None and entry.pretrains and "pretraining_updates" not in entry.settings:
            settings["pretraining"] = replace(settings["pretraining"], updates=count)
        shared = "" if entry.pretrains == UNSHARED else entry.pretrains
        return Contestant(entry.name, _Maker(self, entry, settings), pretrains=shared)

    def _sharing(self, contestants: Sequence[Contestant]) -> list[Contestant]:
        """Name the networks that contestants pre-train, so that those share one that train the same one alike."""
        names: dict[tuple[str, str], str] = {}
        found = []
        for one in contestants:
            if one.pretrains:
                live = operators_of(one.make(self.seed)).get("live")
                key = one.pretrains, json.dumps(live, sort_keys=True)
                taken = one.pretrains in names.values()
                names.setdefault(key, f"{one.pretrains} of {one.name}" if taken else one.pretrains)
                one = replace(one, pretrains=names[key])
            found.append(one)
        return found

    def _evolving(self, entry: Entry) -> Contestant:
        settings, generations = self._of(entry), self.generations
        if isinstance(entry.strategy, Variant) and entry.strategy.at_once:
            settings["population"], generations = generations * _population(entry, settings), 1
        budget = self._budget_of(entry)
        if budget is not None and "life_updates" not in entry.settings:
            updates = self._updates_within(entry, settings, "life", generations, budget)
            settings["life"] = replace(settings["life"], updates=updates)
        return Contestant(entry.name, _Maker(self, entry, settings), generations)

    def _budget_of(self, entry: Entry) -> int | None:
        """Return what an evolving contestant may spend, by the rule `match`; None leaves it to its settings."""
        is_reference = entry.strategy is self.reference.strategy and not entry.settings
        if entry.budget is not None or self.match == "none" or is_reference:
            return entry.budget
        return self._reference_budget()

    def _reference_budget(self) -> int:
        reference = self._strategy(self.reference, self._of(self.reference), self.seed)
        return self._spent(reference, self.reference, self.generations)

    def _spent(self, strategy: Strategy, entry: Entry, generations: int) -> int:
        """Return what a strategy plans to spend: gradient steps, or multiply-adds where these are matched."""
        planned = strategy.planned_budget(generations)
        # The budget of an entry is always one of steps.
        in_adds = self.match == "multiply-adds" and entry.budget is None
        return planned.multiply_adds if in_adds else planned.gradient_steps

    def _updates_within(
        self, entry: Entry, settings: Mapping[str, Any], recipe: str, generations: int, budget: int
    ) -> int:
        """Return how long training runs may be within a budget; the rest of a division stays unspent."""
        lengths = ({**settings, recipe: replace(settings[recipe], updates=count)} for count in (1, 2))
        one, two = (self._spent(self._strategy(entry, each, self.seed), entry, generations) for each in lengths)
        if two == one:  # what it spends is not known, or does not depend on them
            return int(settings[recipe].updates)
        return 1 + max(0, (budget - one) // (two - one))

    def _of(self, entry: Entry) -> dict[str, Any]:
        """Return the settings of an entry, recipes whole."""
        known = {name: one.default for name, one in parameters(entry.make).items()}
        variant = entry.strategy if isinstance(entry.strategy, Variant) else None
        layers: list[Mapping[str, Any]] = [entry.defaults, self.settings, entry.settings]
        if variant is not None:
            layers = [variant.sizes, entry.defaults, self.settings, variant.settings, entry.settings]
        settings = {name: default for name, default in known.items() if isinstance(default, Recipe)}
        for layer in layers:
            for name, value in layer.items():
                _lay(settings, known, name, value)
        return settings

    def _affords(self, entry: Entry, contestant: Contestant) -> bool:
        """Return whether a contestant can keep to its budget: scoring may take more than that by itself."""
        return entry.budget is None or contestant.planned_steps(self.seed) <= entry.budget

    def _strategy(self, entry: Entry, settings: Mapping[str, Any], seed: int) -> Strategy:
        known = parameters(entry.make)
        workers = self.workers if self.map_ is None else None
        common = {"seed": seed, "device": self.device, "workers": workers, "execution": self.execution}
        strategy = entry.make(
            self.dataset, self.backbone, **{name: value for name, value in common.items() if name in known}, **settings
        )
        if self.map_ is not None:
            strategy.toolbox.register("map", self.map_)
        return strategy


@dataclass(frozen=True)
class _Maker:
    """Makes a contestant's strategy of a seed."""

    roster: Roster
    entry: Entry
    settings: Mapping[str, Any]

    def __call__(self, seed: int) -> Strategy:
        return self.roster._strategy(self.entry, self.settings, seed)


def _lay(settings: dict[str, Any], known: Mapping[str, Any], name: str, value: Any) -> None:
    """Lay one setting over others: an argument of the strategy, or a part of a recipe such as `life_updates`."""
    if name in known:
        settings[name] = value
        return
    for recipe, default in known.items():
        part = name.removeprefix(f"{recipe}_")
        if isinstance(default, Recipe) and part != name and part in {one.name for one in fields(default)}:
            settings[recipe] = replace(settings.get(recipe, default), **{part: value})


def _population(entry: Entry, settings: Mapping[str, Any]) -> int:
    count: int = settings.get("population", parameters(entry.make)["population"].default)
    return count


def takes_setting(make: Make, name: str) -> bool:
    """Return whether a strategy has a setting, which may be a part of a recipe such as `life_updates`."""
    known = parameters(make)
    if name in known:
        return True
    return any(
        name in {f"{recipe}_{one.name}" for one in fields(known[recipe].default)}
        for recipe in known
        if is_dataclass(known[recipe].default)
    )
