"""Strategies over weight vectors at the command line."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch

from neuroevo import catalogue
from neuroevo.evolution import Generation
from neuroevo.genome import Genome
from neuroevo.graph import Graph
from neuroevo.individual import Individual
from neuroevo.problems import Landscape
from neuroevo.problems.classifier import digits
from neuroevo.problems.graphs import xor
from neuroevo.runs.records import read_records
from neuroevo.strategies import Search

with suppress(ImportError):
    import ribs  # noqa: F401 - the import itself draws from `random`, which no test may do

Program = Callable[..., Any]
SEARCHES = sorted(
    name
    for name in catalogue.entries("strategy")
    if isinstance(kind := catalogue.find("strategy", name), type) and issubclass(kind, Search)
)

SMALL = ("--evaluations", 60, "--population", 8)


@pytest.mark.parametrize("name", SEARCHES)
def test_every_search_can_be_run(neuroevo: Program, name: str, tmp_path: Path) -> None:
    """With --json stdout is one value that agrees with the file, and --seed makes the run."""
    if name in ("map-elites", "cma-me", "novelty"):
        pytest.importorskip("ribs")
    objective = {"nsga2": "zdt1", "map-elites": "arm", "cma-me": "arm", "novelty": "arm"}.get(name, "sphere")
    found = []
    for place in ("a", "b"):
        words = ["--problem", objective, "--dimensions", 3, *SMALL, "--seed", 4, "--json", "--quiet"]
        call = neuroevo("evolve", name, *words, "--out", tmp_path / place)
        assert call.code == 0, call.err
        found.append(json.loads(call.out, parse_constant=pytest.fail))
        genome = Genome.load(found[-1]["genome"])
        assert genome.notes["values"] == found[-1]["values"]
        assert genome.blocks["x"].shape == (3,)
        assert found[-1]["evaluations"] <= 60
    files = [Path(one["genome"]).read_bytes() for one in found]
    assert files[0] == files[1]
    assert read_records(tmp_path / "a" / "records.jsonl")[0]["kind"] == "generation"


@pytest.mark.parametrize("name", ["genetic", "cma-es", "snes"])
def test_a_search_that_broke_off_goes_on(neuroevo: Program, name: str, tmp_path: Path) -> None:
    """From an older checkpoint the same genome comes out; what is finished has nothing to do; others are refused."""
    run = tmp_path / "run"
    words = ["--problem", "rastrigin", "--dimensions", 3, *SMALL, "--quiet"]
    assert neuroevo("evolve", name, *words, "--out", run).code == 0
    whole = (run / "genome.safetensors").read_bytes()
    records = [{**one, "seconds": 0} for one in read_records(run / "records.jsonl")]
    assert neuroevo("evolve", "--resume", run).out.startswith("Nothing to do")
    facts = json.loads((run / "run.json").read_text(encoding="utf-8"))
    (run / "run.json").write_text(json.dumps({**facts, "status": "running"}), encoding="utf-8")
    (run / "genome.safetensors").unlink()
    for newest in sorted((run / "checkpoints").glob("*.json"))[-2:]:
        newest.unlink()
    refused = neuroevo("evolve", "--resume", run, "--dimensions", 4)
    assert refused.code == 2
    assert "dimensions" in refused.err
    assert neuroevo("evolve", "--resume", run, "--quiet").code == 0
    assert (run / "genome.safetensors").read_bytes() == whole
    assert [{**one, "seconds": 0} for one in read_records(run / "records.jsonl")] == records


@pytest.mark.slow
@pytest.mark.parametrize("problem", ["rastrigin", "digits"])
def test_worker_processes_change_nothing(neuroevo: Program, problem: str, tmp_path: Path) -> None:
    """Evaluated on two processes a search ends in the same bytes."""
    files = []
    for words in ([], ["--engine", "processes", "--workers", 2]):
        out = tmp_path / str(len(words))
        call = neuroevo("evolve", "genetic", "--problem", problem, *SMALL, *words, "--out", out, "--quiet")
        assert call.code == 0, call.err
        files.append((out / "genome.safetensors").read_bytes())
    assert files[0] == files[1]


def test_a_network_comes_out(neuroevo: Program, tmp_path: Path) -> None:
    """By default a network learns to read digits; its weights fit the module, and `show` describes them."""
    call = neuroevo("evolve", "snes", *SMALL, "--out", tmp_path / "run")
    assert call.code == 0, call.err
    path = tmp_path / "run" / "genome.safetensors"
    assert call.out.splitlines()[-1] == f"Saved: {path}"
    problem, genome = digits(), Genome.load(path)
    network = genome.to_module(problem.module)
    score = float(problem.score(network(problem.inputs), problem.targets).detach())
    assert score == pytest.approx(genome.notes["values"][0], rel=1e-4)
    shown = neuroevo("show", path)
    assert shown.code == 0
    assert shown.out.startswith("This is a genome of 953 genes in 4 blocks: head.bias (9), head.weight (9 x 16), ")
    assert "snes made it on digits with seed " in neuroevo("show", tmp_path / "run").out


@pytest.mark.parametrize(("problem", "dtype"), [("onemax", torch.bool), ("knapsack", torch.bool), ("tsp", torch.int64)])
def test_bits_and_permutations_come_out(neuroevo: Program, problem: str, dtype: torch.dtype, tmp_path: Path) -> None:
    """Of their dtype in the file, and a run that goes on gives what one without a stop gives."""
    words = ["evolve", "genetic", "--problem", problem, "--dimensions", 6, "--population", 8, "--rate", 0.2, "--quiet"]
    for name, evaluations in (("run", 40), ("whole", 80)):
        call = neuroevo(*words, "--evaluations", evaluations, "--out", tmp_path / name)
        assert call.code == 0, call.err
    assert neuroevo("evolve", "--resume", tmp_path / "run", "--evaluations", 80, "--quiet").code == 0
    files = [tmp_path / name / "genome.safetensors" for name in ("run", "whole")]
    assert files[0].read_bytes() == files[1].read_bytes()
    genome = Genome.load(files[0]).blocks["x"]
    assert (genome.dtype, genome.shape) == (dtype, (6,))
    if problem == "tsp":
        assert sorted(genome.tolist()) == [*range(6)]


def test_a_graph_comes_out(neuroevo: Program, tmp_path: Path) -> None:
    """NEAT's best graph is read back from its file, and answers as it was scored."""
    words = ["--problem", "xor", "--evaluations", 100, "--population", 20]
    call = neuroevo("evolve", "neat", *words, "--out", tmp_path / "run")
    assert call.code == 0, call.err
    genome = Genome.load(tmp_path / "run" / "genome.safetensors")
    score = xor()(Individual(Graph.from_genome(genome), id=0))
    assert list(score) == pytest.approx(genome.notes["values"])
    assert neuroevo("show", tmp_path / "run" / "genome.safetensors").code == 0


