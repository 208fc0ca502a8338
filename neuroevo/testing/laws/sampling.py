"""Laws of sampling: `sample(mean, sigma, *, count, generator) -> genomes`, as `neuroevo.operators.sampling`.

Means are [..., D], sigma is a number or [..., D], and genomes are [..., P, D].
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.testing.laws.distribution import Sample
from neuroevo.testing.laws.draws import drawn_like
from neuroevo.testing.laws.equations import unlike
from neuroevo.testing.laws.law import Breach, Case, Law, check, name_of
from neuroevo.testing.laws.purity import Arguments, Draw, other_seeds_other_results, purity_laws, seeded
from neuroevo.testing.numbers import FLOATS, tensors
from neuroevo.testing.references import reference_sampling
from neuroevo.testing.strategies import seeds

Sampling = Callable[..., Tensor]


def check_sampling(
    sample: Sampling,
    *,
    reference: Sampling | None = None,
    like: str | None = None,
    dtypes: Sequence[torch.dtype] = FLOATS,
    examples: int | None = None,
) -> None:
    """Raise LawBroken for the first of `sampling_laws` that a sampling breaks.

    Args:
        sample: Takes a mean [..., D], sigma, `count` (P) and `generator`; returns genomes [..., P, D].
        reference: As for `sampling_laws`.
        like: As for `sampling_laws`.
        dtypes: As for `sampling_laws`.
        examples: Largest number of cases per law; default that of the active hypothesis profile.
    """
    __tracebackhide__ = True
    laws = sampling_laws(reference=reference, like=like, dtypes=dtypes)
    check(sample, laws, label=name_of(sample), examples=examples)


def sampling_laws(
    *, reference: Sampling | None = None, like: str | None = None, dtypes: Sequence[torch.dtype] = FLOATS
) -> list[Law]:
    """Return the laws of a sampling.

    Args:
        reference: Another implementation, which genomes are distributed as; None for none.
        like: Its name, "normal" or "mirrored"; see `neuroevo.testing.references.sampling`.
        dtypes: The dtypes of means.

    Raises:
        ValueError: There is no reference of the name `like`.
    """
    if like is not None:
        reference = reference_sampling(like)

    def draw(case: Case) -> Arguments:
        leading = case.draw("leading", st.sampled_from([(), (2,)]))
        shape = (*leading, case.draw("genes", st.integers(1, 5)))
        mean = case.draw("mean", tensors(*shape, dtypes=dtypes, magnitude=10))
        deviations = tensors(*shape, dtypes=[mean.dtype], magnitude=10).map(torch.abs)
        sigma = case.draw("sigma", st.sampled_from([0.5, 0.0, 2.0]) | deviations)
        return {"mean": mean, "sigma": sigma, "count": case.draw("count", st.integers(0, 6))}

    def draw_long(case: Case) -> Arguments:
        return {"mean": torch.zeros(24), "sigma": 1.0, "count": case.draw("count", st.integers(1, 3))}

    laws = [
        *purity_laws(draw, _call),
        _shape(draw),
        _around_the_mean(draw),
        _one_for_all(draw),
        other_seeds_other_results(draw_long, _call),
    ]
    if reference is None:
        return laws
    return [*laws, drawn_like("genomes are distributed as the reference's", reference, _grid(), _call, _steps)]


def _call(sample: Any, arguments: Arguments, generator: torch.Generator) -> Tensor:
    drawn: Tensor = sample(arguments["mean"], arguments["sigma"], count=arguments["count"], generator=generator)
    return drawn


def _grid() -> list[dict[str, Any]]:
    """Return arguments of all kinds: one genome and many, odd numbers, no deviation, leading dimensions, long rows."""
    double = torch.float64
    return [
        {"mean": torch.zeros(1, dtype=double), "sigma": 1.0, "count": 1},
        {"mean": torch.tensor([3.0, -1.0], dtype=double), "sigma": torch.tensor(0.5, dtype=double), "count": 2},
        {"mean": torch.tensor([1.0, 2.0, 0.0]), "sigma": torch.tensor([0.5, 0.0, 2.0]), "count": 4},
        {"mean": torch.arange(4.0).reshape(2, 2), "sigma": torch.tensor([[1.0, 0.1], [0.0, 3.0]]), "count": 5},
        {"mean": torch.zeros(2, 1, 3, dtype=double), "sigma": 2.0, "count": 3},
        {"mean": torch.zeros(140), "sigma": 0.3, "count": 6},
        {"mean": torch.ones(2), "sigma": 1e-3, "count": 71},
    ]


def _steps(genomes: Tensor, arguments: Arguments) -> Sample:
    """Return the steps from the mean, [all genomes, D]."""
    steps: Sample = (genomes.double() - arguments["mean"].double().unsqueeze(-2)).flatten(0, -2).numpy()
    return steps


def _shape(draw: Draw) -> Law:
    def statement(sample: Any, case: Case) -> None:
        arguments = draw(case)
        mean = arguments["mean"]
        drawn = _call(sample, arguments, seeded(case.draw("seed", seeds())))
        wanted = (*mean.shape[:-1], arguments["count"], mean.shape[-1])
        if (tuple(drawn.shape), drawn.dtype, drawn.device) != (wanted, mean.dtype, mean.device):
            raise Breach(f"genomes are {list(drawn.shape)} of {drawn.dtype}, not {list(wanted)} of {mean.dtype}")

    cause = "the number of genomes is not before the last dimension, or draws of another dtype promote them"
    return Law("genomes have the shape [..., P, D], dtype and device of the mean", cause, statement)


def _around_the_mean(draw: Draw) -> Law:
    """Return the law by the same draws around another mean, with other deviations."""

    def statement(sample: Any, case: Case) -> None:
        arguments, seed = draw(case), case.draw("seed", seeds())
        mean, sigma, genomes = arguments["mean"], arguments["sigma"], _call(sample, arguments, seeded(seed))
        origin = {**arguments, "mean": torch.zeros_like(mean), "sigma": 1.0}
        steps = _call(sample, origin, seeded(seed)).double()
        wide = sigma.double().unsqueeze(-2) if isinstance(sigma, Tensor) else sigma
        wanted = (mean.double().unsqueeze(-2) + wide * steps).to(genomes.dtype)
        if complaint := unlike(genomes, wanted):
            raise Breach(f"with the draws of a mean of 0 and a deviation of 1 {complaint}")

    cause = "the mean or the deviation of another gene or of another population is used, or a variance as a deviation"
    return Law("genomes are the mean plus the deviation times a draw", cause, statement)


def _one_for_all(draw: Draw) -> Law:
    def statement(sample: Any, case: Case) -> None:
        arguments, seed = draw(case), case.draw("seed", seeds())
        mean = arguments["mean"]
        forms = (0.5, torch.tensor(0.5, dtype=mean.dtype), torch.full_like(mean, 0.5))
        first, *others = (_call(sample, {**arguments, "sigma": sigma}, seeded(seed)) for sigma in forms)
        for other in others:
            if complaint := unlike(other, first):
                raise Breach(f"with the same deviation as a tensor {complaint}")

    cause = "a tensor of deviations is spread along the wrong dimension"
    return Law("one deviation for all genes is that of each", cause, statement)
