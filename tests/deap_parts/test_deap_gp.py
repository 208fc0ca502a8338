"""`deap.gp`: trees as genomes, made, varied, compiled, copied, pickled and evolved."""

import copy
import operator
import pickle
import random
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from deap import algorithms, gp, tools
from deap.base import Toolbox
from hypothesis import given
from hypothesis import strategies as st

from neuroevo import evolve, from_deap
from neuroevo.global_generators import reseed, restored
from neuroevo.individual import Fitness, Ids, Individual

WORKS = {
    **dict.fromkeys(
        (
            *("MetaEphemeral", "Primitive", "PrimitiveSet", "PrimitiveSetTyped", "PrimitiveTree", "Terminal"),
            *("compile", "compileADF", "graph", "harm"),
            *("genFull", "genGrow", "genHalfAndHalf", "genRamped", "generate"),
        ),
        "as it is",
    ),
    **dict.fromkeys(
        (
            *("cxOnePoint", "cxOnePointLeafBiased", "cxSemantic", "staticLimit"),
            *("mutInsert", "mutSemantic", "mutShrink", "mutUniform"),
        ),
        "`from_deap`",
    ),
    **dict.fromkeys(("mutEphemeral", "mutNodeReplacement"), "as it is, `from_deap`"),
}
SEEDS = st.integers(0, 1000)
POINTS = [place / 5 for place in range(-5, 6)]


def draw() -> float:
    """Return a constant."""
    return random.randint(-2, 2)


def lf(value: float) -> float:
    """Return a number between 0 and 1; DEAP's semantic operators look for this name."""
    return value / (1 + abs(value)) / 2 + 0.5


PRIMITIVES = gp.PrimitiveSet("numbers", 1)
for function, arity in ((operator.add, 2), (operator.sub, 2), (operator.mul, 2), (operator.neg, 1), (lf, 1)):
    PRIMITIVES.addPrimitive(function, arity)
PRIMITIVES.addTerminal(3)
PRIMITIVES.addEphemeralConstant("draw", draw)
PRIMITIVES.renameArguments(ARG0="x")

SETTINGS: dict[str, dict[str, Any]] = {
    "cxOnePoint": {},
    "cxOnePointLeafBiased": {"termpb": 0.2},
    "cxSemantic": {"pset": PRIMITIVES, "min": 1, "max": 2},
    "mutEphemeral": {"mode": "all"},
    "mutInsert": {"pset": PRIMITIVES},
    "mutNodeReplacement": {"pset": PRIMITIVES},
    "mutSemantic": {"pset": PRIMITIVES, "min": 1, "max": 2},
    "mutShrink": {},
    "mutUniform": {"expr": partial(gp.genFull, min_=0, max_=2), "pset": PRIMITIVES},
}


def trees(seed: int, count: int, ids: Ids) -> list[Individual]:
    """Return individuals with trees."""
    with restored():
        reseed(seed)
        found = [gp.PrimitiveTree(gp.genHalfAndHalf(PRIMITIVES, 1, 3)) for _ in range(count)]
    return [Individual(tree, Fitness(weights=(-1.0,)), id=ids()) for tree in found]


def error(individual: Individual) -> tuple[float]:
    """Return how far a tree is from x * x + x at some points."""
    function = gp.compile(individual.genome, PRIMITIVES)
    return (sum((function(x) - x * x - x) ** 2 for x in POINTS),)


def is_tree(genome: Any) -> bool:
    """Return whether each node has as many branches as it needs."""
    wanted = 1
    for node in genome:
        wanted += node.arity - 1
    return type(genome) is gp.PrimitiveTree and wanted == 0


@pytest.mark.parametrize("name", SETTINGS)
@given(SEEDS)
def test_trees_vary_as_deap_varies_them(name: str, seed: int) -> None:
    """Children are the trees that DEAP makes by the same draws; parents stay, and no attribute is left on trees."""
    function, ids = getattr(gp, name), Ids()
    parents = trees(seed, 1 if name.startswith("mut") else 2, ids)
    before = [str(one.genome) for one in parents]
    drawn = int(torch.randint(2**32, (), generator=torch.Generator().manual_seed(seed)))
    with restored():
        reseed(drawn)
        expected = function(*(copy.deepcopy(one.genome) for one in parents), **SETTINGS[name])
    children = from_deap(function, generator=torch.Generator().manual_seed(seed), ids=ids, **SETTINGS[name])(*parents)
    assert [str(one.genome) for one in children] == [str(tree) for tree in expected]
    assert [str(one.genome) for one in parents] == before
    for child in children:
        assert is_tree(child.genome)
        assert vars(child.genome) == {}
        assert child.parents == tuple(one.id for one in parents)
        assert not child.fitness.valid


@pytest.mark.parametrize("name", SETTINGS)
def test_what_needs_places_alone_works_in_place(name: str) -> None:
    """Functions that exchange single nodes do so in an individual itself; all others miss what trees have, at once."""
    parents = trees(1, 1 if name.startswith("mut") else 2, Ids())
    before = [copy.deepcopy(one.genome) for one in parents]
    function = partial(getattr(gp, name), **SETTINGS[name])
    with restored():
        reseed(3)
        if WORKS[name] == "`from_deap`":
            with pytest.raises(AttributeError, match="'Individual' object has no attribute"):
                function(*parents)
            expected = before
        else:
            function(*parents)
            reseed(3)
            expected = list(function(*before))
    assert [one.genome for one in parents] == expected


