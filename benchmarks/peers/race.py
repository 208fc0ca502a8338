"""Head to head: the same work by neuroevo, by its peers and by hand, in one run.

    python -m neuroevo.benchmarks.peers [--quick] [--only mlp-own-inputs,digits] [--out FILE] [--quality SEEDS]

Claims to be tested: neuroevo is ahead of every peer, and needs at most 1.25 times the time of the best code written by
hand for one purpose; a generation on the digits takes at most 12 ms, one with constant fitness 1.5 ms (P = 100) and 4
ms (P = 300). Every program works in a process of its own, on the same data from the same seeds. Nothing is timed before
all answers agree with a reference in double precision (1e-4; for generations with constant fitness: before all make
half to one and a half times the expected share of new genes). Then all variants take turns in a rotating order, and
medians and quartiles are reported. Compare within one run only.

The extra `peers` brings the packages; a program whose package is missing is named and left out.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import click
import torch
from rich import box
from rich.console import Console
from rich.table import Table

from neuroevo.benchmarks.analysis.statistics import estimate
from neuroevo.benchmarks.peers.families import FAMILIES, compared, to_markdown
from neuroevo.benchmarks.peers.process import PROGRAMS, Program, Tell, missing
from neuroevo.benchmarks.race.suite import versions as versions_of_searches
from neuroevo.benchmarks.speed.timing import Spread, conditions, describe_conditions
from neuroevo.benchmarks.speed.workloads import DIGITS, FORWARD, IMAGES, OVERHEAD, TRAINING, Workload, reference

OURS, HAND = "neuroevo", "by hand"
WORKS: Sequence[Workload] = (*FORWARD, DIGITS, *IMAGES, *OVERHEAD, *TRAINING)
LIMITS: Mapping[str, float] = {
    "digits P=100": 12.0,
    "constant-fitness P=100": 1.5,
    "constant-fitness P=300": 4.0,
    "train-convnet4 P=8": 50.0,
}
"""Milliseconds at most, on two cores of an AMD EPYC; elsewhere compare ratios."""
RATIO = 1.25
"""Times the best code by hand, at most, where there is no limit in milliseconds."""
GENERATIONS = 100
TINY = 640
"""Evaluations of a search that only shows that it runs."""
WIDTH = 132

Key = tuple[str, str]
"""A program and its variant."""


@dataclass(frozen=True)
class Line:
    """What was measured of one workload.

    Attributes:
        work: The workload.
        spreads: Milliseconds of each variant, by program and variant.
    """

    work: Workload
    spreads: Mapping[Key, Spread]

    def best(self, *programs: str) -> tuple[Key, Spread] | None:
        """Return the fastest variant of some programs; None if none of them does this work."""
        own = [(key, spread) for key, spread in self.spreads.items() if key[0] in programs]
        return min(own, key=lambda pair: pair[1].median, default=None)

    def ratio(self, *programs: str) -> float | None:
        """Return our time over the fastest of some programs."""
        ours, theirs = self.best(OURS), self.best(*programs)
        return None if ours is None or theirs is None else ours[1].median / theirs[1].median

    @property
    def target(self) -> tuple[str, bool | None]:
        """The target as a phrase, and whether it was met; None where that is unknown."""
        ours, limit = self.best(OURS), LIMITS.get(self.work.label)
        if limit is not None:
            return f"{limit:g} ms", None if ours is None else ours[1].median <= limit
        ratio = self.ratio(HAND)
        return f"{RATIO:g} x by hand", None if ratio is None else ratio <= RATIO


def compare(
    works: Sequence[Workload], programs: Mapping[str, Program], *, repeats: int, seconds: float, tell: Tell
) -> list[Line]:
    """Check and measure workloads one after the other, all variants of a workload in turn."""
    return [_compared(work, programs, repeats=repeats, seconds=seconds, tell=tell) for work in works]


def _compared(work: Workload, programs: Mapping[str, Program], *, repeats: int, seconds: float, tell: Tell) -> Line:
    tell(f"{work.label}: {work.title}")
    variants = _agreeing(work, programs, tell)
    calls = {key: programs[key[0]].ask("calls", work, key[1], seconds) for key in variants}
    samples: dict[Key, list[float]] = {key: [] for key in variants}
    for repeat in range(repeats):
        for place in range(len(variants)):
            key = variants[(place + repeat) % len(variants)]
            samples[key].append(programs[key[0]].ask("sample", work, key[1], calls[key]))
    for program in programs.values():
        program.ask("forget", work)
    line = Line(work, {key: Spread.of(found) for key, found in samples.items()})
    for (name, variant), spread in line.spreads.items():
        tell(f"  {name} {variant}: {spread.median:.3g} ms ({spread.low:.3g} to {spread.high:.3g})")
    return line


def _agreeing(work: Workload, programs: Mapping[str, Program], tell: Tell) -> list[Key]:
    """Return the variants whose answers are the reference's; programs that can't do the work are named and left out.

    Raises:
        RuntimeError: An answer differs: there is nothing to compare then.
    """
    expected, found = reference(work).numpy(), []
    for name, program in programs.items():
        for variant in program.ask("variants", work):
            try:
                answer = program.ask("answer", work, variant)
            except RuntimeError as error:
                if name == OURS:
                    raise
                tell(f"  {error} It is left out here.")
                continue
            if answer.shape != expected.shape or not abs(answer - expected).max() <= work.tolerance:
                raise RuntimeError(
                    f"answers to {work.label} must agree within {work.tolerance:g}, but {name} ({variant}) is off by "
                    f"{abs(answer - expected).max() if answer.shape == expected.shape else answer.shape}."
                )
            found.append((name, variant))
    return found


def to_table(lines: Sequence[Line], *, title: str) -> Table:
    """Return the lines as a table with targets."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in (
        "work",
        "P",
        "neuroevo, ms (quartiles)",
        "by hand",
        "best peer",
        "/ hand",
        "/ peer",
        "target",
        "met",
    ):
        table.add_column(heading, justify="left" if heading in ("work", "best peer") else "right", no_wrap=True)
    for line in lines:
        target, met = line.target
        ratios = [line.ratio(HAND), line.ratio(*PEERS)]
        table.add_row(
            line.work.name,
            f"{line.work.population:,}",
            _spread(line.best(OURS)),
            _spread(line.best(HAND), quartiles=False),
            _spread(line.best(*PEERS), quartiles=False, named=True),
            *("–" if ratio is None else f"{ratio:.2f}" for ratio in ratios),
            target,
            {True: "yes", False: "no", None: "–"}[met],
        )
    return table


