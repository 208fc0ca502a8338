"""`neuroevo bench` with several rates or parts of budgets, and rehearsals without choices."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from neuroevo.benchmarks.suites.protocol import Transfer
from neuroevo.runs.records import read_records

Program = Callable[..., Any]
TINY = (
    *("bench", "--width", 0.25, "--generations", 2, "--life-updates", 4, "--critic-updates", 1, "--share", 0.3),
    *("--ways", 3, "--updates", 2, "--descendants", 1, "--shots", 5, "--seeds", 1),
    *("--strategies", "scratch,narrow-pretraining,gtl"),
)
SEVERAL = ("--ancestor-rate", "0.01,0.1", "--spend", "0.5,1")


@pytest.fixture(scope="module", autouse=True)
def _small_data(made: list[str], undrawn: None) -> None:
    """The data set `glyphs` is made at once in these tests, and no picture is drawn."""


def facts_of(folder: Path) -> dict[str, Any]:
    """Return what `run.json` holds."""
    found: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return found


def settings_of(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the recipes before transfer of the contestants that train, as the run notes them."""
    settings = {one["name"]: one["settings"] for one in facts_of(folder)["comparison"]["contestants"]}
    return {name: one.get("life") or one["pretraining"] for name, one in settings.items() if name != "scratch"}


def test_each_gets_what_a_rehearsal_chose(neuroevo: Program, tmp_path: Path) -> None:
    """The trials are a run of their own in the folder; what is printed, noted and trained with is the best of them."""
    call = neuroevo(*TINY, *SEVERAL, "--out", tmp_path / "run")
    assert call.code == 0, call.err
    chosen = facts_of(tmp_path / "run")["chosen"]
    assert chosen.keys() == {"narrow-pretraining", "gtl"}
    recipes = settings_of(tmp_path / "run")
    for name, choice in chosen.items():
        assert recipes[name]["learning_rate"] == choice["rate"]
        updates = recipes[name]["updates"] * (2 if name == "gtl" else 1)
        assert updates == 8 * choice["part"]
        assert f"{name} a rate of {choice['rate']:g}" in " ".join(call.out.split())
    rehearsal = facts_of(tmp_path / "run" / "rehearsal")
    (protocol,) = rehearsal["comparison"]["protocols"]
    novel = facts_of(tmp_path / "run")["comparison"]["protocols"][0]["data"]
    assert protocol["data"]["name"] == "toys-rehearsal"
    assert protocol["data"]["classes"]["novel"] == novel["classes"]["held_out"]
    assert "% on held-out classes" in call.err
    assert "rehearsal on held-out classes: " in call.err
    assert (tmp_path / "run" / "rehearsal" / "report.html").exists()


def test_a_resumed_run_keeps_its_choices(neuroevo: Program, tmp_path: Path) -> None:
    """Trials are not run again, and if what they chose was lost with `run.json`, it is found again."""
    out = tmp_path / "run"
    assert neuroevo(*TINY[:-1], "gtl", *SEVERAL[:2], "--out", out, "--quiet").code == 0
    before, records = facts_of(out), read_records(out / "rehearsal" / "records.jsonl")
    facts = {key: value for key, value in before.items() if key != "chosen"} | {"status": "interrupted"}
    (out / "run.json").write_text(json.dumps(facts), encoding="utf-8")
    call = neuroevo("bench", "--resume", out)
    assert call.code == 0, call.err
    assert facts_of(out)["chosen"] == before["chosen"]
    assert read_records(out / "rehearsal" / "records.jsonl") == records
    assert "pre-trained" not in call.err


def test_a_signal_stops_the_trials(neuroevo: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At their next safe point, and the run goes on from there."""
    out, trained = tmp_path / "run", iter(range(100))
    learning_curves = Transfer.learning_curves

    def signalled(self: Transfer, *arguments: Any) -> Any:
        if next(trained) == 1:
            os.kill(os.getpid(), signal.SIGINT)
        return learning_curves(self, *arguments)

    words = (*TINY[:-1], "scratch,gtl", *SEVERAL[:2], "--quiet")
    with monkeypatch.context() as patch:
        patch.setattr(Transfer, "learning_curves", signalled)
        call = neuroevo(*words, "--out", out)
    assert call.code == 130
    assert "chosen" not in facts_of(out)
    records = read_records(out / "rehearsal" / "records.jsonl")
    assert {one["strategy"] for one in records} <= {"gtl-at-0.01", "gtl-at-0.1"}
    call = neuroevo("bench", "--resume", out)
    assert call.code == 0, call.err
    assert facts_of(out)["chosen"].keys() == {"gtl"}


def test_who_trains_nothing_chooses_nothing(neuroevo: Program, tmp_path: Path) -> None:
    """There is no rehearsal then."""
    words = ("bench", "--strategies", "scratch", "--ways", 3, "--updates", 2, "--shots", 5, "--seeds", 1, "--quiet")
    call = neuroevo(*words, "--ancestor-rate", "0.01,0.1", "--out", tmp_path / "run")
    assert call.code == 0, call.err
    assert not (tmp_path / "run" / "rehearsal").exists()


def test_one_part_needs_no_rehearsal(neuroevo: Program, tmp_path: Path) -> None:
    """All spend it."""
    call = neuroevo(*TINY, "--spend", "0.5", "--ancestor-rate", "0.05", "--out", tmp_path / "run", "--quiet")
    assert call.code == 0, call.err
    recipes = settings_of(tmp_path / "run")
    assert {name: one["updates"] for name, one in recipes.items()} == {"narrow-pretraining": 4, "gtl": 2}
    assert {one["learning_rate"] for one in recipes.values()} == {0.05}
    assert not (tmp_path / "run" / "rehearsal").exists()
    assert "Chosen" not in call.out


def test_a_rehearsal_leaves_novel_classes_alone(neuroevo: Program, tmp_path: Path) -> None:
    """The run is on other classes of the same data."""
    call = neuroevo(*TINY, "--rehearse", "--out", tmp_path / "run", "--quiet")
    assert call.code == 0, call.err
    assert facts_of(tmp_path / "run")["comparison"]["protocols"][0]["data"]["name"] == "toys-rehearsal"


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (("--spend", "0,1"), "--spend must be a number above 0 and at most 1, or different ones separated by commas"),
        (("--spend", "2"), "--spend must be a number above 0 and at most 1"),
        (("--ancestor-rate", "0.1,0.1"), "--ancestor-rate must be a number above 0, or different ones separated by"),
        (("--ancestor-rate", "0.1,0.2", "--environments", "mixed"), "must be from one environment in a rehearsal"),
        (("--ancestor-rate", "0.1,none"), "--ancestor-rate must be a number above 0, or different ones"),
    ],
)
def test_what_can_not_be_chosen_from_is_refused(
    neuroevo: Program, tmp_path: Path, flags: tuple[str, ...], sentence: str
) -> None:
    """In one sentence, before there is a folder."""
    call = neuroevo(*TINY, *flags, "--out", tmp_path / "run")
    assert call.code == 2
    assert sentence in " ".join(call.err.split())
    assert not (tmp_path / "run").exists()
