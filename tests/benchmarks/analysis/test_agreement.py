"""Strategies whose descendants can't be told from each other."""

from typing import Any

from neuroevo.benchmarks.analysis.agreement import agreeing


def descendant(strategy: str, *accuracy: float, seed: int = 0, shots: int = 5) -> dict[str, Any]:
    """Return the record of a descendant."""
    names = {"kind": "descendant", "strategy": strategy, "seed": seed, "condition": {"shots": shots}}
    return {**names, "descendant": 0, "updates": [0, 5], "accuracy": [*accuracy]}


def test_all_curves_must_agree() -> None:
    """Whole curves, not their ends; with all seeds and in all conditions, in whatever order they were written."""
    agreed = [descendant(name, 0.1, 0.5) for name in ("a", "b", "c")]
    more = [descendant("c", 0.2, 0.4, seed=1), descendant("a", 0.2, 0.4, seed=1), descendant("b", 0.3, 0.4, seed=1)]
    assert agreeing([{"kind": "ancestor", "strategy": "a"}, *agreed]) == [["a", "b", "c"]]
    assert agreeing([*agreed, *more]) == [["a", "c"]]
    assert agreeing([*agreed, *more[:2], descendant("a", 0.1, 0.1, shots=1)]) == []
    assert agreeing([]) == []
