"""The domain of an operator: laws are judged by genomes, spaces and numbers of parents as the user describes them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.discrete import Bits, Integers, Permutations
from neuroevo.operators import bits, crossover, fronts, integers, mutation, permutations, selection
from neuroevo.space import Block, Space
from neuroevo.testing.laws import (
    LawBroken,
    check_crossover,
    check_mutation,
    check_selection,
    crossover_laws,
    mutation_laws,
    report,
)

FEW: dict[str, Any] = {"examples": 2}
BLOCKS = Space(
    (Block(name="a", shape=(2,), low=-3.0, high=-1.0), Block(name="b", shape=(), low=0.0, high=0.5)),
    torch.tensor([-2.0, -2.0, 0.2]),
)


def bounds_of(space: Space) -> dict[str, Tensor]:
    """Return a space's bounds as settings of an operator."""
    return {"low": space.low, "high": space.high}


@pytest.mark.slow
@pytest.mark.parametrize("space", [BLOCKS, Space.box(1, low=0.0, high=1.0), Space.box(40, low=-1.0, high=3.0)])
def test_a_space_is_a_domain(space: Space) -> None:
    """Operators with the space's bounds keep all laws with `space=` alone."""
    check_mutation(partial(mutation.polynomial, **bounds_of(space)), space=space, rate="rate", **FEW)
    check_crossover(partial(crossover.simulated_binary, **bounds_of(space)), space=space, exchanges=False, **FEW)
    with pytest.raises(LawBroken, match="within the bounds"):
        check_mutation(partial(mutation.gaussian, sigma=3.0), space=space)


@pytest.mark.slow
def test_discrete_spaces_are_domains() -> None:
    """Dtypes, bounds and permutations follow from the space."""
    named = Integers.named(layers=(1, 4), width=(-8, 256))
    check_mutation(partial(bits.flip, rate=0.5), space=Bits(2), rate="rate", **FEW)
    check_mutation(partial(integers.creep, low=named.low, high=named.high), space=named, rate="rate", **FEW)
    check_mutation(permutations.swap, space=Permutations(3), **FEW)
    check_mutation(permutations.swap, space=Permutations(2), **FEW)
    check_crossover(permutations.ordered, space=Permutations(7), **FEW)
    check_crossover(crossover.uniform, space=Bits(9), rate="rate", **FEW)


@pytest.mark.slow
def test_bounds_of_genes_fix_their_number() -> None:
    """Sequences as bounds; D is theirs, and others are refused."""
    low, high = [0.0, -5.0, 2.0], [1.0, -4.0, 9.0]
    mutate = partial(mutation.polynomial, low=torch.tensor(low), high=torch.tensor(high))
    check_mutation(mutate, bounds=(low, high), rate="rate", leading=True, **FEW)
    with pytest.raises(ValueError, match=r"fix one number of genes, but they fix \[2, 3\]"):
        mutation_laws(bounds=(low, high), length=2)


def pairs_only(genomes: Tensor, *, generator: torch.Generator) -> Tensor:
    """Take genomes of two genes."""
    if genomes.shape[-1] != 2:
        raise ValueError("two genes are needed")
    return genomes + torch.randn(genomes.shape, generator=generator, dtype=genomes.dtype)


def test_a_fixed_length_is_kept() -> None:
    """A mutation of two genes alone."""
    check_mutation(pairs_only, length=2, **FEW)
    with pytest.raises(LawBroken, match="length="):
        check_mutation(pairs_only)


@pytest.mark.slow
def test_leading_dimensions() -> None:
    """Whatever the batch looks like."""
    check_mutation(partial(mutation.gaussian, sigma=0.5), rate="rate", leading=True, **FEW)
    check_crossover(crossover.two_point, leading=True, **FEW)
    with pytest.raises(LawBroken, match="runs on what it is given"):
        check_mutation(
            lambda genomes, *, generator: genomes + torch.randn(*genomes.shape[:2], generator=generator), leading=True
        )


# Other numbers of parents and children.


def differential(base: Tensor, one: Tensor, other: Tensor, *, generator: torch.Generator) -> Tensor:
    """Cross a genome with a mutant of three, uniformly."""
    mutant = base + 0.5 * (one - other)
    return torch.where(torch.rand(base.shape, generator=generator) < 0.5, mutant, base)


