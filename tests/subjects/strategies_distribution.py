"""Searches with a distribution, and with a population that moves by differences, in step with plain references."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from neuroevo.strategies import (
    CMAES,
    PGPE,
    PSO,
    SHADE,
    SNES,
    Differential,
    EvolutionStrategy,
    OpenAIES,
    Search,
    SeparableCMAES,
)
from neuroevo.testing.landscapes import drawn_problems
from neuroevo.testing.laws import Law, Twin, behaviour_laws, lockstep_laws, strategy_laws
from neuroevo.testing.references.strategies import (
    PlainCMAES,
    PlainDifferential,
    PlainEvolutionStrategy,
    PlainOpenAIES,
    PlainPGPE,
    PlainPSO,
    PlainSeparableCMAES,
    PlainSHADE,
    PlainSNES,
    cma_state,
    differential_rows,
    evolution_rows,
    evolution_state,
    shade_rows,
)
from subjects.subject import Subject

MATRICES = (1, 2, 3, 7, 40)
"""Numbers of genes of searches that have matrices [D, D] or populations of 5 D."""

COMMON = (
    "neuroevo/strategies/strategy.py",
    "neuroevo/strategies/search/base.py",
    "neuroevo/strategies/search/step_sizes.py",
)
SAMPLING, SHAPING, OPTIMISERS = (f"operators/{name}.py" for name in ("sampling", "shaping", "optimisers"))


def some_of(**values: Sequence[Any]) -> SearchStrategy[Mapping[str, Any]]:
    """Draw some settings, each with one of its values; the others keep their defaults."""
    return st.fixed_dictionaries({}, optional={name: st.sampled_from(each) for name, each in values.items()})


TWINS: Mapping[str, tuple[type[Search], tuple[str, ...], Sequence[str], Twin]] = {
    "SNES": (
        SNES,
        ("sample", "shape"),
        ("snes.py", SAMPLING, SHAPING),
        Twin(
            PlainSNES,
            settings=some_of(
                population=(1, 2, 5, 30), sigma=(0.1, 5.0, 1e-20), mean_rate=(0.7,), sigma_rate=(0.3, 20.0)
            ),
        ),
    ),
    "PGPE": (
        PGPE,
        ("sample", "shape", "optimise"),
        ("pgpe.py", SAMPLING, SHAPING, OPTIMISERS),
        Twin(
            PlainPGPE,
            settings=some_of(
                # With few pairs the gradient can vanish, and its rounding errors have a direction.
                population=(1, 2, 3, 21, 30),
                sigma=(0.1, 5.0, 1e-20),
                max_speed=(0.01, 0.7),
                learning_rate=(0.3, 0.001),
                sigma_rate=(0.3, 3.0),
            ),
        ),
    ),
    "OpenAIES": (
        OpenAIES,
        ("sample", "shape", "optimise"),
        ("openai_es.py", "gradient_search.py", SAMPLING, SHAPING, OPTIMISERS),
        Twin(
            PlainOpenAIES,
            noise=1e-14,
            settings=some_of(
                population=(1, 2, 5, 30),
                sigma=(0.1, 5.0, 1e-20),
                learning_rate=(0.1,),
                weight_decay=(0.05,),
                sigma_rate=(0.0, 2.0),
            ),
        ),
    ),
    "CMAES": (
        CMAES,
        ("sample",),
        ("cma_es.py",),
        Twin(
            PlainCMAES,
            problems=drawn_problems(genes=MATRICES),
            state_of=cma_state,
            settings=some_of(
                population=(2, 3, 5, 30),
                sigma=(0.1, 5.0),
                mu=(1, 2),
                weights=("linear", "equal"),
                cs=(0.3,),
                damps=(1.5,),
                ccum=(0.4,),
                ccov1=(0.2,),
                ccovmu=(0.3,),
            ),
        ),
    ),
    "SeparableCMAES": (
        SeparableCMAES,
        ("sample",),
        ("separable_cma_es.py", SAMPLING),
        Twin(PlainSeparableCMAES, settings=some_of(population=(2, 3, 5, 30), sigma=(0.1, 5.0, 1e-20))),
    ),
    "EvolutionStrategy": (
        EvolutionStrategy,
        ("sample", "recombine"),
        ("evolution_strategy.py", SAMPLING, "operators/replacement.py"),
        Twin(
            PlainEvolutionStrategy,
            state_of=evolution_state,
            rows_of=evolution_rows,
            settings=some_of(
                population=(4, 5, 30), sigma=(0.1, 5.0), parents=(1, 3, 4), plus=(True,), lifespan=(1, 2, None)
            ),
        ),
    ),
    "Differential": (
        Differential,
        ("differ", "trial"),
        ("differential.py", "bounds.py", "operators/differential.py", "operators/trials.py"),
        Twin(
            PlainDifferential,
            problems=drawn_problems(genes=MATRICES),
            rows_of=differential_rows,
            settings=some_of(population=(4, 5, 30), factor=(0.1, 1.0), rate=(0.0, 0.1, 1.0)),
        ),
    ),
    "PSO": (
        PSO,
        ("lead", "weigh", "accelerate"),
        ("pso.py", "bounds.py", "operators/swarm.py"),
        Twin(
            PlainPSO,
            problems=drawn_problems(genes=MATRICES),
            rows_of=differential_rows,
            settings=some_of(population=(1, 2, 5, 30), neighbours=(0, 1, 15), inertia=(None, 0.0, 1.0), pull=(0.5,)),
        ),
    ),
    "SHADE": (
        SHADE,
        ("differ", "trial"),
        ("shade.py", "bounds.py", "operators/differential.py"),
        Twin(
            PlainSHADE,
            problems=drawn_problems(genes=MATRICES),
            rows_of=shade_rows,
            settings=some_of(population=(4, 5, 30), greediness=(0.5, 1.0), archive=(0.0, 0.3)),
        ),
    ),
}


TINY = drawn_problems(bounds=("origin",), genes=(1, 3, 40))
"""Where steps of any size differ from rounding errors."""
SLOPES = drawn_problems(landscapes=("linear", "flat"), bounds=("origin",), genes=(1, 3, 40))
ENDS = {
    "SNES": replace(TWINS["SNES"][3], problems=TINY, settings=some_of(sigma=(1e-160, 1e-31, 1e152))),
    # Far from a bowl both of a pair score the same, the gradient vanishes, and its rounding errors have a direction.
    "PGPE": replace(TWINS["PGPE"][3], problems=SLOPES, settings=some_of(sigma=(1e-160, 1e-31, 1e152))),
    "OpenAIES": replace(
        TWINS["OpenAIES"][3], problems=TINY, noise=0.0, settings=some_of(population=(31,), sigma=(1e-160, 1e-31, 1e152))
    ),
    "CMAES": replace(TWINS["CMAES"][3], problems=TINY, settings=some_of(sigma=(1e-160, 1e-31, 1e152))),
    "SeparableCMAES": replace(
        TWINS["SeparableCMAES"][3], problems=TINY, settings=some_of(sigma=(1e-160, 1e-31, 1e152))
    ),
}
"""Searches that have converged or diverged."""


OPTIONS: Mapping[str, Mapping[str, Any]] = {
    # Eigenvectors of equal variances are those of rounding errors.
    "CMAES": {"translates": False, "scales": False, "turns": True, "mean": "model.centroid"},
    # A swarm can have converged, at a bound as elsewhere.
    "PSO": {"explores": False},
    # It learns from how much trials improve.
    "SHADE": {"ranks": False},
    "EvolutionStrategy": {"turns": True},
    **{name: {"mean": "mean"} for name in ("SNES", "PGPE", "OpenAIES", "SeparableCMAES")},
}
POPULATIONS: Mapping[str, Sequence[int]] = {
    "SNES": (1, 2, 5, 30),
    "PGPE": (1, 2, 3, 21, 30),
    "OpenAIES": (1, 2, 5, 30),
    "Differential": (4, 5, 30),
    "PSO": (5, 30),
    "SHADE": (4, 5, 30),
}


def laws(name: str) -> list[Law]:
    """Return the laws of a search that has a reference."""
    _, verbs, _, twin = TWINS[name]
    conduct = strategy_laws(generations=3, verbs=("evaluate", "map", *verbs), reference=twin)
    settings = some_of(population=POPULATIONS.get(name, (4, 5, 30)))
    near = behaviour_laws(converges=80)
    own = behaviour_laws(settings=settings, **OPTIONS.get(name, {}))
    return [*conduct, *own, *(law for law in near if law.name == "a search comes near the lowest point of a sphere")]


SUBJECTS = [
    Subject(
        name,
        (*COMMON, *(one if "/" in one else f"neuroevo/strategies/search/{one}" for one in files)),
        partial(partial, kind),
        partial(laws, name),
    )
    for name, (kind, _, files, _) in TWINS.items()
] + [
    Subject(
        f"{name} at the ends",
        ("neuroevo/strategies/search/step_sizes.py", f"neuroevo/strategies/search/{TWINS[name][2][0]}"),
        partial(partial, TWINS[name][0]),
        partial(lockstep_laws, twin),
    )
    for name, twin in ENDS.items()
]
