"""What an heir of another structure inherits: by name, or else by stage, side and position."""

from __future__ import annotations

from neuroevo.backbones import Layout
from neuroevo.backbones.layout import Layer
from neuroevo.learngene import Learngene
from neuroevo.operators.correspondence import Correspondence

Layers = tuple[Layer, ...]
Tensors = list[tuple[tuple[int, str], str]]


def correspond(learngene: Learngene, heir: Layout) -> Correspondence:
    """Pair the k-th layer of a stage with the k-th of the same stage, separately for main path and branches.

    Sentences are replaced by the module that they are about, which is their first word.
    """
    ancestor = learngene.backbone.layout
    found = Correspondence()
    if {**ancestor.axes} == {**heir.axes} and {**ancestor.outputs} == {**heir.outputs}:
        found.tensors.update({name: name for name in heir.axes})
        found.genes.update({group: group for group in heir.groups})
        return found
    for number in range(max(len(heir.stages), len(ancestor.stages))):
        ours = heir.stages[number] if number < len(heir.stages) else ()
        theirs = ancestor.stages[number] if number < len(ancestor.stages) else ()
        pairs = _pairs(heir, ours, ancestor, theirs)
        for layer in ours:
            partner = [other for one, other in pairs if one == layer]
            if partner:
                _inherited(found, heir, layer, ancestor, partner[0])
            else:
                _surplus(found, heir, layer)
        found.dropped.extend([layer.modules[0] for layer in theirs if layer not in [other for _, other in pairs]])
        if not found.tensors:
            break
    if not found.tensors:
        raise ValueError("nothing corresponds")
    return found


def _pairs(
    heir: Layout, ours: tuple[Layer, ...], ancestor: Layout, theirs: tuple[Layer, ...]
) -> list[tuple[Layer, Layer]]:
    pairs = []
    for side in (False, True):
        left, right = ([layer for layer in layers if layer.branch is side] for layers in (ours, theirs))
        for place in range(min(len(left), len(right))):
            if _kinds(heir, left[place]) == _kinds(ancestor, right[place]):
                pairs.append((left[place], right[place]))
    return pairs


def _tensors(layout: Layout, layer: Layer) -> Tensors:
    """Return a layer's tensors, module by module, with what they are in it."""
    return [
        ((number, name.removeprefix(module)), name)
        for number, module in enumerate(layer.modules)
        for name in layout.axes
        if name == module or name.startswith(module + ".")
    ]


def _kinds(layout: Layout, layer: Layer) -> dict[tuple[int, str], object]:
    """Return which axes of a layer's tensors are channels, and the sizes of kernels; maps of three axes may differ."""
    return {
        role: (
            [group is None for group in layout.axes[name]],
            layout.shapes[name][2:] if len(layout.axes[name]) == 4 else None,
        )
        for role, name in _tensors(layout, layer)
    }


def _inherited(found: Correspondence, heir: Layout, layer: Layer, ancestor: Layout, partner: Layer) -> None:
    theirs = dict(_tensors(ancestor, partner))
    for role, name in _tensors(heir, layer):
        found.tensors[name] = theirs[role]
        output, group = heir.axes[name][0], ancestor.axes[theirs[role]][0]
        if output is not None and group is not None and output not in found.genes:
            found.genes[str(output)] = str(group)


def _surplus(found: Correspondence, heir: Layout, layer: Layer) -> None:
    """Let a surplus layer of the main path be the identity, if genes come to it and go nowhere, else add nothing."""
    tensors = [name for _, name in _tensors(heir, layer)]
    axes = heir.axes[tensors[0]]
    source = axes[1] if len(axes) > 1 else None
    if not layer.branch and axes[0] not in found.genes and source in found.genes:
        found.genes[str(axes[0])] = found.genes[str(source)]
        found.identity.extend(tensors)
    else:
        found.silent.extend(tensors)
    found.added.append(layer.modules[0])
