"""Any function as a problem: its values are the scores, and its mistakes are reported in a sentence."""

import logging
import math
import sys
from functools import partial
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from neuroevo.individual import Fitness, Individual
from neuroevo.problems import Function, Landscape, function
from neuroevo.space import Space
from neuroevo.testing.laws import problem_laws
from neuroevo.testing.parametrize import parametrize_with_laws

LANDSCAPES = {name.lower(): value for name, value in vars(function).items() if isinstance(value, Landscape)}


def total(genome: Tensor) -> Tensor:
    """Return the sum of the genes of each genome."""
    return genome.sum(-1)


def pair(genome: Tensor) -> tuple[float, float]:
    """Return two objectives."""
    return float(genome[0]), float(genome[-1])


def fails_below_zero(genome: Tensor) -> Tensor:
    """Raise where a first gene is negative."""
    if bool((genome[..., 0] < 0).any()):
        raise RuntimeError("a negative gene")
    return genome.sum(-1)


def population(*firsts: float, objectives: int = 1) -> list[Individual]:
    """Return individuals with two genes, the first of which are given."""
    genomes = torch.tensor([[first, 1.0] for first in firsts], dtype=torch.float64)
    weights = (-1.0,) * objectives
    return [Individual(row, Fitness(weights=weights), id=10 + place) for place, row in enumerate(genomes)]


def problem(inner: Any, **settings: Any) -> Function:
    """Return a function of two genes."""
    return Function(inner, Space.box(2), **settings)


@parametrize_with_laws(
    problem_laws(population(1, 2, -3)),
    {
        "alone": problem(total),
        "batched": problem(total, batched=True),
        "partial": problem(partial(torch.sum, dim=-1), batched=True),
        "landscape": LANDSCAPES["rastrigin"](2),
    },
)
def test_functions(law: Any) -> None:
    """Functions keep the laws of evaluators, batched or not."""
    law()


@parametrize_with_laws(problem_laws(population(1, 2, objectives=2)), {"pair": problem(pair, weights=(-1.0, -1.0))})
def test_functions_of_two_objectives(law: Any) -> None:
    """So do functions of several objectives."""
    law()


@pytest.mark.parametrize("name", LANDSCAPES)
@given(size=st.integers(2, 12))
def test_landscapes(name: str, size: int) -> None:
    """A well-known function is a problem of the given size, finite all over its bounds."""
    made = LANDSCAPES[name](max(size, len(LANDSCAPES[name].weights)))
    generator = torch.Generator().manual_seed(size)
    genomes = made.space.sample(5, generator=generator)
    assert made.space.size == genomes.shape[1]
    values = made.batch([Individual(row, id=place) for place, row in enumerate(genomes)])
    assert [len(one) for one in values] == [len(made.weights)] * 5
    assert all(map(math.isfinite, sum(values, ())))


@pytest.mark.parametrize("batched", [False, True])
def test_a_function_that_writes_into_genomes_changes_no_individual(batched: bool) -> None:
    """Genomes are the rows of one tensor, and a function gets a copy."""
    crowd = population(1, 2)
    assert problem(lambda genome: genome.mul_(0).sum(-1), batched=batched).batch(crowd) == [(0.0,), (0.0,)]
    assert [one.genome.tolist() for one in crowd] == [[1, 1], [2, 1]]


@given(
    st.sampled_from([(3,), (3, 1), (3, 2), (3, 1, 1), (2,), ()]),
    st.sampled_from([torch.float32, torch.float64, torch.int64, torch.bool]),
    st.sampled_from([1, 2]),
)
def test_a_tensor_of_values_counts_as_the_list_of_them(shape: tuple[int, ...], dtype: torch.dtype, count: int) -> None:
    """Values are the same, and so are the sentences about a wrong number of them."""
    values = torch.arange(12).view(-1)[: math.prod(shape)].view(shape).to(dtype)
    answers = []
    for given_back in (values, values.tolist()):
        scored = problem(lambda genomes, given_back=given_back: given_back, batched=True, weights=(-1.0,) * count)
        try:
            answers.append(scored.batch(population(1, 2, 3, objectives=count)))
        except (ValueError, TypeError) as error:
            answers.append(str(error))
    assert answers[0] == answers[1]


def exits_below_zero(genomes: Tensor) -> Tensor:
    """Return the first genes; exit if one is negative."""
    if bool((genomes[..., 0] < 0).any()):
        sys.exit(0)
    return genomes[..., 0]


@pytest.mark.parametrize("batched", [False, True])
def test_an_individual_that_makes_it_raise_fails_alone(batched: bool, caplog: pytest.LogCaptureFixture) -> None:
    """The others are scored, and the log names the function, the individual and the reason."""
    with caplog.at_level(logging.WARNING):
        scores = problem(fails_below_zero, batched=batched).batch(population(1, -1, 2))
    assert scores[0::2] == [(2.0,), (3.0,)]
    assert math.isnan(scores[1][0])
    assert caplog.messages == [
        "fails_below_zero raised for individual 11, which counts as failed (RuntimeError: a negative gene)."
    ]


