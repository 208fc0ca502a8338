"""Tests of laws as methods of `unittest`."""

import subprocess
import sys
import unittest
from functools import partial
from pathlib import Path

import pytest
from torch import Tensor

from neuroevo.operators.mutation import gaussian
from neuroevo.testing.laws import mutation_laws
from neuroevo.testing.unittest import LawTests

NAMES = ("arguments are left unchanged", "results share no storage with arguments", "rate 0 is the identity")
LAWS = [law for law in mutation_laws(rate="rate") if law.name in NAMES]


def identity(genomes: Tensor, *, rate: float = 1.0, generator: object) -> Tensor:
    """Return the genomes themselves."""
    return genomes


def judged(base: type[LawTests] = LawTests, **attributes: object) -> type[LawTests]:
    """Return a class; in a module, pytest would run those that are broken on purpose."""
    return type("Judged", (base,), {"laws": LAWS, "examples": 3, **attributes})


def results(case: type[LawTests]) -> unittest.TestResult:
    """Return what became of the tests of a class."""
    found = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(case).run(found)
    return found


def test_each_law_is_a_method() -> None:
    """The names are those of the laws; a class without laws has none."""
    case = judged(subject=partial(gaussian, sigma=0.5))
    names = unittest.defaultTestLoader.getTestCaseNames(case)
    assert sorted(names) == sorted(f"test_{law.id}" for law in LAWS)
    assert not unittest.defaultTestLoader.getTestCaseNames(LawTests)
    assert case("test_rate_0_is_the_identity").shortDescription() == "It keeps the law 'rate 0 is the identity'."
    assert results(case).wasSuccessful()


def test_a_broken_law_fails_alone() -> None:
    """The others pass, and the message is that of the check."""
    ((test, message),) = results(judged(subject=identity)).failures
    assert str(test).startswith("test_results_share_no_storage_with_arguments")
    assert "identity breaks the law 'results share no storage with arguments'" in message


def test_what_is_known_to_be_broken_passes() -> None:
    """A law that is kept after all is an error, and one that is not among the laws is refused at once."""
    known = judged(subject=identity, expected_failures={NAMES[1]: "it returns its argument"})
    assert results(known).wasSuccessful()
    ((_, message),) = results(judged(known, subject=partial(gaussian, sigma=0.5))).errors
    assert "keeps the law 'results share no storage with arguments'" in message
    with pytest.raises(ValueError, match="'rate 0' is none of them"):
        judged(subject=identity, expected_failures={"rate 0": "it moves"})


def test_laws_serve_several_subjects() -> None:
    """Without a subject they are skipped; a class that extends them judges its own."""
    base = judged()
    assert len(results(base).skipped) == len(LAWS)
    assert results(type("Mine", (base,), {"subject": partial(gaussian, sigma=0.5)})).wasSuccessful()
    assert results(type("Static", (base,), {"subject": staticmethod(identity)})).failures


@pytest.mark.slow
def test_python_runs_them_without_pytest(tmp_path: Path) -> None:
    """`python -m unittest` finds the methods and fails for a broken law."""
    (tmp_path / "test_mine.py").write_text(
        "from neuroevo.testing.laws import mutation_laws\n"
        "from neuroevo.testing.unittest import LawTests\n\n"
        "def mine(genomes, *, generator):\n    return genomes\n\n"
        "class TestMine(LawTests):\n    subject = mine\n    laws = mutation_laws()[:3]\n    examples = 2\n"
    )
    ran = subprocess.run([sys.executable, "-m", "unittest", "-q"], cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 1
    assert "mine breaks the law 'results share no storage with arguments'" in ran.stderr
    assert "Ran 3 tests" in ran.stderr
    assert "failures=1" in ran.stderr
