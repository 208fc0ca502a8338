"""Laws of crossover: `cross(first, second, *, generator)`, as the functions of `neuroevo.operators.crossover`.

Parents are two batches [P, D], each row an independent pair; two children of that shape are returned. All settings are
bound by the caller, for example `functools.partial(blend, alpha=0.5)`. The name of a setting that is the probability to
exchange a gene can be given: the laws then choose its value.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from torch import Tensor

from neuroevo.testing.laws.content import same_bits
from neuroevo.testing.laws.genes import DTYPES, LONG, Bounds, Genes, Pair, check_permutations
from neuroevo.testing.laws.law import Breach, Case, Law, check, name_of
from neuroevo.testing.laws.mutation import PERMUTATIONS_STAY, Dtypes, named
from neuroevo.testing.laws.purity import SEEDS, Arguments, Draw, other_seeds_other_results, purity_laws, seeded
from neuroevo.testing.laws.resemblance import crosses_like
from neuroevo.testing.references import reference_crossover
from neuroevo.testing.strategies import seeds

Pairs = Callable[[], SearchStrategy[Pair]]

CALLS = 200
"""Pairs that are crossed when a likely event must occur at least once."""


def check_crossover(
    cross: Callable[..., Pair],
    *,
    exchanges: bool = True,
    cuts: int | None = None,
    bounds: Bounds | None = None,
    rate: str | float | None = None,
    dtypes: Dtypes = DTYPES,
    min_genes: int = 1,
    permutations: bool = False,
    reference: Callable[..., Pair] | None = None,
    like: str | None = None,
    examples: int | None = None,
    **settings: Any,
) -> None:
    """Raise LawBroken for the first of `crossover_laws` that a crossover breaks.

    Args:
        cross: Takes parents [P, D] and [P, D] and `generator`; returns two children [P, D].
        exchanges: As for `crossover_laws`.
        cuts: As for `crossover_laws`.
        bounds: As for `crossover_laws`.
        rate: As for `crossover_laws`.
        dtypes: As for `crossover_laws`.
        min_genes: As for `crossover_laws`.
        permutations: As for `crossover_laws`.
        reference: As for `crossover_laws`.
        like: As for `crossover_laws`.
        examples: Largest number of cases per law; default that of the active hypothesis profile.
        **settings: As for `crossover_laws`.
    """
    __tracebackhide__ = True
    laws = crossover_laws(
        exchanges=exchanges,
        cuts=cuts,
        bounds=bounds,
        rate=rate,
        dtypes=dtypes,
        min_genes=min_genes,
        permutations=permutations,
        reference=reference,
        like=like,
        **settings,
    )
    check(cross, laws, label=name_of(cross), examples=examples)


def crossover_laws(
    *,
    exchanges: bool = True,
    cuts: int | None = None,
    bounds: Bounds | None = None,
    rate: str | float | None = None,
    dtypes: Dtypes = DTYPES,
    min_genes: int = 1,
    permutations: bool = False,
    reference: Callable[..., Pair] | None = None,
    like: str | None = None,
    **settings: Any,
) -> list[Law]:
    """Return the laws of a crossover.

    Args:
        exchanges: Whether children consist of their parents' genes; False for those that compute new ones.
        cuts: Largest number of cuts, of which at least one lies between two genes; None if there are none.
        bounds: Lowest and highest gene of parents and of children; None for no bounds.
        rate: Name of the keyword that is the probability to exchange a gene, or the probability itself where it is
            bound; None if there is none.
        dtypes: The dtypes of genomes; `(torch.bool,)` with the bounds (0, 1) for bits, `(torch.int64,)` for integers.
        min_genes: Number of genes of the shortest genome that it takes.
        permutations: Whether parents and children are permutations of 0, …, D - 1, int64; then without bounds, dtypes
            and exchanges.
        reference: Another implementation of the operator that children are distributed as; None for none.
        like: The name of a classical operator, such as "simulated binary", whose plain implementation is the reference;
            see `neuroevo.testing.references.crossover`.
        **settings: The settings of that implementation, equal to those of the operator.

    Raises:
        ValueError: There is no operator of the name `like`.
        TypeError: It has no such setting, or needs another one.
    """
    rate, settings = named(rate, settings)
    genes = Genes(bounds, dtypes, min_genes, permutations)
    given = genes.pairs

    def draw(case: Case) -> Arguments:
        first, second = case.draw("parents", given())
        return {"first": first, "second": second}

    def draw_long(case: Case) -> Arguments:
        return _opposites(genes, case.draw("rows", st.integers(1, 2)), LONG)

    laws = [
        *purity_laws(draw, _call),
        _siblings_share_nothing(draw),
        _shape_kept(draw),
        _finite_and_bounded(draw, genes),
        other_seeds_other_results(draw_long, _call),
        _rows_differ(genes),
        _equal_parents(given),
    ]
    if permutations:
        laws.append(_permutations_stay(draw))
    if exchanges and not permutations:
        laws += [_genes_conserved(partial(given, non_finite=True)), _neighbours_part(genes)]
    if cuts is not None:
        laws.append(_cuts(cuts, genes))
    laws += _like(reference, like, settings, genes, rate)
    if rate is not None:
        laws.append(_rate_zero(rate, partial(given, non_finite=True)))
    return laws


def _like(
    reference: Callable[..., Pair] | None, like: str | None, settings: dict[str, Any], genes: Genes, rate: str | None
) -> list[Law]:
    """Return the law that children are distributed as those of a reference, if there is one."""
    if like is not None:
        reference = reference_crossover(like, **settings)
    if reference is None:
        return []
    names = None if rate is None else (rate, "rate" if like is not None else rate)
    return [crosses_like(reference, genes, rate=names)]


def _call(cross: Any, arguments: Arguments, generator: torch.Generator) -> Pair:
    first, second = cross(arguments["first"], arguments["second"], generator=generator)
    return first, second


def _opposites(genes: Genes, rows: int, length: int) -> dict[str, Tensor]:
    first, second = genes.opposites(rows, length)
    return {"first": first, "second": second}


def _siblings_share_nothing(draw: Draw) -> Law:
    def statement(cross: Any, case: Case) -> None:
        first, second = _call(cross, draw(case), seeded(case.draw("seed", seeds())))
        if first.untyped_storage().data_ptr() == second.untyped_storage().data_ptr():
            raise Breach("both children share memory")

    return Law("siblings share no storage", "both children are views of one tensor, or one object", statement)


def _shape_kept(draw: Draw) -> Law:
    def statement(cross: Any, case: Case) -> None:
        arguments = draw(case)
        children = _call(cross, arguments, seeded(case.draw("seed", seeds())))
        expected, *got = ((tuple(each.shape), each.dtype, each.device.type) for each in (arguments["first"], *children))
        if got != [expected, expected]:
            raise Breach(f"parents {expected} have children {got[0]} and {got[1]}")

    cause = "draws of another dtype promote the genes, or a dimension is added or lost"
    return Law("shape, dtype and device are kept", cause, statement)


def _finite_and_bounded(draw: Draw, genes: Genes) -> Law:
    def statement(cross: Any, case: Case) -> None:
        for child in _call(cross, draw(case), seeded(case.draw("seed", seeds()))):
            genes.check(child)

    cause = "a step without a clamp to the bounds, or a division, root or power outside its domain"
    return Law("children are finite and within the bounds", cause, statement)


def _permutations_stay(draw: Draw) -> Law:
    def statement(cross: Any, case: Case) -> None:
        for child in _call(cross, draw(case), seeded(case.draw("seed", seeds()))):
            check_permutations(child)

    cause = "genes are exchanged place by place, so that some come twice; mend them, as PMX and OX do"
    return Law(PERMUTATIONS_STAY, cause, statement)


def _rows_differ(genes: Genes) -> Law:
    def statement(cross: Any, case: Case) -> None:
        parents, seed = _opposites(genes, 2, LONG), case.draw("seed", seeds())
        children = (_call(cross, parents, seeded(seed + step))[0] for step in range(SEEDS))
        if all(same_bits(child[0], child[1]) for child in children):
            raise Breach(f"two equal pairs [{LONG}] of a batch had equal children with each of {SEEDS} seeds")

    cause = "one draw for the whole batch; draw for each pair"
    return Law("pairs of a batch are crossed independently", cause, statement)


def _equal_parents(given: Pairs) -> Law:
    def statement(cross: Any, case: Case) -> None:
        parent, _ = case.draw("parents, of which the first is taken twice", given())
        children = _call(cross, {"first": parent, "second": parent.clone()}, seeded(case.draw("seed", seeds())))
        for child in children:
            if not (torch.allclose(child, parent) if child.is_floating_point() else torch.equal(child, parent)):
                raise Breach(f"the parent twice had the child {child.tolist()}")

    cause = "genes do not come from the parents, or arithmetic that divides by their difference"
    return Law("equal parents have equal children", cause, statement)


def _genes_conserved(given: Pairs) -> Law:
    def statement(cross: Any, case: Case) -> None:
        parents = torch.stack(case.draw("parents", given()))
        first, second = parents.clone()
        children = torch.stack(_call(cross, {"first": first, "second": second}, seeded(case.draw("seed", seeds()))))
        straight, crossed = (_agree(children, each).all(0) for each in (parents, parents.flip(0)))
        if not (straight | crossed).all():
            raise Breach(f"the children are {children.tolist()}")

    cause = "a gene is given to both children, computed, or poisoned by a mask by multiplication (0 * inf = NaN)"
    return Law("each position keeps the parents' two genes", cause, statement)


def _agree(first: Tensor, second: Tensor) -> Tensor:
    return (first == second) | (first.isnan() & second.isnan())


def _neighbours_part(genes: Genes) -> Law:
    def statement(cross: Any, case: Case) -> None:
        switches = _switches(cross, genes, case.draw("genes", st.integers(2, 5)), case.draw("seed", seeds()))
        if not switches.any(0).all():
            gene = int((~switches.any(0)).nonzero()[0])
            raise Breach(f"genes {gene} and {gene + 1} stayed together in each of {CALLS} pairs")

    cause = "the range of cuts ends one too early or begins one too late"
    return Law("any two neighbours can be separated", cause, statement)


def _cuts(most: int, genes: Genes) -> Law:
    def statement(cross: Any, case: Case) -> None:
        switches = _switches(cross, genes, case.draw("genes", st.integers(2, 5)), case.draw("seed", seeds()))
        counts = switches.sum(1)
        if not ((counts >= 1) & (counts <= most)).all():
            raise Breach(f"children change their donor {sorted(set(counts.tolist()))} times")

    cause = "a cut before the first or after the last gene, or two equal cuts: the children are copies"
    return Law("children have between one cut and the stated number", cause, statement)


def _switches(cross: Any, genes: Genes, length: int, seed: int) -> Tensor:
    """Return where the first children of CALLS pairs change their donor, bool [CALLS, length - 1]."""
    first, _ = _call(cross, _opposites(genes, CALLS, length), seeded(seed))
    return first[:, 1:] != first[:, :-1]


def _rate_zero(rate: str, given: Pairs) -> Law:
    def statement(cross: Any, case: Case) -> None:
        parents = case.draw("parents", given())
        children = cross(*(each.clone() for each in parents), generator=seeded(case.draw("seed", seeds())), **{rate: 0})
        if not all(same_bits(child, parent) for child, parent in zip(children, parents, strict=True)):
            raise Breach(f"with {rate} = 0 the children are {[child.tolist() for child in children]}")

    cause = "a draw that is compared with <=, or a mask by multiplication (0 * inf = NaN); use torch.where"
    return Law("rate 0 is the identity", cause, statement)
