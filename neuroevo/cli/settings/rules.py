"""Checks of settings that belong together, and of names against the known ones."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from neuroevo.cli.settings.fields import shown
from neuroevo.cli.settings.heirs import kind_of
from neuroevo.cli.settings.presets import preset_names
from neuroevo.runs.locks import entries
from neuroevo.spelling import suggestion
from neuroevo.splits import ROLES, Split, load_split, split_names


@dataclass(frozen=True, kw_only=True)
class Known:
    """The names that settings may use; None leaves that kind unchecked."""

    strategies: Sequence[str] | None = None
    backbones: Sequence[str] | None = None
    datasets: Sequence[str] | None = None
    suites: Sequence[str] | None = None
    problems: Sequence[str] | None = None
    datasets_on_disk: Sequence[str] = ()
    """Data sets that are read from files."""
    datasets_to_download: Sequence[str] = ()
    """Data sets that may be downloaded."""
    datasets_of_any_size: Sequence[str] = ()
    """Data sets that can be had with images of another size."""


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """Settings that could be read, by name, and where each came from."""

    values: Mapping[str, object]
    sources: Mapping[str, str]
    known: Known

    def names(self, key: str) -> tuple[str, ...]:
        """The names in a setting, none if it is not set or could not be read."""
        value = self.values.get(key)
        return (value,) if isinstance(value, str) else value if isinstance(value, tuple) else ()

    def number(self, key: str) -> int | None:
        """A whole number among the settings, None if it is not set or could not be read."""
        value = self.values.get(key)
        return value if isinstance(value, int) else None

    def most(self, key: str) -> int:
        """The largest of whole numbers among the settings, 0 if there is none or it could not be read."""
        value = self.values.get(key)
        return max(value) if isinstance(value, tuple) else value if isinstance(value, int) else 0


OWN_POPULATION = 2
"""The smallest population that a strategy has by default."""


def broken_rules(settings: Resolved) -> list[str]:
    """One sentence for each rule that the settings break; unreadable settings are passed over."""
    return [sentence for rule in RULES for sentence in rule(settings)]


def names_are_known(settings: Resolved) -> Iterator[str]:
    """Strategies, backbones, data sets, suites and problems are among the known ones."""
    known = settings.known
    for key, words in (
        ("dataset", known.datasets),
        ("target_dataset", known.datasets),
        ("backbone", known.backbones),
        ("strategy", known.strategies),
        ("strategies", known.strategies),
        ("suites", known.suites),
        ("problem", known.problems),
        ("problems", known.problems),
    ):
        for name in settings.names(key):
            if words is not None and name not in words:
                yield _unknown(settings.sources[key], name, words)


def preset_is_known(settings: Resolved) -> Iterator[str]:
    """A preset is one of those that are shipped, and the only one to choose sizes."""
    for name in settings.names("preset"):
        if name not in preset_names():
            yield _unknown(settings.sources["preset"], name, preset_names())
        elif settings.values.get("quick"):
            yield f"{settings.sources['preset']} and {settings.sources['quick']} both say how long to run; give one."


def tournament_fits(settings: Resolved) -> Iterator[str]:
    """A population fills at least one tournament."""
    population, tournament = settings.number("population") or OWN_POPULATION, settings.number("tournament")
    if tournament is not None and population < tournament:
        first, second = settings.sources["population"], settings.sources["tournament"]
        yield f"{first} must be at least {second}, but they are {population} and {tournament}."


def heirs_are_known(settings: Resolved) -> Iterator[str]:
    """Kinds of heirs are known backbones at a width above 0."""
    for heir in settings.names("heirs"):
        try:
            name, _ = kind_of(heir)
        except ValueError as error:
            yield f"{settings.sources['heirs']}: {error}"
            continue
        if settings.known.backbones is not None and name not in settings.known.backbones:
            yield _unknown(settings.sources["heirs"], name, settings.known.backbones)


def files_are_there(settings: Resolved) -> Iterator[str]:
    """A data set that is read from files has a folder to read them from."""
    for of, key in (("dataset", "data_root"), ("target_dataset", "target_data_root")):
        dataset = settings.values.get(of)
        if dataset not in settings.known.datasets_on_disk or key not in settings.values:
            continue
        root = settings.values[key]
        if root is None:
            yield f"--{key.replace('_', '-')} must name the folder that holds the files of {dataset}."
        elif not Path(str(root)).is_dir():
            yield f"{settings.sources[key]} must be an existing folder, but {root} is none."


def dataset_can(settings: Resolved) -> Iterator[str]:
    """Downloads and other sizes are asked of the data sets that have them only."""
    dataset, known = settings.values.get("dataset"), settings.known
    if dataset not in (known.datasets or ()):
        return
    if settings.values.get("download") and dataset not in known.datasets_to_download:
        yield (
            f"{settings.sources['download']} must come with {' or '.join(known.datasets_to_download)}, but the data "
            f"set is {dataset}; `neuroevo datasets check {dataset}` says where its files can be had."
        )
    if settings.values.get("image_size") is not None and dataset not in known.datasets_of_any_size:
        yield (
            f"{settings.sources['image_size']} must come with {' or '.join(known.datasets_of_any_size)}, but the "
            f"images of {dataset} have one size only."
        )


def task_fits(settings: Resolved) -> Iterator[str]:
    """Tasks ask for no more classes and images than the data set has."""
    split = _split(settings)
    if split is None:
        return
    ways = settings.number("ways")
    role = min(ROLES, key=lambda role: len(_classes(split, role)))
    classes = len(_classes(split, role))
    if ways is not None and ways > classes:
        yield (
            f"{settings.sources['ways']} must be at most {classes}, the classes of the role "
            f"{role} of {split.name}, but it is {ways}."
        )
    for key in ("shots", "critic_shots"):
        if settings.most(key) >= split.images_per_class:
            yield (
                f"{settings.sources[key]} must be below {split.images_per_class}, the images per "
                f"class of {split.name}, but it is {settings.most(key)}."
            )


def one_run_has_one_number_of_shots(settings: Resolved) -> Iterator[str]:
    """Only a comparison has descendants with several numbers of images."""
    shots = settings.values.get("shots")
    if isinstance(shots, tuple) and "suites" not in settings.values:
        told = ", ".join(map(str, shots))
        yield f"{settings.sources['shots']} must be a single number for this command, but it is {told}."


def engine_can(settings: Resolved) -> Iterator[str]:
    """What only some engines can do is asked of them only."""
    engine, sources = settings.values.get("engine"), settings.sources
    if settings.values.get("eval_timeout") is not None and engine == "threads":
        yield f"{sources['eval_timeout']} must come with --engine processes or ray, for a thread can't be stopped."
    if settings.values.get("asynchronous") and engine == "threads":
        yield f"{sources['asynchronous']} must come with --engine processes or ray, for threads work side by side."
    for key, default in (("address", "local"), ("gpus_per_worker", 0)):
        if settings.values.get(key, default) != default and engine in ("threads", "processes"):
            yield f"{sources[key]} must come with --engine ray, but the engine is {engine}."


def out_is_new(settings: Resolved) -> Iterator[str]:
    """Results go to a folder of their own."""
    out = settings.values.get("out")
    if isinstance(out, Path) and (out.is_file() or (out.is_dir() and entries(out))):
        yield f"{settings.sources['out']} must be a new or empty folder, but {out} is not."


RULES: Sequence[Callable[[Resolved], Iterator[str]]] = (
    names_are_known,
    preset_is_known,
    tournament_fits,
    heirs_are_known,
    files_are_there,
    dataset_can,
    task_fits,
    one_run_has_one_number_of_shots,
    engine_can,
    out_is_new,
)


def _unknown(source: str, name: str, known: Sequence[str]) -> str:
    return f"{source} must be one of {', '.join(known)}, but it is {shown(name)}{suggestion(name, known)}"


def _split(settings: Resolved) -> Split | None:
    dataset = settings.values.get("dataset")
    if dataset not in (settings.known.datasets or ()) or dataset not in split_names():
        return None
    return load_split(str(dataset))


def _classes(split: Split, role: str) -> tuple[str, ...]:
    classes: tuple[str, ...] = getattr(split, role)
    return classes
