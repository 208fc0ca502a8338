"""The evolved circuit: its structure is searched for, and it says so."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
import torch

from neuroevo.evolution import evolve
from neuroevo.execution import Recipe
from neuroevo.individual import Individual
from neuroevo.learngene import Learngene
from neuroevo.operators.circuits import strongest_circuit
from neuroevo.problems import Structures
from neuroevo.strategies import EvolvedCircuit, Finetune


def made(toys: ModuleType, **settings: Any) -> EvolvedCircuit:
    """Return a strategy whose search takes a moment."""
    sizes = {"structures": 3, "search_generations": 2, "share": 0.4, "pretraining": Recipe(updates=4, batch=32)}
    return EvolvedCircuit(toys.dataset(size=16), toys.CONVNET, **{**sizes, **settings})


def run(strategy: Any) -> Individual:
    """Run a strategy for its generation."""
    list(evolve(strategy, 1))
    found: Individual = strategy.result()
    return found


def test_it_cuts_the_network_that_rivals_pretrain(toys: ModuleType) -> None:
    """Of the structure in its notes it has the strongest channels, and no more than its share."""
    genome = run(made(toys)).genome
    whole: Learngene = run(
        Finetune(toys.dataset(size=16), toys.CONVNET, pretraining=Recipe(updates=4, batch=32))
    ).genome
    structure = tuple(genome.notes["structure"])
    assert structure == tuple(genome.counts.values())
    assert genome.share <= 0.4
    assert 0 <= genome.notes["ability"] <= 1
    assert genome.notes["strategy"] == "evolved-circuit"
    again = strongest_circuit(toys.CONVNET.layout, whole.slices, share=0.4, structure=structure)
    assert all(again[group].equal(rows) for group, rows in genome.indices.items())


def test_it_follows_from_the_seed(toys: ModuleType) -> None:
    """Workers make no difference, and another seed gives another circuit."""
    first, again, other = (run(made(toys, **one)).genome for one in ({"workers": 1}, {"workers": 2}, {"seed": 7}))
    assert first.to_bytes() == again.to_bytes()
    assert first.to_bytes() != other.to_bytes()


def test_its_search_is_paid_for(toys: ModuleType) -> None:
    """What was planned was spent, and it is more than what pre-training costs."""
    strategy = made(toys)
    run(strategy)
    assert strategy.budget == strategy.planned_budget(1)
    assert strategy.budget.evaluations == 1 + 3 * 2 + 10 * (2 + 2)
    assert strategy.budget.gradient_steps == 4
    assert strategy.budget.multiply_adds > strategy.life.budget.multiply_adds


def test_another_search_can_be_registered(toys: ModuleType) -> None:
    """It gets the problem, and its individual says how wide the groups are."""
    strategy, seen = made(toys), []

    def narrow(problem: Structures) -> Individual:
        seen.append(problem)
        genome = problem.space.start.clone()
        genome[0] = -1.0
        return Individual(genome, id=0, generation=0)

    strategy.toolbox.register("search", narrow)
    narrower = run(strategy).genome
    plain = strongest_circuit(toys.CONVNET.layout, seen[0].ancestor.slices, share=0.4)
    first = next(iter(narrower.counts))
    assert narrower.counts[first] < len(plain[first])
    assert torch.is_tensor(narrower.slices[next(iter(narrower.slices))])


@pytest.mark.parametrize("settings", [{"structures": 1}, {"search_generations": 0}])
def test_a_search_of_nothing_is_refused(settings: dict[str, int], toys: ModuleType) -> None:
    """It says what the numbers must be."""
    with pytest.raises(ValueError, match="structures must be at least 2 and search_generations at least 1"):
        made(toys, **settings)
