"""The protocol of a comparison: how descendants are trained, and on what their accuracy is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from deap.base import Toolbox

from neuroevo.backbones import Backbone
from neuroevo.benchmarks.analysis.conditions import Value
from neuroevo.data.images import Dataset
from neuroevo.data.tasks import Task, sample_task, unseen_per_class
from neuroevo.execution import AUTO, Execution, Pixels, Recipe, Training, train_all
from neuroevo.execution.cost import check_reads
from neuroevo.learngene import Learngene
from neuroevo.operators.inheritance import Inheritance
from neuroevo.problems import TrainingSetup
from neuroevo.seeds import stream
from neuroevo.strategies.toolbox import Verb

CURVE_POINTS = (0, 5, 10, 20, 40, 80, 150, 300, 500, 1000)


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """The protocol: how descendants are trained in one condition.

    Attributes:
        dataset: Images; descendants see `novel` classes only.
        backbone: The descendants' architecture.
        descendant: How descendants are trained.
        ways: Novel classes per descendant.
        shots: Training images per class.
        descendants: Descendants per seed.
        test_per_class: Unseen images per class that the accuracy is measured on; fewer where a class has not as many.
        device: Where networks live.
        workers: Threads on the CPU.
        execution: How populations of descendants are trained.
        names: What data set and backbone are called in tables, by `dataset` and `backbone`; by default what they call
            themselves.
    """

    dataset: Dataset
    backbone: Backbone
    descendant: Recipe
    ways: int
    shots: int = 10
    descendants: int = 4
    test_per_class: int = 50
    device: torch.device = torch.device("cpu")
    workers: int | None = None
    execution: Execution = AUTO
    names: Mapping[str, str] = field(default_factory=dict)

    def check(self, phrase: str = "") -> None:
        """Raise ValueError unless descendants can be trained; nothing is trained for that.

        Args:
            phrase: What distinguishes this condition from others, for the sentence.
        """
        novel, here = self.dataset.novel, f" ({phrase})" if phrase else ""
        if not 1 <= self.ways <= len(novel.classes):
            raise ValueError(
                f"ways must lie in 1..{len(novel.classes)}, the novel classes of {self.dataset.name}, but it is "
                f"{self.ways}{here}."
            )
        for name in ("shots", "descendants", "test_per_class"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, but it is {getattr(self, name)}{here}.")
        unseen_per_class(novel, shots=self.shots, wanted=self.test_per_class)
        check_reads(self.backbone, self.dataset.shape)

    @property
    def factors(self) -> dict[str, Value]:
        """The factors that every comparison has, with their values."""
        named = {"dataset": self.dataset.name, "backbone": name_of(self.backbone), **self.names}
        return {**named, "shots": self.shots, "updates": self.descendant.updates}

    @property
    def steps(self) -> int:
        """The updates of all descendants of one cell."""
        return self.descendants * self.descendant.updates

    @property
    def measure_at(self) -> tuple[int, ...]:
        """The numbers of updates after which a descendant's accuracy is measured."""
        updates = self.descendant.updates
        return (*(point for point in CURVE_POINTS if point < updates), updates)

    @property
    def cores(self) -> int:
        """The cores that populations are trained on; 1 for a GPU, whose time is that of the clock."""
        return (self.workers or torch.get_num_threads()) if self.device.type == "cpu" else 1

    def task(self, seed: int, number: int) -> Task:
        """Return the task of a descendant."""
        return sample_task(
            self.dataset.novel,
            ways=self.ways,
            shots=self.shots,
            test_per_class=unseen_per_class(self.dataset.novel, shots=self.shots, wanted=self.test_per_class),
            generator=stream(seed, number, "descendant", "task"),
        )

    def learning_curves(self, genome: Learngene | None, toolbox: Toolbox, seed: int) -> list[tuple[float, ...]]:
        """Return the test accuracies of each descendant at `measure_at`; heirs are made by the toolbox's `inherit`."""
        trainings = [self.training(genome, toolbox, seed, number) for number in range(self.descendants)]
        outcomes = train_all(trainings, workers=self.workers, execution=self.execution)
        return [outcome.accuracy for outcome in outcomes]

    def training(self, genome: Learngene | None, toolbox: Toolbox, seed: int, number: int) -> Training:
        """Return the training run of a descendant."""
        return self._setup(toolbox).prepare(
            genome,
            self.task(seed, number),
            stream(seed, number, "descendant", "weights"),
            measure_at=self.measure_at,
        )

    def inheritance(self, genome: Learngene, toolbox: Toolbox) -> Inheritance:
        """Return what a descendant inherits; whose does not matter."""
        weights = self.backbone.build(1, generator=stream(0, "share")).state_dict()
        inheritance: Inheritance = toolbox.inherit(genome, weights, layout=self.backbone.layout)
        return inheritance

    def _setup(self, toolbox: Toolbox) -> TrainingSetup:
        return TrainingSetup(
            backbone=self.backbone,
            pixels=Pixels.of(self.dataset),
            recipe=self.descendant,
            inherit=Verb(toolbox, "inherit"),
            device=self.device,
        )


def name_of(backbone: Backbone) -> str:
    """Return what a backbone calls itself."""
    return str(backbone.describe().get("kind", type(backbone).__name__.lower()))
