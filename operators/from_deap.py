"""Functions over individuals as DEAP writes them, as operators of a toolbox: `from_deap(tools.cxTwoPoint, ...)`.

DEAP's crossovers and mutations change sequences of genes in place and draw from Python's global `random`:

    generator, ids = torch.Generator().manual_seed(0), Ids()
    toolbox.register("mate", from_deap(tools.cxTwoPoint, generator=generator, ids=ids))
    toolbox.register("mutate", from_deap(tools.mutFlipBit, indpb=0.05, generator=generator, ids=ids))
    toolbox.register("select", from_deap(tools.selTournament, tournsize=3, generator=generator))

Here they get copies, results are new individuals with their place in the lineage, and the global generators are seeded
from the given one for each call and restored after it. That costs about a tenth of a millisecond a call.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from neuroevo.genes import as_genes
from neuroevo.global_generators import seeded_by
from neuroevo.individual import Ids, Individual, offspring
from neuroevo.signatures import Recorded
from neuroevo.spelling import shown

OWN = frozenset(vars(Individual(None, id=0)))
"""The attributes that every individual has."""


class Genes(list[Any]):
    """A flat genome as DEAP's functions want it: a list that may have attributes."""


class FromDeap(Recorded):
    """A function over individuals in DEAP's convention as an operator; `from_deap` makes it.

    Args:
        function: Takes genomes, or a sequence of individuals, and returns what it makes of them.
        generator: Gives it its random numbers.
        ids: Gives children their ids.
        make: Makes the argument of a function over genomes from a copy of a tensor [D].
        **settings: Keywords of the function.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        generator: torch.Generator,
        ids: Ids | None = None,
        make: Callable[[Tensor], Any] | None = None,
        **settings: Any,
    ) -> None:
        self.function = function
        self.generator = generator
        self.ids = ids
        self.make = make
        self.settings = settings

    @property
    def name(self) -> str:
        """The function's name."""
        inner: Any = self.function
        while isinstance(inner, partial):
            inner = inner.func
        return str(getattr(inner, "__name__", type(inner).__name__))

    def __call__(self, *arguments: Any, **settings: Any) -> Any:
        """Call the function, with copies of the genomes of individuals.

        Returns:
            A tuple of as many children as individuals are among the arguments; for other arguments, such as a
            population, what the function returns.

        Raises:
            TypeError: It returned something else than genomes like its arguments, or there are no ids for children.
        """
        parents = [one for one in arguments if isinstance(one, Individual)]
        given = [self._lend(one) if isinstance(one, Individual) else one for one in arguments]
        with seeded_by(self.generator):
            found = self.function(*given, **{**self.settings, **settings})
        return self._children(found, parents) if parents else found

    def _lend(self, individual: Individual) -> Any:
        """Return a copy of a genome, with the attributes that were added to the individual where it can have any."""
        genome = individual.genome
        if isinstance(genome, Tensor):
            row = genome.detach()
            copied: Any = Genes(row.tolist()) if self.make is None else self.make(row.clone())
        else:
            copied = Genes(copy.deepcopy(genome)) if type(genome) is list else copy.deepcopy(genome)
        if hasattr(copied, "__dict__"):
            copied.__dict__.update(copy.deepcopy({**_added(individual), "fitness": individual.fitness}))
        return copied

    def _children(self, found: Any, parents: Sequence[Individual]) -> tuple[Individual, ...]:
        if not isinstance(found, tuple | list) or len(found) != len(parents):
            raise TypeError(
                f"{self.name} must return a tuple of {len(parents)} genome{'s' * (len(parents) > 1)}, as functions of "
                f"DEAP do, but it returned {shown(found)}."
            )
        # One object in two places would be one genome of two children.
        own = [
            copy.deepcopy(one) if any(one is other for other in found[:place]) else one
            for place, one in enumerate(found)
        ]
        return tuple(self._child(one, place, parents) for place, one in enumerate(own))

    def _child(self, found: Any, place: int, parents: Sequence[Individual]) -> Individual:
        if self.ids is None:
            raise TypeError(f"ids must be given for {self.name}, which makes children, but they are missing.")
        like = parents[place]
        added = {name: vars(found).pop(name) for name in _added(like) if name in getattr(found, "__dict__", ())}
        getattr(found, "__dict__", {}).pop("fitness", None)
        child = offspring(self._like(found, like.genome), parents, id=self.ids(), like=like)
        child.__dict__.update(added)
        return child

    def _like(self, found: Any, genome: Any) -> Any:
        """Return what was found in the representation of a parent's genome, with memory of its own."""
        if not isinstance(genome, Tensor):
            return list(found) if isinstance(found, Genes) else found
        try:
            row = as_genes(found, genome)
        except TypeError as error:
            raise TypeError(f"{self.name} must return genes like its arguments: {error}") from None
        if row.dim() != 1:
            raise TypeError(f"{self.name} must return a sequence of genes, but it returned {shown(found)}.")
        return row


def from_deap(
    function: Callable[..., Any],
    *,
    generator: torch.Generator,
    ids: Ids | None = None,
    make: Callable[[Tensor], Any] | None = None,
    **settings: Any,
) -> FromDeap:
    """Return a function over individuals, as `deap.tools` and `deap.gp` have them, as an operator of a toolbox.

    A crossover or mutation is called with copies of genomes, so that it may change them in place, and what it returns
    become new individuals: not scored, of a new id, with their parents' ids and generation. Attributes that were added
    to an individual, such as the `strategy` of `cxESBlend`, are there on the copies where these can have attributes,
    and pass from the first individual to the first child, from the second to the second. What is called with a
    population, such as a selection, gets the individuals themselves.

    Args:
        function: DEAP's, or one of yours with the same arguments and results.
        generator: Seeds the global generators for each call; they are restored after it, so that results depend on it
            alone and other code notices nothing.
        ids: Gives children their ids; needed for crossover and mutation.
        make: Makes the argument from a copy of a genome that is a tensor [D]; default a list of numbers. (With
            `Tensor.numpy` operators that exchange slices in place lose genes: slices of arrays are views.)
        **settings: Keywords of the function, for example `indpb=0.05`.
    """
    return FromDeap(function, generator=generator, ids=ids, make=make, **settings)


def _added(individual: Individual) -> dict[str, Any]:
    """Return the attributes that users and DEAP added to an individual."""
    return {name: value for name, value in vars(individual).items() if name not in OWN}
