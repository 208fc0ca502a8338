"""Arguments and options of settings: what help says about them, and the values that a shell completes."""

from __future__ import annotations

from collections.abc import Mapping

import click
from pydantic.fields import FieldInfo

from neuroevo import catalogue
from neuroevo.cli.completion import completing
from neuroevo.cli.help import Option
from neuroevo.cli.settings.groups import group_of, place_of
from neuroevo.cli.settings.load import fields
from neuroevo.cli.settings.presets import preset_names
from neuroevo.cli.settings.quick import QUICK
from neuroevo.cli.settings.run import Settings
from neuroevo.cli.settings.values import argument, choices, extra, is_switch, label, metavar, takes_names

SHORT, FEW = 50, 10
"""Characters of names that fit beside an option, and names that fit into its help."""


def parameters_of(model: type[Settings]) -> list[click.Parameter]:
    """Return arguments and options of the settings of a model, those of a group together."""
    quick = QUICK if "quick" in model.model_fields and model.quick_defaults else {}
    hidden = set() if quick else {"quick"}
    listed = sorted(fields(model).items(), key=lambda item: place_of(item[0], group_of(*item)))
    return [_parameter(key, info, quick) for key, info in listed if key not in hidden]


def names_of(info: FieldInfo) -> list[str]:
    """Return the values of a setting that can be named."""
    kind = extra(info, "names")
    if kind == "preset":
        return [*preset_names()]
    return [*catalogue.entries(kind)] if kind else choices(info)


def _parameter(key: str, info: FieldInfo, quick: Mapping[str, object]) -> click.Parameter:
    many = takes_names(info)
    if word := argument(info):
        return click.Argument(
            [key],
            required=False,
            nargs=-1 if many else 1,
            metavar=f"[{word}]..." if many else word,
            type=click.Path() if word == "LEARNGENE" else None,
            shell_complete=completing(lambda: names_of(info)) if extra(info, "names") else None,
        )
    flag, text, group = label(key, info), _help(key, info, quick), group_of(key, info)
    if is_switch(info):
        return Option([f"{flag}/--no-{flag[2:]}", key], is_flag=True, default=None, help=text, group=group)
    return Option(
        [flag, key],
        metavar=_metavar(info),
        help=text,
        group=group,
        type=click.Path() if metavar(info) == "PATH" else None,
        shell_complete=None if metavar(info) == "PATH" else completing(lambda: names_of(info), several=many),
    )


def _metavar(info: FieldInfo) -> str:
    """Return what stands for a value in help: its names if they are short."""
    if not extra(info, "names"):
        return metavar(info)
    short = "|".join(names_of(info))
    return "NAME,NAME" if takes_names(info) else f"[{short}]" if len(short) <= SHORT else "NAME"


def _help(key: str, info: FieldInfo, quick: Mapping[str, object]) -> str:
    text = str(info.description or "").removeprefix(f"{extra(info, 'group')}: ")
    notes = [_where_to_find(info), "required" if info.is_required() else _default(key, info, quick)]
    return " ".join([text[:1].upper() + text[1:], *(f"[{note}]" for note in notes if note)])


def _where_to_find(info: FieldInfo) -> str:
    """Return the names that a value may be, or where they are found, unless they stand beside the option."""
    kind, names = extra(info, "names"), names_of(info)
    if not kind or not (takes_names(info) or len("|".join(names)) > SHORT):
        return ""
    return f"one of {', '.join(names)}" if len(names) <= FEW else f"see neuroevo list {kind.split()[-1]}"


def _default(key: str, info: FieldInfo, quick: Mapping[str, object]) -> str:
    default = extra(info, "each") or ("" if info.default in (None, (), False) else _plain(info.default))
    notes = {"default": default, "with --quick": _plain(quick.get(key, ""))}
    return "; ".join(f"{name}: {value}" for name, value in notes.items() if value != "")


def _plain(value: object) -> object:
    if value is True:
        return "yes"
    return ",".join(map(str, value)) if isinstance(value, tuple) else value
