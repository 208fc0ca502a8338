"""The files of what the strategies of a comparison transferred."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from neuroevo.runs.names import LEARNGENES


def best_learngene(folder: Path, records: Iterable[Mapping[str, Any]], strategy: str) -> Path | None:
    """Return the learngene of a strategy of the seed whose ancestor scored highest; None if there is no file.

    Args:
        folder: The run directory.
        records: Its records.
        strategy: The strategy's name.
    """
    ancestors = [one for one in records if one["kind"] == "ancestor" and one["strategy"] == strategy]
    # What is not finite is kept as null.
    scored = [(-1.0 if (score := one.get("score")) is None else score, one["seed"]) for one in ancestors]
    if not scored:
        return None
    _, seed = max(scored, key=lambda pair: pair[0])
    path = folder / LEARNGENES / f"{strategy}-seed{seed}.safetensors"
    return path if path.exists() else None
