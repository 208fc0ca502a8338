"""The toolbox of a strategy, the checks of what its operators return, and rehearsals."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from torch import Tensor

from neuroevo.backbones import Network
from neuroevo.individual import Failure, Individual
from neuroevo.learngene import Learngene
from neuroevo.operators.heads import HeadMemory
from neuroevo.operators.inheritance import inherit
from neuroevo.strategies import GTL, checks
from neuroevo.strategies.gtl import gtl
from neuroevo.strategies.gtl.checks import CHECKS
from neuroevo.strategies.gtl.pool import GenePool
from neuroevo.strategies.toolbox import StrategyToolbox, Verb
from neuroevo.strategies.transfer import reptile, rivals
from neuroevo.testing.laws.content import content
from neuroevo.testing.laws.trial import account, run
from neuroevo.testing.strategies import seeds
from subjects.gtl_operators import BACKBONE
from subjects.gtl_settings import agrees, dataset, fixed
from subjects.gtl_wiring import SMALL
from subjects.subject import Subject

TOOLBOX = ("neuroevo/strategies/toolbox.py",)
COMMON = ("neuroevo/strategies/checks.py",)
GTLS = ("neuroevo/strategies/gtl/checks.py", *COMMON)
Step = tuple[Any, ...]


def total(*numbers: int, plus: int = 0, **others: int) -> int:
    """Add numbers up."""
    return sum(numbers) + plus + sum(others.values())


def text(*numbers: int, **others: int) -> str:
    """Return no number."""
    return f"{numbers} {others}"


FUNCTIONS: dict[str, Callable[..., Any]] = {"total": total, "text": text, "first": min}


def is_sum(arguments: tuple[Any, ...], result: Any) -> str | None:
    """Return whether a result is the sum of all arguments."""
    return None if result == sum(arguments) else "a sum"


def tool(steps: Sequence[Step]) -> list[Any]:
    """Register operators and call them; return what came of it, an exception by its kind."""
    known, judges = {"vary": "vary(a) -> b", "join": "join(a) -> b"}, {"join": is_sum}
    toolbox = StrategyToolbox("Mine", known, judges)
    known.clear()
    judges.clear()
    verbs = {name: Verb(toolbox, name) for name in ("vary", "join")}
    seen: list[Any] = [toolbox.clone([1]), [*toolbox.map(abs, [-1])]]
    for kind, name, *rest in steps:
        try:
            if kind == "register":
                function, arguments, keywords = rest
                toolbox.register(name, FUNCTIONS.get(function, function), *arguments, **keywords)
                made = getattr(toolbox, name)
                seen.append((made.__name__, made.__doc__, made.func is FUNCTIONS[function], made.verb))
            else:
                arguments, keywords = rest
                whole = {"verb": verbs.get(name), "call": getattr(toolbox, name, None)}
                called = pickle.loads(pickle.dumps(verbs[name])) if kind == "pickled" else whole[kind]
                seen.append(called(*arguments, **keywords))
        except Exception as error:  # noqa: BLE001 - which one is what is compared
            seen.append(type(error).__name__)
    return seen


def plain_tool(steps: Sequence[Step]) -> list[Any]:
    """Keep a table of functions, their first arguments, and whether a right result was seen."""
    table: dict[str, list[Any]] = {}
    seen: list[Any] = [[1], [1]]
    for kind, name, *rest in steps:
        if kind == "register":
            function, arguments, keywords = rest
            if name not in ("vary", "join", "map", "clone"):
                seen.append("ValueError")
            elif function not in FUNCTIONS:
                seen.append("TypeError")
            else:
                table[name] = [FUNCTIONS[function], arguments, keywords, name != "join"]
                seen.append((name, FUNCTIONS[function].__doc__, True, name))
            continue
        arguments, keywords = rest
        if name not in table:
            seen.append("AttributeError" if kind != "call" else "TypeError")
            continue
        function, first, bound, good = table[name]
        try:
            result = function(*first, *arguments, **{**bound, **keywords})
        except TypeError:
            seen.append("TypeError")
            continue
        if not good and result != sum((*first, *arguments, *keywords.values())):
            seen.append("TypeError")
            continue
        # A copy in another process has a memory of its own.
        table[name][3] = good or kind != "pickled"
        seen.append(result)
    return seen


NUMBERS = st.lists(st.integers(1, 3), max_size=2).map(tuple)
WORDS = st.dictionaries(st.sampled_from(["plus", "other"]), st.integers(1, 2), max_size=1)
NAMES = st.sampled_from(["join", "join", "vary"])


@st.composite
def toolings(draw: DrawFn) -> Mapping[str, Any]:
    """Draw what is done with a toolbox."""
    functions = st.sampled_from(["total", "total", "text", "first"])
    register = st.tuples(st.just("register"), NAMES, functions, NUMBERS, WORDS)
    odd = st.tuples(
        st.just("register"), st.sampled_from(["map", "other", "vary"]), st.sampled_from([3, "total"]), NUMBERS, WORDS
    )
    call = st.tuples(st.sampled_from(["call", "verb", "pickled"]), NAMES, NUMBERS, WORDS)
    steps = st.lists(st.one_of(register, call, call, odd), max_size=6)
    first = ("register", "join", draw(st.sampled_from(["total", "first", "text"])), (), {})
    return {"steps": [first, draw(call), draw(call), *draw(steps)]}


def verdict(name: str) -> list[str]:
    """Return which results of an operator are accepted by the library's check."""
    own: Mapping[str, Any] = {**CHECKS, "instance": checks.instance(HeadMemory)}
    return sorted(what for what, thing in things().items() if own[name](arguments_of(name), thing) is None)


