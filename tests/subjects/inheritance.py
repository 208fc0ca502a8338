"""Extraction and inheritance."""

from __future__ import annotations

from neuroevo.operators import inheritance
from neuroevo.testing.laws import extraction_laws, inheritance_laws
from subjects.subject import Subject

READ = ("operators/inheritance.py", "operators/places.py", "neuroevo/learngene.py", "neuroevo/backbones/layout.py")
WRITTEN = (*READ, "operators/inherited.py", "operators/transplant.py", "operators/correspondence.py")

SUBJECTS = [
    Subject("extraction", READ, lambda: inheritance.extract, lambda: extraction_laws(partial=True)),
    Subject("inheritance", WRITTEN, lambda: inheritance.inherit, lambda: inheritance_laws(structures=True)),
]
