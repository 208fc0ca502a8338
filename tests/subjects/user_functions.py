"""Functions of users as problems, encounters, and problems over bits and orders."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.individual import Individual
from neuroevo.problems import combinatorial
from neuroevo.problems.encounter import Encounter
from neuroevo.problems.function import Function
from neuroevo.seeds import stream
from neuroevo.space import Space
from neuroevo.testing.strategies import seeds
from subjects.every import every
from subjects.functions import NOTHING, compared, genomes

FUNCTION, COMBINED = ("neuroevo/problems/function.py",), ("neuroevo/problems/combinatorial.py",)
Facts = Mapping[str, Any]


def _row(genome: Tensor) -> Any:
    """Return two numbers of a genome, or fail in the ways that a user's function does."""
    kind = int(genome[0])
    if kind == 1:
        raise RuntimeError("no solution")
    if kind == 2:
        raise SystemExit(1)
    value = float(genome[1])
    odd = {3: (math.nan, value), 4: (value,), 5: "none", 6: (value, None), 7: (math.inf, value)}
    return odd.get(kind, (value, 2 * value))


def by_one(genome: Tensor) -> Any:
    """Return the values of a genome, and write into it."""
    found = _row(genome)
    genome.zero_()
    return found


def by_all(genomes: Tensor, *, form: str) -> Any:
    """Return the values of genomes in some form, and write into them."""
    rows = [_row(one) for one in genomes]
    genomes.zero_()
    if form == "first":
        return [one[0] for one in rows]
    if form == "column":
        return torch.tensor([[one[0]] for one in rows])
    if form == "short" and len(rows) > 1:
        return rows[1:]
    if form == "array":
        return np.array(rows)
    return torch.tensor(rows) if form == "tensor" else rows


FORMS = ("one", "one of two", "list", "tensor", "array", "first", "column", "short")


def scored(genomes: Tensor, form: str) -> Any:
    """Return the values of individuals, together and alone."""
    problem = _problem(form)
    crowd = [Individual(row.clone(), id=place) for place, row in enumerate(genomes)]
    found = {"together": problem.batch(crowd), "alone": [problem(one) for one in crowd], "none": problem.batch([])}
    return {**found, "kept": torch.stack([one.genome for one in crowd]), "name": problem.name}


def _problem(form: str) -> Function:
    single = form in ("one", "first", "column")
    weights, space = (-1.0,) if single else (1.0, -1.0), Space.box(2)
    if form in ("one", "one of two"):
        one = (lambda genome: by_one(genome)[0]) if single else by_one
        return Function(one, space, weights)
    return Function(partial(by_all, form=form), space, weights, batched=True)


def plainly_scored(genomes: Tensor, form: str) -> Any:
    """Score one after the other; whatever is no finite values counts as failed, but what was measured is kept."""
    single = form in ("one", "first", "column")
    found = [_value(row, 1 if single else 2) for row in genomes]
    name = "<lambda>" if form == "one" else "by_one" if form == "one of two" else "by_all"
    return {"together": found, "alone": found, "none": [], "kept": genomes, "name": name}


def _value(row: Tensor, count: int) -> tuple[float, ...]:
    kind, value = int(row[0]), float(row[1])
    failed = (math.nan,) * count
    if count == 1:
        return failed if kind in (1, 2, 5) else (math.nan,) if kind == 3 else (math.inf,) if kind == 7 else (value,)
    if kind in (1, 2, 4, 5, 6):
        return failed
    return {3: (math.nan, value), 7: (math.inf, value)}.get(kind, (value, 2 * value))


def sloped(genomes: Tensor, weight: float, kind: str) -> Any:
    """Return the gradient of a function, which leaves the genomes as they are."""
    bodies: Mapping[str, Callable[[Tensor], Tensor]] = {
        "cubes": lambda x: (x**3).sum(-1),
        "plateau": lambda x: torch.zeros(len(x), dtype=x.dtype),
    }
    weights = (weight, 1.0) if kind == "two" else (weight,)
    problem = Function(bodies.get(kind, bodies["cubes"]), Space.box(2), weights, batched=kind != "alone")
    with torch.no_grad():
        return problem.gradient(genomes), genomes.requires_grad


def plainly_sloped(genomes: Tensor, weight: float, kind: str) -> Any:
    """Derive it by hand."""
    if kind in ("alone", "two"):
        raise TypeError("gradient")
    return (weight * 3 * genomes**2 if kind == "cubes" else 0 * genomes), False


def met(genomes: Tensor, batched: bool) -> Any:
    """Return the values of genomes against those of others."""

    def function(own: Tensor, *, others: Mapping[str, Tensor]) -> Any:
        rivals = others["prey"].clone()
        others["prey"].zero_()
        return (own.unsqueeze(-2) * rivals).sum((-1, -2)) if batched else (float(own.sum()), float(rivals.sum()))

    crowd = [Individual(row, id=place) for place, row in enumerate(genomes)]
    weights = (1.0,) if batched else (1.0, -1.0)
    encounter = Encounter(function, Space.box(genomes.shape[1]), weights, batched)
    problem = encounter.against({"prey": crowd[:2]})
    found = problem.batch(crowd[:1])
    refused = [every(call, one=[0])() for call in (_called(encounter, crowd), _called(encounter.batch, [crowd]))]
    return found, problem.weights, problem.space is encounter.space, torch.stack([one.genome for one in crowd]), refused


def _called(function: Callable[..., Any], given: Sequence[Any]) -> Callable[..., Any]:
    return lambda one: function(given[one])


