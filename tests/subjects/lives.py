"""Lives of ancestors: what they learn, by a plain training loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from neuroevo.backbones import MLP, Network
from neuroevo.data.images import LabelledImages
from neuroevo.data.tasks import sample_task
from neuroevo.execution import Pixels, Recipe
from neuroevo.individual import Individual
from neuroevo.learngene import Learngene
from neuroevo.operators.heads import HeadMemory, remember
from neuroevo.operators.inheritance import gene_slots, inherit
from neuroevo.operators.places import features_of
from neuroevo.problems.live import Live
from neuroevo.problems.training_setup import TrainingSetup
from neuroevo.seeds import stream
from neuroevo.testing.laws import Law, agreement_laws
from neuroevo.testing.references import heads
from neuroevo.testing.references.critics import rates
from neuroevo.testing.strategies import learngenes
from subjects.every import every
from subjects.subject import Subject

FILES = ("neuroevo/problems/live.py", "neuroevo/problems/training_setup.py")
Facts = Mapping[str, Any]
BACKBONE = MLP(widths=(5, 4), inputs=4)
RECIPE = Recipe(updates=3, batch=4, learning_rate=0.1, momentum=0.5)
MEAN, DEVIATION = 0.4, 0.2
COUNTS = (9, 6, 8, 7)
"""Images of each class."""


def images(classes: int = 4) -> LabelledImages:
    """Return noisy images, 2 x 2, of four classes; there may be names of more."""
    labels = torch.arange(4).repeat_interleave(torch.tensor(COUNTS))
    pixels = torch.randint(256, (len(labels), 1, 2, 2), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    return LabelledImages(pixels, labels, tuple("abcdef"[:classes]))


def population(genes: Sequence[Learngene]) -> list[Individual]:
    """Return a founder and heirs of several generations, some with a memory of classes."""
    weights = {"head.weight": torch.arange(8.0).reshape(2, 4) / 8, "head.bias": torch.tensor([0.5, -0.5])}
    memory = remember(weights, torch.tensor([2, 0]), total=4)
    genomes = [(None, None, 0), (genes[0], None, 1), (genes[1], memory, 1), (genes[0], memory, 5)]
    return [
        Individual(genome, id=place, memory=memory, generation=generation)
        for place, (genome, memory, generation) in enumerate(genomes)
    ]


def lived(genes: Sequence[Learngene], seed: int, ways: int, cycle: int, classes: int) -> Any:
    """Return what lives are made of and what becomes of them, together and alone."""
    setup = TrainingSetup(backbone=BACKBONE, pixels=Pixels((MEAN,), (DEVIATION,)), recipe=RECIPE)
    live = Live(setup=setup, images=images(classes), ways=ways, seed=seed, cycle=cycle)
    pairs = list(zip(population(genes), (0, 1, 1, 3), strict=True))
    together = live.batch([one for one, _ in pairs], [slot for _, slot in pairs])
    return {
        "classes": [live.classes(*pair) for pair in pairs],
        "newborns": [_weights(live.newborn(*pair)) for pair in pairs],
        "trained": [_weights(network) for network in together],
        "alone": _weights(live(*pairs[2])),
        "budget": asdict(live.budget),
        "large batches": replace(live, setup=replace(setup, recipe=replace(RECIPE, batch=20))).budget.multiply_adds,
    }


def plainly_lived(genes: Sequence[Learngene], seed: int, ways: int, cycle: int, classes: int) -> Any:
    """Live one life after the other."""
    if cycle < 1 or not 1 <= ways <= classes or classes > len(COUNTS):
        raise ValueError("life")
    found: dict[str, Any] = {"classes": [], "newborns": [], "trained": []}
    for one, slot in zip(population(genes), (0, 1, 1, 3), strict=True):
        draws = stream(seed, one.generation, slot, "life")
        task = sample_task(images(), ways=ways, shots=None, test_per_class=0, generator=draws)
        network = _heir(one.genome, one.memory, task.classes, draws)
        found["classes"].append(task.classes)
        found["newborns"].append(_weights(network))
        each = rates(replace(RECIPE, updates=cycle * RECIPE.updates))
        begin = one.generation % cycle * RECIPE.updates
        _train(network, images().images[task.train], task.train_labels, each[begin : begin + RECIPE.updates], draws)
        found["trained"].append(_weights(network))
    steps, numbers = RECIPE.updates, 4 * 5 + 5 * 4 + 4 * ways
    cost = 3 * numbers * min(RECIPE.batch, sum(COUNTS) * ways // len(COUNTS)) * steps
    budget = {"gradient_steps": steps, "multiply_adds": cost, "critical_path": steps, "evaluations": 0}
    large = 3 * numbers * min(20, sum(COUNTS) * ways // len(COUNTS)) * steps
    return {**found, "alone": found["trained"][2], "budget": budget, "large batches": large}


def _heir(genome: Learngene | None, memory: HeadMemory | None, classes: Tensor, draws: torch.Generator) -> Network:
    network, layout = BACKBONE.build(len(classes), generator=draws), BACKBONE.layout
    if genome is not None:
        network.load_state_dict(inherit(genome, network.state_dict(), layout=layout).weights)
    if memory is not None and genome is not None:
        features = features_of(layout, gene_slots(genome, layout))
        head = heads.recall(memory, network.state_dict(), classes, channels=features)
        network.load_state_dict({**network.state_dict(), **head})
    return network


def _train(network: Network, pictures: Tensor, labels: Tensor, each: Sequence[float], draws: torch.Generator) -> None:
    """Follow the gradient, batch after batch of images in a random order."""
    decay = RECIPE.weight_decay
    optimizer = torch.optim.SGD(network.parameters(), lr=1.0, momentum=RECIPE.momentum, weight_decay=decay)
    inputs, waiting = (pictures.float() / 255 - MEAN) / DEVIATION, []
    for rate in each:
        if len(waiting) < RECIPE.batch:
            waiting = torch.randperm(len(labels), generator=draws).tolist()
        rows, waiting = waiting[: RECIPE.batch], waiting[RECIPE.batch :]
        optimizer.param_groups[0]["lr"] = rate
        network.train().zero_grad()
        F.cross_entropy(network(inputs[rows]), labels[rows]).backward()
        optimizer.step()


def _weights(network: Network) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}


def given() -> st.SearchStrategy[Facts]:
    """Draw two learngenes and the settings of lives, some of them wrong."""
    genes = st.tuples(learngenes(backbone=BACKBONE), learngenes(backbone=BACKBONE))
    return st.fixed_dictionaries({"genes": genes, "seed": st.integers(0, 9)})


def laws() -> list[Law]:
    """Return the laws with few cases, each of which trains several networks."""
    found = agreement_laws(every(plainly_lived, **LIVED), given(), tolerance=1e3)
    return [replace(law, examples=3, shrinks=False) for law in found]


LIVED = {"ways": (0, 1, 3, 5), "cycle": (0, 1, 3), "classes": (4, 5)}

SUBJECTS = [Subject("lives", FILES, lambda: every(lived, **LIVED), laws)]
