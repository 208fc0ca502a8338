"""What GTL makes of its settings: operators, training runs, critics, the plan of its budget, variants."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import cache
from typing import Any

import torch
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from neuroevo.data.images import Dataset, LabelledImages
from neuroevo.data.mixed import mixed
from neuroevo.execution import Pixels, Recipe
from neuroevo.problems import Critic, TrainingSetup
from neuroevo.strategies import GTL, PAPER, AsynchronousGTL, Layerwise, PopulationGTL
from neuroevo.strategies.gtl.layerwise import GRL
from neuroevo.strategies.gtl.scoring import Chance, Scores, critics
from neuroevo.strategies.gtl.settings import GTLSettings, shallow
from neuroevo.strategies.gtl.variants import CONTESTANTS
from neuroevo.testing.laws import Law, agreement_laws
from neuroevo.testing.references.tasks import default_ways
from subjects.gtl_operators import (
    BACKBONE,
)
from subjects.subject import Subject

GTL_FILES = ("neuroevo/strategies/gtl/gtl.py", "neuroevo/strategies/gtl/settings.py")
SETTINGS = ("neuroevo/strategies/gtl/settings.py",)
SCORING = ("neuroevo/strategies/gtl/scoring.py",)
VARIANTS = ("neuroevo/strategies/gtl/variants.py",)
KINDS = {"gtl": GTL, "population": PopulationGTL, "layerwise": Layerwise, "asynchronous": AsynchronousGTL}
Facts = Mapping[str, Any]


def images(classes: int, each: int = 8, *, seed: int = 0) -> LabelledImages:
    """Return images of 2 x 2 pixels."""
    generator = torch.Generator().manual_seed(seed)
    pixels = torch.randint(0, 256, (classes * each, 1, 2, 2), generator=generator).to(torch.uint8)
    return LabelledImages(pixels, torch.arange(classes).repeat(each), tuple(f"{seed}{one}" for one in range(classes)))


@cache
def dataset() -> Dataset:
    """Return 4, 3 and 2 classes."""
    return Dataset.of("odd", images(4, seed=1), images(3, seed=2), images(2, seed=3))


DEFAULTS: dict[str, Any] = {
    "population": 1,
    "tournament": 2,
    "share": 0.2,
    "structure": "equal-widths",
    "life_ways": "all",
    "critic_ways": None,
    "critic_shots": 10,
    "life": asdict(Recipe(updates=880, learning_rate=0.2)),
    "scoring": "nearest-mean",
    "critic": asdict(Recipe(updates=20)),
    "critics": 4,
    "metric": "final",
    "mutation_rate": 0.05,
    "elites": 1,
    "resize_rate": 0.0,
    "noise": 0.0,
    "cross": "zero",
    "isolate": True,
    "condense": True,
    "distillation": 1.0,
    "cycle": 3,
    "memory": True,
    "founders": 1,
    "parents": 1,
    "average": True,
    "lamarckian": True,
    "pool": 5,
    "turnover": 2,
    "decay": 0.6,
    "beta": 0.1,
    "credit": "geometric",
    "temperature": 0.02,
    "habitat": "all",
    "migration": 0.1,
    "evolved_lives": [],
    "exploration": 0.3,
    "finalists": 1,
    "final_critics": 8,
}
"""The documented defaults."""

PLAIN_PAPER: dict[str, Any] = {
    "structure": "equal-ratios",
    "life_ways": None,
    "scoring": "critics",
    "critics": 1,
    "elites": 0,
    "cross": "random",
    "isolate": False,
    "condense": False,
    "cycle": 1,
    "memory": False,
    "founders": 0,
    "parents": None,
    "average": False,
    "beta": 1 / math.e,
    "temperature": 0.125,
    "finalists": 3,
}
"""The paper's reading."""

PLAIN_POPULATION: dict[str, Any] = {
    "population": 2,
    "life": Recipe(updates=440, learning_rate=0.2),
    "habitat": "own",
}
"""The defaults of what trains several networks side by side."""

