"""Gene pool and gene tree through random histories of births, wins and deaths, compared with naive models of both."""

import math
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from neuroevo.backbones import Backbone, Layout
from neuroevo.individual import Ids, Individual
from neuroevo.learngene import Learngene
from neuroevo.operators import learngenes
from neuroevo.operators.circuits import random_circuit
from neuroevo.operators.inheritance import extract
from neuroevo.runs.checkpoint import load_checkpoint, save_checkpoint
from neuroevo.strategies import GenePool, GeneTree
from neuroevo.testing.architectures import random_network
from neuroevo.testing.strategies import backbones, seeds

# Few values, so that there are ties.
SCORES = st.sampled_from([0.0, 0.25, 0.5, 1.0])
Genes = Mapping[str, frozenset[int]]


def parameters(layout: Layout, counts: Mapping[str, int]) -> int:
    """Count the parameters of a circuit one by one."""
    total = 0
    for name in layout.axes.keys() - layout.buffers:
        kept = torch.ones(layout.shapes[name])
        for axis, group in enumerate(layout.axes[name]):
            if group is not None:
                kept.transpose(0, axis)[counts[group] :] = 0
        total += int(kept.sum())
    return total


def overlap(layout: Layout, first: Genes, second: Genes) -> float:
    """Return the parameters of what both have as a share of what either has."""
    common = parameters(layout, {group: len(ids & second[group]) for group, ids in first.items()})
    one, other = (parameters(layout, {group: len(ids) for group, ids in genes.items()}) for genes in (first, second))
    return common / (one + other - common)


