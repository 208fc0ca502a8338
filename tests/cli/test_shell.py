"""The command line's shell: help without imports, lazy commands, sentences and exit codes."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TypeVar

import click
import pytest
from rich.console import Console

from neuroevo import __version__, catalogue
from neuroevo.cli import listing, names_table
from neuroevo.cli import main as shell
from neuroevo.cli.main import COMMANDS, LazyGroup, run
from neuroevo.cli.options import Call, DerivedCommand, settings_command
from neuroevo.cli.settings.load import SettingsError
from neuroevo.cli.settings.run import BenchNetworks, EvolveNetworks, Settings
from neuroevo.files import CheckpointError

Kind = TypeVar("Kind", bound=Settings)
KINDS = ("strategy", "operator", "backbone", "dataset", "problem", "suite")
Capture = pytest.CaptureFixture[str]


def replace_command(command: click.Command, patch: pytest.MonkeyPatch) -> None:
    """Let `neuroevo bench` be `command`."""
    known = LazyGroup.get_command

    def get(group: LazyGroup, ctx: click.Context, name: str) -> click.Command | None:
        return command if name == "bench" else known(group, ctx, name)

    patch.setattr(LazyGroup, "get_command", get)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings in the environment of the test run have no effect."""
    for name in os.environ:
        if name.startswith("NEUROEVO_"):
            monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("words", "light"),
    [
        *(([word], True) for word in ("-h", "--help", "--version", "list")),
        *((words, False) for words in (["lst"], ["evolve"], ["evolve", "--help"], ["evolve", "gtll"], ["list", "-h"])),
    ],
    ids=str,
)
def test_help_and_lists_import_nothing_slow(words: list[str], light: bool) -> None:
    """Neither torch nor numpy is imported, nor pydantic for the help of the program and for lists."""
    banned = {"torch", "numpy", "deap"} | ({"pydantic"} if light else set())
    program = (
        "import sys\nfrom neuroevo.cli.main import run\n"
        f"run({words!r})\nsys.exit(', '.join(set({sorted(banned)!r}) & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_help_names_every_command(capsys: Capture) -> None:
    """The program's help is written without the commands, and names them all."""
    assert run(["--help"]) == 0
    text = capsys.readouterr().out
    for name, entry in COMMANDS.items():
        assert f"  {name} " in text
        assert entry.summary in text


def test_without_a_command_there_is_help(capsys: Capture) -> None:
    """The help goes to stderr, and the code says that something was missing."""
    assert run([]) == 2
    assert "Commands:" in capsys.readouterr().err


def test_the_version_is_the_packages(capsys: Capture) -> None:
    """One line: name and version."""
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"neuroevo {__version__}\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["bnch"],
            "Error: The command 'bnch' is not known; did you mean bench or another of `neuroevo --help`?",
        ),
        (
            ["xyz"],
            f"Error: The command must be one of {', '.join(COMMANDS)}, but it is 'xyz'.",
        ),
        (
            ["list", "stratgy"],
            "Error: KIND 'stratgy' is not known; did you mean strategy?",
        ),
    ],
)
def test_an_unknown_word_is_one_sentence(words: list[str], sentence: str, capsys: Capture) -> None:
    """The known words and the nearest, on stderr, exit code 2."""
    assert run(words) == 2
    captured = capsys.readouterr()
    assert captured.err == f"{sentence}\n"
    assert captured.out == ""


