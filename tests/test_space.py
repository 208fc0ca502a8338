"""Spaces: named blocks of genomes, with bounds of their own."""

import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from neuroevo.evolution import evolve
from neuroevo.individual import Individual
from neuroevo.problems import Function
from neuroevo.space import Block, Space
from neuroevo.strategies import SNES

NETWORK = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))


@st.composite
def spaces(draw: st.DrawFn) -> Space:
    """Draw a space, for example of a block [2, 3] in [-1, 1] and a single number without bounds."""
    shapes = draw(st.lists(st.lists(st.integers(1, 3), max_size=2), min_size=1, max_size=4))
    limits = [draw(st.sampled_from([(-1.0, 1.0), (0.5, math.inf), (-math.inf, math.inf)])) for _ in shapes]
    blocks = tuple(
        Block(name=f"b{place}", shape=tuple(shape), low=low, high=high)
        for place, (shape, (low, high)) in enumerate(zip(shapes, limits, strict=True))
    )
    size = sum(block.size for block in blocks)
    return Space(blocks, torch.full((size,), 0.75, dtype=torch.float64), anywhere=draw(st.booleans()))


@given(space=spaces(), seed=st.integers(0, 2**32), lead=st.lists(st.integers(0, 3), max_size=2))
def test_joining_undoes_splitting(space: Space, seed: int, lead: list[int]) -> None:
    """Whatever the leading dimensions, the blocks have their shapes and make the genomes again."""
    genomes = torch.randn(*lead, space.size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    parts = space.split(genomes)
    assert {block.name: (*lead, *block.shape) for block in space.blocks} == {
        name: tuple(part.shape) for name, part in parts.items()
    }
    assert torch.equal(space.join(parts), genomes)


@given(space=spaces(), seed=st.integers(0, 2**32), count=st.integers(0, 5))
def test_first_genomes_lie_in_the_bounds(space: Space, seed: int, count: int) -> None:
    """Samples keep the bounds, the same ones for the same seed, and so does the starting point of a search."""
    first, again = (space.sample(count, generator=torch.Generator().manual_seed(seed)) for _ in range(2))
    assert first.shape == (count, space.size)
    assert torch.equal(first, again)
    assert torch.equal(space.clip(first), first)
    begin = space.begin(generator=torch.Generator().manual_seed(seed))
    assert torch.equal(space.clip(begin), begin)
    assert space.anywhere or torch.equal(begin, space.start)


@given(space=spaces(), seed=st.integers(0, 2**32))
def test_clipping(space: Space, seed: int) -> None:
    """Genes within their bounds stay, others go to the nearest bound, and NaN stays NaN."""
    genomes = 3 * torch.randn(4, space.size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    genomes[0, 0] = math.nan
    clipped = space.clip(genomes)
    assert clipped[0, 0].isnan()
    known = ~genomes.isnan()
    assert bool(((clipped >= space.low) & (clipped <= space.high))[known].all())
    inside = (genomes >= space.low) & (genomes <= space.high)
    assert torch.equal(clipped[inside], genomes[inside])


def test_a_search_begins_at_the_weights_of_a_module() -> None:
    """The space of a module holds its parameters under their names; some of them may be chosen and bounded."""
    whole = Space.of_module(NETWORK)
    assert [block.name for block in whole.blocks] == [name for name, _ in NETWORK.named_parameters()]
    assert torch.equal(whole.start, nn.utils.parameters_to_vector(NETWORK.parameters()).detach())
    head = Space.of_module(NETWORK, only=["2.*"], bounds={"2.bias": (-0.01, 0.01)}, spread=0.5)
    assert [block.name for block in head.blocks] == ["2.weight", "2.bias"]
    assert head.high.tolist() == [math.inf] * 8 + [pytest.approx(0.01)] * 2
    assert head.spread.tolist() == [0.5] * 10
    assert float(head.start[8:].abs().max()) <= 0.010001


def test_spreads() -> None:
    """The default spread is 0.3 of the bounds' width, or 0.1."""
    assert Block(name="x", shape=(2,), low=-1, high=9).deviation == 3
    assert Block(name="x", shape=(2,), low=-1).deviation == 0.1
    assert Block(name="x", shape=(2,), low=-1, high=9, spread=2).deviation == 2


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Space.box(0), r"size, the number of genes D, must be at least 1, but it is 0."),
        (
            lambda: Space.box(2, low=1, high=-1),
            r"the bounds of x must be a lower and a higher one, but they are 1 and -1",
        ),
        (lambda: Space.box(2, low=math.nan), r"the bounds of x must be a lower .* nan and inf."),
        (lambda: Space.box(2, spread=0), r"the spread of x must be finite and above 0, but it is 0."),
        (lambda: Space.box(2, start=torch.zeros(3)), r"start must have the shape \[2\], but it has \[3\]."),
        (lambda: Space((), torch.zeros(0)), r"blocks must be at least one, .* but they are \[\]."),
        (lambda: Block(name="x", shape=(0,)), r"the lengths of x must be at least 1, but its shape is \(0,\)."),
        (lambda: Space.of_module(NETWORK, only=["3.*"]), r"'3.\*' must match a parameter of the module, one of 0.w"),
        (lambda: Space.of_module(nn.Tanh()), r"module must have parameters that can evolve, but a Tanh has none."),
        (lambda: Space.box(2).split(torch.zeros(3)), r"genomes must have the shape \[..., 2\], but they have \[3\]."),
    ],
)
def test_what_is_no_space_is_refused(make: Any, sentence: str) -> None:
    """Crossed bounds, no genes, wrong lengths and unknown names are one sentence each."""
    with pytest.raises(ValueError, match=sentence):
        make()


