"""Descendants in several conditions: ancestors live once, and each condition gives what it gives alone."""

import csv
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from neuroevo.benchmarks.analysis.checks import finished_cells, whole_records
from neuroevo.benchmarks.analysis.conditions import by_condition, describe, phrases, varying
from neuroevo.benchmarks.analysis.summary import Row, cells, in_condition, summarise, to_csv
from neuroevo.benchmarks.report.columns import MAIN
from neuroevo.benchmarks.report.conditions import ordered, spending, with_condition
from neuroevo.benchmarks.report.plots.conditions import draw_conditions
from neuroevo.benchmarks.suites import adaptation, instinct, scaling
from neuroevo.benchmarks.suites.cells import Cell, run
from neuroevo.benchmarks.suites.condition import Condition
from neuroevo.benchmarks.suites.contestant import Contestant
from neuroevo.benchmarks.suites.listener import Listener
from neuroevo.benchmarks.suites.protocol import Transfer
from neuroevo.benchmarks.suites.scaling import kind_of
from neuroevo.benchmarks.suites.suite import Setup
from neuroevo.execution import Recipe
from neuroevo.strategies import GTL, Scratch, UntrainedCircuit

NAMES = ("scratch", "untrained-circuit", "gtl")


FACTORS = st.fixed_dictionaries(
    {"dataset": st.sampled_from("ab"), "shots": st.sampled_from([1, 5]), "updates": st.sampled_from([0, 9, 60])}
)


@given(st.lists(FACTORS, min_size=1, unique_by=lambda one: tuple(sorted(one.items()))))
def test_no_two_conditions_have_one_phrase(conditions: list[dict[str, Any]]) -> None:
    """Each says all factors that vary, or only the one in which it differs from the first."""
    found = phrases(conditions)
    names = varying(conditions)
    assert len({*found}) == len(conditions)
    assert found[0] == describe(conditions[0], names)
    changed = [[name for name in one if one[name] != conditions[0][name]] for one in conditions]
    star = len(names) > 1 and all(len(one) == 1 for one in changed[1:])
    assert found[1:] == [
        describe(one, other if star else names) for one, other in zip(conditions[1:], changed[1:], strict=True)
    ]


@pytest.fixture(scope="module")
def contestants(toys: ModuleType) -> list[Contestant]:
    """Return three strategies at tiny settings."""

    def maker(kind: Any, **settings: Any) -> Any:
        return lambda seed: kind(toys.dataset(), toys.MLP_BACKBONE, seed=seed, **settings)

    evolving = maker(GTL, population=2, share=0.4, life=Recipe(updates=2, batch=16))
    makes = [maker(Scratch), maker(UntrainedCircuit, share=0.4), evolving]
    return [Contestant(name, make, 2 if name == "gtl" else 1) for name, make in zip(NAMES, makes, strict=True)]


@pytest.fixture(scope="module")
def protocol(toys: ModuleType) -> Transfer:
    """Return how tiny descendants live."""
    recipe = Recipe(updates=4, batch=16)
    data = toys.dataset()
    return Transfer(dataset=data, backbone=toys.MLP_BACKBONE, descendant=recipe, ways=4, shots=5, descendants=2)


def setup_of(protocol: Transfer, toys: ModuleType) -> Setup:
    """Return what suites make conditions of."""

    def backbone(name: str, width: float = 1.0, /, *, dataset: object = None) -> Any:
        widths = tuple(round(width * each) for each in toys.MLP_BACKBONE.widths)
        return replace(toys.MLP_BACKBONE, widths=widths)

    return Setup(protocol=protocol, backbone=backbone, dataset=lambda name, root=None: toys.dataset(seed=1), ways=3)


@pytest.fixture(scope="module")
def every(protocol: Transfer, toys: ModuleType) -> list[Condition]:
    """Return conditions of every kind: images, updates, widths, data, and a factor of its own."""
    setup = setup_of(protocol, toys)
    there = adaptation.conditions(setup, target_dataset="others")[1]
    protocols = [protocol, replace(protocol, shots=1), there]
    more = [*instinct.conditions(setup)[:2], *scaling.conditions(setup, heirs=("mlp:2",))]
    return [*map(Condition, protocols), *more, Condition(protocol, {"again": True})]


@pytest.fixture(scope="module")
def found(contestants: list[Contestant], every: list[Condition]) -> list[Cell]:
    """Return what a run of everything gave."""
    return list(run(contestants, every, seeds=(1, 2)))


def descendants(cells: Sequence[Cell]) -> list[dict[str, Any]]:
    """Return the records of descendants."""
    return [record for cell in cells for record in cell.records if record["kind"] == "descendant"]


