"""Reads pickles of plain data, and runs nothing that they name.

Old data sets come as pickles, which may name any function to be called. Here nothing that a pickle names is ever
imported: the few names that arrays of numpy need stand for functions of this module, and any other name is refused.
Only the opcodes of plain data are known. Python's unpickler in Python is used, as that in C takes memory for a whole
table where a damaged file names a great index.
"""

from __future__ import annotations

import math
import pickle
import struct
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np
from numpy.typing import NDArray

NUMBERS = frozenset({"b1", *(f"{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8)), "f4", "f8"})
"""The kinds of numbers that arrays may hold, as numpy writes them."""

# What a damaged pickle makes the unpickler stumble over.
_STUMBLES = (
    pickle.UnpicklingError,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
)


class Refused(Exception):
    """A pickle asks for more than plain data."""


def read_pickle(path: Path) -> dict[str, Any]:
    """Return the dict that a pickle holds, with keys of text, for Python 2 wrote them as bytes.

    Its values are plain data: numbers, text, bytes, lists, tuples, dicts, and arrays to be read by `array_in`.

    Args:
        path: The file.

    Raises:
        OSError: The file can't be read.
        ValueError: It is damaged or holds something else; nothing of it was run.
    """
    try:
        with path.open("rb") as file:
            loaded = _Unpickler(_Whole(file, path.stat().st_size)).load()
        if not isinstance(loaded, dict):
            raise ValueError(f"it holds a {type(loaded).__name__} instead of a dict")
        return {as_text(key): value for key, value in loaded.items()}
    except Refused as error:
        raise ValueError(
            f"{path} must hold plain data only, but it {error}; nothing of it was run: get it again from a source "
            "that you trust."
        ) from None
    except _STUMBLES as error:
        raise ValueError(f"{path} is damaged: it does not unpickle ({_words(error)}); get it again.") from error


def array_in(value: object) -> NDArray[Any]:
    """Return the array, read-only, that a value of `read_pickle` stands for.

    Raises:
        ValueError: It stands for none.
    """
    if not isinstance(value, _Array) or value.array is None:
        raise ValueError(f"there must be an array, but there is a {type(value).__name__.strip('_')}")
    return value.array


def as_text(value: object) -> str:
    """Return text, which Python 2 wrote as bytes.

    Raises:
        ValueError: It is no text.
    """
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if not isinstance(value, str):
        raise ValueError(f"there must be text, but there is a {type(value).__name__.strip('_')}")
    return value


def whole_numbers_in(value: object) -> list[int]:
    """Return the whole numbers of a list, a tuple or an array of one dimension.

    Raises:
        ValueError: It holds something else.
    """
    items = array_in(value).tolist() if isinstance(value, _Array) else value
    if not isinstance(items, list | tuple) or any(type(item) is not int for item in items):
        raise ValueError("there must be a list of whole numbers, but there is something else")
    return list(items)


def _words(error: BaseException) -> str:
    """What an error says, on one short line."""
    line = " ".join(str(error).split())[:100].rstrip(".")
    return line or type(error).__name__


class _Whole:
    """A file whose reads ask for no more than there is, however many bytes a damaged length announces."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size
        self.readline = file.readline

    def read(self, count: int) -> bytes:
        data = self._file.read(max(0, min(count, self._size)))
        if len(data) < count:
            raise EOFError("it ends too early")
        return data


@dataclass
class _Kind:
    """Stands for `numpy.dtype`: the kind of the numbers of an array."""

    name: str

    def build(self, state: Any) -> None:
        if as_text(state[1]) not in ("<", "|", "="):
            raise Refused("has numbers in another order of bytes than little-endian")


@dataclass
class _Array:
    """Stands for `numpy.ndarray`: empty until it is built."""

    array: NDArray[Any] | None = None

    def build(self, state: Any) -> None:
        _, shape, kind, by_columns, data = state
        self.array = _filled(data, kind, shape, "F" if by_columns else "C")


def _filled(data: object, kind: _Kind, shape: Any, order: Any) -> NDArray[Any]:
    dtype = np.dtype(kind.name)
    sizes = [size for size in shape if type(size) is int and size >= 0]
    if len(sizes) < len(shape) or not isinstance(data, bytes) or len(data) != math.prod(sizes) * dtype.itemsize:
        raise ValueError("an array is not as long as its shape says")
    return np.frombuffer(data, dtype).reshape(sizes, order="F" if order == "F" else "C")


def _reconstruct(*_: object) -> _Array:
    return _Array()


def _frombuffer(data: object, kind: _Kind, shape: Any, order: object) -> _Array:
    return _Array(_filled(data, kind, shape, order))


def _kind(name: object, *_: object) -> _Kind:
    word = as_text(name).lstrip("<|=")
    if word not in NUMBERS:
        raise Refused(f"has an array of the kind {word[:20]!r}")
    return _Kind(word)


def _scalar(kind: _Kind, data: bytes) -> object:
    return np.frombuffer(data, np.dtype(kind.name), count=1)[0].item()


def _encode(value: str, encoding: object) -> bytes:
    if encoding != "latin1":
        raise Refused("encodes text in an odd way")
    return value.encode("latin-1")


def _no_bytes() -> bytes:
    """Stands for `bytes`, by which Python writes empty ones for Python 2."""
    return b""


def _ndarray() -> None:
    """Stands for the class that `_reconstruct` is told; nobody calls it."""


_STANDS_FOR: dict[tuple[str, str], Callable[..., object]] = {
    ("numpy", "ndarray"): _ndarray,
    ("numpy", "dtype"): _kind,
    ("_codecs", "encode"): _encode,
    ("__builtin__", "bytes"): _no_bytes,
}
for _core in ("numpy.core", "numpy._core"):  # before and after numpy 2
    _STANDS_FOR[f"{_core}.multiarray", "_reconstruct"] = _reconstruct
    _STANDS_FOR[f"{_core}.multiarray", "scalar"] = _scalar
    _STANDS_FOR[f"{_core}.numeric", "_frombuffer"] = _frombuffer
_CALLED = (_kind, _encode, _no_bytes, _reconstruct, _scalar, _frombuffer)

_PLAIN = b"".join(
    (
        *(pickle.PROTO, pickle.FRAME, pickle.STOP, pickle.MARK, pickle.NONE, pickle.NEWTRUE, pickle.NEWFALSE),
        *(pickle.BININT, pickle.BININT1, pickle.BININT2, pickle.LONG1, pickle.LONG4, pickle.BINFLOAT),
        *(pickle.BINSTRING, pickle.SHORT_BINSTRING, pickle.BINUNICODE, pickle.SHORT_BINUNICODE, pickle.BINUNICODE8),
        *(pickle.BINBYTES, pickle.SHORT_BINBYTES, pickle.BINBYTES8, pickle.EMPTY_LIST, pickle.APPEND, pickle.APPENDS),
        *(pickle.EMPTY_TUPLE, pickle.TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3, pickle.EMPTY_DICT),
        *(pickle.BINGET, pickle.LONG_BINGET, pickle.BINPUT, pickle.LONG_BINPUT, pickle.MEMOIZE),
        *(pickle.GLOBAL, pickle.STACK_GLOBAL),
    )
)
"""The opcodes that are left to Python; those that call, fill and index are in `_Unpickler`."""


class _Unpickler(pickle._Unpickler):
    """Python's unpickler with the opcodes of plain data and no imports."""

    dispatch: ClassVar[dict[int, Callable[..., None]]] = {code: pickle._Unpickler.dispatch[code] for code in _PLAIN}
    stack: list[Any]
    pop_mark: Callable[[], list[Any]]
    read: Callable[[int], bytes]

    def __init__(self, file: _Whole) -> None:
        super().__init__(file, encoding="bytes")

    def find_class(self, module: str, name: str) -> Callable[..., object]:
        """Return what stands for a name; nothing is imported."""
        found = _STANDS_FOR.get((module, name))
        if found is None:
            raise Refused(f"names {f'{module}.{name}'[:60]!r}")
        return found

    def load_reduce(self) -> None:
        """Call one of the functions of this module."""
        arguments, function = self.stack.pop(), self.stack.pop()
        if not any(function is known for known in _CALLED):
            raise Refused("calls what is no function of numpy's arrays")
        self.stack.append(function(*arguments))

    def load_build(self) -> None:
        """Fill an array or a kind of numbers; nothing else has a state."""
        state, built = self.stack.pop(), self.stack[-1]
        if not isinstance(built, _Array | _Kind):
            raise Refused("sets the state of an object")
        built.build(state)

    def load_setitem(self) -> None:
        """Put one item into a dict."""
        value, key = self.stack.pop(), self.stack.pop()
        self._put([key, value])

    def load_setitems(self) -> None:
        """Put items into a dict."""
        self._put(self.pop_mark())

    def load_bytearray(self) -> None:
        """Read bytes, of which numpy makes an array."""
        (length,) = struct.unpack("<Q", self.read(8))
        self.stack.append(self.read(length))

    def _put(self, items: list[Any]) -> None:
        target = self.stack[-1]
        keys: Collection[Any] = items[::2]
        # Deeply nested keys would end the process when they are hashed.
        if not isinstance(target, dict) or any(not isinstance(key, str | bytes | int) for key in keys):
            raise ValueError("a dict has keys that are neither text nor whole numbers")
        target.update(zip(keys, items[1::2], strict=True))

    dispatch[pickle.REDUCE[0]] = load_reduce
    dispatch[pickle.BUILD[0]] = load_build
    dispatch[pickle.SETITEM[0]] = load_setitem
    dispatch[pickle.SETITEMS[0]] = load_setitems
    dispatch[pickle.BYTEARRAY8[0]] = load_bytearray
