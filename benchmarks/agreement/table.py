"""How far scores rank circuits as their descendants do, and what choosing by them gains."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy  # its parts are loaded when they are used, which takes a second
from numpy.typing import NDArray

from neuroevo.benchmarks.analysis.statistics import Values

Records = Sequence[Mapping[str, Any]]
RESAMPLED = 1000
"""Bootstrap samples."""


@dataclass(frozen=True)
class Agreement:
    """How far a score agrees with what descendants reach.

    Attributes:
        tau: Kendall's tau-b within networks, their mean.
        low: Lower end of its 95 % interval, by resampling the circuits of each network.
        high: Upper end.
        good: Kendall's tau among good circuits: the half of each network's whose descendants reach most.
        gain: What descendants of the circuit with the greatest score reach beyond the mean of all circuits, in points.
    """

    tau: float
    low: float
    high: float
    good: float
    gain: float


def agreement(networks: Sequence[tuple[Values, Values]]) -> Agreement:
    """Return how far scores agree with accuracies.

    Args:
        networks: Scores and accuracies of the circuits of each network, [circuits] each.
    """
    generator = np.random.default_rng(0)
    drawn = [_mean(networks, lambda scores, reached: _resampled(scores, reached, generator)) for _ in range(RESAMPLED)]
    low, high = np.nanquantile(drawn, (0.025, 0.975))
    return Agreement(
        tau=_mean(networks, tau),
        low=float(low),
        high=float(high),
        good=_mean(networks, lambda scores, reached: tau(*_good(scores, reached))),
        gain=100 * _mean(networks, lambda scores, reached: float(reached[scores.argmax()] - reached.mean())),
    )


def tau(scores: Values, reached: Values) -> float:
    """Return Kendall's tau-b of two rankings; 0 if one of them ranks nothing."""
    found = float(scipy.stats.kendalltau(scores, reached).statistic)
    return 0.0 if np.isnan(found) else found


def to_markdown(records: Records, costs: Mapping[str, int], *, updates: int) -> str:
    """Return the table: a row for each score, the best first, and what descendants themselves agree to.

    Args:
        records: What `study.run` wrote.
        costs: Multiply-adds of each score for a circuit.
        updates: The updates of descendants that scores are compared with.
    """
    key, networks = str(updates), _by_network(records).values()
    reached = [np.array([np.mean(one["reached"][key]) for one in own]) for own in networks]
    found = {
        name: agreement(
            [
                (np.array([one["scores"][name] for one in own]), accuracies)
                for own, accuracies in zip(networks, reached, strict=True)
            ]
        )
        for name in records[0]["scores"]
    }
    order = sorted(found, key=lambda name: -found[name].tau)
    lines = [
        "| score | tau (95 % CI) | tau, better half | gain of choosing | multiply-adds |",
        "| --- |" + " ---: |" * 4,
    ]
    lines += [_row(name, found[name], f"{costs[name] / 1e9:.2f} G" if name in costs else "") for name in order]
    return "\n".join([*lines, _row("descendants, one half against the other", _themselves(records, key), "")]) + "\n"


def _row(name: str, one: Agreement, cost: str) -> str:
    return f"| {name} | {one.tau:.2f} ({one.low:.2f} to {one.high:.2f}) | {one.good:.2f} | {one.gain:+.1f} | {cost} |"


def _themselves(records: Records, key: str) -> Agreement:
    """Return how far one half of the descendants agrees with the other."""
    halves = []
    for own in _by_network(records).values():
        values: NDArray[np.float64] = np.array([one["reached"][key] for one in own])
        middle = values.shape[1] // 2
        halves.append((values[:, :middle].mean(1), values[:, middle:].mean(1)))
    return agreement(halves)


def _by_network(records: Records) -> dict[int, list[Mapping[str, Any]]]:
    found: dict[int, list[Mapping[str, Any]]] = {}
    for one in records:
        found.setdefault(one["network"], []).append(one)
    return found


def _mean(networks: Sequence[tuple[Values, Values]], measure: Callable[[Values, Values], float]) -> float:
    return float(np.mean([measure(*one) for one in networks]))


def _resampled(scores: Values, reached: Values, generator: np.random.Generator) -> float:
    rows = generator.integers(len(scores), size=len(scores))
    return tau(scores[rows], reached[rows])


def _good(scores: Values, reached: Values) -> tuple[Values, Values]:
    rows = reached >= np.median(reached)
    return scores[rows], reached[rows]
