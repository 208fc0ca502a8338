"""The map over processes: results of a loop, whatever happens to the workers."""

import importlib
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from neuroevo.evolution import evolve
from neuroevo.execution import Processes, Recipe, WorkerMap
from neuroevo.execution.processes import Process
from neuroevo.individual import Failure
from neuroevo.learngene import Learngene
from neuroevo.runs.records import read_records
from neuroevo.strategies import GTL
from neuroevo.testing.laws.mapping import check_map, difference

WORKERS = 2


@pytest.fixture(scope="module")
def workers(faults: ModuleType) -> Iterator[WorkerMap]:
    """Return a map over processes that all tests share."""
    with WorkerMap(Processes(), workers=WORKERS) as map_:
        yield map_


@pytest.fixture
def own(workers: WorkerMap) -> Iterator[WorkerMap]:
    """Return the map with settings that a test may change."""
    chunk, retries, timeout = workers.chunk, workers.retries, workers.timeout
    yield workers
    workers.chunk, workers.retries, workers.timeout = chunk, retries, timeout


def gtl(toys: ModuleType, **settings: Any) -> GTL:
    """Return a strategy that trains a little."""
    life, critic = Recipe(updates=2, batch=8), Recipe(updates=2, batch=8)
    defaults = {"population": 4, "life": life, "critic": critic, "final_critics": 2, "workers": 1, "seed": 1}
    return GTL(toys.dataset(size=16), toys.CONVNET, **(defaults | settings))


def played(strategy: GTL, folder: Path, generations: int = 2) -> tuple[list[dict[str, Any]], bytes]:
    """Return the records of a run without times, and the bytes of its learngene."""
    for _ in evolve(strategy, generations, run_dir=folder):
        pass
    found = read_records(folder / "records.jsonl")
    records = [{key: value for key, value in one.items() if key != "seconds"} for one in found]
    return records, strategy.result().genome.to_bytes()


@pytest.fixture(scope="module")
def serial(toys: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[dict[str, Any]], bytes]:
    """Return what a run of one process gives."""
    return played(gtl(toys), tmp_path_factory.mktemp("serial"))


@pytest.mark.parametrize("chunk", [None, 2])
def test_laws_of_maps(chunk: int | None, own: WorkerMap) -> None:
    """It gives what the built-in map gives, for any size of jobs."""
    own.chunk = chunk
    check_map(own, examples=6)


