"""`neuroevo.testing` without what the extra brings."""

import runpy
import sys
from pathlib import Path

import pytest

import neuroevo.testing


@pytest.mark.parametrize("missing", ["hypothesis", "pytest"])
def test_the_extra_is_named_where_it_is_missing(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without hypothesis or pytest the import says what to install."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == missing else object())
    with pytest.raises(ModuleNotFoundError, match=r'pip install "\.\[testing\]" in a checkout, or'):
        runpy.run_path(str(Path(neuroevo.testing.__file__)))
    assert sys.modules["neuroevo.testing"] is neuroevo.testing
