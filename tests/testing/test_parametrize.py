"""One pytest test per subject and law."""

from functools import partial

import pytest

from neuroevo.operators.mutation import gaussian
from neuroevo.testing.laws import LawBroken, mutation_laws
from neuroevo.testing.parametrize import parametrize_with_laws

LAWS = mutation_laws(rate="rate")


def identity(genomes: object, *, rate: float = 1.0, generator: object) -> object:
    """Return the genomes themselves."""
    return genomes


def test_every_pair_of_subject_and_law_is_a_test() -> None:
    """Ids name both; two subjects of one name get different ids; subjects by name keep theirs."""
    small, large = (partial(gaussian, sigma=0.5) for _ in range(2))
    names, cases = parametrize_with_laws(LAWS, [small, large]).args
    assert names == "law"
    ids = [case.id for case in cases]
    assert len(set(ids)) == len(ids) == 2 * len(LAWS)
    assert ids[0] == "gaussian(sigma=0.5)-runs_on_what_it_is_given"
    assert ids[len(LAWS)] == "gaussian(sigma=0.5)-1-runs_on_what_it_is_given"
    named = parametrize_with_laws(LAWS[:1], {"mine": small}).args[1]
    assert [case.id for case in named] == ["mine-runs_on_what_it_is_given"]


def test_a_case_is_the_check() -> None:
    """Called, a case passes or raises for its own law alone, with the subject's name."""
    cases = {case.id: case.values[0] for case in parametrize_with_laws(LAWS, [identity], examples=3).args[1]}
    cases["identity-arguments_are_left_unchanged"]()
    with pytest.raises(LawBroken, match=r"^identity breaks the law 'results share no storage with arguments'"):
        cases["identity-results_share_no_storage_with_arguments"]()
