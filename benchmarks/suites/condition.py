"""Conditions of a comparison: the factors that vary between descendants, and how descendants are trained for each.

`conditions(protocol, ways=(2, 5, 10), shots=(1, 5))` makes a grid of them. A factor that is no field of a protocol is
given by hand: `Condition(protocol, {"augmented": True})`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from neuroevo.benchmarks.analysis.conditions import Value, describe, factors_of, format_value, is_value, varying
from neuroevo.benchmarks.analysis.summary import RESULT_COLUMNS
from neuroevo.benchmarks.suites.protocol import Transfer, name_of

NAMED = ("dataset", "backbone")
"""Factors whose values are objects, which tables show by their names."""
PLAIN = ("ways", "shots", "test_per_class")
RECIPE = ("updates", "batch", "learning_rate", "momentum", "weight_decay", "optimizer")
"""Fields of the descendants' recipe."""
GRID = (*NAMED, *PLAIN, *RECIPE)


@dataclass(frozen=True)
class Condition:
    """What descendants of a comparison have in common.

    Attributes:
        protocol: How they are trained.
        factors: Values of further factors by name, beside those that every protocol has: `dataset`, `backbone`,
            `shots` and `updates`. Each is a column of the tables.

    Raises:
        ValueError: A factor has the name of a column of results, or a value that is no text, finite number or bool.
    """

    protocol: Transfer
    factors: Mapping[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, value in self.factors.items():
            _check_factor(name, value)

    @property
    def values(self) -> dict[str, Value]:
        """The values of all factors by name."""
        return {**self.protocol.factors, **self.factors}


Conditions = Transfer | Condition | Iterable[Transfer | Condition]
"""One protocol or condition, or several."""


def conditions(protocol: Transfer, /, **factors: Sequence[Any] | Mapping[str, Any]) -> list[Condition]:
    """Return a condition for every combination of values; the last factor changes fastest.

    Args:
        protocol: How descendants are trained where no factor says otherwise.
        **factors: Values by factor: fields of the protocol (`ways`, `shots`, `test_per_class`) or of its recipe
            (`updates`, `learning_rate`, ...), or several objects as `dataset` or `backbone`. A mapping gives these
            their names in tables: `backbone={"wide": ConvNet4(...)}`.

    Raises:
        ValueError: A factor is unknown, or its values are none.
    """
    for name, values in factors.items():
        _check_values(name, values)
    combinations = product(*(_labelled(name, values) for name, values in factors.items()))
    return [_condition(protocol, dict(zip(factors, chosen, strict=True))) for chosen in combinations]


def crossed(every: Conditions, **factors: Sequence[Any] | Mapping[str, Any]) -> list[Condition]:
    """Return each condition once for every combination of values (see `conditions`)."""
    return [
        Condition(made.protocol, {**made.factors, **one.factors})
        for one in as_conditions(every)
        for made in conditions(one.protocol, **factors)
    ]


def as_conditions(given: Conditions) -> tuple[Condition, ...]:
    """Return conditions of protocols, conditions, or a mixture of both.

    Raises:
        TypeError: Something else is among them.
    """
    every = [given] if isinstance(given, Transfer | Condition) else list(given)
    for one in every:
        if not isinstance(one, Transfer | Condition):
            raise TypeError(f"conditions must hold objects of Transfer or Condition, but one is {one!r}.")
    return tuple(Condition(one) if isinstance(one, Transfer) else one for one in every)


def check_conditions(every: Sequence[Condition]) -> None:
    """Raise ValueError unless descendants can be trained in every condition and results can be distinguished.

    Nothing is trained for that.
    """
    if not every:
        raise ValueError("conditions must hold at least one condition, but they are empty.")
    values = [one.values for one in every]
    names = factors_of(values)
    for one in values:
        if missing := [name for name in names if name not in one]:
            raise ValueError(
                f"conditions must all have the factors {', '.join(names)}, but one has no {', '.join(missing)}; give "
                "it a value there, too."
            )
    texts = [tuple(format_value(one[name]) for name in names) for one in values]
    if twice := [place for place, text in enumerate(texts) if text in texts[:place]]:
        raise ValueError(
            f"conditions must differ in a factor, but two are {describe(values[twice[0]], names)}; leave one out or "
            "give it a factor of its own."
        )
    if len(counts := dict.fromkeys(one.protocol.descendants for one in every)) > 1:
        raise ValueError(f"descendants must be as many in every condition, but they are {', '.join(map(str, counts))}.")
    for condition, factors in zip(every, values, strict=True):
        condition.protocol.check(describe(factors, varying(values)))


def _check_factor(name: str, value: object) -> None:
    if not str(name).strip():
        raise ValueError(f"a factor must have a name, but it is {name!r}.")
    if name in RESULT_COLUMNS:
        raise ValueError(
            f"a factor must not be called like a column of results, but one is {name!r}; choose another name."
        )
    if not is_value(value):
        raise ValueError(f"the factor {name} must be a text, a finite number or a bool, but it is {value!r}.")


def _check_values(name: str, values: object) -> None:
    if name not in GRID:
        raise ValueError(
            f"factors must be fields of the protocol ({', '.join(GRID)}), but {name} is none; for another factor make "
            "each Condition yourself."
        )
    if isinstance(values, str) or not isinstance(values, Sequence | Mapping) or not values:
        raise ValueError(f"{name} must be a sequence of at least one value, but it is {values!r}.")
    if isinstance(values, Mapping) and name not in NAMED:
        raise ValueError(f"{name} must be a sequence of values, but it is a mapping; its values name themselves.")


def _labelled(name: str, values: Sequence[Any] | Mapping[str, Any]) -> list[tuple[Value, Any]]:
    """Return values with what tables call them."""
    if isinstance(values, Mapping):
        return list(values.items())
    if name in NAMED:
        return [(one.name if name == "dataset" else name_of(one), one) for one in values]
    return [(one, one) for one in values]


def _condition(protocol: Transfer, chosen: Mapping[str, tuple[Value, Any]]) -> Condition:
    changes = {name: value for name, (_, value) in chosen.items() if name not in RECIPE}
    recipe = {name: value for name, (_, value) in chosen.items() if name in RECIPE}
    names = {name: str(label) for name, (label, _) in chosen.items() if name in NAMED}
    made = replace(
        protocol,
        descendant=replace(protocol.descendant, **recipe),
        names={**protocol.names, **names},
        **changes,
    )
    return Condition(made, {name: label for name, (label, _) in chosen.items() if name not in made.factors})