def three_way(first: Tensor, second: Tensor, third: Tensor, *, generator: torch.Generator) -> Tensor:
    """Take each gene from one of three parents."""
    donors = torch.randint(3, first.shape, generator=generator)
    return torch.where(donors == 0, first, torch.where(donors == 1, second, third))


def mean(first: Tensor, second: Tensor, *, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """The arithmetic mean, twice."""
    return (first + second) / 2, (first + second) / 2


def line_with_noise(first: Tensor, second: Tensor, *, generator: torch.Generator) -> Tensor:
    """Iso+line (Vassiliades and Mouret 2018)."""
    own = torch.randn(first.shape, generator=generator, dtype=first.dtype)
    common = torch.randn((*first.shape[:-1], 1), generator=generator, dtype=first.dtype)
    return first + 0.01 * own + 0.2 * common * (second - first)


@pytest.mark.slow
def test_other_numbers_of_parents_and_children() -> None:
    """Three parents, one child."""
    check_crossover(three_way, parents=3, children=1, **FEW)
    check_crossover(differential, parents=3, children=1, exchanges=False, **FEW)
    with pytest.raises(LawBroken, match="each gene is a parent's"):
        check_crossover(differential, parents=3, children=1)
    with pytest.raises(LawBroken, match=r"2 children are expected \(children=\), but 1 came"):
        check_crossover(lambda first, second, *, generator: (first.clone(),))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cross", "promises", "keyword"),
    [
        (mean, {"exchanges": False, "deterministic": True}, "deterministic"),
        (mean, {"exchanges": False, "deterministic": True}, "exchanges"),
        (line_with_noise, {"children": 1, "exchanges": False, "noise": True}, "noise"),
    ],
)
def test_legitimate_variants_of_crossover(cross: Callable[..., Any], promises: dict[str, Any], keyword: str) -> None:
    """They keep all laws with their keywords, and without one the message names it."""
    check_crossover(cross, **promises, **FEW)
    others = {name: value for name, value in promises.items() if name != keyword}
    with pytest.raises(LawBroken, match=f"{keyword}="):
        check_crossover(cross, **others)


