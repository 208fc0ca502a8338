"""The tables of the race, made from its records alone: for a terminal, and for the page of the documentation."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neuroevo.benchmarks.analysis.standings import (
    CLOSE,
    Match,
    best_matches,
    best_of,
    cost_table,
    count_of,
    match,
    matches_of,
    ratios,
    share_within,
)
from neuroevo.benchmarks.analysis.statistics import Values
from neuroevo.benchmarks.race.entrant import HELD_OUT, ONE_BEST, OURS
from neuroevo.benchmarks.race.matched import MATCHED
from neuroevo.benchmarks.race.ours import RULE

Records = Sequence[Mapping[str, Any]]
FACTORS = (1 + CLOSE, 2.0, 10.0)
"""Factors at which profiles are tabulated."""
FAMILIES: Mapping[str, tuple[str, ...]] = {
    "genetic": ("pymoo-ga",),
    "differential": ("scipy-de", "pymoo-de"),
    "pso": ("pymoo-pso",),
    "cma-es": ("pycma", "cmaes", "pymoo-cma-es"),
    "separable-cma-es": ("cmaes-separable",),
    "snes": ("evotorch-snes",),
    "pgpe": ("evotorch-pgpe",),
    "nsga2": ("pymoo-nsga2",),
    "map-elites": ("ribs-map-elites",),
    "cma-me": ("ribs-cma-me",),
    "neat": ("neat-python",),
}
"""What other libraries have under the same name, by the names here."""
STANDING = ("ahead", "level", "behind", "not behind", "behind on")
"""Headings of what `_standing` returns."""


@dataclass(frozen=True)
class RaceTable:
    """A table and what it says.

    Attributes:
        title: What is in it.
        headings: Its headings; the first column names the rows.
        rows: Its cells.
        sentence: What it says in a sentence.
    """

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    sentence: str


def profiled(records: Records) -> RaceTable | None:
    """Return on which share of problems each search is within factors of the best; None without such problems."""
    single = [one for one in defaults_of(records) if one.get("challenge") in ONE_BEST]
    if not single:
        return None
    found = profiles(single)
    table = cost_table(single)
    order = sorted(found, key=lambda name: [-share_within(found[name], factor) for factor in FACTORS])
    rows = tuple(
        (name, *(f"{share_within(found[name], factor):.0%}" for factor in FACTORS), str(_part(table, name)))
        for name in order
    )
    return RaceTable(
        "Share of the problems with one objective on which a search is close to the best",
        ("search", f"within {CLOSE:.0%}", *(f"factor {factor:g}" for factor in FACTORS[1:]), "problems"),
        rows,
        f"Of {len(table)} problems, {order[0]} is within {CLOSE:.0%} of the best on most.",
    )


def profiles(records: Records) -> dict[str, Values]:
    """Return each search's median cost over the least one, on the problems with one objective."""
    single = [one for one in defaults_of(records) if one.get("challenge") in ONE_BEST]
    names = list(dict.fromkeys(one["strategy"] for one in single))
    return ratios(cost_table(single), names)


def defaults_of(records: Records) -> Records:
    """Return the records of searches with their own defaults."""
    return [one for one in records if one["strategy"] not in MATCHED]


def ours_in(records: Records) -> list[str]:
    """Return the names of the searches here with their defaults, without what the rule chooses among them."""
    own = [one["strategy"] for one in defaults_of(records) if one.get("library") == OURS]
    return list(dict.fromkeys(name for name in own if name != RULE))


def compared(records: Records) -> RaceTable | None:
    """Return for each problem the best search here against the best one elsewhere; None without others."""
    searches = [one for one in defaults_of(records) if one["strategy"] != RULE]
    matches = best_matches(cost_table(searches), ours_in(searches))
    title = "The best search here against the best one elsewhere"
    return _duels(records, matches, title, "The best search here is")


def recommended(records: Records, *, held_out: bool = False) -> RaceTable | None:
    """Return for each problem the search that the rule recommends against the best one elsewhere; None without.

    Args:
        records: What was recorded.
        held_out: Whether it is on problems that no rule was chosen by, or on the others.
    """
    own = [one for one in defaults_of(records) if (one.get("challenge") == HELD_OUT) == held_out]
    others = [name for name in dict.fromkeys(one["strategy"] for one in own) if name not in (RULE, *ours_in(own))]
    matches = [
        match(problem, rows, RULE, theirs)
        for problem, rows in cost_table(own).items()
        if RULE in rows and (theirs := best_of(rows, others)) is not None
    ]
    title = "The search that the rule recommends against the best one elsewhere"
    return _duels(own, matches, title, "The recommended search is", chosen=_chosen(own))


def _chosen(records: Records) -> dict[str, str]:
    """Return by problem what the rule chose, the most frequent first where it depends on the seed."""
    names: dict[str, list[str]] = {}
    for one in records:
        if one["strategy"] == RULE:
            names.setdefault(one["problem"], []).append(one["chosen"])
    return {problem: ", ".join(name for name, _ in Counter(own).most_common()) for problem, own in names.items()}


def _duels(
    records: Records, matches: Sequence[Match], title: str, subject: str, chosen: Mapping[str, str] | None = None
) -> RaceTable | None:
    if not matches:
        return None
    values = values_of(records)
    rows = tuple(
        (
            one.problem,
            (chosen or {}).get(one.problem, one.ours),
            quartiles(values[one.problem, one.ours]),
            one.theirs,
            quartiles(values[one.problem, one.theirs]),
            *_against(one),
        )
        for one in matches
    )
    headings = (
        "problem",
        "here",
        "median here",
        "elsewhere",
        "median elsewhere",
        "ratio of costs (95 % CI)",
        "here is",
    )
    return RaceTable(title, headings, rows, _counted(matches, subject))


