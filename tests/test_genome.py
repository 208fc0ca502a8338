"""Genomes in files: complete, equal for equal genomes, never code."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load
from torch import nn

from neuroevo.files import CheckpointError, sha256
from neuroevo.genome import Genome
from neuroevo.individual import Individual
from neuroevo.interface import Interface
from neuroevo.policy import Policy
from neuroevo.space import Space

OLD_FILE = "17be34904b00516f22b36dd29f8419d8bd60d6178fe7bf3298fbf7658b9108b4"


@torch.random.fork_rng(devices=[])
def network(seed: int = 0) -> nn.Sequential:
    """Return a small network with a buffer."""
    built = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    generator = torch.Generator().manual_seed(seed)
    for parameter in built.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator)
    return built.eval()


def genome(seed: int = 1, **notes: object) -> Genome:
    """Return the weights of a network as a genome."""
    space = Space.of_module(network(seed))
    return Genome.of(Individual(space.start, id=0), space, **notes)


def test_a_module_gets_the_weights() -> None:
    """The module with a genome's weights answers as the network that they were, and the first one stays as it was."""
    inputs = torch.randn(5, 3, generator=torch.Generator().manual_seed(2))
    target = network(3)
    before = target(inputs)
    heir = genome(1).to_module(target)
    torch.testing.assert_close(heir(inputs), network(1)(inputs))
    assert torch.equal(target(inputs), before)


def test_a_part_of_a_module() -> None:
    """Only what evolved is in the genome; the rest of a module stays."""
    space = Space.of_module(network(1), only=["2.*"])
    heir = Genome.of(Individual(space.start, id=0), space).to_module(network(3))
    assert torch.equal(heir[2].weight, network(1)[2].weight)
    assert torch.equal(heir[0].weight, network(3)[0].weight)


def test_a_file_comes_back(tmp_path: Path) -> None:
    """What is saved is read back bit for bit, and other programs read the tensors too."""
    path = tmp_path / "genome.safetensors"
    genome(note="kept").save(path)
    read = Genome.load(path)
    assert read.notes == {"note": "kept"}
    assert read.to_bytes() == path.read_bytes() == genome(note="kept").to_bytes()
    assert torch.equal(load(path.read_bytes())["0.weight"], network(1)[0].weight)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64])
def test_genomes_of_any_precision_can_be_saved(dtype: torch.dtype) -> None:
    """Numbers and their dtype come back, also of types that numpy lacks."""
    space = Space.of_module(network().to(dtype))
    saved = Genome.of(Individual(space.start, id=0), space)
    read = Genome.from_bytes(saved.to_bytes())
    assert {name: block.dtype for name, block in read.blocks.items()} == dict.fromkeys(saved.blocks, dtype)
    assert all(torch.equal(read.blocks[name], block) for name, block in saved.blocks.items())


def playing() -> Genome:
    """Return the genome of a network that plays."""
    facts = {"observations": {"kind": "Box", "shape": [3]}, "actions": {"kind": "Discrete", "n": 2, "start": 0}}
    interface = Interface.of(facts, shift=torch.arange(3.0), scale=torch.full((3,), 2.0))
    return replace(genome(), interface=interface)


def test_a_network_that_plays_comes_back_as_one(tmp_path: Path) -> None:
    """Normalisation and actions are in the file, which is the same every time; without them it is as it was before."""
    path = tmp_path / "genome.safetensors"
    playing().save(path)
    read = Genome.load(path)
    assert read.to_bytes() == path.read_bytes() == playing().to_bytes() != genome().to_bytes()
    assert read.blocks.keys() == genome().blocks.keys()
    policy = read.to_module(network(3))
    assert isinstance(policy, Policy)
    inputs = torch.randn(5, 3, generator=torch.Generator().manual_seed(2))
    expected = network(1)((inputs - torch.arange(3.0)) / 2)
    torch.testing.assert_close(policy(inputs), expected)
    assert policy.act(inputs[0].numpy()) == int(expected[0].argmax())
    assert policy.state_dict().keys() > {"shift", "scale"}
    # The digest of a file of before there were interfaces.
    assert sha256(genome(note="kept").to_bytes()) == OLD_FILE


@given(place=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255), play=st.booleans())
def test_a_changed_byte_is_noticed(place: float, flip: int, play: bool) -> None:
    """A file with any byte changed is refused."""
    data = bytearray((playing() if play else genome()).to_bytes())
    data[int(place * len(data))] ^= flip
    with pytest.raises(CheckpointError):
        Genome.from_bytes(bytes(data))


@given(place=st.floats(0, 1, exclude_max=True))
def test_a_cut_file_is_noticed(place: float) -> None:
    """So is one that ends early."""
    data = genome().to_bytes()
    with pytest.raises(CheckpointError):
        Genome.from_bytes(data[: int(place * len(data))])


def test_the_file_is_named(tmp_path: Path) -> None:
    """The sentence names the file, and what it holds."""
    path = tmp_path / "other.safetensors"
    path.write_bytes(b"no genome")
    with pytest.raises(
        CheckpointError, match=r"other.safetensors can't be read as a genome: it is damaged or no genome"
    ):
        Genome.load(path)


def test_a_module_of_another_shape_is_refused() -> None:
    """The error for a module without the parameters names the required ones."""
    with pytest.raises(ValueError, match=r"module must have a parameter 0.bias of the shape \(4,\), but it has"):
        genome().to_module(network(0)[2])
