"""Names from files of others in tables: neither markup nor commands for the terminal."""

import io

from hypothesis import example, given
from hypothesis import strategies as st
from rich.console import Console

from neuroevo.benchmarks.report.terminal import text_table
from neuroevo.plain_text import printable_line


@given(name=st.text(st.characters(exclude_categories=()), max_size=8))
@example(name="[/nope]")
@example(name="\x1b]0;title\x07\r")
def test_a_name_is_shown_as_it_is(name: str) -> None:
    """It is in the table without its control characters, whatever it looks like."""
    printed = io.StringIO()
    table = text_table([name, "value"], [[name, "1"]], title=name)
    Console(file=printed, width=200).print(table)
    assert printed.getvalue().count(printable_line(name).strip()) >= 3
    assert "\x1b" not in printed.getvalue()
