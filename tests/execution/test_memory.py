"""Out of memory: batches are divided where that changes no result."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroevo.execution import batched_map
from neuroevo.individual import Failure, Fitness, Individual

FAILURE = Failure("there was not enough memory for it")
NUMBERS = st.lists(st.integers(0, 9), max_size=12)


@given(
    numbers=NUMBERS,
    room=st.integers(1, 12),
    never=st.frozensets(st.integers(0, 9), max_size=3),
    chunk=st.none() | st.integers(1, 12),
)
def test_what_fits_into_memory_has_the_result_of_a_loop(
    faults: ModuleType, numbers: list[int], room: int, never: frozenset[int], chunk: int | None
) -> None:
    """Whatever the memory and the chunks, results are in order, and only items that never fit fail."""
    expected = [FAILURE if number in never else 2 * number for number in numbers]
    assert batched_map(faults.Hungry(room, never), numbers, chunk=chunk) == expected


@given(numbers=NUMBERS, room=st.integers(1, 12))
def test_what_is_judged_together_fails_together(faults: ModuleType, numbers: list[int], room: int) -> None:
    """If results depend on the other items, a batch that does not fit is not divided."""
    expected = [2 * number for number in numbers] if len(numbers) <= room else [FAILURE] * len(numbers)
    assert batched_map(faults.Hungry(room, joint=True), numbers) == expected


def test_a_function_without_batches_fails_for_one(faults: ModuleType) -> None:
    """The items of a plain function are independent."""
    assert batched_map(faults.Hungry(9, frozenset({3})).__call__, [2, 3, 4]) == [4, FAILURE, 8]


def test_the_log_tells_of_smaller_batches(faults: ModuleType, caplog: pytest.LogCaptureFixture) -> None:
    """Eight items where three fit are evaluated in twos."""
    with caplog.at_level("WARNING", logger="neuroevo.execution.memory"):
        batched_map(faults.Hungry(3), [*range(8)])
    assert [record.getMessage() for record in caplog.records] == [
        "there was not enough memory for it: going on with 4 items at a time instead of 8",
        "there was not enough memory for it: going on with 2 items at a time instead of 4",
    ]


@dataclass(frozen=True)
class Ending:
    """Doubles numbers in batches, and raises an exception at one."""

    error: BaseException

    def __call__(self, number: int) -> int:
        """Return twice the number."""
        return self.batch([number])[0]

    def batch(self, numbers: Sequence[int]) -> list[int]:
        """Return twice each number."""
        if 3 in numbers:
            raise self.error
        return [2 * number for number in numbers]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (SystemExit(0), "SystemExit: 0"),
        (ExceptionGroup("two", [ValueError()]), "ExceptionGroup: two (1 sub-exception)"),
        (BaseExceptionGroup("", [SystemExit()]), "BaseExceptionGroup: (1 sub-exception)"),
    ],
)
def test_what_would_end_the_run_fails_its_item(error: BaseException, reason: str) -> None:
    """In this process as on workers; a KeyboardInterrupt is the user's and passes."""
    failure = Failure(f"its evaluation raised {reason}")
    assert batched_map(Ending(error), [*range(5)]) == [0, 2, 4, failure, 8]
    for interruption in (KeyboardInterrupt(), BaseExceptionGroup("", [KeyboardInterrupt()])):
        with pytest.raises(type(interruption)):
            batched_map(Ending(interruption), [*range(5)])


def allocate(numbers: int) -> int:
    """Allocate numbers on the CPU."""
    return len(torch.empty(numbers, dtype=torch.uint8))


def test_the_allocator_of_the_host_is_understood_and_quoted() -> None:
    """Running out of host memory is the same error: only items that need too much fail, with the numbers."""
    small, large = batched_map(allocate, [3, 2**60])
    assert small == 3
    assert large == Failure(f"there was not enough memory for it: you tried to allocate {2**60} bytes")


@pytest.mark.parametrize(
    ("message", "quoted"),
    [
        (
            "CUDA out of memory. Tried to allocate 20.50 GiB. GPU 0 has a total capacity of 79.10 GiB of which 5.00 "
            "GiB is free. Process 7 has 1 GiB memory in use.",
            ": Tried to allocate 20.50 GiB. GPU 0 has a total capacity of 79.10 GiB of which 5.00 GiB is free",
        ),
        ("something else", ""),
    ],
)
def test_the_numbers_of_a_device_are_quoted(message: str, quoted: str) -> None:
    """The sentence says what was requested and what is free, if that is known."""

    def raises(number: int) -> int:
        raise torch.OutOfMemoryError(message)

    assert batched_map(raises, [0]) == [Failure(FAILURE.reason + quoted)]


def test_other_errors_are_errors() -> None:
    """Other errors are not caught."""

    def raises(number: int) -> int:
        raise RuntimeError("out of luck")

    with pytest.raises(RuntimeError, match="out of luck"):
        batched_map(raises, [0])


def test_a_failure_is_a_fitness_that_is_worse_than_all() -> None:
    """It stands for NaN in every objective, says why, and goes away with the values."""
    one = Individual(None, Fitness(weights=(1.0, -1.0)), id=0)
    one.fitness.values = FAILURE
    assert one.fitness.valid
    assert one.fitness.failed
    assert one.fitness.failure == FAILURE.reason
    assert one.fitness < Fitness((-1e300, 1e300), weights=(1.0, -1.0))
    one.fitness.values = (0.0, 0.0)
    assert one.fitness.failure is None
