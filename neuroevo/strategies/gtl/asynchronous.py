"""Genetic Transfer Learning in a steady state, without waiting for the last training run of a generation.

As many individuals are under way as the population has. When a training run ends, its learngene is extracted, mutated
and scored; when a score is there, the next heir begins to train. Tournaments are held over the newest t individuals,
and the pool takes their winners in at once. A generation is what is recorded together: the next P scores.

The algorithm is ours, as no published description of GTL has it (see `neuroevo.strategies.gtl.gtl` for the sources).

Determinism: every training run and every score follows from the run's seed, the individual's id and the genes that it
inherits. Which genes those are depends on the order in which others were done, so that runs on several workers differ;
without workers (any other map than `WorkerMap`) individuals are done one by one in their order, and equal seeds give
equal runs. A run that is resumed does what was under way again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from neuroevo.backbones import Backbone
from neuroevo.budget import Budget
from neuroevo.data.images import Dataset
from neuroevo.execution.streams import Stream, stream_of
from neuroevo.individual import Failure, Individual
from neuroevo.signatures import takes, with_defaults
from neuroevo.strategies.gtl.gtl import GTL
from neuroevo.strategies.gtl.settings import POPULATION, GTLSettings, shallow
from neuroevo.strategies.learngenes import individual_from, individual_state
from neuroevo.strategies.strategy import scoring_cost

AsynchronousSettings = with_defaults("AsynchronousSettings", GTLSettings, module=__name__, **POPULATION, average=False)


class AsynchronousGTL(GTL):
    """Evolves learngenes without barriers.

    Operators and settings are those of `GTL`, except that siblings are not averaged: they are not trained side by side.
    P individuals are under way together, and one of a tournament wins. What is under way when a run ends is given up,
    and its gradient steps are not in the budget.

    Args:
        dataset: As in `GTL`.
        backbone: As in `GTL`.

    Raises:
        ValueError: A setting is out of its range, or `average` is on.
    """

    @takes(AsynchronousSettings)
    def __init__(self, dataset: Dataset, backbone: Backbone, settings: GTLSettings) -> None:
        if settings.average:
            raise ValueError("average must be False, for siblings are not trained side by side, but it is True.")
        super().__init__(dataset, backbone, **shallow(settings))
        self.tournament = settings.tournament
        self._under_way: dict[int, tuple[Individual, str]] = {}
        self._newest: list[Individual] = []
        self._stream: Stream | None = None

    def generate(self) -> list[Individual]:
        """Return the next P individuals that are scored, or that failed."""
        self.rehearse()
        self._winners = []
        stream = self._open()
        done: list[Individual] = []
        while len(done) < self.population:
            one = self._next(stream)
            if one is not None:
                done.append(one)
                self._compete(one)
                self._begin_life(stream)
        self.budget = self.budget.then(self._costs()[0].times(len(done)))
        return done

    def update(self, population: Sequence[Individual]) -> None:
        """End the generation; its tournaments have been held."""
        self.budget = self.budget.then(self._costs()[1].times(len(population)))
        self._result = None
        self.generation += 1

    def result(self) -> Individual:
        """Give up what is under way, and return the best as `GTL` does."""
        self._close()
        return super().result()

    def final_cost(self, generations: int) -> Budget:
        """Return what re-scoring the finalists costs."""
        contests = self.population * generations // self.tournament
        finalists = min(self.finalists, self.pool.capacity, contests)
        return scoring_cost(self.toolbox.rescore, otherwise=self.final_critic.budget).times(finalists)

    def state_dict(self) -> dict[str, Any]:
        """Return everything that evolves, and what is under way."""
        under_way = [{"individual": individual_state(one), "verb": verb} for one, verb in self._under_way.values()]
        newest = [individual_state(one) for one in self._newest]
        return {**super().state_dict(), "under_way": under_way, "newest": newest}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a state that `state_dict` returned; what was under way begins again."""
        super().load_state_dict(state)
        self._close()
        found = [(individual_from(item["individual"], self.backbone), item["verb"]) for item in state["under_way"]]
        self._under_way = dict(enumerate(found))
        self._newest = [individual_from(item, self.backbone) for item in state["newest"]]

    def _open(self) -> Stream:
        """Return the stream, with everything on it that is under way, and P individuals in all."""
        if self._stream is None:
            self._stream = stream_of(self.toolbox.map)
            waiting, self._under_way = [*self._under_way.values()], {}
            for one, verb in waiting:
                self._begin(self._stream, one, verb)
        while len(self._under_way) < self.population:
            self._begin_life(self._stream)
        return self._stream

    def _close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _heir(self, parent: Individual | None) -> Individual:
        heir = super()._heir(parent)
        # Critics are common to P successive individuals, and so is the part of the cycle of the learning rate.
        heir.generation = (heir.id - len(self._founders)) // self.population
        return heir

    def _begin_life(self, stream: Stream) -> None:
        # As many heirs as have begun, so that each founder has its turn.
        (parent,) = self._parents(1, first=self.ids.next - len(self._founders))
        self._begin(stream, self._heir(parent), "live")

    def _begin(self, stream: Stream, one: Individual, verb: str) -> None:
        arguments = (one, self._place(one)) if verb == "live" else (one,)
        self._under_way[stream.submit(getattr(self.toolbox, verb), *arguments)] = (one, verb)

    def _next(self, stream: Stream) -> Individual | None:
        """Wait for a training run or a score; return the individual if it is done."""
        number, found = stream.next()
        one, verb = self._under_way.pop(number)
        if verb == "live" and not isinstance(found, Failure):
            one.body = found
            weights = self._bear(one, self._place(one))
            if self._place(one) >= self.settings.elites:
                one.genome = self.toolbox.mutate(one.genome, weights)
            self._begin(stream, one, "evaluate")
            return None
        one.fitness.accept(found)
        return one

    def _place(self, one: Individual) -> int:
        """Return which of P successive individuals it is."""
        return (one.id - len(self._founders)) % self.population

    def _compete(self, one: Individual) -> None:
        """Let the newest t compete as soon as there are t of them."""
        self._newest.append(one)
        if len(self._newest) < self.tournament:
            return
        group, self._newest = self._newest, []
        unborn = [other for other, _ in self._under_way.values()]
        # The pool decays as much per P individuals as with barriers.
        decay = self.settings.decay ** (self.tournament / self.population)
        self._winners += self._contest(group, 1, decay, unborn=unborn)
