"""Any Python function as a problem, and the well-known ones as problems of any size."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from neuroevo.individual import Fitness, Individual, genomes_of
from neuroevo.problems import functions, objectives
from neuroevo.space import Space
from neuroevo.spelling import shown

Values = tuple[float, ...]

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Function:
    """Scores genomes by a function of yours.

    A genome for which the function raises, or returns what is no finite number or not as many as there are weights,
    counts as failed: it is logged with the individual's id, is worse than all others, and the run continues.

    Attributes:
        function: Called with one genome [D], returns a number or a tuple of numbers; batched, with genomes [P, D], it
            returns P numbers or P rows of them, as a tensor, an array or a list.
        space: The space of genomes.
        weights: The weight of each value, as in DEAP; default one value, to be minimised.
        batched: Whether the function takes whole populations.
        measures: Lowest and highest value of each measure. Measures follow the objective among the values, describe
            a solution and have the weight 0 (for MAP-Elites and novelty search).
        noisy: Whether the function draws, so that a genome has other values each time; `result` of a search then
            scores finalists again.
    """

    function: Callable[[Tensor], Any]
    space: Space
    weights: tuple[float, ...] = (-1.0,)
    batched: bool = False
    measures: tuple[tuple[float, float], ...] = ()
    noisy: bool = False

    def __call__(self, individual: Individual) -> Values:
        """Return the values of one individual."""
        return self.batch([individual])[0]

    def batch(self, individuals: Sequence[Individual]) -> list[Values]:
        """Return the values of each individual."""
        if not individuals:
            return []
        return self._together(individuals) if self.batched else [self._alone(one) for one in individuals]

    def to(self, device: torch.device | str) -> Function:
        """Return the same problem with its genomes on a device, where the function gets them."""
        return replace(self, space=self.space.to(device))

    def gradient(self, genomes: Tensor) -> Tensor:
        """Return the gradients [P, D] of the objective, signed to be maximised, at genomes [P, D].

        Raises:
            TypeError: The function is not batched, or has several objectives.
        """
        if not self.batched or len(self.weights) > 1:
            raise TypeError(f"{self.name} must be batched and have one objective to have a gradient, but it is not so.")
        place = genomes.detach().requires_grad_()
        with torch.enable_grad():
            total = self.weights[0] * self.function(place).sum()
        # A plateau depends on nothing.
        return torch.autograd.grad(total, place)[0] if total.requires_grad else torch.zeros_like(genomes)

    @property
    def name(self) -> str:
        """The function's name."""
        inner: Any = self.function
        while isinstance(inner, partial):
            inner = inner.func
        return str(getattr(inner, "__name__", type(inner).__name__))

    def _together(self, individuals: Sequence[Individual]) -> list[Values]:
        """Return the values of all; if the function raises for all of them or mixes rows up, each is tried alone."""
        count = len(individuals)
        try:
            # A copy, because a user's function may write into its argument.
            given = self.function(genomes_of(individuals, copy=True))
            if (rows := self._finite_rows(given, count)) is not None:
                return rows
            returned = _listed(given)
            if not isinstance(returned, list | tuple) or len(returned) != count:
                found = len(returned) if isinstance(returned, list | tuple) else shown(returned)
                raise ValueError(f"it must return one row of values for each of {count} genomes, but returned {found}")
            listed = [_listed(row) for row in returned]
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a user's function may raise anything
            if count == 1:
                return [self._raised(individuals[0], error)]
            return [self._together([one])[0] for one in individuals]
        return [self._values(row, one) for row, one in zip(listed, individuals, strict=True)]

    def _finite_rows(self, returned: Any, count: int) -> list[Values] | None:
        """Return the values of a tensor [P] or [P, M] as tuples; None if it needs a closer look."""
        shapes = [(count,), (count, 1)] if len(self.weights) == 1 else [(count, len(self.weights))]
        if not isinstance(returned, Tensor) or returned.shape not in shapes:
            return None
        if returned.is_complex():
            return None
        # One read, for each waits for the device.
        values = returned.detach().cpu().double().reshape(count, -1)
        return list(map(tuple, values.tolist())) if bool(values.isfinite().all()) else None

    def _alone(self, individual: Individual) -> Values:
        try:
            returned = _listed(self.function(individual.genome.clone()))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a user's function may raise anything
            return self._raised(individual, error)
        return self._values(returned, individual)

    def _raised(self, individual: Individual, error: BaseException) -> Values:
        return self._failed(f"raised for individual {individual.id}", f" ({type(error).__name__}: {error})")

    def _failed(self, what: str, remark: str = "") -> Values:
        log.warning("%s %s, which counts as failed%s.", self.name, what, remark)
        return (math.nan,) * len(self.weights)

    def _values(self, returned: Any, individual: Individual) -> Values:
        """Return what came back for an individual as values; NaN, with a line in the log, if it is none."""
        listed = returned if isinstance(returned, list | tuple) else (returned,)
        fitness = Fitness(weights=self.weights)
        if fitness.accept(listed) is not None:
            return self._failed(f"returned {shown(returned)} for individual {individual.id}", self._wanted)
        if fitness.failed:
            log.warning(
                "%s gave %s for individual %s, which counts as failed.", self.name, fitness.values, individual.id
            )
        return fitness.values

    @property
    def _wanted(self) -> str:
        """Say what the function must return."""
        if len(self.weights) == 1:
            return f"; it must return one number, for the weight {self.weights[0]}"
        return f"; it must return {len(self.weights)} numbers, one for each of the weights {self.weights}"


