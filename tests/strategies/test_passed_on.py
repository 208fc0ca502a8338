"""A run from Python leaves the file of what it found, as one of the command line does."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from neuroevo.discrete import Bits
from neuroevo.evolution import evolve
from neuroevo.genome import Genome
from neuroevo.individual import Individual
from neuroevo.learngene import Learngene
from neuroevo.problems.function import SPHERE, ZDT1, Function
from neuroevo.problems.graphs import xor
from neuroevo.space import Space
from neuroevo.strategies import CMAES, NEAT, NSGA2, SNES, Genetic

NOISY = Function(lambda genome: float(genome.square().sum()), Space.box(2, low=-1, high=1), noisy=True)
SEARCHES: dict[str, Callable[[], Any]] = {
    "a distribution": lambda: CMAES(SPHERE(3)),
    "several objectives": lambda: NSGA2(ZDT1(4), population=4),
    "graphs": lambda: NEAT(xor(), population=4),
    "noise": lambda: SNES(NOISY, population=4),
    "bits": lambda: Genetic(Function(lambda genome: float(genome.sum()), Bits(5)), population=4),
}


@pytest.mark.parametrize("make", SEARCHES.values(), ids=SEARCHES)
def test_the_best_genome_is_in_the_run_directory(make: Callable[[], Any], tmp_path: Path) -> None:
    """With its values, and it is the strategy's own result."""
    strategy = make()
    list(evolve(strategy, 2, run_dir=tmp_path))
    best, found = strategy.result(), Genome.from_pretrained(tmp_path)
    assert found.notes["values"] == list(best.fitness.values)
    assert found.notes["strategy"] == type(strategy).__name__
    assert "swapped_operators" not in found.notes
    if isinstance(best.genome, torch.Tensor):
        assert torch.equal(
            torch.cat([block.flatten() for block in found.blocks.values()]).double(), best.genome.double()
        )


def test_the_learngene_is_in_the_run_directory(gtls: ModuleType, toys: ModuleType, tmp_path: Path) -> None:
    """Bytes and all; a run that was longer replaces it, and one that has ended leaves it."""
    strategy = gtls.gtl(toys)
    file = tmp_path / Learngene.FILE
    list(evolve(strategy, 1, run_dir=tmp_path))
    assert (
        Learngene.from_pretrained(tmp_path, backbone=strategy.backbone).to_bytes()
        == strategy.result().genome.to_bytes()
    )
    written = file.stat().st_mtime_ns
    list(evolve(gtls.gtl(toys), 1, run_dir=tmp_path))
    assert file.stat().st_mtime_ns == written
    file.unlink()
    list(evolve(gtls.gtl(toys), 1, run_dir=tmp_path))
    assert file.exists()


def test_a_result_changes_no_later_generation(gtls: ModuleType, toys: ModuleType, tmp_path: Path) -> None:
    """Records of a run that was continued are those of one that was not."""
    strategy = gtls.gtl(toys)
    list(evolve(strategy, 1, run_dir=tmp_path / "twice"))
    continued = list(evolve(strategy, 2, run_dir=tmp_path / "twice"))
    once = list(evolve(gtls.gtl(toys), 2, run_dir=tmp_path / "once"))
    assert [{**one.record(), "seconds": 0} for one in continued] == [{**one.record(), "seconds": 0} for one in once[1:]]


def test_a_run_that_has_not_ended_has_none(tmp_path: Path) -> None:
    """The error says when a run writes it."""
    for _ in evolve(SNES(SPHERE(2)), 5, run_dir=tmp_path):
        break
    with pytest.raises(
        FileNotFoundError, match=rf"^{tmp_path} has no genome\.safetensors; a run writes it when it ends"
    ):
        Genome.from_pretrained(tmp_path)
    list(evolve(SNES(SPHERE(2)), 5, run_dir=tmp_path, save_result=False))
    assert not (tmp_path / Genome.FILE).exists()


def test_swapped_operators_are_noted_by_name(tmp_path: Path) -> None:
    """As learngenes note theirs."""

    def copied(individuals: list[Individual], k: int) -> list[Individual]:
        return individuals[:k]

    strategy = Genetic(SPHERE(3), population=4)
    strategy.toolbox.register("select", copied)
    list(evolve(strategy, 2, run_dir=tmp_path))
    assert [*Genome.from_pretrained(tmp_path).notes["swapped_operators"]] == ["select"]
