"""What one difference shows, in a sentence that claims it only where its interval lies on one side of 0."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from neuroevo.benchmarks.analysis.matches import ENOUGH, Match, ratio, verdict
from neuroevo.benchmarks.analysis.statistics import FEWEST, Estimate
from neuroevo.benchmarks.report.columns import count, percent, points, points_interval


def caution(seeds: int) -> str:
    """Return in a sentence what a number of seeds does not support; nothing if there are enough."""
    if seeds < FEWEST:
        return (
            f"{_begin(seed_count(seeds))} {'supports' if seeds == 1 else 'support'} no conclusion: other seeds may "
            f"reverse any order in these numbers; run at least {ENOUGH}."
        )
    if seeds < ENOUGH:
        return f"{seeds} seeds are weak evidence: run at least {ENOUGH} before you rely on these numbers."
    return ""


def describe_difference(
    first: str, second: str, difference: Estimate, *, role: str = "", needed: float = math.nan
) -> str:
    """Return in a sentence whether one beats the other, with the difference and its interval.

    Args:
        first: The strategy.
        second: What it is compared with.
        difference: First minus second, in shares.
        role: What the second is, such as `the only rival`.
        needed: Seeds that would show such a difference, NaN if that is unknown.
    """
    inside = f", {role}," if role else ""
    match verdict(difference):
        case "unknown":
            return f"{first} and {second}{inside} can't be compared: some of their accuracies are not finite."
        case "equal":
            return f"{first} and {second}{inside} end exactly alike with each of {seed_count(difference.count)}."
        case "open":
            why = (
                f"; a difference of this size and spread needs about {count(needed)} seeds" if needed == needed else ""
            )
            return f"{first} and {second}{inside} can't be distinguished: {amount(difference)}{why}."
        case "few":
            return f"{first} minus {second}{inside.removesuffix(',')}: {amount(difference)}."
        case found:
            verb = "beats" if found == "above" else "loses to"
            return f"{first} {verb} {second}{inside.removesuffix(',')}: {amount(difference)}."


def headline_of(first: str, second: str, difference: Estimate, *, share: float = 1.0) -> str:
    """Return a difference as a headline.

    Args:
        first: The strategy.
        second: What it is compared with.
        difference: First minus second, in shares.
        share: What the first transfers, as a share of all parameters; said if that is a part of them.
    """
    size = points(abs(difference.mean)).lstrip("+")
    part = f", transferring {percent(share)} % of the parameters" if 0 < share < 1 else ""
    match verdict(difference):
        case "above":
            return f"{first} beats {second} by {size} points{part}"
        case "below":
            return f"{first} loses to {second} by {size} points{part}"
        case "few":
            return no_conclusion(difference.count)
        case "unknown":
            return f"{first} and {second} can't be compared"
    return f"{first} and {second} can't be distinguished"


def no_conclusion(seeds: int) -> str:
    """Return the headline of a comparison with too few seeds."""
    return f"{_begin(seed_count(seeds))}: no conclusion"


def amount(difference: Estimate) -> str:
    """Return a difference in points, with its interval where there are seeds enough for one."""
    if difference.count < FEWEST:
        over = "with one seed" if difference.count == 1 else f"over {seed_count(difference.count)}"
        return f"{points(difference.mean)} points {over}"
    interval = points_interval(difference.low, difference.high)
    return f"{points(difference.mean)} points (95 % CI {interval}, {seed_count(difference.count)})"


def describe_match(match: Match) -> str:
    """Return in a sentence how a strategy compares with its strongest rival."""
    alone = "the only rival that transfers at most as many parameters"
    among = f"the strongest of {match.rivals} rivals that transfer at most as many parameters"
    return describe_difference(
        match.subject.strategy,
        match.rival.strategy,
        match.pairs.difference,
        role=alone if match.rivals == 1 else among,
        needed=_needed(match.pairs.seeds_needed, match.pairs.difference.count),
    )


def describe_costs(match: Match) -> list[str]:
    """Return in a sentence how many times the rival's multiply-adds a strategy spent; nothing if they are not known.

    Seconds depend on the load of the machine, so that their ratio is no finding; tables have them.
    """
    spent = ratio(match.subject, match.rival, "multiply_adds")
    subject, rival = match.subject.strategy, match.rival.strategy
    if not math.isfinite(spent):
        return []
    if f"{spent:.1f}" == "1.0":
        return [f"{subject} spent as many multiply-adds before transfer as {rival}."]
    return [f"Compared with {rival}, {subject} spent {times(spent)} its multiply-adds before transfer."]


def tally(first: str, second: str, differences: Mapping[str, Estimate], *, kind: str = "conditions") -> str:
    """Return in a sentence in which of several conditions a strategy beats another one, and in which it loses.

    Args:
        first: The strategy.
        second: What it is compared with.
        differences: First minus second, by the name of the condition.
        kind: What the conditions are called.
    """
    verdicts = {name: verdict(by) for name, by in differences.items()}
    if {*verdicts.values()} == {"few"}:
        amounts = "; ".join(f"{name} {amount(by)}" for name, by in differences.items())
        return f"{first} minus {second}: {amounts}."
    parts = [
        f"{words} {_among([name for name, found in verdicts.items() if found in kinds])}"
        for words, kinds in (("beats it in", ("above",)), ("loses in", ("below",)))
    ]
    rest = [name for name, found in verdicts.items() if found not in ("above", "below")]
    open_ = f"; no difference is shown in {_among(rest)}" if rest else ""
    return f"Against {second}, in {len(verdicts)} {kind}: {first} {', '.join(parts)}{open_}."


def times(value: float) -> str:
    """Return a ratio in words, with two significant digits below 10."""
    return f"{value:#.2g} times" if value < 9.95 else f"{value:,.0f} times"


def seed_count(seeds: int) -> str:
    """Return a number of seeds in words."""
    return "one seed" if seeds == 1 else f"{seeds} seeds"


def _needed(seeds: int | None, had: int) -> float:
    # The estimate may fall below what was not enough.
    return math.nan if seeds is None else max(seeds, had + 1)


def _among(names: Sequence[str]) -> str:
    return f"{len(names)} ({', '.join(names)})" if names else "none"


def _begin(text: str) -> str:
    return text[:1].upper() + text[1:]
