"""Peers: no program is timed that gives other answers, and the table and the file say what was measured."""

import importlib.util
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from neuroevo.benchmarks.peers import process as peers_process
from neuroevo.benchmarks.peers import race as peers
from neuroevo.benchmarks.peers.process import PROGRAMS, Program, missing
from neuroevo.benchmarks.peers.race import HAND, OURS, Line, compare, main, tiny, to_json, to_table
from neuroevo.benchmarks.speed import workloads
from neuroevo.benchmarks.speed.timing import Spread
from neuroevo.benchmarks.speed.workloads import DIGITS, FORWARD, IMAGES, OVERHEAD, Workload, reference

WITHOUT_DATA = [FORWARD[0], FORWARD[3], IMAGES[0], OVERHEAD[0]]
"""A workload of each kind but training, which takes longer, and the digits, which need scikit-learn."""


def spread(median: float) -> Spread:
    """Return a median with quartiles a tenth away."""
    return Spread(median, 0.9 * median, 1.1 * median, 5)


LINE = Line(
    FORWARD[0],
    {
        (OURS, "Forward"): spread(1.2),
        (HAND, "bmm"): spread(1.0),
        (HAND, "vmap"): spread(3.0),
        ("EvoTorch", "vmap"): spread(2.4),
    },
)


class InProcess:
    """A program without a process."""

    def __init__(self, name: str) -> None:
        self.server = peers_process._Server(PROGRAMS[name])
        self.asked: list[str] = []

    def ask(self, verb: str, *arguments: object) -> Any:
        """Call the verb."""
        self.asked.append(verb)
        return getattr(self.server, verb)(*arguments)


class Wrong:
    """A program that answers something else."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def ask(self, verb: str, *arguments: object) -> Any:
        """Offer one variant, and its answer."""
        if verb == "variants":
            return ["guess"]
        if verb == "answer" and isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_the_ratios_are_to_the_fastest_way() -> None:
    """Of each program the fastest variant counts, and the target follows from it."""
    assert LINE.ratio(HAND) == pytest.approx(1.2)
    assert LINE.ratio(*peers.PEERS) == pytest.approx(0.5)
    assert LINE.target == ("1.25 x by hand", True)
    assert replace(LINE, spreads={**LINE.spreads, (OURS, "Forward"): spread(1.3)}).target[1] is False
    assert replace(LINE, spreads={(OURS, "Forward"): spread(1.3)}).target[1] is None
    assert Line(OVERHEAD[0], {(OURS, "evolve"): spread(1.6)}).target == ("1.5 ms", False)
    assert Line(DIGITS, {(OURS, "evolve"): spread(11.0)}).target == ("12 ms", True)
    assert Line(DIGITS, {}).best(OURS) is None


def test_table_and_file_say_what_was_measured() -> None:
    """Every line is a row of the table, with a dash for what was not measured, and the file holds all spreads."""
    lines = [LINE, Line(DIGITS, {(OURS, "evolve"): spread(13.0)})]
    table = to_table(lines, title="all")
    cells = [list(column.cells) for column in table.columns]
    assert [column[0] for column in cells] == [
        "mlp-own-inputs", "16", "1.2 (1.08 to 1.32)", "1", "2.4 EvoTorch vmap", "1.20", "0.50", "1.25 x by hand", "yes",
    ]  # fmt: skip
    assert [column[1] for column in cells] == ["digits", "100", "13 (11.7 to 14.3)", "–", "–", "–", "–", "12 ms", "no"]
    written = json.loads(to_json(lines, [], {"torch": "2"}))
    assert written["conditions"] == {"torch": "2"}
    assert [len(row["milliseconds"]) for row in written["rows"]] == [4, 1]
    assert written["rows"][0]["milliseconds"][0]["median"] == 1.2


@pytest.mark.parametrize("work", WITHOUT_DATA, ids=lambda work: work.name)
@pytest.mark.deap_loops
def test_our_ways_and_those_by_hand_agree_and_are_timed(work: Workload) -> None:
    """All of them give the reference's answer, also on other threads, and every variant has a spread."""
    programs: dict[str, Any] = {name: InProcess(name) for name in (OURS, HAND)}
    (line,) = compare([tiny(work)], programs, repeats=2, seconds=0.0, tell=lambda text: None)
    offered = {(name, variant) for name in programs for variant in programs[name].ask("variants", work)}
    assert set(line.spreads) == offered
    assert all(0 < one.low <= one.median for one in line.spreads.values())
    assert {key[1] for key in line.spreads if key[0] == OURS} >= {"Forward"} or work.name == "constant-fitness"
    assert not any(programs[name].server.made for name in programs)


@pytest.mark.parametrize("answer", [np.full((4, 1, 6), 9.0), np.full((4, 1, 6), np.nan), np.zeros(3)])
def test_other_answers_end_the_comparison(answer: Any) -> None:
    """A program that answers something else is named, and nothing is timed."""
    programs: Any = {"EvoTorch": Wrong(answer)}
    with pytest.raises(
        RuntimeError, match=r"answers to mlp-own-inputs P=4 must agree within 0.0001, but EvoTorch \(guess\) is off"
    ):
        compare([tiny(FORWARD[0])], programs, repeats=1, seconds=0.0, tell=lambda text: None)


