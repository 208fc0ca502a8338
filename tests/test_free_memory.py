"""The memory that is free, and what is refused before it is made."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroevo import free_memory
from neuroevo.free_memory import check_memory


@given(needed=st.integers(0, 2**50), free=st.integers(0, 2**50))
def test_what_fits_is_allowed(needed: int, free: int) -> None:
    """And nothing else; the sentence has both numbers."""
    if needed <= free:
        check_memory(needed, "it", "choose less", free=free)
        return
    with pytest.raises(
        MemoryError, match=r"^it needs about .* [GM]iB of memory, but .* [GM]iB are free; choose less\.$"
    ):
        check_memory(needed, "it", "choose less", free=free)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        ({"meminfo": "MemTotal: 9 kB\nMemAvailable:   4 kB\n"}, 4096),
        ({"meminfo": "MemAvailable: 4 kB\n", "max": "max\n", "current": "5\n", "memory.stat": ""}, 4096),
        ({"meminfo": "MemAvailable: 4 kB\n", "max": "900\n", "current": "500\n", "memory.stat": "anon 7\n"}, 400),
        (
            {"meminfo": "MemAvailable: 4 kB\n", "max": "900", "current": "500", "memory.stat": "inactive_file 30\n"},
            430,
        ),
        ({"max": "900", "current": "950", "memory.stat": ""}, 0),
    ],
)
def test_the_smallest_limit_counts(
    files: dict[str, str], expected: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the machine, a container and the process; a system that says nothing has no limit."""
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(free_memory, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(free_memory, "GROUPS", ((tmp_path / "max", tmp_path / "current"),))
    monkeypatch.setattr(free_memory, "_address_space", lambda: None)
    assert free_memory.free_memory() == expected
