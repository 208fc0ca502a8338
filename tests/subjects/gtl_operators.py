"""What GTL's operators are composed of, replayed draw by draw, and how its individuals are stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from torch import Tensor

from neuroevo.backbones import MLP
from neuroevo.individual import Individual
from neuroevo.learngene import Learngene
from neuroevo.operators import learngenes as parts
from neuroevo.operators.circuits import random_circuit
from neuroevo.operators.layers import random_layers
from neuroevo.seeds import stream
from neuroevo.strategies.gtl import layerwise, operators
from neuroevo.strategies.gtl.pool import GenePool
from neuroevo.testing.laws import agreement_laws
from neuroevo.testing.laws.heirs import partial_learngenes
from neuroevo.testing.layouts import weights_of
from neuroevo.testing.references.inheritance import cut_out
from neuroevo.testing.references.layers import layers_held, tensors_of
from neuroevo.testing.strategies import learngenes, seeds
from subjects.subject import Subject

FILES = ("neuroevo/strategies/gtl/operators.py",)
LAYERS = ("neuroevo/strategies/gtl/layerwise.py", *FILES)
STATES = ("neuroevo/strategies/learngenes.py",)
BACKBONE = MLP(widths=(5, 4, 3), inputs=4)
LAYOUT = BACKBONE.layout

Arguments = st.SearchStrategy[Mapping[str, Any]]


class Numbers:
    """Gives new ids to channels, one after the other."""

    def __init__(self, first: int = 1000) -> None:
        self.next = first

    def __call__(self, count: int) -> Tensor:
        """Return the next ids."""
        self.next += count
        return torch.arange(self.next - count, self.next)


def replayed(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that calls one with a generator and new ids, and tells where both are afterwards."""

    def call(*, seed: int, **arguments: Any) -> Any:
        generator, numbers = torch.Generator().manual_seed(seed), Numbers()
        found = function(**arguments, generator=generator, new_ids=numbers)
        return found, numbers.next, generator.get_state()

    return call


def named(circuit: Mapping[str, Tensor], numbers: Numbers) -> dict[str, Tensor]:
    """Give each channel a new id, group by group."""
    return {group: numbers(len(channels)) for group, channels in circuit.items()}


def plain_found(*, share: float, generator: torch.Generator, new_ids: Numbers) -> Learngene:
    """Cut a random circuit from a random network."""
    weights = BACKBONE.build(1, generator=generator).state_dict()
    return plain_new(weights, share, generator, new_ids)


def plain_new(weights: Mapping[str, Tensor], share: float, generator: torch.Generator, new_ids: Numbers) -> Learngene:
    """Cut a random circuit."""
    circuit = random_circuit(LAYOUT, share=share, generator=generator)
    return cut_out(weights, circuit, backbone=BACKBONE, provenance=named(circuit, new_ids))


def extract(weights: Any, genome: Any, function: Callable[..., Any] | None = None, **settings: Any) -> Learngene:
    """Read what an individual with these weights has, by the library."""
    network = BACKBONE.build(2, generator=stream(0, "head"))
    network.load_state_dict({**network.state_dict(), **weights})
    read = operators.extract_circuit if function is None else function
    found: Learngene = read(Individual(genome, id=0, body=network), backbone=BACKBONE, **settings)
    return found


def plain_extract(weights: Any, genome: Any, *, share: float, generator: torch.Generator, new_ids: Numbers) -> Any:
    """Read what was inherited, or a random circuit."""
    return plain_new(weights, share, generator, new_ids) if genome is None else plain_read(weights, genome)


def plain_read(weights: Any, genome: Learngene) -> Learngene:
    """Read the same channels of the same tensors."""
    held = {"provenance": genome.provenance, "tensors": [*genome.slices]}
    return cut_out(weights, genome.indices, backbone=BACKBONE, **held)


def mutate(learngene: Learngene, weights: Any, **settings: Any) -> Learngene:
    """Mutate by the library."""
    return operators.mutate(learngene, weights, **settings)


def plain_mutate(
    learngene: Learngene, weights: Any, *, rate: float, resize_rate: float, noise: float, **draws: Any
) -> Learngene:
    """Exchange channels, then move budget, then add noise; no noise takes no draw."""
    exchanged = parts.mutate(learngene, weights, rate=rate, **draws)
    moved = parts.resize(exchanged, weights, rate=resize_rate, **draws)
    return parts.noise(moved, sigma=noise, generator=draws["generator"]) if noise > 0 else moved


def plain_cut(weights: Any, *, share: float, generator: torch.Generator, new_ids: Numbers) -> Learngene:
    """Cut random layers, with all channels new."""
    whole = {group: torch.arange(channels) for group, channels in LAYOUT.groups.items()}
    names = named(whole, new_ids)
    chosen = random_layers(LAYOUT, share=share, generator=generator)
    return cut_out(weights, whole, backbone=BACKBONE, provenance=names, tensors=tensors_of(LAYOUT, chosen))


