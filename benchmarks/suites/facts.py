"""What `run.json` says of a comparison, and how that of a resumed one differs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import torch

from neuroevo.benchmarks.analysis.conditions import describe, factors_of, varying
from neuroevo.benchmarks.suites.condition import Condition
from neuroevo.benchmarks.suites.contestant import Contestant
from neuroevo.benchmarks.suites.described import contestant_facts
from neuroevo.benchmarks.suites.protocol import Transfer
from neuroevo.data.images import Dataset
from neuroevo.strategies.strategy import Strategy

Facts = Mapping[str, Any]

MOST_LETTERS = 80
"""Letters of a value in a sentence; longer ones are cut off."""


def facts_of(
    contestants: Sequence[Contestant],
    made: Mapping[str, Strategy],
    conditions: Sequence[Condition],
    seeds: Sequence[int],
) -> dict[str, Any]:
    """Return what a comparison consists of, as JSON values.

    Args:
        contestants: What is compared.
        made: A strategy of each, by the contestant's name.
        conditions: Conditions of the descendants.
        seeds: Seeds.
    """
    data: dict[int, Any] = {}
    found = {
        "contestants": [contestant_facts(one, made[one.name]) for one in contestants],
        "conditions": [one.values for one in conditions],
        "protocols": [_protocol(one.protocol, data) for one in conditions],
        "descendants": conditions[0].protocol.descendants,
        "seeds": list(seeds),
    }
    plain: dict[str, Any] = json.loads(json.dumps(_finite(found)))
    return plain


def device_facts(device: torch.device) -> dict[str, str]:
    """Return which device a run uses, and what a GPU is called."""
    name = {"gpu": torch.cuda.get_device_name(device)} if device.type == "cuda" else {}
    return {"device": str(device), **name}


def differences(before: Facts, now: Facts) -> list[str]:
    """Return, as `name (value then, value now)`, how a comparison differs from the one that it resumes.

    More seeds are no difference.
    """
    first, second = _flat_facts(before), _flat_facts(now)
    if {*before["seeds"]} <= {*now["seeds"]}:
        first["seeds"] = second["seeds"]
    return [
        f"{name} ({_short(first.get(name))} then, {_short(second.get(name))} now)"
        for name in dict.fromkeys([*first, *second])
        if first.get(name) != second.get(name)
    ]


def _protocol(protocol: Transfer, data: dict[int, Any]) -> dict[str, Any]:
    return {
        "ways": protocol.ways,
        "test_per_class": protocol.test_per_class,
        "recipe": asdict(protocol.descendant),
        "network": protocol.backbone.describe(),
        "data": _data(protocol.dataset, data),
    }


def _data(dataset: Dataset, known: dict[int, Any]) -> Any:
    """Return the facts of a data set, whose digest takes a while, once."""
    if id(dataset) not in known:
        known[id(dataset)] = dataset.facts()
    return known[id(dataset)]


def _flat_facts(facts: Facts) -> dict[str, Any]:
    """Return facts as values by name in the words of a sentence."""
    contestants, conditions = facts["contestants"], facts["conditions"]
    names = varying(conditions)
    phrases = [describe(one, names or factors_of(conditions)) for one in conditions]
    found: dict[str, Any] = {"seeds": facts["seeds"], "contestants": [one["name"] for one in contestants]}
    found |= {"conditions": phrases, "descendants": facts["descendants"]}
    for one in contestants:
        settings = {"generations": one["generations"], **one["settings"]}
        found |= {f"{name} of {one['name']}": value for name, value in _leaves(settings)}
    for phrase, protocol in zip(phrases, facts["protocols"], strict=True):
        where = f"descendants {phrase}" if names else "descendants"
        found |= {f"{name} of {where}": value for name, value in _leaves(protocol)}
    return found


def _leaves(values: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, (*path, name))
        else:
            yield " ".join((*path, name)), value


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 1]}…"


def _finite(value: Any) -> Any:
    """Return JSON values in which numbers that JSON cannot hold are texts."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value
