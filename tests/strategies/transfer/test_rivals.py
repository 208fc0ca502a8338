"""The rivals of evolution: each passes on what it says, for the budget that it plans."""

import json
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from deap import algorithms
from torch import Tensor

from neuroevo.budget import Budget
from neuroevo.data.tasks import sample_task
from neuroevo.evolution import evolve
from neuroevo.execution import Pixels, Recipe, modes, train_all
from neuroevo.individual import Individual
from neuroevo.learngene import Learngene
from neuroevo.operators.circuits import circuit_counts, random_circuit
from neuroevo.operators.inheritance import inherit
from neuroevo.problems import TrainingSetup
from neuroevo.runs.checkpoint import load_checkpoint, save_checkpoint
from neuroevo.runs.records import read_records
from neuroevo.seeds import stream
from neuroevo.strategies import (
    Finetune,
    HeurLG,
    LinearProbe,
    NarrowPretraining,
    OneCandidate,
    PrunedCircuit,
    RandomCircuit,
    Reptile,
    Scratch,
    UntrainedCircuit,
)

TRAINED = [Finetune, HeurLG, LinearProbe, NarrowPretraining, PrunedCircuit, RandomCircuit, Reptile]
RIVALS = [*TRAINED, Scratch, UntrainedCircuit]
all_rivals = pytest.mark.parametrize("kind", RIVALS, ids=lambda kind: kind.name)
trained_rivals = pytest.mark.parametrize("kind", TRAINED, ids=lambda kind: kind.name)


def make(kind: type[OneCandidate], toys: ModuleType, backbone: str = "MLP_BACKBONE", **settings: Any) -> OneCandidate:
    """Return a rival whose pre-training takes a moment."""
    dataset = toys.dataset(size=16 if backbone == "CONVNET" else 8)
    recipe = Recipe(updates=4, batch=32)
    return kind(dataset, getattr(toys, backbone), **{"share": 0.4, "pretraining": recipe, **settings})


def handed_on(strategy: OneCandidate) -> Learngene:
    """Run a rival for a generation and return its learngene."""
    list(evolve(strategy, 1))
    genome: Learngene = strategy.result().genome
    return genome


def trained_weights(strategy: OneCandidate) -> tuple[Learngene, dict[str, Tensor]]:
    """Run a rival for a generation and return its learngene and the weights of the network that lived."""
    original, bodies = strategy.toolbox.live, []

    def spy(individual: Individual, slot: int) -> Any:
        bodies.append(original(individual, slot))
        return bodies[-1]

    strategy.toolbox.register("live", spy)
    genome = handed_on(strategy)
    (body,) = bodies
    return genome, body.state_dict()


def as_bytes(individual: Individual) -> bytes | None:
    """Return what an individual passes on as bytes, or None for nothing; swapped operators are no difference."""
    if individual.genome is None:
        return None
    notes = {name: note for name, note in individual.genome.notes.items() if name != "swapped_operators"}
    data: bytes = replace(individual.genome, notes=notes).to_bytes()
    return data


@pytest.mark.parametrize("backbone", ["MLP_BACKBONE", "CONVNET"])
def test_finetune_hands_on_all_that_was_trained(backbone: str, toys: ModuleType) -> None:
    """Its share is 1, and every tensor but the head is that of the trained network."""
    genome, weights = trained_weights(make(Finetune, toys, backbone))
    assert genome.share == 1
    assert genome.backbone == getattr(toys, backbone)
    assert set(genome.slices) <= set(weights)
    assert all(torch.equal(tensor, weights[name]) for name, tensor in genome.slices.items())
    untrained = make(UntrainedCircuit, toys, backbone, share=1.0)
    assert not torch.equal(handed_on(untrained).slices[next(iter(genome.slices))], next(iter(genome.slices.values())))


