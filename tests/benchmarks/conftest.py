"""What tests of pictures and reports share."""

import base64
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from itertools import combinations, product
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text

from neuroevo.benchmarks.analysis.summary import Row
from neuroevo.runs.directory import RunDirectory
from neuroevo.runs.records import Records

ONE_PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)


def _written(axis: Axis) -> set[Text]:
    """Return the labels of the ticks that are drawn: there are more ticks than those within the limits."""
    low, high = sorted(axis.get_view_interval())
    slack = 1e-9 * (high - low)
    ticks = [*zip(axis.get_major_ticks(), axis.get_majorticklocs(), strict=False)]
    return {tick.label1 for tick, place in ticks if low - slack <= place <= high + slack}


def _texts(figure: Figure) -> list[Text]:
    """Return the texts that a reader sees."""
    found = set(figure.findobj(Text))
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            found -= set(axis.findobj(Text))
            if axes.axison:
                found |= _written(axis) | {axis.label}
    return [text for text in found if text.get_visible() and text.get_text().strip()]


def _flaws(figure: Figure) -> list[str]:
    """Return what can't be read in a picture: texts that leave it, and texts that lie upon each other."""
    figure.draw_without_rendering()
    boxes = {text: text.get_window_extent() for text in _texts(figure)}
    outside = [
        f"{text.get_text()!r} leaves the picture"
        for text, box in boxes.items()
        if box.x0 < -1 or box.y0 < -1 or box.x1 > figure.bbox.x1 + 1 or box.y1 > figure.bbox.y1 + 1
    ]
    overlaps = [
        f"{first.get_text()!r} and {second.get_text()!r} overlap"
        for (first, one), (second, other) in combinations(boxes.items(), 2)
        # Boxes hold the space of letters that reach lower; a pixel more or less is no overlap.
        if one.padded(-2).overlaps(other.padded(-2))
    ]
    return [*outside, *overlaps, *([] if boxes else ["no text was found"])]


@pytest.fixture(scope="session")
def flaws() -> Callable[[Figure], list[str]]:
    """Return a function that lists the texts of a figure that can't be read."""
    return _flaws


@pytest.fixture(scope="session")
def make_row() -> Callable[..., Row]:
    """Return a function that makes rows: what is not given is 0 for counts and NaN for all other numbers."""

    def make(strategy: str, **values: Any) -> Row:
        plain: dict[str, Any] = {field.name: {"int": 0}.get(str(field.type), math.nan) for field in fields(Row)}
        condition = {"dataset": "x", "backbone": "x", "shots": 0, "updates": 0}
        return Row(
            **{**plain, "strategy": strategy, "condition": condition, "seed_count": 3, "pair_count": 3, **values}
        )

    return make


@pytest.fixture(scope="session")
def write_run(toys: ModuleType) -> Callable[..., Path]:
    """Return a function that writes the run directory of a comparison: learngenes, samples and an evolution included.

    `ends` gives each strategy's accuracies at the end, one per seed; `gtl` evolves, and the others do not.
    """

    def generations(seed: int) -> list[dict[str, Any]]:
        return [
            {
                "kind": "generation",
                "strategy": "gtl",
                "seed": seed,
                "generation": number,
                "individuals": [
                    {
                        "id": 2 * number + one,
                        "parents": [2 * number - 2] * (number > 0),
                        "fitness": [0.3 + 0.1 * number],
                    }
                    for one in range(2)
                ],
                "winners": [2 * number],
                "pool": [{"id": 2 * number, "score": 0.3 + 0.1 * number}],
            }
            for number in range(2)
        ]

    def cell(name: str, seed: int, end: float, share: float, condition: dict[str, Any]) -> list[dict[str, Any]]:
        names = {"strategy": name, "seed": seed}
        spent = {"gradient_steps": round(500 * share), "multiply_adds": 10**9, "critical_path": 50, "evaluations": 1}
        size = {"core_seconds": 2.5, "transferred_share": share, "transferred_bytes": round(1000 * share)}
        heirs = [
            {
                "kind": "descendant",
                **names,
                "condition": condition,
                "descendant": number,
                "updates": [0, 6],
                "accuracy": [0.1, end + shift],
            }
            for number, shift in enumerate((-0.01, 0.01))
        ]
        return [*(generations(seed) if name == "gtl" else []), {"kind": "ancestor", **names, **spent, **size}, *heirs]

    def write(
        folder: Path, ends: Mapping[str, Sequence[float]], *, shares: Mapping[str, float] | None = None, **changes: Any
    ) -> Path:
        seeds = len(next(iter(ends.values())))
        condition = {"dataset": "glyphs", "backbone": "convnet4", "shots": 10, "updates": 6, **changes}
        comparison = {
            "suite": "transfer",
            "contestants": [{"name": name, "generations": 1, "settings": {"share": 0.2}} for name in ends],
            "seeds": list(range(seeds)),
            "descendants": 2,
            "conditions": [condition],
            "protocols": [{"ways": 4, "recipe": {"batch": 64}, "network": {"kind": "x"}, "data": {"sha256": "a"}}],
        }
        with RunDirectory.create(
            folder, what="bench", argv=["/some/where/neuroevo", "bench", "--seeds", str(seeds)]
        ) as run:
            repeat = ["neuroevo", "bench", f"--seeds={seeds}"]
            run.note({"suite": "transfer", "device": "cpu", "comparison": comparison, "repeat": repeat})
            text = f"dataset = {json.dumps(condition['dataset'])}\nstrategies = {json.dumps([*ends])}\n"
            (folder / "settings.toml").write_text(text, encoding="utf-8")
            (folder / "learngenes").mkdir()
            with Records(run.records) as file:
                for name, seed in product(ends, range(seeds)):
                    share = {"scratch": 0.0, **(shares or {})}.get(name, 0.2)
                    for record in cell(name, seed, ends[name][seed], share, condition):
                        file.append(record)
                    if share and "/" not in name:
                        genome = toys.learngene(toys.CONVNET, seed=seed)
                        genome.save(folder / "learngenes" / f"{name}-seed{seed}.safetensors")
        (folder / "samples.png").write_bytes(ONE_PIXEL)
        return folder

    return write
