"""What each law costs: `python tests/testing/cost.py`, in seconds of the processor, for right subjects.

The table is that of docs/law-costs.md. Laws of one name are of one kind; their cost differs by subject.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from pathlib import Path
from statistics import median

import click
import torch
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parents[1]))

from subjects import Subject, all_subjects

from neuroevo.testing.laws import check_law

Costs = dict[str, list[float]]


def costs(subjects: list[Subject], examples: int) -> Costs:
    """Return the seconds of each law, one number for each subject; laws that are expected to break are left out."""
    found: Costs = defaultdict(list)
    for subject in subjects:
        made = subject.make()
        for law in subject.laws():
            if law.name not in subject.expected_failures:
                started = time.process_time()
                check_law(made, law, label=subject.name, examples=examples)
                found[law.name].append(time.process_time() - started)
    return found


def table(found: Costs) -> str:
    """Return the costs as a table in Markdown, the dearest law first."""
    rows = sorted(found.items(), key=lambda row: median(row[1]), reverse=True)
    lines = [f"| {name} | {len(each)} | {1000 * median(each):.0f} | {1000 * max(each):.0f} |" for name, each in rows]
    return "\n".join(["| law | subjects | median, ms | greatest, ms |", "| --- | --- | --- | --- |", *lines])


@click.command()
@click.option("--examples", default=25, show_default=True, help="Largest number of examples of each law.")
@click.option("--only", default="", help="Part of the names of the subjects that are judged.")
def main(examples: int, only: str) -> None:
    """Print the cost of each law over the subjects of the tests."""
    torch.set_num_threads(1)
    settings.register_profile("cost", deadline=None, derandomize=True)
    settings.load_profile("cost")
    click.echo(table(costs([one for one in all_subjects() if only in one.name], examples)))


if __name__ == "__main__":
    main()
