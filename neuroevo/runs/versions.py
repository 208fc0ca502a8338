"""Which code makes a run: versions of packages, and the commit of this one where its installation says."""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from neuroevo import __version__

DISTRIBUTION = "neuroevo-torch"
PACKAGES = ("torch", "deap", "numpy", "scipy", "safetensors", "matplotlib")
ORIGIN = "direct_url.json"
"""Where an installer notes what a distribution was installed from (PEP 610)."""
TIMEOUT = 10.0
"""Seconds after which git is not waited for."""


def versions() -> dict[str, str]:
    """Return the versions of this package and of those that results depend on."""
    return {"neuroevo": __version__, **_installed()}


@cache
def commit() -> str | None:
    """Return the commit that this package is of; None if that is not known.

    It is known of an installation from a git address, and of an editable one from a checkout, where `-dirty` behind it
    says that files differ from the commit. A checkout that was copied may have moved on since.
    """
    found = (one.read_text(ORIGIN) for one in importlib.metadata.distributions(name=DISTRIBUTION))
    text = next(filter(None, found), None)
    return None if text is None else commit_of(json.loads(text))


def commit_of(origin: Mapping[str, object]) -> str | None:
    """Return the commit of what a distribution was installed from; None if that is not known.

    Args:
        origin: What the installer noted: `url` with `vcs_info` or `dir_info`.
    """
    match origin:
        case {"vcs_info": {"commit_id": str(found)}}:
            return found
        case {"url": str(url), "dir_info": {"editable": True}}:
            return _checked_out(Path(url2pathname(urlsplit(url).path)))
    return None


def _checked_out(checkout: Path) -> str | None:
    git = shutil.which("git")
    if git is None:
        return None
    describe = ("describe", "--always", "--dirty", "--exclude=*", "--abbrev=40")
    try:
        called = subprocess.run(
            [git, "--no-optional-locks", "-C", str(checkout), *describe],
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):  # no checkout, or a git that refuses it
        return None
    return called.stdout.strip() or None


@cache
def _installed() -> Mapping[str, str]:
    return {name: importlib.metadata.version(name) for name in PACKAGES}