@pytest.mark.parametrize("backbone", ["MLP_BACKBONE", "CONVNET"])
def test_a_random_circuit_is_cut_from_the_finetuned_network(backbone: str, toys: ModuleType) -> None:
    """At one seed its slices are those of `Finetune`'s network at the channels that it keeps."""
    whole, circuit = (handed_on(make(kind, toys, backbone, seed=3)) for kind in (Finetune, RandomCircuit))
    assert circuit.share <= 0.4
    for name, axes in circuit.backbone.layout.axes.items():
        part = whole.slices[name]
        for axis, group in enumerate(axes):
            part = part if group is None else part.index_select(axis, circuit.indices[group])
        assert torch.equal(circuit.slices[name], part)
    chosen = random_circuit(circuit.backbone.layout, share=0.4, generator=stream(3, "circuit"))
    assert all(torch.equal(circuit.indices[group], indices) for group, indices in chosen.items())


@pytest.mark.parametrize("backbone", ["MLP_BACKBONE", "CONVNET"])
def test_a_pruned_circuit_keeps_the_strongest_channels(backbone: str, toys: ModuleType) -> None:
    """It is as large as a random one, and no channel outside of it has a greater sum of absolute weights."""
    genome, weights = trained_weights(make(PrunedCircuit, toys, backbone))
    layout = getattr(toys, backbone).layout
    assert genome.counts == circuit_counts(layout, share=0.4)
    for group, kept in genome.indices.items():
        (kernel,) = [name for name, axes in layout.axes.items() if axes[0] == group and len(axes) > 1]
        norms = weights[kernel].abs().flatten(1).sum(1)
        others = [channel for channel in range(layout.groups[group]) if channel not in kept.tolist()]
        assert not others or norms[kept].min() >= norms[others].max()
        assert (
            torch.equal(genome.slices[kernel], weights[kernel][kept][:, genome.indices[source]])
            if (source := layout.axes[kernel][1])
            else torch.equal(genome.slices[kernel], weights[kernel][kept])
        )


@pytest.mark.parametrize(("share", "first"), [(0.05, 4), (0.4, 4), (0.7, 3), (1.0, 1)])
def test_heur_lg_hands_on_the_last_layers(share: float, first: int, toys: ModuleType) -> None:
    """They are whole, one at least and as close to the share as can be; what comes before them stays fresh."""
    genome, weights = trained_weights(make(HeurLG, toys, "CONVNET", share=share))
    kept = range(first, 5)
    assert set(genome.slices) == {name for name in genome.backbone.layout.axes if int(name.split(".")[0][-1]) in kept}
    assert all(torch.equal(tensor, weights[name]) for name, tensor in genome.slices.items())
    assert genome.share == pytest.approx(
        sum(t.numel() for n, t in genome.slices.items() if ".running_" not in n) / 1056
    )
    heir = genome.backbone.build(3, generator=toys.generator())
    report = inherit(genome, heir.state_dict(), layout=genome.backbone.layout)
    assert report.share == genome.share
    assert all(torch.equal(report.weights[name], heir.state_dict()[name]) for name in report.untouched)


def test_a_linear_probe_hands_on_what_fine_tuning_does(toys: ModuleType) -> None:
    """The learngenes are equal, and only heirs of the probe are frozen, in all that they inherited."""
    probe, tuned = make(LinearProbe, toys, "CONVNET", seed=3), make(Finetune, toys, "CONVNET", seed=3)
    genome, other = handed_on(probe), handed_on(tuned)
    assert all(torch.equal(tensor, other.slices[name]) for name, tensor in genome.slices.items())
    assert probe.result().fitness == tuned.result().fitness
    heir = toys.CONVNET.build(3, generator=toys.generator()).state_dict()
    frozen, free = (one.toolbox.inherit(genome, heir, layout=toys.CONVNET.layout) for one in (probe, tuned))
    assert frozen.frozen == set(toys.CONVNET.layout.axes)
    assert free.frozen == frozenset()
    assert all(torch.equal(tensor, free.weights[name]) for name, tensor in frozen.weights.items())


