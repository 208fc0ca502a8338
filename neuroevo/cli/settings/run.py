"""The settings that belong to a run and not to what runs: data, networks, engine, output.

Commands take one of these models and add the settings of their strategy, problem or suite (see `derived`).
"""

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from neuroevo.cli.settings.values import Augment, Counts, Device, Folder, Log, Names, Parts, Rates
from neuroevo.structure import Structure

STRATEGY: dict[str, Any] = {"argument": "STRATEGY", "names": "strategy"}
"""The argument of evolve, and the kind of things that it names."""


class Settings(BaseModel):
    """What every command of a run has: where results go, and what is shown."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
    resumable: ClassVar[frozenset[str]] = frozenset({"json", "quiet"})
    """Settings that a resumed run may change: results don't depend on them, or they say when to stop."""
    quick_defaults: ClassVar[bool] = True
    """Whether the command has `--quick`."""

    out: Folder | None = Field(
        default=None, description="New folder for the results; by default runs/<command>-<time>."
    )
    # pydantic's models have a method `json`, so that the field bears another name
    as_json: bool = Field(default=False, alias="json", description="Print the results as JSON.")
    quiet: bool = Field(default=False, description="Show no progress.")

    @property
    def own(self) -> dict[str, Any]:
        """The settings that a signature added, by name."""
        static = {info.alias or name for name, info in type(self).static().model_fields.items()}
        return {name: value for name, value in self if (name not in static and name != "as_json")}

    @property
    def given(self) -> dict[str, Any]:
        """Those of them that were given, or that `--quick` or a preset gives."""
        return {name: value for name, value in self.own.items() if name in self.model_fields_set}

    @classmethod
    def static(cls) -> type["Settings"]:
        """Return the class without the settings of a signature."""
        return next(one for one in cls.__mro__ if not getattr(one, "made", False) and issubclass(one, Settings))


class SeededRun(Settings):
    """What every run with random numbers has."""

    seed: int = Field(default=0, ge=0, lt=2**63, description="Base seed of the run.")
    quick: bool = Field(default=False, description="Smaller defaults: a suite ends in a minute or two.")
    device: Device = Field(default="auto", description="Where networks are trained: auto, cpu, cuda, cuda:N or mps.")


class Workers(SeededRun):
    """What a run on workers has."""

    resumable: ClassVar[frozenset[str]] = Settings.resumable | {
        *("engine", "workers", "address", "gpus_per_worker", "eval_timeout", "log")
    }

    engine: Literal["threads", "processes", "ray"] = Field(
        default="threads",
        description="What evaluates individuals: threads of this process, processes of this machine, or ray.",
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
        default=None, gt=0, description="Seconds that one training run or evaluation may take; not on threads."
    )
    log: Log = Field(
        default=(),
        description="Log each generation to the folder `logs` of the run directory while it runs: csv, tensorboard, "
        "mlflow and wandb, separated by commas; by default nowhere.",
    )


class Data(SeededRun):
    """The data set and the backbone."""

    dataset: str = Field(default="glyphs", description="Data set.", json_schema_extra={"names": "dataset"})
    data_root: Folder | None = Field(default=None, description="Folder of the data set's files.")
    download: bool = Field(
        default=False, description="Download the data set into --data-root if none of its files is there."
    )
    image_size: int | None = Field(
        default=None, ge=8, le=1024, description="Height and width of images in pixels; by default the data set's own."
    )
    augment: Augment = Field(
        default=(),
        description="Changes of images in training, separated by commas: crop (out of a border of an eighth), flip and "
        "jitter (of brightness, contrast and saturation by up to 40 %); by default none.",
    )
    rehearse: bool = Field(
        default=False,
        description="Leave novel classes alone, so that settings can be chosen: held-out classes take their place, and "
        "some ancestry classes the place of those.",
    )
    backbone: str = Field(
        default="convnet4", description="Architecture of the networks.", json_schema_extra={"names": "backbone"}
    )
    width: float = Field(default=1.0, gt=0, description="Factor on the backbone's channels.")