def test_the_suite(neuroevo: Program, tmp_path: Path) -> None:
    """Records, a summary, a report with curves, a table and a sentence; what is finished is kept by --resume."""
    words = ["--strategies", "genetic,snes", "--problems", "sphere,rastrigin", "--seeds", 2, *SMALL]
    folder = tmp_path / "run"
    call = neuroevo("bench", "optimize", *words, "--out", folder)
    assert call.code == 0, call.err
    assert "2 seeds support no conclusion" in call.out
    assert re.search(r"^On sphere, \w+ reaches .* by rank, over 2 seeds\.$", call.out, re.MULTILINE)
    assert f"    neuroevo report {folder}\n" in call.out
    with (folder / "summary.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["problem"], row["seed_count"]) for row in rows] == [("sphere", "2")] * 2 + [("rastrigin", "2")] * 2
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "Best value so far against evaluations" in page
    assert "data:image/svg+xml" in page
    records = (folder / "records.jsonl").read_bytes()
    lines = records.splitlines(keepends=True)
    (folder / "records.jsonl").write_bytes(b"".join(lines[:5]))
    again = neuroevo("bench", "--resume", folder, "--json")
    assert again.code == 0, again.err
    assert len(json.loads(again.out)["rows"]) == 4
    both = [
        [{**json.loads(line), "seconds": 0} for line in text.splitlines()]
        for text in (records, (folder / "records.jsonl").read_bytes())
    ]
    assert both[0] == both[1]
    for kind in ("markdown", "latex", "csv"):
        table = neuroevo("report", folder, "--format", kind)
        assert table.code == 0, table.err
        assert table.out.count("snes") == 2


@pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")
def test_the_suite_goes_on_inside_a_search(neuroevo: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped by a signal within the second search, only the rest of it runs, and nothing shows in the end."""
    words = ["bench", "optimize", "--strategies", "genetic,snes", "--problems", "sphere", "--seeds", 1, *SMALL]
    whole, folder = tmp_path / "whole", tmp_path / "run"
    ran: list[int] = []
    record = Generation.record

    def recording(generation: Generation) -> dict[str, Any]:
        ran.append(generation.number)
        if folder.exists() and ran[-2:] == [0, 1] and len(ran) > 4:
            os.kill(os.getpid(), signal.SIGTERM)
        return record(generation)

    monkeypatch.setattr(Generation, "record", recording)
    assert neuroevo(*words, "--out", whole).code == 0
    everything = ran[:]
    ran.clear()
    call = neuroevo(*words, "--out", folder)
    assert call.code == 143
    assert call.err.endswith(f"go on with: neuroevo bench --resume {folder}\n")
    assert everything[: len(ran)] == ran
    assert len(ran) < len(everything)
    again = neuroevo("bench", "--resume", folder)
    assert again.code == 0, again.err
    assert ran == everything
    assert not (folder / "cells").exists()
    both = [[{**one, "seconds": 0} for one in read_records(path / "records.jsonl")] for path in (whole, folder)]
    assert both[0] == both[1]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["evolve", "snes", "--problem", "spher"],
            "--problem of snes 'spher' is not known; did you mean sphere?",
        ),
        (["evolve", "snes", "--problem", "zdt1"], "problem must have 1 objective for SNES, but it has 2"),
        (["evolve", "snes", "--problem", "xor"], "--problem of snes must be one of digits, "),
        (
            ["evolve", "neat", "--problem", "sphere"],
            "--problem of neat must be one of xor, cartpole, but it is 'sphere'",
        ),
        (["bench", "optimize", "--problems", "zdt1"], "--problems must have one objective in this suite, but zdt1 has"),
        (["bench", "optimize", "--strategies", "gtl"], "--strategies must be of cma-es, "),
        (
            ["bench", "transfer", "--strategies", "snes"],
            "--strategies must be of strategies that pass on learngenes in the suite transfer, but snes ",
        ),
        (["evolve", "snes", "--device", "mps"], "--device must be auto or one of "),
        (
            ["evolve", "cma-es", "--problem", "tsp"],
            "problem must have genomes of real numbers for CMAES, but they are perm",
        ),
        (["evolve", "genetic", "--problem", "onemax", "--sigma", 0.3], "sigma must be left out for genomes of bits, "),
        (["evolve", "differential", "--population", 3], "population must be at least 4, but it is 3."),
    ],
    ids=str,
)
def test_what_does_not_fit_is_one_sentence(neuroevo: Program, words: list[Any], sentence: str, tmp_path: Path) -> None:
    """Names that fit nothing here are named, with those that do."""
    call = neuroevo(*words, "--out", tmp_path / "run", "--quiet")
    assert call.code in (1, 2)
    assert call.err.startswith(f"Error: {sentence}")
    assert call.err.count("\n") == 1


def test_every_problem_has_its_name() -> None:
    """A name stands for a function or makes a problem, and functions carry their own names."""
    for name in catalogue.entries("problem"):
        made = catalogue.find("problem", name)
        if isinstance(made, Landscape):
            assert made().name == name.replace("-", "_")


def test_a_search_that_is_left_out_is_named(neuroevo: Program, tmp_path: Path, undrawn: None) -> None:
    """Below the table of the problem that it would not be practical for."""
    words = ("--strategies", "snes,cma-es", "--problems", "digits", "--evaluations", 30, "--seeds", 1, "--quiet")
    call = neuroevo("bench", "optimize", *words, "--out", tmp_path / "run")
    assert call.code == 0, call.err
    assert "Without cma-es, which would not be practical for the 953 genes of digits." in call.out
