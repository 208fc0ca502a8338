"""Rules of conduct that are watched while a toolbox is used: what breaks them in a real run.

    with watched(strategy) as notices:
        for record in evolve(strategy, 10):
            ...
    assert not notices, notices

The laws of `neuroevo.testing.laws` judge one operator by drawn cases; here all operators of a toolbox are judged by the
arguments that a run gives them. The run is the same as without: its draws, results and records are equal bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from deap.base import Toolbox

from neuroevo.global_generators import fingerprints
from neuroevo.individual import Individual, genomes_of
from neuroevo.space import Space
from neuroevo.testing.traces import alike, individuals_in, overlap, spans, tensors_in, trace

UNCHANGED = "arguments are left unchanged"
OWN_MEMORY = "results share no storage with arguments"
APART = "new individuals share no memory"
GLOBALS = "global generators are left alone"
FINITE = "what is made is finite"
BOUNDS = "what is made lies within the bounds"
UNSCORED = "new individuals have no score"
IDS = "new individuals have ids of their own"
CHOSEN = "the chosen are among the given"

CHOOSING = frozenset({"select", "replace", "represent", "exploit", "migrate"})
"""Operators that return individuals that they are given."""

COPYING = frozenset({"clone"})
"""Operators whose results are equal to what they are given, score and id included."""

IN_PLACE = frozenset({"mate", "mutate"})
"""Operators that may change individuals of DEAP, whose loops give them clones."""

ALL_OF_THE_FIRST = 20
"""Calls of an operator that are all watched; later ones every so often."""


@dataclass(frozen=True)
class Notice:
    """A rule that an operator broke.

    Attributes:
        operator: The operator's name in the toolbox.
        law: The rule.
        complaint: What happened first.
        call: Number of the operator's call in which it happened first, from 1.
        times: How often it was noticed.
    """

    operator: str
    law: str
    complaint: str
    call: int
    times: int = 1

    def __str__(self) -> str:
        return (
            f"{self.operator} breaks the rule '{self.law}': {self.complaint} (first in call {self.call}, noticed "
            f"{self.times} times)"
        )


@contextmanager
def watched(
    watched: Any, *, space: Space | None = None, every: int = 10, ignore: Sequence[str] = ()
) -> Iterator[list[Notice]]:
    """Watch the operators of a toolbox within the block, and list what breaks the rules of conduct.

    The first 20 calls of each operator are watched, and of later ones every tenth. What runs in worker processes is
    not watched there: arguments and results are, here. Operators of DEAP, which change their arguments and draw from
    `random`, break "global generators are left alone"; name that in `ignore` where it is known.

    Args:
        watched: A toolbox, or an object with one as its attribute `toolbox`, such as a strategy.
        space: Whose bounds genomes must keep; default that of the strategy.
        every: Of later calls each of this number is watched; 1 for all.
        ignore: Rules that are not judged.

    Yields:
        The notices: one for each operator and rule, in the order in which they came up.

    Raises:
        ValueError: `every` is below 1.
    """
    if every < 1:
        raise ValueError(f"every must be at least 1, but it is {every}.")
    toolbox: Toolbox = getattr(watched, "toolbox", watched)
    watch = Watch(space or getattr(watched, "space", None), every, frozenset(ignore))
    originals = {name: one for name, one in vars(toolbox).items() if isinstance(one, partial)}
    try:
        for name, operator in originals.items():
            setattr(toolbox, name, Watched(operator, name, watch))
        yield watch.notices
    finally:
        for name, operator in originals.items():
            if isinstance(getattr(toolbox, name, None), Watched):
                setattr(toolbox, name, operator)


class Watched(partial[Any]):
    """An operator whose calls are watched; looking through partials, or pickling it, gives the operator itself."""

    original: partial[Any]
    name: str
    watch: Watch

    def __new__(cls, original: partial[Any], name: str, watch: Watch) -> Watched:
        """Return the operator, watched."""
        made = super().__new__(cls, original)
        made.original, made.name, made.watch = original, name, watch
        return made

    def __call__(self, /, *arguments: Any, **keywords: Any) -> Any:
        """Call the operator, and look at its arguments and results."""
        if self.name == "map":
            return self.watch.map(self, *arguments, **keywords)
        return self.watch.call(self.name, self.original, arguments, keywords)

    def __reduce__(self) -> tuple[Any, ...]:
        return _itself, (self.original,)


def _itself(operator: Any) -> Any:
    return operator


class Watch:
    """What has been seen so far.

    Args:
        space: Whose bounds genomes must keep; None for any.
        every: Of later calls each of this number is watched.
        ignore: Rules that are not judged.
    """

    def __init__(self, space: Space | None, every: int, ignore: frozenset[str]) -> None:
        self.space = space
        self.every = every
        self.ignore = ignore
        self.notices: list[Notice] = []
        self._places: dict[tuple[str, str], int] = {}
        self._calls: dict[str, int] = {}
        self._ids: set[int] = set()
        self._broken: list[set[str]] = []

    def map(self, verb: Watched, function: Any, *iterables: Any, **keywords: Any) -> Any:
        """Call a map; what it calls is judged by its name, once for all items."""
        given = [list(items) for items in iterables]
        name, inner = (function.name, function.original) if isinstance(function, Watched) else ("map", function)

        def mapped(*lists: Any) -> Any:
            found = verb.original(inner, *lists, **keywords)
            # A lazy map would go on after the look at the arguments.
            return found if isinstance(found, list) else list(found)

        return self.call(name, mapped, tuple(given), {})

    def call(self, name: str, operator: Any, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
        """Call an operator, and note what it does wrong."""
        number = self._calls[name] = self._calls.get(name, 0) + 1
        if number > ALL_OF_THE_FIRST and number % self.every:
            return operator(*arguments, **keywords)
        given = (*arguments, *keywords.values())
        before, states = trace(given), fingerprints()
        self._broken.append(set())
        try:
            result = operator(*arguments, **keywords)
            for law, complaint in self._complaints(name, given, before, states, result):
                if law not in self._broken[-1] and law not in self.ignore:
                    self._note(name, law, complaint, number)
        finally:
            # What an operator did wrong is not the fault of the one that called it.
            inner = self._broken.pop()
            if self._broken:
                self._broken[-1] |= inner
        return result

    def _note(self, name: str, law: str, complaint: str, call: int) -> None:
        self._broken[-1].add(law)
        place = self._places.setdefault((name, law), len(self.notices))
        if place == len(self.notices):
            self.notices.append(Notice(name, law, complaint, call))
        else:
            known = self.notices[place]
            self.notices[place] = replace(known, times=known.times + 1)

    def _complaints(
        self, name: str, given: tuple[Any, ...], before: object, states: Mapping[str, object], result: Any
    ) -> Iterator[tuple[str, str]]:
        individuals = individuals_in(given)
        in_place = name in IN_PLACE and not all(isinstance(one, Individual) for one in individuals)
        if not in_place and trace(given) != before:
            yield UNCHANGED, "the call changed one"
        if fingerprints() != states:
            yield GLOBALS, "the call moved one of random, numpy.random or torch"
        known, found = {id(one) for one in individuals}, individuals_in(result)
        if name in CHOOSING and any(id(one) not in known for one in found):
            yield CHOSEN, "one was not"
        new = [one for one in found if id(one) not in known and isinstance(one, Individual)]
        memory = spans(tensors_in(new if found else result))
        if overlap(memory, spans(tensors_in(given))):
            yield OWN_MEMORY, "a tensor of the result lies in memory of an argument"
        if new and name not in COPYING:
            yield from self._complaints_about(new, individuals)

    def _complaints_about(self, new: Sequence[Individual], given: Sequence[Any]) -> Iterator[tuple[str, str]]:
        if any(first[1] >= second[0] for first, second in pairwise(spans(tensors_in(new)))):
            yield APART, "two genomes have memory in common"
        # An operator may pass on what was wrong before.
        if (law := self._wrong(new)) and law != self._wrong(given):
            yield law, "a gene is NaN or infinite" if law == FINITE else "a gene lies outside"
        if scored := [one.id for one in new if one.fitness.valid]:
            yield UNSCORED, f"individual {scored[0]} has one"
        if len(self._broken) == 1:
            ids = [one.id for one in new]
            if twice := self._ids.intersection(ids) or (set(ids) if len(set(ids)) < len(ids) else set()):
                yield IDS, f"the id {min(twice)} is that of another individual"
            self._ids.update(ids)

    def _wrong(self, individuals: Sequence[Any]) -> str | None:
        """Return the rule that genomes break."""
        if not alike(individuals):
            return None
        genomes = genomes_of(individuals)
        if genomes.is_floating_point() and not bool(genomes.isfinite().all()):
            return FINITE
        if self.space is not None and not torch.equal(self.space.clip(genomes), genomes):
            return BOUNDS
        return None
