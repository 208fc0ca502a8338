"""Virtual individuals: scored like materialised ones, in any chunks and on any workers, and sent as seeds."""

import copy
import pickle
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from neuroevo.execution.shipping import WorkerCache
from neuroevo.execution.worker_map import WorkerMap, work
from neuroevo.individual import Individual
from neuroevo.problems import Supervised
from neuroevo.problems.function import RASTRIGIN
from neuroevo.problems.virtual import Cloud, VirtualIndividual, VirtualScoring

SIGMA = 0.05


def network(inputs: int = 6, hidden: int = 9) -> nn.Module:
    """Return a small network whose weights follow from nothing but its sizes."""
    module = nn.Sequential(nn.Linear(inputs, hidden), nn.Tanh(), nn.Linear(hidden, 3))
    for place, parameter in enumerate(module.parameters()):
        drawn = torch.randn(parameter.shape, generator=torch.Generator().manual_seed(place))
        parameter.data = 0.3 * drawn
    return module


def problem(count: int = 20, *, hidden: int = 9, **settings: Any) -> Supervised:
    """Return a problem of three classes."""
    generator = torch.Generator().manual_seed(count)
    with torch.random.fork_rng():
        module = network(hidden=hidden)
    inputs = torch.randn(count, 6, generator=generator)
    return Supervised(module, inputs, torch.arange(count) % 3, **settings)


def population(scoring: VirtualScoring, size: int = 12, generation: int = 0) -> list[VirtualIndividual]:
    """Return virtual individuals around the start."""
    blocks = len(scoring.problem.space.blocks)
    cloud = Cloud(scoring.problem, scoring.noise, scoring.problem.space.start, torch.full((blocks,), SIGMA))
    return [cloud.individual(100 + seed, id=seed, generation=generation) for seed in range(size)]


@pytest.mark.parametrize("rank", [1, 2, 9])
@pytest.mark.parametrize("settings", [{}, {"minibatch": 8, "batch": 3}])
def test_scores_are_those_of_materialised_individuals(rank: int, settings: dict[str, int]) -> None:
    """Within 1e-5, and so are those of the modules that individuals become."""
    given = problem(**settings)
    scoring = VirtualScoring(given, rank=rank)
    virtual = population(scoring, generation=2)
    found = torch.tensor(scoring.batch(virtual))
    torch.testing.assert_close(found, torch.tensor(given.batch([one.ordinary() for one in virtual])), rtol=0, atol=1e-5)
    examples = given.examples(2)
    modules = [given.score(one.to_module()(examples.inputs), examples.targets) for one in virtual]
    torch.testing.assert_close(found[:, 0], torch.stack(modules).detach(), rtol=0, atol=1e-5)
    assert len(set(found[:, 0].tolist())) == len(virtual)


@pytest.mark.parametrize("count", [1, 3, 20, 90])
def test_scores_do_not_depend_on_company(count: int) -> None:
    """Neither on the tile nor on who else is scored, bit for bit."""
    scoring = VirtualScoring(problem(count), rank=2)
    virtual = population(scoring)
    together = scoring.batch(virtual)
    assert [scoring(one) for one in virtual] == together
    for tile in (1, 2, 5):
        scoring.tile = tile
        assert scoring.batch(virtual) == together


def test_other_problems_and_individuals_are_scored_too() -> None:
    """Functions get some genomes at a time; ordinary individuals stand among virtual ones."""
    scoring = VirtualScoring(RASTRIGIN(4), rank=1)
    virtual = population(scoring)
    mixed: list[Individual] = [*virtual[:3], virtual[3].ordinary(), *virtual[4:]]
    assert scoring.batch(mixed) == scoring.problem.batch([one.ordinary() for one in virtual])


