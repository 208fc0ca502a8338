"""What to do next with a run: commands that work as they stand."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from neuroevo.benchmarks.analysis.duels import EVOLVED, parts_of
from neuroevo.benchmarks.analysis.matches import ENOUGH, evolved, subject_of
from neuroevo.benchmarks.analysis.results import RunData
from neuroevo.benchmarks.analysis.searches import by_problem
from neuroevo.benchmarks.analysis.transferred import best_learngene
from neuroevo.runs.names import GENOME, LEARNGENE, LEARNGENES, LOGS, REPORT

OF_DATA = ("--dataset", "--data-root", "--image-size", "--backbone", "--width", "--import")
"""Flags of a comparison that the training of one descendant needs as well."""
OF_SEARCHES = ("--evaluations", "--dimensions", "--import")
"""Flags of a comparison of searches that a single search has as well."""
OF_PATHS = ("--data-root", "--target-data-root", "--import")
OF_A_SMALL_RUN = (
    *("--strategies", "--contestant", "--problems", "--dataset", "--data-root", "--image-size", "--backbone"),
    *("--target-dataset", "--target-data-root", "--import"),
)
"""Flags that a small run of the same contestants on the same data has as well."""
INSTALL = "pip install ."
UNREPEATABLE = ("--asynchronous", "--match=seconds")
"""Words of commands whose runs depend on how fast a machine is."""
UNLIKE = 1.5
"""How many times the multiply-adds of another contestant make a comparison at equal steps one of unlike costs."""
AGAIN, SMALL = "again", "small"
"""Folders of a run that is repeated, and of a small one."""


@dataclass(frozen=True)
class Step:
    """A step: what it does, and its command."""

    text: str
    command: str


def next_steps(result: RunData, folder: Path) -> list[Step]:
    """Return what to do next with a run that has just ended, in its folder as commands are to name it."""
    both = f"{_again(result)} && {_compare(folder)}"
    compared = [Step("Repeat it and see whether anything differs", both)] if _repeats(result) else []
    page = [_page(folder), *_logs(result, folder)]
    return [*_more_seeds(result), *_same_arithmetic(result), *page, *_products(result, folder), *compared]


def steps_with_page(result: RunData) -> list[Step]:
    """Return what a reader of the page alone can do: install neuroevo, and repeat the run unless Python made it."""
    words, install = _repeat(result), _install(result)
    if not words:
        why = "" if result.facts.get("argv") else "; this run was made in Python, and its program repeats it"
        return [Step(f"{install.text}{why}", install.command)]
    return [
        install,
        Step(f"Repeat this run{_from_its_author(words)}{_equal(result, words)}", _again(result)),
        *_small(result, words),
        *_more_seeds(result),
        *_same_arithmetic(result),
    ]


def steps_with_folder(result: RunData) -> list[Step]:
    """Return what can be done with the run directory, in the folder that holds it."""
    folder = Path(result.path.resolve().name)
    compared = [Step("Compare it with the run that repeats it", _compare(folder))] if _repeats(result) else []
    return [*_logs(result, folder), *_products(result, folder), *compared]


def _products(result: RunData, folder: Path) -> list[Step]:
    """Return what to do with what a run found."""
    if result.rows:
        return _inherit(result, folder)
    if result.searches:
        return _evolve(result)
    products = [folder / name for name in (LEARNGENE, GENOME) if (result.path / name).exists()]
    return [Step("Show what it saved", _line("neuroevo", "show", str(path))) for path in products]


def _install(result: RunData) -> Step:
    """Return how to install what a run was made with, as far as it says: a version, and the commit of a checkout."""
    versions, commit = result.facts.get("versions"), str(result.facts.get("commit") or "")
    version = versions.get("neuroevo") if isinstance(versions, Mapping) else None
    name = f"neuroevo {version}" if version else "neuroevo"
    known, dirty, _ = commit.partition("-dirty")
    if not known:
        return Step(f"Install {name}, in a checkout", INSTALL)
    changed = ", whose author had changed some of its files" if dirty else ""
    checkout = _line("git", "checkout", known)
    return Step(f"Install {name} of this commit, in a checkout{changed}", f"{checkout} && {INSTALL}")


def _equal(result: RunData, words: Sequence[str]) -> str:
    """Return where a repetition gives equal results, if they follow from the seed alone."""
    if result.facts.get("device") != "cpu" or {*words} & {*UNREPEATABLE}:
        return ""
    return "; with the versions below, such a processor computes the same results, digit by digit"


def _from_its_author(words: Sequence[str]) -> str:
    """Return that a command names files of the machine that a run was made on, if it does."""
    flags = (word.partition("=") for word in words)
    names = [Path(path).name for flag, _, paths in flags if flag in OF_PATHS for path in paths.split(",")]
    if not names:
        return ""
    return f", with your own paths to {' and '.join(dict.fromkeys(names))}, which its author has"


def _repeats(result: RunData) -> bool:
    """Return whether a run can be repeated by a command and then be compared."""
    return bool(_repeat(result) and (result.rows or result.is_evolution))


def _again(result: RunData) -> str:
    return _line(*_repeat(result), f"--out={_next_to(result.path)}")


def _compare(folder: Path) -> str:
    return _line("neuroevo", "compare", str(folder), _next_to(folder))


def _next_to(folder: Path) -> str:
    """Return the folder of a repetition, another one than that of the run, which may repeat one itself."""
    return f"{AGAIN}-too" if folder.resolve().name == AGAIN else AGAIN


def _small(result: RunData, words: Sequence[str]) -> list[Step]:
    """Return how to make a small run of the same contestants, unless this is one or a small run is none of its kind."""
    if "--quick" in words or not (result.rows or result.searches):
        return []
    kept = [word for word in words[2:] if not word.startswith("-") or word.partition("=")[0] in OF_A_SMALL_RUN]
    command = _line(*words[:2], *kept, "--quick", f"--out={SMALL}")
    return [Step("Or a small run of the same contestants and data, in a minute or two", command)]


def _more_seeds(result: RunData) -> list[Step]:
    rows = result.rows or result.searches
    words = _repeat(result)
    if not words or not rows or min(row.seed_count for row in rows) >= ENOUGH:
        return []
    others = [word for word in words if not word.startswith("--seeds=")]
    return [Step(f"Repeat it with {ENOUGH} seeds", _line(*others, f"--seeds={ENOUGH}"))]


def _same_arithmetic(result: RunData) -> list[Step]:
    """Return how to compare at equal multiply-adds, where equal gradient steps took very different ones."""
    words, spent = _repeat(result), [row.multiply_adds for row in result.rows if row.multiply_adds]
    chosen = result.suite == "pays" or any(word.startswith("--match=") for word in words)
    if not words or not spent or chosen or max(spent) < UNLIKE * min(spent):
        return []
    return [Step("Repeat it with equal multiply-adds in place of steps", _line(*words, "--match=multiply-adds"))]


def _page(folder: Path) -> Step:
    return Step(f"All tables and pictures are in {folder / REPORT}; make that page again", _report(folder))


def _logs(result: RunData, folder: Path) -> list[Step]:
    """Return how to see what was logged, where a program is needed for that."""
    logged, logs = result.settings.get("log") or (), folder / LOGS
    commands = {
        "tensorboard": ("TensorBoard", ("tensorboard", "--logdir", str(logs / "tensorboard"))),
        "mlflow": ("MLflow", ("mlflow", "ui", "--backend-store-uri", f"sqlite:///{logs / 'mlflow.db'}")),
    }
    return [Step(f"See its logs in {name}", _line(*words)) for key, (name, words) in commands.items() if key in logged]


def _inherit(result: RunData, folder: Path) -> list[Step]:
    """Return how to look at the learngene that a comparison is about, and how to train a network that inherits it."""
    name = _subject(result)
    found = None if name is None else best_learngene(result.path, result.records, name)
    if found is None:
        return []
    path = str(folder / LEARNGENES / found.name)
    shown = Step(
        f"Show the learngene of {name} with the highest score on held-out classes", _line("neuroevo", "show", path)
    )
    words = _repeat(result)
    if not words:
        return [shown]
    data = [word for word in words if word.partition("=")[0] in OF_DATA]
    return [shown, Step("Train a network that inherits it", _line("neuroevo", "inherit", path, *data))]


def _subject(result: RunData) -> str | None:
    """Return what a comparison is about; of several budgets the one that ends highest."""
    evolving = evolved(result.records)
    if result.suite == "pays":
        evolving = {name for name in evolving if parts_of(name)[0] == EVOLVED} or evolving
    return subject_of(result.rows, evolving)


def _evolve(result: RunData) -> list[Step]:
    problem, best = next(iter(by_problem(result.searches).items()))
    text = f"Run the strategy that ranks first on {problem} alone"
    own = [word for word in _repeat(result) if word.partition("=")[0] in OF_SEARCHES]
    return [Step(text, _line("neuroevo", "evolve", best[0].strategy, "--problem", problem, *own))]


def _repeat(result: RunData) -> list[str]:
    """Return the command that repeats a run; nothing for a run from Python."""
    words = result.facts.get("repeat")
    return [str(word) for word in words] if isinstance(words, list) else []


def _report(folder: Path) -> str:
    return _line("neuroevo", "report", str(folder))


def _line(*words: str) -> str:
    return shlex.join(words)
