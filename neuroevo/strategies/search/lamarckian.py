"""Lamarckian and Baldwinian genetic algorithms: individuals learn before they are scored.

Sources: Hinton and Nowlan, How Learning Can Guide Evolution (1987), for the Baldwin effect: learning changes fitness,
and children inherit what their parents had before learning; Whitley, Gordon and Mathias, Lamarckian Evolution, the
Baldwin Effect and Function Optimization (PPSN 1994), section 2, for both forms side by side: in Lamarck's children
inherit what was learned.

One generation is that of `Genetic`, except that children take some steps of Adam up the gradient of their score before
it is taken. Lamarckian, the genome becomes what it learned; Baldwinian, it only gets the score. Defaults are our
choice: 5 steps of a tenth of the space's spread; P = 50, for each individual costs more. Cost of a generation: P
evaluations and 5 P gradient steps, which the budget counts, and O(P D) further operations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol

from torch import Tensor

from neuroevo.budget import Budget
from neuroevo.execution.learning import Learn
from neuroevo.individual import Individual, genomes_of
from neuroevo.problems import Problem
from neuroevo.signatures import Recorded
from neuroevo.space import Space
from neuroevo.strategies.search import checks
from neuroevo.strategies.search.genetic import Genetic
from neuroevo.strategies.strategy import budget_of
from neuroevo.strategies.toolbox import Checks, Verbs


class Differentiable(Problem, Protocol):
    """A problem with gradients: `Supervised`, or a batched `Function` of PyTorch's operations."""

    def gradient(self, genomes: Tensor) -> Tensor:
        """Return the gradients [P, D] of the scores, to be maximised, of genomes [P, D]."""


def gradient_of(problem: Differentiable) -> Callable[[Tensor], Tensor]:
    """Return a problem's `gradient`.

    Raises:
        ValueError: It has none.
    """
    # Checked at run time as well: command lines and settings files name any problem.
    if not callable(found := getattr(problem, "gradient", None)):
        raise ValueError(f"problem must have a gradient to learn by, but {type(problem).__name__} has none.")
    gradient: Callable[[Tensor], Tensor] = found
    return gradient


class Lamarckian(Genetic):
    """A genetic algorithm whose individuals learn.

    In the Baldwinian form `result` is the best one before learning; `toolbox.learn` gives what it becomes.

    The attribute `budget` of the operator `learn` says what one genome costs.

    Args:
        problem: What genomes are scored on, with gradients.
        population: Individuals that live at a time, P.
        offspring: Children in a generation; default P.
        seed: The run's seed.
        steps: Gradient steps of each child.
        learning_rate: Length of a step in each gene, in units of the space's spread.
        inherited: Whether genomes become what they learned (Lamarck) or only score by it (Baldwin).
        elites: Parents that survive while children replace all others; by default the best of parents and children
            survive, and 1 where the problem is noisy.
        tournament: Entrants of a tournament.
        sigma: Largest step of a mutation; default the space's spread.
        rate: Probability that a gene mutates, in [0, 1].

    Raises:
        ValueError: The problem has no gradient.
    """

    VERBS: ClassVar[Verbs] = {"learn": "learn(genomes [P, D]) -> genomes"}
    CHECKS: ClassVar[Checks] = {"learn": checks.like(0)}
    SPACES = (Space,)

    def __init__(
        self,
        problem: Differentiable,
        *,
        population: int = 50,
        offspring: int | None = None,
        seed: int = 0,
        steps: int = 5,
        learning_rate: float = 0.1,
        inherited: bool = True,
        elites: int | None = None,
        tournament: int = 3,
        sigma: Tensor | float | None = None,
        rate: float = 0.1,
    ) -> None:
        super().__init__(
            problem,
            population=population,
            offspring=offspring,
            seed=seed,
            elites=elites,
            tournament=tournament,
            sigma=sigma,
            rate=rate,
        )
        self.inherited = inherited
        learn = Learn(gradient_of(problem), problem.space, steps=steps, learning_rate=learning_rate)
        self.toolbox.register("learn", learn)
        if not inherited:
            self.toolbox.register("evaluate", Baldwin(problem, learn))

    def ask(self) -> Sequence[Individual]:
        """Return children, after learning if that is inherited."""
        children = super().ask()
        if self.inherited:
            learned = self.space.clip(self.toolbox.learn(genomes_of(children)))
            for child, genome in zip(children, learned, strict=True):
                child.genome = genome
        return children

    def individual_cost(self) -> Budget:
        """Return what one individual costs: its evaluation and what it learned before."""
        learning = budget_of(self.toolbox.learn, otherwise=Budget()) if self.inherited else Budget()
        return learning.then(super().individual_cost())


class Baldwin(Recorded):
    """Scores individuals by what they become when they learn; their genomes stay.

    Attributes:
        budget: What one individual costs.

    Args:
        problem: Scores individuals after learning.
        learn: Takes genomes [P, D] and returns what they become.
    """

    def __init__(self, problem: Problem, learn: Learn) -> None:
        self.problem = problem
        self.learn = learn
        self.budget = learn.budget

    def __call__(self, individual: Individual) -> tuple[float, ...]:
        """Return the values of one individual."""
        return self.batch([individual])[0]

    def batch(self, individuals: Sequence[Individual]) -> list[tuple[float, ...]]:
        """Return the values of each individual."""
        if not individuals:
            return []
        learned = self.learn(genomes_of(individuals))
        return self.problem.batch(
            [
                Individual(genome, one.fitness.unscored(), one.id, one.parents, one.generation)
                for genome, one in zip(learned, individuals, strict=True)
            ]
        )


STRATEGIES = {"lamarckian": Lamarckian}
NEEDS = {"lamarckian": "a problem with gradients (digits)"}
