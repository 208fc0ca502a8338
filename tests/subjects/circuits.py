"""Choices of circuits, and what they count."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from neuroevo.operators import circuits
from neuroevo.testing.laws import agreement_laws, circuit_laws
from neuroevo.testing.layouts import layouts
from neuroevo.testing.references import circuits as references
from subjects.subject import Subject

FILES = ("operators/circuits.py", "neuroevo/backbones/layout.py")
SHARES = st.sampled_from([-0.5, 0.0, 0.03, 0.25, 1.0, 1.5]) | st.floats(0.01, 1)

NUMBERS = st.sampled_from([0.0, -1.0, float("inf"), 1e-3, 1.0, 7.0]) | st.floats(0.1, 50)


@st.composite
def structured(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a layout, a share and a structure: named, or numbers for about as many groups as there are."""
    layout = draw(layouts())
    groups = len(layout.groups)
    few = st.integers(max(1, groups - 1), groups + 1) if draw(st.integers(0, 3)) == 0 else st.just(groups)
    numbers = few.flatmap(lambda count: st.tuples(*[NUMBERS] * count))
    structure = draw(st.sampled_from(["equal-ratios", "equal-widths", "narrow"]) | numbers)
    return {"layout": layout, "share": draw(SHARES), "structure": structure}


SUBJECTS = [
    Subject("random circuit", FILES, lambda: circuits.random_circuit, lambda: circuit_laws(like="random")),
    Subject("strongest circuit", FILES, lambda: circuits.strongest_circuit, lambda: circuit_laws(like="strongest")),
    Subject(
        "whole circuit",
        FILES,
        lambda: circuits.whole_circuit,
        lambda: agreement_laws(references.whole_circuit, st.fixed_dictionaries({"layout": layouts()})),
    ),
    Subject(
        "counts of circuits",
        FILES,
        lambda: circuits.circuit_counts,
        lambda: agreement_laws(
            references.circuit_counts, st.fixed_dictionaries({"layout": layouts(), "share": SHARES}) | structured()
        ),
    ),
]
