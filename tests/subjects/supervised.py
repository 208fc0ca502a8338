"""Networks that are scored on labelled data: one individual after the other, by an ordinary module."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, RandomSampler, TensorDataset

from neuroevo.individual import Individual
from neuroevo.problems.loaders import tensors_of
from neuroevo.problems.scores import accuracy
from neuroevo.problems.supervised import Supervised
from neuroevo.seeds import stream
from neuroevo.testing.laws import Law, agreement_laws
from subjects.every import every
from subjects.subject import Subject

FILES, LOADERS = ("neuroevo/problems/supervised.py",), ("neuroevo/problems/loaders.py",)
Facts = Mapping[str, Any]


def closeness(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return minus the mean squared distance to one-hot targets."""
    return -(outputs - F.one_hot(targets, outputs.shape[-1])).square().mean()


def counted(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the number of right answers, by branching on values, which can't be batched."""
    return torch.tensor(float(sum(int(row.argmax()) == int(one) for row, one in zip(outputs, targets, strict=True))))


SCORES: Mapping[str, Callable[[Tensor, Tensor], Tensor] | None] = {
    "default": None,
    "accuracy": accuracy,
    "closeness": closeness,
    "counted": counted,
}


class Noting(nn.Module):
    """Keeps the number of its calls, which its outputs follow."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 3)
        self.calls = 0

    def forward(self, inputs: Tensor) -> Tensor:
        """Return outputs [N, 3]."""
        self.calls += 1
        return self.layer(inputs) * self.calls


def network(kind: str) -> nn.Module:
    """Return a network with weights of its own."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layers = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 3))
        return Noting() if kind == "noting" else layers


def examples(seed: int, count: int = 7) -> tuple[Tensor, Tensor]:
    """Return inputs [N, 3] and classes."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, 3, generator=generator), torch.randint(3, (count,), generator=generator)


def crowd(kind: str, only: str, seed: int) -> list[Individual]:
    """Return individuals of two generations."""
    length = sum(one.numel() for name, one in network(kind).named_parameters() if name.startswith(only))
    rows = torch.randn(5, length, generator=torch.Generator().manual_seed(seed))
    return [Individual(row, id=place, generation=place % 2) for place, row in enumerate(rows)]


def scored(seed: int, score: str, kind: str, **settings: Any) -> Any:
    """Return scores together and alone, outputs, and the weights of what is returned."""
    inputs, targets = examples(seed)
    only = settings.pop("only")
    chosen = {} if SCORES[score] is None else {"score": SCORES[score]}
    names = {"only": [f"{only}*"]} if only else {}
    problem = Supervised(network(kind), inputs, targets, seed=seed, **chosen, **names, **settings)
    several = crowd(kind, only, seed)
    module = problem.to_module(several[1])
    genomes = torch.stack([one.genome for one in several])
    return {
        "scores": problem.batch(several),
        "alone": [problem(one) for one in several[:2]],
        "later": problem.scores(genomes, generation=3).double(),
        "outputs": problem.outputs(several[1], inputs[:2]).double(),
        "module": {name: value.double() for name, value in module.state_dict().items()},
        "weights": (problem.weights, problem.space.size, problem.batch([])),
        "start": problem.space.begin(generator=torch.Generator()).double(),
    }


def plainly_scored(seed: int, score: str, kind: str, **settings: Any) -> Any:
    """Score one module after the other on the rows of its generation."""
    inputs, targets = examples(seed)
    minibatch, batch, chunk = (settings.get(name) for name in ("minibatch", "batch", "chunk"))
    small = any(one is not None and one < 1 for one in (minibatch, batch, chunk))
    if small or (minibatch or 0) > len(inputs) or (kind == "noting" and batch is not None and batch < len(inputs)):
        raise ValueError("settings")
    only, measure = settings["only"], SCORES[score] or _log_likelihood

    def value(genome: Tensor, generation: int) -> float:
        rows = torch.arange(len(inputs))
        if minibatch is not None:
            rows = torch.randperm(len(inputs), generator=stream(seed, generation, "minibatch"))[:minibatch]
        with torch.no_grad():
            return float(measure(filled(kind, only, genome)(inputs[rows]), targets[rows]))

    several = crowd(kind, only, seed)
    found = [(value(one.genome, one.generation),) for one in several]
    module = filled(kind, only, several[1].genome)
    start = [one.detach().flatten() for name, one in network(kind).named_parameters() if name.startswith(only)]
    return {
        "scores": found,
        "alone": found[:2],
        "later": torch.tensor([value(one.genome, 3) for one in several]).double(),
        "outputs": copy.deepcopy(module)(inputs[:2]).detach().double(),
        "module": {name: one.double() for name, one in module.state_dict().items()},
        "weights": ((1.0,), len(several[0].genome), []),
        "start": torch.cat(start).double(),
    }


def _log_likelihood(outputs: Tensor, targets: Tensor) -> Tensor:
    return outputs.softmax(1)[torch.arange(len(targets)), targets].log().mean()


def filled(kind: str, only: str, genome: Tensor) -> nn.Module:
    """Return a module with the numbers of a genome in those parameters that evolve."""
    module, place = network(kind), 0
    for name, parameter in module.named_parameters():
        if name.startswith(only):
            parameter.data = genome[place : place + parameter.numel()].reshape(parameter.shape).clone()
            place += parameter.numel()
    return module.eval()


def sloped(seed: int, score: str, kind: str) -> Any:
    """Return the gradients of scores."""
    inputs, targets = examples(seed)
    chosen = {} if SCORES[score] is None else {"score": SCORES[score]}
    problem = Supervised(network(kind), inputs, targets, chunk=2, **chosen)
    return problem.gradient(torch.stack([one.genome for one in crowd(kind, "", seed)]))


def plainly_sloped(seed: int, score: str, kind: str) -> Any:
    """Return PyTorch's gradient of each module; a count of right answers has none."""
    inputs, targets = examples(seed)
    rows = []
    for one in crowd(kind, "", seed):
        module = filled(kind, "", one.genome)
        value = (SCORES[score] or _log_likelihood)(module(inputs), targets)
        if value.requires_grad:
            value.backward()
        grads = [torch.zeros_like(each) if each.grad is None else each.grad for each in module.parameters()]
        rows.append(torch.cat([each.flatten() for each in grads]))
    return torch.stack(rows)


def loaded(seed: int, size: int | None, sampler: str) -> Any:
    """Return what a loader's examples are, and the settings of the problem that is made of it."""
    data = TensorDataset(*examples(seed))
    samplers = {
        "in order": {},
        "shuffled": {"shuffle": True, "generator": torch.Generator()},
        "with replacement": {"sampler": RandomSampler(data, replacement=True, generator=torch.Generator())},
        "some": {"sampler": RandomSampler(data, num_samples=3, generator=torch.Generator())},
    }
    given: dict[str, Any] = {} if size is None else {"batch_size": size}
    loader: Any = DataLoader(data, **given, **samplers[sampler])
    inputs, targets = tensors_of(loader)
    problem = Supervised.from_loader(network("plain"), loader, minibatch=2)
    return inputs, targets, problem.inputs_per_pass, problem.minibatch, problem.inputs.clone()


def plainly_loaded(seed: int, size: int | None, sampler: str) -> Any:
    """State it: all examples in their order."""
    if sampler in ("with replacement", "some"):
        raise ValueError("sampler")
    inputs, targets = examples(seed)
    return inputs, targets, 1 if size is None else size, 2, inputs


SCORED = {"score": SCORES, "only": ("", "0."), "minibatch": (None, 2), "chunk": (None, 2), "batch": (None, 3)}
LIMITED = {"score": ["default"], "only": [""], "minibatch": (0, 7, 8), "chunk": (0, 1), "batch": (0, 1)}
NOTING = {
    "score": ("default", "closeness"),
    "only": [""],
    "minibatch": (None, 2),
    "chunk": (None, 2),
    "batch": (None, 3),
}
SLOPED = {"score": ("default", "closeness"), "kind": ("plain",)}
LOADED = {"size": (None, 1, 3, 9), "sampler": ("in order", "shuffled", "with replacement", "some")}


def _subject(title: str, mine: Any, plain: Any, files: tuple[str, ...] = FILES, **choices: Any) -> Subject:
    """Return the subject of something that is compared for all choices; each case scores many modules."""
    drawn = st.fixed_dictionaries({"seed": st.integers(0, 49)})

    def laws() -> list[Law]:
        found = agreement_laws(every(plain, **choices), drawn, tolerance=2.0**36 if mine is scored else 1e3)
        return [replace(law, examples=4 if law is found[-1] else 1, shrinks=False) for law in found]

    return Subject(title, files, lambda: every(mine, **choices), laws)


SUBJECTS = [
    _subject("supervised learning", scored, plainly_scored, kind=["plain"], **SCORED),
    _subject("limits of supervised learning", scored, plainly_scored, kind=["plain"], **LIMITED),
    _subject("networks that keep something", scored, plainly_scored, kind=["noting"], **NOTING),
    _subject("gradients of scores", sloped, plainly_sloped, **SLOPED),
    _subject("examples of a loader", loaded, plainly_loaded, (*LOADERS, *FILES), **LOADED),
]
