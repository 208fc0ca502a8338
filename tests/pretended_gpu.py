"""A GPU for machines without one: tensors that pretend to be on another device, and a count of what would wait for it.

The values lie on the CPU, so that whole searches run and decide by what they computed. The device is called `meta`:
PyTorch makes tensors on it, moves modules to it and differentiates there without any driver, which it does for neither
`cuda` nor a registered backend; its own fake tensors have no values. Two modes see all that happens: the one of
operations, below autograd and `vmap`, and the one of functions, for what never becomes an operation.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes, return_and_correct_aliasing
from torch.utils._pytree import tree_leaves, tree_map

from neuroevo.execution.low_rank_tensor import LowRank
from neuroevo.low_rank import Factors

GPU = torch.device("meta")
CPU = torch.device("cpu")
aten = torch.ops.aten

READS = {
    "_local_scalar_dense", "nonzero", "masked_select", "_unique", "_unique2", "unique_dim", "unique_consecutive",
    "unique_dim_consecutive", "equal", "bincount", "multinomial", "_linalg_check_errors",
}  # fmt: skip
"""Operations that need values of the device on the host."""

INDEXING = {"index", "index_put", "index_put_", "_index_put_impl_", "_unsafe_index"}
"""Operations that take indices of the host, which they move, and masks, whose places they have to count."""

MOVING = {"_to_copy", "copy_", "copy"}
"""Operations that take tensors of one device and write to another."""

JOINING = {"cat", "stack", "mm", "bmm", "addmm", "dot", "mv"}
"""Operations that take no number of the host among tensors of the device, either."""

INITIALISING = {"uniform_", "normal_", "random_", "bernoulli_", "exponential_"}
"""Operations of a module's constructor, which draw nothing on `meta`."""

FACTORIES = {torch.tensor, torch.as_tensor, torch.asarray}


