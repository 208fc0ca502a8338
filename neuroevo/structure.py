"""How wide the channel groups of a circuit are beside each other."""

from __future__ import annotations

import math
from typing import Literal, get_args

NamedStructure = Literal["equal-ratios", "equal-widths"]

Structure = NamedStructure | tuple[float, ...]
"""How wide the channel groups of a circuit are beside each other.

"equal-ratios" keeps the same share of each group's channels. "equal-widths" keeps as many features in each group, or
all that it has: narrow first layers stay whole, and wide last ones pay for them. Numbers, one for each group from
input to output, are relative widths of one's own.
"""


def check_structure(structure: object) -> None:
    """Check what can be checked of a structure without a network.

    Raises:
        ValueError: It is neither a name nor positive numbers.
    """
    if isinstance(structure, tuple | list):
        right = bool(structure) and all(isinstance(one, int | float) and 0 < one < math.inf for one in structure)
    else:
        right = structure in get_args(NamedStructure)
    if not right:
        names = " or ".join(f'"{name}"' for name in get_args(NamedStructure))
        raise ValueError(
            f"structure must be {names}, or a positive number for each channel group, but it is {structure!r}."
        )
