"""Completion by a shell: values of settings as well as commands and options, and no torch for values."""

import os
import subprocess
import sys

import pytest
from click.shell_completion import BashComplete

from neuroevo import catalogue
from neuroevo.cli.main import cli


def complete(*words: str) -> list[str]:
    """Return what the last word may become."""
    *before, incomplete = words
    found = BashComplete(cli, {}, "neuroevo", "_NEUROEVO_COMPLETE").get_completions(before, incomplete)
    return [item.value for item in found]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("in",), ["inherit"]),
        (("bench", "tr"), ["transfer"]),
        (("bench", "--strategies", "gtl,na"), ["gtl,narrow-pretraining"]),
        (("bench", "--strategies", "scratch,scr"), []),
        (("bench", "--dataset", "gl"), ["glyphs"]),
        (("bench", "--preset", "s"), ["smoke", "small"]),
        (("bench", "--match", "s"), ["steps", "seconds"]),
        (
            ("bench", "--problems", "sphere,ras"),
            ["sphere,rastrigin", "sphere,rastrigin-scaled", "sphere,rastrigin-skew"],
        ),
        (("evolve", "cm"), ["cma-es", "cma-me"]),
        (("evolve", "snes", "--problem", "hi"), ["himmelblau"]),
        (("evolve", "gtl", "--backbone", "res"), ["resnet12"]),
        (("evolve", "gtl", "--log", "csv,t"), ["csv,tensorboard"]),
        (("inherit", "--device", "c"), ["cpu", "cuda"]),
        (("report", "--format", "l"), ["latex"]),
        (("datasets", "ch"), ["check"]),
        (("datasets", "check", "mini"), ["mini-imagenet"]),
        (("list", "s"), ["strategy", "suite"]),
    ],
    ids=" ".join,
)
def test_values_are_completed(words: tuple[str, ...], found: list[str]) -> None:
    """Names, presets and choices; of several the last one."""
    assert sorted(complete(*words)) == sorted(found)


def test_every_name_can_be_completed() -> None:
    """All strategies, all suites, all data sets and all backbones."""
    assert {*complete("evolve", "")} == {*catalogue.entries("strategy")}
    assert {*complete("bench", "")} == {*catalogue.entries("suite")}
    assert {*complete("bench", "--dataset", "")} == {*catalogue.entries("dataset")}
    assert {*complete("bench", "--backbone", "")} == {*catalogue.entries("backbone")}


def test_options_of_a_strategy_are_completed_with_their_values() -> None:
    """For them the command is made as a whole; words that are no command do no harm."""
    assert "--mutation-rate" in complete("evolve", "gtl", "--mu")
    assert complete("evolve", "gtl", "--critic-optimizer", "a") == ["adamw"]
    assert "--sigma" not in complete("evolve", "gtl", "--s")
    assert "--seed" in complete("evolve", "gtll", "--s")
    assert "--contestant" in complete("bench", "--con")


@pytest.mark.parametrize("words", ["neuroevo evolve cma-e", "neuroevo bench --strategies scratch,gtl-pa"])
def test_a_shell_gets_values_at_once(words: str) -> None:
    """As bash asks for them: no torch is imported, nothing else is printed, and the exit code is 0."""
    code = (
        "import sys\nfrom neuroevo.cli.main import run\ncode = run([])\n"
        "sys.exit('torch was imported' if 'torch' in sys.modules else code)"
    )
    count = str(len(words.split()) - 1)
    environment = {**os.environ, "COMP_WORDS": words, "COMP_CWORD": count, "_NEUROEVO_COMPLETE": "bash_complete"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout in ("plain,cma-es\n", "plain,scratch,gtl-paper\n")
