"""What a run found, in sentences that claim no more than its numbers support: printed, and at the top of its page.

Fewer than 3 seeds support no conclusion and have no interval; fewer than 5 are weak evidence.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from neuroevo.benchmarks.analysis.agreement import agreeing
from neuroevo.benchmarks.analysis.budgets import unequal_budgets
from neuroevo.benchmarks.analysis.duels import EVOLVED, RIVAL, SPENT, Duel, parts_of
from neuroevo.benchmarks.analysis.matches import (
    Match,
    differences_to_each,
    evolved,
    strongest_match,
    subject_of,
    verdict,
)
from neuroevo.benchmarks.analysis.results import Part, RunData
from neuroevo.benchmarks.analysis.statistics import Estimate
from neuroevo.benchmarks.analysis.summary import BASELINE, Row, pairs_of
from neuroevo.benchmarks.report import evolution, findings_searches, tables
from neuroevo.benchmarks.report.columns import percent, points, points_interval
from neuroevo.benchmarks.report.held_out import describe_scores
from neuroevo.benchmarks.report.verdicts import (
    caution,
    describe_costs,
    describe_difference,
    describe_match,
    headline_of,
    no_conclusion,
    tally,
)


@dataclass(frozen=True)
class Conclusions:
    """What was found.

    Attributes:
        headline: The most important finding, without a full stop.
        caution: That there are too few seeds, or that budgets are unequal, in a sentence each; empty if all is well.
        sentences: The findings.
    """

    headline: str
    caution: str
    sentences: tuple[str, ...]

    @property
    def all(self) -> list[str]:
        """The caution, if there is one, and the findings."""
        return [*([self.caution] if self.caution else []), *self.sentences]


def conclude(result: RunData) -> Conclusions:
    """Return what a run found, of whatever kind it is."""
    if result.rows:
        return _of_comparison(result)
    if result.searches:
        seeds = min(row.seed_count for row in result.searches)
        sentences = findings_searches.summary(result.searches, result.search_curves)
        return Conclusions(findings_searches.headline(result.searches), caution(seeds), tuple(sentences))
    if result.generations:
        return Conclusions(evolution.headline(result.generations), "", tuple(evolution.summary(result.generations)))
    return Conclusions(result.title, "", tuple(_measured(result)))


def _of_comparison(result: RunData) -> Conclusions:
    if result.suite == "pays":
        headline, differences, sentences = _of_duels(result.duels, result.rows)
    else:
        headline, differences, sentences = _of_parts(result)
    seeds = min((one.count for one in differences), default=max(row.seed_count for row in result.rows))
    cautions = " ".join(filter(None, (caution(seeds), _unequal(result))))
    sentences += [_agreement(group) for group in agreeing(result.records)]
    return Conclusions(headline or result.title, cautions, (*sentences, *_chosen(result), *_failed(result.rows)))


def _chosen(result: RunData) -> list[str]:
    """Return what was chosen for contestants before they were compared."""
    words = [f"{name} {_in_words(one)}" for name, one in result.chosen.items()]
    if not words:
        return []
    return [f"Chosen for each in a rehearsal, which looks at no novel class: {', '.join(words)}."]


def _in_words(choice: Mapping[str, float | None]) -> str:
    rate, part = choice.get("rate"), choice.get("part", 1)
    parts = [*([] if rate is None else [f"a rate of {rate:g}"]), *([] if part == 1 else [f"{part:.0%} of its budget"])]
    return " and ".join(parts) or "all of its budget"


def _agreement(group: Sequence[str]) -> str:
    names = " and ".join(filter(None, (", ".join(group[:-1]), group[-1])))
    return f"The descendants of {names} learn alike, update by update: what distinguishes them had no effect here."


def _unequal(result: RunData) -> str:
    """Return that the contestants of a comparison in Python had unequal budgets, if they had."""
    planned = result.facts.get("planned_steps")
    if not isinstance(planned, Mapping) or not all(isinstance(steps, int) for steps in planned.values()):
        return ""
    return unequal_budgets(planned)


Found = tuple[str, list[Estimate], list[str]]
"""A headline, the differences that it and the sentences rest on, and the sentences."""


def _of_parts(result: RunData) -> Found:
    """Return the findings about the strategy that a comparison is about, in one condition or in several."""
    evolving = evolved(result.records)
    subject = subject_of(result.rows, evolving)
    if subject is None:
        return "", [], [_highest(result.rows), "Nothing is transferred, so there is nothing to compare."]
    parts = {part.name: part for part in result.parts if subject in part.finals}
    met = {name: strongest_match(_row(part, subject), part.rows, part.finals) for name, part in parts.items()}
    matches = {name: match for name, match in met.items() if match is not None}
    gains = {name: by for name, part in parts.items() if (by := _difference(part, subject, BASELINE)) is not None}
    about = _of_one if len(result.parts) == 1 else _of_several
    headline, sentences = about(subject, parts, matches, gains)
    if len(result.parts) == 1:
        sentences += [one for match in matches.values() for one in describe_scores(match, result.records)]
    if not matches:
        sentences.append(_unmatched(_row(result.parts[0], subject), result.rows))
    if result.suite == "ablation":
        variants = sorted(evolving - {subject})
        sentences += [one for part in parts.values() for one in _of_variants(part, subject, variants)]
    found = [match.pairs.difference for match in matches.values()] or [*gains.values()]
    return headline, found, sentences


def _of_one(
    subject: str, parts: Mapping[str, Part], matches: Mapping[str, Match], gains: Mapping[str, Estimate]
) -> tuple[str, list[str]]:
    """Return headline and sentences about a strategy in a single condition."""
    ((name, part),) = parts.items()
    row, match, gain = _row(part, subject), matches.get(name), gains.get(name)
    reached = f"{subject} {_reached(row)}."
    sentences = [reached, *([] if gain is None else [describe_difference(subject, BASELINE, gain)])]
    headline = "" if gain is None else headline_of(subject, BASELINE, gain, share=row.transferred_share)
    if match is not None:
        headline = headline_of(subject, match.rival.strategy, match.pairs.difference, share=row.transferred_share)
        sentences += [describe_match(match), *describe_costs(match)]
    return headline, sentences + _above_all(part, subject, match)


def _of_several(
    subject: str, parts: Mapping[str, Part], matches: Mapping[str, Match], gains: Mapping[str, Estimate]
) -> tuple[str, list[str]]:
    """Return headline and sentences about a strategy in several conditions."""
    del parts
    found = [verdict(match.pairs.difference) for match in matches.values()]
    headline = (
        f"{subject} beats the strongest rival that transfers at most as many parameters in {found.count('above')} of "
        f"{len(found)} conditions and loses in {found.count('below')}"
    )
    if "few" in found:
        headline = no_conclusion(min(match.pairs.difference.count for match in matches.values()))
    sentences = [tally(subject, BASELINE, gains)] if gains else []
    sentences += [f"{name}: {describe_match(match)}" for name, match in matches.items()]
    costs = [one for match in matches.values() for one in describe_costs(match)]
    return headline if found else "", [*sentences, *dict.fromkeys(costs)]


def _of_variants(part: Part, subject: str, variants: Sequence[str]) -> list[str]:
    """Return what a strategy is to each of its variants, with intervals that hold together."""
    found = differences_to_each(subject, variants, part.finals)
    groups = {
        words: [f"{name} {_between(by)}" for name, by in found.items() if verdict(by) in kinds]
        for words, kinds in (("above", ("above",)), ("below", ("below",)), ("open", ("open", "equal")))
    }
    if not any(groups.values()):
        return []
    return [
        f"{subject} minus each of {len(found)} variants in points, with intervals that hold together at 95 % "
        f"(Bonferroni). Above: {_list(groups['above'])}. Below: {_list(groups['below'])}. No difference shown: "
        f"{_list(groups['open'])}."
    ]


def _between(difference: Estimate) -> str:
    return f"{points(difference.mean)} ({points_interval(difference.low, difference.high)})"


def _of_duels(duels: Sequence[Duel], rows: Sequence[Row]) -> Found:
    """Return the findings about what evolved against the rival that spent as much, budget by budget."""
    if not duels:
        return "", [], [_highest(rows), f"No evolved contestant met {RIVAL} with a budget that is not smaller."]
    lines: dict[tuple[str, str], list[Duel]] = {}
    for duel in duels:
        lines.setdefault((parts_of(duel.first)[0], duel.equal), []).append(duel)
    leading = EVOLVED if any(name == EVOLVED for name, _ in lines) else next(iter(lines))[0]
    sentences = [_of_duel(duel) for (name, _), line in lines.items() if name == leading for duel in line]
    for (name, equal), line in lines.items():
        if name != leading:
            budgets = {f"{parts_of(duel.first)[1]:,}": duel.pairs.difference for duel in line}
            sentences.append(tally(name, f"{RIVAL} at equal {SPENT[equal]}", budgets, kind="budgets"))
    largest = max(next(iter(lines[key] for key in lines if key[0] == leading)), key=lambda one: parts_of(one.first)[1])
    by_name = {row.strategy: row for row in rows}
    costs = describe_costs(Match(by_name[largest.first], by_name[largest.second], largest.pairs, 1))
    headline = headline_of(largest.first, largest.second, largest.pairs.difference)
    return headline, [duel.pairs.difference for duel in duels], [*sentences, *costs]


def _of_duel(duel: Duel) -> str:
    found = describe_difference(duel.first, duel.second, duel.pairs.difference)
    return f"At equal {SPENT[duel.equal]}: {found}"


def _above_all(part: Part, subject: str, match: Match | None) -> list[str]:
    """Return a sentence about the highest mean of all, if it is neither the strategy's nor its rival's."""
    ranked = [row for row in part.rows if math.isfinite(row.accuracy_mean)]
    best = max(ranked, key=lambda row: row.accuracy_mean, default=None)
    if best is None or best.strategy in (subject, BASELINE, match.rival.strategy if match else ""):
        return []
    difference = _difference(part, subject, best.strategy)
    behind = "" if difference is None else f" {describe_difference(subject, best.strategy, difference)}"
    return [f"The highest mean is that of {best.strategy}, which {_reached(best)}.{behind}"]


def _unmatched(subject: Row, rows: Sequence[Row]) -> str:
    """Return that there is no rival to compare a strategy with, and what to add."""
    if math.isnan(subject.accuracy_mean):
        return f"{subject.strategy} can't be compared: the outputs of some of its descendants are not finite."
    missing = next((name for name in (RIVAL, EVOLVED) if name not in {row.strategy for row in rows}), "")
    add = f"; add {missing} to the comparison" if missing else ""
    return (
        f"No other contestant that is trained before transfer transfers at most as many parameters as "
        f"{subject.strategy} ({percent(subject.transferred_share)} %){add}."
    )


def _failed(rows: Sequence[Row]) -> list[str]:
    """Return a sentence about strategies without an accuracy, which are not compared."""
    names = dict.fromkeys(row.strategy for row in rows if math.isnan(row.accuracy_mean))
    if not names:
        return []
    return [f"Not compared: {_list([*names])}, because the outputs of some descendants are not finite."]


def _measured(result: RunData) -> list[str]:
    """Return what a measurement found, in the sentences that its run directory holds."""
    found = result.facts.get("findings")
    if isinstance(found, list) and found:
        return [str(sentence) for sentence in found]
    if tables.figures(result.records):
        return ["This run compares no strategies; its figures are below."]
    return ["This run holds no finished comparison of strategies."]


def _highest(rows: Sequence[Row]) -> str:
    ranked = [row for row in rows if math.isfinite(row.accuracy_mean)]
    if not ranked:
        return "No strategy has an accuracy: the outputs of some of its descendants are not finite."
    best = max(ranked, key=lambda row: row.accuracy_mean)
    return f"The highest mean is that of {best.strategy}, which {_reached(best)}."


def _reached(row: Row) -> str:
    transferred = "nothing" if not row.transferred_share else f"{percent(row.transferred_share)} % of the parameters"
    return f"reaches {percent(row.accuracy_mean)} % accuracy on novel classes and transfers {transferred}"


def _difference(part: Part, first: str, second: str) -> Estimate | None:
    pairs = None if first == second else pairs_of(part.finals.get(first, {}), part.finals.get(second, {}))
    return None if pairs is None else pairs.difference


def _row(part: Part, strategy: str) -> Row:
    return next(row for row in part.rows if row.strategy == strategy)


def _list(items: Sequence[str]) -> str:
    return ", ".join(items) or "none"
