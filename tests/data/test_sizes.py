"""Small files that claim much: sizes are bounded by the format, and by the file, before memory is taken."""

from __future__ import annotations

import gzip
import pickle
import struct
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from neuroevo import free_memory
from neuroevo.data import plain_pickle
from neuroevo.data.fashion_mnist import fashion_mnist
from neuroevo.data.image_folder import read_roles
from neuroevo.data.mini_imagenet import mini_imagenet
from neuroevo.data.pictures import read_picture, read_pictures
from neuroevo.data.plain_pickle import as_text, read_pickle, whole_numbers_in
from neuroevo.splits import check_disjoint, load_split

VAL = load_split("mini-imagenet").held_out


@contextmanager
def little_memory(most: int) -> Iterator[None]:
    """Fail if more bytes are taken inside the context."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


def repeated(value: bytes, times: int, each: bytes = b"h\x00") -> bytes:
    """Return a pickle of a dict with a list in which something that is stored once occurs many times."""
    return b"\x80\x02" + value + b"q\x000}U\x01a](" + each * times + b"es."


def long_text(length: int) -> bytes:
    """Return the opcode of a text."""
    return b"X" + struct.pack("<I", length) + b"a" * length


def test_texts_are_not_encoded_to_more_than_there_is(tmp_path: Path) -> None:
    """A text that is encoded again and again would be there as often."""
    path = tmp_path / "data.pkl"
    encode = b"c_codecs\nencode\nh\x00X\x06\x00\x00\x00latin1\x86R"
    path.write_bytes(repeated(long_text(1 << 20), 200, encode).replace(b"0}", b"}"))
    with (
        little_memory(20 << 20),
        pytest.raises(ValueError, match=r"texts are encoded to more than there is.*get it again"),
    ):
        read_pickle(path)


@pytest.mark.parametrize("opcode", [b"]", b"}", b"]\x94"])
def test_opcodes_are_counted(opcode: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each takes the memory of an object, whatever it makes."""
    monkeypatch.setattr(plain_pickle, "MOST", 1000)
    path = tmp_path / "data.pkl"
    path.write_bytes(b"\x80\x04" + opcode * 1010 + b".")
    with pytest.raises(ValueError, match=rf"{path} is damaged.*more than 1000 opcodes"):
        read_pickle(path)


def test_names_are_short() -> None:
    """A long one that is stored once would be copied as often as it is named."""
    assert as_text(b"n" * 255) == "n" * 255
    with pytest.raises(ValueError, match="there must be a name, but there are 256 characters"):
        as_text("n" * 256)
    with pytest.raises(ValueError, match="at most 2 numbers, but there are 3"):
        whole_numbers_in([1, 2, 3], most=2)


@pytest.fixture
def pickles(tmp_path: Path, formats: ModuleType) -> Path:
    """Return a folder of miniImageNet in pickles."""
    folder: Path = formats.write_mini_imagenet_pickles(tmp_path / "mini", per_class=1)
    return folder


