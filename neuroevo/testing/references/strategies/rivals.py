"""Strategies that transfer something of one network, in plain Python: what they cut, from what, and what that costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple
from typing import Any

import torch
from torch import Tensor

from neuroevo.budget import Budget
from neuroevo.individual import Failure, Individual
from neuroevo.operators.circuits import random_circuit
from neuroevo.seeds import stream
from neuroevo.strategies.swapped import name_of_operator, swapped
from neuroevo.testing.references.circuits import circuit_counts
from neuroevo.testing.references.inheritance import cut_out
from neuroevo.testing.references.layers import last_layers, tensors_of
from neuroevo.testing.references.strategies.individuals import State

Call = Callable[..., Any]
Circuit = dict[str, Tensor]
Cut = tuple[Any, Circuit, Any, Any]
"""The weights, the channels of each group, the backbone, and the tensors that a learngene is cut from; None for all."""


class PlainRival:
    """A strategy that makes one candidate in a generation.

    Args:
        name: Its name in `RIVALS`.
        share: Share of the backbone's parameters that a circuit holds at most.
        updates: Updates of the network's training.
    """

    operators: Sequence[str] = ("live",)

    def __init__(self, name: str, *, share: float, updates: int) -> None:
        self.name, self.share, self.updates = name, share, updates
        self.trains = name not in ("scratch", "untrained-circuit")

    def state_of(self, strategy: Any) -> State:
        """Return what a strategy keeps, and what its networks are trained and scored on."""
        life, scoring = strategy.life, strategy.toolbox.evaluate.func
        trained = {"ways": life.ways, "classes": life.images.classes, "updates": life.setup.recipe.updates}
        return {
            "generation": strategy.generation,
            "budget": astuple(strategy.budget),
            "result": self.result_of(strategy),
            "trained": trained,
            "scored": {"ways": scoring.ways, "classes": scoring.images.classes, "shots": scoring.shots},
            "frozen": _frozen(strategy) if strategy.generation else None,
            "strategy": strategy,
        }

    def generate(self, state: State, call: Call) -> tuple[list[Individual], State]:
        """Return the candidate."""
        state = dict(state)
        genome = self.candidate(state, call)
        if genome is not None:
            strategy = state["strategy"]
            cost = Budget(*_then(state["budget"], (0, 0, 0, 1)))
            spent = {name: count for name, count in vars(cost).items() if count}
            others = {name: name_of_operator(one) for name, one in swapped(strategy).items()}
            notes = {"budget": spent, **({"swapped_operators": others} if others else {})}
            genome = genome.with_notes(dataset=strategy.arguments["dataset"].name, **notes)
        return [Individual(genome, id=state["generation"], generation=state["generation"])], state

    def candidate(self, state: State, call: Call) -> Any:
        """Return what is transferred."""
        strategy = state["strategy"]
        if self.name == "scratch":
            return None
        weights = None
        if self.trains:
            founder = Individual(None, id=state["generation"], generation=state["generation"])
            weights = call("live", founder, 0).state_dict()
            state["budget"] = _then(state["budget"], astuple(strategy.life.budget))
        return self.cut(RIVALS[self.name](strategy, weights, state, self.share), strategy)

    def cut(self, what: Cut, strategy: Any) -> Any:
        """Return the learngene, whose channels are numbered group by group."""
        weights, circuit, backbone, tensors = what
        provenance = {group: torch.arange(len(channels)) for group, channels in circuit.items()}
        learngene = cut_out(weights, circuit, backbone=backbone, provenance=provenance, tensors=tensors)
        classes = strategy.classes if self.trains else {}
        return learngene.with_notes(strategy=self.name, seed=strategy.seed, classes=classes)

    def update(self, state: State, population: Sequence[Individual], call: Call) -> State:
        """Return the state after a generation; of equals the older candidate is kept."""
        del call
        strategy = state["strategy"]
        (one,) = population
        known = state["result"]
        score = _order(one.fitness.values)
        result = known if known is not None and _order(known[1]) >= score else (one.id, one.fitness.values)
        dataset = strategy.arguments["dataset"]
        ancestry, held_out = dataset.ancestry, dataset.held_out
        counts = torch.bincount(held_out.labels)
        return {
            **state,
            "generation": state["generation"] + 1,
            "budget": _then(state["budget"], (0, 0, 0, len(population))),
            "result": result,
            "trained": {"ways": len(ancestry.classes), "classes": ancestry.classes, "updates": self.updates},
            "scored": {
                "ways": min(20, len(held_out.classes)),
                "classes": held_out.classes,
                "shots": min(10, max(1, int(counts.min()) - 1)),
            },
            "frozen": self.name == "linear-probe",
        }

    def result(self, state: State, call: Call) -> Any:
        """Return the best candidate."""
        del call
        return state["result"]

    def result_of(self, strategy: Any) -> Any:
        """Return the best candidate of a strategy."""
        if not strategy.generation:
            return None
        best = strategy.result()
        return best.id, best.fitness.values


class PlainReptile(PlainRival):
    """Reptile (Nichol, Achiam and Schulman 2018, algorithm 2), with a step that falls linearly to 0.

    Args:
        share: As in `PlainRival`.
        updates: Updates of all tasks together.
        inner: Updates on each task, about.
        tasks: Tasks for each change of the weights, n.
        step: The first epsilon.
        task_ways: Classes of each task.
    """

    operators: Sequence[str] = ("live", "average", "move")

    def __init__(
        self, *, share: float, updates: int, inner: int = 80, tasks: int = 1, step: float = 1.0, task_ways: int
    ) -> None:
        super().__init__("reptile", share=share, updates=updates)
        self.lives = max(1, updates // inner)
        self.tasks, self.step, self.task_ways = tasks, step, task_ways

    def candidate(self, state: State, call: Call) -> Any:
        """Return phi after phi <- phi + epsilon (1/n) sum_i (W_i - phi), round by round."""
        strategy = state["strategy"]
        network = strategy.backbone.build(1, generator=stream(strategy.seed, state["generation"], "reptile"))
        genome = self.whole(network, strategy)
        rounds = -(-self.lives // self.tasks)
        for number in range(rounds):
            slots = [slot for slot in range(self.lives) if slot // self.tasks == number]
            heirs = [Individual(genome, id=slot, generation=state["generation"]) for slot in slots]
            bodies = [call("live", heir, slot) for heir, slot in zip(heirs, slots, strict=True)]
            learned = [self.whole(body, strategy) for body in bodies if not isinstance(body, Failure)]
            if learned:
                epsilon = self.step * (1 - number / rounds)
                genome = call("move", genome, call("average", learned), epsilon)
            state["budget"] = _then(state["budget"], self.costs(strategy, slots))
        return genome

    def whole(self, network: Any, strategy: Any) -> Any:
        """Return all of a network."""
        return self.cut(whole(strategy, network.state_dict(), {}, self.share), strategy)

    def costs(self, strategy: Any, slots: Sequence[int]) -> tuple[int, ...]:
        """Return what training runs cost side by side: the updates are spread evenly over them."""
        last = [self.updates * (slot + 1) // self.lives for slot in slots]
        steps = [end - self.updates * slot // self.lives for slot, end in zip(slots, last, strict=True)]
        whole = strategy.life.budget
        adds = sum(whole.multiply_adds * count // whole.gradient_steps for count in steps)
        return sum(steps), adds, max(steps), 0

    def update(self, state: State, population: Sequence[Individual], call: Call) -> State:
        """Return the state after a generation."""
        after = super().update(state, population, call)
        after["trained"]["ways"] = self.task_ways
        return after


def whole(strategy: Any, weights: Any, state: State, share: float) -> Cut:
    """Return all of the network."""
    del state, share
    return weights, _all(strategy.backbone.layout), strategy.backbone, None


def untrained(strategy: Any, weights: Any, state: State, share: float) -> Cut:
    """Return a random circuit of a random network."""
    del weights
    network = strategy.backbone.build(1, generator=stream(strategy.seed, state["generation"], "untrained"))
    return at_random(strategy, network.state_dict(), state, share)


def at_random(strategy: Any, weights: Any, state: State, share: float) -> Cut:
    """Return a random circuit, the same one for the same seed."""
    del state
    layout = strategy.backbone.layout
    circuit = random_circuit(layout, share=share, generator=stream(strategy.seed, "circuit"))
    return weights, circuit, strategy.backbone, None


def strongest(strategy: Any, weights: Any, state: State, share: float) -> Cut:
    """Return the channels with the greatest sums of absolute weights (Li et al. 2017, section 3.1)."""
    del state
    layout = strategy.backbone.layout
    circuit = {}
    for group, count in circuit_counts(layout, share=share).items():
        sums = torch.zeros(layout.groups[group], dtype=torch.float64)
        for name, axes in layout.axes.items():
            if len(axes) > 1 and axes[0] == group:
                sums += torch.stack([row.double().abs().sum() for row in weights[name]])
        ranked = sorted(range(len(sums)), key=lambda channel, sums=sums: -float(sums[channel]))  # type: ignore[misc]
        circuit[group] = torch.tensor(sorted(ranked[:count]))
    return weights, circuit, strategy.backbone, None


def narrow(strategy: Any, weights: Any, state: State, share: float) -> Cut:
    """Return all of a network of a circuit's size."""
    del state
    backbone = strategy.backbone.resized(circuit_counts(strategy.backbone.layout, share=share))
    return weights, _all(backbone.layout), backbone, None


