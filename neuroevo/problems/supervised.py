"""Supervised learning: any module on any labelled data, scored for a whole population at once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch.func import grad, vmap
from torch.utils.data import DataLoader

from neuroevo.execution.forward import UNSTACKABLE, Forward
from neuroevo.execution.memory import is_out_of_memory
from neuroevo.execution.precision import FLOAT32, Precision, check_precision, computing, multiplying
from neuroevo.execution.purity import names, side_effects
from neuroevo.genome import Genome
from neuroevo.global_generators import restored
from neuroevo.individual import Individual, genomes_of
from neuroevo.module_state import copied
from neuroevo.population import generations_of, taken
from neuroevo.problems.loaders import tensors_of
from neuroevo.problems.scores import BATCHED, IGNORED, Score, accuracy, check_targets, log_likelihood
from neuroevo.seeds import stream
from neuroevo.signatures import Recorded
from neuroevo.space import SPREAD, Space
from neuroevo.spelling import shown

__all__ = ["Score", "Supervised", "accuracy", "log_likelihood"]

PROBED = 4
"""Inputs that the module is examined on for side effects."""

log = logging.getLogger(__name__)

Module = TypeVar("Module", bound=nn.Module)

MOST_NUMBERS = 2**24
"""Largest size of the activations of one chunk at any time, in numbers: 64 MiB in single precision."""


class Examples(NamedTuple):
    """What is scored: inputs, their targets, and these as classes int64 [N] if they all count."""

    inputs: Tensor
    targets: Tensor
    classes: Tensor | None


class Supervised(Recorded):
    """Scores weights of a module by its outputs on labelled data, for a whole population in one pass.

    Args:
        module: Any module; it is copied, in evaluation mode. The search begins at its weights. One that changes
            attributes or buffers of its own when it runs is copied for each individual, and begins as it was given.
        inputs: All inputs, floating point [N, ...].
        targets: Targets, [N, ...]; for the default score and `accuracy` classes [N] of any integer dtype, where -100
            does not count.
        score: Scores outputs [N, ...] against targets; written for one individual, best without branching on values, so
            that `torch.func.vmap` can batch it.
        only: Names or patterns of the parameters that evolve, default all that are not frozen; the others stay as they
            are.
        bounds: Lowest and highest weight by name or pattern.
        spread: Standard deviation of initial weights around the module's.
        chunk: Largest number of individuals in one pass; default as many as 2 ** 24 numbers in the widest layer allow,
            or as the cache holds if the networks run in tiles. It bounds the memory and does not change the results.
        batch: Largest number of inputs in one pass; default all. It bounds the memory too. Outputs of all batches are
            scored together, so that any score is that of all inputs.
        minibatch: Number of inputs that a generation is scored on, drawn anew for each; default all.
        seed: Seed of the minibatches: individuals of one generation have the same, whatever their number and order.
        device: Where module and data are put, and so genomes are; default where they are.
        precision: Of forward passes: "float32", "bf16" (weights stay float32), or on a GPU "tf32".

    Raises:
        ValueError: The module does not take the inputs or writes into them, or its outputs depend on what was evaluated
            before; there are no inputs, the numbers of inputs and targets differ, targets are not what the score takes,
            a pattern matches no parameter, or bounds are crossed.
    """

    def __init__(
        self,
        module: nn.Module,
        inputs: Tensor,
        targets: Tensor,
        *,
        score: Score = log_likelihood,
        only: Sequence[str] = (),
        bounds: Mapping[str, tuple[float, float]] | None = None,
        spread: float = SPREAD,
        chunk: int | None = None,
        batch: int | None = None,
        minibatch: int | None = None,
        seed: int = 0,
        device: torch.device | str | None = None,
        precision: Precision = FLOAT32,
    ) -> None:
        check_precision(precision)
        if device is not None:
            module, inputs, targets = copied(module).to(device), inputs.to(device), targets.to(device)
        if not len(inputs) or len(inputs) != len(targets):
            raise ValueError(
                f"inputs and targets must be as many, at least one, but they are {len(inputs)} and {len(targets)}."
            )
        for name, number in (("chunk", chunk), ("batch", batch), ("minibatch", minibatch)):
            if number is not None and number < 1:
                raise ValueError(f"{name} must be at least 1, but it is {number}.")
        if minibatch is not None and minibatch > len(inputs):
            raise ValueError(f"minibatch must be at most the {len(inputs)} inputs, but it is {minibatch}.")
        self.module = copied(module).eval()
        # A description of the problem is that of the copy, whatever becomes of the module.
        self.arguments = {**self.arguments, "module": self.module}
        # A run is the same one on any device.
        self.arguments.pop("device", None)
        self.precision = precision
        self.inputs = inputs.detach()
        self.targets = targets.detach()
        self.inputs_per_pass = batch or len(inputs)
        self.minibatch = minibatch
        self.seed = seed
        self.score = score
        # Of classes that do not all count there is only the definition.
        counts = targets.dim() == 1 and not targets.is_floating_point() and bool((targets.long() != IGNORED).all())
        self.classes = targets.long() if counts else None
        self.space = Space.of_module(module, only=only, bounds=bounds, spread=spread)
        self.weights = (1.0,)
        check_targets(score, self._tried(), self.targets)
        changing = side_effects(self.module, lambda one: one(self.inputs[:PROBED].clone()))
        if changing and self.inputs_per_pass < len(inputs):
            raise ValueError(
                f"batch must be None for a module that changes its {names(changing)} when it runs, but it is {batch}."
            )
        if changing:
            name = type(self.module).__name__
            log.warning("%s changes its %s when it runs: each individual has a copy of it.", name, names(changing))
        self.forward = Forward(self.module, copies=bool(changing))
        self.chunk = chunk or self._largest_chunk()

    @classmethod
    def from_loader(cls, module: nn.Module, loader: DataLoader[Any], **settings: Any) -> Supervised:
        """Return the problem of a loader's data, which are scored in batches of its size.

        All examples of its data set are read once, in their order, and kept; a loader that shuffles draws nothing here.

        Args:
            module: Any module.
            loader: Yields inputs and targets of whole or floating numbers; its data set has a length.
            **settings: Further settings of the problem, such as `score`, `minibatch` or `seed`.

        Raises:
            TypeError: The loader yields something else.
            ValueError: The loader takes examples by other rules than each once.
        """
        inputs, targets = tensors_of(loader)
        return cls(module, inputs, targets, **{"batch": loader.batch_size, **settings})

    def to(self, device: torch.device | str) -> Supervised:
        """Return the same problem on a device."""
        return type(self)(**self.arguments, device=device)

    @property
    def noisy(self) -> bool:
        """Whether another generation gives other scores: it has other minibatches."""
        return self.minibatch is not None

    def __call__(self, individual: Individual) -> tuple[float, ...]:
        """Return the score of one individual."""
        return self.batch([individual])[0]

    def batch(self, individuals: Sequence[Individual]) -> list[tuple[float, ...]]:
        """Return the score of each individual, on the minibatch of its generation."""
        values: dict[int, float] = {}
        generations = generations_of(individuals) if self.minibatch else [0] * len(individuals)
        for generation in dict.fromkeys(generations):
            places = [place for place, own in enumerate(generations) if own == generation]
            genomes = genomes_of(taken(individuals, places))
            values |= zip(places, self.scores(genomes, generation=generation).tolist(), strict=True)
        return [(values[place],) for place in range(len(individuals))]

    def scores(self, genomes: Tensor, *, generation: int = 0) -> Tensor:
        """Return the scores [P] of genomes [P, D], on the minibatch of a generation if there are minibatches."""
        examples = self.examples(generation)
        return torch.cat([self.scored(self._outputs(part, examples), examples) for part in genomes.split(self.chunk)])

    def examples(self, generation: int) -> Examples:
        """Return what a generation is scored on: everything, or its minibatch."""
        if self.minibatch is None:
            return Examples(self.inputs, self.targets, self.classes)
        generator = stream(self.seed, generation, "minibatch")
        rows = torch.randperm(len(self.inputs), generator=generator)[: self.minibatch].to(self.inputs.device)
        classes = None if self.classes is None else self.classes[rows]
        return Examples(self.inputs[rows], self.targets[rows], classes)

    @torch.no_grad()
    def scored(self, outputs: Tensor, examples: Examples) -> Tensor:
        """Return the scores [P] of outputs [P, N, ...] for some examples."""
        batched = BATCHED.get(self.score)
        if batched is not None and outputs.dim() == 3 and examples.classes is not None:
            return batched(outputs, examples.classes)
        scores = self._each_scored(outputs, examples.targets)
        if scores.shape != (len(outputs),):
            raise ValueError(
                f"score must return one number, but for {len(outputs)} individuals it returned the shape "
                f"{list(scores.shape)}."
            )
        return scores

    def _outputs(self, genomes: Tensor, examples: Examples) -> Tensor:
        """Return the outputs [P, N, ...] of genomes [P, D], for some of the inputs after the other."""
        return self.passed(partial(self.forward, self.space.split(genomes)), examples)

    def passed(self, forward: Callable[[Tensor], Tensor], examples: Examples) -> Tensor:
        """Return the outputs [P, N, ...] of a forward pass in the precision of the problem, at least float32."""
        parts = examples.inputs.split(self.inputs_per_pass)
        if self.precision == FLOAT32:
            return torch.cat([forward(some) for some in parts], dim=1)
        with multiplying(self.precision), computing(self.precision, self.inputs.device):
            outputs = torch.cat([forward(some) for some in parts], dim=1)
        return outputs.float() if outputs.dtype == torch.bfloat16 else outputs

    @torch.no_grad()
    def gradient(self, genomes: Tensor) -> Tensor:
        """Return the gradients [P, D] of the scores of genomes [P, D]; 0 of a score without one, such as accuracy."""
        if self.forward.copies:
            return torch.stack([grad(partial(self._score_of_one, self.forward.alone))(genome) for genome in genomes])
        each = vmap(grad(partial(self._score_of_one, self.forward.stacked)))
        return torch.cat([each(part) for part in genomes.split(self.chunk)])

    def _score_of_one(self, forward: Callable[[Mapping[str, Tensor], Tensor], Tensor], genome: Tensor) -> Tensor:
        return self.score(forward(self.space.split(genome), self.inputs), self.targets)

    def outputs(self, individual: Individual, inputs: Tensor) -> Tensor:
        """Return the outputs of an individual's network, [N, ...]."""
        return self.forward(self.space.split(individual.genome.unsqueeze(0)), inputs)[0]

    def to_module(self, individual: Individual) -> nn.Module:
        """Return the module with an individual's weights, an ordinary network that can be trained further.

        What the module holds beside them is as it was: parameters that did not evolve, buffers, frozen parameters.
        """
        return Genome.of(individual, self.space).to_module(self.module)

    def _each_scored(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the scores [P] of outputs [P, N, ...], in one call if `torch.func.vmap` batches the score."""
        try:
            return vmap(self.score, (0, None))(outputs, targets)
        except UNSTACKABLE as error:
            if is_out_of_memory(error):
                raise
        return torch.stack([torch.as_tensor(self.score(one, targets)) for one in outputs])

    @torch.no_grad()
    def _tried(self) -> Tensor:
        """Return the module's outputs for the first inputs; ValueError if it returns none."""
        name, some = f"a {type(self.module).__name__}", self.inputs[:2].clone()
        try:
            with restored():
                outputs = copied(self.module)(some)
        except Exception as error:  # a user's module may raise anything
            reason, shape = str(error).partition("\n")[0], list(self.inputs.shape)
            raise ValueError(f"module must take the inputs {shape}, but {name} says: {reason}.") from error
        if not isinstance(outputs, Tensor) or outputs.shape[:1] != some.shape[:1]:
            what = f"one of the shape {list(outputs.shape)}" if isinstance(outputs, Tensor) else shown(outputs)
            raise ValueError(
                f"module must return a tensor with a row for each of {len(some)} inputs, but {name}: {what}."
            )
        if some._version:
            raise ValueError(
                f"module must leave its inputs unchanged, but {name} writes into them; begin it with inplace=False."
            )
        return outputs

    def _largest_chunk(self) -> int:
        # Norms with the statistics of the batch need two inputs.
        some = self.inputs[:2]
        inputs = self.inputs[: min(self.inputs_per_pass, self.minibatch or len(self.inputs))]
        numbers = len(inputs) * self.forward.numbers(some) // len(some)
        chunk = max(1, MOST_NUMBERS // max(1, numbers))
        chunk = min(chunk, self.forward.tile(inputs) or chunk)
        size = chunk * numbers * self.inputs.element_size() / 2**20
        log.debug("%d individuals are scored at a time, with activations of at most %.1f MiB", chunk, size)
        return chunk
