"""`neuroevo bench throughput` at the command line: what is trained."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from neuroevo.benchmarks.speed import throughput

Program = Callable[..., Any]


def test_throughput_is_of_any_backbone(neuroevo: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name and width are settings like those of other runs, and one that is not known is refused."""
    small = {"POPULATION": 2, "IMAGES": 40, "LARGE": 32, "CONVOLVED": 4, "SCALING": (1,), "INPUTS": 4, "FEW": 1}
    for name, value in small.items():
        monkeypatch.setattr(throughput, name, value)
    words = ("throughput", "--backbone", "vgg11", "--width", 0.0625, "--repeats", 1, "--quick")
    call = neuroevo("bench", *words, "--out", tmp_path / "run")
    assert call.code == 0, call.err
    assert "vgg11 x 0.0625, training" in call.out
    settings = tomllib.loads((tmp_path / "run" / "settings.toml").read_text(encoding="utf-8"))
    assert settings.items() >= {"backbone": "vgg11", "width": 0.0625}.items()
    call = neuroevo("bench", "throughput", "--backbone", "vgg12", "--out", tmp_path / "other")
    assert call.code == 2
    assert "--backbone 'vgg12' is not known; did you mean vgg16, vgg13, vgg11" in call.err
