"""What click refuses, in the words of the other errors: which argument, what was expected, what came."""

from __future__ import annotations

from collections.abc import Sequence

import click

from neuroevo.spelling import suggestion


def sentence_of(error: click.ClickException) -> str:
    """Return the sentence about a mistake in the words of a command."""
    if isinstance(error, click.MissingParameter):
        return f"{_name(error)} must be given{_example(error.ctx)}."
    if isinstance(error, click.BadParameter):
        return f"{_name(error)} {error.message}"
    if isinstance(error, click.NoSuchOption):
        known = [] if error.ctx is None else [flag for one in error.ctx.command.params for flag in one.opts]
        flags = [flag for flag in known if flag.startswith("--")]
        return f"{error.option_name} is no option of {_path(error.ctx)}{suggestion(error.option_name, flags)}"
    text = error.format_message()
    ends = not isinstance(error, click.UsageError) or text.endswith((".", "?"))
    return text if ends else f"{text}."


def _name(error: click.BadParameter) -> str:
    """Return what stands for a parameter at the command line."""
    if isinstance(error.param, click.Option):
        return error.param.opts[0]
    if error.param is not None:
        return error.param.make_metavar(error.ctx or click.Context(click.Command("neuroevo"))).strip("[].")
    return str(error.param_hint or "a value")


def _example(ctx: click.Context | None) -> str:
    """Return the first example of a command, as the end of a sentence."""
    examples: Sequence[str] = getattr(ctx.command, "examples", ()) if ctx is not None else ()
    return f", for example: {examples[0]}" if examples else ""


def _path(ctx: click.Context | None) -> str:
    return ctx.command_path if ctx is not None else "neuroevo"
