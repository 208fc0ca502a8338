"""Operators of pyribs, which its emitters use."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from ribs.emitters.operators import GaussianOperator, IsoLineOperator
from torch import Tensor

from neuroevo.operators.differential import iso_line
from neuroevo.testing.laws import crossover_laws, mutation_laws
from subjects.subject import Subject

REALS: dict[str, Any] = {"dtypes": (torch.float64,)}


def asked(make: Any, *parents: Tensor, generator: torch.Generator) -> Tensor:
    """Return what an operator with a seed of its own makes of a batch [P, D], or of several."""
    operator = make(seed=int(torch.randint(2**31, (), generator=generator)))
    batch = parents[0] if len(parents) == 1 else torch.stack(parents)
    return torch.as_tensor(operator.ask(batch.numpy()))


SUBJECTS = [
    Subject(
        "pyribs GaussianOperator",
        (),
        lambda: partial(asked, partial(GaussianOperator, sigma=0.5)),
        lambda: mutation_laws(like="gaussian", sigma=0.5, **REALS),
        origin="pyribs",
    ),
    Subject(
        "pyribs IsoLineOperator",
        (),
        lambda: partial(asked, partial(IsoLineOperator, iso_sigma=0.1, line_sigma=0.2)),
        lambda: crossover_laws(
            children=1,
            exchanges=False,
            noise=True,
            equivariant=("shift", "mirror"),
            reference=partial(iso_line, iso=0.1, line=0.2),
            **REALS,
        ),
        origin="pyribs",
    ),
]
