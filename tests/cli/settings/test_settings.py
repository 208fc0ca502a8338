"""Laws of settings: precedence, the way to TOML and back, and a sentence for every mistake."""

import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from neuroevo.cli.settings.fields import expected, fields, metavar
from neuroevo.cli.settings.rules import Known
from neuroevo.cli.settings.settings import (
    QUICK,
    BenchSettings,
    EvolveSettings,
    SettingsError,
    load_settings,
    to_toml,
)
from neuroevo.splits import ROLES, load_split

STRATEGIES = load_settings(BenchSettings, flags={}, environ={}).strategies
KNOWN = Known(
    strategies=STRATEGIES,
    backbones=("mlp", "convnet4"),
    datasets=("glyphs", "fashion-mnist"),
    suites=("transfer", "throughput"),
    datasets_on_disk=("fashion-mnist",),
)
DEFAULTS = load_settings(BenchSettings, flags={}, environ={})
GLYPHS = load_split("glyphs")
FEWEST = min(ROLES, key=lambda role: len(getattr(GLYPHS, role)))
CLASSES = len(getattr(GLYPHS, FEWEST))


def errors(
    flags: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    file: Path | None = None,
    model: type[BaseModel] = BenchSettings,
) -> list[str]:
    """The sentences of a refusal."""
    with pytest.raises(SettingsError) as caught:
        load_settings(model, flags=flags or {}, environ=environ or {}, file=file, known=KNOWN)
    assert str(caught.value).split("\n") == list(caught.value.errors)
    return list(caught.value.errors)


counts = st.integers(1, 2**62)
numbers = st.floats(min_value=0, exclude_min=True, allow_infinity=False, allow_nan=False)
text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
names = st.lists(text, min_size=1, max_size=3, unique=True).map(tuple)
paths = text.map(lambda name: Path("missing") / name.replace("/", ":"))
shared = {
    "dataset": text,
    "data_root": st.none() | paths,
    "backbone": text,
    "width": numbers,
    "seed": st.integers(0, 2**63 - 1),
    "generations": counts,
    "share": st.floats(0, 1, exclude_min=True),
    "ways": st.none() | st.integers(2, 2**62),
    "shots": counts,
    "batch": counts,
    "learning_rate": numbers,
    "device": st.sampled_from(["auto", "cpu", "mps", "cuda", "cuda:0", "cuda:12"]),
    "out": st.none() | paths,
    "json": st.booleans(),
    "quiet": st.booleans(),
}
several = st.lists(counts, min_size=2, max_size=3, unique=True).map(tuple)
every_bench = st.fixed_dictionaries(
    {**shared, "shots": counts | several}, optional={"suites": names, "strategies": names, "seeds": counts}
).map(BenchSettings.model_validate)
every_evolve = st.fixed_dictionaries({**shared, "strategy": text}).map(EvolveSettings.model_validate)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=every_bench | every_evolve)
def test_settings_come_back_from_their_toml(wanted: BenchSettings | EvolveSettings, tmp_path: Path) -> None:
    """The file holds valid TOML without None, and reading it gives equal settings."""
    file = tmp_path / "settings.toml"
    file.write_bytes(to_toml(wanted).encode())
    assert load_settings(type(wanted), flags={}, environ={}, file=file) == wanted
    table = tomllib.loads(to_toml(wanted))
    assert table.keys() == {key for key, value in wanted.model_dump(by_alias=True).items() if value is not None}


