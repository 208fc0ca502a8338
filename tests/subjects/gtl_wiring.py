"""What the parts of GTL do with its settings: operators, training runs, critics, the plan of its budget, the result."""

from __future__ import annotations

import math
from dataclasses import astuple, replace
from functools import partial
from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from neuroevo.execution import AUTO, Execution, Pixels, Recipe
from neuroevo.individual import Failure, Fitness, Individual
from neuroevo.operators import learngenes
from neuroevo.operators.inheritance import inherit
from neuroevo.operators.selection import group_tournament
from neuroevo.problems import Critic, Live, NearestMean, TrainingSetup
from neuroevo.seeds import stream
from neuroevo.strategies import GTL
from neuroevo.strategies.gtl.operators import choose_parents
from neuroevo.strategies.gtl.pool import GenePool
from neuroevo.testing.references import heads
from neuroevo.testing.strategies import seeds
from subjects.gtl_operators import (
    BACKBONE,
    Numbers,
    plain_extract,
    plain_extract_layers,
    plain_found,
    plain_found_layers,
    plain_mutate,
    plain_mutate_layers,
)
from subjects.gtl_settings import DEFAULTS, GTL_FILES, KINDS, PLAIN_GRL, SCORING, Facts, agrees, dataset, fixed
from subjects.subject import Subject

SMALL: dict[str, Any] = {
    "population": 3,
    "tournament": 2,
    "share": 0.5,
    "critic_shots": 2,
    "life": Recipe(updates=2, batch=8, learning_rate=0.3),
    "critic": Recipe(updates=1, batch=4),
    "critics": 1,
    "final_critics": 2,
    "workers": 1,
}
DECIDING: dict[str, list[Any]] = {
    "tournament": [2, 3],
    "share": [0.5, 0.8],
    "life_ways": ["all", 2],
    "critic_ways": [None, 2],
    "scoring": ["critics", "nearest-mean"],
    "critics": [1, 2],
    "metric": ["final", "auc"],
    "mutation_rate": [0.0, 0.5],
    "noise": [0.0, 0.3],
    "cross": ["zero", "random"],
    "cycle": [1, 3],
    "temperature": [0.02, 5.0],
    "pool": [5, 3],
    "turnover": [2, 1],
    "beta": [0.1, 0.5],
    "credit": ["geometric", "grl"],
    "workers": [1, 2],
    "execution": [AUTO, Execution(mode="looped")],
}


@st.composite
def wirings(draw: DrawFn) -> Facts:
    """Draw a strategy and settings that decide what its operators do."""
    kind = draw(st.sampled_from([*KINDS]))
    given = {name: draw(st.sampled_from(values)) for name, values in DECIDING.items()}
    given["isolate"] = draw(st.booleans())
    if kind != "layerwise":
        given["resize_rate"] = draw(st.sampled_from([0.0, 0.5]))
        given["condense"] = given["isolate"] and draw(st.booleans())
    if kind == "asynchronous":
        given["average"] = False
    return {"kind": kind, "given": {**SMALL, "founders": 1, **given}, "seed": draw(seeds())}


