"""What a run found and what to do next, below its table."""

from __future__ import annotations

from rich.console import Console

from neuroevo.benchmarks.analysis.results import RunData
from neuroevo.benchmarks.report.conclusions import conclude
from neuroevo.benchmarks.report.next_steps import next_steps
from neuroevo.cli.output import echo
from neuroevo.plain_text import printable_line


def print_conclusions(result: RunData) -> None:
    """Print what was found, one sentence per line, and commands for what to do next."""
    echo("")
    for sentence in conclude(result).all:
        _print(sentence)
    print_next_steps(result)


def print_next_steps(result: RunData) -> None:
    """Print commands for what to do next, each on a line of its own that can be copied."""
    echo("\nNext:")
    for step in next_steps(result, result.path):
        _print(f"{step.text}:")
        echo(f"    {step.command}")


def _print(sentence: str) -> None:
    """Print a sentence, broken between words on a terminal and nowhere in a pipe."""
    console = Console()
    console.print(
        printable_line(sentence), markup=False, emoji=False, highlight=False, soft_wrap=not console.is_terminal
    )
