"""GTL in a steady state in plain Python (`neuroevo.strategies.gtl.asynchronous`): one queue, and one item at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from typing import Any

from neuroevo.individual import Failure, Individual
from neuroevo.testing.references.strategies.gtl import Call, PlainGTL, scoring, spent
from neuroevo.testing.references.strategies.individuals import State


class PlainAsynchronousGTL(PlainGTL):
    """GTL without barriers, where items are done one by one in their order; settings are those of `PlainGTL`."""

    operators: Sequence[str] = (*PlainGTL.operators, "evaluate")

    def state_of(self, strategy: Any) -> State:
        """Return what a strategy keeps, and the queue of what is under way."""
        kept = strategy.state_dict()
        under_way = [one["individual"] for one in kept["under_way"]]
        verbs = [one["verb"] for one in kept["under_way"]]
        return {
            **super().state_of(strategy),
            "queue": [*zip(strategy.unpack(under_way), verbs, strict=True)],
            "newest": strategy.unpack(kept["newest"]),
        }

    def generate(self, state: State, call: Call) -> tuple[list[Individual], State]:
        """Return the next P individuals that are scored, or that failed; each makes room for an heir."""
        state = {**state, "queue": [*state["queue"]], "newest": [*state["newest"]], "winners": []}
        done: list[Individual] = []
        while len(state["queue"]) < self.population:
            self.begin(state, call)
        while len(done) < self.population:
            one, operator = state["queue"].pop(0)
            if operator == "live" and not self.lived(one, state, call):
                continue
            if operator == "evaluate":
                one.fitness.accept(call("evaluate", one))
            done.append(one)
            state = self.competed(one, state, call)
            self.begin(state, call)
        life = astuple(state["strategy"].life.budget)
        return done, {**state, "budget": spent(state["budget"], life, self.population)}

    def begin(self, state: dict[str, Any], call: Call) -> None:
        """Let another heir wait for its training run; P successive ones are of one generation."""
        (parent,) = self.chosen(state, 1, call)
        if not state["pool"] and self.founders:
            parent = state["founders"][(state["next"] - self.founders) % self.founders]
        heir = self.heir(parent, state)
        heir.generation = (heir.id - self.founders) // self.population
        state["queue"].append((heir, "live"))

    def lived(self, heir: Individual, state: dict[str, Any], call: Call) -> bool:
        """Train an heir, which then waits for its score; return whether that failed."""
        slot = (heir.id - self.founders) % self.population
        body = call("live", heir, slot)
        if isinstance(body, Failure):
            heir.fitness.values = body
            return True
        weights = self.born(heir, slot, body, state, call)
        if slot >= self.elites:
            heir.genome = call("mutate", heir.genome, weights)
        state["queue"].append((heir, "evaluate"))
        return False

    def competed(self, one: Individual, state: dict[str, Any], call: Call) -> dict[str, Any]:
        """Return the state after one more is done: the newest t compete, and the pool decays by alpha^(t/P)."""
        state["newest"].append(one)
        if len(state["newest"]) < self.tournament:
            return state
        group, won = state["newest"], state["winners"]
        unborn = [parent for waiting, _ in state["queue"] for parent in waiting.parents]
        decay = self.decay ** (self.tournament / self.population)
        after = dict(self.contested({**state, "newest": []}, group, 1, decay, unborn, call))
        return {**after, "winners": [*won, *after["winners"]]}

    def update(self, state: State, population: Sequence[Individual], call: Call) -> State:
        """Return the state after a generation, whose tournaments have been held."""
        del call
        cost = scoring(state["strategy"].critic.budget)
        budget = spent(state["budget"], cost, len(population))
        return {**state, "budget": budget, "generation": state["generation"] + 1}