def test_whole_numbers_are_refused() -> None:
    """Genes are floating point."""
    with pytest.raises(TypeError, match=r"start must be floating point, but it is torch.int64."):
        Space.box(2, start=torch.zeros(2, dtype=torch.int64))


class Parts(nn.Module):
    """Parameters of many kinds."""

    def __init__(self, **parameters: Tensor) -> None:
        super().__init__()
        for name, tensor in parameters.items():
            self.register_parameter(name, nn.Parameter(tensor, requires_grad=name.startswith("free")))


@pytest.mark.parametrize(
    ("module", "only", "sentence"),
    [
        (Parts(a=torch.ones(2)), [], r"^module must have parameters that can evolve, but all of them are frozen"),
        (
            Parts(free=torch.ones(2), a=torch.ones(2)),
            ["a"],
            "^'a' must match a parameter that can evolve, but all that",
        ),
        (
            Parts(free=torch.ones(2, dtype=torch.complex64)),
            [],
            "^parameters that evolve must be floating point, but free",
        ),
        (nn.LazyLinear(2), [], "^weight must have a shape, but it waits for the first inputs"),
        (Parts(free=torch.tensor([1.0, torch.nan])), [], "^start must be finite, but 1 of its 2 genes are not"),
    ],
)
def test_parameters_that_cannot_evolve_are_named(module: nn.Module, only: list[str], sentence: str) -> None:
    """Frozen, complex, unmade and NaN ones, in one sentence."""
    with pytest.raises(ValueError, match=sentence):
        Space.of_module(module, only=only)


def test_a_start_that_requires_a_gradient_grows_no_graph() -> None:
    """Neither it nor step sizes nor genomes of users bring their graph into a search."""
    start, sigma = torch.ones(3, requires_grad=True), torch.ones(3, requires_grad=True)
    space = Space.box(3, start=start)
    strategy = SNES(Function(torch.sum, space), population=4, sigma=sigma)
    for generation in evolve(strategy, 2):
        assert not any(one.genome.requires_grad for one in generation.population)
    assert not strategy.mean.requires_grad
    assert not strategy.sigma.requires_grad
    assert space.start.data_ptr() != start.data_ptr()
    assert not Individual(start, id=0).genome.requires_grad
