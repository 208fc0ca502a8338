"""The layer-wise learngene: whole layers evolve, and not channels of all of them.

After GRL ("Genes in Intelligent Agents", arXiv 2306.10225), where a learngene is two of six layers of a policy network:
ancestors train, the layers that they inherited are read from them, mutation draws other layers, tournaments, gene pool
and gene tree choose. What surrounds the gene is that of `GTL` (`neuroevo.strategies.gtl.gtl`), so that the two can be
compared: training runs, critics on `held_out` classes, tournaments in shuffled groups, softened roulette, the same
budget. Cost of a generation: P training runs and P * critics critics.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import torch

from neuroevo.backbones import Backbone
from neuroevo.data.images import Dataset
from neuroevo.individual import Individual
from neuroevo.learngene import Learngene
from neuroevo.operators.circuits import whole_circuit
from neuroevo.operators.inheritance import Weights, extract
from neuroevo.operators.layers import Layers, layer_overlap, layers_held, random_layers, tensors_of
from neuroevo.operators.learngenes import NewIds, noise
from neuroevo.signatures import takes, with_defaults
from neuroevo.strategies.gtl.gtl import GTL
from neuroevo.strategies.gtl.operators import extract_circuit
from neuroevo.strategies.gtl.pool import GenePool
from neuroevo.strategies.gtl.settings import PAPER, POPULATION, GTLSettings, shallow
from neuroevo.strategies.gtl.tree import GeneTree

GRL: Mapping[str, Any] = MappingProxyType({**PAPER, "mutation_rate": 1.0, "credit": "grl"})
"""What GRL does: nothing is averaged, and the credit of ancestors is what its code computes."""

LayerwiseSettings = with_defaults("LayerwiseSettings", GTLSettings, module=__name__, **POPULATION, **GRL)


class Layerwise(GTL):
    """Evolves which layers are passed on, and what they have learned.

    Operators are those of `GTL`; `found`, `extract` and `mutate` differ. GRL fixes the number of layers; here a choice
    of layers has about `share` of the parameters, as far as whole layers allow. Settings are those of `GTL`, with the
    defaults of `GRL` where it has the setting; there are no cross weights where whole layers are inherited.

    Args:
        dataset: As in `GTL`.
        backbone: As in `GTL`.
        mutation_rate: Factor on the chance that the layers are drawn anew. That chance is (1 - p) / 2, p being the
            share of the pool's scores that entries with the same layers have; 1 is GRL as coded.

    Raises:
        ValueError: A setting is out of its range, or one that is about channels is on: `resize_rate`, `condense`.
    """

    name: ClassVar[str] = "layerwise"
    UNUSED: ClassVar[frozenset[str]] = frozenset({"structure"})

    @takes(LayerwiseSettings)
    def __init__(self, dataset: Dataset, backbone: Backbone, settings: GTLSettings) -> None:
        for setting in ("resize_rate", "condense"):
            if value := getattr(settings, setting):
                raise ValueError(f"{setting} must be off, for it is about channels, but it is {value}.")
        super().__init__(dataset, backbone, **shallow(settings))
        self.tree = GeneTree(backbone.layout, beta=settings.beta, credit=settings.credit, overlap=layer_overlap)

    def _register(self, classes: int) -> None:
        settings = self.settings
        draws = {"share": settings.share, "generator": self.generator, "new_ids": self._new_channels}
        rates = {"rate": settings.mutation_rate, "sigma": settings.noise}
        super()._register(classes)
        self.toolbox.register("found", found_layers, backbone=self.backbone, **draws)
        self.toolbox.register("extract", extract_layers, backbone=self.backbone, **draws)
        self.toolbox.register("mutate", mutate_layers, pool=self.pool, **rates, **draws)


def found_layers(*, backbone: Backbone, share: float, generator: torch.Generator, new_ids: NewIds) -> Learngene:
    """Return random layers of a fresh random network, from which a lineage descends."""
    weights = backbone.build(1, generator=generator).state_dict()
    return cut_layers(weights, backbone=backbone, share=share, generator=generator, new_ids=new_ids)


def extract_layers(
    individual: Individual, *, backbone: Backbone, share: float, generator: torch.Generator, new_ids: NewIds
) -> Learngene:
    """Read the layers that an individual inherited from its trained network, or random ones if it inherited none."""
    draws: dict[str, Any] = {"backbone": backbone, "share": share, "generator": generator, "new_ids": new_ids}
    if individual.genome is None:
        return cut_layers(individual.body.state_dict(), **draws)
    return extract_circuit(individual, **draws)


def cut_layers(
    weights: Weights, *, backbone: Backbone, share: float, generator: torch.Generator, new_ids: NewIds
) -> Learngene:
    """Return random layers of a network, all of whose channels are new."""
    circuit = whole_circuit(backbone.layout)
    return extract(
        weights,
        circuit,
        backbone=backbone,
        provenance={group: new_ids(len(channels)) for group, channels in circuit.items()},
        tensors=tensors_of(backbone.layout, random_layers(backbone.layout, share=share, generator=generator)),
    )


def mutate_layers(
    learngene: Learngene,
    weights: Weights,
    *,
    pool: GenePool,
    rate: float,
    sigma: float,
    share: float,
    generator: torch.Generator,
    new_ids: NewIds,
) -> Learngene:
    """Draw the layers anew with probability `rate` * (1 - p) / 2, and read them from the network.

    Layers that stay keep the ids of their channels; p is the share of the pool's scores that entries with the same
    layers have (GRL's code, arXiv 2306.10225). Then noise of standard deviation `sigma` is added.
    """
    layout, chosen = learngene.backbone.layout, layers_held(learngene)
    provenance = {group: ids.clone() for group, ids in learngene.provenance.items()}
    if float(torch.rand((), generator=generator)) < rate * (1 - pool_share(pool, chosen)) / 2:
        before, chosen = chosen, random_layers(layout, share=share, generator=generator)
        provenance |= {layer: new_ids(layout.groups[layer]) for layer in chosen if layer not in before}
    mutant = extract(
        weights,
        learngene.indices,
        backbone=learngene.backbone,
        provenance=provenance,
        tensors=tensors_of(layout, chosen),
    ).with_notes(**learngene.notes)
    return noise(mutant, sigma=sigma, generator=generator) if sigma else mutant


def pool_share(pool: GenePool, chosen: Layers) -> float:
    """Return which share of the pool's scores the entries with these layers have, in [0, 1]; 0 of an empty pool."""
    same = [pool.scores[one.id] for one in pool.individuals if layers_held(one.genome) == chosen]
    total = sum(pool.scores.values())
    return sum(same) / total if total > 0 else 0.0
