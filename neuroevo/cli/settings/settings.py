"""What a run is told: every setting with its bounds, and one checked object from four sources.

A value is taken from a flag, else from the environment (`NEUROEVO_POPULATION`), else from a TOML file, else from the
preset that was named, else from the defaults of `--quick`, else from the field's own default. Everything that is
wrong is reported at once, before any work begins.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from neuroevo.cli.settings.fields import (
    Augment,
    Device,
    Engine,
    ExecutionWay,
    Folder,
    Match,
    Names,
    Precision,
    Shots,
    fields,
    label,
    parse,
    refusal,
)
from neuroevo.cli.settings.presets import preset_file, preset_names, read_preset
from neuroevo.cli.settings.rules import Known, Resolved, broken_rules
from neuroevo.cli.settings.sources import Given, gather

QUICK: Mapping[str, object] = {
    "seeds": 1,
    "generations": 2,
    "life_updates": 160,
    "critic_updates": 10,
    "updates": 30,
    "descendants": 2,
    "width": 0.5,
    "evaluations": 1000,
    "budgets": (80, 320),
}
"""Defaults of `--quick`, by setting; a value that somebody gave still wins."""
SMALL_BACKBONES = ("mlp", "convnet4")
QUICK_LARGE: Mapping[str, object] = {
    "width": 0.125,
    "life_updates": 40,
    "critic_updates": 5,
    "updates": 15,
    "batch": 32,
    "ways": 5,
    "budgets": (40, 160),
}
"""What `--quick` has instead for all other backbones."""
QUICK_SIZES = {"mini-imagenet": 32}
"""Pixels of images that are larger by themselves."""

Settings = TypeVar("Settings", bound=BaseModel)


class SettingsError(ValueError):
    """Everything that is wrong with the settings; `errors` holds one sentence for each."""

    def __init__(self, errors: tuple[str, ...]) -> None:
        super().__init__(errors)
        self.errors = errors

    def __str__(self) -> str:
        return "\n".join(self.errors)


class RunSettings(BaseModel):
    """What every run is told: the data, the evolution, the descendants and the output."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
    quick_defaults: ClassVar[Mapping[str, object]] = QUICK
    told_anew: ClassVar[frozenset[str]] = frozenset(
        {"json", "quiet", "engine", "workers", "address", "gpus_per_worker", "eval_timeout"}
    )
    """Settings that results don't depend on, or that say when to stop: a run that is continued may change them."""

    options: ClassVar[frozenset[str] | None] = None
    """The settings that the command shows as options; None for all."""

    dataset: str = Field(default="glyphs", description="Data set.")
    data_root: Folder | None = Field(default=None, description="Folder of the data set's files.")
    download: bool = Field(
        default=False, description="Download the data set into --data-root if none of its files is there."
    )
    image_size: int | None = Field(
        default=None, ge=8, le=1024, description="Height and width of images in pixels; by default the data set's own."
    )
    augment: Augment = Field(
        default=(),
        description="What happens to images in training, separated by commas: crop (out of a border of an eighth), "
        "flip and jitter (of brightness, contrast and saturation by up to 40 %); by default nothing.",
    )
    backbone: str = Field(default="convnet4", description="Network that is evolved.")
    width: float = Field(default=1.0, gt=0, description="Factor on the backbone's channels.")
    seed: int = Field(default=0, ge=0, lt=2**63, description="Base seed of evolution, pre-training and descendants.")
    generations: int = Field(default=3, ge=1, description="Generations of evolution.")
    population: int | None = Field(
        default=None, ge=1, description="Individuals in a generation; by default the strategy's own."
    )
    tournament: int = Field(default=2, ge=1, description="Individuals in one tournament.")
    share: float = Field(default=0.2, gt=0, le=1, description="Share of the backbone's parameters in the learngene.")
    ways: int | None = Field(
        default=None,
        ge=2,
        description="Classes per task; by default 20, or all where a role has fewer; lives of gtl have all.",
    )
    shots: Shots = Field(
        default=10, description="Images per class of descendants, several numbers in turn, and of critics."
    )
    critic_shots: int | None = Field(
        default=None, ge=1, description="Images per class of critics; by default the largest of --shots."
    )
    life_updates: int | None = Field(
        default=None,
        ge=1,
        description="Updates in an individual's life; by default the strategy's own. In a comparison lives of gtl's "
        "variants are as long as gtl's gradient steps allow.",
    )
    cycle: int | None = Field(
        default=None,
        ge=1,
        description="Generations of gtl that share one cycle of the learning rate; by default all of the run.",
    )
    critic_updates: int = Field(default=20, ge=1, description="Updates of a critic.")
    critics: int | None = Field(
        default=None, ge=1, description="Critics that score one individual; by default the strategy's own."
    )
    batch: int = Field(default=64, ge=1, description="Images in one update.")
    learning_rate: float = Field(default=0.05, gt=0, description="Learning rate of descendants and critics.")
    ancestor_rate: float | None = Field(
        default=None, gt=0, description="Learning rate of lives and of pre-training; by default the strategy's own."
    )
    evaluations: int = Field(default=10_000, ge=1, description="Evaluations of a search over weight vectors.")
    individuals: int | None = Field(
        default=None, ge=1, description="Individuals in a generation of such a search; by default the strategy's own."
    )
    dimensions: int | None = Field(
        default=None, ge=1, description="Genes of a function that is searched; by default the function's own."
    )
    preset: str | None = Field(
        default=None,
        description="Settings of a whole run to begin with: smoke, small or full, for vgg11 on cifar-fs or resnet12 on "
        "mini-imagenet, or for the --backbone and the --dataset that are given.",
    )
    quick: bool = Field(default=False, description="Smaller defaults: ends in under two minutes.")
    device: Device = Field(default="auto", description="Where networks are trained: auto, cpu, cuda, cuda:N or mps.")
    execution: ExecutionWay = Field(
        default="auto",
        description="In which way populations are trained: network after network (looped), those of one structure "
        "together (stacked), what suits the device (auto), or what is faster in a test at the start (tune).",
    )
    precision: Precision = Field(
        default="float32",
        description="Numbers of forward passes: float32, or faster and less exact ones of GPUs, tf32 or bf16.",
    )
    compile: bool = Field(default=False, description="Compile the forward pass of stacked networks with torch.compile.")
    asynchronous: bool = Field(
        default=False, description="Let lives and critics of GTL flow, without generations that wait for their last."
    )
    engine: Engine = Field(
        default="threads",
        description="What lives and critics run on: threads of this process, processes of this machine, or ray.",
    )
    workers: int | None = Field(
        default=None,
        ge=1,
        description="Threads, processes or Ray actors that work side by side; by default one for each core.",
    )
    address: str = Field(
        default="local", description="Ray cluster: local (one that is started for the run), auto or an address."
    )
    gpus_per_worker: float = Field(default=0, ge=0, description="GPUs, or a part of one, that each Ray actor takes.")
    eval_timeout: float | None = Field(
        default=None, gt=0, description="Seconds that one life or evaluation may take; not on threads."
    )
    out: Folder | None = Field(
        default=None, description="New folder for the results; by default runs/<command>-<time>."
    )
    # pydantic's models have a method `json`, so that the field bears another name
    as_json: bool = Field(default=False, alias="json", description="Print the results as JSON.")
    quiet: bool = Field(default=False, description="Show no progress.")

    @property
    def every_shots(self) -> tuple[int, ...]:
        """The numbers of images per class, one or several."""
        return (self.shots,) if isinstance(self.shots, int) else self.shots


