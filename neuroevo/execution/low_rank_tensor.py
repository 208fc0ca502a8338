"""Parameters with low-rank noise that layers compute with, without ever adding it up.

A `LowRank` stands in a module in place of a parameter W and means W + A B^T. Products with it become two: one with W,
which all individuals of a virtual population have in common and which `torch.func.vmap` therefore does once for all of
them, and a narrow one with B and A, which is batched. What it can be used in is listed by `HANDLERS`: linear layers,
convolutions, embeddings, products of matrices and, by way of slices and transposes, projections of attention.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils._pytree import tree_leaves

from neuroevo.low_rank import Factors


class NotVirtual(Exception):
    """A parameter is used in an operation that can't take low-rank noise.

    Attributes:
        name: The parameter.
        operation: What it is used in.
    """

    def __init__(self, name: str, operation: str) -> None:
        super().__init__(f"{name} is used in {operation}")
        self.name = name
        self.operation = operation


class LowRank(Tensor):
    """A parameter plus low-rank noise.

    Attributes:
        base: The parameter W; a kernel [O, C, ...] is a matrix [O, C ...].
        left: A, [m, r].
        right: B, [n, r].
        label: The parameter's name in the module.
    """

    base: Tensor
    left: Tensor
    right: Tensor
    label: str

    @classmethod
    def of(cls, base: Tensor, factors: Factors, label: str) -> Self:
        """Return a parameter with its noise; shape, dtype and device are those of the parameter."""
        made: Self = torch.Tensor._make_subclass(cls, base)
        made.base, made.label = base, label
        made.left, made.right = factors
        return made

    def turned(self) -> LowRank:
        """Return the transpose of a matrix."""
        return LowRank.of(self.base.mT, Factors(self.right, self.left), self.label)

    def rows(self, place: slice) -> LowRank:
        """Return some of the rows."""
        return LowRank.of(self.base[place], Factors(self.left[place], self.right), self.label)

    @classmethod
    def __torch_function__(
        cls, func: Callable[..., Any], types: Sequence[type], args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        """Compute a function of PyTorch that got such parameters.

        Raises:
            NotVirtual: There is no way to do so with low-rank noise.
        """
        kwargs = kwargs or {}
        if func in FACTS:
            with torch._C.DisableTorchFunctionSubclass():
                return func(*args, **kwargs)
        found = HANDLERS[func](*args, **kwargs) if func in HANDLERS else NotImplemented
        if found is NotImplemented:
            names = [one.label for one in tree_leaves([args, kwargs]) if isinstance(one, LowRank)]
            raise NotVirtual(names[0], getattr(func, "__name__", str(func)))
        return found


def _linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Any:
    if isinstance(input, LowRank) or not isinstance(weight, LowRank):
        return NotImplemented
    found = F.linear(input, weight.base) + (input @ weight.right) @ weight.left.mT
    return found if bias is None else found + bias


def _matmul(input: Any, other: Any) -> Any:
    if isinstance(input, LowRank) and isinstance(other, LowRank):
        return NotImplemented
    if isinstance(other, LowRank):
        return input @ other.base + (input @ other.left) @ other.right.mT if other.dim() == 2 else NotImplemented
    return input.base @ other + input.left @ (input.right.mT @ other) if input.dim() == 2 else NotImplemented


def _embedding(
    input: Tensor,
    weight: LowRank,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    *others: Any,
    **more: Any,
) -> Any:
    del padding_idx, others, more  # they matter to gradients only
    if max_norm is not None:
        return NotImplemented
    return F.embedding(input, weight.base) + F.embedding(input, weight.left) @ weight.right.mT


def _convolution(convolve: Callable[..., Tensor], axes: int) -> Callable[..., Any]:
    """Return the handler of a convolution over a number of axes: with B as r kernels, and with A over their maps."""

    def handle(
        input: Tensor,
        weight: Tensor,
        bias: Tensor | None = None,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
    ) -> Any:
        if not isinstance(weight, LowRank):
            return NotImplemented
        found = convolve(input, weight.base, bias, stride, padding, dilation, groups)
        kernels = weight.right.mT.unflatten(1, weight.base.shape[1:]).repeat(groups, *[1] * (axes + 1))
        maps = convolve(input, kernels, None, stride, padding, dilation, groups)
        return found + _mixed(weight.left.unflatten(0, (groups, -1)), maps, axes)

    return handle


def _transposed(convolve: Callable[..., Tensor], axes: int) -> Callable[..., Any]:
    """Return the handler of a transposed convolution, whose kernels are [C, O, ...]."""

    def handle(
        input: Tensor,
        weight: Tensor,
        bias: Tensor | None = None,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        dilation: Any = 1,
    ) -> Any:
        if not isinstance(weight, LowRank):
            return NotImplemented
        options = (stride, padding, output_padding, groups, dilation)
        found = convolve(input, weight.base, bias, *options)
        maps = _mixed(weight.left.unflatten(0, (groups, -1)).mT, input, axes)
        kernels = weight.right.mT.unflatten(1, weight.base.shape[1:]).repeat(groups, *[1] * (axes + 1))
        return found + convolve(maps, kernels, None, *options)

    return handle


def _mixed(factors: Tensor, maps: Tensor, axes: int) -> Tensor:
    """Return maps [..., groups C, *places] mixed by a matrix for each group, [groups, O, C]."""
    places = maps.shape[-axes:]
    grouped = maps.flatten(-axes).unflatten(-2, (len(factors), -1))
    mixed: Tensor = (factors @ grouped).flatten(-3, -2).unflatten(-1, places)
    return mixed


def _transpose(input: LowRank, first: int = 0, second: int = 1) -> Any:
    return input.turned() if input.dim() == 2 and {first % 2, second % 2} == {0, 1} else NotImplemented


def _turned(input: LowRank) -> Any:
    return input.turned() if input.dim() == 2 else NotImplemented


def _itself(input: LowRank, *others: Any, **more: Any) -> Any:
    return NotImplemented if others or more else input


def _some(input: LowRank, place: Any) -> Any:
    return input.rows(place) if isinstance(place, slice) else NotImplemented


def _chunk(input: LowRank, chunks: int, dim: int = 0) -> Any:
    return _split(input, -(-len(input.base) // chunks), dim)


def _split(input: LowRank, size: int | Sequence[int], dim: int = 0) -> Any:
    if dim != 0:
        return NotImplemented
    total = len(input.base)
    sizes = [min(size, total - start) for start in range(0, total, size)] if isinstance(size, int) else [*size]
    ends = torch.tensor(sizes).cumsum(0).tolist()
    return tuple(input.rows(slice(end - length, end)) for end, length in zip(ends, sizes, strict=True))


def _gets(*names: str) -> frozenset[Any]:
    return frozenset(getattr(Tensor, name).__get__ for name in names)


FACTS: frozenset[Any] = _gets(
    "shape", "dtype", "device", "ndim", "layout", "requires_grad", "is_cuda", "is_nested", "is_leaf", "grad_fn"
) | {
    Tensor.size,
    Tensor.dim,
    Tensor.ndimension,
    Tensor.numel,
    Tensor.nelement,
    Tensor.element_size,
    Tensor.is_floating_point,
    Tensor.is_complex,
    Tensor.is_contiguous,
    Tensor.stride,
    Tensor.__len__,
    torch.is_floating_point,
    torch.is_complex,
    torch.numel,
}
"""What is known of a parameter without its numbers."""

_PRODUCTS = (torch.matmul, torch.mm, Tensor.matmul, Tensor.mm, Tensor.__matmul__)

HANDLERS: Mapping[Any, Callable[..., Any]] = {
    F.linear: _linear,
    F.embedding: _embedding,
    F.conv1d: _convolution(F.conv1d, 1),
    F.conv2d: _convolution(F.conv2d, 2),
    F.conv3d: _convolution(F.conv3d, 3),
    F.conv_transpose1d: _transposed(F.conv_transpose1d, 1),
    F.conv_transpose2d: _transposed(F.conv_transpose2d, 2),
    F.conv_transpose3d: _transposed(F.conv_transpose3d, 3),
    **dict.fromkeys(_PRODUCTS, _matmul),
    Tensor.__rmatmul__: lambda input, other: _matmul(other, input),
    **dict.fromkeys((torch.transpose, Tensor.transpose, torch.swapaxes, Tensor.swapaxes), _transpose),
    **dict.fromkeys((torch.t, Tensor.t, *_gets("T", "mT")), _turned),
    **dict.fromkeys((Tensor.detach, torch.detach, Tensor.contiguous, *_gets("data")), _itself),
    Tensor.__getitem__: _some,
    **dict.fromkeys((torch.chunk, Tensor.chunk), _chunk),
    **dict.fromkeys((torch.split, Tensor.split), _split),
}
"""How functions of PyTorch are computed with such parameters."""