PLAIN_GRL: dict[str, Any] = {**PLAIN_PAPER, "mutation_rate": 1.0, "credit": "grl"}

STRUCTURES: tuple[Any, ...] = ("equal-ratios", "equal-widths", (2.0, 3.0))

VALUES: dict[str, list[Any]] = {
    "population": [1, 2, 5, 0],
    "tournament": [1, 2, 3, 0],
    "share": [1.0, 0.5, 0.0, 1.5, -0.1],
    "structure": [*STRUCTURES, "narrow", (1.0, 0.0), ()],
    "life_ways": [1, 2, None, 0],
    "critic_ways": [1, 3, 0],
    "critic_shots": [1, 2, 0],
    "scoring": ["critics", "nearest-mean", "random", "means"],
    "habitat": ["all", "own", "useful", "none"],
    "migration": [0.0, 1.0, 1.5, -0.5],
    "mutation_rate": [0.0, 1.0, 1.5, -0.5],
    "resize_rate": [0.0, 1.0, 1.5, -0.5],
    "decay": [0.0, 1.0, 1.5, -0.5],
    "elites": [0, 2, -1],
    "noise": [0.0, 2.0, -1.0, math.inf],
    "distillation": [0.0, 2.0, -1.0, math.inf],
    "exploration": [None, 0.0, 2.0, -1.0, math.inf],
    "evolved_lives": [(), ("learning_rate",), ("weight_decay", "distillation"), ("momentum",)],
    "temperature": [0.5, 0.0, -1.0, math.inf],
    "cross": ["random", "one"],
    "isolate": [False, True],
    "condense": [False, True],
    "founders": [0, 1, 2, -1],
    "parents": [None, 1, 2, 0],
    "finalists": [1, 2, 0],
    "average": [False, True],
    "seed": [3],
    "workers": [1],
}
"""Values of settings, those that are refused last."""


def settings_of(given: Facts) -> Any:
    """Return what the library makes of settings."""
    settings = GTLSettings(**given)
    keywords = shallow(settings)
    again = GTLSettings(**keywords)
    ways = [settings.ways_of(classes) for classes in (3, 30)]
    return settings.as_json(), ways, again == settings, keywords["seed"], keywords["workers"], keywords["device"]


def plain_settings_of(given: Facts) -> Any:
    """Look them up in the documentation."""
    settings = {**DEFAULTS, "seed": 0, "workers": None, **given}
    ranges = {"mutation_rate": (0, 1), "resize_rate": (0, 1), "decay": (0, 1), "migration": (0, 1)}
    inside = all(low <= settings[name] <= high for name, (low, high) in ranges.items())
    positive = ("life_ways", "critic_ways", "critic_shots", "parents", "finalists", "population", "tournament")
    inside &= all(settings[name] is None or settings[name] == "all" or settings[name] > 0 for name in positive)
    inside &= settings["founders"] >= 0 and settings["elites"] >= 0
    inside &= settings["cross"] in ("zero", "random") and settings["structure"] in STRUCTURES
    inside &= (
        0 < settings["share"] <= 1 and 0 < settings["temperature"] < math.inf and 0 <= settings["noise"] < math.inf
    )
    inside &= 0 <= settings["distillation"] < math.inf and 0 <= (settings["exploration"] or 0) < math.inf
    inside &= {*settings["evolved_lives"]} <= {"learning_rate", "weight_decay", "distillation"}
    inside &= settings["scoring"] in ("critics", "nearest-mean", "random")
    inside &= settings["habitat"] in ("all", "own", "useful")
    inside &= not settings["condense"] or (settings["isolate"] and settings["founders"] > 0)
    if not inside:
        raise ValueError("a setting is out of its range")
    ways = {"all": [3, 30], None: [3, 20]}.get(settings["life_ways"], [settings["life_ways"]] * 2)
    seed, workers = settings.pop("seed"), settings.pop("workers")
    settings = {name: list(one) if isinstance(one, tuple) else one for name, one in settings.items()}
    return settings, ways, True, seed, workers, "cpu"


