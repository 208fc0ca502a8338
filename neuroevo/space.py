"""The space of weight vectors: rows of one tensor [P, D], split into named blocks with bounds of their own."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from functools import cached_property
from typing import ClassVar, Self

import torch
from torch import Tensor, nn

from neuroevo.interface import Interface
from neuroevo.spelling import listed

SPREAD = 0.1
"""Default spread of a module's weights, our choice: about PyTorch's initial weights for some hundred inputs."""
BOX_SPREAD = 0.3
"""Default spread of a box, in units of its width: Hansen's initial step size (arXiv 1604.00772, appendix B)."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """A named part of every genome.

    Attributes:
        name: Its name; for a module's weights, the parameter's.
        shape: Its shape; () is a single number.
        low: Lowest value of each gene.
        high: Highest value of each gene.
        spread: Standard deviation of initial genomes, in units of the genes; default 0.3 of the width of the bounds,
            or 0.1 if a bound is missing.
        dtype: What `Space.split` converts it to; default the dtype of genomes. For a module's weights of several
            dtypes, the parameter's.

    Raises:
        ValueError: The bounds are crossed or NaN, a length is below 1, or the spread is not finite and above 0.
    """

    name: str
    shape: tuple[int, ...]
    low: float = -math.inf
    high: float = math.inf
    spread: float | None = None
    dtype: torch.dtype | None = None

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(
                f"the bounds of {self.name} must be a lower and a higher one, but they are {self.low} and {self.high}."
            )
        if any(length < 1 for length in self.shape):
            raise ValueError(f"the lengths of {self.name} must be at least 1, but its shape is {self.shape}.")
        if not (math.isfinite(self.deviation) and self.deviation > 0):
            raise ValueError(f"the spread of {self.name} must be finite and above 0, but it is {self.spread}.")

    @property
    def size(self) -> int:
        """The number of genes."""
        return math.prod(self.shape)

    @property
    def bounded(self) -> bool:
        """Whether both bounds are finite."""
        return math.isfinite(self.high - self.low)

    @property
    def deviation(self) -> float:
        """The spread, or its default."""
        if self.spread is not None:
            return self.spread
        return BOX_SPREAD * (self.high - self.low) if self.bounded else SPREAD


@dataclass(frozen=True, eq=False)
class Space:
    """The space of genomes; `Space.box` makes one for functions, `Space.of_module` one for a network's weights.

    Spaces of bits, integers and permutations are in `neuroevo.discrete`.

    Attributes:
        KIND: What genes are.
        blocks: The parts of a genome, in order.
        start: The starting point of a search, floating point [D]; genomes have its dtype and device.
        anywhere: Whether genes with two bounds start uniformly within them instead.
        interface: For networks that play, what their evaluation does to observations and outputs; it belongs to what
            is saved of a genome.

    Raises:
        ValueError: There is no block, two share a name, or the length of `start` is not that of all blocks together.
        TypeError: `start` is not floating point.
    """

    KIND: ClassVar[str] = "real numbers"

    blocks: tuple[Block, ...]
    start: Tensor
    anywhere: bool = False
    interface: Interface | None = None

    def __post_init__(self) -> None:
        names = [block.name for block in self.blocks]
        if not names or len(set(names)) < len(names):
            raise ValueError(f"blocks must be at least one, each with a name of its own, but they are {names}.")
        # A copy, which belongs to no graph: one that requires a gradient would grow a graph for ever.
        object.__setattr__(self, "start", self.start.detach().clone())
        if self.start.shape != (self.size,):
            raise ValueError(f"start must have the shape [{self.size}], but it has {list(self.start.shape)}.")
        if self.KIND == Space.KIND and not self.start.is_floating_point():
            raise TypeError(f"start must be floating point, but it is {self.start.dtype}.")
        if not bool(self.start.isfinite().all()):
            count = int((~self.start.isfinite()).sum())
            raise ValueError(f"start must be finite, but {count} of its {self.size} genes are not.")

    @classmethod
    def box(
        cls,
        size: int,
        *,
        low: float = -math.inf,
        high: float = math.inf,
        start: Tensor | None = None,
        spread: float | None = None,
        dtype: torch.dtype = torch.float64,
    ) -> Space:
        """Return a space of one block, `x`; by default a search starts uniformly in the bounds, or at 0 without bounds.

        Raises:
            ValueError: `size` is below 1, or the bounds are crossed.
        """
        if size < 1:
            raise ValueError(f"size, the number of genes D, must be at least 1, but it is {size}.")
        block = Block(name="x", shape=(size,), low=low, high=high, spread=spread)
        middle = (low + high) / 2 if block.bounded else min(max(0.0, low), high)
        if start is not None:
            return cls((block,), start)
        return cls((block,), torch.full((size,), middle, dtype=dtype), anywhere=block.bounded)

    @classmethod
    def of_module(
        cls,
        module: nn.Module,
        *,
        only: Sequence[str] = (),
        bounds: Mapping[str, tuple[float, float]] | None = None,
        spread: float = SPREAD,
    ) -> Space:
        """Return the space of a module's weights, one block per parameter, that starts at the module's weights.

        Frozen parameters (`requires_grad=False`), among them all of whole numbers, do not evolve. A parameter that
        several layers share is one block. Of parameters of several dtypes each keeps its own; genomes have the one that
        holds all of them.

        Args:
            module: Any module; it stays as it is.
            only: Names of the parameters that evolve, or patterns such as `head.*`; default all that are not frozen.
                The others stay fixed.
            bounds: Lowest and highest value by name or pattern; the first match counts.
            spread: Standard deviation of initial genomes around the weights.

        Raises:
            ValueError: A name matches no parameter, or none that can evolve; bounds are crossed; the module has no
                parameters that can evolve, or one without a shape, or that is complex.
        """
        bounds = {} if bounds is None else bounds
        chosen = _evolving(module, only, bounds)
        limits = {name: _limits(name, bounds) for name in chosen}
        start = torch.cat([parameter.detach().flatten() for parameter in chosen.values()])
        blocks = tuple(
            Block(
                name=name,
                shape=tuple(parameter.shape),
                low=limits[name][0],
                high=limits[name][1],
                spread=spread,
                dtype=None if parameter.dtype == start.dtype else parameter.dtype,
            )
            for name, parameter in chosen.items()
        )
        space = cls(blocks, start)
        return cls(blocks, space.clip(space.start))

    def to(self, device: torch.device | str) -> Self:
        """Return the same space with its genomes on a device."""
        made = object.__new__(type(self))
        # What is cached lies where the genomes were.
        made.__dict__.update({one.name: getattr(self, one.name) for one in fields(self)})
        made.__dict__["start"] = self.start.to(device)
        return made

    @cached_property
    def size(self) -> int:
        """The number of genes, D."""
        return sum(block.size for block in self.blocks)

    @cached_property
    def spread(self) -> Tensor:
        """The standard deviation of initial genomes, [D]."""
        return self._each([block.deviation for block in self.blocks])

    @cached_property
    def low(self) -> Tensor:
        """The lowest value of each gene, [D]."""
        return self._each([block.low for block in self.blocks])

    @cached_property
    def high(self) -> Tensor:
        """The highest value of each gene, [D]."""
        return self._each([block.high for block in self.blocks])

    @cached_property
    def _sizes(self) -> list[int]:
        return [block.size for block in self.blocks]

    @cached_property
    def _shapes(self) -> list[tuple[str, tuple[int, ...], torch.dtype | None]]:
        return [(block.name, block.shape, block.dtype) for block in self.blocks]

    @cached_property
    def _bounds(self) -> bool:
        """Whether any gene has a bound."""
        return any(math.isfinite(bound) for block in self.blocks for bound in (block.low, block.high))

    def split(self, genomes: Tensor) -> dict[str, Tensor]:
        """Return the blocks of genomes [..., D] by name, of the shapes [..., *block.shape].

        They are views, except for blocks that have a dtype of their own.

        Raises:
            ValueError: The length of the genomes is not D.
        """
        if genomes.shape[-1:] != (self.size,):
            raise ValueError(f"genomes must have the shape [..., {self.size}], but they have {list(genomes.shape)}.")
        lead = genomes.shape[:-1]
        return {
            name: part.reshape(lead + shape) if dtype is None else part.reshape(lead + shape).to(dtype)
            for (name, shape, dtype), part in zip(self._shapes, genomes.split(self._sizes, dim=-1), strict=True)
        }

    def join(self, parts: Mapping[str, Tensor]) -> Tensor:
        """Return the genomes [..., D] made of these blocks, a new tensor."""
        flat = [parts[block.name] for block in self.blocks]
        return torch.cat(
            [
                part.flatten(part.dim() - len(block.shape)) if block.shape else part.unsqueeze(-1)
                for block, part in zip(self.blocks, flat, strict=True)
            ],
            dim=-1,
        )

    def clip(self, genomes: Tensor) -> Tensor:
        """Return genomes [..., D] with every gene clipped to its bounds; NaN stays NaN.

        Without any bounds they are returned as they are, without a copy.
        """
        if not self._bounds:
            return genomes
        return torch.minimum(torch.maximum(genomes, self.low), self.high)

    def sample(self, count: int, *, generator: torch.Generator) -> Tensor:
        """Return initial genomes [count, D]: normal around `start`, or uniform in the bounds if `anywhere`.

        Draws come from the CPU, so that they are the same on every device.
        """
        shape = (count, self.size)
        normal = torch.randn(shape, generator=generator, dtype=self.start.dtype).to(self.start.device)
        around = self.clip(self.start + self.spread * normal)
        if not self.anywhere:
            return around
        uniform = torch.rand(shape, generator=generator, dtype=self.start.dtype).to(self.start.device)
        width = self.high - self.low
        return torch.where(width.isfinite(), self.clip(self.low + uniform * width), around)

    def begin(self, *, generator: torch.Generator) -> Tensor:
        """Return the starting point of a search, a new tensor [D]."""
        return self.sample(1, generator=generator)[0] if self.anywhere else self.start.clone()

    def _each(self, numbers: Sequence[float]) -> Tensor:
        values = torch.tensor(numbers, dtype=self.start.dtype)
        return values.repeat_interleave(torch.tensor([block.size for block in self.blocks])).to(self.start.device)


def _limits(name: str, bounds: Mapping[str, tuple[float, float]]) -> tuple[float, float]:
    return next((pair for pattern, pair in bounds.items() if fnmatchcase(name, pattern)), (-math.inf, math.inf))


def _evolving(module: nn.Module, only: Sequence[str], bounds: Mapping[str, object]) -> dict[str, nn.Parameter]:
    """Return the parameters of a module that evolve, by name; ValueError if there are none, or unfit ones."""
    parameters = dict(module.named_parameters())
    free = {name: parameter for name, parameter in parameters.items() if parameter.requires_grad}
    for pattern in (*only, *bounds):
        if not _matches(pattern, parameters):
            raise ValueError(f"{pattern!r} must match a parameter of the module, one of {listed(parameters, most=20)}.")
    for pattern in only:
        if not _matches(pattern, free):
            raise ValueError(
                f"{pattern!r} must match a parameter that can evolve, but all that it matches are frozen; call "
                "requires_grad_(True) on them first."
            )
    if not free:
        what = "all of them are frozen (requires_grad=False)" if parameters else f"a {type(module).__name__} has none"
        raise ValueError(f"module must have parameters that can evolve, but {what}.")
    names = {name for pattern in only for name in _matches(pattern, free)} or free
    chosen = {name: parameter for name, parameter in free.items() if name in names}
    for name, parameter in chosen.items():
        _check_numbers(name, parameter)
    return chosen


def _matches(pattern: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if fnmatchcase(name, pattern)]


def _check_numbers(name: str, parameter: nn.Parameter) -> None:
    """Raise ValueError unless a parameter has numbers that can evolve."""
    if isinstance(parameter, nn.parameter.UninitializedParameter):
        raise ValueError(f"{name} must have a shape, but it waits for the first inputs; call the module on some.")
    if not parameter.is_floating_point():
        raise ValueError(
            f"parameters that evolve must be floating point, but {name} is {parameter.dtype}; freeze it by "
            "requires_grad_(False)."
        )
