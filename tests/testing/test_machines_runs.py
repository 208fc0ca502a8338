"""Runs that stop, crash, lose files and go on at random points leave what a run without accidents leaves."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar
from unittest.mock import patch

import pytest
import torch
from deap.base import Toolbox
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from neuroevo import evolution
from neuroevo.backbones import MLP
from neuroevo.budget import Budget
from neuroevo.data.images import Dataset, LabelledImages
from neuroevo.evolution import Generation, evolve
from neuroevo.execution import Recipe
from neuroevo.files import CheckpointError
from neuroevo.individual import Fitness, Ids, Individual
from neuroevo.runs import checkpoint
from neuroevo.runs.checkpoint import KEPT, load_checkpoint
from neuroevo.runs.records import read_records
from neuroevo.strategies import GTL, Strategy

LENGTH = 6
"""Generations of a whole run."""

NUMBERS = st.integers(0, LENGTH - 1)
GOALS = st.integers(0, LENGTH)


class Accident(Exception):
    """What ends a run before its time."""


class Walk:
    """A random walk from the best of its generation to the next one; some individuals fail."""

    def __init__(self, seed: int) -> None:
        self.generation, self.place, self.ids = 0, torch.zeros(2), Ids()
        self.generator = torch.Generator().manual_seed(seed)
        self.toolbox = Toolbox()
        for verb in ("generate", "evaluate", "update"):
            self.toolbox.register(verb, getattr(self, verb))

    @property
    def budget(self) -> Budget:
        """One step per generation."""
        return Budget(gradient_steps=self.generation)

    def generate(self) -> list[Individual]:
        """Return individuals around the place."""
        steps = torch.randn(3, 2, generator=self.generator)
        return [Individual(row, Fitness(), id=self.ids(), parents=(self.generation,)) for row in self.place + steps]

    def evaluate(self, individual: Individual) -> tuple[float]:
        """Return the sum of the genes, or NaN for one in three."""
        return (math.nan if individual.id % 3 == 1 else float(individual.genome.sum()),)

    def update(self, population: list[Individual]) -> None:
        """Go to the best one."""
        self.place = max(population, key=lambda one: one.fitness).genome.clone()
        self.generation += 1

    def record(self) -> dict[str, Any]:
        """Return where it is."""
        return {"place": self.place.tolist()}

    def state_dict(self) -> dict[str, Any]:
        """Return everything that changes."""
        generator = self.generator.get_state()
        return {"generation": self.generation, "place": self.place, "ids": self.ids.next, "generator": generator}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a state."""
        self.generation, self.place, self.ids.next = state["generation"], state["place"], state["ids"]
        self.generator.set_state(state["generator"])


@cache
def noise() -> Dataset:
    """Return a data set of 1 x 2 x 2 pixels."""
    roles = {}
    for seed, role in enumerate(("ancestry", "held_out", "novel")):
        generator = torch.Generator().manual_seed(seed)
        images = torch.randint(256, (24, 1, 2, 2), dtype=torch.uint8, generator=generator)
        roles[role] = LabelledImages(images, torch.arange(24) % 2, (f"{role} 0", f"{role} 1"))
    return Dataset.of("noise", **roles)


def gtl(seed: int) -> GTL:
    """Return a strategy whose every part is at work, but hardly trains."""
    return GTL(
        noise(),
        MLP(widths=(4, 3), inputs=4),
        seed=seed,
        population=3,
        share=0.5,
        critic_shots=2,
        life=Recipe(updates=1, batch=4),
        critic=Recipe(updates=0, batch=4),
        mutation_rate=0.3,
        resize_rate=0.3,
        noise=0.1,
        pool=3,
        workers=1,
    )


def score(individual: Mapping[str, Any]) -> float:
    """Return the fitness in a record of an individual; what failed is below all others."""
    (value,) = individual["fitness"]
    return -math.inf if value is None else float(value)