def plainly_met(genomes: Tensor, batched: bool) -> Any:
    """State them: the first against the first two."""
    own, rivals = genomes[0].tolist(), genomes[:2].tolist()
    value = sum(mine * theirs for row in rivals for mine, theirs in zip(own, row, strict=True))
    found = [(value,)] if batched else [(sum(own), sum(map(sum, rivals)))]
    return found, (1.0,) if batched else (1.0, -1.0), True, genomes, [{"0": "refused"}] * 2


def combined(seed: int, size: int, capacity: float) -> Any:
    """Return the values of bits and of orders."""
    bits, orders, numbers, table, points = _things(seed, size)
    knapsack = combinatorial.Knapsack(numbers[0], numbers[1], capacity)
    shape = every(lambda numbers: combinatorial.Knapsack(numbers, numbers[:-1], 1.0) and 0, numbers=[numbers[0]])
    square = every(lambda table: combinatorial.Tour(table[:, 1:]) and 0, table=[table])
    flat = every(lambda points: combinatorial.Trip(points[0]) and 0, points=[points])
    return {
        "ones": (combinatorial.ones(bits), combinatorial.ones(bits[0])),
        "knapsack": (knapsack(bits), knapsack(bits[1])),
        "tour": combinatorial.Tour(table)(orders),
        "trip": combinatorial.Trip(points)(orders),
        "refused": [[*one().values()] for one in (shape, square, flat)],
    }


def plainly_combined(seed: int, size: int, capacity: float) -> Any:
    """Compute them one after the other."""
    bits, orders, (weights, values), table, points = _things(seed, size)
    counts = [float(sum(row)) for row in bits.tolist()]
    packed = []
    for row in bits.tolist():
        weight = sum(float(weights[place]) for place in range(size) if row[place])
        value = sum(float(values[place]) for place in range(size) if row[place])
        packed.append(value if weight <= capacity else capacity - weight)
    tours, trips = [], []
    for order in orders.tolist():
        steps = list(zip(order, [*order[1:], order[0]], strict=True))
        tours.append(sum(float(table[here, there]) for here, there in steps))
        trips.append(sum(math.dist(points[here].tolist(), points[there].tolist()) for here, there in steps))
    return {
        "ones": (np.array(counts), np.array(counts[0])),
        "knapsack": (np.array(packed, dtype=float), np.array(packed[1], dtype=float)),
        "tour": np.array(tours),
        "trip": np.array(trips),
        "refused": [["refused"]] * 3,
    }


def _things(seed: int, size: int) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    bits = torch.rand(4, size, generator=generator) < 0.5
    bits[3], bits[2] = True, False
    orders = torch.rand(3, size, generator=generator).argsort(1)
    numbers = torch.randint(1, 4, (2, size), generator=generator)
    return bits, orders, numbers, torch.rand(size, size, generator=generator), torch.rand(size, 2, generator=generator)


def instances(instance: int) -> Any:
    """Return what the well-known problems of a number consist of."""
    ones, packed = combinatorial.onemax(), combinatorial.knapsack(instance=instance)
    trip = combinatorial.tsp(instance=instance)
    inner: Any = packed.function
    points: Any = trip.function
    return {
        "sizes": (ones.space.size, packed.space.size, trip.space.size, combinatorial.onemax(dimensions=3).space.size),
        "weights": (ones.weights, packed.weights, trip.weights),
        "knapsack": (inner.weights, inner.values, inner.capacity),
        "tsp": points.points,
        "values": (ones(Individual(torch.ones(100) > 0, id=0)), packed(Individual(torch.ones(50) > 2, id=0))),
    }


def plain_instances(instance: int) -> Any:
    """State it."""
    if not 0 <= instance < 2**64:
        raise ValueError("instance")
    weights, values = torch.randint(1, 101, (2, 50), generator=stream(instance, "knapsack")).double()
    points = torch.rand(30, 2, generator=stream(instance, "tsp"), dtype=torch.float64)
    return {
        "sizes": (100, 50, 30, 3),
        "weights": ((1.0,), (1.0,), (-1.0,)),
        "knapsack": (weights, values, sum(weights.tolist()) / 2),
        "tsp": points,
        "values": ((100.0,), (0.0,)),
    }


def crowds() -> st.SearchStrategy[Facts]:
    """Draw genomes of two genes: how the function fails, and its value; often it does not."""
    row = st.tuples(st.integers(0, 7) | st.just(0) | st.just(0), st.integers(-3, 3)).map(lambda one: [*map(float, one)])
    rows = st.lists(row, min_size=1, max_size=5)
    return st.fixed_dictionaries({"genomes": rows.map(lambda one: torch.tensor(one).double())})


def numbers() -> st.SearchStrategy[Facts]:
    """Draw a seed, a size and a capacity."""
    return st.fixed_dictionaries({"seed": seeds(), "size": st.integers(2, 6), "capacity": st.sampled_from([3.0, 6.0])})


SCORED = {"form": FORMS}
SLOPED = {"weight": (-1.0, 2.0), "kind": ("cubes", "plateau", "alone", "two")}
MET = {"batched": (False, True)}
INSTANCES = {"instance": (0, 1, 7, -1, 2**64)}

SUBJECTS = [
    compared("function of a user", FUNCTION, scored, plainly_scored, crowds(), **SCORED),
    compared("gradient of a function", FUNCTION, sloped, plainly_sloped, genomes(2, -1.0), **SLOPED),
    compared("encounter", ("neuroevo/problems/encounter.py",), met, plainly_met, genomes(), **MET),
    compared("bits and orders", COMBINED, combined, plainly_combined, numbers()),
    compared("instances of problems", COMBINED, instances, plain_instances, NOTHING, **INSTANCES),
]
