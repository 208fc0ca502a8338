"""Constructors that take the fields of a dataclass as keywords (`neuroevo.signatures.takes`), as users call them."""

from typing import Any

import griffe


class Settings(griffe.Extension):
    """Shows `GTL(dataset, backbone, **settings: GTLSettings)`, where the source has one argument more."""

    def on_class_members(self, *, cls: griffe.Class, **_: Any) -> None:
        """Rewrite the constructor."""
        constructor = cls.members.get("__init__")
        if not isinstance(constructor, griffe.Function):
            return
        for decorator in constructor.decorators:
            if isinstance(decorator.value, griffe.ExprCall) and str(decorator.value.function) == "takes":
                last = constructor.parameters[-1]
                last.kind, last.annotation = griffe.ParameterKind.var_keyword, decorator.value.arguments[0]