def plain_found_layers(*, generator: torch.Generator, **settings: Any) -> Learngene:
    """Cut random layers from a random network."""
    return plain_cut(BACKBONE.build(1, generator=generator).state_dict(), generator=generator, **settings)


def plain_extract_layers(weights: Any, genome: Any, **settings: Any) -> Learngene:
    """Read what was inherited, or random layers."""
    return plain_cut(weights, **settings) if genome is None else plain_read(weights, genome)


def pool_of(entries: Sequence[tuple[Learngene, float]]) -> GenePool:
    """Return a pool with entries."""
    pool = GenePool(capacity=9, turnover=0)
    individuals = [Individual(gene, id=place) for place, (gene, _) in enumerate(entries)]
    pool.merge(individuals, {place: score for place, (_, score) in enumerate(entries)})
    return pool


def mutate_layers(learngene: Learngene, weights: Any, entries: Any, **settings: Any) -> Learngene:
    """Mutate layers by the library."""
    return layerwise.mutate_layers(learngene, weights, pool=pool_of(entries), **settings)


def plain_mutate_layers(
    learngene: Learngene,
    weights: Any,
    entries: Sequence[tuple[Learngene, float]],
    *,
    rate: float,
    sigma: float,
    share: float,
    generator: torch.Generator,
    new_ids: Numbers,
) -> Learngene:
    """Draw layers anew with probability rate (1 - p) / 2, where p is the share of entries with the same layers."""
    before = layers_held(learngene)
    total = sum(score for _, score in entries)
    same = sum(score for gene, score in entries if layers_held(gene) == before)
    p = same / total if total > 0 else 0.0
    chosen, ids = before, dict(learngene.provenance)
    if torch.rand((), generator=generator).item() < rate * (1 - p) / 2:
        chosen = random_layers(LAYOUT, share=share, generator=generator)
        for layer in chosen:
            if layer not in before:
                ids[layer] = new_ids(LAYOUT.groups[layer])
    held = tensors_of(LAYOUT, chosen)
    mutant = cut_out(weights, learngene.indices, backbone=BACKBONE, provenance=ids, tensors=held)
    mutant = mutant.with_notes(**learngene.notes)
    return parts.noise(mutant, sigma=sigma, generator=generator) if sigma > 0 else mutant


@st.composite
def of_layers(draw: DrawFn) -> Learngene:
    """Draw a learngene that holds whole layers; few choices, so that some are equal."""
    chosen = draw(st.sampled_from([["hidden1"], ["hidden2"], ["hidden1", "hidden3"]]))
    whole = {group: torch.arange(channels) for group, channels in LAYOUT.groups.items()}
    ids = {group: 50 + channels for group, channels in whole.items()}
    weights = draw(weights_of(LAYOUT))
    held = tensors_of(LAYOUT, chosen)
    return cut_out(weights, whole, backbone=BACKBONE, provenance=ids, tensors=held).with_notes(origin="drawn")


def arguments(**drawn: st.SearchStrategy[Any]) -> Arguments:
    """Draw keywords."""
    return st.fixed_dictionaries(drawn)


SHARE = st.sampled_from([0.2, 0.5, 0.9])
WEIGHTS = weights_of(LAYOUT)
RATE = st.sampled_from([0.0, 0.3, 1.0, 1.0])
GENES = partial_learngenes(BACKBONE)


def composed(name: str, made: Any, plain: Any, files: Sequence[str] = FILES, **drawn: Any) -> Subject:
    """Return an operator beside its reference, with equal draws."""
    laws = agreement_laws(replayed(plain), arguments(seed=seeds(), **drawn))
    return Subject(name, files, lambda: replayed(made), lambda: laws)


SUBJECTS = [
    composed("founder", lambda **given: operators.random_founder(backbone=BACKBONE, **given), plain_found, share=SHARE),
    composed("extraction of a circuit", extract, plain_extract, weights=WEIGHTS, genome=st.none() | GENES, share=SHARE),
    composed(
        "mutation of a learngene",
        mutate,
        plain_mutate,
        learngene=learngenes(backbone=BACKBONE),
        weights=WEIGHTS,
        rate=RATE,
        resize_rate=RATE,
        noise=st.sampled_from([0.0, 0.5]),
    ),
    composed(
        "founder of layers",
        lambda **given: layerwise.found_layers(backbone=BACKBONE, **given),
        plain_found_layers,
        LAYERS,
        share=SHARE,
    ),
    composed(
        "extraction of layers",
        lambda **given: extract(function=layerwise.extract_layers, **given),
        plain_extract_layers,
        LAYERS,
        weights=WEIGHTS,
        genome=st.none() | of_layers(),
        share=SHARE,
    ),
    composed(
        "mutation of layers",
        mutate_layers,
        plain_mutate_layers,
        LAYERS,
        learngene=of_layers(),
        weights=WEIGHTS,
        entries=st.lists(st.tuples(of_layers(), st.sampled_from([0.0, 0.5, 1.0])), max_size=3),
        rate=RATE,
        sigma=st.sampled_from([0.0, 0.5]),
        share=SHARE,
    ),
]
