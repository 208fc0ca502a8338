"""The rivals of evolution: strategies that make one candidate in one generation.

They differ in what they transfer (see the classes); all are scored without training, by nearest class means of
`held_out` classes, so that their whole budget goes into pre-training.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import ClassVar, cast

import torch

from neuroevo.backbones import Backbone
from neuroevo.budget import Budget
from neuroevo.data.images import Dataset
from neuroevo.data.tasks import default_ways, smallest_class
from neuroevo.execution import AUTO, Execution, Pixels, Recipe
from neuroevo.individual import Failure, Individual
from neuroevo.learngene import Learngene
from neuroevo.operators.circuits import Circuit, random_circuit, relative_widths
from neuroevo.operators.inheritance import Cross, Inheritance, Weights, check_cross, extract, inherit
from neuroevo.problems import Live, NearestMean, TrainingSetup
from neuroevo.seeds import stream
from neuroevo.strategies.checks import inherited, trained
from neuroevo.strategies.learngenes import LearngeneStrategy, check_arguments
from neuroevo.strategies.strategy import budget_of, scoring_cost
from neuroevo.strategies.toolbox import Checks, Verb, Verbs
from neuroevo.structure import Structure

WHOLE_NETWORK = "whole network"


class OneCandidate(LearngeneStrategy):
    """A strategy of one generation and one candidate; subclasses say in `candidate` how it is made.

    Attributes:
        name: Its name in tables.
        pretrains: Names the network that is trained before transfer, empty if none is: strategies with the same name
            train the same network from the same seed, so that it can be shared.
        inherit: How heirs inherit what it transfers.
        UNUSED: Arguments that make no difference to the strategy.
        one_generation: Further generations only make the candidate again.

    Args:
        dataset: Images; pre-training sees all `ancestry` classes, scoring `held_out` ones; `novel` ones are not used.
        backbone: The architecture that the candidate is meant for.
        seed: The run's seed.
        share: Share of the backbone's parameters that a circuit holds at most, in (0, 1].
        structure: How wide the channel groups of a circuit are beside each other: "equal-ratios" keeps the same share
            of each group, "equal-widths" as many features of each or all that it has; or relative widths, a number for
            each group.
        pretraining: How the candidate's network is trained, if it is.
        cross: Non-gene -> gene weights of an heir: "zero" or "random".
        device: Where networks live.
        workers: Threads on the CPU; results do not depend on it.
        execution: How populations are trained.

    Raises:
        ValueError: The share lies outside (0, 1], or the structure is none.
    """

    VERBS: ClassVar[Verbs] = {
        "live": "live(individual, slot) -> network",
        "inherit": "inherit(learngene, weights, layout=layout) -> Inheritance",
    }
    CHECKS: ClassVar[Checks] = {"live": trained, "inherit": inherited}

    name: ClassVar[str]
    pretrains: ClassVar[str] = ""
    UNUSED: ClassVar[frozenset[str]] = frozenset()
    one_generation: ClassVar[bool] = True
    inherit: ClassVar[Callable[..., Inheritance]] = staticmethod(inherit)

    def __init__(
        self,
        dataset: Dataset,
        backbone: Backbone,
        *,
        seed: int = 0,
        share: float = 0.2,
        structure: Structure = "equal-widths",
        pretraining: Recipe = Recipe(updates=2000, learning_rate=0.2),
        cross: Cross = "zero",
        device: torch.device | str = "cpu",
        workers: int | None = None,
        execution: Execution = AUTO,
    ) -> None:
        check_arguments(dataset, backbone, pretraining=pretraining)
        if not 0 < share <= 1:
            raise ValueError(f"share must lie in (0, 1], but it is {share}.")
        relative_widths(backbone.layout, structure)
        check_cross(cross)
        device = torch.device(device)
        dataset = dataset.to(device)
        super().__init__(backbone, {"ancestry": dataset.ancestry.classes}, seed=seed, dataset=dataset.name)
        self.share = share
        self.structure = structure
        self.toolbox.register("inherit", self.inherit, cross=cross)
        setup = TrainingSetup(
            backbone=backbone,
            pixels=Pixels.of(dataset),
            recipe=pretraining,
            inherit=Verb(self.toolbox, "inherit"),
            device=device,
            execution=execution,
        )
        self.life = Live(
            setup=replace(setup, backbone=self.pretrained_backbone()),
            images=dataset.ancestry,
            ways=len(dataset.ancestry.classes),
            seed=seed,
            workers=workers,
        )
        self.toolbox.register("live", self.life)
        self.toolbox.register(
            "evaluate",
            NearestMean(
                setup=setup,
                images=dataset.held_out,
                ways=default_ways(len(dataset.held_out.classes)),
                shots=min(10, max(1, smallest_class(dataset.held_out) - 1)),
                seed=seed,
                workers=workers,
            ),
        )

    def candidate(self) -> Learngene | None:
        """Return what is transferred."""
        raise NotImplementedError

    def pretrained_backbone(self) -> Backbone:
        """Return the architecture of the network that is pre-trained."""
        return self.backbone

    def generate(self) -> list[Individual]:
        """Return the candidate, waiting to be scored."""
        candidate = self.candidate()
        if candidate is not None:
            candidate = candidate.with_notes(**self.origin(self.generation + 1))
        return [Individual(candidate, id=self.generation, generation=self.generation)]

    def update(self, population: Sequence[Individual]) -> None:
        """End the generation: keep the best."""
        scoring = scoring_cost(self.toolbox.evaluate, otherwise=Budget())
        self.budget = self.budget.then(scoring.times(len(population)))
        self._keep_best(population)
        self.generation += 1

    def cost(self, generation: int) -> Budget:
        """Return what a generation costs."""
        del generation
        scoring = scoring_cost(self.toolbox.evaluate, otherwise=Budget())
        return self.life.budget.then(scoring) if self.pretrains else scoring

    def pretrain(self) -> Weights:
        """Return the weights of a network that has been trained on all `ancestry` classes."""
        founder = Individual(None, id=self.generation, generation=self.generation)
        (body,) = self.toolbox.map(self.toolbox.live, [founder], [0])
        if isinstance(body, Failure):
            raise RuntimeError(f"the network of {self.name} can't be trained: {body.reason}.")
        self.budget = self.budget.then(budget_of(self.toolbox.live, otherwise=self.life.budget))
        return cast(Weights, body.state_dict())

    def cut(
        self, weights: Weights, circuit: Circuit, backbone: Backbone, *, tensors: Collection[str] | None = None
    ) -> Learngene:
        """Return the learngene that a circuit cuts from a network's weights, or from some tensors of it."""
        provenance = {group: torch.arange(len(indices)) for group, indices in circuit.items()}
        learngene = extract(weights, circuit, backbone=backbone, provenance=provenance, tensors=tensors)
        notes = {"strategy": self.name, "seed": self.seed, "classes": self.classes if self.pretrains else {}}
        return learngene.with_notes(**notes)

    def random_circuit(self) -> Circuit:
        """Return a random circuit of the settings' share, the same one for the same seed."""
        draws = stream(self.seed, "circuit")
        return random_circuit(self.backbone.layout, share=self.share, structure=self.structure, generator=draws)
