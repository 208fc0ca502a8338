"""Checks of settings that belong together, and of names against the known ones."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from neuroevo import catalogue
from neuroevo.cli.settings.presets import preset_names
from neuroevo.files import CheckpointError
from neuroevo.runs.directory import read_facts
from neuroevo.runs.locks import entries
from neuroevo.spelling import unknown
from neuroevo.splits import Split, load_split, split_names


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """Settings that could be read, by name, where each came from, and which of them were given."""

    values: Mapping[str, object]
    sources: Mapping[str, str]
    given: frozenset[str]

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


def broken_rules(settings: Resolved) -> list[str]:
    """One sentence for each rule that the settings break; unreadable settings are passed over."""
    return [sentence for rule in RULES for sentence in rule(settings)]


def names_are_known(settings: Resolved) -> Iterator[str]:
    """Data sets and backbones are among the known ones."""
    for key, kind in (("dataset", "dataset"), ("target_dataset", "dataset"), ("backbone", "backbone")):
        known = catalogue.entries(kind)
        for name in settings.names(key):
            if name not in known:
                yield unknown(settings.sources[key], name, known, shown_by=f"neuroevo list {kind}")


def preset_is_known(settings: Resolved) -> Iterator[str]:
    """A preset is one of those that are shipped, and the only one to choose sizes."""
    for name in settings.names("preset"):
        if name not in preset_names():
            yield unknown(settings.sources["preset"], name, preset_names())
        elif settings.values.get("quick"):
            yield f"{settings.sources['preset']} and {settings.sources['quick']} both say how long to run; give one."


def files_are_there(settings: Resolved) -> Iterator[str]:
    """A data set that is read from files has a folder to read them from."""
    for of, key in (("dataset", "data_root"), ("target_dataset", "target_data_root")):
        dataset = settings.values.get(of)
        if key not in settings.values or "data_root" not in takes(dataset):
            continue
        root = settings.values[key]
        if root is None:
            yield f"--{key.replace('_', '-')} must name the folder that holds the files of {dataset}."
        elif not Path(str(root)).is_dir():
            yield f"{settings.sources[key]} must be an existing folder, but {root} is none."


def dataset_can(settings: Resolved) -> Iterator[str]:
    """Files, downloads and other sizes are asked of the data sets only that have them."""
    dataset = settings.values.get("dataset")
    if dataset not in catalogue.entries("dataset"):
        return
    wanted = (
        ("data_root", "data_root", f"{dataset} is made and not read from files"),
        ("download", "download", f"`neuroevo datasets check {dataset}` says where the files of {dataset} are found"),
        ("image_size", "size", f"the images of {dataset} have one size only"),
    )
    for key, parameter, reason in wanted:
        if key in settings.given and settings.values.get(key) and parameter not in takes(dataset):
            able = [name for name in catalogue.entries("dataset") if parameter in takes(name)]
            yield f"{settings.sources[key]} must come with {' or '.join(able)}, for {reason}."


def task_fits(settings: Resolved) -> Iterator[str]:
    """Tasks ask for no more classes and images than the data set has."""
    split = _split(settings)
    if split is None:
        return
    for key, role in (("ways", "novel"), ("life_ways", "ancestry"), ("critic_ways", "held_out")):
        ways, classes = settings.number(key), len(_classes(split, role))
        if ways is not None and ways > classes:
            yield (
                f"{settings.sources[key]} must be at most {classes}, the classes of the role {role} of {split.name}, "
                f"but it is {ways}."
            )
    for key in ("shots", "critic_shots"):
        if settings.most(key) >= split.images_per_class:
            yield (
                f"{settings.sources[key]} must be below {split.images_per_class}, the images per "
                f"class of {split.name}, but it is {settings.most(key)}."
            )


def heirs_are_spelled(settings: Resolved) -> Iterator[str]:
    """Heirs are backbones, with a factor on their channels or without."""
    for heir in settings.names("heirs"):
        # Heavy, and only one suite has them.
        from neuroevo.benchmarks.suites.scaling import kind_of

        try:
            name, _ = kind_of(heir)
        except ValueError as error:
            yield f"{settings.sources['heirs']}: {error}"
        else:
            known = catalogue.entries("backbone")
            if name not in known:
                yield unknown(settings.sources["heirs"], name, known, shown_by="neuroevo list backbone")


def budgets_are_free(settings: Resolved) -> Iterator[str]:
    """Where contestants get the budget of the reference, no other one is asked for."""
    key = "pretraining_updates"
    if key in settings.given and settings.values.get("match", "none") != "none":
        yield (
            f"{settings.sources[key]} must come with --match none, for otherwise contestants may spend what gtl does."
        )


RAY = {"address": "local", "gpus_per_worker": 0}
"""What only Ray reads, with its defaults."""


def engine_can(settings: Resolved) -> Iterator[str]:
    """What only some engines can do is asked of them only."""
    engine, sources = settings.values.get("engine"), settings.sources
    if settings.values.get("eval_timeout") is not None and engine == "threads":
        yield f"{sources['eval_timeout']} must come with --engine processes or ray, for a thread can't be stopped."
    if settings.values.get("asynchronous") and engine == "threads":
        yield f"{sources['asynchronous']} must come with --engine processes or ray, for threads work side by side."
    for key, default in RAY.items():
        if settings.values.get(key, default) != default and engine in ("threads", "processes"):
            yield f"{sources[key]} must come with --engine ray, but the engine is {engine}."


def out_is_new(settings: Resolved) -> Iterator[str]:
    """Results go to a folder of their own."""
    out = settings.values.get("out")
    if isinstance(out, Path) and (out.is_file() or (out.is_dir() and entries(out))):
        yield f"{settings.sources['out']} must be a new or empty folder, but {out} is not{_continued_by(out)}."


def _continued_by(folder: Path) -> str:
    """Return which command continues the run in a folder; nothing if there is none, or if it has finished."""
    try:
        facts = read_facts(folder)
    except (CheckpointError, OSError):
        return ""
    again = facts.get("what") in ("bench", "evolve") and facts.get("status") != "finished"
    return f"; neuroevo {facts['what']} --resume {folder} continues the run in it" if again else ""


def one_length(settings: Resolved) -> Iterator[str]:
    """A search has evaluations or generations to spend."""
    both = ("evaluations", "generations")
    if settings.given >= {*both}:
        yield f"{' and '.join(settings.sources[key] for key in both)} both say how long to search; give one."


RULES: Sequence[Callable[[Resolved], Iterator[str]]] = (
    names_are_known,
    preset_is_known,
    files_are_there,
    dataset_can,
    task_fits,
    one_length,
    heirs_are_spelled,
    budgets_are_free,
    engine_can,
    out_is_new,
)


def takes(dataset: object) -> Mapping[str, object]:
    """Return the parameters of the function that makes or reads a data set; none of an unknown one."""
    from neuroevo.signatures import parameters

    known = catalogue.entries("dataset")
    return parameters(known[dataset].load()) if isinstance(dataset, str) and dataset in known else {}  # type: ignore[arg-type]


def _split(settings: Resolved) -> Split | None:
    dataset = settings.values.get("dataset")
    if dataset not in catalogue.entries("dataset") or dataset not in split_names():
        return None
    return load_split(str(dataset))


def _classes(split: Split, role: str) -> tuple[str, ...]:
    classes: tuple[str, ...] = getattr(split, role)
    return classes