def test_descendants_of_a_linear_probe_train_their_heads_only(toys: ModuleType) -> None:
    """Of all that training changes in others, norms' statistics included, only the head's parameters change in them."""
    dataset, recipe = toys.dataset(size=16), Recipe(updates=3, batch=16)
    task = sample_task(dataset.novel, ways=3, shots=5, test_per_class=0, generator=toys.generator())
    for kind, changing in ((LinearProbe, {"head.weight", "head.bias"}), (Finetune, None)):
        strategy = make(kind, toys, "CONVNET")
        genome = handed_on(strategy)
        setup = TrainingSetup(
            backbone=toys.CONVNET, pixels=Pixels.of(dataset), recipe=recipe, inherit=strategy.toolbox.inherit
        )
        training = setup.prepare(genome, task, toys.generator())
        before = {name: tensor.clone() for name, tensor in training.network.state_dict().items()}
        train_all([training])
        changed = {n for n, t in training.network.state_dict().items() if not torch.equal(t, before[n])}
        assert changed == (set(before) if changing is None else changing)


@pytest.mark.parametrize("share", [0.1, 0.4, 1.0])
@pytest.mark.parametrize("backbone", ["MLP_BACKBONE", "CONVNET"])
def test_narrow_pretraining_trains_a_network_of_the_circuits_size(
    backbone: str, share: float, toys: ModuleType
) -> None:
    """Its network has the circuit's widths, is passed on whole, and fits into the full backbone."""
    strategy = make(NarrowPretraining, toys, backbone, share=share)
    genome, weights = trained_weights(strategy)
    full = getattr(toys, backbone)
    counts = circuit_counts(full.layout, share=share)
    assert genome.backbone == full.resized(counts)
    assert genome.share == 1
    assert genome.counts == counts
    assert all(torch.equal(tensor, weights[name]) for name, tensor in genome.slices.items())
    heir = full.build(3, generator=toys.generator())
    inheritance = inherit(genome, heir.state_dict(), layout=full.layout)
    assert inheritance.share == full.layout.parameters(counts) / full.layout.parameters()
    assert inheritance.share <= share or set(counts.values()) == {1}
    assert strategy.life.budget.gradient_steps == 4
    assert share == 1.0 or strategy.life.budget.multiply_adds < make(Finetune, toys, backbone).life.budget.multiply_adds


def test_scratch_hands_on_nothing(toys: ModuleType) -> None:
    """Its candidate has no genome, costs no training, and has the score of random features."""
    strategy = make(Scratch, toys)
    assert handed_on(strategy) is None
    assert strategy.budget == strategy.planned_budget(1) == Budget(evaluations=1)
    assert 0 <= strategy.result().fitness.values[0] <= 1


def test_an_untrained_circuit_is_of_a_network_that_never_lived(toys: ModuleType) -> None:
    """It costs no training, keeps the channels of `RandomCircuit` and has other weights."""
    strategy = make(UntrainedCircuit, toys, seed=3)
    strategy.toolbox.register("live", make)  # would fail
    genome = handed_on(strategy)
    trained = handed_on(make(RandomCircuit, toys, seed=3))
    assert strategy.budget == Budget(evaluations=1)
    assert all(torch.equal(genome.indices[group], indices) for group, indices in trained.indices.items())
    assert not any(
        torch.equal(genome.slices[name], tensor) for name, tensor in trained.slices.items() if tensor.ndim > 1
    )


@all_rivals
def test_the_seed_decides_everything(kind: type[OneCandidate], toys: ModuleType) -> None:
    """Equal seeds give equal candidates and scores with any number of workers, another seed gives others."""

    def outcome(**settings: Any) -> Any:
        strategy = make(kind, toys, **settings)
        list(evolve(strategy, 1))
        return as_bytes(strategy.result()), strategy.result().fitness.values

    assert outcome(seed=1, workers=1) == outcome(seed=1, workers=2) != outcome(seed=2)


