"""Choices of circuits, and what they count."""

from __future__ import annotations

from hypothesis import strategies as st

from neuroevo.operators import circuits
from neuroevo.testing.laws import agreement_laws, circuit_laws
from neuroevo.testing.layouts import layouts
from neuroevo.testing.references import circuits as references
from subjects.subject import Subject

FILES = ("operators/circuits.py", "neuroevo/backbones/layout.py")
SHARES = st.sampled_from([-0.5, 0.0, 0.03, 0.25, 1.0, 1.5]) | st.floats(0.01, 1)

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
            references.circuit_counts, st.fixed_dictionaries({"layout": layouts(), "share": SHARES})
        ),
    ),
]
