"""Rosters: what contestants may spend before transfer."""

from types import ModuleType
from typing import Any

from neuroevo.benchmarks.suites.roster import Entry, Roster
from neuroevo.strategies import GTL, Finetune, NarrowPretraining, RandomCircuit, Reptile, Scratch
from neuroevo.strategies.gtl.variants import CONTESTANTS

GENERATIONS, POPULATION = 2, 4
SETTINGS: dict[str, Any] = {
    "population": POPULATION,
    "share": 0.4,
    "life_updates": 13,
    "critic_updates": 2,
    **dict.fromkeys(("life_batch", "critic_batch", "pretraining_batch"), 16),
}
RIVALS = (Scratch, RandomCircuit, NarrowPretraining, Finetune, Reptile)
STRATEGIES: dict[str, Any] = {"gtl": GTL, **CONTESTANTS, **{kind.name: kind for kind in RIVALS}}


def test_contestants_share_what_they_pre_train_alike(toys: ModuleType) -> None:
    """One network for those whose trainings are equal, another one for each that is trained or built otherwise."""
    entries = [
        Entry(name="narrow", strategy=NarrowPretraining),
        Entry(name="again", strategy=NarrowPretraining, settings={"cross": "random"}),
        Entry(name="smaller", strategy=NarrowPretraining, settings={"share": 0.2}),
        Entry(name="slow", strategy=NarrowPretraining, settings={"pretraining_learning_rate": 0.01}),
        Entry(name="slow again", strategy=NarrowPretraining, defaults={"pretraining_learning_rate": 0.01}),
        Entry(name="short", strategy=NarrowPretraining, budget=7),
        Entry(name="whole", strategy=Finetune),
        Entry(name="circuit", strategy=RandomCircuit),
    ]
    roster = Roster(dataset=toys.dataset(), backbone=toys.MLP_BACKBONE, generations=GENERATIONS, settings=SETTINGS)
    made = {one.name: one.pretrains for one in roster.contestants(entries)}
    assert made == {
        "narrow": "narrow network",
        "again": "narrow network",
        "smaller": "narrow network of smaller",
        "slow": "narrow network of slow",
        "slow again": "narrow network of slow",
        "short": "narrow network of short",
        "whole": "whole network",
        "circuit": "whole network",
    }


def test_multiply_adds_can_be_matched(toys: ModuleType) -> None:
    """All that train spend gtl's multiply-adds but for less than one update of each training run."""
    roster = Roster(
        dataset=toys.dataset(),
        backbone=toys.MLP_BACKBONE,
        generations=GENERATIONS,
        match="multiply-adds",
        settings=SETTINGS,
    )
    planned = {
        one.name: one.make(3).planned_budget(one.generations)
        for one in roster.contestants([Entry(name=name, strategy=strategy) for name, strategy in STRATEGIES.items()])
    }
    total = planned["gtl"].multiply_adds
    for name in planned.keys() - {"scratch"}:
        spent, each = planned[name].multiply_adds, planned[name].multiply_adds / planned[name].gradient_steps
        assert total - each * GENERATIONS * POPULATION < spent <= total, name
    assert planned["narrow-pretraining"].gradient_steps > planned["gtl"].gradient_steps
