"""Pickles of plain data are read as Python reads them, and nothing that a pickle names is run."""

import os
import pickle
import tracemalloc
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.data.plain_pickle import array_in, as_text, read_pickle, whole_numbers_in

PROTOCOLS = st.integers(2, pickle.HIGHEST_PROTOCOL)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=6,
)
ARRAYS = st.builds(
    lambda kind, shape, by_columns: np.asarray(
        np.arange(np.prod(shape)).reshape(shape), dtype=kind, order="F" if by_columns else "C"
    ),
    st.sampled_from(["u1", "i4", "i8", "f4", "f8", "?"]),
    st.lists(st.integers(0, 4), min_size=1, max_size=4),
    st.booleans(),
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of a file to be written."""
    return tmp_path_factory.mktemp("pickles") / "data.pkl"


@given(value=st.dictionaries(st.text(), PLAIN), protocol=PROTOCOLS)
def test_plain_data_come_back(path: Path, value: dict[str, object], protocol: int) -> None:
    """What Python pickles of plain data is read equal, with every protocol."""
    path.write_bytes(pickle.dumps(value, protocol))
    assert read_pickle(path) == value


@given(array=ARRAYS, protocol=PROTOCOLS)
def test_arrays_come_back(path: Path, array: np.ndarray, protocol: int) -> None:
    """Arrays keep their numbers, kinds and shapes; a number of numpy becomes one of Python."""
    path.write_bytes(pickle.dumps({"array": array, "number": np.int64(len(array))}, protocol))
    found = read_pickle(path)
    again = array_in(found["array"])
    assert (again.dtype, again.shape, again.tolist()) == (array.dtype, array.shape, array.tolist())
    assert found["number"] == len(array)


def test_pickles_of_python_2_are_read(path: Path, formats: ModuleType) -> None:
    """Text of Python 2 comes as bytes and its keys as text, and numpy's old names are known."""
    array = np.arange(300, dtype=np.uint8).reshape(3, 100)
    path.write_bytes(formats.python2_pickle({"names": ["a", "b"], "array": array, "rows": [0, 70_000]}))
    with path.open("rb") as file:
        by_python = pickle.load(file, encoding="bytes")
    found = read_pickle(path)
    assert [as_text(name) for name in found["names"]] == ["a", "b"]
    assert array_in(found["array"]).tolist() == by_python[b"array"].tolist() == array.tolist()
    assert whole_numbers_in(found["rows"]) == [0, 70_000]


def read_or_told(path: Path) -> dict[str, object] | str:
    """Return what a file holds, or why it can't be read."""
    try:
        return read_pickle(path)
    except ValueError as error:
        return str(error)


class Planted:
    """An object whose unpickling runs a call."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return self.call


def opcodes(name: str, *, call: bytes) -> bytes:
    """Return a pickle that takes a name and does something with it."""
    return b"\x80\x02}U\x01ac" + name.replace(" ", "\n").encode() + b"\n" + call + b"s."


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_what_is_planted_does_not_run(tmp_path: Path, protocol: int) -> None:
    """A planted call of the shell, of `eval` or of numpy's own loaders is refused, and leaves no trace."""
    trace = tmp_path / "trace"
    planted = (
        Planted(os.system, f"touch {trace}"),
        Planted(eval, f"open({str(trace)!r}, 'w')"),
        Planted(np.save, str(trace), np.zeros(1)),
        Planted(Path.touch, trace),
    )
    for number, one in enumerate(planted):
        path = tmp_path / f"{number}.pkl"
        path.write_bytes(pickle.dumps({"data": np.zeros(2), "more": [one]}, protocol))
        with pytest.raises(ValueError, match=r"(must hold plain data only|is damaged).*get it again"):
            read_pickle(path)
    assert not [file for file in tmp_path.iterdir() if file.name.startswith("trace")]
    # The proof that it would have run: Python's own unpickler runs it.
    with (tmp_path / "0.pkl").open("rb") as file:
        pickle.load(file)
    assert trace.exists()


@pytest.mark.parametrize(
    "content",
    [
        opcodes("posix system", call=b"U\x04true\x85R"),
        opcodes("numpy ndarray", call=b")R"),
        opcodes("numpy dtype", call=b"U\x01O\x85R"),
        opcodes("numpy.core.multiarray _reconstruct", call=b"}U\x01ac_codecs\nencode\nsb"),
        opcodes("numpy dtype", call=b"U\x02u1\x85R(K\x03U\x01>t b"[:14] + b"(K\x03U\x01>tb"),
        b"\x80\x02}U\x01ac_codecs\nencode\nX\x01\x00\x00\x00aX\x03\x00\x00\x00rot\x86Rs.",
        b"\x80\x02}" + b")" + b"\x85" * 5000 + b"K\x01s.",
        b"\x80\x02].",
        b"\x80\x04}\x8e\xff\xff\xff\xff\xff\xff\xff\x0f.",
        b"\x80\x05}\x96\xff\xff\xff\xff\xff\xff\xff\x0f.",
        b"",
        b"not a pickle",
    ],
)
def test_odd_pickles_are_told_in_a_sentence(path: Path, content: bytes) -> None:
    """Objects, kinds of numbers that hold objects, endless depths and impossible lengths are refused."""
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"^{path} .*\.$") as caught:
        read_pickle(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x02}r\xff\xff\xff\x7f.",
        b"\x80\x02]r\xff\xff\xff\x00}.",
        b"\x80\x04\x95\xff\xff\xff\xff\xff\x00\x00\x00}.",
        b"\x80\x04}T\xff\xff\xff\x7f.",
        b"\x80\x04}\x8e\xff\xff\xff\xff\x00\x00\x00\x00.",
        b"\x80\x05}\x96\xff\xff\xff\xff\x00\x00\x00\x00.",
        b"\x80\x02}\x8b\xff\xff\xff\x7f.",
    ],
)
def test_what_is_announced_takes_no_memory(path: Path, content: bytes) -> None:
    """A damaged index of what is remembered, or a damaged length, makes no table and no text as long as that."""
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=rf"^{path} is damaged.*\.$"):
            read_pickle(path)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


