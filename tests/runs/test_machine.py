"""What is known of the machine."""

import os
from pathlib import Path

import pytest

from neuroevo.runs import machine


def test_cores_and_memory_are_described() -> None:
    """Cores are counted, memory is that of a real machine, and the processor has a name."""
    described = machine.machine()
    assert described["cpus"] == os.cpu_count()
    assert described["memory_gib"] is None or 0.1 < described["memory_gib"] < 1e6
    assert described["processor"]


def test_the_processor_is_named_as_the_system_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first model name counts; without the file the platform is asked."""
    info = tmp_path / "cpuinfo"
    info.write_text("processor\t: 0\nmodel name\t: Some CPU @ 3 GHz\nmodel name\t: Other\n", encoding="utf-8")
    monkeypatch.setattr(machine, "CPU_INFO", info)
    assert machine.machine()["processor"] == "Some CPU @ 3 GHz"
    monkeypatch.setattr(machine, "CPU_INFO", tmp_path / "missing")
    monkeypatch.setattr(machine.platform, "processor", lambda: "")
    monkeypatch.setattr(machine.platform, "machine", lambda: "x86")
    assert machine.machine()["processor"] == "x86"