def test_a_peer_that_fails_is_left_out_and_named() -> None:
    """The others are compared all the same; if we fail ourselves, there is nothing to report."""
    sentences: list[str] = []
    programs: Any = {OURS: InProcess(OURS), "PyGAD": Wrong(RuntimeError("PyGAD could not answer: no."))}
    (line,) = compare([tiny(FORWARD[0])], programs, repeats=1, seconds=0.0, tell=sentences.append)
    assert [key[0] for key in line.spreads] == [OURS]
    assert sentences[1] == "  PyGAD could not answer: no. It is left out here."
    with pytest.raises(RuntimeError, match="oh"):
        compare([tiny(FORWARD[0])], {OURS: Wrong(RuntimeError("oh"))}, repeats=1, seconds=0.0, tell=print)  # type: ignore[dict-item]


def test_references_are_computed_in_double_precision() -> None:
    """They are what the modules give, of the announced shapes, and 28,938 weights are 28,938."""
    assert reference(tiny(FORWARD[3])).shape == (4, 8, 6)
    assert reference(tiny(IMAGES[0])).shape == (4, 8, 10)
    assert reference(FORWARD[0]).dtype == torch.float64
    assert sum(part.numel() for part in workloads.convolutional().parameters()) == 28_938
    assert workloads.genomes_of(DIGITS).shape == (100, 2410)


def test_the_share_of_new_genes() -> None:
    """A gene is new if no genome had it at its place before, and the share is a multiple of the expected one."""
    before = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert workloads.new_share(before, before[[1, 1]]).item() == 0
    after = torch.tensor([[3.0, 1.0], [1.0, 2.0]])
    assert workloads.new_share(before, after).item() == pytest.approx(0.25 / workloads.SHARE)


def test_missing_packages_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the program, the package and what brings it; what needs no package of its own is never missing."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert missing("PyGAD") == (
        'PyGAD is left out: the package pygad is not installed: pip install ".[peers]" in a checkout, or pip '
        'install "neuroevo-torch[peers]".'
    )
    assert [missing(name) for name in (OURS, HAND, "DEAP")] == [None] * 3


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["--only", "W9"],
            "--only must be some of mlp-own-inputs, mlp-shared-inputs, digits, cnn, constant-fitness, train-mlp, "
            "train-convnet4, but it holds W9.",
        ),
        (["--peers", "evox"], "--peers must be some of neuroevo, by hand, EvoTorch, DEAP, PyGAD, but it holds evox."),
    ],
)
def test_unknown_names_are_usage_errors(words: Sequence[str], sentence: str) -> None:
    """Known ones are listed."""
    result = CliRunner().invoke(main, list(words))
    assert result.exit_code == 2
    assert sentence in result.output


@pytest.mark.slow
def test_a_comparison_without_peers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packages that are missing are named and left out, and the rest is compared in processes of its own."""
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in ("evotorch", "pygad") else real(name))
    words = [
        "--tiny",
        "--only",
        "mlp-own-inputs,mlp-shared-inputs,cnn,constant-fitness,train-mlp,train-convnet4",
        "--threads",
        "1",
        "--out",
        str(tmp_path / "all.json"),
    ]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    assert "EvoTorch is left out: the package evotorch is not installed" in result.output
    rows = json.loads((tmp_path / "all.json").read_text())["rows"]
    assert [row["work"] for row in rows] == [
        "mlp-own-inputs",
        "mlp-shared-inputs",
        "cnn",
        "constant-fitness",
        "train-mlp",
        "train-convnet4",
    ]
    assert {one["program"] for row in rows for one in row["milliseconds"]} == {OURS, HAND, "DEAP"}


@pytest.mark.slow
def test_a_comparison_with_peers(tmp_path: Path) -> None:
    """All programs that are installed give the same answers, and accuracies are reported."""
    pytest.importorskip("evotorch")
    pytest.importorskip("pygad")
    pytest.importorskip("sklearn")
    words = ["--tiny", "--threads", "1", "--quality", "2", "--out", str(tmp_path / "all.json")]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    written = json.loads((tmp_path / "all.json").read_text())
    assert {one["program"] for row in written["rows"] for one in row["milliseconds"]} == set(PROGRAMS)
    assert {row["program"] for row in written["accuracy"]} == {OURS, HAND, "EvoTorch"}


@pytest.mark.slow
def test_a_program_that_ends_is_one_sentence() -> None:
    """A process that can't begin, or is asked nonsense, is a sentence."""
    program = Program("by hand", threads=1)
    try:
        with pytest.raises(RuntimeError, match="by hand could not answer: KeyError"):
            program.ask("answer", tiny(FORWARD[0]), "nonsense")
        assert program.ask("variants", DIGITS) == ["tensors"]
    finally:
        program.close()
    with pytest.raises(RuntimeError, match="by hand ended with exit code"):
        program.ask("variants", DIGITS)