class EvolveSettings(RunSettings):
    """What one run of one strategy is told."""

    told_anew: ClassVar[frozenset[str]] = RunSettings.told_anew | {"generations"}

    strategy: str = Field(description="Strategy to run.", json_schema_extra={"argument": "STRATEGY"})
    problem: str = Field(default="digits", description="What a strategy over weight vectors searches.")


class InheritSettings(RunSettings):
    """What the training of one descendant is told."""

    quick_defaults: ClassVar[Mapping[str, object]] = {}
    options: ClassVar[frozenset[str] | None] = frozenset(
        {
            *(
                "learngene",
                "dataset",
                "data_root",
                "download",
                "image_size",
                "backbone",
                "width",
                "seed",
                "ways",
                "shots",
            ),
            *("updates", "batch", "learning_rate", "device", "workers", "out", "json", "quiet"),
        }
    )

    learngene: Folder = Field(description="File of a learngene.", json_schema_extra={"argument": "LEARNGENE"})
    updates: int = Field(default=60, ge=1, description="Updates of the descendant.")


class BenchSettings(RunSettings):
    """What a comparison of strategies is told."""

    suites: Names = Field(default=("transfer",), description="Suites to run.", json_schema_extra={"argument": "SUITE"})
    strategies: Names = Field(
        default=(
            "scratch",
            "untrained-circuit",
            "random-circuit",
            "narrow-pretraining",
            "finetune",
            "gtl-paper",
            "gtl",
        ),
        description="Strategies to compare, separated by commas; a suite that they don't fit takes all that do.",
    )
    problems: Names = Field(
        default=("sphere", "rastrigin", "digits"), description="Problems of the suite optimize, separated by commas."
    )
    seeds: int = Field(
        default=3, ge=1, description="Repetitions of evolution, pre-training and descendants, a seed each."
    )
    match: Match = Field(
        default="steps",
        description="What rivals may spend on pre-training: as many gradient steps as GTL, as many core-seconds "
        "(measured at the start), or --pretraining-updates (none): steps, seconds or none.",
    )
    pretraining_updates: int = Field(default=2000, ge=1, description="Updates of pre-training with --match none.")
    updates: int = Field(default=60, ge=1, description="Updates of a descendant.")
    descendants: int = Field(default=4, ge=1, description="Descendants that each learngene is tested on.")
    budgets: Shots = Field(
        default=(600, 2000, 6000), description="Gradient steps before transfer in the suite pays, several in turn."
    )
    heirs: Names | None = Field(
        default=None,
        description="Kinds of heirs in the suite scaling, such as vgg11:0.5,vgg13; by default the backbone at several "
        "widths and its relatives.",
    )
    target_dataset: str | None = Field(
        default=None, description="Data set of descendants in the suite adaptation; by default glyphs of another look."
    )
    target_data_root: Folder | None = Field(default=None, description="Folder of that data set's files.")

    @property
    def every_budget(self) -> tuple[int, ...]:
        """The budgets of the suite `pays`, one or several."""
        return (self.budgets,) if isinstance(self.budgets, int) else self.budgets


