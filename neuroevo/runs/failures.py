"""Individuals that could not be evaluated: what they were and why, to look at later."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from pathlib import Path

from torch import Tensor

from neuroevo.files import write_atomically
from neuroevo.individual import Individual
from neuroevo.learngene import Learngene
from neuroevo.population import in_columns


def keep_failures(folder: Path, population: Iterable[Individual], generation: int) -> None:
    """Write a file for each individual whose evaluation was given up, and its genome beside it if there is one.

    The files are `<generation>-<id>.json` and `<generation>-<id>.safetensors`; a generation that is run again writes
    the same ones again. A genome that is another container, such as a tree of DEAP, is text in the first file.

    Raises:
        OSError: A file can't be written.
    """
    # In columns there is no place for a failure.
    if in_columns(population) is not None:
        return
    for one in population:
        if one.fitness.failure is None:
            continue
        folder.mkdir(exist_ok=True)
        path = folder / f"{generation:06d}-{one.id}"
        facts = {"id": one.id, "parents": one.parents, "generation": generation, "reason": one.fitness.failure}
        data = _genome(one)
        if data is None and isinstance(one.genome, Collection):
            # Trees, sets and lists have no form of their own in files.
            facts["genome"] = str(one.genome)
        write_atomically(path.with_suffix(".json"), json.dumps(facts, sort_keys=True).encode())
        if data is not None:
            write_atomically(path.with_suffix(".safetensors"), data)


def _genome(individual: Individual) -> bytes | None:
    """Return the genome as the content of a file; None for one of another kind."""
    from safetensors.torch import save

    genome = individual.genome
    if isinstance(genome, Learngene):
        return genome.to_bytes()
    return save({"genome": genome.detach().cpu().contiguous()}) if isinstance(genome, Tensor) else None
