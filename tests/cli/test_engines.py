"""`--engine` and `--workers`: where lives and critics run, which changes no result."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Program = Callable[..., Any]
TINY = ("--width", 0.25, "--population", 3, "--life-updates", 2, "--critic-updates", 2, "--generations", 2, "--quiet")
LEARNGENE = "learngene.safetensors"


@pytest.fixture(scope="module", autouse=True)
def _small_data(made: list[str]) -> None:
    """The data set `glyphs` is made at once in these tests."""


@pytest.fixture(scope="module")
def threads(neuroevo: Program, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run on threads."""
    folder: Path = tmp_path_factory.mktemp("threads") / "run"
    assert neuroevo("evolve", "gtl", *TINY, "--out", folder).code == 0
    return folder


def test_the_number_of_threads_changes_nothing(threads: Path, neuroevo: Program, tmp_path: Path) -> None:
    """One worker or three are threads by default, and give the same bytes."""
    for workers in (1, 3):
        folder = tmp_path / str(workers)
        assert neuroevo("evolve", "gtl", *TINY, "--workers", workers, "--out", folder).code == 0
        assert (folder / LEARNGENE).read_bytes() == (threads / LEARNGENE).read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_processes_change_nothing(workers: int, threads: Path, neuroevo: Program, tmp_path: Path) -> None:
    """A run on processes of this machine gives the bytes of a run on threads."""
    folder = tmp_path / "run"
    words = ("--engine", "processes", "--workers", workers, "--eval-timeout", 300, "--out", folder)
    call = neuroevo("evolve", "gtl", *TINY, *words)
    assert call.code == 0, call.err
    assert (folder / LEARNGENE).read_bytes() == (threads / LEARNGENE).read_bytes()


@pytest.mark.slow
def test_gtl_without_barriers(neuroevo: Program, tmp_path: Path) -> None:
    """One worker is one order: equal runs, which are not those with barriers; a run goes on to more generations."""
    words = ("evolve", "gtl", *TINY, "--cycle", 2, "--asynchronous", "--engine", "processes", "--workers", 1)
    for name, generations in (("first", 2), ("second", 1)):
        call = neuroevo(*words, "--generations", generations, "--out", tmp_path / name)
        assert call.code == 0, call.err
    assert neuroevo("evolve", "--resume", tmp_path / "second", "--generations", 2, "--quiet").code == 0
    found = [(tmp_path / name / LEARNGENE).read_bytes() for name in ("first", "second")]
    assert found[0] == found[1]


@pytest.mark.slow
def test_a_bench_runs_on_processes(neuroevo: Program, tmp_path: Path) -> None:
    """The learngenes of all strategies are those of a run on threads."""
    words = ("bench", *TINY, "--seeds", 1, "--updates", 2, "--descendants", 1, "--strategies", "scratch,finetune,gtl")
    for name in ("threads", "processes"):
        call = neuroevo(*words, "--engine", name, "--workers", 2, "--out", tmp_path / name)
        assert call.code == 0, call.err
    found = [
        {path.name: path.read_bytes() for path in (tmp_path / name / "learngenes").iterdir()}
        for name in ("threads", "processes")
    ]
    assert found[0] == found[1]
    assert found[0].keys() == {"finetune-seed0.safetensors", "gtl-seed0.safetensors"}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--engine", "forks"], "--engine must be threads, processes or ray, but it is 'forks'."),
        (["--workers", 0], "--workers must be a whole number of at least 1, but it is 0."),
        (
            ["--eval-timeout", 3],
            "--eval-timeout must come with --engine processes or ray, for a thread can't be stopped.",
        ),
        (["--engine", "ray", "--eval-timeout", 0], "--eval-timeout must be a number above 0, but it is 0."),
        (
            ["--asynchronous"],
            "--asynchronous must come with --engine processes or ray, for threads work side by side.",
        ),
        (["--address", "auto"], "--address must come with --engine ray, but the engine is threads."),
        (
            ["--engine", "processes", "--gpus-per-worker", 0.5],
            "--gpus-per-worker must come with --engine ray, but the engine is processes.",
        ),
    ],
)
def test_what_an_engine_can_not_do_is_refused_before_any_work(
    words: list[Any], sentence: str, neuroevo: Program, tmp_path: Path
) -> None:
    """Exit code 2 and a sentence; no folder is made."""
    call = neuroevo("evolve", "gtl", *TINY, *words, "--out", tmp_path / "run")
    assert (call.code, call.err) == (2, f"Error: {sentence}\n")
    assert not (tmp_path / "run").exists()


def test_a_missing_extra_is_named(neuroevo: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Ray the sentence says what to install."""
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "neuroevo.execution.ray", raising=False)
    call = neuroevo("evolve", "gtl", *TINY, "--engine", "ray", "--out", tmp_path / "run")
    assert call.code == 2
    assert call.err.startswith("Error: --engine ray needs Ray (")
    assert '): pip install ".[ray]" in a checkout, or pip install "neuroevo-torch[ray]".' in call.err
    assert not (tmp_path / "run").exists()


def test_a_folder_that_can_not_be_written_is_named(neuroevo: Program) -> None:
    """Exit code 74 and the path."""
    if not Path("/proc/self").exists():
        pytest.skip("needs a folder in which nothing can be written")
    call = neuroevo("evolve", "gtl", *TINY, "--out", "/proc/neuroevo")
    assert (call.code, call.out) == (74, "")
    assert call.err.startswith("Error: /proc/neuroevo: ")
