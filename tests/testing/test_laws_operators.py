"""Every operator of the library keeps the laws of its kind."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from neuroevo.learngene import Learngene
from neuroevo.operators import (
    bits,
    crossover,
    inheritance,
    integers,
    learngenes,
    mutation,
    permutations,
    selection,
)
from neuroevo.testing.laws import (
    Law,
    crossover_laws,
    extraction_laws,
    inheritance_laws,
    learngene_mutation_laws,
    mutation_laws,
    selection_laws,
)
from neuroevo.testing.parametrize import parametrize_with_laws
from neuroevo.testing.strategies import fitnesses

Check = Callable[[], None]

# A wheel needs one share, so at least one score has to be a number.
SCORES = fitnesses().filter(lambda fitness: bool(fitness.isfinite().any()))


def sharpened(fitness: Tensor, *, k: int, generator: torch.Generator) -> Tensor:
    """Draw by the softmax of the scores."""
    return selection.roulette(selection.sharpen(fitness, temperature=0.5), k=k, generator=generator)


def noise(learngene: Learngene, weights: object, *, generator: torch.Generator, new_ids: object) -> Learngene:
    """Add noise to the weights of a learngene; no channel moves."""
    return learngenes.noise(learngene, sigma=0.1, generator=generator)


def conduct(laws: Sequence[Law]) -> list[Law]:
    """Return the laws without those of whole distributions, which the slow tests judge with the subjects."""
    return [law for law in laws if law.shrinks]


@parametrize_with_laws(conduct(selection_laws(tournament=3)), [partial(selection.tournament, size=3)])
def test_tournament(law: Check) -> None:
    """Tournaments keep the laws of selection, with the pressure of their size."""
    law()


@parametrize_with_laws(
    conduct(selection_laws(group=2, with_replacement=False)), [partial(selection.group_tournament, size=2)]
)
def test_group_tournament(law: Check) -> None:
    """Tournaments in groups keep the laws of selection, with the pressure of theirs."""
    law()


@parametrize_with_laws(
    conduct(selection_laws(deterministic=True, with_replacement=False)), [partial(selection.group_tournament, size=100)]
)
def test_one_group(law: Check) -> None:
    """One group of all is a deterministic selection."""
    law()


@parametrize_with_laws(conduct(selection_laws(proportional=True)), [selection.roulette])
def test_roulette(law: Check) -> None:
    """The roulette keeps the laws of selection and draws in proportion to weights."""
    law()


@parametrize_with_laws(conduct(selection_laws(fitness=SCORES, rank_based=False)), [sharpened])
def test_sharpened_roulette(law: Check) -> None:
    """The roulette over sharpened scores keeps the laws for any scores of which one is a number."""
    law()


@parametrize_with_laws(
    conduct(mutation_laws(rate="rate", dtypes=(torch.float16, torch.bfloat16, torch.float32, torch.float64))),
    [partial(mutation.gaussian, sigma=0.5), partial(mutation.uniform, low=-10.0, high=10.0)],
)
def test_mutations(law: Check) -> None:
    """Every mutation keeps the laws of mutations."""
    law()


@parametrize_with_laws(
    conduct(mutation_laws(bounds=(-0.1, 0.3), rate="rate")),
    [partial(mutation.uniform, low=-0.1, high=0.3), partial(mutation.polynomial, low=-0.1, high=0.3)],
)
def test_mutations_within_bounds(law: Check) -> None:
    """A mutation with bounds keeps them."""
    law()


@parametrize_with_laws(conduct(crossover_laws(cuts=1)), [crossover.one_point])
def test_one_point(law: Check) -> None:
    """One-point crossover has one cut."""
    law()


@parametrize_with_laws(conduct(crossover_laws(cuts=2, dtypes=(torch.float32, torch.int64))), [crossover.two_point])
def test_two_point(law: Check) -> None:
    """Two-point crossover has one or two cuts, between genes of any dtype."""
    law()


@parametrize_with_laws(conduct(crossover_laws(rate="rate")), [crossover.uniform])
def test_uniform(law: Check) -> None:
    """Uniform crossover keeps the laws of exchanges, and rate 0 exchanges nothing."""
    law()


@parametrize_with_laws(conduct(crossover_laws(exchanges=False)), [crossover.blend])
def test_blend(law: Check) -> None:
    """Blending keeps the laws of all crossovers."""
    law()


@parametrize_with_laws(
    conduct(crossover_laws(exchanges=False, bounds=(-1.0, 2.0), dtypes=(torch.float64,))),
    {"flat": partial(crossover.blend, alpha=0.0)},
)
def test_flat_crossover(law: Check) -> None:
    """Blending without a margin stays within the bounds of the parents."""
    law()


@parametrize_with_laws(
    conduct(crossover_laws(exchanges=False, bounds=(-1.0, 2.0), rate="rate")),
    {"bounded": partial(crossover.simulated_binary, low=-1.0, high=2.0)},
)
def test_simulated_binary_crossover(law: Check) -> None:
    """Simulated binary crossover keeps its bounds, and rate 0 crosses nothing."""
    law()


@parametrize_with_laws(conduct(crossover_laws(exchanges=False)), [crossover.simulated_binary])
def test_simulated_binary_crossover_without_bounds(law: Check) -> None:
    """Without bounds it keeps the laws of all crossovers."""
    law()


BITS: dict[str, Any] = {"bounds": (0, 1), "dtypes": (torch.bool,)}
INTEGERS: dict[str, Any] = {"bounds": (-3, 6), "dtypes": (torch.int64,)}


@parametrize_with_laws(conduct(mutation_laws(rate="rate", **BITS)), {"flip": partial(bits.flip, rate=0.3)}, examples=10)
def test_mutations_of_bits(law: Check) -> None:
    """A mutation of bits keeps the laws of mutations, and bits stay bits."""
    law()


@parametrize_with_laws(
    conduct(mutation_laws(rate="rate", **INTEGERS)),
    [
        partial(integers.reset, low=-3, high=6),
        partial(integers.creep, low=-3, high=6),
        partial(integers.creep, low=-3, high=6, step=4),
    ],
    examples=10,
)
def test_mutations_of_integers(law: Check) -> None:
    """Mutations of integers keep the laws of mutations, and integers within the bounds stay such."""
    law()


@parametrize_with_laws(
    conduct(mutation_laws(permutations=True)),
    [permutations.swap, permutations.insert, permutations.invert],
    examples=10,
)
def test_mutations_of_permutations(law: Check) -> None:
    """Mutations of permutations keep the laws of mutations, and permutations stay permutations."""
    law()


@parametrize_with_laws(
    conduct(mutation_laws(permutations=True, rate="rate", min_genes=2)), [permutations.shuffle], examples=10
)
def test_shuffle(law: Check) -> None:
    """So does the shuffle, whose rate is the probability that a place takes part."""
    law()


@parametrize_with_laws(
    conduct(crossover_laws(permutations=True)), [permutations.partially_mapped, permutations.ordered], examples=10
)
def test_crossovers_of_permutations(law: Check) -> None:
    """Crossovers of permutations keep the laws of crossovers, and permutations stay permutations."""
    law()


@parametrize_with_laws(conduct(crossover_laws(**BITS)), [crossover.two_point, crossover.uniform], examples=5)
def test_crossovers_of_bits(law: Check) -> None:
    """Exchanges keep the laws over bits, too."""
    law()


@parametrize_with_laws(conduct(crossover_laws(cuts=1, **INTEGERS)), [crossover.one_point], examples=5)
def test_crossovers_of_integers(law: Check) -> None:
    """And over integers."""
    law()


@parametrize_with_laws(extraction_laws(), [inheritance.extract])
def test_extraction(law: Check) -> None:
    """Extraction reads closed circuits from any backbone."""
    law()


@parametrize_with_laws(inheritance_laws(), [inheritance.inherit])
def test_inheritance(law: Check) -> None:
    """With zero cross weights an heir of any width computes what the circuit computes."""
    law()


@parametrize_with_laws(inheritance_laws(exact=False), [partial(inheritance.inherit, cross="random")], examples=10)
def test_inheritance_with_random_cross_weights(law: Check) -> None:
    """With random cross weights all other laws of inheritance hold."""
    law()


@parametrize_with_laws(learngene_mutation_laws(rate="rate"), [partial(learngenes.mutate, rate=0.3)])
def test_learngene_mutation(law: Check) -> None:
    """Replacing channels keeps sizes, closure and ancestry."""
    law()


@parametrize_with_laws(learngene_mutation_laws(rate="rate", sizes_kept=False), [partial(learngenes.resize, rate=0.8)])
def test_learngene_resizing(law: Check) -> None:
    """Moving channels between groups keeps the budget, closure and ancestry."""
    law()


@parametrize_with_laws(learngene_mutation_laws(reads_network=False), [noise])
def test_learngene_noise(law: Check) -> None:
    """Noise on the weights moves no channel."""
    law()
