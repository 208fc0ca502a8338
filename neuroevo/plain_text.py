"""Text that a terminal and a spreadsheet show and do not obey, whatever file it came from."""

import re

_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Controls of terminals (but for tabs and line ends) and of the direction of writing, and what is no text at all."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def printable(text: str) -> str:
    r"""Return text with control characters as Python writes them, `\x1b`; tabs and line ends are kept."""
    return _COMMANDS.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def printable_line(text: str) -> str:
    """Return printable text on one line: tabs and line ends are blanks."""
    return printable(text.replace("\r\n", " ").replace("\n", " ").replace("\t", " "))


def cell(value: object) -> object:
    """Return a value as the cell of a file of comma-separated values: numbers as they are, texts without effect.

    A spreadsheet takes a text that begins with one of `= + - @`, a tab or a carriage return for a formula; an
    apostrophe before it keeps it a text (OWASP, CSV injection).
    """
    if not isinstance(value, str):
        return value
    return printable(f"'{value}" if value.startswith(_FORMULA) else value)
