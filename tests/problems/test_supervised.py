"""Weights of modules, scored by their answers."""

import copy
import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from neuroevo.execution import dense
from neuroevo.individual import Individual
from neuroevo.problems import Supervised
from neuroevo.problems.supervised import accuracy, log_likelihood
from neuroevo.testing.laws import problem_laws
from neuroevo.testing.parametrize import parametrize_with_laws

INPUTS = torch.randn(24, 6, generator=torch.Generator().manual_seed(0))
TARGETS = torch.arange(24) % 3


@torch.random.fork_rng(devices=[])
def module() -> nn.Sequential:
    """Return a small network with given weights."""
    built = nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.Tanh(), nn.Linear(5, 3))
    generator = torch.Generator().manual_seed(1)
    for parameter in built.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator)
    return built


def problem(**settings: Any) -> Supervised:
    """Return the network on the data."""
    return Supervised(module(), INPUTS, TARGETS, **settings)


def population(count: int = 4) -> list[Individual]:
    """Return individuals around the network."""
    genomes = problem().space.sample(count, generator=torch.Generator().manual_seed(2))
    return [Individual(row, id=place) for place, row in enumerate(genomes)]


def squared_error(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return a score of one's own."""
    return -(outputs - F.one_hot(targets, 3)).square().mean()


@parametrize_with_laws(
    problem_laws(population(), tolerance=1e-5),
    {
        "log likelihood": problem(),
        "accuracy": problem(score=accuracy),
        "own": problem(score=squared_error, chunk=3),
        "head": Supervised(module(), INPUTS, TARGETS, bounds={"*": (-1, 1)}),
    },
)
def test_supervised(law: Any) -> None:
    """Every score keeps the laws of evaluators."""
    law()


@pytest.mark.parametrize("score", [log_likelihood, accuracy, squared_error])
@pytest.mark.parametrize("chunk", [None, 1, 3])
def test_scores_are_those_of_the_modules(score: Any, chunk: int | None) -> None:
    """An individual's score is that of its module, in evaluation mode, for any size of chunks."""
    scored = problem(score=score, chunk=chunk)
    for one, (value,) in zip(population(), scored.batch(population()), strict=True):
        network = scored.to_module(one)
        assert value == pytest.approx(float(score(network(INPUTS).detach(), TARGETS)), abs=1e-5)
        torch.testing.assert_close(scored.outputs(one, INPUTS[:2]), network(INPUTS[:2]).detach())


def chain(**settings: Any) -> Supervised:
    """Return a chain of linear layers on the data."""
    with torch.random.fork_rng(devices=[]):
        layers = nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3))
    return Supervised(layers, INPUTS, TARGETS, spread=1.0, **settings)


@pytest.mark.parametrize("score", [log_likelihood, accuracy])
@pytest.mark.parametrize("chunk", [None, 1, 3])
def test_known_scores_of_chains_are_those_of_the_networks(score: Any, chunk: int | None) -> None:
    """Scored for all at once they are what they are for one network, failures included."""
    scored = chain(score=score, chunk=chunk)
    genomes = scored.space.sample(5, generator=torch.Generator().manual_seed(2))
    genomes[3, -1] = math.inf
    crowd = [Individual(row, id=place) for place, row in enumerate(genomes)]
    found = [value for (value,) in scored.batch(crowd)]
    expected = [float(score(scored.to_module(one)(INPUTS).detach(), TARGETS)) for one in crowd]
    assert found == pytest.approx(expected, abs=1e-5, nan_ok=True)
    assert math.isnan(found[3]) or score is log_likelihood


def test_the_score_of_pixels_is_batched_too() -> None:
    """Classes of every place [N, L], which the fast path does not handle, count as for one network."""
    with torch.random.fork_rng(devices=[]):
        network = nn.Sequential(nn.Linear(6, 12), nn.Unflatten(1, (3, 4)))
    targets = torch.arange(96).view(24, 4) % 3
    scored = Supervised(network, INPUTS, targets)
    (one,) = [Individual(scored.space.start, id=0)]
    assert scored(one)[0] == pytest.approx(float(log_likelihood(network(INPUTS).detach(), targets)), abs=1e-5)


def test_chunks_are_computed_from_the_widest_layer(caplog: pytest.LogCaptureFixture) -> None:
    """The default bounds the numbers that are held at a time, and the log reports them."""
    with caplog.at_level("DEBUG", logger="neuroevo.problems.supervised"):
        assert problem().chunk == 2**24 // (24 * 5)
    assert caplog.messages[0] == "139810 individuals are scored at a time, with activations of at most 64.0 MiB"


def test_a_chunk_of_a_chain_is_a_tile(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is scored is still in the cache then; a chunk that one asks for is taken all the same."""
    monkeypatch.setattr(dense, "TILE", 17 * len(INPUTS) * 5 * 4)
    assert chain().chunk == chain().forward.tile(INPUTS) == 16
    assert chain(chunk=5).chunk == 5


def test_a_result_can_be_trained_on() -> None:
    """A module with an individual's weights is an ordinary one, and the one that was given stays as it was."""
    given = module()
    before = copy.deepcopy(given.state_dict())
    network = Supervised(given, INPUTS, TARGETS).to_module(population()[0])
    F.cross_entropy(network(INPUTS), TARGETS).backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
    assert all(torch.equal(before[key], value) for key, value in given.state_dict().items())
    assert given.training


def test_only_some_tensors_evolve() -> None:
    """The others keep the module's values in every individual."""
    head = problem(only=["3.*"])
    assert head.space.size == 18
    network = head.to_module(Individual(torch.zeros(18), id=0))
    assert torch.equal(network[0].weight, module()[0].weight)
    assert head.batch([Individual(torch.zeros(18), id=0)]) == [(pytest.approx(-math.log(3)),)]


def test_weights_that_overflow_fail() -> None:
    """Outputs that are not finite have no accuracy, and no likelihood."""
    wild = Individual(torch.full((problem().space.size,), math.inf), id=0)
    for score in (accuracy, log_likelihood):
        assert math.isnan(problem(score=score)(wild)[0])


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Supervised(module(), INPUTS, TARGETS[1:]), "inputs and targets must be as many, .* 24 and 23."),
        (lambda: Supervised(module(), INPUTS[:0], TARGETS[:0]), "at least one, but they are 0 and 0."),
        (
            lambda: Supervised(module(), INPUTS[:, 1:], TARGETS),
            r"module must take the inputs \[24, 5\], but a Sequential",
        ),
        (lambda: problem(chunk=0), "chunk must be at least 1, but it is 0."),
        (lambda: problem(only=["4.*"]), "'4.\\*' must match a parameter of the module"),
        (lambda: problem(bounds={"*": (1, -1)}), "the bounds of 0.weight must be a lower and a higher one"),
        (
            lambda: problem(score=lambda o, t: o.sum(-1)).batch(population()),
            r"score must return one number, .* \[4, 24\].",
        ),
    ],
)
def test_what_does_not_fit_is_refused(make: Any, sentence: str) -> None:
    """Data, patterns, bounds and scores that do not fit are one sentence each."""
    with pytest.raises(ValueError, match=sentence):
        make()


def test_a_module_that_is_refused_moves_no_global_generator() -> None:
    """It is tried before it is known to draw; the fixture of all tests compares the generators."""

    class Noisy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(()))

        def forward(self, inputs: Tensor) -> Tensor:
            return self.scale * torch.rand_like(inputs)

    with pytest.raises(ValueError, match="must not draw from the global random generator of torch"):
        Supervised(Noisy(), torch.zeros(3, 2), torch.tensor([0, 1, 0]))