def _listed(returned: Any) -> Any:
    """Return a tensor or an array as a list or a number, anything else as it is."""
    return returned.tolist() if hasattr(returned, "tolist") else returned


@dataclass(frozen=True)
class Landscape:
    """A well-known function with its bounds, as a problem of any size: `RASTRIGIN(10)`.

    Attributes:
        function: Batched, genomes [..., D] to values.
        low: Lowest value of each gene.
        high: Highest value of each gene.
        weights: The weight of each value, as in DEAP.
        size: The default number of genes D.
        measures: Lowest and highest value of each measure.
    """

    function: Callable[[Tensor], Tensor]
    low: float
    high: float
    weights: tuple[float, ...] = (-1.0,)
    size: int = 10
    measures: tuple[tuple[float, float], ...] = ()

    def __call__(
        self,
        dimensions: int | None = None,
        *,
        dtype: torch.dtype = torch.float64,
        device: torch.device | str = "cpu",
    ) -> Function:
        """Return the function as a problem.

        Args:
            dimensions: Genes of the function, D; by default its own number.
            dtype: The genomes' dtype.
            device: Where genomes are.
        """
        size = self.size if dimensions is None else dimensions
        space = Space.box(size, low=self.low, high=self.high, dtype=dtype).to(device)
        return Function(self.function, space, weights=self.weights, batched=True, measures=self.measures)


PLANE = Landscape(functions.plane, -1, 1)
SPHERE = Landscape(functions.sphere, -5.12, 5.12)
ELLIPSOID = replace(SPHERE, function=functions.ellipsoid)
CIGAR = replace(SPHERE, function=functions.cigar)
ROSENBROCK = Landscape(functions.rosenbrock, -2.048, 2.048)
ACKLEY = Landscape(functions.ackley, -15, 30)
BOHACHEVSKY = Landscape(functions.bohachevsky, -100, 100)
GRIEWANK = Landscape(functions.griewank, -600, 600)
RASTRIGIN = replace(SPHERE, function=functions.rastrigin)
RASTRIGIN_SCALED = replace(SPHERE, function=functions.rastrigin_scaled)
RASTRIGIN_SKEW = replace(SPHERE, function=functions.rastrigin_skew)
SCHAFFER = Landscape(functions.schaffer, -100, 100)
SCHWEFEL = Landscape(functions.schwefel, -500, 500)
HIMMELBLAU = Landscape(functions.himmelblau, -6, 6, size=2)
H1 = Landscape(functions.h1, -100, 100, weights=(1.0,), size=2)
ZDT1 = Landscape(objectives.zdt1, 0, 1, weights=(-1.0, -1.0), size=30)
ZDT2 = replace(ZDT1, function=objectives.zdt2)
ZDT3 = replace(ZDT1, function=objectives.zdt3)
ZDT6 = replace(ZDT1, function=objectives.zdt6, size=10)
ARM = Landscape(
    objectives.arm, -math.pi, math.pi, weights=(1.0, 0.0, 0.0), size=10, measures=((-1.0, 1.0), (-1.0, 1.0))
)
DTLZ2 = Landscape(objectives.dtlz2, 0, 1, weights=(-1.0,) * 3, size=12)

PROBLEMS = {
    "sphere": SPHERE,
    "ellipsoid": ELLIPSOID,
    "cigar": CIGAR,
    "rosenbrock": ROSENBROCK,
    "ackley": ACKLEY,
    "bohachevsky": BOHACHEVSKY,
    "griewank": GRIEWANK,
    "rastrigin": RASTRIGIN,
    "rastrigin-scaled": RASTRIGIN_SCALED,
    "rastrigin-skew": RASTRIGIN_SKEW,
    "schaffer": SCHAFFER,
    "schwefel": SCHWEFEL,
    "himmelblau": HIMMELBLAU,
    "h1": H1,
    "zdt1": ZDT1,
    "zdt2": ZDT2,
    "zdt3": ZDT3,
    "zdt6": ZDT6,
    "dtlz2": DTLZ2,
    "arm": ARM,
}
