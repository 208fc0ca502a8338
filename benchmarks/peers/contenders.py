"""What every program of the comparison offers: how it does a workload, to be timed, and its answer, to be checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from neuroevo.benchmarks.speed.timing import Work
from neuroevo.benchmarks.speed.workloads import DIGITS, TRAINED, Workload, digits, module_of, new_share


@dataclass(frozen=True)
class Contender:
    """How a program does a workload, in one of its variants.

    Attributes:
        run: Does it once, or several times where a program has a start of its own; nothing is checked meanwhile.
        answer: Returns what `neuroevo.benchmarks.speed.workloads.reference` wants, as this variant computes it.
        times: How often `run` does it.
    """

    run: Work
    answer: Callable[[], Tensor]
    times: int = 1


Make = Callable[[Workload], Contender]
Contenders = Mapping[str, Mapping[str, Make]]
"""By name of the workload and of the variant."""

Quality = Mapping[str, Callable[[int, int], float]]
"""By variant: takes a seed and a number of generations on digits and returns the accuracy on unseen digits."""


def of_generations(run: Work, genomes: Callable[[], Tensor], *, times: int = 1) -> Contender:
    """Return a contender of the workload constant-fitness, whose answer is the share of new genes in a generation.

    Args:
        run: Makes that many generations.
        genomes: Returns the population as it is then, [P, D].
        times: Generations of a call.
    """

    def answer() -> Tensor:
        before = genomes().clone()
        run()
        return new_share(before, genomes()) / times

    return Contender(run, answer, times)


def accuracy_of(genome: Tensor) -> float:
    """Return the accuracy of a network of the workload digits on the digits that are for testing."""
    pixels, classes = (part[TRAINED:] for part in digits())
    module = module_of(DIGITS)
    nn.utils.vector_to_parameters(genome.float(), module.parameters())
    with torch.no_grad():
        return float((module(pixels).argmax(1) == classes).double().mean())
