"""The examples in the help of commands: three of each, short enough for a narrow terminal, and none that is refused."""

import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from neuroevo.cli import bench, evolve, inherit
from neuroevo.cli.main import COMMANDS, LazyGroup
from neuroevo.cli.owners import MODELS
from neuroevo.cli.settings.groups import GROUPS
from neuroevo.cli.settings.load import fields

Program = Callable[..., Any]
HELP = [(name,) for name in COMMANDS if name != "datasets"] + [
    *(("datasets", "check"), ("evolve", "gtl"), ("evolve", "snes"), ("evolve", "neat"), ("evolve", "finetune")),
]
WIDTH = 80


def examples_of(neuroevo: Program, words: tuple[str, ...]) -> list[str]:
    """Return the examples at the end of a command's help."""
    call = neuroevo(*words, "--help")
    assert call.code == 0, call.err
    return [line.strip() for line in call.out.partition("\nExamples:\n")[2].splitlines()]


@pytest.fixture
def folder(neuroevo: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a current folder with what the examples name."""
    monkeypatch.chdir(tmp_path)
    for name in ("runs/first", "runs/second", "runs/before", "runs/after", "data/cifar-fs", "photos"):
        (tmp_path / name).mkdir(parents=True)
    search = ("evolve", "snes", "--problem", "sphere", "--generations", 1, "--quiet", "--out")
    assert neuroevo(*search, "runs/mine").code == 0
    for name in ("runs/search", "runs/evolve-20260101-120000"):
        shutil.copytree("runs/mine", name)
    (tmp_path / "runs/mine/learngene.safetensors").touch()
    return tmp_path


@pytest.mark.parametrize("words", HELP, ids=" ".join)
def test_help_has_three_examples(neuroevo: Program, words: tuple[str, ...]) -> None:
    """Each begins with the program and the command, and fits into 80 columns."""
    found = examples_of(neuroevo, words)
    assert len(found) >= 3
    for line in found:
        assert line.startswith(f"neuroevo {words[0]}")
        assert len(line) <= WIDTH - 2


@pytest.mark.parametrize("words", HELP, ids=" ".join)
def test_examples_are_taken(
    neuroevo: Program, words: tuple[str, ...], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their settings are read and checked, and nothing is refused."""
    ran: list[object] = []
    for module in (bench, evolve, inherit):
        monkeypatch.setattr(module, "_run", lambda *given: ran.append(given))
    for line in examples_of(neuroevo, words):
        _, *given = shlex.split(line.partition(">")[0].partition("||")[0])
        if given[:1] == ["evolve"] and "--resume" not in line:
            given += ["--out", "runs/new"]
        if given[0] in ("bench", "evolve", "inherit"):
            before = len(ran)
            call = neuroevo(*given)
            assert call.code == 0, call.err
            assert len(ran) == before + 1
        else:
            command: Any = LazyGroup("neuroevo").get_command(click.Context(click.Command("x")), given[0])
            nested = command.commands[given[1]] if isinstance(command, click.Group) else command
            nested.make_context(given[0], given[2:] if nested is not command else given[1:])


@pytest.mark.parametrize(
    "model",
    MODELS.values(),
)
def test_every_setting_of_a_run_has_one_group(model: Any) -> None:
    """So that no option of every run is shown among those of a strategy."""
    grouped = [key for keys in GROUPS.values() for key in keys]
    assert len({*grouped}) == len(grouped)
    arguments = {"strategy", "suites", "learngene"}
    assert {*fields(model)} - arguments <= {*grouped}
