"""Genetic Transfer Learning: evolving learngenes in populations of networks that live and learn.

After GTL ("Transferring Core Knowledge via Learngenes", arXiv 2401.08139), of which the abstract and summaries are
public, with gene pool and gene tree of GRL ("Genes in Intelligent Agents", arXiv 2306.10225). Every default number is
our choice; none is known from the paper.

One generation: parents are drawn from the gene pool by roulette; heirs inherit their learngenes and live (train on k
classes of the role `ancestry`); learngenes are extracted, averaged over siblings and mutated; critics score them on
`held_out` classes; tournaments choose winners; the gene tree credits the winners' ancestors and the pool takes the
winners in. Cost of a generation: P lives and P * critics critics.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, replace
from functools import partial, reduce
from typing import Any, ClassVar

import torch
from deap.base import Toolbox
from torch import Tensor

from neuroevo.backbones import Backbone
from neuroevo.budget import Budget
from neuroevo.data.images import Dataset
from neuroevo.execution import AUTO, Execution, Pixels, batched_map
from neuroevo.individual import Failure, Ids, Individual
from neuroevo.learngene import Learngene
from neuroevo.operators import heads, learngenes
from neuroevo.operators.inheritance import Weights, inherit
from neuroevo.operators.selection import group_tournament
from neuroevo.operators.verbs import Select
from neuroevo.problems import Live, TrainingSetup
from neuroevo.seeds import stream
from neuroevo.strategies.gtl.operators import (
    checked,
    choose_parents,
    extract_circuit,
    families,
    finite_or_least,
    finite_or_none,
    mutate,
    random_founder,
    remember,
    with_bodies,
)
from neuroevo.strategies.gtl.pool import GenePool
from neuroevo.strategies.gtl.scoring import critics
from neuroevo.strategies.gtl.settings import GTLSettings
from neuroevo.strategies.gtl.tree import GeneTree
from neuroevo.strategies.strategy import (
    Verb,
    budget_of,
    check_types,
    individual_from,
    individual_state,
    scoring_cost,
)


class GTL:
    """Evolves learngenes; `GTL(..., **PAPER)` is the variant that keeps to what is known of the paper.

    Verbs on the toolbox, beside `generate`, `evaluate`, `update` and `map`: `found()`, `choose_parents(pool, k)`,
    `inherit(learngene, weights, layout=...)`, `live(individual, slot)`, `remember(individual, classes)`,
    `extract(individual)`, `average(learngenes)`, `mutate(learngene, weights)`, `select(individuals, k)`,
    `rescore(individual)` (the finalists' `evaluate`).

    Args:
        dataset: Images; ancestors see `ancestry` classes only, critics `held_out` ones, nobody `novel` ones.
        backbone: The architecture of ancestors and critics.
        seed: The run's seed; everything follows from it.
        device: Where networks live.
        workers: Threads on the CPU; results do not depend on it.
        execution: In which way populations are trained.
        settings: Those of `GTLSettings`.

    Raises:
        ValueError: A setting is out of its range.
    """

    name: ClassVar[str] = "gtl"

    def __init__(
        self,
        dataset: Dataset,
        backbone: Backbone,
        *,
        seed: int = 0,
        device: torch.device | str = "cpu",
        workers: int | None = None,
        execution: Execution = AUTO,
        **settings: Any,
    ) -> None:
        self.told = told = GTLSettings(**settings)
        check_types(dataset, life=told.life, critic=told.critic)
        device = torch.device(device)
        dataset = dataset.to(device)
        self.backbone = backbone
        self.population = told.population
        self.winners = -(-told.population // told.tournament)
        self.finalists = told.finalists
        self.classes = {role: list(dataset.role(role).classes) for role in ("ancestry", "held_out")}
        self.settings = told.as_json()
        self.seed = seed
        self.generator = stream(seed, "operators")
        self.ids = Ids()
        self.channel_ids = Ids()
        self.pool = GenePool(capacity=told.pool, turnover=told.turnover)
        self.tree = GeneTree(backbone.layout, beta=told.beta, credit=told.credit)
        self.generation = 0
        self.budget = Budget()
        self._founders: list[Individual] = []
        self._winners: list[int] = []
        self._result: Individual | None = None

        self.toolbox = toolbox = Toolbox()
        setup = TrainingSetup(
            backbone=backbone,
            pixels=Pixels.of(dataset),
            recipe=told.critic,
            inherit=Verb(toolbox, "inherit"),
            device=device,
            execution=execution,
        )
        self.life = Live(
            setup=replace(setup, recipe=told.life, isolate=told.isolate, condense=told.condense),
            images=dataset.ancestry,
            ways=told.ways_of(len(dataset.ancestry.classes)),
            seed=seed,
            cycle=told.cycle,
            workers=workers,
        )
        self.critic, self.final_critic = critics(told, setup=setup, images=dataset.held_out, seed=seed, workers=workers)
        draws = {"generator": self.generator, "new_ids": self._new_channels}
        select = Select(partial(group_tournament, size=told.tournament, generator=self.generator))
        rates = {"rate": told.mutation_rate, "resize_rate": told.resize_rate, "noise": told.noise}
        toolbox.register("map", batched_map)
        toolbox.register("choose_parents", choose_parents, temperature=told.temperature, generator=self.generator)
        toolbox.register("found", random_founder, backbone=backbone, share=told.share, **draws)
        toolbox.register("inherit", inherit, cross=told.cross)
        toolbox.register("live", self.life)
        toolbox.register("extract", extract_circuit, backbone=backbone, share=told.share, **draws)
        toolbox.register("remember", remember, total=len(dataset.ancestry.classes))
        toolbox.register("average", learngenes.average)
        toolbox.register("mutate", mutate, **rates, **draws)
        toolbox.register("evaluate", self.critic)
        toolbox.register("rescore", self.final_critic)
        toolbox.register("select", select)
        toolbox.register("generate", self.generate)
        toolbox.register("update", self.update)

    def generate(self) -> list[Individual]:
        """Return a new generation: who lived waits to be scored, who could not (see `Failure`) has failed already."""
        everyone = [self._heir(parent) for parent in self._parents(self.population)]
        bodies = self.toolbox.map(self.toolbox.live, everyone, range(len(everyone)))
        slots = with_bodies(everyone, bodies)
        heirs = [everyone[slot] for slot in slots]
        weights = {heir.id: self._bear(heir, slot) for heir, slot in zip(heirs, slots, strict=True)}
        if self.told.average:
            self._average(heirs, weights)
        for heir in everyone[self.told.elites :]:
            if heir.id in weights:
                heir.genome = checked(self.toolbox.mutate(heir.genome, weights[heir.id]))
        self.budget = self.budget.then(self._costs()[0].times(len(everyone)))
        return everyone

    def update(self, population: Sequence[Individual]) -> None:
        """End the generation: tournaments, credit along the gene tree, new entries of the pool.

        Individuals whose fitness is not finite neither win nor enter the pool.
        """
        self.budget = self.budget.then(self._costs()[1].times(len(population)))
        self._winners = self._contest(population, self.winners, self.told.decay)
        self._result = None
        self.generation += 1

    def _contest(
        self, group: Sequence[Individual], k: int, decay: float, *, unborn: Sequence[Individual] = ()
    ) -> list[int]:
        """Let k win, credit their ancestors, take them into the pool; return their ids. `unborn` keep their lineage."""
        selected = self.toolbox.select(list(group), k) if group else []
        # A founder that could not live has nothing to hand on, whatever a loop made of its score.
        fit = (one for one in selected if one.genome is not None and one.fitness.valid and not one.fitness.failed)
        winners = {one.id: one for one in fit}
        scores = {one.id: float(one.fitness.values[0]) for one in winners.values()}
        self.tree.add(one for one in [*self._founders, *group] if one.genome is not None)
        self.pool.decay(decay)
        for winner, score in scores.items():
            self.pool.credit(self.tree.credits(winner, score))
        self.pool.merge(winners.values(), scores)
        self.tree.prune([*self.pool.scores, *(parent for one in unborn for parent in one.parents)])
        return list(winners)

    def result(self) -> Individual:
        """Return the best of the first pool entries after re-scoring them on many fresh tasks of `held_out` classes.

        The individual's learngene carries its lineage, the settings and the classes of both roles in its notes.

        Raises:
            RuntimeError: The pool is empty: no generation has ended, or every individual failed.
        """
        if self._result is None:
            finalists = self.pool.individuals[: self.finalists]
            if not finalists:
                reason = (
                    "every individual failed" if self.generation else "no generation has ended; iterate evolve(...)"
                )
                raise RuntimeError(f"there is no result yet: {reason}.")
            scores = self.toolbox.map(self.toolbox.rescore, finalists)
            cost = scoring_cost(self.toolbox.rescore, otherwise=self.final_critic.budget)
            self.budget = self.budget.then(cost.times(len(finalists)))
            scores = [(math.nan,) if isinstance(score, Failure) else score for score in scores]
            order = sorted(range(len(finalists)), key=lambda i: (-finite_or_least(scores[i][0]), finalists[i].id))
            best = finalists[order[0]]
            notes = {
                "strategy": self.name,
                "seed": self.seed,
                "generations": self.generation,
                "lineage": self.tree.lineage(best.id),
                "settings": self.settings,
                "classes": self.classes,
                "score": finite_or_none(scores[order[0]][0]),
            }
            self._result = Individual(
                best.genome.with_notes(**notes), id=best.id, parents=best.parents, generation=best.generation
            )
            self._result.fitness.values = scores[order[0]]
        return self._result

    def planned_budget(self, generations: int) -> Budget:
        """Return what so many generations and the re-scoring will cost."""
        lives, critics = (cost.times(self.population) for cost in self._costs())
        finalists = min(self.finalists, self.pool.capacity, self.winners * generations)
        final = scoring_cost(self.toolbox.rescore, otherwise=self.final_critic.budget).times(finalists)
        return reduce(Budget.then, [*[lives, critics] * generations, final], Budget())

    def record(self) -> dict[str, Any]:
        """Return the winners of the last generation and the pool after it."""
        return {
            "winners": self._winners,
            "pool": [{"id": one.id, "score": self.pool.scores[one.id]} for one in self.pool.individuals],
        }

    def state_dict(self) -> dict[str, Any]:
        """Return everything that evolves, generators included."""
        return {
            "generation": self.generation,
            "budget": list(astuple(self.budget)),
            "generator": self.generator.get_state(),
            "ids": self.ids.next,
            "channel_ids": self.channel_ids.next,
            "founders": [individual_state(one) for one in self._founders],
            "pool": self.pool.state_dict(),
            "tree": self.tree.state_dict(),
            "winners": self._winners,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a state that `state_dict` returned."""
        self.generation = state["generation"]
        self.budget = Budget(*state["budget"])
        self.generator.set_state(state["generator"])
        self.ids.next = state["ids"]
        self.channel_ids.next = state["channel_ids"]
        # The first states had no founders.
        self._founders = [individual_from(one, self.backbone) for one in state.get("founders", ())]
        self.pool.load_state_dict(state["pool"], self.backbone)
        self.tree.load_state_dict(state["tree"])
        self._winners = list(state["winners"])
        self._result = None

    def _costs(self) -> tuple[Budget, Budget]:
        """Return what one life and one evaluation cost, by the operators that are registered now."""
        live = budget_of(self.toolbox.live, otherwise=self.life.budget)
        return live, scoring_cost(self.toolbox.evaluate, otherwise=self.critic.budget)

    def _parents(self, count: int) -> list[Individual | None]:
        """Return a parent for each of so many heirs: from the pool, or founders while it is empty."""
        if not len(self.pool):
            self._found()
            return [self._founders[i % len(self._founders)] if self._founders else None for i in range(count)]
        different = count if self.told.parents is None else min(count, self.told.parents)
        chosen = list(self.toolbox.choose_parents(self.pool, different))
        return [chosen[i % different] for i in range(count)]

    def _found(self) -> None:
        """Make the founders, once: they never live and are never scored."""
        while len(self._founders) < self.told.founders:
            self._founders.append(Individual(self.toolbox.found(), id=self.ids(), generation=self.generation))

    def _heir(self, parent: Individual | None) -> Individual:
        return Individual(
            None if parent is None else parent.genome,
            id=self.ids(),
            parents=() if parent is None else (parent.id,),
            generation=self.generation,
            memory=None if parent is None else parent.memory,
        )

    def _bear(self, heir: Individual, slot: int) -> Weights:
        """Extract the learngene of an individual that has lived; return the weights of which mutation reads others."""
        weights: Weights = heir.body.state_dict()
        if self.told.memory and self.told.lamarckian:
            heir.memory = self.toolbox.remember(heir, self.life.classes(heir, slot))
        if not self.told.lamarckian:
            heir.body = self.life.newborn(heir, slot)
        heir.genome = self.toolbox.extract(heir)
        heir.body = None
        return weights if self.told.lamarckian else self._written(heir.genome, weights)

    def _average(self, heirs: Sequence[Individual], weights: dict[int, Weights]) -> None:
        """Give siblings that keep the same channels the mean of their learngenes, in genome and network."""
        for family in families(heirs):
            mean = self.toolbox.average([heir.genome for heir in family])
            memories = [heir.memory for heir in family if heir.memory is not None]
            for heir in family:
                heir.memory = heads.average(memories) if memories else None
                # A copy each, so that an operator that changes its argument in place harms no sibling.
                heir.genome = copy.deepcopy(mean)
                weights[heir.id] = self._written(mean, weights[heir.id])

    def _written(self, learngene: Learngene, weights: Weights) -> Weights:
        """Return weights that hold the learngene: mutation reads all slices again from them."""
        return inherit(learngene, weights, layout=self.backbone.layout, cross="random").weights

    def _new_channels(self, count: int) -> Tensor:
        return torch.tensor([self.channel_ids() for _ in range(count)], dtype=torch.int64)
