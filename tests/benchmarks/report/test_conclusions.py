"""Conclusions: no sentence claims more than the numbers support, whatever was compared."""

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from neuroevo.benchmarks.analysis.matches import (
    ENOUGH,
    FEWEST,
    evolved,
    rivals_of,
    strongest_match,
    subject_of,
    verdict,
)
from neuroevo.benchmarks.analysis.results import RunData
from neuroevo.benchmarks.analysis.statistics import Estimate, estimate
from neuroevo.benchmarks.report.columns import points, points_interval
from neuroevo.benchmarks.report.conclusions import Conclusions, conclude
from neuroevo.benchmarks.report.verdicts import caution, describe_difference, headline_of, tally

NAMES = ("scratch", "gtl", "narrow-pretraining", "finetune", "mine")
Ends = Mapping[str, Sequence[float | None]]


def run_of(
    ends: Ends,
    *,
    shares: Mapping[str, float] | None = None,
    steps: Mapping[str, int] | None = None,
    suite: str = "transfer",
    evolving: Sequence[str] = ("gtl",),
    shots: Sequence[int] = (10,),
) -> RunData:
    """Return a run in memory whose descendants end as given, by strategy and seed; one that has fewer is unfinished."""
    conditions = [{"dataset": "d", "backbone": "b", "shots": one, "updates": 1} for one in shots]
    records: list[dict[str, Any]] = []
    for name, values in ends.items():
        for seed, end in enumerate(values):
            names = {"strategy": name, "seed": seed}
            share = {"scratch": 0.0, "finetune": 1.0, **(shares or {})}.get(name, 0.2)
            spent = {"scratch": 0, **(steps or {})}.get(name, 100)
            costs = {"gradient_steps": spent, "multiply_adds": 10 * spent, "critical_path": spent, "evaluations": 1}
            size = {"transferred_share": share, "transferred_bytes": 1, "core_seconds": 1.0 + spent}
            if name in evolving:
                records.append({"kind": "generation", **names, "generation": 0, "individuals": [{}, {}]})
            records.append({"kind": "ancestor", **names, **costs, **size})
            records += [
                {
                    "kind": "descendant",
                    **names,
                    "condition": one,
                    "descendant": 0,
                    "updates": [0, 1],
                    "accuracy": [0.1, end],
                }
                for one in conditions
            ]
    comparison = {"conditions": conditions, "seeds": [*range(max(map(len, ends.values())))]}
    comparison |= {"protocols": [{"ways": 5}], "contestants": [], "descendants": 1}
    return RunData(Path("run"), {"suite": suite, "comparison": comparison}, {}, tuple(records), ())


def text_of(found: Conclusions) -> str:
    """Return everything that is said."""
    return "\n".join([found.headline, *found.all])


def claims(text: str) -> list[str]:
    """Return the sentences that say that one strategy is better than another one."""
    return [line for line in text.splitlines() if re.search(r"\b(beats|loses)\b", line)]


accuracies = st.sampled_from([0.0, 0.25, 0.3, 0.31, 0.5, 0.9, 1.0])