def timeless(cells: Sequence[Cell]) -> list[dict[str, Any]]:
    """Return all records without times, but those of descendants."""
    others = [record for cell in cells for record in cell.records if record["kind"] != "descendant"]
    return [{key: value for key, value in one.items() if "seconds" not in key} for one in others]


def test_a_condition_gives_what_it_gives_alone(
    found: list[Cell], contestants: list[Contestant], every: list[Condition]
) -> None:
    """Ancestors and descendants are those of a run in this condition only, bit for bit."""
    groups = by_condition(descendants(found))
    assert [group.condition for group in groups] == [condition.values for condition in every]
    for condition, group in zip(every, groups, strict=True):
        alone = list(run(contestants, condition, seeds=(1, 2)))
        assert descendants(alone) == group.records
        assert timeless(alone) == timeless(found)


def test_ancestors_are_trained_once(contestants: list[Contestant], every: list[Condition]) -> None:
    """However many conditions there are, a contestant is made once for each seed."""
    made: list[int] = []

    def make(seed: int) -> Any:
        made.append(seed)
        return contestants[0].make(seed)

    heard: list[Condition] = []

    class Heard(Listener):
        def on_descendants(self, condition: Condition) -> None:
            heard.append(condition)

    list(run([Contestant("one", make)], every, seeds=(1, 2), listener=Heard()))
    assert made == [1, 2]
    assert [one.values for one in heard] == [one.values for one in every] * 2


def test_heirs_record_what_share_of_theirs_is_inherited(found: list[Cell], every: list[Condition]) -> None:
    """An heir of twice the width inherits the same parameters, which are a smaller share of its own."""
    whole = {one.values["backbone"]: one.protocol.backbone.layout.parameters() for one in every}
    shares = {(row.strategy, row.condition["backbone"]): row.transferred_share for row in rows_of(found)}
    for name in NAMES:
        assert shares[name, "mlp:2"] * whole["mlp:2"] == pytest.approx(shares[name, "mlp"] * whole["mlp"])
    assert shares["gtl", "mlp"] > shares["gtl", "mlp:2"] > 0 == shares["scratch", "mlp:2"]


def rows_of(found: Sequence[Cell]) -> list[Row]:
    """Return the summary of cells."""
    return summarise([record for cell in found for record in cell.records])


def test_strategies_are_compared_within_a_condition(found: list[Cell], every: list[Condition]) -> None:
    """A row is that of the summary of its condition alone, but for what counts all tests."""
    records = [record for cell in found for record in cell.records]
    rows = rows_of(found)
    assert len(rows) == len(NAMES) * len(every)
    for condition, ours in by_condition(records):
        others = [record for record in records if record["kind"] != "descendant"]
        alone = summarise([*others, *ours])
        both = [cells([row])[0] for row in in_condition(rows, condition)], [cells([row])[0] for row in alone]
        for ours_, theirs in zip(*both, strict=True):
            for key in ours_.keys() - {"p_holm", "p_wilcoxon_holm", "seeds_needed"}:
                assert ours_[key] == pytest.approx(theirs[key], nan_ok=True), key
            assert math.isnan(ours_["p_holm"]) or ours_["p_holm"] >= theirs["p_holm"]


def test_the_file_tells_every_row_apart(found: list[Cell]) -> None:
    """Any two lines differ in a name, the images or the updates; where updates are all the same, they are left out."""
    rows = rows_of(found)
    lines = list(csv.DictReader(io.StringIO(to_csv(rows))))
    keys = [
        tuple(line[key] for key in ("strategy", "dataset", "backbone", "shots", "updates", "again")) for line in lines
    ]
    assert len(set(keys)) == len(rows)
    assert "updates" not in cells([row for row in rows if row.condition["updates"] == 4])[0]


@given(st.sets(st.integers(0, 5)), st.booleans())
def test_a_cell_is_finished_with_its_last_descendant(
    found: list[Cell], every: list[Condition], missing: set[int], ancestor: bool
) -> None:
    """Without one of its descendants or the ancestor it is not."""
    cell = found[0]
    heirs = [record for record in cell.records if record["kind"] == "descendant"]
    records = [one for number, one in enumerate(heirs) if number not in missing]
    records += [one for one in cell.records if one["kind"] == "ancestor"] if ancestor else []
    whole = ancestor and not missing
    conditions = [one.values for one in every]
    done = finished_cells(records, descendants=2, conditions=conditions)
    assert done == ({(cell.contestant, cell.seed)} if whole else set())
    assert finished_cells(records, descendants=3, conditions=conditions) == set()
    assert finished_cells(records, descendants=2, conditions=conditions[:-1]) == set()


