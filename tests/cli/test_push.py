"""`neuroevo push`: the card without sending, and what can't be pushed."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from neuroevo.genome import Genome
from neuroevo.hub import Shareable

Program = Callable[..., Any]


def test_the_card_is_printed_and_nothing_sent(
    neuroevo: Program, toys: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a learngene and of a genome, without the package of the Hub."""
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    for one in (toys.learngene(toys.CONVNET), Genome({"w": torch.zeros(2)})):
        one.save(tmp_path / "file")
        call = neuroevo("push", tmp_path / "file", "me/mine", "--card", "--license", "mit")
        assert (call.code, call.err, call.out) == (0, "", one.card("me/mine", license="mit"))


def test_what_is_pushed(neuroevo: Program, toys: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file goes to the repository with the options, and the address of the commit is printed."""
    given = {}

    def push(self: Shareable, repo: str, **options: object) -> str:
        given.update(options, repo=repo, content=self.to_bytes())
        return "https://hub/commit"

    monkeypatch.setattr(Shareable, "push_to_hub", push)
    one = toys.learngene(toys.CONVNET)
    one.save(tmp_path / "file")
    assert neuroevo("push", tmp_path / "file", "me/mine", "--private").out == "Shared: https://hub/commit\n"
    assert given == {"repo": "me/mine", "content": one.to_bytes(), "license": None, "private": True}


def test_what_can_not_be_pushed(neuroevo: Program, toys: ModuleType, tmp_path: Path) -> None:
    """One sentence and an exit code that is not 0."""
    (tmp_path / "text").write_text("text")
    call = neuroevo("push", tmp_path / "text", "me/mine")
    assert call.code == 1
    assert "can't be read as a learngene" in call.err
    assert neuroevo("push", tmp_path / "none", "me/mine").code == 2
    assert neuroevo("push", tmp_path / "text").code == 2
