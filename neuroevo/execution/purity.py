"""Side effects of users' modules, found before anything is scored.

A score may depend on nothing but its genome. What a module changes in itself is isolated by copies of it, one for each
evaluation; what it changes or reads elsewhere can't be, and is refused by its name.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from neuroevo import global_generators as generators
from neuroevo.execution.chain import ELEMENTWISE
from neuroevo.module_state import changed, copied, marks

Run = Callable[[nn.Module], Any]
"""Runs a module and returns its outputs, in any containers."""

TOLERANCE = 1e-3
"""Largest relative difference between outputs that are equal but for rounding."""

log = logging.getLogger(__name__)

PLAIN = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Flatten, nn.Unflatten, *ELEMENTWISE, nn.Sequential)
"""Layers of PyTorch that are known to have no side effects."""


def side_effects(module: nn.Module, run: Run, *, company: Run | None = None) -> list[str]:
    """Return the names of the attributes and buffers that a module changes when it runs.

    Args:
        module: Stays as it is: copies of it run.
        run: Runs a module on some inputs.
        company: Runs a module on others, between two runs that must agree; default the same.

    Raises:
        ValueError: The module draws from a global random generator, or gives other outputs when a fresh copy of it
            runs again, so that something outside of it is kept.
    """
    if plain(module):
        return []
    before, outside = generators.fingerprints(), _outside(module)
    with generators.restored():
        own, first = _watched(module, run)
        if drawn := [name for name, state in generators.fingerprints().items() if state != before[name]]:
            raise ValueError(
                f"module must not draw from the global random generator of {' and '.join(drawn)} in its forward pass, "
                f"but a {type(module).__name__} does; draw from a torch.Generator that is one of its attributes, or "
                "leave it to evaluation mode, as nn.Dropout does."
            )
        (company or run)(copied(module))
        _, again = _watched(module, run)
    touched = changed(outside, _outside(module))
    if not close(first, again):
        what = f"{' and '.join(touched)}, which copies share" if touched else "something outside of it"
        raise ValueError(
            f"module must give the same outputs whatever was evaluated before, but a {type(module).__name__} changes "
            f"{what}; keep it in an attribute of the instance."
        )
    if touched:
        log.warning("%s changes %s, which copies share.", type(module).__name__, " and ".join(touched))
    return own


def plain(module: nn.Module) -> bool:
    """Return whether a module consists of PyTorch's layers without side effects, and of nothing else."""
    return all(
        type(part) in PLAIN
        and not (part._forward_hooks or part._forward_pre_hooks or "forward" in vars(part) or part._buffers)
        for part in module.modules()
    )


def close(first: Any, second: Any) -> bool:
    """Return whether outputs are equal but for rounding; what is not finite equals itself."""
    pairs = list(zip(tree_leaves(first), tree_leaves(second), strict=True))
    return all(
        one.shape == other.shape and torch.allclose(one, other, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)
        for one, other in pairs
        if isinstance(one, Tensor) and isinstance(other, Tensor)
    )


def _watched(module: nn.Module, run: Run) -> tuple[list[str], Any]:
    """Return what a fresh copy changes in itself, and its outputs."""
    copy = copied(module)
    before = marks(copy)
    with torch.no_grad():
        outputs = run(copy)
    return changed(before, marks(copy)), outputs


def _outside(module: nn.Module) -> dict[str, Any]:
    """Return marks of what a module's code can change and copies share, by a description."""
    holder = nn.Module()
    for part in module.modules():
        for name, value in _shared(type(part)):
            vars(holder)[name] = value
    return marks(holder)


def _shared(kind: type[nn.Module]) -> Iterator[tuple[str, Any]]:
    """Yield data in the attributes of a class of the user's, and in the globals that its methods name."""
    for one in kind.__mro__:
        if one.__module__.partition(".")[0] in ("torch", "builtins", "typing", "neuroevo"):
            continue
        for name, value in vars(one).items():
            if code := getattr(value, "__code__", None):
                found = getattr(value, "__globals__", {})
                names = [name for name in code.co_names if name in found]
                yield from ((f"the global variable {name}", found[name]) for name in names if _is_data(found[name]))
                cells = zip(code.co_freevars, value.__closure__ or (), strict=True)
                yield from ((f"the variable {name} of a closure", cell.cell_contents) for name, cell in cells)
            elif not name.startswith("__") and _is_data(value):
                yield f"the class attribute {one.__name__}.{name}", value


def _is_data(value: object) -> bool:
    return isinstance(value, int | float | str | list | dict | set | tuple | Tensor | torch.Generator) or hasattr(
        value, "tobytes"
    )


def names(found: Sequence[str]) -> str:
    """Return up to three names for a sentence."""
    shown = ", ".join(found[:3])
    return shown if len(found) <= 3 else f"{shown} and {len(found) - 3} more"
