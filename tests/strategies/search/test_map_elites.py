"""MAP-Elites and novelty search: what their archives hold, and how much of the arm's reach they cover."""

import inspect
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.evolution import evolve
from neuroevo.problems import Function
from neuroevo.problems.function import ARM, SPHERE
from neuroevo.space import Space
from neuroevo.strategies import MAPElites, Novelty

pytest.importorskip("ribs")
from ribs.archives import GridArchive
from ribs.emitters import IsoLineEmitter
from ribs.schedulers import Scheduler


def reach(measures: torch.Tensor) -> int:
    """Return how many of 10 x 10 fields of the arm's reach hands [N, 2] are in."""
    return len({tuple(row) for row in ((measures + 1) * 5).int().tolist()})


def test_coverage_is_that_of_pyribs() -> None:
    """The arm's repertoire is covered as by pyribs' own archive and emitter with the same steps, within 5 %."""
    problem, ours, theirs = ARM(), [], []
    low, high = problem.space.low.numpy(), problem.space.high.numpy()
    # What later releases call bounds is pairs, and deprecated.
    names = inspect.signature(IsoLineEmitter).parameters
    bounded = (
        {"lower_bounds": low, "upper_bounds": high}
        if "lower_bounds" in names
        else {"bounds": [*zip(low, high, strict=True)]}
    )
    for seed in range(3):
        strategy = MAPElites(problem, seed=seed, sigma=0.1 * problem.space.spread, least=1)
        for _ in evolve(strategy, 100):
            pass
        ours.append(strategy.coverage)
        archive = GridArchive(solution_dim=10, dims=[20, 20], ranges=problem.measures)
        emitter = IsoLineEmitter(
            archive,
            iso_sigma=0.1 * float(problem.space.spread[0]),
            line_sigma=0.2,
            initial_solutions=problem.space.sample(100, generator=torch.Generator().manual_seed(seed)).numpy(),
            **bounded,
            batch_size=100,
            seed=seed,
        )
        scheduler = Scheduler(archive, [emitter])
        for _ in range(100):
            values = problem.function(torch.as_tensor(scheduler.ask())).numpy()
            scheduler.tell(values[:, 0], values[:, 1:])
        theirs.append(archive.stats.coverage)
    assert abs(np.mean(ours) / np.mean(theirs) - 1) < 0.05


@given(seed=st.integers(0, 2**32))
def test_a_cell_never_gets_worse(seed: int) -> None:
    """A cell that held an elite holds one that is no worse, and one cell holds one elite."""
    strategy = MAPElites(ARM(3), population=6, cells=4, seed=seed)
    before: dict[int, float] = {}
    for _ in evolve(strategy, 6):
        now: dict[int, float] = {}
        for one in strategy.individuals:
            objective, *measures = one.fitness.values
            cell = int(strategy.archive.index_of_single(measures))
            assert cell not in now
            now[cell] = objective
        assert before.keys() <= now.keys()
        assert all(now[cell] >= objective for cell, objective in before.items())
        assert strategy.coverage == len(now) / 16
        before = now


def test_objectives_may_be_minimised() -> None:
    """Of two in a cell the one with the lesser value stays, where less is better."""

    def height(genomes: torch.Tensor) -> torch.Tensor:
        return torch.stack([genomes[:, 1].abs(), genomes[:, 0]], dim=-1)

    space = Space.box(2, low=-1, high=1)
    problem = Function(height, space, weights=(-1.0, 0.0), batched=True, measures=((-1.0, 1.0),))
    strategy = MAPElites(problem, population=20, cells=5, seed=1)
    for _ in evolve(strategy, 30):
        pass
    assert strategy.coverage == 1
    assert max(one.fitness.values[0] for one in strategy.individuals) < 0.1


def test_novelty_reaches_farther_than_chance() -> None:
    """What it finds is spread over more of the arm's reach than as many random arms, whatever the objective says."""
    problem = ARM()
    strategy = Novelty(problem, seed=1)
    for _ in evolve(strategy, 60):
        pass
    arms = problem.space.sample(strategy.budget.evaluations, generator=torch.Generator().manual_seed(1))
    assert reach(strategy.behaviours) > 1.4 * reach(problem.function(arms)[:, 1:])


@given(seed=st.integers(0, 2**32))
def test_behaviours_are_only_added(seed: int) -> None:
    """The archive grows by what is new, and keeps what it has."""
    strategy = Novelty(ARM(3), population=6, neighbours=2, seed=seed)
    before = strategy.behaviours
    for _ in evolve(strategy, 6):
        assert torch.equal(strategy.behaviours[: len(before)], before)
        assert len(before) <= len(strategy.behaviours) <= len(before) + 6
        before = strategy.behaviours.clone()


@pytest.mark.parametrize("kind", [MAPElites, Novelty])
def test_problems_without_measures_are_refused(kind: type[MAPElites] | type[Novelty]) -> None:
    """A problem without measures, or with measures that count, is one sentence."""
    space = Space.box(2, low=-1, high=1)
    counting = Function(torch.sum, space, weights=(1.0, 1.0), measures=((-math.inf, math.inf),))
    for problem in (SPHERE(2), counting):
        with pytest.raises(ValueError, match=r"problem must have one objective, and measures with the weight 0"):
            kind(problem)


def test_there_must_be_a_cell() -> None:
    """A grid has cells."""
    with pytest.raises(ValueError, match=r"cells must be at least 1, but it is 0."):
        MAPElites(ARM(), cells=0)
    with pytest.raises(ValueError, match=r"^least must lie in \(0, 1\], but it is 0\.$"):
        MAPElites(ARM(), least=0)
