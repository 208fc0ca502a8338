"""Crossovers and mutations of `deap.tools` do with individuals what they do with lists, in place and by `from_deap`."""

import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from deap import tools
from hypothesis import given
from hypothesis import strategies as st

from neuroevo import from_deap
from neuroevo.global_generators import reseed, restored
from neuroevo.individual import Fitness, Ids, Individual

BOUNDS: dict[str, Any] = {"low": -1.0, "up": 1.0, "eta": 20.0}
FLOATS: dict[str, dict[str, Any]] = {
    "cxBlend": {"alpha": 0.5},
    "cxOnePoint": {},
    "cxSimulatedBinary": {"eta": 20.0},
    "cxSimulatedBinaryBounded": BOUNDS,
    "cxTwoPoint": {},
    "cxUniform": {"indpb": 0.5},
    "mutGaussian": {"mu": 0.0, "sigma": 1.0, "indpb": 0.5},
    "mutPolynomialBounded": {**BOUNDS, "indpb": 0.5},
}
ORDERS: dict[str, dict[str, Any]] = {
    "cxOrdered": {},
    "cxPartialyMatched": {},
    "cxUniformPartialyMatched": {"indpb": 0.5},
    "mutInversion": {},
    "mutShuffleIndexes": {"indpb": 0.5},
}
WHOLE: dict[str, dict[str, Any]] = {
    "mutFlipBit": {"indpb": 0.5},
    "mutUniformInt": {"low": 0, "up": 9, "indpb": 0.5},
}
STEPS: dict[str, dict[str, Any]] = {
    "cxESBlend": {"alpha": 0.5},
    "cxESTwoPoint": {},
    "mutESLogNormal": {"c": 1.0, "indpb": 0.5},
}
IN_PLACE = {**FLOATS, **ORDERS, **WHOLE, **STEPS}
RENAMED = ("cxESTwoPoints", "cxTwoPoints")
"""Old names."""
BOTH = "as it is, `from_deap`"
WORKS = {**dict.fromkeys((*IN_PLACE, *RENAMED), BOTH), "cxMessyOnePoint": "`from_deap`"}


class Listed(list[Any]):
    """An individual as DEAP's users have it."""

    strategy: list[float]


def individuals(name: str, seed: int, length: int) -> list[Individual]:
    """Return as many individuals as the function takes, with genomes of its kind."""
    generator = torch.Generator().manual_seed(seed)
    rows = torch.rand(2, length, generator=generator, dtype=torch.float64)
    if name in ORDERS:
        rows = rows.argsort(1)
    elif name in WHOLE:
        rows = (2 * rows).long()
    found = [Individual(row, Fitness((1.0,)), id=index) for index, row in enumerate(rows)]
    for one in found:
        one.strategy = [0.5 + one.id] * length
    return found[: 1 if name.startswith("mut") else 2]


def on_lists(function: Callable[..., Any], given_: list[Individual], seed: int, **settings: Any) -> list[Any]:
    """Return what DEAP makes of lists with the same genes."""
    lists = [Listed(one) for one in given_]
    for one, individual in zip(lists, given_, strict=True):
        one.strategy = list(individual.strategy)
    with restored():
        reseed(seed)
        return [(list(one), one.strategy) for one in function(*lists, **settings)]


def genes(found: Any) -> list[Any]:
    """Return genes and strategies of individuals."""
    return [(list(one), one.strategy) for one in found]


SEEDS = st.integers(0, 1000)


@pytest.mark.parametrize("name", IN_PLACE)
@given(SEEDS, st.integers(3, 7))
def test_individuals_can_be_changed_in_place(name: str, seed: int, length: int) -> None:
    """In DEAP's loops, on clones, an operator gives individuals the genes that it gives lists, and returns them."""
    given_, function = individuals(name, seed, length), getattr(tools, name)
    expected = on_lists(function, given_, seed, **IN_PLACE[name])
    with restored():
        reseed(seed)
        found = function(*given_, **IN_PLACE[name])
    assert genes(found) == expected
    assert all(one is other for one, other in zip(found, given_, strict=True))


@pytest.mark.parametrize("name", IN_PLACE)
@given(SEEDS, st.integers(3, 7))
def test_from_deap_gives_the_same_genes(name: str, seed: int, length: int) -> None:
    """`from_deap` gives new individuals the genes that lists get by the same draws, and leaves its arguments alone."""
    given_, function = individuals(name, seed, length), getattr(tools, name)
    before = genes(given_)
    drawn = int(torch.randint(2**32, (), generator=torch.Generator().manual_seed(seed)))
    expected = on_lists(function, given_, drawn, **IN_PLACE[name])
    operator = from_deap(function, generator=torch.Generator().manual_seed(seed), ids=Ids(next=9), **IN_PLACE[name])
    found = operator(*given_)
    assert genes(found) == expected
    assert [one.id for one in found] == [9, 10][: len(given_)]
    assert genes(given_) == before


@pytest.mark.parametrize("name", RENAMED)
def test_old_names_work(name: str) -> None:
    """They do what the new ones do; one of them warns."""
    given_ = individuals(name.removesuffix("s"), 0, 5)
    operator = from_deap(getattr(tools, name), generator=torch.Generator(), ids=Ids(next=9))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        children = operator(*given_)
        assert sorted(gene for one in children for gene in one) == sorted(gene for one in given_ for gene in one)
        with restored():
            assert list(getattr(tools, name)(*given_)) == given_


@given(SEEDS)
def test_lengths_change_by_from_deap_only(seed: int) -> None:
    """Messy crossover gives children of other lengths together; in place a tensor keeps its length, in one sentence."""
    given_ = individuals("cxMessyOnePoint", seed, 5)
    children = from_deap(tools.cxMessyOnePoint, generator=torch.Generator().manual_seed(seed), ids=Ids())(*given_)
    assert sum(map(len, children)) == 10
    assert sorted(gene for one in children for gene in one) == sorted(gene for one in given_ for gene in one)
    with restored():
        for attempt in range(10):
            reseed(attempt)
            try:
                tools.cxMessyOnePoint(*given_)
            except ValueError as error:
                assert "must keep the length" in str(error)  # noqa: PT017 - cuts at one place are no error
                break
        else:
            pytest.fail("no cuts at two places in ten calls")


def test_the_page_has_all_of_them(
    documented: Callable[[str], dict[str, str]], public: Callable[[Any], set[str]]
) -> None:
    """Each crossover and mutation that DEAP has is in the table, with what is tested here."""
    names = {name for name in public(tools) if name.startswith(("cx", "mut"))}
    assert names == set(WORKS)
    assert {name: works for name, works in documented("deap.tools").items() if name in names} == WORKS
