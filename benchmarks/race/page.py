"""The page of the documentation: what a run recorded, in one file beside it, and the tables made of that."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from neuroevo.benchmarks.analysis.results import read_run
from neuroevo.benchmarks.race.points import points
from neuroevo.benchmarks.race.profiles import draw_profiles
from neuroevo.benchmarks.race.report import (
    RaceTable,
    Records,
    compared,
    everything,
    families,
    matched,
    medians,
    profiled,
    recommended,
)
from neuroevo.benchmarks.report.plots.style import to_svg
from neuroevo.files import write_atomically

PAGE, RECORDED, PICTURE = "search-race.md", "search-race.json", "pictures/search-race.svg"
RULES = "which-strategy.md"
"""What is written, in the folder of the documentation; the page of the rule has its evidence from the race."""
COMMON = ("problem", "challenge", "weight", "genes", "strategy", "library")
"""What the records of a problem and a search have in common."""
NOTHING = "Nothing of it was recorded.\n"
MARK = re.compile(r"(<!-- made: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def pack(records: Records, facts: Mapping[str, Any]) -> str:
    """Return records as JSON: one line for each problem and search, with a value for each seed."""
    grouped: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for one in records:
        grouped.setdefault((one["problem"], one["strategy"]), []).append(one)
    lines = []
    for rows in grouped.values():
        seeds = sorted(rows, key=lambda one: int(one["seed"]))
        own = {key: seeds[0][key] for key in COMMON if key in seeds[0]}
        own |= {"seeds": [one["seed"] for one in seeds], "evaluations": max(one["evaluations"][-1] for one in seeds)}
        own |= {"seconds": round(sum(one["seconds"] for one in seeds) / len(seeds), 2)}
        own |= {"values": [_short(one["best"][-1]) for one in seeds]}
        if any(one.get("chosen") for one in seeds):
            own |= {"chosen": [one["chosen"] for one in seeds]}
        lines.append(json.dumps(own))
    versions = json.dumps(facts.get("versions", {}))
    return f'{{"versions": {versions},\n"rows": [\n' + ",\n".join(lines) + "\n]}\n"


def unpack(text: str) -> list[dict[str, Any]]:
    """Return the records that `pack` wrote."""
    return [
        {
            **{key: row[key] for key in COMMON if key in row},
            "kind": "search",
            "seed": seed,
            "best": [value],
            "evaluations": [row["evaluations"]],
            "seconds": row["seconds"],
            "chosen": chosen,
        }
        for row in json.loads(text)["rows"]
        for seed, value, chosen in zip(
            row["seeds"], row["values"], row.get("chosen", [""] * len(row["seeds"])), strict=True
        )
    ]


def filled(page: str, text: str) -> str:
    """Return a page whose parts between marks are made of what was recorded.

    Raises:
        ValueError: A mark names no part.
    """
    parts = parts_of(text)
    if unknown := [name for _, name, _ in MARK.findall(page) if name not in parts]:
        raise ValueError(f"the page must mark parts of {', '.join(parts)}, but one is {unknown[0]}.")
    return MARK.sub(lambda found: f"{found[1]}\n{parts[found[2]]}\n{found[3]}", page)


def parts_of(text: str) -> dict[str, str]:
    """Return the parts of the page that are made, in Markdown, by name."""
    records = unpack(text)
    tables: Mapping[str, Callable[[Records], RaceTable | None]] = {
        "best": compared,
        "families": families,
        "matched": matched,
        "medians": medians,
        "profiles": profiled,
        "rule": recommended,
        "fresh": partial(recommended, held_out=True),
        "points": points,
    }
    made = {name: make(records) for name, make in tables.items()}
    problems = dict.fromkeys(one["problem"] for one in records)
    details = [f"### {name}\n\n{_table(everything(records, name))}" for name in problems]
    return {
        "conditions": _conditions(records, json.loads(text)["versions"]),
        **{name: NOTHING if table is None else _said(table) for name, table in made.items()},
        "everything": "\n".join(details),
    }


def write(run: Path, docs: Path) -> None:
    """Write everything into the folder of the documentation.

    Args:
        run: A run directory of the race, or the file that an earlier call wrote.
        docs: The folder, which has the page.

    Raises:
        OSError: A file can't be read or written.
    """
    if run.is_dir():
        result = read_run(run)
        write_atomically(docs / RECORDED, pack(result.records, result.facts).encode())
        run = docs / RECORDED
    text = run.read_text(encoding="utf-8")
    for page in filter(Path.exists, (docs / PAGE, docs / RULES)):
        write_atomically(page, filled(page.read_text(encoding="utf-8"), text).encode())
    (docs / PICTURE).parent.mkdir(parents=True, exist_ok=True)
    write_atomically(docs / PICTURE, to_svg(draw_profiles(unpack(text))))


def _said(table: RaceTable) -> str:
    return "\n\n".join(filter(None, (table.sentence, _table(table))))


def _table(table: RaceTable) -> str:
    lines: Sequence[Sequence[str]] = (table.headings, ["---"] * len(table.headings), *table.rows)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def _conditions(records: Records, versions: Mapping[str, str]) -> str:
    seeds: dict[str, set[int]] = {}
    for one in records:
        seeds.setdefault(one["problem"], set()).add(one["seed"])
    searches = {one["strategy"]: one["library"] for one in records}
    ours = sum(library == "neuroevo" for library in searches.values())
    hours = sum(one["seconds"] for one in records) / 3600
    listed = ", ".join(f"{name} {number}" for name, number in versions.items())
    return (
        f"{len(seeds)} problems, {ours} searches here and {len(searches) - ours} of other libraries ({listed}), "
        f"{min(map(len, seeds.values()))} seeds, {len(records):,} searches in {hours:.1f} hours of one core.\n"
    )


def _short(value: float | None) -> float | None:
    return None if value is None or value != value else float(f"{value:.6g}")
