"""Which code made a run."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from neuroevo import __version__
from neuroevo.runs.versions import PACKAGES, commit_of, versions


def git(folder: Path, *words: str) -> str:
    """Call git in a folder."""
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    return subprocess.run(
        ["git", *identity, "-C", str(folder), *words], check=True, capture_output=True, text=True
    ).stdout.strip()


def test_versions_are_those_of_all_that_results_depend_on() -> None:
    """This package first."""
    assert [*versions()] == ["neuroevo", *PACKAGES]
    assert versions()["neuroevo"] == __version__


@pytest.mark.parametrize(
    ("origin", "commit"),
    [
        ({"url": "https://example.org/a.git", "vcs_info": {"vcs": "git", "commit_id": "abc1"}}, "abc1"),
        ({"url": "file:///nowhere", "dir_info": {}}, None),
        ({"url": "file:///nowhere", "dir_info": {"editable": True}}, None),
        ({"url": "https://example.org/a.whl", "archive_info": {"hash": "sha256=0"}}, None),
        ({}, None),
    ],
)
def test_what_an_installer_noted(origin: Mapping[str, Any], commit: str | None) -> None:
    """A git address has a commit; a folder that was copied, one that is gone and an archive have none."""
    assert commit_of(origin) == commit


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_an_editable_checkout_says_its_commit(tmp_path: Path) -> None:
    """And that files were changed; a blank in the path does no harm, and a folder without git has none."""
    folder = tmp_path / "a checkout"
    folder.mkdir()
    origin = {"url": folder.as_uri(), "dir_info": {"editable": True}}
    file = folder / "file"
    file.write_text("a")
    assert commit_of(origin) is None
    git(folder, "init", "-q")
    assert commit_of(origin) is None
    git(folder, "add", "file")
    git(folder, "commit", "-q", "-m", "one")
    head = git(folder, "rev-parse", "HEAD")
    assert commit_of(origin) == head
    file.write_text("ab")
    assert commit_of(origin) == f"{head}-dirty"