def test_running_out_of_memory_halves_the_tile(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores are the same ones."""
    scoring = VirtualScoring(problem(), rank=1)
    virtual = population(scoring)
    expected = scoring.batch(virtual)
    run = scoring._scored

    def greedy(cloud: Cloud, generation: int, seeds: Sequence[int]) -> list[tuple[float, ...]]:
        if len(seeds) > 3:
            raise torch.OutOfMemoryError("Tried to allocate 9 GiB.")
        return run(cloud, generation, seeds)

    monkeypatch.setattr(scoring, "_scored", greedy)
    assert scoring.batch(virtual) == expected


def test_copies_and_pickles() -> None:
    """A copy is a seed as well; a pickled one brings its genome along."""
    scoring = VirtualScoring(problem(), rank=1)
    one = population(scoring)[3]
    one.fitness.values = (0.5,)
    twin, sent = copy.deepcopy(one), pickle.loads(pickle.dumps(one))
    assert isinstance(twin, VirtualIndividual)
    assert type(sent) is Individual
    assert twin.seed == one.seed
    twin.fitness.values = (0.1,)
    assert one.fitness.values == sent.fitness.values == (0.5,)
    assert torch.equal(twin.genome, one.genome)
    assert torch.equal(sent.genome, one.genome)
    assert (sent.id, sent.generation) == (one.id, one.generation)
    assert sent == one == twin
    with pytest.raises(TypeError, match=r"individual 3 must have its genome in memory .* call ordinary\(\)"):
        one[0] = 1.0


def test_bounded_weights_are_refused() -> None:
    """They could not be clipped."""
    with pytest.raises(ValueError, match=r"bounds must be none for a virtual population.* 2.weight has some"):
        VirtualScoring(problem(bounds={"2.*": (-1.0, 1.0)}), rank=1)


def test_only_networks_become_modules() -> None:
    """A function has none."""
    one = population(VirtualScoring(RASTRIGIN(4), rank=1))[0]
    with pytest.raises(TypeError, match="problem must have a network"):
        one.to_module()


class Counter:
    """A worker in this process that counts the bytes that it gets."""

    def __init__(self) -> None:
        self.cache = WorkerCache()
        self.bytes = 0

    def submit(
        self, function: bytes, numbers: Sequence[int], drop: Sequence[int], items: bytes, *payloads: np.ndarray
    ) -> Future[bytes]:
        """Do a job at once."""
        self.bytes += len(function) + len(items) + sum(payload.nbytes for payload in payloads)
        done: Future[bytes] = Future()
        done.set_result(work(self.cache, function, numbers, drop, items, *payloads))
        return done

    def stop(self) -> None:
        """Do nothing."""


class Counters:
    """An engine of such workers."""

    died: tuple[type[BaseException], ...] = ()
    pickler = pickle.Pickler
    threads = 1

    def __init__(self) -> None:
        self.workers: list[Counter] = []

    def start(self, count: int) -> list[Counter]:
        """Return new workers."""
        self.workers += (made := [Counter() for _ in range(count)])
        return made

    def share(self, array: np.ndarray) -> np.ndarray:
        """Return the array."""
        return array

    def close(self) -> None:
        """Do nothing."""

    def sent(self) -> int:
        """Return the bytes since the last call."""
        found = sum(worker.bytes for worker in self.workers)
        for worker in self.workers:
            worker.bytes = 0
        return found


def generations(scoring: VirtualScoring, size: int) -> Iterator[list[VirtualIndividual]]:
    """Yield generations around other centres."""
    blocks = len(scoring.problem.space.blocks)
    for shift in range(3):
        cloud = Cloud(scoring.problem, scoring.noise, scoring.problem.space.start + shift, torch.full((blocks,), SIGMA))
        yield [cloud.individual(seed, id=seed, generation=shift) for seed in range(size)]


def bytes_per_generation(hidden: int, size: int) -> tuple[int, int]:
    """Return what workers get for a generation when they know the problem, and the number of genes."""
    scoring, engine = VirtualScoring(problem(hidden=hidden), rank=1), Counters()
    workers = WorkerMap(engine, workers=2, chunk=size // 4)
    sent = 0
    for individuals in generations(scoring, size):
        assert workers(partial(scoring), individuals) == scoring.batch(individuals)
        sent = engine.sent()
    return sent, scoring.problem.space.size


def test_workers_get_the_centre_and_seeds() -> None:
    """Bytes grow by some for each individual, and by the centre for each worker: not with P times D."""
    (few, genes), (many, _) = bytes_per_generation(40_000, 8), bytes_per_generation(40_000, 24)
    small, fewer = bytes_per_generation(20_000, 8)
    assert many - few < 16 * 20
    assert few < 1.1 * 2 * 4 * genes + 4 * 40_000
    assert few - small == pytest.approx(2 * 4 * (genes - fewer), rel=0.05)
