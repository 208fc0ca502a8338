"""The settings of GTL."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from types import MappingProxyType
from typing import Any, Literal, get_args

from neuroevo.data.tasks import default_ways
from neuroevo.execution import Recipe
from neuroevo.operators.inheritance import Cross, check_cross
from neuroevo.problems.training_setup import SCALED
from neuroevo.strategies.gtl.tree import Credit
from neuroevo.strategies.learngenes import CommonSettings
from neuroevo.structure import Structure, check_structure

Scoring = Literal["critics", "nearest-mean", "tangent-kernel", "random"]
"""What candidates are scored by."""

Habitat = Literal["all", "own", "useful"]
"""Which environments an ancestor lives in."""

# The plain reading of the paper: whole networks train on top of random cross weights on a few classes each, every
# training run stands alone, circuits are chosen after the first of them, and trained critics and the gene tree decide.
PAPER: Mapping[str, Any] = MappingProxyType(
    {
        "life_ways": None,
        "structure": "equal-ratios",
        "scoring": "critics",
        "critics": 1,
        "elites": 0,
        "cross": "random",
        "isolate": False,
        "condense": False,
        "cycle": 1,
        "memory": False,
        "founders": 0,
        "parents": None,
        "average": False,
        "beta": 1 / math.e,
        "temperature": 0.125,
        "finalists": 3,
    }
)

POPULATION: Mapping[str, Any] = MappingProxyType(
    {"population": 2, "life": Recipe(updates=440, learning_rate=0.2), "habitat": "own"},
)
"""The defaults of GTL in a population: the gradient steps of one lineage, in half of its time on two workers."""


@dataclass(frozen=True, kw_only=True)
class GTLSettings(CommonSettings):
    """The settings of `GTL`; every default number is our choice (`docs/does-evolution-pay.md` says why).

    Attributes:
        population: Ancestors that are trained in a generation, P. With 1 there is one lineage, which nothing is chosen
            from: at equal gradient steps more lives were no better on any data set, and worse on photographs.
        tournament: Size of a tournament's group, t; k = ceil(P / t) individuals win. One that
            is larger than the population is a single group.
        share: Share of the backbone's parameters that a learngene holds at most, in (0, 1]; one channel per group is
            the least.
        structure: How wide the channel groups of a learngene are beside each other: "equal-ratios" keeps the same share
            of each group, "equal-widths" as many features of each or all that it has; or relative widths, a number for
            each group.
        life_ways: Classes that an ancestor is trained on: a number, "all" of the role, or None for min(20, classes of
            the role).
        critic_ways: Classes per critic; default min(20, classes of the role).
        critic_shots: Training images per class of a critic.
        life: How ancestors are trained.
        scoring: What candidates are scored by: "critics", trained on few images, or without gradient steps by what an
            untrained critic can do: the "nearest-mean" of its features, or its "tangent-kernel", which agrees better
            with what descendants reach (see `TangentKernel`); or "random" numbers, a control in which chance selects.
        critic: How critics are trained.
        critics: Critics per candidate, trained or not.
        metric: A trained critic's score: "final" accuracy or "auc", the area under its learning curve.
        mutation_rate: Probability that a gene channel is replaced.
        elites: Individuals of a generation, counted from the first, whose learngenes are not mutated: mutation costs
            accuracy more often than not, and so it can only win.
        resize_rate: Probability that a learngene moves a channel's budget between groups.
        noise: Standard deviation of weight noise after mutation.
        cross: Non-gene -> gene weights of an heir: "zero" or "random".
        isolate: Whether these weights stay zero while an ancestor is trained.
        condense: Whether the circuit also learns alone, and from the network around it (see `Condensing`).
        distillation: Weight of what the circuit learns from the network around it, where it also learns alone.
        cycle: Generations that share one cycle of the learning rate: it belongs to the lineage and not to one
            training run.
        memory: Whether rows of the head for known classes are passed on along a lineage (see `HeadMemory`).
        founders: Random circuits of untrained networks that the first generation descends from, so that its
            individuals are siblings too; with 0 individuals begin with nothing and get their circuit after training.
        parents: Different parents of a generation at most, whose heirs are siblings; None draws one for each heir.
        average: Whether learngenes of siblings are averaged before mutation.
        lamarckian: Whether what the circuit learned is inherited. If not (Baldwinian), it is passed on as it was before
            training, and only channels that mutation brings in have learned.
        pool: Capacity of the gene pool, M.
        turnover: Pool entries that newcomers may displace per generation.
        decay: Factor on the pool's scores before each generation's credit, alpha.
        beta: The share of a winner's score that its parent earns.
        credit: The form of the gene tree's credit, "geometric" or "grl".
        temperature: Parents are drawn with weights exp(score / temperature): accuracies lie so close together that
            plain roulette hardly selects.
        habitat: What an ancestor is trained on if the data are from several environments: "all" of them together, its
            "own" one, or its own of the "useful" ones (an oracle that knows them, as a control).
        migration: Probability that the environment of an heir is drawn anew and is not its parent's.
        evolved_lives: Settings of training runs that are genes of an individual, as factors on those of all: some of
            "learning_rate", "weight_decay" and "distillation" (as in PBT, arXiv 1711.09846).
        exploration: Standard deviation of the logarithm of what an heir's factor is to its parent's; None draws each
            anew, a control in which they are not inherited.
        finalists: Pool entries that are re-scored at the end, m.
        final_critics: Critics per finalist.

    Raises:
        ValueError: A setting is out of its range.
    """

    population: int = 1
    tournament: int = 2
    share: float = 0.2
    structure: Structure = "equal-widths"
    life_ways: int | Literal["all"] | None = "all"
    critic_ways: int | None = None
    critic_shots: int = 10
    life: Recipe = Recipe(updates=880, learning_rate=0.2)
    scoring: Scoring = "nearest-mean"
    critic: Recipe = Recipe(updates=20)
    critics: int = 4
    metric: Literal["final", "auc"] = "final"
    mutation_rate: float = 0.05
    elites: int = 1
    resize_rate: float = 0.0
    noise: float = 0.0
    cross: Cross = "zero"
    isolate: bool = True
    condense: bool = True
    distillation: float = 1.0
    cycle: int = 3
    memory: bool = True
    founders: int = 1
    parents: int | None = 1
    average: bool = True
    lamarckian: bool = True
    pool: int = 5
    turnover: int = 2
    decay: float = 0.6
    beta: float = 0.1
    credit: Credit = "geometric"
    temperature: float = 0.02
    habitat: Habitat = "all"
    migration: float = 0.1
    evolved_lives: tuple[Literal["learning_rate", "weight_decay", "distillation"], ...] = ()
    exploration: float | None = 0.3
    finalists: int = 1
    final_critics: int = 8

    def __post_init__(self) -> None:
        self._check_ranges()
        check_cross(self.cross)
        check_structure(self.structure)
        for name, values in (("scoring", get_args(Scoring)), ("habitat", get_args(Habitat))):
            if getattr(self, name) not in values:
                known = ", ".join(f'"{value}"' for value in values)
                raise ValueError(f"{name} must be one of {known}, but it is {getattr(self, name)!r}.")
        if self.condense and not (self.isolate and self.founders):
            raise ValueError(
                "condense needs isolate and founders, for the circuit must be known and apart from the start, but they "
                f"are {self.isolate} and {self.founders}."
            )

    def _check_ranges(self) -> None:
        counts = {
            "population": 1,
            "tournament": 1,
            "life_ways": 1,
            "critic_shots": 1,
            "critic_ways": 1,
            "finalists": 1,
            "parents": 1,
            "founders": 0,
            "elites": 0,
        }
        for name, least in counts.items():
            count = getattr(self, name)
            if isinstance(count, int) and count < least:
                raise ValueError(f"{name} must be at least {least}, but it is {count}.")
        for name in ("mutation_rate", "resize_rate", "decay", "migration"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must lie in [0, 1], but it is {getattr(self, name)}.")
        if odd := [name for name in self.evolved_lives if name not in SCALED]:
            raise ValueError(f"evolved_lives must be some of {', '.join(SCALED)}, but one is {odd[0]!r}.")
        if not (0 <= self.distillation < math.inf and 0 <= (self.exploration or 0) < math.inf):
            raise ValueError(
                "distillation and exploration must be at least 0, but they are "
                f"{self.distillation} and {self.exploration}."
            )
        if not (0 < self.share <= 1 and 0 < self.temperature < math.inf and 0 <= self.noise < math.inf):
            raise ValueError(
                "share must lie in (0, 1], temperature be above 0 and noise at least 0, but they are "
                f"{self.share}, {self.temperature} and {self.noise}."
            )

    def ways_of(self, classes: int) -> int:
        """Return the number of classes that an ancestor is trained on, given those of the role."""
        return classes if self.life_ways == "all" else self.life_ways or default_ways(classes)

    def as_json(self) -> dict[str, Any]:
        """Return the settings of the evolution as JSON values: without the seed, and without where networks live."""
        common = {one.name for one in fields(CommonSettings)}
        plain = {key: value for key, value in asdict(self).items() if key not in common}
        return {key: list(value) if isinstance(value, tuple) else value for key, value in plain.items()}


def shallow(settings: GTLSettings) -> dict[str, Any]:
    """Return the settings as keywords of `GTL`."""
    return {one.name: getattr(settings, one.name) for one in fields(GTLSettings)}