@pytest.mark.parametrize("batched", [False, True])
def test_a_function_that_exits_fails_alone(batched: bool, caplog: pytest.LogCaptureFixture) -> None:
    """`sys.exit(0)` ends no run."""
    with caplog.at_level(logging.WARNING):
        scores = problem(exits_below_zero, batched=batched).batch(population(1, -1, 2))
    assert scores[0::2] == [(1.0,), (2.0,)]
    assert math.isnan(scores[1][0])
    assert caplog.messages == ["exits_below_zero raised for individual 11, which counts as failed (SystemExit: 0)."]


def test_an_individual_with_nan_is_named(caplog: pytest.LogCaptureFixture) -> None:
    """A value that is not finite is kept and logged."""
    with caplog.at_level(logging.WARNING):
        scores = problem(torch.log, batched=False).batch([])
        assert scores == []
        score = problem(lambda genome: math.inf).batch(population(1))
    assert score == [(math.inf,)]
    assert caplog.messages == ["<lambda> gave (inf,) for individual 10, which counts as failed."]


class Moody:
    """A number that does not want to be one."""

    def __float__(self) -> float:
        raise RuntimeError("not today")


TOO_MANY = "; it must return one number, for the weight -1.0."
WRONG: list[tuple[Any, str]] = [
    ((1.0, 2.0), f"returned (1.0, 2.0) for individual 11, which counts as failed{TOO_MANY}"),
    ("high", f"returned 'high' for individual 11, which counts as failed{TOO_MANY}"),
    (None, f"returned None for individual 11, which counts as failed{TOO_MANY}"),
    ({}, f"returned {{}} for individual 11, which counts as failed{TOO_MANY}"),
    (1j, f"returned 1j for individual 11, which counts as failed{TOO_MANY}"),
    (torch.zeros(0), f"returned [] for individual 11, which counts as failed{TOO_MANY}"),
    (torch.zeros(2, 2), f"returned [[0.0, 0.0], [0.0, 0.0]] for individual 11, which counts as failed{TOO_MANY}"),
    ([torch.zeros(2)], f"returned [tensor([0., 0.])] for individual 11, which counts as failed{TOO_MANY}"),
    ("x" * 100, f"returned 'x{'x' * 78}... for individual 11, which counts as failed{TOO_MANY}"),
    (10**400, "gave (inf,) for individual 11, which counts as failed."),
    (-(10**5000), "gave (-inf,) for individual 11, which counts as failed."),
]


@pytest.mark.parametrize(("wrong", "sentence"), WRONG, ids=[str(n) for n, _ in enumerate(WRONG)])
@pytest.mark.parametrize("batched", [False, True])
def test_a_wrong_answer_fails_its_individual_alone(
    wrong: Any, batched: bool, sentence: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever comes back for one of three, the others are scored, and the log says what it was in one sentence."""

    def alone(genome: Tensor) -> Any:
        return wrong if genome[0] < 0 else float(genome.sum())

    inner = (lambda genomes: [alone(genome) for genome in genomes]) if batched else alone
    inner.__name__ = "mine"
    scores = problem(inner, batched=batched).batch(population(1, -1, 2))
    assert scores[0::2] == [(2.0,), (3.0,)]
    assert not math.isfinite(scores[1][0])
    assert caplog.messages == [f"mine {sentence}"]


def test_a_number_that_raises_fails_its_individual_alone(caplog: pytest.LogCaptureFixture) -> None:
    """Between the function and the stored number nothing ends the run."""
    scores = problem(lambda genome: Moody() if genome[0] < 0 else 1).batch(population(1, -1, 2))
    assert scores[0::2] == [(1.0,), (1.0,)]
    assert math.isnan(scores[1][0])
    assert caplog.messages[0].startswith("<lambda> returned <")


@pytest.mark.parametrize("rows", [lambda genomes: genomes[:1, 0], lambda genomes: 3.0, lambda genomes: None])
def test_a_wrong_number_of_rows_is_said(rows: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Each is tried alone; those with no row of their own fail with a sentence."""
    scores = problem(rows, batched=True).batch(population(1, 2))
    for score, message in zip(scores, caplog.messages, strict=False):
        assert math.isnan(score[0])
        assert "it must return one row of values for each of 1 genomes, but returned " in message


def test_the_genome_is_the_functions_own() -> None:
    """A function that writes into its genome changes no individual."""
    (one,) = population(4)
    assert problem(lambda genome: genome.mul_(0).sum()).batch([one]) == [(0.0,)]
    assert one.genome.tolist() == [4.0, 1.0]


def test_a_plateau_has_the_gradient_0() -> None:
    """Also if its values do not depend on the genome at all."""
    flat = problem(lambda genomes: torch.zeros(len(genomes)), batched=True)
    assert flat.gradient(torch.ones(3, 2)).tolist() == [[0.0, 0.0]] * 3
