"""The command that repeats a run."""

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from neuroevo.cli.bench import command
from neuroevo.cli.options import effective_settings
from neuroevo.cli.settings.repeat import repeated
from neuroevo.cli.settings.settings import BenchSettings, to_toml

CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "dataset": st.just("glyphs"),
        "width": st.sampled_from(["0.5", "1"]),
        "seed": st.integers(0, 9).map(str),
        "ways": st.sampled_from(["2", "5"]),
        "quick": st.booleans(),
        "match": st.sampled_from(["steps", "none"]),
        "strategies": st.sampled_from(["scratch", "scratch,gtl"]),
        "suites": st.sampled_from([("throughput",), ("transfer", "throughput")]),
    },
)


@given(CHANGES)
def test_the_words_give_the_same_settings(changes: dict[str, Any]) -> None:
    """Whatever flags led to settings, the command that they tell leads to them again."""
    settings = effective_settings(BenchSettings, changes, None)
    words = repeated("bench", tomllib.loads(to_toml(settings)))
    assert words[0] == "bench"
    flags = command.make_context("bench", words[1:], resilient_parsing=False).params
    again = effective_settings(
        BenchSettings, {key: value for key, value in flags.items() if key not in ("settings", "resume")}, None
    )
    assert again.model_dump(exclude={"quick"}) == settings.model_dump(exclude={"quick"})


def test_defaults_need_no_words() -> None:
    """The command alone repeats a run of the defaults, whatever its output was."""
    settings = effective_settings(BenchSettings, {"quiet": True, "json": True, "out": "x"}, None)
    assert repeated("bench", tomllib.loads(to_toml(settings))) == ["bench"]


def test_one_strategy_is_named_first() -> None:
    """`evolve` has its strategy as an argument, before the flags."""
    assert repeated("evolve", {"seed": 3, "strategy": "gtl"}) == ["evolve", "gtl", "--seed=3"]
