"""The loop that runs strategies, and what strategies say about their settings, beside plain ones."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from deap.base import Toolbox
from hypothesis import strategies as st

from neuroevo.evolution import Generation, evolve
from neuroevo.individual import Failure, Fitness, Individual
from neuroevo.problems.function import RASTRIGIN
from neuroevo.runs.records import read_records
from neuroevo.strategies import Genetic
from neuroevo.testing.laws import agreement_laws
from subjects.subject import Subject

LOOP = ("neuroevo/evolution.py", "neuroevo/generations.py")

Facts = list[Any]
Results = Sequence[Sequence[Any]]

FAILURE = Failure("it was not to be")
KNOWN = 7.0
"""The score of individuals that come with one."""


class Script:
    """A toolbox whose results are known before, and which writes down how it is called.

    Args:
        results: What `evaluate` returns for the individuals of each generation, again from the first one on.
        weight: The weight of their values.
        known: Whether the first one of a generation comes with a score.
    """

    def __init__(self, results: Results, weight: float, known: bool) -> None:
        self.results, self.weight, self.known = results, weight, known
        self.heard: Facts = []
        self.number, self.ids = 0, 0

    def generate(self) -> list[Individual]:
        """Return the individuals of a generation."""
        self.heard.append("generate")
        self.first, self.row = self.ids, self.results[self.number % len(self.results)]
        self.ids += len(self.row)
        weights = (self.weight,)
        population = [
            Individual(torch.zeros(1), Fitness(weights=weights), id=one) for one in range(self.first, self.ids)
        ]
        if self.known:
            population[0].fitness.values = (KNOWN,)
        return population

    def evaluate(self, individual: Individual) -> Any:
        """Return what the script says."""
        self.heard.append(("evaluate", individual.id, individual.generation))
        return self.row[individual.id - self.first]

    def update(self, population: Sequence[Individual]) -> None:
        """End the generation."""
        self.heard += ["update", [one.id for one in population]]
        self.number += 1

    def hear(self, listener: str, generation: Generation) -> None:
        """Write down that a callback was called."""
        self.heard.append((listener, generation.number))


def lived(results: Results, weight: float, known: bool, generations: int, stop: int) -> Facts:
    """Run scripted results by `evolve`, and return what it says, what it called, and how it ended."""
    script, toolbox = Script(results, weight, known), Toolbox()
    for name in ("generate", "evaluate", "update"):
        toolbox.register(name, getattr(script, name))
    callbacks = [partial(script.hear, listener) for listener in ("first", "second")]
    try:
        for generation in evolve(toolbox, generations, callbacks=callbacks, stop=lambda one: one.number == stop):
            script.heard.append(said(generation))
    except (TypeError, RuntimeError, ValueError) as error:
        script.heard.append(type(error).__name__)
    return script.heard


def said(generation: Generation) -> Facts:
    """Return what a generation says."""
    record = {name: value for name, value in generation.record().items() if name != "seconds"}
    return [generation.number, generation.scores, generation.best.id, generation.mean, generation.failed, record]


def plain_lived(results: Results, weight: float, known: bool, generations: int, stop: int) -> Facts:
    """Return what has to be said, called and raised."""
    heard: Facts = []
    first = 0
    if generations < 0:
        return ["ValueError"]
    for number in range(generations):
        row = list(results[number % len(results)])
        heard.append("generate")
        heard += [("evaluate", first + place, number) for place in range(len(row)) if place or not known]
        values = [value(one) for one in row]
        wrong = [one for place, one in enumerate(row) if (place or not known) and value(one) is None]
        if wrong and len(wrong) == len(row) - known:
            return [*heard, "TypeError"]
        scores = [math.nan if one is None else one for one in values]
        if known:
            scores[0] = KNOWN
        if not any(map(math.isfinite, scores)):
            return [*heard, "RuntimeError"]
        heard += ["update", [first + place for place in range(len(row))]]
        heard += [("first", number), ("second", number), facts(number, first, row, scores, weight, known)]
        first += len(row)
        if number == stop:
            break
    return heard


def value(result: Any) -> float | None:
    """Return the score that a result stands for; None if it is none."""
    if isinstance(result, Failure):
        return math.nan
    return result[0] if isinstance(result, tuple) and len(result) == 1 else None


def facts(number: int, first: int, row: Results, scores: list[float], weight: float, known: bool) -> Facts:
    """Return what has to be said of a generation."""
    finite = [one for one in scores if math.isfinite(one)]
    ranked = [one * weight if math.isfinite(one) else -math.inf for one in scores]
    best, mean = first + ranked.index(max(ranked)), sum(finite) / len(finite)
    individuals: list[dict[str, Any]] = []
    for place, (score, result) in enumerate(zip(scores, row, strict=True)):
        entry: dict[str, Any] = {"id": first + place, "parents": [], "fitness": [score]}
        if result is FAILURE and (place or not known):
            entry["failure"] = FAILURE.reason
        elif value(result) is None and (place or not known):
            entry["failure"] = (
                "evaluate must return 1 number for an individual, one for each of the weights "
                f"({weight},), in a tuple, but it returned {result!r}"
            )
        individuals.append(entry)
    spent = dict.fromkeys(("gradient_steps", "multiply_adds", "critical_path", "evaluations"), 0)
    record = {"kind": "generation", "generation": number, "individuals": individuals, "best": best, "mean": mean}
    failed = len(scores) - len(finite)
    return [number, finite, best, mean, failed, {**record, "failed": failed, **spent}]


def resumed(stops: Sequence[int], seconds: float) -> Facts:
    """Return the records of a run in a folder that was stopped and continued by fresh strategies, and its result."""
    with tempfile.TemporaryDirectory() as folder:
        for stop in stops:
            strategy = begun()
            if stop < 0:  # it dies while its second generation is looked at
                run = evolve(strategy, 9, run_dir=folder, checkpoint_seconds=seconds)
                next(run), next(run)
                run.close()
            else:
                list(evolve(strategy, stop, run_dir=folder, checkpoint_seconds=seconds))
        records = [*read_records(Path(folder) / "records.jsonl")]
        return [[without_time(one) for one in records], strategy.result().id, strategy.generation]


def uninterrupted(stops: Sequence[int], seconds: float) -> Facts:
    """Return the records of a run in one piece."""
    del seconds
    ended = 0
    for stop in stops:
        ended = max(ended, stop) if stop >= 0 else ended + 2
    strategy = begun()
    return [[without_time(one.record()) for one in evolve(strategy, ended)], strategy.result().id, ended]


def begun() -> Genetic:
    """Return a fresh strategy."""
    return Genetic(RASTRIGIN(2), population=3, seed=1)


def without_time(record: Any) -> dict[str, Any]:
    """Return a record without what differs between equal runs."""
    return {name: value for name, value in record.items() if name != "seconds"}


RESULTS = st.sampled_from([(1.0,), (2.0,), (-3.0,), (math.nan,), (math.inf,), FAILURE, None, "text", (1.0, 2.0)])
RIGHT = st.sampled_from([(1.0,), (2.0,), (-3.0,), (0.5,)])
ROWS = st.lists(RIGHT, min_size=1, max_size=4) | st.lists(RESULTS | RIGHT, min_size=1, max_size=4)

SUBJECTS = [
    Subject(
        "the loop",
        LOOP,
        lambda: lived,
        lambda: agreement_laws(
            plain_lived,
            st.fixed_dictionaries(
                {
                    "results": st.lists(ROWS, min_size=1, max_size=3),
                    "weight": st.sampled_from([1.0, -2.0]),
                    "known": st.booleans(),
                    "generations": st.integers(0, 4),
                    "stop": st.integers(-1, 4),
                }
            ),
            tolerance=4.0,
            shares=True,
        ),
    ),
    Subject(
        "a loop in a folder",
        LOOP,
        lambda: resumed,
        lambda: agreement_laws(
            uninterrupted,
            st.fixed_dictionaries(
                {
                    "stops": st.sampled_from([[2], [1, 3], [-1, 3], [2, -1], [3, 1], [2, 2, 4]]),
                    "seconds": st.sampled_from([0.0, 1000.0]),
                }
            ),
        ),
    ),
]
