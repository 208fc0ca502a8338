"""`neuroevo show`: learngenes and run directories, and what is neither."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from neuroevo.backbones import trace
from neuroevo.benchmarks.analysis.summary import Row, to_csv
from neuroevo.cli import for_people
from neuroevo.cli.descriptions import describe_file
from neuroevo.cli.for_people import moment
from neuroevo.cli.output import echo_sentences
from neuroevo.files import CheckpointError
from neuroevo.learngene import Learngene
from neuroevo.runs.directory import RunDirectory, read_facts
from neuroevo.strategies import UntrainedCircuit

Program = Callable[..., Any]
CONDITION: dict[str, Any] = {"dataset": "glyphs", "backbone": "mlp", "shots": 10, "updates": 60}
ROW = Row("gtl", CONDITION, 3, 0.1, 0.2, 0.5, 0.4, 0.6, 0.125, 0.012, 0.024, 0.2, 1540, 3.5, *[0.5] * 9, *[7] * 5)


@pytest.fixture
def learngene(toys: ModuleType) -> Learngene:
    """Return a circuit of half of a toy network."""
    candidate = UntrainedCircuit(toys.dataset(), toys.MLP_BACKBONE, share=0.5).candidate()
    notes = {
        "classes": {"ancestry": [f"class {i}" for i in range(20)]},
        "lineage": [7, 4, 1],
        "settings": {"share": 0.5},
    }
    return candidate.with_notes(**notes, dataset="toys")


def finished_run(folder: Path, *rows: Row, error: Exception | None = None) -> Path:
    """Make the folder of a run that has ended."""
    run = RunDirectory.create(folder, what="bench", argv=["neuroevo", "bench", "--quick"])
    run.note({"suite": "transfer", "seed": 5, "device": "cpu"})
    if rows:
        (folder / "summary.csv").write_text(to_csv(rows), encoding="utf-8")
    run.close(error=error)
    return folder


def test_a_learngene_of_a_traced_network_in_words(toys: ModuleType, tmp_path: Path) -> None:
    """Without the steps of its backbone."""
    with torch.random.fork_rng(devices=[]):
        module = nn.Sequential(nn.Flatten(), nn.Linear(64, 6), nn.ReLU(), nn.Linear(6, 2))
    backbone = trace(module, image=(1, 8, 8))
    UntrainedCircuit(toys.dataset(), backbone, share=0.5).candidate().save(tmp_path / "some.safetensors")
    first, *_ = describe_file(tmp_path / "some.safetensors")
    assert f" of a traced network (image 1x8x8, widths 6, operations {len(backbone.steps)}): " in first


def test_units_of_several_channels_say_so(toys: ModuleType, tmp_path: Path) -> None:
    """Those that a group norm ties; others are channels themselves."""
    with torch.random.fork_rng(devices=[]):
        layers = (nn.Conv2d(1, 8, 3), nn.GroupNorm(2, 8), nn.Conv2d(8, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        module = nn.Sequential(*layers, nn.Linear(4, 2))
    backbone = trace(module, image=(1, 8, 8))
    UntrainedCircuit(toys.dataset(), backbone, share=0.3).candidate().save(tmp_path / "some.safetensors")
    _, kept, *_ = describe_file(tmp_path / "some.safetensors")
    assert re.fullmatch(r"It keeps these channels: \d of 2 in 0 \(4 channels each\) and \d of 4 in 2\.", kept)


def test_a_learngene_in_words(learngene: Learngene, neuroevo: Program, tmp_path: Path) -> None:
    """Its backbone, size, channels, classes, lineage, settings and other notes."""
    learngene.save(tmp_path / "some.safetensors")
    call = neuroevo("show", tmp_path / "some.safetensors")
    assert (call.code, call.err) == (0, "")
    lines = call.out.splitlines()
    share = 100 * learngene.parameters / learngene.backbone.layout.parameters()
    assert lines[0] == (
        f"This is a learngene of the backbone mlp (widths 10 and 8, inputs 64): {learngene.parameters} parameters, "
        f"{share:.1f} % of the backbone's."
    )
    counts = learngene.counts
    kept = f"{counts['hidden1']} of 10 in hidden1 and {counts['hidden2']} of 8 in hidden2"
    assert lines[1] == f"It keeps these channels: {kept}."
    names = ", ".join(f"class {i}" for i in range(12))
    assert f"Its 20 ancestry classes are {names} and 8 more." in lines
    assert "Its lineage, from itself to its first ancestor: 7, 4, 1." in lines
    assert "It was made with share 0.5." in lines
    assert "untrained-circuit made it on toys with seed 0." in lines
    command = f"    neuroevo inherit {tmp_path / 'some.safetensors'} --backbone=mlp"
    assert lines[-3:] == ["Next:", "Train a network that inherits it:", command]


def test_a_learngene_without_notes(learngene: Learngene, neuroevo: Program, tmp_path: Path) -> None:
    """What is not known is not said."""
    replace(learngene, notes={}).save(tmp_path / "bare.safetensors")
    call = neuroevo("show", tmp_path / "bare.safetensors")
    assert call.code == 0
    assert len(call.out.partition("\n\nNext:")[0].splitlines()) == 2


def test_a_run_in_words(neuroevo: Program, tmp_path: Path) -> None:
    """What it was, how it ended, its rows and its files."""
    control = replace(ROW, strategy="scratch", gain_over_scratch=0.0, p_holm=float("nan"), gradient_steps=0)
    folder = finished_run(tmp_path / "run", control, ROW)
    call = neuroevo("show", folder)
    assert (call.code, call.err) == (0, "")
    facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert re.sub(r"took \d s", "took 0 s", call.out).splitlines() == [
        "This is a run of neuroevo bench transfer with seed 5 on cpu.",
        f"It is finished; it began {moment(facts['started'])} and took 0 s.",
        "It was started by: neuroevo bench --quick",
        "scratch reaches 50.0 % on novel classes; it transfers 20.0 % of the parameters after 0 gradient steps.",
        "gtl reaches 50.0 % on novel classes, +12.5 points over scratch, p (Holm) = 0.024; it transfers 20.0 % of the "
        "parameters after 1,540 gradient steps.",
        "3 seeds are weak evidence: run at least 5 before you rely on these numbers.",
        "It has 3 files: log.txt, run.json and summary.csv.",
    ]


def test_rows_with_gaps_in_words(neuroevo: Program, tmp_path: Path) -> None:
    """One seed has no p-value, and outputs that are not finite no accuracy."""
    nan = float("nan")
    single = replace(ROW, seed_count=1, p_value=nan, p_holm=nan)
    broken = replace(ROW, strategy="broken", accuracy_mean=nan, gain_over_scratch=nan, p_value=nan, p_holm=nan)
    call = neuroevo("show", finished_run(tmp_path / "run", single, broken))
    assert call.code == 0, call.err
    assert "gtl reaches 50.0 % on novel classes, +12.5 points over scratch; it transfers 20.0 %" in call.out
    assert "broken reaches outputs that are not finite on novel classes; it transfers 20.0 %" in call.out
    assert "nan" not in call.out


def test_a_run_of_many_seeds_in_words(neuroevo: Program, tmp_path: Path) -> None:
    """All of them are named, and what is smaller than the table's digits is not said to be equal."""
    folder = finished_run(tmp_path / "run", replace(ROW, seed_count=5, p_holm=1e-6))
    facts = json.loads((folder / "run.json").read_text(encoding="utf-8")) | {"comparison": {"seeds": [3, 4, 5, 6, 7]}}
    (folder / "run.json").write_text(json.dumps(facts), encoding="utf-8")
    out = neuroevo("show", folder).out
    assert "transfer with seeds 3, 4, 5, 6 and 7 on cpu." in out
    assert "over scratch, p (Holm) <0.0001; it" in out
    assert "These are means over 5 seeds." in out.splitlines()


