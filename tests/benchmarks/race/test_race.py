"""The race of quality: instances, trials, entrants and what is recorded of them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from neuroevo.benchmarks.race.challenges import KINDS, Challenge, challenges, clean_value
from neuroevo.benchmarks.race.entrant import OURS, Entrant
from neuroevo.benchmarks.race.landscapes import instance
from neuroevo.benchmarks.race.matched import MATCHED
from neuroevo.benchmarks.race.ours import RULE
from neuroevo.benchmarks.race.points import POINTS, points
from neuroevo.benchmarks.race.report import FAMILIES, compared, everything, families, matched, profiled, recommended
from neuroevo.benchmarks.race.suite import SUITES, Race, all_entrants, protocol, record
from neuroevo.benchmarks.race.trial import Spent, Trial
from neuroevo.benchmarks.suites.optimize import SearchListener
from neuroevo.execution import Processes, WorkerMap
from neuroevo.global_generators import fingerprints, restored
from neuroevo.problems.function import ACKLEY, RASTRIGIN, ROSENBROCK, SCHWEFEL, SPHERE
from neuroevo.runs.directory import RunDirectory
from neuroevo.runs.records import read_records
from neuroevo.seeds import stream

ALL = challenges()
FEW = {name: replace(ALL[name], evaluations=60) for name in ("rosenbrock-2", "sphere-10-noisy")}
TWO = {name: all_entrants()[name] for name in ("snes", "scipy-de")}
KNOWN = all_entrants()


def without_time(records: Any) -> list[dict[str, Any]]:
    """Return records without what differs from run to run."""
    return [{**one, "seconds": 0} for one in records]


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(
    ("landscape", "how"),
    [(SPHERE, {}), (RASTRIGIN, {"rotated": True}), (ACKLEY, {"rotated": True}), (ROSENBROCK, {"best": 1.0})],
)
def test_the_best_genome_lies_elsewhere_and_within_the_bounds(landscape: Any, how: Any, seed: int) -> None:
    """It has the least value, which is 0, and each seed has it at another place."""
    problem = instance(landscape, 5, seed, **how)
    function: Any = problem.function
    place = function.place
    assert float(function(place)) == pytest.approx(0, abs=1e-12)
    assert torch.equal(problem.space.clip(place), place)
    near = place + 0.1 * torch.randn(50, 5, generator=stream(seed, "near"), dtype=torch.float64)
    assert bool((function(near) > 0).all())
    other: Any = instance(landscape, 5, seed + 1, **how).function
    assert not torch.equal(other.place, place)
    if "rotated" in how:
        assert torch.allclose(function.rotation @ function.rotation.T, torch.eye(5, dtype=torch.float64))


def test_axes_that_are_turned_round_keep_the_bounds() -> None:
    """Schwefel's function is better outside its bounds, so that its best genome is reflected and not moved."""
    function: Any = instance(SCHWEFEL, 4, 3, mirrored=True).function
    assert float(function(function.signs * 420.9687)) == pytest.approx(0, abs=1e-3)
    assert set(function.signs.tolist()) <= {-1.0, 1.0}
    assert not function.free


def test_noise_is_drawn_anew_and_the_judge_hears_none() -> None:
    """Two evaluations differ, and their mean is near the clean value."""
    trial = Trial(instance(SPHERE, 3, 0, noise=1.0), 2000, 0)
    genome = np.zeros((1000, 3))
    values = trial.costs(genome)
    clean = clean_value(trial, torch.zeros(1, 3, dtype=torch.float64))
    assert values.std() == pytest.approx(1, abs=0.1)
    assert values.mean() == pytest.approx(clean, abs=0.15)
    assert clean_value(trial, torch.zeros(1, 3, dtype=torch.float64)) == clean


