"""CMA-ME: MAP-Elites whose children are drawn by CMA-ES, with distributions that follow what improves the archive.

Source: Fontaine, Togelius, Nikolaidis and Hoover, Covariance Matrix Adaptation for the Rapid Illumination of Behavior
Space (GECCO 2020), algorithms 1 and 2 with the improvement emitter of section 4.3: children that found an empty cell
are better than those that improved an elite, which are better than all others, each kind ranked by its gain; an emitter
none of whose children entered the archive begins anew at a random elite. The archive is pyribs' `GridArchive` (extra
`qd`), and the distribution is that of `CMAES`, with half of the children as parents.

Defaults are our choice (`docs/search-quality.md`): 2 emitters, P = 100, a first step of half the space's spread; the
paper has 15 emitters with 37 children each. Cost of a generation: P evaluations, O(E D^3 + P D^2) operations for E
emitters, O(cells D + E D^2) numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from neuroevo.individual import Individual
from neuroevo.population import ids_of
from neuroevo.seeds import seed_of
from neuroevo.strategies.search import checks
from neuroevo.strategies.search.base import first_sigma
from neuroevo.strategies.search.cma_es import MATRIX_COPIES, Model, Ranked
from neuroevo.strategies.search.map_elites import uniform
from neuroevo.strategies.search.measures import Measured
from neuroevo.strategies.search.repertoire import Repertoire
from neuroevo.strategies.toolbox import Checks, Verbs

SHARE = 0.5
"""First standard deviation, in units of the space's spread."""

Floats = np.ndarray[Any, np.dtype[np.float64]]


class CMAME(Repertoire):
    """A repertoire by CMA-ES: `individuals` are the elites, cell by cell; `result` is the best of all.

    Args:
        problem: What genomes are scored on, with measures.
        population: Children in a generation, P, at least two for each emitter.
        emitters: Distributions, E, each of which draws P / E children.
        cells: Cells in each measure.
        seed: The run's seed.
        sigma: First standard deviation, one for all genes or one for each; default half of the space's spread.

    Raises:
        ValueError: The problem has no measures, there is no cell, or P is no multiple of the emitters.
        RuntimeError: pyribs is not installed.
    """

    VERBS: ClassVar[Verbs] = {
        "sample": "sample() -> genomes [P, D]",
        "select": "select(individuals, k) -> individuals",
    }
    CHECKS: ClassVar[Checks] = {"select": checks.selected}
    EVOLVING = ("distributions", "origin")
    STEPS: ClassVar[dict[str, str]] = {"sigma": "sigma"}
    MAX_GENES = 200

    def __init__(
        self,
        problem: Measured,
        *,
        population: int = 100,
        emitters: int = 2,
        cells: int = 20,
        seed: int = 0,
        sigma: Tensor | float | None = None,
    ) -> None:
        if emitters < 1 or population % emitters or population < 2 * emitters:
            raise ValueError(
                f"population must be a multiple of emitters, two for each at least, but they are {population} and "
                f"{emitters}."
            )
        super().__init__(problem, population=population, cells=cells, seed=seed)
        self.first = first_sigma(self.space, SHARE * self.space.spread if sigma is None else sigma)
        self.origin: dict[str, int] = {}
        random = np.random.default_rng(seed_of(seed, "CMAME"))
        starts = self.space.sample(emitters, generator=self.generator).cpu().double().numpy()
        self.models = [
            Model(start, self._deviations, population // emitters, random=random, dtype=self.space.start.dtype)
            for start in starts
        ]
        self.toolbox.register("sample", self.draw)
        self.toolbox.register("select", partial(uniform, generator=self.generator))

    def bytes_needed(self) -> int:
        """Return about how many bytes its tensors, the cells of its archive and its matrices take."""
        emitters = int(self.arguments.get("emitters", 2))
        return super().bytes_needed() + emitters * MATRIX_COPIES * 8 * self.space.size**2

    def draw(self) -> Tensor:
        """Return the children of the emitters in turn, [P, D]."""
        return torch.from_numpy(np.concatenate([model.sample(model.lambda_) for model in self.models]))

    def ask(self) -> Sequence[Individual]:
        """Return the children of all emitters."""
        children = self.new_individuals(torch.as_tensor(self.toolbox.sample()).to(self.space.start))
        each = self.population // len(self.models)
        self.origin |= {str(number): place // each for place, number in enumerate(ids_of(children))}
        return children

    def tell(self, population: Sequence[Individual]) -> None:
        """Put children into the archive, and let each emitter learn what improved it."""
        gains = self.insert(population)
        sources = [self.origin[str(number)] for number in ids_of(population)]
        for number, model in enumerate(self.models):
            own = [place for place, source in enumerate(sources) if source == number]
            if any(gains[place][0] > 0 for place in own):
                order = sorted(own, key=gains.__getitem__, reverse=True)
                model.update(Ranked(population, order))
            elif own:
                model.begin(self._elite(), self._deviations, model.lambda_)
        self.origin = {}

    @property
    def sigma(self) -> Tensor:
        """The mean standard deviation of each gene over the emitters, float64 [D]."""
        sizes = [model.sigma * np.sqrt(np.diag(model.C)) for model in self.models]
        return torch.from_numpy(np.mean(sizes, axis=0))

    @property
    def distributions(self) -> dict[str, Any]:
        """What the emitters have learned, by their numbers."""
        return {str(number): model.state() for number, model in enumerate(self.models)}

    @distributions.setter
    def distributions(self, state: Mapping[str, Any]) -> None:
        for number, model in enumerate(self.models):
            model.load(state[str(number)])

    @property
    def _deviations(self) -> Floats:
        return np.asarray(self.first.cpu().double().numpy())

    def _elite(self) -> Floats:
        """Return the genome of a random elite; a first genome if there is none."""
        if self.individuals:
            genome = self.toolbox.select(self.individuals, 1)[0].genome
        else:
            genome = self.space.sample(1, generator=self.generator)[0]
        return np.asarray(genome.cpu().double().numpy())


STRATEGIES = {"cma-me": CMAME}
NEEDS = {"cma-me": "the extra qd, and a problem with measures (arm)"}
