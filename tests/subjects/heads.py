"""Class-head memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from torch import Tensor

from neuroevo.operators import heads
from neuroevo.operators.heads import HeadMemory
from neuroevo.testing.laws import agreement_laws
from neuroevo.testing.references import heads as references
from neuroevo.testing.strategies import seeds
from subjects.subject import Subject

FILES = ("operators/heads.py",)


@st.composite
def memories(draw: DrawFn, *, total: int, features: int) -> HeadMemory:
    """Draw a memory; rows of unknown classes are zero."""
    generator = torch.Generator().manual_seed(draw(seeds()))
    known = torch.tensor(draw(st.lists(st.booleans(), min_size=total, max_size=total)))
    weight, bias = torch.randn(total, features, generator=generator), torch.randn(total, generator=generator)
    return HeadMemory(weight * known[:, None], bias * known, known)


@st.composite
def heads_of(draw: DrawFn, *, rows: int, features: int) -> dict[str, Tensor]:
    """Draw the tensors of a network: a head, in training or not, and others."""
    generator = torch.Generator().manual_seed(draw(seeds()))
    weight, bias = torch.randn(rows, features, generator=generator), torch.randn(rows, generator=generator)
    trains = draw(st.booleans())
    head = {"head.weight": weight.requires_grad_(trains), "head.bias": bias.requires_grad_(trains)}
    return {"hidden": torch.ones(2), **head}


@st.composite
def ends(draw: DrawFn) -> Mapping[str, Any]:
    """Draw the arguments of `remember`, sometimes with a head of another size."""
    total, features = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    classes = draw(st.permutations(range(total)))[: draw(st.integers(1, total))]
    rows = draw(st.sampled_from([len(classes)] * 5 + [len(classes) + 1]))
    return {
        "weights": draw(heads_of(rows=rows, features=features)),
        "classes": torch.tensor(classes),
        "total": total,
        "before": draw(st.none() | memories(total=total, features=features)),
    }


@st.composite
def beginnings(draw: DrawFn) -> Mapping[str, Any]:
    """Draw the arguments of `recall`."""
    total, features = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    classes = draw(st.permutations(range(total)))[: draw(st.integers(1, total))]
    head = draw(heads_of(rows=len(classes), features=features))
    dtype, trains = draw(st.sampled_from([torch.float32, torch.float64])), draw(st.booleans())
    return {
        "memory": draw(memories(total=total, features=features)),
        "weights": {name: tensor.detach().to(dtype).requires_grad_(trains) for name, tensor in head.items()},
        "classes": torch.tensor(classes),
        "channels": torch.tensor(sorted(draw(st.sets(st.integers(0, features - 1), min_size=1)))),
    }


@st.composite
def families(draw: DrawFn) -> Mapping[str, Any]:
    """Draw the arguments of `average`."""
    total, features = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    return {"memories": draw(st.lists(memories(total=total, features=features), max_size=4))}


SUBJECTS = [
    Subject("memory of heads", FILES, lambda: heads.remember, lambda: agreement_laws(references.remember, ends())),
    Subject("recall of heads", FILES, lambda: heads.recall, lambda: agreement_laws(references.recall, beginnings())),
    Subject(
        "average of heads",
        FILES,
        lambda: heads.average,
        lambda: agreement_laws(references.average, families(), tolerance=64),
    ),
]
