"""Genetic Transfer Learning in plain Python (arXiv 2401.08139, with pool and tree of GRL, arXiv 2306.10225)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple
from typing import Any

import torch

from neuroevo.individual import Failure, Individual
from neuroevo.operators.heads import HeadMemory
from neuroevo.testing.references.layers import layers_held
from neuroevo.testing.references.strategies.individuals import State
from neuroevo.testing.references.transplant import inherit

Entry = tuple[float, int]
Call = Callable[..., Any]
Overlap = Callable[[Any, Any], float]


class PlainGTL:
    """GTL with its operators called one by one; settings are those of `GTLSettings`.

    Attributes:
        operators: What it calls.
    """

    operators: Sequence[str] = (
        "found",
        "choose_parents",
        "live",
        "remember",
        "extract",
        "average",
        "mutate",
        "select",
        "rescore",
    )
    name = "gtl"

    def __init__(
        self,
        *,
        overlap: Overlap | None = None,
        population: int = 1,
        tournament: int = 2,
        elites: int = 1,
        memory: bool = True,
        founders: int = 1,
        parents: int | None = 1,
        average: bool = True,
        lamarckian: bool = True,
        pool: int = 5,
        turnover: int = 2,
        decay: float = 0.6,
        beta: float = 0.1,
        credit: str = "geometric",
        finalists: int = 1,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self.overlap = jaccard if overlap is None else overlap
        self.population, self.tournament, self.elites = population, tournament, elites
        self.memory, self.founders, self.parents = memory, founders, parents
        self.averages, self.lamarckian, self.capacity = average, lamarckian, pool
        self.turnover, self.decay, self.beta, self.credit = turnover, decay, beta, credit
        self.finalists = finalists
        self.settings = settings

    def state_of(self, strategy: Any) -> State:
        """Return what a strategy keeps; a genome of the tree by what it holds of each group."""
        return {
            "pool": [(one, strategy.pool.scores[one.id]) for one in strategy.pool.individuals],
            "tree": {one: (node.parent, held(node.provenance)) for one, node in sorted(strategy.tree.nodes.items())},
            "founders": strategy.unpack(strategy.state_dict()["founders"]),
            "winners": strategy.record()["winners"],
            "next": strategy.ids.next,
            "generation": strategy.generation,
            "budget": astuple(strategy.budget),
            "strategy": strategy,
        }

    def generate(self, state: State, call: Call) -> tuple[list[Individual], State]:
        """Return a generation: heirs live, their learngenes are read, averaged over siblings, and mutated."""
        state = dict(state)
        heirs = [self.heir(parent, state) for parent in self.chosen(state, self.population, call)]
        weights = {}
        bodies = [call("live", heir, slot) for slot, heir in enumerate(heirs)]
        for slot, (heir, body) in enumerate(zip(heirs, bodies, strict=True)):
            if isinstance(body, Failure):
                heir.fitness.values = body
            else:
                weights[heir.id] = self.born(heir, slot, body, state, call)
        if self.averages:
            self.averaged([heir for heir in heirs if heir.id in weights], weights, state, call)
        for heir in heirs[self.elites :]:
            if heir.id in weights:
                heir.genome = call("mutate", heir.genome, weights[heir.id])
        life = astuple(state["strategy"].life.budget)
        return heirs, {**state, "budget": spent(state["budget"], life, self.population)}

    def chosen(self, state: State, count: int, call: Call) -> list[Individual | None]:
        """Return the parent of each heir: founders first, later those that are drawn from the pool, in turn."""
        if not state["pool"]:
            while len(state["founders"]) < self.founders:
                founder = Individual(call("found"), id=state["next"], generation=state["generation"])
                state["founders"] = [*state["founders"], founder]
                state["next"] += 1
            return [state["founders"][place % self.founders] if self.founders else None for place in range(count)]
        different = count if self.parents is None else min(count, self.parents)
        drawn = call("choose_parents", _Pool(state["pool"]), different)
        return [drawn[place % different] for place in range(count)]

    def heir(self, parent: Individual | None, state: State) -> Individual:
        """Return a heir, with the learngene and the memory of its parent."""
        facts = {"id": state["next"], "generation": state["generation"]}
        state["next"] += 1
        if parent is None:
            return Individual(None, **facts)
        return Individual(parent.genome, parents=(parent.id,), memory=parent.memory, **facts)

    def born(self, heir: Individual, slot: int, body: Any, state: State, call: Call) -> Any:
        """Give a heir what is read from its trained network; return the weights that mutation reads from."""
        life = state["strategy"].life
        heir.body = body
        weights = body.state_dict()
        if self.memory and self.lamarckian:
            heir.memory = call("remember", heir, life.classes(heir, slot))
        if not self.lamarckian:
            heir.body = life.newborn(heir, slot)
        heir.genome = call("extract", heir)
        heir.body = None
        return weights if self.lamarckian else written(heir.genome, weights)

    def averaged(self, heirs: Sequence[Individual], weights: dict[int, Any], state: State, call: Call) -> None:
        """Give each group of siblings with the same channels their mean."""
        del state
        left = [heir for heir in heirs if heir.parents]
        while left:
            family = [heir for heir in left if heir.parents == left[0].parents and _same(heir.genome, left[0].genome)]
            left = [heir for heir in left if heir not in family or heir.id not in {one.id for one in family}]
            if len(family) < 2:
                continue
            mean = call("average", [heir.genome for heir in family])
            memories = [heir.memory for heir in family if heir.memory is not None]
            for heir in family:
                heir.memory = mean_memory(memories) if memories else None
                heir.genome = mean
                weights[heir.id] = written(mean, weights[heir.id])

    def update(self, state: State, population: Sequence[Individual], call: Call) -> State:
        """Return the state after tournaments, credit along the tree, and the entry of the winners."""
        state = self.contested(state, population, -(-self.population // self.tournament), self.decay, (), call)
        cost = scoring(state["strategy"].critic.budget)
        state["budget"] = spent(state["budget"], cost, len(population))
        return {**state, "generation": state["generation"] + 1}

    def contested(
        self, state: State, group: Sequence[Individual], k: int, decay: float, unborn: Sequence[int], call: Call
    ) -> State:
        """Return the state after a tournament of which k win."""
        state = dict(state)
        winners = fit(call("select", list(group), k))
        tree = dict(state["tree"])
        for one in [*state["founders"], *group]:
            if one.genome is not None:
                tree[one.id] = (next(iter(one.parents), None), held_of(one.genome))
        scores = {one.id: decay * score for one, score in state["pool"]}
        for winner in winners:
            for ancestor, earned in self.credits(winner.id, float(winner.fitness.values[0]), tree, state).items():
                if ancestor in scores:
                    scores[ancestor] += earned
        ranked = sorted([one for one, _ in state["pool"]], key=lambda one: (-scores[one.id], one.id))
        state["pool"] = self.merged([(one, scores[one.id]) for one in ranked], winners)
        kept: set[int] = set()
        for one in [*(entry.id for entry, _ in state["pool"]), *unborn]:
            kept |= {*lineage(one, tree)}
        state["tree"] = {one: tree[one] for one in sorted(kept)}
        state["winners"] = [winner.id for winner in winners]
        return state

    def merged(self, pool: list[Any], winners: Sequence[Individual]) -> list[Any]:
        """Return the pool after winners competed with its worst `turnover` entries, and took free places."""
        known = {one.id for one, _ in pool}
        fresh = [(one, float(one.fitness.values[0])) for one in winners if one.id not in known]
        safe = pool[: max(0, len(pool) - self.turnover)]
        rivals = sorted([*pool[len(safe) :], *fresh], key=lambda entry: (-entry[1], entry[0].id))
        return sorted([*safe, *rivals[: self.capacity - len(safe)]], key=lambda entry: (-entry[1], entry[0].id))

    def credits(self, winner: int, score: float, tree: Mapping[int, Any], state: State) -> dict[int, float]:
        """Return what each ancestor a_j of a winner a_0 earns, where J_i is the overlap of what a_{i-1} and a_i hold.

        That is beta^j s J_1 … J_{j-1}, or in GRL's code beta^(2^(j-1)) s J_{j-1}, with J_0 = 1.
        """
        layout = state["strategy"].backbone.layout
        line = lineage(winner, tree)
        earned = {}
        for j in range(1, len(line)):
            overlaps = [1.0, *(self.overlap_of(layout, tree, line[i], line[i + 1]) for i in range(1, j))]
            if self.credit == "geometric":
                earned[line[j]] = self.beta**j * score * math.prod(overlaps)
            else:
                earned[line[j]] = self.beta ** (2 ** (j - 1)) * score * overlaps[-1]
        return earned

    def overlap_of(self, layout: Any, tree: Mapping[int, Any], one: int, other: int) -> float:
        """Return the overlap of what two individuals hold."""
        return self.overlap(layout, (dict(tree[one][1]), dict(tree[other][1])))

    def result(self, state: State, call: Call) -> Any:
        """Return the best of the first entries of the pool, by another score; of equals the oldest."""
        finalists = [one for one, _ in state["pool"]][: self.finalists]
        if not finalists:
            return None
        scores = [call("rescore", one) for one in finalists]
        numbers = [score[0] if math.isfinite(score[0]) else -math.inf for score in scores]
        best = max(range(len(finalists)), key=lambda place: (numbers[place], -finalists[place].id))
        strategy = state["strategy"]
        notes = {
            "strategy": self.name,
            "seed": strategy.seed,
            "generations": state["generation"],
            "lineage": lineage(finalists[best].id, state["tree"]),
            "score": scores[best][0],
            "classes": strategy.classes,
        }
        if self.settings is not None:
            notes["settings"] = self.settings
        return {"id": finalists[best].id, "values": scores[best], "parents": finalists[best].parents, "notes": notes}

    def result_of(self, strategy: Any) -> Any:
        """Return what a strategy gives as its result."""
        if not strategy.record()["pool"]:
            return None
        best = strategy.result()
        return {
            "id": best.id,
            "values": best.fitness.values,
            "parents": best.parents,
            "notes": best.genome.notes,
        }


class _Pool:
    """A pool as an argument of `choose_parents`."""

    def __init__(self, pool: Sequence[tuple[Individual, float]]) -> None:
        self.individuals = [one for one, _ in pool]
        self.scores = {one.id: score for one, score in pool}


def fit(selected: Sequence[Individual]) -> list[Individual]:
    """Return those that have a learngene and did not fail, each once."""
    winners: dict[int, Individual] = {}
    for one in selected:
        if one.genome is not None and one.fitness.valid and not one.fitness.failed:
            winners.setdefault(one.id, one)
    return [*winners.values()]


def lineage(one: int, tree: Mapping[int, Any]) -> list[int]:
    """Return an individual and its ancestors."""
    return [one] if tree[one][0] is None else [one, *lineage(tree[one][0], tree)]


def held(provenance: Mapping[str, Any]) -> list[tuple[str, list[int]]]:
    """Return what an individual holds, by group."""
    return [(group, ids.tolist()) for group, ids in sorted(provenance.items())]


def held_of(learngene: Any) -> list[tuple[str, list[int]]]:
    """Return what a learngene holds, by group: of a partial one, the groups whose first tensor it has."""
    return held({layer: learngene.provenance[layer] for layer in layers_held(learngene)})


def jaccard(layout: Any, pair: tuple[Mapping[str, list[int]], Mapping[str, list[int]]]) -> float:
    """Return the parameters of the common channels in units of those of all channels of two circuits."""
    first, second = pair
    common = layout.parameters({group: len({*ids} & {*second[group]}) for group, ids in first.items()})
    one, other = (layout.parameters({group: len(ids) for group, ids in each.items()}) for each in pair)
    return float(common / (one + other - common))


def written(learngene: Any, weights: Any) -> Any:
    """Return a network's weights with the learngene in them."""
    return inherit(learngene, weights, layout=learngene.backbone.layout, cross="random").weights


def mean_memory(memories: Sequence[HeadMemory]) -> HeadMemory:
    """Return the mean of memories: of each class over those that know it."""
    known = torch.stack([one.known for one in memories])
    count = known.sum(0).clamp(min=1)
    weight = torch.stack([one.weight for one in memories]).sum(0) / count.unsqueeze(1)
    bias = torch.stack([one.bias for one in memories]).sum(0) / count
    return HeadMemory(weight, bias, known.any(0))


def _same(first: Any, second: Any) -> bool:
    """Return whether two learngenes keep the same channels of the same tensors."""
    if sorted(first.slices) != sorted(second.slices):
        return False
    return all(first.indices[group].tolist() == second.indices[group].tolist() for group in first.indices)


def scoring(budget: Any) -> tuple[int, ...]:
    """Return what scoring costs, the evaluation included."""
    return (*astuple(budget)[:3], 1)


def spent(before: Sequence[int], cost: Sequence[int], count: int) -> tuple[int, ...]:
    """Return the budget after something was done some times, side by side."""
    steps, adds, path, evaluations = cost
    each = (count * steps, count * adds, path if count else 0, count * evaluations)
    return tuple(one + other for one, other in zip(before, each, strict=True))