class Networks(Data, Workers):
    """What a run that trains populations of networks has."""

    environments: Literal["one", "mixed"] | None = Field(
        default=None,
        description="Environments that ancestry is from: one, or mixed, which deals it to eight, of which two are "
        "useful, two shuffle labels, two corrupt images and two have textures instead; by default those of the data "
        "set, and in the suite environments mixed.",
    )
    preset: str | None = Field(
        default=None,
        description="Settings of a whole run to begin with: smoke, small, full or paper, for vgg11 on cifar-fs, "
        "resnet12 on tiny-imagenet or on mini-imagenet, or for the --backbone and the --dataset that are given.",
        json_schema_extra={"names": "preset"},
    )
    execution: Literal["auto", "looped", "stacked", "tune"] = Field(
        default="auto",
        description="How to train a population: one network at a time (looped), batched by architecture (stacked), "
        "what suits the device (auto), or what is faster in a test at the start (tune).",
    )
    precision: Literal["float32", "tf32", "bf16"] = Field(
        default="float32",
        description="Numbers of forward passes: float32, or faster and less exact ones of GPUs, tf32 or bf16.",
    )
    compile: bool = Field(default=False, description="Compile the forward pass of stacked networks with torch.compile.")


class Evolving(Networks):
    """What a run that evolves populations of networks has."""

    generations: int = Field(default=3, ge=1, description="Generations of evolution.")
    asynchronous: bool = Field(
        default=False,
        description="Run GTL asynchronously: start the next training run as soon as a worker is free.",
    )


class EvolveCandidate(Networks):
    """A run of a strategy that makes one candidate in one generation."""

    strategy: str = Field(description="Strategy to run.", json_schema_extra=STRATEGY)


class EvolveNetworks(Evolving):
    """A run of a strategy that evolves learngenes."""

    resumable: ClassVar[frozenset[str]] = Networks.resumable | {"generations"}

    strategy: str = Field(description="Strategy to run.", json_schema_extra=STRATEGY)


class EvolveSearch(Workers):
    """A run of a strategy that searches the genomes of a problem."""

    resumable: ClassVar[frozenset[str]] = Workers.resumable | {"generations", "evaluations"}

    strategy: str = Field(description="Strategy to run.", json_schema_extra=STRATEGY)
    evaluations: int | None = Field(
        default=None, ge=1, description="Evaluations to spend; by default 10,000, unless --generations is given."
    )
    generations: int | None = Field(default=None, ge=1, description="Generations to run, in place of --evaluations.")


class Inherit(Data):
    """The training of one descendant."""

    quick_defaults: ClassVar[bool] = False

    learngene: Folder | None = Field(
        default=None, description="File of a learngene.", json_schema_extra={"argument": "LEARNGENE"}
    )
    trained: Folder | None = Field(
        default=None,
        alias="from",
        description="Instead of a learngene a trained network: the .safetensors file of its state dict, with the "
        "tensors of --backbone, from which the circuit with the largest weights is cut.",
    )
    share: float = Field(default=0.2, gt=0, le=1, description="Share of its parameters that the circuit has.")
    structure: Structure = Field(
        default="equal-widths",
        description="How wide the channel groups of the circuit are beside each other: equal-ratios keeps the same "
        "share of each, equal-widths as many features of each or all that it has; or relative widths, a number for "
        "each group.",
    )
    ways: int | None = Field(
        default=None, ge=2, description="Classes of the task; by default 20, or all where the data set has fewer."
    )
    shots: int = Field(default=10, ge=1, description="Images per class.")
    updates: int = Field(default=60, ge=1, description="Updates of the descendant.")
    batch: int = Field(default=64, ge=1, description="Images in one update.")
    learning_rate: float = Field(default=0.05, gt=0, description="Learning rate.")
    workers: int | None = Field(default=None, ge=1, description="Threads; by default one for each core.")


