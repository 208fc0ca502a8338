"""Runs a small evolution in processes that kill themselves at the k-th call of the system, for k = STEP, 2 STEP, ...

Called as `python killed.py FOLDER CHECKPOINT_SECONDS STEP`; prints one JSON object. A child of this process is a copy
of it (fork), so that hundreds of them cost a few seconds.
"""

import io
import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from deap.base import Toolbox

from neuroevo.budget import Budget
from neuroevo.evolution import evolve
from neuroevo.individual import Ids, Individual
from neuroevo.runs.checkpoint import load_checkpoint
from neuroevo.runs.records import read_records

GENERATIONS = 3


class Walk:
    """A random walk to the best of two steps."""

    def __init__(self) -> None:
        self.generation, self.place, self.ids = 0, torch.zeros(2), Ids()
        self.generator = torch.Generator().manual_seed(0)
        self.budget = Budget()
        self.toolbox = Toolbox()
        for verb in ("generate", "evaluate", "update"):
            self.toolbox.register(verb, getattr(self, verb))

    def generate(self) -> list[Individual]:
        """Return two steps from the place."""
        return [Individual(self.place + torch.randn(2, generator=self.generator), id=self.ids()) for _ in range(2)]

    def evaluate(self, individual: Individual) -> tuple[float]:
        """Return the sum of the genes."""
        return (float(individual.genome.sum()),)

    def update(self, population: list[Individual]) -> None:
        """Go to the better one."""
        self.place = max(population, key=lambda one: one.fitness).genome.clone()
        self.generation += 1

    def record(self) -> dict[str, Any]:
        """Return where it is."""
        return {"place": self.place.tolist()}

    def state_dict(self) -> dict[str, Any]:
        """Return everything that changes."""
        generator = self.generator.get_state()
        return {"generation": self.generation, "place": self.place, "ids": self.ids.next, "generator": generator}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a state."""
        self.generation, self.place, self.ids.next = state["generation"], state["place"], state["ids"]
        self.generator.set_state(state["generator"])


def run(folder: Path, checkpoint_seconds: float) -> list[dict[str, Any]]:
    """Run to the end, and return the records without times."""
    for _ in evolve(Walk(), GENERATIONS, run_dir=folder, checkpoint_seconds=checkpoint_seconds):
        pass
    return [
        {key: value for key, value in one.items() if key != "seconds"} for one in read_records(folder / "records.jsonl")
    ]


def calls_the_system(function: Any) -> bool:
    """Whether a C function opens, writes, syncs, renames or removes files."""
    owner = getattr(function, "__self__", None)
    return isinstance(owner, io.IOBase) or function.__module__ in ("posix", "io", "_io", "fcntl")


def die_at(number: int) -> None:
    """Let this process kill itself before its `number`-th call of the system."""
    left = number

    def count(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal left
        del frame
        if event == "c_call" and calls_the_system(argument):
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)


def child(folder: Path, number: int, checkpoint_seconds: float) -> bool:
    """Run in a copy of this process that dies at a call; return whether it died."""
    if not (pid := os.fork()):
        die_at(number)
        run(folder, checkpoint_seconds)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


def main(root: Path, checkpoint_seconds: float, step: int) -> None:
    """Let children die at every `step`-th call, and look at what each leaves."""
    whole = run(root / "whole", checkpoint_seconds)
    deaths, loaded, wrong = 0, set(), []
    while child(folder := root / str(deaths + 1), (deaths + 1) * step, checkpoint_seconds):
        deaths += 1
        checkpoint = load_checkpoint(folder / "checkpoints")
        loaded.add(0 if checkpoint is None else checkpoint.generation)
        again = run(folder, checkpoint_seconds)
        left = [str(path) for path in folder.rglob("*.tmp")] if again == whole else ["other records"]
        wrong += [[deaths, *left]] if left else []
    print(json.dumps({"deaths": deaths, "loaded": sorted(loaded), "wrong": wrong}))  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
