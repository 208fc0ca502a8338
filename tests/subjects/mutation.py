"""Mutation of weight vectors, gene by gene."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from neuroevo.operators import mutation
from neuroevo.space import Block, Space
from neuroevo.testing.laws import mutation_laws
from neuroevo.testing.values import ALL_LAYOUTS
from subjects.subject import Subject

COVERS = ("operators/mutation.py", "operators/trials.py")
BATCH = torch.zeros(2, 3)
ANY: dict[str, Any] = {"rate": "rate", "leading": True, "layouts": ALL_LAYOUTS}
PRECISIONS = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
SIGMAS = torch.tensor([0.1, 2.0, 0.5])
BLOCKS = Space(
    (Block(name="narrow", shape=(2,), low=-3.0, high=-1.0), Block(name="wide", shape=(), low=0.0, high=50.0)),
    torch.tensor([-2.0, -2.0, 0.2]),
)
PER_GENE: dict[str, Any] = {"low": BLOCKS.low, "high": BLOCKS.high}
LARGEST_BELOW_ONE = 1 - 2**-8
"""In bfloat16."""


def refusing(**wrong: tuple[Any, ...]) -> dict[str, Callable[..., Any]]:
    """Return calls with one wrong setting each."""
    return {
        f"{name}={value}": lambda mutate, generator, name=name, value=value: mutate(
            BATCH, **{name: value}, generator=generator
        )
        for name, values in wrong.items()
        for value in values
    } | {
        "genomes of integers": lambda mutate, generator: mutate(BATCH.long(), generator=generator),
    }


RATES = (-0.1, 1.1, torch.nan)
BOUNDED = refusing(rate=RATES, low=(1.0, 2.0, torch.nan, -torch.inf), high=(0.0, -1.0, torch.inf))

SUBJECTS = [
    Subject(
        "gaussian mutation",
        COVERS,
        lambda: partial(mutation.gaussian, sigma=0.3),
        lambda: mutation_laws(
            like="gaussian",
            sigma=0.3,
            dtypes=PRECISIONS,
            refuses=refusing(rate=RATES, sigma=(-0.1, torch.inf, torch.nan, torch.tensor([0.1, -0.1, 0.2]))),
            **ANY,
        ),
    ),
    Subject(
        "gaussian mutation by a deviation for each gene",
        COVERS,
        lambda: partial(mutation.gaussian, sigma=SIGMAS),
        lambda: mutation_laws(like="gaussian", sigma=SIGMAS.numpy(), length=3, **ANY),
    ),
    Subject(
        "multiscale mutation",
        COVERS,
        lambda: partial(mutation.multiscale, sigma=0.3, least=0.05),
        lambda: mutation_laws(
            like="multiscale",
            sigma=0.3,
            least=0.05,
            dtypes=PRECISIONS,
            refuses=refusing(
                rate=RATES,
                least=(0.0, -0.1, 1.1, torch.nan),
                sigma=(-0.1, torch.inf, torch.nan, torch.tensor([0.1, -0.1, 0.2])),
            ),
            **ANY,
        ),
    ),
    Subject(
        "multiscale mutation by default, by a deviation for each gene",
        COVERS,
        lambda: partial(mutation.multiscale, sigma=SIGMAS),
        lambda: mutation_laws(like="multiscale", sigma=SIGMAS.numpy(), length=3, **ANY),
    ),
    Subject(
        "gaussian mutation without noise",
        COVERS,
        lambda: partial(mutation.gaussian, sigma=0.0),
        lambda: mutation_laws(deterministic=True, like="gaussian", sigma=0.0),
    ),
    Subject(
        "uniform mutation",
        COVERS,
        lambda: partial(mutation.uniform, low=0.0, high=1.0),
        lambda: mutation_laws(like="uniform", low=0.0, high=1.0, bounds=(0.0, 1.0), refuses=BOUNDED, **ANY),
    ),
    Subject(
        "uniform mutation in half precision",
        COVERS,
        lambda: partial(mutation.uniform, low=0.0, high=1.0),
        lambda: mutation_laws(bounds=(0.0, LARGEST_BELOW_ONE), dtypes=(torch.bfloat16,), **ANY),
    ),
    Subject(
        "polynomial mutation",
        COVERS,
        lambda: partial(mutation.polynomial, low=0.0, high=1.0),
        lambda: mutation_laws(
            like="polynomial",
            low=0.0,
            high=1.0,
            bounds=(0.0, 1.0),
            grid={"eta": (0.0, 5.0)},
            refuses=BOUNDED | refusing(eta=(-1.0, torch.inf, torch.nan)),
            **ANY,
        ),
    ),
    Subject(
        "polynomial mutation with bounds for each gene",
        COVERS,
        lambda: partial(mutation.polynomial, eta=2.0, **PER_GENE),
        lambda: mutation_laws(
            space=BLOCKS, like="polynomial", eta=2.0, low=BLOCKS.low.numpy(), high=BLOCKS.high.numpy(), **ANY
        ),
    ),
]
