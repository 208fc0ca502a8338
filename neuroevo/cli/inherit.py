"""`neuroevo inherit`: trains a descendant that inherits a learngene, beside one that starts from scratch."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from neuroevo.cli.interruption import ended_by_signals
from neuroevo.cli.options import Call, DerivedCommand, settings_command
from neuroevo.cli.output import echo
from neuroevo.cli.settings.load import fields, to_toml, used
from neuroevo.cli.settings.repeat import repeated
from neuroevo.cli.settings.run import Inherit
from neuroevo.cli.status import status
from neuroevo.runs.directory import RunDirectory, default_folder
from neuroevo.runs.names import DESCENDANT, LEARNGENE
from neuroevo.runs.products import located

if TYPE_CHECKING:
    from torch import Tensor

    from neuroevo.backbones import Backbone
    from neuroevo.benchmarks.suites.protocol import Transfer
    from neuroevo.data.images import Dataset
    from neuroevo.execution import Training
    from neuroevo.learngene import Learngene
    from neuroevo.operators.inheritance import Inheritance

HELP = """Train a network that inherits LEARNGENE, a file that evolve or bench wrote, on novel classes of the data set.

    The network is --backbone, or else of the learngene's own architecture, which the file holds.

    With --from a trained network takes its place: a circuit of --share of its parameters is cut from the weights in
    that file, and saved as learngene.safetensors. A module of your own is a backbone by --import, as
    docs/traced-networks.md shows.

    Its accuracy is printed beside that of its twin from scratch: the same task, random weights and order of images. Its
    weights go to descendant.safetensors in a new folder, as a state dict of plain tensors; the path is printed last.
    """
EXAMPLES = (
    "neuroevo inherit runs/mine/learngene.safetensors",
    "neuroevo inherit runs/mine/learngene.safetensors --width 2 --shots 5 --seed 1",
    "neuroevo inherit --from resnet.safetensors --backbone resnet12 --share 0.3",
)


def _command(call: Call) -> click.Command:
    """Return the command of these words."""

    def owners(key: str) -> list[str]:
        from neuroevo.cli.owners import owners

        return owners(key)

    return settings_command(
        "inherit", Inherit, _run, call=call, what="inherit", help=HELP, examples=EXAMPLES, owners=owners
    )


command = DerivedCommand("inherit", _command, (Inherit,))


def _run(settings: Inherit) -> None:
    # Settings are checked by now, and only a run needs torch.
    status.say("loading PyTorch")
    from deap.base import Toolbox

    from neuroevo.learngene import Learngene
    from neuroevo.operators.inheritance import inherit

    if (settings.learngene is None) == (settings.trained is None):
        raise click.UsageError("inherit needs either a LEARNGENE or --from, the weights of a trained network.")
    known = None if settings.learngene is None else Learngene.load(settings.learngene)
    own = None if known is None or "backbone" in settings.model_fields_set else known.backbone
    protocol = _protocol(settings, own)
    _check(protocol, settings, known)
    learngene = known or _cut(settings, protocol)
    if own is not None:
        settings = settings.model_copy(update={"backbone": own.describe()["kind"]})
    toolbox = Toolbox()
    toolbox.register("inherit", inherit)
    received = protocol.inheritance(learngene, toolbox)  # what does not fit is refused before any folder is made
    folder = settings.out or default_folder("inherit")
    # What was not given is the learngene's again when the settings are repeated.
    values = {key: value for key, value in used(settings).items() if own is None or key != "backbone"}
    with RunDirectory.create(folder, what="inherit", settings=to_toml(values), argv=sys.argv) as run:
        run.note({"repeat": ["neuroevo", *repeated("inherit", values, fields(type(settings)))]})
        run.note({"seed": settings.seed, "device": str(protocol.device), "data": protocol.dataset.facts()})
        with ended_by_signals(run):
            heir, twin = (protocol.training(genome, toolbox, settings.seed, 0) for genome in (learngene, None))
            result = {
                "descendant": DESCENDANT,
                **_trained(heir, twin, protocol, quiet=settings.quiet),
                **_received(received),
            }
            _save(heir, learngene, settings, run.path / DESCENDANT)
            if settings.trained is not None:
                learngene.save(run.path / LEARNGENE)
            run.note({"result": result})
    _print(located(result, folder), settings)


def _cut(settings: Inherit, protocol: Transfer) -> Learngene:
    """Return the learngene that is cut from the trained network of the settings."""
    from neuroevo.operators.trained import cut, fitted

    try:
        backbone, weights = fitted(_state(settings), protocol.backbone)
    except ValueError as error:
        raise ValueError(f"{settings.trained} can't be used with --backbone {settings.backbone}: {error}") from error
    learngene = cut(weights, backbone=backbone, share=settings.share, structure=settings.structure)
    return learngene.with_notes(cut_from=Path(str(settings.trained)).name)


def _state(settings: Inherit) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load

    path = Path(str(settings.trained))
    data = path.read_bytes()
    try:
        return load(data)
    except SafetensorError as error:
        raise ValueError(f"it is no .safetensors file, or it is damaged ({error}).") from error


def _protocol(settings: Inherit, own: Backbone | None) -> Transfer:
    """Return how the descendant is trained, as a network of --backbone, or else of the learngene's own architecture."""
    from neuroevo.benchmarks.suites.protocol import Transfer
    from neuroevo.cli.build import make_backbone, make_dataset, make_device, usage
    from neuroevo.data.tasks import default_ways
    from neuroevo.execution import Recipe

    device = make_device(settings)
    dataset = make_dataset(settings).to(device)
    with usage():
        return Transfer(
            dataset=dataset,
            backbone=make_backbone(settings, dataset) if own is None else _alike(settings, dataset, own),
            descendant=Recipe(updates=settings.updates, batch=settings.batch, learning_rate=settings.learning_rate),
            ways=settings.ways or default_ways(len(dataset.novel.classes)),
            shots=settings.shots,
            descendants=1,
            device=device,
            workers=settings.workers,
        )


