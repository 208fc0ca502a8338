"""`neuroevo evolve`: one strategy, and the learngene that it leaves."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from neuroevo import catalogue
from neuroevo.cli.evolution import Chosen
from neuroevo.cli.settings.load import fields, with_settings
from neuroevo.learngene import Learngene
from neuroevo.problems import NearestMean
from neuroevo.runs.records import read_records

Program = Callable[..., Any]
TINY = ("--width", 0.25, "--generations", 2, "--population", 2, "--life-updates", 2, "--critic-updates", 2)
SMALL = {**dict(zip(TINY[::2], TINY[1::2], strict=True)), "--pretraining-updates": 8}
STEPS = 2 * 2 * 2  # two generations, scored without training, or pre-training
STEPS_WITH_CRITICS = 2 * 2 * (2 + 2) + 2 * 8 * 2  # two generations, then two finalists
STEPS_OF = {"untrained-circuit": 0, "gtl-paper": STEPS_WITH_CRITICS, "layerwise": STEPS_WITH_CRITICS}
LEARNGENES = [
    name
    for name in catalogue.entries("strategy")
    if name not in ("gtl", "scratch") and not Chosen.of(name, "").searches
]


@pytest.fixture(scope="module", autouse=True)
def _small_data(made: list[str], undrawn: None) -> None:
    """The data set `glyphs` is made at once in these tests, and no picture is drawn."""


@pytest.fixture(scope="module")
def finished(neuroevo: Program, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """Return a run of GTL and its folder."""
    folder = tmp_path_factory.mktemp("evolve") / "run"
    return neuroevo("evolve", "gtl", *TINY, "--seed", 3, "--out", folder), folder


def facts(folder: Path) -> dict[str, Any]:
    """Return what `run.json` holds."""
    found: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return found


def same_tensors(first: Learngene, second: Learngene) -> bool:
    """Whether two learngenes hold the same channels and weights."""
    ours, theirs = first.tensors(), second.tensors()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_the_learngene_is_saved_and_loads(finished: tuple[Any, Path]) -> None:
    """It knows its data set, seed, lineage and classes, and its circuit runs."""
    call, folder = finished
    assert call.code == 0, call.err
    learngene = Learngene.load(folder / "learngene.safetensors")
    notes = learngene.notes
    assert (notes["strategy"], notes["dataset"], notes["seed"], notes["generations"]) == ("gtl", "glyphs", 3, 2)
    assert notes["settings"]["population"] == 2
    assert notes["lineage"]
    assert notes["classes"].keys() == {"ancestry", "held_out"}
    assert learngene.to_module(classes=3)(torch.zeros(2, 1, 16, 16)).shape == (2, 3)


def test_the_run_directory_is_complete(finished: tuple[Any, Path]) -> None:
    """Facts, settings, records of every generation, checkpoints and the log are there."""
    _, folder = finished
    names = {"checkpoints", "learngene.safetensors", "log.txt", "records.jsonl", "run.json", "settings.toml"}
    assert {path.name for path in folder.iterdir()} == names
    assert (facts(folder)["status"], facts(folder)["what"], facts(folder)["seed"]) == ("finished", "evolve", 3)
    settings = tomllib.loads((folder / "settings.toml").read_text(encoding="utf-8"))
    assert (settings["strategy"], settings["seed"], settings["width"]) == ("gtl", 3, 0.25)
    assert [record["generation"] for record in read_records(folder / "records.jsonl")] == [0, 1]


def test_the_end_says_what_was_made(finished: tuple[Any, Path]) -> None:
    """Size, share, score and cost, and the path last; generations are lines on stderr."""
    call, folder = finished
    learngene = Learngene.load(folder / "learngene.safetensors")
    share = learngene.parameters / learngene.backbone.layout.parameters()
    assert f"{learngene.parameters:,} parameters ({100 * share:.1f} % of the" in call.out
    assert f"scores {learngene.notes['score']:.3f} on held-out classes and took {STEPS} gradient" in call.out
    assert call.out.splitlines()[-1].endswith(str(folder / "learngene.safetensors"))
    for number in (1, 2):
        assert sum(line.startswith(f"generation {number}/2: ") for line in call.err.splitlines()) == 1


def test_the_same_seed_gives_the_same_bytes(finished: tuple[Any, Path], neuroevo: Program, tmp_path: Path) -> None:
    """Learngene and records but for times are equal for equal seeds and differ for others; quiet says nothing."""
    _, folder = finished
    for seed, equal in ((3, True), (4, False)):
        out = tmp_path / str(seed)
        call = neuroevo("evolve", "gtl", *TINY, "--seed", seed, "--out", out, "--quiet")
        assert (call.code, call.err) == (0, "")
        files = [each / "learngene.safetensors" for each in (folder, out)]
        assert (files[0].read_bytes() == files[1].read_bytes()) == equal
        records = [[{**one, "seconds": 0} for one in read_records(each / "records.jsonl")] for each in (folder, out)]
        assert (records[0] == records[1]) == equal


def test_bench_evolves_the_same(finished: tuple[Any, Path], neuroevo: Program, tmp_path: Path) -> None:
    """The contestant of a comparison with this seed is this learngene."""
    words = ["--strategies", "gtl", "--seed", 3, "--seeds", 1, "--updates", 1, "--descendants", 1]
    assert neuroevo("bench", *TINY, *words, "--out", tmp_path / "run").code == 0
    theirs = Learngene.load(tmp_path / "run" / "learngenes" / "gtl-seed3.safetensors")
    ours = Learngene.load(finished[1] / "learngene.safetensors")
    assert same_tensors(ours, theirs)
    assert ours.notes["score"] == theirs.notes["score"]


@pytest.mark.parametrize("strategy", LEARNGENES)
def test_every_strategy_that_transfers_something_can_be_run(neuroevo: Program, strategy: str, tmp_path: Path) -> None:
    """With --json stdout holds nothing but one value, which agrees with the file."""
    chosen = Chosen.of(strategy, "")
    known = fields(with_settings(chosen.model, chosen.settings()))
    words = [f"{flag}={value}" for flag, value in SMALL.items() if flag[2:].replace("-", "_") in known]
    call = neuroevo("evolve", strategy, *words, "--out", tmp_path / "run", "--json")
    assert call.code == 0, call.err
    found = json.loads(call.out, parse_constant=pytest.fail)
    learngene = Learngene.load(found["learngene"])
    assert Path(found["learngene"]) == tmp_path / "run" / "learngene.safetensors"
    assert found["parameters"] == learngene.parameters
    assert 0 < found["share"] <= 1
    assert 0 <= found["score"] <= 1
    assert found["gradient_steps"] == STEPS_OF.get(strategy, STEPS)


WRONG = [
    (["scratch"], "scratch transfers nothing, so there is no learngene to save", "choose another strategy."),
    (["gtll"], "STRATEGY 'gtll' is not known; did you mean gtl or another of `neuroevo list strategy`?", ""),
    ([], "STRATEGY must be given, for example: neuroevo evolve gtl --quick; ", ""),
    (["gtl", "finetune"], "Got unexpected extra argument", "finetune"),
    (["gtl", "--device", "cuda:99"], "--device must be auto or one of ", "but it is cuda:99."),
    (["gtl", "--population", 0], "population must be at least 1, but it is 0.", ""),
    (["gtl", "--mutation-rate", 2], "mutation_rate must lie in [0, 1], but it is 2.0.", ""),
    (["gtl", "--backbone", "resnet12", "--cross", "one"], "--cross must be zero or random, but it is 'one'.", ""),
    (["gtl", "--seeds", 3], "--seeds must be left out, for gtl does not read it; bench ", " would."),
    (["gtl", "--ways", 3], "--ways must be left out, for gtl does not read it; bench ", " and inherit would."),
    (["gtl", "--sigma", 3], "--sigma must be left out, for gtl does not read it; cma-es, ", " and snes would."),
    (["gtl", "--mutation-rat", 0.1], "--mutation-rat is not a setting of gtl; did you mean --mutation-rate?", ""),
    (["snes", "--problem", "sphere", "--population", 8, "--tournament", 7], "--tournament must be left out, ", "novel"),
    (["snes", "--per-class", 8, "--problem", "sphere"], "--per-class must be left out, ", "problem digits would."),
    (["snes", "--problem", "sphere", "--width", 2], "--width must be left out, for snes on sphere does not", "would."),
    (["differential", "--problem", "sphere", "--population", 3], "population must be at least 4, but it is 3.", ""),
    (["map-elites", "--problem", "sphere"], "problem must have one objective, and measures ", ""),
    (["snes", "--problem", "spere"], "--problem of snes 'spere' is not known; did you mean sphere?", ""),
    (["random-circuit", "--generations", 3], "--generations must be left out, for random-circuit ", "would."),
    (["random-circuit", "--share", 2], "share must lie in (0, 1], but it is 2.0.", ""),
    (["snes", "--evaluations", 9, "--generations", 2], "--evaluations and --generations both say how long", ""),
]


@pytest.mark.parametrize(("words", "start", "end"), WRONG, ids=[str(words) for words, _, _ in WRONG])
def test_what_is_wrong_is_said_before_any_folder_is_made(
    neuroevo: Program, words: list[Any], start: str, end: str, tmp_path: Path
) -> None:
    """Exit code 2 and one sentence; no folder is left."""
    call = neuroevo("evolve", *words, "--out", tmp_path / "run")
    assert (call.code, call.out) == (2, "")
    assert call.err.startswith(f"Error: {start}")
    assert end in call.err
    assert call.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_wrong_settings_make_no_data(neuroevo: Program, made: list[str], tmp_path: Path) -> None:
    """All that can be said without data comes before them, and together."""
    before = len(made)
    call = neuroevo("evolve", "gtl", "--population", "x", "--width", 0, "--backbone", "mlq", "--out", tmp_path / "run")
    assert call.code == 2
    names = [line.split(" must ")[0].split(" '")[0] for line in call.err.splitlines()]
    assert sorted(names) == ["Error: --backbone", "Error: --population", "Error: --width"]
    assert len(made) == before


def test_variables_of_other_runs_are_passed_over(
    neuroevo: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another strategy or command reads may stay in the environment; what nothing reads is refused."""
    monkeypatch.setenv("NEUROEVO_SIGMA", "0.5")
    monkeypatch.setenv("NEUROEVO_SEEDS", "3")
    monkeypatch.setenv("NEUROEVO_POPULATION", "2")
    words = ("evolve", "untrained-circuit", "--width", 0.25, "--quiet")
    assert neuroevo(*words, "--out", tmp_path / "run").code == 0
    monkeypatch.setenv("NEUROEVO_POPULATIN", "3")
    call = neuroevo("evolve", "gtl", "--out", tmp_path / "other")
    assert call.code == 2
    assert call.err == "Error: NEUROEVO_POPULATIN is not a setting of gtl; did you mean NEUROEVO_POPULATION?\n"


