"""Spaces of genomes: blocks, bounds, and where a search starts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from torch import Tensor, nn

from neuroevo.interface import Interface
from neuroevo.space import Block, Space
from neuroevo.testing.laws import agreement_laws
from neuroevo.testing.strategies import seeds
from subjects.every import every
from subjects.subject import Subject

FILES = ("neuroevo/space.py",)
Facts = Mapping[str, Any]
INFINITE = math.inf

BOUNDS = [(-INFINITE, INFINITE), (-1.0, 3.0), (0.5, INFINITE), (-INFINITE, -2.0), (2.0, 2.5), (-4.0, -3.0)]
"""Lower and upper bounds of a block, on both sides of 0."""

PLAYED = Interface({"kind": "Discrete", "n": 2, "start": 0}, {"kind": "Discrete", "n": 2, "start": 0})


def block(shape: tuple[int, ...], bounds: tuple[float, float], spread: float | None, dtype: torch.dtype | None) -> Any:
    """Return all that can be seen of a block."""
    one = Block(name="x", shape=shape, low=bounds[0], high=bounds[1], spread=spread, dtype=dtype)
    return {"size": one.size, "bounded": one.bounded, "deviation": one.deviation, "dtype": one.dtype}


def plain_block(
    shape: tuple[int, ...], bounds: tuple[float, float], spread: float | None, dtype: torch.dtype | None
) -> Any:
    """State it: the spread of a box is 0.3 of its width, that of anything else 0.1."""
    low, high = bounds
    if not low < high or any(length < 1 for length in shape):
        raise ValueError("block")
    if spread is not None and (not 0 < spread < INFINITE):
        raise ValueError("spread")
    finite = low > -INFINITE and high < INFINITE
    deviation = spread if spread is not None else (0.3 * (high - low) if finite else 0.1)
    return {"size": int(np.prod(shape, dtype=int)), "bounded": finite, "deviation": deviation, "dtype": dtype}


def facts(found: Space) -> Facts:
    """Return all that can be seen of a space."""
    return {
        "blocks": [(one.name, one.shape, one.low, one.high, one.deviation, one.dtype) for one in found.blocks],
        "start": found.start.clone(),
        "anywhere": found.anywhere,
        "genes": (found.size, found.spread.clone(), found.low.clone(), found.high.clone()),
        "interface": found.interface is not None,
        "dtypes": {one.dtype for one in (found.start, found.spread, found.low, found.high)},
    }


def made(blocks: Sequence[Facts], start: Tensor, anywhere: bool) -> Any:
    """Make a space; its start belongs to it alone, and to no graph."""
    given = start.clone().requires_grad_(start.is_floating_point())
    found = Space(tuple(Block(**one) for one in blocks), given, anywhere, PLAYED if anywhere else None)
    seen = facts(found)
    given.detach().fill_(9)
    return {**seen, "kept": found.start.clone(), "grows a graph": found.start.requires_grad}


def plainly_made(blocks: Sequence[Facts], start: Tensor, anywhere: bool) -> Any:
    """State what a space consists of, gene by gene."""
    names, length = [one["name"] for one in blocks], sum(_size(one) for one in blocks)
    if not blocks or len(names) > len(set(names)) or len(start) != length or not start.isfinite().all():
        raise ValueError("space")
    if not start.is_floating_point():
        raise TypeError("start")
    each = [(one["spread"], one["low"], one["high"]) for one in blocks for _ in range(_size(one))]
    spread, low, high = (torch.tensor([gene[place] for gene in each], dtype=start.dtype) for place in range(3))
    return {
        "blocks": [(one["name"], one["shape"], one["low"], one["high"], one["spread"], one["dtype"]) for one in blocks],
        "start": start,
        "anywhere": anywhere,
        "genes": (length, spread, low, high),
        "interface": anywhere,
        "dtypes": {start.dtype},
        "kept": start,
        "grows a graph": False,
    }


def _size(facts: Facts) -> int:
    return int(np.prod(facts["shape"], dtype=int))


def used(blocks: Sequence[Facts], start: Tensor, lead: tuple[int, ...], seed: int, anywhere: bool) -> Any:
    """Split, join, clip and draw genomes."""
    found = Space(tuple(Block(**one) for one in blocks), start, anywhere)
    genomes, generator = _genomes(lead, start, seed), torch.Generator().manual_seed(seed)
    parts = found.split(genomes)
    views = [name for name, part in parts.items() if part.untyped_storage().data_ptr() == _memory(genomes)]
    backwards = dict(reversed([*parts.items()]))
    clipped, before = found.clip(genomes), genomes.clone()
    return {
        "parts": {name: _typed(part.clone()) for name, part in parts.items()},
        "views": views,
        "joined": found.join(backwards).to(start.dtype),
        "new": found.join(parts).untyped_storage().data_ptr() != _memory(genomes),
        "clipped": _typed(clipped.clone()),
        "as it is": clipped is genomes,
        "given": before,
        "drawn": [_typed(found.sample(count, generator=generator)) for count in (3, 1)],
        "begun": _begun(found, seed),
        "shorter": every(found.split, genomes=[genomes[..., 1:], torch.zeros(())])(),
    }


def plainly_used(blocks: Sequence[Facts], start: Tensor, lead: tuple[int, ...], seed: int, anywhere: bool) -> Any:
    """Do the same with slices, gene by gene."""
    genomes, generator = _genomes(lead, start, seed), torch.Generator().manual_seed(seed)
    parts, place = {}, 0
    for one in blocks:
        part = genomes[..., place : place + _size(one)].reshape((*lead, *one["shape"]))
        parts[one["name"]] = part if one["dtype"] is None else part.to(one["dtype"])
        place += _size(one)
    bounded = any(abs(one[end]) < INFINITE for one in blocks for end in ("low", "high"))
    flat = [parts[one["name"]].reshape((*lead, _size(one))).to(start.dtype) for one in blocks]
    begun = _drawn(blocks, start, anywhere, 1, torch.Generator().manual_seed(seed))[0] if anywhere else start
    return {
        "parts": {name: _typed(part) for name, part in parts.items()},
        "views": [one["name"] for one in blocks if one["dtype"] in (None, start.dtype)],
        "joined": torch.cat(flat, dim=-1),
        "new": True,
        "clipped": _typed(_clipped(blocks, genomes)),
        "as it is": not bounded,
        "given": genomes,
        "drawn": [_typed(_drawn(blocks, start, anywhere, count, generator)) for count in (3, 1)],
        "begun": (begun, True),
        "shorter": dict.fromkeys(map(str, (genomes[..., 1:], torch.zeros(()))), "refused"),
    }


def _typed(genomes: Tensor) -> tuple[torch.dtype, Tensor]:
    return genomes.dtype, genomes


def _begun(found: Space, seed: int) -> tuple[Tensor, bool]:
    """Return where a search begins, and whether writing there leaves the space as it is."""
    begun, start = found.begin(generator=torch.Generator().manual_seed(seed)), found.start.clone()
    kept = begun.clone()
    begun.fill_(5)
    return kept, torch.equal(found.start, start)


def _memory(genomes: Tensor) -> int:
    return genomes.untyped_storage().data_ptr()


def _genomes(lead: tuple[int, ...], start: Tensor, seed: int) -> Tensor:
    """Return genomes [..., D] within and beyond the bounds, one gene of which is no number."""
    generator = torch.Generator().manual_seed(seed + 1)
    genomes = 4 * torch.randn(*lead, len(start), generator=generator, dtype=start.dtype)
    genomes[..., -1] = math.nan
    return genomes


def _clipped(blocks: Sequence[Facts], genomes: Tensor) -> Tensor:
    """Return genomes whose genes are at least the lowest and at most the highest ones; NaN is neither."""
    limits = [(one["low"], one["high"]) for one in blocks for _ in range(_size(one))]
    columns = [genomes[..., place].clone() for place in range(len(limits))]
    for column, (low, high) in zip(columns, limits, strict=True):
        column[column < low] = low
        column[column > high] = high
    return torch.stack(columns, dim=-1)


def _drawn(blocks: Sequence[Facts], start: Tensor, anywhere: bool, count: int, generator: torch.Generator) -> Tensor:
    """Return initial genomes [count, D]: normal around the start, or uniform between two bounds if anywhere."""
    shape = (count, len(start))
    normal = torch.randn(shape, generator=generator, dtype=start.dtype)
    spread = torch.tensor([one["spread"] for one in blocks for _ in range(_size(one))], dtype=start.dtype)
    drawn = _clipped(blocks, start + spread * normal)
    if not anywhere:
        return drawn
    uniform = torch.rand(shape, generator=generator, dtype=start.dtype)
    limits = [(one["low"], one["high"]) for one in blocks for _ in range(_size(one))]
    for place, (low, high) in enumerate(limits):
        if abs(low) < INFINITE and abs(high) < INFINITE:
            drawn[:, place] = low + uniform[:, place] * torch.tensor(high - low, dtype=start.dtype)
    return _clipped(blocks, drawn)


def box(size: int, bounds: tuple[float, float], start: Tensor | None, spread: float | None) -> Any:
    """Return all that can be seen of a box."""
    return facts(Space.box(size, low=bounds[0], high=bounds[1], start=start, spread=spread, dtype=torch.float32))


def plain_box(size: int, bounds: tuple[float, float], start: Tensor | None, spread: float | None) -> Any:
    """State it: without a start it is in the middle, or at 0, or at the bound that is nearest to 0."""
    low, high = bounds
    if size < 1 or not low < high or (start is not None and len(start) != size):
        raise ValueError("box")
    finite = low > -INFINITE and high < INFINITE
    middle = 0.5 * low + 0.5 * high if finite else (low if low > 0 else high if high < 0 else 0.0)
    begun = torch.tensor([middle] * size, dtype=torch.float32) if start is None else start
    deviation = spread if spread is not None else (0.3 * (high - low) if finite else 0.1)
    genes = [torch.tensor([one] * size, dtype=begun.dtype) for one in (deviation, low, high)]
    return {
        "blocks": [("x", (size,), low, high, deviation, None)],
        "start": begun,
        "anywhere": finite and start is None,
        "genes": (size, *genes),
        "interface": False,
        "dtypes": {begun.dtype},
    }


class Several(nn.Module):
    """Parameters of several shapes and dtypes, one of them frozen and one shared.

    Args:
        frozen: Name of the parameter that does not evolve.
        double: Whether the weight is in double precision.
    """

    def __init__(self, frozen: str, double: bool) -> None:
        super().__init__()
        values = torch.arange(10.0)
        self.weight = nn.Parameter(values[:6].reshape(2, 3).to(torch.float64 if double else torch.float32))
        self.bias = nn.Parameter(-values[6:8])
        self.head = nn.Module()
        self.head.scale = nn.Parameter(values[8] + 0.5)
        self.head.again = self.weight
        self.counts = nn.Parameter(torch.arange(3), requires_grad=False)
        if frozen:
            self.get_parameter(frozen).requires_grad_(False)


NAMES = ("weight", "bias", "head.scale")
VALUES = {"weight": [0.0, 1.0, 2.0, 3.0, 4.0, 5.0], "bias": [-6.0, -7.0], "head.scale": [8.5]}
SHAPES = {"weight": (2, 3), "bias": (2,), "head.scale": ()}

PATTERNS = ([], ["head.*"], ["bias", "weight"], ["*"], ["w*", "head.scale"], ["nothing"], ["bias", "nothing"], ["bias"])
LIMITS = (
    None,
    {"weight": (1.0, 3.5)},
    {"w*": (2.0, 4.0), "*": (-1.0, 1.0)},
    {"*": (0.0, 1.0), "bias": (5.0, 6.0)},
    {"nothing": (0.0, 1.0)},
    {"counts": (0.0, 1.0)},
    {"bias": (1.0, 0.0)},
)


def of_module(
    only: Sequence[str], bounds: Mapping[str, tuple[float, float]] | None, frozen: str, double: bool, spread: float
) -> Any:
    """Return the space of a module, which stays as it is."""
    module = Several(frozen, double)
    found = facts(Space.of_module(module, only=only, bounds=bounds, spread=spread))
    return {**found, "left": module.weight.detach().clone()}


def plainly_of_module(
    only: Sequence[str], bounds: Mapping[str, tuple[float, float]] | None, frozen: str, double: bool, spread: float
) -> Any:
    """State it: free parameters that match, in the order of the module, at their weights within the bounds."""
    limits, free = bounds or {}, [name for name in NAMES if name != frozen]
    for pattern in (*only, *limits):
        if not any(fnmatchcase(name, pattern) for name in (*NAMES, "counts")):
            raise ValueError(pattern)
    if any(not any(fnmatchcase(name, pattern) for name in free) for pattern in only):
        raise ValueError("frozen")
    chosen = [name for name in free if not only or any(fnmatchcase(name, pattern) for pattern in only)]
    wide = torch.float64 if double and "weight" in chosen else torch.float32
    blocks, start = [], []
    for name in chosen:
        low, high = next(
            (pair for pattern, pair in limits.items() if fnmatchcase(name, pattern)), (-INFINITE, INFINITE)
        )
        if low > high:
            raise ValueError("crossed")
        own = torch.float64 if double and name == "weight" else torch.float32
        blocks.append((name, SHAPES[name], low, high, spread, None if own == wide else own))
        start += [min(max(value, low), high) for value in VALUES[name]]
    each = [(one[4], one[2], one[3]) for one in blocks for _ in range(int(np.prod(one[1], dtype=int)))]
    genes = [torch.tensor([gene[place] for gene in each], dtype=wide) for place in range(3)]
    return {
        "blocks": blocks,
        "start": torch.tensor(start, dtype=wide),
        "anywhere": False,
        "genes": (len(start), *genes),
        "interface": False,
        "dtypes": {wide},
        "left": torch.tensor(VALUES["weight"]).reshape(2, 3).to(torch.float64 if double else torch.float32),
    }


@st.composite
def several_blocks(draw: st.DrawFn, wrong: bool = False) -> Facts:
    """Draw blocks and a start; if wrong, often what does not go together."""
    shapes = draw(st.lists(st.sampled_from([(2,), (), (2, 3), (1,), (3,)]), min_size=0 if wrong else 2, max_size=4))
    names = [f"{'bdac'[place]}" for place in range(len(shapes))]
    if wrong and names and draw(st.booleans()):
        names[-1] = "b"
    free = st.sampled_from([*BOUNDS])
    blocks = []
    for name, shape in zip(names, shapes, strict=True):
        low, high = draw(free)
        dtype = draw(st.sampled_from([None, None, torch.float32, torch.float64]))
        spread = draw(st.sampled_from([0.5, 1.0, 2.0]))
        blocks.append({"name": name, "shape": shape, "low": low, "high": high, "spread": spread, "dtype": dtype})
    length = sum(map(_size, blocks)) + (draw(st.sampled_from([0, 0, 1])) if wrong else 0)
    start = torch.arange(length) - 2
    start = start.to(draw(st.sampled_from([torch.float64, torch.float32, *([torch.int64] if wrong else [])])))
    if wrong and length and start.is_floating_point() and draw(st.sampled_from([False, False, True])):
        start[0] = draw(st.sampled_from([math.nan, math.inf]))
    return {"blocks": blocks, "start": start}


def draws() -> st.SearchStrategy[Facts]:
    """Draw blocks with a seed."""
    return st.tuples(several_blocks(), seeds()).map(lambda one: {**one[0], "seed": one[1]})


BLOCKS = {
    "shape": ((), (3,), (2, 3), (0,), (2, -1)),
    "bounds": (*BOUNDS, (1.0, 1.0), (2.0, 1.0), (math.nan, 1.0), (0.0, math.nan)),
    "spread": (None, 0.5, 0.0, -1.0, math.inf, math.nan),
}
USED = {"lead": ((), (2,), (2, 1)), "anywhere": (False, True)}
BOXES = {
    "size": (0, 1, 3),
    "bounds": (*BOUNDS, (2.0, 1.0)),
    "start": (None, torch.zeros(3), torch.ones(1, dtype=torch.float64)),
    "spread": (None, 0.7),
}
MODULES = {"only": PATTERNS, "bounds": LIMITS}


def _kind(kind: tuple[str, bool]) -> Facts:
    frozen, double = kind
    return {"frozen": frozen, "double": double, "spread": 0.5}


DTYPES = st.fixed_dictionaries({"dtype": st.sampled_from([None, torch.float32])})
NOTHING = st.fixed_dictionaries({})


SUBJECTS = [
    Subject(
        "block of a space",
        FILES,
        lambda: every(block, **BLOCKS),
        lambda: agreement_laws(every(plain_block, **BLOCKS), DTYPES, tolerance=4),
    ),
    Subject(
        "space",
        FILES,
        lambda: every(made, anywhere=(False, True)),
        lambda: agreement_laws(every(plainly_made, anywhere=(False, True)), several_blocks(wrong=True)),
    ),
    Subject(
        "genomes of a space",
        FILES,
        lambda: every(used, **USED),
        lambda: agreement_laws(every(plainly_used, **USED), draws(), tolerance=4),
    ),
    Subject(
        "box",
        FILES,
        lambda: every(box, **BOXES),
        lambda: agreement_laws(every(plain_box, **BOXES), NOTHING, tolerance=4),
    ),
    Subject(
        "space of a module",
        FILES,
        lambda: every(of_module, **MODULES),
        lambda: agreement_laws(
            every(plainly_of_module, **MODULES), st.sampled_from([("", False), ("", True), ("bias", False)]).map(_kind)
        ),
    ),
]
