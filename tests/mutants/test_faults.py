"""Tests of the lists of faults."""

from collections import Counter

from mutants.fault import lists, read


def test_each_fault_can_be_planted() -> None:
    """The right text of each occurs once in its file, and the wrong one makes another program."""
    faults = [fault for path in lists() for fault in read(path)]
    assert faults
    for fault in faults:
        assert compile(fault.planted(), fault.file, "exec") != compile(
            fault.path.read_text("utf-8"), fault.file, "exec"
        )


def test_no_fault_is_listed_twice() -> None:
    """Names are unique, and so are the programs."""
    faults = [fault for path in lists() for fault in read(path)]
    assert max(Counter(fault.id for fault in faults).values()) == 1
    assert max(Counter((fault.file, fault.planted()) for fault in faults).values()) == 1
