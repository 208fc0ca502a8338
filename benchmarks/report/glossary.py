"""The words of a page, defined on it: its strategies, and the terms that occur."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from types import MappingProxyType
from typing import Any

from neuroevo import catalogue
from neuroevo.benchmarks.analysis.duels import parts_of
from neuroevo.benchmarks.analysis.results import RunData

Word = tuple[str, str]
"""A name or a term, and what it means."""


@dataclass(frozen=True)
class Term:
    """A term.

    Attributes:
        name: As it is listed.
        forms: A regular expression of the forms in which it occurs.
        meaning: Its definition, in one or two sentences.
    """

    name: str
    forms: str
    meaning: str


TERMS: tuple[Term, ...] = (
    Term(
        "95 % CI",
        r"95\s*% (CI|confidence|intervals?)",
        "The 95 % confidence interval over seeds: computed in this way, about 95 of 100 intervals hold the true mean.",
    ),
    Term(
        "ancestor",
        r"ancestors?",
        "A network that is trained before transfer; what it learned in its circuit can be passed on.",
    ),
    Term(
        "ancestry, held_out, novel classes",
        r"ancestry|held_out|novel",
        "The roles of classes; no class has two of them. Ancestors are trained on ancestry classes, candidates are "
        "scored on held_out ones, and descendants learn novel ones.",
    ),
    Term(
        "channel",
        r"channels?",
        "One feature map of a convolution, one unit of a linear layer, or one head of attention.",
    ),
    Term(
        "circuit",
        r"circuits?",
        "Some channels of every layer with the weights among them: a small network inside a large one, which reads "
        "nothing from outside of it.",
    ),
    Term("condensing", r"condens\w*", "Training the circuit alone as well, also on the answers of the whole network."),
    Term(
        "condition",
        r"conditions?",
        "How descendants are trained: data set, network, images per class, updates, or what else is varied.",
    ),
    Term(
        "core-seconds",
        r"core-seconds?",
        "Time by the clock times the processor cores at work; on a GPU time by the clock. It depends on the machine "
        "and its load; gradient steps and multiply-adds do not.",
    ),
    Term(
        "critic",
        r"critics?",
        "A fresh network that inherits a learngene only to score it, on held_out classes.",
    ),
    Term(
        "critical path",
        r"critical path",
        "Updates that must follow one another if every training run has a worker of its own.",
    ),
    Term("cross weights", r"cross weights?", "Weights by which channels outside a circuit reach into it."),
    Term(
        "descendant, heir",
        r"descendants?|heirs?",
        "A fresh network that inherits what a strategy transfers and is then trained on a few images of novel classes. "
        "Its accuracy on other images of them is what is compared.",
    ),
    Term("evaluation", r"evaluations?", "The scoring of one individual."),
    Term(
        "fitness, score",
        r"fitness|scores?|scored",
        "What evolution selects by.",
    ),
    Term(
        "Friedman's test",
        r"Friedman\w*",
        "Tests whether all strategies rank alike. Mean ranks further apart than the critical difference differ.",
    ),
    Term("gain", r"gains?", "Accuracy of a strategy's descendants minus that of scratch, in percentage points."),
    Term(
        "gene pool",
        r"gene pools?|pool",
        "The learngenes that parents are drawn from. Their scores include credit: a part of the scores of "
        "their offspring. They decay from generation to generation, so that newcomers displace what is old. Novel "
        "classes play no part in it.",
    ),
    Term(
        "gene tree",
        r"gene trees?",
        "Who descends from whom: one column for each generation, one mark for each individual.",
    ),
    Term("generation", r"generations?", "One round of evolution: individuals are made, scored and selected."),
    Term("gradient step, update", r"gradient steps?|updates?", "One step of gradient descent on one batch."),
    Term("individual", r"individuals?", "What evolves: it has a genome, parents and a fitness."),
    Term("isolation", r"isolat\w*", "Keeping cross weights at zero, so that the circuit computes what it would alone."),
    Term(
        "learngene",
        r"learngenes?",
        "The part of a trained network that is passed on: channels of each layer and the weights among them, about "
        "20 % of all parameters unless set otherwise.",
    ),
    Term("multiply-adds", r"multiply-adds", "Multiplications with an addition: the arithmetic that training took."),
    Term("mutation", r"mutat\w*", "Replacing some channels of a learngene by other ones of the same network."),
    Term(
        "Pareto front",
        r"Pareto front",
        "The strategies that no other one beats at the same cost or less.",
    ),
    Term("point", r"points?", "A percentage point: the difference of 50 % and 53 % is 3 points."),
    Term(
        "rival that transfers at most as many parameters",
        r"rivals?",
        "Another strategy that is trained before transfer and transfers at most as large a share of the parameters.",
    ),
    Term(
        "seed",
        r"seeds?",
        "The number that all random numbers of a repetition follow from. Strategies meet under the same seed, so "
        "differences are paired.",
    ),
    Term("tournament", r"tournaments?", "Selection: of a group of individuals the one with the highest score wins."),
    Term("training run", r"training runs?", "The training of one ancestor."),
    Term(
        "ways",
        r"ways",
        "The number of novel classes that one descendant learns to distinguish. They are drawn anew for each "
        "descendant of a seed; those of one number are the same under every strategy.",
    ),
)
"""Terms in alphabetical order."""

NO_FACTS: Mapping[str, Any] = MappingProxyType({})
ONE_LINEAGE = "Population 1: one lineage, and nothing is selected within a generation."
NO_EVOLUTION = (
    "Population 1 with elites: one lineage; within a generation nothing is selected, and nothing is mutated, so that "
    "ways of training are compared (docs/does-evolution-pay.md in the repository)."
)
UNKNOWN = "A strategy of its author; “How it was made” has its settings."


def terms_in(page: str) -> list[Word]:
    """Return the terms in the text of a page, in the descriptions of its pictures, and in their definitions."""
    text = _text(page)
    found: dict[str, Term] = {}
    while new := [one for one in TERMS if one.name not in found and _occurs(one, text)]:
        found |= {one.name: one for one in new}
        text = " ".join(one.meaning for one in new)
    return [(one.name, one.meaning) for one in TERMS if one.name in found]


def strategies_of(results: Sequence[RunData]) -> list[Word]:
    """Return every strategy of some runs with a line about it, each once."""
    found: dict[str, str] = {}
    remarks: dict[str, dict[int, str]] = {}
    for number, result in enumerate(results, start=1):
        contestants = {_without_budget(result, one["name"]): one for one in result.comparison.get("contestants", ())}
        for name in _names(result):
            about = contestants.get(name, {})
            found.setdefault(name, meaning_of(name, result.settings.get("contestants"), about))
            remarks.setdefault(name, {})[number] = _remarks(about)
    return [(name, f"{meaning}{_together(remarks[name])}") for name, meaning in found.items()]


def _names(result: RunData) -> list[str]:
    rows = result.rows or result.searches or result.generations
    return list(dict.fromkeys(_without_budget(result, row.strategy) for row in rows))


def _without_budget(result: RunData, name: str) -> str:
    """Return the name of a contestant; in the suite `pays`, where each budget makes one, that of its strategy."""
    return parts_of(name)[0] if result.suite == "pays" else name


def meaning_of(name: str, contestants: Any, about: Mapping[str, Any] = NO_FACTS) -> str:
    """Return a line about a contestant.

    Args:
        name: Its name.
        contestants: The tables of contestants with settings of their own, if the run has any.
        about: What `run.json` says of it.
    """
    table = contestants.get(name) if isinstance(contestants, Mapping) else None
    if isinstance(table, Mapping):
        settings = ", ".join(f"{key} {value}" for key, value in table.items() if key != "strategy")
        base = str(table.get("strategy", ""))
        return f"{base} with {settings}. {_known(base)}" if settings else f"{base}. {_known(base)}"
    kind = about.get("class", NO_FACTS)
    return ("" if kind.get("base") else _known(name)) or _of_class(kind) or UNKNOWN


def _of_class(kind: Mapping[str, Any]) -> str:
    """Return what a contestant's class is; of a class of its author, too, for the run has its summary."""
    if not kind:
        return ""
    derived = f", derived from {kind['base']}" if kind.get("base") else ""
    return f"{kind['name']}{derived}. {_sentence(kind['summary'])}".rstrip()


