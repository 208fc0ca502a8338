"""OpenAI's evolution strategy: a finite-difference gradient of many mirrored samples, followed by Adam.

Source: Salimans, Ho, Chen, Sidor and Sutskever, Evolution Strategies as a Scalable Alternative to Reinforcement
Learning (arXiv 1703.03864), algorithm 1, with mirrored sampling, rank shaping and weight decay of its section 2.1
and Adam of its public implementation.

With z_k from N(0, 1) in mirrored pairs and u_k the centred ranks of the scores at m + s z_k,

    g = 1 / P sum_k u_k z_k - decay m / s,   m <- m + s Adam(g)

The paper's s is constant, and the search circles about an optimum. Here s follows the path of the gradients' directions
d = sum_k u_k z_k / sqrt(2 sum_k u_k^2), a standard normal vector where scores are random, as step sizes of CMA-ES do
(Hansen's tutorial, arXiv 1604.00772, equations 43 and 44):

    p <- (1 - c) p + sqrt(c (2 - c)) d,   s <- s exp(eta c (|p| / sqrt D - 1)),   c = (M + 2) / (D + M + 5)

with M = (sum_k |u_k|)^2 / (2 sum_k u_k^2): it shrinks where directions contradict each other, and stays while they
agree. Gradient and step are in units of s, so that one learning rate fits genes of any scale. Defaults: the
implementation's learning rate 0.01 at s = 0.02 makes 0.5; its 0.005 of weight decay makes 0 here, where most problems
have no reason for it; eta = 0.5 is our choice (`docs/search-quality.md` has the experiment), 0 is the paper's. P = 4 +
floor(3 ln D), made even. Cost of a generation: P evaluations and O(P D) operations and numbers.
"""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from neuroevo.operators.optimisers import adam
from neuroevo.operators.sampling import mirrored
from neuroevo.problems import Problem
from neuroevo.strategies.search import checks
from neuroevo.strategies.search.draws import Draws
from neuroevo.strategies.search.gradient_search import GradientSearch
from neuroevo.strategies.toolbox import Checks, Verbs


class OpenAIES(GradientSearch):
    """The evolution strategy of OpenAI.

    Args:
        problem: What genomes are scored on.
        population: Individuals in a generation, P; default 4 + 3 ln D, made even.
        seed: The run's seed.
        sigma: Standard deviation of the samples, one for all genes or one for each; default a third of the space's
            spread.
        learning_rate: Adam's, in units of sigma.
        weight_decay: Share of the mean, in units of sigma, that the gradient is lessened by.
        sigma_rate: How fast sigma follows the path of the gradients, eta; 0 keeps it.
        virtual: Whether individuals are seeds, with low-rank noise instead of genomes in memory (see `EGGROLL`) and
            without the operator `sample`.
        rank: The rank of the noise on each matrix, if the population is virtual.
        draws: Where samples are drawn: "host", the same on every device, or "device", where genomes are, which saves a
            GPU the copy; a seed then holds for one kind of device and one version of PyTorch.
    """

    VERBS: ClassVar[Verbs] = {"sample": "sample(mean [D], sigma [D], count=P) -> genomes [P, D]"}
    CHECKS: ClassVar[Checks] = {"sample": checks.SAMPLED}

    def __init__(
        self,
        problem: Problem,
        *,
        population: int | None = None,
        seed: int = 0,
        sigma: Tensor | float | None = None,
        learning_rate: float = 0.5,
        weight_decay: float = 0.0,
        sigma_rate: float = 0.5,
        virtual: bool = False,
        rank: int = 1,
        draws: Draws = "host",
    ) -> None:
        super().__init__(
            problem,
            population=population,
            seed=seed,
            sigma=sigma,
            weight_decay=weight_decay,
            sigma_rate=sigma_rate,
            rank=rank if virtual else None,
            draws=draws,
        )
        if not virtual:
            self.toolbox.register("sample", mirrored, generator=self.samples)
        self.toolbox.register("optimise", adam, learning_rate=learning_rate)


STRATEGIES = {"openai-es": OpenAIES}
