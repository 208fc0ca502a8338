"""The layer-wise learngene: whole layers evolve, and not channels of all of them.

After GRL ("Genes in Intelligent Agents", arXiv 2306.10225), where a learngene is two of six layers of a policy network:
ancestors live, the layers that they inherited are read from them, mutation draws other layers, tournaments, gene pool
and gene tree choose. What surrounds the gene is that of `GTL` (`neuroevo.strategies.gtl`), so that the two can be
compared: lives, critics on `held_out` classes, tournaments in shuffled groups, softened roulette, the same budget.
Cost of a generation: P lives and P * critics critics.
"""

from __future__ import annotations

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
from neuroevo.strategies.gene_pool import GenePool
from neuroevo.strategies.gene_tree import Credit, GeneTree
from neuroevo.strategies.gtl import GTL
from neuroevo.strategies.gtl_verbs import extract_circuit


class Layerwise(GTL):
    """Evolves which layers are handed on, and what they have learned.

    Verbs are those of `GTL`; `extract` and `mutate` are what differs. GRL fixes the number of layers; here a choice of
    layers has about `share` of the parameters, as far as whole layers allow.

    Args:
        dataset: As in `GTL`.
        backbone: As in `GTL`.
        mutation_rate: Factor on the chance that the layers are drawn anew, in [0, 1]. That chance is (1 - p) / 2, p
            being the share of the pool's scores that entries with the same layers have; 1 is GRL as coded.
        credit: As in `GTL`; GRL as coded is "grl".
        average: As in `GTL`; GRL averages nothing.
        settings: All other settings of `GTL`. Cross weights do not exist where whole layers are inherited.

    Raises:
        ValueError: A setting is out of its range, or `resize_rate` is not 0.
    """

    name: ClassVar[str] = "layerwise"

    def __init__(
        self,
        dataset: Dataset,
        backbone: Backbone,
        *,
        mutation_rate: float = 1.0,
        credit: Credit = "grl",
        average: bool = False,
        **settings: Any,
    ) -> None:
        if resize_rate := settings.get("resize_rate"):
            raise ValueError(
                f"resize_rate must be 0, for whole layers have no channels to move, but it is {resize_rate}."
            )
        super().__init__(dataset, backbone, mutation_rate=mutation_rate, credit=credit, average=average, **settings)
        self.tree = GeneTree(backbone.layout, beta=self.tree.beta, credit=credit, overlap=layer_overlap)
        share, sigma = self.settings["share"], self.settings["noise"]
        draws = {"share": share, "generator": self.generator, "new_ids": self._new_channels}
        self.toolbox.register("extract", extract_layers, backbone=backbone, **draws)
        self.toolbox.register("mutate", mutate_layers, pool=self.pool, rate=mutation_rate, sigma=sigma, **draws)


def extract_layers(
    individual: Individual, *, backbone: Backbone, share: float, generator: torch.Generator, new_ids: NewIds
) -> Learngene:
    """Read the layers that an individual inherited from its trained network; who inherited none gives random ones."""
    if individual.genome is not None:
        return extract_circuit(individual, backbone=backbone, share=share, generator=generator, new_ids=new_ids)
    circuit = whole_circuit(backbone.layout)
    return extract(
        individual.body.state_dict(),
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
