"""The entry point: a group of commands that are imported when called, and the exit codes.

Exit codes: 0 done, 1 failed, 2 wrong usage or settings, 3 runs differ (`compare`), 74 files could not be read or
written (the standard output is one), 75 the run directory is in use, 130 interrupted (143 by SIGTERM). A mistake of
the user is one sentence; `NEUROEVO_DEBUG=1` adds the traceback.
"""

import importlib
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import NamedTuple, NoReturn

import click

from neuroevo import __version__
from neuroevo.cli.help import Group
from neuroevo.cli.mistakes import sentence_of
from neuroevo.cli.output import echo, open_standard_streams, steadfast
from neuroevo.cli.status import status

COMPLETE = "_NEUROEVO_COMPLETE"
"""The variable with which a shell asks for completions."""
FAILED, USAGE, DIFFERENT, IO_ERROR, LOCKED, INTERRUPTED = 1, 2, 3, 74, 75, 130


class Entry(NamedTuple):
    """A command as the group's help shows it, and where it is."""

    target: str
    summary: str


COMMANDS: Mapping[str, Entry] = {
    "bench": Entry("neuroevo.cli.bench:command", "Compare strategies over several seeds."),
    "evolve": Entry("neuroevo.cli.evolve:command", "Run one strategy and save its learngene."),
    "inherit": Entry("neuroevo.cli.inherit:command", "Train a descendant that inherits a learngene."),
    "report": Entry("neuroevo.cli.report:command", "Make the report of one or more runs."),
    "compare": Entry("neuroevo.cli.compare:command", "Say whether two runs differ."),
    "show": Entry("neuroevo.cli.show:command", "Describe a learngene or a run directory."),
    "push": Entry("neuroevo.cli.push:command", "Share a learngene on the Hugging Face Hub."),
    "datasets": Entry("neuroevo.cli.datasets:command", "Check the files of data sets."),
    "list": Entry("neuroevo.cli.listing:command", "List strategies, operators, backbones, …"),
}

SLOW = frozenset({"bench", "evolve", "inherit", "report", "compare", "show"})
"""Commands that have to import something heavy."""


class LazyGroup(Group):
    """A group whose commands are imported when they are called, not for the group's help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands' names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command, or None if there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].target.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{COMMANDS[cmd_name].target} must be a click.Command.")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Import the command that `args` begin with; one that takes its time says so before."""
        if args[0] in SLOW and not ctx.resilient_parsing:
            status.begin(args[0], args[1:])
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands and their summaries without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
)
@click.version_option(__version__, message="neuroevo %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Evolve neural networks, and measure what they pass on."""
    if ctx.invoked_subcommand is None:
        echo(ctx.get_help(), err=True)
        ctx.exit(USAGE)


def main() -> NoReturn:
    """Run the command line of this process and leave with its exit code."""
    open_standard_streams()
    sys.exit(run(sys.argv[1:]))


def run(argv: Sequence[str]) -> int:
    """Run the command line and return the exit code.

    A standard output that takes no more ends nothing: the files of a run are written all the same.

    Args:
        argv: the words after the program's name.
    """
    with steadfast() as stdout:
        code = _run(argv)
        status.end()
        stdout.flush()
        # A reader that left has what it wanted, as `head` does.
        if stdout.failure is not None and not isinstance(stdout.failure, BrokenPipeError):
            echo(f"Error: the standard output could not be written ({stdout.failure.strerror}).", err=True)
    return code or (IO_ERROR if stdout.failure is not None else 0)


def _run(argv: Sequence[str]) -> int:
    try:
        result = cli.main(args=list(argv), prog_name="neuroevo", standalone_mode=False)
    except (RecursionError, NotImplementedError):
        raise  # a fault of the library: the traceback is wanted
    except (click.ClickException, click.Abort, KeyboardInterrupt) as error:
        return _report(error)
    except (ValueError, ArithmeticError, OSError, RuntimeError, MemoryError) as error:
        return _report(error)
    except SystemExit as error:
        if COMPLETE in os.environ:  # click ends the program when it has completed a word
            return error.code if isinstance(error.code, int) else 0
        return _report(RuntimeError(f"what neuroevo calls must not end the program, but it raised SystemExit: {error}"))
    return result if isinstance(result, int) else 0


def _report(error: BaseException) -> int:
    if os.environ.get("NEUROEVO_DEBUG") not in (None, "", "0"):
        traceback.print_exception(error)
    for sentence in _sentences(error):
        echo(f"Error: {sentence}", err=True)
    return _exit_code(error)


def _sentences(error: BaseException) -> Sequence[str]:
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return ("Interrupted.",)
    if isinstance(error, click.ClickException):
        return (sentence_of(error),)
    if settings_errors := _settings_errors(error):
        return settings_errors
    if isinstance(error, OSError) and error.filename is not None:
        return (f"{error.filename}: {error.strerror}.",)
    # Torch adds the frames of its own stack.
    text = str(error).partition("\nException raised from ")[0]
    return (" ".join(text.split()) or type(error).__name__,)


def _exit_code(error: BaseException) -> int:
    from neuroevo.cli.interruption import Stopped  # heavy, and only errors need it
    from neuroevo.runs.locks import RunLocked

    if isinstance(error, click.Abort | KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(error, Stopped):
        return error.code
    if isinstance(error, click.UsageError | FileExistsError) or _settings_errors(error):
        return USAGE
    if isinstance(error, RunLocked):
        return LOCKED
    return IO_ERROR if isinstance(error, OSError | click.FileError) else FAILED


def _settings_errors(error: BaseException) -> Sequence[str]:
    from neuroevo.cli.settings.load import SettingsError  # heavy, and only errors need it

    return error.errors if isinstance(error, SettingsError) else ()