@given(SEEDS)
def test_a_limit_goes_around_the_function(seed: int) -> None:
    """With `staticLimit` inside `from_deap` no child is higher, and one that would be is a copy of a parent's tree."""
    ids = Ids()
    limited = gp.staticLimit(key=operator.attrgetter("height"), max_value=3)(gp.cxOnePoint)
    mate = from_deap(limited, generator=torch.Generator().manual_seed(seed), ids=ids)
    parents = trees(seed, 2, ids)
    children = mate(*parents)
    assert all(one.genome.height <= 3 for one in children)
    assert [one.id for one in children] == [2, 3]
    assert children[0].genome is not children[1].genome


@given(SEEDS)
def test_trees_are_genomes(seed: int) -> None:
    """Equal by content, they survive copies and pickles, and halls of fame; an individual is as long as its tree."""
    first, second = trees(seed, 2, Ids())
    assert first == copy.deepcopy(first) == pickle.loads(pickle.dumps(first))
    assert (first == second) == (str(first.genome) == str(second.genome))
    assert len(first) == len(first.genome)
    first.fitness.values = second.fitness.values = (1.0,)
    hall = tools.HallOfFame(5)
    hall.update([first, copy.deepcopy(first), second])
    assert len({str(one.genome) for one in hall}) == len(hall)


@pytest.mark.parametrize("generate", [gp.genFull, gp.genGrow, gp.genHalfAndHalf, gp.genRamped, "generate"])
def test_expressions_become_genomes(generate: Any) -> None:
    """Each generator gives an expression for `initIterate` with a function that makes an individual of it."""
    if generate == "generate":
        generate = partial(gp.generate, condition=lambda height, depth: depth == height)
    ids = Ids()

    def individual(expression: Any) -> Individual:
        return Individual(gp.PrimitiveTree(expression), id=ids())

    with restored(), pytest.warns(FutureWarning) if generate is gp.genRamped else restored():
        reseed(0)
        one = tools.initIterate(individual, partial(generate, pset=PRIMITIVES, min_=1, max_=2))
    assert is_tree(one.genome)


def test_trees_are_compiled_and_drawn() -> None:
    """`compile` takes the genome, `graph` takes either; typed sets and automatically defined functions work alike."""
    one = Individual(gp.PrimitiveTree.from_string("add(mul(x, x), 3)", PRIMITIVES), id=0)
    assert gp.compile(one.genome, PRIMITIVES)(2) == 7
    assert gp.graph(one) == gp.graph(one.genome)
    assert [type(node) for node in one][:2] == [gp.Primitive, gp.Primitive]
    assert isinstance(one[4], gp.Terminal)
    ephemeral = next(node for node in PRIMITIVES.terminals[object] if isinstance(node, gp.MetaEphemeral))
    with restored():
        constant = Individual(gp.PrimitiveTree([ephemeral()]), id=0)
    assert constant == pickle.loads(pickle.dumps(constant))
    typed = gp.PrimitiveSetTyped("typed", [float, bool], float)
    typed.addPrimitive(lambda condition, value: value if condition else -value, [bool, float], float, name="choose")
    assert gp.compile(gp.PrimitiveTree.from_string("choose(ARG1, ARG0)", typed), typed)(2.0, False) == -2.0
    inner = gp.PrimitiveSet("inner", 1)
    inner.addPrimitive(operator.neg, 1)
    outer = gp.PrimitiveSet("outer", 1)
    outer.addADF(inner)
    both = [gp.PrimitiveTree.from_string(text, of) for text, of in (("inner(ARG0)", outer), ("neg(ARG0)", inner))]
    assert gp.compileADF(Individual(both, id=0), (outer, inner))(4) == -4


def _symbolic(generator: torch.Generator, ids: Ids) -> Toolbox:
    toolbox = Toolbox()
    toolbox.register("evaluate", error)
    toolbox.register("select", from_deap(tools.selTournament, tournsize=3, generator=generator))
    limit = gp.staticLimit(key=len, max_value=40)
    toolbox.register("mate", from_deap(limit(gp.cxOnePoint), generator=generator, ids=ids))
    toolbox.register("mutate", from_deap(limit(gp.mutUniform), generator=generator, ids=ids, **SETTINGS["mutUniform"]))
    return toolbox


def test_trees_evolve() -> None:
    """A bare toolbox of functions of DEAP improves trees, and the seed decides everything."""

    def run(seed: int) -> list[tuple[str, tuple[int, ...]]]:
        generator, ids = torch.Generator().manual_seed(seed), Ids()
        toolbox = _symbolic(generator, ids)
        toolbox.register("population", trees, seed, 30, ids)
        generations = list(evolve(toolbox, 8))
        assert max(one.best.fitness for one in generations[1:]) > generations[0].best.fitness
        return [(str(one.genome), one.parents) for one in generations[-1].population]

    assert run(1) == run(1)


@pytest.mark.deap_loops
@pytest.mark.parametrize("loop", ["eaSimple", "harm"])
def test_loops_of_deap_evolve_trees(loop: str) -> None:
    """DEAP's loops over trees run with individuals; `harm` bounds their size."""
    ids = Ids()
    toolbox, population = _symbolic(torch.Generator(), ids), trees(0, 20, ids)
    if loop == "harm":
        settings = {"alpha": 0.05, "beta": 10, "gamma": 0.25, "rho": 0.9, "nbrindsmodel": 40}
        final, _ = gp.harm(population, toolbox, 0.5, 0.2, 3, verbose=False, **settings)
    else:
        final, _ = algorithms.eaSimple(population, toolbox, 0.5, 0.2, 3, verbose=False)
    assert all(one.fitness.valid and is_tree(one.genome) for one in final)


def test_the_page_has_all_of_them(
    documented: Callable[[str], dict[str, str]], public: Callable[[Any], set[str]]
) -> None:
    """Each class and function of `deap.gp` is in the table, with what is tested here."""
    assert public(gp) == set(WORKS)
    assert documented("deap.gp") == WORKS
