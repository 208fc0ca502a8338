"""What a suite is: a comparison whose contestants and conditions follow from a setup.

A module of suites has a mapping `SUITES = {"name": Suite(...)}`, by which the command line finds them.
A suite's own settings are the keyword-only parameters of its function `conditions`: their defaults, types and the
`Args` of its docstring make flags of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from neuroevo.backbones import Backbone
from neuroevo.benchmarks.suites.comparison import Comparison
from neuroevo.benchmarks.suites.condition import Condition, Conditions, as_conditions, crossed
from neuroevo.benchmarks.suites.contestant import Contestant
from neuroevo.benchmarks.suites.protocol import Transfer
from neuroevo.data.images import Dataset


class MakeBackbone(Protocol):
    """Makes a backbone of a name."""

    def __call__(self, name: str, width: float = 1.0, /, *, dataset: Dataset | None = None) -> Backbone:
        """Return it with a factor on its channels, for images of the comparison's data set or of another one."""


class MakeDataset(Protocol):
    """Makes or reads the data set of a name."""

    def __call__(self, name: str, data_root: Path | None = None, /) -> Dataset:
        """Return it; its files, if it has any, are in `data_root`."""


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What the conditions of a suite are made of; names are resolved by the caller.

    Attributes:
        protocol: How descendants are trained where the suite changes nothing. Its `names` hold the names by which
            `backbone` and `dataset` know the run's own.
        quick: Whether the suite has to end in two minutes.
        backbone: Makes a backbone of a name.
        dataset: Makes or reads a data set of a name.
        ways: Classes per task, if they were given; otherwise those of `protocol` follow from its data set.
    """

    protocol: Transfer
    quick: bool = False
    backbone: MakeBackbone
    dataset: MakeDataset
    ways: int | None = None


@dataclass(frozen=True)
class Entry:
    """What a suite asks a contestant to be.

    Attributes:
        name: The contestant's name in tables.
        strategy: The strategy's name.
        budget: Gradient steps that it may spend before transfer; None leaves that to the settings.
        defaults: Settings that it has unless they are given for the run.
    """

    name: str
    strategy: str
    budget: int | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)


Trains = Callable[[str], bool]
"""Says whether the strategy of a name spends gradient steps before transfer."""


def one_of_each(names: Sequence[str], trains: Trains, **own: Any) -> list[Entry]:
    """Return an entry for each strategy."""
    del trains, own
    return [Entry(name, name) for name in names]


@dataclass(frozen=True)
class Suite:
    """A comparison of strategies.

    Attributes:
        name: Its name.
        summary: The question that it answers, on one line.
        claim: The claim that it tests, in a sentence or two.
        conditions: Called with a `Setup` and the suite's own settings, returns the conditions of descendants.
        contestants: Names of the strategies that are compared by default, or a function of the setup that returns
            them; empty leaves that to the caller.
        entries: Called with names of strategies, with whether one trains, and with the suite's own settings, returns
            the contestants that are to be made; by default one of each.
        environments: Environments of ancestry for data that have none: "one" or "mixed".
    """

    name: str
    summary: str
    claim: str
    conditions: Callable[..., Conditions]
    contestants: Sequence[str] | Callable[[Setup], Sequence[str]] = ()
    entries: Callable[..., list[Entry]] = one_of_each
    environments: str = "one"

    def names(self, setup: Setup) -> tuple[str, ...]:
        """Return the names of the strategies that are compared by default; empty if the caller decides."""
        return tuple(self.contestants(setup) if callable(self.contestants) else self.contestants)

    def comparison(
        self,
        contestants: Iterable[Contestant],
        setup: Setup,
        *,
        seeds: Iterable[int] = range(3),
        shots: Sequence[int] = (),
        **own: Any,
    ) -> Comparison:
        """Return the comparison.

        Args:
            contestants: What is compared.
            setup: What conditions are made of.
            seeds: Seeds of the contestants and of their descendants.
            shots: Images per class by which every condition is repeated; by default those that it has.
            **own: The suite's own settings.

        Raises:
            ValueError: See `Comparison`.
        """
        conditions: Sequence[Condition] = as_conditions(self.conditions(setup, **own))
        if shots:
            conditions = crossed(conditions, shots=shots)
        return Comparison(contestants, conditions, seeds, suite=self.name)