class OnGPU(Tensor):
    """A tensor of the CPU that says it is on the GPU."""

    inner: Tensor

    @staticmethod
    def __new__(cls, inner: Tensor) -> OnGPU:
        """Return a tensor with the shape of another, whose values it has."""
        size, strides, offset = inner.size(), inner.stride(), inner.storage_offset()
        made = Tensor._make_wrapper_subclass(
            cls, size, strides=strides, storage_offset=offset, dtype=inner.dtype, layout=inner.layout, device=GPU
        )
        made.inner = inner
        return made

    def __repr__(self) -> str:  # type: ignore[override]
        return f"OnGPU({self.inner})"

    @classmethod
    def __torch_dispatch__(cls, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Refuse to leave the mode."""
        raise RuntimeError(f"{function} must run inside of pretended_gpu().")


class Generator(torch.Generator):
    """A generator of the CPU that may say it is on the GPU."""

    place: torch.device

    def __new__(cls, device: torch.device | str = CPU) -> Generator:  # noqa: D102
        made = super().__new__(cls)
        made.place = torch.device(device)
        return made

    @property
    def device(self) -> torch.device:  # type: ignore[override]
        """Where it says it is."""
        return self.place


class Seen:
    """What would have taken time on a GPU.

    Attributes:
        waits: How often the host would have waited for the device, by operation and line of the library.
        copies: How often the host would have copied to the device, by line.
    """

    def __init__(self) -> None:
        self.waits: Counter[str] = Counter()
        self.copies: Counter[str] = Counter()

    def clear(self) -> None:
        """Begin anew."""
        self.waits.clear()
        self.copies.clear()

    def wait(self, name: str) -> None:
        """Count a wait."""
        self.waits[f"{name} at {_line()}"] += 1

    def copy(self) -> None:
        """Count a copy."""
        self.copies[_line()] += 1


@contextmanager
def pretended_gpu() -> Iterator[Seen]:
    """Pretend that there is a GPU by the name of `meta`, and count what would wait for it."""
    seen, fused = Seen(), ("cpu", "meta")
    with (
        patch("torch.Generator", Generator),
        patch("neuroevo.execution.looped.ThreadPoolExecutor", _Inline),
        patch.object(LowRank, "of", _low_rank),
        patch("torch.optim.optimizer._get_fused_kernels_supported_devices", lambda: fused),
        _Functions(seen),
        _Operations(seen),
    ):
        yield seen


class _Inline:
    """A pool whose work is done by the thread that asks for it, for modes are seen by their own thread only."""

    def __init__(self, *settings: Any, **more: Any) -> None:
        del settings, more

    def __enter__(self) -> _Inline:
        return self

    def __exit__(self, *reason: object) -> None:
        pass

    map = staticmethod(map)


_of = LowRank.of


def _low_rank(base: Tensor, factors: Factors, label: str) -> LowRank:
    """Return a parameter with its noise; PyTorch makes no subclass of a subclass, but its numbers are in `base`."""
    if not isinstance(base, OnGPU):
        return _of(base, factors, label)
    with _disable_current_modes():
        made = _of(torch.empty_like(base.inner, device=GPU), factors, label)
    made.base = base
    return made


class _Functions(TorchFunctionMode):
    """Sees what never becomes an operation."""

    def __init__(self, seen: Seen) -> None:
        super().__init__()
        self.seen = seen

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        _check_generator(function, args, kwargs)
        if function in FACTORIES and kwargs.get("device") is not None and args and not isinstance(args[0], OnGPU):
            device = torch.device(kwargs["device"])
            if device.type == GPU.type:
                return function(*args, **{**kwargs, "device": CPU}).to(device)
        if function is Tensor.new_tensor and isinstance(args[0], OnGPU):
            return torch.tensor(*args[1:], **{"dtype": args[0].dtype, **kwargs}).to(GPU)
        if args and isinstance(args[0], OnGPU):
            if function in (Tensor.untyped_storage, Tensor.data_ptr):
                return function(args[0].inner)
            if function is Tensor.tolist:
                self.seen.wait("tolist")
                return args[0].inner.tolist()
            if function in (Tensor.numpy, Tensor.__array__):
                raise TypeError("can't convert a tensor of the GPU to numpy; copy it to the host first.")
        return function(*args, **kwargs)


def _check_generator(function: Any, args: Any, kwargs: Any) -> None:
    """Raise RuntimeError if draws on one device come from a generator of the other, unseen by operations."""
    if isinstance(generator := kwargs.get("generator"), Generator):
        tensor = args[0] if args and isinstance(args[0], Tensor) else None
        device = tensor.device if tensor is not None else kwargs.get("device") or CPU
        if torch.device(device).type != generator.device.type:
            raise RuntimeError(f"Expected the generator of {function} on {device}, but it is on {generator.device}.")


class _Operations(TorchDispatchMode):
    """Sees operations, runs them on the CPU, and gives what they return its device."""

    def __init__(self, seen: Seen) -> None:
        super().__init__()
        self.seen = seen

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # Its import takes seconds.
        return False

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs, name = dict(kwargs or {}), function.overloadpacket.__name__
        if torch.is_inference_mode_enabled() and function._can_decompose():
            # Autograd would have done so.
            with self:
                return function.decompose(*args, **kwargs)
        target = self._target(name, args, kwargs)
        if name in INITIALISING and target and kwargs.get("generator") is None:
            return args[0]
        inner = {key: CPU if key == "device" and value is not None else _inner(value) for key, value in kwargs.items()}
        found = function(*tree_map(_inner, args), **inner)
        if not target:
            return found
        if found is not None:
            found = tree_map(lambda one: OnGPU(one) if type(one) is Tensor else one, found)
        return return_and_correct_aliasing(function, args, kwargs, found)

    def _target(self, name: str, args: Any, kwargs: Any) -> bool:
        """Return whether the result of an operation is on the GPU, after it was counted and its devices checked."""
        tensors = [one for one in tree_leaves((args, kwargs)) if isinstance(one, Tensor)]
        there = any(isinstance(one, OnGPU) for one in tensors)
        device = kwargs.get("device")
        target = there if device is None else torch.device(device).type == GPU.type
        if name in MOVING:
            return self._moved(name, args, target)
        if there:
            self._check(name, args, kwargs, tensors)
        return target

    def _moved(self, name: str, args: Any, target: bool) -> bool:
        """Count a tensor that moves between devices, and return whether the result is on the GPU."""
        source = args[0] if name == "_to_copy" else args[1]
        if name != "_to_copy":
            target = isinstance(args[0], OnGPU)
        if isinstance(source, OnGPU) and not target:
            self.seen.wait("to the host")
        elif not isinstance(source, OnGPU) and target:
            self.seen.copy()
        return target

    def _check(self, name: str, args: Any, kwargs: Any, tensors: list[Tensor]) -> None:
        """Count an operation that waits; RuntimeError if its tensors are on different devices."""
        strangers = [one for one in tensors if not isinstance(one, OnGPU) and (one.dim() or name in JOINING)]
        if name in INDEXING and isinstance(args[0], OnGPU):
            indices = [one for one in args[1] if one is not None]
            for _ in [one for one in indices if not isinstance(one, OnGPU)]:
                self.seen.copy()
            strangers = [one for one in strangers if not any(one is index for index in indices)]
            if any(one.dtype in (torch.bool, torch.uint8) for one in indices):
                self.seen.wait("a mask as index")
        if strangers:
            raise RuntimeError(f"Expected all tensors of {name} on one device, but some are on the CPU.")
        if name in READS or (name == "repeat_interleave" and kwargs.get("output_size") is None):
            self.seen.wait(name)


def _inner(value: Any) -> Any:
    return value.inner if isinstance(value, OnGPU) else value


def _line() -> str:
    """Return the line of the library that runs, or of its caller."""
    frame: Any = sys._getframe(2)
    while frame is not None:
        path = frame.f_code.co_filename
        if (
            any(f"/{folder}/" in path for folder in ("neuroevo", "operators", "benchmarks"))
            and "/site-packages/torch/" not in path
        ):
            return f"{'/'.join(path.split('/')[-2:])}:{frame.f_lineno}"
        frame = frame.f_back
    return "a test"
