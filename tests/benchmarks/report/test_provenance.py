"""How a run was made: commands, contestants, settings, hardware, versions."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from report_pages import Element, cells, tables

from neuroevo.benchmarks.analysis.results import RunData
from neuroevo.benchmarks.report.provenance import provenance

WriteRun = Callable[..., Path]


def test_a_run_can_be_repeated(page: Element, run: Path) -> None:
    """The page holds the commands, settings, hardware, versions and facts."""
    commands = [one.text for one in page.all("code")]
    learngene = "run/learngenes/gtl-seed0.safetensors"
    assert commands[0].endswith("pip install .")
    assert commands[1:] == [
        *("neuroevo bench --seeds=3 --out=again", "neuroevo bench --quick --out=small"),
        *("neuroevo bench --seeds=5", f"neuroevo show {learngene}", f"neuroevo inherit {learngene}"),
        *("neuroevo compare run again", "neuroevo bench --seeds=3", "neuroevo bench --seeds 3"),
    ]
    found = {name: dict(row for row in cells(table)[1:] if len(row) == 2) for name, table in tables(page).items()}
    facts = json.loads((run / "run.json").read_text(encoding="utf-8"))
    assert found["Settings"]["dataset"] == "glyphs"
    assert found["Settings"]["strategies"] == "scratch, gtl, finetune"
    hardware = ("device", "threads", "processor", "cpus", "memory_gib", "platform", "host")
    assert found["Hardware"] == {key.replace("_", " "): str(facts[key]) for key in hardware}
    commit = {"commit of neuroevo": facts["commit"]} if "commit" in facts else {}
    assert found["Versions"] == {"python": facts["python"], **facts["versions"], **commit}
    assert found["What run.json says"]["started"] == facts["started"]
    assert "argv" not in found["What run.json says"]


CONTESTANTS = [
    {
        "name": "mine",
        "generations": 2,
        "settings": {"strategy": "GTL", "beta": 0.1, "life": {"updates": 3, "cycle": None}},
        "changed": {"life": {"updates": 3, "cycle": None}, "critic_ways": None, "dataset": {"name": "x"}},
        "swapped": {"mutate": {"call": "own.plain (213ffca2)", "rate": 0.5, "generator": "torch._C.Generator"}},
    }
]


def comparison(contestants: list[dict[str, Any]]) -> RunData:
    """Return a run of some contestants, of which nothing is finished."""
    network = {"kind": "traced", "image": [1, 8, 8], "widths": [6], "steps": [["image", "", [], [], 0]] * 9}
    recipe = {"updates": 6, "begin": 0, "cycle": None}
    facts = {
        "suite": "transfer",
        "seeds": [0],
        "descendants": 1,
        "conditions": [{"dataset": "d", "backbone": "b", "shots": 1, "updates": 6}],
        "protocols": [{"ways": 4, "network": network, "recipe": recipe}],
        "contestants": contestants,
    }
    return RunData(Path("run"), {"comparison": facts, "device": None}, {}, (), ())


def test_what_was_compared_has_a_line_for_all_that_is_no_default() -> None:
    """The class, the settings that differ, swapped operators; nothing without a value, no operations of a trace."""
    grid, _, hardware, *_ = provenance([comparison(CONTESTANTS)])
    found = {name.text: value.text.splitlines() for name, value in grid.rows}
    assert found["mine"] == [
        *("class: GTL", "generations: 2", "life: updates 3", "operator mutate: own.plain (213ffca2) (rate 0.5)")
    ]
    (descendants,) = (lines for name, lines in found.items() if name.startswith("descendants "))
    assert descendants == ["ways: 4", "network: traced; image 1x8x8; widths 6; operations 9", "recipe: updates 6"]
    assert "defaults" in grid.note
    assert not hardware.rows


def test_runs_that_do_not_say_what_is_default_show_all() -> None:
    """Those of earlier versions."""
    old = [{key: value for key, value in one.items() if key not in ("changed", "swapped")} for one in CONTESTANTS]
    grid, *_ = provenance([comparison(old)])
    assert "beta: 0.1" in {name.text: value.text for name, value in grid.rows}["mine"]
    assert grid.note == ""
