"""What the operators of searches must return: each check says what is wrong, as the end of a sentence, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from neuroevo.graph import Graph
from neuroevo.individual import Individual
from neuroevo.population import Population, ids_of
from neuroevo.strategies.toolbox import Check


def selected(arguments: tuple[Any, ...], result: Any) -> str | None:
    """`select(individuals, k)` returns k of these individuals."""
    given, k = arguments[0], arguments[1]
    if complaint := _individuals(result):
        return f"{k} individuals, but it returned {complaint}"
    if len(result) != k:
        return f"{k} individuals, but it returned {len(result)}"
    known = set(ids_of(given))
    strangers = [number for number in ids_of(result) if number not in known]
    return f"some of the individuals it was given, but it returned number {strangers[0]}" if strangers else None


def children(count: int) -> Check:
    """Return the check of `mate` (2) and `mutate` (1): new individuals whose genomes are like the arguments'."""

    def check(arguments: tuple[Any, ...], result: Any) -> str | None:
        wanted = f"a tuple of {count} individual{'' if count == 1 else 's'}"
        if complaint := _individuals(result):
            return f"{wanted}, but it returned {complaint}"
        if len(result) != count:
            return f"{wanted}, but it returned {len(result)}"
        parents = [one.genome for one in arguments if isinstance(one, Individual)]
        for child in result:
            if any(child is one for one in arguments):  # changed in place, as DEAP's operators do with clones
                continue
            if complaint := _unlike(child.genome, parents[0]):
                return f"individuals whose genomes are {_kind(parents[0])}, but one of them is {complaint}"
            if any(_shares_storage(child.genome, parent) for parent in parents):
                return "individuals with genomes of their own, but one shares its memory with an argument"
        return None

    return check


def varied(arguments: tuple[Any, ...], result: Any) -> str | None:
    """`vary(parents)` returns as many individuals."""
    wanted = len(arguments[0])
    if complaint := _individuals(result):
        return f"{wanted} individuals, but it returned {complaint}"
    return None if len(result) == wanted else f"{wanted} individuals, but it returned {len(result)}"


def survivors(arguments: tuple[Any, ...], result: Any) -> str | None:
    """`replace(parents, children)` returns individuals out of both, at least one."""
    complaint = _individuals(result)
    if complaint is None and not result:
        complaint = "none"
    return None if complaint is None else f"at least one individual, but it returned {complaint}"


def like(place: int) -> Check:
    """Return the check of an operator whose result is a tensor like one of its arguments, with memory of its own."""

    def check(arguments: tuple[Any, ...], result: Any) -> str | None:
        given = arguments[place]
        if complaint := _unlike(result, given):
            return f"{_kind(given)}, but it returned {complaint}"
        if any(isinstance(one, Tensor) and _shares_storage(result, one) for one in arguments):
            return "a new tensor, but it shares its memory with an argument"
        return None

    return check


def one_for_each(arguments: tuple[Any, ...], result: Any) -> str | None:
    """`shape(scores [P])` returns one number for each, as a tensor [P]."""
    given = arguments[0]
    if not isinstance(result, Tensor):
        return f"a tensor {list(given.shape)}, but it returned {_article(result)}"
    return (
        None if result.shape == given.shape else f"a tensor {list(given.shape)}, but it returned {list(result.shape)}"
    )


def row(arguments: tuple[Any, ...], result: Any) -> str | None:
    """`recombine(genomes [P, D])` returns one genome [D]."""
    given = arguments[0]
    return f"{_kind(given[0])}, but it returned {complaint}" if (complaint := _unlike(result, given[0])) else None


def step(arguments: tuple[Any, ...], result: Any) -> str | None:
    """`optimise(gradient, memory)` returns a step like the gradient, and a memory."""
    gradient = arguments[0]
    if not isinstance(result, tuple) or len(result) != 2:
        return f"a step and a memory, but it returned {_article(result)}"
    return f"a step that is {_kind(gradient)}, but it is {wrong}" if (wrong := _unlike(result[0], gradient)) else None


def graph(arguments: tuple[Any, ...], result: Any) -> str | None:
    """Operators of NEAT return a graph."""
    del arguments
    return None if isinstance(result, Graph) else f"a Graph, but it returned {_article(result)}"


def number(arguments: tuple[Any, ...], result: Any) -> str | None:
    """`distance(first, second)` returns a number."""
    del arguments
    return None if hasattr(result, "__float__") else f"a number, but it returned {_article(result)}"


def sampled(dimensions: Callable[[tuple[Any, ...]], tuple[int, ...]]) -> Check:
    """Return the check of `sample`: a tensor of genomes of these dimensions."""

    def check(arguments: tuple[Any, ...], result: Any) -> str | None:
        shape = dimensions(arguments)
        if not hasattr(result, "shape"):
            return f"genomes {list(shape)}, but it returned {_article(result)}"
        return None if tuple(result.shape) == shape else f"genomes {list(shape)}, but it returned {list(result.shape)}"

    return check


SAMPLED = sampled(lambda arguments: (arguments[2], *arguments[0].shape))
"""The check of `sample(mean [D], sigma [D], count=P)`."""


def _individuals(result: Any) -> str | None:
    """Return what a result is, if it is no sequence of individuals."""
    if isinstance(result, Population):
        return None
    if not isinstance(result, Sequence):
        return _article(result)
    others = [one for one in result if not isinstance(one, Individual)]
    return f"{_article(others[0])} among them" if others else None


def _unlike(result: Any, wanted: Tensor) -> str | None:
    """Return what a result is, if it is no tensor of that shape and dtype."""
    if not isinstance(result, Tensor):
        return _article(result)
    return None if (result.shape, result.dtype) == (wanted.shape, wanted.dtype) else _kind(result)


def _kind(tensor: Tensor) -> str:
    return f"a tensor {list(tensor.shape)} of {str(tensor.dtype).removeprefix('torch.')}"


def _shares_storage(result: Any, argument: Tensor) -> bool:
    if not isinstance(result, Tensor) or not argument.numel():
        return False
    return result.untyped_storage().data_ptr() == argument.untyped_storage().data_ptr()


def _article(thing: Any) -> str:
    name = type(thing).__name__
    return "None" if thing is None else f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"