def families(records: Records) -> RaceTable | None:
    """Return each search here against those of other libraries under the same name; None without any."""
    table, rows, every = cost_table(records), [], []
    for ours, specialists in FAMILIES.items():
        for theirs in specialists:
            if matches := matches_of(table, ours, theirs):
                every += matches
                rows.append((ours, theirs, *_standing(matches)))
    if not rows:
        return None
    return RaceTable(
        "Each search here against those under the same name elsewhere",
        ("here", "elsewhere", *STANDING),
        tuple(rows),
        _counted(every, "A search here is", "pairs of search and problem"),
    )


def matched(records: Records) -> RaceTable | None:
    """Return each search here with its specialist's settings against that specialist; None without any."""
    table, rows, every = cost_table(records), [], []
    for name, (ours, theirs) in MATCHED.items():
        if matches := matches_of(table, name, theirs):
            every += matches
            rows.append((ours, theirs, *_standing(matches)))
    if not rows:
        return None
    return RaceTable(
        "Each search here with the settings of those under the same name elsewhere",
        ("here", "with the settings of", *STANDING),
        tuple(rows),
        _counted(every, "With its specialist's settings a search here is", "pairs of search and problem"),
    )


def _standing(matches: Sequence[Match]) -> tuple[str, ...]:
    """Return how often a search was ahead, level and behind, its share of not behind, and where it was behind."""
    counts = [count_of(matches, "ahead"), count_of(matches, "level", "few"), count_of(matches, "behind")]
    lost = ", ".join(one.problem for one in matches if one.verdict == "behind")
    return (*map(str, counts), f"{1 - counts[2] / len(matches):.0%}", lost)


CANDIDATES: Mapping[str, str] = {
    "memetic": "memetic",
    "cma-es": "CMA-ES",
    "separable-cma-es": "separable",
    "pgpe": "PGPE",
    "openai-es": "OpenAI-ES",
    "genetic": "genetic",
    "island": "island",
    "shade": "SHADE",
    "differential": "differential",
}
"""The searches that the rule chooses among on problems with one objective, and the closest others, with short names."""


def medians(records: Records) -> RaceTable | None:
    """Return the medians of what the rule chooses among, the best of each problem in bold; None without any.

    Problems that the rule was not chosen by, and episodes, which are noisy, are left out.
    """
    kinds = ("functions", "networks")
    values = values_of([one for one in records if one.get("challenge") in kinds and one["strategy"] in CANDIDATES])
    weights = {one["problem"]: one["weight"] for one in records}
    rows = []
    for problem in dict.fromkeys(problem for problem, _ in values):
        own = {name: float(np.median(values[problem, name])) for name in CANDIDATES if (problem, name) in values}
        best = max(own, key=lambda name: weights[problem] * own[name])
        shown = {name: f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}" for name, value in own.items()}
        shown[best] = f"**{shown[best]}**"
        rows.append((problem, *(shown.get(name, "") for name in CANDIDATES)))
    if not rows:
        return None
    return RaceTable("Medians of what the rule chooses among", ("problem", *CANDIDATES.values()), tuple(rows), "")


def everything(records: Records, problem: str) -> RaceTable:
    """Return what all searches reached on a problem, best median first."""
    own = [one for one in records if one["problem"] == problem]
    library, values = {one["strategy"]: one["library"] for one in own}, values_of(own)
    worst = next(math.copysign(math.inf, -one["weight"]) for one in own)
    medians = {name: float(np.median(np.nan_to_num(values[problem, name], nan=worst))) for name in library}
    order = sorted(medians, key=lambda name: medians[name], reverse=worst < 0)
    rows = tuple((name, library[name], quartiles(values[problem, name])) for name in order)
    return RaceTable(problem, ("search", "library", "median (quartiles)"), rows, f"{order[0]} has the best median.")


def values_of(records: Records) -> dict[tuple[str, str], Values]:
    """Return the values over seeds by problem and search."""
    found: dict[tuple[str, str], list[float]] = {}
    for one in records:
        value = one["best"][-1]
        found.setdefault((one["problem"], one["strategy"]), []).append(math.nan if value is None else value)
    return {key: np.array(values) for key, values in found.items()}


def quartiles(values: Values) -> str:
    """Return median and quartiles in three digits; of a single seed its value."""
    if not np.isfinite(values).all():
        return "failed"
    if len(values) == 1:
        return f"{values[0]:.3g}"
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
    return f"{middle:.3g} ({low:.3g} to {high:.3g})"


def _against(one: Match) -> tuple[str, str]:
    if one.verdict == "few":
        return f"{one.ratio:.3g}", "unknown"
    return f"{one.ratio:.3g} ({one.low:.3g} to {one.high:.3g})", one.verdict


def _part(table: Mapping[str, Mapping[str, Values]], name: str) -> int:
    return sum(name in rows for rows in table.values())


def _counted(matches: Sequence[Match], subject: str, unit: str = "problems") -> str:
    if all(one.verdict == "few" for one in matches):
        return f"{len(matches)} {unit} have too few seeds for an interval: six are needed."
    behind = count_of(matches, "behind")
    return (
        f"{subject} ahead on {count_of(matches, 'ahead')} of {len(matches)} {unit}, level on "
        f"{count_of(matches, 'level', 'few')} and behind on {behind}: not behind on {1 - behind / len(matches):.0%}."
    )