def load_settings(
    model: type[Settings],
    *,
    flags: Mapping[str, object],
    environ: Mapping[str, str],
    file: Path | None = None,
    known: Known | None = None,
) -> Settings:
    """Merge flags, environment, file and defaults into one checked object.

    Args:
        model: `EvolveSettings` or `BenchSettings`.
        flags: values of flags by setting; None counts as not given. Text is parsed.
        environ: environment variables; those that begin with `NEUROEVO_` count, empty ones do not.
        file: TOML file with one key per setting, its values of the setting's own type.
        known: names of strategies, data sets, … to check against; None checks no names.

    Raises:
        SettingsError: with all errors at once, each naming the setting and where it came from.
    """
    every = {key for other in (EvolveSettings, BenchSettings, model) for key in fields(other)}
    given, errors = gather(fields(model), every, flags=flags, environ=environ, file=file)
    given = _preset(model, given) | given
    values, sources, unreadable = _resolve(model, given)
    errors += unreadable
    errors += broken_rules(Resolved(values=values, sources=sources, known=known or Known()))
    if errors:
        raise SettingsError(tuple(errors))
    return model.model_validate(values)


def _preset(model: type[BaseModel], given: Mapping[str, Given]) -> dict[str, Given]:
    """Return the settings of the preset that is named among those given, if it is one."""
    name = given["preset"].value if "preset" in given else None
    if not isinstance(name, str) or name not in preset_names():
        return {}
    chosen = {key: given[key].value if key in given else None for key in ("backbone", "dataset")}
    found = read_preset(preset_file(name, **chosen), bench="descendants" in fields(model))
    return {key: Given(value, f"{key} (--preset {name})", text=False) for key, value in found.items()}


def to_toml(settings: BaseModel) -> str:
    """The settings as TOML that `load_settings` reads back equal; None is left out."""
    values = settings.model_dump(mode="json", by_alias=True, exclude_none=True)
    return "".join(f"{key} = {_toml(value)}\n" for key, value in values.items())


def _resolve(model: type[BaseModel], given: Mapping[str, Given]) -> tuple[dict[str, object], dict[str, str], list[str]]:
    """Values and their sources by setting, and the sentences about those that have no value."""
    values: dict[str, object] = {}
    sources: dict[str, str] = {}
    errors: list[str] = []
    for key, info in fields(model).items():
        if key in given:
            item, sources[key] = given[key], given[key].source
            try:
                values[key] = parse(info, item.value, text=item.text)
            except ValidationError:
                errors.append(refusal(info, item.value, source=item.source, text=item.text))
        elif info.is_required():
            errors.append(f"{label(key, info)} must be given.")
        else:
            values[key], sources[key] = info.default, f"{key} (default)"
    if values.get("quick"):
        quick = _quick(model, values)
        for key in quick.keys() & fields(model).keys() - given.keys():
            values[key], sources[key] = quick[key], f"{key} (--quick)"
    return values, sources, errors


def _quick(model: type[BaseModel], values: Mapping[str, object]) -> dict[str, object]:
    """Return the defaults of `--quick` for the backbone and the data set that are chosen."""
    quick = dict(getattr(model, "quick_defaults", {}))
    if quick and values.get("backbone") not in SMALL_BACKBONES:
        quick |= QUICK_LARGE
    if quick and values.get("dataset") in QUICK_SIZES:
        quick["image_size"] = QUICK_SIZES[str(values["dataset"])]
    return quick


def _toml(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    # JSON writes these kinds as TOML does, but for one control character
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
