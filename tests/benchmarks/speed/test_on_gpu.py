"""The program for the day with a GPU runs without one, tiny, and loses nothing of what it measured."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from neuroevo.benchmarks.speed import gpu_works, on_gpu
from neuroevo.benchmarks.speed.gpu_works import TINY, Job, Sizes, yardsticks
from neuroevo.benchmarks.speed.on_gpu import Row, Table, fill, main, run_tests
from neuroevo.benchmarks.speed.timing import Spread

CPU = torch.device("cpu")


def nothing(sizes: Sizes, device: torch.device) -> Iterator[Job]:
    """Yield a job that does nothing, and one that fails; then fail."""
    yield Job("nothing", sizes.virtual, lambda: None)
    yield Job("impossible", 2, lambda: 1 / 0)
    raise RuntimeError(f"no part for {device}")


def test_what_fails_is_named_beside_the_rest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A job and a part that fail are sentences below the table; all others are measured and in the file."""
    monkeypatch.setattr(on_gpu, "PARTS", {"first": nothing, "second": yardsticks})
    table, out = Table("somewhere"), tmp_path / "gpu.md"
    fill(table, TINY, CPU, until=time.monotonic() + 100, out=out)
    assert [row.job.name.split()[0] for row in table.rows] == ["torch.mm"] * 3 + ["nothing"] + ["torch.mm"] * 3
    assert table.remarks == [
        "impossible failed (ZeroDivisionError: division by zero).",
        "first failed (RuntimeError: no part for cpu).",
    ]
    assert out.read_text() == table.to_markdown()


def test_nothing_begins_when_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left out is named."""
    monkeypatch.setattr(on_gpu, "PARTS", {"first": nothing})
    table = Table("somewhere")
    fill(table, TINY, CPU, until=time.monotonic() - 1, out=None)
    assert not table.rows
    assert "Left out, for the time was over: nothing (float32)." in table.remarks


def test_rates_and_fractions_by_hand() -> None:
    """Operations of a call over the time of all its passes, and that over the limit of the precision."""
    job = Job("training", 8, lambda: None, operations=4e12, passes=10, precision="bf16")
    table = Table("somewhere", [Row(job, Spread(2.0, 1.0, 3.0, 3), 10.0)], limits={"bf16": 800.0, "float32": 50.0})
    row = table.to_markdown().splitlines()[4]
    assert row == "| training | 8 | bf16 | 2 (1 to 3) | 200 | 0.25 | 10 MiB |"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_is_one_sentence() -> None:
    """The sentence says how the program is tried."""
    ran = CliRunner().invoke(main, [])
    assert ran.exit_code == 1
    assert ran.output == "Error: no GPU was found; `--device cpu --tiny` tries the program without one.\n"


def test_tests_that_are_not_there_are_a_remark(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An installed package has no tests."""
    monkeypatch.chdir(tmp_path)
    assert run_tests() == "The tests were not run: call the command in a checkout of the repository."


def test_all_backbones_of_the_table_are_tiny_in_a_test() -> None:
    """The tiny sizes have the parts of the large ones."""
    assert [name for name, _ in TINY.backbones] == [name for name, _ in gpu_works.LARGE.backbones]


@pytest.mark.slow
def test_the_whole_program_tiny(tmp_path: Path) -> None:
    """Every row is measured on a CPU."""
    out = tmp_path / "gpu.md"
    ran = CliRunner().invoke(main, ["--device", "cpu", "--tiny", "--no-tests", "--out", str(out)])
    assert ran.exit_code == 0, ran.output
    text = out.read_text()
    assert "failed" not in text
    assert "Left out" not in text
    for name in ("W1", "W2", "W3", "W4", "W5", "W6", "virtual population", "ConvNet4", "VGG11", "ResNet12", "looped"):
        assert name in text
