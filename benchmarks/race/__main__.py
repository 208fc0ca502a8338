"""`python -m neuroevo.benchmarks.race RUN [DOCS]`: the page of the documentation from a run of the race."""

from pathlib import Path

import click

from neuroevo.benchmarks.race.page import write


@click.command()
@click.argument("run", type=click.Path(exists=True, path_type=Path))
@click.argument("docs", type=click.Path(exists=True, file_okay=False, path_type=Path), default=Path("docs"))
def main(run: Path, docs: Path) -> None:
    """Write tables and picture of RUN, a run directory or what was recorded of it, into the folder DOCS."""
    write(run, docs)


if __name__ == "__main__":
    main()