def test_a_trial_counts_and_ends() -> None:
    """It remembers the best genome, moves genes onto bounds, and refuses what is more than there is."""
    trial = Trial(SPHERE(2), 5, 0)
    assert trial.costs([[3.0, 0.0], [1.0, 0.0], [9.0, 0.0]]).tolist() == pytest.approx([9.0, 1.0, 5.12**2])
    assert (trial.spent, trial.found().tolist()) == (3, [[1.0, 0.0]])
    with pytest.raises(Spent):
        trial.costs(np.zeros((3, 2)))
    assert trial.spent == 3
    free = Trial(instance(SPHERE, 2, 0), 5, 0)
    inside, outside = (free.costs([[9.0, 9.0]], free=free_)[0] for free_ in (False, True))
    assert inside < outside


def test_a_space_without_bounds_gives_some_to_who_needs_them() -> None:
    """They hold the best genome of every instance."""
    for seed in range(5):
        trial = Trial(instance(SPHERE, 30, seed, bounded=False), 5, seed)
        function: Any = trial.problem.space and trial.problem
        low, high = trial.bounds
        place = function.function.place.numpy()
        assert not trial.bounded
        assert ((low < place) & (place < high)).all()


@pytest.mark.parametrize("name", [name for name, one in ALL.items() if not one.needs])
def test_every_problem_can_be_made(name: str) -> None:
    """Its instances differ by seed alone, and it has a kind that is explained and entrants here."""
    challenge = ALL[name]
    assert challenge.kind in KINDS
    assert any(challenge.kind in one.kinds and one.library == OURS for one in KNOWN.values())
    if challenge.kind == "functions":
        genomes = torch.linspace(1, 2, challenge.make(0).space.size, dtype=torch.float64)[None]
        first, again, *others = (challenge.make(seed).function(genomes).item() for seed in (0, 0, 1, 2, 3))
        assert first == again
        assert any(first != other for other in others)


def on_functions() -> list[Any]:
    """Return the entrants on functions; other libraries take seconds to be imported."""
    return [
        pytest.param(name, marks=[] if one.library in (OURS, "scipy") else pytest.mark.slow)
        for name, one in KNOWN.items()
        if "functions" in one.kinds
    ]


@pytest.mark.parametrize("name", on_functions())
def test_an_entrant_spends_what_it_may(name: str) -> None:
    """The same seed gives the same result, which lies in the space, and global generators stay as they are."""
    if KNOWN[name].library not in (OURS, "scipy"):
        with restored():
            pytest.importorskip(KNOWN[name].module)
    enough = {problem: replace(one, evaluations=200) for problem, one in FEW.items()}
    for problem in enough:
        before = fingerprints()
        one, again = (record(enough, KNOWN, (problem, name, 3)) for _ in range(2))
        assert fingerprints() == before
        assert without_time([one]) == without_time([again])
        assert 0 < one["evaluations"][-1] <= 200
        assert np.isfinite(one["best"][-1])


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, one in KNOWN.items() if "functions" not in one.kinds])
def test_an_entrant_of_another_kind_spends_what_it_may(name: str) -> None:
    """Fronts, repertoires and graphs."""
    pytest.importorskip(KNOWN[name].module)
    for problem, challenge in ALL.items():
        if challenge.kind in KNOWN[name].kinds:
            few = {problem: replace(challenge, evaluations=600)}
            found = record(few, KNOWN, (problem, name, 1))
            assert 0 < found["evaluations"][-1] <= 600
            assert found["best"][-1] >= 0


def test_names_and_families_are_known() -> None:
    """Other libraries' searches are named after them, and families pair ours with theirs."""
    for ours, theirs in FAMILIES.items():
        assert KNOWN[ours].library == OURS
        assert all(KNOWN[one].library != OURS for one in theirs)
    for name, (ours, theirs) in MATCHED.items():
        assert KNOWN[name].library == OURS
        assert theirs in FAMILIES[ours]
    assert replace(KNOWN["pycma"], module="no_such_package").missing == (
        "pycma is left out: the package no_such_package is not installed: "
        'pip install ".[peers]" in a checkout, or pip install "neuroevo-torch[peers]".'
    )


