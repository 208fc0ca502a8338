"""Right operators and strategies, ours and those of others, keep their laws."""

import pytest
from subjects import Subject, all_subjects

from neuroevo.testing.laws import check


@pytest.mark.slow
@pytest.mark.parametrize("subject", all_subjects(), ids=lambda subject: subject.name)
def test_it_keeps_its_laws(subject: Subject) -> None:
    """No law is broken but those that are known to be."""
    made, laws, failures = subject.make(), subject.laws(), subject.expected_failures
    check(made, laws, label=subject.name, expected_failures=failures)
