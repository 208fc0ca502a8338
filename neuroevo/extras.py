"""The extras of the distribution, and how they are installed."""

from __future__ import annotations

DISTRIBUTION = "neuroevo-torch"
"""The name of the distribution: `neuroevo` on the public index is another project."""


def install(extra: str) -> str:
    """Return the commands that install an extra, in a checkout and from an index, quoted for every shell."""
    return f'pip install ".[{extra}]" in a checkout, or pip install "{DISTRIBUTION}[{extra}]"'