def test_what_is_not_known_is_refused() -> None:
    """With the names that there are."""
    with pytest.raises(ValueError, match=r"problems must be of rosenbrock-2, .*, but one is rosenbrok\."):
        protocol(problems=("rosenbrok",))
    with pytest.raises(ValueError, match=r"entrants must be of genetic, .*, but one is genetics\."):
        protocol(entrants=("genetics",))
    assert set(protocol(problems=("networks", "rosenbrock-2"), evaluations=7).challenges) == {"digits", "rosenbrock-2"}


def test_a_run_that_was_stopped_resumes_after_the_last_search(tmp_path: Path) -> None:
    """With the records of one that was not."""

    class Stops(SearchListener):
        def on_search(self, record: Any) -> None:
            if record["seed"] == 1:
                raise KeyboardInterrupt

    race, suite = Race(FEW, TWO), SUITES["race"]
    whole = list(race.records(race.plans((0, 1)), cells=tmp_path, on_generation=print))
    with pytest.raises(KeyboardInterrupt), RunDirectory.create(tmp_path / "run", what="bench") as directory:
        suite.run_in(directory, race, seeds=(0, 1), listener=Stops())
    path = tmp_path / "run" / "records.jsonl"
    assert len(read_records(path)) == 4
    result = suite.run(tmp_path / "run", race, seeds=(0, 1))
    assert without_time(read_records(path)) == without_time(whole)
    assert len(result.searches) == 3


@pytest.mark.slow
def test_workers_change_nothing(tmp_path: Path) -> None:
    """Searches side by side give the records of searches one after the other."""
    plans = Race(FEW, TWO).plans((0, 1))
    alone = list(Race(FEW, TWO).records(plans, cells=tmp_path, on_generation=print))
    with WorkerMap(Processes(), workers=2) as map_:
        together = list(Race(FEW, TWO, map_).records(plans, cells=tmp_path, on_generation=print))
    assert without_time(together) == without_time(alone)


def _fails(trial: Trial) -> Any:
    raise RuntimeError("no")


def test_another_library_that_fails_does_not_end_the_race(caplog: pytest.LogCaptureFixture) -> None:
    """Its value is NaN, and the log says why; what fails here is an error."""
    failing = {"theirs": Entrant(_fails, "other", "torch"), "ours": Entrant(_fails, OURS, "torch")}
    assert np.isnan(record(FEW, failing, ("rosenbrock-2", "theirs", 0))["best"][-1])
    assert "theirs failed on rosenbrock-2 with seed 0 (RuntimeError: no)." in caplog.text
    with pytest.raises(RuntimeError, match="no"):
        record(FEW, failing, ("rosenbrock-2", "ours", 0))


def made(problem: str, strategy: str, library: str, values: list[float]) -> list[dict[str, Any]]:
    """Return records as the race writes them."""
    common = {"kind": "search", "challenge": "functions", "weight": -1.0}
    return [
        {**common, "problem": problem, "strategy": strategy, "library": library, "seed": seed, "best": [value]}
        for seed, value in enumerate(values)
    ]


def test_tables() -> None:
    """They say who is close to the best, who wins, and against which specialist."""
    records = [
        *made("f", "cma-es", OURS, [1.0 + seed / 100 for seed in range(10)]),
        *made("f", "pycma", "pycma", [2.0] * 10),
        *made("g", "cma-es", OURS, [5.0] * 10),
        *made("g", "pycma", "pycma", [1.0] * 10),
    ]
    profile, duel, family = profiled(records), compared(records), families(records)
    assert profile is not None
    assert duel is not None
    assert family is not None
    assert profile.rows == (("cma-es", "50%", "50%", "100%", "2"), ("pycma", "50%", "100%", "100%", "2"))[::-1]
    assert [row[-1] for row in duel.rows] == ["ahead", "behind"]
    assert duel.sentence.endswith("ahead on 1 of 2 problems, level on 0 and behind on 1: not behind on 50%.")
    assert family.rows == (("cma-es", "pycma", "1", "0", "1", "50%", "g"),)
    assert everything(records, "g").rows[0] == ("pycma", "pycma", "1 (1 to 1)")
    assert profiled([]) is compared([]) is families([]) is None