@st.composite
def changed(draw: DrawFn, *, most: int = 2) -> dict[str, Any]:
    """Draw some settings."""
    names = draw(st.lists(st.sampled_from([*VALUES]), unique=True, max_size=most))
    return {name: draw(st.sampled_from(VALUES[name])) for name in names}


def described(score: Scores) -> Any:
    """Return all that decides how learngenes are scored."""
    if isinstance(score, Chance):
        return ["Chance", score.seed, score.purpose]
    names = ("ways", "shots", "seed", "test_per_class", "purpose", "workers")
    own = ("critics", "metric", "generation") if isinstance(score, Critic) else ("tasks",)
    return [type(score).__name__, *(getattr(score, name) for name in (*names, *own)), score.images.classes]


def scoring(given: Facts, classes: int) -> Any:
    """Return what candidates and finalists are scored by, by the library."""
    setup = TrainingSetup(backbone=BACKBONE, pixels=Pixels((0.5,), (0.2,)), recipe=Recipe(updates=3))
    made = critics(GTLSettings(**given), setup=setup, images=images(classes))
    return [(described(one), isinstance(one, Chance) or one.setup is setup) for one in made]


def plain_scoring(given: Facts, classes: int) -> Any:
    """Look it up in the documentation."""
    shots, ways = given["critic_shots"], given["critic_ways"] or default_ways(classes)
    common = [ways, shots, given["seed"], 50]
    names, end = images(classes).classes, given["final_critics"]
    if given["scoring"] == "random":
        return [(["Chance", given["seed"], purpose], True) for purpose in ("chance", "final")]
    if given["scoring"] == "nearest-mean":
        found = [("NearestMean", "nearest mean", [given["critics"]]), ("NearestMean", "final", [end])]
    else:
        first, last = [given["critics"], given["metric"], None], [end, "final", 0]
        found = [("Critic", "critic", first), ("Critic", "final", last)]
    return [([kind, *common, purpose, given["workers"], *own, names], True) for kind, purpose, own in found]


def scorings() -> st.SearchStrategy[Facts]:
    """Draw settings of scoring."""
    given = {
        "scoring": ["critics", "nearest-mean", "random"],
        "critic_shots": [2, 3],
        "critic_ways": [None, 2],
        "seed": [0, 7],
        "critics": [1, 2],
        "metric": ["final", "auc"],
        "final_critics": [3, 5],
        "workers": [None, 1],
    }
    drawn = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in given.items()})
    return st.fixed_dictionaries({"given": drawn, "classes": st.sampled_from([3, 25])})


EVOLVING: Facts = {
    "evolved_lives": ("learning_rate", "weight_decay", "distillation"),
    "average": False,
    "parents": None,
}

TABLE: dict[str, tuple[str, Facts, Facts, bool]] = {
    "gtl-paper": ("GTL", PLAIN_PAPER, {"population": 6, "life": Recipe(updates=100)}, False),
    "gtl-no-mutation": ("PopulationGTL", {"mutation_rate": 0.0}, {}, False),
    "gtl-no-tournament": ("PopulationGTL", {"tournament": 1}, {}, False),
    "gtl-no-tree": ("PopulationGTL", {"beta": 0.0}, {}, False),
    "gtl-random-winners": ("PopulationGTL", {"scoring": "random"}, {}, False),
    "gtl-no-migration": ("PopulationGTL", {"migration": 0.0}, {}, False),
    "gtl-oracle": ("PopulationGTL", {"habitat": "useful"}, {}, False),
    "gtl-evolving-lives": ("PopulationGTL", EVOLVING, {}, False),
    "gtl-random-lives": ("PopulationGTL", {**EVOLVING, "exploration": None}, {}, False),
    "gtl-generation-0": ("PopulationGTL", {"cycle": 1}, {}, True),
    "gtl-cross-random": ("GTL", {"cross": "random", "isolate": False, "condense": False}, {}, False),
    "gtl-no-condense": ("GTL", {"condense": False}, {}, False),
    "gtl-no-average": ("PopulationGTL", {"average": False}, {}, False),
    "gtl-no-memory": ("GTL", {"memory": False}, {}, False),
    "gtl-own-cycles": ("GTL", {"cycle": 1}, {}, False),
    "layerwise": ("Layerwise", {"cycle": 1}, {"population": 6, "life": Recipe(updates=100)}, False),
}
"""The variants: what each of them takes away, in which sizes, and whether it has one generation."""


