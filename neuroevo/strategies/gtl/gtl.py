"""Genetic Transfer Learning: evolving learngenes in populations of networks that are trained.

After GTL ("Transferring Core Knowledge via Learngenes", arXiv 2401.08139), of which the abstract and summaries are
public, with gene pool and gene tree of GRL ("Genes in Intelligent Agents", arXiv 2306.10225). Every default number is
our choice; none is known from the paper.

One generation: parents are drawn from the gene pool by roulette; heirs inherit their learngenes and train on k classes
of the role `ancestry` (operator `live`); learngenes are extracted, averaged over siblings and mutated; critics score
them on `held_out` classes; tournaments choose winners; the gene tree credits the winners' ancestors and the pool takes
the winners in. Cost of a generation: P training runs and P * critics critics.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor

from neuroevo.backbones import Backbone
from neuroevo.budget import Budget
from neuroevo.data.images import Dataset
from neuroevo.execution import Pixels
from neuroevo.individual import Ids, Individual
from neuroevo.learngene import Learngene
from neuroevo.operators import heads, learngenes
from neuroevo.operators.circuits import relative_widths
from neuroevo.operators.inheritance import Weights, inherit
from neuroevo.operators.selection import group_tournament
from neuroevo.operators.verbs import Select
from neuroevo.problems import Live, TrainingSetup
from neuroevo.signatures import takes
from neuroevo.strategies.gtl import checks
from neuroevo.strategies.gtl.operators import (
    accepted,
    choose_parents,
    environment_of,
    extract_circuit,
    families,
    finite_or_least,
    finite_or_none,
    habitats,
    hyperparameters_of,
    mutate,
    random_founder,
    remember,
    with_bodies,
)
from neuroevo.strategies.gtl.pool import GenePool
from neuroevo.strategies.gtl.scoring import critics
from neuroevo.strategies.gtl.settings import GTLSettings
from neuroevo.strategies.gtl.tree import GeneTree
from neuroevo.strategies.learngenes import LearngeneStrategy, check_arguments
from neuroevo.strategies.strategy import budget_of, scoring_cost
from neuroevo.strategies.toolbox import Checks, Verb, Verbs


class GTL(LearngeneStrategy):
    """Genetic transfer learning: evolves a learngene in ancestors that inherit it and train; by default one lineage.

    With `population` above 1 ancestors train side by side and compete (`PopulationGTL`).

    `GTL(..., **PAPER)` is the variant that keeps to what is known of the paper.
    The settings are the fields of `GTLSettings`. An operator that does not return what GTL needs is refused before any
    network is trained, as far as a rehearsal on an untrained network shows it.

    Args:
        dataset: Images; ancestors see `ancestry` classes only, critics `held_out` ones; `novel` ones are not used.
        backbone: The architecture of ancestors and critics.

    Raises:
        ValueError: A setting is out of its range.
    """

    VERBS: ClassVar[Verbs] = {
        "found": "found() -> learngene",
        "choose_parents": "choose_parents(pool, k) -> individuals",
        "inherit": "inherit(learngene, weights, layout=layout) -> Inheritance",
        "live": "live(individual, slot) -> network",
        "remember": "remember(individual, classes) -> HeadMemory",
        "extract": "extract(individual) -> learngene",
        "average": "average(learngenes) -> learngene",
        "mutate": "mutate(learngene, weights) -> learngene",
        "select": "select(individuals, k) -> individuals",
        "rescore": "rescore(individual) -> values",
    }
    CHECKS: ClassVar[Checks] = checks.CHECKS
    STEPS: ClassVar[dict[str, str]] = {"mutation_rate": "settings.mutation_rate", "temperature": "settings.temperature"}

    name: ClassVar[str] = "gtl"

    @takes(GTLSettings)
    def __init__(self, dataset: Dataset, backbone: Backbone, settings: GTLSettings) -> None:
        check_arguments(dataset, backbone, life=settings.life, critic=settings.critic)
        relative_widths(backbone.layout, settings.structure)  # refuses one that is for another network
        device = torch.device(settings.device)
        dataset = dataset.to(device)
        super().__init__(
            backbone,
            {role: dataset.role(role).classes for role in ("ancestry", "held_out")},
            seed=settings.seed,
            dataset=dataset.name,
        )
        self.settings = settings
        self.population = settings.population
        self.winners = -(-settings.population // settings.tournament)
        self.finalists = settings.finalists
        self.channel_ids = Ids()
        self.pool = GenePool(capacity=settings.pool, turnover=settings.turnover)
        self.tree = GeneTree(backbone.layout, beta=settings.beta, credit=settings.credit)
        self._founders: list[Individual] = []
        self._winners: list[int] = []
        self._result: Individual | None = None
        setup = TrainingSetup(
            backbone=backbone,
            pixels=Pixels.of(dataset),
            recipe=settings.critic,
            inherit=Verb(self.toolbox, "inherit"),
            device=device,
            execution=settings.execution,
        )
        self.life = Live(
            setup=replace(
                setup,
                recipe=settings.life,
                isolate=settings.isolate,
                condense=settings.condense,
                distillation=settings.distillation,
            ),
            images=dataset.ancestry,
            ways=settings.ways_of(len(dataset.ancestry.classes)),
            seed=settings.seed,
            cycle=settings.cycle,
            workers=settings.workers,
            environments=dataset.environments,
        )
        self.habitats = habitats(settings.habitat, dataset.environments)
        self.critic, self.final_critic = critics(settings, setup=setup, images=dataset.held_out)
        self._register(len(dataset.ancestry.classes))
        self._known = {verb: _function(getattr(self.toolbox, verb)) for verb in GTL.VERBS}

    def _register(self, classes: int) -> None:
        """Register the operators; `classes` is the number of classes that a lineage may remember."""
        settings, register = self.settings, self.toolbox.register
        draws = {"generator": self.generator, "new_ids": self._new_channels}
        cut = {"backbone": self.backbone, "share": settings.share, "structure": settings.structure, **draws}
        rates = {"rate": settings.mutation_rate, "resize_rate": settings.resize_rate, "noise": settings.noise}
        register("choose_parents", choose_parents, temperature=settings.temperature, generator=self.generator)
        register("found", random_founder, **cut)
        register("inherit", inherit, cross=settings.cross)
        register("live", self.life)
        register("extract", extract_circuit, **cut)
        register("remember", remember, total=classes)
        register("average", learngenes.average)
        register("mutate", mutate, **rates, **draws)
        register("evaluate", self.critic)
        register("rescore", self.final_critic)
        register("select", Select(partial(group_tournament, size=settings.tournament, generator=self.generator)))

    def generate(self) -> list[Individual]:
        """Return a new generation: the trained have no fitness yet, those whose training failed have a failed one."""
        self.rehearse()
        individuals = [self._heir(parent) for parent in self._parents(self.population)]
        bodies = self.toolbox.map(self.toolbox.live, individuals, range(len(individuals)))
        slots = with_bodies(individuals, bodies)
        heirs = [individuals[slot] for slot in slots]
        weights = {heir.id: self._bear(heir, slot) for heir, slot in zip(heirs, slots, strict=True)}
        if self.settings.average:
            self._average(heirs, weights)
        for heir in individuals[self.settings.elites :]:
            if heir.id in weights:
                heir.genome = self.toolbox.mutate(heir.genome, weights[heir.id])
        self.budget = self.budget.then(self._costs()[0].times(len(individuals)))
        return individuals

    def update(self, population: Sequence[Individual]) -> None:
        """End the generation: tournaments, credit along the gene tree, new entries of the pool.

        Individuals whose fitness is not finite neither win nor enter the pool.
        """
        self.budget = self.budget.then(self._costs()[1].times(len(population)))
        self._winners = self._contest(population, self.winners, self.settings.decay)
        self._result = None
        self.generation += 1

    def _contest(
        self, group: Sequence[Individual], k: int, decay: float, *, unborn: Sequence[Individual] = ()
    ) -> list[int]:
        """Let k win, credit their ancestors, take them into the pool; return their ids. `unborn` keep their lineage."""
        selected = self.toolbox.select(list(group), k) if group else []
        # A founder whose training failed has nothing to pass on, whatever a loop made of its score.
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
            scores = [accepted(found).values for found in self.toolbox.map(self.toolbox.rescore, finalists)]
            cost = scoring_cost(self.toolbox.rescore, otherwise=self.final_critic.budget)
            self.budget = self.budget.then(cost.times(len(finalists)))
            order = sorted(range(len(finalists)), key=lambda i: (-finite_or_least(scores[i][0]), finalists[i].id))
            best = finalists[order[0]]
            notes = {
                **self.origin(self.generation),
                "strategy": self.name,
                "seed": self.seed,
                "generations": self.generation,
                "lineage": self.tree.lineage(best.id),
                **({"environments": self.tree.environments(best.id)} if self.habitats else {}),
                **({} if best.hyperparameters is None else {"hyperparameters": dict(best.hyperparameters)}),
                "settings": self.settings.as_json(),
                "classes": self.classes,
                "score": finite_or_none(scores[order[0]][0]),
            }
            self._result = Individual(
                best.genome.with_notes(**notes), id=best.id, parents=best.parents, generation=best.generation
            )
            self._result.fitness.values = scores[order[0]]
        return self._result

    def cost(self, generation: int) -> Budget:
        """Return what a generation costs."""
        del generation
        lives, critics = (cost.times(self.population) for cost in self._costs())
        return lives.then(critics)

    def final_cost(self, generations: int) -> Budget:
        """Return what re-scoring the finalists costs."""
        finalists = min(self.finalists, self.pool.capacity, self.winners * generations)
        return scoring_cost(self.toolbox.rescore, otherwise=self.final_critic.budget).times(finalists)

    def record(self) -> dict[str, Any]:
        """Return the winners of the last generation and the pool after it, and rates."""
        return {
            **super().record(),
            "winners": self._winners,
            "pool": [{"id": one.id, "score": self.pool.scores[one.id]} for one in self.pool.individuals],
        }

    def state_dict(self) -> dict[str, Any]:
        """Return everything that evolves, generators included."""
        return {
            **super().state_dict(),
            "channel_ids": self.channel_ids.next,
            "founders": self.pack(self._founders),
            "pool": self.pool.state_dict(),
            "tree": self.tree.state_dict(),
            "winners": self._winners,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a state that `state_dict` returned."""
        super().load_state_dict(state)
        self.channel_ids.next = state["channel_ids"]
        self._founders = self.unpack(state["founders"])
        self.pool.load_state_dict(state["pool"], self.backbone)
        self.tree.load_state_dict(state["tree"])
        self._winners = list(state["winners"])
        self._result = None

    def _costs(self) -> tuple[Budget, Budget]:
        """Return what one training run and one evaluation cost, by the operators that are registered now."""
        live = budget_of(self.toolbox.live, otherwise=self.life.budget)
        return live, scoring_cost(self.toolbox.evaluate, otherwise=self.critic.budget)

    def _parents(self, count: int, *, first: int = 0) -> list[Individual | None]:
        """Return a parent for each heir: from the pool, or while it is empty the founders in turn, from `first` on."""
        if not len(self.pool):
            self._found()
            turns = range(first, first + count)
            return [self._founders[turn % len(self._founders)] if self._founders else None for turn in turns]
        different = count if self.settings.parents is None else min(count, self.settings.parents)
        chosen = list(self.toolbox.choose_parents(self.pool, different))
        return [chosen[i % different] for i in range(count)]

    def _found(self) -> None:
        """Make the founders, once: they are never trained and never scored."""
        while len(self._founders) < self.settings.founders:
            self._founders.append(Individual(self.toolbox.found(), id=self.ids(), generation=self.generation))

    def _heir(self, parent: Individual | None) -> Individual:
        heir = Individual(
            None if parent is None else parent.genome,
            id=self.ids(),
            parents=() if parent is None else (parent.id,),
            generation=self.generation,
            memory=None if parent is None else parent.memory,
        )
        if self.habitats:
            heir.environment = environment_of(
                None if parent is None else parent.environment,
                self.habitats,
                heir.id - len(self._founders),
                migration=self.settings.migration,
                seed=self.seed,
            )
        if self.settings.evolved_lives:
            heir.hyperparameters = hyperparameters_of(
                None if parent is None else parent.hyperparameters,
                self.settings.evolved_lives,
                heir.id - len(self._founders),
                exploration=self.settings.exploration,
                seed=self.seed,
            )
        return heir

    def _bear(self, heir: Individual, slot: int) -> Weights:
        """Extract the learngene of a trained individual; return the weights from which mutation reads others."""
        weights: Weights = heir.body.state_dict()
        if self.settings.memory and self.settings.lamarckian:
            heir.memory = self.toolbox.remember(heir, self.life.classes(heir, slot))
        if not self.settings.lamarckian:
            heir.body = self.life.newborn(heir, slot)
        heir.genome = self.toolbox.extract(heir)
        heir.body = None
        return weights if self.settings.lamarckian else self._written(heir.genome, weights)

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

    def rehearse(self) -> None:
        """Call each operator that was swapped once, on an untrained network, so that what it returns is checked early.

        Raises:
            TypeError: An operator returned something else than GTL needs.
        """
        registered = {verb: _function(getattr(self.toolbox, verb)) for verb in GTL.VERBS}
        swapped = [verb for verb, function in registered.items() if function is not self._known[verb]]
        self._known = registered
        if swapped:
            checks.warn_of_idle(swapped, self.settings)
            state, ids = self.generator.get_state(), self.channel_ids.next
            checks.rehearse(self.toolbox, swapped, self.backbone, winners=self.winners, population=self.population)
            self.generator.set_state(state)
            self.channel_ids.next = ids

    def _new_channels(self, count: int) -> Tensor:
        return torch.tensor([self.channel_ids() for _ in range(count)], dtype=torch.int64)


def _function(operator: Any) -> Any:
    while isinstance(operator, partial):
        operator = operator.func
    return operator


STRATEGIES = {"gtl": GTL}
