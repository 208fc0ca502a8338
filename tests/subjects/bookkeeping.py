"""What runs count and name: ids, budgets, generations, and the seeds of random streams."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st

from neuroevo.budget import Budget
from neuroevo.generations import are_individuals, born_in
from neuroevo.genes import equal
from neuroevo.ids import Ids
from neuroevo.individual import Fitness, Individual
from neuroevo.seeds import seed_of, stream
from neuroevo.testing.laws import agreement_laws
from subjects.every import every
from subjects.subject import Subject

Facts = Mapping[str, Any]


def counted(begin: int, step: int, calls: int) -> Any:
    """Return ids, and what the counter says after that."""
    ids = Ids(next=begin, step=step)
    return [ids() for _ in range(calls)], ids.next, ids.step, repr(ids), Ids()()


def plainly_counted(begin: int, step: int, calls: int) -> Any:
    """Count by multiplication."""
    if begin < 0 or step < 1:
        raise ValueError("ids")
    after = begin + calls * step
    return [begin + place * step for place in range(calls)], after, step, f"Ids(next={after}, step={step})", 0


def spent(first: Sequence[int], second: Sequence[int], count: int) -> Any:
    """Return budgets in sequence, in parallel and of several."""
    one, other = Budget(*first), Budget(*second)
    return [asdict(each) for each in (one.then(other), one.beside(other), one.times(count), Budget())]


def plainly_spent(first: Sequence[int], second: Sequence[int], count: int) -> Any:
    """Add all work; the critical path of what is done in parallel is the longest."""
    names = ("gradient_steps", "multiply_adds", "critical_path", "evaluations")
    total = dict(zip(names, [mine + theirs for mine, theirs in zip(first, second, strict=True)], strict=True))
    several = dict(zip(names, [count * one for one in first], strict=True))
    return [
        total,
        {**total, "critical_path": max(first[2], second[2])},
        {**several, "critical_path": first[2] if count > 0 else 0},
        dict.fromkeys(names, 0),
    ]


def named(seed: int, path: Sequence[int | str]) -> Any:
    """Return the seed of a stream, and its first draws."""
    return str(seed_of(seed, *path)), torch.rand(2, generator=stream(seed, *path))


def plainly_named(seed: int, path: Sequence[int | str]) -> Any:
    """Mix the low halves of all numbers, the kinds of the path's parts, and the high halves if there are any."""
    words = [seed, *(zlib.crc32(part.encode()) if isinstance(part, str) else part for part in path)]
    if any(not 0 <= word < 2**64 for word in words):
        raise ValueError("seed")
    low, high = [word & 0xFFFFFFFF for word in words], [word // 2**32 for word in words]
    kinds = [1 if isinstance(part, str) else 0 for part in path]
    entropy = [low[0], len(path), *low[1:], *kinds, *(high if sum(high) else [])]
    found = int(np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0])
    return str(found), torch.rand(2, generator=torch.Generator().manual_seed(found))


def born(generation: int, scored: Sequence[bool]) -> Any:
    """Return the generations of individuals after a loop has set them."""
    crowd = [Individual([0], Fitness((1.0,) if one else ()), id=0, generation=7) for one in scored]
    born_in(generation, crowd)
    kinds = [are_individuals(one) for one in (crowd, tuple(crowd), iter(crowd), [*crowd, 1], {1: 2})]
    return [one.generation for one in crowd], kinds


def plainly_born(generation: int, scored: Sequence[bool]) -> Any:
    """State them: those that were scored keep theirs."""
    return [7 if one else generation for one in scored], [True, True, False, False, False]


def viewed(genes: Sequence[float], place: Any, new: Any, kind: str) -> Any:
    """Return what an individual's genome is as a sequence, before and after genes were written."""
    genome: Any = [*genes] if kind == "list" else torch.tensor(genes, dtype=getattr(torch, kind))
    one = Individual(genome, id=0)
    before = ([*one], len(one), bool(one), one[place])
    one[place] = new
    return before, [*one]


def plainly_viewed(genes: Sequence[float], place: Any, new: Any, kind: str) -> Any:
    """Do the same with a list; tensors keep their length, and whole numbers stay whole."""
    convert = int if kind == "int64" else float
    plain: list[Any] = [*genes] if kind == "list" else [convert(one) for one in genes]
    before = ([*plain], len(plain), True, plain[place])
    several = isinstance(place, slice)
    if kind != "list":
        if several != isinstance(new, list) or (several and len(new) != len(plain[place])):
            raise ValueError("length")
        numbers = new if several else [new]
        if any(isinstance(one, str) or (kind == "int64" and one != int(one)) for one in numbers):
            raise TypeError("number")
        new = [convert(one) for one in numbers] if several else convert(new)
    plain[place] = new
    return before, plain


