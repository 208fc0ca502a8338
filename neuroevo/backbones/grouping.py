"""Finds the channel groups of a network: channels that lie in the same tensors in the same order."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from neuroevo.backbones.numbered import FIRST, Followed, Numbered

Stretch = tuple[int, int]
"""A group by number and the neighbouring places of each of its channels; -1 and a length for what is kept whole."""

WHOLE = -1


class Grouping:
    """The groups of all channels of a graph.

    Channels that are tied are one unit. Units belong to one group if they lie in the same tensors, and every tensor has
    all units of a group in one order. What does not fit that (a single unit, an order that a shuffle has changed) is
    kept whole.
    """

    def __init__(self, found: Followed) -> None:
        self.found = found
        self.units = _units(found)
        self.group = torch.full((int(self.units.max()) + 1,), WHOLE)
        self.rank = torch.zeros_like(self.group)
        self.alive = torch.ones(len(self.group), dtype=torch.bool)
        self.alive[0] = False
        self.sizes: list[int] = []
        self.known: dict[int, tuple[int, Tensor]] = {}
        self._settle()

    def axes(self, numbers: Tensor) -> tuple[tuple[Stretch, ...], ...]:
        """Return the stretches of each axis of a tensor."""
        carrying, vector = self._carrying(numbers)
        return tuple(
            self._stretches(vector) or () if axis == carrying else ((WHOLE, length),)
            for axis, length in enumerate(numbers.shape)
        )

    def vector(self, numbers: Tensor) -> tuple[Stretch, ...]:
        """Return the stretches of one axis."""
        return self._stretches(self._resolved(numbers)) or ()

    def _resolved(self, numbers: Tensor) -> Tensor:
        """Return the unit of each element, 0 for what is kept whole and -1 for padding."""
        place = torch.where(numbers >= FIRST, numbers - FIRST + 1 + self.found.elements, numbers.clamp(min=0))
        units = self.units[place]
        return torch.where(numbers < 0, numbers, torch.where(self.alive[units], units, 0))

    def _carrying(self, numbers: Tensor) -> tuple[int, Tensor]:
        """Return the axis along which the unit changes, and its units; without one -1 and all units."""
        if id(numbers) not in self.known:
            self.known[id(numbers)] = self._along(self._resolved(_small(numbers)))
        return self.known[id(numbers)]

    def _along(self, units: Tensor) -> tuple[int, Tensor]:
        if not bool((units > 0).any()):
            return -1, units.flatten()[:0]
        for axis, length in enumerate(units.shape):
            if length > 1:
                rows = units.movedim(axis, 0).flatten(1) if units.ndim > 1 else units.unsqueeze(1)
                highest = rows.amax(1, keepdim=True)
                if bool(((rows == highest) | (rows == -1)).all()):
                    return axis, highest.flatten().clamp(min=0)
        return -1, units

    def _stretches(self, vector: Tensor) -> tuple[Stretch, ...] | None:
        """Return the stretches of the units along an axis, or None if they are in another order."""
        runs, lengths = torch.unique_consecutive(vector, return_counts=True)
        found: list[Stretch] = []
        place = 0
        while place < len(runs):
            unit, block = int(runs[place]), int(lengths[place])
            if unit == 0:
                found.append((WHOLE, block))
                place += 1
                continue
            group = int(self.group[unit])
            end = place + self.sizes[group]
            ranks = self.rank[runs[place:end]]
            right = len(ranks) == self.sizes[group] and bool((self.group[runs[place:end]] == group).all())
            if (
                not right
                or not bool((ranks == torch.arange(len(ranks))).all())
                or bool((lengths[place:end] != block).any())
            ):
                return None
            found.append((group, block))
            place = end
        return tuple(found)

    def _keep_whole(self, units: Tensor) -> None:
        """Keep units whole, with all others of their groups."""
        self.known.clear()
        units = units[units > 0].unique()
        groups = self.group[units].unique()
        self.alive[units] = False
        for group in groups[groups >= 0].tolist():
            self.alive[self.group == group] = False

    def _settle(self) -> None:
        """Group the units, and keep whole what can't be grouped, until all fits."""
        while True:
            before = int(self.alive.sum())
            vectors = self._vectors()
            if int(self.alive.sum()) == before:
                self._group(vectors)
            if int(self.alive.sum()) == before:
                for vector in vectors:
                    if self._stretches(vector) is None:
                        self._keep_whole(vector)
            if int(self.alive.sum()) == before:
                self._check_axes()
            if int(self.alive.sum()) == before:
                return

    def _tensors(self) -> Iterable[Tensor]:
        seen = set()
        for value in self.found.values.values():
            for one in value if isinstance(value, list | tuple) else [value]:
                if isinstance(one, Numbered) and id(one.numbers) not in seen:
                    seen.add(id(one.numbers))
                    yield one.numbers

    def _vectors(self) -> list[Tensor]:
        """Return the units along every axis that carries some; keep whole what is not carried by one axis."""
        found: dict[bytes, Tensor] = {}
        for numbers in self._tensors():
            axis, vector = self._carrying(numbers)
            if axis >= 0:
                found[vector.numpy().tobytes()] = vector
            elif len(vector):
                self._keep_whole(vector)
        for vectors in self.found.weights.values():
            for vector in map(self._resolved, vectors):
                if bool((vector > 0).any()):
                    found[vector.numpy().tobytes()] = vector
        return [*found.values()]

    def _group(self, vectors: list[Tensor]) -> None:
        """Put units into one group that lie in the same vectors, equally often."""
        marks = torch.zeros(len(self.group), dtype=torch.int64)
        seed = torch.Generator().manual_seed(0)
        first = torch.full((len(self.group),), 1 << 40)
        start = 0
        for vector in vectors:
            mark = torch.randint(1 << 62, (), generator=seed)
            marks.index_add_(0, vector, mark.expand(len(vector)).contiguous())
            first.scatter_reduce_(0, vector, torch.arange(start, start + len(vector)), "amin")
            start += len(vector)
        order = first.argsort(stable=True)
        order = order[self.alive[order] & (first[order] < 1 << 40)]
        self.group.fill_(WHOLE)
        self.sizes = []
        known: dict[int, int] = {}
        for unit, mark in zip(order.tolist(), marks[order].tolist(), strict=True):
            group = known.setdefault(mark, len(known))
            if group == len(self.sizes):
                self.sizes.append(0)
            self.group[unit], self.rank[unit] = group, self.sizes[group]
            self.sizes[group] += 1
        for group, size in enumerate(self.sizes):
            if size < 2:
                self._keep_whole((self.group == group).nonzero().flatten())

    def _check_axes(self) -> None:
        """Keep whole what is read by position, or meets numbers that can't change with it."""
        for numbers, axis in self.found.fixed:
            carrying, vector = self._carrying(numbers)
            if carrying == axis % numbers.ndim:
                self._keep_whole(vector)
        for result, one in self.found.beside:
            if one is result:
                continue
            axis, vector = self._carrying(result)
            own = axis - result.ndim + one.ndim
            if axis >= 0 and own >= 0 and one.shape[own] > 1:
                other, theirs = self._carrying(one)
                if other != own or not torch.equal(theirs, vector):
                    self._keep_whole(vector)


