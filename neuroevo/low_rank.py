"""Low-rank noise: what a seed adds to the centre of a virtual population.

Source: Sarkar et al., Evolution Strategies at the Hyperscale (EGGROLL, arXiv 2511.16652), section 4: the noise on a
matrix [m, n] is A B^T / sqrt(r) with A [m, r] and B [n, r] from N(0, 1), so that the variance of each number is 1 and
numbers are uncorrelated; vectors get N(0, 1). A kernel [O, C, ...] is a matrix [O, C ...].

Where r reaches min(m, n), one factor is the identity and the other one is from N(0, 1): the noise is then that of a
dense evolution strategy, not only in its covariance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from neuroevo.space import Block, Space

STREAMS = 2**32
"""The number of different noises: PyTorch's generator takes seeds of 32 bits."""

AT_ONCE = 128
"""The number of noises that a weighted sum holds at a time. It is fixed, so that sums have one order."""


class Factors(NamedTuple):
    """The noise on matrices: `left @ right.mT`, of the shapes [..., m, r] and [..., n, r]."""

    left: Tensor
    right: Tensor


class Part(NamedTuple):
    """Where the noise on a block stands in a row of draws, from `start` to `end`; `rank` is None for dense noise."""

    block: Block
    rank: int | None
    start: int
    end: int