THINGS: Sequence[tuple[str, Any]] = [
    ("row", torch.tensor([1.0, 2.0])),
    ("row", torch.tensor([1.0, 9.0, 2.0, 9.0])[::2]),
    ("other row", torch.tensor([1.0, 3.0])),
    ("double row", torch.tensor([1.0, 2.0], dtype=torch.float64)),
    ("longer row", torch.tensor([1.0, 2.0, 3.0])),
    ("one number", torch.tensor([1.0])),
    ("no number", torch.tensor([float("nan"), 1.0])),
    ("no number", torch.tensor([float("nan"), 1.0])),
    ("array", np.array([1.0, 2.0])),
    ("list", [1.0, 2.0]),
    ("list", [1.0, 2.0]),
    ("longer list", [1.0, 2.0, 3.0]),
    ("tuple", (1.0, 2.0)),
    ("list of rows", [torch.tensor([1.0, 2.0])]),
    ("list of rows", [torch.tensor([1.0, 2.0])]),
    ("list of other rows", [torch.tensor([1.0, 5.0])]),
    ("names", {"a": torch.tensor([1.0, 2.0])}),
    ("names", {"a": torch.tensor([1.0, 2.0])}),
    ("other names", {"b": torch.tensor([1.0, 2.0])}),
    ("more names", {"a": torch.tensor([1.0, 2.0]), "b": 1}),
    ("nothing", None),
    ("nan", float("nan")),
    ("nan", float("nan")),
    ("one", 1.0),
]
"""Genomes, and what they are: those of one name are equal, others are not."""


def alike(turn: int) -> Any:
    """Return whether genomes are equal, pair by pair, and individuals with them."""
    things = [thing for _, thing in [*THINGS[turn:], *THINGS[:turn]]]
    pairs = [[equal(first, second) for second in things] for first in things]
    crowd = [Individual(thing, id=place) for place, thing in enumerate(things)]
    return pairs, [[first == second for second in crowd] for first in crowd], crowd[0] == 3, bool(crowd[0])


def plainly_alike(turn: int) -> Any:
    """Compare the names."""
    names = [name for name, _ in [*THINGS[turn:], *THINGS[:turn]]]
    pairs = [[first == second for second in names] for first in names]
    return pairs, pairs, False, True


IDS = {"begin": (-1, 0, 3), "step": (0, 1, 2), "calls": (0, 1, 3)}
SEEDS = {"seed": (0, 1, 2**32, 2**64 - 1, 2**64, -1)}
BORN = {"generation": (0, 3)}
VIEWED = {
    "place": (0, -1, slice(0, 2), slice(None, None, -1), slice(1, 1)),
    "new": (5, 0.5, [7, 8], [7, 0.5], [6, 5, 4], [], "x"),
    "kind": ("float64", "int64"),
}
NUMBERS = st.lists(st.integers(0, 9), min_size=4, max_size=4)
PATHS = st.lists(st.sampled_from(["life", "critic", 0, 3, 2**32, 2**40 + 1, -1, 2**64]), max_size=4)


def laws_of(name: str, files: Sequence[str], mine: Any, plain: Any, drawn: Facts, **choices: Any) -> Subject:
    """Return the subject of a function that is compared with a plain one."""
    arguments = st.fixed_dictionaries(dict(drawn))
    return Subject(
        name, files, lambda: every(mine, **choices), lambda: agreement_laws(every(plain, **choices), arguments)
    )


SUBJECTS = [
    laws_of("ids", ("neuroevo/ids.py",), counted, plainly_counted, {}, **IDS),
    laws_of(
        "budgets",
        ("neuroevo/budget.py",),
        spent,
        plainly_spent,
        {"first": NUMBERS, "second": NUMBERS},
        count=(0, 1, 3),
    ),
    laws_of("seeds of streams", ("neuroevo/seeds.py",), named, plainly_named, {"path": PATHS}, **SEEDS),
    laws_of(
        "generations",
        ("neuroevo/generations.py",),
        born,
        plainly_born,
        {"scored": st.lists(st.booleans(), min_size=1, max_size=4)},
        **BORN,
    ),
    laws_of("genes by place", ("neuroevo/genes.py",), viewed, plainly_viewed, {"genes": NUMBERS}, **VIEWED),
    laws_of(
        "equality of genomes",
        ("neuroevo/genes.py", "neuroevo/individual.py"),
        alike,
        plainly_alike,
        {"turn": st.integers(0, len(THINGS) - 1)},
    ),
]
