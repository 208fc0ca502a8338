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
