"""One pytest test per subject and law.

    @parametrize_with_laws(mutation_laws(bounds=(-1, 1)), [my_mutation, partial(other, sigma=0.1)])
    def test_mutations(law):
        law()

pytest then shows which law of which subject fails: `test_mutations[my_mutation-rows_of_a_batch_mutate_independently]`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import pytest

from neuroevo.testing.laws.law import Law, LawBroken, check_law, name_of


def parametrize_with_laws(
    laws: Sequence[Law],
    subjects: Sequence[object] | Mapping[str, object],
    *,
    examples: int | None = None,
    expected_failures: Mapping[str, str] | None = None,
) -> pytest.MarkDecorator:
    """Return a decorator that runs a test with the argument `law` once for each subject and law.

    The test calls `law()`, which raises LawBroken if the subject breaks it.

    Args:
        laws: The laws to check, for example `selection_laws(tournament=3)`.
        subjects: The objects to check: a sequence, or a mapping by the names for the tests' ids.
        examples: Largest number of cases per law; default that of the active hypothesis profile.
        expected_failures: Names of laws that the subjects are known to break, with the reason: strict expected failures
            of pytest.
    """
    expected = expected_failures or {}
    named = subjects if isinstance(subjects, Mapping) else _by_name(subjects)
    return pytest.mark.parametrize(
        "law",
        [
            pytest.param(
                partial(check_law, subject, law, label=name, examples=examples),
                id=f"{name}-{law.id}",
                marks=[pytest.mark.xfail(raises=LawBroken, reason=expected[law.name], strict=True)]
                if law.name in expected
                else [],
            )
            for name, subject in named.items()
            for law in laws
        ],
    )


def _by_name(subjects: Sequence[object]) -> dict[str, object]:
    named: dict[str, object] = {}
    for subject in subjects:
        name = name_of(subject)
        named[name if name not in named else f"{name}-{len(named)}"] = subject
    return named
