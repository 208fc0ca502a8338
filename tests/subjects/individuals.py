"""Individuals: what they are made of, their copies, their children, and their genomes as one tensor."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from neuroevo import individual
from neuroevo.individual import Fitness, Individual
from neuroevo.testing.laws import agreement_laws
from subjects.every import every
from subjects.subject import Subject

FILES = ("neuroevo/individual.py",)
Facts = Mapping[str, Any]
DTYPES = st.sampled_from([torch.float32, torch.float64, torch.int64, torch.bool])

FITNESSES = {
    "none": lambda: None,
    "two objectives": lambda: Fitness((1.0, 2.0), weights=(1.0, -1.0)),
    "no fitness": lambda: (1.0,),
}
"""What can be given as a fitness."""


class Created(Individual):
    """An individual with the fitness of its class, as `deap.creator` makes it."""

    def __init__(self, *given: Any, **named: Any) -> None:
        self.fitness = Fitness(weights=(-1.0,))
        super().__init__(*given, **named)


GENOMES = {
    "row": lambda: torch.ones(2, 3)[1],
    "parameter": lambda: torch.ones(3, requires_grad=True),
    "matrix": lambda: torch.ones(1, 3),
    "number": lambda: torch.ones(()),
    "list": lambda: [1, 2],
    "none": lambda: None,
}
"""What can be given as a genome."""


def made(genome: str, fitness: str, own: bool, settings: Mapping[str, Any]) -> Any:
    """Make an individual, and return all that can be seen of it."""
    given, scored = GENOMES[genome](), FITNESSES[fitness]()
    one = (Created if own else Individual)(given, scored, **settings)
    return {
        "genome": one.genome.tolist() if isinstance(one.genome, Tensor) else one.genome,
        "is the one given": getattr(one.genome, "data_ptr", lambda: id(one.genome))()
        == getattr(given, "data_ptr", lambda: id(given))(),
        "grows a graph": getattr(one.genome, "requires_grad", False),
        "fitness": (one.fitness.values, one.fitness.weights, scored is None or one.fitness is scored),
        "place": (one.id, one.parents, one.generation, one.body, one.memory),
        "text": repr(one),
    }


def plainly_made(genome: str, fitness: str, own: bool, settings: Mapping[str, Any]) -> Any:
    """State what an individual of these arguments is."""
    if genome in ("matrix", "number") or fitness == "no fitness" or settings.get("id") is None:
        raise ValueError("individual")
    values = (1.0, 2.0) if fitness == "two objectives" else ()
    weights = (1.0, -1.0) if fitness == "two objectives" else ((-1.0,) if own else (1.0,))
    id, parents, generation = settings["id"], tuple(settings.get("parents", ())), settings.get("generation", 0)
    return {
        "genome": {"row": [1.0] * 3, "parameter": [1.0] * 3, "list": [1, 2], "none": None}[genome],
        "is the one given": True,
        "grows a graph": False,
        "fitness": (values, weights, True),
        "place": (id, parents, generation, settings.get("body"), settings.get("memory")),
        "text": f"Individual(id={id}, parents={parents}, generation={generation}, fitness={values})",
    }


def copied(base: Tensor, place: int, how: str, shared: bool) -> Any:
    """Copy an individual whose genome is a row of a tensor; nothing that is done to the copy may reach the original."""
    row, memory = base[place], {"heads": [1, 2]}
    one = Individual(row, Fitness((2.0,), weights=(-1.0,)), 5, (3, 4), 7, body=row if shared else [0], memory=memory)
    one.history_index, one.tags, one.itself = 9, [1], [one]
    pair = [one, one]
    clones = pickle.loads(pickle.dumps(pair)) if how == "pickle" else copy.deepcopy(pair)
    clone = clones[0]
    seen = {
        "genome": clone.genome.tolist(),
        "dtype": clone.genome.dtype,
        "numbers in memory": clone.genome.untyped_storage().nbytes() // clone.genome.element_size(),
        "facts": (clone.id, clone.parents, clone.generation, clone.history_index, [*clone.tags]),
        "memory": copy.deepcopy(clone.memory),
        "fitness": (clone.fitness.values, clone.fitness.weights),
        "one thing twice": (clones[1] is clone, clone.itself[0] is clone, type(clone) is Individual),
        "body": (clone.body is clone.genome) if shared and how == "copy" else [*clone.body],
        "equal": clone == one,
    }
    clone.genome.zero_()
    clone.memory["heads"].append(3)
    clone.tags.append(2)
    clone.body = None
    del clone.fitness.values
    kept = (one.genome.tolist(), one.memory, one.tags, one.body is not None, one.fitness.values)
    return {**seen, "original": kept}


def plainly_copied(base: Tensor, place: int, how: str, shared: bool) -> Any:
    """State what the copy and the original are."""
    genome = base.tolist()[place]
    return {
        "genome": genome,
        "dtype": base.dtype,
        "numbers in memory": len(genome),
        "facts": (5, (3, 4), 7, 9, [1]),
        "memory": {"heads": [1, 2]},
        "fitness": ((2.0,), (-1.0,)),
        "one thing twice": (True, True, True),
        "body": True if shared and how == "copy" else ([*base[place]] if shared else [0]),
        "equal": True,
        "original": (genome, {"heads": [1, 2]}, [1], True, (2.0,)),
    }


def stacked(base: Tensor, cut: str, rows: Sequence[int], own: bool) -> Any:
    """Return the genomes of individuals as one tensor, and whether it is a part of the memory of all."""
    genomes = _cut(base, cut, rows)
    found = individual.genomes_of([Individual(one, id=0) for one in genomes], copy=own)
    inside = found.untyped_storage().data_ptr() == base.untyped_storage().data_ptr() and found.numel() > 0
    return {"genomes": found.clone(), "shares": inside}


def plainly_stacked(base: Tensor, cut: str, rows: Sequence[int], own: bool) -> Any:
    """Stack lists; memory is shared where they follow one another without gaps."""
    genomes = _cut(base, cut, rows)
    if not genomes or any(not isinstance(one, Tensor) for one in genomes) or len({len(one) for one in genomes}) > 1:
        raise ValueError("genomes")
    width = genomes[0].numel() * genomes[0].element_size()
    follow = all(one.data_ptr() == genomes[0].data_ptr() + place * width for place, one in enumerate(genomes))
    inside = width > 0 and cut in ("rows", "left half") and follow and all(one.is_contiguous() for one in genomes)
    dtype = genomes[0].dtype
    numbers = torch.tensor([one.tolist() for one in genomes], dtype=dtype).reshape(len(genomes), -1)
    return {"genomes": numbers, "shares": not own and inside}


def _cut(base: Tensor, cut: str, rows: Sequence[int]) -> list[Any]:
    """Return genomes: rows of a tensor as they are, or changed in a way that matters to their memory."""
    if cut == "left half":
        return [base[row, : (base.shape[1] + 1) // 2] for row in rows]
    if cut == "clones":
        return [base[row].clone() for row in rows]
    if cut == "one of another length":
        return [base[row] if place else torch.zeros(base.shape[1] + 1).to(base.dtype) for place, row in enumerate(rows)]
    if cut == "one list":
        return [base[row] if place else [0.0] for place, row in enumerate(rows)]
    return [base[row] for row in rows]


def child(parents: Sequence[Facts], like: int | None, id: int) -> Any:
    """Make a child, and return its place in the lineage."""
    family = [_parent(one) for one in parents]
    model = None if like is None or not family else family[like % len(family)]
    one = individual.offspring([0], family, id=id, like=model)
    family[0].fitness.values = (0.0,) * len(family[0].fitness.weights)
    return {
        "place": (one.id, one.parents, one.generation, one.genome),
        "fitness": (one.fitness.values, one.fitness.weights, one.fitness.failure),
        "history": getattr(one, "history_index", None),
        "rest": (one.body, one.memory, type(one).__name__),
    }


def plain_child(parents: Sequence[Facts], like: int | None, id: int) -> Any:
    """State it: one generation after the youngest parent that was scored."""
    if not parents:
        raise ValueError("parents")
    generations = [one["generation"] + (1 if one["scored"] else 0) for one in parents]
    return {
        "place": (id, tuple(one["id"] for one in parents), max(generations), [0]),
        "fitness": ((), parents[0]["weights"], None),
        "history": parents[(like or 0) % len(parents)]["history"],
        "rest": (None, None, "Individual"),
    }


def _parent(facts: Facts) -> Individual:
    fitness = Fitness((1.0,) * len(facts["weights"]) if facts["scored"] else (), weights=facts["weights"])
    one = Individual([1], fitness, facts["id"], (9,), facts["generation"], body="body", memory="memory")
    if facts["history"] is not None:
        one.history_index = facts["history"]
    return one


@st.composite
def bases(draw: st.DrawFn) -> Tensor:
    """Draw numbers [P, D] of any dtype, in their order in memory, column by column or with gaps."""
    rows, length = draw(st.integers(4, 6)), draw(st.sampled_from([3, 2, 1, 0]))
    base = torch.arange(1, rows * length + 1).reshape(rows, length).to(draw(DTYPES))
    layout = draw(st.sampled_from(["dense", "dense", "columns", "gaps"]))
    if layout == "columns":
        return base.t().contiguous().t()
    return base.repeat_interleave(2, 1)[:, ::2] if layout == "gaps" else base


def rows() -> st.SearchStrategy[Facts]:
    """Draw a tensor that has genes, and a row of it."""
    some = bases().filter(lambda base: base.shape[1] > 0)
    return st.fixed_dictionaries({"base": some, "place": st.integers(0, 3)})


def families() -> st.SearchStrategy[Facts]:
    """Draw parents, scored and unscored, of several generations."""
    parent = st.fixed_dictionaries(
        {
            "id": st.integers(0, 9),
            "generation": st.integers(0, 5),
            "scored": st.booleans(),
            "weights": st.sampled_from([(1.0,), (-1.0, 1.0)]),
            "history": st.none() | st.integers(0, 9),
        }
    )
    like = st.none() | st.integers(0, 3)
    return st.fixed_dictionaries({"parents": st.lists(parent, max_size=4), "like": like, "id": st.integers(0, 99)})


def settings() -> st.SearchStrategy[Facts]:
    """Draw settings of the constructor; an individual without an id is refused."""
    some = st.fixed_dictionaries(
        {"id": st.integers(0, 9) | st.integers(0, 9) | st.none()},
        optional={
            "parents": st.lists(st.integers(0, 9), max_size=3),
            "generation": st.integers(0, 9),
            "body": st.just("body"),
            "memory": st.just([1]),
        },
    )
    return st.fixed_dictionaries({"settings": some})


MADE = {"genome": GENOMES, "fitness": FITNESSES, "own": (False, True)}
COPIED = {"how": ("copy", "pickle"), "shared": (False, True)}
STACKED = {
    "cut": ("rows", "left half", "clones", "one of another length", "one list"),
    "rows": ([], [0], [1], [0, 1], [1, 2, 3], [1, 0], [0, 2], [1, 1], [0, 2, 3], [0, 1, 3], [3, 2, 1]),
    "own": (False, True),
}

SUBJECTS = [
    Subject(
        "individual",
        FILES,
        lambda: every(made, **MADE),
        lambda: agreement_laws(every(plainly_made, **MADE), settings(), shares=True),
    ),
    Subject("children of individuals", FILES, lambda: child, lambda: agreement_laws(plain_child, families())),
    Subject(
        "copies of individuals",
        FILES,
        lambda: every(copied, **COPIED),
        lambda: agreement_laws(every(plainly_copied, **COPIED), rows()),
    ),
    Subject(
        "genomes of individuals",
        FILES,
        lambda: every(stacked, **STACKED),
        lambda: agreement_laws(every(plainly_stacked, **STACKED), st.fixed_dictionaries({"base": bases()})),
    ),
]
