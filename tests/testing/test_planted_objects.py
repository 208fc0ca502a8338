"""The laws of objects are laws: each planted fault breaks the one that is meant for it, in few examples."""

import importlib.util
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest
import torch

from neuroevo.testing.laws import (
    LawBroken,
    backbone_laws,
    check_dataset,
    check_strategy,
    dataset_laws,
    map_laws,
    problem_laws,
    strategy_laws,
)


def _planted() -> ModuleType:
    """Return `planted_objects.py`, which test files can't import: their folders are not on the path."""
    spec = importlib.util.spec_from_file_location("planted_objects", Path(__file__).with_name("planted_objects.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Pickles of its classes look for it there.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


planted = _planted()


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Run on one torch thread: for networks this small, waiting for others takes longer than working."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@cache
def breach(name: str) -> LawBroken:
    """Return what a planted fault is told by."""
    (fault,) = (fault for fault in planted.PLANTED if fault.name == name)
    with pytest.raises(LawBroken) as caught:
        fault.check()
    return caught.value


def rows() -> list[tuple[str, str, str, int]]:
    """Return the table of planted faults: name, fault, the law that noticed, the examples that it took."""
    told = [(fault, breach(fault.name)) for fault in planted.PLANTED]
    return [(fault.name, fault.fault, found.law, found.examples) for fault, found in told]


@pytest.mark.parametrize(("name", "law"), [(fault.name, fault.law) for fault in planted.PLANTED])
def test_every_planted_fault_is_caught(name: str, law: str) -> None:
    """The law that is meant for a fault is the one that notices, and its message says what a reader needs."""
    found = breach(name)
    assert found.law == law
    lines = str(found).splitlines()
    assert f" breaks the law '{law}': " in lines[0]
    assert [line.partition(":")[0].strip() for line in lines[-2:]] == ["smallest case", "likely cause"]


def test_the_table_of_planted_faults() -> None:
    """Each is noticed in time, and most faults take one example."""
    examples = [row[-1] for row in rows()]
    assert 1 <= min(examples) <= max(examples) <= planted.EXAMPLES
    assert sorted(examples)[len(examples) // 2] == 1


def test_what_the_faults_are_planted_in_has_none() -> None:
    """The search and the data set that faults are planted in keep all laws themselves."""
    check_strategy(planted.Search, population=4, generations=3, verbs=("mutate", "evaluate", "map"))
    check_dataset(planted.sound_data(), again=planted.sound_data, learnable=True)


def test_every_kind_has_planted_faults() -> None:
    """Most laws of each kind are tried by a fault of their own, and there is no fault for a law that does not exist."""
    tried = {fault.law for fault in planted.PLANTED}
    kinds = (
        map_laws(chunk="chunk"),
        strategy_laws(verbs=("mutate",)),
        backbone_laws(),
        dataset_laws(again=planted.sound_data, learnable=True),
        problem_laws([]),
    )
    for laws in kinds:
        assert len(tried & {law.name for law in laws}) > len(laws) / 2
    assert tried <= {law.name for laws in kinds for law in laws}
