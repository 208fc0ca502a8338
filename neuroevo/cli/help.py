"""Help of commands: options in groups, and examples at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from neuroevo.spelling import unknown

WIDEST = 120
"""Columns that help takes of a wider terminal; lines that are longer are hard to read."""
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": WIDEST}
"""Settings of click for every command."""


class Option(click.Option):
    """An option in a group.

    Args:
        group: The heading above it in the help.
        settings: What click's own options take.
    """

    def __init__(self, *settings: Any, group: str, **more: Any) -> None:
        super().__init__(*settings, **more)
        self.group = group


class Command(click.Command):
    """A command whose help has its options in groups, and examples.

    Args:
        settings: What click's own commands take.
        examples: Command lines that a user may copy.
    """

    def __init__(self, *settings: Any, examples: Sequence[str] = (), **more: Any) -> None:
        super().__init__(*settings, **more)
        self.examples = examples
        self.context_settings = {**CONTEXT, **self.context_settings}

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options under the headings of their groups, what has none below the last one."""
        groups: dict[str, list[tuple[str, str]]] = {}
        options = [one for one in self.get_params(ctx) if isinstance(one, click.Option)]
        for one in sorted(options, key=lambda option: not isinstance(option, Option)):
            if record := one.get_help_record(ctx):
                last = next(reversed(groups), "Options")
                groups.setdefault(getattr(one, "group", last), []).append(record)
        for group, records in groups.items():
            with formatter.section(group):
                formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        if self.examples:
            with formatter.section("Examples"):
                for example in self.examples:
                    formatter.write(f"{'':{formatter.current_indent}}{example}\n")


class Group(click.Group):
    """A group of commands that answers an unknown one with the nearest, and none with an example.

    Args:
        settings: What click's own groups take.
        example: A command line that a user may copy.
    """

    def __init__(self, *settings: Any, example: str = "", **more: Any) -> None:
        super().__init__(*settings, **{"no_args_is_help": False, **more})
        self.example = example
        self.context_settings = {**CONTEXT, **self.context_settings}

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words."""
        if not args and self.example and not ctx.resilient_parsing:
            ctx.fail(f"COMMAND must be given, for example: {self.example}.")
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that `args` begin with; an unknown one is answered with the nearest."""
        name, known = args[0], self.list_commands(ctx)
        if name not in known and not name.startswith("-") and not ctx.resilient_parsing:
            ctx.fail(unknown("The command", name, known, shown_by=f"{ctx.command_path} --help"))
        return super().resolve_command(ctx, args)
