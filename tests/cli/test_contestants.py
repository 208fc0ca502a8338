"""Contestants with settings of their own: tables, flags, what wins, and equal budgets."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from neuroevo.cli.comparison import reference_of, shared_settings
from neuroevo.cli.contestants import settings_of_all
from neuroevo.cli.settings.load import load, with_settings
from neuroevo.cli.settings.quick import QUICK
from neuroevo.cli.settings.run import BenchNetworks
from neuroevo.cli.settings.sources import Sources
from neuroevo.runs.records import read_records
from neuroevo.signatures import parameters

Program = Callable[..., Any]
BUDGET = ("--population", 2, "--life-updates", 6)
TINY = (
    *("bench", "--width", 0.25, "--generations", 2, *BUDGET, "--mutation-rate", 0.3, "--share", 0.3, "--ways", 3),
    *("--updates", 2, "--descendants", 1, "--shots", 5, "--seeds", 1, "--quiet"),
)
TABLES = """
strategies = ["scratch", "finetune", "gtl", "gtl-no-mutation"]

[contestants.bold]
strategy = "gtl"
mutation_rate = 0.2
elites = 0
parents = "none"

[contestants.many]
strategy = "gtl"
population = 4
life_momentum = 0.5

[contestants.longer]
strategy = "finetune"
pretraining_updates = 30
"""
FLAGS = (
    *("--strategies", "scratch,finetune,gtl,gtl-no-mutation"),
    *("--contestant", "bold=gtl:mutation_rate=0.2,elites=0,parents=none"),
    *("--contestant", "many=gtl:population=4,life-momentum=0.5"),
    *("--contestant", "longer=finetune:pretraining_updates=30"),
)
NAMES = ["scratch", "finetune", "gtl", "gtl-no-mutation", "bold", "many", "longer"]


@pytest.fixture(scope="module", autouse=True)
def _small_data(made: list[str], undrawn: None) -> None:
    """The data set `glyphs` is made at once in these tests, and no picture is drawn."""


@pytest.fixture(scope="module")
def finished(neuroevo: Program, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run whose contestants are tables of a file."""
    folder: Path = tmp_path_factory.mktemp("contestants")
    (folder / "mine.toml").write_text(TABLES)
    call = neuroevo(*TINY, "--settings", folder / "mine.toml", "--out", folder / "run")
    assert call.code == 0, call.err
    return folder / "run"


def timeless(folder: Path) -> list[dict[str, Any]]:
    """Return a run's records without their times."""
    return [
        {key: value for key, value in one.items() if "seconds" not in key}
        for one in read_records(folder / "records.jsonl")
    ]