@pytest.mark.parametrize("as_array", [False, True])
@pytest.mark.parametrize(("times", "words"), [(2, "it names 0 more than once"), (10**6, "there must be at most")])
def test_an_image_is_used_once(times: int, words: str, as_array: bool, pickles: Path) -> None:
    """Rows that name one image a million times would be 20 GiB of images."""
    path = pickles / "mini-imagenet-cache-val.pkl"
    content = pickle.loads(path.read_bytes())
    rows = np.zeros(times, dtype=np.uint8) if as_array else [0] * (times // 100)
    content["class_dict"] = dict.fromkeys(VAL, rows)
    if times == 2:
        content["class_dict"] = {name: [0] for name in VAL}
    path.write_bytes(pickle.dumps(content, 4))
    with little_memory(200 << 20), pytest.raises(ValueError, match=rf"class_dict of {path} .*{words}.*get it again"):
        mini_imagenet(pickles)


def packed(folder: Path, announced: int, zeros: int) -> Path:
    """Write four gzipped files, of which that of the labels announces some and unpacks to a number of zeros."""
    folder.mkdir()
    for name in ("train-images-idx3", "t10k-images-idx3", "t10k-labels-idx1"):
        (folder / f"{name}-ubyte.gz").write_bytes(gzip.compress(struct.pack(">IIII", 0x803, 0, 28, 28)))
    squeeze = zlib.compressobj(9, wbits=31)
    data = squeeze.compress(struct.pack(">II", 0x801, announced))
    data += b"".join(squeeze.compress(bytes(1 << 20)) for _ in range(zeros >> 20))
    path = folder / "train-labels-idx1-ubyte.gz"
    path.write_bytes(data + squeeze.flush())
    return path


def test_no_more_is_unpacked_than_is_announced(tmp_path: Path) -> None:
    """A file that goes on after what its header says is damaged, and is not unpacked."""
    path = packed(tmp_path / "data", 3, 50 << 20)
    with little_memory(5 << 20), pytest.raises(ValueError, match=rf"{path} is damaged: .* 3 bytes of data, but more"):
        fashion_mnist(path.parent)


def test_no_more_is_taken_than_a_file_can_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a header announces is looked for in the memory that is free, and no room is made for it before."""
    path = packed(tmp_path / "data", 2**32 - 1, 1 << 20)
    with little_memory(8 << 20), pytest.raises(ValueError, match=rf"{path} is damaged: its header announces"):
        fashion_mnist(path.parent)
    monkeypatch.setattr(free_memory, "free_memory", lambda: 1 << 20)
    with pytest.raises(MemoryError, match=rf"^{path} needs about .* of memory, but 1 MiB are free; get the published"):
        fashion_mnist(path.parent)


def chunk(kind: bytes, announced: int, data: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return struct.pack(">I", announced) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.mark.parametrize("kind", [b"IDAT", b"tEXt", b"zTXt", b"iCCP", b"iTXt", b"PLTE", b"eXIf", b"abCd", b"IHDR"])
@pytest.mark.parametrize("announced", [2**31 - 1, 2**32 - 1])
def test_a_chunk_is_no_longer_than_its_file(kind: bytes, announced: int, tmp_path: Path) -> None:
    """No room is made for 4 GB that are not there."""
    path = tmp_path / "image.png"
    header = chunk(b"IHDR", 13, struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(kind, announced, b"1234"))
    with little_memory(8 << 20), pytest.raises(ValueError, match=rf"^{path} is damaged.*get it again\.$"):
        read_picture(path, channels=3, size=None)


def test_what_does_not_fit_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that the memory does not hold is named, with what can be done."""
    path = tmp_path / "image.png"
    Image.new("RGB", (4, 4)).save(path)

    def exhausted(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr("neuroevo.data.pictures._pixels", exhausted)
        with pytest.raises(MemoryError, match=rf"^{path} must fit into memory, .*\.$"):
            read_picture(path, channels=3, size=None)
    monkeypatch.setattr(free_memory, "free_memory", lambda: 1 << 20)
    with pytest.raises(MemoryError, match=rf"2 images such as {path} needs about .* choose a smaller size"):
        read_pictures([path, path], channels=3, size=1000)


def test_errors_stay_short(tmp_path: Path) -> None:
    """However many names a file has, or how long they are."""
    names = tuple(str(number) * 50 for number in range(3000))
    path = tmp_path / "split.json"
    for text in ('{"train": ["' + '","'.join(names) + '"]}', "{" + ",".join(f'"{name}": 1' for name in names) + "}"):
        path.write_text(text)
        with pytest.raises(ValueError, match=r"must be an object with a list of class names") as error:
            read_roles(tmp_path)
        assert len(str(error.value)) < 1000
    for roles in ({"ancestry": names * 2}, {"ancestry": names, "novel": names}):
        with pytest.raises(ValueError, match="and 2,995 more") as error:
            check_disjoint("mine", roles)
        assert len(str(error.value)) < 1000
