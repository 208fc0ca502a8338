"""The law that a strategy refuses what its operators must not return, by the name of the operator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from hypothesis import strategies as st
from torch import Tensor

from neuroevo.individual import Fitness, Individual
from neuroevo.testing.laws.law import Breach, Case, Law, check, name_of
from neuroevo.testing.laws.trial import Make, begun, run
from neuroevo.testing.strategies import seeds

Arguments = tuple[Any, ...]
Spoil = Callable[[Arguments, Any], Any]

STRANGER = 10**9
"""An id that no individual has."""


def _changed(part: Callable[[Arguments, Tensor], Tensor]) -> Spoil:
    """Return what changes the tensor of a result: itself, the genome of its last individual, or a step's."""

    def spoil(arguments: Arguments, result: Any) -> Any:
        if isinstance(result, Tensor):
            return part(arguments, result)
        if isinstance(result[-1], Individual):
            last = result[-1]
            child = Individual(part(arguments, last.genome), Fitness(weights=last.fitness.weights), id=last.id)
            return type(result)([*result[:-1], child])
        return (part(arguments, result[0]), *result[1:])

    return spoil


def _taken(arguments: Arguments, tensor: Tensor) -> Tensor:
    """Return the memory of an argument that has the result's shape."""
    known = [one.genome if isinstance(one, Individual) else one for one in arguments]
    return next(one for one in known if isinstance(one, Tensor) and one.shape == tensor.shape)


SPOILS: Mapping[str, Spoil] = {
    "nothing": lambda arguments, result: None,
    "another thing": lambda arguments, result: object(),
    "none": lambda arguments, result: [],
    "one less": lambda arguments, result: result[:-1],
    "one more": lambda arguments, result: type(result)([*result, result[-1]]),
    "a thing among them": lambda arguments, result: type(result)([*result[:-1], object()]),
    "a stranger": lambda arguments, result: [*result[:-1], Individual(result[-1].genome, Fitness((0.0,)), id=STRANGER)],
    "another shape": _changed(lambda arguments, tensor: tensor[..., :-1]),
    "another dtype": _changed(lambda arguments, tensor: tensor.half()),
    "the memory of an argument": _changed(_taken),
}
"""By name what is made of a right result."""


def check_refusal(
    make: Make, wrong: Mapping[str, Sequence[str]], *, generations: int = 2, examples: int | None = None
) -> None:
    """Raise LawBroken unless a strategy refuses wrong results of its operators.

    Args:
        make: Returns a fresh strategy for a seed.
        wrong: By the name of an operator what it must not return, names in `SPOILS`.
        generations: Generations in which all of them are called.
        examples: Runs at most.
    """
    check(make, refusal_laws(wrong, generations=generations), label=name_of(make), examples=examples)


def refusal_laws(wrong: Mapping[str, Sequence[str]], *, generations: int = 2) -> list[Law]:
    """Return the law that wrong results are refused; the arguments are those of `check_refusal`."""
    pairs = [(verb, spoil) for verb, spoils in wrong.items() for spoil in spoils]
    cause = "there is no check of an operator's first result, or it lets something through"
    statement = partial(_refuses, pairs=pairs, generations=generations)
    return [Law("wrong results of operators are refused", cause, statement, examples=1, shrinks=False)]


def _refuses(make: Make, case: Case, *, pairs: Sequence[tuple[str, str]], generations: int) -> None:
    seed = case.draw("seed", st.just(0) | seeds())
    for verb, spoil in case.each("operator and what it returns", pairs):
        strategy = begun(make, seed)
        called: list[str] = []
        operator = partial(_spoilt, getattr(strategy.toolbox, verb), SPOILS[spoil], called)
        strategy.toolbox.register(verb, operator)
        try:
            run(strategy, generations)
        except TypeError as error:
            if str(error).startswith(f"{verb} must return"):
                continue
            raise Breach(f"{spoil} from {verb} raises {type(error).__name__}: {error}") from error
        except Exception as error:
            raise Breach(f"{spoil} from {verb} raises {type(error).__name__}: {error}") from error
        raise Breach(f"{spoil} from {verb} is accepted" if called else f"{verb} is never called")


def _spoilt(operator: Callable[..., Any], spoil: Spoil, called: list[str], *arguments: Any, **keywords: Any) -> Any:
    called.append("once more")
    return spoil((*arguments, *keywords.values()), operator(*arguments, **keywords))