def _together(remarks: Mapping[int, str]) -> str:
    """Return the remarks on a contestant in one or several runs, by their numbers; each for itself if they differ."""
    if len({*remarks.values()}) == 1:
        return next(iter(remarks.values()))
    return "".join(f" Run {number}:{remark}" for number, remark in remarks.items() if remark)


def _remarks(about: Mapping[str, Any]) -> str:
    """Return what a reader should know of a contestant besides: swapped operators, and what does not evolve."""
    swapped = ", ".join(about.get("swapped", NO_FACTS))
    operators = f" With operators of its author: {swapped}." if swapped else ""
    alone = _of_one_lineage(about.get("settings", NO_FACTS))
    return f"{operators} {alone}".rstrip()


def _of_one_lineage(settings: Mapping[str, Any]) -> str:
    """Return what a population of one leaves of evolution; nothing of larger ones."""
    if settings.get("population") != 1:
        return ""
    return NO_EVOLUTION if settings.get("elites", 0) >= 1 else ONE_LINEAGE


def _known(name: str) -> str:
    """Return what the library says of a strategy of its own; nothing of others, whose code is not loaded for a page."""
    folded = _folded(name)
    found = [one for one in catalogue.entries("strategy").values() if one.origin == catalogue.OWN]
    return next((_sentence(one.summarise()) for one in found if _folded(one.name) == folded), "")


def _folded(name: str) -> str:
    """Return the name of a strategy as its class has it, too: runs of `evolve` in Python name that."""
    return name.replace("-", "").lower()


def _sentence(text: str) -> str:
    plain = text.replace("`", "")
    return plain if plain.endswith(("?", ".")) or not plain else f"{plain}."


def _occurs(term: Term, text: str) -> bool:
    return re.search(rf"(?<![\w-])(?:{term.forms})(?![\w-])", text, re.IGNORECASE) is not None


def _text(page: str) -> str:
    """Return what is read of a page: its text, and the descriptions of its pictures."""
    spoken = re.findall(r'alt="([^"]*)"', page)
    seen = re.sub(r"<(style|script)\b.*?</\1>|<[^>]*>", " ", page, flags=re.DOTALL)
    return unescape(" ".join([seen, *spoken]))