def untimed(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record without the time that it took."""
    return {key: value for key, value in record.items() if key != "seconds"}


def plain(state: Any) -> Any:
    """Return a state with lists for tensors, which can be compared."""
    if isinstance(state, torch.Tensor):
        return str(state.dtype), state.tolist()
    if isinstance(state, Mapping):
        return {key: plain(value) for key, value in state.items()}
    return [plain(value) for value in state] if isinstance(state, list | tuple) else state


@cache
def whole(make: Any, seed: int) -> tuple[list[dict[str, Any]], list[Any]]:
    """Return the records of a run without accidents, and the states before the first and after each generation."""
    strategy = make(seed)
    records, states = [], [plain(strategy.state_dict())]
    with TemporaryDirectory() as folder:
        for _ in evolve(strategy, LENGTH, run_dir=folder):
            states.append(plain(strategy.state_dict()))
        records.extend(map(untimed, read_records(Path(folder) / "records.jsonl")))
    return records, states


class RunMachine(RuleBasedStateMachine):
    """Plays one run in many parts; its model is which checkpoints and how many records there must be."""

    make: ClassVar[Any]

    def __init__(self) -> None:
        super().__init__()
        self.temporary = TemporaryDirectory()
        self.folder = Path(self.temporary.name)
        self.records, self.checkpoints = self.folder / "records.jsonl", self.folder / "checkpoints"
        self.recorded, self.kept = 0, []

    def teardown(self) -> None:
        """Remove the files."""
        self.temporary.cleanup()

    @initialize(seed=st.integers(0, 2))
    def start(self, seed: int) -> None:
        """Choose the run."""
        self.seed = seed
        self.strategy: Strategy = type(self).make(seed)

    @property
    def done(self) -> int:
        """The generations in the newest checkpoint."""
        return self.kept[-1] if self.kept else 0

    @rule(goal=GOALS, fresh=st.booleans())
    def go_on(self, goal: int, fresh: bool) -> None:
        """The run is continued, in a new process or with the strategy that is there, whatever happened to it."""
        self.play(self.process(fresh), goal)
        self.expect(goal)

    @rule(steps=st.integers(0, 3), fresh=st.booleans())
    def abandon(self, steps: int, fresh: bool) -> None:
        """The caller asks for some generations and drops the rest."""
        run = evolve(self.process(fresh), LENGTH, run_dir=self.folder)
        first = self.done
        assert [next(run).number for _ in range(min(steps, LENGTH - first))] == list(range(first, LENGTH))[:steps]
        run.close()
        if steps and first < LENGTH:
            self.expect(min(LENGTH, first + steps))

    @rule(last=NUMBERS, goal=GOALS, fresh=st.booleans())
    def stop(self, last: int, goal: int, fresh: bool) -> None:
        """The run stops by itself after a generation that is late enough."""
        first = self.done
        self.play(self.process(fresh), goal, stop=lambda generation: generation.number >= last)
        self.expect(min(goal, max(first, last) + 1))

    @rule(at=NUMBERS, fresh=st.booleans())
    def fail_in_a_callback(self, at: int, fresh: bool) -> None:
        """A callback raises: the generation that it was called with is complete."""

        def fail(generation: Generation) -> None:
            if generation.number == at:
                raise Accident

        meets = at >= self.done
        with pytest.raises(Accident) if meets else nothing():
            self.play(self.process(fresh), LENGTH, callbacks=[fail])
        self.expect(at + 1 if meets else LENGTH)

    @rule(
        at=NUMBERS,
        verb=st.sampled_from(["generate", "map", "update"]),
        late=st.booleans(),
        fresh=st.booleans(),
    )
    def crash(self, at: int, verb: str, late: bool, fresh: bool) -> None:
        """A verb raises before or after its work: the generation is lost, and the strategy is in no known state."""
        strategy = self.process(fresh)
        operator = getattr(strategy.toolbox, verb)

        def crashing(*arguments: Any) -> Any:
            meets = strategy.generation == at
            result = None if meets and not late else operator(*arguments)
            if meets:
                raise Accident
            return result

        meets = at >= self.done
        strategy.toolbox.register(verb, crashing)
        with pytest.raises(Accident) if meets else nothing():
            self.play(strategy, LENGTH)
        strategy.toolbox.register(verb, operator)
        self.expect(at if meets else LENGTH)

    @rule(at=NUMBERS, moment=st.sampled_from(["before", "between", "after"]), fresh=st.booleans())
    def be_killed_while_saving(self, at: int, moment: str, fresh: bool) -> None:
        """The process dies before, amid or after the two files of a checkpoint: the generation is recorded by then."""
        meets = at >= self.done
        with dying_while_saving(at + 1, moment), pytest.raises(Accident) if meets else nothing():
            self.play(self.process(fresh), LENGTH)
        self.expect(at + (moment == "after") if meets else LENGTH, recorded=at + 1 if meets else LENGTH)

    @rule(part=st.binary(max_size=8).filter(lambda part: b"\n" not in part))
    def tear_a_record(self, part: bytes) -> None:
        """The last line of the records was never finished."""
        with self.records.open("ab") as file:
            file.write(part)

    @precondition(lambda self: self.kept)
    @rule(size=st.integers(0, 200))
    def damage_the_newest_checkpoint(self, size: int) -> None:
        """A checkpoint that is cut short is refused by name; without it the run goes on from an older one."""
        path = self.checkpoints / f"generation-{self.done:06d}.json"
        data = path.read_bytes()
        path.write_bytes(data[: min(size, len(data) - 1)])
        with pytest.raises(CheckpointError, match=path.name):
            self.play(self.process(fresh=True), LENGTH)
        path.unlink()
        self.kept.pop()

    @invariant()
    def files_are_those_of_the_whole_run(self) -> None:
        """Records and checkpoint are a beginning of the whole run's, as long as the model says."""
        if not hasattr(self, "seed"):
            return
        records, states = whole(type(self).make, self.seed)
        found = read_records(self.records) if self.records.exists() else []
        assert [*map(untimed, found)] == records[: self.recorded]
        loaded = load_checkpoint(self.checkpoints)
        assert (None if loaded is None else (loaded.generation, plain(loaded.state))) == (
            (self.done, states[self.done]) if self.kept else None
        )
        assert sorted(self.checkpoints.glob("*.json")) == [
            self.checkpoints / f"generation-{generation:06d}.json" for generation in self.kept
        ]

    def process(self, fresh: bool) -> Strategy:
        """Return the strategy that goes on; without a checkpoint only a new one is at the start."""
        if fresh or not self.kept:
            self.strategy = type(self).make(self.seed)
        return self.strategy

    def play(self, strategy: Strategy, goal: int, **keywords: Any) -> None:
        """Run until the goal; every generation is the whole run's, and the strategy's state in the end as well."""
        number = self.done
        records, states = whole(type(self).make, self.seed)
        # A result that is saved is scored again, which counts in the budget of the state.
        for generation in evolve(strategy, goal, run_dir=self.folder, save_result=False, **keywords):
            assert generation.number == number
            number += 1
            # The file knows what JSON knows: what is not finite is null there.
            details = {key: value for key, value in untimed(generation.record()).items() if key != "individuals"}
            assert details.items() <= records[generation.number].items()
        assert plain(strategy.state_dict()) == states[number]

    def expect(self, generations: int, *, recorded: int | None = None) -> None:
        """Note that the run has that number of generations, of which a checkpoint stands for each that is new."""
        generations = max(generations, self.done)
        records, _ = whole(type(self).make, self.seed)
        for number in range(self.done + 1, generations + 1):
            bests = [max(map(score, record["individuals"])) for record in records[:number]]
            found = [*self.kept, number]
            self.kept = sorted({*found[-KEPT:], 1 + bests.index(max(bests))} & {*found})
        self.recorded = generations if recorded is None else recorded


@contextmanager
def nothing() -> Iterator[None]:
    """Expect no accident."""
    yield


@contextmanager
def dying_while_saving(generation: int, moment: str) -> Iterator[None]:
    """Raise before, amid or after the saving of a checkpoint."""
    save, write = evolution.save_checkpoint, checkpoint.write_atomically

    def saving(folder: Path, number: int, state: Any, **facts: Any) -> None:
        if number == generation and moment == "before":
            raise Accident
        save(folder, number, state, **facts)
        if number == generation and moment == "after":
            raise Accident

    def writing(path: Path, data: bytes) -> None:
        if moment == "between" and path.name == f"generation-{generation:06d}.json":
            raise Accident
        write(path, data)

    with patch.object(evolution, "save_checkpoint", saving), patch.object(checkpoint, "write_atomically", writing):
        yield


class WalkMachine(RunMachine):
    """Runs of a strategy that costs nothing."""

    make = Walk


class GTLMachine(RunMachine):
    """Runs of genetic transfer learning."""

    make = staticmethod(gtl)


TestRunsOfAWalk = WalkMachine.TestCase
TestRunsOfAWalk.settings = settings(stateful_step_count=15)
TestRunsOfGTL = GTLMachine.TestCase
# A generation of it takes some hundredths of a second.
TestRunsOfGTL.settings = settings(stateful_step_count=8, max_examples=settings().max_examples // 3)
