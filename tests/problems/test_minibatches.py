"""Supervised learning in batches, on minibatches, and from loaders of PyTorch."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import skip_init
from torch.utils.data import DataLoader, SubsetRandomSampler, TensorDataset

from neuroevo.individual import Individual
from neuroevo.problems.supervised import Supervised, accuracy, log_likelihood


def data(count: int, *, floats: bool = False) -> tuple[Tensor, Tensor]:
    """Return inputs [N, 3] and targets, classes of 4 or numbers [N, 4]."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(count, 3, generator=generator)
    if floats:
        return inputs, torch.randn(count, 4, generator=generator)
    return inputs, torch.randint(4, (count,), generator=generator)


def module() -> nn.Module:
    """Return a small network with fixed weights."""
    network = nn.Sequential(skip_init(nn.Linear, 3, 5), nn.Tanh(), skip_init(nn.Linear, 5, 4))
    generator = torch.Generator().manual_seed(1)
    for parameter in network.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator)
    return network


def individuals(problem: Supervised, generations: list[int]) -> list[Individual]:
    """Return individuals of these generations, all with other weights."""
    genomes = problem.space.sample(len(generations), generator=torch.Generator().manual_seed(2))
    return [
        Individual(genome, id=number, generation=own)
        for number, (genome, own) in enumerate(zip(genomes, generations, strict=True))
    ]


def error(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return minus the mean squared error."""
    return -F.mse_loss(outputs, targets)


def largest(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return a score that is no mean over examples."""
    return (outputs - targets).abs().max()


@given(batch=st.integers(1, 12), score=st.sampled_from([log_likelihood, accuracy, error, largest]))
def test_batches_change_no_score(batch: int, score: Any) -> None:
    """Whatever the score, whole or floating targets: inputs in several passes give what one pass gives."""
    inputs, targets = data(11, floats=score in (error, largest))
    whole, parts = (Supervised(module(), inputs, targets, score=score, batch=size) for size in (None, batch))
    genomes = whole.space.sample(3, generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(parts.scores(genomes), whole.scores(genomes))


@given(
    minibatch=st.integers(1, 11),
    generations=st.lists(st.integers(0, 3), min_size=1, max_size=6),
    seed=st.integers(0, 9),
)
def test_a_generation_shares_its_minibatch(minibatch: int, generations: list[int], seed: int) -> None:
    """The score is that of the examples of an individual's generation, alone and in any company."""
    inputs, targets = data(11)
    problem = Supervised(module(), inputs, targets, minibatch=minibatch, seed=seed)
    some = individuals(problem, generations)
    together = problem.batch(some)
    for one, value in zip(some, together, strict=True):
        examples = problem.examples(one.generation)
        assert len(examples.inputs) == len(examples.inputs.unique(dim=0)) == minibatch
        (alone,) = Supervised(module(), examples.inputs, examples.targets)(one)
        assert value == problem(one) == pytest.approx((alone,), abs=1e-6)


def test_minibatches_follow_from_seed_and_generation() -> None:
    """Equal seeds and generations give equal ones, others give others, and all of them see every input."""
    inputs, targets = data(40)
    first, same, other = (Supervised(module(), inputs, targets, minibatch=8, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(first.examples(5).inputs, same.examples(5).inputs)
    assert not torch.equal(first.examples(5).inputs, first.examples(6).inputs)
    assert not torch.equal(first.examples(5).inputs, other.examples(5).inputs)
    seen = torch.cat([first.examples(generation).inputs for generation in range(40)])
    assert len(seen.unique(dim=0)) == 40


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("floats", [False, True])
def test_a_loader_is_scored_in_full(shuffle: bool, floats: bool) -> None:
    """All examples count once, the last batch as well, and no global generator is read."""
    inputs, targets = data(11, floats=floats)
    score = error if floats else log_likelihood
    loader = DataLoader(TensorDataset(inputs, targets), batch_size=4, shuffle=shuffle)
    state = torch.get_rng_state()
    problem = Supervised.from_loader(module(), loader, score=score)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(problem.inputs, inputs)
    assert problem.inputs_per_pass == 4
    whole = Supervised(module(), inputs, targets, score=score)
    genomes = whole.space.sample(3, generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(problem.scores(genomes), whole.scores(genomes))


class Endless(torch.utils.data.IterableDataset[Any]):
    """A data set without a length."""

    def __iter__(self) -> Any:
        return iter(())


def test_what_is_no_loader_of_pairs_is_refused() -> None:
    """Each in one sentence."""
    pairs = TensorDataset(*data(4))
    for loader, kind, words in (
        (pairs, TypeError, "must be a torch.utils.data.DataLoader, but it is a TensorDataset"),
        (DataLoader(Endless()), TypeError, "an IterableDataset"),
        (DataLoader(TensorDataset(torch.zeros(4, 3))), TypeError, "batches of two tensors"),
        (DataLoader(pairs, sampler=SubsetRandomSampler([0, 1])), ValueError, "its sampler is a SubsetRandomSampler"),
        (DataLoader(TensorDataset(torch.zeros(0, 3), torch.zeros(0))), ValueError, "must have at least one example"),
    ):
        with pytest.raises(kind, match=words):
            Supervised.from_loader(module(), loader)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"batch": 0}, "batch must be at least 1, but it is 0"),
        ({"minibatch": 0}, "minibatch must be at least 1"),
        ({"minibatch": 5}, "minibatch must be at most the 4 inputs, but it is 5"),
    ],
)
def test_numbers_out_of_range_are_refused(settings: dict[str, int], words: str) -> None:
    """By name."""
    with pytest.raises(ValueError, match=words):
        Supervised(module(), *data(4), **settings)
