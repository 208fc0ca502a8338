"""Presets: which is meant, that each is whole, and that whatever is given wins over it."""

from importlib.resources import files
from pathlib import Path

import pytest

from neuroevo.cli.names import BACKBONES, DATASETS
from neuroevo.cli.settings.presets import PAIRS, SIZES, preset_file, preset_names, read_preset
from neuroevo.cli.settings.repeat import repeated
from neuroevo.cli.settings.settings import BenchSettings, EvolveSettings, SettingsError, load_settings, to_toml

NAMES = ", ".join(preset_names())
FILES = [f"{pair}-{size}" for pair in PAIRS for size in SIZES]


def test_every_file_has_a_name_and_every_name_a_file() -> None:
    """What is shipped is what can be named."""
    found = files("neuroevo.runs").joinpath("presets").iterdir()
    assert {path.name for path in found if path.name.endswith(".toml")} == {f"{name}.toml" for name in FILES}
    assert set(preset_names()) == {*SIZES, *FILES}


@pytest.mark.parametrize("name", FILES)
def test_a_preset_holds_settings(name: str, tmp_path: Path) -> None:
    """All its values are settings of a comparison in their bounds, and evolve takes those that it has."""
    root = {"data_root": str(tmp_path)}
    table = read_preset(name, bench=True)
    loaded = load_settings(BenchSettings, flags={"preset": name, **root}, environ={})
    told = loaded.model_dump(mode="json")
    assert {key: told[key] for key in table} == table
    assert table["backbone"] in BACKBONES
    assert table["dataset"] in DATASETS
    evolved = load_settings(EvolveSettings, flags={"strategy": "gtl", "preset": name, **root}, environ={})
    assert evolved.generations == table["generations"]
    assert evolved.shots == 10
    # Its own settings repeat the run, whatever the preset becomes.
    assert "--preset" not in " ".join(repeated("bench", {**told, "out": None}))


@pytest.mark.parametrize(
    ("backbone", "dataset", "pair"),
    [
        (None, None, "vgg11-cifar-fs"),
        ("resnet12", None, "resnet12-mini-imagenet"),
        (None, "mini-imagenet", "resnet12-mini-imagenet"),
        ("vgg11", "mini-imagenet", "resnet12-mini-imagenet"),
        ("vgg16", "colour-glyphs", "vgg11-cifar-fs"),
        ("resnet12", "colour-glyphs", "resnet12-mini-imagenet"),
        ("convnet4", "glyphs", "vgg11-cifar-fs"),
        ("resnet12", "cifar-fs", "vgg11-cifar-fs"),
    ],
)
def test_a_size_alone_means_the_pair_of_the_data_set_or_the_backbone(
    backbone: str | None, dataset: str | None, pair: str
) -> None:
    """A full name means itself."""
    assert preset_file("small", backbone=backbone, dataset=dataset) == f"{pair}-small"
    assert preset_file("vgg11-cifar-fs-full", backbone=backbone, dataset=dataset) == "vgg11-cifar-fs-full"


def test_whatever_is_given_wins_over_the_preset(tmp_path: Path) -> None:
    """Flag, environment, file, preset, default: each where those before it are silent."""
    file = tmp_path / "mine.toml"
    file.write_text("seeds = 7\npopulation = 9\ngenerations = 8\ndataset = 'colour-glyphs'\n")
    loaded = load_settings(
        BenchSettings,
        flags={"preset": "small", "population": "3"},
        environ={"NEUROEVO_GENERATIONS": "6", "NEUROEVO_POPULATION": "5"},
        file=file,
    )
    preset = read_preset("vgg11-cifar-fs-small", bench=True)
    assert (loaded.population, loaded.generations, loaded.seeds, loaded.dataset) == (3, 6, 7, "colour-glyphs")
    assert (loaded.backbone, loaded.updates) == ("vgg11", preset["updates"])
    assert loaded.tournament == BenchSettings().tournament
    (tmp_path / "settings.toml").write_text(to_toml(loaded))
    again = load_settings(BenchSettings, flags={}, environ={}, file=tmp_path / "settings.toml")
    assert again == loaded


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (
            {"preset": "smal"},
            f"--preset must be one of {', '.join(preset_names())}, but it is 'smal'; did you mean small?",
        ),
        ({"preset": "smoke", "quick": True}, "--preset and --quick both say how long to run; give one."),
    ],
)
def test_a_mistake_is_one_sentence(flags: dict[str, object], sentence: str) -> None:
    """It names what may be given."""
    with pytest.raises(SettingsError) as caught:
        load_settings(BenchSettings, flags=flags, environ={})
    assert caught.value.errors == (sentence,)


@pytest.mark.parametrize(
    ("backbone", "width"), [("mlp", 0.5), ("convnet4", 0.5), ("vgg11", 0.125), ("resnet12", 0.125)]
)
def test_quick_makes_large_backbones_narrow(backbone: str, width: float) -> None:
    """Unless a width is given."""
    loaded = load_settings(BenchSettings, flags={"quick": True, "backbone": backbone}, environ={})
    assert loaded.width == width
    assert load_settings(BenchSettings, flags={"quick": True, "width": "2"}, environ={}).width == 2


def test_quick_has_smaller_images_where_they_are_large() -> None:
    """Those of miniImageNet; a size that is given counts, and so does a value of any other setting."""
    flags = {"quick": True, "dataset": "mini-imagenet", "backbone": "resnet12"}
    loaded = load_settings(BenchSettings, flags=flags, environ={})
    assert (loaded.image_size, loaded.ways, loaded.life_updates) == (32, 5, 40)
    told = load_settings(BenchSettings, flags={**flags, "image_size": "84", "ways": "20"}, environ={})
    assert (told.image_size, told.ways, told.life_updates) == (84, 20, 40)
    assert load_settings(BenchSettings, flags={"quick": True, "dataset": "cifar-fs"}, environ={}).image_size is None
