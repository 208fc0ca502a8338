"""Genomes as values: equality, genes for a tensor, and individuals as sequences of their genes."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from torch import Tensor

from neuroevo import genes
from neuroevo.individual import Individual
from neuroevo.testing.laws import agreement_laws
from subjects.subject import Subject

COVERS = ("neuroevo/genes.py",)
DTYPES = (torch.float32, torch.float64, torch.int64, torch.uint8, torch.bool)


@dataclass(eq=False)
class Held:
    """A genome that has no equality of its own."""

    first: Any
    second: Any


@dataclass
class Valued:
    """A genome that is equal by its content."""

    first: Any


class Row(list[Any]):
    """A list of a class of its own."""


NUMBERS = st.sampled_from([0, 1, 2.0, -1.5, True, math.nan, math.inf, "x", None])
REALS = st.lists(st.sampled_from([0.0, 1.0, math.nan, -2.0]), max_size=3)


def contents() -> st.SearchStrategy[Any]:
    """Draw genomes of many kinds."""
    tensors = st.builds(lambda row, dtype: torch.tensor(row).to(dtype), REALS, st.sampled_from(DTYPES[:2]))
    arrays = st.builds(lambda row, dtype: np.array(row, dtype=dtype), REALS, st.sampled_from(["f4", "f8"]))

    def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        few = st.lists(inner, max_size=2)
        return (
            few
            | few.map(tuple)
            | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
            | st.builds(Held, inner, inner)
            | st.builds(Valued, NUMBERS)
            | st.lists(st.integers(0, 1), max_size=2).map(Row)
        )

    return st.recursive(NUMBERS | tensors | arrays, nested, max_leaves=4)


@st.composite
def pairs(draw: DrawFn) -> Mapping[str, Any]:
    """Draw two genomes: one and its copy, one and a part of it or something like it, or any two."""
    first = draw(contents())
    others = [copy.deepcopy(first), first, draw(contents()), _changed(first), {"a": first}, [first], (first,)]
    return {"first": first, "second": draw(st.sampled_from(others))}


PAIRS = {
    "genomes": pairs(),
    "numbers": st.fixed_dictionaries({"first": NUMBERS, "second": NUMBERS}),
    "rows": st.fixed_dictionaries({"first": REALS.map(torch.tensor), "second": REALS.map(torch.tensor)}),
}


def _changed(genome: Any) -> Any:
    """Return a genome with other genes, another order, dtype or shape."""
    if isinstance(genome, Tensor):
        return genome.double() if len(genome) % 2 else genome.unsqueeze(0)
    if isinstance(genome, np.ndarray):
        return torch.from_numpy(genome)
    if isinstance(genome, dict):
        return {key: _changed(genome[key]) if key == "b" else genome[key] for key in reversed(genome)}
    if isinstance(genome, Held):
        return Held(copy.deepcopy(genome.first), _changed(genome.second))
    return genome[:-1] if isinstance(genome, list | tuple) else -1


def plainly_equal(first: Any, second: Any) -> bool:
    """Compare what two genomes consist of."""
    return first is second or bool(canonical(first) == canonical(second))


def canonical(genome: Any) -> Any:
    """Return a genome as plain values, with names for what has no equality."""
    if isinstance(genome, Tensor | np.ndarray):
        return type(genome).__name__, str(genome.dtype), genome.shape, canonical(genome.tolist())
    if isinstance(genome, dict):
        return "mapping", {key: canonical(value) for key, value in genome.items()}
    if type(genome) in (list, tuple):
        return type(genome).__name__, [canonical(each) for each in genome]
    if isinstance(genome, Row):
        return "list", [*genome]
    if isinstance(genome, Held):
        return "held", [canonical(getattr(genome, one.name)) for one in fields(genome)]
    return "nan" if isinstance(genome, float) and math.isnan(genome) else genome


@st.composite
def writings(draw: DrawFn) -> Mapping[str, Any]:
    """Draw numbers, or what is none, and a tensor that they shall become like."""
    like = torch.zeros(2, dtype=draw(st.sampled_from(DTYPES)))
    # Whether PyTorch takes a whole number of that size for a real one differs from version to version.
    huge = [] if like.is_floating_point() else [2**70]
    number = st.sampled_from([0, 1, -1, 300, 2.0, 0.5, True, False, 2**40, math.nan, math.inf, *huge])
    rows = st.lists(number, max_size=3)
    whole = rows.filter(lambda row: all(abs(each) < 2**60 and math.isfinite(each) for each in row))
    as_tensor = whole.map(lambda row: torch.tensor(row, dtype=torch.float64))
    drawn = number | rows | rows.map(tuple) | as_tensor | as_tensor.map(lambda row: row.to(like.dtype))
    wrong = st.sampled_from(["x", ["x"], [None], None, [[1, 0], [0, 1]], [[1], [0, 1]]])
    return {"genes": draw(drawn | as_tensor.map(Tensor.numpy) | wrong), "like": like}


def elsewhere() -> st.SearchStrategy[Mapping[str, Any]]:
    """Draw real numbers, and a tensor without values on another device."""
    like = torch.zeros(2, device="meta")
    return st.fixed_dictionaries({"genes": REALS, "like": st.just(like)})


def plainly_held(genes: Any, like: Tensor) -> Tensor:
    """Convert number by number, and refuse what would be cut or rounded to a whole number."""
    plain = genes.tolist() if isinstance(genes, Tensor | np.ndarray) else genes
    if isinstance(plain, list | tuple):
        rows = [plainly_held(each, like) for each in plain]
        if len({row.shape for row in rows}) > 1:
            raise TypeError(genes)
        return torch.stack(rows) if rows else like[:0].clone()
    if not isinstance(plain, bool | int | float):
        raise TypeError(genes)
    if like.is_floating_point():
        return torch.tensor(float(plain), dtype=torch.float64).to(like)
    least, most = {torch.bool: (0, 1), torch.uint8: (0, 255), torch.int64: (-(2**63), 2**63 - 1)}[like.dtype]
    if not math.isfinite(plain) or plain != int(plain) or not least <= plain <= most:
        raise TypeError(genes)
    return torch.tensor(int(plain), dtype=torch.int64).to(like.dtype)


PLACES = {"here": writings(), "elsewhere": elsewhere()}


@st.composite
def looks(draw: DrawFn) -> Mapping[str, Any]:
    """Draw a genome, a place or a slice of it, and genes that are written there."""
    length = draw(st.integers(0, 4))
    row = draw(st.lists(st.integers(0, 9), min_size=length, max_size=length))
    kind = draw(st.sampled_from(["float", "int", "list", "none"]))
    genome: Any = {"float": torch.tensor(row, dtype=torch.float32), "int": torch.tensor(row), "list": row}.get(kind)
    place = draw(st.integers(-5, 5) | st.slices(max(1, length)))
    written = draw(st.sampled_from([7, 0.5]) | st.lists(st.sampled_from([7, 8]), max_size=4))
    return {"genome": genome, "place": place, "written": written}


def seen(genome: Any, place: Any, written: Any) -> list[Any]:
    """Look at an individual as a sequence, and write into it."""
    one = Individual(copy.deepcopy(genome), id=3)
    if isinstance(genome, Tensor) and genome.is_floating_point():
        one.genome.requires_grad_()
    found: list[Any] = [bool(one), [*one], len(one), _or_error(lambda: one[place])]
    found.append(_or_error(lambda: one.__setitem__(place, written)))
    after = one.genome.tolist() if isinstance(one.genome, Tensor) else one.genome
    kinds = sorted({type(each).__name__ for each in [*found[1], *after]})
    before = Individual(genome, id=4)
    return [*found, after, kinds, one == before, one != before, one == 3, getattr(one, "__hash__", 1) is None]


def plainly_seen(genome: Any, place: Any, written: Any) -> list[Any]:
    """Look at a list, and write into it."""
    if genome is None:
        raise TypeError("no genes")
    row = genome.tolist() if isinstance(genome, Tensor) else [*genome]
    found: list[Any] = [True, [*row], len(row), _or_error(lambda: row[place])]
    after = [*row]
    found.append(_or_error(lambda: _written(after, genome, place, written)))
    kinds = sorted({type(each).__name__ for each in [*row, *after]})
    return [*found, after, kinds, after == row, after != row, False, True]


def _written(row: list[Any], genome: Any, place: Any, written: Any) -> None:
    """Write into a list what a genome takes: a tensor keeps its length and its dtype."""
    if not isinstance(genome, Tensor):
        row[place] = written
        return
    new = plainly_held(written, genome).tolist()
    if not isinstance(place, slice):
        row[place]
        if isinstance(new, list):
            raise ValueError(written)
        row[place] = new
        return
    places = range(len(row))[place]
    if not isinstance(new, list) or len(new) != len(places):
        raise ValueError(written)
    for one, gene in zip(places, new, strict=True):
        row[one] = gene


def _or_error(look: Any) -> Any:
    """Return what is seen, or the kind of the error."""
    try:
        return look()
    except (IndexError, TypeError, ValueError) as error:
        return type(error).__name__


SUBJECTS = [
    Subject("equality of genomes", COVERS, lambda: genes.equal, lambda: agreement_laws(plainly_equal, PAIRS)),
    Subject(
        "genes for a tensor",
        COVERS,
        lambda: genes.as_genes,
        lambda: agreement_laws(plainly_held, PLACES),
    ),
    Subject("individuals as sequences", COVERS, lambda: seen, lambda: agreement_laws(plainly_seen, looks())),
]