def variant(name: str) -> Any:
    """Return what there is to know of a variant."""
    one = CONTESTANTS[name]
    strategy: Any = one.strategy
    images = mixed(dataset(), kinds=("useful", "shuffled"))
    made = strategy(images, BACKBONE, critic_shots=2, **one.settings, **one.sizes)
    return (
        strategy.__name__,
        dict(one.settings),
        dict(one.sizes),
        one.at_once,
        made.settings.as_json(),
        sorted(CONTESTANTS),
    )


def plain_variant(name: str) -> Any:
    """Look it up in the table."""
    strategy, settings, sizes, at_once = TABLE[name]
    own = {"Layerwise": {**PLAIN_POPULATION, **PLAIN_GRL}, "PopulationGTL": PLAIN_POPULATION}.get(strategy, {})
    wanted = {**DEFAULTS, "critic_shots": 2, **own, **settings, **sizes}
    wanted = {name: list(one) if isinstance(one, tuple) else one for name, one in wanted.items()}
    life = {"life": wanted["life"] if isinstance(wanted["life"], dict) else asdict(wanted["life"])}
    return (
        strategy,
        settings,
        sizes,
        at_once,
        {**wanted, **life},
        sorted(TABLE),
    )


def recipes(which: str) -> Any:
    """Return settings that are named, and whether strategies refuse what they are not made for."""
    refused = []
    for kind, given in (("asynchronous", {"average": True}), ("layerwise", {"resize_rate": 0.1}), ("layerwise", COND)):
        try:
            KINDS[kind](dataset(), BACKBONE, **given)
        except ValueError:
            refused.append(kind)
    return dict({"paper": PAPER, "grl": GRL}[which]), refused


COND = {"condense": True, "isolate": True, "founders": 1}


def plain_recipes(which: str) -> Any:
    """Look them up."""
    return {"paper": PLAIN_PAPER, "grl": PLAIN_GRL}[which], ["asynchronous", "layerwise", "layerwise"]


def agrees(plain: Any, drawn: st.SearchStrategy[Facts], examples: int | None = None) -> list[Law]:
    """Return the law that a function gives what another one gives; `examples` for slow ones."""
    return [replace(law, examples=examples) for law in agreement_laws(plain, drawn)[-1:]]


def fixed(**drawn: st.SearchStrategy[Any]) -> st.SearchStrategy[Facts]:
    """Draw keywords."""
    return st.fixed_dictionaries(drawn)


SUBJECTS = [
    Subject(
        "settings of GTL",
        SETTINGS,
        lambda: settings_of,
        lambda: agreement_laws(plain_settings_of, fixed(given=changed())),
    ),
    Subject("scoring of GTL", SCORING, lambda: scoring, lambda: agrees(plain_scoring, scorings())),
    Subject(
        "named settings of GTL",
        (*SETTINGS, "neuroevo/strategies/gtl/layerwise.py", "neuroevo/strategies/gtl/asynchronous.py"),
        lambda: recipes,
        lambda: agrees(plain_recipes, fixed(which=st.sampled_from(["paper", "grl"])), 4),
    ),
    Subject(
        "variants of GTL",
        VARIANTS,
        lambda: variant,
        lambda: agrees(plain_variant, fixed(name=st.sampled_from([*TABLE])), 60),
    ),
]
