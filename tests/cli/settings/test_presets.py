"""Presets: which is meant, that each is whole, and that whatever is given wins over it."""

from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from neuroevo import catalogue
from neuroevo.cli.contestants import settings_of_all
from neuroevo.cli.settings.derived import settings_of
from neuroevo.cli.settings.load import SettingsError, fields, load, to_toml, used, with_settings
from neuroevo.cli.settings.presets import PAIRS, SHARED, SIZES, preset_names, preset_settings
from neuroevo.cli.settings.quick import LARGE, kept, quick_settings
from neuroevo.cli.settings.repeat import repeated
from neuroevo.cli.settings.run import BenchNetworks, EvolveNetworks, Settings
from neuroevo.cli.settings.sources import Sources, read_table
from neuroevo.strategies import GTL

FILES = [f"{pair}-{size}" for pair in PAIRS for size in SIZES]
BENCH = with_settings(BenchNetworks, settings_of_all(["gtl", "finetune"]))
EVOLVE = with_settings(EvolveNetworks, settings_of(GTL))


def read(
    flags: Mapping[str, object],
    environ: Mapping[str, str] | None = None,
    file: Path | None = None,
    model: type[Settings] = BENCH,
) -> Any:
    """Return the settings of these sources."""
    sources = Sources(flags=flags, environ=environ or {}, file=file, table=read_table(file)[0])
    return load(model, sources, what="the test")


def test_every_file_has_a_name_and_every_name_a_file() -> None:
    """What is shipped is what can be named."""
    found = files("neuroevo.cli.settings").joinpath("presets").iterdir()
    assert {path.name for path in found if path.name.endswith(".toml")} == {f"{name}.toml" for name in FILES}
    assert set(preset_names()) == {*SIZES, *FILES}


@pytest.mark.parametrize("name", FILES)
def test_a_preset_holds_settings(name: str, tmp_path: Path) -> None:
    """All its values are settings of a comparison, and evolve takes those that it has, by their names there."""
    root = {"data_root": str(tmp_path)}
    table = preset_settings(name, bench=True)
    found = read({"preset": name, **root})
    values = found.model_dump(mode="json")
    assert {key: values[key] for key in table} == table
    assert table["backbone"] in catalogue.entries("backbone")
    assert table["dataset"] in catalogue.entries("dataset")
    evolved = read({"strategy": "gtl", "preset": name, **root}, model=EVOLVE)
    alone = preset_settings(name, bench=False)
    assert {part for key, parts in SHARED.items() if key in table for part in parts} <= alone.keys()
    for key, value in alone.items():
        assert getattr(evolved, key, value) == value
    assert evolved.generations == table["generations"]
    # Its own settings repeat the run, whatever the preset becomes.
    assert "--preset" not in " ".join(repeated("bench", used(found), fields(BENCH)))


def test_small_presets_are_what_was_run() -> None:
    """On the page about photographs: a network and a rate for each pair, for as many gradient steps."""
    shared = {"generations": 3, "life_updates": 400, "updates": 100, "descendants": 4, "seeds": 3}
    wanted = {
        "vgg11-cifar-fs": {"width": 0.5, "ancestor_rate": 0.05},
        "resnet12-tiny-imagenet": {"width": 0.25, "ancestor_rate": 0.1, "image_size": 32},
    }
    for pair, own in wanted.items():
        assert preset_settings(f"{pair}-small", bench=True).items() >= {**shared, **own}.items()


@pytest.mark.parametrize(
    ("backbone", "dataset", "pair"),
    [
        (None, None, "vgg11-cifar-fs"),
        ("resnet12", None, "resnet12-tiny-imagenet"),
        (None, "tiny-imagenet", "resnet12-tiny-imagenet"),
        (None, "mini-imagenet", "resnet12-mini-imagenet"),
        ("vgg11", "mini-imagenet", "resnet12-mini-imagenet"),
        ("vgg16", "colour-glyphs", "vgg11-cifar-fs"),
        ("resnet12", "colour-glyphs", "resnet12-tiny-imagenet"),
        ("convnet4", "glyphs", "vgg11-cifar-fs"),
        ("resnet12", "cifar-fs", "vgg11-cifar-fs"),
    ],
)
def test_a_size_alone_means_the_pair_of_the_data_set_or_the_backbone(
    backbone: str | None, dataset: str | None, pair: str
) -> None:
    """A full name means itself."""
    given = {"bench": True, "backbone": backbone, "dataset": dataset}
    assert preset_settings("small", **given) == preset_settings(f"{pair}-small", bench=True)  # type: ignore[arg-type]
    full = "vgg11-cifar-fs-full"
    assert preset_settings(full, **given) == preset_settings(full, bench=True)  # type: ignore[arg-type]


