"""Crossover of weight vectors: exchange and mixing of genes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from neuroevo.operators import crossover
from neuroevo.testing.laws import crossover_laws
from neuroevo.testing.values import ALL_LAYOUTS
from subjects.mutation import BLOCKS, PER_GENE, RATES
from subjects.subject import Subject

COVERS = ("operators/crossover.py", "operators/trials.py")
BATCH = torch.zeros(2, 3)
ANY: dict[str, Any] = {"leading": True, "layouts": ALL_LAYOUTS}
ANY_DTYPE = (torch.float32, torch.float64, torch.int64)

Refused = dict[str, Callable[..., Any]]

UNPAIRED: Refused = {
    "parents of two shapes": lambda cross, generator: cross(BATCH, BATCH[:1], generator=generator),
    "parents of two dtypes": lambda cross, generator: cross(BATCH, BATCH.double(), generator=generator),
    "parents of two devices": lambda cross, generator: cross(BATCH, BATCH.to("meta"), generator=generator),
    "parents without a dimension": lambda cross, generator: cross(BATCH[0, 0], BATCH[0, 0], generator=generator),
}
NO_REALS: Refused = {
    "parents of integers": lambda cross, generator: cross(BATCH.long(), BATCH.long(), generator=generator)
}


def refusing(**wrong: tuple[Any, ...]) -> Refused:
    """Return calls with one wrong setting each."""
    return {
        f"{name}={value}": lambda cross, generator, name=name, value=value: cross(
            BATCH, BATCH, **{name: value}, generator=generator
        )
        for name, values in wrong.items()
        for value in values
    }


NEGATIVE = (-0.1, torch.inf, torch.nan)

SUBJECTS = [
    Subject(
        "one-point crossover",
        COVERS,
        lambda: crossover.one_point,
        lambda: crossover_laws(cuts=1, like="one-point", dtypes=ANY_DTYPE, refuses=UNPAIRED, **ANY),
    ),
    Subject(
        "two-point crossover",
        COVERS,
        lambda: crossover.two_point,
        lambda: crossover_laws(cuts=2, like="two-point", dtypes=ANY_DTYPE, refuses=UNPAIRED, **ANY),
    ),
    Subject(
        "uniform crossover",
        COVERS,
        lambda: crossover.uniform,
        lambda: crossover_laws(
            rate="rate", like="uniform", dtypes=ANY_DTYPE, refuses=UNPAIRED | refusing(rate=RATES), **ANY
        ),
    ),
    Subject(
        "blend crossover",
        COVERS,
        lambda: crossover.blend,
        lambda: crossover_laws(
            exchanges=False,
            grid={"alpha": (0.0, 2.0)},
            like="blend",
            refuses=UNPAIRED | NO_REALS | refusing(alpha=NEGATIVE),
            **ANY,
        ),
    ),
    Subject(
        "blend crossover without a margin",
        COVERS,
        lambda: partial(crossover.blend, alpha=0.0),
        lambda: crossover_laws(
            exchanges=False, bounds=(-1.0, 2.0), like="blend", alpha=0.0, dtypes=(torch.float64,), **ANY
        ),
    ),
    Subject(
        "simulated binary crossover",
        COVERS,
        lambda: crossover.simulated_binary,
        lambda: crossover_laws(
            exchanges=False,
            rate="rate",
            grid={"eta": (0.0, 2.0)},
            like="simulated binary",
            refuses=UNPAIRED | NO_REALS | refusing(eta=NEGATIVE, rate=RATES),
            **ANY,
        ),
    ),
    Subject(
        "simulated binary crossover with bounds for each gene",
        COVERS,
        lambda: partial(crossover.simulated_binary, eta=2.0, **PER_GENE),
        lambda: crossover_laws(
            space=BLOCKS,
            exchanges=False,
            rate="rate",
            like="simulated binary",
            eta=2.0,
            low=BLOCKS.low.numpy(),
            high=BLOCKS.high.numpy(),
            **ANY,
        ),
    ),
]
