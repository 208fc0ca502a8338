"""How functions are sent to workers: pickled, with large tensors taken out, each of which is sent only once.

Pickles go from a run to its own workers and back, never to or from a file.
"""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

LARGE = 1 << 16
"""Size in bytes from which a function's tensor is sent separately."""

REMEMBERED = 64
"""Largest number of large tensors that a worker keeps."""

REMEMBERED_BYTES = 2**28
"""Largest size of those together, apart from what the function that was sent last needs: 256 MiB."""

Key = tuple[object, ...]


class Package(NamedTuple):
    """A function to be sent: its pickle, and the numbers of the large tensors that it needs."""

    data: bytes
    needs: frozenset[int]


@dataclass(frozen=True)
class _Shared:
    number: int
    tensor: Tensor  # held, so that no other tensor is allocated in its memory
    payload: Any


class Packer:
    """Pickles functions, and numbers the large tensors inside.

    A tensor is identified by its memory and by torch's version counter, so that one that was changed in place is sent
    again.

    Args:
        share: Turns the bytes of a tensor, uint8 [n], into what is sent in their place.
        pickler: Class of the pickler.
    """

    def __init__(self, share: Callable[[np.ndarray], Any], pickler: type[pickle.Pickler] = pickle.Pickler) -> None:
        self._share = share
        self._shared: OrderedDict[Key, _Shared] = OrderedDict()
        self._pickler = _taking_out(pickler)
        self._count = 0

    @property
    def payloads(self) -> dict[int, Any]:
        """What is sent for each of the remembered large tensors."""
        return {shared.number: shared.payload for shared in self._shared.values()}

    def pack(self, function: Callable[..., Any]) -> Package:
        """Pickle a function.

        Raises:
            TypeError: It can't be pickled; the message names it.
        """
        needs: set[int] = set()

        def number(tensor: Tensor) -> int:
            needs.add(shared := self._number(tensor))
            return shared

        buffer = io.BytesIO()
        try:
            self._pickler(buffer, number).dump(function)
        except (pickle.PicklingError, TypeError, AttributeError, RecursionError) as error:
            raise TypeError(
                f"{_name(function)} must be picklable to run in other processes, but it is not ({error}); define what "
                "it is made of at the top of a module, and leave out locks, open files and generators."
            ) from error
        self._forget(needs)
        return Package(buffer.getvalue(), frozenset(needs))

    def _number(self, tensor: Tensor) -> int:
        key = (tensor.data_ptr(), tensor._version, tensor.shape, tensor.dtype, tensor.device)
        if key not in self._shared:
            array = tensor.detach().cpu().flatten().view(torch.uint8).numpy()
            self._shared[key] = _Shared(self._count, tensor, self._share(array))
            self._count += 1
        self._shared.move_to_end(key)
        return self._shared[key].number

    def _forget(self, needs: set[int]) -> None:
        """Forget the tensors that were used longest ago, while there are too many or they are too large."""
        sizes = {key: shared.tensor.nbytes for key, shared in self._shared.items() if shared.number not in needs}
        count, size = len(self._shared), sum(sizes.values())
        for key, own in sizes.items():
            if count <= REMEMBERED and size <= REMEMBERED_BYTES:
                break
            del self._shared[key]
            count, size = count - 1, size - own


class WorkerCache:
    """A worker's side: keeps tensors by number, and the functions that were used last."""

    def __init__(self) -> None:
        self._arrays: dict[int, Tensor] = {}
        self._functions: OrderedDict[bytes, Callable[..., Any]] = OrderedDict()

    def take(self, numbers: Sequence[int], payloads: Sequence[np.ndarray], drop: Sequence[int]) -> None:
        """Store new large tensors, and drop those that are not remembered any more."""
        for number in drop:
            self._arrays.pop(number, None)
        if drop:
            self._functions.clear()
        # Copied: arrays from shared memory are read-only.
        self._arrays |= {
            number: torch.from_numpy(np.array(array)) for number, array in zip(numbers, payloads, strict=True)
        }

    def unpack(self, data: bytes) -> Callable[..., Any]:
        """Return the function of a package."""
        if data not in self._functions:
            self._functions[data] = _PuttingBack(io.BytesIO(data), self._arrays).load()
            while len(self._functions) > 4:
                self._functions.popitem(last=False)
        return self._functions[data]


def _taking_out(pickler: type[pickle.Pickler]) -> type[Any]:
    class TakingOut(pickler):  # type: ignore[misc, valid-type]
        def __init__(self, file: io.BytesIO, number: Callable[[Tensor], int]) -> None:
            super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
            self._number = number

        def persistent_id(self, thing: Any) -> Any:
            if type(thing) is not Tensor or not _travels_alone(thing):
                return None
            return self._number(thing), str(thing.dtype).removeprefix("torch."), tuple(thing.shape), str(thing.device)

    return TakingOut


def _travels_alone(tensor: Tensor) -> bool:
    large = tensor.layout == torch.strided and tensor.numel() * tensor.element_size() >= LARGE
    # Other tensors may be more than their elements: strides and graphs are left to torch's own pickling.
    return large and tensor.is_contiguous() and not tensor.requires_grad and not tensor.is_inference()


class _PuttingBack(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, arrays: Mapping[int, Tensor]) -> None:
        super().__init__(file)
        self._arrays = arrays

    def persistent_load(self, pid: Any) -> Tensor:
        number, dtype, shape, device = pid
        return self._arrays[number].view(getattr(torch, dtype)).reshape(shape).to(device)


def _name(function: Callable[..., Any]) -> str:
    while hasattr(function, "func"):
        function = function.func
    return getattr(function, "__qualname__", None) or type(function).__qualname__


def pickled(answer: Any) -> bytes:
    """Return what a worker answers as a pickle; an exception that can't travel is replaced by one that names it."""
    try:
        data = pickle.dumps(answer, protocol=pickle.HIGHEST_PROTOCOL)
        if isinstance(answer, Exception):
            pickle.loads(data)  # noqa: S301 - some exceptions can be pickled but not be made again
    except Exception as error:  # noqa: BLE001 - whatever it is, it has to be reported
        what = answer if isinstance(answer, Exception) else error
        return pickle.dumps(RuntimeError(f"{type(what).__name__}: {what}".removesuffix(": ")))
    return data
