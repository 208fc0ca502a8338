"""Suite `ablation`: what each part of GTL is good for.

Claim to be tested: every part of GTL adds to what descendants gain: mutation, tournaments, the gene tree, generations
after the first, and what this implementation adds to the paper. Each variant leaves one part out and is given the same
gradient steps; `scratch` is the baseline of all.
"""

from __future__ import annotations

from collections.abc import Iterable


def strategies(known: Iterable[str]) -> tuple[str, ...]:
    """Return the names of what is compared: the baseline, GTL and its variants."""
    return ("scratch", *(name for name in known if name == "gtl" or name.startswith("gtl-")))
