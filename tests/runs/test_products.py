"""What a run saves, wherever its folder is."""

from pathlib import Path

import pytest

from neuroevo.runs.products import PRODUCTS, located, product


@pytest.mark.parametrize("key", PRODUCTS)
def test_the_file_is_in_the_folder(key: str, tmp_path: Path) -> None:
    """What the result says of its place does not matter; the rest of the result stays."""
    result = {key: f"elsewhere/{PRODUCTS[key]}", "score": 1.0}
    path = tmp_path / PRODUCTS[key]
    assert product(result, tmp_path) == path
    assert located(result, tmp_path) == {key: str(path), "score": 1.0}


def test_a_result_without_a_file_has_none(tmp_path: Path) -> None:
    """Nothing is made up."""
    assert product({"score": 1.0}, tmp_path) is None
    assert located({"score": 1.0}, tmp_path) == {"score": 1.0}