values = st.sampled_from(["1", "2", "3", "4", "5"])
layers = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("seeds", "updates", "width", "generations", "shots"), values)
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
    wanted = DEFAULTS.model_dump() | (dict(QUICK) if quick else {}) | {"quick": bool(quick)}
    for layer in (table, environ, flags):
        wanted |= {key: int(value) for key, value in layer.items()}
    file = tmp_path / "settings.toml"
    lines = [f"{key} = {value}\n" for key, value in table.items()]
    file.write_text("".join([*lines, *(["quick = true\n"] if quick == "t" else [])]))
    loaded = load_settings(
        BenchSettings,
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
    assert loaded.model_dump() == wanted


@pytest.mark.parametrize(("word", "value"), [("true", True), ("0", False), ("False", False)])
def test_text_is_read_as_the_settings_kind(word: str, value: bool) -> None:
    """Booleans, lists, paths and numbers are read from flags and environment."""
    loaded = load_settings(
        BenchSettings,
        flags={"strategies": "gtl, scratch", "learning_rate": "1e-2", "suites": ("throughput",)},
        environ={"NEUROEVO_QUIET": word, "NEUROEVO_OUT": "a/b"},
    )
    assert loaded.strategies == ("gtl", "scratch")
    assert loaded.suites == ("throughput",)
    assert loaded.learning_rate == 0.01
    assert loaded.out == Path("a/b")
    assert loaded.quiet is value


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (
            {"population": "0"},
            "--population must be a whole number of at least 1, but it is 0.",
        ),
        (
            {"population": "six"},
            "--population must be a whole number of at least 1, but it is 'six'.",
        ),
        (
            {"population": ""},
            "--population must be a whole number of at least 1, but it is ''.",
        ),
        (
            {"shots": "1.5"},
            "--shots must be a whole number of at least 1, or different ones separated by commas, but it is 1.5.",
        ),
        (
            {"share": "1.5"},
            "--share must be a number above 0 and at most 1, but it is 1.5.",
        ),
        (
            {"share": "0"},
            "--share must be a number above 0 and at most 1, but it is 0.",
        ),
        (
            {"shots": "5,5"},
            "--shots must be a whole number of at least 1, or different ones separated by commas, but it is '5,5'.",
        ),
        (
            {"heirs": "mlp:x"},
            "--heirs: an heir must be a backbone with a width above 0, such as vgg11:0.5, but it is 'mlp:x'.",
        ),
        ({"heirs": "mlq:2"}, "--heirs must be one of mlp, convnet4, but it is 'mlq'; did you mean mlp?"),
        (
            {"target_dataset": "fashion-mnist"},
            "--target-data-root must name the folder that holds the files of fashion-mnist.",
        ),
        ({"width": "nan"}, "--width must be a number above 0, but it is nan."),
        ({"learning_rate": "inf"}, "--learning-rate must be a number above 0, but it is inf."),
        (
            {"seed": "-1"},
            "--seed must be a whole number of at least 0 and below 9223372036854775808, but it is -1.",
        ),
        ({"quick": "maybe"}, "--quick must be true or false, but it is 'maybe'."),
        ({"json": "maybe"}, "--json must be true or false, but it is 'maybe'."),
        (
            {"match": "time"},
            "--match must be steps, seconds or none, but it is 'time'.",
        ),
        (
            {"device": "gpu"},
            "--device must be auto, cpu, cuda, cuda:N or mps, but it is 'gpu'.",
        ),
        ({"out": "a\0b"}, "--out must be a path, but it is 'a\\x00b'."),
        ({"strategies": ","}, "--strategies must be a list of different names, but it is ','."),
        (
            {"strategies": "gtl,gtl"},
            "--strategies must be a list of different names, but it is 'gtl,gtl'.",
        ),
        (
            {"dataset": "glyps"},
            "--dataset must be one of glyphs, fashion-mnist, but it is 'glyps'; did you mean glyphs?",
        ),
        (
            {"backbone": "xyz"},
            "--backbone must be one of mlp, convnet4, but it is 'xyz'.",
        ),
        (
            {"strategies": "gtl,scrtch"},
            f"--strategies must be one of {', '.join(STRATEGIES)}, but it is 'scrtch'; did you mean scratch?",
        ),
        (
            {"suites": ("Transfer",)},
            "SUITE must be one of transfer, throughput, but it is 'Transfer'; did you mean transfer?",
        ),
        (
            {"population": "2", "tournament": "3"},
            "--population must be at least --tournament, but they are 2 and 3.",
        ),
        (
            {"tournament": "7"},
            "population (default) must be at least --tournament, but they are 2 and 7.",
        ),
        (
            {"tournament": "5", "quick": True},
            "population (default) must be at least --tournament, but they are 2 and 5.",
        ),
        (
            {"ways": str(CLASSES + 1)},
            f"--ways must be at most {CLASSES}, the classes of the role {FEWEST} of glyphs, but it is {CLASSES + 1}.",
        ),
        (
            {"shots": str(GLYPHS.images_per_class)},
            f"--shots must be below {GLYPHS.images_per_class}, the images per class of glyphs, "
            f"but it is {GLYPHS.images_per_class}.",
        ),
        (
            {"dataset": "fashion-mnist"},
            "--data-root must name the folder that holds the files of fashion-mnist.",
        ),
        (
            {"dataset": "fashion-mnist", "data_root": "no/where"},
            "--data-root must be an existing folder, but no/where is none.",
        ),
        ({"poplation": "3"}, "poplation is not a setting; did you mean population?"),
    ],
)
def test_a_mistake_is_one_sentence(flags: dict[str, object], sentence: str) -> None:
    """Each mistake gives exactly its own sentence, which names the flag."""
    assert errors(flags) == [sentence]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("population = true", "population must be a whole number of at least 1, but it is True."),
        ("population = '6'", "population must be a whole number of at least 1, but it is '6'."),
        ("seed = 1.0", "seed must be a whole number of at least 0 and below 9223372036854775808, "),
        ("width = nan", "width must be a number above 0, but it is nan."),
        ("batch = 2020-01-01", "batch must be a whole number of at least 1, but it is datetime."),
        ("quick = 1", "quick must be true or false, but it is 1."),
        ("strategies = 'gtl'", "strategies must be a list of different names, but it is 'gtl'."),
        ("strategies = [1]", "strategies must be a list of different names, but it is [1]."),
        ("dataset = 3", "dataset must be a name, but it is 3."),
        ("populaton = 3", "populaton is not a setting; did you mean population?"),
        ("[bench]\nseeds = 3", "bench is not a setting"),
    ],
)
def test_a_file_is_read_strictly(line: str, words: str, tmp_path: Path) -> None:
    """Values in a file have the setting's own kind; the sentence names the file and the key."""
    file = tmp_path / "settings.toml"
    file.write_text(line)
    (sentence,) = errors(file=file)
    assert sentence.startswith(f"{file}: {words}")