def test_a_challenge_is_made_of_what_workers_can_be_sent() -> None:
    """All of them are pickled by reference."""
    import pickle

    for one in ALL.values():
        assert isinstance(pickle.loads(pickle.dumps(one)), Challenge)
    assert isinstance(pickle.loads(pickle.dumps(partial(record, ALL, KNOWN))), partial)


@pytest.mark.parametrize(
    ("problem", "evaluations", "name"),
    [("rosenbrock-2", 60, "separable-cma-es"), ("rastrigin-2", 640, "memetic"), ("zdt1", 200, "nsga2")],
)
def test_the_rule_is_an_entrant(problem: str, evaluations: int, name: str) -> None:
    """It says which search it chose, and what it looked at is spent; the result is that search's."""
    few = {problem: replace(ALL[problem], evaluations=evaluations)}
    found = record(few, KNOWN, (problem, RULE, 0))
    assert found["chosen"] == name
    assert evaluations - 150 < found["evaluations"][-1] <= evaluations
    if evaluations == 60:
        assert found["best"] == record(few, KNOWN, (problem, name, 0))["best"]


def test_problems_that_were_held_out_have_a_table_of_their_own() -> None:
    """The rule's search is not one of those among which the best is looked for."""
    records = [
        *made("f", "cma-es", OURS, [3.0] * 10),
        *[{**one, "chosen": "cma-es"} for one in made("f", RULE, OURS, [1.0] * 10)],
        *made("f", "pycma", "pycma", [2.0] * 10),
    ]
    duel, rule = compared(records), recommended(records)
    assert duel is not None
    assert rule is not None
    assert (duel.rows[0][1], duel.rows[0][-1]) == ("cma-es", "behind")
    assert (rule.rows[0][1], rule.rows[0][-1]) == ("cma-es", "ahead")
    assert recommended(records, held_out=True) is None
    fresh = recommended([{**one, "challenge": "held-out"} for one in records], held_out=True)
    assert fresh is not None
    assert fresh.rows == rule.rows


def test_searches_with_the_settings_of_others_have_a_table_of_their_own() -> None:
    """They are compared with their specialists, and are not among the defaults."""
    records = [
        *made("f", "pgpe", OURS, [3.0] * 10),
        *made("f", "pgpe-as-evotorch", OURS, [1.0] * 10),
        *made("f", "evotorch-pgpe", "EvoTorch", [2.0] * 10),
    ]
    own, duel, profile = matched(records), compared(records), profiled(records)
    assert own is not None
    assert duel is not None
    assert profile is not None
    assert own.rows == (("pgpe", "evotorch-pgpe", "1", "0", "0", "100%", ""),)
    assert duel.rows[0][1] == "pgpe"
    assert [row[0] for row in profile.rows] == ["evotorch-pgpe", "pgpe"]
    assert matched([]) is None


def test_points_are_those_of_known_searches() -> None:
    """The problems are of the race; a value below the one before counts as better."""
    for _, ours, theirs, expected in POINTS:
        assert {ours, theirs} <= KNOWN.keys()
        assert expected.keys() <= ALL.keys()
    records = [*made("rastrigin-30", "snes", OURS, [100.0]), *made("rastrigin-30", "evotorch-snes", "EvoTorch", [9.0])]
    found = points(records)
    assert found is not None
    assert found.rows == (
        ("SNES left the bounds, and genes stood still", "rastrigin-30", "snes", "222", "100", "evotorch-snes", "9"),
    )
    assert found.sentence == "1 of 1 are better than before."
    assert points([]) is None