def arguments_of(name: str) -> tuple[Any, ...]:
    """Return what an operator was called with."""
    known = things()
    if name == "average":
        return ([known["learngene"], known["learngene"]],)
    if name == "choose_parents":
        pool = GenePool(capacity=3, turnover=0)
        pool.merge(known["two"], {0: 0.5, 1: 0.25})
        return pool, 2
    if name == "inherit":
        return known["learngene"], weights_of_network()
    return (known["two"], 1)


@cache
def network() -> Network:
    """Return an untrained network."""
    return BACKBONE.build(2, generator=torch.Generator().manual_seed(0))


@cache
def founder() -> Learngene:
    """Return a learngene that has not all channels."""
    found: Learngene = GTL(dataset(), BACKBONE, **SMALL).toolbox.found()
    return found


def weights_of_network() -> dict[str, Tensor]:
    """Return weights, an empty tensor among them, which has no memory to share."""
    return {**network().state_dict(), "empty": torch.empty(0)}


def things() -> dict[str, Any]:
    """Return what operators may return."""
    gene, weights = founder(), weights_of_network()
    individuals = [Individual(gene, id=place) for place in range(3)]
    heir = inherit(gene, weights, layout=BACKBONE.layout)
    heir.weights["empty"] = torch.empty(0)
    (name, first), *_ = heir.weights.items()
    memory = HeadMemory(torch.zeros(1, 1), torch.zeros(1), torch.zeros(1) > 0)
    return {
        "learngene": gene,
        "another learngene": replace(gene, indices={g: torch.arange(len(i)) for g, i in gene.indices.items()}),
        "memory": memory,
        "two": individuals[:2],
        "one": individuals[:1],
        "none": [],
        "one twice": [individuals[0], individuals[0]],
        "three": individuals,
        "a stranger": individuals[1:],
        "numbers": [0, 1],
        "network": network(),
        "failure": Failure("why"),
        "heir": heir,
        "heir that shares": replace(heir, weights={**heir.weights, name: weights[name]}),
        "heir without a tensor": replace(heir, weights={one: w for one, w in heir.weights.items() if one != name}),
        "heir of another shape": replace(heir, weights={**heir.weights, name: first[:1]}),
        "heir of another dtype": replace(heir, weights={**heir.weights, name: first.double()}),
        "nothing": None,
    }


GOOD: dict[str, set[str]] = {
    "found": {"learngene", "another learngene"},
    "choose_parents": {"two", "one twice"},
    "inherit": {"heir"},
    "live": {"network", "failure"},
    "remember": {"memory"},
    "instance": {"memory"},
    "extract": {"learngene", "another learngene"},
    "average": {"learngene"},
    "mutate": {"learngene", "another learngene"},
    "select": {"two", "one", "none", "one twice"},
}
"""What each operator may return."""


