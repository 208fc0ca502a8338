"""Reads pickles of plain data, and runs nothing that they name.

Old data sets come as pickles, which may name any function to be called. First the opcodes are followed without running
any: only those of plain data are allowed, and none may make Python's unpickler take much memory or time. Then it reads
the file, and the few names that arrays of numpy need stand for functions of this module: nothing is ever imported.
"""

from __future__ import annotations

import math
import pickle
import pickletools
from collections.abc import Sequence
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from neuroevo.data.readable import check_file, reading
from neuroevo.free_memory import check_memory

NUMBERS = frozenset({"b1", *(f"{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8)), "f4", "f8"})
"""The kinds of numbers that arrays may hold, as numpy writes them."""

PLAIN = frozenset(
    (
        *("PROTO", "FRAME", "STOP", "MARK", "NONE", "NEWTRUE", "NEWFALSE", "BININT", "BININT1", "BININT2", "LONG1"),
        *("LONG4", "BINFLOAT", "BINSTRING", "SHORT_BINSTRING", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
        *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8", "EMPTY_LIST", "APPEND", "APPENDS", "EMPTY_TUPLE"),
        *("TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "EMPTY_DICT", "SETITEM", "SETITEMS", "BINGET", "LONG_BINGET"),
        *("BINPUT", "LONG_BINPUT", "MEMOIZE", "GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD"),
    )
)
"""The opcodes of plain data, as `pickletools` names them."""

MOST = 2_000_000
"""Opcodes that a pickle may have; the data sets that are read have at most some hundred thousand."""

LONGEST_NAME = 255
"""Characters of a name: one that is stored once may be named any number of times, and each time takes memory."""

# What a damaged pickle makes the unpickler stumble over.
_STUMBLES = (
    pickle.UnpicklingError,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    TypeError,
    ValueError,
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
        ValueError: It is empty, damaged or holds something else; nothing of it was run.
    """
    check_file(path)
    try:
        with reading(path), path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
            check_memory(len(content), str(path), "free some")
            _check(content)
            loaded = _Unpickler(file, room=len(content)).load()
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
        ValueError: It is no text, or longer than any name.
    """
    if isinstance(value, bytes | str) and len(value) > LONGEST_NAME:
        raise ValueError(f"there must be a name, but there are {len(value)} characters")
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if not isinstance(value, str):
        raise ValueError(f"there must be text, but there is a {type(value).__name__.strip('_')}")
    return value


def whole_numbers_in(value: object, *, most: int | None = None) -> list[int]:
    """Return the whole numbers of a list, a tuple or an array of one dimension.

    Raises:
        ValueError: It holds something else, or more than `most`.
    """
    length = array_in(value).size if isinstance(value, _Array) else len(value) if isinstance(value, list | tuple) else 0
    if most is not None and length > most:
        raise ValueError(f"there must be at most {most} numbers, but there are {length}")
    items = array_in(value).tolist() if isinstance(value, _Array) else value
    if not isinstance(items, list | tuple) or any(type(item) is not int for item in items):
        raise ValueError("there must be a list of whole numbers, but there is something else")
    return list(items)


def _words(error: BaseException) -> str:
    """What an error says, on one short line."""
    line = " ".join(str(error).split())[:100].rstrip(".")
    return line or type(error).__name__


def _check(content: mmap) -> None:
    """Follow the opcodes and run none; what is on the stack is known by what put it there.

    A map of a file reads no more than there is, however many bytes of text a damaged length announces.

    Raises:
        Refused: An opcode is not needed for plain data.
        ValueError: Python's unpickler would take much memory or time.
    """
    stack: list[str] = []
    memo: dict[int, str] = {}
    argument: Any
    for count, (opcode, argument, _) in enumerate(pickletools.genops(cast("IO[bytes]", content))):
        name = opcode.name
        if count >= MOST:
            raise ValueError(f"it has more than {MOST} opcodes, of which each takes memory")
        if name not in PLAIN or (name == "BUILD" and stack[-2:-1] != ["REDUCE"]):
            raise Refused(f"has the opcode {name} where plain data have none")
        if (name == "FRAME" and argument > len(content)) or (name.endswith("PUT") and argument > count):
            raise ValueError(f"{name} announces more than there is")
        if name == "MEMOIZE" or name.endswith("PUT"):
            memo[len(memo) if argument is None else argument] = stack[-1]
        elif name.endswith("GET"):
            stack.append(memo[argument])
        else:
            taken = _take(stack, opcode.stack_before)
            if name.startswith("SETITEM") and any("TUPLE" in key for key in taken[1::2]):
                raise ValueError("a dict has tuples as keys")  # nested ones end the process or take years to hash
            filled = name == "BUILD" or name.startswith(("APPEND", "SETITEM"))
            stack += taken[-1:] if filled else [name] * len(opcode.stack_after)


def _take(stack: list[str], before: Sequence[pickletools.StackObject]) -> list[str]:
    """Take from the stack what an opcode takes; the top comes first."""
    taken = []
    if pickletools.markobject in before:
        while (item := stack.pop()) != "MARK":
            taken.append(item)
        before = before[: before.index(pickletools.markobject)]
    return taken + [stack.pop() for _ in before]


class _Unpickler(pickle.Unpickler):
    """Python's unpickler without imports.

    Args:
        file: The pickle.
        room: Bytes that texts may be encoded to, all together: no more than there are in the file.
    """

    def __init__(self, file: IO[bytes], *, room: int) -> None:
        super().__init__(file, encoding="bytes")
        self.room = room

    def find_class(self, module: str, name: str) -> object:
        """Return what stands for a name."""
        found = _STANDS_FOR.get((module, name))
        if found is None:
            raise Refused(f"names {f'{module}.{name}'[:60]!r}")
        return self._encode if found is _encode else found

    def _encode(self, value: str, encoding: object) -> bytes:
        encoded = _encode(value, encoding)
        self.room -= len(encoded)
        if self.room < 0:
            raise ValueError("its texts are encoded to more than there is")
        return encoded


class _Kind:
    """Stands for `numpy.dtype`: the kind of the numbers of an array."""

    def __init__(self, name: object, *_: object) -> None:
        self.name = as_text(name).lstrip("<|=")
        if self.name not in NUMBERS:
            raise Refused(f"has an array of the kind {self.name[:20]!r}")

    def __setstate__(self, state: Any) -> None:
        if as_text(state[1]) not in ("<", "|", "="):
            raise Refused("has numbers in another order of bytes than little-endian")


class _Array:
    """Stands for `numpy.ndarray`: empty until it is built."""

    array: NDArray[Any] | None = None

    def __init__(self, *_: object) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        _, shape, kind, by_columns, data = state
        self.array = _filled(data, kind, shape, "F" if by_columns else "C")


def _filled(data: object, kind: _Kind, shape: Any, order: Any) -> NDArray[Any]:
    dtype = np.dtype(kind.name)
    sizes = [size for size in shape if type(size) is int and size >= 0]
    length = math.prod(sizes) * dtype.itemsize
    if len(sizes) < len(shape) or not isinstance(data, bytes | bytearray) or len(data) != length:
        raise ValueError("an array is not as long as its shape says")
    array = np.frombuffer(data, dtype).reshape(sizes, order="F" if order == "F" else "C")
    array.flags.writeable = False
    return array


def _frombuffer(*arguments: Any) -> _Array:
    made = _Array()
    made.array = _filled(*arguments)
    return made


def _scalar(kind: _Kind, data: bytes) -> object:
    return np.frombuffer(data, np.dtype(kind.name), count=1)[0].item()


def _encode(value: str, encoding: object) -> bytes:
    if encoding != "latin1":
        raise Refused("encodes text in an odd way")
    return value.encode("latin-1")


_STANDS_FOR: dict[tuple[str, str], object] = {
    ("numpy", "ndarray"): "what `_reconstruct` makes",
    ("numpy", "dtype"): _Kind,
    ("_codecs", "encode"): _encode,
    ("__builtin__", "bytes"): lambda: b"",  # how Python writes empty ones for Python 2
}
for _core in ("numpy.core", "numpy._core"):  # before and after numpy 2
    _STANDS_FOR[f"{_core}.multiarray", "_reconstruct"] = _Array
    _STANDS_FOR[f"{_core}.multiarray", "scalar"] = _scalar
    _STANDS_FOR[f"{_core}.numeric", "_frombuffer"] = _frombuffer
