"""Sharing: what is pushed is read back to the byte, from folders and from a Hub on this machine."""

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
from local_hub import TOKEN, LocalHub, local_hub

from neuroevo.files import CheckpointError
from neuroevo.genome import Genome
from neuroevo.hub import Shareable
from neuroevo.learngene import Learngene
from neuroevo.runs.names import GENOME, LEARNGENE

NOTES = {"strategy": "snes", "seed": 3}


@pytest.fixture
def shared(toys: ModuleType) -> list[Shareable]:
    """Return one object of each kind."""
    return [toys.learngene(toys.CONVNET), Genome({"w": torch.arange(3.0), "b": torch.zeros(())}, NOTES)]


def test_files_are_called_as_in_run_directories() -> None:
    """So a run directory can be given where a folder can."""
    assert (Learngene.FILE, Genome.FILE) == (LEARNGENE, GENOME)


def test_a_folder_holds_everything(shared: list[Shareable], tmp_path: Path) -> None:
    """What is read is equal to the byte, and a README.md that was there stays."""
    for one in shared:
        folder = tmp_path / "made" / type(one).__name__
        one.save_pretrained(folder, license="cc0-1.0")
        assert {path.name for path in folder.iterdir()} == {one.FILE, "README.md"}
        assert type(one).from_pretrained(folder).to_bytes() == one.to_bytes()
        assert 'license: "cc0-1.0"' in (folder / "README.md").read_text(encoding="utf-8")
        (folder / "README.md").write_text("mine")
        one.save_pretrained(folder)
        assert (folder / "README.md").read_text(encoding="utf-8") == "mine"


def test_a_backbone_of_your_own_can_be_given(toys: ModuleType, tmp_path: Path) -> None:
    """As to `load`."""
    toys.learngene(toys.CONVNET).save_pretrained(tmp_path)
    assert Learngene.from_pretrained(tmp_path, backbone=toys.CONVNET).backbone is toys.CONVNET


def test_a_file_of_the_other_kind_is_refused(tmp_path: Path) -> None:
    """In the sentence of `load`."""
    Genome({"w": torch.zeros(2)}).save(tmp_path / LEARNGENE)
    with pytest.raises(CheckpointError, match="can't be read as a learngene"):
        Learngene.from_pretrained(tmp_path)


def test_a_missing_package_is_named(shared: list[Shareable], monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence says what to install."""
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    for one in shared:
        with pytest.raises(RuntimeError, match=r'needs the package huggingface_hub: pip install "\.\[hub\]"'):
            one.push_to_hub("me/it")
        with pytest.raises(RuntimeError, match="needs the package huggingface_hub"):
            type(one).from_pretrained("me/it")


START = """
from neuroevo import Learngene
from neuroevo.genome import Genome

def refused(call):
    try:
        call()
    except Exception as error:
        print(f"{type(error).__name__}: {error}")
"""


@pytest.mark.slow
class TestHub:
    """The real package in a process of its own, for it reads the Hub's address when it is imported."""

    def run(self, hub: LocalHub, home: Path, code: str, **environment: str) -> list[str]:
        """Run code in a process whose Hub this is, and return the lines that it prints."""
        pytest.importorskip("huggingface_hub")
        own = {"HF_ENDPOINT": hub.address, "HF_HOME": str(home), "HF_TOKEN": TOKEN, "NO_PROXY": "127.0.0.1"}
        environment = {**os.environ, "HF_HUB_DISABLE_TELEMETRY": "1", **own, **environment}
        command = [sys.executable, "-W", "error", "-c", START + code]
        ran = subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.splitlines()

    def test_what_is_pushed_comes_back(self, shared: list[Shareable], tmp_path: Path) -> None:
        """To the byte, with its card in the same commit; again without the Hub; and replaced by the next push."""
        names, code = [type(one).__name__ for one in shared], ""
        for one, kind in zip(shared, names, strict=True):
            one.save(tmp_path / one.FILE)
            code += f"""
one = {kind}.load({one.FILE!r})
print(one.push_to_hub("me/{kind}", license="MIT", private=True))
assert {kind}.from_pretrained("me/{kind}").to_bytes() == one.to_bytes()
one.push_to_hub("me/{kind}-2")
one.with_notes(again=1).push_to_hub("me/{kind}-2", card="mine")
assert {kind}.from_pretrained("me/{kind}-2").notes["again"] == 1
"""
        code += "assert Learngene.from_pretrained('me/Learngene', local_files_only=True).slices"
        with local_hub() as hub:
            lines = self.run(hub, tmp_path, code)
        for one, kind, line in zip(shared, names, lines, strict=True):
            assert line.startswith(f"{hub.address}/me/{kind}/commit/")
            assert hub.repos[f"me/{kind}"] == {
                one.FILE: one.to_bytes(),
                "README.md": one.card(f"me/{kind}", license="MIT").encode(),
            }
            assert hub.private[f"me/{kind}"] in (True, "private")
            assert hub.repos[f"me/{kind}-2"]["README.md"] == b"mine"

    def test_a_refusal_is_one_sentence(self, shared: list[Shareable], tmp_path: Path) -> None:
        """It names the repository and what to do; nothing was sent."""
        shared[0].save(tmp_path / "file")
        code = """
refused(lambda: Learngene.from_pretrained("me/none"))
refused(lambda: Learngene.from_pretrained("me/empty"))
refused(lambda: Learngene.from_pretrained("no/such/folder"))
refused(lambda: Learngene.from_pretrained("me/none", local_files_only=True))
refused(lambda: Learngene.load("file").push_to_hub("me/it", token="hf_other"))
"""
        with local_hub() as hub:
            hub.repos["me/empty"] = {}
            lines = self.run(hub, tmp_path, code)
        expected = (
            "FileNotFoundError: the Hub shows you no repository me/none: check its name, and log in by `hf auth login`",
            "FileNotFoundError: the repository me/empty holds something else: ",
            "ValueError: it must be a folder or a repository \"USER/NAME\", but it is 'no/such/folder'.",
            "ConnectionError: the Hub can't be reached, and me/none was not downloaded before.",
            "OSError: the Hub refused me/it: ",
        )
        assert [line[: len(words)] for line, words in zip(lines, expected, strict=True)] == [*expected]
        assert "hf auth login" in lines[-1]
        assert hub.repos == {"me/empty": {}}

    def test_without_a_network(self, shared: list[Shareable], tmp_path: Path) -> None:
        """Both directions say that the Hub can't be reached."""
        with local_hub() as hub:
            pass
        shared[0].save(tmp_path / "file")
        code = """
refused(lambda: Learngene.load("file").push_to_hub("me/it"))
refused(lambda: Learngene.from_pretrained("me/it"))
"""
        lines = self.run(hub, tmp_path, code)
        assert len(lines) == 2
        assert all(line.startswith("ConnectionError: the Hub can't be reached") for line in lines)
