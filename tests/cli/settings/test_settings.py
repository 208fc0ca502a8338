"""Laws of settings: precedence, the way to TOML and back, and a sentence for every mistake."""

import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuroevo import catalogue
from neuroevo.benchmarks.suites import adaptation, scaling
from neuroevo.cli.contestants import settings_of_all
from neuroevo.cli.owners import MODELS, function_of
from neuroevo.cli.settings.derived import settings_of
from neuroevo.cli.settings.load import SettingsError, fields, load, to_toml, used, with_settings
from neuroevo.cli.settings.quick import QUICK
from neuroevo.cli.settings.run import BenchNetworks, EvolveNetworks, EvolveSearch, Settings
from neuroevo.cli.settings.sources import Sources, read_table
from neuroevo.cli.settings.values import expected, metavar
from neuroevo.splits import load_split
from neuroevo.strategies import GTL, SNES

SUITES = {**settings_of(scaling.conditions), **settings_of(adaptation.conditions)}
BENCH = with_settings(BenchNetworks, {**SUITES, **settings_of_all(["gtl", "finetune"])})
EVOLVE = with_settings(EvolveNetworks, settings_of(GTL))
SEARCH = with_settings(EvolveSearch, settings_of(SNES))
GLYPHS = load_split("glyphs")
BACKBONES = ", ".join(catalogue.entries("backbone"))


def read(
    model: type[Settings] = BENCH,
    *,
    flags: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    file: Path | None = None,
) -> Any:
    """Return the settings of these sources; `sigma` is the setting of something else."""
    table, errors = read_table(file)
    assert errors == []
    sources = Sources(flags=flags or {}, environ=environ or {}, file=file, table=table)
    return load(model, sources, what="the test", owners=lambda key: ["snes"] if key == "sigma" else [])


def errors(model: type[Settings] = BENCH, **sources: Any) -> list[str]:
    """Return the sentences of a refusal."""
    with pytest.raises(SettingsError) as caught:
        read(model, **sources)
    assert str(caught.value).split("\n") == list(caught.value.errors)
    return list(caught.value.errors)


counts = st.integers(1, 2**62)
numbers = st.floats(min_value=0, exclude_min=True, allow_infinity=False, allow_nan=False)
text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
names = st.lists(text, min_size=1, max_size=3, unique=True).map(tuple)
networks = {
    "width": numbers,
    "seed": st.integers(0, 2**63 - 1),
    "generations": counts,
    "share": numbers,
    "parents": st.none() | counts,
    "life_ways": st.just("all") | st.none() | st.integers(1, 9),
    "critic_shots": st.integers(1, 9),
    "mutation_rate": numbers,
    "isolate": st.booleans(),
    "device": st.sampled_from(["auto", "cpu", "mps", "cuda", "cuda:0", "cuda:12"]),
    "json": st.booleans(),
    "quiet": st.booleans(),
}
several = st.lists(st.integers(1, 9), min_size=2, max_size=3, unique=True).map(tuple)
bench = {"suites": names, "strategies": names, "seeds": counts, "ways": st.none() | st.integers(2, 9)}
every_bench = st.fixed_dictionaries(
    {}, optional={**networks, **bench, "shots": st.integers(1, 9) | several, "learning_rate": numbers}
).map(BENCH.model_validate)
every_evolve = st.fixed_dictionaries({"strategy": text}, optional=networks).map(EVOLVE.model_validate)
every_search = st.fixed_dictionaries(
    {"strategy": text}, optional={"sigma": st.none() | numbers | st.lists(numbers, min_size=2, max_size=3).map(tuple)}
).map(SEARCH.model_validate)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=every_bench | every_evolve | every_search)
def test_settings_come_back_from_their_toml(wanted: Settings, tmp_path: Path) -> None:
    """The file holds valid TOML without None, and reading it gives settings that are equal and given alike."""
    file = tmp_path / "settings.toml"
    file.write_bytes(to_toml(used(wanted)).encode())
    found = read(type(wanted), file=file)
    shown = {"out": None, "as_json": False, "quiet": False}
    assert found == wanted.model_copy(update=shown)
    assert used(found) == used(wanted)
    assert wanted.given.items() <= found.given.items()
    table = tomllib.loads(to_toml(used(wanted)))
    assert table.keys() == {key for key, value in used(wanted).items() if value is not None}


