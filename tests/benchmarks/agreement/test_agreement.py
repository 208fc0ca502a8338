"""Which scores rank circuits as their descendants do: the scores, the table, and the study itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from neuroevo.backbones import ConvNet4
from neuroevo.benchmarks.agreement.candidates import (
    CANDIDATES,
    Examination,
    gradient_signs,
    nearest_mean,
    ridge_head,
    tangent_kernel,
    trained,
    untrained,
)
from neuroevo.benchmarks.agreement.cuts import cut
from neuroevo.benchmarks.agreement.study import Study, halves, run
from neuroevo.benchmarks.agreement.table import agreement, tau, to_markdown
from neuroevo.execution import Recipe
from neuroevo.learngene import Learngene
from neuroevo.seeds import stream

BACKBONE = ConvNet4(widths=(4, 4, 6, 6))
FEW = {"nearest mean": untrained(nearest_mean, tasks=1), "1 critic": trained(updates=1, critics=1)}


@pytest.fixture(scope="module")
def study(toys: ModuleType) -> Study:
    """Return a study of three circuits of two networks, with two scores."""
    return Study(
        dataset=toys.dataset(size=16),
        backbone=BACKBONE,
        networks=2,
        circuits=3,
        pretraining=Recipe(updates=2),
        updates=(1,),
        descendants=2,
        shots=2,
        test_per_class=2,
        candidates=FEW,
    )


@pytest.fixture(scope="module")
def genes() -> Learngene:
    """Return a circuit of a network that was never trained."""
    weights = BACKBONE.build(1, generator=stream(0, "network")).state_dict()
    return cut(BACKBONE, weights, seed=0, number=5, share=0.5).learngene


def test_scores_and_descendants_see_other_classes(study: Study) -> None:
    """None of the halves holds a class of the other, nor of another role; together they are all held-out ones."""
    first, second = halves(study.dataset.held_out)
    assert not {*first.classes} & {*second.classes}
    assert {*first.classes, *second.classes} == {*study.dataset.held_out.classes}
    assert len(first.labels) + len(second.labels) == len(study.dataset.held_out.labels)
    for half in (first, second):
        name = {label: half.classes[label] for label in half.labels.tolist()}
        some = half.images[0]
        where = int((study.dataset.held_out.images == some).flatten(1).all(1).nonzero()[0])
        assert study.dataset.held_out.classes[int(study.dataset.held_out.labels[where])] == name[int(half.labels[0])]


def test_circuits_differ_in_structure_and_selection() -> None:
    """Of the same number they are the same; none exceeds the share."""
    weights = BACKBONE.build(1, generator=stream(0, "network")).state_dict()
    found = [cut(BACKBONE, weights, seed=0, number=number, share=0.4) for number in range(8)]
    assert [(one.structure, one.selection) for one in found[:5]] == [
        ("equal-ratios", "strongest"),
        ("equal-ratios", "random"),
        ("equal-widths", "strongest"),
        ("equal-widths", "random"),
        ("drawn", "strongest"),
    ]
    assert all(one.learngene.parameters <= 0.4 * BACKBONE.layout.parameters() for one in found)
    again = cut(BACKBONE, weights, seed=0, number=7, share=0.4)
    assert all(again.learngene.indices[name].equal(rows) for name, rows in found[7].learngene.indices.items())


def test_what_untrained_heirs_are_measured_by(study: Study, genes: Learngene) -> None:
    """Accuracies lie in [0, 1], signs of gradients agree in part, and measuring changes no network."""
    heir = study.scored(0).heir(genes, 0)
    before = {name: one.clone() for name, one in heir.network.state_dict().items()}
    for measure in (nearest_mean, ridge_head, tangent_kernel):
        assert 0 <= measure(heir) <= 1
    weights = sum(one.numel() for one in heir.network.parameters())
    assert 0 < gradient_signs(heir) <= weights * len(heir.train)
    assert all(one.equal(before[name]) for name, one in heir.network.state_dict().items())


@pytest.mark.slow
@pytest.mark.parametrize("name", CANDIDATES)
def test_a_score_is_of_its_tasks_alone(name: str, study: Study, genes: Learngene) -> None:
    """It is the same twice, another first task gives another one, and it says what it costs."""
    given: Examination = replace(study.scored(0), shots=3, test_per_class=3)
    one = CANDIDATES[name]
    first = one.score(given, genes, 0)
    assert first == one.score(given, genes, 0)
    assert np.isfinite(first)
    assert one.cost(given) > 0


def test_a_study_that_was_stopped_resumes(study: Study, tmp_path: Path) -> None:
    """What is measured does not depend on it, and the table has a row for each score."""
    whole = run(study, tmp_path / "whole.jsonl")
    run(replace(study, circuits=2), tmp_path / "parts.jsonl")
    parts = run(study, tmp_path / "parts.jsonl")

    def key(one: dict[str, Any]) -> tuple[int, int]:
        return one["network"], one["circuit"]

    assert sorted(map(key, parts)) == sorted(map(key, whole)) == [(n, c) for n in range(2) for c in range(3)]
    for one, other in zip(sorted(parts, key=key), sorted(whole, key=key), strict=True):
        assert (one["scores"], one["reached"]) == (other["scores"], other["reached"])
    table = to_markdown(whole, study.costs(), updates=1)
    assert all(f"| {name} | " in table for name in [*FEW, "descendants, one half against the other"])


def test_agreement_is_kendalls() -> None:
    """A score that ranks as descendants do agrees fully, its opposite not at all, and a constant one says nothing."""
    reached = np.linspace(0.2, 0.8, 20)
    same, opposite = agreement([(reached**2, reached)] * 2), agreement([(-reached, reached)] * 2)
    assert [same.tau, same.low, same.high, same.good] == pytest.approx([1.0] * 4)
    assert same.gain == pytest.approx(30)
    assert [opposite.tau, opposite.good] == pytest.approx([-1.0] * 2)
    assert opposite.gain == pytest.approx(-30)
    assert tau(np.ones(20), reached) == 0
