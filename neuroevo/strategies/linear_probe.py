"""The linear probe: pre-trained features stay as they are, and descendants train their heads only."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from neuroevo.operators.inheritance import Inheritance, inherit
from neuroevo.strategies.finetune import Finetune


class LinearProbe(Finetune):
    """Hands on all of a network that was trained on all `ancestry` classes, frozen.

    The verb `inherit` names what it wrote in `Inheritance.frozen`, and whoever trains an heir keeps it.
    """

    name: ClassVar[str] = "linear-probe"

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.toolbox.register("inherit", inherit_frozen, cross=self.settings["cross"])


def inherit_frozen(*arguments: Any, **settings: Any) -> Inheritance:
    """Write a learngene into the weights of a network as `inherit` does, and freeze all that was written."""
    inheritance = inherit(*arguments, **settings)
    return replace(inheritance, frozen=frozenset([*inheritance.full, *inheritance.part]))