def wired(kind: str, given: Facts, seed: int) -> Any:
    """Call each operator of a strategy of the library once."""
    strategy = KINDS[kind](dataset(), BACKBONE, seed=seed, **given)
    toolbox, pool = strategy.toolbox, strategy.pool
    genes = [toolbox.found() for _ in range(2)]
    fill(pool, genes)
    body, heir = toolbox.live(child(genes[0]), 1), child(genes[0])
    drawn = toolbox.extract(Individual(None, id=0, body=body))
    memory = toolbox.remember(Individual(None, id=0, body=body), torch.arange(len(body.state_dict()["head.bias"])))
    return {
        "genes": genes,
        "parents": [one.id for one in toolbox.choose_parents(pool, 6)],
        "heir": toolbox.inherit(genes[1], body.state_dict(), layout=BACKBONE.layout).weights,
        "body": body.state_dict(),
        "memory": memory,
        "drawn": drawn,
        "average": toolbox.average([genes[0], genes[0]]),
        "mutant": toolbox.mutate(genes[0], body.state_dict()),
        "winners": [one.id for one in toolbox.select(contestants(), -(-5 // given["tournament"]))],
        "score": toolbox.evaluate(heir),
        "last score": toolbox.rescore(heir),
        "next": strategy.channel_ids.next,
        "draw": strategy.generator.get_state(),
        "facts": [pool.capacity, pool.turnover, strategy.tree.beta, strategy.tree.credit, strategy.classes],
        "machine": [*map(machine, (strategy.life, strategy.critic, strategy.final_critic))],
    }


def plain_wired(kind: str, given: Facts, seed: int) -> Any:
    """Call what each operator should be, with its settings and the run's stream of draws."""
    own = PLAIN_GRL if kind == "layerwise" else {}
    settings = {**DEFAULTS, **own, **given}
    cut = {"share": settings["share"], "generator": stream(seed, "operators"), "new_ids": Numbers(first=0)}
    draws = {name: cut[name] for name in ("generator", "new_ids")}
    found, extract = (plain_found_layers, plain_extract_layers) if kind == "layerwise" else (plain_found, plain_extract)
    genes = [found(**cut) for _ in range(2)]
    setup = TrainingSetup(
        backbone=BACKBONE,
        pixels=Pixels.of(dataset()),
        recipe=settings["critic"],
        inherit=partial(inherit, cross=settings["cross"]),
    )
    living = replace(setup, recipe=settings["life"], isolate=settings["isolate"], condense=settings["condense"])
    ways = {"all": 4, None: 4}.get(settings["life_ways"], settings["life_ways"])
    live = Live(setup=living, images=dataset().ancestry, ways=ways, seed=seed, cycle=settings["cycle"])
    body = live(child(genes[0]), 1)
    weights = body.state_dict()
    drawn = extract(weights, None, **cut)
    chosen = plain_chosen(genes, settings["temperature"], cut["generator"])
    if kind == "layerwise":
        rates = {"rate": settings["mutation_rate"], "sigma": settings["noise"]}
        mutant = plain_mutate_layers(genes[0], weights, [*zip(genes, POOLED, strict=True)], **rates, **cut)
    else:
        rates = {name: settings[name] for name in ("resize_rate", "noise")}
        mutant = plain_mutate(genes[0], weights, rate=settings["mutation_rate"], **rates, **draws)
    scores = torch.tensor([one.fitness.values[0] for one in contestants()], dtype=torch.float64)
    winners = group_tournament(scores, size=settings["tournament"], generator=cut["generator"])
    return {
        "genes": genes,
        "parents": chosen,
        "heir": inherit(genes[1], weights, layout=BACKBONE.layout, cross=settings["cross"]).weights,
        "body": weights,
        "memory": heads.remember(weights, torch.arange(ways), total=4),
        "drawn": drawn,
        "average": learngenes.average([genes[0], genes[0]]),
        "mutant": mutant,
        "winners": winners.tolist(),
        **plain_scores(child(genes[0]), settings, setup, seed),
        "next": cut["new_ids"].next,
        "draw": cut["generator"].get_state(),
        "facts": [*(settings[name] for name in ("pool", "turnover", "beta", "credit")), plain_classes()],
        "machine": [(settings["workers"], settings["execution"], torch.device("cpu"))] * 3,
    }


def machine(part: Any) -> Any:
    """Return where and how a part trains."""
    return part.workers, part.setup.execution, part.setup.device


def plain_classes() -> dict[str, list[str]]:
    """Return the classes of both roles."""
    return {"ancestry": [*dataset().ancestry.classes], "held_out": [*dataset().held_out.classes]}


def plain_scores(heir: Individual, settings: Facts, setup: TrainingSetup, seed: int) -> Facts:
    """Score by critics, or by the means of untrained features, on tasks of their own at the end."""
    held_out, ways = dataset().held_out, settings["critic_ways"] or 3
    common = {"setup": setup, "images": held_out, "ways": ways, "shots": settings["critic_shots"], "seed": seed}
    count, last = settings["critics"], settings["final_critics"]
    if settings["scoring"] == "nearest-mean":
        first = NearestMean(**common, tasks=count)
        second = NearestMean(**common, tasks=last, purpose="final")
        return {"score": first(heir), "last score": second(heir)}
    critic = Critic(**common, critics=count, metric=settings["metric"])
    end = Critic(**common, critics=last, purpose="final", generation=0)
    return {"score": critic(heir), "last score": end(heir)}


POOLED = (0.3, 0.25)
"""Scores of the pool's entries."""


def fill(pool: Any, genes: list[Any]) -> None:
    """Let learngenes into a pool."""
    pool.merge([Individual(gene, id=place) for place, gene in enumerate(genes)], dict(enumerate(POOLED)))


def plain_chosen(genes: list[Any], temperature: float, generator: torch.Generator) -> list[int]:
    """Choose from a pool with these entries."""
    pool = GenePool(capacity=9, turnover=1)
    fill(pool, genes)
    return [one.id for one in choose_parents(pool, 6, temperature=temperature, generator=generator)]


def child(gene: Any) -> Individual:
    """Return an heir of the second generation."""
    return Individual(gene, id=7, generation=1)


def contestants() -> list[Individual]:
    """Return five individuals with scores."""
    return [Individual(None, Fitness((score,)), id=place) for place, score in enumerate((0.5, 0.1, 0.9, 0.7, 0.3))]


def plan(kind: str, given: Facts, generations: int) -> Any:
    """Return what generations are planned to cost."""
    strategy = KINDS[kind](dataset(), BACKBONE, **{**SMALL, **given})
    return [astuple(strategy.cost(1)), astuple(strategy.planned_budget(generations))]


def plain_plan(kind: str, given: Facts, generations: int) -> Any:
    """Add up training runs, critics and the finalists, which are as many as winners and places of the pool allow."""
    settings = {**DEFAULTS, **(PLAIN_GRL if kind == "layerwise" else {}), **SMALL, **given}
    strategy = KINDS[kind](dataset(), BACKBONE, **{**SMALL, **given})
    each, tournament = settings["population"], settings["tournament"]
    trained = settings["scoring"] == "critics"
    one = astuple(strategy.critic.budget)
    runs, critic, last = astuple(strategy.life.budget), one if trained else (0,) * 4, strategy.final_critic.budget
    generation = [each * (run + score) for run, score in zip(runs[:2], critic[:2], strict=True)]
    path = runs[2] + critic[2]
    won = generations * each // tournament if kind == "asynchronous" else generations * -(-each // tournament)
    finalists = min(settings["finalists"], settings["pool"], won)
    final = (finalists * last.gradient_steps, finalists * last.multiply_adds, last.critical_path if finalists else 0)
    whole = [generations * one + end for one, end in zip((*generation, path), final, strict=True)]
    return [(*generation, path, each), (*whole, generations * each + finalists)]


@st.composite
def plans(draw: DrawFn) -> Facts:
    """Draw a strategy, settings of its budget, and a number of generations."""
    kind = draw(st.sampled_from([*KINDS]))
    given = {
        "population": draw(st.sampled_from([3, 5])),
        "tournament": draw(st.sampled_from([1, 2, 3])),
        "finalists": draw(st.sampled_from([1, 4, 9])),
        "pool": draw(st.sampled_from([2, 9])),
        "scoring": draw(st.sampled_from(["critics", "nearest-mean"])),
        "average": kind == "gtl",
    }
    return {"kind": kind, "given": given, "generations": draw(st.integers(0, 3))}


def result(entries: list[tuple[int, float, Any]], finalists: int) -> Any:
    """Return which of the pool's entries is the result, by the library."""
    strategy = GTL(dataset(), BACKBONE, **{**SMALL, "finalists": finalists, "pool": 9})
    gene = strategy.toolbox.found()
    scores = {one: score for one, _, score in entries}
    strategy.toolbox.register("rescore", lambda one: Failure("why") if scores[one.id] is None else (scores[one.id],))
    strategy.pool.turnover = 9
    strategy.pool.merge([Individual(gene, id=one, generation=2) for one, *_ in entries], {a: b for a, b, _ in entries})
    strategy.tree.add(strategy.pool.individuals)
    try:
        best = strategy.result()
    except RuntimeError:
        return None
    again = strategy.result()
    spent = strategy.budget.evaluations
    return best.id, repr(best.fitness.values), best.genome.notes["score"], best.generation, again is best, spent


def plain_result(entries: list[tuple[int, float, Any]], finalists: int) -> Any:
    """Sort the first of the pool by their last scores, failures last, the older of equals first."""
    ranked = sorted(entries, key=lambda entry: (-entry[1], entry[0]))[:finalists]
    if not ranked:
        return None
    numbers = [(one, math.nan if score is None else score) for one, _, score in ranked]
    best, score = min(numbers, key=lambda each: (-each[1] if math.isfinite(each[1]) else math.inf, each[0]))
    return best, repr((score,)), score if math.isfinite(score) else None, 2, True, len(ranked)


ENTRIES = st.lists(
    st.tuples(
        st.integers(0, 9),
        st.sampled_from([0.1, 0.5, 0.9]),
        st.sampled_from([0.2, 0.4, 0.4, None, math.nan, math.inf, -math.inf]),
    ),
    unique_by=lambda entry: entry[0],
    max_size=6,
)


SUBJECTS = [
    Subject(
        "plan of GTL",
        (*GTL_FILES, "neuroevo/strategies/gtl/asynchronous.py"),
        lambda: plan,
        lambda: agrees(plain_plan, plans()),
    ),
    Subject(
        "result of GTL",
        GTL_FILES[:1],
        lambda: result,
        lambda: agrees(plain_result, fixed(entries=ENTRIES, finalists=st.integers(1, 4))),
    ),
    Subject(
        "operators of GTL",
        (*GTL_FILES, *SCORING, "neuroevo/strategies/gtl/layerwise.py", "neuroevo/strategies/gtl/operators.py"),
        lambda: wired,
        lambda: agrees(plain_wired, wirings(), 40),
    ),
]