def test_whatever_is_given_wins_over_the_preset(tmp_path: Path) -> None:
    """Flag, environment, file, preset, default: each where those before it are silent."""
    file = tmp_path / "mine.toml"
    file.write_text("seeds = 7\npopulation = 9\ngenerations = 8\ndataset = 'colour-glyphs'\n")
    environ = {"NEUROEVO_GENERATIONS": "6", "NEUROEVO_POPULATION": "5"}
    found = read({"preset": "small", "population": "3"}, environ, file)
    preset = preset_settings("vgg11-cifar-fs-small", bench=True)
    assert (found.population, found.generations, found.seeds, found.dataset) == (3, 6, 7, "colour-glyphs")
    assert (found.backbone, found.updates) == ("vgg11", preset["updates"])
    assert found.match == BENCH().match
    (tmp_path / "settings.toml").write_text(to_toml(used(found)))
    assert read({}, file=tmp_path / "settings.toml") == found


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (
            {"preset": "smal"},
            "--preset 'smal' is not known; did you mean small?",
        ),
        ({"preset": "smoke", "quick": True}, "--preset and --quick both say how long to run; give one."),
    ],
)
def test_a_mistake_is_one_sentence(flags: dict[str, object], sentence: str) -> None:
    """It names what may be given."""
    with pytest.raises(SettingsError) as caught:
        read({**flags, "dataset": "glyphs"})
    assert caught.value.errors == (sentence,)


@pytest.mark.parametrize(
    ("backbone", "width"), [("mlp", 1.0), ("convnet4", 1.0), ("vgg11", 0.125), ("resnet12", 0.125)]
)
def test_quick_makes_large_backbones_narrow(backbone: str, width: float) -> None:
    """Unless a width is given."""
    flags = {"quick": True, "backbone": backbone}
    assert read(flags).width == width
    assert read({**flags, "width": "2"}).width == 2


def test_quick_leaves_the_width_of_others_backbones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their channels may be few, and a share of few is coarse; they are trained for fewer updates all the same."""
    own = catalogue.entries("backbone")["vgg11"]
    monkeypatch.setattr(catalogue, "entries", lambda kind: {"mine": replace(own, name="mine", origin="mine.py")})
    quick = quick_settings({"backbone": "mine", "dataset": "glyphs"})
    assert ("width" in quick, quick["life_updates"]) == (False, LARGE["life_updates"])
    assert not {"ways", "life_ways", "critic_ways"} & quick.keys()  # a data set may have fewer classes than any number


def test_quick_has_smaller_images_where_they_are_large(tmp_path: Path) -> None:
    """Those of miniImageNet; a size that is given counts, and so does a value of any other setting."""
    flags = {"quick": True, "dataset": "mini-imagenet", "backbone": "resnet12", "data_root": str(tmp_path)}
    found = read(flags)
    assert (found.image_size, found.ways, found.life_updates) == (32, None, 40)
    given = read({**flags, "image_size": "84", "ways": "20"})
    assert (given.image_size, given.ways, given.life_updates) == (84, 20, 40)
    assert read({**flags, "dataset": "cifar-fs"}).image_size is None


def test_what_quick_would_choose_otherwise_is_named() -> None:
    """Values that are given stay, and a sentence says which they are and what they replace."""
    chosen = {"seeds": 1, "budgets": (80, 320), "life_updates": 200, "elsewhere": 1}
    given = {"seeds": 3, "budgets": (10, 20), "life_updates": 200}
    assert kept(given, chosen) == (
        "--quick keeps what is given: --seeds=3 in place of 1, --budgets=10,20 in place of 80,320."
    )
    assert kept({**chosen}, chosen) == ""
