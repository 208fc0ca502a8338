"""Laws of crossover: `cross(first, second, *, generator)`, as the functions of `neuroevo.operators.crossover`.

Parents are two batches [P, D], each row an independent pair, or what keywords of the check describe; two children of
that shape are returned. There can be another number of both. All settings are bound by the caller, for example
`functools.partial(blend, alpha=0.5)`. The name of a setting that is the probability to exchange a gene can be given,
and values of other settings: the laws then choose among them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from torch import Tensor

from neuroevo.testing.laws.changes import Variation
from neuroevo.testing.laws.content import same_bits
from neuroevo.testing.laws.domain import Domain, divided, domain
from neuroevo.testing.laws.equivariance import equivariance_laws
from neuroevo.testing.laws.genes import LONG, Genes, check_permutations
from neuroevo.testing.laws.given import Batch, Given
from neuroevo.testing.laws.independence import varies_independently
from neuroevo.testing.laws.law import Breach, Case, Law, check, name_of
from neuroevo.testing.laws.mutation import PERMUTATIONS_STAY, named, shown
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
from neuroevo.testing.laws.resemblance import crosses_like
from neuroevo.testing.laws.settings import Grid, at_all, grid_of
from neuroevo.testing.laws.steps import laws_by_formula
from neuroevo.testing.references import reference_crossover
from neuroevo.testing.strategies import seeds

NEW_GENES = (
    "a gene is given to both children, computed, or poisoned by a mask by multiplication (0 * inf = NaN); "
    "exchanges=False describes a crossover that computes new genes"
)

CALLS = 200
"""Pairs that are crossed when a likely event must occur at least once."""


def check_crossover(
    cross: Callable[..., Any],
    *,
    examples: int | None = None,
    expected_failures: Mapping[str, str] | None = None,
    **promises: Any,
) -> None:
    """Raise LawBroken for the first of `crossover_laws` that a crossover breaks.

    Args:
        cross: Takes parents [P, D] and [P, D] and `generator`; returns two children [P, D]. If it has state of its own,
            it is an object with `reset`.
        examples: Largest number of cases per law; default that of the active hypothesis profile.
        expected_failures: Names of laws that it is known to break, with the reason.
        **promises: The keywords of `crossover_laws`.
    """
    __tracebackhide__ = True
    laws = crossover_laws(**promises)
    check(cross, laws, label=name_of(cross), examples=examples, expected_failures=expected_failures)


def crossover_laws(
    *,
    parents: int = 2,
    children: int = 2,
    exchanges: bool = True,
    cuts: int | None = None,
    noise: bool = False,
    rate: str | float | None = None,
    grid: Grid | None = None,
    deterministic: bool = False,
    separate_genes: bool | None = None,
    equivariant: Iterable[str] | None = None,
    refuses: Refusals | None = None,
    reference: Callable[..., Any] | None = None,
    like: str | None = None,
    **described: Any,
) -> list[Law]:
    """Return the laws of a crossover.

    Args:
        parents: The number of parents, each a batch and an argument.
        children: The number of children; a single one may be returned as it is.
        exchanges: Whether children consist of their parents' genes; False for those that compute new ones (means,
            blends). Permutations and foreign genomes are not judged by it.
        cuts: Largest number of cuts, of which at least one lies between two genes; None if there are none.
        noise: Whether children differ also where their parents agree, as those of a line with noise do.
        rate: Name of the keyword that is the probability to exchange a gene, or the probability itself where it is
            bound; None if there is none.
        grid: Values of other settings by name, such as `{"eta": (1, 20)}`: the laws are judged at all of them, and at
            the rates 0, 0.1, 0.5 and 1.
        deterministic: Whether the parents alone decide, as in an arithmetic mean.
        separate_genes: Whether each gene is crossed as if it were the only one; by default where there is a rate of
            genes that are no permutation.
        equivariant: Names of transformations of parents that children follow: "shift", "scale" and "mirror" the genes'
            values, "permute" or "reverse" their places, "relabel" a permutation, "swap" the parents; by default those
            of values where there are no bounds, "mirror" within bounds, "relabel" of permutations, and "swap".
        refuses: Settings that it has to refuse with ValueError or TypeError, such as `[{"rate": -0.1}]`; or calls, each
            a function of the operator and a generator, by what is wrong with them.
        reference: Another implementation of the operator that children are distributed as; None for none.
        like: The name of a classical operator, such as "simulated binary", whose plain implementation is the reference;
            see `neuroevo.testing.references.crossover`.
        **described: The keywords of `neuroevo.testing.laws.domain`, which describe parents (bounds, dtypes, length,
            space, permutations, genomes, …), and the settings of `like`, equal to those of the operator.

    Raises:
        ValueError: There is no operator of the name `like`, or no transformation of a name in `equivariant`.
        TypeError: It has no such setting, or needs another one; or a keyword is unknown.
    """
    known, settings = divided("crossover_laws", described, others=like is not None)
    rate, settings = named(rate, settings)
    genes, varied = domain(**known), grid_of(grid, rate)
    if like is not None:
        varied_there = ["rate" if name == rate else name for name in varied]
        reference = reference_crossover(like, varied=varied_there, **settings)
    others = {name: values for name, values in varied.items() if name != rate}
    arity = Arity(parents, children)

    draw, draw_extreme = (_drawing(arity, genes.parents(parents, extreme=extreme)) for extreme in (False, True))
    looks = Looks(genes.content, genes.memory) if isinstance(genes, Given) else TENSORS
    conduct = [
        *purity_laws(draw_extreme, arity.call, looks),
        *([_siblings_share_nothing(draw, arity, looks)] if children > 1 else []),
        _shape_kept(draw, arity, genes),
        _bounded(draw, arity, genes),
        *([] if noise else [_equal_parents(arity, genes)]),
    ]
    laws = at_all(varied, conduct)
    if deterministic:
        laws.append(seeds_change_nothing(draw, arity.call, looks))
    if isinstance(genes, Genes):
        laws += at_all(varied, _exchange(arity, genes, draw, exchanges=exchanges))
        laws += at_all(others, _chance(arity, genes, exchanges=exchanges, cuts=cuts, deterministic=deterministic))
    if rate is not None and children <= parents:
        laws += at_all(others, [_rate_zero(rate, arity, genes)])
    if isinstance(genes, Genes):
        kind = Variation(genes, parents, children, rate, others)
        laws += [*varies_independently(kind, separate_genes=separate_genes), *equivariance_laws(kind, equivariant)]
    if isinstance(genes, Genes) and reference is not None:
        names = None if rate is None else (rate, "rate" if like is not None else rate)
        laws.append(crosses_like(reference, genes, rate=names, grid=others, parents=parents))
        laws += laws_by_formula(like, settings, Variation(genes, parents, children, rate, others))
    return [*laws, *refusals(refuses, partial(_with_settings, arity, genes))]


@dataclass(frozen=True)
class Arity:
    """How a crossover is called.

    Attributes:
        parents: The number of parents.
        children: The number of children.
    """

    parents: int
    children: int

    def arguments(self, parents: Sequence[Batch]) -> dict[str, Batch]:
        """Return parents by name."""
        return {f"parent {place}": parent for place, parent in enumerate(parents)}

    def call(
        self, cross: Any, arguments: Arguments, generator: torch.Generator, settings: Mapping[str, Any] | None = None
    ) -> tuple[Batch, ...]:
        """Call a crossover, and return its children as a tuple."""
        children = ready(cross)(*arguments.values(), generator=generator, **(settings or {}))
        born = (children,) if self.children == 1 and not isinstance(children, tuple) else tuple(children)
        if len(born) != self.children:
            raise Breach(f"{self.children} children are expected (children=), but {len(born)} came")
        return born


PAIRS = Arity(2, 2)


def _drawing(arity: Arity, parents: SearchStrategy[tuple[Batch, ...]]) -> Draw:
    def draw(case: Case) -> Arguments:
        return arity.arguments(case.draw("parents", parents))

    return draw


def _with_settings(arity: Arity, genes: Domain, cross: Any, settings: Arguments, generator: torch.Generator) -> Any:
    return arity.call(cross, arity.arguments([genes.copies(2) for _ in range(arity.parents)]), generator, settings)


def _chance(arity: Arity, genes: Genes, *, exchanges: bool, cuts: int | None, deterministic: bool) -> list[Law]:
    """Return the laws of what is drawn, for pairs made on purpose."""
    laws = []
    if not deterministic and genes.varies and (genes.length or LONG) > 1:
        laws = [other_seeds_other_results(partial(_many, genes, arity), arity.call), _rows_differ(arity, genes)]
    if exchanges and not genes.permutations and (genes.length or LONG) > 1:
        laws.append(_neighbours_part(arity, genes))
    if cuts is not None and (genes.length or LONG) > 1:
        laws.append(_cuts(cuts, arity, genes))
    return laws


def _exchange(arity: Arity, genes: Genes, draw: Draw, *, exchanges: bool) -> list[Law]:
    """Return the laws of where children have their genes from."""
    if genes.permutations:
        return [_permutations_stay(arity, draw)]
    if not exchanges:
        return []
    return [_genes_conserved(arity, genes) if arity == PAIRS else _genes_inherited(arity, genes)]


def _opposites(genes: Genes, arity: Arity, rows: int, length: int) -> dict[str, Tensor]:
    return arity.arguments(genes.opposites(rows, length, arity.parents))


def _many(genes: Genes, arity: Arity, case: Case) -> Arguments:
    return _opposites(genes, arity, genes.rows_for(2 * LONG), LONG)


def _siblings_share_nothing(draw: Draw, arity: Arity, looks: Looks) -> Law:
    def statement(cross: Any, case: Case) -> None:
        first, *others = map(looks.memory, arity.call(cross, draw(case), seeded(case.draw("seed", seeds()))))
        if any(first.keys() & other.keys() for other in others):
            raise Breach("children share memory")

    return Law("siblings share no storage", "children are views of one tensor, or one object", statement)


def _shape_kept(draw: Draw, arity: Arity, genes: Domain) -> Law:
    def statement(cross: Any, case: Case) -> None:
        arguments = draw(case)
        children = arity.call(cross, arguments, seeded(case.draw("seed", seeds())))
        expected, *got = map(genes.facts, (next(iter(arguments.values())), *children))
        if any(one != expected for one in got):
            raise Breach(f"parents {expected} have children {' and '.join(map(str, got))}")

    cause = "draws of another dtype promote the genes, or a dimension is added or lost"
    return Law("shape, dtype and device are kept", cause, statement)


def _bounded(draw: Draw, arity: Arity, genes: Domain) -> Law:
    def statement(cross: Any, case: Case) -> None:
        for child in arity.call(cross, draw(case), seeded(case.draw("seed", seeds()))):
            genes.check(child)

    cause = "a step without a clamp to the bounds, or a division, root or power outside its domain"
    return Law("children are finite and within the bounds", cause, statement)


def _permutations_stay(arity: Arity, draw: Draw) -> Law:
    def statement(cross: Any, case: Case) -> None:
        for child in arity.call(cross, draw(case), seeded(case.draw("seed", seeds()))):
            check_permutations(child)

    cause = "genes are exchanged place by place, so that some come twice; mend them, as PMX and OX do"
    return Law(PERMUTATIONS_STAY, cause, statement)


def _rows_differ(arity: Arity, genes: Genes) -> Law:
    def statement(cross: Any, case: Case) -> None:
        parents, seed = _many(genes, arity, case), case.draw("seed", seeds())
        children = (arity.call(cross, parents, seeded(seed + step))[0] for step in range(SEEDS))
        if all(same_bits(child, child[:1].expand(child.shape)) for child in children):
            raise Breach(f"equal pairs of a batch had equal children with each of {SEEDS} seeds")

    cause = (
        "one draw for the whole batch: draw for each pair; deterministic=True describes a crossover that draws nothing"
    )
    return Law("pairs of a batch are crossed independently", cause, statement)


def _equal_parents(arity: Arity, genes: Domain) -> Law:
    batches = genes.batches()

    def statement(cross: Any, case: Case) -> None:
        parent = case.draw("genomes that are all parents", batches)
        parents = arity.arguments([parent, *(genes.copy(parent) for _ in range(1, arity.parents))])
        for child in arity.call(cross, parents, seeded(case.draw("seed", seeds()))):
            if not (torch.allclose(child, parent) if _is_real(child) else genes.same(child, parent)):
                raise Breach(f"equal parents had the child {shown(child)}")

    cause = (
        "genes do not come from the parents, or arithmetic that divides by their difference; noise=True describes a "
        "crossover with noise"
    )
    return Law("equal parents have equal children", cause, statement)


def _genes_conserved(arity: Arity, genes: Genes) -> Law:
    given = genes.parents(arity.parents, extreme=True, non_finite=True)

    def statement(cross: Any, case: Case) -> None:
        parents = case.draw("parents", given)
        before = torch.stack(parents).detach()
        children = torch.stack(arity.call(cross, arity.arguments(parents), seeded(case.draw("seed", seeds()))))
        straight, crossed = (_agree(children, each).all(0) for each in (before, before.flip(0)))
        if not (straight | crossed).all():
            raise Breach(f"the children are {children.tolist()}")

    return Law("each position keeps the parents' two genes", NEW_GENES, statement)


def _genes_inherited(arity: Arity, genes: Genes) -> Law:
    given = genes.parents(arity.parents, extreme=True, non_finite=True)

    def statement(cross: Any, case: Case) -> None:
        parents = case.draw("parents", given)
        before = torch.stack(parents).detach()
        for child in arity.call(cross, arity.arguments(parents), seeded(case.draw("seed", seeds()))):
            if not _agree(child, before).any(0).all():
                raise Breach(f"the child is {child.tolist()}")

    return Law("each gene is a parent's of that position", NEW_GENES, statement)


def _agree(first: Tensor, second: Tensor) -> Tensor:
    return (first == second) | (first.isnan() & second.isnan())


def _neighbours_part(arity: Arity, genes: Genes) -> Law:
    def statement(cross: Any, case: Case) -> None:
        switches = _switches(cross, arity, genes, case)
        if not switches.any(0).all():
            gene = int((~switches.any(0)).nonzero()[0])
            raise Breach(f"genes {gene} and {gene + 1} stayed together in each of {CALLS} pairs")

    cause = "the range of cuts ends one too early or begins one too late"
    return Law("any two neighbours can be separated", cause, statement)


def _cuts(most: int, arity: Arity, genes: Genes) -> Law:
    def statement(cross: Any, case: Case) -> None:
        switches = _switches(cross, arity, genes, case)
        counts = switches.sum(1)
        if not ((counts >= 1) & (counts <= most)).all():
            raise Breach(f"children change their donor {sorted(set(counts.tolist()))} times")

    cause = "a cut before the first or after the last gene, or two equal cuts: the children are copies"
    return Law("children have between one cut and the stated number", cause, statement)


def _switches(cross: Any, arity: Arity, genes: Genes, case: Case) -> Tensor:
    """Return where the first children of CALLS pairs change their donor, bool [CALLS, length - 1]."""
    length = genes.length or case.draw("genes", st.integers(max(2, genes.least), max(5, genes.least)))
    parents, seed = genes.opposites(CALLS, length, arity.parents), case.draw("seed", seeds())
    child, *_ = arity.call(cross, arity.arguments(parents), seeded(seed))
    # Which parent a gene is of, the first one if several have it.
    donors = torch.stack([_agree(child, parent) for parent in parents]).byte().argmax(0)
    return donors[:, 1:] != donors[:, :-1]


def _rate_zero(rate: str, arity: Arity, genes: Domain) -> Law:
    given = genes.parents(arity.parents, extreme=True, non_finite=True)

    def statement(cross: Any, case: Case) -> None:
        parents = case.draw("parents", given)
        copies = arity.arguments([genes.copy(parent) for parent in parents])
        children = arity.call(cross, copies, seeded(case.draw("seed", seeds())), {rate: 0.0})
        if not all(genes.same(child, parent) for child, parent in zip(children, parents, strict=False)):
            raise Breach(f"with {rate} = 0 the children are {[shown(child) for child in children]}")

    cause = "a draw that is compared with <=, or a mask by multiplication (0 * inf = NaN); use torch.where"
    return Law("rate 0 is the identity", cause, statement)


def _is_real(batch: Batch) -> bool:
    return isinstance(batch, Tensor) and batch.is_floating_point()
