"""A strategy against each other contestant: what scipy finds of the same pairs, and nothing of too few."""

from collections.abc import Callable
from pathlib import Path

import pytest
from scipy import stats

from neuroevo.benchmarks.analysis.opponents import opponents
from neuroevo.benchmarks.analysis.results import read_run
from neuroevo.benchmarks.analysis.statistics import FEWEST
from neuroevo.benchmarks.report.opponents import grid_of_opponents

WriteRun = Callable[..., Path]
ENDS = {"scratch": (0.2, 0.3, 0.25, 0.28), "gtl": (0.4, 0.45, 0.46, 0.41), "finetune": (0.7, 0.75, 0.78, 0.8)}


def test_opponents_are_met_seed_by_seed(write_run: WriteRun, tmp_path: Path) -> None:
    """Difference, interval and p-value of each, Holm's correction over all."""
    run = read_run(write_run(tmp_path / "run", ENDS, shares={"finetune": 1.0}))
    found = {one.row.strategy: one for one in opponents("gtl", run.parts[0])}
    assert [*found] == ["scratch", "finetune"]
    p_values = []
    for name, one in found.items():
        test = stats.ttest_rel(ENDS["gtl"], ENDS[name])
        p_values.append(test.pvalue)
        low, high = test.confidence_interval(0.95)
        assert (one.pairs.difference.low, one.pairs.difference.high) == pytest.approx((low, high))
    assert min(one.p_holm for one in found.values()) == pytest.approx(2 * min(p_values))
    (grid,) = grid_of_opponents("", "", run)
    assert grid.caption == "gtl against each other contestant"
    assert [row[0].text for row in grid.rows] == ["scratch", "finetune"]
    assert [row[3].text for row in grid.rows] == ["0.0", "100.0"]


@pytest.mark.parametrize("seeds", range(1, FEWEST))
def test_few_seeds_make_no_table(seeds: int, write_run: WriteRun, tmp_path: Path) -> None:
    """They support no conclusion."""
    run = read_run(write_run(tmp_path / "run", {name: ends[:seeds] for name, ends in ENDS.items()}))
    assert grid_of_opponents("", "", run) == []
