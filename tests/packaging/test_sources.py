"""Rules for the source that no linter checks."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for folder in ("neuroevo", "operators", "benchmarks") for path in ROOT.glob(f"{folder}/**/*.py"))

# A generator, or what makes one from a seed; the rest of numpy.random draws from a global one.
NUMPY_GENERATORS = {"BitGenerator", "Generator", "PCG64", "Philox", "SeedSequence", "default_rng"}
TORCH_GLOBALS = (
    "torch.get_rng_state",
    "torch.initial_seed",
    "torch.manual_seed",
    "torch.random.",
    "torch.seed",
    "torch.set_rng_state",
    *(f"torch.{kind}.{name}" for kind in ("cuda", "mps") for name in ("manual_seed", "seed")),
)
TORCH_DRAWS = {
    f"torch.{name}" for name in ("bernoulli", "multinomial", "normal", "rand", "randint", "randn", "randperm")
}


def _aliases(tree: ast.AST) -> dict[str, str]:
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for item in node.names:
                name = item.name if item.asname else item.name.partition(".")[0]
                names[item.asname or name] = name
        elif isinstance(node, ast.ImportFrom):
            names |= {item.asname or item.name: f"{node.module}.{item.name}" for item in node.names}
    return names


def _dotted(node: ast.AST, aliases: dict[str, str]) -> str:
    """Return the full name behind `a.b.c`, or nothing if it does not start at an import."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in aliases:
        return ""
    return ".".join([aliases[node.id], *reversed(parts)])


def _is_global(name: str) -> bool:
    if name.startswith("numpy.random."):
        return name.split(".")[2] not in NUMPY_GENERATORS
    return name.startswith(("random.", *TORCH_GLOBALS))


def _is_implicit_draw(node: ast.AST, aliases: dict[str, str]) -> bool:
    if not isinstance(node, ast.Call) or _dotted(node.func, aliases) not in TORCH_DRAWS:
        return False
    return "generator" not in {keyword.arg for keyword in node.keywords}


def _complaints(source: str) -> Iterator[str]:
    tree = ast.parse(source)
    aliases = _aliases(tree)
    if any(f"{name}.".startswith("deap.creator.") for name in aliases.values()):
        yield "imports deap.creator"
    for node in ast.walk(tree):
        if _is_global(name := _dotted(node, aliases)):
            yield f"line {node.lineno}: {name} uses a global generator"
        if _is_implicit_draw(node, aliases):
            yield f"line {node.lineno}: draws without generator="


# Laws watch the global generators and foreign functions draw from them: one module handles both.
WATCHES = ROOT / "neuroevo" / "global_generators.py"


@pytest.mark.parametrize("path", sorted({*SOURCES} - {WATCHES}), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_uses_global_state(path: Path) -> None:
    """No source file imports deap.creator or uses a global random generator."""
    assert list(_complaints(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    [
        "from deap import creator",
        "import deap.creator as c",
        "import random\nrandom.random()",
        "from random import choice\nchoice('ab')",
        "import numpy as np\nnp.random.seed(1)",
        "from numpy.random import rand\nrand(3)",
        "import torch\ntorch.manual_seed(1)",
        "from torch import manual_seed\nmanual_seed(1)",
        "import torch\ntorch.random.fork_rng()",
        "import torch\ntorch.cuda.manual_seed_all(1)",
        "import torch\ntorch.rand(3)",
    ],
)
def test_global_state_is_noticed(source: str) -> None:
    """Each way of reaching global state is found."""
    assert list(_complaints(source)) != []


@pytest.mark.parametrize(
    "source",
    [
        "import numpy as np\nnp.random.default_rng(1).random()",
        "import torch\ntorch.Generator().manual_seed(1)",
        "import torch\ntorch.rand(3, generator=torch.Generator())",
        "def draw(generator, random):\n    return generator.manual_seed(random.seed)",
    ],
)
def test_explicit_generators_are_allowed(source: str) -> None:
    """Generators that were made from a seed or handed in raise no complaint."""
    assert list(_complaints(source)) == []


def test_modules_stay_short() -> None:
    """No module has more than 400 lines."""
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert {str(path): length for path, length in lengths.items() if length > 400} == {}
