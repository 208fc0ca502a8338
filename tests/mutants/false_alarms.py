"""Count the laws that right operators break: check after check of a law on a subject, each with a seed of its own.

    PYTHONPATH=tests python tests/mutants/false_alarms.py --runs 1000 --seed 0

A run is one check of one law on one subject. All pairs come in turn, in an order that the first seed decides; the cheap
ones come again until the runs are done. Laws that a subject is known to break are left out.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator

import click
import hypothesis.core
from hypothesis import settings
from subjects import Subject, all_subjects

from neuroevo.testing.laws import Law, LawBroken, check_law

Pair = tuple[Subject, Law]


def pairs(chosen: str) -> list[Pair]:
    """Return the subjects whose name holds the text, each with the laws that it keeps."""
    subjects = [one for one in all_subjects() if chosen in one.name]
    return [(one, law) for one in subjects for law in one.laws() if law.name not in one.expected_failures]


def alarm(subject: Subject, law: Law, *, seed: int, examples: int) -> str:
    """Return the message of a broken law, which is wrong; empty if it is kept."""
    # What pytest's option --hypothesis-seed sets.
    hypothesis.core.global_force_seed = seed
    try:
        check_law(subject.make(), law, label=f"{subject.name} (seed {seed})", examples=examples)
    except LawBroken as broken:
        return str(broken)
    return ""


def turns(judged: list[Pair], *, seed: int, seconds: float) -> Iterator[Pair]:
    """Yield all pairs in a drawn order, then again and again those that took less time than `seconds`."""
    left, took = judged[:], {}
    while left:
        random.Random(seed).shuffle(left)
        for number, pair in enumerate(left):
            started = time.process_time()
            yield pair
            took[number] = time.process_time() - started
        left = [pair for number, pair in enumerate(left) if took[number] < seconds]
        seed += 1


@click.command()
@click.option("--runs", default=1000, help="Number of checks.")
@click.option("--seed", default=0, help="Seed of the first check; the next ones follow.")
@click.option("--examples", default=25, help="Largest number of cases of a check.")
@click.option("--seconds", default=0.5, help="Pairs that take longer are judged once only.")
@click.option("--only", default="", help="Text that is in the names of the subjects.")
def main(runs: int, seed: int, examples: int, seconds: float, only: str) -> None:
    """Print every alarm when it comes, and the number of runs and alarms at the end."""
    settings.register_profile("alarms", database=None, deadline=None, derandomize=False)
    settings.load_profile("alarms")
    judged, counted, alarms = pairs(only), Counter[str](), 0
    for number, (subject, law) in zip(range(runs), turns(judged, seed=seed, seconds=seconds), strict=False):
        counted[law.name] += 1
        if message := alarm(subject, law, seed=seed + number, examples=examples):
            alarms += 1
            click.echo(message)
        if counted.total() % 500 == 0:
            click.echo(f"{alarms} alarms in {counted.total()} runs until now")
    subjects = len({subject.name for subject, _ in judged})
    click.echo(f"{alarms} alarms in {counted.total()} runs of {len(counted)} laws on {subjects} subjects")


if __name__ == "__main__":
    main()
