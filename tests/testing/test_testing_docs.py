"""The pages about property testing: their code runs, and what they say of laws and operators is what is there."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from unittest.mock import Mock

import pytest
from hypothesis import strategies as st

from neuroevo.testing import laws, strategies

DOCS = Path(__file__).parents[2] / "docs"
FEW_EXAMPLES = """
from hypothesis import settings
settings.register_profile("few", max_examples=5)
settings.load_profile("few")
"""
PAGE = (DOCS / "testing.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_code_is_a_passing_test_file(tmp_path: Path) -> None:
    """All Python blocks together are a test file that pytest runs, with the tests that they define."""
    source = "\n".join(re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL))
    (tmp_path / "test_page.py").write_text(source, encoding="utf-8")
    (tmp_path / "conftest.py").write_text(FEW_EXAMPLES, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1"}
    words = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "test_page.py"]
    run = subprocess.run(words, cwd=tmp_path, env=environment, check=False, timeout=300, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout
    by_law = len(laws.selection_laws(tournament=3)) + len(laws.mutation_laws(rate="rate"))
    expected = source.count("\ndef test_") - 1 + by_law
    assert f"{expected} passed" in run.stdout


def test_every_law_and_every_strategy_is_on_the_page() -> None:
    """What can be checked and what can be drawn is listed by name."""
    rows = [line for line in PAGE.splitlines() if line.startswith("| `check_")]
    assert sorted(re.findall(r"^\| `(\w+)`", row)[0] for row in rows) == sorted(
        name for name in laws.__all__ if name.startswith("check_") and name != "check_law"
    )
    kinds = {
        "selection": laws.selection_laws(deterministic=True, with_replacement=False)
        + laws.selection_laws(tournament=3, proportional=True),
        "mutation": laws.mutation_laws(rate="rate", permutations=True, refuses=[{}]),
        "crossover": laws.crossover_laws(rate="rate", cuts=1) + laws.crossover_laws(permutations=True),
        "circuit": laws.circuit_laws(like="strongest") + laws.circuit_laws(like="random"),
        "augmentation": laws.augmentation_laws(like="crop", padding=1, amount="padding"),
        "population": laws.population_laws(Mock()),
        "tasks": laws.task_laws(),
        "critic": laws.critic_laws(st.nothing(), reference=lambda *_: (0.0, 1.0)),
        "averaging": laws.averaging_laws(),
        "agreement": laws.agreement_laws(len, st.nothing()),
        "extraction": laws.extraction_laws(partial=True),
        "inheritance": laws.inheritance_laws(structures=True),
        "learngene_mutation": laws.learngene_mutation_laws(rate="rate", like="exchange")
        + laws.learngene_mutation_laws(sizes_kept=False, reads_network=False),
        "strategy": laws.strategy_laws(verbs=("mutate",)),
        "backbone": laws.backbone_laws(),
        "dataset": laws.dataset_laws(again=lambda: pytest.fail("not called"), learnable=True),
        "problem": laws.problem_laws([]),
        "returned": laws.returned_laws([], lambda module, one: 0.0),
        "map": laws.map_laws(chunk="chunk"),
        "calls": laws.call_laws(Mock()),
        "behaviour": laws.behaviour_laws(converges=80, turns=True),
        "refusal": laws.refusal_laws({}),
        "coevolution": laws.coevolution_laws(),
        "convergence": laws.convergence_laws(),
        "replacement": laws.replacement_laws(like="plus", keeps_best=True, refuses=[{}]),
        "sampling": laws.sampling_laws(like="normal"),
        "shaping": laws.shaping_laws(like="centred ranks"),
        "fronts": laws.front_laws(),
        "crowding": laws.crowding_laws(),
        "optimiser": laws.optimiser_laws(like="ascent", learning_rate=1.0, direction_only=True),
        "differential": laws.differential_laws(like="rand/1", factor="factor", grid={"factor": (0.5,)}, refuses=[{}]),
        "graph_mutation": laws.graph_mutation_laws(like="add node", register=True),
        "graph_crossover": laws.graph_crossover_laws(like="matching genes"),
        "graph_distance": laws.graph_distance_laws(like="genes and weights"),
    }
    _, _, purity = PAGE.partition("The laws of purity")
    for row in rows:
        kind = re.findall(r"^\| `check_(\w+)`", row)[0]
        text = f"{row} {purity}".replace("\n", " ").replace(
            " (or no frequency)", " · permuting the population changes no frequency"
        )
        assert not [law.name for law in kinds[kind] if law.name not in text], kind
    assert not [name for name in strategies.__all__ if name != "Ancestor" and f"`{name}`" not in PAGE]


@pytest.fixture
def deap_operators() -> ModuleType:
    """Return `deap_operators.py`, which test files can't import: their folders are not on the path."""
    path = Path(__file__).with_name("deap_operators.py")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.deap_loops
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_deaps_operators_break_what_the_page_says(deap_operators: ModuleType) -> None:
    """Run again, DEAP's operators break the laws on the page and no others; what happened and where may differ."""
    text = (DOCS / "deap-tools.md").read_text(encoding="utf-8").partition("\n## Which laws")[2]
    shown = {tuple(cell.strip() for cell in line.split("|")[1:4]) for line in text.splitlines() if line[:3] == "| `"}
    found = {tuple(cell.strip() for cell in line.split("|")[1:4]) for line in [*deap_operators.table()][2:]}
    assert found == shown


@pytest.mark.slow
@pytest.mark.deap_loops
def test_all_but_sorting_draws_from_the_global_generator(deap_operators: ModuleType) -> None:
    """The page says which operators of DEAP don't draw from it."""
    text = (DOCS / "deap-tools.md").read_text(encoding="utf-8")
    pure = {one.name.partition(",")[0] for one in deap_operators.SUBJECTS if not deap_operators.draws_globally(one)}
    assert pure == {*re.findall(r"`\w+`", re.search(r"All but (.+?) draw from", text, flags=re.DOTALL)[1])}
