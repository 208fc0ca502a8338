"""Laws of atomic files, digests and canonical JSON."""

import errno
import hashlib
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.files import sha256, to_json, write_atomically

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(data=st.binary(), old=st.none() | st.binary())
def test_a_written_file_holds_exactly_the_data(
    data: bytes, old: bytes | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whether the file existed or not, it holds the new bytes and stands alone in its folder."""
    path = tmp_path_factory.mktemp("files") / "file"
    if old is not None:
        path.write_bytes(old)
    write_atomically(path, data)
    assert path.read_bytes() == data
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("broken", ["fsync", "replace"])
def test_a_failed_write_leaves_the_old_file(broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk removes the temporary file, keeps the old one, and names path and bytes."""

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "file"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, broken, fail)
    with pytest.raises(OSError, match=r"could not write 3 bytes \(No space left.*file'") as caught:
        write_atomically(path, b"new")
    assert caught.value.errno == errno.ENOSPC
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name != "posix", reason="the files are those of POSIX")
@pytest.mark.parametrize("words", ["a symbolic link", "a folder", "a pipe", "a device"])
def test_only_plain_files_are_replaced(words: str, tmp_path: Path) -> None:
    """Anything else is refused in a sentence that says what it is, and stays."""
    path = tmp_path / "file"
    if words == "a symbolic link":
        path.symlink_to(tmp_path / "other")
    elif words == "a folder":
        path.mkdir()
    elif words == "a pipe":
        os.mkfifo(path)
    else:
        path = Path(os.devnull)
    before = path.lstat()
    with pytest.raises(FileExistsError, match=f"^{path} must be a new or a plain file, but it is {words}; "):
        write_atomically(path, b"new")
    assert path.lstat() == before
    assert {*tmp_path.iterdir()} <= {path}


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C during the write passes through and leaves nothing behind."""

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    path = tmp_path / "file"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """The error names the requested file, not the temporary one."""
    path = tmp_path / "missing" / "file"
    with pytest.raises(FileNotFoundError) as caught:
        write_atomically(path, b"new")
    assert caught.value.filename == str(path)


def test_a_full_disk_is_an_error_in_a_real_process(tmp_path: Path) -> None:
    """If the system refuses more bytes, the old file stays and an error is raised."""
    pytest.importorskip("resource")
    path = tmp_path / "file"
    path.write_bytes(b"old")
    program = (
        "import resource, signal, sys\n"
        "from neuroevo.files import write_atomically\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n"
        "    write_atomically(sys.argv[1], b'x' * 5000)\n"
        "except OSError as error:\n"
        "    sys.exit('5000 bytes' not in str(error))\n"
        "sys.exit(2)\n"
    )
    result = subprocess.run([sys.executable, "-c", program, str(path)], check=False)
    assert result.returncode == 0
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@given(value=st.dictionaries(st.text(), json_values), seed=st.integers())
def test_equal_values_give_equal_json(value: dict[str, object], seed: int) -> None:
    """The order in which a dictionary was filled does not show, and the text reads back equal."""
    items = list(value.items())
    random.Random(seed).shuffle(items)
    assert to_json(dict(items)) == to_json(value)
    assert json.loads(to_json(value)) == value


def test_json_is_compact() -> None:
    """There is no space between items."""
    assert to_json({"b": [1, 2], "a": None}) == '{"a":null,"b":[1,2]}'


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_json_refuses_numbers_that_are_not_finite(number: float) -> None:
    """JSON has no such numbers, so that they never reach a file unseen."""
    with pytest.raises(ValueError, match="JSON"):
        to_json({"a": [number]})


@given(data=st.binary())
def test_a_digest_is_that_of_hashlib(data: bytes) -> None:
    """The digest is 64 hexadecimal digits."""
    assert sha256(data) == hashlib.sha256(data).hexdigest()
