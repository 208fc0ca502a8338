"""The extras of the distribution, and how they are installed."""

from __future__ import annotations

DISTRIBUTION = "neuroevo-torch"
"""The name of the distribution: `neuroevo` on the public index is another project."""


def install(extra: str) -> str:
    """Return the commands that install an extra, from the index and in a checkout, quoted for every shell."""
    return f'pip install "{DISTRIBUTION}[{extra}]", or pip install ".[{extra}]" in a checkout'