def _small(numbers: Tensor) -> Tensor:
    """Return the numbers with axes along which they do not change of length 1."""
    for axis, length in enumerate(numbers.shape):
        if length > 1 and numbers.stride(axis) == 0:
            numbers = numbers.narrow(axis, 0, 1)
    return numbers


def _units(found: Followed) -> Tensor:
    """Return the unit of each number: elements of parameters first, then channels; 0 for those of several units."""
    elements, total = found.elements + 1, found.elements + 1 + found.channels
    ties = torch.cat([torch.zeros(2, 0, dtype=torch.int64), *found.ties], 1)
    ties = torch.where(ties >= FIRST, ties - FIRST + elements, ties)
    inner = (ties < elements).sum(0)
    units = torch.zeros(total, dtype=torch.int64)
    units[elements:] = 1 + _components(ties[:, inner == 0] - elements, found.channels)
    bunches = _components(ties[:, inner == 2], elements)
    element, channel = ties[:, inner == 1].sort(0).values
    pairs = torch.stack([bunches[element], units[channel]]).unique(dim=1)
    bunch, counts = pairs[0].unique(return_counts=True)
    only = torch.zeros(int(bunches.max()) + 1, dtype=torch.int64)
    only[pairs[0]] = pairs[1]
    only[bunch[counts > 1]] = 0
    units[1:elements] = only[bunches[1:]]
    return units


def _components(ties: Tensor, count: int) -> Tensor:
    if not count:
        return torch.zeros(0, dtype=torch.int64)
    one, other = ties.numpy()
    # Imported here, because names of backbones are asked for by commands that trace nothing.
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    matrix = coo_matrix((torch.ones(len(one), dtype=torch.int8).numpy(), (one, other)), shape=(count, count))
    return torch.from_numpy(connected_components(matrix, directed=False)[1]).long()