def test_results_are_those_of_one_process(
    workers: WorkerMap, toys: ModuleType, serial: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Records and learngene of GTL are equal bit for bit, and each worker got each role of the data set once."""
    shipped: list[tuple[int, int]] = []
    submit = Process.submit

    def counting(self: Process, function: bytes, numbers: Any, *rest: Any) -> Any:
        shipped.extend((id(self), number) for number in numbers)
        return submit(self, function, numbers, *rest)

    monkeypatch.setattr(Process, "submit", counting)
    strategy = gtl(toys)
    strategy.toolbox.register("map", workers)
    assert played(strategy, tmp_path) == serial
    assert shipped
    assert len(shipped) == len({*shipped})


def test_a_stopped_run_goes_on_with_other_workers(
    workers: WorkerMap, toys: ModuleType, serial: Any, tmp_path: Path
) -> None:
    """One generation in this process and one on workers are two."""
    played(gtl(toys), tmp_path, generations=1)
    strategy = gtl(toys)
    strategy.toolbox.register("map", workers)
    assert played(strategy, tmp_path) == serial


def test_several_processes_work(workers: WorkerMap, faults: ModuleType) -> None:
    """Neither is this one, and each has one torch thread."""
    pids = workers(faults.pid, range(12))
    assert len({*pids}) == WORKERS
    assert os.getpid() not in pids
    assert {*workers(faults.threads, range(4))} == {1}


def test_a_worker_that_dies_changes_nothing(
    workers: WorkerMap, faults: ModuleType, toys: ModuleType, serial: Any, tmp_path: Path
) -> None:
    """A life and a critic that kill their process once are repeated, and the digest is that of a clean run."""
    strategy = gtl(toys)
    marks = [tmp_path / "life", tmp_path / "critic"]
    for mark in marks:
        mark.mkdir()
    strategy.toolbox.register("map", workers)
    strategy.toolbox.register("live", faults.Deadly(strategy.life, frozenset({1}), marks[0]))
    strategy.toolbox.register("evaluate", faults.Deadly(strategy.critic, frozenset({6}), marks[1]))
    records, learngene = played(strategy, tmp_path / "run")
    # Notes name the operators that were swapped.
    found, whole = (Learngene.from_bytes(one) for one in (learngene, serial[1]))
    assert records == serial[0]
    assert found.notes["swapped_operators"].keys() == {"evaluate", "live"}
    assert replace(found, notes=whole.notes).to_bytes() == serial[1]
    assert [[file.name for file in mark.iterdir()] for mark in marks] == [["1"], ["6"]]
    assert not (tmp_path / "run" / "failures").exists()


@pytest.mark.slow
def test_an_individual_that_kills_its_workers_fails_alone(
    own: WorkerMap, faults: ModuleType, toys: ModuleType, tmp_path: Path
) -> None:
    """The run continues without it; its id, genome and reason of failure are kept, and it never wins."""
    own.retries = 0
    strategy = gtl(toys, founders=0, condense=False)  # so that ids count from the first that lives
    strategy.toolbox.register("map", own)
    strategy.toolbox.register("live", faults.Deadly(strategy.life, frozenset({1, 5})))
    strategy.toolbox.register("evaluate", faults.Deadly(strategy.critic, frozenset({2})))
    records, _ = played(strategy, tmp_path)
    reason = "its worker died 1 times"
    failed = [[one["id"] for one in record["individuals"] if one.get("failure") == reason] for record in records]
    assert failed == [[1, 2], [5]]
    assert [record["failed"] for record in records] == [2, 1]
    assert not {1, 2, 5} & {winner for record in records for winner in record["winners"]}
    files = {path.name for path in (tmp_path / "failures").iterdir()}
    # The founder that could not live had inherited nothing.
    assert files == {
        *("000000-1.json", "000000-2.json", "000000-2.safetensors", "000001-5.json", "000001-5.safetensors"),
    }
    facts = json.loads((tmp_path / "failures" / "000001-5.json").read_text())
    assert (facts["id"], facts["generation"], facts["reason"]) == (5, 1, reason)
    assert Learngene.load(tmp_path / "failures" / "000000-2.safetensors").parameters > 0


@pytest.mark.slow
def test_tries_are_counted(own: WorkerMap, tmp_path: Path) -> None:
    """With one retry, an item is evaluated twice, and the other items of its job succeed."""
    own.retries, own.chunk = 1, 3
    deadly = f"(open({str(tmp_path / 'tries')!r}, 'ab', 0).write(b'x'), __import__('os')._exit(1))"
    assert own(eval, ["1", deadly, "3"]) == [1, Failure("its worker died 2 times"), 3]
    assert (tmp_path / "tries").read_bytes() == b"xx"  # once in company, then alone


def test_what_is_judged_together_is_sent_together(own: WorkerMap, faults: ModuleType) -> None:
    """If results depend on the other items, all items are one job, whatever the chunk."""
    own.chunk = 1
    assert own(faults.Hungry(9, joint=True), range(6)) == [0, 2, 4, 6, 8, 10]
    assert own(faults.Hungry(5, joint=True), range(6)) == [Failure("there was not enough memory for it")] * 6


def test_what_hangs_is_given_up(own: WorkerMap) -> None:
    """After its time an item is a failure and its worker is replaced; the others have their results."""
    own.timeout = 1.0
    assert own(eval, ["1", "__import__('time').sleep(3600)", "3"]) == [1, Failure("it took longer than 1 s"), 3]


def test_what_a_worker_imports_is_not_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that takes longer to import than an item may take fails no item, which hangs are found all the same."""
    code = "import time\ntime.sleep(1.5)\n\n\ndef wait(seconds):\n    return time.sleep(seconds)\n"
    (tmp_path / "heavy_to_import.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    heavy = importlib.import_module("heavy_to_import")
    with WorkerMap(Processes(), workers=1, timeout=1.0) as map_:
        assert map_(heavy.wait, [0, 0.01]) == [None, None]
        assert map_(heavy.wait, [0, 3600]) == [None, Failure("it took longer than 1 s")]


def test_a_worker_that_never_ends_to_import_fails_its_item(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run does not wait for ever."""
    hangs = f"import os, time\n\nif os.getpid() != {os.getpid()}:\n    time.sleep(3600)\n"
    (tmp_path / "never_imported.py").write_text(hangs + "\n\ndef double(x):\n    return 2 * x\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("neuroevo.execution.worker_calls.LOADING", 0.5)
    function = importlib.import_module("never_imported").double
    with WorkerMap(Processes(), workers=1, timeout=60.0) as map_:
        assert map_(function, [1]) == [Failure("its worker took longer than 0.5 s to import what it needs")]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("__import__('sys').exit(0)", "SystemExit: 0"),
        ("(_ for _ in ()).throw(KeyboardInterrupt)", "KeyboardInterrupt"),
        ("(_ for _ in ()).throw(ExceptionGroup('two', [ValueError()]))", "ExceptionGroup: two (1 sub-exception)"),
        ("(_ for _ in ()).throw(BaseExceptionGroup('', [SystemExit()]))", "BaseExceptionGroup: (1 sub-exception)"),
    ],
)
@pytest.mark.parametrize("chunk", [1, 3])
def test_what_would_end_a_process_fails_its_item(chunk: int, words: str, reason: str, own: WorkerMap) -> None:
    """Neither the run nor the worker ends, and the other items of the job have their results."""
    own.chunk = chunk
    assert own(eval, ["1", words, "3"]) == [1, Failure(f"its evaluation raised {reason}"), 3]


def test_a_child_of_an_evaluation_gives_no_answers(own: WorkerMap) -> None:
    """An evaluation that forks and returns in both processes has one result, and so have those after it."""
    own.chunk = 1
    assert own(eval, ["min(1, __import__('os').fork())", "2", "3", "4"]) == [1, 2, 3, 4]


def test_the_exception_is_the_one_of_a_loop(own: WorkerMap) -> None:
    """Of several exceptions the first item's is raised, with its type and message, and the map stays usable."""
    own.chunk = 1
    words = ["1", "__import__('time').sleep(0.3) or 1 / 0", "int('a')", "4"]
    with pytest.raises(ZeroDivisionError, match="division by zero"):
        own(eval, words)
    assert own(difference, [3, 4]) == [3, 4]


@pytest.mark.slow
def test_an_interruption_leaves_no_work_behind(own: WorkerMap, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the caller is interrupted, busy workers are stopped, and the next call starts afresh."""

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("neuroevo.execution.worker_calls.wait", interrupt)
        with pytest.raises(KeyboardInterrupt):
            own(eval, ["__import__('time').sleep(3600)"])
    assert own(difference, [3, 4]) == [3, 4]


@pytest.mark.parametrize("verb", ["live", "evaluate", "rescore"])
def test_what_can_not_be_sent_is_reported_before_any_work(verb: str, toys: ModuleType) -> None:
    """`evolve` refuses at once, before a worker is started or an individual made."""
    strategy = gtl(toys)
    strategy.toolbox.register("map", WorkerMap(Processes(), workers=1))
    strategy.toolbox.register(verb, lambda *arguments: (0.0,))
    with pytest.raises(TypeError, match="<lambda> must be picklable to run in other processes"):
        evolve(strategy, 1)
    assert strategy.ids.next == 0


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"workers": 0}, "workers must be at least 1, but it is 0"),
        ({"workers": 1, "chunk": 0}, "chunk must be at least 1, but it is 0"),
        ({"workers": 1, "retries": -1}, "retries must be at least 0, but it is -1"),
        ({"workers": 1, "timeout": 0.0}, "timeout must be above 0 seconds, but it is 0"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, Any], words: str) -> None:
    """In one sentence."""
    with pytest.raises(ValueError, match=words):
        WorkerMap(Processes(), **settings)