def test_other_tables_are_shown_as_they_are(neuroevo: Program, tmp_path: Path) -> None:
    """A summary of another suite is shown column by column."""
    folder = finished_run(tmp_path / "run")
    (folder / "summary.csv").write_text("device,fraction\ncpu,0.31\n", encoding="utf-8")
    assert "device cpu, fraction 0.31." in neuroevo("show", folder).out.splitlines()


def test_a_failed_run_says_why(neuroevo: Program, tmp_path: Path) -> None:
    """Status and error are among the first words."""
    call = neuroevo("show", finished_run(tmp_path / "run", error=RuntimeError("out of memory")))
    assert call.code == 0
    assert "It failed; it began " in call.out
    assert f"    neuroevo bench --resume {tmp_path / 'run'}\n" in call.out
    assert "Error: RuntimeError: out of memory" in call.out.splitlines()


def test_a_folder_that_is_no_run(neuroevo: Program, tmp_path: Path) -> None:
    """One sentence, exit code 1."""
    call = neuroevo("show", tmp_path)
    assert (call.code, call.out) == (1, "")
    assert call.err == f"Error: {tmp_path} is no run directory: it has no run.json.\n"


@pytest.mark.parametrize("inside", [True, False])
def test_a_page_is_shown_in_a_browser(neuroevo: Program, inside: bool, tmp_path: Path) -> None:
    """The sentence names the run directory if the page lies in it."""
    folder = finished_run(tmp_path / "run") if inside else tmp_path
    (folder / "report.html").write_text("<html></html>", encoding="utf-8")
    call = neuroevo("show", folder / "report.html")
    assert (call.code, call.out) == (1, "")
    place = f", {folder}" if inside else ""
    assert call.err.endswith(f" in a browser; show takes the run directory it tells of{place}.\n")


