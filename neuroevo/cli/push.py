"""`neuroevo push`: shares a learngene or a genome on the Hugging Face Hub."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from neuroevo.cli.checked import Existing
from neuroevo.cli.help import Command
from neuroevo.cli.output import echo

if TYPE_CHECKING:
    from neuroevo.hub import Shareable


@click.command(
    "push",
    cls=Command,
    examples=(
        "neuroevo push runs/mine/learngene.safetensors USER/NAME --card",
        "neuroevo push runs/mine/learngene.safetensors USER/NAME --license cc-by-4.0",
        "neuroevo push runs/search/genome.safetensors USER/NAME --private",
    ),
)
@click.argument("file", type=Existing())
@click.argument("repo", metavar="USER/NAME")
@click.option("--license", metavar="NAME", help='Licence, as "cc-by-4.0"; by default the one that FILE notes.')
@click.option("--private", is_flag=True, help="A repository that is made is private.")
@click.option("--card", "card_only", is_flag=True, help="Only print the model card, and send nothing.")
def command(file: Path, repo: str, license: str | None, private: bool, card_only: bool) -> None:
    """Share FILE, a learngene or a genome, with a model card in the repository USER/NAME of the Hugging Face Hub.

    The card says where FILE comes from: data, classes, budget, score, lineage, settings, licence. Log in by
    `hf auth login` before. `Learngene.from_pretrained("USER/NAME")` reads it again.
    """
    shared = _load(file)
    if card_only:
        echo(shared.card(repo, license=license), end="")
        return
    echo(f"Shared: {shared.push_to_hub(repo, license=license, private=private or None)}")


def _load(file: Path) -> Shareable:
    # Both need torch, which the help does without.
    from neuroevo.genome import Genome, is_genome
    from neuroevo.learngene import Learngene

    return Genome.load(file) if is_genome(file) else Learngene.load(file)
