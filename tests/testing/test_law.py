"""Checking a law: the message of a broken one, the number of cases, and what is left unchanged."""

import math
import random
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from neuroevo.operators import learngenes
from neuroevo.testing.laws import (
    Breach,
    Case,
    DrawingFailed,
    Law,
    LawBroken,
    check,
    check_law,
    check_learngene_mutation,
    report,
)
from neuroevo.testing.laws.law import RUNS, literal, name_of


def positive(subject: Any, case: Case) -> None:
    """Hold if the subject gives nothing above 9 for a number."""
    number = case.draw("number", st.integers(0, 1000))
    if subject(number) > 9:
        raise Breach(f"{number} became {subject(number)}")


SMALL = Law("results are small", "a factor", positive)


def test_a_broken_law_is_reported_with_the_smallest_case() -> None:
    """Law, complaint, case and cause stand in the message and on the error, and the case is the least of all."""
    with pytest.raises(LawBroken) as caught:
        check_law(lambda number: number, SMALL, label="identity")
    broken = caught.value
    assert (broken.law, broken.complaint, broken.case) == ("results are small", "10 became 10", "number = 10")
    assert str(broken).splitlines() == [
        "identity breaks the law 'results are small': 10 became 10",
        "  smallest case: number = 10",
        "  likely cause: a factor",
    ]
    assert broken.examples >= 1


def test_what_holds_is_silent() -> None:
    """A law that is kept returns nothing and raises nothing."""
    assert check_law(lambda number: 0, SMALL, label="zero") is None


def test_the_number_of_cases_is_bounded() -> None:
    """As many cases are tried as the caller says, or as few as the law allows."""
    for examples, most, expected in ((7, None, 7), (50, 3, 3), (2, 40, 2)):
        calls: list[int] = []
        law = Law("called", "", lambda subject, case: calls.append(case.draw("n", st.integers())), most)  # noqa: B023
        check_law(None, law, label="it", examples=examples)
        assert len(calls) == expected


def test_the_first_broken_law_is_reported() -> None:
    """Laws are checked in their order."""

    def broken(subject: Any, case: Case) -> None:
        raise Breach("always")

    with pytest.raises(LawBroken) as caught:
        check(None, [Law("first", "", broken), Law("second", "", broken)], label="it")
    assert (caught.value.law, caught.value.examples) == ("first", 1)
    assert caught.value.case == "nothing was drawn"


def test_an_exception_of_the_subject_is_a_breach() -> None:
    """It is reported by name with the case that it came from, and chained; no other law is blamed."""

    def refuses(number: int) -> int:
        raise KeyError(f"no {number}")

    with pytest.raises(LawBroken, match=r"'runs on what it is given': it raised KeyError: 'no 0'") as caught:
        check_law(refuses, SMALL, label="it")
    assert isinstance(caught.value.__cause__, KeyError)
    assert caught.value.case == "number = 0"


def test_what_can_not_be_looked_at_is_told_apart_from_what_raises() -> None:
    """A subject that returns nothing is told so, and not that it raised."""
    with pytest.raises(LawBroken, match="what it returned can't be judged, TypeError") as caught:
        check_law(lambda number: None, SMALL, label="it")
    assert caught.value.law == RUNS


def test_a_call_that_fits_no_signature_is_distinguished() -> None:
    """A keyword that is missing is neither a fault of the case nor of the result."""
    with pytest.raises(LawBroken, match=r"called: .*missing 1 required.*'rate'(.|\n)*is not bound") as caught:
        check_learngene_mutation(learngenes.mutate, examples=1)
    assert caught.value.law == RUNS


def test_a_fault_of_the_drawing_is_not_the_subjects() -> None:
    """The strategies of a law can be wrong, too."""

    def wrong(number: int) -> int:
        raise ZeroDivisionError("nothing to draw")

    law = Law("drawn", "", lambda subject, case: case.draw("number", st.integers(0, 3).map(wrong)))
    with pytest.raises(DrawingFailed, match="number can't be drawn: ZeroDivisionError: nothing to draw"):
        check_law(None, law, label="it")


def test_a_case_is_replayed() -> None:
    """From the error, or copied from its message, exactly."""
    with pytest.raises(LawBroken) as caught:
        check_law(lambda number: number, SMALL, label="identity")
    with pytest.raises(Breach, match="10 became 10"):
        SMALL.replay(lambda number: number, caught.value.drawn)
    SMALL.replay(lambda number: 0, {"number": 10})