values = st.sampled_from(["1", "2", "3", "4", "5"])
layers = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("seeds", "updates", "width", "generations", "shots", "life_updates"), values)
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(flags=layers, environ=layers, table=layers, quick=st.sampled_from(["", "f", "e", "t"]))
def test_the_highest_source_wins(
    flags: dict[str, str],
    environ: dict[str, str],
    table: dict[str, str],
    quick: str,
    tmp_path: Path,
) -> None:
    """For any values anywhere: flag, environment, file, the defaults of quick, the default."""
    known = BENCH.model_fields
    hurried = {key: value for key, value in QUICK.items() if key in known}
    wanted = BENCH().model_dump() | (hurried if quick else {}) | {"quick": bool(quick)}
    for layer in (table, environ, flags):
        wanted |= {key: int(value) for key, value in layer.items()}
    file = tmp_path / "settings.toml"
    lines = [f"{key} = {value}\n" for key, value in table.items()]
    file.write_text("".join([*lines, *(["quick = true\n"] if quick == "t" else [])]))
    found = read(
        flags={**flags, "batch": None, **({"quick": True} if quick == "f" else {})},
        environ={
            **{f"NEUROEVO_{key.upper()}": value for key, value in environ.items()},
            **({"NEUROEVO_QUICK": "1"} if quick == "e" else {}),
            "NEUROEVO_BATCH": "",
            "NEUROEVO_DEBUG": "1",
            "PATH": "/bin",
        },
        file=file,
    )
    assert found.model_dump() == wanted


@pytest.mark.parametrize(("word", "value"), [("true", True), ("0", False), ("False", False)])
def test_text_is_read_as_the_settings_kind(word: str, value: bool) -> None:
    """Booleans, lists, paths and numbers are read from flags and environment."""
    found = read(
        flags={"strategies": "gtl, scratch", "learning_rate": "1e-2", "suites": ("throughput",), "life_ways": "3"},
        environ={"NEUROEVO_QUIET": word, "NEUROEVO_OUT": "a/b"},
    )
    assert found.strategies == ("gtl", "scratch")
    assert found.suites == ("throughput",)
    assert found.learning_rate == 0.01
    assert found.out == Path("a/b")
    assert found.quiet is value
    assert found.life_ways == 3


def test_none_is_a_value_that_was_given(tmp_path: Path) -> None:
    """Not the same as no value where each contestant has its own default, and kept by the file."""
    assert read().given == {}
    found = read(flags={"parents": "none"})
    assert found.given == {"parents": None}
    (tmp_path / "settings.toml").write_text(to_toml(used(found)))
    again = read(file=tmp_path / "settings.toml").given
    assert {key: value for key, value in again.items() if key not in SUITES} == {"parents": None}
    assert read(EVOLVE, flags={"strategy": "gtl", "parents": "none"}).parents is None
    assert read(EVOLVE, flags={"strategy": "gtl"}).parents == 1