def last(strategy: Any, weights: Any, state: State, share: float) -> Cut:
    """Return the last layers (Wang et al. 2022)."""
    del state
    layout = strategy.backbone.layout
    return weights, _all(layout), strategy.backbone, tensors_of(layout, last_layers(layout, share=share))


RIVALS: Mapping[str, Callable[[Any, Any, State, float], Cut]] = {
    "untrained-circuit": untrained,
    "random-circuit": at_random,
    "narrow-pretraining": narrow,
    "finetune": whole,
    "linear-probe": whole,
    "heur-lg": last,
    "pruned-circuit": strongest,
}
"""What each of them cuts."""


def _all(layout: Any) -> Circuit:
    return {group: torch.arange(channels) for group, channels in layout.groups.items()}


def _frozen(strategy: Any) -> bool:
    """Return whether heirs keep all that they inherited; a part of it would be an error of the operator's own."""
    best = strategy.result().genome
    if best is None:
        return False
    network = best.backbone.build(2, generator=torch.Generator().manual_seed(0))
    report = strategy.toolbox.inherit(best, network.state_dict(), layout=best.backbone.layout)
    return sorted(report.frozen or ()) == sorted([*report.full, *report.part])


def _then(before: Sequence[int], cost: Sequence[int]) -> tuple[int, ...]:
    return tuple(one + other for one, other in zip(before, cost, strict=True))


def _order(values: Sequence[float]) -> float:
    """Return a score to compare by; a failure is the worst."""
    return values[0] if values and abs(values[0]) < float("inf") else float("-inf")
