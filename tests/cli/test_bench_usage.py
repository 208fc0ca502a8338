"""`neuroevo bench`: what it refuses before any folder is made."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from neuroevo.runs.directory import RunDirectory

Program = Callable[..., Any]
FEW = ("--strategies", "narrow-pretraining", "--ways", 2)
SHORT = ("bench", "--width", 0.25, "--generations", 1, "--updates", 2, "--descendants", 1, "--shots", 5)
TINY = (*SHORT, "--population", 2, "--life-updates", 2, "--critic-updates", 2)


@pytest.fixture(scope="module", autouse=True)
def _small_data(made: list[str], undrawn: None) -> None:
    """The data set `glyphs` is made at once in these tests, and no picture is drawn."""


WRONG = [
    (
        "--strategies gtl,scrach",
        "--strategies 'scrach' is not known; did you mean scratch",
        " or another of `neuroevo list strategy`?",
    ),
    (
        "--dataset glyph",
        "--dataset 'glyph' is not known; did you mean glyphs",
        " or another of `neuroevo list dataset`?",
    ),
    (
        "--backbone convnet",
        "--backbone 'convnet' is not known; did you mean convnet4",
        " or another of `neuroevo list backbone`?",
    ),
    ("trnsfer", "SUITE 'trnsfer' is not known; did you mean transfer", " or another of `neuroevo list suite`?"),
    ("--popultaion 3", "--popultaion is not a setting of the suite transfer; did you mean --population?", ""),
    ("--sigma 3", "--sigma must be left out, for the suite transfer does not read it; cma-es, ", " and snes would."),
    ("--strategies scratch --critic-updates 3", "--population must be left out, ", "gtl and its variants"),
    ("--heirs mlp", "--heirs must be left out, for the suite transfer does not read it; suite paper and ", "g would."),
    ("--evaluations 3", "--evaluations must be left out, for the suite transfer does not read it; bench opt", "would."),
    ("instinct scaling --heirs mlp:x", "--heirs: an heir must be a backbone with a width above 0", ""),
    ("--share 1.5", "share must lie in (0, 1]", "1.5"),
    ("--tournament 0", "tournament must be at least 1, but it is 0.", ""),
    ("--pretraining-updates 3", "--pretraining-updates must come with --match none, for otherwise", ""),
    ("--ways 64", "--ways must be at most 63, the classes of the role novel of glyphs, but it is 64.", ""),
    ("--shots 200", "--shots must be below 200, the images per class of glyphs, but it is 200.", ""),
    ("--dataset fashion-mnist --ways 3", "--data-root must name the folder", "--ways must be at most 2,"),
    ("--dataset fashion-mnist --data-root nowhere", "--data-root must be an existing folder, but nowhere is none.", ""),
    ("--device gpu", "--device must be auto, cpu, cuda, cuda:N or mps, but it is 'gpu'.", ""),
    ("--seeds 0", "--seeds must be a whole number of at least 1, but it is 0.", ""),
    ("--strategies gtl:elites=0", "--strategies must be names, but one is", "give --contestant NAME=gtl:elites=0 inst"),
    ("--strategies gtl,gtl", "--strategies must be a list of different names", ""),
    ("--settings nowhere.toml", "--settings must name a TOML file, but nowhere.toml gives: ", ""),
    ("--engine processes --address auto", "--address must come with --engine ray, but the engine is processes.", ""),
]


@pytest.mark.parametrize(("words", "start", "end"), WRONG, ids=[words for words, _, _ in WRONG])
def test_what_is_wrong_is_said_before_any_folder_is_made(
    neuroevo: Program, words: str, start: str, end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2 and sentences on stderr; no folder is left."""
    monkeypatch.chdir(tmp_path)
    call = neuroevo(*TINY, *words.split())
    assert (call.code, call.out) == (2, "")
    assert f"Error: {start}" in call.err
    assert end in call.err
    assert all(line.startswith("Error: ") for line in call.err.splitlines())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "start"),
    [
        (("bench", *FEW, "--shots", "1,3", "--match", "seconds"), "shots must be below 3, the images of the smallest"),
        (("bench", *FEW, "--shots", 1, "--image-size", 12), "backbone must read examples of the shape [3, 12, 12]"),
        (("evolve", "gtl", "--critic-shots", 3), "shots must be below 3"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_does_not_fit_the_images_is_said_before_anything_is_trained(
    neuroevo: Program, words: tuple[object, ...], start: str, formats: ModuleType, tmp_path: Path
) -> None:
    """Too few images or classes, in whichever suite, and images too small for a network: exit code 2 and no folder."""
    root = formats.write_image_folder(tmp_path / "images", size=16)
    call = neuroevo(*words, "--dataset", "image-folder", "--data-root", root, "--out", tmp_path / "out")
    assert (call.code, call.out) == (2, "")
    assert f"Error: {start}" in call.err
    assert not (tmp_path / "out").exists()


def test_what_a_later_suite_refuses_is_said_before_the_first_one_runs(
    neuroevo: Program, formats: ModuleType, tmp_path: Path
) -> None:
    """Too few classes in the target of the second suite: nothing is written."""
    root = formats.write_image_folder(tmp_path / "images", size=16)
    target = ("--target-dataset", "image-folder", "--target-data-root", root)
    call = neuroevo("bench", "transfer", "adaptation", *target, "--ways", 4, "--shots", 1, "--out", tmp_path / "out")
    assert (call.code, call.out) == (2, "")
    assert "Error: ways must lie in 1..3, the novel classes of image-folder, but it is 4" in call.err
    assert [*tmp_path.glob("out/**/run.json")] == []


@pytest.mark.parametrize(
    ("words", "start"),
    [
        ("throughput --population 3", "--population must be left out, for the suite throughput does not read it; "),
        ("throughput --strategies gtl", "--strategies must be left out, for the suite throughput does not read it; "),
        ("throughput --contestant a=gtl", "--contestant "),
        ("optimize --updates 3", "--updates must be left out, for the suite optimize does not read it; "),
        ("optimize --per-class 3 --problems sphere", "--per-class must be left out, for the suite optimize does "),
        (
            "optimize --cells 3",
            "--cells must be left out, for the suite optimize does not read it; cma-me and map-elites would.",
        ),
        ("optimize --problems spere", "problem 'spere' is not known; did you mean sphere"),
        ("optimize --strategies differential --population 3", "population must be at least 4, but it is 3."),
        ("optimize throughput --shots 3", "--shots must be left out, for the suites optimize throughput "),
    ],
)
def test_a_suite_reads_its_own_settings_only(
    neuroevo: Program, words: str, start: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What neither it nor its contestants read is refused with what does, before any folder is made."""
    monkeypatch.chdir(tmp_path)
    call = neuroevo("bench", *words.split())
    assert (call.code, call.out) == (2, "")
    assert call.err.startswith(f"Error: {start}")
    assert call.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_variable_is_named(neuroevo: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt setting in the environment is not passed over."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEUROEVO_POPULATIN", "3")
    call = neuroevo(*TINY)
    assert call.code == 2
    assert "NEUROEVO_POPULATIN is not a setting of the suite transfer; did you mean NEUROEVO_POPULATION?" in call.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("devices", "asked", "there"), [(0, "cuda", "cpu"), (1, "cuda:3", "cuda:0, cpu"), (0, "mps", "cpu")]
)
@pytest.mark.parametrize("suite", ["transfer", "throughput"])
def test_a_device_that_is_not_there_is_refused(
    neuroevo: Program,
    devices: int,
    asked: str,
    there: str,
    suite: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The sentence says which there are; no folder is left."""
    monkeypatch.setattr(torch.cuda, "device_count", lambda: devices)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    call = neuroevo("bench", suite, "--device", asked, "--out", tmp_path / "run")
    assert (call.code, call.out) == (2, "")
    assert call.err == f"Error: --device must be auto or one of {there} on this machine, but it is {asked}.\n"
    assert list(tmp_path.iterdir()) == []


def test_results_are_never_mixed(neuroevo: Program, made: list[str], tmp_path: Path) -> None:
    """A folder that holds something, and a file, are refused and left untouched; an empty folder is used."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    before = len(made)
    for taken in (tmp_path / "mine", tmp_path / "mine" / "notes.txt"):
        call = neuroevo(*TINY, "--out", taken)
        assert (call.code, call.out) == (2, "")
        assert call.err == f"Error: --out must be a new or empty folder, but {taken} is not.\n"
    RunDirectory.create(tmp_path / "run", what="bench", argv=[]).close(error=RuntimeError("no memory"))
    call = neuroevo(*TINY, "--out", tmp_path / "run")
    assert call.err.endswith(f" is not; neuroevo bench --resume {tmp_path / 'run'} continues the run in it.\n")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]
    assert (tmp_path / "mine" / "notes.txt").read_text() == "mine"
    assert len(made) == before
    (tmp_path / "empty").mkdir()
    assert neuroevo(*SHORT, "--strategies", "scratch", "--seeds", 1, "--out", tmp_path / "empty").code == 0