def _check(protocol: Transfer, settings: Inherit, known: Learngene | None) -> None:
    """Check how the descendant is trained; an error names the data set that the learngene evolved on, if it is another.

    Raises:
        click.UsageError: The network can't be trained so on the data set.
    """
    from neuroevo.cli.build import usage
    from neuroevo.cli.descriptions import dataset_flags

    evolved = None if known is None else known.notes.get("dataset")
    flags = [] if "dataset" in settings.model_fields_set else dataset_flags(evolved)
    with usage():
        try:
            protocol.check()
        except ValueError as error:
            if not flags:
                raise
            cure = f"the learngene evolved on {evolved}: give {' '.join(flags)}"
            raise ValueError(f"{str(error).partition(';')[0].rstrip('.')}; {cure}.") from error


def _alike(settings: Inherit, dataset: Dataset, own: Backbone) -> Backbone:
    """Return the architecture of a learngene for the data set: one that has a name at its full width."""
    from neuroevo import catalogue
    from neuroevo.backbones.fitting import widened
    from neuroevo.cli.build import make_backbone

    kind = own.describe()["kind"]
    named = kind in catalogue.entries("backbone")
    return make_backbone(settings, dataset, name=kind) if named else widened(own, settings.width)


def _trained(heir: Training, twin: Training, protocol: Transfer, *, quiet: bool) -> dict[str, Any]:
    """Train both, and return their accuracies as JSON values."""
    from neuroevo.cli.progress import Reporter
    from neuroevo.execution import train_all
    from neuroevo.execution.watching import watching

    both = [heir, twin]
    total = sum(one.recipe.updates for one in both)
    with Reporter(total, quiet=quiet) as reporter, watching(reporter.hear):
        reporter.describe("training the descendant, and one from scratch")
        outcomes = train_all(both, workers=protocol.workers)
    curves = {name: list(outcome.accuracy) for name, outcome in zip(("heir", "scratch"), outcomes, strict=True)}
    counts = {"ways": protocol.ways, "shots": protocol.shots, "test_images": len(heir.task.test)}
    return {"updates": list(protocol.measure_at), "accuracy": curves, **counts}


def _received(received: Inheritance) -> dict[str, Any]:
    """Return what was inherited, as JSON values."""
    parts = {name: list(getattr(received, name)) for name in ("full", "part", "filled", "untouched")}
    return {"inherited_share": received.share, "inherited": parts, "notes": list(received.notes)}


def _save(heir: Training, learngene: Learngene, settings: Inherit, path: Path) -> None:
    """Write the trained network's state dict, with what it takes to use it in the one metadata entry."""
    from safetensors.torch import save

    from neuroevo.files import to_json, write_atomically

    task = heir.task
    about = {
        "ancestor": learngene.backbone.describe(),
        "backbone": settings.backbone,
        "width": settings.width,
        "dataset": settings.dataset,
        "seed": settings.seed,
        "classes": [task.source.classes[label] for label in task.classes.tolist()],
        "mean": list(heir.pixels.mean),
        "std": list(heir.pixels.std),
    }
    tensors = {name: tensor.cpu().contiguous() for name, tensor in heir.network.state_dict().items()}
    write_atomically(path, save(tensors, metadata={"neuroevo": to_json(about)}))


def _print(result: Mapping[str, Any], settings: Inherit) -> None:
    if settings.as_json:
        echo(json.dumps(result))
        return
    heir, scratch = (result["accuracy"][name] for name in ("heir", "scratch"))
    echo(
        f"Task: {result['ways']} novel classes of {settings.dataset}, {result['shots']} images each, "
        f"{result['test_images']} unseen images to test on, seed {settings.seed}."
    )
    echo(f"{'updates':>8}  {'heir':>7}  {'scratch':>7}   (accuracy in %)")
    for updates, *accuracies in zip(result["updates"], heir, scratch, strict=True):
        echo(f"{updates:>8}  " + "  ".join(f"{100 * accuracy:>7.1f}" for accuracy in accuracies))
    counts = {name: len(names) for name, names in result["inherited"].items()}
    echo(
        f"Inherited: {100 * result['inherited_share']:.1f} % of the descendant's parameters (its head not counted); of "
        f"its tensors {counts['full']} whole, {counts['part']} in part, {counts['untouched']} not at all"
        + (f", and {counts['filled']} filled so that genes pass." if counts["filled"] else ".")
    )
    for note in result["notes"]:
        echo(f"Note: {note}")
    echo(f"Saved: {result['descendant']}")
