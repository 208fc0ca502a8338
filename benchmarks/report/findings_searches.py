"""What searches say, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from neuroevo.benchmarks.analysis.searches import SearchRow, by_problem, overall
from neuroevo.benchmarks.report.findings import describe_ranks
from neuroevo.benchmarks.report.searches import value_in_text


def summary(rows: Sequence[SearchRow]) -> list[str]:
    """Return which strategy was best on each problem, and the ranks over all of them."""
    found = [
        f"On {problem}, {best[0].strategy} ranks best of {len(best)} strategies ({best[0].rank:.2f} over "
        f"{_seeds(best[0])}): {value_in_text(best[0].best_median)} in the median after "
        f"{best[0].evaluations:,} evaluations."
        for problem, best in by_problem(rows).items()
    ]
    ranks = overall(rows)
    return found if ranks is None else [*found, describe_ranks(ranks).replace("data sets", "problems")]


def describe_curves(rows: Sequence[SearchRow]) -> str:
    """Return what the curves show."""
    medians = [
        f"{problem}: " + ", ".join(f"{row.strategy} {value_in_text(row.best_median)}" for row in found)
        for problem, found in by_problem(rows).items()
    ]
    return f"Best value so far against evaluations. Medians at the end, best rank first. {'; '.join(medians)}."


def _seeds(row: SearchRow) -> str:
    return "one seed" if row.seed_count == 1 else f"{row.seed_count} seeds"
