"""What `import neuroevo` offers."""

import ast
import tomllib
from pathlib import Path

import pytest

import neuroevo

PUBLIC = {
    "Budget",
    "ConvNet4",
    "Dataset",
    "Fitness",
    "GTL",
    "Generation",
    "Individual",
    "Learngene",
    "MLP",
    "Recipe",
    "evolve",
    "fashion_mnist",
    "from_deap",
    "glyphs",
}


def test_public_names_are_pinned() -> None:
    """A name is added or taken away on purpose, and there are at most 25."""
    assert set(neuroevo.__all__) == PUBLIC
    assert len(neuroevo.__all__) == len(PUBLIC) <= 25


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_public_names_resolve(name: str) -> None:
    """Each public name is an object of that name, and every look-up gives the same one."""
    value = getattr(neuroevo, name)
    assert value.__name__ == name
    assert value is getattr(neuroevo, name)
    assert name in dir(neuroevo)


def test_type_checkers_see_the_public_names() -> None:
    """The imports for type checkers name the same objects as the table of lazy ones."""
    tree = ast.parse(Path(neuroevo.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    seen = {item.name: node.module for node in imports for item in node.names}
    assert seen == neuroevo._HOMES


def test_unknown_names_are_refused() -> None:
    """A name that does not exist raises AttributeError, which says so."""
    with pytest.raises(AttributeError, match="no attribute 'Evolution'"):
        _ = neuroevo.Evolution


def test_version_is_the_distributions() -> None:
    """The version in the code is that of pyproject.toml."""
    text = (Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    assert neuroevo.__version__ == tomllib.loads(text)["project"]["version"]
