"""The page about foreign operators: what they are judged by, and what they break, found by running it.

    PYTHONPATH=tests python tests/testing/foreign_operators.py

prints the tables of `docs/foreign-operators.md`. That all other laws are kept is shown by `test_subjects.py`.
"""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator

import click
from hypothesis import settings
from subjects import Subject, all_subjects

from neuroevo.testing.laws import Verdict, report

EXAMPLES = 25
MODULES = {"DEAP": "deap", "pymoo": "pymoo", "EvoTorch": "evotorch", "pyribs": "ribs", "neat-python": "neat"}
LONGEST = 150
"""Characters of a case on the page."""


def foreign() -> list[Subject]:
    """Return the subjects of other libraries, and of ideas of theirs."""
    return [one for one in all_subjects() if one.origin != "neuroevo"]


def written() -> dict[tuple[str, str], tuple[int, str]]:
    """Return how many lines make what the laws judge, and the call that makes the laws, by module and name."""
    found = {}
    for module in (*MODULES.values(), "ideas"):
        source = inspect.getsource(importlib.import_module(f"subjects.foreign_{module}"))
        for call in (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)):
            functions = [one for one in call.args if isinstance(one, ast.Lambda)]
            laws = [one for one in functions if _judges(one)]
            if laws and isinstance(call.args[0], ast.Constant):
                made = [ast.get_source_segment(source, one.body) or "" for one in functions if not _judges(one)]
                # A bracket that the formatter puts on a line of its own is no line of code.
                lines = sum(line.strip() not in ")," for line in "\n".join(made).splitlines())
                found[module, str(call.args[0].value)] = lines, ast.unparse(laws[0].body)
    return found


def _judges(one: ast.Lambda) -> bool:
    """Return whether a function makes laws."""
    return any(isinstance(node, ast.Name) and node.id.endswith("_laws") for node in ast.walk(one))


def table() -> Iterator[str]:
    """Yield the lines of the table of all subjects, in Markdown."""
    code = written()
    yield "| operator | adapter lines | judged by | breaks |"
    yield "| --- | --- | --- | --- |"
    for subject in foreign():
        module, own = MODULES.get(subject.origin, "ideas"), subject.name.removeprefix(f"{subject.origin} ")
        names = subject.name, own, own.removesuffix(f" ({subject.origin})")
        lines, laws = next(code[module, name] for name in names if (module, name) in code)
        broken = " · ".join(subject.expected_failures) or "nothing"
        yield f"| {subject.name} | {lines or ''} | `{laws}` | {broken} |"


def faults() -> Iterator[str]:
    """Yield the lines of the table of faults, in Markdown."""
    yield "| operator | fault | what happened | smallest case |"
    yield "| --- | --- | --- | --- |"
    for subject in foreign():
        for one in broken(subject):
            reason = subject.expected_failures[one.law].removeprefix("fault: ")
            yield f"| {subject.name} | {reason} | {_line(one.complaint)} | `{_line(one.case)}` |"


def broken(subject: Subject) -> list[Verdict]:
    """Return the verdicts about the laws that a subject is expected to break."""
    laws = [law for law in subject.laws() if law.name in subject.expected_failures]
    return report(subject.make(), laws, label=subject.name, examples=EXAMPLES)


def _line(text: str) -> str:
    line = " ".join(text.split()).replace("|", "\\|")
    return line if len(line) <= LONGEST else f"{line[:LONGEST]} …"


def main() -> None:
    """Print both tables."""
    # The same cases as in the tests.
    settings.register_profile("page", derandomize=True, deadline=None, database=None)
    settings.load_profile("page")
    for line in (*table(), "", *faults()):
        click.echo(line)


if __name__ == "__main__":
    main()
