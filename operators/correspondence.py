"""The correspondence of an heir's and a learngene's tensors if the two have different structures."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import zip_longest

from neuroevo.backbones import Layout
from neuroevo.backbones.layout import Layer
from neuroevo.learngene import Learngene

OTHER_FIRST = "their first layers differ in kind or kernel."


@dataclass(frozen=True)
class Correspondence:
    """What an heir's tensors and groups inherit from a learngene, by name.

    Attributes:
        tensors: The learngene's tensor for each tensor of the heir that has one.
        genes: The learngene's group for each group of the heir that holds genes.
        identity: Tensors of surplus layers on the main path, which pass genes on unchanged.
        silent: Tensors of surplus layers on branches, which add nothing to genes.
        dropped: Parts of the learngene without a place in the heir, one sentence each.
        added: The treatment of surplus layers, one sentence each.
    """

    tensors: dict[str, str] = field(default_factory=dict)
    genes: dict[str, str] = field(default_factory=dict)
    identity: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)


def correspond(learngene: Learngene, heir: Layout) -> Correspondence:
    """Return what an heir inherits from a learngene: by name, or else by stage and position.

    Layouts with the same tensors and groups correspond by name. Others correspond by stage: the k-th layer of a stage
    to the k-th of the same stage if kernels have the same size, separately for the main path and branches.

    Raises:
        ValueError: One of the two has no stages, or their first layers differ in kind or kernel.
    """
    ancestor = learngene.backbone.layout
    if dict(ancestor.axes) == dict(heir.axes) and dict(ancestor.outputs) == dict(heir.outputs):
        return Correspondence({name: name for name in heir.axes}, {group: group for group in heir.groups})
    found = Correspondence()
    for number, (ours, theirs) in enumerate(zip_longest(heir.stages, ancestor.stages, fillvalue=()), start=1):
        _match(found, heir, ours, ancestor, theirs, number)
        if not found.tensors:
            break
    if not found.tensors:
        raise ValueError(
            f"a learngene of the backbone {learngene.backbone.describe()['kind']} with the groups "
            f"{', '.join(ancestor.groups)} can't be inherited by a network with the groups {', '.join(heir.groups)}: "
            f"{_why_not(ancestor, heir)}"
        )
    return found


def _why_not(ancestor: Layout, heir: Layout) -> str:
    """Return the end of a sentence: why nothing corresponds."""
    without = [name for name, one in (("the learngene's backbone", ancestor), ("the heir", heir)) if not one.stages]
    if not without:
        return OTHER_FIRST
    return (
        f"{without[0]} can't be matched layer by layer, for its layers "
        "don't follow one another in a chain of stages, one for each size of the maps (a traced network with skips or "
        "branches has none); inherit into one with the same layers, at any width."
    )


def _match(
    found: Correspondence,
    heir: Layout,
    ours: tuple[Layer, ...],
    ancestor: Layout,
    theirs: tuple[Layer, ...],
    number: int,
) -> None:
    """Record the correspondence in one stage."""
    partners = _partners(heir, ours, ancestor, theirs)
    for layer in ours:
        if layer in partners:
            _take(found, heir, layer, ancestor, partners[layer])
        else:
            _add(found, heir, layer)
    found.dropped.extend(
        f"{layer.modules[0]} of the learngene has no counterpart in stage {number} of the heir and was dropped, so the "
        "circuit is broken there."
        for layer in theirs
        if layer not in partners.values()
    )


def _partners(heir: Layout, ours: tuple[Layer, ...], ancestor: Layout, theirs: tuple[Layer, ...]) -> dict[Layer, Layer]:
    """Return the learngene's layer for each layer of the heir in one stage that has a counterpart."""
    partners: dict[Layer, Layer] = {}
    for branch in (False, True):
        sides = ([layer for layer in side if layer.branch == branch] for side in (ours, theirs))
        partners |= {one: other for one, other in zip(*sides, strict=False) if _agree(heir, one, ancestor, other)}
    return partners


def _agree(heir: Layout, one: Layer, ancestor: Layout, other: Layer) -> bool:
    """Return whether two layers have the same kinds of tensors with kernels of the same size."""
    ours, theirs = heir.tensors(one), ancestor.tensors(other)
    return ours.keys() == theirs.keys() and all(
        _kernel(heir, name) == _kernel(ancestor, theirs[role]) for role, name in ours.items()
    )


def _kernel(layout: Layout, name: str) -> tuple[tuple[bool, ...], tuple[int, ...]]:
    """Return which axes of a tensor are channels, and the size of a convolution's kernel."""
    shape = layout.shapes[name]
    # The second axis may be colours, and a tensor with three axes is a map over the image: both can be adapted.
    return tuple(group is None for group in layout.axes[name]), shape[2:] if len(shape) > 3 else ()


def _take(found: Correspondence, heir: Layout, layer: Layer, ancestor: Layout, partner: Layer) -> None:
    theirs = ancestor.tensors(partner)
    for role, name in heir.tensors(layer).items():
        found.tensors[name] = theirs[role]
        (output, *_), (group, *_) = heir.axes[name], ancestor.axes[theirs[role]]
        if output is not None and group is not None:
            found.genes.setdefault(str(output), str(group))


def _add(found: Correspondence, heir: Layout, layer: Layer) -> None:
    """Record the treatment of a surplus layer."""
    tensors = heir.tensors(layer)
    output, source, *_ = *heir.axes[next(iter(tensors.values()))], None
    if layer.branch or output in found.genes or source not in found.genes:
        found.silent.extend(tensors.values())
        found.added.append(f"{layer.modules[0]} of the heir has no counterpart and adds nothing to the genes.")
    else:
        found.genes[str(output)] = found.genes[source]
        found.identity.extend(tensors.values())
        found.added.append(f"{layer.modules[0]} of the heir has no counterpart and passes the genes on unchanged.")