def test_records_of_all_conditions_are_whole(found: list[Cell]) -> None:
    """Other updates in another condition are no damage, other ones in the same condition are."""
    records = [record for cell in found for record in cell.records]
    assert whole_records(records) == (records, [])
    odd = {**records[-1], "updates": [1, 4], "accuracy": [0.5, 0.5]}
    kept, sentences = whole_records([*records, odd])
    assert (kept, len(sentences)) == (records, 1)
    kept, sentences = whole_records([*records, {**records[-1], "condition": {"shots": [1]}}])
    assert kept == records
    assert sentences[0].endswith("is left out: its shots is [1].")


def test_conditions_are_described_by_what_varies() -> None:
    """And by nothing else; a factor that nothing is known of has its name."""
    one: dict[str, Any] = {"dataset": "toys", "backbone": "mlp", "shots": 1, "updates": 0}
    other = {**one, "backbone": "mlp:2", "shots": 5}
    assert varying([one, one]) == ()
    assert varying([one, other]) == ("backbone", "shots")
    assert describe(one, varying([one, other])) == "heir mlp, 1 image per class"
    assert describe(other, ("dataset", "shots", "updates")) == "on toys, 5 images per class, 0 updates"
    own = {**one, "test_per_class": 5, "again": True}
    assert varying([one, own]) == ("again", "test_per_class")
    assert describe(own, varying([one, own])) == "again yes, test per class 5"


def test_tables_go_condition_by_condition(found: list[Cell]) -> None:
    """Rows of a condition stand together, the best first; columns say what varies, and costs are listed once."""
    rows = rows_of(found)
    assert [column.heading for column in with_condition(MAIN, rows)][1:6] == [
        "data set",
        "heir",
        "images per class",
        "updates",
        "again",
    ]
    assert with_condition(MAIN, rows[:3]) == MAIN
    parts = [[row.accuracy_mean for row in ordered(rows)[start : start + 3]] for start in range(0, len(rows), 3)]
    assert parts == [sorted(part, reverse=True) for part in parts]
    assert [row.condition for row in ordered(rows)] == [row.condition for row in rows]
    assert spending(rows) == rows
    assert spending(rows[:6]) == rows[:3]


def test_the_picture_can_be_read(found: list[Cell], flaws: Callable[[Figure], list[str]]) -> None:
    """Every strategy and condition is named, and no text lies on another."""
    rows = rows_of(found)
    broken = replace(rows[0], accuracy_mean=math.nan)
    parts: dict[str, list[Row]] = {}
    for row in [broken, *rows[1:]]:
        names = varying(row.condition for row in rows)
        parts.setdefault(describe(row.condition, names), []).append(row)
    figure = draw_conditions(parts, title="toys")
    assert flaws(figure) == []
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(NAMES)
    with pytest.raises(ValueError, match=r"^parts must hold at least one condition"):
        draw_conditions({}, title="toys")


def test_instinct_trains_anew_for_each_number_of_updates(
    protocol: Transfer, contestants: list[Contestant], toys: ModuleType
) -> None:
    """Each has a learning rate of its own cycle and begins at the same birth."""
    toolbox = contestants[0].make(0).toolbox
    conditions = instinct.conditions(setup_of(protocol, toys))
    trainings = [one.protocol.training(None, toolbox, 1, 0) for one in conditions]
    assert [len(training.recipe.rates()) for training in trainings] == [0, 1, 5, 10, 50]
    births = [training.network.state_dict() for training in trainings]
    assert all(torch.equal(birth[name], births[0][name]) for birth in births for name in birth)


@given(st.sampled_from(["vgg11", "convnet4"]), st.floats(1e-3, 1e3))
def test_heirs_are_spelled(name: str, factor: float) -> None:
    """A backbone, or a backbone with a factor."""
    assert kind_of(f"{name}:{factor!r}") == (name, factor)
    assert kind_of(name) == (name, 1.0)
    assert [kind_of(heir)[1] for heir in scaling.heirs_of(name)][:4] == [0.5, 1.0, 1.5, 2.0]


def test_few_heirs_are_of_every_kind() -> None:
    """Narrow, wide, of another depth and of another architecture; small backbones have all of theirs."""
    others = ("vgg13", "vgg16", "resnet12")
    assert scaling.heirs_of("vgg11", others, few=True) == ("vgg11:0.5", "vgg11:2", "vgg13", "resnet12")
    assert scaling.heirs_of("resnet12", ("vgg11",), few=True) == ("resnet12:0.5", "resnet12:2", "vgg11")
    assert scaling.heirs_of("mlp", few=True) == scaling.heirs_of("mlp")


@pytest.mark.parametrize("heir", ["mlp:", "mlp:0", "mlp:-1", "mlp:x", "mlp:inf", "mlp:nan"])
def test_a_width_that_is_none_is_refused(heir: str) -> None:
    """The sentence shows how heirs are spelled."""
    with pytest.raises(ValueError, match=r"^an heir must be a backbone with a width above 0, such as vgg11:0.5"):
        kind_of(heir)
