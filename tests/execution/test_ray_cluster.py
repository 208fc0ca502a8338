"""Clusters of several nodes, and nodes with GPUs: one is lost, or there is no room for all workers."""

import random
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from neuroevo.evolution import evolve
from neuroevo.execution import Recipe, WorkerMap
from neuroevo.runs.records import read_records
from neuroevo.strategies import GTL
from neuroevo.testing.laws.mapping import difference

# Ray's own files and sockets are left open when it shuts down.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning:ray"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
ray = pytest.importorskip("ray")


@pytest.fixture(autouse=True)
def _random_as_it_was() -> Iterator[None]:
    """Ray draws ports from the global generator of `random` when it starts nodes."""
    state = random.getstate()
    yield
    random.setstate(state)


def gtl(toys: ModuleType, map_: WorkerMap | None = None, *, updates: int = 2) -> GTL:
    """Return a strategy that trains a little, its lives and critics on the workers of a map."""
    life, critic = Recipe(updates=updates, batch=8), Recipe(updates=2, batch=8)
    strategy = GTL(
        toys.dataset(size=16), toys.CONVNET, population=4, life=life, critic=critic, final_critics=2, workers=1, seed=1
    )
    if map_ is not None:
        strategy.toolbox.register("map", map_)
    return strategy


def played(strategy: GTL, folder: Path, **settings: Any) -> tuple[list[dict[str, Any]], bytes]:
    """Return the records of a run without times, and the bytes of its learngene."""
    for _ in evolve(strategy, 3, run_dir=folder, **settings):
        pass
    found = read_records(folder / "records.jsonl")
    records = [{key: value for key, value in one.items() if key != "seconds"} for one in found]
    return records, strategy.result().genome.to_bytes()


@pytest.fixture
def cluster() -> Iterator[Any]:
    """Return a cluster with no CPU on its head, so that all work is on nodes that can be removed."""
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    yield made
    ray.shutdown()
    made.shutdown()


def test_a_node_that_dies_changes_nothing(cluster: Any, toys: ModuleType, tmp_path: Path) -> None:
    """Of two nodes one is killed in the middle of a generation: the learngene is that of a serial run."""
    from neuroevo.execution.ray import RayActors

    serial = played(gtl(toys, updates=30), tmp_path / "serial")
    nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
    cluster.wait_for_nodes()
    deaths: list[int] = []
    with WorkerMap(RayActors(address=cluster.address), workers=2) as map_:
        pid = "__import__('time').sleep(0.05) or __import__('os').getpid()"
        assert len({*map_(eval, [pid] * 8)}) == 2
        strategy = gtl(toys, map_, updates=30)
        submit = map_.submit

        def losing(slot: Any, package: Any, items: Any) -> Any:
            future = submit(slot, package, items)
            if strategy.generation == 1 and not deaths:
                deaths.append(1)
                cluster.remove_node(nodes[0], allow_graceful=False)
            return future

        map_.submit = losing  # type: ignore[method-assign]
        assert played(strategy, tmp_path / "cluster") == serial
    assert deaths == [1]
    assert not (tmp_path / "cluster" / "failures").exists()


def test_parts_of_gpus_are_taken() -> None:
    """Where GPUs are, real or not, actors take their parts of them, and no more actors start than there is room for."""
    from neuroevo.execution.ray import RayActors

    ray.init(num_cpus=4, num_gpus=1, include_dashboard=False, log_to_driver=False)
    try:
        with WorkerMap(RayActors(gpus=0.5), workers=4) as map_:
            assert map_(difference, [1, 2, 3, 4]) == [1, 2, 3, 4]
            assert len(map_._idle) == 2
            assert ray.available_resources().get("GPU", 0) == 0
        assert ray.is_initialized()
    finally:
        ray.shutdown()
