"""Laws of choosing a circuit, with the signatures of `neuroevo.operators.circuits`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

import numpy as np
import torch
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.backbones import MLP
from neuroevo.testing.laws.agreement import compare_outcomes
from neuroevo.testing.laws.content import content, difference
from neuroevo.testing.laws.distribution import Sample
from neuroevo.testing.laws.frequencies import distributed_as
from neuroevo.testing.laws.law import Breach, Case, Law, check, name_of
from neuroevo.testing.laws.purity import Arguments, other_seeds_other_results, purity_laws, seeded
from neuroevo.testing.layouts import layouts, weights_of
from neuroevo.testing.references import circuits as references
from neuroevo.testing.strategies import seeds

Like = Literal["strongest", "random"]
Choose = Callable[..., Mapping[str, Tensor]]

SHARES = (0.05, 0.2, 0.5, 0.9, 1.0)
ROOMY = MLP(widths=(7, 7), inputs=3).layout
"""The layout whose circuits are counted: groups of equal width can be compared with each other."""


def check_circuit(
    choose: Choose, *, like: Like | None = None, weights: bool = False, draws: bool = False, examples: int | None = None
) -> None:
    """Raise LawBroken for the first of `circuit_laws` that a choice of circuits breaks.

    Args:
        choose: Takes a layout, then the weights if it reads them, and `share` and perhaps `generator`, as
            `neuroevo.operators.circuits.strongest_circuit` and `random_circuit`.
        like: As for `circuit_laws`.
        weights: As for `circuit_laws`.
        draws: As for `circuit_laws`.
        examples: Largest number of cases per law; default that of the active hypothesis profile.
    """
    __tracebackhide__ = True
    laws = circuit_laws(like=like, weights=weights, draws=draws)
    check(choose, laws, label=name_of(choose), examples=examples)


def circuit_laws(*, like: Like | None = None, weights: bool = False, draws: bool = False) -> list[Law]:
    """Return the laws of choosing which channels a circuit keeps.

    Args:
        like: Which channels are kept: "strongest" those with the largest L1 norms of their input weights, "random" each
            one equally likely.
        weights: Whether it reads the network's weights, by their magnitudes; "strongest" does.
        draws: Whether it takes a generator; "random" does.
    """
    reads, random = weights or like == "strongest", draws or like == "random"

    def call(choose: Any, arguments: Arguments, generator: torch.Generator) -> Mapping[str, Tensor]:
        given = [arguments["layout"], *([arguments["weights"]] if reads else [])]
        chosen: Mapping[str, Tensor] = choose(
            *given, share=arguments["share"], **({"generator": generator} if random else {})
        )
        return chosen

    laws = [*purity_laws(_network, call), *_conduct(call)]
    if reads:
        laws.append(_magnitudes(call))
    if random:
        laws.append(other_seeds_other_results(_roomy, call))
    if like == "strongest":
        laws.append(_strongest(call))
    if like == "random":
        laws.append(distributed_as(references.random_circuit, _settings, call, _kept, name=OFTEN, item="channel"))
    return laws


OFTEN = "channels are kept as often as the reference keeps them"


def _network(case: Case) -> Arguments:
    layout = case.draw("layout", layouts())
    share = case.draw("share", st.sampled_from(SHARES) | st.floats(0.01, 1))
    return {"layout": layout, "weights": case.draw("weights", weights_of(layout)), "share": share}


def _roomy(case: Case) -> Arguments:
    return {"layout": ROOMY, "weights": case.draw("weights", weights_of(ROOMY)), "share": 0.3}


def _settings(case: Case) -> Iterator[Arguments]:
    yield from ({"layout": ROOMY, "share": share} for share in case.each("share", (0.1, 0.45, 1.0)))


def _kept(circuit: Mapping[str, Tensor], arguments: Arguments) -> Sample:
    """Return which channels of each group are kept, 0 or 1."""
    groups = arguments["layout"].groups.items()
    return np.stack([np.isin(range(channels), circuit[group]) for group, channels in groups]).astype(np.float64)


def _conduct(call: Any) -> list[Law]:
    def is_circuit(choose: Any, case: Case) -> None:
        arguments = _network(case)
        circuit = call(choose, arguments, seeded(case.draw("seed", seeds())))
        if not references.is_circuit(arguments["layout"], circuit):
            raise Breach(f"the index sets are { {group: kept.tolist() for group, kept in circuit.items()} }")

    def within_share(choose: Any, case: Case) -> None:
        arguments = _network(case)
        circuit = call(choose, arguments, seeded(case.draw("seed", seeds())))
        wanted = references.circuit_counts(arguments["layout"], share=arguments["share"])
        if (counts := {group: len(circuit[group]) for group in circuit}) != wanted:
            raise Breach(f"the channels are {counts}, but the largest circuit within the share has {wanted}")

    return [
        Law(
            "each group has an ascending index set of its channels",
            "indices of another group, or a lost sort",
            is_circuit,
        ),
        Law(
            "the circuit is the largest of the share, with equal widths",
            "another rounding of the widths, or a budget that counts the head or statistics",
            within_share,
        ),
    ]


def _magnitudes(call: Any) -> Law:
    def statement(choose: Any, case: Case) -> None:
        arguments, seed = _network(case), case.draw("seed", seeds())
        signs = case.draw("signs", seeds())
        turned = {name: _turned(tensor, signs) for name, tensor in arguments["weights"].items()}
        first = call(choose, arguments, seeded(seed))
        second = call(choose, {**arguments, "weights": turned}, seeded(seed))
        if path := difference(content(first), content(second)):
            raise Breach(f"with other signs of the weights {path} differs")

    return Law("signs of weights do not count", "sums of signed weights in place of magnitudes", statement)


def _turned(tensor: Tensor, seed: int) -> Tensor:
    return torch.where(torch.rand(tensor.shape, generator=seeded(seed)) < 0.5, -tensor, tensor)


def _strongest(call: Any) -> Law:
    def statement(choose: Any, case: Case) -> None:
        given = {"arguments": _network(case)}
        mine, there = (
            lambda arguments, one=one: call(one, arguments, seeded(0)) for one in (choose, references.strongest_circuit)
        )
        compare_outcomes(mine, there, given)

    return Law(
        "the channels with the largest norms are kept",
        "norms over another axis, of other tensors or another degree, or ties in favour of later channels",
        statement,
    )
