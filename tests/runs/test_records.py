"""Laws of the append-only records: what was appended is read, torn ends are dropped."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.files import CheckpointError
from neuroevo.runs.records import Records, read_records, salvage_records

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
records = st.lists(st.dictionaries(st.text(), values, max_size=4), max_size=4)


@given(first=records, second=records)
def test_appended_records_are_read_in_order(
    first: list[dict[str, object]],
    second: list[dict[str, object]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Records come back equal and in order, also when the file was closed in between."""
    path = tmp_path_factory.mktemp("records") / "records.jsonl"
    for part in (first, second):
        with Records(path) as file:
            for record in part:
                file.append(record)
    assert read_records(path) == first + second


@given(cut=st.integers(0, 60))
def test_a_torn_last_line_is_dropped_and_cut(cut: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Of a file cut anywhere, the whole lines are read, and the next record follows them."""
    path = tmp_path_factory.mktemp("records") / "records.jsonl"
    whole = [{"number": number, "text": "ä\n"} for number in range(2)]
    with Records(path) as file:
        for record in whole:
            file.append(record)
    data = path.read_bytes()[:cut]
    path.write_bytes(data)
    kept = whole[: data.count(b"\n")]
    assert read_records(path) == kept
    with Records(path) as file:
        file.append({"after": True})
    assert read_records(path) == [*kept, {"after": True}]


@pytest.mark.parametrize("line", ["{", "[1]", "3", '{"a": NaN}', "", "\udcff", "[" * 100_000])
def test_a_broken_line_is_named(line: str, tmp_path: Path) -> None:
    """A line that is no JSON object is an error with the file and the line, also at the end."""
    path = tmp_path / "records.jsonl"
    for data, number in ((f"{line}\n{{}}\n", 1), (f"{{}}\n{line}\n", 2)):
        path.write_bytes(data.encode(errors="surrogateescape"))
        with pytest.raises(CheckpointError, match=rf"Line {number} of .*records\.jsonl"):
            read_records(path)


def test_numbers_that_are_not_finite_become_null(tmp_path: Path) -> None:
    """A failed fitness is written as null at any depth."""
    path = tmp_path / "records.jsonl"
    with Records(path) as file:
        file.append({"b": float("nan"), "a": [1.5, (float("inf"), {"c": float("-inf")})]})
    assert path.read_text() == '{"a":[1.5,[null,{"c":null}]],"b":null}\n'


def test_each_record_is_in_the_file_at_once(tmp_path: Path) -> None:
    """A reader sees a record before the file is closed."""
    with Records(tmp_path / "records.jsonl") as file:
        file.append({"a": 1})
        assert read_records(file.path) == [{"a": 1}]


def test_a_record_that_is_not_json_leaves_the_file_whole(tmp_path: Path) -> None:
    """A value that JSON does not know is a TypeError before anything is written."""
    with Records(tmp_path / "records.jsonl") as file:
        file.append({"a": 1})
        with pytest.raises(TypeError):
            file.append({"a": object()})
    assert read_records(tmp_path / "records.jsonl") == [{"a": 1}]


def test_a_full_disk_leaves_whole_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When only a part of a line fits, the part is taken back and the error names the bytes."""
    write = os.write

    def full(handle: int, data: bytes) -> int:
        if len(data) < 9:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(handle, data[:3])

    with Records(tmp_path / "records.jsonl") as file:
        file.append({"a": 1})
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", full)
            with pytest.raises(OSError, match="could not write 10 bytes"):
                file.append({"a": 123})
        file.append({"a": 2})
    assert read_records(tmp_path / "records.jsonl") == [{"a": 1}, {"a": 2}]


@given(st.lists(st.sampled_from([b'{"a": 1}', b"{", b"[]", b"\xff", b'{"a": NaN}', b""]), max_size=8), st.booleans())
def test_what_can_be_read_is_salvaged(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], cut: bool) -> None:
    """Every whole record comes back in its order, every damaged line is named by its number."""
    path = tmp_path_factory.mktemp("salvage") / "records.jsonl"
    path.write_bytes(b"".join(line + b"\n" for line in lines) + (b'{"a": 1}' if cut else b""))
    records, problems = salvage_records(path)
    assert records == [{"a": 1}] * lines.count(b'{"a": 1}')
    damaged = [number for number, line in enumerate(lines, start=1) if line != b'{"a": 1}']
    assert problems == [f"Line {number} of {path} is damaged and left out." for number in damaged]


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    """What it leads to is not changed, not even cut."""
    other = tmp_path / "other"
    other.write_bytes(b"no line end")
    (tmp_path / "records.jsonl").symlink_to(other)
    with pytest.raises(FileExistsError, match="a symbolic link"):
        Records(tmp_path / "records.jsonl")
    assert other.read_bytes() == b"no line end"
