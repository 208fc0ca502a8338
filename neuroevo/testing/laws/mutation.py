"""Laws of mutation: `mutate(genomes, *, generator) -> mutants`, as the functions of `neuroevo.operators.mutation`.

`genomes` are a batch [P, D] of independent rows; all settings are bound by the caller, for example
`functools.partial(gaussian, sigma=0.1)`. The name of a setting that is the probability to mutate a gene can be given:
the laws then choose its value.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.testing.laws import chance
from neuroevo.testing.laws.content import same_bits
from neuroevo.testing.laws.genes import DTYPES, LONG, Bounds, Genes, check_permutations
from neuroevo.testing.laws.law import Breach, Case, Law, check, name_of
from neuroevo.testing.laws.purity import SEEDS, Arguments, Draw, other_seeds_other_results, purity_laws, seeded
from neuroevo.testing.laws.resemblance import mutates_like
from neuroevo.testing.references import reference_mutation
from neuroevo.testing.strategies import seeds

Dtypes = tuple[torch.dtype, ...]

HALF = 0.5
"""A rate at which even a bit flip has more than one result."""

PERMUTATIONS_STAY = "permutations stay permutations"

CALLS = 64
"""Calls in which a likely event must occur at least once."""


def check_mutation(
    mutate: Callable[..., Tensor],
    *,
    bounds: Bounds | None = None,
    rate: str | float | None = None,
    dtypes: Dtypes = DTYPES,
    min_genes: int = 1,
    permutations: bool = False,
    reference: Callable[..., Tensor] | None = None,
    like: str | None = None,
    examples: int | None = None,
    **settings: Any,
) -> None:
    """Raise LawBroken for the first of `mutation_laws` that a mutation breaks.

    Args:
        mutate: Takes genomes [P, D] and `generator`; returns mutants [P, D].
        bounds: As for `mutation_laws`.
        rate: As for `mutation_laws`.
        dtypes: As for `mutation_laws`.
        min_genes: As for `mutation_laws`.
        permutations: As for `mutation_laws`.
        reference: As for `mutation_laws`.
        like: As for `mutation_laws`.
        examples: Largest number of cases per law; default that of the active hypothesis profile.
        **settings: As for `mutation_laws`.
    """
    __tracebackhide__ = True
    laws = mutation_laws(
        bounds=bounds,
        rate=rate,
        dtypes=dtypes,
        min_genes=min_genes,
        permutations=permutations,
        reference=reference,
        like=like,
        **settings,
    )
    check(mutate, laws, label=name_of(mutate), examples=examples)


def mutation_laws(
    *,
    bounds: Bounds | None = None,
    rate: str | float | None = None,
    dtypes: Dtypes = DTYPES,
    min_genes: int = 1,
    permutations: bool = False,
    reference: Callable[..., Tensor] | None = None,
    like: str | None = None,
    **settings: Any,
) -> list[Law]:
    """Return the laws of a mutation.

    Args:
        bounds: Lowest and highest gene of genomes and of mutants; None for no bounds.
        rate: Name of the keyword that is the probability to mutate a gene, or the probability itself where it is bound;
            None if there is none.
        dtypes: The dtypes of genomes; `(torch.bool,)` with the bounds (0, 1) for bits, `(torch.int64,)` for integers.
        min_genes: Number of genes of the shortest genome that it takes.
        permutations: Whether genomes and mutants are permutations of 0, …, D - 1, int64; then without bounds and
            dtypes.
        reference: Another implementation of the operator that mutants are distributed as; None for none.
        like: The name of a classical operator, such as "polynomial", whose plain implementation is the reference;
            see `neuroevo.testing.references.mutation`.
        **settings: The settings of that implementation, equal to those of the operator.

    Raises:
        ValueError: There is no operator of the name `like`.
        TypeError: It has no such setting, or needs another one.
    """
    rate, settings = named(rate, settings)
    if like is not None:
        reference = reference_mutation(like, **settings)
    genes = Genes(bounds, dtypes, min_genes, permutations)

    def draw(case: Case) -> Arguments:
        return {"genomes": case.draw("genomes", genes.batches())}

    def draw_long(case: Case) -> Arguments:
        return {"genomes": genes.copies(case.draw("rows", st.integers(1, 2)))}

    laws = [
        *purity_laws(draw, _call),
        _shape_kept(draw),
        _finite_and_bounded(draw, genes),
        other_seeds_other_results(draw_long, partial(_call, settings={rate: HALF} if rate else {})),
        _rows_differ(genes, rate),
    ]
    if permutations:
        laws.append(_permutations_stay(draw))
    if reference is not None:
        names = None if rate is None else (rate, "rate" if like is not None else rate)
        laws.append(mutates_like(reference, genes, rate=names))
    if rate is not None:
        laws += [_rate_zero(rate, genes), _every_gene_mutates(rate, genes), _genes_mutate_at_the_rate(rate, genes)]
    return laws


def named(rate: str | float | None, settings: dict[str, Any]) -> tuple[str | None, dict[str, Any]]:
    """Return the name of a rate, if it has one, and the settings of a reference, with the rate if it is bound."""
    return (rate, settings) if rate is None or isinstance(rate, str) else (None, {"rate": rate, **settings})


def _call(
    mutate: Any, arguments: Arguments, generator: torch.Generator, settings: dict[str, float] | None = None
) -> Tensor:
    mutants: Tensor = mutate(arguments["genomes"], generator=generator, **(settings or {}))
    return mutants


def _shape_kept(draw: Draw) -> Law:
    def statement(mutate: Any, case: Case) -> None:
        arguments = draw(case)
        mutants = _call(mutate, arguments, seeded(case.draw("seed", seeds())))
        expected, got = ((tuple(each.shape), each.dtype, each.device.type) for each in (arguments["genomes"], mutants))
        if expected != got:
            raise Breach(f"genomes {expected} became mutants {got}")

    cause = "draws of another dtype promote the genes, or a dimension is added or lost"
    return Law("shape, dtype and device are kept", cause, statement)


def _finite_and_bounded(draw: Draw, genes: Genes) -> Law:
    def statement(mutate: Any, case: Case) -> None:
        genes.check(_call(mutate, draw(case), seeded(case.draw("seed", seeds()))))

    cause = "a step without a clamp to the bounds, or a division, root or power outside its domain"
    return Law("mutants are finite and within the bounds", cause, statement)


def _permutations_stay(draw: Draw) -> Law:
    def statement(mutate: Any, case: Case) -> None:
        check_permutations(_call(mutate, draw(case), seeded(case.draw("seed", seeds()))))

    cause = "a gene is written to a second place; exchange two genes, or put some of them into another order"
    return Law(PERMUTATIONS_STAY, cause, statement)


def _rows_differ(genes: Genes, rate: str | None) -> Law:
    def statement(mutate: Any, case: Case) -> None:
        genomes = genes.copies(2)
        settings = {rate: HALF} if rate else {}
        seed = case.draw("seed", seeds())
        results = (mutate(genomes, generator=seeded(seed + step), **settings) for step in range(SEEDS))
        if all(same_bits(mutants[0], mutants[1]) for mutants in results):
            raise Breach(f"two equal genomes [{LONG}] of a batch became equal mutants with each of {SEEDS} seeds")

    cause = "one draw [D] for the whole batch; draw in the shape of the genomes"
    return Law("rows of a batch mutate independently", cause, statement)


def _rate_zero(rate: str, genes: Genes) -> Law:
    def statement(mutate: Any, case: Case) -> None:
        genomes = case.draw("genomes", genes.batches(non_finite=True))
        before = genomes.clone()
        mutants = mutate(genomes, generator=seeded(case.draw("seed", seeds())), **{rate: 0.0})
        if not same_bits(mutants, before):
            raise Breach(f"with {rate} = 0 the mutants are {mutants.tolist()}")

    cause = "a draw that is compared with <=, or a mask by multiplication (0 * inf = NaN); use torch.where"
    return Law("rate 0 is the identity", cause, statement)


def _every_gene_mutates(rate: str, genes: Genes) -> Law:
    def statement(mutate: Any, case: Case) -> None:
        length = case.draw("genes", st.integers(genes.least, genes.least + 5))
        genomes = genes.copies(1, length)
        generator = seeded(case.draw("seed", seeds()))
        changed = torch.zeros(length, dtype=torch.bool)
        for _ in range(CALLS):
            changed |= (mutate(genomes, generator=generator, **{rate: 1.0}) != genomes)[0]
        if not changed.all():
            raise Breach(f"gene {int((~changed).nonzero()[0])} did not change in {CALLS} calls with {rate} = 1")

    cause = "the end of a range of positions is left out"
    return Law("every gene can mutate", cause, statement)


def _genes_mutate_at_the_rate(rate: str, genes: Genes) -> Law:
    """Return the law by an exact binomial test; mutants that equal their gene by chance only lower the count."""

    def statement(mutate: Any, case: Case) -> None:
        genomes = genes.copies(20, 20)
        share = case.draw("rate", st.sampled_from([0.1, 0.5, 0.9]))
        generator = seeded(case.draw("seed", seeds()))
        counts = [int((mutate(genomes, generator=generator, **{rate: each}) != genomes).sum()) for each in (share, 1.0)]
        trials = genomes.numel()
        expected = share * counts[1] / trials
        fits = chance.fits(counts[0], trials, expected)
        # The rarer mutants are at rate 1, the less certain is their expected number.
        if not fits and (counts[1] == trials or counts[0] > trials * share):
            found = f"{counts[0]} of {trials} genes changed, {trials * expected:.0f} expected"
            raise Breach(f"with {rate} = {share} {found}")

    cause = "the rate decides about whole genomes, or is applied twice"
    return Law("genes mutate at the rate", cause, statement)
