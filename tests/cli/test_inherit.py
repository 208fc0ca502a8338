"""`neuroevo inherit`: the heir beside its twin, the file, and what is refused before anything is written."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from neuroevo.backbones import ConvNet4
from neuroevo.benchmarks.suites.transfer import Transfer
from neuroevo.cli.inherit import _check
from neuroevo.cli.settings.run import Inherit
from neuroevo.execution import Pixels, Recipe
from neuroevo.execution.training import correct_answers
from neuroevo.learngene import Learngene
from neuroevo.runs.records import read_records
from neuroevo.seeds import stream

Program = Callable[..., Any]
WORDS = ("--width", 0.5, "--updates", 6, "--shots", 5, "--ways", 3, "--seed", 4)
HEIR = ConvNet4(widths=(8, 16, 32, 32))


@pytest.fixture(scope="module", autouse=True)
def _small_data(made: list[str], undrawn: None) -> None:
    """The data set `glyphs` is made at once in these tests, and no picture is drawn."""


@pytest.fixture(scope="module")
def learngene(toys: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of a learngene of a narrow network."""
    path = tmp_path_factory.mktemp("learngene") / "learngene.safetensors"
    toys.learngene(toys.CONVNET).save(path)
    return Path(path)


@pytest.fixture(scope="module")
def finished(neuroevo: Program, learngene: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """Return a call and its folder."""
    folder = tmp_path_factory.mktemp("inherit") / "run"
    return neuroevo("inherit", learngene, *WORDS, "--out", folder), folder


def test_accuracy_stands_beside_that_of_scratch(finished: tuple[Any, Path]) -> None:
    """At every point, with what was inherited; the path comes last."""
    call, folder = finished
    assert call.code == 0, call.err
    lines = call.out.splitlines()
    assert [line.split()[0] for line in lines[2:5]] == ["0", "5", "6"]
    assert "of its tensors 0 whole, 20 in part, 6 not at all." in call.out
    assert lines[-1] == f"Saved: {folder / 'descendant.safetensors'}"
    assert {path.name for path in folder.iterdir()} == {
        "descendant.safetensors",
        "log.txt",
        "run.json",
        "settings.toml",
    }


def test_show_has_both_accuracies(finished: tuple[Any, Path], neuroevo: Program) -> None:
    """Those at the end."""
    call, folder = finished
    _, heir, scratch = call.out.splitlines()[4].split()
    assert f" {heir} % accuracy, and one from scratch {scratch} %." in neuroevo("show", folder).out


def test_the_file_is_a_state_dict(finished: tuple[Any, Path], toys: ModuleType) -> None:
    """Any program loads it into the network, which then answers as often right as was printed."""
    call, folder = finished
    weights = load_file(folder / "descendant.safetensors")
    network = HEIR.build(3, generator=torch.Generator().manual_seed(9))
    network.load_state_dict(weights)
    with safe_open(folder / "descendant.safetensors", "pt") as file:
        (about,) = file.metadata().values()
    data, notes = toys.dataset(size=16), json.loads(about)
    protocol = Transfer(dataset=data, backbone=HEIR, descendant=Recipe(updates=6), ways=3, shots=5)
    task = protocol.task(4, 0)
    assert notes["classes"] == [task.source.classes[label] for label in task.classes.tolist()]
    right = correct_answers(network, task, Pixels(tuple(notes["mean"]), tuple(notes["std"])))
    assert f"{100 * float(right) / len(task.test):.1f}" == call.out.splitlines()[4].split()[1]


def test_the_heir_is_that_of_bench(neuroevo: Program, tmp_path: Path) -> None:
    """The first descendant of a comparison with the same seed and settings has the same accuracies, scratch too."""
    bench = ("bench", *WORDS, "--seeds", 1, "--descendants", 1, "--strategies", "scratch,untrained-circuit")
    assert neuroevo(*bench, "--out", tmp_path / "bench").code == 0
    file = tmp_path / "bench" / "learngenes" / "untrained-circuit-seed4.safetensors"
    call = neuroevo("inherit", file, *WORDS, "--json", "--out", tmp_path / "run")
    found = json.loads(call.out)
    curves = [
        one["accuracy"] for one in read_records(tmp_path / "bench" / "records.jsonl") if one["kind"] == "descendant"
    ]
    assert [found["accuracy"]["scratch"], found["accuracy"]["heir"]] == curves


def test_what_does_not_fit_is_one_sentence(
    neuroevo: Program, learngene: Path, finished: tuple[Any, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another family, a file that is no learngene, a folder in use: nothing is written."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "noise.safetensors").write_bytes(stream(0).get_state().numpy().tobytes())
    cases = [
        ((learngene, "--backbone", "mlp"), 1, "a learngene of the backbone convnet4 "),
        ((finished[1] / "descendant.safetensors",), 1, f"{finished[1] / 'descendant.safetensors'} can't be read as a "),
        (("noise.safetensors",), 1, "noise.safetensors can't be read as a learngene: "),
        (("nowhere.safetensors",), 74, "nowhere.safetensors: No such file or directory."),
        ((learngene, "--out", finished[1]), 2, "--out must be a new or empty folder, but "),
        ((learngene, "--shots", "1,5"), 2, "--shots must be a whole number of at least 1, but it is '1,5'."),
        ((learngene, "--mutation-rate", 1), 2, "--mutation-rate must be left out, for inherit does not read it; gtl "),
        ((learngene, "--update", 1), 2, "--update is not a setting of inherit; did you mean --updates?"),
        ((learngene, "--dataset", "cifar-fs"), 2, "--data-root must name the folder that holds the files of cifar-fs."),
        ((), 2, "inherit needs either a LEARNGENE or --from, the weights of a trained network."),
    ]
    before = {path: path.read_bytes() for path in finished[1].iterdir()}
    for words, code, start in cases:
        call = neuroevo("inherit", *words, "--updates", 1)
        assert (call.code, call.out) == (code, ""), words
        assert call.err.startswith(f"Error: {start}"), call.err
        assert len(call.err.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["noise.safetensors"]
    assert {path: path.read_bytes() for path in finished[1].iterdir()} == before


def test_too_few_images_are_told_before_anything_is_written(
    neuroevo: Program, learngene: Path, formats: ModuleType, tmp_path: Path
) -> None:
    """Exit code 2 and one sentence; no folder is left."""
    root = formats.write_image_folder(tmp_path / "images", size=16)
    data = ("--dataset", "image-folder", "--data-root", root)
    call = neuroevo("inherit", learngene, *data, "--shots", 3, "--ways", 2, "--out", tmp_path / "out")
    assert (call.code, call.out) == (2, "")
    assert call.err.startswith("Error: shots must be below 3, the images of the smallest class, but it is 3")
    assert not (tmp_path / "out").exists()


class Unreadable:
    """A protocol whose backbone can't read the data set."""

    def check(self) -> None:
        """Refuse it, as `check_reads` does."""
        raise ValueError("backbone must read it, but Traced does not (3 channels); give it another.")


def test_the_data_set_of_the_learngene_is_named(toys: ModuleType) -> None:
    """Where the default one does not suit; one that is given is the user's choice."""
    evolved = toys.learngene(toys.CONVNET).with_notes(dataset="image-folder")
    protocol: Any = Unreadable()
    cure = "; the learngene evolved on image-folder: give --dataset=image-folder --data-root=FOLDER."
    for settings, known, end in (
        (Inherit(), evolved, f"(3 channels){cure}"),
        (Inherit(dataset="glyphs"), evolved, "; give it another."),
        (Inherit(), toys.learngene(toys.CONVNET), "; give it another."),
    ):
        with pytest.raises(click.UsageError) as caught:
            _check(protocol, settings, known)
        assert str(caught.value).endswith(end)


def test_a_circuit_is_cut_from_a_trained_network(neuroevo: Program, finished: tuple[Any, Path], tmp_path: Path) -> None:
    """The file of a state dict takes the place of a learngene; the circuit's weights are the file's, bit for bit."""
    trained = finished[1] / "descendant.safetensors"
    call = neuroevo("inherit", "--from", trained, "--share", 1, *WORDS, "--out", tmp_path / "run")
    assert call.code == 0, call.err
    cut, state = Learngene.load(tmp_path / "run" / "learngene.safetensors"), load_file(trained)
    assert cut.share == 1
    assert cut.backbone == HEIR
    assert all(torch.equal(part, state[name]) for name, part in cut.slices.items())
    assert cut.notes["cut_from"] == "descendant.safetensors"


def test_a_module_of_ones_own_by_import(neuroevo: Program, tmp_path: Path) -> None:
    """Its state dict is taken under its own names."""
    source = """
import torch
from torch import nn
from neuroevo.backbones import Traced, trace

def module():
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5))

def ones_own(channels: int = 1, size: int = 28) -> Traced:
    with torch.random.fork_rng(devices=[]):
        return trace(module(), image=(channels, size, size))

BACKBONES = {"ones-own": ones_own}
"""
    (tmp_path / "ones_own_module.py").write_text(source)
    with torch.random.fork_rng(devices=[]):
        module = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Linear(1, 1))
    save_file(module[0].state_dict(prefix="0."), tmp_path / "mine.safetensors")
    words = ["--updates", 2, "--shots", 2, "--ways", 2, "--backbone", "ones-own", "--share", 0.5]
    call = neuroevo(
        *("inherit", "--import", tmp_path / "ones_own_module.py", "--from", tmp_path / "mine.safetensors"),
        *(*words, "--out", tmp_path / "run"),
    )
    assert call.code == 0, call.err
    assert "Inherited: 50.0 %" in call.out
    # Its learngene holds the architecture, which needs no flag and no file of its own.
    cut = tmp_path / "run" / "learngene.safetensors"
    again = neuroevo("inherit", cut, *words[:6], "--out", tmp_path / "again")
    assert again.code == 0, again.err
    assert "Inherited: 50.0 %" in again.out
    settings = tmp_path / "again" / "settings.toml"
    repeated = neuroevo("inherit", "--settings", settings, "--out", tmp_path / "repeated")
    assert repeated.out.splitlines()[:-1] == again.out.splitlines()[:-1], repeated.err
    noted = json.loads((tmp_path / "again" / "run.json").read_text(encoding="utf-8"))["repeat"]
    assert noted == ["neuroevo", "inherit", str(cut), "--ways=2", "--shots=2", "--updates=2"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "inherit needs either a LEARNGENE or --from"),
        (("{learngene}", "--from", "{learngene}"), "inherit needs either a LEARNGENE or --from"),
        (
            ("--from", "{learngene}"),
            "can't be used with --backbone convnet4: the weights must be of a convnet4 network",
        ),
        (("--from", __file__), "it is no .safetensors file, or it is damaged"),
    ],
)
def test_what_can_not_be_cut_is_refused(
    neuroevo: Program, learngene: Path, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    """Before a folder is made, in a sentence."""
    given = [word.format(learngene=learngene) for word in words]
    call = neuroevo("inherit", *given, *WORDS, "--out", tmp_path / "run")
    assert call.code in (1, 2)
    assert message in " ".join(call.err.split())
    assert not (tmp_path / "run").exists()