def test_results_are_never_mixed(finished: tuple[Any, Path], neuroevo: Program) -> None:
    """The folder of another run is refused and stays as it was."""
    _, folder = finished
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    call = neuroevo("evolve", "gtl", *TINY, "--out", folder)
    assert (call.code, call.out) == (2, "")
    assert call.err == f"Error: --out must be a new or empty folder, but {folder} is not.\n"
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_a_run_that_breaks_off_says_so(neuroevo: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first generation's record stays, there is no learngene, and the log has the traceback."""
    batch, calls = NearestMean.batch, iter(range(9))

    def failing(self: NearestMean, individuals: Any) -> Any:
        if next(calls) == 1:
            raise RuntimeError("out of memory")
        return batch(self, individuals)

    monkeypatch.setattr(NearestMean, "batch", failing)
    folder = tmp_path / "run"
    call = neuroevo("evolve", "gtl", *TINY, "--out", folder)
    assert (call.code, call.out) == (1, "")
    assert call.err.splitlines()[-1] == "Error: out of memory"
    assert (facts(folder)["status"], facts(folder)["error"]) == ("failed", "RuntimeError: out of memory")
    assert "Traceback" in (folder / "log.txt").read_text(encoding="utf-8")
    assert [record["generation"] for record in read_records(folder / "records.jsonl")] == [0]
    assert not (folder / "learngene.safetensors").exists()


def test_training_that_diverges_is_one_sentence(neuroevo: Program, tmp_path: Path) -> None:
    """If no individual has a finite score, the run fails and says what to check."""
    words = ["--life-learning-rate", 1e30, "--life-updates", 4, "--critic-updates", 4]
    call = neuroevo("evolve", "gtl", *TINY, *words, "--out", tmp_path / "run", "--quiet")
    assert call.code == 1
    assert call.err.startswith("Error: all 2 individuals of generation 0 failed")
    assert call.err.count("\n") == 1


def test_show_describes_the_run_and_its_learngene(finished: tuple[Any, Path], neuroevo: Program) -> None:
    """Both are found under the printed path."""
    call, folder = finished
    shown = neuroevo("show", folder)
    assert shown.code == 0
    assert shown.out.startswith("This is a run of neuroevo evolve with seed ")
    path = call.out.splitlines()[-1].removeprefix("Saved: ")
    assert "gtl made it on glyphs with seed " in neuroevo("show", path).out


def test_show_says_how_far_a_run_came(finished: tuple[Any, Path], neuroevo: Program) -> None:
    """The last generation and the learngene are described."""
    call = neuroevo("show", finished[1])
    assert call.code == 0, call.err
    assert "Generation 2 was its last: " in call.out
    assert "learngene of the backbone convnet4" in call.out


def timeless(folder: Path) -> list[dict[str, Any]]:
    """Return a run's records without their times."""
    return [
        {key: value for key, value in one.items() if "seconds" not in key}
        for one in read_records(folder / "records.jsonl")
    ]


FEW = ("--generations", 2, "--population")
REPEATED = [
    ("snes", "--problem", "rastrigin", "--dimensions", 3, *FEW, 4, "--sigma", "1,2,3"),
    ("genetic", "--problem", "sphere", *FEW, 4, "--tournament", 2, "--rate", 0.3),
    ("neat", "--problem", "xor", *FEW, 10),
    ("pbt", "--problem", "digits", "--per-class", 3, *FEW, 4, "--rates", "0.02,0.5"),
    ("cma-es", "--problem", "sphere", "--evaluations", 20, "--weights", "linear"),
    ("gtl-paper", *TINY, "--parents", "none", "--critic-ways", 2, "--share", 0.3),
    ("untrained-circuit", "--width", 0.25, "--cross", "random"),
]


@pytest.mark.parametrize("words", REPEATED, ids=[str(words[0]) for words in REPEATED])
def test_a_run_is_repeated_by_its_settings(neuroevo: Program, words: tuple[Any, ...], tmp_path: Path) -> None:
    """File and command that a run notes lead to the same records but for times, and to the same bytes elsewhere."""
    first, again, called = tmp_path / "first", tmp_path / "again", tmp_path / "called"
    call = neuroevo("evolve", *words, "--seed", 5, "--out", first, "--quiet")
    assert call.code == 0, call.err
    call = neuroevo("evolve", "--settings", first / "settings.toml", "--out", again, "--quiet")
    assert call.code == 0, call.err
    program, *repeat = facts(first)["repeat"]
    call = neuroevo(*repeat, "--out", called, "--quiet")
    assert (program, call.code) == ("neuroevo", 0), call.err
    settings = [(folder / "settings.toml").read_bytes() for folder in (first, again, called)]
    assert settings[0] == settings[1] == settings[2]
    assert timeless(first) == timeless(again) == timeless(called)
    (file,) = first.glob("*.safetensors")
    assert (again / file.name).read_bytes() == file.read_bytes()
    table = tomllib.loads((first / "settings.toml").read_text(encoding="utf-8"))
    assert not {"address", "gpus_per_worker"} & table.keys()  # only Ray reads them
    for flag, value in zip(words[1::2], words[2::2], strict=True):
        written = table[str(flag)[2:].replace("-", "_")]
        assert (",".join(f"{one:g}" for one in written) if isinstance(written, list) else written) == value


def test_generations_and_evaluations_end_a_search(neuroevo: Program, tmp_path: Path) -> None:
    """As many generations as are asked for, or as many as the evaluations allow."""
    counts = {("--generations", 3): [0, 1, 2], ("--evaluations", 39): [0, 1, 2], ("--evaluations", 40): [0, 1, 2, 3]}
    for words, generations in counts.items():
        out = tmp_path / "-".join(map(str, words))
        call = neuroevo("evolve", "snes", "--problem", "sphere", "--population", 10, *words, "--out", out, "--quiet")
        assert call.code == 0, call.err
        assert [record["generation"] for record in timeless(out)] == generations


def test_a_switch_may_stand_before_the_strategy(neuroevo: Program, tmp_path: Path) -> None:
    """Wherever it is, the strategy is found among the words."""
    few = ("--problem", "sphere", "--generations", 1, "--quiet")
    for place, words in enumerate((("--plus", "evolution-strategy"), ("--no-plus", "evolution-strategy"))):
        call = neuroevo("evolve", *words, *few, "--out", tmp_path / str(place))
        assert call.code == 0, call.err
        settings = tomllib.loads((tmp_path / str(place) / "settings.toml").read_text(encoding="utf-8"))
        assert settings["plus"] is (place == 0)


def test_quick_is_for_evolve_too(neuroevo: Program, tmp_path: Path) -> None:
    """It changes defaults, not what was given."""
    call = neuroevo("evolve", "gtl", "--quick", "--life-updates", 2, "--critic-updates", 2, "--out", tmp_path / "run")
    assert call.code == 0, call.err
    settings = tomllib.loads((tmp_path / "run" / "settings.toml").read_text(encoding="utf-8"))
    assert (settings["generations"], settings["seed"], settings["life_updates"]) == (3, 0, 2)


def test_ancestors_live_in_environments(neuroevo: Program, tmp_path: Path) -> None:
    """Records and the learngene name them, and a run that is resumed ends as one that was not stopped."""
    words = ("--environments", "mixed", *TINY[:2], "--population", 8, "--life-updates", 2, "--quiet")
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert neuroevo("evolve", "gtl-population", *words, "--generations", 2, "--cycle", 2, "--out", whole).code == 0
    assert neuroevo("evolve", "gtl-population", *words, "--generations", 1, "--cycle", 2, "--out", parts).code == 0
    assert neuroevo("evolve", "--resume", parts, "--generations", 2, "--quiet").code == 0
    first, second = (Learngene.load(folder / "learngene.safetensors") for folder in (whole, parts))
    assert same_tensors(first, second)
    assert first.notes["environments"] == second.notes["environments"]
    records = read_records(whole / "records.jsonl")
    assert len({one["environment"] for one in records[0]["individuals"]}) == 8
    assert facts(whole)["data"]["environments"]["useful"] == ["useful-1", "useful-2"]
