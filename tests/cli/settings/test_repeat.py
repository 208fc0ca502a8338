"""The command that repeats a run."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuroevo import catalogue
from neuroevo.cli.bench import _used
from neuroevo.cli.bench import command as bench
from neuroevo.cli.contestants import contestants_of
from neuroevo.cli.evolution import Chosen
from neuroevo.cli.evolve import command as evolve
from neuroevo.cli.options import Call, settings_command
from neuroevo.cli.settings.load import fields, to_toml, used, with_settings
from neuroevo.cli.settings.repeat import repeated
from neuroevo.cli.settings.run import BenchNetworks, Settings

STRATEGIES = [name for name in catalogue.entries("strategy") if name != "scratch"]


def model_of(name: str) -> type[Settings]:
    """Return the settings of `evolve` with a strategy."""
    chosen = Chosen.of(name, "")
    return with_settings(chosen.model, chosen.settings())


def read(model: type[Settings], name: str, words: Sequence[str]) -> Settings:
    """Return the settings that words lead to."""
    kept: list[Settings] = []

    def keep(found: Settings, resume: Path | None) -> None:
        del resume
        kept.append(found)

    call = Call.of(words)
    command = settings_command(name, model, keep, call=call, what=name, help="", resumable=True)
    command.main([*words], standalone_mode=False)
    return kept[0]


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """Return values of the type of a setting; those of several numbers have at least two."""
    if get_origin(kind) is tuple:
        inner, *rest = get_args(kind)
        if rest == [...]:
            return st.lists(values_of(inner), min_size=2, max_size=3).map(tuple)
        return st.tuples(values_of(inner), *map(values_of, rest))
    if get_origin(kind) is Literal:
        return st.sampled_from(get_args(kind))
    if args := get_args(kind):
        return st.one_of([values_of(one) for one in args])
    plain: dict[Any, st.SearchStrategy[Any]] = {
        int: st.integers(-3, 9),
        float: st.floats(allow_nan=False, allow_infinity=False),
        str: st.sampled_from(["xor", "sphere"]),
    }
    return plain.get(kind, st.from_type(kind))


@pytest.mark.parametrize("name", STRATEGIES)
@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_words_and_file_give_the_same_settings(name: str, data: st.DataObject, tmp_path: Path) -> None:
    """Of every strategy each setting can be written as a flag and in a file, and is read back equal from both."""
    model = model_of(name)
    own = {key: info.annotation for key, (_, info) in Chosen.of(name, "").settings().items() if key != "problem"}
    own = {key: model.model_fields[key].annotation for key in own}
    drawn = data.draw(st.fixed_dictionaries({}, optional={key: values_of(kind) for key, kind in own.items()}))
    wanted = model.model_validate({"strategy": name, "seed": 3, **drawn})
    text = to_toml(used(wanted))
    (tmp_path / "settings.toml").write_text(text)
    assert read(model, "evolve", ["--settings", str(tmp_path / "settings.toml")]) == wanted
    words = repeated("evolve", tomllib.loads(text), fields(model))
    assert words[:2] == ["evolve", name]
    assert read(model, "evolve", words[1:]) == wanted


CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "--dataset": st.just("glyphs"),
        "--width": st.sampled_from(["0.5", "1"]),
        "--seed": st.integers(0, 9).map(str),
        "--ways": st.sampled_from(["2", "5", "none"]),
        "--parents": st.sampled_from(["2", "none"]),
        "--shots": st.sampled_from(["2", "2,5"]),
        "--quick": st.none(),
        "--no-isolate": st.none(),
        "--match": st.sampled_from(["steps", "none"]),
        "--contestant": st.sampled_from(["bold=gtl:mutation_rate=0.2,elites=0,parents=none", "same=gtl"]),
    },
)


@given(CHANGES)
def test_a_bench_is_repeated_by_its_words(changes: dict[str, str | None]) -> None:
    """Whatever flags led to settings and contestants, the command of its report leads to them again."""
    words = ["--strategies=scratch,gtl"]
    words += [flag if value is None else f"{flag}={value}" for flag, value in changes.items()]
    own = contestants_of(Call.of(words))
    first = _settings_of_bench(words)
    again = repeated("bench", tomllib.loads(to_toml(_used(first, own))), fields(type(first)))
    assert again[0] == "bench"
    assert contestants_of(Call.of(again[1:])) == own
    assert _settings_of_bench(again[1:]).model_dump() == first.model_dump()


def _settings_of_bench(words: Sequence[str]) -> Any:
    """Return the settings of a comparison that words lead to, without running it."""
    with pytest.MonkeyPatch.context() as patch:
        kept: list[Settings] = []
        patch.setattr("neuroevo.cli.bench._run", lambda settings, *_: kept.append(settings))
        bench.main([*words], standalone_mode=False)
    return kept[0]


def test_defaults_need_no_words() -> None:
    """The command alone repeats a run of the defaults, whatever its output was."""
    found = BenchNetworks.model_validate({"quiet": True, "json": True, "out": "x"})
    assert repeated("bench", tomllib.loads(to_toml(used(found))), fields(BenchNetworks)) == ["bench"]


def test_what_quick_gives_needs_no_words() -> None:
    """A quick run is repeated by `--quick` alone; what was given in its place is said, a usual default among them."""
    found = _settings_of_bench(["--quick", "--life-updates=880", "--critic-updates=10", "--seeds=1"])
    words = repeated("bench", tomllib.loads(to_toml(used(found))), fields(type(found)))
    assert words == ["bench", "--quick", "--life-updates=880"]


def test_one_strategy_is_named_first() -> None:
    """`evolve` has its strategy as an argument, before the flags."""
    table = {"seed": 3, "strategy": "gtl", "import": ["/a/mine.py"]}
    assert repeated("evolve", table, fields(model_of("gtl"))) == ["evolve", "gtl", "--seed=3", "--import=/a/mine.py"]
    assert evolve.name == "evolve"


def test_a_run_is_repeated_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths of data are noted in whole; where results go is not noted at all."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shapes").mkdir()
    first = _settings_of_bench(["--dataset=image-folder", "--data-root=shapes", "--out=runs"])
    words = repeated("bench", used(first), fields(type(first)))
    assert f"--data-root={tmp_path / 'shapes'}" in words
    assert not any("--out" in word for word in words)
