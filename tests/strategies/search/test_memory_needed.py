"""What does not fit into memory is refused in one sentence before any of it is made."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from neuroevo.problems.function import ARM, SPHERE, ZDT1
from neuroevo.strategies import CMAES, NSGA2, Genetic, MAPElites, Search, SeparableCMAES


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: CMAES(SPHERE(20_000)), "CMAES with 20,000 genes and a population of 33 .*; SeparableCMAES needs none"),
        (lambda: NSGA2(ZDT1(), population=10**9), "NSGA2 with 30 genes .* choose a smaller population"),
        (lambda: Genetic(SPHERE(1000), population=10**8), "Genetic with 1,000 genes and a population of 100,000,000"),
        (lambda: MAPElites(ARM(), cells=10**6), "MAPElites .* choose fewer cells"),
    ],
)
def test_the_memory_needed_is_told(make: Callable[[], Search], words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With 16 GiB free."""
    monkeypatch.setattr("neuroevo.strategies.search.base.free_memory", lambda: 16 << 30)
    with pytest.raises(MemoryError, match=rf"{words}.*\.$"):
        make()


def test_what_fits_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same genes without matrices need little."""
    monkeypatch.setattr("neuroevo.strategies.search.base.free_memory", lambda: 1 << 30)
    assert SeparableCMAES(SPHERE(20_000)).bytes_needed() < 1 << 26
    assert CMAES(SPHERE(100)).bytes_needed() < 1 << 21