@st.composite
def comparisons(draw: st.DrawFn) -> tuple[dict[str, list[float]], dict[str, float], dict[str, int]]:
    """Draw ends, shares and steps of some strategies."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    seeds = draw(st.integers(1, 7))
    ends = {name: draw(st.lists(accuracies, min_size=seeds, max_size=seeds)) for name in names}
    shares = {name: draw(st.sampled_from([0.05, 0.2, 0.5, 1.0])) for name in names if name != "scratch"}
    steps = {name: draw(st.sampled_from([0, 10, 100])) for name in names}
    return ends, shares, steps


@given(comparisons())
def test_a_rival_never_transfers_more(case: tuple[dict[str, list[float]], dict[str, float], dict[str, int]]) -> None:
    """It is trained before transfer, transfers at most as much, and no other such strategy is closer or ahead."""
    ends, shares, steps = case
    run = run_of(ends, shares=shares, steps=steps)
    name = subject_of(run.rows, evolved(run.records))
    if name is None:
        assert all(share == 0 for share in ({"scratch": 0.0} | shares).values())
        return
    subject = next(row for row in run.rows if row.strategy == name)
    allowed = {
        other for other in ends if other != name and steps[other] and shares.get(other, 0.0) <= shares.get(name, 0.0)
    }
    assert {row.strategy for row in rivals_of(subject, run.rows)} == allowed
    match = strongest_match(subject, run.rows, run.parts[0].finals)
    assert (match is None) == (not allowed)
    if match is not None:
        assert match.rival.strategy in allowed
        assert match.rivals == len(allowed)
        assert fmean(ends[match.rival.strategy]) == pytest.approx(max(fmean(ends[other]) for other in allowed))


@given(comparisons())
def test_a_claim_is_what_the_interval_says(
    case: tuple[dict[str, list[float]], dict[str, float], dict[str, int]],
) -> None:
    """Every claim names a difference whose sign it has and whose interval, by scipy, lies on one side of 0."""
    ends, shares, steps = case
    seeds = len(next(iter(ends.values())))
    found = conclude(run_of(ends, shares=shares, steps=steps))
    assert bool(claims(text_of(found))) <= (seeds >= FEWEST)
    assert ("95 % CI" in text_of(found)) <= (seeds >= FEWEST)
    for claim in claims("\n".join(found.sentences)):
        first, verb, second = re.search(r"([\w-]+) (beats|loses to) ([\w-]+)", claim).groups()  # type: ignore[union-attr]
        differences = [one - other for one, other in zip(ends[first], ends[second], strict=True)]
        mean = fmean(differences)
        assert (mean > 0) == (verb == "beats")
        if len(set(differences)) > 1:
            low, high = stats.ttest_1samp(differences, 0.0).confidence_interval(0.95)
            assert low > 0 or high < 0
            assert f"{points(mean)} points (95 % CI {points_interval(low, high)}, {seeds} seeds)" in claim


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=30))
def test_a_difference_turns_round_with_its_sides(values: list[float]) -> None:
    """Exchanged, a gain is a loss; what is not claimed one way is not claimed the other way."""
    forth, back = estimate(values), estimate([-value for value in values])
    turned = {"above": "below", "below": "above"}
    # The bootstrap of many values is not quite symmetric.
    if len(values) < 20:
        assert verdict(back) == turned.get(verdict(forth), verdict(forth))
    for by in (forth, back):
        text = describe_difference("a", "b", by)
        assert ("beats" in text) == (verdict(by) == "above") == ("beats" in headline_of("a", "b", by))
        assert ("loses to" in text) == (verdict(by) == "below") == ("loses to" in headline_of("a", "b", by))
        assert ("can't be distinguished" in text) == (verdict(by) == "open")


@pytest.mark.parametrize("seeds", range(1, 8))
def test_few_seeds_are_one_sentence(seeds: int) -> None:
    """Below 3 there is no conclusion, below 5 weak evidence, from 5 on nothing."""
    found = conclude(run_of({"scratch": [0.1] * seeds, "gtl": [0.5 + 0.01 * one for one in range(seeds)]}))
    assert found.caution == caution(seeds)
    assert ("no conclusion" in found.caution) == (seeds < FEWEST) == ("no conclusion" in found.headline)
    assert ("weak evidence" in found.caution) == (FEWEST <= seeds < ENOUGH)
    assert found.caution.count(".") == (seeds < ENOUGH)


ENDS = {
    "scratch": (0.2, 0.22, 0.21, 0.2, 0.19),
    "gtl": (0.5, 0.52, 0.53, 0.51, 0.5),
    "narrow-pretraining": (0.6, 0.63, 0.62, 0.6, 0.61),
    "finetune": (0.9, 0.9, 0.91, 0.92, 0.9),
}


def test_a_loss_is_said_plainly() -> None:
    """Headline, gain, rival, costs and the best of all, a sentence each."""
    found = conclude(run_of(ENDS, steps={"gtl": 240}))
    assert found.headline == "gtl loses to narrow-pretraining by 10.0 points, transferring 20.0 % of the parameters"
    assert found.all == [
        "gtl reaches 51.2 % accuracy on novel classes and transfers 20.0 % of the parameters.",
        "gtl beats scratch: +30.8 points (95 % CI +29.8 to +31.8, 5 seeds).",
        "gtl loses to narrow-pretraining, the only rival that transfers at most as many parameters: −10.0 points "
        "(95 % CI −11.2 to −8.8, 5 seeds).",
        "Compared with narrow-pretraining, gtl spent 2.4 times its multiply-adds before transfer.",
        "The highest mean is that of finetune, which reaches 90.6 % accuracy on novel classes and transfers 100.0 % of "
        "the parameters. gtl loses to finetune: −39.4 points (95 % CI −41.1 to −37.7, 5 seeds).",
    ]


def test_a_tie_claims_nothing() -> None:
    """Strategies that end alike with each seed are said to."""
    found = conclude(run_of({"gtl": ENDS["gtl"], "narrow-pretraining": ENDS["gtl"]}))
    assert "end exactly alike with each of 5 seeds." in found.sentences[1]
    assert found.sentences[2] == "gtl spent as many multiply-adds before transfer as narrow-pretraining."
    assert found.sentences[-1].startswith(
        "The descendants of gtl and narrow-pretraining learn alike, update by update:"
    )
    assert not claims(text_of(found))


def test_what_is_not_shown_says_how_many_seeds_would_show_it() -> None:
    """An interval that covers 0 comes with the number of seeds that such a difference needs."""
    found = conclude(run_of({"gtl": (0.5, 0.6, 0.4), "narrow-pretraining": (0.45, 0.5, 0.44)}))
    assert found.headline == "gtl and narrow-pretraining can't be distinguished"
    (sentence,) = [one for one in found.sentences if "can't be distinguished" in one]
    assert re.search(r"needs about \d+ seeds\.$", sentence)


def test_one_contestant_meets_no_rival() -> None:
    """It is said what to add."""
    found = conclude(run_of({"gtl": ENDS["gtl"]}))
    assert found.sentences[-1].endswith("as many parameters as gtl (20.0 %); add narrow-pretraining to the comparison.")
    assert conclude(run_of({"scratch": ENDS["scratch"]})).sentences == (
        "The highest mean is that of scratch, which reaches 20.4 % accuracy on novel classes and transfers nothing.",
        "Nothing is transferred, so there is nothing to compare.",
    )


def test_contestants_of_ones_own_are_compared() -> None:
    """Without gtl the best of those that evolve is what the comparison is about, whatever it is called."""
    ends = {"scratch": ENDS["scratch"], "bold": ENDS["gtl"], "meek": ENDS["scratch"]}
    found = conclude(run_of(ends, evolving=("bold", "meek")))
    assert found.headline.startswith("bold beats meek by")


def test_outputs_that_are_not_finite_are_named() -> None:
    """They cost no more than their own strategy, also where the comparison is about it."""
    ends: dict[str, Sequence[float | None]] = {**ENDS, "narrow-pretraining": (0.6, None, 0.6, 0.6, 0.6)}
    found = conclude(run_of({**ends, "mine": ENDS["scratch"]}))
    assert found.headline.startswith("gtl beats mine")
    assert found.sentences[-1].startswith("Not compared: narrow-pretraining, because")
    lost = conclude(run_of({**ENDS, "gtl": (0.6, None, 0.6, 0.6, 0.6)}))
    assert "gtl and scratch can't be compared: some of their accuracies are not finite." in lost.sentences
    assert not claims("\n".join(one for one in lost.sentences if one.startswith("gtl")))


def test_seeds_that_only_one_has_do_not_count() -> None:
    """Of cells that are not finished the common seeds decide, and how many there are is said."""
    found = conclude(run_of({"gtl": ENDS["gtl"], "narrow-pretraining": ENDS["narrow-pretraining"][:2]}))
    assert found.caution == caution(2)
    assert not claims(text_of(found))


def test_conditions_have_a_sentence_each() -> None:
    """They are counted against scratch, and each meets its own rival; costs are said once."""
    found = conclude(run_of(ENDS, shots=(1, 5)))
    assert found.headline == (
        "gtl beats the strongest rival that transfers at most as many parameters in 0 of 2 conditions and loses in 2"
    )
    assert found.sentences[0] == (
        "Against scratch, in 2 conditions: gtl beats it in 2 (1 image per class, 5 images per class), loses in none."
    )
    assert [one.partition(":")[0] for one in found.sentences[1:3]] == ["1 image per class", "5 images per class"]
    assert sum("multiply-adds" in one for one in found.sentences) == 1


def test_conditions_of_few_seeds_are_listed() -> None:
    """Where nothing can be shown, the differences are given and not counted."""
    found = conclude(run_of({name: ends[:1] for name, ends in ENDS.items()}, shots=(1, 5)))
    assert found.sentences[0] == (
        "gtl minus scratch: 1 image per class +30.0 points with one seed; 5 images per class +30.0 points with one "
        "seed."
    )
    assert found.headline == "One seed: no conclusion"


def test_variants_of_an_ablation_are_listed() -> None:
    """Each has its difference, with intervals that hold together."""
    ends = {**ENDS, "gtl-no-tree": ENDS["scratch"], "gtl-no-memory": ENDS["gtl"]}
    found = conclude(run_of(ends, suite="ablation", evolving=("gtl", "gtl-no-tree", "gtl-no-memory")))
    *_, text, _, agreement = found.sentences
    assert agreement.startswith("The descendants of gtl and gtl-no-memory learn alike")
    assert text.startswith("gtl minus each of 2 variants in points, with intervals that hold together")
    assert re.search(
        r"Above: gtl-no-tree \+30\.8 \(\+29\.\d to \+32\.\d\)\. Below: none\. No difference shown: gtl-no-memory", text
    )


def test_budgets_meet_their_like() -> None:
    """In the suite `pays` the rival has spent as much, and other evolved strategies are counted."""
    ends = {
        **{f"gtl-{one}": ENDS["gtl"] for one in (60, 200)},
        **{f"narrow-pretraining-{one}": ENDS["narrow-pretraining"] for one in (60, 200)},
        **{f"gtl-paper-{one}": ENDS["scratch"] for one in (60, 200)},
    }
    steps = {name: int(name.rpartition("-")[2]) for name in ends}
    found = conclude(run_of(ends, steps=steps, suite="pays"))
    assert found.headline == "gtl-200 loses to narrow-pretraining-200 by 10.0 points"
    assert [one.partition(":")[0] for one in found.sentences[:4]] == [
        *["At equal gradient steps"] * 2,
        *["At equal critical path in updates"] * 2,
    ]
    assert found.sentences[4] == (
        "Against narrow-pretraining at equal gradient steps, in 2 budgets: gtl-paper beats it in none, loses in 2 (60, "
        "200)."
    )
    assert conclude(run_of({"gtl-60": ENDS["gtl"]}, suite="pays")).sentences[-1].startswith("No evolved contestant met")


def test_a_tally_counts_every_condition_once() -> None:
    """What is unknown or rests on too few seeds is not shown."""
    by = {"a": Estimate(0.1, 0.05, 0.2, 5), "b": Estimate(-0.1, -0.2, -0.05, 5), "c": Estimate(0.1, -0.1, 0.2, 5)}
    by |= {"d": Estimate(0.1, 0.05, 0.2, 2), "e": Estimate(math.nan, math.nan, math.nan, 5)}
    assert tally("x", "y", by) == (
        "Against y, in 5 conditions: x beats it in 1 (a), loses in 1 (b); no difference is shown in 3 (c, d, e)."
    )