@pytest.mark.parametrize("content", [b"population", b"\xff", b"a = " + b"[" * 5000, None])
def test_a_file_that_is_no_toml_is_named(content: bytes | None, tmp_path: Path) -> None:
    """A missing or broken file is one sentence, beside those about other sources."""
    file = tmp_path / "settings.toml"
    if content is not None:
        file.write_bytes(content)
    first, second = errors({"seeds": "0"}, file=file)
    assert first.startswith(f"--settings must name a TOML file, but {file} ")
    assert second.startswith("--seeds must be")


def test_the_environment_is_checked() -> None:
    """Variables are named as such; those of another command are known, misspelt ones are not."""
    assert errors(environ={"NEUROEVO_POPULATON": "3", "NEUROEVO_SEEDS": "x", "NEUROEVO_STRATEGY": "gtl"}) == [
        "NEUROEVO_POPULATON is not a setting; did you mean NEUROEVO_POPULATION?",
        "NEUROEVO_SEEDS must be a whole number of at least 1, but it is 'x'.",
    ]


def test_all_mistakes_are_reported_at_once(tmp_path: Path) -> None:
    """Mistakes in every source and between settings come together."""
    file = tmp_path / "settings.toml"
    file.write_text("sed = 1\ncritics = 0\n")
    sentences = errors(
        {"population": "1", "share": "2", "dataset": "fashion-mist", "out": str(tmp_path)},
        {"NEUROEVO_WIDTH": "-1"},
        file,
    )
    assert sentences == [
        f"{file}: sed is not a setting; did you mean seed?",
        "NEUROEVO_WIDTH must be a number above 0, but it is -1.",
        "--share must be a number above 0 and at most 1, but it is 2.",
        f"{file}: critics must be a whole number of at least 1, but it is 0.",
        "--dataset must be one of glyphs, fashion-mnist, but it is 'fashion-mist'; did you mean fashion-mnist?",
        "--population must be at least tournament (default), but they are 1 and 2.",
        f"--out must be a new or empty folder, but {tmp_path} is not.",
    ]


def test_a_required_setting_is_asked_for() -> None:
    """Running one strategy needs its name, from wherever."""
    assert errors(model=EvolveSettings) == ["STRATEGY must be given."]
    loaded = load_settings(EvolveSettings, flags={}, environ={"NEUROEVO_STRATEGY": "gtl"})
    assert loaded.strategy == "gtl"


def test_a_data_set_on_disk_needs_only_its_folder(tmp_path: Path) -> None:
    """Settings that fit are accepted: a folder that exists, and a new one for the results."""
    flags = {"dataset": "fashion-mnist", "data_root": str(tmp_path), "out": str(tmp_path / "new")}
    loaded = load_settings(BenchSettings, flags=flags, environ={}, known=KNOWN)
    assert loaded.data_root == tmp_path
    flags["out"] = str(tmp_path)  # exists, but is empty
    assert load_settings(BenchSettings, flags=flags, environ={}, known=KNOWN).out == tmp_path


@given(flags=st.dictionaries(st.sampled_from(sorted(fields(BenchSettings))), st.text() | st.booleans(), max_size=6))
def test_any_text_is_read_or_refused(flags: dict[str, object]) -> None:
    """Whatever flags say, there are settings or sentences; no other error comes out."""
    sentences: tuple[str, ...] = ("It must be loaded.",)
    try:
        load_settings(BenchSettings, flags=flags, environ={}, known=KNOWN)
    except SettingsError as error:
        sentences = error.errors
    assert sentences
    assert all(" must " in sentence for sentence in sentences)


@pytest.mark.parametrize("model", [BenchSettings, EvolveSettings])
def test_every_setting_has_a_description_and_words(model: type[BaseModel]) -> None:
    """Help and errors can be written for every field, and quick knows only settings."""
    for info in fields(model).values():
        assert info.description is not None
        assert info.description.endswith(".")
        assert expected(info)
        assert metavar(info)
    assert QUICK.keys() <= fields(BenchSettings).keys()
    assert load_settings(BenchSettings, flags={"quick": True}, environ={}, known=KNOWN).quick


def test_settings_do_not_import_torch() -> None:
    """Mistakes are answered before the slow import."""
    program = "import sys, neuroevo.cli.settings.settings, neuroevo.runs.records; 'torch' in sys.modules"
    program = program.replace("; 'torch'", "\nsys.exit('torch'") + ")"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
