"""What to do next with a run: commands that work as they stand."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from neuroevo.benchmarks.analysis.duels import EVOLVED, parts_of
from neuroevo.benchmarks.analysis.matches import ENOUGH, evolved, subject_of
from neuroevo.benchmarks.analysis.results import RunData
from neuroevo.benchmarks.analysis.searches import by_problem
from neuroevo.benchmarks.analysis.transferred import best_learngene
from neuroevo.runs.names import GENOME, LEARNGENE, LEARNGENES, REPORT

OF_DATA = ("--dataset", "--data-root", "--image-size", "--backbone", "--width", "--import")
"""Flags of a comparison that the training of one descendant needs as well."""


@dataclass(frozen=True)
class Step:
    """A step: what it does, and its command."""

    text: str
    command: str


def next_steps(result: RunData, folder: Path, *, page: bool = True) -> list[Step]:
    """Return what to do next.

    Args:
        result: A run.
        folder: Its folder as commands are to name it.
        page: Whether to name the page.
    """
    steps = [*_more_seeds(result), *([_page(folder)] if page else [])]
    if result.rows:
        return steps + _inherit(result, folder)
    if result.searches:
        return steps + _evolve(result)
    products = [folder / name for name in (LEARNGENE, GENOME) if (result.path / name).exists()]
    return steps + [Step("Show what it saved", _line("neuroevo", "show", str(path))) for path in products]


def _more_seeds(result: RunData) -> list[Step]:
    rows = result.rows or result.searches
    words = _repeat(result)
    if not words or not rows or min(row.seed_count for row in rows) >= ENOUGH:
        return []
    others = [word for word in words if not word.startswith("--seeds=")]
    return [Step(f"Repeat it with {ENOUGH} seeds", _line(*others, f"--seeds={ENOUGH}"))]


def _page(folder: Path) -> Step:
    return Step(f"All tables and pictures are in {folder / REPORT}; make that page again", _report(folder))


def _inherit(result: RunData, folder: Path) -> list[Step]:
    """Return how to look at the learngene that a comparison is about, and how to train a network that inherits it."""
    name = _subject(result)
    found = None if name is None else best_learngene(result.path, result.records, name)
    if found is None:
        return []
    path = str(folder / LEARNGENES / found.name)
    shown = Step(f"Show the best learngene of {name}", _line("neuroevo", "show", path))
    words = _repeat(result)
    if not words:
        return [shown]
    data = [word for word in words if word.partition("=")[0] in OF_DATA]
    return [shown, Step("Train a network that inherits it", _line("neuroevo", "inherit", path, *data))]


def _subject(result: RunData) -> str | None:
    """Return what a comparison is about; of several budgets the one that ends highest."""
    evolving = evolved(result.records)
    if result.suite == "pays":
        evolving = {name for name in evolving if parts_of(name)[0] == EVOLVED} or evolving
    return subject_of(result.rows, evolving)


def _evolve(result: RunData) -> list[Step]:
    problem, best = next(iter(by_problem(result.searches).items()))
    text = f"Run the strategy that ranks first on {problem} alone"
    return [Step(text, _line("neuroevo", "evolve", best[0].strategy, "--problem", problem))]


def _repeat(result: RunData) -> list[str]:
    """Return the command that repeats a run; nothing for a run from Python."""
    words = result.facts.get("repeat")
    return [str(word) for word in words] if isinstance(words, list) else []


def _report(folder: Path) -> str:
    return _line("neuroevo", "report", str(folder))


def _line(*words: str) -> str:
    return shlex.join(words)