class LineageMachine(RuleBasedStateMachine):
    """Plays a population that inherits, mutates, wins and dies; the models never forget an individual."""

    @initialize(
        backbone=backbones(max_channels=3),
        seed=seeds(),
        capacity=st.integers(1, 4),
        turnover=st.integers(0, 4),
        beta=st.sampled_from([0.0, 0.5, 1.0]),
        credit=st.sampled_from(["geometric", "grl"]),
    )
    def start(self, backbone: Backbone, seed: int, capacity: int, turnover: int, beta: float, credit: str) -> None:
        """Make an empty pool and an empty tree."""
        self.backbone, self.beta, self.credit = backbone, beta, credit
        self.generator = torch.Generator().manual_seed(seed)
        self.weights = random_network(backbone, generator=self.generator).state_dict()
        self.ids, self.channel_ids = Ids(), Ids()
        self.pool = GenePool(capacity=capacity, turnover=turnover)
        self.tree = GeneTree(backbone.layout, beta=beta, credit=credit)
        self.born: list[Individual] = []
        self.scores: dict[int, float] = {}
        self.parents: dict[int, int | None] = {}
        self.genes: dict[int, Genes] = {}
        self.files: dict[int, bytes] = {}

    @rule(data=st.data(), rate=st.sampled_from([0.0, 0.3, 1.0]))
    def give_birth(self, data: st.DataObject, rate: float) -> None:
        """An individual is born: a founder, or an heir of a pool member with a mutated learngene."""
        parent = data.draw(st.sampled_from([None, *self.pool.individuals]))
        genome = self.founding_genome() if parent is None else self.mutant(parent.genome, rate)
        one = Individual(genome, id=self.ids(), parents=() if parent is None else (parent.id,))
        self.tree.add([one])
        self.born.append(one)
        self.parents[one.id] = None if parent is None else parent.id
        self.genes[one.id] = {group: frozenset(ids.tolist()) for group, ids in genome.provenance.items()}
        self.files[one.id] = genome.to_bytes()

    @rule(factor=st.sampled_from([0.0, 0.5, 1.0]))
    def decay(self, factor: float) -> None:
        """All scores of the pool shrink."""
        self.pool.decay(factor)
        self.scores = {one: factor * score for one, score in self.scores.items()}

    @precondition(lambda self: self.born)
    @rule(data=st.data(), score=SCORES)
    def win(self, data: st.DataObject, score: float) -> None:
        """A newborn wins: its ancestors earn what the model says, and those in the pool are paid."""
        winner = data.draw(st.sampled_from(self.born)).id
        credits = self.tree.credits(winner, score)
        assert credits == pytest.approx(self.naive_credits(winner, score))
        assert self.tree.lineage(winner) == [winner, *credits]
        self.pool.credit(credits)
        for one in self.scores:
            self.scores[one] += credits.get(one, 0.0)

    @rule(data=st.data())
    def end_generation(self, data: st.DataObject) -> None:
        """Some newborns compete for places in the pool; then all without heirs in it are forgotten."""
        winners = [one for one in self.born if data.draw(st.booleans())]
        scores = {one.id: data.draw(SCORES) for one in winners}
        before = self.ranking(self.scores)
        self.pool.merge(reversed(winners), scores)
        safe = before[: max(0, len(before) - self.pool.turnover)]
        scores_of_all = self.scores | scores
        rivals = self.ranking({one: score for one, score in scores_of_all.items() if one not in safe})
        kept = [*safe, *rivals[: self.pool.capacity - len(safe)]]
        self.scores = {one: scores_of_all[one] for one in kept}
        self.born = []
        self.tree.prune(self.pool.scores)

    @rule()
    def store(self) -> None:
        """Pool and tree are read back from a checkpoint and go on in place of the old ones."""
        with TemporaryDirectory() as folder:
            save_checkpoint(Path(folder), 0, {"pool": self.pool.state_dict(), "tree": self.tree.state_dict()})
            loaded = load_checkpoint(Path(folder))
        assert loaded is not None
        self.pool = GenePool(capacity=self.pool.capacity, turnover=self.pool.turnover)
        self.pool.load_state_dict(loaded[1]["pool"], self.backbone)
        self.tree = GeneTree(self.backbone.layout, beta=self.beta, credit=self.credit)
        self.tree.load_state_dict(loaded[1]["tree"])

    @invariant()
    def the_pool_is_the_models(self) -> None:
        """Entries, scores and order are the model's, there are never too many, and learngenes do not change."""
        if not hasattr(self, "pool"):
            return
        assert [one.id for one in self.pool.individuals] == self.ranking(self.scores)
        assert self.pool.scores == self.scores
        assert len(self.pool) <= self.pool.capacity
        assert all(one.genome.to_bytes() == self.files[one.id] for one in self.pool.individuals)

    @invariant()
    def the_tree_is_the_models(self) -> None:
        """It holds the members of the pool, the newborns and all their ancestors, with their parents and genes."""
        if not hasattr(self, "tree"):
            return
        living = [*self.scores, *(one.id for one in self.born)]
        assert set(self.tree.nodes) == {ancestor for one in living for ancestor in self.ancestry(one)}
        for one, node in self.tree.nodes.items():
            assert node.parent == self.parents[one]
            assert {group: frozenset(ids.tolist()) for group, ids in node.provenance.items()} == self.genes[one]

    def founding_genome(self) -> Learngene:
        """Return a random circuit with only new channels."""
        indices = random_circuit(self.backbone.layout, share=0.5, generator=self.generator)
        provenance = {group: self.new_channels(len(kept)) for group, kept in indices.items()}
        return extract(self.weights, indices, backbone=self.backbone, provenance=provenance)

    def mutant(self, genome: Learngene, rate: float) -> Learngene:
        """Return a learngene with some channels replaced, and budget moved at the same rate."""
        for operator in (learngenes.mutate, learngenes.resize):
            draws = {"generator": self.generator, "new_ids": self.new_channels}
            genome = operator(genome, self.weights, rate=rate, **draws)
        return genome

    def new_channels(self, count: int) -> torch.Tensor:
        """Return provenance ids that were never used."""
        return torch.tensor([self.channel_ids() for _ in range(count)], dtype=torch.int64)

    def ranking(self, scores: Mapping[int, float]) -> list[int]:
        """Return ids by falling score, the older of equals first."""
        return sorted(scores, key=lambda one: (-scores[one], one))

    def ancestry(self, one: int) -> list[int]:
        """Return an individual and its ancestors."""
        parent = self.parents[one]
        return [one] if parent is None else [one, *self.ancestry(parent)]

    def naive_credits(self, winner: int, score: float) -> dict[int, float]:
        """Return credits by their definition, from the lineage of all individuals."""
        line = self.ancestry(winner)
        inherited = [overlap(self.backbone.layout, self.genes[a], self.genes[b]) for a, b in pairwise(line[1:])]
        credits = {}
        for j in range(1, len(line)):
            overlaps = inherited[: j - 1]
            geometric = self.beta**j * math.prod(overlaps)
            grl = self.beta ** (2 ** (j - 1)) * (overlaps[-1] if overlaps else 1)
            credits[line[j]] = score * (geometric if self.credit == "geometric" else grl)
        return credits


TestLineages = LineageMachine.TestCase
TestLineages.settings = settings(stateful_step_count=20)