def _spread(found: tuple[Key, Spread] | None, *, quartiles: bool = True, named: bool = False) -> str:
    if found is None:
        return "–"
    (program, variant), spread = found
    between = f" ({spread.low:.3g} to {spread.high:.3g})" if quartiles else ""
    return f"{spread.median:.3g}{between}" + (f" {program} {variant}" if named else "")


PEERS = tuple(name for name in PROGRAMS if name not in (OURS, HAND))


def quality(programs: Mapping[str, Program], *, seeds: int, generations: int, tell: Tell) -> list[dict[str, object]]:
    """Return the accuracy on unseen digits of each variant: mean with the 95 % confidence interval over seeds."""
    found: dict[Key, list[float]] = {}
    for seed in range(seeds):
        tell(f"accuracy on digits, seed {seed}")
        for name, program in programs.items():
            for variant, accuracy in program.ask("quality", seed, generations).items():
                found.setdefault((name, variant), []).append(accuracy)
    rows: list[dict[str, object]] = []
    for (name, variant), values in found.items():
        own = estimate(values)
        rows.append(
            {"program": name, "variant": variant, "seeds": seeds, "mean": own.mean, "low": own.low, "high": own.high}
        )
    return rows


def to_json(
    lines: Sequence[Line], accuracies: Sequence[Mapping[str, object]], measured_on: Mapping[str, object]
) -> str:
    """Return everything that was measured as JSON."""
    rows = [
        {
            "work": line.work.name,
            "title": line.work.title,
            "population": line.work.population,
            "milliseconds": [
                {"program": program, "variant": variant, **asdict(spread)}
                for (program, variant), spread in line.spreads.items()
            ],
            "ratio_by_hand": line.ratio(HAND),
            "ratio_best_peer": line.ratio(*PEERS),
            "target": line.target[0],
            "met": line.target[1],
        }
        for line in lines
    ]
    return json.dumps({"conditions": measured_on, "rows": rows, "accuracy": list(accuracies)}, indent=1) + "\n"


def _versions(programs: Sequence[str]) -> dict[str, str]:
    from importlib.metadata import version

    packages = {"DEAP": "deap", "EvoTorch": "evotorch", "PyGAD": "pygad", OURS: "neuroevo"}
    return {name: version(packages[name]) for name in programs if name in packages}


def tiny(work: Workload) -> Workload:
    """Return a workload of the same kind that takes no time."""
    # Few individuals mutate now and then or not at all.
    tolerance = 10.0 if work.name == "constant-fitness" else work.tolerance
    return replace(work, population=min(4, work.population), inputs=min(8, work.inputs), tolerance=tolerance)