def settings_of(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the settings of the contestants that evolve, as the run notes them."""
    facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return {one["name"]: one["settings"] for one in facts["comparison"]["contestants"]}


def test_each_takes_part_under_its_name(finished: Path) -> None:
    """After those of the library, with its own learngenes."""
    ancestors = [one["strategy"] for one in timeless(finished) if one["kind"] == "ancestor"]
    assert ancestors == NAMES
    files = {path.name for path in (finished / "learngenes").iterdir()}
    assert files == {f"{name}-seed0.safetensors" for name in NAMES if name != "scratch"}


def test_its_own_settings_win_over_those_of_the_run(finished: Path) -> None:
    """Settings of the whole run go to all that have them, but for what makes a variant."""
    found = settings_of(finished)
    assert {name: found[name]["mutation_rate"] for name in ("gtl", "gtl-no-mutation", "bold", "many")} == {
        "gtl": 0.3,
        "gtl-no-mutation": 0.0,
        "bold": 0.2,
        "many": 0.3,
    }
    assert {found[name]["share"] for name in ("gtl", "gtl-no-mutation", "bold", "many")} == {0.3}
    assert (found["bold"]["elites"], found["bold"]["parents"], found["bold"]["population"]) == (0, None, 2)
    assert (found["many"]["elites"], found["many"]["parents"], found["many"]["population"]) == (1, 1, 4)
    assert found["many"]["life"]["momentum"] == 0.5
    assert found["gtl"]["life"]["momentum"] == 0.9


def test_all_have_the_same_gradient_steps(finished: Path) -> None:
    """Whatever their population is; only a number of updates of one's own is another budget."""
    steps = {one["strategy"]: one["gradient_steps"] for one in timeless(finished) if one["kind"] == "ancestor"}
    assert steps.pop("scratch") == 0
    assert steps.pop("longer") == 30
    assert steps == dict.fromkeys(steps, 2 * 2 * 6)
    assert settings_of(finished)["many"]["life"]["updates"] == 3


def test_ways_are_those_of_descendants(finished: Path) -> None:
    """Evolution has its own numbers of classes."""
    found = settings_of(finished)["gtl"]
    assert (found["life_ways"], found["critic_ways"]) == ("all", None)
    facts = json.loads((finished / "run.json").read_text(encoding="utf-8"))
    assert {one["ways"] for one in facts["comparison"]["protocols"]} == {3}


def test_flags_and_tables_are_the_same(finished: Path, neuroevo: Program, tmp_path: Path) -> None:
    """Equal records, equal settings files, and equal words to repeat the run."""
    call = neuroevo(*TINY, *FLAGS, "--out", tmp_path / "run")
    assert call.code == 0, call.err
    assert timeless(tmp_path / "run") == timeless(finished)
    files = [folder / "settings.toml" for folder in (finished, tmp_path / "run")]
    assert files[0].read_bytes() == files[1].read_bytes()
    tables = tomllib.loads(files[0].read_text(encoding="utf-8"))["contestants"]
    assert tables["bold"] == {"strategy": "gtl", "mutation_rate": 0.2, "elites": 0, "parents": "none"}


def test_the_settings_repeat_the_run(finished: Path, neuroevo: Program, tmp_path: Path) -> None:
    """With the same contestants."""
    call = neuroevo("bench", "--settings", finished / "settings.toml", "--out", tmp_path / "run", "--quiet")
    assert call.code == 0, call.err
    assert timeless(tmp_path / "run") == timeless(finished)


def test_a_run_is_resumed_with_its_contestants(finished: Path, neuroevo: Program) -> None:
    """None of them has to be named again, and none can be added."""
    lines = (finished / "records.jsonl").read_bytes().splitlines(keepends=True)
    whole = timeless(finished)
    (finished / "records.jsonl").write_bytes(b"".join(lines[: len(lines) // 2]))
    call = neuroevo("bench", "--resume", finished, "--quiet")
    assert call.code == 0, call.err
    assert timeless(finished) == whole
    call = neuroevo("bench", "--resume", finished, "--contestant", "more=gtl:elites=0")
    assert (call.code, call.out) == (2, "")
    assert "so it allows no --contestant." in call.err


def test_a_name_of_the_library_may_have_other_settings(neuroevo: Program, tmp_path: Path) -> None:
    """It takes the place of the library's own."""
    words = ("--strategies", "gtl,bold", "--contestant", "gtl=gtl:elites=0", "--contestant", "bold=gtl:noise=0.1")
    call = neuroevo(*TINY, *words, "--out", tmp_path / "run")
    assert call.code == 0, call.err
    found = settings_of(tmp_path / "run")
    assert {name: (one["elites"], one["noise"]) for name, one in found.items()} == {"gtl": (0, 0.0), "bold": (1, 0.1)}


def test_searches_may_be_contestants(neuroevo: Program, tmp_path: Path) -> None:
    """In the suite of searches; several numbers stand behind one name."""
    words = ("--strategies", "snes", "--problems", "digits", "--evaluations", 12, "--seeds", 1, "--population", 4)
    own = ("--contestant", "slow=pbt:rates=0.01,0.1,steps=1", "--contestant", "wide=snes:sigma=2,population=6")
    call = neuroevo("bench", "optimize", *words, *own, "--out", tmp_path / "run", "--quiet")
    assert call.code == 0, call.err
    found = read_records(tmp_path / "run" / "records.jsonl")
    assert {one["strategy"]: one["population"] for one in found} == {"snes": 4, "slow": 4, "wide": 6}
    tables = tomllib.loads((tmp_path / "run" / "settings.toml").read_text(encoding="utf-8"))["contestants"]
    assert tables["slow"] == {"strategy": "pbt", "rates": [0.01, 0.1], "steps": 1}


WRONG = [
    ("bold", "--contestant must be NAME=STRATEGY:SETTING=VALUE,SETTING=VALUE, such as ", "but it is bold."),
    ("bold=gtl:elites", "--contestant must be NAME=STRATEGY:SETTING=VALUE,SETTING=VALUE, ", "bold=gtl:elites."),
    ("bold=gtll", "--contestant bold: strategy 'gtll' is not known; did you mean gtl", " or another of "),
    ("bold=gtl:mutation=1", "--contestant bold: mutation is not a setting of gtl; did you mean mutation_rate?", ""),
    (
        "bold=gtl:sigma=1",
        "--contestant bold: sigma must be left out, for gtl does not read it; cma-es, ",
        " snes would.",
    ),
    ("bold=gtl:seed=1", "--contestant bold: seed must be left out, for gtl does not read it; bench ", " would."),
    ("bold=gtl:out=x", "--contestant bold: out must be left out, for gtl does not read it; ", " would."),
    ("bold=gtl:elites=x", "--contestant bold: elites must be a whole number, but it is 'x'.", ""),
    ("bold=gtl:elites=-1", "elites must be at least 0, but it is -1.", ""),
    ("../bold=gtl", "--contestant must have a name of letters, digits, - and _, but it is '../bold'.", ""),
    ("bold=snes", "--strategies must be of strategies that pass on learngenes in the suite transfer, but bold ", ""),
]


@pytest.mark.parametrize(("word", "start", "end"), WRONG, ids=[word for word, _, _ in WRONG])
def test_what_is_wrong_is_one_sentence(neuroevo: Program, word: str, start: str, end: str, tmp_path: Path) -> None:
    """It names the contestant; no folder is made."""
    call = neuroevo("bench", "--strategies", "scratch", "--contestant", word, "--out", tmp_path / "run")
    assert (call.code, call.out) == (2, "")
    assert call.err.startswith(f"Error: {start}")
    assert end in call.err
    assert call.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("contestants = 3", "contestants must be tables, such as [contestants.bold]."),
        ("[contestants]\nbold = 3", "contestants must be tables, such as [contestants.bold]."),
        ("[contestants.bold]\nelites = 0", "contestants.bold: strategy must be one of "),
        ("[contestants.bold]\nstrategy = 3", "contestants.bold: strategy must be one of "),
        ("[contestants.bold]\nstrategy = 'gtl'\nelite = 0", "contestants.bold: elite is not a setting of gtl; did you"),
        ("[contestants.bold]\nstrategy = 'gtl'\nelites = '0'", "contestants.bold: elites must be a whole number, but"),
        ("[contestants.bold]\nstrategy = 'gtl'\nelites = true", "contestants.bold: elites must be a whole number, but"),
        ("[contestants.'a b']\nstrategy = 'gtl'", "contestants must have names of letters, digits, - and _, but "),
    ],
)
def test_a_table_is_read_strictly(neuroevo: Program, text: str, sentence: str, tmp_path: Path) -> None:
    """The sentence names the file."""
    file = tmp_path / "mine.toml"
    file.write_text(text)
    call = neuroevo("bench", "--settings", file, "--out", tmp_path / "run")
    assert (call.code, call.out) == (2, "")
    assert call.err.startswith(f"Error: {file}: {sentence}")
    assert call.err.count("\n") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("names", [["finetune"], ["gtl"], ["finetune", "gtl-paper"]])
def test_the_budget_of_quick_does_not_depend_on_who_takes_part(names: list[str]) -> None:
    """All get the gradient steps of gtl at its own quick defaults, whether it takes part or not."""
    model = with_settings(BenchNetworks, settings_of_all(names))
    settings = load(model, Sources(flags={"quick": True}, environ={}, table={}), what="the test")
    found = shared_settings(settings)
    assert (found["life_updates"], found["critic_updates"]) == (QUICK["life_updates"], QUICK["critic_updates"])
    assert "life_updates" not in shared_settings(load(model, Sources(flags={}, environ={}, table={}), what="the test"))


@pytest.mark.parametrize(("asynchronous", "lives"), [(True, 2), (False, 1)])
def test_gtl_has_one_life_per_generation(asynchronous: bool, lives: int) -> None:
    """The contestant whose budget all get is one lineage, unless it runs without barriers."""
    flags = {"asynchronous": asynchronous, "engine": "processes"}
    settings = load(BenchNetworks, Sources(flags=flags, environ={}, table={}), what="the test")
    reference = reference_of(settings)
    assert reference.defaults == {}
    assert parameters(reference.make)["population"].default == lives