@given(numbers=st.lists(st.floats(width=32), max_size=5), double=st.booleans())
def test_cases_are_printed_exactly(numbers: list[float], double: bool) -> None:
    """A literal of a tensor is that tensor, NaN and infinities included."""
    tensor = torch.tensor(numbers, dtype=torch.float64 if double else torch.float32)
    again = eval(literal((tensor, [1, None])), {"torch": torch, "math": math})
    assert again[0].dtype == tensor.dtype
    assert torch.equal(again[0].nan_to_num(7.0), tensor.nan_to_num(7.0))
    assert again[1] == [1, None]


def test_examples_must_be_at_least_one() -> None:
    """0 examples are refused; they would prove nothing."""
    with pytest.raises(ValueError, match="examples must be at least 1, but it is 0"):
        check_law(None, SMALL, label="it", examples=0)


def test_expected_failures() -> None:
    """A law that is known to be broken is passed over, and told when it is kept or unknown."""
    check(lambda number: number, [SMALL], label="it", expected_failures={SMALL.name: "on purpose"})
    with pytest.raises(ValueError, match="it keeps the law 'results are small'"):
        check(lambda number: 0, [SMALL], label="it", expected_failures={SMALL.name: "on purpose"})
    with pytest.raises(ValueError, match="'no such law' is none of them"):
        check(lambda number: 0, [SMALL], label="it", expected_failures={"no such law": ""})


def test_a_report_has_a_verdict_for_each_law() -> None:
    """Kept, broken, not judged, and expected to be broken."""

    def crash(subject: Any, case: Case) -> None:
        subject("a word")

    laws = [SMALL, Law("other", "", crash), Law("kept", "", lambda subject, case: None)]
    found = report(lambda number: number + 10, laws, expected_failures={"kept": "no reason"})
    assert [one.judgement for one in found] == ["broken", "not judged", "kept against expectation"]
    assert found[0].case == "number = 0"
    assert found[1].complaint.startswith("it raised TypeError")


def test_flaky_failures_are_reported_as_such() -> None:
    """A subject that answers differently when asked again is caught, and the message says so."""
    answers = iter([10])
    with pytest.raises(LawBroken, match=r"in one call, and not in the next one with equal arguments"):
        check_law(lambda number: next(answers, 0), Law("small", "", _ask_once), label="it")


def _ask_once(subject: Any, case: Case) -> None:
    if (answer := subject(case.draw("number", st.integers(0, 0)))) > 9:
        raise Breach(f"it is {answer}")


def test_unsatisfied_assumptions_are_no_breach() -> None:
    """A case that a law passes over counts for nothing."""

    def even(subject: Any, case: Case) -> None:
        assume(case.draw("number", st.integers(0, 9)) % 2 == 0)

    assert check_law(None, Law("even", "", even), label="it") is None


def test_the_message_shows_what_the_subject_was_given() -> None:
    """A tensor is kept as it was drawn, also where the subject writes into it."""

    def overwritten(subject: Any, case: Case) -> None:
        tensor = case.draw("tensor", st.just(torch.tensor([1.0, 2.0])).map(torch.clone))
        tensor.zero_()
        raise Breach("it is zero now")

    with pytest.raises(LawBroken) as caught:
        check_law(None, Law("kept", "", overwritten), label="it")
    assert caught.value.case == "tensor = torch.tensor([1.0, 2.0], dtype=torch.float32)"


def test_global_generators_are_as_before() -> None:
    """Whatever the subject does to them, each global generator has its state back."""

    def draws(number: int) -> int:
        random.random()
        np.random.rand()  # noqa: NPY002
        torch.rand(())
        return 0

    before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # noqa: NPY002
    check_law(draws, SMALL, label="it")
    after = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # noqa: NPY002
    assert after == before


def test_names_of_subjects() -> None:
    """A partial shows its function and its plain settings, an object its class."""
    from functools import partial

    inner = partial(positive, size=3, generator=torch.Generator())
    assert name_of(partial(inner, rate=0.5, size=4)) == "positive(size=4, rate=0.5)"
    assert name_of(positive) == "positive"
    assert name_of(SMALL) == "Law"