@click.command()
@click.option("--quick", is_flag=True, help="Fewer and shorter samples.")
@click.option("--only", default="", help="Names of workloads, separated by commas, such as mlp-own-inputs,digits.")
@click.option("--peers", "chosen", default="", help="Programs, separated by commas; default all.")
@click.option("--threads", default=2, show_default=True, type=click.IntRange(1), help="Torch threads of each program.")
@click.option("--busy", is_flag=True, help="Count processor time on one thread: others use the machine, too.")
@click.option("--quality", "seeds", default=0, show_default=True, type=click.IntRange(0), help="Seeds of accuracies.")
@click.option(
    "--families", is_flag=True, help="Every family of searches against its specialists, in place of workloads."
)
@click.option(
    "--seeds", "searches", default=10, show_default=True, type=click.IntRange(1), help="Searches of a family."
)
@click.option("--tiny", "small", is_flag=True, help="The same with next to no work, to see that it runs.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write everything to this file as JSON.")
def main(
    *,
    quick: bool,
    only: str,
    chosen: str,
    threads: int,
    busy: bool,
    seeds: int,
    families: bool,
    searches: int,
    small: bool,
    out: Path | None,
) -> None:
    """Compare neuroevo with its peers on the same work, and print a table with the targets."""
    if families:
        _families(only, seeds=searches, threads=threads, busy=busy, small=small, out=out)
        return
    names = _chosen(chosen, PROGRAMS, "--peers")
    wanted = _chosen(only, list(dict.fromkeys(work.name for work in WORKS)), "--only")
    works = [tiny(work) if small else work for work in WORKS if work.name in wanted]
    if small:
        works = list({work.name: work for work in works}.values())
    tell: Tell = lambda text: click.echo(text, err=True)  # noqa: E731
    for sentence in filter(None, map(missing, names)):
        tell(sentence)
    names = [name for name in names if missing(name) is None]
    threads = 1 if busy else threads
    programs = {name: Program(name, threads=threads, busy=busy) for name in names}
    repeats, seconds = (2, 0.0) if small else (5, 0.1) if quick else (9, 0.15)
    try:
        lines = compare(works, programs, repeats=repeats, seconds=seconds, tell=tell)
        accuracies = quality(programs, seeds=seeds, generations=3 if small else GENERATIONS, tell=tell) if seeds else []
    except RuntimeError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)
    finally:
        for program in programs.values():
            program.close()
    torch.set_num_threads(threads)
    measured_on = {**conditions(), "clock": "processor" if busy else "wall", "versions": _versions(names)}
    _print(lines, accuracies, measured_on, repeats)
    if out is not None:
        out.write_text(to_json(lines, accuracies, measured_on), encoding="utf-8")


def _families(only: str, *, seeds: int, threads: int, busy: bool, small: bool, out: Path | None) -> None:
    names, threads = _chosen(only, list(FAMILIES), "--only"), 1 if busy else threads
    how: dict[str, Any] = {"seeds": 1 if small else seeds, "evaluations": TINY if small else None}
    rows = []
    for name in names:
        rows.append(compared(name, threads=threads, busy=busy, tell=partial(click.echo, err=True), **how))
        click.echo(to_markdown(rows[-1:]), err=True)
    clock = "processor" if busy else "wall"
    measured_on = {**conditions(), "threads": threads, "clock": clock, "versions": versions_of_searches()}
    click.echo(to_markdown(rows))
    click.echo(_described(measured_on, how["seeds"]))
    if out is not None:
        out.write_text(json.dumps({"conditions": measured_on, "rows": rows}, indent=1) + "\n", encoding="utf-8")


def _print(
    lines: Sequence[Line], accuracies: Sequence[Mapping[str, object]], measured_on: Mapping[str, Any], repeats: int
) -> None:
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, WIDTH)
    console.print(to_table(lines, title=f"Milliseconds of {measured_on['clock']} time, the fastest variant of each"))
    for row in accuracies:
        console.print(_accuracy(row))
    console.print(_described(measured_on, repeats), soft_wrap=True)


def _described(measured_on: Mapping[str, Any], samples: int) -> str:
    """Return on what it was measured, in a sentence, and the versions of the programs."""
    versions = ", ".join(f"{name} {version}" for name, version in measured_on["versions"].items())
    return f"{describe_conditions(measured_on, samples=samples)} {versions}."


def _accuracy(row: Mapping[str, Any]) -> str:
    own = f"{row['mean']:.3f} ({row['low']:.3f} to {row['high']:.3f}), n = {row['seeds']}"
    return f"{row['program']} {row['variant']}: accuracy on digits {own}"


def _chosen(text: str, known: Sequence[str] | Mapping[str, str], option: str) -> list[str]:
    chosen = [one.strip() for one in text.split(",") if one.strip()] or list(known)
    if wrong := [one for one in chosen if one not in known]:
        raise click.UsageError(f"{option} must be some of {', '.join(known)}, but it holds {', '.join(wrong)}.")
    return chosen
