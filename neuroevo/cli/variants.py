"""What GTL and its variants are told: their own defaults, what makes a variant, and the settings of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from neuroevo.cli.settings.settings import RunSettings
from neuroevo.data.images import Dataset
from neuroevo.data.tasks import default_ways
from neuroevo.execution import Recipe
from neuroevo.strategies import GTL, PAPER, GTLSettings

PAPERS_SIZES: Mapping[str, Any] = {"population": 6, "life": Recipe(updates=100)}
"""Lives of the paper's reading, many and short; the numbers are ours."""

# The paper's reading, and what is left when a part is taken away.
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "gtl": {},
    "gtl-paper": {**PAPER, **PAPERS_SIZES},
    "gtl-no-mutation": {"mutation_rate": 0.0},
    "gtl-no-tournament": {"tournament": 1},  # everybody wins, so that only the pool selects
    "gtl-no-tree": {"beta": 0.0},
    "gtl-generation-0": {"cycle": 1},  # all lives at once, without parents that have lived
    "gtl-cross-random": {"cross": "random", "isolate": False, "condense": False},
    "gtl-no-condense": {"condense": False},
    "gtl-no-average": {"average": False},
    "gtl-four-lives": {"population": 4},
    "gtl-no-memory": {"memory": False},
    "gtl-own-cycles": {"cycle": 1},  # the learning rate rises and falls in every life
    "layerwise": {**PAPERS_SIZES, "cycle": 1},
}


def evolution(name: str, settings: RunSettings, dataset: Dataset) -> dict[str, Any]:
    """Return the settings of GTL, or of a variant of it.

    What the run is told goes before what the variant has, except for what makes it that variant.
    """
    variant = VARIANTS[name]
    own: dict[str, Any] = {"population": GTLSettings().population, "life": GTLSettings().life, **variant}
    told: dict[str, Any] = {
        "tournament": settings.tournament,
        "share": settings.share,
        "critic_ways": settings.ways or default_ways(len(dataset.held_out.classes)),
        "shots": settings.critic_shots or max(settings.every_shots),
        "critic": recipe(settings, settings.critic_updates),
        "cycle": settings.cycle or settings.generations,
        **variant,
        "population": settings.population or own["population"],
        "life": Recipe(
            updates=settings.life_updates or own["life"].updates,
            batch=settings.batch,
            learning_rate=settings.ancestor_rate or own["life"].learning_rate,
        ),
    }
    told |= {key: value for key, value in (("ways", settings.ways), ("critics", settings.critics)) if value is not None}
    if name == "gtl-generation-0":
        told["population"] *= settings.generations
    return told


def generations_of(name: str, settings: RunSettings) -> int:
    """Return how many generations a variant runs."""
    return 1 if name == "gtl-generation-0" else settings.generations


def matched(
    told: Mapping[str, Any], make: Callable[..., GTL], *, generations: int, gradient_steps: int
) -> dict[str, Any]:
    """Return the settings of a variant with lives as long as so many gradient steps in all allow.

    Args:
        told: Its settings.
        make: Makes the strategy of settings.
        generations: How many it runs.
        gradient_steps: The budget; what does not fill an update of every life stays.
    """
    idle = make(**{**told, "life": replace(told["life"], updates=0)})
    rest = gradient_steps - idle.planned_budget(generations).gradient_steps
    updates = max(1, rest // (told["population"] * generations))
    return {**told, "life": replace(told["life"], updates=updates)}


def pretraining(settings: RunSettings, updates: int) -> Recipe:
    """Return how the rivals of GTL are pre-trained: at the learning rate of its lives."""
    return replace(recipe(settings, updates), learning_rate=settings.ancestor_rate or GTLSettings().life.learning_rate)


def recipe(settings: RunSettings, updates: int) -> Recipe:
    """Return how descendants, critics and all others are trained."""
    return Recipe(updates=updates, batch=settings.batch, learning_rate=settings.learning_rate)