@pytest.mark.parametrize("words", [["--nope"], ["list", "--nope"], ["list", "strategy", "more"]])
def test_wrong_usage_is_one_line(words: list[str], capsys: Capture) -> None:
    """What click refuses is one line as well."""
    assert run(words) == 2
    error = capsys.readouterr().err
    assert error.startswith("Error: ")
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["compare", "."], "B must be given, for example: neuroevo compare runs/before runs/after."),
        (
            ["compare", __file__, "."],
            f"A must be an existing folder, but {__file__!r} is a file; runs are compared by their directories, for a "
            "report holds no records.",
        ),
        (["compare", "nowhere", "."], f"A must be an existing folder, but there is no 'nowhere' in {Path.cwd()}."),
        (["compare", ".", ".", "--alpha", "2"], "--alpha must be a number between 0 and 1, but it is '2'."),
        (["compare", ".", ".", "--alhpa", "1"], "--alhpa is no option of neuroevo compare; did you mean --alpha?"),
        (["report", ".", "--format", "pdf"], "--format must be one of html, markdown, latex, csv, but it is 'pdf'."),
        (["bench", "--resume", "nowhere"], "--resume must be an existing folder, but there is no 'nowhere' in "),
        (["show", "/nowhere"], "PATH must be an existing file or folder, but there is no '/nowhere'."),
        (["show"], "PATH must be given, for example: neuroevo show runs/mine."),
        (["datasets"], "COMMAND must be given, for example: neuroevo datasets check glyphs."),
        (["datasets", "chek"], "The command 'chek' is not known; did you mean check or another of"),
        (["list", "strategy", "more"], "Got unexpected extra argument (more)."),
        (["evolve", "GTL"], "STRATEGY 'GTL' is not known; did you mean gtl or another of `neuroevo list strategy`?"),
        (["evolve", "cmaes"], "STRATEGY 'cmaes' is not known; did you mean cma-es or another of"),
        (["evolve", "cma_es"], "STRATEGY 'cma_es' is not known; did you mean cma-es or another of"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_click_refuses_is_said_in_our_words(words: list[str], sentence: str, capsys: Capture) -> None:
    """Which argument, what was expected, what came; where something is missing, with an example."""
    assert run(words) == 2
    assert capsys.readouterr().err.startswith(f"Error: {sentence}")


@pytest.mark.parametrize("width", [80, 120, 200])
def test_a_terminal_gets_a_table_of_names(width: int, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Name, line and needs are all there, whole, at any width."""
    monkeypatch.setattr(names_table, "Console", lambda: Console(width=width, force_terminal=True, color_system=None))
    monkeypatch.setattr(listing, "_show_lines", listing._show_table)
    for kind in KINDS:
        assert run(["list", f"{kind}s" if kind != "strategy" else "strategies"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert max(map(len, lines)) <= width
        text = "".join(" ".join(lines).split())
        for name, entry in catalogue.entries(kind).items():
            (start,) = (line for line in lines if line.split()[:1] == [name])
            assert entry.summarise().split()[0] in start
            if width == 200 and entry.needs:
                assert "".join(entry.needs.split())[:12] in text


def test_list_names_everything_once(capsys: Capture) -> None:
    """One name per line, the kind first, then a line about it; with a kind, only its names."""
    assert run(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    names = [tuple(line.split()[:2]) for line in lines]
    graphs = list(catalogue.entries("graph problem"))
    known = {kind: dict.fromkeys([*(graphs if kind == "problem" else []), *catalogue.entries(kind)]) for kind in KINDS}
    assert sorted(names) == sorted((kind, name) for kind in KINDS for name in known[kind])
    assert [kind for kind, _ in names] == sorted((kind for kind, _ in names), key=KINDS.index)
    assert all(len(line.split()) > 2 for line in lines)
    for kind in KINDS:
        assert run(["list", kind]) == 0
        part = capsys.readouterr().out.splitlines()
        assert part == [line for line in lines if line.startswith(f"{kind} ")]
        assert part


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_be_imported(name: str, capsys: Capture) -> None:
    """Each command shows its own help."""
    assert run([name, "--help"]) == 0
    assert f"Usage: neuroevo {name} " in capsys.readouterr().out


def test_default_settings_use_known_names() -> None:
    """The settings' own defaults are among the names of the catalogue."""
    for kind, key in (("dataset", "dataset"), ("backbone", "backbone"), ("suite", "suites")):
        default = BenchNetworks.model_fields[key].default
        assert {default} if isinstance(default, str) else {*default} <= catalogue.entries(kind).keys()


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (SettingsError(("One is wrong.", "Two is wrong.")), 2, "One is wrong.\nTwo is wrong."),
        (click.UsageError("Wrong."), 2, "Wrong."),
        (FileExistsError("out must be new."), 2, "out must be new."),
        (ValueError("rate must lie in [0, 1]."), 1, "rate must lie in [0, 1]."),
        (CheckpointError("It is\n  damaged."), 1, "It is damaged."),
        (RuntimeError("out of memory"), 1, "out of memory"),
        (MemoryError(), 1, "MemoryError"),
        (OSError(28, "No space left on device", "file"), 74, "file: No space left on device."),
        (KeyboardInterrupt(), 130, "Interrupted."),
    ],
)
@pytest.mark.parametrize("debug", ["", "1"])
def test_errors_become_exit_codes(
    error: BaseException,
    code: int,
    text: str,
    debug: str,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One sentence per error, and no traceback unless it was asked for."""

    @click.command("bench")
    def command() -> None:
        raise error

    replace_command(command, monkeypatch)
    monkeypatch.setenv("NEUROEVO_DEBUG", debug)
    assert run(["bench"]) == code
    lines = capsys.readouterr().err.strip("\n")
    assert ("Traceback" in lines) == bool(debug)
    assert lines.endswith("\n".join(f"Error: {line}" for line in text.split("\n")))
    assert debug or "\n\n" not in lines


def test_what_exits_is_an_error(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Code that a command calls can't end the program as if all was done."""

    @click.command("bench")
    def command() -> None:
        sys.exit(0)

    replace_command(command, monkeypatch)
    assert run(["bench"]) == 1
    assert capsys.readouterr().err.startswith("Error: what neuroevo calls must not end the program")


@pytest.mark.parametrize("error", [TypeError("bug"), NotImplementedError(), RecursionError()])
def test_bugs_keep_their_traceback(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """What no input should cause is not made to look like a mistake in usage."""

    @click.command("bench")
    def command() -> None:
        raise error

    replace_command(command, monkeypatch)
    with pytest.raises(type(error)):
        run(["bench"])


def test_the_process_leaves_with_the_code() -> None:
    """`python -m neuroevo` and the installed program return what `run` returns."""
    done = subprocess.run([sys.executable, "-m", "neuroevo", "lst"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "did you mean list" in done.stderr


def test_main_reads_the_words_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The entry point takes them from `sys.argv`."""
    monkeypatch.setattr(sys, "argv", ["neuroevo", "lst"])
    with pytest.raises(SystemExit) as caught:
        shell.main()
    assert caught.value.code == 2


def command_that_keeps(model: type[Kind], kept: list[Kind]) -> click.Command:
    """Return a command that does nothing but keep its settings."""

    def make(call: Call) -> click.Command:
        return settings_command("bench", model, kept.append, call=call, what="the test", help="Keep settings.")

    return DerivedCommand("bench", make)


def test_options_become_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Arguments, options, flags, environment and file arrive in one object."""
    kept: list[BenchNetworks] = []
    replace_command(command_that_keeps(BenchNetworks, kept), monkeypatch)
    file = tmp_path / "mine.toml"
    file.write_text("batch = 3\nshots = 3\nquiet = true\n")
    monkeypatch.setenv("NEUROEVO_SHOTS", "4")
    monkeypatch.setenv("NEUROEVO_JSON", "true")
    words = ["throughput", "--descendants", "5", "--quick", "--no-json", "--settings", str(file)]
    assert run(["bench", *words]) == 0, capsys.readouterr().err
    (settings,) = kept
    assert settings.suites == ("throughput",)
    assert settings.descendants == 5
    assert (settings.shots, settings.batch) == (4, 3)
    assert (settings.quick, settings.as_json, settings.quiet) == (True, False, True)
    assert settings.seeds == 1


def test_no_option_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bare call gives the defaults."""
    kept: list[BenchNetworks] = []
    replace_command(command_that_keeps(BenchNetworks, kept), monkeypatch)
    assert run(["bench"]) == 0
    assert kept == [BenchNetworks()]


def test_all_mistakes_in_one_call(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Several wrong options are several sentences, and the command is not called."""
    kept: list[EvolveNetworks] = []
    replace_command(command_that_keeps(EvolveNetworks, kept), monkeypatch)
    assert run(["bench", "--generations", "x", "--width=0", "--backbone=mlq"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert sorted(line.split(" must ")[0] for line in lines) == [
        "Error: --backbone 'mlq' is not known; did you mean mlp or another of `neuroevo list backbone`?",
        "Error: --generations",
        "Error: --width",
        "Error: STRATEGY",
    ]
    assert kept == []


def test_help_shows_defaults(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Each option's help says its default, and the one of quick where it differs."""
    replace_command(command_that_keeps(BenchNetworks, []), monkeypatch)
    assert run(["bench", "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "[default: glyphs]" in text
    assert "[default: 3; with --quick: 1]" in text
    assert "[SUITE]..." in text
    assert "--settings FILE" in text


def test_help_shows_what_quick_gives_to_strategies(capsys: Capture) -> None:
    """Settings that are left to each strategy show its default, and what `--quick` makes of it."""
    assert run(["bench", "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    for flag, note in {
        "--life-updates": "[default: 880; with --quick: 200]",
        "--critic-updates": "[default: 20; with --quick: 10]",
    }.items():
        assert note in text.split(f" {flag} ")[1][:150], flag


def test_commands_print_in_one_place() -> None:
    """What reads files of others prints them through `neuroevo.cli.output`, without their control characters."""
    folder = Path(shell.__file__).parent
    found = [path.name for path in folder.rglob("*.py") if re.search(r"click\.s?echo\(|\bprint\(", path.read_text())]
    assert sorted(found) == ["names_table.py", "output.py", "progress.py", "tables.py"]