def test_a_folder_of_runs_is_no_run(neuroevo: Program, tmp_path: Path) -> None:
    """The sentence names a run in it, and says of a file and of nothing what they are."""
    run = finished_run(tmp_path / "run")
    for path, why in (
        (tmp_path, f"it has no run.json; {run} is one"),
        (run / "log.txt", "it is a file"),
        (tmp_path / "nowhere", "there is no such folder"),
    ):
        with pytest.raises(CheckpointError) as caught:
            read_facts(path)
        assert str(caught.value) == f"{path} is no run directory: {why}."


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", '"text"', "\xff"])
def test_damaged_facts(neuroevo: Program, text: str, tmp_path: Path) -> None:
    """Whatever `run.json` holds, there is one sentence that names it."""
    folder = finished_run(tmp_path / "run")
    (folder / "run.json").write_bytes(text.encode("latin-1"))
    call = neuroevo("show", folder)
    assert (call.code, call.out) == (1, "")
    assert call.err.startswith(f"Error: {folder / 'run.json'} is damaged: ")
    assert call.err.count("\n") == 1


@pytest.mark.parametrize("place", [0, 7, 100, -1, None])
def test_a_damaged_learngene_is_one_sentence(
    learngene: Learngene, neuroevo: Program, place: int | None, tmp_path: Path
) -> None:
    """A file with a changed byte, or cut in half, is refused with its name and exit code 1."""
    path = tmp_path / "damaged.safetensors"
    data = bytearray(learngene.to_bytes())
    if place is None:
        data = data[: len(data) // 2]
    else:
        data[place] ^= 0x55
    path.write_bytes(data)
    call = neuroevo("show", path)
    assert (call.code, call.out) == (1, "")
    assert call.err.startswith("Error: ")
    assert call.err.count("\n") == 1
    assert str(path) in call.err


@pytest.mark.parametrize("content", [b"", b"text", b"\0" * 64, b"\x80\x04K\x01."])
def test_what_is_no_learngene_is_one_sentence(neuroevo: Program, content: bytes, tmp_path: Path) -> None:
    """Any other file is refused likewise; nothing in it is run."""
    path = tmp_path / "other"
    path.write_bytes(content)
    call = neuroevo("show", path)
    assert (call.code, call.out) == (1, "")
    assert str(path) in call.err
    assert call.err.count("\n") == 1


@pytest.mark.parametrize("words", [[], ["nowhere"], ["one", "two"]])
def test_wrong_usage(neuroevo: Program, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There must be one path, and something there."""
    monkeypatch.chdir(tmp_path)
    call = neuroevo("show", *words)
    assert (call.code, call.out) == (2, "")
    assert call.err.startswith("Error: ")
    assert call.err.count("\n") == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.41337500000000005, "0.413"),
        (0.36787944117144233, "0.368"),
        (5.277479455928569e-28, "5.28e-28"),
        (float("nan"), "nan"),
        (3.0, "3"),
        (1234567, "1,234,567"),
        (True, "yes"),
        (None, "by default"),
        ([0.5], "0.5"),
        ([1, 2, 3], "1, 2 and 3"),
        ([], ""),
        ({"learning_rate": 0.05, "cycle": None}, "(learning rate 0.05, cycle by default)"),
        ("zero", "zero"),
    ],
)
def test_values_are_written_for_people(value: object, text: str) -> None:
    """Three digits, and no notation of Python's."""
    assert for_people.value(value) == text


@given(st.floats(-1e300, 1e300))
def test_no_number_is_longer_than_people_read(value: float) -> None:
    """And none is off by more than half a percent."""
    text = for_people.number(value)
    assert len(text) <= 10
    assert float(text.replace(",", "")) == pytest.approx(value, rel=0.006)


def test_a_terminal_gets_lines_broken_between_words(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commands stay whole, to be copied, and a pipe gets each sentence in one line."""
    text = f"{'word ' * 20}end.\n\nNext:\n    neuroevo inherit {'long' * 20}"
    echo_sentences(text)
    assert capsys.readouterr().out == f"{text}\n"
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    echo_sentences(text)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines[:-1])) <= 40
    assert lines[-1] == text.splitlines()[-1]
    assert " ".join(lines[:3]) == text.splitlines()[0]