def plain_verdict(name: str) -> list[str]:
    """Look it up."""
    return sorted(GOOD[name])


EARLY = ("found", "inherit", "extract", "average", "mutate", "select")
"""Operators that are rehearsed."""


def rehearsed(swapped: Sequence[str], wrong: str, seed: int) -> Any:
    """Return a generation with operators registered again, or by which name a wrong one is refused."""
    strategy = GTL(dataset(), BACKBONE, seed=seed, **{**SMALL, "resize_rate": 0.3, "mutation_rate": 0.5})
    lives = []
    for name in swapped:
        original = getattr(strategy.toolbox, name)
        strategy.toolbox.register(name, partial(again, original))
    if wrong:
        original = strategy.toolbox.live
        strategy.toolbox.register("live", lambda *given: lives.append(1) or original(*given))
        strategy.toolbox.register(wrong, WRONG[wrong])
    try:
        return content([run(strategy, 2), account(strategy.result())])
    except TypeError as error:
        return str(error).split()[0], bool(lives)


def again(operator: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
    """Call an operator."""
    return operator(*arguments, **keywords)


def other_channels(siblings: Sequence[Any]) -> Any:
    """Return a learngene with other channels than those of the siblings."""
    whole = {group: torch.arange(len(kept)) for group, kept in siblings[0].indices.items()}
    last = {group: BACKBONE.layout.groups[group] - 1 - kept.flip(0) for group, kept in whole.items()}
    different = whole if any(not torch.equal(whole[g], siblings[0].indices[g]) for g in whole) else last
    return replace(siblings[0], indices=different)


WRONG: dict[str, Callable[..., Any]] = {
    "found": lambda: 3,
    "inherit": lambda learngene, weights, layout: weights,
    "extract": lambda individual: None,
    "average": other_channels,
    "mutate": lambda learngene, weights: weights,
    "select": lambda individuals, k: [*range(k)],
}


def plain_rehearsed(swapped: Sequence[str], wrong: str, seed: int) -> Any:
    """Rehearsals leave no trace in a run, and refuse before any network is trained."""
    del swapped
    return (wrong, False) if wrong else rehearsed([], "", seed)


NAMED = {
    "gtl": (gtl, ["gtl"]),
    "rivals": (
        rivals,
        [
            "finetune",
            "heur-lg",
            "linear-probe",
            "narrow-pretraining",
            "pruned-circuit",
            "random-circuit",
            "scratch",
            "untrained-circuit",
        ],
    ),
    "reptile": (reptile, ["reptile"]),
}


def names(module: str) -> Any:
    """Return the names of a module's strategies, and those that they give themselves."""
    known: Mapping[str, Any] = NAMED[module][0].STRATEGIES  # type: ignore[attr-defined]
    return sorted(known), sorted(one.name for one in known.values())


def plain_names(module: str) -> Any:
    """Look them up."""
    return NAMED[module][1], NAMED[module][1]


SUBJECTS = [
    Subject("toolbox of a strategy", TOOLBOX, lambda: tool, lambda: agrees(plain_tool, toolings())),
    Subject(
        "checks of operators",
        GTLS,
        lambda: verdict,
        lambda: agrees(plain_verdict, fixed(name=st.sampled_from([*GOOD])), 60),
    ),
    Subject(
        "rehearsals",
        ("neuroevo/strategies/gtl/checks.py", "neuroevo/strategies/gtl/gtl.py"),
        lambda: rehearsed,
        lambda: agrees(
            plain_rehearsed,
            fixed(
                swapped=st.lists(st.sampled_from(EARLY), unique=True),
                wrong=st.sampled_from(["", "", "", *EARLY]),
                seed=seeds(),
            ),
            25,
        ),
    ),
    Subject(
        "names of strategies",
        ("neuroevo/strategies/transfer/rivals.py", "neuroevo/strategies/transfer/reptile.py"),
        lambda: names,
        lambda: agrees(plain_names, fixed(module=st.sampled_from([*NAMED])), 6),
    ),
]