@all_rivals
@pytest.mark.parametrize("generations", [0, 1, 2])
def test_the_budget_is_the_planned_one(
    kind: type[OneCandidate], generations: int, toys: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plan and count agree, and every update that was made is counted."""
    original, updates = modes.train, []

    def spy(training: Any, **precision: Any) -> Any:
        updates.append(training.recipe.updates)
        return original(training, **precision)

    monkeypatch.setattr(modes, "train", spy)
    strategy = make(kind, toys)
    planned = strategy.planned_budget(generations)
    list(evolve(strategy, generations))
    assert strategy.budget == planned
    assert strategy.budget.gradient_steps == sum(updates) == 4 * generations * bool(kind.pretrains)
    assert strategy.budget.critical_path == sum(updates)


@all_rivals
def test_deaps_loop_and_ours_give_the_same(kind: type[OneCandidate], toys: ModuleType) -> None:
    """`eaGenerateUpdate` runs the toolbox unchanged."""
    ours, theirs = make(kind, toys), make(kind, toys)
    list(evolve(ours, 2))
    algorithms.eaGenerateUpdate(theirs.toolbox, ngen=2, verbose=False)
    assert (ours.generation, ours.budget) == (theirs.generation, theirs.budget)
    assert as_bytes(ours.result()) == as_bytes(theirs.result())
    assert ours.result().fitness == theirs.result().fitness


@all_rivals
@pytest.mark.parametrize("before", [0, 1])
def test_a_state_continues(kind: type[OneCandidate], before: int, toys: ModuleType, tmp_path: Path) -> None:
    """A new strategy with the state of another continues as it, through files too."""
    whole, first, second = (make(kind, toys) for _ in range(3))
    list(evolve(whole, 2))
    list(evolve(first, before))
    save_checkpoint(tmp_path, before, first.state_dict())
    loaded = load_checkpoint(tmp_path)
    assert loaded is not None
    second.load_state_dict(loaded[1])
    assert (second.generation, second.budget) == (before, first.budget)
    if before:
        assert as_bytes(second.result()) == as_bytes(first.result())
    list(evolve(second, 2))
    assert second.result() == whole.result()
    assert as_bytes(second.result()) == as_bytes(whole.result())
    assert second.result().fitness == whole.result().fitness


@all_rivals
def test_a_run_directory_is_enough(kind: type[OneCandidate], toys: ModuleType, tmp_path: Path) -> None:
    """A finished run is not run again, and its result is there."""
    strategy, again = make(kind, toys), make(kind, toys)
    assert len(list(evolve(strategy, 1, run_dir=tmp_path))) == 1
    assert list(evolve(again, 1, run_dir=tmp_path)) == []
    assert as_bytes(again.result()) == as_bytes(strategy.result())
    (record,) = read_records(tmp_path / "records.jsonl")
    assert record["individuals"] == [{"id": 0, "parents": [], "fitness": list(strategy.result().fitness.values)}]


def test_the_best_of_several_generations_is_kept(toys: ModuleType) -> None:
    """A later candidate replaces the result only if it is better."""
    strategy = make(UntrainedCircuit, toys)
    scores = {0: 0.5, 1: 0.9, 2: 0.9, 3: 0.1}
    strategy.toolbox.register("evaluate", lambda individual: (scores[individual.id],))
    assert [(next(evolve(strategy, n + 1)), strategy.result().id)[1] for n in range(4)] == [0, 1, 1, 1]


@all_rivals
def test_notes_say_what_was_seen(kind: type[OneCandidate], toys: ModuleType) -> None:
    """The learngene names its strategy, its seed and the ancestry classes if it was trained on them."""
    genome = handed_on(make(kind, toys, seed=5))
    if genome is None:
        return
    classes = {"ancestry": list(toys.dataset().ancestry.classes)} if bool(kind.pretrains) else {}
    notes = dict(genome.notes)
    assert notes.pop("budget").get("gradient_steps", 0) == make(kind, toys).planned_budget(1).gradient_steps
    assert notes == {"strategy": kind.name, "seed": 5, "classes": classes, "dataset": toys.dataset().name}
    json.dumps(genome.notes)


@all_rivals
def test_no_result_before_the_first_generation(kind: type[OneCandidate], toys: ModuleType) -> None:
    """There is no candidate yet."""
    with pytest.raises(RuntimeError, match=r"^there is no result yet: run a generation first\.$"):
        make(kind, toys).result()
    assert make(kind, toys).record() == {}


@trained_rivals
def test_pretraining_sees_ancestry_and_scoring_held_out(
    kind: type[OneCandidate], toys: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network that lives reads all classes of ancestry, and the score comes from held-out images."""
    sources: dict[str, set[tuple[str, ...]]] = {"train": set(), "score": set()}
    train, prepare = modes.train, TrainingSetup.prepare

    def spy_train(training: Any, **precision: Any) -> Any:
        sources["train"].add(training.task.source.classes)
        assert len(training.task.classes) == 5
        return train(training, **precision)

    def spy_prepare(self: Any, genome: Any, task: Any, *rest: Any, **keywords: Any) -> Any:
        sources["score"].add(task.source.classes)
        return prepare(self, genome, task, *rest, **keywords)

    monkeypatch.setattr(modes, "train", spy_train)
    strategy = make(kind, toys)
    population = strategy.generate()
    monkeypatch.setattr(TrainingSetup, "prepare", spy_prepare)
    strategy.toolbox.evaluate(population[0])
    dataset = toys.dataset()
    assert sources == {"train": {dataset.ancestry.classes}, "score": {dataset.held_out.classes}}


@all_rivals
@pytest.mark.parametrize("share", [0.0, 1.5])
def test_impossible_shares_are_refused(kind: type[OneCandidate], share: float, toys: ModuleType) -> None:
    """A share outside (0, 1] is refused by every rival when it is made, also by those that have no use for it."""
    with pytest.raises(ValueError, match=rf"^share must lie in \(0, 1\], but it is {share}\.$"):
        make(kind, toys, share=share)


@all_rivals
def test_verbs_can_be_swapped(kind: type[OneCandidate], toys: ModuleType) -> None:
    """What is registered as `inherit` serves the scoring, and what is registered as `map` all of it."""
    strategy, calls = make(kind, toys), []
    original, plain = strategy.toolbox.inherit, strategy.toolbox.map
    strategy.toolbox.register("inherit", lambda *a, **k: (calls.append("inherit"), original(*a, **k))[1])
    strategy.toolbox.register("map", lambda *a: (calls.append("map"), plain(*a))[1])
    twin = make(kind, toys)
    assert as_bytes(next(evolve(strategy, 1)).population[0]) == as_bytes(next(evolve(twin, 1)).population[0])
    assert calls.count("map") == 1 + bool(kind.pretrains)
    # The heirs of the score and, of the strategy whose ancestors inherit, one life.
    assert calls.count("inherit") == (0 if kind is Scratch else 4 + (kind is Reptile))


def test_an_evaluator_that_trains_is_charged(toys: ModuleType) -> None:
    """Nearest means cost no training; an evaluator with a budget that is registered costs it at each call."""

    class Dear:
        """An evaluator that says that it trains."""

        budget = Budget(gradient_steps=7)

        def __call__(self, individual: Individual) -> tuple[float]:
            """Return any score."""
            return (float(individual.id),)

    strategy = Scratch(toys.dataset(), toys.MLP_BACKBONE)
    list(evolve(strategy, 1))
    assert strategy.budget == Budget(evaluations=1)
    dear = Scratch(toys.dataset(), toys.MLP_BACKBONE)
    dear.toolbox.register("evaluate", Dear())
    list(evolve(dear, 1))
    assert dear.budget == Budget(gradient_steps=7, evaluations=1)