# A tuple of the tuple before, twice: a hash of the last one would visit 2 ** 60 of them.
DOUBLED = b")q\x00" + b"".join(b"h" + bytes([k]) + b"h" + bytes([k]) + b"\x86q" + bytes([k + 1]) for k in range(60))


@pytest.mark.parametrize("disguise", [b"", b"(e", b"(u", b"Nb", b"N\x86b", b"q\x3dh\x3d"])
def test_keys_that_can_not_be_hashed_are_refused(path: Path, disguise: bytes) -> None:
    """Whatever opcodes that change nothing come after a nested tuple, it does not become a key."""
    for content in (b"}" + DOUBLED + disguise + b"K\x01s.", b"}(" + DOUBLED + disguise + b"K\x01u."):
        path.write_bytes(b"\x80\x02" + content)
        with pytest.raises(ValueError, match=r"(a dict has tuples as keys|has the opcode BUILD).*get it again"):
            read_pickle(path)


@pytest.mark.parametrize("name", ["numpy dtype", "numpy.core.multiarray scalar", "numpy.core.multiarray _reconstruct"])
def test_what_stands_for_a_name_can_not_be_changed(path: Path, name: str) -> None:
    """A state for a function or a class, which would change it for the whole process, is refused."""
    path.write_bytes(opcodes(name, call=b"N}U\x0c__defaults__)s\x86b"))
    with pytest.raises(ValueError, match="has the opcode BUILD where plain data have none"):
        read_pickle(path)


@given(data=st.data())
def test_damage_gives_one_kind_of_error(path: Path, formats: ModuleType, data: st.DataObject) -> None:
    """Whatever bytes are changed, cut off or put in, the file is read or refused by a sentence that names it."""
    value = {"image_data": np.arange(12, dtype=np.uint8).reshape(3, 4), "class_dict": {"a": [0, 2], "b": [1]}}
    dump = data.draw(st.sampled_from([formats.python2_pickle, pickle.dumps, lambda v: pickle.dumps(v, 5)]))
    content = bytearray(dump(value))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content)))
        new = data.draw(st.binary(max_size=3))
        content[at : at + data.draw(st.sampled_from([0, len(new), len(content)]))] = new
    path.write_bytes(content)
    found = read_or_told(path)
    if isinstance(found, str):
        assert str(path) in found
        assert "\n" not in found
