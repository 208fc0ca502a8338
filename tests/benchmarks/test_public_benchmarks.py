"""What `import neuroevo.benchmarks` offers, and that its rooms import each other in one direction."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import neuroevo.benchmarks as module
from neuroevo.benchmarks import transfer

ROOT = Path(module.__file__).parent
PUBLIC = {
    *("Comparison", "Condition", "Contestant", "Listener", "Result", "Transfer"),
    *("conditions", "read_result"),
}
RANKS = {"analysis": 0, "report": 1, "suites": 2, "agreement": 3, "race": 3, "speed": 3, "peers": 4}
HEAVY = {"matplotlib", "scipy", "torch", "pandas"}


def test_public_names_are_pinned() -> None:
    """A name is added or taken away on purpose; each resolves to the object that type checkers see."""
    assert set(module.__all__) == PUBLIC == set(module._HOMES) == set(dir(module))
    for name in PUBLIC:
        assert getattr(module, name).__name__ == name
        assert getattr(module, name).__module__ == module._HOMES[name]
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    assert {item.name: node.module for node in imports for item in node.names} == module._HOMES
    with pytest.raises(AttributeError, match="no attribute 'Suit'"):
        _ = module.Suit


def test_importing_is_light() -> None:
    """Nothing that takes seconds is imported before a name is used."""
    code = f"import neuroevo.benchmarks, sys; print(*sorted({HEAVY!r} & sys.modules.keys()))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout.split()) == (0, []), ran.stderr


def test_the_protocol_has_a_short_address() -> None:
    """`neuroevo.benchmarks.transfer` is what it was."""
    assert set(transfer.__all__) == {"Cell", "Contestant", "Transfer", "run"}
    assert transfer.Transfer is module.Transfer


@pytest.mark.parametrize("path", sorted(ROOT.glob("*/**/*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_rooms_import_one_way(path: Path) -> None:
    """Numbers know nothing of reports, reports nothing of suites, and none of them the command line."""
    rank = RANKS[path.relative_to(ROOT).parts[0]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [item.name for item in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            assert not name.startswith("neuroevo.cli")
            room = name.removeprefix("neuroevo.benchmarks.").partition(".")[0]
            if name.startswith("neuroevo.benchmarks.") and room in RANKS:
                assert RANKS[room] <= rank, f"{path} imports {name}"
