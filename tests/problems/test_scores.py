"""Scores of whole populations are those of each network, whatever the targets, and wrong targets are refused."""

import copy
import math
import pickle
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from neuroevo.individual import Individual
from neuroevo.problems import Supervised
from neuroevo.problems.scores import IGNORED, accuracy, log_likelihood

DTYPES = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool)
INPUTS = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))


def network(*layers: nn.Module) -> nn.Module:
    """Return layers with given weights."""
    module, generator = nn.Sequential(*layers).eval(), torch.Generator().manual_seed(1)
    for parameter in module.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator)
    return module


MODULES = {
    "chain": network(nn.utils.skip_init(nn.Linear, 4, 3)),
    "stacked": network(nn.utils.skip_init(nn.Linear, 4, 3), nn.Softmax(-1)),
    "images": network(nn.Unflatten(1, (1, 2, 2)), nn.utils.skip_init(nn.Conv2d, 1, 3, 2), nn.Flatten()),
    "segments": network(nn.utils.skip_init(nn.Linear, 4, 6), nn.Unflatten(1, (3, 2))),
}


def squared(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return a score that vmap batches."""
    return -(outputs.mean() - targets.float().mean()).square()


def counted(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return a score that vmap does not batch."""
    return outputs.sum() * len([one for one in targets.flatten().tolist() if one > 0])


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("score", [log_likelihood, accuracy, squared, counted])
@settings(max_examples=3)
@given(data=st.data(), dtype=st.sampled_from(DTYPES), seed=st.integers(0, 99), count=st.integers(1, 3))
def test_a_population_has_the_scores_of_its_networks(
    name: str, score: Any, data: st.DataObject, dtype: torch.dtype, seed: int, count: int
) -> None:
    """The fast way is the definition for all dtypes and whatever is ignored, and the returned module has the score."""
    width = 2 if name == "segments" else 1
    allowed = [0, 1] if dtype is torch.bool else [0, 1, 2] if dtype is torch.uint8 else [IGNORED, 0, 1, 2]
    drawn = data.draw(st.lists(st.sampled_from(allowed), min_size=6 * width, max_size=6 * width))
    targets = torch.tensor([*drawn[:-1], 1]).to(dtype)
    targets = targets.view(6, 2) if width == 2 else targets
    problem = Supervised(MODULES[name], INPUTS, targets, score=score)
    genomes = problem.space.sample(count, generator=torch.Generator().manual_seed(seed))
    individuals = [Individual(genome, id=place) for place, genome in enumerate(genomes)]
    with torch.no_grad():
        expected = [float(score(problem.to_module(one)(INPUTS), targets.long())) for one in individuals]
    assert [value for (value,) in problem.batch(individuals)] == pytest.approx(expected, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("name", ["chain", "segments"])
def test_ignored_classes_do_not_count(name: str) -> None:
    """Both scores are those without them: as cross_entropy defines it."""
    targets = torch.tensor([0, IGNORED, 2, 1, IGNORED, IGNORED])
    kept = targets != IGNORED
    for score in (log_likelihood, accuracy):
        targets_of_all = targets if name == "chain" else torch.stack([targets, targets], 1)
        problem = Supervised(MODULES[name], INPUTS, targets_of_all, score=score)
        rest = Supervised(MODULES[name], INPUTS[kept], targets_of_all[kept], score=score)
        one = Individual(problem.space.start, id=0)
        assert problem(one) == pytest.approx(rest(one))
    assert math.isnan(log_likelihood(torch.zeros(1, 2), torch.tensor([IGNORED])))
    assert math.isnan(accuracy(torch.zeros(1, 2), torch.tensor([IGNORED])))


def test_probabilities_are_targets_too() -> None:
    """As in cross_entropy, where their rows sum to 1."""
    targets = torch.softmax(torch.randn(6, 3, generator=torch.Generator().manual_seed(3)), 1)
    problem = Supervised(MODULES["chain"], INPUTS, targets)
    with torch.no_grad():
        expected = -F.cross_entropy(MODULES["chain"](INPUTS), targets)
    assert problem(Individual(problem.space.start, id=0))[0] == pytest.approx(float(expected), abs=1e-5)


class Pair(nn.Linear):
    """Returns a pair."""

    def forward(self, inputs: Tensor) -> Any:
        """Return outputs twice."""
        return super().forward(inputs), 0


ONES = torch.ones(6, dtype=torch.int64)


@pytest.mark.parametrize(
    ("module", "targets", "score", "sentence"),
    [
        ("chain", IGNORED * ONES, log_likelihood, "^targets must hold a class that counts, but all of them are -100"),
        (
            "chain",
            3 * ONES,
            log_likelihood,
            "^targets must be classes from 0 to 2, or -100 to be ignored, but there is 3",
        ),
        ("chain", -1 * ONES, accuracy, "^targets must be classes from 0 to 2, or -100 to be ignored, but there is -1"),
        (
            "chain",
            ONES.float(),
            log_likelihood,
            r"^targets must be whole numbers \['N'\], classes for outputs \['N', 3\]",
        ),
        ("chain", ONES.view(6, 1), accuracy, r"but they are torch.int64 of the shape \[6, 1\]; give another score"),
        ("chain", torch.zeros(6, 3), log_likelihood, "^targets must be probabilities, at least 0 and with the sum 1"),
        (
            nn.Linear(4, 1),
            torch.zeros(6, 1),
            log_likelihood,
            r"^module must return logits \[N, K\] of at least 2 classes",
        ),
        (
            nn.Sequential(nn.ELU(inplace=True), nn.Linear(4, 3)),
            ONES,
            accuracy,
            "^module must leave its inputs unchanged",
        ),
        (Pair(4, 3), ONES, accuracy, "^module must return a tensor with a row for each of 2 inputs, but a Pair: "),
        (nn.Sequential(nn.Linear(4, 3), nn.Flatten(0)), ONES, accuracy, r"but a Sequential: one of the shape \[6\]\.$"),
    ],
)
def test_targets_that_make_no_sense_are_refused(module: Any, targets: Tensor, score: Any, sentence: str) -> None:
    """Before anything is scored, in one sentence."""
    with pytest.raises(ValueError, match=sentence):
        Supervised(MODULES.get(module, module) if isinstance(module, str) else module, INPUTS, targets, score=score)


class Mixed(nn.Module):
    """Frozen weights, whole numbers, two precisions, and one layer under two names."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.utils.skip_init(nn.Linear, 4, 4)
        self.again = self.first
        self.last = nn.utils.skip_init(nn.Linear, 4, 3)
        self.scale = nn.Parameter(torch.full((3,), 1.5, dtype=torch.float64))
        self.shift = nn.Parameter(torch.tensor([1, 2, 3]), requires_grad=False)
        self.last.bias.requires_grad_(False)
        self.register_buffer("steps", torch.tensor(7))

    def forward(self, inputs: Tensor) -> Tensor:
        """Return logits."""
        outputs = self.last(torch.tanh(self.again(torch.tanh(self.first(inputs)))))
        return outputs * self.scale.to(outputs.dtype) + self.shift


def mixed() -> Mixed:
    """Return the module with given weights."""
    module, generator = Mixed(), torch.Generator().manual_seed(1)
    for parameter in (*module.first.parameters(), *module.last.parameters()):
        parameter.data = torch.randn(parameter.shape, generator=generator)
    return module


def test_what_is_frozen_stays_and_every_dtype_is_kept() -> None:
    """Only free parameters evolve, each in its precision; ties, flags and buffers come back as they were."""
    module = mixed()
    problem = Supervised(module, INPUTS, ONES)
    assert [block.name for block in problem.space.blocks] == ["scale", "first.weight", "first.bias", "last.weight"]
    (one,) = [Individual(row, id=0) for row in problem.space.sample(1, generator=torch.Generator().manual_seed(2))]
    score = problem(one)
    found = problem.to_module(one)
    before, after = dict(module.named_parameters()), dict(found.named_parameters())
    assert {name: (p.dtype, p.requires_grad) for name, p in after.items()} == {
        name: (p.dtype, p.requires_grad) for name, p in before.items()
    }
    assert [name for name in after if torch.equal(after[name], before[name])] == ["shift", "last.bias"]
    assert found.again is found.first
    assert int(found.steps) == 7
    with torch.no_grad():
        assert float(log_likelihood(found(INPUTS), ONES)) == pytest.approx(score[0], abs=1e-6)


def test_a_scored_problem_can_be_copied_and_sent() -> None:
    """Before and after, and the copies give the same scores; gradients leave no graph."""
    problem = Supervised(mixed(), INPUTS, ONES)
    one = Individual(problem.space.start, id=0)
    before = pickle.dumps(problem)
    score = problem(one)
    assert not problem.gradient(one.genome.unsqueeze(0)).requires_grad
    for copied in (pickle.loads(before), pickle.loads(pickle.dumps(problem)), copy.deepcopy(problem)):
        assert copied(one) == score
