"""Equal budgets: how many updates rivals may spend on pre-training.

Gradient steps are counted, so that matching them is exact and the same on every machine. Seconds have to be measured
before a comparison starts: a few updates of each kind are timed while all cores work, as they do later on, and the
rest is arithmetic. What came out belongs into the run's facts, so that a run that is continued does not measure anew.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import torch

from neuroevo.execution.looped import in_threads
from neuroevo.individual import Individual
from neuroevo.problems import Live
from neuroevo.strategies import GTL, OneCandidate
from neuroevo.strategies.gtl.scoring import Chance, Scores

UPDATES = 10
REPEATS = 3


def core_seconds_of_evolution(strategy: GTL, generations: int) -> float:
    """Return the core-seconds that a run of GTL takes, measured on single lives and critics."""
    life = core_seconds_per_update(strategy.life) * strategy.life.setup.recipe.updates
    scoring, rescoring = map(_core_seconds_of_scoring, (strategy.critic, strategy.final_critic))
    return strategy.population * generations * (life + scoring) + strategy.finalists * rescoring


def _core_seconds_of_scoring(critic: Scores) -> float:
    if isinstance(critic, Chance):
        return 0.0
    alone, founder = replace(critic, workers=1), Individual(None, id=0)
    return _core_seconds(lambda: alone(founder), critic.setup.device)


def core_seconds_per_update(life: Live) -> float:
    """Return the core-seconds of one update of a life."""
    recipe = replace(life.setup.recipe, updates=UPDATES)
    short, founder = (
        replace(life, workers=1, setup=replace(life.setup, recipe=recipe)),
        Individual(None, id=0),
    )
    return _core_seconds(lambda: short(founder, 0), life.setup.device) / UPDATES


def updates_in(core_seconds: float, rival: OneCandidate) -> int:
    """Return the updates of pre-training that fit into a number of core-seconds, at least one."""
    return max(1, round(core_seconds / core_seconds_per_update(rival.life)))


def _core_seconds(work: Callable[[], object], device: torch.device) -> float:
    """Return the median time of a piece of work while every core does the same; on a GPU it is alone."""
    copies = torch.get_num_threads() if device.type == "cpu" else 1
    work()  # The first time costs more than all others.
    return statistics.median(
        seconds for _ in range(REPEATS) for seconds in in_threads(lambda _: _timed(work, device), range(copies))
    )


def _timed(work: Callable[[], object], device: torch.device) -> float:
    started = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - started
