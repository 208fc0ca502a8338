"""Coevolution under DEAP's loop: hosts learn to sort 4 numbers, parasites are lists that they fail to sort.

After Hillis: a host is a network of comparisons, a parasite some lists of zeros and ones. Each is scored against the
best of the other population; `Coevolution` is a strategy, whose toolbox any loop runs.
Usage: python examples/deap/coevolution.py [GENERATIONS] (default 40)
"""

import sys
from itertools import product

import torch
from deap import algorithms, tools

from neuroevo.discrete import Bits, Integers
from neuroevo.problems import Encounter
from neuroevo.strategies import Coevolution, Genetic

GENERATIONS, NUMBERS, COMPARISONS, LISTS = int([*sys.argv[1:], 40][0]), 4, 7, 6
ALL = torch.tensor([*product((0, 1), repeat=NUMBERS)])


def sorts(hosts: torch.Tensor, lists: torch.Tensor) -> torch.Tensor:
    """Return which lists [L, 4] each network [P, 2 COMPARISONS] sorts, bool [P, L]."""
    values = lists.expand(len(hosts), -1, -1).clone()
    rows = torch.arange(len(hosts))
    for pair in hosts.reshape(len(hosts), -1, 2).sort(-1).values.unbind(1):
        first, second = (values[rows, :, place] for place in pair.unbind(-1))
        values[rows, :, pair[:, 0]] = torch.minimum(first, second)
        values[rows, :, pair[:, 1]] = torch.maximum(first, second)
    return (values.diff(dim=-1) >= 0).all(-1)


def sorted_lists(hosts: torch.Tensor, others: dict[str, torch.Tensor]) -> torch.Tensor:
    """Return the share of the parasites' lists that a host sorts, [P]."""
    return sorts(hosts, others["parasites"].reshape(-1, NUMBERS).long()).double().mean(-1)


def unsorted_lists(parasites: torch.Tensor, others: dict[str, torch.Tensor]) -> torch.Tensor:
    """Return the share of a parasite's lists that hosts do not sort, on average, [P]."""
    done = sorts(others["hosts"], parasites.reshape(-1, NUMBERS).long())
    return 1 - done.double().reshape(len(done), len(parasites), LISTS).mean((0, 2))


hosts = Encounter(sorted_lists, Integers(2 * COMPARISONS, low=0, high=NUMBERS - 1), batched=True)
parasites = Encounter(unsorted_lists, Bits(NUMBERS * LISTS), batched=True)
search = Coevolution(
    {"hosts": Genetic(hosts, seed=1, elites=0, population=60), "parasites": Genetic(parasites, seed=2, elites=0)},
    representatives=5,
)
statistics = tools.Statistics(lambda one: one.fitness.values[0] if search.homes[one.id] == "hosts" else 0.0)
statistics.register("best", max)
_, log = algorithms.eaGenerateUpdate(search.toolbox, GENERATIONS, stats=statistics, verbose=False)
share = sorts(search.champions["hosts"].genome.unsqueeze(0), ALL).double().mean()
print(f"the best host sorts {log[-1]['best']:.0%} of the parasites' lists and {share:.0%} of all")
