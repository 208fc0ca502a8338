"""The map over Ray actors: results of a loop, whatever happens to actors and nodes."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from neuroevo.evolution import evolve
from neuroevo.execution import Recipe, WorkerMap
from neuroevo.individual import Failure
from neuroevo.runs.records import read_records
from neuroevo.strategies import GTL
from neuroevo.testing.laws.mapping import check_map, difference

# Ray's own files and sockets are left open when it shuts down.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning:ray"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
ray = pytest.importorskip("ray")


@pytest.fixture(scope="module")
def actors(faults: ModuleType) -> Iterator[WorkerMap]:
    """Return a map over two actors of a local cluster."""
    from neuroevo.execution.ray import RayActors

    handlers = signal.getsignal(signal.SIGTERM)
    folder = Path.cwd()
    with WorkerMap(RayActors(workers=2), workers=2) as map_:
        assert signal.getsignal(signal.SIGTERM) is handlers
        assert Path.cwd() == folder
        yield map_
    assert not ray.is_initialized()


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


def test_laws_of_maps(actors: WorkerMap) -> None:
    """It gives what the built-in map gives."""
    check_map(actors, examples=6)


def test_functions_of_a_script_travel(actors: WorkerMap) -> None:
    """Unlike with processes, a function needs no module of its own."""
    assert actors(lambda number: number + 1, range(3)) == [1, 2, 3]


def test_results_are_those_of_one_process(actors: WorkerMap, toys: ModuleType, tmp_path: Path) -> None:
    """Records and learngene of GTL are equal bit for bit, also if one continues what the other began."""
    serial = played(gtl(toys), tmp_path / "serial")
    assert played(gtl(toys, actors), tmp_path / "actors") == serial
    list(evolve(gtl(toys), 1, run_dir=tmp_path / "both"))
    assert played(gtl(toys, actors), tmp_path / "both") == serial


def test_an_actor_that_dies_or_hangs_fails_alone(actors: WorkerMap) -> None:
    """Its item is retried and then given up; the others have their results."""
    assert actors(eval, ["1", "__import__('os')._exit(1)", "3"]) == [1, Failure("its worker died 3 times"), 3]
    actors.timeout = 3.0
    found = actors(eval, ["1", "__import__('time').sleep(3600)", "3"])
    actors.timeout = None
    assert found == [1, Failure("it took longer than 3 s"), 3]


def test_the_process_stays_interruptible(actors: WorkerMap) -> None:
    """Workers ignore nothing, but the handler of SIGTERM is the caller's."""
    seen: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: seen.append(number))
    os.kill(os.getpid(), signal.SIGTERM)
    signal.signal(signal.SIGTERM, before)
    assert seen == [signal.SIGTERM]
    assert actors(difference, [3, 4]) == [3, 4]