def without_replacement(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """Tournaments of three different entrants."""
    entrants = torch.stack([torch.randperm(len(fitness), generator=generator)[:3] for _ in range(k)])
    known = fitness.masked_fill(~fitness.isfinite(), -torch.inf)
    return entrants.gather(1, known[entrants].argmax(1, keepdim=True)).flatten()


def refusing(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """Refuse what is not finite."""
    if not fitness.isfinite().all():
        raise ValueError("fitness must be finite")
    return selection.tournament(fitness, k=k, size=2, generator=generator)


@pytest.mark.slow
def test_legitimate_variants_of_selection() -> None:
    """Tournaments without replacement, and refusing NaN."""
    check_selection(without_replacement, tournament=3, distinct_entrants=True, examples=3)
    with pytest.raises(LawBroken, match="distinct_entrants="):
        check_selection(without_replacement, tournament=3)
    check_selection(refusing, non_finite=False, tournament=2, examples=3)
    with pytest.raises(LawBroken, match="non_finite="):
        check_selection(refusing)


# Selections of several objectives, with a number of their own.


def by_fronts(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """NSGA-II without its crowding distance; the second objective is minimised."""
    values = fitness * torch.tensor([1.0, -1.0], dtype=fitness.dtype)
    return fronts.front_numbers(values).argsort(stable=True)[:k]


def lexicase(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """Filter by objectives in a random order, for every draw."""
    known = torch.where(fitness.isfinite().all(1, keepdim=True), fitness, -torch.inf)
    chosen = []
    for _ in range(k):
        left = torch.arange(len(known))
        for case in torch.randperm(known.shape[1], generator=generator).tolist():
            left = left[known[left, case] == known[left, case].max()]
        chosen.append(left[int(torch.randint(len(left), (), generator=generator))])
    return torch.stack(chosen)


@pytest.mark.slow
def test_several_objectives() -> None:
    """Indices are selected by fitness [P, M]."""
    check_selection(by_fronts, weights=(1.0, -1.0), deterministic=True, with_replacement=False, **FEW)
    check_selection(lexicase, weights=(1.0, 1.0, 1.0), examples=3)
    with pytest.raises(LawBroken, match="NaN never beats"):
        check_selection(
            lambda fitness, *, k, generator: fitness.sum(1).argsort(descending=True)[:k],
            weights=(1.0, 1.0),
            deterministic=True,
            with_replacement=False,
            rank_based=False,
        )


def pairs_of(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """Select an even number alone."""
    if k % 2:
        raise ValueError("k must be even")
    return selection.tournament(fitness, k=k, size=2, generator=generator)


@pytest.mark.slow
@pytest.mark.parametrize("k", [4, st.sampled_from([2, 6])])
def test_the_number_to_select_is_given(k: Any) -> None:
    """As a number or as a strategy."""
    check_selection(pairs_of, k=k, tournament=2, examples=3)
    with pytest.raises(LawBroken, match="k="):
        check_selection(pairs_of, tournament=2)


# State, settings and refusals.


class Counting:
    """A mutation whose noise comes from a generator of its own, which it can begin anew."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew."""
        self.calls = 0

    def __call__(self, genomes: Tensor, *, generator: torch.Generator) -> Tensor:
        """Return mutants; steps shrink from call to call."""
        self.calls += 1
        return mutation.gaussian(genomes, sigma=1 / self.calls, generator=generator)


class Forgetful(Counting):
    """The same without a beginning."""

    reset = None  # type: ignore[assignment]

    def __init__(self) -> None:
        self.calls = 0


@pytest.mark.slow
def test_operators_with_state() -> None:
    """`reset` is called before each call that is judged, and a state of its own is no global generator."""
    check_mutation(Counting(), **FEW)
    broken = {one.law: one for one in report(Forgetful(), mutation_laws(), **FEW) if one.judgement == "broken"}
    # Its first call is another one than those that follow, so that laws of distributions notice it as well.
    assert "global generators are neither read nor written" not in broken
    assert "`reset`" in broken["equal seeds give equal results"].cause


def other_branch(genomes: Tensor, *, rate: float = 0.5, eta: float = 20.0, generator: torch.Generator) -> Tensor:
    """Draw from torch's global generator at few settings."""
    if rate == 0.1 or eta == 1.0:
        return genomes + torch.rand(genomes.shape, dtype=genomes.dtype) * rate
    return mutation.gaussian(genomes, sigma=0.1, rate=rate, generator=generator)


@pytest.mark.parametrize("promises", [{"rate": "rate"}, {"grid": {"eta": (20.0, 1.0)}}])
def test_purity_is_judged_at_all_settings(promises: dict[str, Any]) -> None:
    """Rates are varied always, others by a grid; the case says at which the law is broken."""
    with pytest.raises(LawBroken) as caught:
        check_mutation(other_branch, **promises)
    assert caught.value.law in ("global generators are neither read nor written", "equal seeds give equal results")
    assert caught.value.drawn["settings"] in ({"rate": 0.1}, {"eta": 1.0})
    law = next(law for law in mutation_laws(**promises) if law.name == caught.value.law)
    with pytest.raises(AssertionError):
        law.replay(other_branch, caught.value.drawn)


def test_a_rate_that_is_varied_is_no_missing_setting() -> None:
    """The plain implementation gets it with every call, and so does an operator that needs it."""
    check_mutation(bits.flip, space=Bits(6), rate="rate", like="bit flip", examples=1)


@pytest.mark.slow
def test_refusals() -> None:
    """What has to be refused, by what is wrong with it."""
    wrong = {"a negative rate": lambda mutate, generator: mutate(torch.zeros(1, 2), rate=-0.1, generator=generator)}
    check_mutation(partial(mutation.gaussian, sigma=0.1), refuses=wrong, **FEW)
    for refuses, what in ((wrong, "a negative rate"), ([{"rate": 0.5}, {"rate": -0.1}], "rate=0.5")):
        with pytest.raises(LawBroken, match=f"{what} was taken"):
            check_mutation(
                lambda genomes, *, rate=1.0, generator: mutation.gaussian(genomes, sigma=0.1, generator=generator),
                refuses=refuses,
                **FEW,
            )


@pytest.mark.parametrize("laws", [mutation_laws, crossover_laws])
def test_unknown_keywords_are_refused(laws: Callable[..., Any]) -> None:
    """With the nearest known one."""
    with pytest.raises(TypeError, match=r"no keyword 'bonds' without like=.*did you mean bounds"):
        laws(bonds=(0, 1))
