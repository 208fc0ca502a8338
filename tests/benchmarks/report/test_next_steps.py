"""What to do next: commands for a reader of the page alone, and for one who has the run directory."""

import shlex
import shutil
from pathlib import Path

import pytest

from neuroevo.benchmarks.analysis.results import RunData, read_run
from neuroevo.benchmarks.report.next_steps import next_steps, steps_with_folder, steps_with_page

WORDS = ["neuroevo", "bench", "instinct", "--strategies=scratch,gtl", "--width=2.0", "--import=/home/me/own.py"]
SEARCHES = {"cma-es": 2.0, "snes": 1.0}


def test_a_run_from_python_is_repeated_by_no_command(run: Path) -> None:
    """So that the page has no command for that, and nothing to compare."""
    result = read_run(run)
    alone = RunData(result.path, {**result.facts, "repeat": None, "argv": []}, {}, result.records, ())
    (install,) = steps_with_page(alone)
    assert install.command.endswith("pip install .")
    assert "made in Python" in install.text
    assert not any("again" in step.command for step in (*steps_with_folder(alone), *next_steps(alone, run)))


def test_a_reader_of_the_page_installs_and_repeats(run: Path) -> None:
    """In whole, and small: the same suite, contestants and data at the sizes of `--quick`."""
    result = read_run(run)
    given = RunData(result.path, {**result.facts, "repeat": WORDS}, {}, result.records, ())
    install, repeat, small, more = steps_with_page(given)
    assert install.command.endswith("pip install .")
    assert shlex.split(repeat.command) == [*WORDS, "--out=again"]
    assert repeat.text == (
        "Repeat this run, with your own paths to own.py, which its author has; with the versions below, such a "
        "processor computes the same results, digit by digit"
    )
    assert shlex.split(small.command) == [*WORDS[:4], WORDS[-1], "--quick", "--out=small"]
    assert more.command.endswith(" --seeds=5")


@pytest.mark.parametrize("word", ["--asynchronous", "--match=seconds"])
def test_equal_results_are_promised_where_they_follow_from_the_seed(run: Path, word: str) -> None:
    """Not on a GPU, nor where the speed of the machine counts."""
    result = read_run(run)
    for device, words in (("cpu", [*WORDS, word]), ("cuda", WORDS)):
        facts = {**result.facts, "device": device, "repeat": words}
        assert "digit" not in steps_with_page(RunData(result.path, facts, {}, result.records, ()))[1].text


@pytest.mark.parametrize(
    ("commit", "text", "command"),
    [
        (None, "Install neuroevo 0.1.0, in a checkout", "pip install ."),
        ("abc1", "Install neuroevo 0.1.0 of this commit, in a checkout", "git checkout abc1 && pip install ."),
        (
            "abc1-dirty",
            "Install neuroevo 0.1.0 of this commit, in a checkout, whose author had changed some of its files",
            "git checkout abc1 && pip install .",
        ),
    ],
)
def test_the_commit_is_named_where_it_is_known(run: Path, commit: str | None, text: str, command: str) -> None:
    """And that the files differed from it, if they did."""
    result = read_run(run)
    facts = {**result.facts, "versions": {"neuroevo": "0.1.0"}, "commit": commit, "repeat": WORDS}
    install, *_ = steps_with_page(RunData(result.path, facts, {}, result.records, ()))
    assert (install.text, install.command) == (text, command)


def test_a_quick_run_has_no_smaller_one(run: Path) -> None:
    """It is one."""
    result = read_run(run)
    quick = RunData(result.path, {**result.facts, "repeat": ["neuroevo", "bench", "--quick"]}, {}, result.records, ())
    assert [step.command for step in steps_with_page(quick)[1:]] == [
        *("neuroevo bench --quick --out=again", "neuroevo bench --quick --seeds=5")
    ]


def test_equal_arithmetic_is_offered_where_steps_cost_unlike(run: Path) -> None:
    """Not where the run matched something else, nor where costs are alike."""
    result = read_run(run)

    def offered(words: list[str], **spent: int) -> list[str]:
        records = tuple({**one, "multiply_adds": spent.get(one["strategy"], 0)} for one in result.records)
        run = RunData(result.path, {**result.facts, "repeat": words}, {}, records, ())
        return [step.command for step in next_steps(run, result.path) if "multiply-adds" in step.text]

    words, unlike = ["neuroevo", "bench", "--quick"], {"gtl": 9, "finetune": 3}
    assert {*unlike} <= {row.strategy for row in result.rows}
    assert offered(words, **unlike) == ["neuroevo bench --quick --match=multiply-adds"]
    assert offered([*words, "--match=none"], **unlike) == []
    assert offered(words, gtl=9, finetune=9) == []


def test_a_repetition_is_repeated_elsewhere(run: Path, tmp_path: Path) -> None:
    """Its own folder is taken."""
    shutil.copytree(run, tmp_path / "again")
    result = read_run(tmp_path / "again")
    given = RunData(result.path, {**result.facts, "repeat": WORDS}, {}, result.records, ())
    assert steps_with_page(given)[1].command.endswith(" --out=again-too")
    assert next_steps(given, tmp_path / "again")[-1].command.endswith(" again-too")


def test_logs_that_need_a_program_are_shown_by_it(run: Path) -> None:
    """With the run directory; tables are read without."""
    result = read_run(run)
    logged = RunData(result.path, result.facts, {"log": ["csv", "tensorboard", "mlflow"]}, result.records, ())
    found = [step.command for step in next_steps(logged, Path("runs/mine")) if "logs" in step.text]
    assert found == [
        "tensorboard --logdir runs/mine/logs/tensorboard",
        "mlflow ui --backend-store-uri sqlite:///runs/mine/logs/mlflow.db",
    ]
    assert not any("logs" in step.text for step in steps_with_page(logged))


def test_the_first_search_is_run_alone_with_what_it_needs(run: Path) -> None:
    """The problem may come from a file."""
    words = ["neuroevo", "bench", "optimize", "--evaluations=30", "--seeds=2", "--import=/home/me/own.py"]
    facts = {"evaluations": [30], "weight": -1.0, "gradient_steps": 0, "seconds": 1.0, "seed": 0, "kind": "search"}
    records = tuple({**facts, "problem": "mine", "strategy": name, "best": [best]} for name, best in SEARCHES.items())
    found = next_steps(RunData(run, {"what": "bench", "suite": "optimize", "repeat": words}, {}, records, ()), run)
    (step,) = [step for step in found if "ranks first" in step.text]
    assert step.command == "neuroevo evolve snes --problem mine --evaluations=30 --import=/home/me/own.py"


@pytest.mark.parametrize("quick", [True, False])
def test_the_repetition_is_compared(run: Path, quick: bool) -> None:
    """On a terminal in one line with it, on the page by itself."""
    words = ["neuroevo", "bench", *(["--quick"] if quick else [])]
    result = read_run(run)
    given = RunData(result.path, {**result.facts, "repeat": words}, {}, result.records, ())
    assert steps_with_folder(given)[-1].command == "neuroevo compare run again"
    last = next_steps(given, Path("runs/mine"))[-1].command
    assert last == f"{shlex.join(words)} --out=again && neuroevo compare runs/mine again"