MISTAKES = [
    ({"generations": "0"}, "--generations must be a whole number of at least 1, but it is 0."),
    ({"generations": "six"}, "--generations must be a whole number of at least 1, but it is 'six'."),
    ({"generations": ""}, "--generations must be a whole number of at least 1, but it is ''."),
    ({"population": "six"}, "--population must be a whole number, but it is 'six'."),
    ({"life_ways": "some"}, "--life-ways must be a whole number or all or none, but it is 'some'."),
    ({"cross": "one"}, "--cross must be zero or random, but it is 'one'."),
    (
        {"shots": "1.5"},
        "--shots must be a whole number of at least 1, or different ones separated by commas, but it is 1.5.",
    ),
    (
        {"shots": "5,5"},
        "--shots must be a whole number of at least 1, or different ones separated by commas, but it is '5,5'.",
    ),
    (
        {"heirs": "mlp:x"},
        "--heirs: an heir must be a backbone with a width above 0, such as vgg11:0.5, but it is 'mlp:x'.",
    ),
    ({"heirs": "mlq:2"}, "--heirs 'mlq' is not known; did you mean mlp or another of `neuroevo list backbone`?"),
    (
        {"target_dataset": "fashion-mnist"},
        "--target-data-root must name the folder that holds the files of fashion-mnist.",
    ),
    ({"width": "nan"}, "--width must be a number above 0, but it is nan."),
    ({"learning_rate": "inf"}, "--learning-rate must be a number above 0, but it is inf."),
    ({"seed": "-1"}, "--seed must be a whole number of at least 0 and below 9223372036854775808, but it is -1."),
    ({"quick": "maybe"}, "--quick must be true or false, but it is 'maybe'."),
    ({"json": "maybe"}, "--json must be true or false, but it is 'maybe'."),
    ({"match": "time"}, "--match must be steps, multiply-adds, seconds or none, but it is 'time'."),
    ({"device": "gpu"}, "--device must be auto, cpu, cuda, cuda:N or mps, but it is 'gpu'."),
    ({"out": "a\0b"}, "--out must be a path, but it is 'a\\x00b'."),
    ({"strategies": ","}, "--strategies must be a list of different names, but it is ','."),
    ({"strategies": "gtl,gtl"}, "--strategies must be a list of different names, but it is 'gtl,gtl'."),
    (
        {"dataset": "glyps"},
        "--dataset 'glyps' is not known; did you mean glyphs or another of `neuroevo list dataset`?",
    ),
    ({"backbone": "xyz"}, f"--backbone must be one of {BACKBONES}, but it is 'xyz'."),
    ({"ways": "64"}, "--ways must be at most 63, the classes of the role novel of glyphs, but it is 64."),
    ({"life_ways": "54"}, "--life-ways must be at most 53, the classes of the role ancestry of glyphs, but it is 54."),
    (
        {"critic_ways": "21"},
        "--critic-ways must be at most 20, the classes of the role held_out of glyphs, but it is 21.",
    ),
    ({"shots": "200"}, "--shots must be below 200, the images per class of glyphs, but it is 200."),
    ({"critic_shots": "200"}, "--critic-shots must be below 200, the images per class of glyphs, but it is 200."),
    ({"dataset": "fashion-mnist"}, "--data-root must name the folder that holds the files of fashion-mnist."),
    (
        {"dataset": "fashion-mnist", "data_root": "no/where"},
        "--data-root must be an existing folder, but no/where is none.",
    ),
    (
        {"pretraining_updates": "9"},
        "--pretraining-updates must come with --match none, for otherwise contestants may spend what gtl does.",
    ),
]


@pytest.mark.parametrize(("flags", "sentence"), MISTAKES, ids=[str(flags) for flags, _ in MISTAKES])
def test_a_mistake_is_one_sentence(flags: dict[str, object], sentence: str) -> None:
    """Each mistake gives exactly its own sentence, which names the flag."""
    assert errors(flags=flags) == [sentence]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("population = true", "population must be a whole number, but it is True."),
        ("population = '6'", "population must be a whole number, but it is '6'."),
        ("seed = 1.0", "seed must be a whole number of at least 0 and below 9223372036854775808, "),
        ("width = nan", "width must be a number above 0, but it is nan."),
        ("batch = 2020-01-01", "batch must be a whole number of at least 1, but it is datetime."),
        ("quick = 1", "quick must be true or false, but it is 1."),
        ("isolate = 'yes'", "isolate must be true or false, but it is 'yes'."),
        ("strategies = 'gtl'", "strategies must be a list of different names, but it is 'gtl'."),
        ("strategies = [1]", "strategies must be a list of different names, but it is [1]."),
        ("dataset = 3", "dataset must be a text, but it is 3."),
        ("populaton = 3", "populaton is not a setting of the test; did you mean population?"),
        ("[bench]\nseeds = 3", "bench is not a setting of the test; did you mean batch?"),
        ("sigma = 1", "sigma must be left out, for the test does not read it; snes would."),
    ],
)
def test_a_file_is_read_strictly(line: str, words: str, tmp_path: Path) -> None:
    """Values in a file have the setting's own kind; the sentence names the file and the key."""
    file = tmp_path / "settings.toml"
    file.write_text(line)
    (sentence,) = errors(file=file)
    assert sentence.startswith(f"{file}: {words}")


@pytest.mark.parametrize("command", ["bench", "inherit"])
@pytest.mark.parametrize("content", [b"population", b"\xff", b"a = " + b"[" * 5000, None])
def test_a_file_that_is_no_toml_is_named(
    content: bytes | None, command: str, neuroevo: Callable[..., Any], tmp_path: Path
) -> None:
    """A missing or broken file is one sentence and the exit code 2."""
    file = tmp_path / "settings.toml"
    if content is not None:
        file.write_bytes(content)
    call = neuroevo(command, "--settings", file)
    assert (call.code, call.out) == (2, "")
    assert call.err.startswith(f"Error: --settings must name a TOML file, but {file} ")
    assert call.err.count("\n") == 1