@dataclass(frozen=True, eq=False)
class LowRankNoise:
    """The noise on the genomes of a space, made from seeds.

    A seed is a whole number: `seed // 2` says which noise it is, and an odd one turns its sign (antithetic pairs).

    Attributes:
        space: The space of genomes.
        rank: The rank r of the noise on a matrix.
        dense: Names of further blocks with dense noise, beside vectors and numbers.
        on_device: Whether draws come from the device of the genomes; by default from the CPU, the same everywhere.

    Raises:
        ValueError: The rank is below 1.
    """

    space: Space
    rank: int = 1
    dense: frozenset[str] = frozenset()
    on_device: bool = False

    def __post_init__(self) -> None:
        if self.rank < 1:
            raise ValueError(f"rank must be at least 1, but it is {self.rank}.")

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The parts of a row of draws, one for each block."""
        return tuple(self._parts())

    @property
    def length(self) -> int:
        """The number of draws for one individual."""
        return self.parts[-1].end

    def draws(self, seeds: Sequence[int]) -> Tensor:
        """Return what is drawn for each seed, [P, length]."""
        start = self.space.start
        device = start.device if self.on_device else torch.device("cpu")
        numbers = torch.promote_types(start.dtype, torch.float32)
        rows = torch.empty(len(seeds), self.length, dtype=numbers, device=device)
        generator = torch.Generator(device=device)
        for place, seed in enumerate(seeds):
            if place and seed // 2 == seeds[place - 1] // 2:
                rows[place] = rows[place - 1]
            else:
                rows[place].normal_(generator=generator.manual_seed(seed // 2))
        return rows.to(start.device)

    def split(self, draws: Tensor, scales: Tensor) -> dict[str, Factors | Tensor]:
        """Return the noise on each block by name: factors, or dense [P, *block.shape].

        Args:
            draws: What `draws` returned, [P, length].
            scales: Standard deviation of the noise for each individual and block, [P, blocks]; negative to turn it.
        """
        return {
            part.block.name: _factors(part, draws[:, part.start : part.end], scale)
            if part.rank is not None
            else (scale.unsqueeze(-1) * draws[:, part.start : part.end]).reshape(len(draws), *part.block.shape)
            for part, scale in zip(self.parts, scales.unbind(-1), strict=True)
        }

    def scales(self, seeds: Sequence[int], sigma: Tensor) -> Tensor:
        """Return the scales [P, blocks] of seeds for the standard deviation of each block, [blocks]."""
        signs = torch.tensor([1 - 2 * (seed % 2) for seed in seeds], dtype=sigma.dtype, device=sigma.device)
        return signs.unsqueeze(-1) * sigma

    def of_genes(self, sigma: Tensor) -> Tensor:
        """Return the standard deviation of each gene, [D], for that of each block; one number if all are equal."""
        if bool((sigma == sigma[0]).all()):
            return sigma[0]
        sizes = [block.size for block in self.space.blocks]
        return torch.cat([own.expand(size) for own, size in zip(sigma, sizes, strict=True)])

    def weighted(self, seeds: Sequence[int], weights: Tensor) -> Tensor:
        """Return the sum of the noises of seeds times weights [P], [D]: one product of matrices for each block.

        The noises of antithetic pairs are added once. Never are there noises [P, D].
        """
        total = torch.zeros_like(self.space.start)
        signed: dict[int, float] = {}
        for seed, weight in zip(seeds, weights.tolist(), strict=True):
            signed[seed // 2] = signed.get(seed // 2, 0.0) + (weight if seed % 2 == 0 else -weight)
        streams = list(signed)
        for first in range(0, len(streams), AT_ONCE):
            some = streams[first : first + AT_ONCE]
            draws = self.draws([2 * one for one in some])
            self._add(total, draws, torch.tensor([signed[one] for one in some], dtype=draws.dtype).to(draws.device))
        return total

    def each(self, seeds: Sequence[int]) -> Tensor:
        """Return the noise of each seed, [P, D], drawn for all of them at once."""
        start = self.space.start
        steps = start.new_zeros(len(seeds), self.space.size)
        draws = self.draws(seeds)
        signs = self.scales(seeds, draws.new_ones(1))
        for own, row, sign in zip(steps, draws.split(1), signs, strict=True):
            self._add(own, row, sign)
        return steps

    def _add(self, total: Tensor, draws: Tensor, weights: Tensor) -> None:
        """Add the noises of draws [P, length] times weights [P] to a total [D]."""
        for part, own in zip(self.parts, total.split([part.block.size for part in self.parts]), strict=True):
            numbers = draws[:, part.start : part.end]
            if part.rank is None:
                own.add_(weights @ numbers)
                continue
            left, right = _factors(part, numbers, weights)
            left, right = left.movedim(1, 0).flatten(1), right.movedim(1, 0).flatten(1)
            own.unflatten(0, (len(left), len(right))).addmm_(left.to(own.dtype), right.mT.to(own.dtype))

    def _parts(self) -> Iterator[Part]:
        end = 0
        for block in self.space.blocks:
            rank = self._rank(block)
            start, end = end, end + (block.size if rank is None else _draws_of(block, rank))
            yield Part(block, rank, start, end)

    def _rank(self, block: Block) -> int | None:
        """Return the rank of the noise on a block; None for dense noise."""
        if len(block.shape) < 2 or block.name in self.dense:
            return None
        return min(self.rank, *_sides(block))


def _sides(block: Block) -> tuple[int, int]:
    """Return a block's lengths as a matrix."""
    return block.shape[0], math.prod(block.shape[1:])


def _draws_of(block: Block, rank: int) -> int:
    rows, columns = _sides(block)
    return block.size if rank == min(rows, columns) else rank * (rows + columns)


def _factors(part: Part, draws: Tensor, scale: Tensor) -> Factors:
    """Return the factors of the noise on a block, times a scale [P], made of its draws [P, ...]."""
    assert part.rank is not None  # noqa: S101 - for type checkers
    rows, columns = _sides(part.block)
    if part.rank == min(rows, columns):
        one = torch.eye(part.rank, dtype=draws.dtype, device=draws.device).expand(len(draws), -1, -1)
        full = scale.reshape(-1, 1, 1) * draws.unflatten(-1, (-1, part.rank))
        return Factors(one, full) if rows == part.rank else Factors(full, one)
    left = draws[:, : rows * part.rank].unflatten(-1, (rows, part.rank))
    right = draws[:, rows * part.rank :].unflatten(-1, (columns, part.rank))
    return Factors((scale / math.sqrt(part.rank)).reshape(-1, 1, 1) * left, right)