class Bench(SeededRun):
    """What every suite has."""

    suites: Names = Field(
        default=("transfer",), description="Suites to run.", json_schema_extra={"argument": "SUITE", "names": "suite"}
    )


class BenchNetworks(Evolving, Bench):
    """A comparison of strategies by what their descendants reach."""

    strategies: Names | None = Field(
        default=None,
        description="Strategies to compare, separated by commas; by default those of the suite.",
        json_schema_extra={"names": "strategy"},
    )
    seeds: int = Field(
        default=3, ge=1, description="Repetitions of evolution, pre-training and descendants, a seed each."
    )
    match: Literal["steps", "multiply-adds", "seconds", "none"] = Field(
        default="steps",
        description="What contestants may spend before transfer: as many gradient steps as gtl, as many multiply-adds, "
        "as many core-seconds (measured at the start), or what their settings say.",
    )
    ways: int | None = Field(
        default=None,
        ge=2,
        description="Classes per task of descendants; by default 20, or all where the data set has fewer.",
    )
    shots: Counts = Field(default=10, description="Images per class of descendants, several numbers in turn.")
    updates: int = Field(default=60, ge=1, description="Updates of a descendant.")
    descendants: int = Field(default=4, ge=1, description="Descendants that each learngene is tested on.")
    batch: int = Field(default=64, ge=1, description="Images in one update, of all networks.")
    learning_rate: float = Field(default=0.05, gt=0, description="Learning rate of descendants and critics.")
    ancestor_rate: Rates | None = Field(
        default=None,
        description="Learning rate of training runs before transfer; by default each strategy's own. Of several, each "
        "strategy gets the one that is best for it in a rehearsal, see --rehearse.",
    )

    spend: Parts = Field(
        default=1.0,
        description="Part of what it may spend that each strategy spends before transfer; of several, each gets the "
        "one that is best for it in a rehearsal, since training for less may be better.",
    )

    @property
    def every_part(self) -> tuple[float, ...]:
        """The parts of budgets to choose from, or the only one."""
        return (self.spend,) if isinstance(self.spend, float) else self.spend

    @property
    def every_rate(self) -> tuple[float, ...]:
        """The learning rates before transfer to choose from, or the only one; none if none is given."""
        rates = self.ancestor_rate
        return () if rates is None else (rates,) if isinstance(rates, float) else rates

    @property
    def every_shots(self) -> tuple[int, ...]:
        """The numbers of images per class, one or several."""
        return (self.shots,) if isinstance(self.shots, int) else self.shots


class BenchSearches(Workers, Bench):
    """A comparison of searches on problems."""

    strategies: Names | None = Field(
        default=None,
        description="Searches to compare, separated by commas; by default all with one objective.",
        json_schema_extra={"names": "strategy"},
    )
    problems: Names = Field(
        default=("sphere", "rastrigin", "digits"),
        description="Problems, separated by commas.",
        json_schema_extra={"names": "problem"},
    )
    seeds: int = Field(default=3, ge=1, description="Repetitions of each search, a seed each.")
    evaluations: int = Field(default=10_000, ge=1, description="Evaluations of each search.")


class BenchRace(Workers, Bench):
    """A comparison of searches here with those of other libraries."""

    # Each search depends on itself alone, so that a run may be divided into several.
    resumable: ClassVar[frozenset[str]] = Workers.resumable | {"problems", "entrants", "seeds"}

    problems: Names = Field(
        default=(),
        description="Problems or kinds of problems, separated by commas; by default all, few for a quick run.",
    )
    entrants: Names = Field(
        default=(), description="Searches of all libraries, separated by commas; by default all that are installed."
    )
    seeds: int = Field(default=10, ge=1, description="Repetitions of each search, a seed each.")
    evaluations: int | None = Field(
        default=None, ge=1, description="Evaluations of each search at most; by default those of each problem."
    )
    data_root: Folder | None = Field(
        default=None, description="Folder of Fashion-MNIST's files; without it that problem is left out."
    )


class BenchMeasurement(Bench):
    """A measurement of this machine."""