def test_the_environment_is_checked() -> None:
    """Variables are named as such; those of another command are passed over, misspelt ones are not."""
    environ = {"NEUROEVO_POPULATON": "3", "NEUROEVO_SEEDS": "x", "NEUROEVO_SIGMA": "2"}
    assert errors(environ=environ) == [
        "NEUROEVO_POPULATON is not a setting of the test; did you mean NEUROEVO_POPULATION?",
        "NEUROEVO_SEEDS must be a whole number of at least 1, but it is 'x'.",
    ]


def test_all_mistakes_are_reported_at_once(tmp_path: Path) -> None:
    """Mistakes in every source and between settings come together."""
    file = tmp_path / "settings.toml"
    file.write_text("sed = 1\nupdates = 0\n")
    sentences = errors(
        flags={"share": "two", "dataset": "fashion-mist", "out": str(tmp_path)},
        environ={"NEUROEVO_WIDTH": "-1"},
        file=file,
    )
    assert sorted(sentences) == sorted(
        [
            f"{file}: sed is not a setting of the test; did you mean seed?",
            "NEUROEVO_WIDTH must be a number above 0, but it is -1.",
            "--share must be a number, but it is 'two'.",
            f"{file}: updates must be a whole number of at least 1, but it is 0.",
            "--dataset 'fashion-mist' is not known; did you mean fashion-mnist or another of `neuroevo list dataset`?",
            f"--out must be a new or empty folder, but {tmp_path} is not.",
        ]
    )


def test_a_required_setting_is_asked_for() -> None:
    """Running one strategy needs its name, from anywhere."""
    assert errors(EVOLVE) == ["STRATEGY must be given."]
    assert read(EVOLVE, environ={"NEUROEVO_STRATEGY": "gtl"}).strategy == "gtl"


def test_a_data_set_on_disk_needs_only_its_folder(tmp_path: Path) -> None:
    """Settings that fit are accepted: a folder that exists, and a new one for the results."""
    flags = {"dataset": "fashion-mnist", "data_root": str(tmp_path), "out": str(tmp_path / "new")}
    assert read(flags=flags).data_root == tmp_path
    flags["out"] = str(tmp_path)  # exists, but is empty
    assert read(flags=flags).out == tmp_path


@given(flags=st.dictionaries(st.sampled_from(sorted(fields(BENCH))), st.text() | st.booleans(), max_size=6))
def test_any_text_is_read_or_refused(flags: dict[str, object]) -> None:
    """Whatever flags say, there are settings or sentences; no other error comes out."""
    sentences: tuple[str, ...] = ("It must be loaded.",)
    try:
        read(flags=flags)
    except SettingsError as error:
        sentences = error.errors
    assert sentences
    assert all(" must " in sentence or " give one." in sentence for sentence in sentences)


THINGS = [
    (kind, name) for kind in ("strategy", "problem", "graph problem", "suite") for name in catalogue.entries(kind)
]
EVERY: dict[str, Callable[[], Mapping[str, Any]]] = {
    **{what: lambda model=model: fields(model) for what, model in MODELS.items()},  # type: ignore[misc]
    **{
        f"{kind} {name}": lambda kind=kind, name=name: {  # type: ignore[misc]
            key: info for key, (_, info) in settings_of(function_of(catalogue.find(kind, name))).items()
        }
        for kind, name in THINGS
    },
}


@pytest.mark.parametrize("what", EVERY)
def test_every_setting_has_a_description(what: str) -> None:
    """Help can be written for every setting: each says what it is."""
    for key, info in EVERY[what]().items():
        assert info.description, key
        assert info.description.endswith("."), key


@pytest.mark.parametrize("model", [*MODELS.values(), BENCH, EVOLVE, SEARCH])
def test_every_setting_has_words(model: type[Settings]) -> None:
    """Errors and help name what a setting must be."""
    for key, info in fields(model).items():
        assert expected(info), key
        assert metavar(info) not in ("", "VALUE"), key


def test_quick_knows_only_settings() -> None:
    """Each of its defaults is that of a setting of something."""
    known = {key for what in EVERY for key in EVERY[what]()}
    assert QUICK.keys() <= known
    assert read(flags={"quick": True}).quick


def test_settings_do_not_import_torch() -> None:
    """Mistakes in general settings are answered before the slow import."""
    program = "import sys, neuroevo.cli.settings.load, neuroevo.runs.records\nsys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
