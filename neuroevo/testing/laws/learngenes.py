"""Laws of learngene mutation: `mutate(learngene, weights, *, generator, new_ids)`.

The signature is that of `neuroevo.operators.learngenes.mutate` with all other settings bound by the caller. The name of
a setting that is the probability to mutate can be given: the laws then choose its value.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from neuroevo.backbones import MLP
from neuroevo.learngene import Learngene
from neuroevo.operators.inheritance import extract
from neuroevo.testing.architectures import random_network
from neuroevo.testing.laws.circuits import taken
from neuroevo.testing.laws.content import content, difference, same_bits
from neuroevo.testing.laws.law import Breach, Case, Law, check, name_of
from neuroevo.testing.laws.purity import Arguments, other_seeds_other_results, purity_laws, seeded
from neuroevo.testing.laws.variation import Like, rest_is_kept, statistics_are_kept, varied_like
from neuroevo.testing.strategies import Ancestor, ancestors, seeds

FIRST_NEW = 10**6
"""Provenance ids from this one on are new."""

GENERATIONS = 3
ROOMY = MLP(widths=(12, 12), inputs=3)
DEFAULT: dict[Like, str] = {"exchange": "rate", "resize": "rate", "noise": "sigma"}
CHANNELS = torch.tensor([0, 4, 5, 9])


class NewIds:
    """A source of provenance ids that were never used before."""

    def __init__(self) -> None:
        self.next = FIRST_NEW

    def __call__(self, number: int) -> Tensor:
        """Return the next ids, int64 [number]."""
        self.next += number
        return torch.arange(self.next - number, self.next)


def check_learngene_mutation(
    mutate: Callable[..., Learngene],
    *,
    rate: str | None = None,
    sizes_kept: bool = True,
    reads_network: bool = True,
    like: Like | None = None,
    examples: int | None = None,
) -> None:
    """Raise LawBroken for the first of `learngene_mutation_laws` that a mutation breaks.

    Args:
        mutate: Takes `learngene`, `weights`, `generator` and `new_ids` as `neuroevo.operators.learngenes.mutate`.
        rate: As for `learngene_mutation_laws`.
        sizes_kept: As for `learngene_mutation_laws`.
        reads_network: As for `learngene_mutation_laws`.
        like: As for `learngene_mutation_laws`.
        examples: Largest number of cases per law; default that of the active hypothesis profile.
    """
    __tracebackhide__ = True
    laws = learngene_mutation_laws(rate=rate, sizes_kept=sizes_kept, reads_network=reads_network, like=like)
    check(mutate, laws, label=name_of(mutate), examples=examples)


def learngene_mutation_laws(
    *, rate: str | None = None, sizes_kept: bool = True, reads_network: bool = True, like: Like | None = None
) -> list[Law]:
    """Return the laws of a mutation of learngenes.

    Args:
        rate: Name of the keyword that is the probability to mutate, or the deviation of noise; None if there is none.
        sizes_kept: Whether each group keeps its number of channels; otherwise only the budget of parameters is kept.
        reads_network: Whether all slices of the mutant are read from the network; False for noise on the weights.
        like: What mutants are distributed as, with `rate` as its setting: "exchange" of channels by others, "resize" of
            groups within the budget, "noise" on all parameters.
    """
    laws = [
        *purity_laws(_arguments, _call),
        _sizes_kept() if sizes_kept else _budget_kept(),
        _ancestry_is_a_tree(),
        other_seeds_other_results(_roomy, partial(_call, settings={rate: 1.0} if rate else {})),
    ]
    if reads_network:
        laws.append(_circuit_stays_closed())
    else:
        laws.append(statistics_are_kept(_call))
    laws.append(rest_is_kept(_call, reads_network=reads_network))
    if rate is not None:
        laws.append(_rate_zero(rate))
    if like is not None:
        laws.append(varied_like(like, rate or DEFAULT[like], _call))
    return laws


def _arguments(case: Case) -> Arguments:
    ancestor: Ancestor = case.draw("ancestor", ancestors())
    return {"learngene": ancestor.learngene, "weights": ancestor.network.state_dict()}


def _roomy(case: Case) -> Arguments:
    weights = random_network(ROOMY, generator=seeded(case.draw("network", seeds()))).state_dict()
    indices = dict.fromkeys(ROOMY.layout.groups, CHANNELS)
    provenance = {group: CHANNELS + 100 * place for place, group in enumerate(indices)}
    return {"learngene": extract(weights, indices, backbone=ROOMY, provenance=provenance), "weights": weights}


def _call(
    mutate: Any, arguments: Arguments, generator: torch.Generator, settings: dict[str, float] | None = None
) -> Learngene:
    mutant: Learngene = mutate(
        arguments["learngene"], arguments["weights"], generator=generator, new_ids=NewIds(), **(settings or {})
    )
    return mutant


def _sizes_kept() -> Law:
    def statement(mutate: Any, case: Case) -> None:
        arguments = _arguments(case)
        before = arguments["learngene"].counts
        after = _call(mutate, arguments, seeded(case.draw("seed", seeds()))).counts
        if before != after:
            raise Breach(f"the channels {before} became {after}")

    cause = "a channel is drawn that is in the circuit already, or none is left to draw"
    return Law("sizes are kept", cause, statement)


def _budget_kept() -> Law:
    def statement(mutate: Any, case: Case) -> None:
        arguments = _arguments(case)
        before = arguments["learngene"].parameters
        after = _call(mutate, arguments, seeded(case.draw("seed", seeds()))).parameters
        if after > before:
            raise Breach(f"{before} parameters became {after}")

    cause = "channels are counted, although they have different numbers of parameters in different groups"
    return Law("the budget of parameters is kept", cause, statement)


def _circuit_stays_closed() -> Law:
    def statement(mutate: Any, case: Case) -> None:
        arguments = _arguments(case)
        mutant = _call(mutate, arguments, seeded(case.draw("seed", seeds())))
        layout = mutant.backbone.layout
        for name in layout.axes:
            if not same_bits(mutant.slices[name], taken(arguments["weights"][name], layout, name, mutant.indices)):
                raise Breach(f"{name} does not hold the network's weights between the mutant's channels")

    cause = "some tensors are not read again: the next layer's inputs and the norms belong to a channel, too"
    return Law("the circuit stays closed", cause, statement)


def _ancestry_is_a_tree() -> Law:
    def statement(mutate: Any, case: Case) -> None:
        arguments, generator, new_ids = _arguments(case), seeded(case.draw("seed", seeds())), NewIds()
        parent = arguments["learngene"]
        for _ in range(GENERATIONS):
            known = new_ids.next
            mutant = mutate(parent, arguments["weights"], generator=generator, new_ids=new_ids)
            _compare_ids(parent, mutant, first_new=known)
            parent = mutant

    cause = "a new channel takes the id of the one that it replaces, or ids do not follow sorted channels"
    return Law("every channel's ancestry is a tree", cause, statement)


def _compare_ids(parent: Learngene, mutant: Learngene, *, first_new: int) -> None:
    all_ids = [id for ids in mutant.provenance.values() for id in ids.tolist()]
    if len(set(all_ids)) < len(all_ids):
        raise Breach(f"two channels have one id among {all_ids}")
    for group, kept in mutant.indices.items():
        before = dict(zip(parent.indices[group].tolist(), parent.provenance[group].tolist(), strict=True))
        for channel, id in zip(kept.tolist(), mutant.provenance[group].tolist(), strict=True):
            if channel in before and id != before[channel]:
                raise Breach(f"channel {channel} of {group} stayed, and its id {before[channel]} became {id}")
            if channel not in before and id < first_new:
                raise Breach(f"channel {channel} came into {group} with the old id {id}")


def _rate_zero(rate: str) -> Law:
    def statement(mutate: Any, case: Case) -> None:
        arguments = _arguments(case)
        mutant = _call(mutate, arguments, seeded(case.draw("seed", seeds())), {rate: 0.0})
        if path := difference(content(arguments["learngene"]), content(mutant)):
            raise Breach(f"with {rate} = 0 {path} of the mutant differs")

    return Law("rate 0 is the identity", "a draw that is compared with <=", statement)
