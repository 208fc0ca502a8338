"""Files of learngenes and genomes in sentences, and what to do with them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuroevo import catalogue
from neuroevo.cli.for_people import few, number, pairs, sequence, value
from neuroevo.spelling import outlined

if TYPE_CHECKING:
    from neuroevo.backbones.layout import Layout


def describe_file(path: Path) -> list[str]:
    """Return what a file holds; one line is one sentence.

    Raises:
        CheckpointError: It is no file of a learngene or a genome, or it is damaged.
    """
    from neuroevo.genome import is_genome

    return _describe_genome(path) if is_genome(path) else _describe_learngene(path)


def _describe_genome(path: Path) -> list[str]:
    from neuroevo.genome import Genome

    genome = Genome.load(path)
    size = sum(block.numel() for block in genome.blocks.values())
    shapes = [f"{name} ({' x '.join(map(str, block.shape)) or 'a number'})" for name, block in genome.blocks.items()]
    notes = dict(genome.notes)
    blocks = "1 block" if len(shapes) == 1 else f"{len(shapes)} blocks"
    lines = [f"This is a genome of {size:,} genes in {blocks}: {few(shapes)}."]
    lines += _origin(notes, place="problem")
    if (values := notes.pop("values", None)) is not None:
        lines.append(f"Its {'value there is' if len(values) == 1 else 'values there are'} {value(values)}.")
    load = f"Genome.load({str(path)!r})"
    return [*lines, *_others(notes), "", "Next:", f"Use it in Python, after `from neuroevo import Genome`:\n    {load}"]


def _describe_learngene(path: Path) -> list[str]:
    from neuroevo.learngene import Learngene

    learngene = Learngene.load(path)
    description = dict(outlined(learngene.backbone.describe()))
    kind, groups = description.pop("kind"), learngene.backbone.layout.groups
    size = _unit_sizes(learngene.backbone.layout)
    kept = [
        f"{count:,} of {groups[group]:,} in {group}" + (f" ({size[group]} channels each)" if size[group] > 1 else "")
        for group, count in learngene.counts.items()
    ]
    of = "a traced network" if kind == "traced" else f"the backbone {kind}"
    lines = [
        f"This is a learngene of {of} ({pairs(description)}): {learngene.parameters:,} parameters, "
        f"{100 * learngene.share:.1f} % of the backbone's.",
        f"It keeps these channels: {sequence(kept)}.",
    ]
    tensors = learngene.backbone.layout.axes
    if len(learngene.slices) < len(tensors):
        lines.append(f"It holds {len(learngene.slices)} of {len(tensors)} tensors: {few([*learngene.slices])}.")
    notes = dict(learngene.notes)
    classes, settings, lineage = (notes.pop(key, None) for key in ("classes", "settings", "lineage"))
    dataset = notes.get("dataset")
    lines += _origin(notes, place="dataset")
    for role, names in (classes or {}).items():
        lines.append(f"Its {len(names)} {role.replace('_', '-')} classes are {few(names)}.")
    if lineage:
        lines.append(f"Its lineage, from itself to its first ancestor: {', '.join(map(str, lineage))}.")
    if settings:
        lines.append(f"It was made with {pairs(settings)}.")
    command = shlex.join(["neuroevo", "inherit", str(path), *_flags(kind, dataset)])
    return [*lines, *_others(notes), "", "Next:", f"Train a network that inherits it:\n    {command}"]


def _unit_sizes(layout: Layout) -> dict[str, int]:
    """Return how many channels a unit of each group is: heads, and channels that a group norm ties, are several."""
    found = dict.fromkeys(layout.groups, 0)
    for name, axes in layout.axes.items():
        blocks = layout.blocks.get(name, (1,) * len(axes))
        if axes and isinstance(axes[0], str) and isinstance(blocks[0], int):
            found[axes[0]] = min(blocks[0], found[axes[0]] or blocks[0])
    return found


def _origin(notes: dict[str, Any], *, place: str) -> list[str]:
    """Return where something comes from, and take that out of the notes."""
    found = {key: notes.pop(key, None) for key in ("strategy", place, "seed", "generations", "score")}
    if found["strategy"] is None:
        return []
    where = f" on {found[place]}" if found[place] else ""
    seed = f" with seed {found['seed']}" if found["seed"] is not None else ""
    count = found["generations"]
    length = f" in {count:,} generations" if isinstance(count, int) and count > 1 else ""
    lines = [f"{found['strategy']} made it{where}{seed}{length}."]
    if isinstance(found["score"], float) and found["score"] == found["score"]:  # not NaN
        lines.append(f"It scored {number(found['score'])} on held-out classes.")
    return lines


def _others(notes: Mapping[str, object]) -> list[str]:
    """Return notes that no sentence was made of."""
    return [f"Its notes say {pairs(dict(sorted(notes.items())))}."] if notes else []


def _flags(kind: str, dataset: object) -> list[str]:
    """Return the flags of `inherit` that differ from its defaults."""
    named = kind != "convnet4" and kind in catalogue.entries("backbone")
    return [*([f"--backbone={kind}"] if named else []), *dataset_flags(dataset)]


def dataset_flags(dataset: object) -> list[str]:
    """Return the flags that name a data set of the catalogue; none for another, and for the default."""
    entry = catalogue.entries("dataset").get(str(dataset))
    if entry is None or entry.name == "glyphs":
        return []
    return [f"--dataset={entry.name}", *(["--data-root=FOLDER"] if entry.needs else [])]
