"""Objects on one line, and as a small table in notebooks."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any


class Summarised:
    """What shows itself by a few facts: on one line, and in notebooks as a table."""

    def _summary(self) -> Mapping[str, Any]:
        """Return what is shown, by name."""
        raise NotImplementedError

    def __repr__(self) -> str:
        facts = [f"{name}={_text(value)}" for name, value in self._summary().items()]
        return f"<{type(self).__name__}: {', '.join(facts)}>"

    def _repr_html_(self) -> str:
        """Return the table that notebooks show."""
        rows = [
            f"<tr><th style='text-align:left'>{html.escape(name)}</th><td>{html.escape(_text(value))}</td></tr>"
            for name, value in self._summary().items()
        ]
        return f"<table><caption><b>{type(self).__name__}</b></caption>{''.join(rows)}</table>"


def _text(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else f"{value:,}" if type(value) is int else str(value)
