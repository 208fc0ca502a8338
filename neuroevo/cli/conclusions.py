"""What a run found and what to do next, below its table."""

from __future__ import annotations

from neuroevo.benchmarks.analysis.results import RunData
from neuroevo.benchmarks.report.conclusions import conclude
from neuroevo.benchmarks.report.next_steps import next_steps
from neuroevo.cli.output import echo
from neuroevo.cli.tables import print_sentence


def print_conclusions(result: RunData) -> None:
    """Print what was found, one sentence per line, and commands for what to do next."""
    echo("")
    for sentence in conclude(result).all:
        print_sentence(sentence)
    print_next_steps(result)


def print_next_steps(result: RunData) -> None:
    """Print commands for what to do next, each on a line of its own that can be copied."""
    echo("\nNext:")
    for step in next_steps(result, result.path):
        print_sentence(f"{step.text}:")
        echo(f"    {step.command}")
