"""Laws of mutation: `mutate(genomes, *, generator) -> mutants`, as the functions of `neuroevo.operators.mutation`.

`genomes` are a batch [P, D] of independent rows, or what keywords of the check describe; all settings are bound by the
caller, for example `functools.partial(gaussian, sigma=0.1)`. The name of a setting that is the probability to mutate a
gene can be given, and values of other settings: the laws then choose among them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from neuroevo.testing.laws import chance
from neuroevo.testing.laws.changes import Variation
from neuroevo.testing.laws.domain import Domain, Keywords, divided, domain
from neuroevo.testing.laws.equivariance import equivariance_laws
from neuroevo.testing.laws.genes import LONG, Genes, check_permutations
from neuroevo.testing.laws.given import Batch, Given
from neuroevo.testing.laws.independence import varies_independently
from neuroevo.testing.laws.law import Breach, Case, Law, check, name_of
from neuroevo.testing.laws.purity import (
    SEEDS,
    TENSORS,
    Arguments,
    Draw,
    Looks,
    Refusals,
    other_seeds_other_results,
    purity_laws,
    ready,
    refusals,
    seeded,
    seeds_change_nothing,
)
from neuroevo.testing.laws.resemblance import mutates_like
from neuroevo.testing.laws.settings import Grid, at_all, grid_of
from neuroevo.testing.laws.steps import laws_by_formula, steps_follow
from neuroevo.testing.references import reference_mutation
from neuroevo.testing.strategies import seeds

HALF = 0.5
"""A rate at which even a bit flip has more than one result."""

PERMUTATIONS_STAY = "permutations stay permutations"

TRIALS = 400
"""Genes of which some mutate at the rate."""

CALLS = 64
"""Calls in which a likely event must occur at least once."""


def check_mutation(
    mutate: Callable[..., Batch],
    *,
    examples: int | None = None,
    expected_failures: Mapping[str, str] | None = None,
    **promises: Any,
) -> None:
    """Raise LawBroken for the first of `mutation_laws` that a mutation breaks.

    Args:
        mutate: Takes genomes [P, D] and `generator`; returns mutants [P, D]. If it has state of its own, it is an
            object with `reset`.
        examples: Largest number of cases per law; default that of the active hypothesis profile.
        expected_failures: Names of laws that it is known to break, with the reason.
        **promises: The keywords of `mutation_laws`.
    """
    __tracebackhide__ = True
    laws = mutation_laws(**promises)
    check(mutate, laws, label=name_of(mutate), examples=examples, expected_failures=expected_failures)


def mutation_laws(
    *,
    rate: str | float | None = None,
    grid: Grid | None = None,
    deterministic: bool = False,
    separate_genes: bool | None = None,
    equivariant: Iterable[str] | None = None,
    refuses: Refusals | None = None,
    reference: Any = None,
    like: str | None = None,
    **described: Any,
) -> list[Law]:
    """Return the laws of a mutation.

    Args:
        rate: Name of the keyword that is the probability to mutate a gene, or the probability itself where it is bound;
            None if there is none.
        grid: Values of other settings by name, such as `{"eta": (1, 20)}`: the laws are judged at all of them, and at
            the rates 0, 0.1, 0.5 and 1.
        deterministic: Whether the genomes alone decide.
        separate_genes: Whether each gene mutates as if it were the only one; by default where there is a rate of genes
            that are no permutation.
        equivariant: Names of transformations of genomes that mutants follow: "shift", "scale" and "mirror" their
            values, "permute" or "reverse" their places, "relabel" a permutation; by default "mirror" or "relabel".
        refuses: Settings that it has to refuse with ValueError or TypeError, such as `[{"rate": -0.1}]`; or calls, each
            a function of the operator and a generator, by what is wrong with them.
        reference: Another implementation of the operator that mutants are distributed as, or a frozen continuous
            distribution of scipy that its steps follow; None for none.
        like: The name of a classical operator, such as "polynomial", whose plain implementation is the reference;
            see `neuroevo.testing.references.mutation`.
        **described: The keywords of `neuroevo.testing.laws.domain`, which describe genomes (bounds, dtypes, length,
            space, permutations, genomes, …), and the settings of `like`, equal to those of the operator.

    Raises:
        ValueError: There is no operator of the name `like`, or no transformation of a name in `equivariant`.
        TypeError: It has no such setting, or needs another one; or a keyword is unknown.
    """
    known, settings = divided("mutation_laws", described, others=like is not None)
    rate, settings = named(rate, settings)
    genes, varied = domain(**known), grid_of(grid, rate)
    if like is not None:
        varied_there = ["rate" if name == rate else name for name in varied]
        reference = reference_mutation(like, varied=varied_there, **settings)
    others = {name: values for name, values in varied.items() if name != rate}

    draw = _drawing(genes.batches())
    looks = Looks(genes.content, genes.memory) if isinstance(genes, Given) else TENSORS
    laws = at_all(
        varied,
        [
            *purity_laws(_drawing(genes.batches(extreme=True)), call, looks),
            _shape_kept(draw, genes),
            _bounded(draw, genes),
        ],
    )
    if deterministic:
        laws.append(seeds_change_nothing(draw, call, looks))
    elif genes.varies:
        laws += at_all(others, _chance(genes, rate, looks))
    if isinstance(genes, Genes) and genes.permutations:
        laws += at_all(varied, [_permutations_stay(draw)])
    if rate is not None:
        laws += at_all(others, _rate(rate, genes))
    if isinstance(genes, Genes):
        kind = Variation(genes, rate=rate, grid=others)
        laws += [*varies_independently(kind, separate_genes=separate_genes), *equivariance_laws(kind, equivariant)]
    if isinstance(genes, Genes) and reference is not None:
        names = None if rate is None else (rate, "rate" if like is not None else rate)
        laws.append(_resembles(reference, genes, names, others))
        laws += laws_by_formula(like, settings, Variation(genes, rate=rate, grid=others))
    return [*laws, *refusals(refuses, partial(_with_settings, genes))]


def named(rate: str | float | None, settings: Keywords) -> tuple[str | None, Keywords]:
    """Return the name of a rate, if it has one, and the settings of a reference, with the rate if it is bound."""
    return (rate, settings) if rate is None or isinstance(rate, str) else (None, {"rate": rate, **settings})


def _resembles(reference: Any, genes: Genes, names: tuple[str, str] | None, grid: Grid) -> Law:
    """Return the law of a reference: a distribution of steps, or another implementation."""
    if hasattr(reference, "cdf"):
        return steps_follow(reference, Variation(genes, rate=names and names[0], grid=grid))
    return mutates_like(reference, genes, rate=names, grid=grid)


def _chance(genes: Domain, rate: str | None, looks: Looks) -> list[Law]:
    """Return the laws that results depend on draws, which rows do not share."""
    settings = {rate: HALF} if rate else {}

    def draw_many(case: Case) -> Arguments:
        return {"genomes": genes.copies(genes.rows_for(2 * LONG))}

    return [
        other_seeds_other_results(draw_many, partial(call, settings=settings), looks),
        _rows_differ(genes, settings),
    ]


def _rate(rate: str, genes: Domain) -> list[Law]:
    """Return the laws of a probability to mutate."""
    laws = [_rate_zero(rate, genes)]
    if isinstance(genes, Genes):
        laws += [_every_gene_mutates(rate, genes), _genes_mutate_at_the_rate(rate, genes)]
    return laws


def _drawing(batches: SearchStrategy[Batch]) -> Draw:
    def draw(case: Case) -> Arguments:
        return {"genomes": case.draw("genomes", batches)}

    return draw


def call(
    mutate: Any, arguments: Arguments, generator: torch.Generator, settings: dict[str, float] | None = None
) -> Batch:
    """Call a mutation."""
    return ready(mutate)(arguments["genomes"], generator=generator, **(settings or {}))


def _with_settings(genes: Domain, mutate: Any, settings: Arguments, generator: torch.Generator) -> Batch:
    return call(mutate, {"genomes": genes.copies(2)}, generator, dict(settings))


def _shape_kept(draw: Draw, genes: Domain) -> Law:
    def statement(mutate: Any, case: Case) -> None:
        arguments = draw(case)
        mutants = call(mutate, arguments, seeded(case.draw("seed", seeds())))
        expected, got = map(genes.facts, (arguments["genomes"], mutants))
        if expected != got:
            raise Breach(f"genomes {expected} became mutants {got}")

    cause = "draws of another dtype promote the genes, or a dimension is added or lost"
    return Law("shape, dtype and device are kept", cause, statement)


def _bounded(draw: Draw, genes: Domain) -> Law:
    def statement(mutate: Any, case: Case) -> None:
        genes.check(call(mutate, draw(case), seeded(case.draw("seed", seeds()))))

    cause = "a step without a clamp to the bounds, or a division, root or power outside its domain"
    return Law("mutants are finite and within the bounds", cause, statement)


def _permutations_stay(draw: Draw) -> Law:
    def statement(mutate: Any, case: Case) -> None:
        check_permutations(call(mutate, draw(case), seeded(case.draw("seed", seeds()))))

    cause = "a gene is written to a second place; exchange two genes, or put some of them into another order"
    return Law(PERMUTATIONS_STAY, cause, statement)


def _rows_differ(genes: Domain, settings: dict[str, float]) -> Law:
    def statement(mutate: Any, case: Case) -> None:
        genomes, seed = genes.copies(genes.rows_for(2 * LONG)), case.draw("seed", seeds())
        results = (call(mutate, {"genomes": genomes}, seeded(seed + step), settings) for step in range(SEEDS))
        if all(_all_equal(genes, mutants) for mutants in results):
            raise Breach(f"{len(genomes)} equal genomes of a batch became equal mutants with each of {SEEDS} seeds")

    cause = (
        "one draw [D] for the whole batch: draw in the shape of the genomes; deterministic=True describes a mutation "
        "that draws nothing"
    )
    return Law("rows of a batch mutate independently", cause, statement)


def _all_equal(genes: Domain, mutants: Batch) -> bool:
    return all(genes.same(mutants[:1], mutants[row : row + 1]) for row in range(1, len(mutants)))


def _rate_zero(rate: str, genes: Domain) -> Law:
    batches = genes.batches(extreme=True, non_finite=True)

    def statement(mutate: Any, case: Case) -> None:
        genomes = case.draw("genomes", batches)
        before = genes.copy(genomes)
        mutants = call(mutate, {"genomes": genomes}, seeded(case.draw("seed", seeds())), {rate: 0.0})
        if not genes.same(mutants, before):
            raise Breach(f"with {rate} = 0 the mutants are {shown(mutants)}")

    cause = "a draw that is compared with <=, or a mask by multiplication (0 * inf = NaN); use torch.where"
    return Law("rate 0 is the identity", cause, statement)


def shown(batch: Batch) -> object:
    """Return a batch as it is printed."""
    return batch.tolist() if isinstance(batch, torch.Tensor) else batch


def _every_gene_mutates(rate: str, genes: Genes) -> Law:
    def statement(mutate: Any, case: Case) -> None:
        length = genes.length or case.draw("genes", st.integers(genes.least, genes.least + 5))
        genomes = genes.copies(1, length)
        generator = seeded(case.draw("seed", seeds()))
        changed = torch.zeros(length, dtype=torch.bool)
        for _ in range(CALLS):
            changed |= (call(mutate, {"genomes": genomes}, generator, {rate: 1.0}) != genomes)[0]
        if not changed.all():
            raise Breach(f"gene {int((~changed).nonzero()[0])} did not change in {CALLS} calls with {rate} = 1")

    cause = "the end of a range of positions is left out"
    return Law("every gene can mutate", cause, statement)


def _genes_mutate_at_the_rate(rate: str, genes: Genes) -> Law:
    """Return the law by an exact binomial test; mutants that equal their gene by chance only lower the count."""

    def statement(mutate: Any, case: Case) -> None:
        genomes = genes.copies(genes.rows_for(TRIALS) if genes.length else 20, 20)
        share = case.draw("rate", st.sampled_from([0.1, 0.5, 0.9]))
        generator = seeded(case.draw("seed", seeds()))
        mutants = (call(mutate, {"genomes": genomes}, generator, {rate: each}) for each in (share, 1.0))
        counts = [int((each != genomes).sum()) for each in mutants]
        trials = genomes.numel()
        expected = share * counts[1] / trials
        fits = chance.fits(counts[0], trials, expected)
        # The rarer mutants are at rate 1, the less certain is their expected number.
        if not fits and (counts[1] == trials or counts[0] > trials * share):
            found = f"{counts[0]} of {trials} genes changed, {trials * expected:.0f} expected"
            raise Breach(f"with {rate} = {share} {found}")

    cause = "the rate decides about whole genomes, or is applied twice"
    return Law("genes mutate at the rate", cause, statement)
