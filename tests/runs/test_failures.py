"""Individuals that could not be evaluated: what is written of them."""

import json
import operator
from pathlib import Path
from typing import Any

import pytest
import torch
from deap import gp
from safetensors.torch import load_file

from neuroevo.individual import Failure, Individual
from neuroevo.runs.failures import keep_failures

PRIMITIVES = gp.PrimitiveSet("main", 1)
PRIMITIVES.addPrimitive(operator.neg, 1)
TREE = gp.PrimitiveTree.from_string("neg(neg(ARG0))", PRIMITIVES)


def _failed(genome: Any) -> Individual:
    one = Individual(genome, id=3, parents=(1, 2))
    one.fitness.values = Failure("it broke")
    return one


def test_a_tensor_is_a_file_of_its_own(tmp_path: Path) -> None:
    """The genome can be loaded, and the reason read; those that did not fail leave nothing."""
    keep_failures(tmp_path / "failures", [_failed(torch.arange(3.0)), Individual(torch.zeros(3), id=4)], 7)
    stem = tmp_path / "failures" / "000007-3"
    assert {one.name for one in stem.parent.iterdir()} == {"000007-3.json", "000007-3.safetensors"}
    assert load_file(stem.with_suffix(".safetensors"))["genome"].tolist() == [0, 1, 2]
    facts = json.loads(stem.with_suffix(".json").read_text())
    assert facts == {"id": 3, "parents": [1, 2], "generation": 7, "reason": "it broke"}


@pytest.mark.parametrize(("genome", "text"), [(TREE, "neg(neg(ARG0))"), ({5}, "{5}"), ([1, 2], "[1, 2]"), (None, None)])
def test_a_foreign_genome_is_text(tmp_path: Path, genome: Any, text: str | None) -> None:
    """A tree, a set or a list stands beside the reason, so that it can be tried again."""
    keep_failures(tmp_path, [_failed(genome)], 0)
    (file,) = tmp_path.iterdir()
    assert json.loads(file.read_text()).get("genome") == text
